"""Relations by name, and pairs of nodes of two types."""

from graphsage.base.checks import as_ids, as_pairs
from graphsage.base.told import shown


def relation_named(graph, named):
    """The relation of a ``TypedGraph`` that ``named`` is: the relation itself, "source,name,destination", or its name alone.

    ValueError, one sentence, where the graph has none of that name, or several.
    """
    parts = tuple(part.strip() for part in named.split(",")) if isinstance(named, str) else named
    parts = tuple(parts) if isinstance(parts, (list, tuple)) else parts
    if parts in graph.relations:
        return parts
    listed = ", ".join(",".join(name) for name in graph.relations) or "none"
    found = [name for name in graph.relations if isinstance(named, str) and parts == (name[1],)]
    if len(found) != 1:
        several = f" one relation: {len(found)} have that name" if found else " relation of the graph"
        raise ValueError(f"relation = {shown(named)} names no{several}; there are {listed}")
    return found[0]


def typed_pairs(name, values, counts, relation):
    """``values`` as int64 [n, 2], (source, destination) of ``relation``, ids within its types; counts: {type: nodes}."""
    pairs = as_pairs(name, values, max(counts[relation[0]], counts[relation[2]]))
    for column, of in enumerate((relation[0], relation[2])):
        as_ids(f"{name}[:, {column}]", pairs[:, column], counts[of], kind=of)
    return pairs
