"""Compiled loops of the samplers: arrays in, arrays out. Nothing is checked here; the public doors did.

Both forms walk their frontier in blocks of BLOCK nodes, as a software pipeline: while the processor fetches what one block
needs, the loop works on the blocks before it. On graphs larger than the caches this is worth a factor of two to four.
"""

import numpy as np

from graphsage.jit import inline, kernel, prefetch
from graphsage.sampling.rng import GAMMA, draw_below, fold, mix

BLOCK = 16  # frontier nodes a pipeline stage; 16 to 32 measured best
SCAN_LIMIT = 64  # up to this fanout a scan of the picks so far is faster than a hash table


@inline
def set_size(k):
    """Entries of the table that holds k picks: a power of two, at most half full; 1 where a scan does without."""
    size = 1
    while k > SCAN_LIMIT and size <= 2 * k:
        size *= 2
    return size


@inline
def _seen(table, value):
    """Was ``value`` >= 0 in the open-addressing set (-1 = free, size a power of two)? It is in afterwards."""
    mask = len(table) - 1
    at = np.int64(mix(np.uint64(value) * GAMMA) >> np.uint64(1)) & mask
    while table[at] >= 0:
        if table[at] == value:
            return True
        at = (at + 1) & mask
    table[at] = value
    return False


@inline
def _floyd(indices, positions, start, head, degree, k, key, table):
    """k distinct positions of [head, head + degree) to ``positions[start:]``: a uniformly random set, not a random order.

    Floyd's method (Bentley and Floyd 1987): step j draws from [0, degree - k + j] and takes the last of that range if the
    draw is taken already. Scan and table answer the same question, so the draws do not depend on which one is used.
    """
    taken = table[: set_size(k)]  # a table for the widest hop would be cleared for each row of the others as well
    taken[:] = -1
    for j in range(k):
        last = degree - k + j
        pick = draw_below(key, np.uint64(j), np.uint64(last + 1))
        if k > SCAN_LIMIT:
            if _seen(taken, pick):
                pick = last
                _seen(taken, pick)
        else:
            for q in range(start, start + j):
                if positions[q] == head + pick:
                    pick = last
                    break
        positions[start + j] = head + pick
        prefetch(indices, head + pick)


@inline
def _with_replacement(indices, positions, start, head, degree, k, key):
    """k independent uniform positions of [head, head + degree) to ``positions[start:]``."""
    for j in range(k):
        pick = head + draw_below(key, np.uint64(j), np.uint64(degree))
        positions[start + j] = pick
        prefetch(indices, pick)


@inline
def _shuffle(values, start, k, key):
    """``values[start:start + k]`` to uniformly random order (Fisher-Yates), by the draws k, k + 1, ... of ``key``."""
    for j in range(k - 1, 0, -1):
        other = draw_below(key, np.uint64(2 * k - 1 - j), np.uint64(j + 1))
        value = values[start + j]
        values[start + j] = values[start + other]
        values[start + other] = value


@inline
def _draw_rows(indptr, indices, nodes, first, last, k, replace, stand_in, hop_key, table, row_ptr, positions, drawn):
    """Stage 1: edge positions of the rows [first, last) to ``positions[drawn:]``, asking for ``indices`` there.

    A stand-in (isolated node v as its own neighbour) is the position -v - 1. Returns the new end of ``positions``.
    """
    for i in range(first, last):
        v = np.int64(nodes[i])
        head = indptr[v]
        degree = indptr[v + 1] - head
        if degree == 0:
            if stand_in:
                positions[drawn] = -v - 1
                drawn += 1
        elif replace and k >= 0:
            _with_replacement(indices, positions, drawn, head, degree, k, fold(hop_key, np.uint64(v)))
            drawn += k
        elif k < 0 or degree <= k:
            prefetch(indices, head)
            for j in range(degree):
                positions[drawn + j] = head + j
            drawn += degree
        else:
            _floyd(indices, positions, drawn, head, degree, k, fold(hop_key, np.uint64(v)), table)
            drawn += k
        row_ptr[i + 1] = drawn
    return drawn


@inline
def _read_ids(indices, positions, cols, local, first, last):
    """Stage 2: global neighbour ids of the edges [first, last), asking for their places in the local-id map."""
    for q in range(first, last):
        p = positions[q]
        u = indices[p] if p >= 0 else np.int32(-p - 1)
        cols[q] = u
        prefetch(local, u)


@inline
def _relabel(cols, local, nodes, count, first, last):
    """Stage 3: global to local ids, new ones in order of first appearance. Returns the new number of nodes."""
    for q in range(first, last):
        u = cols[q]
        at = local[u]
        if at < 0:
            at = np.int32(count)
            local[u] = at
            nodes[count] = u
            count += 1
        cols[q] = at
    return count


@kernel
def sample_unique(
    indptr, indices, seeds, fanouts, replace, stand_in, key,
    table, local, nodes, row_ptr, cols, positions, hop_offsets, seed_index,
):
    """Expand ``seeds`` hop by hop, each node once, at the hop where it first appears; returns the number of edges.

    local: int32[N], all -1 on entry and on return. table: int64[2^m], only used by fanouts above SCAN_LIMIT.
    Written: nodes (local -> global), row_ptr, cols (the batch's CSR in local ids), positions (of each edge in ``indices``,
    negative for a stand-in), hop_offsets[L + 2], seed_index[B].
    """
    count = 0
    for b in range(len(seeds)):
        prefetch(local, seeds[b])
    for b in range(len(seeds)):
        v = seeds[b]
        if local[v] < 0:
            local[v] = np.int32(count)
            nodes[count] = np.int32(v)
            count += 1
        seed_index[b] = local[v]
    hop_offsets[0] = 0
    hop_offsets[1] = count
    row_ptr[0] = 0
    first, done = 0, 0
    for hop in range(len(fanouts)):
        k, end = fanouts[hop], count
        hop_key = fold(key, np.uint64(hop))
        drawn = done  # edges: [0, done) are relabelled, [done, read) have global ids, [read, drawn) have positions
        read = done
        for i in range(first, min(first + BLOCK, end)):
            prefetch(indptr, nodes[i])
        for start in range(first, end, BLOCK):
            stop = min(start + BLOCK, end)
            for i in range(stop, min(stop + BLOCK, end)):
                prefetch(indptr, nodes[i])
            before = drawn
            drawn = _draw_rows(
                indptr, indices, nodes, start, stop, k, replace, stand_in, hop_key, table, row_ptr, positions, drawn
            )
            _read_ids(indices, positions, cols, local, read, before)
            count = _relabel(cols, local, nodes, count, done, read)
            done, read = read, before
        _read_ids(indices, positions, cols, local, read, drawn)
        count = _relabel(cols, local, nodes, count, done, drawn)
        done = drawn
        first = end
        hop_offsets[hop + 2] = count
    for i in range(count):
        local[nodes[i]] = -1
    return done


@kernel
def sample_tree(indptr, indices, rows, k, replace, key, table, out):
    """k draws for each of ``rows`` (repeats draw anew: the key folds the slot) to ``out`` [M * k], as row numbers.

    Without replacement: k distinct neighbours in random order where the degree allows, else k draws with replacement.
    An isolated node stands in for its own neighbours. Without ``indices`` (length 0), positions stay as they were drawn.
    """
    count = len(rows)
    for start in range(0, count + BLOCK, BLOCK):
        for s in range(start + BLOCK, min(start + 2 * BLOCK, count)):
            prefetch(indptr, rows[s])
        for s in range(start, min(start + BLOCK, count)):
            v = rows[s]
            head = indptr[v]
            degree = indptr[v + 1] - head
            slot_key = fold(key, np.uint64(s))
            if degree == 0:
                out[s * k : (s + 1) * k] = -v - 1
            elif replace or degree < k:
                _with_replacement(indices, out, s * k, head, degree, k, slot_key)
            else:
                _floyd(indices, out, s * k, head, degree, k, slot_key, table)
                _shuffle(out, s * k, k, slot_key)
        for q in range(max(0, start - BLOCK) * k, min(start, count) * k):
            p = out[q]
            if p < 0:
                out[q] = -p - 1
            elif len(indices):
                out[q] = indices[p]
