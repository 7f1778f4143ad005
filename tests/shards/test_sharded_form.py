"""Batches of a graph in shards are those of the whole graph, bit for bit."""

import copy

import numpy as np
import pytest
from helpers.shards import assert_same_batch, in_one_process, small_dataset

import graphsage as gs
from graphsage.runs.checkpoint import identity
from graphsage.shards import owners
from graphsage.shards.cut import cut


@pytest.fixture(scope="module")
def whole():
    return small_dataset(times=True)


@pytest.fixture(scope="module")
def shards(whole, tmp_path_factory):
    path = tmp_path_factory.mktemp("shards")
    cut(whole, path, 3)
    return in_one_process(path, 3)


IGNORE = {"weights": "ignore"}
SETTINGS = [  # each kind of draw is compiled once more: one of each
    IGNORE,
    {"replace": True, "isolated": "self", **IGNORE},
    {"disjoint": True, **IGNORE},
    {"draw": "weighted"},
    {"draw": "recent", **IGNORE},
    {"draw": gs.Labor("hop", weighted=True)},
]


@pytest.mark.parametrize("fanouts", [[2, 3], [-1, 2], [70]], ids=str)
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(map(str, settings.values())))
def test_batches_are_those_of_the_whole_graph(whole, shards, settings, fanouts):
    seeds = np.append(np.arange(0, 60, 7), [56, 3, 3])
    for dataset in shards:
        for edge_ids in (False, True):
            how = {"seed": 5, "edge_ids": edge_ids, **settings}
            found, expected = (gs.NeighborSampler(of.graph, fanouts, **how) for of in (dataset, whole))
            assert_same_batch(found.sample(seeds, 2, 9), expected.sample(seeds, 2, 9))
            assert_same_batch(found.sample_open(seeds, 2, 9), expected.sample_open(seeds, 2, 9))


@pytest.mark.parametrize("node_times", [False, True])
@pytest.mark.parametrize("strictly_before", [False, True])
def test_batches_as_of_times(whole, shards, node_times, strictly_before):
    seeds = np.arange(0, 60, 5)
    how = {"strictly_before": strictly_before, "edge_ids": True, **IGNORE}
    for dataset in shards:
        known = [of.node_times if node_times else None for of in (dataset, whole)]
        found = gs.NeighborSampler(dataset.graph, [3, 2], node_times=known[0], **how)
        expected = gs.NeighborSampler(whole.graph, [3, 2], node_times=known[1], **how)
        times = whole.times[seeds]
        assert_same_batch(found.sample(seeds, 1, 2, times=times), expected.sample(seeds, 1, 2, times=times))


def test_a_hop_that_finds_no_new_nodes(whole, shards):
    found, expected = (gs.NeighborSampler(of.graph, [2, 2, 2], edge_ids=True, **IGNORE) for of in (shards[2], whole))
    assert_same_batch(found.sample(np.arange(60)), expected.sample(np.arange(60)))


def test_edge_ids_that_are_places(whole, tmp_path):
    plain = gs.Graph.from_csr(whole.graph.indptr, whole.graph.indices)
    cut(gs.NodeDataset(graph=plain, features=np.ones((60, 1)), labels=whole.labels, train=[0], val=[], test=[]), tmp_path, 2)
    for dataset in in_one_process(tmp_path, 2):
        found, expected = (gs.NeighborSampler(graph, [3], edge_ids=True, isolated="self") for graph in (dataset.graph, plain))
        assert_same_batch(found.sample(np.arange(60)), expected.sample(np.arange(60)))


def test_each_owner_is_asked_once_a_hop(shards):
    asked = shards[0].graph.owners.exchange.asked
    asked.clear()
    gs.NeighborSampler(shards[0].graph, [2, 2], **IGNORE).sample([0, shards[1].graph.owners.range[0], 59])
    assert [what for what, *_ in asked] == ["draw", "draw"]
    assert asked[0] == ("draw", [0, 1, 2], 3)


def test_the_whole_graph_is_had_where_it_fits(whole, shards, monkeypatch):
    graph = shards[2].graph
    for name in ("indices", "edge_ids", "edge_reversed"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(whole.graph, name))
    nodes = np.array([40, 3, 59, 0, 7])
    found, expected = (np.stack(of.subgraph(nodes).to_edges()) for of in (graph, whole.graph))
    np.testing.assert_array_equal(found, expected)
    assert identity(shards[2]) == identity(whole)
    monkeypatch.setattr(owners, "SHARE", 0)
    text = r"the dataset is in shards, and its edges take 3,128 bytes, too many for one process: training, evaluation and embed"
    with pytest.raises(owners.InShards, match=text):
        _ = shards[1].graph.indices
    assert shards[1].graph.subgraph(nodes).num_edges == expected.shape[1]


def test_what_no_process_knows_is_refused(whole, shards):
    graph = shards[1].graph
    assert (graph.num_nodes, graph.num_edges) == (60, whole.graph.num_edges)
    np.testing.assert_array_equal(graph.degrees, whole.graph.degrees)
    with pytest.raises(ValueError, match="exclude is not known to graphs in shards: train on links of the whole dataset"):
        gs.NeighborSampler(graph, [2], weights="ignore").sample([1], exclude=[[0, 1]])
    with pytest.raises(ValueError, match="node_times of a graph in shards must be those of its dataset"):
        gs.NeighborSampler(graph, [2], weights="ignore", node_times=np.zeros(60, np.int64))
    with pytest.raises(TypeError, match="a graph in shards belongs to its process and cannot be copied or sent"):
        copy.deepcopy(graph)
    with pytest.raises(TypeError, match="features in shards belong to their process and cannot be copied or sent"):
        copy.deepcopy(shards[1].features)
