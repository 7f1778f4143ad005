"""The slow twin of the negatives: tries one after the other, then a list of what is left."""

from naive import fold, scale

from graphsage.base.rng import unit
from graphsage.graph.typed_graph import TypedGraph
from graphsage.sampling.negatives import _known_links

TRIES = 16


def naive_negatives(how, pairs, known, directed, key):
    """[P][K] pairs, as ``Negatives.draw`` gives them; known: ``Graph``, or ``TypedGraph`` of a relation between two types."""
    apart = isinstance(known, TypedGraph)
    ends = known.edges(known.relations[0]) if apart else known.to_edges()
    links = {(a, b) for a, b in zip(*(side.tolist() for side in ends)) if apart or a != b}
    links |= set() if directed else {(b, a) for a, b in links}
    sizes = list(known.num_nodes.values()) if apart else [known.num_nodes] * 2
    weights, sides = [], []
    for side, size in enumerate(sizes):
        ends = [{pair[side]} if apart else pair for pair in links]
        degrees = [sum(v in pair for pair in ends) // (1 if directed else 2) for v in range(size)]
        nodes = list(range(size)) if how.by == "uniform" else [v for v, degree in enumerate(degrees) if degree]
        cells = None if how.by == "uniform" else _known_links(known, directed).noise("degree", side)[2].tolist()
        sides.append((nodes, cells))
        weights.append([1.0 if how.by == "uniform" else degree**0.75 for degree in degrees])
    taken = set() if how.allow_true else links

    def negative(pair, place):
        place_key = fold(key, place)
        for t in range(TRIES):
            a = _node(*sides[0], fold(place_key, 2 * t)) if how.corrupt != "target" else pair[0]
            b = _node(*sides[1], fold(place_key, 2 * t + 1)) if how.corrupt != "source" else pair[1]
            if (apart or a != b) and (a, b) not in taken:
                return [a, b]
        return _left(how, pair, taken, weights, apart, fold(place_key, 2 * TRIES + 1))

    return [[negative(pair, i * how.per_positive + j) for j in range(how.per_positive)] for i, pair in enumerate(pairs)]


def _node(nodes, cells, h):
    place = scale(h, len(nodes))
    if cells is None:
        return nodes[place]
    bits = len(nodes).bit_length()
    bound, other = divmod(cells[place], 2**bits)
    return nodes[place if (h * len(nodes) % 2**64) >> bits < bound else other]


def _left(how, pair, taken, weights, apart, h):
    """Of the nodes that may stand beside the kept end, one by weight."""
    assert how.corrupt != "both", "tries suffice in graphs that are not nearly complete"
    kept = 0 if how.corrupt == "target" else 1
    weights = weights[1 - kept]
    whole = [(pair[0], v) if kept == 0 else (v, pair[1]) for v in range(len(weights))]
    left = [v for v, (a, b) in enumerate(whole) if (apart or a != b) and (a, b) not in taken]
    aim, reached = float(unit(_word(h))) * sum(weights[v] for v in left), 0.0
    for v in left:
        reached += weights[v]
        if reached > aim:
            break
    return list(whole[v])


def _word(value):
    import numpy as np

    return np.uint64(value)
