"""NodeDataset: a graph with features, labels and a split, checked once so that nothing later has to."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from types import NoneType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.checks import ReadOnlyRecord, as_path, read_only
from graphsage.base.told import of_kind
from graphsage.base.trusted import is_trusted
from graphsage.data.asked_times import times_line, times_of_nodes
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.labels import ReadTask, checked_class_names, is_labelled, read_labels, task_of
from graphsage.data.remarks import label_remarks
from graphsage.data.split import SPLITS, check_disjoint, checked_split, split_ids
from graphsage.graph.build import checked_names, of_length
from graphsage.graph.features import SparseFeatures, as_features, row_normalize
from graphsage.graph.graph import Graph

__all__ = ["SPLITS", "DatasetError", "NodeDataset"]

OUTPUTS = {"multiclass": "{:,} classes", "multilabel": "{:,} classes (any number a node)", "regression": "targets: {:,}"}


@dataclass(frozen=True, eq=False, kw_only=True)
class NodeDataset(ReadOnlyRecord):
    """A task on the nodes of a graph. N nodes, F features, C classes or T targets. What ``labels`` are names the task:

    task            labels given as                        stored as        no label
    "multiclass"    integers [N], classes 0..C-1           int64[N]         -1
                    bools [N]: classes 0 and 1
                    texts [N]: classes by class_names,                      None, NaN, "", "NA", "unknown", ...
                    else in the order of the alphabet
                    floats [N] or [N, 1], whole and few                     NaN
    "multilabel"    bools or 0/1 [N, C]                    int8[N, C]       a row of -1 (of NaN)
    "regression"    other floats [N] (T = 1) or [N, T]     float32[N, T]    a row of NaN

    Floats are classes where they are whole numbers from 0 to 100 that repeat: two nodes a number on average, or all of 0..C-1
    (1..C). A UserWarning says so. Integers [N, 1] can mean two things, and are refused unless ``task`` says which.

    graph: ``Graph`` with N rows.
    features: float32 [N, F] array or ``SparseFeatures`` (whatever ``as_features`` takes). Shared with the caller, not
        copied: features can be large, or a memory map. Writing to them afterwards breaks what was checked here.
    labels: as above (arrays, lists, tensors). A row is labelled as a whole or not at all.
    train, val, test: int64 node ids, in the caller's order; no node twice, none without a label. Empty is legal. Or masks [N]
        of bools or 0/1; of masks [N, k] the first column is used, and a UserWarning says so.
    class_names: C texts, or None. C is their number where given, else the largest label + 1; in a multilabel task they
        name the columns. A regression has none.
    node_ids: the name of each node (distinct; int64[N] or object[N]); None takes the graph's own names, if it has any. Where
        both are given they must agree.
    name: what reports call the dataset.
    times: [N], when the label of each node is asked, on the axis of the graph's times (numbers or dates; stored with their
        dtype). Training, validation, tests and predictions then ask each node at its own time, and show it no later edge.
        Every node needs one: of a node that is asked now, the latest. None: all nodes are asked with all edges.
    node_times: [N], when each node came to be, on the same axis: asked before that it is nobody's neighbour (without ``times``
        it always is). None: they always were.
    schema: how the columns of tables became features and labels (``graphsage.data.tables.schema``), for a dataset that came
        from tables, else None. ``load_dataset(folder, schema=...)`` encodes other tables in the same way.

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
    schema: dict | None = None
    task: str = "auto"
    notes: tuple = ()
    times: np.ndarray | None = None
    node_times: np.ndarray | None = None

    def __post_init__(self):
        of_kind("graph", self.graph, Graph)
        self._set(features=checked_features(self.features, self.num_nodes))
        labels, names, note = read_labels(self.labels, self.num_nodes, self.task, self.class_names)
        self._set(labels=labels, class_names=checked_class_names(names, labels))
        self._set(task=ReadTask(task_of(labels)) if type(self.task) is ReadTask or self.task == "auto" else self.task)
        self._say(note)
        has_label = is_labelled(self.labels)
        for split in SPLITS:
            ids, note = split_ids(split, getattr(self, split), self.num_nodes)
            self._set(**{split: checked_split(split, ids, has_label)})
            self._say(note)
        check_disjoint([(split, getattr(self, split)) for split in SPLITS], self.num_nodes)
        self._set(node_ids=checked_node_ids(self.node_ids, self.graph))
        times, node_times = times_of_nodes(self.graph, self.times, self.node_times)
        self._set(times=times, node_times=node_times)
        if not isinstance(self.schema, (dict, NoneType)):
            raise TypeError(f"schema must be a dict or None, got {type(self.schema).__name__}")

    def _say(self, note):
        """Keep a sentence on how the data were read, and warn of it."""
        if note:
            self._set(notes=(*self.notes, note))
            warnings.warn(note, stacklevel=4)

    # ---- sizes

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.graph.num_nodes

    @property
    def num_features(self) -> int:
        """F."""
        return self.features.shape[1]

    @property
    def num_classes(self) -> int:
        """C: the number of class names or label columns, or the largest label + 1 (0 without labels); 0 in a regression."""
        if self.task == "regression":
            return 0
        return self.num_outputs

    @property
    def num_outputs(self) -> int:
        """C, or T in a regression: how many numbers a model gives for a node."""
        if self.task != "multiclass":
            return self.labels.shape[1]
        return int(self.labels.max(initial=-1)) + 1 if self.class_names is None else len(self.class_names)

    def statistics(self) -> dict[str, int]:
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

    def summary(self, *, labels: bool = True) -> str:
        """Two lines for people, one where nodes have times, and one for each of the notes and (``labels``) of what labels
        leave little to learn from."""
        counts = {name: f"{count:,}" for name, count in self.statistics().items()}
        lines = (
            "{name}: {num_nodes} nodes ({num_isolated} isolated), {num_edges} edges (largest degree {max_degree}),\n"
            "  {num_features} features, {outputs}, {num_train} / {num_val} / {num_test} nodes "
            "to train / validate / test on"
        ).format(name=self.name or "dataset", outputs=OUTPUTS[self.task].format(self.num_outputs), **counts)
        return "\n  ".join([lines, *filter(None, [times_line(self)]), *self.notes, *(label_remarks(self) if labels else [])])

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={count}" for name, count in self.statistics().items())
        kind = "" if self.task == "multiclass" else f"task={self.task!r}, num_outputs={self.num_outputs}, "
        return f"NodeDataset({self.name!r}, {kind}{counts})"

    # ---- from and to

    @classmethod
    def from_networkx(
        cls,
        graph: Any,
        *,
        directed: bool | None = None,
        features: str | Sequence[str] | None = None,
        label: str,
        split: str | None = None,
        weight: str | None = None,
        edge_time: str | None = None,
        time: str | None = None,
        node_time: str | None = None,
        schema: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> Self:
        """The dataset of a networkx graph whose nodes have attributes; nodes are named as by ``Graph.from_networkx``.

        Edges are read as those of tables: both ends are neighbours, parallel ones count once, self loops are dropped.
        directed: to be said for a ``DiGraph``: False for both ends, True for predecessors only.
        features: an attribute or a list of them, which stand side by side: as they are where each is a number, or a list of
            numbers of one length, at every node. Where one is a text, or missing somewhere, all are read as columns of tables
            are (``graphsage.data.tables.columns``; needs pyarrow). None gives a column a node (``SparseFeatures.identity``).
        schema: that of another dataset that was read so, in place of ``features``: the same attributes, encoded alike.
        label: the attribute with the labels: class numbers, texts (classes in alphabetical order), lists of 0/1, or floats.
            A node without it has no label.
        split: the attribute that is "train", "val" or "test" (or missing). None: half, a quarter and a quarter of the
            labelled nodes, at random, the same for every run.
        weight, edge_time: attributes of edges, their weights and times. time, node_time: attributes of nodes, those that
            become ``times`` and ``node_times``. Times must be everywhere.
        """
        from graphsage.data.readers.networkx_attributes import parts_of_networkx

        times = {"edge_time": edge_time, "time": time, "node_time": node_time}
        how = {"features": features, "label": label, "split": split, "weight": weight, "schema": schema}
        return cls(**parts_of_networkx(graph, directed, **how, **times), name=name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the dataset to ``path``, which ``load`` reads back: one file where that is NAME.npz, else a folder.

        A file (``graphsage.data.readers.npz_form``) takes the place of the one that was there when it is whole. A folder
        (``graphsage.data.folders.folder_parts``) is opened by memory map, so that it may be larger than the memory, and takes
        nothing's place. ValueError where something is at its path already, and where node_ids are neither all integers nor all
        texts. A joined dataset is saved as the one graph that it is.
        """
        from graphsage.data.folders.folder_parts import save_folder
        from graphsage.data.readers.npz_form import packed, save_parts

        path = as_path("path", path)
        if path.suffix == ".npz":
            save_parts(self, path)
        else:
            save_folder(path, *packed(self))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> 'NodeDataset':
        """The dataset in a file or a folder of ``save``, with the same arrays and names; a large folder stays on disk.

        DatasetError, one sentence, for what is missing, truncated, damaged, of another kind or of a newer version.
        """
        from graphsage.data.folders.folder_parts import load_folder
        from graphsage.data.readers.npz_form import load_parts

        place = as_path("path", path)
        parts = load_folder(place, typed=False) if place.is_dir() else load_parts(place)
        with told_of(path):
            return NodeDataset(**parts)

    # ---- variants

    def without_edges(self) -> Self:
        """The same nodes, features, labels and split on a graph without edges, and so without times: what a features-only
        model sees."""
        empty = Graph(
            indptr=np.zeros(self.num_nodes + 1, np.int64),
            indices=np.empty(0, np.int32),
            node_ids=self.graph.node_ids,
        )
        return replace(self, graph=empty, times=None, node_times=None)

    def induced(self, nodes: ArrayLike | None = None) -> 'NodeDataset':
        """The dataset of ``nodes`` alone (int [M], or a mask [N]; none twice; None: those to train on), in that order.

        Its graph is ``graph.subgraph(nodes)``: it has the edges among them, under the ids that they have here, and the names of
        the nodes. Features, labels and split are those of the nodes. As many classes as here: without class_names, a last one
        that no node has gets all of them named by their numbers.
        ``TrainConfig(inductive=True)`` trains on the edges of ``induced()`` and validates and tests on the whole graph.
        """
        from graphsage.data.induced import induced_parts

        kept = {field.name: getattr(self, field.name) for field in fields(NodeDataset)}  # a joined one has more
        return NodeDataset(**{**kept, **induced_parts(self, nodes)})

    def row_normalized(self) -> Self:
        """The dataset with each row of features divided by the sum of its absolute values (zero rows stay zero)."""
        return replace(self, features=row_normalize(self.features))


def checked_features(features, num_nodes):
    """``features`` as ``as_features`` takes them, with a row a node."""
    features = as_features(features)
    if features.shape[0] != num_nodes:
        raise ValueError(f"features must have one row per node, {num_nodes}; got {features.shape[0]} rows")
    return features


def checked_node_ids(node_ids, graph):
    """``node_ids`` as names that agree with the graph's own; None: those."""
    if node_ids is None or node_ids is graph.node_ids:
        return graph.node_ids
    if graph.node_ids is None and is_trusted("names", node_ids):
        return of_length("node_ids", node_ids, graph.num_nodes, "node")
    names = of_length("node_ids", checked_names(node_ids), graph.num_nodes, "node")
    if graph.node_ids is not None:
        _check_agreement(names.tolist(), graph.node_ids.tolist())
    return read_only(names)


def _check_agreement(names, graph_names):
    for node, (name, own) in enumerate(zip(names, graph_names)):
        if name != own:
            raise ValueError(f"node_ids must agree with graph.node_ids, but node {node} is {name!r} here and {own!r} there")
