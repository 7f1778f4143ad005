"""Compiled loops of a pass over the rows that neighbours are read from: arrays in, arrays out, nothing checked."""

import numpy as np

from graphsage.base.jit import kernel, prefetch

AHEAD = 8  # rows between asking for a neighbour's row and using it


@kernel
def rise_in_rows(starts, ends, indices):
    """Do the indices rise in each row [starts[i], ends[i])? Equal ones may follow each other."""
    for i in range(len(starts)):
        for q in range(starts[i] + 1, ends[i]):
            if indices[q] < indices[q - 1]:
                return False
    return True


@kernel
def sorted_rows(indptr, indices):
    """A copy of indices[indptr[0]:indptr[-1]] in which each row rises."""
    out = indices[indptr[0] : indptr[-1]].copy()
    for i in range(len(indptr) - 1):
        out[indptr[i] - indptr[0] : indptr[i + 1] - indptr[0]].sort()
    return out


@kernel
def add_block(starts, ends, indices, places, first, block, maximum, out):
    """out[i] += the rows of ``block``, nodes first, first + 1, ..., that row i lists from its place on; places go on to the
    first entry behind the block. maximum: the larger of both in place of the sum; NaN is larger than any number.

    Entries of row i: indices[starts[i]:ends[i]], rising. out: float32 [M, F], zeros before the first block.
    """
    flat, num_rows, size = block.reshape(block.size), len(places), len(block)
    for i in range(num_rows):
        if i + AHEAD < num_rows and places[i + AHEAD] < ends[i + AHEAD]:
            ahead = np.int64(indices[places[i + AHEAD]]) - first
            if ahead < size:
                prefetch(flat, ahead * block.shape[1])
        q = places[i]
        while q < ends[i]:
            u = np.int64(indices[q]) - first
            if u >= size:
                break
            if not maximum:
                for f in range(block.shape[1]):
                    out[i, f] += block[u, f]
            elif q == starts[i]:
                out[i] = block[u]
            else:
                for f in range(block.shape[1]):
                    if block[u, f] > out[i, f] or np.isnan(block[u, f]):
                        out[i, f] = block[u, f]
            q += 1
        places[i] = q
