"""The rows of a graph in the order that a draw reads them, with what else it reads of them."""

from dataclasses import dataclass
from hashlib import sha256
from weakref import WeakKeyDictionary

import numpy as np

from graphsage.base.checks import read_only
from graphsage.base.jit import kernel
from graphsage.graph.build import indptr_of
from graphsage.sampling.draws.weighted import fill_cells

MOST = np.float64(1e290)  # of a weight: 2^31 of them have a sum, and the share of 2^31 others is no subnormal
SHORT = 64  # edges: rows up to that are sorted by insertion


@dataclass(frozen=True, eq=False)
class Rows:
    """indptr, indices: CSR, as in a Graph.

    origin: int64[E], the position of each edge in the graph; None: they are the same.
    times: of each edge, rising within a row; weights: of each edge, all > 0; sums: float64, those of the weights within a row
    so far, of rows sorted by time; cells: uint64, the alias tables of other rows (``fill_cells``). None where nobody asked.
    """

    indptr: np.ndarray
    indices: np.ndarray
    origin: np.ndarray | None = None
    times: np.ndarray | None = None
    weights: np.ndarray | None = None
    sums: np.ndarray | None = None
    cells: np.ndarray | None = None


_KEPT = WeakKeyDictionary()  # graph: {what was asked for: rows}; samplers of a graph share them


def arranged(graph, by_time, by_weight, node_times=None):
    """The ``Rows`` of ``graph``: sorted by time, or without edges of weight 0, or both; made once a graph.

    node_times: an edge exists from the later of its own time and that of the node it comes from; the last ones are kept.
    """
    kept, name = _KEPT.setdefault(graph, {}), (by_time, by_weight, node_times is not None)
    mark = None if node_times is None else sha256(node_times).digest()
    if name not in kept or kept[name][0] != mark:
        kept[name] = mark, arrange(graph, by_time, by_weight, node_times)
    return kept[name][1]


def arrange(graph, by_time, by_weight, node_times=None):
    """The same, not kept."""
    indptr, indices = graph.indptr, graph.indices
    times = np.ascontiguousarray(edge_times(graph, node_times)) if by_time else None
    weights = graph.weights if by_weight else None
    origin = _order(graph, times, weights)
    if origin is not None:
        rows = np.repeat(np.arange(graph.num_nodes), graph.degrees)[origin]
        indptr, indices = indptr_of(np.bincount(rows, minlength=graph.num_nodes)), indices[origin]
        times, weights = (None if values is None else values[origin] for values in (times, weights))
    tables = {} if weights is None else _tables(indptr, _moderate(weights), by_time)
    arrays = {"indptr": indptr, "indices": indices, "origin": origin, "times": times, "weights": weights, **tables}
    return Rows(**{name: None if a is None else read_only(np.ascontiguousarray(a)) for name, a in arrays.items()})


_BY_SOURCE = WeakKeyDictionary()  # rows: the positions of each by source, or None where they are in that order
_RISING = WeakKeyDictionary()  # rows: their ids in rising order


def by_source(rows):
    """int64: the positions of each of ``rows`` by source, or None where they are in that order; made once for these rows."""
    if rows not in _BY_SOURCE:
        order = None
        if not rises(rows.indptr, rows.indices):
            order = np.empty(len(rows.indices), np.int64)
            sort_rows(rows.indptr, rows.indices, order)
        _BY_SOURCE[rows] = order
    return _BY_SOURCE[rows]


def rising_ids(rows):
    """int32: the ids of each of ``rows`` in rising order, to look one up in; made once for these rows."""
    if rows not in _RISING:
        order = by_source(rows)
        _RISING[rows] = read_only(rows.indices if order is None else rows.indices[order])
    return _RISING[rows]


def edge_times(graph, node_times):
    """From when on each edge is there: its own time, or that of the node it comes from if that is later."""
    if node_times is None:
        return graph.times
    of_sources = node_times[graph.indices]
    return of_sources if graph.times is None else np.maximum(graph.times, of_sources)


def _order(graph, times, weights):
    """The positions of the graph's edges in the order of the rows, or None if they stay where they are."""
    origin = None
    if times is not None and not rises(graph.indptr, times):
        origin = np.empty(len(times), np.int64)
        sort_rows(graph.indptr, times, origin)
    if weights is not None and not weights.all():
        origin = np.flatnonzero(weights) if origin is None else origin[weights[origin] > 0]
    return origin


def rises(indptr, times):
    """Do the times rise within each row?"""
    falls = times[1:] < times[:-1]
    starts = indptr[(indptr > 0) & (indptr < len(times))]
    falls[starts - 1] = False
    return not falls.any()


def _moderate(weights):
    """``weights`` if their sums and shares are numbers."""
    bad = (weights < 1 / MOST) | (weights > MOST)
    if bad.any():
        rule = f"be 0 or between {1 / MOST:g} and {MOST:g} to be drawn by"
        raise ValueError(f"weights must {rule}, got {weights[np.argmax(bad)]}: multiply them by a constant")
    return weights


def _tables(indptr, weights, by_time):
    """What a weighted draw looks its edges up in."""
    if by_time:
        sums = np.empty(len(weights))
        add_up(indptr, weights, sums)
        return {"sums": sums}
    cells = np.empty(len(weights), np.uint64)
    fill_cells(indptr, weights, cells)
    return {"cells": cells}


@kernel
def sort_rows(indptr, times, origin):
    """The positions of each row in the order of ``times`` to ``origin``; of equal times the first stays first."""
    for row in range(len(indptr) - 1):
        start, end = indptr[row], indptr[row + 1]
        if end - start > SHORT:
            origin[start:end] = start + np.argsort(times[start:end], kind="mergesort")
            continue
        for position in range(start, end):
            at = position
            while at > start and times[origin[at - 1]] > times[position]:
                origin[at] = origin[at - 1]
                at -= 1
            origin[at] = position


@kernel
def add_up(indptr, weights, sums):
    """The sums of ``weights`` within each row so far."""
    for row in range(len(indptr) - 1):
        total = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            total += weights[at]
            sums[at] = total
