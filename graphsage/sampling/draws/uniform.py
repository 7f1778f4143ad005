"""Uniform: each of a row's edges with the same probability, with or without replacement."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphsage.base.checks import as_flag
from graphsage.base.jit import inline, nth, opaque, prefetch
from graphsage.base.rng import GAMMA, draw_below, mix
from graphsage.sampling.gaps import skip_gaps

BITS = 64  # of a word
SCAN_LIMIT = 64  # up to this fanout a scan of the picks so far is faster than a hash table


@dataclass(frozen=True)
class Uniform:
    """min(k, degree) distinct edges of a row, every set of that size equally likely; with ``replace``, k independent draws.

    k = -1 takes the whole row, with or without replacement.
    """

    replace: bool = False
    by_time = False
    by_weight = False

    def __post_init__(self):
        object.__setattr__(self, "replace", as_flag("replace", self.replace))

    def scratch(self, k: int) -> int:
        """int64 entries that ``pick_uniform`` needs."""
        return 1 if self.replace else set_size(k)

    def parameters(self, stand_in: bool, rows: Any, key: Any) -> tuple:
        """What kernels take as ``draw``. stand_in: an isolated node has one entry, itself."""
        return self.replace, stand_in


@inline
def set_size(k):
    """Entries of the table that holds k picks: a power of two, at most half full; 1 where a scan does without."""
    size = 1
    while k > SCAN_LIMIT and size <= 2 * k:
        size *= 2
    return size


@inline
def pick_uniform(draw, k, indices, positions, start, head, degree, key, hop_key, table, excluded, gaps):
    """k entries of the row from ``head`` on to ``positions[start:]``, asking for ``indices``. key: of the row.

    With replacement k independent ones, else k <= degree distinct ones: a uniformly random set, not a random order, by Floyd's
    method (Bentley and Floyd 1987): step j draws from [0, degree - k + j] and takes the last of that range if the draw is
    taken already. Table, bits and scan answer the same question, so the draws do not depend on which is used.
    """
    replace, _ = draw  # one function for all cases: each further one that arrays pass through costs a row its references
    if replace:
        for j in range(k):
            at = head + draw_below(key, np.uint64(j), np.uint64(degree))
            positions[nth(start + j)] = at
            prefetch(indices, at)
        skip_gaps(excluded, gaps, positions, start, k)
        return
    if k > SCAN_LIMIT:
        _with_table(indices, positions, start, head, degree, k, key, table[: set_size(k)])
        skip_gaps(excluded, gaps, positions, start, k)
        return
    if degree <= BITS:
        _by_bits(indices, positions, start, head, degree, k, key)
    else:
        _by_scan(indices, positions, start, head, degree, k, key)
    skip_gaps(excluded, gaps, positions, start, k)


@inline
def _by_bits(indices, positions, start, head, degree, k, key):
    """A word has a bit for each place of the row. Whether one is taken is hard to predict, so nothing branches on it."""
    bits = np.uint64(0)
    for j in range(k):
        last = degree - k + j
        chosen = draw_below(key, np.uint64(j), np.uint64(last + 1))
        hit = opaque((bits >> np.uint64(chosen)) & np.uint64(1))
        bits |= np.uint64(1) << np.uint64(chosen) | hit << np.uint64(last)
        chosen += -np.int64(hit) & (last - chosen)
        positions[nth(start + j)] = head + chosen
        prefetch(indices, head + chosen)


@inline
def _by_scan(indices, positions, start, head, degree, k, key):
    """A word has a bit for the picks of each remainder by 64: most draws are seen to be new without a scan."""
    bits = np.uint64(0)
    for j in range(k):
        chosen = draw_below(key, np.uint64(j), np.uint64(degree - k + j + 1))
        if (bits >> np.uint64(chosen & 63)) & np.uint64(1) and contains(positions, start, start + j, head + chosen):
            chosen = degree - k + j
        bits |= np.uint64(1) << np.uint64(chosen & 63)
        positions[nth(start + j)] = head + chosen
        prefetch(indices, head + chosen)


@inline
def contains(values, first, last, value):
    for q in range(first, last):
        if values[nth(q)] == value:
            return True
    return False


@inline
def _with_table(indices, positions, start, head, degree, k, key, taken):
    taken[:] = -1
    for j in range(k):
        last = degree - k + j
        chosen = draw_below(key, np.uint64(j), np.uint64(last + 1))
        at = slot_of(taken, chosen)
        if taken[at] >= 0:
            chosen = last
            at = slot_of(taken, chosen)
        taken[at] = chosen
        positions[nth(start + j)] = head + chosen
        prefetch(indices, head + chosen)


@inline
def slot_of(table, value):
    """Where ``value`` >= 0 stands in the open-addressing set, or would (-1 = free, size a power of two)."""
    mask = len(table) - 1
    at = np.int64(mix(np.uint64(value) * GAMMA) >> np.uint64(1)) & mask
    while table[at] >= 0 and table[at] != value:
        at = (at + 1) & mask
    return at


@inline
def shuffle(values, start, k, key):
    """``values[start:start + k]`` to uniformly random order (Fisher-Yates), by the draws k, k + 1, ... of ``key``."""
    for j in range(k - 1, 0, -1):
        other = draw_below(key, np.uint64(2 * k - 1 - j), np.uint64(j + 1))
        value = values[nth(start + j)]
        values[nth(start + j)] = values[nth(start + other)]
        values[nth(start + other)] = value
