"""Exact inference of a ``TypedGraphSAGE``: every node of the types that are read, all neighbours, a layer at a time."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch

from graphsage.base.checks import as_count, one_of
from graphsage.base.told import of_kind, shown, told
from graphsage.config.groups import ISOLATED
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.chunk_inputs import pass_sizes, ranges_of
from graphsage.nn.foretold import foretold
from graphsage.nn.jumping import Joining, joined_width
from graphsage.nn.layered import has_layers
from graphsage.nn.room import Room
from graphsage.nn.unfinished import key_of
from graphsage.nn.whole_graph import (
    CHUNK_EDGES,
    Told,
    aggregated,
    checked_out,
    chunks_of,
    entered,
    place_of,
    rows_of_a_chunk,
)
from graphsage.nn.workspace import name_of
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.passes import reduced_in_pass
from graphsage.tensors.reductions import with_own
from graphsage.tensors.store import FeatureStore


def is_typed(model):
    """Is the model a ``TypedGraphSAGE``, or what wraps one?"""
    return not isinstance(model, type) and has_layers(model) and isinstance(model.in_features, Mapping)


def typed_inference(
    model, graph, features, *, isolated="empty", device=None, chunk_edges=CHUNK_EDGES, num_layers=None, out=None, progress=None,
    room=None,
):  # fmt: skip
    """``inference`` of a typed graph: its arguments, result and bounds. room: ``Room``."""
    if not is_typed(model):
        rule = "ask other modules in batches, as model(batch)"
        raise TypeError(f"model must be a TypedGraphSAGE for a TypedGraph, got {told(model)}: {rule}")
    device, graph = place_of(model, device), of_kind("graph", graph, TypedGraph)
    if one_of("isolated", isolated, ISOLATED) == "self":
        raise ValueError("isolated='self' is of graphs with one type: of a relation without neighbours a row stays empty")
    if num_layers is not None:
        num_layers = as_count("num_layers", num_layers, least=1, most=model.num_layers)
    as_count("chunk_edges", chunk_edges, least=1)
    stores, room = _stores_of(model, graph, features), Room() if room is None else room
    last, is_one = (num_layers or model.num_layers) - 1, num_layers is None and isinstance(model.target, str)
    kinds, how = model.reads[last + 1], {"num_layers": num_layers, "chunk_edges": chunk_edges}
    outs = _outs_of({model.target: out} if is_one else out, kinds, graph, joined_width(model, num_layers))
    need, was_training = foretold(model, graph, stores, **how, has_out=len(outs) == len(kinds)), model.training
    model.eval()
    try:
        with room.space(need, device, partial(key_of, model, graph, stores, **how)) as space:
            run = _Run(model, graph, device, chunk_edges, last, space)
            joinings = {kind: run.joining(kind, num_layers, outs.get(kind)) for kind in kinds}
            run.through(stores, joinings, progress)
    finally:
        model.train(was_training)
    results = {kind: joining.result.cpu() for kind, joining in joinings.items()}
    return results[model.target] if is_one else results


class _Run:
    """The layers 0, ..., ``last`` of a model, one after the other over a whole graph."""

    def __init__(self, model, graph, device, chunk_edges, last, space):
        self.model, self.graph, self.device, self.chunk_edges, self.last = model, graph, device, chunk_edges, last
        self.space, self.starts = space, dict(zip(graph.types, graph.starts.tolist()))
        self.rows = {name: self._rows_of(name) for name in model.relations}

    def _rows_of(self, name):
        """indptr of the rows of a relation: places in the indices of all."""
        at = self.graph.index_of(name)
        return self.graph.rows.indptr[self.graph.firsts[at] : self.graph.firsts[at + 1] + 1]

    def joining(self, kind, num_layers, out):
        """Where the result of a type is put together."""
        return Joining(self.model, num_layers, self.space, self.graph.num_nodes[kind], out, kind)

    def through(self, stores, joinings, progress):
        """Fill ``joinings``, {type: Joining}, from the features."""
        model, sizes = self.model, self.graph.num_nodes
        told = Told(progress, sum(sizes[kind] for kinds in model.reads[: self.last + 2] for kind in kinds))
        width, how = model.settings.hidden_features, (self.device, told, self.space)
        h = {
            kind: entered(partial(model.enter_type, kind), width, stores[kind], *how, name_of("entered", kind))
            for kind in model.reads[0]
        }
        for depth in range(self.last + 1):
            kept = {}
            for kind in model.reads[depth + 1]:
                self._compute(depth, kind, h, kept, joinings.get(kind), told)
            before = "entered" if not depth else f"layer{depth - 1}"
            self.space.let_go(*(name_of(what, kind) for kind in h for what in (before, f"sum{depth - 1}")))
            h = kept

    def _compute(self, depth, kind, h, kept, joining, told):
        """Layer ``depth`` of one type: into ``kept`` where another layer reads it, and into its result."""
        if depth < self.last:
            shape = (self.graph.num_nodes[kind], self.model.layers[depth].out_features)
            kept[kind] = self.space.rows(name_of(f"layer{depth}", kind), *shape)
        if joining is not None:
            joining.begin(depth)
        for rows, made in self._chunks(depth, kind, h, told):
            if joining is not None:
                joining.add(depth, rows, made)
            if kind in kept:
                kept[kind][rows] = made
            self.space.done(rows.start, rows.stop)
        made = [] if joining is None else joining.made(depth)
        self.space.end(*([kept[kind]] if kind in kept else []), *made)

    def _chunks(self, depth, kind, h, told):
        """What layer ``depth`` makes of the nodes of a type, chunk by chunk: (rows, [M, width])."""
        layer = self.model.layers[depth]
        part = layer.types[kind]
        ends = [self.rows[name] - self.rows[name][0] for name in part.relations]
        indptr = sum(ends, np.zeros(self.graph.num_nodes[kind] + 1, np.int64))
        width = sum(max(one.in_features, one.out_features) for one in part.aggregators)
        most_rows = rows_of_a_chunk(self.chunk_edges, max(width, layer.out_features))
        reduces = all(one.reduction for one in part.aggregators)
        chunks = list(chunks_of(indptr, self.chunk_edges if reduces else most_rows, most_rows))
        for begin, found in self._ranges(self.space.begin(chunks, told), part):
            sums = {name: self._in_pass(one, name, h, found) for name, one in zip(part.relations, part.aggregators)}
            for start, stop in found:
                x_self = h[kind][start:stop].to(self.device)
                x_neigh, counts = {}, {}
                for name, aggregator in zip(part.relations, part.aggregators):
                    local, neighbors = self._part(name, start, stop)
                    own = None if sums[name] is None else sums[name][start - begin : stop - begin]
                    x_neigh[name] = self._aggregated(aggregator, h[name[0]], local, neighbors, x_self, own)
                    counts[name] = torch.from_numpy(np.diff(local)).to(self.device)
                yield slice(start, stop), self.model.finish(depth, layer.update(kind, x_self, x_neigh, counts))

    def _ranges(self, chunks, part):
        """(first row, chunks): so many that the sums of their rows by all relations fit memory, where they are in files."""
        if self.space.memory is None:
            return ((start, [(start, stop)]) for start, stop in chunks)
        most, _ = pass_sizes(sum(one.in_features for one in part.aggregators), self.space.memory)
        return ((found[0][0], found) for found in ranges_of(chunks, (stop - start for start, stop in chunks), most))

    def _in_pass(self, aggregator, name, h, chunks):
        """What the neighbours by a relation come to, in rows of a range of chunks, by a pass; None where they are read else."""
        table = None if self.space.memory is None or not aggregator.reduction else self.space.table(h[name[0]])
        if table is None:
            return None
        indptr = self.rows[name][chunks[0][0] : chunks[-1][1] + 1]
        _, at_once = pass_sizes(table.shape[1], self.space.memory)
        rows = self.graph.rows.indices, at_once, self.starts[name[0]]
        return torch.from_numpy(reduced_in_pass(aggregator.reduction, table, indptr, *rows))

    def _part(self, name, start, stop):
        """(indptr, neighbours within their type) of some rows of a relation."""
        indptr = self.rows[name][start : stop + 1]
        neighbors = self.graph.rows.indices[indptr[0] : indptr[-1]] - np.int32(self.starts[name[0]])
        return indptr - indptr[0], neighbors

    def _aggregated(self, aggregator, h, indptr, neighbors, x_self, own):
        """What the neighbours of some rows come to; a reduction is computed where h lies. own: what a pass made of them."""
        if own is not None:
            counts = torch.from_numpy(np.diff(indptr).astype(np.int32)).to(self.device)
            own = own.to(self.device)
            return with_own(x_self, own, counts) if aggregator.reduction == "gcn" else own
        if not aggregator.reduction:
            return aggregated(aggregator, h, indptr, neighbors, x_self, self.device)
        block = CSRMatrix.from_numpy(indptr, neighbors, None, len(h)).to(h.device)
        return aggregator(h, block, x_self.to(h.device)).to(self.device)


def _stores_of(model, graph, features):
    """{type: FeatureStore} of the types that the model reads."""
    if not isinstance(features, Mapping):
        raise TypeError(f"features must be a dict {{type: features}}, as the graph has types of nodes; got {told(features)}")
    found = {}
    for kind in model.reads[0]:
        if kind not in graph.types:
            listed = ", ".join(map(repr, graph.types))
            raise ValueError(f"the model reads nodes of type {kind!r}, and the graph has none: there are {listed}")
        if kind not in features:
            raise ValueError(f"features has no {kind!r}, which the model reads")
        store = features[kind] if isinstance(features[kind], FeatureStore) else FeatureStore(features[kind])
        shape = (graph.num_nodes[kind], model.in_features[kind])
        if store.features.shape != shape:
            rule = f"features[{kind!r}] must have shape [nodes, in_features] = {list(shape)}"
            raise ValueError(f"{rule}, got {list(store.features.shape)}")
        found[kind] = store
    return found


def _outs_of(out, kinds, graph, width):
    """{type: array} to write to, of those that there are."""
    if out is None:
        return {}
    if not isinstance(out, Mapping):
        raise TypeError(f"out must be a dict {{type: float32 array}}, got {told(out)}")
    for kind in out:
        if kind not in kinds:
            raise ValueError(f"out has {shown(kind)}, and the result is of {', '.join(map(repr, kinds))}")
    return {kind: checked_out(array, (graph.num_nodes[kind], width)) for kind, array in out.items() if array is not None}
