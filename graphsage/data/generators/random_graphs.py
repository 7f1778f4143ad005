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
PER_DRAW = 56  # bytes that it takes to find pairs that were drawn before
MAX_SCALE = 30  # 2^31 nodes would not fit an int32
A, B, C = 0.57, 0.19, 0.19  # the Graph500 parameters; D = 0.05
RMAT, BLOCKS = range(2)  # which graph the draws are for
SIMPLE = {"undirected": True, "duplicates": "drop", "self_loops": "drop"}  # what ``from_edges`` makes of edges drawn


def rmat(log2_nodes, degree=16, seed=0):
    """R-MAT ``Graph`` (Chakrabarti, Zhan, Faloutsos 2004) with the Graph500 parameters 0.57, 0.19, 0.19, 0.05.

    2^log2_nodes nodes in random order, 0 <= log2_nodes <= 30, and ``degree`` edges a node drawn, before loops and repeats
    are dropped: at scale 20 and degree 16, 31.4 million of 33.6 million remain, both directions counted. The id of an edge is
    its number among those drawn. Takes 17 bytes of memory a direction.
    """
    log2_nodes, degree = as_count("scale", log2_nodes, most=MAX_SCALE), as_count("degree", degree, least=1)
    refuse_giants(f"an R-MAT graph of scale {log2_nodes} and degree {degree}", 34 * degree << log2_nodes)
    return _simple_graph(rmat_parts(log2_nodes, degree, seed), degree << log2_nodes, 1 << log2_nodes)


def rmat_parts(log2_nodes, degree=16, seed=0):
    """Yield the edges of ``rmat`` as they are drawn, in parts {"src", "dst"}, for ``external_rows``: 8 bytes a node."""
    order = permutation(stream_key(seed, GENERATE, RMAT), 1 << log2_nodes)
    levels = [stream_key(seed, GENERATE, RMAT, level) for level in range(log2_nodes)]
    for start in range(0, degree << log2_nodes, CHUNK):
        u, v = _rmat_ends(levels, start, min(CHUNK, (degree << log2_nodes) - start))
        yield {"src": order[v], "dst": order[u]}


def _simple_graph(parts, num_edges, num_nodes):
    """Of edges in parts: undirected, without loops and repeats (``SIMPLE``)."""
    ends, first = np.empty((2, num_edges), np.int32), 0
    for part in parts:
        ends[:, first : first + len(part["src"])] = part["src"], part["dst"]
        first += len(part["src"])
    return Graph.from_edges(*ends, num_nodes, **SIMPLE)


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
    parts = block_model_parts(labels, degree, homophily, seed)
    return _simple_graph(parts, round(len(labels) * degree / 2), len(labels))


def block_model_parts(labels, degree, homophily, seed=0, memory=None):
    """Yield the edges of ``block_model`` in parts {"src", "dst"}, for ``external_rows``.

    memory: bytes that may be taken beside some a node and 8 for each pair that is drawn again: few, but in dense graphs. None:
    56 an edge. With less, all pairs are drawn several times.
    """
    sizes, num_nodes = np.bincount(labels).astype(np.int64), len(labels)
    num_edges = round(num_nodes * degree / 2)
    within = round(num_edges * homophily)
    members = np.argsort(labels, kind="stable")
    for same, count in ((True, within), (False, num_edges - within)):
        for positions in _first_distinct(*_pairs(sizes, same, count, seed), count, memory):
            yield {"src": members[positions % num_nodes], "dst": members[positions // num_nodes]}


def _pairs(sizes, same, count, seed):
    """(draw, how many pairs there are). draw(start, number): int64[number], pairs of positions a < b as a * N + b.

    Classes of ``sizes`` stand one after another. same: both in one class; else in two. count: how many pairs are wanted.
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

    return draw, possible


def _first_distinct(draw, possible, count, memory):
    """Yield the first ``count`` different values of the sequence ``draw(start, number)``, in its order: a uniform subset.

    possible: how many values there are. Draws are repeated, and not kept: only the places of the few that were drawn before.
    """
    drawn, repeats = 0, np.empty(0, np.int64)
    while drawn - len(repeats) < count:
        missing = count - drawn + len(repeats)
        drawn += 16 + int(1.02 * possible * np.log((possible - count + missing) / (possible - count)))
        repeats = _repeats(draw, drawn, -(-PER_DRAW * drawn // memory) if memory else 1)
    for start in range(0, drawn if count else 0, CHUNK):
        values = draw(start, min(CHUNK, drawn - start))
        first, end = np.searchsorted(repeats, [start, start + len(values)])
        new = np.delete(values, repeats[first:end] - start)[:count]
        count -= len(new)
        yield new


def _repeats(draw, number, rounds):
    """int64: the places among the first ``number`` draws whose value was drawn before. Each round takes a share of them."""
    found = []
    for turn in range(rounds):
        values, places = _of_turn(draw, number, turn, rounds)
        order = np.argsort(values, kind="stable")
        is_again = np.diff(values[order]) == 0
        found.append(places[order[1:][is_again]])
    return np.sort(np.concatenate(found))


def _of_turn(draw, number, turn, rounds):
    """(values, places) of the draws that one turn looks at: a share of the values."""
    parts = []
    for start in range(0, number, CHUNK):
        values = draw(start, min(CHUNK, number - start))
        chosen = np.flatnonzero(values % rounds == turn)
        parts.append((values[chosen], start + chosen))
    return tuple(map(np.concatenate, zip(*parts)))
