"""The interval beside the score in the title."""

from dataclasses import replace

import naive_report as naive
import numpy as np
import pytest
import torch

from graphsage.report.intervals import interval_line
from graphsage.report.score_interval import score_interval
from graphsage.training.tasks import METRICS


def test_of_accuracy_it_is_wilsons():
    outputs, labels = np.array([[1, 0], [1, 0], [0, 1], [1, 0]]), np.zeros(4, np.int64)
    found = score_interval("multiclass", METRICS["accuracy"], outputs, labels, 0)
    assert found == pytest.approx(naive.wilson(3, 4))


@pytest.mark.parametrize("name", ["roc_auc", "macro_f1"])
def test_of_others_it_holds_what_it_says(name):
    """Null: 95 % of 200 intervals hold the score of all nodes there are. Fewer than 181 do with a probability of 0.0026; were
    they half as wide, 68 of 100 would."""
    rng, held = np.random.default_rng(1), 0
    labels = np.arange(300) >= 200

    def outputs():
        return np.stack([np.zeros(300), rng.normal(size=300) + 1.5 * labels - 0.7], 1).astype(np.float32)

    def score(found):
        return METRICS[name].score(torch.from_numpy(found), torch.from_numpy(labels.astype(np.int64)))

    truth = np.mean([score(outputs()) for _ in range(2000)])
    for seed in range(200):
        low, high = score_interval("multiclass", METRICS[name], outputs(), labels.astype(np.int64), seed)
        held += low <= truth <= high
    assert 181 <= held


def test_a_metric_of_ones_own_has_none():
    own = replace(METRICS["accuracy"], name="mine")
    assert np.isnan(score_interval("multiclass", own, np.eye(2), np.array([0, 1]), 0)).all()
    assert interval_line(str, np.nan, np.nan, "nodes") == ""


def test_too_few_nodes_have_none():
    outputs, labels = np.random.default_rng(0).normal(size=(39, 2)).astype(np.float32), np.arange(39) % 2
    assert np.isnan(score_interval("multiclass", METRICS["roc_auc"], outputs, labels, 0)).all()
