"""Slow, obvious twins of the compiled code, written from its documentation: Python ints and lists, no numpy.

A graph is a list of rows here, each a list of (neighbour, edge id) pairs: see ``rows_of``.
"""

from types import SimpleNamespace

# Written out again, not imported: a change of the draws must show.
GAMMA = 0x9E3779B97F4A7C15
VERSION, SAMPLE, ORDER, TREE, REPLICA = 1, 1, 2, 7, 0
WORD = 2**64

# ---- random numbers


def splitmix64(state, count):
    """The published generator, one state after the other (Steele, Lea, Flood 2014)."""
    values = []
    for _ in range(count):
        state = (state + GAMMA) % WORD
        values.append(mix(state))
    return values


def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
    return z ^ (z >> 31)


def fold(key, value):
    """The key of ``value`` under ``key``; also draw number ``value`` of ``key``."""
    return mix((key + (value + 1) * GAMMA) % WORD)


def scale(h, bound):
    """h / 2^64 of the way to ``bound``."""
    return h * bound // WORD


def draw_below(key, i, bound):
    return scale(fold(key, i), bound)


def stream_key(seed, stream, *elements):
    key = mix(seed)
    for element in (VERSION, stream, *elements):
        key = fold(key, element)
    return key


def permutation(key, count):
    values = splitmix64(key, count)
    return sorted(range(count), key=lambda i: values[i])


# ---- picks of one row: places in [0, degree)


def with_replacement(key, degree, k):
    return [draw_below(key, j, degree) for j in range(k)]


def floyd(key, degree, k):
    """k distinct places, Bentley and Floyd 1987: each draw has one place more; if taken, take the newest place."""
    picks = []
    for j in range(k):
        newest = degree - k + j
        pick = draw_below(key, j, newest + 1)
        picks.append(newest if pick in picks else pick)
    return picks


def shuffled(values, key):
    """Fisher-Yates from the last place down, by the draws k, k + 1, ... of ``key``."""
    values, draw = list(values), len(values)
    for place in range(len(values) - 1, 0, -1):
        other = draw_below(key, draw, place + 1)
        values[place], values[other] = values[other], values[place]
        draw += 1
    return values


# ---- samplers


def rows_of(graph):
    """A ``Graph`` as lists: row v is [(neighbour, edge id), ...]; without edge ids an edge's id is its position."""
    ends, ids = graph.indptr.tolist(), range(graph.num_edges) if graph.edge_ids is None else graph.edge_ids.tolist()
    edges = list(zip(graph.indices.tolist(), ids))
    return [edges[ends[v] : ends[v + 1]] for v in range(graph.num_nodes)]


def rows_of_edges(src, dst, num_nodes, undirected, once, loops):
    """Row v as [(source, edge id, whether the edge is turned round), ...]."""
    rows = [[] for _ in range(num_nodes)]
    for edge, (u, v) in enumerate(zip(src, dst)):
        if u != v or loops:
            rows[v].append((u, edge, False))
        if u != v and undirected:
            rows[u].append((v, edge, True))
    rows = [sorted(row) for row in rows]
    return [[e for at, e in enumerate(row) if not (once and at and row[at - 1][0] == e[0])] for row in rows]


def multihop_sampling(seeds, fanouts, rows, *, replace, seed, epoch=0, step=0):
    """The tree form: [seeds, hop 1, hop 2, ...]."""
    key = stream_key(seed, TREE, epoch, step, REPLICA)
    hops = [list(seeds)]
    for hop, k in enumerate(fanouts):
        found = []
        for slot, v in enumerate(hops[-1]):
            found += _tree_row([u for u, _ in rows[v]], v, k, replace, fold(fold(key, hop), slot))
        hops.append(found)
    return hops


def _tree_row(row, v, k, replace, key):
    if not row:
        return [v] * k
    if replace or len(row) < k:
        return [row[place] for place in with_replacement(key, len(row), k)]
    return [row[place] for place in shuffled(floyd(key, len(row), k), key)]


def neighbor_sampler(seeds, fanouts, rows, *, replace, isolated, seed, epoch=0, step=0):
    """The unique form: the fields of a MiniBatch, as lists."""
    key = stream_key(seed, SAMPLE, epoch, step, REPLICA)
    local, indptr, indices, edge_ids = {}, [0], [], []
    seed_index = [local.setdefault(v, len(local)) for v in seeds]
    hop_offsets = [0, len(local)]
    for hop, k in enumerate(fanouts):
        for v in list(local)[hop_offsets[-2] :]:  # a dict keeps the order of first appearance
            for u, edge_id in _unique_row(rows[v], v, k, replace, isolated, fold(fold(key, hop), v)):
                indices.append(local.setdefault(u, len(local)))
                edge_ids.append(edge_id)
            indptr.append(len(indices))
        hop_offsets.append(len(local))
    return SimpleNamespace(
        nodes=list(local),
        seed_index=seed_index,
        hop_offsets=hop_offsets,
        indptr=indptr,
        indices=indices,
        edge_ids=edge_ids,
    )


def _unique_row(row, v, k, replace, isolated, key):
    if not row:
        return [(v, -1)] if isolated == "self" else []
    if k == -1:
        return row
    if replace:
        return [row[place] for place in with_replacement(key, len(row), k)]
    return row if len(row) <= k else [row[place] for place in floyd(key, len(row), k)]
