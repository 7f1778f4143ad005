"""Samplers under test, behind one face: ours, a slow correct one, and wrong ones that the tests must reject.

    sampler(degree, k, replace, rows, seed=0, epoch=0, step=0) -> int64[rows, k]

each row the picks in [0, degree) of another node of the same batch; without replacement degree >= k.
"""

from functools import lru_cache

import numpy as np

from graphsage import Graph, NeighborSampler, multihop_sampling

MOST_EDGES = 8_000_000  # of a test graph: with larger degrees the rows are spread over several steps

# ---- ours


@lru_cache(maxsize=2)
def hubs(degree, count):
    """``count`` nodes whose j-th neighbour is node j, j < degree; then a node with all of them as neighbours."""
    num_nodes = max(degree, count) + 1
    indptr = np.concatenate([np.arange(count + 1) * degree, np.full(num_nodes - count - 1, count * degree)])
    indptr = np.append(indptr, count * degree + count)
    indices = np.concatenate([np.tile(np.arange(degree, dtype=np.int32), count), np.arange(count, dtype=np.int32)])
    return Graph.from_csr(indptr, indices, copy=False)


def tree_form(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """Each row a repeat of the same seed."""
    seeds, coordinates = np.zeros(rows, np.int64), (seed, epoch, step)
    _, picks = multihop_sampling(seeds, [k], hubs(degree, 1), replace=replace, seed=coordinates)
    return picks.reshape(rows, k)


def tree_form_hop_2(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """The rows are the neighbours of one seed, drawn with replacement from one hub."""
    graph = hubs(degree, 1)
    root = graph.num_nodes - 1
    *_, picks = multihop_sampling([root], [rows, k], graph, replace=replace, seed=(seed, epoch, step))
    return picks.reshape(rows, k)


def unique_form(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """Each row another node. Where all of them do not fit into one graph, several steps from ``step`` on."""
    count = min(rows, max(1, MOST_EDGES // degree))
    sampler = NeighborSampler(hubs(degree, count), [k], replace=replace, seed=seed)
    batches = [sampler.sample(np.arange(count), epoch=epoch, step=step + more) for more in range(-(-rows // count))]
    picks = [batch.nodes[batch.indices].reshape(count, k) for batch in batches]
    return np.concatenate(picks)[:rows].astype(np.int64)


def unique_form_hop_2(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """The rows are all neighbours of one seed."""
    graph = hubs(degree, rows)
    sampler = NeighborSampler(graph, [-1, k], replace=replace, seed=seed)
    batch = sampler.sample([graph.num_nodes - 1], epoch=epoch, step=step)
    return batch.nodes[batch.indices[rows:]].reshape(rows, k).astype(np.int64)


# ---- correct, by numpy's generator


def slow_correct(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """The first k of a random order of all neighbours; at huge degrees k draws, drawn anew while two are equal."""
    generator = np.random.default_rng([seed, epoch, step])
    if not replace and degree < 1000:
        return generator.random((rows, degree)).argsort(axis=1)[:, :k]
    picks = generator.integers(0, degree, (rows, k))
    while not replace and (again := _repeats(picks)).any():
        picks[again] = generator.integers(0, degree, (again.sum(), k))
    return picks


def _repeats(picks):
    return (np.diff(np.sort(picks, axis=1), axis=1) == 0).any(axis=1)


# ---- wrong


def _floyd(below, degree, k, rows):
    """Floyd's method for many rows at once: uniform subsets, if ``below(bound, rows)`` is uniform, in no fair order."""
    picks = np.empty((rows, k), np.int64)
    for j in range(k):
        last = degree - k + j
        pick = below(last + 1, rows)
        taken = (picks[:, :j] == pick[:, None]).any(axis=1)
        picks[:, j] = np.where(taken, last, pick)
    return picks


def sixteen_bits(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """Draws 16 random bits modulo the bound: low numbers are likelier (pyg-lib)."""
    generator = np.random.default_rng([seed, epoch, step])

    def below(bound, size):
        return generator.integers(0, 2**16, size) % bound

    if replace:
        return below(degree, (rows, k))
    return generator.permuted(_floyd(below, degree, k, rows), axis=1)


def off_by_one(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """Draws from [0, last) in place of [0, last]: of two neighbours never the second (torch-sparse)."""
    generator = np.random.default_rng([seed, epoch, step])

    def below(bound, size):
        return generator.integers(0, max(1, bound - 1), size)

    if replace:
        return below(degree, (rows, k))
    return generator.permuted(_floyd(below, degree, k, rows), axis=1)


def unshuffled(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """Floyd's subsets in the order in which they were drawn: the last candidate is never first."""
    generator = np.random.default_rng([seed, epoch, step])
    return _floyd(lambda bound, size: generator.integers(0, bound, size), degree, k, rows)


def shared_shuffle(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """One shuffle for all rows of a batch (the original GraphSAGE): each row is fair, together they are not."""
    row = slow_correct(degree, k, replace, 1, seed, epoch, step)
    return np.repeat(row, rows, axis=0)


def added_seeds(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """A good generator, started from a sum: seed 1 step 2 is seed 2 step 1."""
    return slow_correct(degree, k, replace, rows, seed + epoch + step)


def without_coordinates(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """Keys that forget seed, epoch and step: every batch has the same numbers."""
    return slow_correct(degree, k, replace, rows)


def alike_in_blocks(degree, k, replace, rows, seed=0, epoch=0, step=0):
    """A kernel that makes one key for each 32 nodes of the frontier."""
    return np.repeat(slow_correct(degree, k, replace, -(-rows // 32), seed, epoch, step), 32, axis=0)[:rows]
