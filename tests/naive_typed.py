"""Slow, obvious twin of the sampler of typed graphs: uniform draws, from the documentation, in lists and dicts."""

from types import SimpleNamespace

from naive import REPLICA, SAMPLE, floyd, fold, stream_key, with_replacement


def rows_of(graph, by_time):
    """{relation: [[(source, edge id, time), ...] of each destination]}, sources and edge ids as the caller gave them."""
    found, times = {}, graph.rows.times
    for r, name in enumerate(graph.relations):
        first = int(graph.starts[graph.types.index(name[0])])
        found[name] = [
            [
                (int(graph.rows.indices[q]) - first, int(graph.edge_ids[q]), None if times is None else times[q].item())
                for q in range(graph.rows.indptr[slot], graph.rows.indptr[slot + 1])
            ]
            for slot in range(graph.firsts[r], graph.firsts[r + 1])
        ]
    return {name: [sorted(row, key=lambda e: e[2]) for row in rows] for name, rows in found.items()} if by_time else found


def sampled(graph, seeds, fanouts, *, replace=False, seed=0, epoch=0, step=0, times=None, disjoint=False, hidden=()):
    """seeds: [(type, node)]; fanouts: {relation: [k a hop]}; times: one a seed; hidden: {(relation, source, destination)}.

    Nodes are known by (tree, type, node), and their local ids count within a type.
    """
    rows, key = rows_of(graph, times is not None), stream_key(seed, SAMPLE, epoch, step, REPLICA)
    nodes = {kind: [] for kind in graph.types}
    frontier, seed_index = [], {}
    edges = {name: [] for name in graph.relations}  # (destination, [(source, edge id)]) in order

    def local(tree, kind, v, reached):
        if (tree, v) not in nodes[kind]:
            nodes[kind].append((tree, v))
            reached.append((tree, kind, v))
        return nodes[kind].index((tree, v))

    for place, (kind, v) in enumerate(seeds):
        seed_index.setdefault(kind, []).append(local(place if disjoint else 0, kind, v, frontier))
    offsets = {kind: [0, len(nodes[kind])] for kind in graph.types}
    for hop in range(len(next(iter(fanouts.values())))):
        hop_key, reached = fold(key, hop), []
        for r, name in enumerate(graph.relations):
            for tree, v in [(tree, v) for tree, kind, v in frontier if kind == name[2]]:
                row = [e for e in rows[name][v] if times is None or e[2] <= times[tree]]
                row = [e for e in row if (name, e[0], v) not in hidden]
                slot = int(graph.firsts[r]) + v
                row_key = fold(fold(hop_key, tree), slot) if disjoint else fold(hop_key, slot)
                drawn = _row(row, fanouts[name][hop], replace, row_key)
                edges[name].append([(local(tree, name[0], u, reached), edge) for u, edge, _ in drawn])
        frontier = reached
        for kind in graph.types:
            offsets[kind].append(len(nodes[kind]))
    return SimpleNamespace(nodes=nodes, seed_index=seed_index, hop_offsets=offsets, edges=edges)


def _row(row, k, replace, key):
    if not row or k == -1 or (len(row) <= k and not replace):
        return row
    if k == 0:
        return []
    picks = with_replacement(key, len(row), k) if replace else floyd(key, len(row), k)
    return [row[place] for place in picks]
