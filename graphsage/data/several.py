"""Several graphs as one dataset: trained on some of them, tested on others."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, overload

import numpy as np

from graphsage.base.checks import as_integers, as_list, read_only
from graphsage.base.told import of_kind
from graphsage.data.dataset import SPLITS, NodeDataset
from graphsage.data.joined_arrays import joined_indptr, of_all, stacked
from graphsage.data.labels import ReadTask
from graphsage.data.split import random_order
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_several import JoinedTypedDataset, bare_targets, joined_typed
from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

VAL_SHARE = 0.2  # of the nodes to train on, where no graph is named to validate on


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class JoinedDataset(NodeDataset):
    """The disjoint union of G datasets: a ``NodeDataset`` that knows which of its nodes are whose.

    graph_names: G texts. graph_offsets: int64[G + 1]; graph g has the nodes graph_offsets[g] .. graph_offsets[g + 1] - 1, in
    its own order.
    edge_offsets: int64[G + 1]; edge i of graph g, as that dataset numbers its edges, has the id edge_offsets[g] + i.
    """

    graph_names: tuple
    graph_offsets: np.ndarray
    edge_offsets: np.ndarray

    def __post_init__(self):
        super().__post_init__()
        num_graphs, edges = len(self.graph_names), as_integers("edge_offsets", self.edge_offsets)
        self._set(graph_offsets=_checked_offsets("graph_offsets", self.graph_offsets, num_graphs, self.num_nodes))
        self._set(edge_offsets=_checked_offsets("edge_offsets", edges, num_graphs, edges.max(initial=0)))

    @property
    def graph_index(self) -> np.ndarray:
        """int64[N]: which graph each node belongs to, 0..G-1."""
        return np.repeat(np.arange(len(self.graph_names)), np.diff(self.graph_offsets))

    def nodes_of(self, name: str) -> np.ndarray:
        """int64: the nodes of the graph called ``name``; node i of that dataset is the i-th of them."""
        number = _number_of(name, self.graph_names)
        return np.arange(self.graph_offsets[number], self.graph_offsets[number + 1])


@overload
def join_datasets(
    datasets: Sequence[NodeDataset], *, train: Any, val: Any = None, test: Any, seed: int = 0, name: str | None = None
) -> JoinedDataset: ...
@overload
def join_datasets(
    datasets: Sequence[TypedDataset], *, train: Any, val: Any = None, test: Any, seed: int = 0, name: str | None = None
) -> JoinedTypedDataset: ...
def join_datasets(
    datasets: Sequence[NodeDataset] | Sequence[TypedDataset],
    *,
    train: Any,
    val: Any = None,
    test: Any,
    seed: int = 0,
    name: str | None = None,
) -> JoinedDataset | JoinedTypedDataset:
    """The disjoint union of ``datasets``, to be trained on some of them and tested on others: the inductive task.

    datasets: G >= 1 ``NodeDataset`` with distinct names, as many features (all sparse or all dense), the same kind of
        labels, the same class names and the same schema, if any. Their own splits are not used. Weights and times are kept if
        all have them.
    train, val, test: the names of graphs; each graph in one of them at most, all its labelled nodes in that part.
    val=None: of the nodes of each graph in ``train`` a fifth, drawn at random by ``seed``, validates. val=(): nothing does.

    Returns a ``JoinedDataset``. Node i of graph g has the id graph_offsets[g] + i; no edge runs between graphs. Node names
    become (graph, name) where all datasets have some, else there are none. Edge i of graph g has the id edge_offsets[g] + i;
    the offsets grow by the largest id of each graph, plus 1. name: the graphs' names with + between.
    Of ``TypedDataset`` with the same types, relations, target and features a type it is a ``JoinedTypedDataset``, whose offsets
    are of each type and each relation.
    A graph that no list names is still part of the union: its nodes are neighbours of each other, and in no split.
    Raises ValueError or TypeError, one sentence. Hamilton, Ying, Leskovec 2017, section 4.2 (generalising across graphs).
    """
    datasets = as_list("datasets", datasets, "NodeDataset")
    if datasets and isinstance(datasets[0], TypedDataset):
        joined = join_datasets(bare_targets(datasets), train=train, val=val, test=test, seed=seed, name=name)
        return joined_typed(datasets, joined)
    names = _checked(datasets)
    offsets = np.concatenate([[0], np.cumsum([dataset.num_nodes for dataset in datasets])])
    labels = np.concatenate([dataset.labels for dataset in datasets])
    graphs = [dataset.graph for dataset in datasets]
    edge_offsets = indptr_of(np.array([_edge_ids(graph).max(initial=-1) + 1 for graph in graphs]))
    parts = _parts({"train": train, "val": val, "test": test}, names, offsets, labels, seed)
    return JoinedDataset(
        graph=_union(graphs, offsets, edge_offsets),
        features=stacked([dataset.features for dataset in datasets]),
        labels=labels,
        **parts,
        class_names=datasets[0].class_names,
        node_ids=_node_ids(datasets, names),
        times=of_all(datasets, "times", "datasets"),
        node_times=of_all(datasets, "node_times", "datasets"),
        name="+".join(names) if name is None else name,
        schema=datasets[0].schema,
        task=ReadTask(datasets[0].task),
        graph_names=names,
        graph_offsets=offsets,
        edge_offsets=edge_offsets,
    )


# ---- checks


def _checked(datasets):
    """The names of datasets that can be joined."""
    for number, dataset in enumerate(datasets):
        of_kind(f"datasets[{number}]", dataset, NodeDataset)
        if not isinstance(dataset.name, str):
            raise ValueError(f"datasets[{number}] must have a name, by which train, val and test can choose it")
        kind, first = _kind(dataset), _kind(datasets[0])
        odd = next((what for what in kind if kind[what] != first[what]), None)
        if odd is not None:
            raise ValueError(
                f"{dataset.name} and {datasets[0].name} must have the same {odd}, got {kind[odd]} and {first[odd]}"
            )
    names = tuple(dataset.name for dataset in datasets)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"datasets must be one or more with distinct names, got {', '.join(names) or 'none'}")
    return names


def _kind(dataset):
    """What datasets must share."""
    sparse = isinstance(dataset.features, SparseFeatures)
    return {
        "number of features": dataset.num_features,
        "kind of features": "sparse" if sparse else "dense",
        "kind of labels": f"{dataset.labels.dtype}{list(dataset.labels.shape[1:])}",
        "class names": dataset.class_names,
        "schema (load_dataset takes one)": None if dataset.schema is None else _short(dataset.schema),
    }


def _checked_offsets(name, offsets, num_graphs, end):
    offsets = as_integers(name, offsets)
    wanted = (num_graphs + 1, 0, end)
    if (len(offsets), *offsets[:1], *offsets[-1:]) != wanted or np.any(np.diff(offsets) < 0):
        rule = f"{wanted[0]} numbers that rise from 0 to {end}"
        raise ValueError(f"{name} must be {rule}, one a graph and one more, got {offsets}")
    return read_only(offsets)


def _short(schema):
    """A few letters that stand for a schema."""
    return sha256(json.dumps(schema).encode()).hexdigest()[:8]


def _number_of(name, names):
    if name not in names:
        raise ValueError(f"no graph is called {name!r}: there are {', '.join(names)}")
    return names.index(name)


# ---- the split


def _parts(chosen, names, offsets, labels, seed):
    """{"train", "val", "test": int64 ids}."""
    numbers = {part: _numbers(part, chosen[part], names) for part in SPLITS if part != "val" or chosen[part] is not None}
    _refuse_repeats(numbers, names)
    nodes = {part: [_labelled(number, offsets, labels) for number in numbers[part]] for part in numbers}
    if "val" not in nodes:
        orders = [random_order(ids, seed, number) for ids, number in zip(nodes["train"], numbers["train"])]
        cuts = [round(VAL_SHARE * len(ids)) for ids in orders]
        nodes["val"] = [np.sort(ids[:cut]) for ids, cut in zip(orders, cuts)]
        nodes["train"] = [np.sort(ids[cut:]) for ids, cut in zip(orders, cuts)]
    return {part: np.concatenate([np.empty(0, np.int64), *nodes[part]]) for part in SPLITS}


def _refuse_repeats(numbers, names):
    owner = {}
    for part, listed in numbers.items():
        for number in listed:
            if number in owner:
                raise ValueError(f"{names[number]} is listed in {owner[number]} and in {part}: list each graph once")
            owner[number] = part


def _numbers(part, chosen, names):
    if isinstance(chosen, str) or not np.iterable(chosen):
        raise TypeError(f"{part} must be a list of names of graphs, got {chosen!r}")
    return [_number_of(name, names) for name in chosen]


def _labelled(number, offsets, labels):
    """int64 ids of the nodes of a graph that have a label: none is -1, or NaN where labels are real numbers."""
    own = labels[offsets[number] : offsets[number + 1]]
    first = own if own.ndim == 1 else own[:, 0]  # a row is labelled as a whole or not at all
    return offsets[number] + np.flatnonzero(~np.isnan(first) if first.dtype.kind == "f" else first >= 0)


# ---- the union


def _union(graphs, offsets, edge_offsets):
    return Graph(
        indptr=joined_indptr([graph.indptr for graph in graphs]),
        indices=np.concatenate([graph.indices + offset for graph, offset in zip(graphs, offsets)]),
        edge_ids=np.concatenate([_edge_ids(graph) + offset for graph, offset in zip(graphs, edge_offsets)]),
        edge_reversed=np.concatenate([_flags(graph) for graph in graphs]),
        weights=of_all(graphs, "weights"),
        times=of_all(graphs, "times"),
    )


def _edge_ids(graph):
    return np.arange(graph.num_edges) if graph.edge_ids is None else graph.edge_ids


def _flags(graph):
    return np.zeros(graph.num_edges, bool) if graph.edge_reversed is None else graph.edge_reversed


def _node_ids(datasets, names):
    if any(dataset.node_ids is None for dataset in datasets):
        return None
    return [(name, own) for name, dataset in zip(names, datasets) for own in dataset.node_ids.tolist()]
