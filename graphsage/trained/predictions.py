"""Predictions: what a model's outputs mean for people, as columns of a table."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from graphsage.base.checks import as_array
from graphsage.data.dataset import NodeDataset
from graphsage.data.split import SPLITS
from graphsage.data.typed_dataset import TypedDataset


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictions:
    """What a model predicts for M nodes of a dataset.

    nodes: int64[M] rows of the graph. outputs: float32 [M, C] logits, or [M, T] numbers in the targets' units. task: of the
    model. class_names: of the model: a text for each of the first classes, or None. thresholds: C logits, above which a node
    has a label where it may have several; None: 0, a probability of 1/2.
    """

    nodes: np.ndarray
    outputs: np.ndarray
    task: str
    class_names: tuple | None
    thresholds: tuple | None = None

    def __post_init__(self):
        for name in ("nodes", "outputs"):  # tensors, too
            object.__setattr__(self, name, as_array(name, getattr(self, name)))

    def __len__(self) -> int:
        """M."""
        return len(self.nodes)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """float32 [M, C]: softmax of the logits (multiclass) or sigmoid of each (multilabel). None for a regression."""
        if self.task == "regression":
            return None
        logits = torch.from_numpy(np.asarray(self.outputs, np.float32))
        return (logits.softmax(1) if self.task == "multiclass" else logits.sigmoid()).numpy()

    @cached_property
    def labels(self) -> Any:
        """The predicted class number int64[M] (multiclass), yes or no bool [M, C] (multilabel), or numbers float32 [M, T]."""
        if self.task == "multiclass":
            return self.outputs.argmax(1)
        if self.task == "multilabel":
            return self.outputs > np.asarray(0 if self.thresholds is None else self.thresholds, np.float32)
        return self.outputs

    def __getitem__(self, rows):
        """The predictions of a slice."""
        return replace(self, nodes=self.nodes[rows], outputs=self.outputs[rows])

    @property
    def names(self) -> tuple[str, ...] | None:
        """C texts: the model's class names, and "class 7" for an output that no class of its training had. None: numbers."""
        named = self.class_names
        return named and (*named, *(f"class {number}" for number in range(len(named), self.outputs.shape[1])))

    def columns(self, dataset: NodeDataset | TypedDataset, *, probabilities: bool = False) -> dict[str, Any]:
        """{name: array or list [M]}: node, predicted, probability.

        node: the dataset's own ids, else numbers. predicted: the class (its name where it has one); several labels a node are
        text with "; " between; a regression with T > 1 has predicted_0, predicted_1, ... probability: of that class.
        probabilities=True adds one column a class, probability_NAME; several labels a node always have these.
        """
        columns = {"node": node_names(dataset, self.nodes), **told("predicted", self.labels, self.task, self.names)}
        if self.task == "multiclass":
            columns["probability"] = np.take_along_axis(self.probabilities, self.labels[:, None], 1)[:, 0]
        if self.task == "multilabel" or (probabilities and self.task == "multiclass"):
            names = self.names or range(self.outputs.shape[1])
            columns |= {f"probability_{name}": self.probabilities[:, c] for c, name in enumerate(names)}
        return columns

    def known_columns(self, dataset: NodeDataset, splits: np.ndarray) -> dict[str, Any]:
        """The same with split and label after node: what is known of the nodes; nothing where a node has no label.

        splits: ``split_names(dataset)``, which is made once however many slices there are.
        """
        columns = self.columns(dataset)
        label = told("label", dataset.labels[self.nodes], dataset.task, dataset.class_names)
        return {"node": columns.pop("node"), "split": splits[self.nodes].tolist(), **label, **columns}


def node_names(dataset, nodes):
    """The nodes' own ids, int64[M] or texts [M]; their numbers where they have none. Of a typed dataset: the target's."""
    dataset = dataset.targets if isinstance(dataset, TypedDataset) else dataset
    names = nodes if dataset.node_ids is None else dataset.node_ids[nodes]
    return names if names.dtype.kind == "i" else list(map(str, names))


def split_names(dataset):
    """object[N]: "train", "val", "test" or None."""
    names = np.full(dataset.num_nodes, None, object)
    for split in SPLITS:
        names[getattr(dataset, split)] = split
    return names


def told(name, labels, task, class_names):
    """{column: values} of labels as a ``NodeDataset`` or a model has them; None, masked or NaN where there is none."""
    if task == "multiclass":
        return {name: np.ma.masked_less(labels, 0) if class_names is None else [_name(c, class_names) for c in labels]}
    if task == "multilabel":
        return {name: [_names(row, class_names) for row in np.asarray(labels, np.int8)]}
    return {name if labels.shape[1] == 1 else f"{name}_{t}": labels[:, t] for t in range(labels.shape[1])}


def _name(label, class_names):
    return None if label < 0 else class_names[label]


def _names(row, class_names):
    if row[0] < 0:
        return None
    return "; ".join(str(c) if class_names is None else class_names[c] for c in np.flatnonzero(row))
