"""Is a value in a sorted part of an array? For rows of neighbours that rise."""

from graphsage.base.jit import inline


@inline
def holds(values, first, end, value):
    """Is ``value`` among the rising ``values[first:end]``? By halves."""
    low, high = first, end
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low < end and values[low] == value
