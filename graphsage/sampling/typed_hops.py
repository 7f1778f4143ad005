"""Compiled loops of the sampler of typed graphs: the pipeline of ``graphsage.sampling.hops`` over (relation, node) slots."""

import numpy as np

from graphsage.base.jit import inline, kernel, lean_kernel
from graphsage.base.rng import fold
from graphsage.sampling.hops import seeds_first, walk_rows


@inline
def slots_of(relation, nodes, first, end, forest, slots, of_slots, last):
    """The slots of those of nodes[first:end] that ``relation`` (its first slot, the numbers of its destinations from, to) has.

    To ``slots[last:]``, and with them the nodes' trees where there is a forest. Returns the new end.
    """
    row, low, high = relation
    for i in range(first, end):
        v = np.int64(nodes[i])
        if low <= v < high:
            slots[last] = row + v - low
            if forest is not None:
                of_slots[0][last] = forest[0][i]
            last += 1
    return last


@lean_kernel
def sample_typed(graph, draw, seeds, fanouts, relations, key, forest, ids, work, rows, hop_offsets, row_ends, index):
    """Expand ``seeds`` hop by hop and relation by relation, each node once, where it first appears.

    As ``graphsage.sampling.hops.sample_unique``, but: graph: of slots. fanouts: int64[L, R]; 0 draws nothing, and gives empty
    rows. relations: int64[R, 3], see ``slots_of``. work: row_ptr counts slots. rows: (slots, forest), of each row its slot,
    written, and a forest whose trees are those of rows, written too, or None as ``forest``. Written as well: row_ends[L, R],
    where the rows of a hop and relation end; index[B], the seeds' local ids.
    """
    slots, of_slots = rows
    keys, local, base = ids
    nodes, row_ptr = work[0], work[1]
    count = seeds_first(seeds, keys, local, base, nodes, forest, index)
    hop_offsets[0], hop_offsets[1], row_ptr[0] = 0, count, 0
    first, done, last = 0, 0, 0
    for hop in range(len(fanouts)):
        end, hop_key = count, fold(key, np.uint64(hop))
        for r in range(len(relations)):
            relation, start, k = (relations[r, 0], relations[r, 1], relations[r, 2]), last, fanouts[hop, r]
            last = slots_of(relation, nodes, first, end, forest, slots, of_slots, last)
            if k == 0:
                row_ptr[start + 1 : last + 1] = done
            else:
                done, count = walk_rows(graph, draw, k, hop_key, rows, forest, ids, work, count, start, last, done)
            row_ends[hop, r] = last
        first = end
        hop_offsets[hop + 2] = count
    return done


@kernel
def part_types(nodes, starts, hop_offsets, counts, ids, spots):
    """Sort a batch's nodes by type. nodes: their numbers; starts: int64[T + 1], the first number of each type.

    Written: counts[T, L + 2], how many of each type there are before each hop, and in all; ids, the nodes' ids within their
    types, type after type, each in order of appearance; spots: where each node stands there.
    """
    num_types = len(starts) - 1
    found = np.zeros(num_types, np.int64)
    for hop in range(len(hop_offsets) - 1):
        counts[:, hop] = found
        for i in range(hop_offsets[hop], hop_offsets[hop + 1]):
            found[type_of(starts, nodes[i])] += 1
    counts[:, len(hop_offsets) - 1] = found
    free = np.cumsum(found) - found
    for i in range(len(nodes)):
        kind = type_of(starts, nodes[i])
        ids[free[kind]] = nodes[i] - starts[kind]
        spots[i] = free[kind]
        free[kind] += 1


@inline
def type_of(starts, node):
    """The type of the node of that number."""
    kind = 0
    while node >= starts[kind + 1]:
        kind += 1
    return kind


@kernel
def part_relations(row_ends, row_ptr, cols, positions, spots, firsts, indptr, indices, at):
    """Sort a batch's rows by relation: of each a CSR, hop after hop, one after the other in indptr and indices.

    firsts: of each relation where its source type begins in ``spots``. at: the positions of the edges in the graph.
    """
    row, edge = 0, 0
    for r in range(row_ends.shape[1]):
        head = edge
        indptr[row] = 0
        for hop in range(len(row_ends)):
            first, last = span(row_ends, hop, r)
            for i in range(first, last):
                for q in range(row_ptr[i], row_ptr[i + 1]):
                    indices[edge] = spots[cols[q]] - firsts[r]
                    at[edge] = positions[q]
                    edge += 1
                row += 1
                indptr[row] = edge - head
        row += 1


@inline
def span(row_ends, hop, r):
    """(first, end) of the rows of a hop and relation."""
    if r > 0:
        return row_ends[hop, r - 1], row_ends[hop, r]
    return (row_ends[hop - 1, row_ends.shape[1] - 1] if hop > 0 else 0), row_ends[hop, r]
