"""What an owner draws for the others: the product's own kernel, on the rows that it has."""

from dataclasses import asdict
from functools import cache

import numpy as np

from graphsage.base.rng import fold
from graphsage.sampling.arranged import arranged
from graphsage.sampling.draws import DRAWS
from graphsage.sampling.parts import draw_part, row_ends
from graphsage.sampling.unique_form import edges_at

NO_LOCAL_IDS = None, np.empty(0, np.int32), 0
NAMES = {made: name for name, made in DRAWS.items()}


def question(draw, key, *, stand_in, edge_ids, by_time, node_times):
    """What all questions of a batch say. key: of the batch. by_time: do draws read rows in the order of time? node_times: do
    those of the dataset count?"""
    named = {"draw": NAMES[type(draw)], "settings": asdict(draw), "key": int(key), "stand_in": stand_in}
    return named | {"edge_ids": edge_ids, "by_time": by_time, "node_times": node_times}


def answers_of(graph):
    """The function that answers questions about rows of this ``ShardedGraph``: (values, nodes[, trees, bounds]).

    values: those of ``question``, hop and k. nodes: int32 [n], trees: int32 [n], bounds: of each tree. The answer: counts
    int32 [n], neighbours int32, and where edge ids are asked their codes, int64: twice the id, 1 more where the edge is walked
    from its end; -1 of a stand-in.
    """

    @cache
    def rows_of(by_time, by_weight, node_times):
        return arranged(graph.own, by_time, by_weight, graph.node_times if by_time and node_times else None)

    def drawn(values, nodes, trees=None, bounds=None):
        draw = DRAWS[values["draw"]](**values["settings"])
        rows = rows_of(values["by_time"], draw.by_weight, values["node_times"])
        counts, neighbors, positions = _drawn(rows, draw, values, nodes, trees, bounds, int(graph.degrees.max(initial=0)))
        codes = [_codes(graph, rows, positions, values["stand_in"])] if values["edge_ids"] else []
        return None, [counts, neighbors, *codes]

    return drawn


def _drawn(rows, draw, values, nodes, trees, bounds, max_degree):
    """(counts, neighbours, positions) of the rows ``nodes``."""
    k, key = values["k"], np.uint64(values["key"])
    hop_key = fold(np.array([key]), np.array([values["hop"]], np.uint64))[0]
    graph, parameters = (rows.indptr, rows.indices, None), draw.parameters(values["stand_in"], rows, key)
    until = None if bounds is None else (rows.times, bounds)
    row_ptr = np.zeros(len(nodes) + 1, np.int64)
    row_ends(graph, parameters, k, _forest(trees, 0, until), nodes, row_ptr, 0, len(nodes))
    size = int(row_ptr[-1])
    neighbors, positions, table = np.empty(size, np.int32), np.empty(size, np.int64), draw.scratch(min(k, max_degree))
    work = nodes, row_ptr, neighbors, neighbors, positions, np.empty(table, np.int64)
    draw_part(graph, parameters, k, hop_key, _forest(trees, size, until), NO_LOCAL_IDS, work, 0, len(nodes))
    return np.diff(row_ptr).astype(np.int32), neighbors, positions


def _forest(trees, size, until):
    return None if trees is None else (trees, np.empty(size, np.int32), until)


def _codes(graph, rows, positions, stand_in):
    found = edges_at(graph.own, rows, positions, stand_in)
    ids = found["edge_ids"]
    if graph.own.edge_ids is None:
        ids[ids >= 0] += graph.first_edge
    return np.where(ids < 0, -1, 2 * ids + found.get("edge_reversed", 0))
