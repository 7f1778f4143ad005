"""Arrays read through from their first row to the last, in parts."""

import numpy as np

from graphsage.base.memory import map_of


def in_order(array, count):
    """(first row, the next ``count`` rows or what is left), through the whole array; an empty one is one part.

    Of a mapped array the part after that is asked for already.
    """
    is_asked = map_of(array) is not None and array.flags.c_contiguous
    for start in range(0, max(1, len(array)), count):
        if is_asked:
            from graphsage.base.mapped import will_need  # which loads the compiler

            will_need(array, np.array([start]), np.array([min(start + 2 * count, len(array))]))
        yield start, array[start : start + count]
