"""TypedDataset: a typed graph with features of each type, and one type with labels and a split."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from graphsage.base.checks import ReadOnlyRecord, as_path, read_only
from graphsage.base.told import of_kind, shown, told
from graphsage.base.trusted import is_trusted
from graphsage.data.dataset import OUTPUTS, SPLITS, NodeDataset
from graphsage.data.errors import told_of
from graphsage.data.merged import merged_parts
from graphsage.data.remarks import label_remarks
from graphsage.graph.build import checked_names, of_length
from graphsage.graph.features import SparseFeatures, as_features, row_normalize
from graphsage.graph.graph import Graph
from graphsage.graph.time_axis import earliest
from graphsage.graph.typed_graph import Relation, TypedGraph
from graphsage.sampling.times import times_by_type

NO_TARGET = "no type has labels in this dataset, so only links can be asked: pass target= and labels="


@dataclass(frozen=True, eq=False, kw_only=True)
class TypedDataset(ReadOnlyRecord):
    """A ``TypedGraph`` with features, and labels and a split of one of its types.

    graph: ``TypedGraph``.
    features: {type: float32 [n_t, F_t] or ``SparseFeatures``}, whatever ``as_features`` takes. A type left out, or None,
        has none: ``SparseFeatures.identity`` stands for them, a column a node, of which a model learns an embedding each.
    target: the type whose nodes have labels; None: no nodes have, and only links can be asked.
    labels, train, val, test, class_names, task, times: of the target's nodes, as in ``NodeDataset``; ids count within the type.
    node_ids: {type: names}, of some types or all, each as in ``NodeDataset``.
    node_times: {type: [n_t]}, when each node came to be, on the axis of the edges' times; nodes of other types always were.
    schema: {type: how columns of tables became features and labels}, of the types that came from tables, else None.
    name: what reports call the dataset.

    targets: the ``NodeDataset`` of the target's nodes by themselves, with the edges of the relations from that type to itself.
    Raises ValueError or TypeError, one sentence each, for anything that does not fit.
    """

    graph: TypedGraph
    features: Mapping[str, Any] | None = None
    target: str | None = None
    labels: np.ndarray | None = None
    train: np.ndarray = ()
    val: np.ndarray = ()
    test: np.ndarray = ()
    class_names: tuple | None = None
    node_ids: Mapping[str, np.ndarray] | None = None
    name: str | None = None
    schema: Mapping[str, dict] | None = None
    task: str = "auto"
    notes: tuple = ()
    times: np.ndarray | None = None
    node_times: Mapping[str, np.ndarray] | None = None

    def __post_init__(self):
        sizes = of_kind("graph", self.graph, TypedGraph).num_nodes
        given = _by_type("features", self.features, sizes)
        self._set(features=_frozen({name: _features(name, given.get(name), count) for name, count in sizes.items()}))
        ids = {name: _names(name, ids, sizes[name]) for name, ids in _by_type("node_ids", self.node_ids, sizes).items()}
        self._set(node_ids=_frozen(ids), node_times=self._checked_node_times(sizes))
        self._set(schema=None if self.schema is None else _frozen(_by_type("schema", self.schema, sizes)))
        self._set(_targets=None)
        if self.target is None:
            self._refuse_labels()
            return
        if not isinstance(self.target, str) or self.target not in sizes:
            raise ValueError(f"target = {shown(self.target)} is no type of nodes: there are {', '.join(map(repr, sizes))}")
        self._set(_targets=self._made_targets())
        for name in ("labels", *SPLITS, "class_names", "task", "notes", "times"):
            self._set(**{name: getattr(self._targets, name)})

    def _checked_node_times(self, sizes):
        given = _by_type("node_times", self.node_times, sizes)
        return _frozen(times_by_type("node_times", given, sizes, self.graph.rows.times)) if given else None

    def _refuse_labels(self):
        for name in ("labels", *SPLITS, "class_names", "times"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, (tuple, list, np.ndarray)) and len(value) == 0):
                types = ", ".join(map(repr, self.graph.types))
                raise ValueError(f"{name} is given, but no target: name the type that has labels, target= one of {types}")
        self._set(**{split: read_only(np.empty(0, np.int64)) for split in SPLITS})

    def _made_targets(self):
        if self.labels is None:
            raise ValueError(f"target = {self.target!r} needs labels of its nodes: labels=")
        own = {name: getattr(self, name) for name in ("labels", *SPLITS, "class_names", "name", "task", "notes", "times")}
        of_type = {"node_ids": self.node_ids, "node_times": self.node_times, "schema": self.schema}
        own |= {name: None if of is None else of.get(self.target) for name, of in of_type.items()}
        return NodeDataset(graph=_among(self.graph, self.target, self.node_times), features=self.features[self.target], **own)

    def __reduce__(self):
        fields = {name: value for name, value in self.__dict__.items() if name != "_targets"}
        return _remade, (type(self), {name: dict(of) if isinstance(of, Mapping) else of for name, of in fields.items()},)

    # ---- sizes

    @property
    def targets(self) -> NodeDataset:
        """The nodes of the target type by themselves; ValueError where no type has labels."""
        if self._targets is None:
            raise ValueError(NO_TARGET)
        return self._targets

    @property
    def num_nodes(self) -> dict[str, int]:
        """{type: number of nodes}."""
        return self.graph.num_nodes

    @property
    def num_edges(self) -> dict[Relation, int]:
        """{relation: number of edges}, reverse ones counted again."""
        return self.graph.num_edges

    @property
    def num_features(self) -> dict[str, int]:
        """{type: F_t}."""
        return {name: features.shape[1] for name, features in self.features.items()}

    @property
    def num_classes(self) -> int:
        """C, as in ``NodeDataset``."""
        return self.targets.num_classes

    @property
    def num_outputs(self) -> int:
        """How many numbers a model gives for a node of the target type."""
        return self.targets.num_outputs

    def statistics(self) -> dict[str, Any]:
        """The counts that a dataset's card states: a type, a relation ("a-name-b"), and the split's where there is one."""
        relations = {"-".join(name): count for name, count in self.num_edges.items()}
        found = {"num_nodes": self.num_nodes, "num_edges": relations, "num_features": self.num_features}
        if self.target is not None:
            found |= {"num_classes": self.num_classes, **{f"num_{split}": len(getattr(self, split)) for split in SPLITS}}
        return found

    def summary(self, *, labels: bool = True) -> str:
        """Lines for people: a line on the whole, one a type and one a relation, and what labels leave little to learn from."""
        sizes, edges = self.num_nodes, self.num_edges
        counts = f"{sum(sizes.values()):,} nodes of {len(sizes)} types, {sum(edges.values()):,} edges of {len(edges)} relations"
        lines = [f"{self.name or 'dataset'}: {counts}"]
        lines += [f"{name}: {count:,} nodes, {self._told_features(name)}" for name, count in sizes.items()]
        lines += [f"{' '.join(name)}: {count:,} edges" for name, count in edges.items()]
        if self.target is not None:
            outputs = OUTPUTS[self.task].format(self.num_outputs)
            counts = " / ".join(f"{len(getattr(self, split)):,}" for split in SPLITS)
            lines.append(f"{self.target} has labels, {outputs}: {counts} nodes to train / validate / test on")
            lines += [*self.notes, *(label_remarks(self.targets) if labels else [])]
        return "\n  ".join(lines)

    def _told_features(self, name):
        features = self.features[name]
        if isinstance(features, SparseFeatures) and features.is_identity:
            return "no features: an embedding is learned of each"
        return f"{features.shape[1]:,} features"

    def __repr__(self) -> str:
        target = "" if self.target is None else f", target={self.target!r}, num_outputs={self.num_outputs}"
        return f"TypedDataset({self.name!r}, {self.graph!r}{target})"

    # ---- from and to

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the dataset to ``path``, a file NAME.npz or a folder, which ``load`` and ``load_dataset`` read back: see
        ``NodeDataset.save``.
        """
        from graphsage.data.folders.folder_parts import save_folder
        from graphsage.data.readers.typed_npz import save_typed, typed_packed

        path = as_path("path", path)
        if path.suffix == ".npz":
            save_typed(self, path)
        else:
            save_folder(path, *typed_packed(self))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> 'TypedDataset':
        """The dataset in a file or a folder of ``save``, with the same arrays and names: see ``NodeDataset.load``."""
        from graphsage.data.folders.folder_parts import load_folder
        from graphsage.data.readers.typed_npz import load_typed

        place = as_path("path", path)
        parts = load_folder(place, typed=True) if place.is_dir() else load_typed(place)
        with told_of(path):
            return TypedDataset(**parts)

    # ---- variants

    def row_normalized(self) -> Self:
        """The dataset with each row of sparse features divided by the sum of its absolute values; dense ones stay."""
        return replace(self, features={name: _row_normalized(of) for name, of in self.features.items()})

    def without_edges(self) -> Self:
        """The same types, relations, features, labels and split without a single edge, and so without times."""
        graph = TypedGraph(self.num_nodes, dict.fromkeys(self.graph.relations, ((), ())))
        return replace(self, graph=graph, times=None, node_times=None)

    def merged(self) -> NodeDataset:
        """All nodes and edges without their types, type after type (``TypedGraph.to_homogeneous``).

        Features are sparse, the columns of the types side by side; labels and split are the target's. What knows no types
        learns from this.
        """
        return NodeDataset(**merged_parts(self))


def _remade(kind, fields):
    graph = fields["graph"]
    kept = {name: of for name, of in fields.items() if name != "notes"}
    made = kind(**kept)
    made._set(graph=graph, notes=fields["notes"])
    return made


def _frozen(mapping):
    return MappingProxyType(dict(mapping))


def _by_type(name, given, sizes):
    """{type: value} without the None of the caller's."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict {{type: ...}}, as the graph has types of nodes; got {told(given)}")
    for kind in given:
        if kind not in sizes:
            raise ValueError(f"{name} has {shown(kind)}, which is no type of nodes: there are {', '.join(map(repr, sizes))}")
    return {kind: value for kind, value in given.items() if value is not None}


def _features(kind, given, count):
    if given is None:
        return SparseFeatures.identity(count)
    try:
        features = as_features(given)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{kind}: {error}") from None
    if features.shape[0] != count:
        raise ValueError(f"features[{kind!r}] must have one row per node, {count}; got {features.shape[0]} rows")
    return features


def _row_normalized(features):
    """What stands for features where there are none stays what it is: a model knows it by ``is_identity``."""
    is_bag = isinstance(features, SparseFeatures) and not features.is_identity
    return row_normalize(features) if is_bag else features


def _names(kind, names, count):
    try:
        names = names if is_trusted("names", names) else checked_names(names)
        return read_only(of_length("node_ids", names, count, "node"))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{kind}: {error}") from None


def _among(graph, kind, node_times):
    """The ``Graph`` of the nodes of a type, with the edges of all relations from it to itself."""
    own = [name for name in graph.relations if name[0] == name[2] == kind]
    ends, places = [graph.edges(name) for name in own], [graph.span(name) for name in own]
    src, dst = (np.concatenate([np.empty(0, np.int64), *of]) for of in (zip(*ends) if ends else ((), ())))
    arrays = {}
    for name in ("weights", "times"):
        values = getattr(graph.rows, name)
        if values is not None:
            arrays[name] = np.concatenate([values[:0], *(values[place] for place in places)])
    if "times" not in arrays and node_times:
        dtype = next(iter(node_times.values())).dtype
        arrays["times"] = np.full(len(src), earliest(dtype), dtype)
    return Graph.from_edges(src, dst, graph.num_nodes[kind], **arrays)
