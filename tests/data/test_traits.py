"""What the presets read off a dataset: homophily as the paper defines it, of training labels alone."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from helpers.graphs import random_graph

import graphsage as gs
from graphsage.config.presets import Traits
from graphsage.data import traits
from graphsage.data.traits import training_homophily, traits_of


def dataset(labels, train, graph=None):
    labels = np.asarray(labels)
    graph = random_graph(len(labels), 40 * len(labels)) if graph is None else graph
    nodes = np.arange(len(labels))
    return gs.NodeDataset(
        graph=graph, features=np.ones((len(labels), 3), np.float32), labels=labels, train=nodes[train], val=[], test=[]
    )


def naive(dataset):
    """The formula, edge by edge: alike counts edges with ends of one class, ends counts the ends of each class."""
    train, alike, total, ends = set(dataset.train.tolist()), 0, 0, Counter()
    for node in train:
        for other in dataset.graph.neighbors(node).tolist():
            if other in train and other != node:
                one, two = int(dataset.labels[node]), int(dataset.labels[other])
                alike, total = alike + (one == two), total + 1
                ends.update([one, two])
    chance = sum((count / (2 * total)) ** 2 for count in ends.values())
    return (alike / total - chance) / (1 - chance)


@pytest.mark.parametrize("seed", range(4))
def test_homophily_is_that_of_the_formula(seed):
    rng = np.random.default_rng(seed)
    data = dataset(rng.integers(0, 3, 60), rng.permutation(60)[:40])
    assert training_homophily(data) == pytest.approx(naive(data), abs=1e-12)
    assert traits_of(data) == Traits(task="multiclass", num_train=40, num_features=3, homophily=training_homophily(data))


def test_like_linked_to_like_is_one_and_to_unlike_is_below_zero():
    like, unlike = np.repeat([0, 1], 20), np.tile([0, 1], 20)
    src, dst = np.divmod(np.arange(400), 20)
    half = gs.Graph.from_edges(np.concatenate([src, src + 20]), np.concatenate([dst, dst + 20]), 40, self_loops="drop")
    across = gs.Graph.from_edges(2 * src, 2 * dst + 1, 40, undirected=True)
    assert training_homophily(dataset(like, slice(40), half)) == 1
    assert training_homophily(dataset(unlike, slice(40), across)) == -1


def test_labels_outside_of_the_training_are_not_looked_at():
    data = dataset(np.arange(60) % 3, slice(40))
    others = data.labels.copy()
    others[40:] = 0
    assert training_homophily(replace(data, labels=others)) == training_homophily(data)


def test_where_it_says_nothing_it_is_none():
    few = gs.Graph.from_edges([0, 1], [1, 0], 60)
    classes, some = np.arange(60) % 3, slice(40)
    numbers, several = dataset(np.linspace(0, 1, 60), some), dataset(np.eye(3, dtype=int)[classes], some)
    assert (numbers.task, several.task) == ("regression", "multilabel")
    alone = [dataset(classes, some, graph) for graph in (few, random_graph(60, 0))]
    for data in (dataset(classes, slice(0)), dataset(np.zeros(60, int), some), *alone, numbers, several):
        assert training_homophily(data) is None


def test_of_many_nodes_some_are_looked_at(monkeypatch):
    data = dataset(np.arange(600) % 3, slice(600))
    monkeypatch.setattr(traits, "MOST_NODES", 250)
    every = replace(data, train=np.arange(0, 600, 3))
    assert training_homophily(data) == training_homophily(every)
