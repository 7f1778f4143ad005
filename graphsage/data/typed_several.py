"""Several typed graphs as one dataset: trained on some of them, tested on others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from graphsage.base.checks import read_only
from graphsage.base.told import of_kind
from graphsage.data.joined_arrays import joined_indptr, of_all, stacked
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.graph.typed_graph import Relation
from graphsage.graph.typed_rows import typed_graph_of_rows


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class JoinedTypedDataset(TypedDataset):
    """The disjoint union of G typed datasets: a ``TypedDataset`` that knows which of its nodes are whose.

    graph_names: G texts. graph_offsets: {type: int64[G + 1]}; graph g has the nodes offsets[g] .. offsets[g + 1] - 1 of the
    type. edge_offsets: {relation: int64[G + 1]}; edge i of graph g, as that dataset numbers the relation's edges, has the id
    offsets[g] + i.
    """

    graph_names: tuple
    graph_offsets: Mapping[str, np.ndarray]
    edge_offsets: Mapping[Relation, np.ndarray]

    def __post_init__(self):
        super().__post_init__()
        for name in ("graph_offsets", "edge_offsets"):
            frozen = {key: read_only(offsets) for key, offsets in getattr(self, name).items()}
            self._set(**{name: MappingProxyType(frozen)})

    def nodes_of(self, name: str) -> dict[str, np.ndarray]:
        """{type: int64}: the nodes of the graph called ``name``; node i of that dataset is the i-th of them."""
        if name not in self.graph_names:
            raise ValueError(f"no graph is called {name!r}: there are {', '.join(self.graph_names)}")
        number = self.graph_names.index(name)
        return {kind: np.arange(*offsets[number : number + 2]) for kind, offsets in self.graph_offsets.items()}


def bare_targets(datasets):
    """The targets of typed datasets, each a ``NodeDataset`` with a feature that says nothing; ValueError if they do not fit."""
    _check(datasets)
    bare = [dataset.targets.without_edges() for dataset in datasets]
    ones = [np.ones((dataset.num_nodes, 1), np.float32) for dataset in bare]
    return [replace(dataset, features=one, schema=None) for dataset, one in zip(bare, ones)]


def joined_typed(datasets, joined):
    """The ``JoinedTypedDataset`` of typed datasets; joined: the ``JoinedDataset`` of their ``bare_targets``."""
    first, names = datasets[0], joined.graph_names
    offsets = {kind: _offsets([of.num_nodes[kind] for of in datasets]) for kind in first.graph.types}
    edge_offsets = {name: _offsets([_largest(of.graph, name) + 1 for of in datasets]) for name in first.graph.relations}
    given = {part: getattr(joined, part) for part in ("labels", "train", "val", "test", "class_names", "task", "name")}
    return JoinedTypedDataset(
        graph=_union([of.graph for of in datasets], offsets, edge_offsets),
        features={kind: _features(datasets, kind) for kind in first.graph.types},
        target=first.target,
        **given,
        node_ids={kind: _names(datasets, names, kind) for kind in first.graph.types},
        times=of_all(datasets, "times", "datasets"),
        node_times=_node_times(datasets),
        schema=first.schema,
        graph_names=names,
        graph_offsets=offsets,
        edge_offsets=edge_offsets,
    )


def _offsets(sizes):
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _largest(graph, relation):
    """The largest edge id of a relation, -1 without edges. That of its reverse is the same."""
    return int(graph.edge_ids[graph.span(relation)].max(initial=-1))


# ---- checks


def _check(datasets):
    for number, dataset in enumerate(datasets):
        of_kind(f"datasets[{number}]", dataset, TypedDataset)
        kind, first = _kind(dataset), _kind(datasets[0])
        odd = next((what for what in kind if kind[what] != first[what]), None)
        if odd is not None:
            called = f"datasets[{number}] and datasets[0]"
            raise ValueError(f"{called} must have the same {odd}, got {_told(kind[odd])} and {_told(first[odd])}")


def _kind(dataset) -> dict[str, Any]:
    """What datasets must share."""
    graph = dataset.graph
    return {
        "types": set(graph.types),
        "relations": set(graph.relations),
        "reverses": dict(graph.reverse_of),
        "target": dataset.target,
        "features": {kind: _form(dataset.features[kind]) for kind in sorted(graph.types)},
        "schema (load_dataset takes one)": json.dumps(None if dataset.schema is None else dict(dataset.schema), sort_keys=True),
    }


def _form(features):
    if isinstance(features, SparseFeatures):
        return "none" if features.is_identity else f"{features.num_columns} sparse"
    return f"{features.shape[1]} dense"


def _told(value):
    text = ", ".join(map(str, sorted(value))) if isinstance(value, set) else str(value)
    return text if len(text) <= 200 else f"{text[:200]} ..."


# ---- the union


def _union(graphs, offsets, edge_offsets):
    """Rows of a relation are those of its destinations, graph after graph, so they need no sorting."""
    first = graphs[0]
    starts = dict(zip(first.types, _offsets([offsets[kind][-1] for kind in first.types])))
    sizes = {kind: int(of[-1]) for kind, of in offsets.items()}
    indptrs, indices, edge_ids = [], [], []
    for relation in first.relations:
        for number, graph in enumerate(graphs):
            at, span = graph.index_of(relation), graph.span(relation)
            own = graph.starts[graph.types.index(relation[0])]
            indptrs.append(graph.rows.indptr[graph.firsts[at] : graph.firsts[at + 1] + 1])
            indices.append(graph.rows.indices[span] + (starts[relation[0]] + offsets[relation[0]][number] - own))
            edge_ids.append(graph.edge_ids[span] + edge_offsets[relation][number])
    indptr = joined_indptr(indptrs) if indptrs else np.zeros(1, np.int64)
    spare = max(sum(sizes.values()) - len(indptr) + 1, 0)  # a Graph has as many rows as its ids need
    empty = np.empty(0, np.int64)
    rows = Graph(
        indptr=np.concatenate([indptr, np.full(spare, indptr[-1])]),
        indices=np.concatenate([empty, *indices]),
        **{name: _of_edges(graphs, name) for name in ("edge_reversed", "weights", "times")},
    )
    return typed_graph_of_rows(sizes, first.relations, rows, np.concatenate([empty, *edge_ids]), first.reverse_of)


def _of_edges(graphs, name):
    """An array of the edges of all graphs, relation after relation; None where none has it."""
    if of_all([graph.rows for graph in graphs], name) is None:
        return None
    return np.concatenate([getattr(graph.rows, name)[graph.span(of)] for of in graphs[0].relations for graph in graphs])


def _features(datasets, kind):
    features = [dataset.features[kind] for dataset in datasets]
    return None if _form(features[0]) == "none" else stacked(features)


def _names(datasets, names, kind):
    """(graph, name) of each node, where all datasets have names of this type."""
    own = [dataset.node_ids.get(kind) for dataset in datasets]
    if any(ids is None for ids in own):
        return None
    return [(name, one) for name, ids in zip(names, own) for one in ids.tolist()]


def _node_times(datasets):
    """{type: times}; ValueError where some datasets have them of a type and some do not."""
    kinds = [set(dataset.node_times or ()) for dataset in datasets]
    if any(own != kinds[0] for own in kinds):
        raise ValueError("datasets must have node_times of the same types, got some of each")
    return {kind: np.concatenate([of.node_times[kind] for of in datasets]) for kind in sorted(kinds[0])} or None
