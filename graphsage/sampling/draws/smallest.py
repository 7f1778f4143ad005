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
    """The exponential variate of rate ``weight`` that ``h`` is, sortable; NONE where that is plainly not below ``bound``.

    -log(1 - u) >= u, so most need no logarithm.
    """
    weight = np.float64(weight)
    if sortable(0.999 * unit(h) / weight) >= bound:
        return NONE
    return sortable(exponential(h) / weight)


@inline
def keep_none(values, positions, start, k):
    """Start afresh: k values that any other is below."""
    values[:k] = NONE
    positions[start : start + k] = -1  # a tie between two of them must not depend on what was there


@inline
def keep_smaller(values, positions, start, k, value, position):
    """Let ``value`` < ``values[0]`` take the place of the largest of ``values[:k]``; ``positions[start:start + k]`` follow.

    Positions come in rising order. Of equal values the later one counts as larger, so that ties are for the first.
    """
    at = 0
    while True:
        child = 2 * at + 1
        if child + 1 < k and _is_below(values, positions, start, child, child + 1):
            child += 1
        if child >= k or values[child] <= value:
            break
        values[at], positions[start + at] = values[child], positions[start + child]
        at = child
    values[at], positions[start + at] = value, position


@inline
def _is_below(values, positions, start, a, b):
    if values[a] == values[b]:
        return positions[start + a] < positions[start + b]
    return values[a] < values[b]
