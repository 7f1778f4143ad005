"""random_walks: keyed walks along the rows of a graph, of first order or of second (node2vec)."""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base import rng
from graphsage.base.checks import as_count, as_ids, one_of, refuse_giants
from graphsage.base.jit import inline, kernel, prefetch
from graphsage.base.rng import draw_below, fold, unit
from graphsage.base.threads import ordered_map
from graphsage.base.told import of_kind, shown
from graphsage.graph.graph import Graph
from graphsage.sampling.arranged import arranged, rising_ids
from graphsage.sampling.draws import Draw, Labor, Recent, as_draw, refuse_unfit
from graphsage.sampling.draws.weighted import search
from graphsage.sampling.membership import holds
from graphsage.sampling.neighbor import STREAMS

BLOCK = 32  # walks that take a step together, so that their reads do not wait for one another
LEAST, MOST = 1e-6, 1e6  # of p and q: their ratios, times a weight, stay numbers


def random_walks(
    graph: Graph,
    starts: ArrayLike,
    length: int,
    *,
    p: float = 1.0,
    q: float = 1.0,
    draw: str | Draw = "uniform",
    weights: str = "refuse",
    seed: int = 0,
    epoch: int = 0,
    step: int = 0,
    stream: str = "train",
    num_threads: int = 1,
) -> np.ndarray:
    """A walk of ``length`` steps from each of ``starts``: int64 [B, length + 1], the start first.

    A step from v goes to a neighbour in row v, so to a node that v aggregates **from**: against the edges of a directed graph,
    and both ways where each edge has its reverse. A neighbour that a row lists twice is twice as likely. A node without
    neighbours has no way on, and the walk stays there to its end.

    graph: ``Graph`` with N nodes; its times are not looked at. starts: integers [B] in [0, N); repeats walk independently,
        and no starts give no walks.
    p, q: from 1e-6 to 1e6. From t over v, the step to x is in proportion to the edge's own probability times 1/p where x is t,
        1 where row t has x, and 1/q elsewhere (Grover and Leskovec 2016, section 3.2). A low p turns back, a low q goes away.
        The first step has no t, and 1, 1 is the walk of first order.
    draw: "uniform", or "weighted": in proportion to the weights of the graph; an edge of weight 0 is none.
    weights: "ignore" lets a uniform walk pass over the weights of a graph that has some; else that is refused.
    seed, epoch, step, stream: as in ``NeighborSampler``. Walk i is a function of these and i alone, so it is the same among
        other walks, and on any number of threads, ``num_threads``.

    Raises TypeError or ValueError, in one sentence, for what is none of that.
    """
    draw = _draw_of_steps(draw, of_kind("graph", graph, Graph), weights)
    starts = as_ids("starts", starts, graph.num_nodes)
    length = as_count("length", length, least=1)
    refuse_giants(f"{len(starts)} walks of {length} steps", 8 * len(starts) * (length + 1))
    rows = arranged(graph, False, draw.by_weight)
    bias = _bias(rows, as_bias("p", p), as_bias("q", q))
    part = STREAMS[one_of("stream", stream, tuple(STREAMS))]
    epoch, step = as_count("epoch", epoch, most=2**64 - 1), as_count("step", step, most=2**64 - 1)
    key = rng.stream_key(seed, rng.WALK, part, epoch, step, rng.REPLICA)
    walks = np.empty((len(starts), length + 1), np.int64)
    walks[:, 0] = starts
    _on_threads((rows.indptr, rows.indices, rows.cells, rows.weights), bias, key, walks, as_count("num_threads", num_threads))
    return walks


def _draw_of_steps(draw, graph, weights):
    if draw in ("recent", "labor") or isinstance(draw, Recent | Labor):
        raise ValueError(f'draw = {draw} has no meaning in a walk: take "uniform" or "weighted"')
    draw = as_draw(draw, False)  # a step is one edge: with replacement or without is the same
    refuse_unfit(draw, graph, weights)
    return draw


def as_bias(name, value):
    """``value`` as a float, if it is a p or q that walks can have."""
    if not isinstance(value, Real) or isinstance(value, bool) or not LEAST <= value <= MOST:
        raise ValueError(f"{name} must be a number from {LEAST:g} to {MOST:g}, got {shown(value)}")
    return float(value)


def _bias(rows, p, q):
    """(ids of the rows, rising; the shares at which a step back, near and away is taken); None: a walk of first order."""
    if p == q == 1:
        return None
    most = max(1 / p, 1.0, 1 / q)
    return rising_ids(rows), 1 / p / most, 1 / most, 1 / q / most


def _on_threads(rows, bias, key, walks, num_threads):
    """Walk in as many parts as there are threads; a part is a range of walks."""
    parts = max(1, num_threads)
    ends = [len(walks) * part // parts for part in range(parts + 1)]
    spans = [(first, end) for first, end in zip(ends, ends[1:]) if first < end]
    for _ in ordered_map(lambda span: walk(rows, bias, key, walks, *span), spans, len(spans) if len(spans) > 1 else 0):
        pass


@kernel
def walk(rows, bias, key, walks, first, end):
    """Fill the walks [first, end) behind their starts. rows: (indptr, indices, cells or None, weights or None)."""
    indptr, indices = rows[0], rows[1]
    positions, cell = np.empty(BLOCK, np.int64), np.empty(1, np.int64)
    for start in range(first, end, BLOCK):
        stop = min(start + BLOCK, end)
        for i in range(start, stop):
            prefetch(indptr, walks[i, 0])
        for hop in range(walks.shape[1] - 1):
            for i in range(start, stop):
                step_key = fold(fold(key, np.uint64(i)), np.uint64(hop))
                positions[i - start] = _next(rows, rows[2], bias, step_key, walks, i, hop, cell)
                prefetch(indices, max(positions[i - start], 0))
            for i in range(start, stop):
                at = positions[i - start]
                walks[i, hop + 1] = indices[at] if at >= 0 else walks[i, hop]
                prefetch(indptr, walks[i, hop + 1])


@inline
def _next(rows, cells, bias, key, walks, i, hop, cell):
    """The position of the edge that walk i takes at ``hop``; -1 where there is none."""
    v = walks[i, hop]
    head = rows[0][v]
    degree = rows[0][v + 1] - head
    if degree < 2:
        return head + degree - 1 if degree else -1
    if bias is not None:  # decided at compilation
        if hop > 0:
            return _biased(rows, cells, rows[3], bias, key, walks[i, hop - 1], head, degree, cell)
    return _plain(cells, head, degree, key, 0, cell)


@inline
def _plain(cells, head, degree, key, number, cell):
    """Draw ``number`` of ``key``: a position of the row, each equally likely or by its weight."""
    if cells is None:  # decided at compilation
        return head + draw_below(key, np.uint64(number), np.uint64(degree))
    search(None, cells, head, degree, key, number, 1, cell, 0)
    return cell[0]


@inline
def _biased(rows, cells, weights, bias, key, before, head, degree, cell):
    """A step of second order: plain ones are tried, and each is taken with its share.

    The row is searched where none of ``degree`` tries was taken, so a step never costs more than about two searches. Both
    ways have the distribution asked for, and so has their mixture: whether a try fails tells nothing of the next.
    """
    first, end = rows[0][before], rows[0][before + 1]
    for j in range(degree):
        at = _plain(cells, head, degree, key, 2 * j, cell)
        if unit(fold(key, np.uint64(2 * j + 1))) < _share(bias, rows[1][at], before, first, end):
            return at
    total = 0.0
    for at in range(head, head + degree):
        total += _mass(weights, at) * _share(bias, rows[1][at], before, first, end)
    aim = unit(fold(key, np.uint64(2 * degree))) * total
    for at in range(head, head + degree - 1):
        aim -= _mass(weights, at) * _share(bias, rows[1][at], before, first, end)
        if aim < 0:
            return at
    return head + degree - 1


@inline
def _mass(weights, at):
    if weights is None:
        return 1.0
    return np.float64(weights[at])


@inline
def _share(bias, x, before, first, end):
    """At which share a step to x is taken that came from ``before``, whose row is [first, end)."""
    ids, back, near, away = bias
    if x == before:
        return back
    return near if holds(ids, first, end, x) else away
