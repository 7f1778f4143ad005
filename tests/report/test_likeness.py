"""How alike neighbours are: against a slow twin, and what is drawn where there are many."""

import naive_report as naive
import numpy as np
import pytest
from helpers.graphs import random_graph, rows
from helpers.reports import data

from graphsage.report import likeness as module
from graphsage.report.likeness import drawn, groups_of, likeness

GRAPH = random_graph(200, 600, seed=3)  # directed, with loops, repeats and nodes without neighbours


@pytest.mark.parametrize("part", [module.PART, 50])
@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_it_is_that_of_the_slow_twin(task, part, monkeypatch):
    monkeypatch.setattr(module, "PART", part)
    dataset = data(task, graph=GRAPH)
    labels = dataset.labels.copy()
    labels[::9] = np.nan if task == "regression" else -1  # has no label
    splits = {split: getattr(dataset, split) for split in ("train", "val", "test")}
    kept = {split: nodes[nodes % 9 > 0] for split, nodes in splits.items()}
    dataset = data(task, graph=GRAPH, labels=labels, **kept)
    deviations = np.nanstd(labels, 0, dtype=float).tolist() if task == "regression" else None
    wanted = [naive.likeness(task, rows(GRAPH), labels.tolist(), node, deviations) for node in dataset.test.tolist()]
    assert None in wanted and len({value for value in wanted if value is not None}) > 3
    found = likeness(dataset, dataset.test, seed=0)
    np.testing.assert_allclose(found, [np.nan if value is None else value for value in wanted], rtol=1e-5)


def test_of_many_some_are_drawn_by_the_seed(monkeypatch):
    dataset = data("multiclass")
    whole = likeness(dataset, dataset.test, seed=0)
    monkeypatch.setattr(module, "MOST_NODES", 30)
    found = [likeness(dataset, dataset.test, seed=seed) for seed in (0, 0, 1)]
    looked = [~np.isnan(one) for one in found]
    assert looked[0].sum() <= 30 and (looked[0] == looked[1]).all() and (looked[0] != looked[2]).any()
    assert (found[0][looked[0]] == whole[looked[0]]).all()
    monkeypatch.setattr(module, "MOST_VALUES", 60)  # of neighbours' labels: about ten nodes
    assert 1 <= (~np.isnan(likeness(dataset, dataset.test, seed=0))).sum() <= 15


def test_draws_are_in_order_and_each_once():
    found = drawn(100, 20, seed=0, what=0)
    assert len(found) == 20 and (np.diff(found) > 0).all()
    assert drawn(5, 20, seed=0, what=0).tolist() == [0, 1, 2, 3, 4]
    assert drawn(100, 20, seed=0, what=1).tolist() != found.tolist()


def test_groups_hold_everyone_who_is_known_once():
    values = np.array([0.0, 0.2, 0.39, 1.0, np.nan, 0.8])
    groups = groups_of("multiclass", values)
    assert {name: np.flatnonzero(mask).tolist() for name, mask in groups.items() if mask.any()} == {
        "0 to 20 %": [0], "20 to 40 %": [1, 2], "80 to 100 %": [3, 5],
    }  # fmt: skip
    far = groups_of("regression", np.array([0.3, 7.0, np.nan]))
    assert {name: np.flatnonzero(mask).tolist() for name, mask in far.items() if mask.any()} == {
        "0.25 to 0.5": [0], "2 or more": [1],
    }  # fmt: skip
