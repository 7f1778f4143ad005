"""Kernels from edges to rows: a counting sort by row, in which every edge is one number, its key.

    key = source << shift | edge id << 1 | reversed        sorted keys are sorted by (source, edge id)

    edges 0 -> 2, 1 -> 2, 0 -> 2 with shift 3:  row 2 has the keys 0, 10, 4; sorted 0, 4, 10: sources 0, 0, 1, edges 0, 2, 1

``graphsage.graph.build.rows_from_edges`` is the way in. N nodes, E edges.
"""

from graphsage.base.jit import kernel

SHORT = 64  # keys: rows up to that are sorted here, longer ones by numpy, whose sort has a start of its own and no worst case


@kernel
def count_edges(src, dst, undirected, loops, ends):
    """Count the edges of row v at ``ends[v + 2]`` (int64[N + 2]); undirected, an edge counts in the rows of both its ends."""
    for edge in range(len(src)):
        u, v = src[edge], dst[edge]
        if u != v or loops:
            ends[v + 2] += 1
        if u != v and undirected:
            ends[u + 2] += 1


@kernel
def place_edges(src, dst, first, shift, undirected, loops, ends, keys):
    """Write the keys of edges first, first + 1, ... behind those of their rows: row v goes on at ``ends[v + 1]``."""
    for edge in range(len(src)):
        u, v, low = src[edge], dst[edge], (first + edge) << 1
        if u != v or loops:
            keys[ends[v + 1]] = u << shift | low
            ends[v + 1] += 1
        if u != v and undirected:
            keys[ends[u + 1]] = v << shift | low | 1
            ends[u + 1] += 1


@kernel
def sort_short_rows(keys, indptr):
    """Sort the keys of each row of at most ``SHORT`` by insertion: they are short, and partly in order."""
    for row in range(len(indptr) - 1):
        start, end = indptr[row], indptr[row + 1]
        if end - start > SHORT:
            continue
        for place in range(start + 1, end):
            key, at = keys[place], place
            while at > start and keys[at - 1] > key:
                keys[at] = keys[at - 1]
                at -= 1
            keys[at] = key


@kernel
def unpack(keys, indptr, shift, once, indices, flags):
    """Turn sorted keys into edge ids in place, and write ``indices`` and ``flags`` (which may be empty); how many edges stay.

    once: of the edges of a row with one source only the first stays; the rest moves up, and ``indptr`` is set anew.
    """
    kept, start, below = 0, indptr[0], (1 << shift) - 1
    for row in range(len(indptr) - 1):
        end, last = indptr[row + 1], -1
        for place in range(start, end):
            key = keys[place]
            source = key >> shift
            if once and source == last:
                continue
            last = source
            indices[kept] = source
            if len(flags):
                flags[kept] = key & 1
            keys[kept] = (key & below) >> 1
            kept += 1
        start = end
        indptr[row + 1] = kept
    return kept
