"""Exact inference: every node, all neighbours, one layer at a time, in bounded memory."""

import os
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
from graphsage.nn.chunk_inputs import chunk_inputs
from graphsage.nn.foretold import foretold
from graphsage.nn.jumping import Joining, joined_width
from graphsage.nn.layered import has_layers
from graphsage.nn.room import Room
from graphsage.nn.stack_inference import stack_inference
from graphsage.nn.stacked import is_stack
from graphsage.nn.typed_inference import is_typed, typed_inference
from graphsage.nn.unfinished import key_of
from graphsage.nn.whole_graph import CHUNK_EDGES, Told, checked_out, chunks_of, entered, place_of, rows_of_a_chunk, rows_with
from graphsage.tensors.ambient import plain_modes
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
    memory: int | str | None = None,
    scratch: str | os.PathLike[str] | None = None,
    resume: bool = False,
    ranks: Any = None,
    log: Callable[[str], object] | None = None,
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

    memory: bytes, or a text such as "4GiB" (None: what is available), within which it stays, but for a chunk. Where it would
    take more (``nn.foretold``), the outputs of layers lie in files without names in the folder ``scratch`` (None: one for
    temporary files, on a disk), and what neighbours come to is made in passes over those and over mapped features, in order;
    ``log`` gets a line that says so. An aggregator that reduces (mean, sum, max, gcn) gives the same bits then,
    unless rows of the graph do not rise: sums to 1e-6. Others gather the rows of as many chunks as fit: slow where that is a
    small part of the graph.
    resume: keep the outputs in ``scratch`` with a note of what is done, so that the same call goes on there after a kill, and
    ends with the same bits. A note of another model, graph or setting is put aside. The result is the file result.npy in
    ``scratch`` (of types result-TYPE.npy), which with the note is the caller's to take away.
    ranks: processes that share the chunks of each layer, in the same call each (``Workspace``), or what gives the
    ``Workspace`` itself, by its method workspace(device, memory).
    """
    room = Room(memory, scratch, resume, ranks, log)
    if resume and out is not None:
        raise ValueError("resume=True writes the result to a file in scratch: leave out out")
    how = {"isolated": isolated, "num_layers": num_layers, "chunk_edges": chunk_edges}
    if isinstance(graph, TypedGraph) or is_typed(model):
        return typed_inference(model, graph, features, **how, device=device, out=out, progress=progress, room=room)
    if is_stack(model):
        return stack_inference(model, graph, features, **how, device=device, out=out, progress=progress, room=room)
    device, graph = _checked_place(model, device), of_kind("graph", graph, Graph)
    if num_layers is not None:
        num_layers = as_count("num_layers", num_layers, least=1, most=model.num_layers)
    store = features if isinstance(features, FeatureStore) else FeatureStore(features)
    if store.features.shape != (graph.num_nodes, model.in_features):
        shape = f"[nodes, in_features] = [{graph.num_nodes}, {model.in_features}]"
        raise ValueError(f"features must have shape {shape}, got {list(store.features.shape)}")
    as_count("chunk_edges", chunk_edges, least=1)
    rows = rows_with(graph, one_of("isolated", isolated, ISOLATED))
    out = None if out is None else checked_out(out, (graph.num_nodes, joined_width(model, num_layers)))
    need, was_training = foretold(model, graph, store, **how, has_out=out is not None), model.training
    model.eval()
    try:
        with room.space(need, device, partial(key_of, model, graph, store, **how)) as space:
            joining = Joining(model, num_layers, space, graph.num_nodes, out)
            _compute(model, rows, store, joining, space, device, chunk_edges, progress)
            return joining.result.cpu()
    finally:
        model.train(was_training)


def _compute(model, rows, store, joining, space, device, chunk_edges, progress):
    """All layers that ``joining`` waits for, one after the other."""
    last, num_nodes, enters = joining.last, len(store), model.input_layer is not None
    told = Told(progress, num_nodes * (last + 1 + enters))
    h = entered(model.enter, len(model.input_layer.weight), store, device, told, space) if enters else store
    for depth in range(last + 1):
        kept = space.rows(f"layer{depth}", num_nodes, model.layers[depth].out_features) if depth < last else None
        joining.begin(depth)
        for part, made in _layer(model, depth, rows, h, device, chunk_edges, space, told):
            joining.add(depth, part, made)
            if kept is not None:
                kept[part] = made
            space.done(part.start, part.stop)
        space.end(*([] if kept is None else [kept]), *joining.made(depth))
        h = kept
        space.let_go("entered", f"layer{depth - 1}", f"sum{depth - 1}")


def _checked_place(model, device):
    """Where to compute: ``device``, which must be where ``model`` is, or None for that."""
    if isinstance(model, type) or not has_layers(model):
        raise TypeError(f"model must be a GraphSAGE, got {told(model)}: other modules are asked in batches, as model(batch)")
    return place_of(model, device)


def _layer(model, depth, rows, h, device, chunk_edges, space, told):
    """What layer ``depth`` makes of h, chunk by chunk: (rows, [M, width])."""
    layer, aggregator = model.layers[depth], model.layers[depth].aggregator
    stays_sparse = aggregator.takes_sparse and isinstance(h, FeatureStore) and h.is_sparse
    most_rows = rows_of_a_chunk(chunk_edges, max(layer.weight_neigh.shape[1], 0 if stays_sparse else aggregator.in_features))
    if aggregator.reduction is None:  # it looks at the inputs of a chunk's neighbours, and not only at what they add up to
        chunk_edges = most_rows
    chunks = space.begin(list(chunks_of(rows[0], chunk_edges, most_rows)), told)
    for start, stop, x_self, x_neigh in chunk_inputs(aggregator, h, rows, chunks, device, space):
        yield slice(start, stop), model.finish(depth, layer.update(x_self, x_neigh))
