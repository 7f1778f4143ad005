"""NodeDataset: a graph with features, labels and a split, checked once so that nothing later has to."""

from dataclasses import dataclass, replace

import numpy as np

from graphsage.checks import MAX_NODES, ReadOnlyRecord, as_ids, as_integers, read_only
from graphsage.csr import checked_names, of_length
from graphsage.features import SparseFeatures, as_features, row_normalize
from graphsage.graph import Graph

SPLITS = ("train", "val", "test")


class DatasetError(ValueError):
    """A dataset that cannot be found, fetched or read, or that is not what its card says. The text is one sentence."""


@dataclass(frozen=True, eq=False, kw_only=True)
class NodeDataset(ReadOnlyRecord):
    """A node classification task. N nodes, F features, C classes.

    graph: ``Graph`` with N rows.
    features: float32 [N, F] array or ``SparseFeatures`` (whatever ``as_features`` takes). Shared with the caller, not
        copied: features can be large, or a memory map. Writing to them afterwards breaks what was checked here.
    labels: int64[N], the class number of each node, 0..C-1; -1 = no label.
    train, val, test: int64 node ids, in the caller's order; no node twice, none without a label. Empty is legal.
    class_names: C texts, or None. C is their number where given, else the largest label + 1.
    node_ids: the name of each node (distinct; int64[N] or object[N]); None takes the graph's own names, if it has any. Where
        both are given they must agree.
    name: what reports call the dataset.

    Raises ValueError or TypeError, one sentence each, for anything else.
    """

    graph: Graph
    features: np.ndarray | SparseFeatures
    labels: np.ndarray
    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    class_names: tuple | None = None
    node_ids: np.ndarray | None = None
    name: str | None = None

    def __post_init__(self):
        if not isinstance(self.graph, Graph):
            raise TypeError(f"graph must be a Graph, got {type(self.graph).__name__}")
        self._set(features=_checked_features(self.features, self.num_nodes))
        self._set(labels=_checked_labels(self.labels, self.num_nodes))
        for split in SPLITS:
            self._set(**{split: _checked_split(split, getattr(self, split), self.labels)})
        _check_disjoint([(split, getattr(self, split)) for split in SPLITS], self.num_nodes)
        self._set(class_names=_checked_class_names(self.class_names, self.labels))
        self._set(node_ids=_checked_node_ids(self.node_ids, self.graph))

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)

    # ---- sizes

    @property
    def num_nodes(self):
        """N."""
        return self.graph.num_nodes

    @property
    def num_features(self):
        """F."""
        return self.features.shape[1]

    @property
    def num_classes(self):
        """C: the number of class names, or the largest label + 1 (0 if nothing is labelled)."""
        if self.class_names is not None:
            return len(self.class_names)
        return int(self.labels.max(initial=-1)) + 1

    def statistics(self):
        """The counts that a dataset's card states, as a dict of ints; ``num_edges`` counts an undirected edge twice."""
        degrees = self.graph.degrees
        return {
            "num_nodes": self.num_nodes,
            "num_edges": self.graph.num_edges,
            "num_features": self.num_features,
            "num_classes": self.num_classes,
            "num_isolated": int(np.count_nonzero(degrees == 0)),
            "max_degree": int(degrees.max(initial=0)),
            **{f"num_{split}": len(getattr(self, split)) for split in SPLITS},
        }

    def summary(self):
        """Two lines for people."""
        counts = {name: f"{count:,}" for name, count in self.statistics().items()}
        return (
            "{name}: {num_nodes} nodes ({num_isolated} isolated), {num_edges} edges (largest degree {max_degree}),\n"
            "  {num_features} features, {num_classes} classes, {num_train} / {num_val} / {num_test} nodes "
            "to train / validate / test on"
        ).format(name=self.name or "dataset", **counts)

    def __repr__(self):
        counts = ", ".join(f"{name}={count}" for name, count in self.statistics().items())
        return f"NodeDataset({self.name!r}, {counts})"

    # ---- variants

    def without_edges(self):
        """The same nodes, features, labels and split on a graph without edges: what a features-only model sees."""
        empty = Graph(
            indptr=np.zeros(self.num_nodes + 1, np.int64),
            indices=np.empty(0, np.int32),
            node_ids=self.graph.node_ids,
        )
        return replace(self, graph=empty)

    def row_normalized(self):
        """The dataset with each row of features divided by the sum of its absolute values (zero rows stay zero)."""
        return replace(self, features=row_normalize(self.features))


def _checked_features(features, num_nodes):
    features = as_features(features)
    if features.shape[0] != num_nodes:
        raise ValueError(f"features must have one row per node, {num_nodes}; got {features.shape[0]} rows")
    return features


def _checked_labels(labels, num_nodes):
    labels = as_integers("labels", labels)
    if len(labels) != num_nodes:
        raise ValueError(f"labels must have one entry per node, {num_nodes}; got {len(labels)}")
    if labels.min(initial=0) < -1 or labels.max(initial=0) > MAX_NODES:  # names of classes (hashes, say), not numbers
        at = int(np.argmax((labels < -1) | (labels > MAX_NODES)))
        raise ValueError(
            f"labels must be class numbers 0..C-1 below 2^31, or -1 for no label; got labels[{at}] = {labels[at]}"
        )
    return read_only(labels.copy())


def _checked_split(split, ids, labels):
    ids = as_ids(split, ids, len(labels))
    unlabelled = np.flatnonzero(labels[ids] < 0)
    if unlabelled.size:
        at = int(unlabelled[0])
        raise ValueError(f"{split}[{at}] = {ids[at]} has no label: every node of a split needs one")
    return read_only(ids.copy())


def _check_disjoint(splits, num_nodes):
    owner = np.full(num_nodes, -1, np.int8)
    for number, (split, ids) in enumerate(splits):
        taken = np.flatnonzero(owner[ids] >= 0)
        if taken.size:
            node = ids[taken[0]]
            raise ValueError(f"node {node} is in {splits[owner[node]][0]} and in {split}: splits must not overlap")
        owner[ids] = number
        order = np.sort(ids)
        repeated = np.flatnonzero(np.diff(order) == 0)
        if repeated.size:
            raise ValueError(f"{split} lists node {order[repeated[0]]} more than once: list each node once")


def _checked_class_names(class_names, labels):
    if class_names is None:
        return None
    listed = np.iterable(class_names) and not isinstance(class_names, (str, bytes))
    names = tuple(class_names) if listed else (class_names,)  # once: a generator cannot be read again
    if not listed or not all(isinstance(name, str) for name in names):
        raise TypeError(f"class_names must be a list of texts, one a class; got {class_names!r}")
    largest = int(labels.max(initial=-1))
    if len(names) <= largest:
        raise ValueError(f"class_names must name every class, but there are {len(names)} names and label {largest}")
    return names


def _checked_node_ids(node_ids, graph):
    if node_ids is None or node_ids is graph.node_ids:
        return graph.node_ids
    names = of_length("node_ids", checked_names(node_ids), graph.num_nodes, "node")
    if graph.node_ids is not None:
        _check_agreement(names.tolist(), graph.node_ids.tolist())
    return read_only(names)


def _check_agreement(names, graph_names):
    for node, (name, own) in enumerate(zip(names, graph_names)):
        if name != own:
            raise ValueError(f"node_ids must agree with graph.node_ids, but node {node} is {name!r} here and {own!r} there")
