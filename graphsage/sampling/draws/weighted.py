"""Weighted: each of a row's edges with a probability in proportion to its weight."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphsage.base.checks import as_flag
from graphsage.base.jit import inline, kernel, nth, prefetch
from graphsage.base.rng import fold, scale, unit
from graphsage.sampling.draws.smallest import heap_size, keep_none, keep_smaller, variate
from graphsage.sampling.draws.uniform import SCAN_LIMIT, contains, set_size, slot_of
from graphsage.sampling.gaps import is_gap

TRIES = 2  # an edge asked for, before the rest goes by a race: more would be spent on rows that a few edges dominate


@dataclass(frozen=True)
class Weighted:
    """min(k, degree) distinct edges of a row, one after the other, each in proportion to its weight among those left.

    With ``replace``, k independent draws in proportion to the weights. k = -1 takes the whole row. An edge of weight 0 is
    never drawn, nor taken with its row: a node that has no other edges is an isolated one. Needs a graph with weights.
    """

    replace: bool = False
    by_time = False
    by_weight = True

    def __post_init__(self):
        object.__setattr__(self, "replace", as_flag("replace", self.replace))

    def scratch(self, k: int) -> int:
        """int64 entries that ``pick_weighted`` needs."""
        return 2 * max(k, 0) + set_size(k) + heap_size(k)

    def parameters(self, stand_in: bool, rows: Any, key: Any) -> tuple:
        """What kernels take as ``draw``; rows: the graph's (``graphsage.sampling.rows``)."""
        return self.replace, stand_in, rows.sums, rows.cells, rows.weights


@inline
def pick_weighted(draw, k, indices, positions, start, head, degree, key, hop_key, table, excluded, gaps):
    """k positions of the row from ``head`` on to ``positions[start:]``, asking for ``indices`` there. key: of the row.

    Without replacement: draws with replacement of which repeats are passed over, which is the distribution asked for; what
    is missing after ``TRIES`` * k of them goes to the smallest of independent exponential variates of rate w_j, one an edge
    not taken so far. The next edge that a series without repeats would show has the same distribution, whatever came before.
    Gaps are passed over like repeats.
    """
    replace, _, sums, cells, weights = draw
    degree += gaps[1] - gaps[0]
    if replace and gaps[1] > gaps[0]:
        _around_gaps(sums, cells, weights, positions, start, k, head, degree, key, excluded, gaps)
        return
    if replace:
        search(sums, cells, head, degree, key, 0, k, positions, start)
        for j in range(start, start + k):
            prefetch(indices, positions[nth(j)])
        return
    taken, count, first = table[k : k + set_size(k)], 0, 0
    taken[:] = -1
    while count < k and first < TRIES * k:
        tries = min(k - count, TRIES * k - first)
        search(sums, cells, head, degree, key, first, tries, table, 0)
        for at in table[:tries]:
            if not is_taken(taken, positions, start, count, k, at) and not is_gap(excluded, gaps, at):
                if k > SCAN_LIMIT:
                    taken[slot_of(taken, at)] = at
                positions[nth(start + count)] = at
                prefetch(indices, at)
                count += 1
        first += tries
    if count < k:
        _race(weights, positions, start, count, k, head, degree, key, taken, table[k + set_size(k) :], excluded, gaps)


@inline
def _around_gaps(sums, cells, weights, positions, start, k, head, degree, key, excluded, gaps):
    """k draws with replacement of which gaps are passed over; those missing after ``TRIES`` * k look through the row."""
    count, first = 0, 0
    while count < k and first < TRIES * k:
        tries = min(k - count, TRIES * k - first)
        at = start + count
        search(sums, cells, head, degree, key, first, tries, positions, at)
        for q in range(at, at + tries):
            if not is_gap(excluded, gaps, positions[q]):
                positions[start + count] = positions[q]
                count += 1
        first += tries
    if count < k:
        _look_through(weights, positions, start, count, k, head, degree, key, excluded, gaps)


@inline
def _look_through(weights, positions, start, count, k, head, degree, key, excluded, gaps):
    total = 0.0
    for at in range(head, head + degree):
        total += 0.0 if is_gap(excluded, gaps, at) else np.float64(weights[at])
    for j in range(count, k):
        aim, reached = unit(fold(key, np.uint64(TRIES * k + j))) * total, 0.0
        for at in range(head, head + degree):
            if reached <= aim and not is_gap(excluded, gaps, at):  # the last one stays where rounding leaves the aim above all
                reached += weights[at]
                positions[start + j] = at


@inline
def search(sums, cells, head, degree, key, first, count, found, start):
    """Places of the draws first, first + 1, ... of ``key`` to ``found[start : start + count]``.

    All draws make each step together: their reads do not wait for one another.
    """
    if sums is not None:  # decided at compilation, as is the next
        _by_halves(sums, head, degree, key, first, count, found, start)
    if cells is not None:
        _by_cells(cells, head, degree, key, first, count, found, start)


@inline
def _by_cells(cells, head, degree, key, first, count, found, start):
    size, bits = np.uint64(degree), place_bits(degree)
    mask = (np.uint64(1) << bits) - np.uint64(1)
    for j in range(count):
        h = fold(key, np.uint64(first + j))
        cell = scale(h, size)
        packed = cells[nth(head + np.int64(cell))]
        kept = (h * size) >> bits < packed >> bits  # what ``scale`` left of h, against the cell's bound
        found[nth(start + j)] = head + np.int64(cell if kept else packed & mask)


@inline
def place_bits(degree):
    """How many bits hold a place in a row of ``degree`` edges (one more where they are a power of two): uint64."""
    return np.uint64((np.float64(degree).view(np.int64) >> 52) - 1022)


@inline
def _by_halves(sums, head, degree, key, first, count, found, start):
    """Draw j aims at a share of the row's sum: the first position whose sum is above it; the last one may be equal."""
    total = sums[nth(head + degree - 1)]
    for q in range(start, start + count):
        found[nth(q)] = head
    size = degree
    while size > 1:
        half = size >> 1
        for j in range(count):
            low, aim = found[nth(start + j)], unit(fold(key, np.uint64(first + j))) * total
            found[nth(start + j)] = low + half if sums[nth(low + half - 1)] <= aim else low
        size -= half


@kernel
def fill_cells(indptr, weights, cells):
    """Alias tables of the rows (Walker 1977; swept as by Huebschle-Schneider and Sanders 2019, section 3.2), in ``cells``.

    A row of d edges has d cells of equal probability. Place i keeps a share of cell i, its bound, in the upper bits; the rest
    is another place's, in the lower ``place_bits``. A probability is right to rounding, or to 2^-33 / d in the longest of rows.
    """
    for row in range(len(indptr) - 1):
        head, end = indptr[row], indptr[row + 1]
        if head < end:
            _sweep(weights, cells, head, end)


@inline
def _sweep(weights, cells, head, end):
    share = 0.0  # of each cell
    for at in range(head, end):
        share += weights[at] / np.float64(end - head)
    bits = place_bits(end - head)
    light, heavy = _next(weights, head, end, share, False), _next(weights, head, end, share, True)
    left = np.float64(weights[heavy]) if heavy < end else 0.0  # of the heavy place's weight
    while heavy < end:
        if left > share and light < end:
            cells[light] = _packed(bits, weights[light] / share, heavy - head)
            left -= share - weights[light]
            light = _next(weights, light + 1, end, share, False)
        else:
            following = _next(weights, heavy + 1, end, share, True)
            cells[heavy] = _packed(bits, left / share, following - head if following < end else heavy - head)
            left += (weights[following] if following < end else 0.0) - share
            heavy = following
    while light < end:  # what rounding left over
        cells[light] = _packed(bits, 1.0, light - head)
        light = _next(weights, light + 1, end, share, False)


@inline
def _next(weights, at, end, share, heavy):
    while at < end and (weights[at] > share) != heavy:
        at += 1
    return at


@inline
def _packed(bits, share, other):
    most = (np.uint64(1) << (np.uint64(64) - bits)) - np.uint64(1)
    bound = most if share >= 1.0 else np.uint64(max(share, 0.0) * np.float64(most))
    return bound << bits | np.uint64(other)


@inline
def is_taken(taken, positions, start, count, k, at):
    """Is position ``at`` among the ``count`` that were chosen?"""
    if k > SCAN_LIMIT:
        return taken[slot_of(taken, at)] == at
    return contains(positions, start, start + count, at)


@inline
def _race(weights, positions, start, count, k, head, degree, key, taken, heap, excluded, gaps):
    """The k - count edges of the smallest variates, of those not taken, to ``positions[start + count : start + k]``."""
    left = k - count
    places, heap = heap[:left], heap[left:]
    keep_none(heap, places, left)
    for j in range(degree):
        if not is_taken(taken, positions, start, count, k, head + j) and not is_gap(excluded, gaps, head + j):
            value = variate(fold(key, np.uint64(TRIES * k + j)), weights[nth(head + j)], heap[0])
            if value < heap[0]:
                keep_smaller(heap, places, value, head + j)
    for j in range(left):
        positions[start + count + j] = places[j]
