"""Baselines on nodes: label propagation beside dense matrices, trees, what is left out and told, and what is never read."""

from dataclasses import replace

import naive_propagation as naive
import numpy as np
import pytest
from helpers.blocks import NUM_NODES, block_graph, blocks

from graphsage.data.dataset import NodeDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.training import baselines, tree_baselines
from graphsage.training.propagation import spread, symmetric_adjacency
from graphsage.training.tasks import pick_metric


def scores_of(dataset, *, seed=0, log=None, **how):
    lines = [] if log is None else log
    return dict(baselines.baseline_scores(dataset, pick_metric("auto", dataset), seed, log=lines.append, **how))


def judge_of(dataset):
    return baselines.Judge(dataset, pick_metric("auto", dataset))


def labels_of(task, classes):
    """Labels of each kind that go with the classes of ``blocks``, none where there is none."""
    if task == "multiclass":
        return classes
    if task == "multilabel":
        return np.where(classes[:, None] < 0, -1, np.stack([classes % 2, classes < 2], 1)).astype(np.int8)
    return np.where(classes[:, None] < 0, np.nan, 1e6 + np.stack([classes, 10 - classes], 1)).astype(np.float32)


def of_task(task, **changes):
    dataset = blocks(**changes)
    return replace(dataset, labels=labels_of(task, dataset.labels), class_names=None)


ODD = Graph.from_edges([0, 1, 1, 2, 3, 3, 0, 0], [1, 0, 2, 2, 4, 4, 1, 4], 6)  # loops, repeats, one way, an isolated node


@pytest.mark.parametrize("graph", [ODD, block_graph(np.random.default_rng(1), np.zeros(NUM_NODES, int))])
@pytest.mark.parametrize("strength", [0, 0.5, 0.9])
def test_spread_is_that_of_dense_matrices(graph, strength):
    start = np.random.default_rng(0).random((graph.num_nodes, 3)).astype(np.float32)
    before, dense = start.copy(), naive.dense_adjacency(graph)
    adjacency = symmetric_adjacency(graph)
    assert np.allclose(adjacency.todense(), dense, atol=1e-6)
    found = spread(adjacency, start, strength)
    assert found.dtype == np.float32 and (start == before).all()
    assert np.allclose(found, naive.spread(dense, start, strength), atol=1e-5)
    assert np.allclose(found, naive.fixed_point(dense, start, strength), atol=0.01)


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_label_propagation_is_that_of_loops(task):
    dataset = of_task(task)
    judge = judge_of(dataset)
    labels = dataset.labels[dataset.train].astype(np.float64)
    labels = np.eye(4)[labels.astype(int)] if task == "multiclass" else labels
    shift = 0.5 if task == "multilabel" else 0
    twins = [naive.shares(dataset.graph, dataset.train, labels, a) - shift for a in baselines.STRENGTHS]
    best = max(twins, key=judge.validation)
    size = labels.std(0).max()
    assert np.allclose(baselines.label_propagation(dataset, judge), best, atol=1e-3 * size)
    assert scores_of(dataset)["label propagation"] > 0.7


def test_label_propagation_reads_training_labels_alone():
    """Other labels of the test nodes, and other features, change none of its outputs."""
    dataset = blocks()
    labels = dataset.labels.copy()
    labels[dataset.test] = (labels[dataset.test] + 1) % 4
    other = replace(dataset, labels=labels, features=np.ones((NUM_NODES, 1), np.float32))
    first, second = (baselines.label_propagation(data, judge_of(data)) for data in (dataset, other))
    assert (first == second).all()


def test_nodes_that_nothing_reaches_get_the_mean_of_training():
    graph = Graph.from_edges([0], [1], 6, undirected=True)
    split = {"train": [0, 2, 3], "val": [], "test": [1, 4, 5]}
    dataset = NodeDataset(graph=graph, features=np.ones((6, 1)), labels=[0, 0, 1, 1, 1, 0], **split)
    found = baselines.label_propagation(dataset, judge_of(dataset))
    assert np.allclose(found, [[1, 0], [1, 0], [0, 1], [0, 1], [1 / 3, 2 / 3], [1 / 3, 2 / 3]], atol=1e-6)


def test_there_is_nothing_without_test_nodes():
    assert scores_of(blocks(test=[])) == {}


def test_what_would_take_minutes_is_left_out_and_told(monkeypatch):
    monkeypatch.setattr(baselines, "MOST_PRODUCTS", 1e6)
    lines, edges = [], blocks().graph.num_edges
    assert "label propagation" not in scores_of(blocks(), log=lines, trees=False)
    told = f"{edges:,} edges and 4 columns would take {1500 * edges:.0e} products, and more than 1e+06 take minutes."
    assert lines == [f"No label propagation: {told}"]


# ---- trees


def wide_blocks(task="multiclass", **changes):
    """With enough nodes to train trees on."""
    dataset = of_task(task, **changes)
    order = np.random.default_rng(3).permutation(NUM_NODES - 1)
    return replace(dataset, train=order[:90], val=order[90:140], test=order[140:])


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
@pytest.mark.parametrize("sparse", [False, True])
def test_trees_learn_from_features_and_more_from_neighbours(task, sparse, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(tree_baselines, "TREES", 20)
    dataset = wide_blocks(task, sparse=sparse)
    found = scores_of(dataset)
    assert list(found) == ["label propagation", "boosted trees", "trees, neighbours"]
    assert found["trees, neighbours"] > found["boosted trees"] + 0.03 > 0.05
    assert found == scores_of(dataset)  # a function of dataset and seed
    assert list(scores_of(dataset, trees=False)) == ["label propagation"]


def test_trees_read_training_labels_alone(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(tree_baselines, "TREES", 5)
    dataset = wide_blocks()
    labels = dataset.labels.copy()
    labels[dataset.test] = (labels[dataset.test] + 1) % 4
    other = replace(dataset, labels=labels)
    first, second = (tree_baselines.tree_outputs(d, tree_baselines.plain_rows(d, 0), 0, judge_of(d)) for d in (dataset, other))
    assert (first == second).all() and np.isfinite(first).all()


def test_a_class_and_a_label_that_no_training_node_has(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(tree_baselines, "TREES", 3)
    for task in ("multiclass", "multilabel"):
        dataset = wide_blocks(task)
        labels = dataset.labels.copy()
        labels[dataset.train] = np.minimum(labels[dataset.train], 2 if task == "multiclass" else [1, 0])
        dataset = replace(dataset, labels=labels)
        found = tree_baselines.tree_outputs(dataset, dataset.features, 0, judge_of(dataset))
        assert found.shape == (NUM_NODES, dataset.num_outputs) and (found[:, -1] < -0.9).all()


def test_wide_features_become_64_columns():
    pytest.importorskip("sklearn")
    features = np.random.default_rng(0).random((NUM_NODES, 300)).astype(np.float32)
    assert tree_baselines.plain_rows(blocks(features=features), 0).shape == (NUM_NODES, 64)
    assert tree_baselines.plain_rows(blocks(features=features[:, :200]), 0).shape == (NUM_NODES, 200)


def test_means_of_neighbours_are_those_of_loops():
    dataset = blocks()
    found = tree_baselines.joined_rows(dataset, dataset.features)[:, dataset.num_features :]
    for node in range(NUM_NODES):
        rows = dataset.features[dataset.graph.neighbors(node)]
        assert np.allclose(found[node], rows.mean(0) if len(rows) else 0, atol=1e-5)


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("MOST_SPLIT", "No boosted trees: 90 training nodes, 24 columns and 4 outputs are 200640.0 times what takes seconds."),
        ("MOST_ASKED", "No boosted trees: 200 nodes and 4 outputs are 80000.0 times what takes seconds."),
    ],
)
def test_trees_that_would_take_minutes_are_left_out_and_told(limit, told, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(tree_baselines, limit, 1.0)
    lines = []
    assert list(scores_of(wide_blocks(), log=lines)) == ["label propagation"] and lines == [told]


def test_trees_need_features_and_two_classes():
    dataset = wide_blocks()
    assert tree_baselines.why_no_trees(dataset) == ""
    alike = replace(dataset, labels=np.where(dataset.labels < 0, -1, 0))
    assert tree_baselines.why_no_trees(alike) == "No boosted trees: all training nodes have one class."
    bare = replace(dataset, features=SparseFeatures.identity(NUM_NODES))
    assert tree_baselines.why_no_trees(bare) == "No boosted trees: the nodes have no features."
