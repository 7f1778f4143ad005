"""Graphs with some of another's edges, or some of its nodes: what stays keeps its ids, weights, times and order."""


import numpy as np

from graphsage.base.checks import as_ids
from graphsage.graph.build import indptr_of, kept_edges, rows_from_edges


def cleaned(graph, duplicates, self_loops):
    """``graph`` without the duplicates and self loops that its caller asked to drop; the order of the rest stays."""
    kept = kept_edges(duplicates, self_loops)
    if duplicates == self_loops == "keep":
        return graph
    src, dst = graph.to_edges()
    return with_edges_at(graph, np.sort(rows_from_edges(src, dst, graph.num_nodes, **kept)[2]))


def with_edges_at(graph, at):
    """``graph`` with the edges at the rising positions ``at`` alone."""
    return graph._with_edges(at, np.searchsorted(at, graph.indptr), graph.indices[at])


def edges_among(graph, nodes):
    """``graph`` with the edges between two of ``nodes`` (int [M]) alone; all its nodes stay, under their own numbers."""
    is_in = np.zeros(graph.num_nodes, bool)
    is_in[nodes] = True
    return with_edges_at(graph, np.flatnonzero(is_in[graph.indices] & np.repeat(is_in, graph.degrees)))


def induced_subgraph(graph, nodes):
    """``Graph.subgraph``: row i is that of nodes[i], with what it has of the edges among them, in its own order."""
    nodes = distinct("nodes", as_ids("nodes", nodes, graph.num_nodes))
    place = np.full(graph.num_nodes, -1, np.int32)
    place[nodes] = np.arange(len(nodes))
    counts = graph.indptr[nodes + 1] - graph.indptr[nodes]
    indptr = indptr_of(counts)
    at = np.arange(indptr[-1]) + np.repeat(graph.indptr[nodes] - indptr[:-1], counts)
    ends = place[graph.indices[at]]
    stays = ends >= 0
    indptr = np.searchsorted(np.flatnonzero(stays), indptr)
    names = nodes if graph.node_ids is None else graph.node_ids[nodes]
    return graph._with_edges(at[stays], indptr, ends[stays], node_ids=names)


def distinct(name, nodes):
    """``nodes`` if none is there twice: a node has one row."""
    ordered = np.sort(nodes)
    repeated = ordered[1:][np.diff(ordered) == 0]
    if len(repeated):
        raise ValueError(f"{name} lists node {repeated[0]} more than once: list each node once")
    return nodes
