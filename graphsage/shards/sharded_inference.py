"""Exact inference on a graph in shards: each process computes the rows of its own nodes, layer by layer."""

import torch

from graphsage.nn.chunk_inputs import chunk_inputs
from graphsage.nn.jumping import Joining, joined_width
from graphsage.nn.whole_graph import CHUNK_EDGES, Told, checked_out, chunks_of, rows_of_a_chunk, rows_with
from graphsage.nn.workspace import Workspace
from graphsage.shards.sharded_features import ShardedFeatures
from graphsage.tensors.store import FeatureStore

PART = 1 << 24  # values that are asked for together


class OwnRows(Workspace):
    """Outputs of this process's nodes, in memory."""

    def __init__(self, owners, device):
        super().__init__(device)
        self.owners, self.asked = owners, []

    def shared(self, made, name):
        """A ``FeatureStore`` that asks the owners for these rows, once all have theirs. name: of the rows, on all ranks."""
        self.asked.append(ShardedFeatures(made.cpu().numpy(), self.owners, name))
        self.owners.exchange.gather(None)
        return FeatureStore(self.asked[-1])

    def close(self):
        """Nobody asks for any of these rows any more."""
        self.owners.exchange.gather(None)
        for rows in self.asked:
            rows.forget()


def sharded_inference(model, graph, store, *, isolated, device, chunk_edges, num_layers=None, out=None, progress=None):
    """``inference`` of a ``GraphSAGE`` on a ``ShardedGraph``: all its processes call it together, and each gets all rows.

    A layer's inputs are asked of their owners, each once a chunk; of what layers make a process keeps the rows of its nodes.
    """
    space, (first, end) = OwnRows(graph.owners, device), graph.owners.range
    out = None if out is None else checked_out(out, (graph.num_nodes, joined_width(model, num_layers)))
    joining, was_training = Joining(model, num_layers, space, end - first), model.training
    told = Told(progress, (end - first) * (joining.last + 1 + (model.input_layer is not None)))
    model.eval()
    try:
        h = store if model.input_layer is None else _entered(model, store, graph, space, told)
        rows = rows_with(graph.own, isolated)
        for depth in range(joining.last + 1):
            h = _layer(model, depth, rows, h, joining, space, graph, chunk_edges, told)
        found = _whole(space.shared(joining.result, "outputs"), out)
        space.close()
        return found
    finally:
        model.train(was_training)


def _whole(store, out):
    """The rows of a store as one tensor, or in the array ``out``."""
    found = torch.empty(len(store), store.num_features) if out is None else torch.from_numpy(out)
    most = max(1, PART // store.num_features)
    for start in range(0, len(store), most):
        found[start : start + most] = store.rows(torch.arange(start, min(start + most, len(store))))
    return found


def _entered(model, store, graph, space, told):
    """What the input layer makes of all features, as a store."""
    first, end = graph.owners.range
    width = len(model.input_layer.weight)
    kept = space.rows("entered", end - first, width)
    most = rows_of_a_chunk(CHUNK_EDGES, max(width, 1 if store.is_sparse else store.num_features))
    for start in range(first, end, most):
        part = slice(start - first, min(start + most, end) - first)
        kept[part] = model.enter(store.rows(torch.arange(start, min(start + most, end))).to(space.device))
        told.rows(part)
    return space.shared(kept, "entered")


def _layer(model, depth, rows, h, joining, space, graph, chunk_edges, told):
    """Give ``joining`` what layer ``depth`` makes of h; returns it as a store where there is another layer."""
    (first, end), layer = graph.owners.range, model.layers[depth]
    stays_sparse = layer.aggregator.takes_sparse and h.is_sparse
    width = max(layer.weight_neigh.shape[1], 0 if stays_sparse else layer.aggregator.in_features)
    most_rows = rows_of_a_chunk(chunk_edges, width)
    most_edges = chunk_edges if layer.aggregator.reduction else most_rows
    kept = space.rows(f"layer{depth}", end - first, layer.out_features) if depth < joining.last else None
    chunks = [(first + start, first + stop) for start, stop in chunks_of(rows[0][first : end + 1], most_edges, most_rows)]
    joining.begin(depth)
    for start, stop, x_self, x_neigh in chunk_inputs(layer.aggregator, h, rows, chunks, space.device, space):
        part, made = slice(start - first, stop - first), model.finish(depth, layer.update(x_self, x_neigh))
        joining.add(depth, part, made)
        if kept is not None:
            kept[part] = made
        told.rows(part)
    return None if kept is None else space.shared(kept, f"layer {depth}")
