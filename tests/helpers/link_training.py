"""Small link datasets to train on, and trainers of them."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import nn

import graphsage as gs
from graphsage.data.links import LinkDataset
from graphsage.data.split_links import split_links
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.sampling.items import Items

NUM_FEATURES = 8


def ring(num_nodes=120, num_links=600, sparse=False):
    """Near nodes of a circle are linked, and features tell the place on it."""
    rng = np.random.default_rng(0)
    src = rng.integers(0, num_nodes, num_links)
    dst = (src + rng.integers(1, 6, num_links)) % num_nodes
    angle = 2 * np.pi * np.arange(num_nodes)[:, None] / num_nodes * np.array([[1, 2, 5, 9]])
    features = np.concatenate([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
    if sparse:
        features = csr_array(features)
    return split_links(gs.Graph.from_edges(src, dst, num_nodes, undirected=True), features=features, val=0.1, test=0.1)


def timed(num_nodes=60, num_links=400, copies=1):
    """Random links at random times, each ``copies`` times at one and the same time; features are random, too."""
    rng = np.random.default_rng(1)
    src, times = rng.integers(0, num_nodes, num_links), rng.integers(0, 1000, num_links)
    dst = (src + rng.integers(1, num_nodes, num_links)) % num_nodes
    ends = (np.tile(values, copies) for values in (src, dst))
    graph = gs.Graph.from_edges(*ends, num_nodes, times=np.tile(times, copies))
    features = 0.3 * rng.standard_normal((num_nodes, NUM_FEATURES)).astype(np.float32)
    order = np.argsort(times, kind="stable")
    parts = np.split(order, [num_links // 2, 3 * num_links // 4])
    items = [Items(np.stack([src[part], dst[part]], 1), time=times[part]) for part in parts]
    return LinkDataset(graph=graph, features=features, train=items[0], val=items[1], test=items[2], directed=True)


def predictor(decoder="dot", *, dropout=0.0, seed=0, num_layers=2, **options):
    return LinkPredictor(gs.GraphSAGE(NUM_FEATURES, 16, 16, num_layers, dropout=dropout, seed=seed, **options), decoder)


class PairsOfFeatures(nn.Module):
    """A module of one's own: a logit for each pair, of the features of its two nodes."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.product = nn.Linear(NUM_FEATURES, 8)

    def forward(self, batch):
        h = self.product(batch.x[: batch.blocks[-1].num_rows])[batch.seed_index]
        source, target = batch.pairs
        return (h[source] * h[target]).sum(1)


def train_config(**options):
    how = {"epochs": 3, "batch_size": 64, "fanouts": (5, 5), "num_threads": 0, "device": "cpu", "weight_decay": 0.0}
    return gs.TrainConfig(**{**how, **options})


def trainer_of(model, dataset, *, task=None, loss=None, folder=None, log=None, callbacks=(), **options):
    how = {"task": task, "loss": loss, "folder": folder, "log": log, "callbacks": callbacks}
    return gs.Trainer(model, dataset, train_config(**options), **how)
