"""Small datasets and batches that the tests of models, loaders and interop share."""

import numpy as np
import torch
from scipy.sparse import csr_array

from graphsage.data.dataset import NodeDataset
from graphsage.graph.features import as_features
from graphsage.graph.graph import Graph
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.model import GraphSAGE
from graphsage.sampling.neighbor import NeighborSampler

#: What a loader can do in the first layer's place.
REDUCTIONS = ("mean", "sum", "max", "gcn")
#: Every (aggregator, combine) of these there is.
REDUCTION_LAYERS = [(kind, "sum") for kind in REDUCTIONS] + [(kind, "concat") for kind in ("mean", "sum", "max")]
LEARNED = ("mean_pool", "max_pool", "lstm", "attention", "std", "pna")  # or with more than one pass, as std
LAYERS = [*REDUCTION_LAYERS, *((kind, "sum") for kind in LEARNED), ("max_pool", "concat"), ("pna", "concat")]
#: (aggregator, combine, whether the loader reduces)
WAYS = [(*layer, False) for layer in LAYERS] + [(*layer, True) for layer in REDUCTION_LAYERS]

#: Options of the model, each by itself and all that go together.
OPTIONS = [
    {"norm": "layer"},
    {"norm": "batch"},
    {"residual": True},
    {"input_layer": "linear"},
    {"input_layer": "active"},
    {"jumping": "cat"},
    {"jumping": "max"},
    {"activation": "gelu"},
    {"activation": "elu"},
    {"norm": "batch", "residual": True, "input_layer": "linear", "jumping": "cat", "activation": "gelu", "normalize": True},
    {"norm": "layer", "residual": True, "input_layer": "active", "jumping": "max", "activation": "elu", "normalize": True},
]

SEEDS = [5, 0, 17, 3, 5, 59, 10]  # of the awkward graph: hubs, isolated nodes, a repeat


def features(num_nodes, num_features, seed=0):
    """float32 [N, F], about half of it 0, the rest of both signs; row 0 is all 0."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((num_nodes, num_features)) * rng.integers(0, 2, (num_nodes, num_features))
    x[:1] = 0
    return x.astype(np.float32)


def sparse(x):
    """The same as ``SparseFeatures``."""
    return as_features(csr_array(x))


def awkward_graph(num_nodes=60, num_edges=240, seed=0):
    """A directed graph with hubs (low ids are likelier), duplicates and loops; nodes 3, 10, 17, ... have no neighbours."""
    src, dst = (np.random.default_rng(seed).random((2, num_edges)) ** 2 * num_nodes).astype(int)
    src, dst = np.append(src, [0, 0, 1, 1]), np.append(dst, [0, 0, 1, 0])
    kept = dst % 7 != 3
    return Graph.from_edges(src[kept], dst[kept], num_nodes)


def node_dataset(graph=None, *, num_features=7, num_classes=3, is_sparse=False, seed=0):
    """Half of the nodes train, a quarter each validates and tests. Default graph: the awkward one."""
    graph = awkward_graph() if graph is None else graph
    order = np.random.default_rng(seed).permutation(graph.num_nodes)
    train, val, test = np.split(order, [graph.num_nodes // 2, 3 * graph.num_nodes // 4])
    x = features(graph.num_nodes, num_features, seed)
    labels = np.random.default_rng(seed + 1).integers(0, num_classes, graph.num_nodes)
    return NodeDataset(graph=graph, features=sparse(x) if is_sparse else x, labels=labels, train=train, val=val, test=test)


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


def model_of(aggregator="mean", combine="sum", num_layers=2, *, in_features=7, bias_scale=0.1, **options):
    """In evaluation, with biases that are not 0, and norms that do something."""
    model = GraphSAGE(in_features, 6, 3, num_layers, aggregator, combine=combine, **options).eval()
    draws = torch.Generator().manual_seed(0)
    for layer in model.layers:
        if layer.bias is not None:
            torch.nn.init.normal_(layer.bias, std=bias_scale, generator=draws)
    for module in filter(None, (layer.norm for layer in model.layers)):
        for name, tensor in module.state_dict().items():
            if name in ("weight", "running_var"):
                tensor.uniform_(0.5, 1.5, generator=draws)
            elif tensor.is_floating_point():
                tensor.normal_(generator=draws)
    return model


def close(a, b, tolerance=1e-5):
    """Equal up to ``tolerance``, absolutely and relatively, and of one shape."""
    torch.testing.assert_close(_tensor(a), _tensor(b), rtol=tolerance, atol=tolerance)


def _tensor(x):
    return torch.as_tensor(x).detach().double()
