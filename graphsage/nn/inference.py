"""Exact inference: every node, all neighbours, one layer at a time, in bounded memory."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from graphsage.base.checks import as_count, one_of
from graphsage.base.told import of_kind, told
from graphsage.config.groups import ISOLATED
from graphsage.graph.graph import Graph
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.jumping import Joining, joined_width
from graphsage.nn.layered import has_layers
from graphsage.nn.stack_inference import stack_inference
from graphsage.nn.stacked import is_stack
from graphsage.nn.typed_inference import is_typed, typed_inference
from graphsage.nn.whole_graph import (
    CHUNK_EDGES,
    CHUNK_VALUES,
    Told,
    aggregated,
    checked_out,
    chunks_of,
    entered,
    inputs_of,
    new_rows,
    place_of,
    rows_with,
)
from graphsage.tensors.ambient import plain_modes
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.store import FeatureStore


@plain_modes()
@torch.no_grad()
def inference(
    model: Any,
    graph: Graph | TypedGraph,
    features: Any,
    *,
    isolated: str = "empty",
    device: str | torch.device | None = None,
    chunk_edges: int = CHUNK_EDGES,
    num_layers: int | None = None,
    out: np.ndarray | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> torch.Tensor:
    """Logits of all N nodes from all their neighbours: float32 [N, out_features] on the CPU, in row order.

    They are the bare model's: those of a regression that ``Trainer`` trained are standardised, and
    ``model.task_head.read(...)`` gives them in the targets' units.

    Layer by layer (the alternative, whole neighbourhoods of each node, grows with the power of the depth). Memory: the
    outputs of two layers (of three with jumping="max"), and chunks of about ``chunk_edges`` edges (a row that has more is a
    chunk of its own).
    features: as in ``NodeDataset``, or a ``FeatureStore``. isolated: as in ``NeighborSampler``. device: where the products
    are computed; None: where the model is.

    num_layers: stop after so many layers, and return what goes into the next: float32 [N, its width]. None: all. Of a model
    with an output layer, ``model.num_layers`` gives what goes into that: of jumping="cat" all outputs side by side.
    out: a float32 array of the result's shape, a memory map perhaps, that it is written to. progress: called with (rows done,
    rows in all) after each chunk; a node has a row a layer, the input layer too.

    Of a ``TypedGraphSAGE`` on a ``TypedGraph``: features are {type: ...}, and the result is of the nodes of the target, or of
    several targets {type: ...}, as ``out`` then is. ``num_layers`` gives {type: what goes into the next layer}, of the types
    that it reads. Memory: the outputs of two layers, of the types that are still read.
    """
    if isinstance(graph, TypedGraph) or is_typed(model):
        how = {"isolated": isolated, "device": device, "chunk_edges": chunk_edges, "num_layers": num_layers}
        return typed_inference(model, graph, features, **how, out=out, progress=progress)
    if is_stack(model):
        how = {"isolated": isolated, "device": device, "chunk_edges": chunk_edges, "num_layers": num_layers}
        return stack_inference(model, graph, features, **how, out=out, progress=progress)
    device, graph = _checked_place(model, device), of_kind("graph", graph, Graph)
    if num_layers is not None:
        num_layers = as_count("num_layers", num_layers, least=1, most=model.num_layers)
    last = (num_layers or model.num_layers) - 1
    store = features if isinstance(features, FeatureStore) else FeatureStore(features)
    if store.features.shape != (graph.num_nodes, model.in_features):
        shape = f"[nodes, in_features] = [{graph.num_nodes}, {model.in_features}]"
        raise ValueError(f"features must have shape {shape}, got {list(store.features.shape)}")
    as_count("chunk_edges", chunk_edges, least=1)
    indptr, indices = rows_with(graph, one_of("isolated", isolated, ISOLATED))
    keep, width = partial(new_rows, graph.num_nodes, device), joined_width(model, num_layers)
    out = None if out is None else checked_out(out, (graph.num_nodes, width))
    joining = Joining(model, num_layers, keep, partial(keep, width, out))
    was_training = model.training
    model.eval()
    try:
        told = Told(progress, graph.num_nodes * (last + 1 + (model.input_layer is not None)))
        h = store if model.input_layer is None else entered(model.enter, len(model.input_layer.weight), store, device, told)
        for depth in range(last + 1):
            kept = keep(model.layers[depth].out_features) if depth < last else None
            joining.begin(depth)
            for rows, made in _layer(model, depth, indptr, indices, h, device, chunk_edges):
                joining.add(depth, rows, made)
                if kept is not None:
                    kept[rows] = made
                told.rows(rows)
            h = kept
        return joining.result.cpu()
    finally:
        model.train(was_training)


def _checked_place(model, device):
    """Where to compute: ``device``, which must be where ``model`` is, or None for that."""
    if isinstance(model, type) or not has_layers(model):
        raise TypeError(f"model must be a GraphSAGE, got {told(model)}: other modules are asked in batches, as model(batch)")
    return place_of(model, device)


def _layer(model, depth, indptr, indices, h, device, chunk_edges):
    """What layer ``depth`` makes of h, chunk by chunk: (rows, [M, width])."""
    layer, aggregator = model.layers[depth], model.layers[depth].aggregator
    stays_sparse = aggregator.takes_sparse and isinstance(h, FeatureStore) and h.is_sparse
    width = max(layer.weight_neigh.shape[1], 0 if stays_sparse else aggregator.in_features)
    most_rows = max(1, min(chunk_edges, CHUNK_VALUES // width))
    if aggregator.reduction is None:  # it looks at the inputs of a chunk's neighbours, and not only at what they add up to
        chunk_edges = most_rows
    for start, stop in chunks_of(indptr, chunk_edges, most_rows):
        local = indptr[start : stop + 1] - indptr[start]
        neighbors = np.array(indices[indptr[start] : indptr[stop]])  # the graph's own are read-only: not for torch
        ids, inputs = torch.arange(start, stop, device=h.device), _reduced if aggregator.reduction else _aggregated
        x_self, x_neigh = inputs(aggregator, h, local, neighbors, ids, device)
        yield slice(start, stop), model.finish(depth, layer.update(x_self, x_neigh))


def _reduced(aggregator, h, indptr, neighbors, ids, device):
    """(x_self, x_neigh) of the rows ``ids``, reduced where h lies."""
    block = CSRMatrix.from_numpy(indptr, neighbors, None, len(h)).to(h.device)
    if isinstance(h, FeatureStore):
        x_self, x_neigh = h.rows(ids), h.reduce(aggregator.reduction, block, ids)
    else:
        x_self = inputs_of(h, ids)
        x_neigh = aggregator(h, block, x_self)
    return x_self.to(device), x_neigh.to(device)


def _aggregated(aggregator, h, indptr, neighbors, ids, device):
    """(x_self, x_neigh) of the rows ``ids`` from the inputs of their neighbours."""
    x_self = inputs_of(h, ids).to(device)
    return x_self, aggregated(aggregator, h, indptr, neighbors, x_self, device)
