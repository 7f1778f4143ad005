"""The slow, obvious twin of random walks: lists and Python ints, one step after the other."""

from naive import REPLICA, draw_below, fold, stream_key
from naive_draws import _weighted_place, _word, rows_of

from graphsage.base.rng import unit

WALK, TRAIN = 6, 1


def walks(graph, starts, length, *, p=1.0, q=1.0, by_weight=False, seed, epoch=0, step=0, stream=TRAIN):
    """The walks as lists of nodes. A step is tried as often as the row has edges, then the row is searched."""
    rows = rows_of(graph, by_weight=by_weight)
    key = stream_key(seed, WALK, stream, epoch, step, REPLICA)
    return [_walk(rows, start, length, p, q, by_weight, fold(key, i)) for i, start in enumerate(starts)]


def _walk(rows, start, length, p, q, by_weight, walk_key):
    walk = [start]
    for hop in range(length):
        row, before = rows[walk[-1]], walk[-2] if hop and (p, q) != (1, 1) else None
        if not row:
            walk.append(walk[-1])
        elif len(row) == 1:
            walk.append(row[0].source)
        elif before is None:
            walk.append(row[_plain(row, by_weight, fold(walk_key, hop), 0)].source)
        else:
            shares = [_bias(edge.source, before, rows[before], p, q) for edge in row]
            walk.append(row[_biased(row, shares, by_weight, fold(walk_key, hop))].source)
    return walk


def _bias(x, before, row_before, p, q):
    most = max(1 / p, 1.0, 1 / q)
    if x == before:
        return 1 / p / most
    return 1 / most if x in [edge.source for edge in row_before] else 1 / q / most


def _plain(row, by_weight, key, number):
    return _weighted_place(row, fold(key, number)) if by_weight else draw_below(key, number, len(row))


def _biased(row, shares, by_weight, key):
    for j in range(len(row)):
        place = _plain(row, by_weight, key, 2 * j)
        if float(unit(_word(fold(key, 2 * j + 1)))) < shares[place]:
            return place
    masses = [(edge.weight if by_weight else 1.0) * share for edge, share in zip(row, shares)]
    aim = float(unit(_word(fold(key, 2 * len(row))))) * sum(masses)
    for place, mass in enumerate(masses):
        aim -= mass
        if aim < 0:
            return place
    return len(row) - 1
