"""Objective: what a step makes small, what is told of it, and how the outputs behind both are read."""

from dataclasses import replace

import numpy as np
import torch.nn.functional as F

from graphsage.nn.head import Head
from graphsage.nn.layered import has_layers
from graphsage.training.module_outputs import check_first, check_learns, check_pairs, checked_loss
from graphsage.training.tasks import make_loss
from graphsage.training.thresholds import chosen_thresholds, told_of_nobody


class Objective:
    """The loss and the scores of a training. head: the ``Head`` that reads raw outputs.

    own: the caller's loss(outputs, y). It gets what the model returns and the labels as they are, and nothing is standardised.
    Without it the loss of the task is made small; of a regression, that of targets standardised by the training nodes, each
    target by itself, and what is told is the squared error in the targets' own units.
    """

    def __init__(self, model, dataset, config, device, metric, own=None):
        self.model, self.task, self.num_outputs, self.own, self.metric = model, dataset.task, dataset.num_outputs, own, metric
        self.head = make_head(model, dataset, has_own_loss=own is not None)
        self._of_task = None if own else make_loss(config, dataset, device)

    def read_by(self, head):
        """Let ``head`` read the outputs; a ``GraphSAGE`` takes it along, into files too."""
        self.head = head
        if isinstance(getattr(self.model, "task_head", None), Head):
            self.model.task_head = head

    def look_first(self, outputs, y, log):
        """Before the first step: refuse outputs that nothing can be learned from, and losses that pair them with all labels."""
        check_first(self.model, outputs)
        if self.own is not None:
            check_pairs(self.own, outputs, y)
        width = outputs.shape[-1]
        if outputs.ndim == 2 and width > self.num_outputs:
            log(f"The model tells {width} classes apart, and the dataset has {self.num_outputs}: no node is of the others.")

    def minimised(self, raw, y):
        """The loss whose gradient is taken."""
        if self.own is None and self.head.means is not None:
            return F.mse_loss(raw.reshape(y.shape), self.head.standardized(y))
        loss = self.loss(raw, y)
        check_learns(loss)
        return loss

    def told(self, raw, y, minimised):
        """The loss that people read, detached: in squared units of the targets where these were standardised."""
        return minimised.detach() if self.head.means is None else self.loss(raw.detach(), y)

    def loss(self, raw, y):
        """Of raw outputs, in the labels' own units."""
        return checked_loss(self.own(raw, y)) if self.own else self._of_task(self.head.read(raw), y)

    def score(self, raw, y):
        """By the metric, of raw outputs on the CPU."""
        return self.metric.score(self.head.decided(self.head.read(raw)), y)

    def choose_thresholds(self, raw, y):
        """Where nodes have several labels: those that suit these validation nodes best."""
        if self.task == "multilabel":
            chosen = chosen_thresholds(self.head.read(raw), y, per_label=self.metric.name == "macro_f1")
            self.head = replace(self.head, thresholds=chosen)

    def lines(self, raw):
        """What is worth a line at the end of a training; raw: outputs of all nodes, or None."""
        head = self.head
        if head.means is not None:
            means, deviations = (", ".join(f"{value:.6g}" for value in values[:3]) for values in (head.means, head.deviations))
            yield (
                f"Targets were standardised (mean {means}, deviation {deviations}). Predictions are in their own units, losses "
                "are squared errors in these; the bare model gives (target - mean) / deviation."
            )
        if raw is not None and self.task == "multilabel" and (line := told_of_nobody(head.decided(raw) > 0)):
            yield line


def make_head(model, dataset, *, has_own_loss):
    """The ``Head`` of a training that begins. Means and deviations are those of the training nodes; a constant divides by 1."""
    if dataset.task == "regression" and not has_own_loss:
        targets = dataset.labels[dataset.train].astype(np.float64)
        deviations = np.where(np.ptp(targets, axis=0) > 0, targets.std(0), 1)
        return Head(means=tuple(targets.mean(0).tolist()), deviations=tuple(deviations.tolist()))
    is_one = model.out_features == 1 if has_layers(model) else True
    return Head(one_logit=is_one and dataset.task == "multiclass" and dataset.num_classes == 2)
