"""Compiled loops over CSR matrices and feature rows: arrays in, arrays out, nothing checked."""

import numpy as np

from graphsage.base.jit import inline, inline_by_type, kernel, lean_kernel, nth, prefetch
from graphsage.base.rng import GAMMA, HALF, LOW32, mix

AHEAD = 8  # entries between asking for a feature row and using it
HALF_WORD = np.uint32(16)  # bits


@kernel
def transpose(indptr, indices, num_cols, with_order):
    """Counting sort: (indptr [C + 1], row of each entry, its place in ``indices``), a column's entries in row order.

    Without ``with_order`` the places are left out: an empty array.
    """
    ends = np.zeros(num_cols + 1, indptr.dtype)
    for c in indices:
        ends[c + 1] += 1
    for c in range(num_cols):
        ends[c + 1] += ends[c]
    free = ends.copy()
    rows, order = np.empty_like(indices), np.empty_like(indices if with_order else indices[:0])
    for r in range(len(indptr) - 1):
        for q in range(indptr[r], indptr[r + 1]):
            at = free[indices[q]]
            free[indices[q]] = at + 1
            rows[at] = r
            if with_order:
                order[at] = q
    return ends, rows, order


@inline
def _float32(number):
    return number


@inline
def _upper_half(word):
    return np.uint32(np.uint32(word) << HALF_WORD).view(np.float32)


as_number = inline_by_type({"float32": _float32, "uint16": _upper_half})


@inline
def _add_four(sums, at, rows, a, b, c, d, width, is_first):
    """sums[at:] (+)= the rows at a, b, c and d, in that order; four at once, so that the sums are passed over less often."""
    for f in range(width):
        so_far = np.float32(0) if is_first else sums[at + nth(f)]
        two = so_far + as_number(rows[a + nth(f)]) + as_number(rows[b + nth(f)])
        sums[at + nth(f)] = two + as_number(rows[c + nth(f)]) + as_number(rows[d + nth(f)])


@lean_kernel
def sum_rows(indptr, indices, table, mean, out):
    """out[i] = sum, or mean, of the rows of ``table`` that row i lists, one after the other; float32 [M, F].

    table: float32 [N, F], or uint16, the upper halves of such numbers.
    """
    rows, sums, width, last = table.reshape(table.size), out.reshape(out.size), table.shape[1], len(indices) - AHEAD
    size, line = nth(width), 64 // table.itemsize  # of a cache line
    for i in range(len(indptr) - 1):
        q, end, at = indptr[i], indptr[i + 1], nth(i) * size
        for p in range(q, min(end, last)):
            for f in range(0, width, line):
                prefetch(rows, nth(indices[nth(p + AHEAD)]) * size + nth(f))
        if q + 4 > end:
            for f in range(width):
                sums[at + nth(f)] = 0
        is_first, count = True, np.float32(end - q)
        while q + 4 <= end:
            a, b = nth(indices[nth(q)]) * size, nth(indices[nth(q + 1)]) * size
            c, d = nth(indices[nth(q + 2)]) * size, nth(indices[nth(q + 3)]) * size
            if is_first:
                _add_four(sums, at, rows, a, b, c, d, width, True)
            else:
                _add_four(sums, at, rows, a, b, c, d, width, False)
            is_first = False
            q += 4
        for p in range(q, end):
            a = nth(indices[nth(p)]) * size
            for f in range(width):
                sums[at + nth(f)] += as_number(rows[a + nth(f)])
        if mean and count > 1:
            for f in range(width):
                sums[at + nth(f)] /= count


@kernel
def segment_max(indptr, indices, h, out, source):
    """out[i, f] = max of h[u, f] over row i's entries u, and a u that has it; 0 and -1 in an empty row.

    Of equal ones the first u; NaN is larger than any number, so that it is not lost on the way.
    """
    flat = h.reshape(h.size)
    for i in range(len(indptr) - 1):
        begin, end = indptr[i], indptr[i + 1]
        if begin == end:
            out[i] = 0
            source[i] = -1
            continue
        out[i] = h[indices[begin]]
        source[i] = indices[begin]
        for q in range(begin + 1, end):
            if q + AHEAD < len(indices):
                prefetch(flat, np.int64(indices[q + AHEAD]) * h.shape[1])
            u = indices[q]
            for f in range(h.shape[1]):
                if h[u, f] > out[i, f] or np.isnan(h[u, f]):
                    out[i, f] = h[u, f]
                    source[i, f] = u


@kernel
def segment_max_backward(grad, source, grad_h):
    """grad_h[source[i, f], f] += grad[i, f], empty rows left out."""
    for i in range(grad.shape[0]):
        if grad.shape[1] and source[i, 0] >= 0:
            for f in range(grad.shape[1]):
                grad_h[source[i, f], f] += grad[i, f]


@kernel
def _merged_sizes(indptr, indices, row_indptr, columns, last_seen):
    """Upper part of ``reduce_sparse_rows``: where each output row ends. last_seen: int64[F], all -1."""
    ends = np.zeros(len(indptr), np.int64)
    for i in range(len(indptr) - 1):
        size = 0
        for q in range(indptr[i], indptr[i + 1]):
            u = nth(indices[nth(q)])
            for p in range(row_indptr[u], row_indptr[u + nth(1)]):
                c = nth(columns[nth(p)])
                size += last_seen[c] != i
                last_seen[c] = i
        ends[i + 1] = ends[i] + size
    return ends


@kernel
def reduce_sparse_rows(indptr, indices, row_indptr, columns, values, num_columns, maximum, shares):
    """Rows of sparse features merged along a CSR: out row i = sum (or maximum) over its entries u of feature row u.

    values: float32 of the feature rows, or empty for ones; no column twice in a row. shares: float32[R], each output
    row is multiplied by its share. A column that an entry lacks counts as 0 for the maximum.
    Returns CSR arrays (int64, int32, float32), columns in order of first appearance.
    """
    last_seen = np.full(num_columns, -1, np.int64)
    ends = _merged_sizes(indptr, indices, row_indptr, columns, last_seen)
    out_columns, out_values = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.float32)
    last_seen[:] = -1
    place, holders = np.empty(num_columns, np.int64), np.empty(num_columns, np.int64)
    for i in range(len(indptr) - 1):
        free = ends[i]
        for q in range(indptr[i], indptr[i + 1]):
            u = nth(indices[nth(q)])
            for p in range(row_indptr[u], row_indptr[u + nth(1)]):
                c = nth(columns[nth(p)])
                value = values[nth(p)] if len(values) else np.float32(1)
                if last_seen[c] != i:
                    last_seen[c] = i
                    place[c] = free
                    holders[c] = 1
                    out_columns[nth(free)] = c
                    out_values[nth(free)] = value
                    free += 1
                elif maximum:
                    holders[c] += 1
                    out_values[nth(place[c])] = max(out_values[nth(place[c])], value)
                else:
                    out_values[nth(place[c])] += value
        for q in range(ends[i], free):
            if maximum and holders[out_columns[q]] < indptr[i + 1] - indptr[i]:
                out_values[q] = max(out_values[q], np.float32(0))
            out_values[q] *= shares[i]
    return ends, out_columns, out_values


@kernel
def relu_dropout(values, key, dropped, scale):
    """In place: keep positive values (and NaN) with probability 1 - dropped / 2^32, times ``scale``; 0 elsewhere.

    Value i is judged by half of word i // 2 of the generator: the low half if i is even.
    """
    key, limit, zero = np.uint64(key), np.uint64(dropped), values.dtype.type(0)
    factor = values.dtype.type(scale)
    for pair in range(len(values) // 2):
        word = mix(key + np.uint64(pair + 1) * GAMMA)
        low, high = values[2 * pair], values[2 * pair + 1]
        values[2 * pair] = low * factor if not low <= zero and (word & LOW32) >= limit else zero
        values[2 * pair + 1] = high * factor if not high <= zero and (word >> HALF) >= limit else zero
    if len(values) % 2:
        word = mix(key + np.uint64(len(values) // 2 + 1) * GAMMA)
        last = values[-1]
        values[-1] = last * factor if not last <= zero and (word & LOW32) >= limit else zero


@kernel
def dropout(values, key, dropped, scale):
    """In place: keep each value with probability 1 - dropped / 2^32, times ``scale``; 0 elsewhere. Words: as above."""
    key, limit, zero = np.uint64(key), np.uint64(dropped), values.dtype.type(0)
    factor = values.dtype.type(scale)
    for pair in range((len(values) + 1) // 2):
        word = mix(key + np.uint64(pair + 1) * GAMMA)
        values[2 * pair] = values[2 * pair] * factor if (word & LOW32) >= limit else zero
        if 2 * pair + 1 < len(values):
            values[2 * pair + 1] = values[2 * pair + 1] * factor if (word >> HALF) >= limit else zero
