"""Trained: a model with all that it takes to use it on a graph, be it the one of its training, a grown one or another."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from graphsage.base.checks import as_count, as_ids
from graphsage.config.groups import SELECTIVE
from graphsage.data.dataset import NodeDataset
from graphsage.nn.jumping import joined_width
from graphsage.nn.model import GraphSAGE
from graphsage.sampling.draws import as_draw
from graphsage.tensors.device import as_device
from graphsage.trained import outputs as apply
from graphsage.trained.predictions import Predictions
from graphsage.trained.scores import matched_labels, score_parts


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained model and what its training knew of the data. ``load_trained`` reads one.

    model: ``GraphSAGE`` in evaluation mode. task: "multiclass", "multilabel" or "regression". metric: what chose its epoch.
    class_names: C texts, or None. normalized_features: it wants each row of features divided by its sum (``row_normalize``).
    isolated, draw, replace: as in ``NeighborSampler``. fanouts: those of the training, one a layer; -1 takes all.
    schema: how columns of a table became its features and classes (``NodeDataset.schema``), or None. name: the training
    dataset's, or None.

    What the model's raw outputs mean is the model's ``task_head``: targets are standardised in training, one logit may stand
    for two classes, labels have thresholds. All methods but ``embed`` read the outputs by it.

    The methods take any ``NodeDataset`` with as many features; labels are read by ``evaluate`` alone. Keywords of all:

    fanouts: None is exact, from all neighbours, layer by layer (``inference``); else neighbours are drawn, so many a layer,
        in the loader's batches, and the result is the same for the same seed and nodes. A model that learned from neighbours
        by weight, or from the latest, is asked with such ones: None then stands for the fanouts of its training.
    seed: of that. device: as in ``TrainConfig``. progress: called with (done, total) now and then.

    Memory: the outputs of two layers for all nodes of the graph (exact), or for the nodes asked for (drawn).
    """

    model: GraphSAGE
    task: str
    metric: str
    class_names: tuple[str, ...] | None
    normalized_features: bool
    isolated: str
    fanouts: tuple[int, ...]
    draw: str = "uniform"
    replace: bool = False
    schema: dict | None
    name: str | None

    def outputs(self, dataset: NodeDataset, nodes: ArrayLike | None = None, **how: Any) -> np.ndarray:
        """What the model gives for ``nodes`` (default: all, in the graph's order): float32 array [M, C] of logits, one a class,
        or [M, T] numbers in the targets' units.

        nodes: int [M] rows of the graph, in any order, repeats included.
        """
        raw = self._layers(dataset, nodes, None, **how)
        return self.model.task_head.read(torch.from_numpy(raw)).float().numpy()

    def embed(
        self, dataset: NodeDataset, nodes: ArrayLike | None = None, *, out: np.ndarray | None = None, **how: Any
    ) -> np.ndarray:
        """What goes into the last layer for ``nodes``: float32 array [M, width], activated. One-layer models have none.

        With an input layer or jumping the last is the output layer, and a model of one hidden layer has them, too: of
        jumping="cat" all hidden layers side by side, of "max" their maximum.
        out: an array of that shape, a memory map perhaps, to write to instead of new memory; only for all nodes.
        """
        return self._layers(dataset, nodes, _hidden_layers(self.model), out=out, **how)

    @property
    def embedding_width(self) -> int:
        """The width of what goes into the last layer; ValueError for a model of one layer."""
        return joined_width(self.model, _hidden_layers(self.model))

    def predict(self, dataset: NodeDataset, nodes: ArrayLike | None = None, **how: Any) -> Predictions:
        """``Predictions`` for ``nodes`` (default: all, in the graph's order)."""
        apply.check_features(self.model, dataset)
        ids = None if nodes is None else as_ids("nodes", nodes, dataset.num_nodes)
        outputs = self.outputs(dataset, ids, **how)
        nodes = np.arange(dataset.num_nodes) if ids is None else ids
        return Predictions(
            nodes=nodes,
            outputs=outputs,
            task=self.task,
            class_names=self.class_names,
            thresholds=self.model.task_head.thresholds,
        )

    def evaluate(self, dataset: NodeDataset, **how: Any) -> dict[str, Any]:
        """Loss and scores on the labelled nodes: {"train": {"nodes": n, "loss": x, "accuracy": y, ...}, "val": ..., ...}.

        The loss of a regression is in squared units of the targets. "all": every node that has a label. Parts without nodes
        are left out; a score is None where the part does not allow it (ROC AUC of one class). Classes are matched by name where
        model and dataset both have names.
        """
        apply.check_features(self.model, dataset)
        labels = matched_labels(dataset, self.task, self.class_names, self._num_outputs)
        return score_parts(self.outputs(dataset, **how), labels, dataset, self.model.task_head)

    def check(
        self,
        dataset: NodeDataset,
        *,
        labels: bool = False,
        embeds: bool = False,
        fanouts: Sequence[int] | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        """ValueError, one sentence, where the other methods would refuse the dataset, its labels or a keyword."""
        apply.check_features(self.model, dataset)
        as_device(device)
        as_count("seed", seed, most=2**64 - 1)
        if fanouts is not None:
            apply.checked_fanouts(self.model, fanouts)
        if embeds:
            _hidden_layers(self.model)
        if labels:
            matched_labels(dataset, self.task, self.class_names, self._num_outputs)

    @property
    def _num_outputs(self):
        """Columns of ``outputs``."""
        return 2 if self.model.task_head.one_logit else self.model.out_features

    def _layers(self, dataset, nodes, num_layers, *, fanouts=None, seed=0, device="auto", progress=None, out=None):
        apply.check_features(self.model, dataset)
        if nodes is not None and out is not None:
            raise ValueError("out is for all nodes: leave out nodes, or take the rows of the result")
        nodes = None if nodes is None else as_ids("nodes", nodes, dataset.num_nodes)
        device = as_device(device)
        model = self.model if device.type == "cpu" else deepcopy(self.model).to(device)
        dataset = dataset.row_normalized() if self.normalized_features else dataset
        options = {"isolated": self.isolated, "device": device, "progress": progress, "out": out}
        fanouts = self.fanouts if fanouts is None and self.draw in SELECTIVE else fanouts
        if fanouts is None:
            return apply.exact(model, dataset, nodes, num_layers, **options)
        draw = as_draw(self.draw, self.replace)
        return apply.sampled(model, dataset, nodes, num_layers, fanouts=fanouts, draw=draw, seed=seed, **options)


def _hidden_layers(model):
    """How many layers come before the last, which is the output layer if there is one; ValueError where none does."""
    if model.num_layers == 1 and model.output_layer is None:
        raise ValueError("an embedding is what goes into the last layer, and for a model of one layer that is the features")
    return model.num_layers - (model.output_layer is None)
