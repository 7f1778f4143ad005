"""A graph from and to networkx: which of its edges lead one way, their weights, and the names of its nodes."""

from itertools import repeat

import numpy as np

from graphsage.base.checks import as_flag
from graphsage.graph.build import checked_networkx, rows_of_labels

DIRECTED = "directed"  # attribute of a networkx graph that ``networkx_of`` made: it has said already what its edges mean


def edges_of_networkx(graph, directed, weight, time):
    """The arguments of ``Graph.from_edges``."""
    one_way = is_one_way(checked_networkx(graph), directed)
    row_of, node_ids = rows_of_labels(list(graph))
    ends = np.array([(row_of[u], row_of[v]) for u, v in graph.edges()], np.int64).reshape(-1, 2)
    return {
        "src": ends[:, 0],
        "dst": ends[:, 1],
        "num_nodes": len(row_of),
        "weights": None if weight is None else _of_edges(graph, "weight", weight, 1.0),
        "times": None if time is None else _of_edges(graph, "time", time),
        "node_ids": node_ids,
        "undirected": not one_way,
    }


def is_one_way(graph, directed):
    """Whether edges of a networkx ``graph`` lead one way only, as ``directed`` says; ValueError where that is open."""
    kind = type(graph).__name__
    if directed is None and graph.is_directed():
        directed = graph.graph.get(DIRECTED)
        if directed is None:
            rule = "say directed=True for neighbours along its edges only (predecessors), or directed=False for both ends"
            raise ValueError(f"graph is a {kind}: {rule}")
    directed = graph.is_directed() if directed is None else as_flag("directed", directed)
    if directed and not graph.is_directed():
        raise ValueError(f"directed=True needs a DiGraph, got a {kind}, whose edges have no direction")
    return directed


def _of_edges(graph, argument, name, default=None):
    """The attribute ``name`` of each edge, ``default`` where it is missing; ValueError if it is everywhere, or has none."""
    found = [data for _, _, data in graph.edges(data=True)]
    if found and not any(name in data for data in found):
        raise ValueError(f"{argument}: no edge of the graph has an attribute {name!r}")
    lacking = sum(name not in data for data in found)
    if lacking and default is None:
        raise ValueError(f"{argument}: {lacking:,} of {len(found):,} edges have no attribute {name!r}")
    return [data.get(name, default) for data in found]


def networkx_of(names, src, dst, **of_edges):
    """``DiGraph``, or ``MultiDiGraph`` if an edge repeats. names: of the nodes. src, dst: int64[E]. of_edges: attributes."""
    import networkx as nx

    repeats = len(np.unique(dst * len(names) + src)) < len(src)
    graph = (nx.MultiDiGraph if repeats else nx.DiGraph)(**{DIRECTED: True})
    graph.add_nodes_from(names)
    columns = [values.tolist() for values in of_edges.values()]
    data = (dict(zip(of_edges, row)) for row in zip(*columns)) if columns else repeat({})
    graph.add_edges_from((names[u], names[v], of) for u, v, of in zip(src.tolist(), dst.tolist(), data))
    return graph
