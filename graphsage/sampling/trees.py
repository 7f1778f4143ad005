"""The disjoint form in the kernels: B neighbourhoods that share nothing, each with a time of its own if there are times.

``forest`` is None in the unique form, whose kernels have none of this in them, else (trees, owners, until): the tree of each
node of the batch, int32; the tree of each edge, int32; and None, or (times, bounds): of each edge of the graph, rising within a
row, and of each tree, which knows the edges of a row whose time is at most its bound.
"""

import numpy as np

from graphsage.base.jit import inline, nth
from graphsage.base.rng import fold
from graphsage.sampling.localids import place


@inline
def plant(seeds, keys, local, base, nodes, forest, seed_index):
    """A tree for each seed, repeats too; returns their number."""
    for b in range(len(seeds)):
        nodes[b], forest[0][b], seed_index[b] = seeds[b], b, b
        local[place(keys, local, base, np.int64(b) << 32 | np.int64(seeds[b]))] = base + b
    return len(seeds)


@inline
def key_of_row(forest, hop_key, i, v):
    """The key of the draws of row i, node v: of the node, and of its tree."""
    if forest is None:
        return fold(hop_key, np.uint64(v))
    return fold(fold(hop_key, np.uint64(forest[0][nth(i)])), np.uint64(v))


@inline
def name_of(forest, q, u):
    """What the local-id map knows node u at the end of edge q by."""
    if forest is None:
        return u
    return np.int64(forest[1][nth(q)]) << 32 | np.int64(u)


@inline
def known_edges(forest, i, head, degree):
    """How many edges of row i its tree knows: the first so many of [head, head + degree)."""
    if forest is None:
        return degree
    return _until(forest[2], forest[0][nth(i)], head, degree)


@inline
def _until(until, tree, head, degree):
    if until is None:
        return degree
    times, bounds = until
    bound, low, high = bounds[nth(tree)], head, head + degree
    while low < high:
        middle = (low + high) >> 1
        if times[nth(middle)] <= bound:
            low = middle + 1
        else:
            high = middle
    return low - head


@inline
def own_row(forest, i, first, last):
    """Edges [first, last) are of row i."""
    if forest is not None:
        for q in range(first, last):
            forest[1][nth(q)] = forest[0][nth(i)]
