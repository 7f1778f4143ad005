"""What is in a typed dataset, in numbers: its types, its relations, and how much neighbours are of one class."""

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from graphsage.base.checks import ReadOnlyRecord
from graphsage.data.described.homophily import homophily, shared_homophily
from graphsage.data.labels import is_labelled
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph


@dataclass(frozen=True, kw_only=True)
class TypeFacts:
    """A type of nodes. num_isolated: nodes in no edge of any relation. num_features: columns, 0 where there are none."""

    num_nodes: int
    num_isolated: int
    num_features: int
    is_sparse: bool


@dataclass(frozen=True, kw_only=True)
class RelationFacts:
    """A relation of E edges, from a source type to a destination type.

    sources, destinations: how many edges a node of that type has in it: (on average, at most, nodes without one).
    homophily, adjusted: where both ends are targets those of ``homophily``; where one is, those of ``shared_homophily``: of the
        targets that have a node in common. NaN where there are no classes, or neither end is a target.
    """

    num_edges: int
    sources: tuple[float, int, int]
    destinations: tuple[float, int, int]
    homophily: float
    adjusted: float


@dataclass(frozen=True, eq=False, kw_only=True)
class TypedDescription(ReadOnlyRecord):
    """What ``describe`` found in a ``TypedDataset``. ``str`` of it is a report for people.

    types: {type: ``TypeFacts``}. relations: {relation: ``RelationFacts``}, of a relation and its reverse that which was given.
    num_edges: edges of all relations, reverses counted again. target: the type with labels, or None.
    targets: the ``Description`` of the target's nodes by themselves, or None.
    """

    name: str | None
    types: dict
    relations: dict
    num_edges: int
    target: str | None
    targets: Any

    def __str__(self):
        from graphsage.data.described.describe_typed_report import typed_report

        return typed_report(self)


def describe_typed(dataset, targets):
    """The ``TypedDescription`` of a ``TypedDataset``; targets: the ``Description`` of its targets, or None."""
    graph, classes = dataset.graph, _classes(dataset)
    given = [name for name in graph.relations if graph.reverse_of.get(name, name) == name]
    touched = {name: np.zeros(count, bool) for name, count in graph.num_nodes.items()}
    relations = {}
    for name in given:
        src, dst = graph.edges(name)
        touched[name[0]][src] = touched[name[2]][dst] = True
        relations[name] = _relation(dataset, name, src, dst, classes)
    return TypedDescription(
        name=dataset.name,
        types={name: _type(dataset.features[name], touched[name]) for name in graph.types},
        relations=relations,
        num_edges=graph.rows.num_edges,
        target=dataset.target,
        targets=targets,
    )


def _classes(dataset):
    """int[N] of the target's nodes, -1 without one; None where the task has no classes."""
    if dataset.target is None or dataset.task != "multiclass":
        return None
    return np.where(is_labelled(dataset.labels), dataset.labels, -1)


def _type(features, touched):
    is_sparse = isinstance(features, SparseFeatures)
    columns = 0 if is_sparse and features.is_identity else features.shape[1]
    return TypeFacts(
        num_nodes=len(touched), num_isolated=int(np.count_nonzero(~touched)), num_features=columns, is_sparse=is_sparse
    )


def _relation(dataset, name, src, dst, classes):
    sizes = dataset.num_nodes
    found, adjusted = (nan, nan) if classes is None else _homophily(dataset, name, src, dst, classes)
    return RelationFacts(
        num_edges=len(src),
        sources=_spread(src, sizes[name[0]]),
        destinations=_spread(dst, sizes[name[2]]),
        homophily=found,
        adjusted=adjusted,
    )


def _spread(ids, count):
    degrees = np.bincount(ids, minlength=count)
    return len(ids) / max(count, 1), int(degrees.max(initial=0)), int(np.count_nonzero(degrees == 0))


def _homophily(dataset, name, src, dst, classes):
    of_target = [name[0] == dataset.target, name[2] == dataset.target]
    if not any(of_target):
        return nan, nan
    if all(of_target):
        return homophily(Graph.from_edges(src, dst, len(classes)), classes, dataset.num_classes)[:2]
    own, group = (src, dst) if of_target[0] else (dst, src)
    has_class = classes[own] >= 0
    size = dataset.num_nodes[name[2] if of_target[0] else name[0]]
    return shared_homophily(group[has_class], classes[own[has_class]], size, dataset.num_classes)
