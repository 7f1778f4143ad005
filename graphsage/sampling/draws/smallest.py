"""The k smallest of a row's values, as a heap with the largest of them on top: what draws by keyed variates keep."""

import numpy as np

from graphsage.base.jit import inline
from graphsage.base.rng import exponential, unit

NONE = np.int64(2**63 - 1)  # above every value


@inline
def sortable(value):
    """The bits of a float64 >= 0 as int64, which sort as the numbers do."""
    return np.float64(value).view(np.int64)


@inline
def variate(h, weight, bound):
    """The exponential variate of rate ``weight`` that ``h`` is, sortable; NONE where that is plainly not below ``bound``."""
    if variate_bound(h, weight) >= bound:
        return NONE
    return sortable(exponential(h) / np.float64(weight))


@inline
def variate_bound(h, weight):
    """What the variate is not below: -log(1 - u) >= u, so most need no logarithm."""
    return sortable(0.999 * unit(h) / np.float64(weight))


@inline
def heap_size(k):
    """int64 entries of a heap of k values: the values, and below each of the last ones two that are smaller."""
    return 2 * max(k, 0) + 1


@inline
def keep_none(heap, places, k):
    """Start afresh: k values that any other is below, heap[0] on top, and ``places`` [k], which they stand for, -1."""
    heap[:k] = NONE
    for at in range(k, 2 * k + 1):
        heap[at] = -2 + (at & 1)  # never larger than what is above, and no tie between two of them
    places[:] = -1  # a tie between two that are none must not depend on what was there


@inline
def keep_smaller(heap, places, value, place):
    """Let ``value`` < ``heap[0]`` and its place take the place of the largest of them.

    Places come in rising order. Of equal values the later one counts as larger, so that ties are for the first. Which of two
    is larger is as good as random, so no branch asks for it.
    """
    at = np.uint64(0)
    while True:
        child = np.uint64(2) * at + np.uint64(1)
        left, right = heap[child], heap[child + np.uint64(1)]
        is_right = left < right
        if left == right:
            is_right = places[child] < places[child + np.uint64(1)]
        child += np.uint64(is_right)
        if heap[child] <= value:
            break
        heap[at], places[at] = heap[child], places[child]
        at = child
    heap[at], places[at] = value, place
