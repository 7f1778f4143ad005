"""A TypedGraph from the rows of another, as files keep them."""

from collections.abc import Mapping, Sequence

import numpy as np

from graphsage.base.checks import as_ids, read_only
from graphsage.graph.build import of_length
from graphsage.graph.graph import Graph
from graphsage.graph.typed_graph import Relation, TypedGraph, remade


def typed_graph_of_rows(
    num_nodes: Mapping[str, int],
    relations: Sequence[Relation],
    rows: Graph,
    edge_ids: np.ndarray,
    reverse_of: Mapping[Relation, Relation],
    checked: bool = False,
) -> TypedGraph:
    """The ``TypedGraph`` that had these ``rows``, ``edge_ids`` and ``reverse_of``: the same arrays, not copied.

    checked: they are known to fit the types and relations, and no edge is read.
    Raises ValueError, one sentence, where they fit neither each other nor the types and relations.
    """
    if len(set(relations)) < len(relations):
        raise ValueError("relations must differ, and one of them stands twice")
    bare = TypedGraph(num_nodes, dict.fromkeys(relations, ((), ())))
    _check_rows(bare, rows)
    ids = edge_ids if checked else as_ids("edge_ids", edge_ids, np.iinfo(np.int64).max)
    ids = read_only(of_length("edge_ids", ids, rows.num_edges, "edge"))
    made = remade({**bare.__dict__, "rows": rows, "edge_ids": ids, "reverse_of": dict(reverse_of)})
    if not checked:
        _check_ends(made)
    return made


def _check_ends(graph):
    for relation in graph.relations:
        _check_sources(graph, relation)
    for turned, origin in graph.reverse_of.items():
        _check_turned(graph, turned, origin)


def _check_rows(bare, rows):
    wanted = bare.rows.num_nodes
    if rows.num_nodes != wanted or rows.indptr[bare.firsts[-1]] != rows.num_edges:
        counts = f"{rows.num_nodes} rows with {rows.num_edges} edges"
        raise ValueError(f"there must be {wanted} rows, those after {bare.firsts[-1]} without edges; got {counts}")


def _check_sources(graph, relation):
    at, sources = graph.types.index(relation[0]), graph.rows.indices[graph.span(relation)]
    first, end = graph.starts[at : at + 2]
    if len(sources) and not (first <= sources.min() and sources.max() < end):
        raise ValueError(f"{relation} has a source that is no {relation[0]}: their numbers are {first} to {end - 1}")


def _check_turned(graph, turned, origin):
    """Ends are compared by how many edges each node has: whole edges would have to be sorted."""
    if turned[::2] != origin[::-2] or not np.array_equal(_degrees(graph, turned), _outgoing(graph, origin)):
        raise ValueError(f"{turned} does not have the edges of {origin} turned round, and is said to")


def _degrees(graph, relation):
    at = graph.index_of(relation)
    return np.diff(graph.rows.indptr[graph.firsts[at] : graph.firsts[at + 1] + 1])


def _outgoing(graph, relation):
    at = graph.types.index(relation[0])
    sources = graph.rows.indices[graph.span(relation)] - graph.starts[at]
    return np.bincount(sources, minlength=graph.num_nodes[relation[0]])
