"""How many edges of a row a draw takes: one rule for all of them, by the first two of a draw's parameters."""

import numpy as np

from graphsage.base.jit import inline


@inline
def takes_all(draw, degree, k):
    """Is a row of ``degree`` >= 1 edges taken whole, in its order? k < 0: all are asked for. draw[0]: with replacement?"""
    return k < 0 or (degree <= k and not draw[0])


@inline
def entries(draw, degree, k):
    """How many entries a row of ``degree`` edges has in a batch. draw[1]: is an isolated node its own neighbour?"""
    if degree == 0:
        return np.int64(draw[1])
    return degree if takes_all(draw, degree, k) else k
