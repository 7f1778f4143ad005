"""The fanouts of a sampler, where some relations of a typed graph have their own."""

from graphsage.graph.relation_names import relation_named
from graphsage.graph.typed_graph import TypedGraph


def fanouts_of(graph, fanouts, own):
    """``fanouts``, or {relation: fanouts} of a typed graph where some relations have their ``own``."""
    if own is None:
        return fanouts
    if not isinstance(graph, TypedGraph):
        raise ValueError("relation_fanouts are of graphs with several types, and this one has one: leave it out")
    try:
        named = [(relation_named(graph, name), tuple(hops)) for name, hops in own.items()]
    except ValueError as error:
        raise ValueError(f"relation_fanouts: {error}") from None
    if len(dict(named)) < len(named):
        one = next(name for name, _ in named if sum(other == name for other, _ in named) > 1)
        raise ValueError(f"relation_fanouts: {','.join(one)} is named twice: leave it in once")
    return {name: dict(named).get(name, fanouts) for name in graph.relations}
