"""Slow, obvious twins of the draws, by sets of edges: what each row of a batch holds, whatever the order within it.

A row is a list of ``Edge``, in the order that its draw reads: see ``rows_of``.
"""

from collections import namedtuple

from naive import REPLICA, SAMPLE, draw_below, floyd, fold, scale, stream_key

from graphsage.base.rng import exponential, unit
from graphsage.sampling.arranged import arranged

Edge = namedtuple("Edge", "source id weight time cell hidden", defaults=(False,))
BATCH = 2**64 - 2
TRIES = 2


def rows_of(graph, by_time=False, by_weight=False, node_times=None):
    """Rows without edges of weight 0 where weights are read, by time where times are; cells: of the row's alias table."""
    count = graph.num_edges
    ids = list(range(count)) if graph.edge_ids is None else graph.edge_ids.tolist()
    weights = [1.0] * count if graph.weights is None else graph.weights.tolist()
    times = [0] * count if graph.times is None else graph.times.tolist()
    sources, ends = graph.indices.tolist(), graph.indptr.tolist()
    if node_times is not None:
        times = [max(t, node_times[u]) if graph.times is not None else node_times[u] for t, u in zip(times, sources)]
    rows = [[Edge(sources[e], ids[e], weights[e], times[e], None) for e in range(a, b)] for a, b in zip(ends, ends[1:])]
    if by_time:
        rows = [sorted(row, key=lambda edge: edge.time) for row in rows]
    if by_weight:
        rows = [[edge for edge in row if edge.weight > 0] for row in rows]
    if by_weight and not by_time:  # that the table is right has a test of its own
        cells = iter(arranged(graph, False, True).cells.tolist())
        rows = [[edge._replace(cell=next(cells)) for edge in row] for row in rows]
    return rows


def batch_edges(rows, seeds, fanouts, pick, *, replace=False, seed, epoch=0, step=0, times=None, disjoint=False):
    """{(tree, node): sorted edge ids} of all rows that the batch expands; tree 0 for all where it is not disjoint."""
    key = stream_key(seed, SAMPLE, epoch, step, REPLICA)
    found, frontier = {}, [(tree if disjoint else 0, v) for tree, v in enumerate(seeds)]
    for hop, k in enumerate(fanouts):
        reached = []
        for tree, v in dict.fromkeys(frontier):
            if (tree, v) in found:
                continue
            row = [edge for edge in rows[v] if times is None or edge.time <= times[tree]]
            hop_key = fold(key, hop)
            row_key = fold(fold(hop_key, tree), v) if disjoint else fold(hop_key, v)
            left = [edge for edge in row if not edge.hidden]
            if left and k >= 0 and (replace or len(left) > k):
                row = [row[place] for place in pick(row, k, row_key, hop_key, key)]
            else:
                row = left
            found[tree, v] = sorted(edge.id for edge in row)
            reached += [(tree, edge.source) for edge in row]
        frontier = reached
    return found


# ---- pick(row, k, row_key, hop_key, batch_key): places in the row


def uniform(row, k, row_key, hop_key, batch_key):
    return floyd(row_key, len(row), k)


def uniform_with_replacement(row, k, row_key, hop_key, batch_key):
    return [draw_below(row_key, j, len(row)) for j in range(k)]


def recent(row, k, row_key, hop_key, batch_key):
    return range(len(row) - k, len(row))


def weighted_with_replacement(row, k, row_key, hop_key, batch_key):
    return [_weighted_place(row, fold(row_key, j)) for j in range(k)]


def weighted(row, k, row_key, hop_key, batch_key):
    """The first k distinct of 2 k draws; if there are fewer, the winners of a race among the rest."""
    drawn = dict.fromkeys(_weighted_place(row, fold(row_key, j)) for j in range(TRIES * k))
    places = list(drawn)[:k]
    rest = [place for place in range(len(row)) if place not in places]
    race = {place: exponential_of(fold(row_key, TRIES * k + place)) / row[place].weight for place in rest}
    return places + sorted(rest, key=race.get)[: k - len(places)]


def weighted_with_replacement_around(row, k, row_key, hop_key, batch_key):
    """The first k of 2 k draws that are not hidden; each that is missing by its share of what is left."""
    left = [place for place, edge in enumerate(row) if not edge.hidden]
    if len(left) == len(row):
        return weighted_with_replacement(row, k, row_key, hop_key, batch_key)
    places = _first_of(row, k, row_key, lambda found, place: not row[place].hidden)
    total = sum(row[place].weight for place in left)
    for j in range(len(places), k):
        aim, reached = float(unit(_word(fold(row_key, TRIES * k + j)))) * total, 0.0
        sums = [reached := reached + row[place].weight for place in left]
        places.append(next((place for place, end in zip(left, sums) if end > aim), left[-1]))
    return places


def weighted_around(row, k, row_key, hop_key, batch_key):
    """``weighted``, in which hidden edges are passed over."""
    places = _first_of(row, k, row_key, lambda found, place: not row[place].hidden and place not in found)
    rest = [place for place, edge in enumerate(row) if place not in places and not edge.hidden]
    race = {place: exponential_of(fold(row_key, TRIES * k + place)) / row[place].weight for place in rest}
    return places + sorted(rest, key=race.get)[: k - len(places)]


def _first_of(row, k, row_key, is_good):
    """The first k good ones of 2 k draws with replacement."""
    found = []
    for j in range(TRIES * k):
        place = _weighted_place(row, fold(row_key, j))
        if len(found) < k and is_good(found, place):
            found.append(place)
    return found


def with_gaps(rows, pairs):
    """``rows``, in which the edges between the two nodes of a pair are marked as hidden."""
    hidden = {frozenset(pair) for pair in pairs.tolist()}
    return [[edge._replace(hidden=frozenset((v, edge.source)) in hidden) for edge in row] for v, row in enumerate(rows)]


def _weighted_place(row, h):
    if row[0].cell is None:  # by sums
        total, aim = 0.0, None
        sums = [total := total + edge.weight for edge in row]
        aim = float(unit(_word(h))) * sums[-1]
        return next((place for place, reached in enumerate(sums) if reached > aim), len(row) - 1)
    place, rest = scale(h, len(row)), h * len(row) % 2**64
    bits = len(row).bit_length()
    bound, other = divmod(row[place].cell, 2**bits)
    return place if rest >> bits < bound else other


def labor(per, is_weighted):
    def pick(row, k, row_key, hop_key, batch_key):
        key = hop_key if per == "hop" else fold(batch_key, BATCH)
        words = [fold(key, edge.source) for edge in row]
        values = [exponential_of(w) / edge.weight if is_weighted else w >> 2 for w, edge in zip(words, row)]
        return sorted(range(len(row)), key=lambda place: values[place])[:k]

    return pick


def exponential_of(word):
    return float(exponential(_word(word)))


def _word(value):
    import numpy as np

    return np.uint64(value)
