"""Inductive training: its draws see the edges between training nodes alone, all else the whole graph."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured

from graphsage.data.dataset import NodeDataset
from graphsage.graph.graph import Graph
from graphsage.runs.run import make_trainer

DATA = blocks()


def seen_by_hand(dataset):
    """The dataset on the edges between two training nodes, picked out one by one."""
    train = set(dataset.train.tolist())
    src, dst = (ends.tolist() for ends in dataset.graph.to_edges())
    kept = [(u, v) for u, v in zip(src, dst) if u in train and v in train]
    return replace(dataset, graph=Graph.from_edges(*zip(*kept), dataset.num_nodes))


def trainer_of(dataset, *, model=None, log=None, **settings):
    return make_trainer(configured(model, epochs=1, **settings), dataset, log=log)


@pytest.mark.parametrize("settings", [{}, {"batches_per_epoch": 3}, {"batch_size": None}], ids=["pass", "random", "full"])
def test_batches_hold_training_nodes_alone(settings):
    trainer = trainer_of(DATA, inductive=True, **settings)
    drawn = np.concatenate([
        np.append(batch.minibatch.nodes, batch.minibatch.neighbors) for batch in trainer.loader.epoch(0)
    ])  # fmt: skip
    assert set(drawn) <= set(DATA.train) and trainer.loader.sampler.graph.num_edges > 0
    whole = np.concatenate([batch.minibatch.neighbors for batch in trainer_of(DATA, **settings).loader.epoch(0)])
    assert not set(whole) <= set(DATA.train)


@pytest.mark.parametrize("model", [{}, {"aggregator": "pna"}], ids=["mean", "pna, which looks at the graph's degrees"])
def test_weights_are_those_of_a_training_on_these_edges(model):
    trainers = [trainer_of(DATA, model=model, inductive=True), trainer_of(seen_by_hand(DATA), model=model)]
    for trainer in trainers:
        trainer.fit()
    one, other = (trainer.model.state_dict() for trainer in trainers)
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("evaluate", ["exact", "sampled"])
def test_scores_are_those_of_the_whole_graph(evaluate):
    trainer, usual = trainer_of(DATA, inductive=True, evaluate=evaluate), trainer_of(DATA, evaluate=evaluate)
    result = trainer.fit()
    usual.model.load_state_dict(trainer.model.state_dict())
    assert result.test_score == usual.evaluate(DATA.test)[0]
    assert result.history[0].val_score == usual.evaluate(DATA.val, sampled=evaluate == "sampled")[0]
    usual.dataset = usual.evaluator.dataset = seen_by_hand(DATA)
    assert result.test_score != usual.evaluate(DATA.test)[0]


def test_what_training_sees_is_told():
    lines = []
    trainer_of(DATA, inductive=True, log=lines.append).fit()
    seen, whole = seen_by_hand(DATA).graph.num_edges, DATA.graph.num_edges
    assert lines[0] == f"Inductive: training sees {seen:,} of {whole:,} edges, those among its 40 nodes"
    lines.clear()
    trainer_of(DATA, log=lines.append).fit()
    assert lines[0].startswith("Epoch 001")


def leaking(num_nodes=240, num_classes=3):
    """Two test nodes at each training node have its class, at full strength, among their features, beside their own class.

    A training node's own features say its class weakly. So do a test node's, whose neighbours are of any class.
    """
    rng = np.random.default_rng(1)
    labels = rng.integers(0, num_classes, num_nodes)
    train, test = np.arange(num_nodes // 3), np.arange(num_nodes // 3, num_nodes)
    neighbors = np.tile(train, 2)
    x = rng.standard_normal((num_nodes, 2 * num_classes))
    x[np.arange(num_nodes), labels] += 3
    x[:, num_classes:] = 0
    x[test, num_classes + labels[neighbors]] = 20
    among = rng.choice(train, (2, 160))  # any with any: they say nothing
    src, dst = np.append(test, among[0]), np.append(neighbors, among[1])
    graph = Graph.from_edges(src, dst, num_nodes, undirected=True)
    return NodeDataset(graph=graph, features=x, labels=labels, train=train, val=[], test=test)


def test_a_label_that_leaks_through_test_nodes_misleads_the_usual_training_alone():
    """The usual one learns to read its neighbours (1.00 on its own nodes, 0.4 on others), the inductive one the nodes."""
    scores = {}
    for inductive in (False, True):
        trainer = make_trainer(configured(epochs=30, batch_size=40, inductive=inductive), leaking(), log=None)
        scores[inductive] = trainer.fit().test_score
    assert scores[False] < 0.6 and scores[True] > 0.9, scores
