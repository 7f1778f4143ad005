"""TypedDataset: what it holds, refuses, and becomes."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from helpers.typed_data import CITES, IN, SIZES, WRITES, papers

import graphsage as gs
from graphsage.graph.features import SparseFeatures


def test_a_type_without_features_has_a_column_a_node():
    dataset = papers()
    assert dataset.features["venue"].is_identity
    assert dataset.num_features == {"paper": 6, "author": 3, "venue": 5}
    assert "venue: 5 nodes, no features: an embedding is learned of each" in dataset.summary()


def test_targets_are_the_labelled_type_by_itself():
    dataset = papers(node_ids={"paper": [f"p{i}" for i in range(120)]})
    targets = dataset.targets
    assert isinstance(targets, gs.NodeDataset)
    assert targets.num_nodes == SIZES["paper"] and targets.node_ids[4] == "p4"
    assert targets.features is dataset.features["paper"] and targets.labels is dataset.labels
    both = dataset.num_edges[CITES] + dataset.num_edges["paper", "rev_cites", "paper"]
    assert targets.graph.num_edges == both
    for split in ("train", "val", "test"):
        assert np.array_equal(getattr(targets, split), getattr(dataset, split))


def test_statistics_name_types_and_relations():
    found = papers().statistics()
    assert found["num_nodes"] == SIZES and found["num_train"] == 40 and found["num_classes"] == 3
    assert found["num_edges"]["paper-in-venue"] == 120 == found["num_edges"]["venue-rev_in-paper"]


def test_merged_has_every_node_and_edge_under_one_number_space():
    dataset = papers()
    merged, start = dataset.merged(), 0
    assert merged.num_nodes == sum(SIZES.values()) and merged.num_features == 14
    assert merged.graph.num_edges == sum(dataset.num_edges.values())
    assert np.array_equal(merged.labels[:120], dataset.labels) and (merged.labels[120:] == -1).all()
    dense, column = merged.features.to_scipy().toarray(), 0
    for name, count in SIZES.items():
        own = dataset.features[name]
        own = own.to_scipy().toarray() if isinstance(own, SparseFeatures) else own
        assert np.array_equal(dense[start : start + count, column : column + own.shape[1]], own)
        start, column = start + count, column + own.shape[1]
    assert np.count_nonzero(dense) == sum(
        np.count_nonzero(of.to_scipy().toarray() if isinstance(of, SparseFeatures) else of) for of in dataset.features.values()
    )


def test_merged_labels_of_a_target_that_comes_later():
    dataset = papers(target="author", labels=np.arange(80) % 2, train=[0, 1], val=[2], test=[79])
    merged = dataset.merged()
    assert merged.test.tolist() == [199] and merged.labels[120:122].tolist() == [0, 1] and (merged.labels[:120] == -1).all()


def test_without_edges_keeps_types_and_relations():
    bare = papers().without_edges()
    assert bare.graph.relations == papers().graph.relations and sum(bare.num_edges.values()) == 0
    assert bare.num_nodes == SIZES


def test_without_target_only_links_are_asked():
    dataset = papers(target=None, labels=None, train=(), val=(), test=())
    with pytest.raises(ValueError, match="no type has labels in this dataset, so only links can be asked"):
        _ = dataset.targets
    assert len(dataset.train) == 0 and "has labels" not in dataset.summary()


def test_row_normalized_scales_sparse_features_alone():
    dataset = papers(features={"author": SparseFeatures([0, *range(2, 160, 2), 160], [0, 1] * 80, None, 2)})
    scaled = dataset.row_normalized()
    assert set(scaled.features["author"].values.tolist()) == {0.5}
    assert papers().row_normalized().features["author"] is not None
    dense = papers()
    assert dense.row_normalized().features["paper"] is dense.features["paper"]


def test_times_of_targets_and_of_other_types():
    times = {WRITES: np.arange(papers().num_edges[WRITES])}
    edges = {name: papers().graph.edges(name) for name in (WRITES, IN)}
    graph = gs.TypedGraph(SIZES, edges, times=times)
    dataset = papers(graph=graph, times=np.full(120, 50), node_times={"author": np.arange(80)})
    assert dataset.times.tolist() == [50] * 120 and dataset.targets.times is dataset.times
    merged = dataset.merged()
    assert merged.times.tolist() == [50] * 120 + [79] * 85
    assert merged.node_times[120:200].tolist() == list(range(80)) and (merged.node_times[:120] < -(10**18)).all()
    assert dataset.without_edges().times is None


def test_a_pickle_and_a_replacement_are_the_same():
    dataset = papers()
    for other in (pickle.loads(pickle.dumps(dataset)), replace(dataset, name="papers")):
        assert other.statistics() == dataset.statistics() and np.array_equal(other.labels, dataset.labels)
        assert not other.labels.flags.writeable and other.summary() == dataset.summary()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"graph": None}, "graph must be a TypedGraph"),
        ({"features": [1]}, "features must be a dict {type: ...}"),
        ({"features": {"pub": np.ones((2, 2))}}, "features has 'pub', which is no type of nodes: there are 'paper', "),
        ({"features": {"venue": np.ones((4, 2))}}, r"features\['venue'\] must have one row per node, 5; got 4 rows"),
        ({"features": {"venue": np.full((5, 2), np.nan)}}, "venue: features must be finite"),
        ({"target": "pub"}, "target = 'pub' is no type of nodes"),
        ({"target": ["paper"]}, r"target = \['paper'\] is no type of nodes"),
        ({"target": None}, "labels is given, but no target: name the type that has labels"),
        ({"labels": None}, "target = 'paper' needs labels of its nodes"),
        ({"labels": np.zeros(5, int)}, "labels must have one entry per node, 120; got 5"),
        ({"train": [200]}, "train"),
        ({"node_ids": {"venue": ["a", "b"]}}, "venue: node_ids must have"),
        ({"times": np.zeros(120)}, "the graph has none"),
        ({"node_times": {"venue": [1, 2]}}, r"node_times\['venue'\] must have"),
        ({"schema": {"pub": {}}}, "schema has 'pub'"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(changes, words):
    with pytest.raises((ValueError, TypeError), match=words):
        papers(**changes)
