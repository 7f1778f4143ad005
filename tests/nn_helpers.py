"""Small datasets and batches that the tests of models, loaders and interop share."""

import numpy as np
import torch
from graphs import random_graph
from scipy.sparse import csr_array

from graphsage.data.dataset import NodeDataset
from graphsage.features import as_features
from graphsage.graph import Graph
from graphsage.loader import NeighborLoader
from graphsage.sampling.neighbor import NeighborSampler

AGGREGATORS = ("mean", "sum", "max", "gcn")
#: Every (aggregator, combine) there is.
LAYERS = [(aggregator, "sum") for aggregator in AGGREGATORS] + [(a, "concat") for a in ("mean", "sum", "max")]


def features(num_nodes, num_features, seed=0):
    """float32 [N, F], about half of it 0, the rest of both signs; row 0 is all 0."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((num_nodes, num_features)) * rng.integers(0, 2, (num_nodes, num_features))
    x[:1] = 0
    return x.astype(np.float32)


def sparse(x):
    """The same as ``SparseFeatures``."""
    return as_features(csr_array(x))


def node_dataset(graph=None, *, num_features=7, num_classes=3, is_sparse=False, seed=0):
    """Half of the nodes train, a quarter each validates and tests. Default graph: hubs, duplicates, loops, isolated."""
    graph = random_graph(60, 240) if graph is None else graph
    order = np.random.default_rng(seed).permutation(graph.num_nodes)
    train, val, test = np.split(order, [graph.num_nodes // 2, 3 * graph.num_nodes // 4])
    x = features(graph.num_nodes, num_features, seed)
    labels = np.random.default_rng(seed + 1).integers(0, num_classes, graph.num_nodes)
    return NodeDataset(
        graph=graph, features=sparse(x) if is_sparse else x, labels=labels, train=train, val=val, test=test
    )


def learnable_dataset(num_nodes=200, num_features=8, num_classes=3, seed=0):
    """Neighbours mostly share their class, and features tell it through noise."""
    rng = np.random.default_rng(seed)
    labels = np.sort(rng.integers(0, num_classes, num_nodes))
    src = rng.integers(0, num_nodes, 6 * num_nodes)
    dst = np.clip(src + rng.integers(-9, 10, len(src)), 0, num_nodes - 1)
    x = rng.standard_normal((num_nodes, num_features)) + 2 * np.eye(num_classes, num_features)[labels]
    train, val, test = np.split(rng.permutation(num_nodes), [num_nodes // 2, 3 * num_nodes // 4])
    graph = Graph.from_edges(src, dst, num_nodes, undirected=True)
    return NodeDataset(graph=graph, features=x, labels=labels, train=train, val=val, test=test)


def regular_graph(num_nodes, degree):
    """Row v: the ``degree`` nodes that follow v on a circle, by steps of 1, 2, 4, ..."""
    steps = 2 ** np.arange(degree)
    rows = (np.arange(num_nodes)[:, None] + steps) % num_nodes
    return Graph.from_csr(np.arange(num_nodes + 1) * degree, rows.ravel())


def batch_of(dataset, seeds, fanouts, *, reduce=None, **options):
    """The batch of ``seeds`` in the order given; options: the sampler's."""
    sampler = NeighborSampler(dataset.graph, fanouts, **options)
    loader = NeighborLoader(dataset, sampler, batch_size=None, reduce=reduce, nodes=np.array(seeds))
    return loader.prepare(0, 0)


def close(a, b, tolerance=1e-5):
    """Equal up to ``tolerance``, absolutely and relatively, and of one shape."""
    torch.testing.assert_close(_tensor(a), _tensor(b), rtol=tolerance, atol=tolerance)


def _tensor(x):
    return torch.as_tensor(x).detach().double()
