"""An awkward typed graph, and models and batches of it, that the tests of typed models share."""

import numpy as np
import torch

from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.sampling.neighbor import NeighborSampler
from helpers.nn_helpers import features, sparse

#: "none" has no nodes, "keys" is a name that torch has methods of, "far" is on no path to "b", no relation leads into "c.d".
SIZES = {"keys": 12, "b": 30, "c.d": 3, "none": 0, "far": 5}
TO, BACK, IN, OF = ("keys", "to", "b"), ("b", "to", "keys"), ("b", "in.side", "b"), ("c.d", "of", "keys")
EMPTY, AWAY = ("none", "of", "b"), ("b", "to", "far")
SEEDS = [5, 0, 17, 3, 5, 29, 10]  # of type b: a repeat, isolated ones, hubs


def typed_dataset(*, timed=False, **changes):
    """Nodes 3, 10, 17, ... of b have no neighbours by one relation, 17 and 3 by none; features are dense, sparse, none."""
    rng = np.random.default_rng(0)
    edges = {
        name: tuple((rng.random((2, count)) ** 2 * np.array([[SIZES[name[0]]], [SIZES[name[2]]]])).astype(int))
        for name, count in ((TO, 50), (BACK, 40), (IN, 70), (OF, 14), (AWAY, 20))
    }
    edges[TO] = tuple(ends[edges[TO][1] % 7 != 3] for ends in edges[TO])
    edges[IN] = tuple(ends[~np.isin(edges[IN][1], [3, 17])] for ends in edges[IN])
    edges[EMPTY] = ([], [])
    times = {name: rng.integers(0, 20, len(ends[0])) for name, ends in edges.items()} if timed else None
    x = {
        "keys": features(12, 5, 1),
        "b": sparse(features(30, 7, 2)),
        "c.d": None,
        "none": np.zeros((0, 2), np.float32),
    }
    order = rng.permutation(30)
    given = {"graph": TypedGraph(SIZES, edges, times=times), "features": x, "target": "b", "labels": rng.integers(0, 3, 30)}
    split = {"train": order[:14], "val": order[14:22], "test": order[22:]}
    return TypedDataset(**{**given, **split, **({"times": rng.integers(0, 25, 30)} if timed else {}), **changes})


def typed_model(dataset, aggregator="mean", combine="sum", num_layers=2, *, bias_scale=0.1, **options):
    """In evaluation, with biases that are not 0, and norms that do something."""
    x = dataset.features.items()
    own = {"in_features": dataset.num_features, "relations": dataset.graph.relations, "target": dataset.target}
    own["embeddings"] = [kind for kind, of in x if isinstance(of, SparseFeatures) and of.is_identity]
    given = {**own, "hidden_features": 6, "out_features": 3, **options}
    return awakened(TypedGraphSAGE(num_layers=num_layers, aggregator=aggregator, combine=combine, **given), bias_scale)


def awakened(model, bias_scale=0.1):
    draws = torch.Generator().manual_seed(0)
    for name, tensor in model.state_dict().items():
        if ".norm." in name:
            if name.endswith(("weight", "running_var")):
                tensor.uniform_(0.5, 1.5, generator=draws)
            elif tensor.is_floating_point():
                tensor.normal_(generator=draws)
        elif name.endswith("bias"):
            tensor.normal_(std=bias_scale, generator=draws)
    return model.eval()


def typed_batch(dataset, seeds, fanouts, **options):
    """The batch of ``seeds`` in the order given; options: the sampler's."""
    sampler = NeighborSampler(dataset.graph, fanouts, **options)
    return NeighborLoader(dataset, sampler, batch_size=None, nodes=np.array(seeds)).prepare(0, 0)


def dense_features(dataset):
    """{type: float array [n, F]}."""
    found = dataset.features.items()
    return {kind: of.to_scipy().toarray() if isinstance(of, SparseFeatures) else np.array(of) for kind, of in found}
