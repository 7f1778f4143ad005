"""Random graphs of any size: R-MAT and the stochastic block model, in time and memory of their edges.

Every edge is a function of (seed, its number), so neither chunks nor the order of work can change a graph. Both graphs are
undirected (each edge in both rows), without loops and repeats, and their rows are sorted.
"""

import numpy as np

from graphsage.base.checks import as_count, refuse_giants
from graphsage.base.rng import GENERATE, draws, permutation, scale, stream_key
from graphsage.graph.build import indptr_of
from graphsage.graph.graph import Graph

CHUNK = 1 << 17  # edges made at a time: their temporary arrays stay in the processor's cache
MAX_SCALE = 30  # 2^31 nodes would not fit an int32
A, B, C = 0.57, 0.19, 0.19  # the Graph500 parameters; D = 0.05
RMAT, BLOCKS = range(2)  # which graph the draws are for
SIMPLE = {"undirected": True, "duplicates": "drop", "self_loops": "drop"}


def rmat(log2_nodes, degree=16, seed=0):
    """R-MAT ``Graph`` (Chakrabarti, Zhan, Faloutsos 2004) with the Graph500 parameters 0.57, 0.19, 0.19, 0.05.

    2^log2_nodes nodes in random order, 0 <= log2_nodes <= 30, and ``degree`` edges a node drawn, before loops and repeats
    are dropped: at scale 20 and degree 16, 31.4 million of 33.6 million remain, both directions counted. The id of an edge is
    its number among those drawn. Takes 17 bytes of memory a direction.
    """
    log2_nodes, degree = as_count("scale", log2_nodes, most=MAX_SCALE), as_count("degree", degree, least=1)
    num_nodes, num_edges = 1 << log2_nodes, degree << log2_nodes
    refuse_giants(f"an R-MAT graph of scale {log2_nodes} and degree {degree}", 34 * num_edges)
    src, dst = np.empty((2, num_edges), np.int32)
    for start, part in zip(range(0, num_edges, CHUNK), rmat_parts(log2_nodes, degree, seed)):
        src[start : start + CHUNK], dst[start : start + CHUNK] = part["src"], part["dst"]
    return Graph.from_edges(src, dst, num_nodes, **SIMPLE)


def rmat_parts(log2_nodes, degree=16, seed=0):
    """Yield the edges that ``rmat`` draws, repeats and loops among them: {"src", "dst": int64[m]}, some at a time."""
    order = permutation(stream_key(seed, GENERATE, RMAT), 1 << log2_nodes)
    levels = [stream_key(seed, GENERATE, RMAT, level) for level in range(log2_nodes)]
    for start in range(0, degree << log2_nodes, CHUNK):
        u, v = _rmat_ends(levels, start, min(CHUNK, (degree << log2_nodes) - start))
        yield {"src": order[v], "dst": order[u]}


def _rmat_ends(levels, start, count):
    """Both ends of edges start..start + count - 1: a quadrant of the adjacency matrix at each level."""
    u, v = np.zeros(count, np.int64), np.zeros(count, np.int64)
    past_a, past_b, past_c = (np.uint64(share * 2.0**64) for share in (A, A + B, A + B + C))
    for key in levels:
        h = draws(key, count, start)
        low = h >= past_b  # quadrants C and D
        u += u + low
        v += v + ((h >= past_a) ^ low ^ (h >= past_c))  # B and D
    return u, v


def block_model(labels, degree, homophily, seed=0):
    """``Graph`` of a stochastic block model (Holland, Laskey, Leinhardt 1983) with two densities: in classes, and between.

    labels: int64[N], class numbers. There are round(N * degree / 2) edges, and round(homophily * that) of them join nodes
    of one class: both numbers are exact. Which pairs they are is uniform among all pairs of their kind. Edge ids
    number the pairs: first those in a class, then the others.

    Raises ValueError where more than half of all pairs of a kind would be edges.
    """
    sizes, num_nodes = np.bincount(labels).astype(np.int64), len(labels)
    num_edges = round(num_nodes * degree / 2)
    within = round(num_edges * homophily)
    members = np.argsort(labels, kind="stable")
    positions = np.concatenate([_pairs(sizes, True, within, seed), _pairs(sizes, False, num_edges - within, seed)])
    u, v = members[positions // num_nodes], members[positions % num_nodes]
    return Graph.from_edges(v, u, num_nodes, **SIMPLE)


def _pairs(sizes, same, count, seed):
    """``count`` distinct pairs of positions a < b, as a * N + b, where classes of ``sizes`` stand one after another.

    same: both in one class; else in two.
    """
    num_nodes = int(sizes.sum())
    partners = sizes - 1 if same else num_nodes - sizes
    possible = int((sizes * partners).sum()) // 2
    if 2 * count > possible:
        kind = "in a class" if same else "between classes"
        raise ValueError(f"degree and homophily ask for {count} edges {kind}, more than half of the {possible} pairs there")
    keys = [stream_key(seed, GENERATE, BLOCKS, int(same), use) for use in range(3)]
    chances = np.cumsum(sizes * partners / max(2 * possible, 1))
    starts = indptr_of(sizes)

    def draw(start, number):
        of_class, of_first, of_second = (draws(one, number, start) for one in keys)
        group = np.searchsorted(chances / chances[-1], (of_class >> np.uint64(11)) * 2.0**-53, side="right")
        first = scale(of_first, sizes[group].astype(np.uint64)).astype(np.int64)
        second = scale(of_second, partners[group].astype(np.uint64)).astype(np.int64)
        if same:  # 1..size - 1 places further, round the class
            second = starts[group] + (first + 1 + second) % sizes[group]
        else:  # past the class, round all nodes
            second = (starts[group + 1] + second) % num_nodes
        first += starts[group]
        return np.minimum(first, second) * num_nodes + np.maximum(first, second)

    return _first_distinct(draw, count)


def _first_distinct(draw, count):
    """The first ``count`` different values of the sequence ``draw(start, number)``, in its order: a uniform subset."""
    found, drawn = np.empty(0, np.int64), 0
    while len(found) < count:
        more = (count - len(found)) * 9 // 8 + 16
        found, drawn = np.concatenate([found, draw(drawn, more)]), drawn + more
        found = found[np.sort(np.unique(found, return_index=True)[1])]
    return found[:count]
