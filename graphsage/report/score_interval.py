"""The interval of a test score of nodes, by whatever metric the run has."""

import numpy as np
import torch

from graphsage.base import rng
from graphsage.report.intervals import NONE, jackknife_interval
from graphsage.report.scores_by_degree import scores_by_group
from graphsage.training.tasks import METRICS

AS_GROUP = ("accuracy", "micro_f1", "r2")  # ratios of sums over nodes


def score_interval(task, metric, outputs, labels, seed):
    """(low, high), 95 %, of ``metric`` (``Metric``) on M test nodes: how far other test nodes of the same kind would have moved
    it, not another training.

    Accuracy: Wilson's. micro-F1 and R^2: that of a ratio, linearised. macro-F1 and ROC AUC: a jackknife over 20 groups of nodes
    drawn by key. (nan, nan) of a metric of the caller's own, and for too few nodes.
    """
    if metric.name in AS_GROUP:
        (whole,) = scores_by_group(task, outputs, labels, {"all": np.ones(len(labels), bool)})
        return whole.low, whole.high
    if metric.name not in METRICS:
        return NONE
    order = rng.permutation(rng.stream_key(seed, rng.REPORT, 2), len(labels))  # nodes may stand in the order of their classes
    outputs, labels = outputs[order], labels[order]
    return jackknife_interval(len(order), lambda kept: metric.score(*map(torch.from_numpy, (outputs[kept], labels[kept]))))
