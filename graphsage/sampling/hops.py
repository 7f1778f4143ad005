"""Compiled loops of the samplers: arrays in, arrays out. Nothing is checked here; the public doors did.

Both forms walk their frontier as a software pipeline: while the processor fetches what one row needs, the loop works on the
rows and edges before it. On graphs larger than the caches this is worth a factor of two to four.
"""

import numpy as np

from graphsage.base.jit import inline, lean_kernel, nth, prefetch
from graphsage.base.rng import fold
from graphsage.sampling.draws import ask_ahead, pick, takes_all
from graphsage.sampling.draws.uniform import shuffle
from graphsage.sampling.exclusion import span_of
from graphsage.sampling.gaps import skip_gaps
from graphsage.sampling.localids import home, place
from graphsage.sampling.trees import key_of_row, known_edges, name_of, own_row, plant

ROWS = 16  # between asking for the bounds of a row and drawing from it
IDS, LOCAL_IDS = 64, 32  # edges between asking for an id and reading it, and from there to its local id
STEP = 16  # edges that are read together
BLOCK = 16  # slots of a tree whose draws come before the ids of the block before are read
UNIFORM = 2  # parameters: its k picks end where the draws of ``shuffle`` begin, those of others go on and would tell the order
OF_ORDER = np.uint64(2**64 - 1)


@inline
def seeds_first(seeds, keys, local, base, nodes, forest, seed_index):
    """Local ids of the seeds, in order of first appearance. Returns the number of distinct ones."""
    if forest is not None:
        return plant(seeds, keys, local, base, nodes, forest, seed_index)
    count = 0
    for b in range(len(seeds)):
        prefetch(local, home(keys, seeds[b]))
    for b in range(len(seeds)):
        at = place(keys, local, base, seeds[b])
        if local[at] < base:
            local[at] = base + count
            nodes[count] = np.int32(seeds[b])
            count += 1
        seed_index[b] = local[at] - base
    return count


@inline
def draw_row(graph, draw, k, hop_key, forest, nodes, table, row_ptr, positions, i, drawn):
    """Stage 1: edge positions of row i to ``positions[drawn:]``, asking for ``indices`` there; returns their new end.

    A stand-in (isolated node v as its own neighbour) is the position -v - 1.
    """
    indptr, indices, excluded = graph
    v = np.int64(nodes[nth(i)])
    head = indptr[nth(v)]
    degree = known_edges(forest, i, head, indptr[nth(v + 1)] - head)
    gaps = span_of(excluded, v, head + degree)
    degree -= gaps[1] - gaps[0]
    before = drawn
    # each branch adds up by itself: a size that was looked up first would make every row wait for its degree to arrive
    if degree == 0:
        if draw[1]:
            positions[nth(drawn)] = -v - 1
            drawn += 1
    elif takes_all(draw, degree, k):
        prefetch(indices, head)
        for j in range(degree):
            positions[nth(drawn + j)] = head + j
        skip_gaps(excluded, gaps, positions, drawn, degree)
        drawn += degree
    else:
        key = key_of_row(forest, hop_key, i, v)
        pick(draw, k, indices, positions, drawn, head, degree, key, hop_key, table, excluded, gaps)
        drawn += k
    own_row(forest, i, before, drawn)
    row_ptr[nth(i + 1)] = drawn
    return drawn


@inline
def read_ids(indices, positions, neighbors, keys, local, forest, first, last):
    """Stage 2: global neighbour ids of the edges [first, last), asking for their places in the local-id map."""
    for q in range(first, last):
        p = positions[nth(q)]
        u = indices[nth(p)] if p >= 0 else np.int32(-p - 1)
        neighbors[nth(q)] = u
        if len(local):
            prefetch(local, home(keys, name_of(forest, q, u)))


@inline
def relabel(neighbors, cols, keys, local, base, nodes, forest, count, first, last):
    """Stage 3: global to local ids, new ones in order of first appearance. Returns the new number of nodes.

    Whether a neighbour is new is hard to predict: rather than branch, everything is written each time, ``nodes`` one ahead.
    """
    for q in range(first, last):
        u = neighbors[nth(q)]
        at = nth(place(keys, local, base, name_of(forest, q, u)))
        known = local[at] - base
        is_new = known < 0
        known = count if is_new else known
        local[at] = base + known
        nodes[nth(count)] = u
        if forest is not None:
            forest[0][nth(count)] = forest[1][nth(q)]
        count += is_new
        cols[nth(q)] = known
    return count


@inline
def walk_rows(graph, draw, k, hop_key, rows, forest, ids, work, count, first, end, done):
    """The pipeline over the rows [first, end), whose edges go to ``done`` and on; returns (edges, nodes) there are then.

    rows: (of each row its number in the graph, ``forest`` by row): the batch's nodes and ``forest``, but of typed graphs.
    ids: (keys, local, base), of which an empty ``local`` asks for no local ids. work: (nodes, row_ptr, neighbors, cols,
    positions, table).
    """
    keys, local, base = ids
    nodes, row_ptr, neighbors, cols, positions, table = work
    asked, row_forest = rows
    drawn = done  # edges: [0, done) are relabelled, [done, read) have global ids, [read, drawn) have positions
    read = done
    for i in range(first, min(first + ROWS, end)):
        prefetch(graph[0], asked[nth(i)])
    for i in range(first, end):
        if i + ROWS < end:
            prefetch(graph[0], asked[nth(i + ROWS)])
            ask_ahead(draw, graph[0], graph[1], asked[nth(i + ROWS // 2)])
        drawn = draw_row(graph, draw, k, hop_key, row_forest, asked, table, row_ptr, positions, i, drawn)
        while drawn - read >= IDS + STEP:  # loops of one length: that of a row cannot be foretold
            read_ids(graph[1], positions, neighbors, keys, local, forest, read, read + STEP)
            read += STEP
            if len(local) and read - done >= LOCAL_IDS + STEP:
                count = relabel(neighbors, cols, keys, local, base, nodes, forest, count, done, done + STEP)
                done += STEP
    read_ids(graph[1], positions, neighbors, keys, local, forest, read, drawn)
    if len(local):
        count = relabel(neighbors, cols, keys, local, base, nodes, forest, count, done, drawn)
    return drawn, count


@lean_kernel
def sample_unique(graph, draw, seeds, fanouts, open_end, key, forest, ids, work, hop_offsets, seed_index):
    """Expand ``seeds`` hop by hop, each node once, at the hop where it first appears; returns the number of edges.

    graph: (indptr, indices, excluded), the last as in ``graphsage.sampling.exclusion``. draw: the parameters of ``entries`` and
    ``pick``. forest: None, or that of the disjoint form
    (``graphsage.sampling.trees``), in which "each node" is one of each tree. ids: (keys, local, base), the local-id map
    (``graphsage.sampling.localids``). open_end: the last hop gets no local ids: its neighbours enter neither nodes nor cols.
    work: (nodes, row_ptr, neighbors, cols, positions, table), written: nodes (local -> global, with room for one more),
    row_ptr, neighbors and cols (the batch's CSR in global and in local ids; both may be one array, which then ends with
    local ids), positions (of each edge in ``indices``, negative for a stand-in); table: int64, what the draw's
    ``scratch`` asks for. Written as well: hop_offsets[L + 2], seed_index[B].
    """
    keys, local, base = ids
    nodes, row_ptr = work[0], work[1]
    count = seeds_first(seeds, keys, local, base, nodes, forest, seed_index)
    hop_offsets[0] = 0
    hop_offsets[1] = count
    row_ptr[0] = 0
    first, done = 0, 0
    for hop in range(len(fanouts)):
        asked = local[:0] if open_end and hop == len(fanouts) - 1 else local
        end = count
        hop_key = fold(key, np.uint64(hop))
        within = keys, asked, base
        done, count = walk_rows(
            graph, draw, fanouts[hop], hop_key, (nodes, forest), forest, within, work, count, first, end, done
        )
        first = end
        hop_offsets[hop + 2] = count
    return done


@lean_kernel
def sample_tree(graph, draw, rows, k, key, table, out):
    """k draws for each of ``rows`` (repeats draw anew: the key folds the slot) to ``out`` [M * k], as row numbers.

    Without replacement: k distinct neighbours in random order where the degree allows, else k draws with replacement.
    An isolated node stands in for its own neighbours. Without ``indices`` (length 0), positions stay as they were drawn.
    """
    indptr, indices = graph
    count = len(rows)
    for start in range(0, count + BLOCK, BLOCK):
        for s in range(start + BLOCK, min(start + 2 * BLOCK, count)):
            prefetch(indptr, rows[nth(s)])
        for s in range(start, min(start + BLOCK, count)):
            v = rows[nth(s)]
            head = indptr[nth(v)]
            degree = indptr[nth(v + 1)] - head
            slot_key = fold(key, np.uint64(s))
            if degree == 0:
                out[s * k : (s + 1) * k] = -v - 1
                continue
            repeats = draw[0] or degree < k
            pick((repeats, *draw[1:]), k, indices, out, s * k, head, degree, slot_key, key, table, None, (0, 0))
            if not repeats:
                shuffle(out, s * k, k, slot_key if len(draw) == UNIFORM else fold(slot_key, OF_ORDER))
        for q in range(max(0, start - BLOCK) * k, min(start, count) * k):
            p = out[nth(q)]
            if p < 0:
                out[nth(q)] = -p - 1
            elif len(indices):
                out[nth(q)] = indices[nth(p)]
