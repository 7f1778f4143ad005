"""LABOR: rows that share neighbours choose the same ones (Balin and Catalyurek, NeurIPS 2023)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphsage.base.checks import as_flag, one_of
from graphsage.base.jit import inline, nth, prefetch
from graphsage.base.rng import exponential, fold
from graphsage.sampling.draws.smallest import NONE, heap_size, keep_none, keep_smaller, sortable, variate_bound
from graphsage.sampling.gaps import is_gap

PER = ("batch", "hop")
BATCH = np.array([2**64 - 2], np.uint64)  # stands where a hop's number stands in the key of a variate that all hops share

LINE = 16  # ids in a cache line
CHUNK = 64  # edges whose variates are made together
HOPS_OWN = np.uint64(0)  # stands for the key of each hop; a batch has that key with probability 2^-64


@dataclass(frozen=True)
class Labor:
    """min(k, degree) distinct edges of a row: those whose neighbours have the smallest of variates that all rows share.

    Each row alone is as with ``Uniform()``, or ``Weighted()`` with ``weighted=True``; but rows that share a neighbour tend to
    take it together, so that a batch has fewer nodes. per: a neighbour has one variate a "batch", or one a "hop", with which
    what a deeper hop takes does not depend on the hops before. weighted: the variate of edge j is exponential of rate w_j.
    A neighbour that a row lists more than once has one variate there; ties are for the first edges.

    The paper takes a neighbour if its variate is below a bound of the row's, which gives about k; the k smallest are the same
    rule with exactly k (sequential Poisson sampling, Ohlsson 1998).
    """

    per: str = "batch"
    weighted: bool = False
    by_time = False
    replace = False

    def __post_init__(self):
        one_of("per", self.per, PER)
        object.__setattr__(self, "weighted", as_flag("weighted", self.weighted))

    @property
    def by_weight(self) -> bool:
        """Does the draw read weights?"""
        return self.weighted

    def scratch(self, k: int) -> int:
        """int64 entries that ``pick_labor`` needs."""
        return CHUNK + max(k, 0) + heap_size(k)

    def parameters(self, stand_in: bool, rows: Any, key: Any) -> tuple:
        """What kernels take as ``draw``. key: of the batch."""
        batch_key = fold(np.array([key]), BATCH)[0] if self.per == "batch" else HOPS_OWN
        return False, stand_in, rows.weights if self.weighted else None, batch_key


@inline
def pick_labor(draw, k, indices, positions, start, head, degree, key, hop_key, table, excluded, gaps):
    """The k positions of the smallest variates in the row from ``head`` on to ``positions[start:]``."""
    _, _, weights, batch_key = draw
    bounds, places, heap = table[:CHUNK], table[CHUNK : CHUNK + k], table[CHUNK + k :]
    keep_none(heap, places, k)
    shared_key = hop_key if batch_key == HOPS_OWN else batch_key
    last = head + degree + gaps[1] - gaps[0]
    for first in range(head, last, CHUNK):
        end = min(first + CHUNK, last)
        if _least(weights, indices, first, end, shared_key, bounds) >= heap[0]:
            continue
        for at in range(first, end):
            if bounds[at - first] < heap[0] and not is_gap(excluded, gaps, at):
                value = _variate(weights, at, fold(shared_key, np.uint64(indices[at])))
                if value < heap[0]:
                    keep_smaller(heap, places, value, at)
    for j in range(k):
        positions[nth(start + j)] = places[j]


@inline
def _least(weights, indices, first, end, key, bounds):
    """Lower bounds of the variates of the edges [first, end) to ``bounds``, by vector instructions; returns the least."""
    row, least = indices[first:end], NONE
    for j in range(len(row)):
        bound = _bound(weights, nth(first + j), fold(key, np.uint64(row[j])))
        least = bound if bound < least else least
        bounds[j] = bound
    return least


@inline
def _bound(weights, at, h):
    if weights is None:  # decided at compilation, as below
        return np.int64(h >> np.uint64(2))
    return variate_bound(h, weights[at])


@inline
def _variate(weights, at, h):
    if weights is None:
        return np.int64(h >> np.uint64(2))
    return sortable(exponential(h) / np.float64(weights[at]))


@inline
def ask_row(draw, indptr, indices, v):
    """Ask for the beginning of a row that is read soon; the processor sees by itself how it goes on."""
    head, end = indptr[nth(v)], indptr[nth(v + 1)]
    for at in range(head, min(end, head + 4 * LINE), LINE):
        prefetch(indices, at)
