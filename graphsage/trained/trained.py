"""Trained: a model with all that it takes to use it on a graph, be it the one of its training, a grown one or another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.checks import as_flag, as_ids
from graphsage.base.told import of_kind
from graphsage.data.dataset import NodeDataset
from graphsage.data.degree_columns import lacks_features, with_degrees
from graphsage.data.label_columns import refuse_label_reuse, with_label_columns
from graphsage.graph.degree_features import NUM_DEGREE_FEATURES
from graphsage.nn.jumping import joined_width
from graphsage.nn.model import GraphSAGE
from graphsage.trained import outputs as apply
from graphsage.trained.predictions import Predictions
from graphsage.trained.scores import matched_labels, score_parts
from graphsage.trained.trained_model import TrainedModel
from graphsage.training.correct_and_smooth import chosen_strengths, corrected_and_smoothed, refuse_for, refuse_unchosen
from graphsage.training.label_task import targets_of
from graphsage.training.tasks import METRICS, metric_for


@dataclass(frozen=True, kw_only=True)
class Trained(TrainedModel):
    """A trained model and what its training knew of the data. ``load_trained`` reads one.

    model: ``GraphSAGE`` in evaluation mode. task: "multiclass", "multilabel" or "regression". metric: what chose its epoch.
    class_names: C texts, or None. normalized_features: it wants each row of features divided by its sum (``row_normalize``).
    isolated, draw, replace, strictly_before: as in ``NeighborSampler``. timed: its nodes were asked at their own times
    (``NodeDataset.times``). fanouts: those of the training, one a layer; -1 takes all.
    label_reuse: the labels of a dataset's training nodes are inputs, matched by name where both have names (``TrainConfig``).
    degree_features: where a dataset has no features, ``gs.degree_features`` of its graph are inputs: its training had none.
    schema: how columns of a table became its features and classes (``NodeDataset.schema``), or None. name: the training
    dataset's, or None.

    What the model's raw outputs mean is the model's ``task_head``: targets are standardised in training, one logit may stand
    for two classes, labels have thresholds. All methods but ``embed`` read the outputs by it.

    The methods take any ``NodeDataset`` with as many features; labels are read by ``evaluate``, and by Correct and Smooth and
    ``label_reuse`` those of the training nodes. Keywords of all:

    fanouts: None is exact, from all neighbours, layer by layer (``inference``); else neighbours are drawn, so many a layer,
        in the loader's batches, and the result is the same for the same seed and nodes. A model that learned from neighbours
        by weight, from the latest, or from those until a time, is asked with such ones (``is_drawn``): None then stands for the
        fanouts of its training (until a time at least 25).
    correct_and_smooth: of all but ``embed``: spread the labels of the dataset's training nodes, too (``TrainConfig``); None: if
        the model was trained so. The strengths are its own; a model that has none gets those best on the validation nodes.
    seed: of that. device: as in ``TrainConfig``. progress: called with (done, total) now and then.
    room: of exact outputs: a ``graphsage.nn.room.Room``, which says how much memory they may take and where their files go;
        None: what is available, and a folder for temporary files.

    A timed model asks each node of a dataset at its own time there, and refuses a dataset without ``times``: give it the latest
    time for nodes that are asked now. To another model the times of a dataset are nothing.

    Memory: the outputs of two layers for all nodes of the graph (exact), which lie in files where they do not fit; or for the
    nodes asked for (drawn).
    """

    model: GraphSAGE
    class_names: tuple[str, ...] | None
    label_reuse: bool = False
    degree_features: bool = False

    def outputs(
        self, dataset: NodeDataset, nodes: ArrayLike | None = None, *, correct_and_smooth: bool | None = None, **how: Any
    ) -> np.ndarray:
        """What the model gives for ``nodes`` (default: all, in the graph's order): float32 array [M, C] of logits, one a class,
        or [M, T] numbers in the targets' units.

        nodes: int [M] rows of the graph, in any order, repeats included.
        """
        if not self._smooths(correct_and_smooth):
            return apply.read_outputs(self.model.task_head, self._layers(dataset, nodes, None, **how))
        self._check_smoothing(dataset, correct_and_smooth)
        found = self._smoothed(dataset, self.outputs(dataset, correct_and_smooth=False, **how))
        return found if nodes is None else found[as_ids("nodes", nodes, dataset.num_nodes)]

    def _smoothed(self, dataset, outputs):
        """The logits of all nodes after Correct and Smooth, by the strengths of the training or those best on ``dataset``."""
        labels = matched_labels(dataset, self.task, self.class_names, self._num_outputs)
        strengths = self.model.task_head.correct_and_smooth
        if strengths is None:
            strengths = chosen_strengths(outputs, dataset, labels, METRICS.get(self.metric) or metric_for("auto", self.task))
        return corrected_and_smoothed(outputs, dataset, labels, strengths)

    def _smooths(self, asked):
        known = self.model.task_head.correct_and_smooth is not None
        return known if asked is None else as_flag("correct_and_smooth", asked)

    def _check_smoothing(self, dataset, asked):
        """ValueError where Correct and Smooth, as it is asked for, cannot be had on ``dataset``."""
        if not self._smooths(asked):
            return
        refuse_for(dataset, self.task)
        if self.model.task_head.correct_and_smooth is None:
            refuse_unchosen(dataset)
        matched_labels(dataset, self.task, self.class_names, self._num_outputs)

    def embed(
        self, dataset: NodeDataset, nodes: ArrayLike | None = None, *, out: np.ndarray | None = None, **how: Any
    ) -> np.ndarray:
        """What goes into the last layer for ``nodes``: float32 array [M, width], activated. One-layer models have none.

        With an input layer or jumping the last is the output layer, and a model of one hidden layer has them, too: of
        jumping="cat" all hidden layers side by side, of "max" their maximum.
        out: an array of that shape, a memory map perhaps, to write to instead of new memory; only for all nodes.
        """
        return self._layers(dataset, nodes, hidden_layers(self.model), out=out, **how)

    @property
    def embedding_width(self) -> int:
        """The width of what goes into the last layer; ValueError for a model of one layer."""
        return joined_width(self.model, hidden_layers(self.model))

    def predict(self, dataset: NodeDataset, nodes: ArrayLike | None = None, **how: Any) -> Predictions:
        """``Predictions`` for ``nodes`` (default: all, in the graph's order)."""
        self._check_features(dataset)
        num_nodes = targets_of(dataset).num_nodes
        ids = None if nodes is None else as_ids("nodes", nodes, num_nodes)
        outputs = self.outputs(dataset, ids, **how)
        nodes = np.arange(num_nodes) if ids is None else ids
        return Predictions(
            nodes=nodes,
            outputs=outputs,
            task=self.task,
            class_names=self.class_names,
            thresholds=self._head.thresholds,
        )

    def evaluate(self, dataset: NodeDataset, **how: Any) -> dict[str, Any]:
        """Loss and scores on the labelled nodes: {"train": {"nodes": n, "loss": x, "accuracy": y, ...}, "val": ..., ...}.

        The loss of a regression is in squared units of the targets. "all": every node that has a label. Parts without nodes
        are left out; a score is None where the part does not allow it (ROC AUC of one class). Classes are matched by name where
        model and dataset both have names.
        """
        self._check_features(dataset)
        targets = targets_of(dataset)
        labels = matched_labels(targets, self.task, self.class_names, self._num_outputs)
        return score_parts(self.outputs(dataset, **how), labels, targets, self._head)

    def check(
        self,
        dataset: NodeDataset,
        *,
        labels: bool = False,
        embeds: bool = False,
        correct_and_smooth: bool | None = None,
        fanouts: Sequence[int] | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        """ValueError, one sentence, where the other methods would refuse the dataset, its labels or a keyword."""
        self._check(dataset, fanouts=fanouts, seed=seed, device=device)
        if not embeds:
            self._check_smoothing(dataset, correct_and_smooth)
        if embeds:
            hidden_layers(self.model)
        if labels:
            matched_labels(targets_of(dataset), self.task, self.class_names, self._num_outputs)

    def _check_features(self, dataset):
        if not self._by_degrees(of_kind("dataset", dataset, NodeDataset)):
            apply.check_features(self.model, dataset, self._num_label_columns)

    def featured(self, dataset: NodeDataset) -> NodeDataset:
        """``dataset`` with degrees for features where it has none and the model's training had none."""
        return with_degrees(dataset) if self._by_degrees(dataset) else dataset

    def _by_degrees(self, dataset):
        fits = self.model.in_features == NUM_DEGREE_FEATURES + self._num_label_columns
        return self.degree_features and fits and lacks_features(dataset)

    @property
    def _num_label_columns(self):
        return self._num_outputs if self.label_reuse else 0

    def _with_labels(self, dataset):
        """None is shown where the dataset has no training nodes, as one whose labels are to be predicted."""
        if not self.label_reuse:
            return dataset
        refuse_label_reuse(dataset, self.task)
        labels = dataset.labels
        if len(dataset.train):
            labels = matched_labels(dataset, self.task, self.class_names, self._num_outputs)
        return with_label_columns(dataset, labels, self._num_outputs)

    @property
    def _head(self):
        """What decides by ``outputs``."""
        return self.model.task_head

    @property
    def _num_outputs(self):
        """Columns of ``outputs``."""
        return 2 if self.model.task_head.one_logit else self.model.out_features


def hidden_layers(model):
    """How many layers come before the last, which is the output layer if there is one; ValueError where none does."""
    if model.num_layers == 1 and model.output_layer is None:
        raise ValueError("an embedding is what goes into the last layer, and for a model of one layer that is the features")
    return model.num_layers - (model.output_layer is None)
