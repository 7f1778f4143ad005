"""Scores of one and several runs, from what result.json says."""

import pytest

from graphsage.runs.run_scores import baselines, best_baseline, entry_of, mean_and_deviation

HISTORY = [{"seconds": 1.5}, {"seconds": 2.0}]


def result(metric="mrr", **more):
    return {"metric": metric, "history": HISTORY, "test_score": 0.9, "val_score": 0.8, "best_epoch": 2, **more}


def test_the_model_is_not_among_its_baselines():
    rows = {"GraphSAGE": {"mrr": 0.9, "roc_auc": 0.95}, "common neighbours": {"mrr": 0.4}, "features only": {"mrr": 0.3}}
    entry = entry_of(result(rows=rows, majority=None, features_only=None))
    assert entry["models"] == {"common neighbours": 0.4, "features only": 0.3}
    assert best_baseline([entry]) == ("common neighbours", 0.4)
    assert (entry["epochs"], entry["seconds"]) == (2, 3.5)


def test_baselines_that_are_not_known_are_left_out():
    entry = entry_of(result("accuracy", majority=0.2, features_only=None, rows={"label propagation": {"accuracy": None}}))
    assert entry["models"] == {"majority class": 0.2}
    assert entry_of(result("r2", majority=0.0))["models"] == {"mean": 0.0}
    assert best_baseline([entry_of(result())]) == (None, None)


def test_means_are_of_those_that_are_known():
    assert mean_and_deviation([1.0, None, 3.0]) == (2.0, pytest.approx(2**0.5))
    assert mean_and_deviation([0.5, float("nan")]) == (0.5, None) and mean_and_deviation([None]) == (None, None)
    entries = [entry_of(result("accuracy", majority=score)) for score in (0.25, 0.75)]
    assert baselines(entries)["majority class"] == (0.5, pytest.approx(0.125**0.5))
