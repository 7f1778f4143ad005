"""The line on which model is the best: whoever it is, by how much, and nothing within the noise."""

import numpy as np
import pytest

from graphsage.report.verdict import verdict_line
from graphsage.training.tasks import METRICS

LABELS = np.arange(1000) % 4


def line_of(own, *, metric="accuracy", labels=LABELS, rising=False, **others):
    rows = {name.replace("_", " ").replace(" neigh", ", neigh"): np.atleast_1d(found) for name, found in others.items()}
    return verdict_line({"GraphSAGE": np.atleast_1d(own), **rows}, METRICS[metric], labels, rising=rising)


def test_whoever_wins():
    best = "GraphSAGE is 40.0 points better than label propagation, the best of the others."
    assert line_of(0.8, majority_class=0.2, label_propagation=0.4) == best
    told = "Gradient-boosted trees on features alone are 20.0 points better than GraphSAGE: the edges help little here."
    assert line_of(0.6, boosted_trees=0.8, trees_neighbours=0.7) == told
    told = "Label propagation is 20.0 points better than GraphSAGE: the features help little here."
    assert line_of(0.6, label_propagation=0.8) == told
    assert line_of(0.6, features_only=0.8).endswith("better than GraphSAGE: the edges do harm here.")
    assert line_of(0.6, trees_neighbours=0.8).endswith("a graph network is not worth its while here.")


def test_of_a_model_that_was_still_learning_nothing_follows():
    line = line_of(0.6, label_propagation=0.8, rising=True)
    assert line.endswith("GraphSAGE, whose last epoch was its best: it may not have learned all that it can.")
    assert line_of(0.8, label_propagation=0.4, rising=True) == line_of(0.8, label_propagation=0.4)


def test_nothing_within_the_noise():
    """Two scores of 80 % on 1,000 nodes: a standard error of their difference of 1.79 points, 3.5 at 95 %."""
    told = "too close to call: 1.0 points apart (noise of 1,000 test nodes: +-3.5)."
    assert line_of(0.8, features_only=0.79) == f"GraphSAGE and the same model without edges are {told}"
    assert "too close to call" in line_of(0.8, boosted_trees=0.83)
    assert "too close to call" not in line_of(0.8, boosted_trees=0.84)
    assert "(noise of 4 test nodes: " in line_of(1.0, majority_class=0.5, labels=LABELS[:4])


def test_several_runs_add_their_own_noise():
    assert "40.0 points better" in line_of([0.81, 0.79], label_propagation=[0.4, 0.4])
    assert "too close to call" in line_of([0.99, 0.61], label_propagation=[0.5, 0.5])


@pytest.mark.parametrize(("metric", "labels"), [("roc_auc", np.arange(1000) % 50 == 0), ("r2", np.zeros((1000, 1)))])
def test_other_metrics(metric, labels):
    labels = labels.astype(np.int64) if metric == "roc_auc" else labels
    assert "too close to call" in line_of(0.9, label_propagation=0.89, metric=metric, labels=labels)
    assert "too close to call" not in line_of(0.9, label_propagation=0.5, metric=metric, labels=labels)
    unit = "40.0 points" if metric == "roc_auc" else "0.400"
    assert f"GraphSAGE is {unit} better" in line_of(0.9, label_propagation=0.5, metric=metric, labels=labels)
