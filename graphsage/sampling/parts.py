"""One large batch drawn by several threads: each hop's rows in parts, then its local ids. The same batch as in one call.

Only the drawing is divided, about half of the work; local ids go by first appearance, which is an order.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from graphsage.base.jit import lean_kernel, prefetch
from graphsage.base.rng import fold
from graphsage.sampling.draws import entries
from graphsage.sampling.exclusion import span_of
from graphsage.sampling.hops import relabel, seeds_first, walk_rows
from graphsage.sampling.localids import home
from graphsage.sampling.trees import known_edges, name_of

LEAST_ROWS = 1 << 12  # a part has so many rows at least: a thread's start is not worth fewer
AHEAD = 64  # edges between asking for a local id and using it


@lean_kernel
def row_ends(graph, draw, k, forest, nodes, row_ptr, first, end):
    """row_ptr[i + 1] of the rows [first, end), as drawing them will leave it."""
    indptr, _, excluded = graph
    for i in range(first, end):
        if i + AHEAD < end:
            prefetch(indptr, nodes[i + AHEAD])
        v = np.int64(nodes[i])
        degree = known_edges(forest, i, indptr[v], indptr[v + 1] - indptr[v])
        gaps = span_of(excluded, v, indptr[v] + degree)
        row_ptr[i + 1] = row_ptr[i] + entries(draw, degree - (gaps[1] - gaps[0]), k)


@lean_kernel
def draw_part(graph, draw, k, hop_key, forest, ids, work, first, end):
    """Positions and global neighbour ids of the rows [first, end), whose places ``row_ptr`` knows."""
    walk_rows(graph, draw, k, hop_key, (work[0], forest), forest, ids, work, 0, first, end, work[1][first])


@lean_kernel
def place_seeds(seeds, keys, local, base, nodes, forest, seed_index):
    """Local ids of the seeds; returns the number of distinct ones."""
    return seeds_first(seeds, keys, local, base, nodes, forest, seed_index)


@lean_kernel
def relabel_hop(neighbors, cols, keys, local, base, nodes, forest, count, first, last):
    """Local ids of the edges [first, last); returns the new number of nodes."""
    for start in range(first, last, AHEAD):
        for q in range(start + AHEAD, min(start + 2 * AHEAD, last)):
            prefetch(local, home(keys, name_of(forest, q, neighbors[q])))
        count = relabel(neighbors, cols, keys, local, base, nodes, forest, count, start, min(start + AHEAD, last))
    return count


def sample_in_parts(num_threads, graph, draw, seeds, fanouts, open_end, key, forest, ids, work, hop_offsets, seed_index):
    """``sample_unique`` by ``num_threads`` threads; the same arguments, results and number of edges."""
    (keys, local, base), (nodes, row_ptr, neighbors, cols, _, table) = ids, work
    count = place_seeds(seeds, keys, local, base, nodes, forest, seed_index)
    hop_offsets[:2] = 0, count
    row_ptr[0] = 0
    first = 0
    nowhere = (None, local[:0], base)
    with ThreadPoolExecutor(num_threads, thread_name_prefix="graphsage") as executor:
        for hop, k in enumerate(fanouts.tolist()):
            end, hop_key = count, fold(np.array([key]), np.array([hop], np.uint64))[0]
            row_ends(graph, draw, k, forest, nodes, row_ptr, first, end)
            parts = min(num_threads, max(1, (end - first) // LEAST_ROWS))
            cuts = np.linspace(first, end, parts + 1).astype(np.int64).tolist()
            drawing = [
                executor.submit(draw_part, graph, draw, k, hop_key, forest, nowhere, (*work[:5], np.empty_like(table)), a, b)
                for a, b in zip(cuts, cuts[1:])
            ]
            for part in drawing:
                part.result()
            if not (open_end and hop == len(fanouts) - 1):
                last = int(row_ptr[end])
                count = relabel_hop(neighbors, cols, keys, local, base, nodes, forest, count, int(row_ptr[first]), last)
            first = end
            hop_offsets[hop + 2] = count
    return int(row_ptr[first])
