"""A small dataset that can be learnt: nodes of a class know each other, and their features say a little."""

import numpy as np

from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.data.dataset import NodeDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

NUM_NODES, NUM_CLASSES, NUM_FEATURES = 200, 4, 24
ISOLATED = [5, 77, 150]
UNLABELLED = 199


def blocks(*, sparse=False, seed=0, **changes):
    """NodeDataset of 200 nodes in 4 blocks: 40 to train, 60 to validate, 99 to test on, and one without a label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, NUM_CLASSES, NUM_NODES)
    features = _words(rng, labels) if sparse else _noisy_centres(rng, labels)
    graph = block_graph(rng, labels)
    labels[UNLABELLED] = -1
    order = rng.permutation(NUM_NODES - 1)
    split = {"train": order[:40], "val": order[40:100], "test": order[100:]}
    given = {"graph": graph, "features": features, "labels": labels, "name": "blocks", **split, **changes}
    return NodeDataset(**given)


def block_graph(rng, labels):
    """Undirected; about 6 of a node's 7 neighbours are of its class; three nodes have none."""
    pairs = rng.integers(0, NUM_NODES, (4000, 2))
    kept = (labels[pairs[:, 0]] == labels[pairs[:, 1]]) | (rng.random(len(pairs)) < 0.05)
    kept &= ~np.isin(pairs, ISOLATED).any(axis=1)
    src, dst = pairs[kept][:700].T
    return Graph.from_edges(src, dst, NUM_NODES, undirected=True, duplicates="drop", self_loops="drop")


def _noisy_centres(rng, labels):
    centres = rng.normal(size=(NUM_CLASSES, NUM_FEATURES))
    return (0.5 * centres[labels] + rng.normal(size=(NUM_NODES, NUM_FEATURES))).astype(np.float32)


def _words(rng, labels):
    """4 to 8 words a node, of which some belong to its class; node 0 says nothing."""
    rows = []
    for node, label in enumerate(labels):
        own = rng.random(rng.integers(4, 9) if node else 0) < 0.4
        words = np.where(own, rng.integers(0, 6, len(own)) * NUM_CLASSES + label, rng.integers(0, NUM_FEATURES, len(own)))
        rows.append(np.unique(words))
    indptr = np.cumsum([0, *map(len, rows)])
    return SparseFeatures(indptr, np.concatenate(rows), None, NUM_FEATURES)


def configured(model=None, **train):
    """A RunConfig that trains fast: ``model`` are settings of the model, ``train`` of the training."""
    settings = {"batch_size": 16, "epochs": 8, "learning_rate": 0.05, "num_threads": 0, "device": "cpu"}
    if train.get("batch_size", 16) is not None:
        settings["fanouts"] = (5, 5)
    return RunConfig(
        model=ModelConfig(**{"hidden_features": 16, **(model or {})}), train=TrainConfig(**{**settings, **train})
    )
