"""What the layers of a model of typed graphs read of its types and relations."""

from collections.abc import Mapping

from graphsage.base.checks import as_count
from graphsage.base.told import shown, told


def reads(relations, targets, num_layers):
    """Sets of types, one a depth: what the first layer reads, ..., what the last one reads, and the ``targets``, its outputs.

    A layer computes a type from itself and from the first types of the relations into it.
    """
    found = [set(targets)]
    for _ in range(num_layers):
        found.insert(0, found[0] | {name[0] for name in relations if name[2] in found[0]})
    return found


def checked_types(in_features):
    """{type: features} of the caller's, counts >= 1."""
    if not isinstance(in_features, Mapping) or not in_features:
        raise TypeError(f"in_features must be a dict {{type: number of features}}, got {told(in_features)}")
    for kind in in_features:
        if not isinstance(kind, str) or not kind:
            raise ValueError(f"in_features must have texts as types, got {shown(kind)}")
    return {kind: as_count(f"in_features[{kind!r}]", count, least=1) for kind, count in in_features.items()}


def checked_relations(relations, types):
    """Tuples (source type, name, destination type) of the caller's, each once."""
    found = []
    for name in relations:
        name = tuple(name) if isinstance(name, (list, tuple)) else name
        if not isinstance(name, tuple) or len(name) != 3 or not all(isinstance(part, str) and part for part in name):
            raise ValueError(f"a relation must be (source type, name, destination type), three texts; got {shown(name)}")
        for end in (name[0], name[2]):
            if end not in types:
                raise ValueError(f"in_features has no {end!r}, which the relation {name} needs: give each type its features")
        found.append(name)
    if len(set(found)) < len(found):
        raise ValueError("relations must be distinct, and one is there twice")
    return tuple(found)


def checked_kinds(name, kinds, types):
    """One type or several of the caller's, as a tuple."""
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if not isinstance(kinds, (list, tuple)):
        raise TypeError(f"{name} must be a type of nodes, or several; got {told(kinds)}")
    for kind in kinds:
        if kind not in types:
            listed = ", ".join(map(repr, types))
            raise ValueError(f"{name} has {shown(kind)}, which is no type in in_features: there are {listed}")
    return tuple(dict.fromkeys(kinds))
