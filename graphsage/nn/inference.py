"""Exact inference: every node, all neighbours, one layer at a time, in bounded memory."""

import numpy as np
import torch

from graphsage.checks import as_count, one_of
from graphsage.config import ISOLATED
from graphsage.nn.sparse import CSRMatrix
from graphsage.nn.store import FeatureStore

CHUNK_EDGES = 1 << 18  # edges a chunk
CHUNK_VALUES = 1 << 24  # and at most so many inputs of its rows: 64 MB of float32 for x_self, as much for x_neigh


@torch.no_grad()
def inference(model, graph, features, *, isolated="empty", device=None, chunk_edges=CHUNK_EDGES):
    """Logits of all N nodes from all their neighbours: float32 [N, out_features] on the CPU, in row order.

    Layer by layer (the alternative, whole neighbourhoods of each node, grows with the power of the depth). Memory: the
    outputs of two layers, and chunks of about ``chunk_edges`` edges (a row that has more is a chunk of its own).
    features: as in ``NodeDataset``, or a ``FeatureStore``. isolated: as in ``NeighborSampler``. device: where the products
    are computed; None: where the model is.
    """
    store = features if isinstance(features, FeatureStore) else FeatureStore(features)
    if store.features.shape != (graph.num_nodes, model.in_features):
        shape = f"[nodes, in_features] = [{graph.num_nodes}, {model.in_features}]"
        raise ValueError(f"features must have shape {shape}, got {list(store.features.shape)}")
    as_count("chunk_edges", chunk_edges, least=1)
    indptr, indices = _rows(graph, one_of("isolated", isolated, ISOLATED))
    device = next(model.parameters()).device if device is None else device
    was_training = model.training
    model.eval()
    try:
        h = store
        for depth in range(model.num_layers):
            h = _layer(model, depth, indptr, indices, h, device, chunk_edges)
        return h.cpu()
    finally:
        model.train(was_training)


def _layer(model, depth, indptr, indices, h, device, chunk_edges):
    layer = model.layers[depth]
    out = torch.empty(len(indptr) - 1, layer.out_features, device=_home(device, len(indptr) * layer.out_features))
    most_rows = max(1, min(chunk_edges, CHUNK_VALUES // layer.weight_neigh.shape[1]))
    for start, stop in _chunks(indptr, chunk_edges, most_rows):
        local = indptr[start : stop + 1] - indptr[start]
        neighbors = np.array(indices[indptr[start] : indptr[stop]])  # the graph's own are read-only: not for torch
        block = CSRMatrix.from_numpy(local, neighbors, None, len(indptr) - 1)
        x_self, x_neigh = _inputs(layer.aggregator, h, block, start, stop)
        out[start:stop] = model.finish(depth, layer.update(x_self.to(device), x_neigh.to(device))).to(out.device)
    return out


def _home(device, num_values):
    """Where the outputs of a layer are kept: on a GPU with room for two layers in half of its free memory, else on the CPU."""
    device = torch.device(device)
    if device.type == "cuda" and 2 * 4 * num_values <= torch.cuda.mem_get_info(device)[0] // 2:
        return device
    return torch.device("cpu")


def _inputs(aggregator, h, block, start, stop):
    """(x_self, x_neigh) of the rows [start, stop), reduced where h lies."""
    block = block.to(h.device)
    if isinstance(h, FeatureStore):
        ids = torch.arange(start, stop, device=h.device)
        return h.rows(ids), h.reduce(aggregator.name, block, ids)
    x_self = h[start:stop]
    return x_self, aggregator.reduce(h, block, x_self)


def _rows(graph, isolated):
    if isolated == "empty" or graph.degrees.all():
        return graph.indptr, graph.indices
    lonely = np.flatnonzero(graph.degrees == 0)
    indptr = np.concatenate([[0], np.cumsum(np.maximum(graph.degrees, 1))])
    return indptr, np.insert(graph.indices, graph.indptr[lonely], lonely)


def _chunks(indptr, chunk_edges, most_rows):
    """Row ranges of at most ``chunk_edges`` edges and ``most_rows`` rows, each at least one row."""
    start, last = 0, len(indptr) - 1
    while start < last:
        stop = int(np.searchsorted(indptr, indptr[start] + chunk_edges, side="right")) - 1
        stop = min(max(stop, start + 1), start + most_rows, last)
        yield start, stop
        start = stop
