"""Edges that a batch must not see: each row is drawn as if they were not there, at every hop.

``excluded`` is None in kernels that have none of this in them, else one int64 array, as each further one would cost every row
its references: S - 1; a hash table of S slots, nodes or -1; of each slot first; of each slot last; and the positions of all
hidden edges. Those in the row of a slot's node are ``excluded[first:last]``, rising. What is done with them stands in
``graphsage.sampling.gaps``.
"""

import numpy as np

from graphsage.base.jit import inline, lean_kernel
from graphsage.base.rng import GAMMA
from graphsage.sampling.arranged import by_source

HIGH = np.uint64(32)  # bits of a product that its hash leaves out


def excluded_between(pairs, rows):
    """``excluded`` of all edges between the two nodes of a pair, either way; None where there is none.

    pairs: int64[m, 2]; rows: ``Rows``. Takes m log d, once the rows are known by source.
    """
    return excluded_at(np.concatenate([pairs, pairs[:, ::-1]]), rows)


def excluded_at(pairs, rows):
    """The same of the edges (row, source), this way only."""
    keys = np.unique(pairs[:, 0] << 32 | pairs[:, 1])
    order, starts, counts = by_source(rows), np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    find_edges(keys, rows.indptr, rows.indices, order, starts, counts)
    ends = np.cumsum(counts)
    if not len(keys) or not ends[-1]:
        return None
    gaps = np.arange(ends[-1]) + np.repeat(starts - ends + counts, counts)
    gaps = gaps if order is None else np.sort(order[gaps])  # rows rise with the keys, so each keeps its place
    nodes = np.repeat(keys >> 32, counts)
    firsts = np.flatnonzero(np.diff(nodes, prepend=-1))
    return _hashed(nodes[firsts], firsts, np.append(firsts[1:], len(gaps)), gaps)


def _hashed(nodes, firsts, lasts, gaps):
    size = 1 << (2 * len(nodes)).bit_length()
    excluded = np.full(1 + 3 * size + len(gaps), -1)
    excluded[0] = size - 1
    excluded[1 + 3 * size :] = gaps
    enter(nodes, firsts + 1 + 3 * size, lasts + 1 + 3 * size, excluded)
    return excluded


@lean_kernel
def find_edges(keys, indptr, indices, order, starts, counts):
    """Where the edges of each key (row << 32 | source) start in their row by source, and how many there are."""
    for i in range(len(keys)):
        row, source = keys[i] >> 32, keys[i] & 0xFFFFFFFF
        starts[i] = _first(indices, order, indptr[row], indptr[row + 1], source)
        counts[i] = _first(indices, order, starts[i], indptr[row + 1], source + 1) - starts[i]


@inline
def _first(indices, order, low, high, source):
    """The first place of [low, high) whose neighbour is ``source`` or above."""
    while low < high:
        middle = (low + high) >> 1
        if _neighbor(indices, order, middle) < source:
            low = middle + 1
        else:
            high = middle
    return low


@inline
def _neighbor(indices, order, place):
    if order is None:  # decided at compilation
        return indices[place]
    return indices[order[place]]


@lean_kernel
def enter(nodes, firsts, lasts, excluded):
    """``nodes`` into the hash table, with the places of their positions."""
    for i in range(len(nodes)):
        at = _slot(excluded, nodes[i])
        size = excluded[0] + 1
        excluded[at], excluded[at + size], excluded[at + 2 * size] = nodes[i], firsts[i], lasts[i]


@inline
def _slot(excluded, v):
    """Where node ``v`` stands in the hash table, or would. Every row asks: a product is the cheapest hash that will do."""
    place = np.int64(np.uint64(v) * GAMMA >> HIGH) & excluded[0]
    while excluded[1 + place] >= 0 and excluded[1 + place] != v:
        place = (place + 1) & excluded[0]
    return 1 + place


@inline
def span_of(excluded, v, end):
    """(first, last) of the gaps in row v that lie before position ``end``."""
    if excluded is None:
        return 0, 0
    at = _slot(excluded, v)
    if excluded[at] < 0:
        return 0, 0
    first, last = excluded[at + excluded[0] + 1], excluded[at + 2 * (excluded[0] + 1)]
    while last > first and excluded[last - 1] >= end:
        last -= 1
    return first, last
