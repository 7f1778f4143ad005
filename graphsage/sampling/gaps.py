"""Gaps: positions in a row that are drawn around, as if they were not there.

A row of d edges with m gaps is drawn as a row of d - m, and the places in it are mapped back, skipping the gaps:

    d = 6, gaps at 1 and 4:   places 0 1 2 3  are the positions  0 2 3 5

``excluded`` is None in kernels that have none of this in them, else that of ``graphsage.sampling.exclusion``. gaps:
(first, last), where those of a row stand in it.
"""

from graphsage.base.jit import inline


@inline
def skip_gaps(excluded, gaps, positions, start, count):
    """Turn ``positions[start : start + count]``, as they are in a row without gaps, into those of the row with them."""
    if excluded is not None and gaps[0] < gaps[1]:
        for q in range(start, start + count):
            low, high = gaps
            while low < high:  # how many gaps lie before: gap j has so many places before it as it has positions, less j
                middle = (low + high) >> 1
                if excluded[middle] - (middle - gaps[0]) <= positions[q]:
                    low = middle + 1
                else:
                    high = middle
            positions[q] += low - gaps[0]


@inline
def is_gap(excluded, gaps, position):
    """Is ``position`` one of the gaps [first, last)?"""
    if excluded is None:
        return False
    first, last = gaps
    while first < last:
        middle = (first + last) >> 1
        if excluded[middle] < position:
            first = middle + 1
        elif excluded[middle] > position:
            last = middle
        else:
            return True
    return False
