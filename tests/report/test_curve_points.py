"""Curves over thresholds: against scikit-learn, a slow twin, and cases made by hand."""

import naive_report as naive
import numpy as np
import pytest

from graphsage.report.curve_points import MOST_POINTS, curve, curves_of


def drawn(count=300, seed=0, levels=None):
    """Scores, of which many are equal where there are ``levels``, and who is a yes."""
    rng = np.random.default_rng(seed)
    is_yes = rng.random(count) < 0.3
    scores = rng.normal(size=count) + is_yes
    return (scores if levels is None else np.round(scores * levels) / levels), is_yes


@pytest.mark.parametrize("levels", [None, 3])
def test_points_are_those_of_the_slow_twin(levels):
    scores, is_yes = drawn(60, levels=levels)
    found = curve("a", scores, is_yes, scores > 0)
    points = np.stack([found.false_share, found.recall, found.precision], 1)
    np.testing.assert_allclose(points, naive.curve_points(scores.tolist(), is_yes.tolist()))


@pytest.mark.parametrize("levels", [None, 3])
def test_points_and_areas_are_those_of_scikit_learn(levels):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, is_yes = drawn(levels=levels)
    found = curve("a", scores, is_yes, scores > 0)
    false_share, recall, _ = metrics.roc_curve(is_yes, scores, drop_intermediate=False)
    np.testing.assert_allclose(np.append(0, found.false_share), false_share)
    np.testing.assert_allclose(np.append(0, found.recall), recall)
    precision, recall, _ = metrics.precision_recall_curve(is_yes, scores)
    np.testing.assert_allclose(found.precision, precision[-2::-1])
    np.testing.assert_allclose(found.recall, recall[-2::-1])
    assert found.area == pytest.approx(metrics.roc_auc_score(is_yes, scores))
    assert found.average_precision == pytest.approx(metrics.average_precision_score(is_yes, scores))
    said = metrics.confusion_matrix(is_yes, scores > 0)
    hits = said[1, 1]
    assert found.in_use == pytest.approx((said[0, 1] / said[0].sum(), hits / said[1].sum(), hits / said[:, 1].sum()))


def test_of_two_classes_the_rarer_one_is_looked_for():
    outputs = np.array([[0, 2.0], [0, 1], [0, -1], [0, -2], [1, 1]])
    (one,) = curves_of("multiclass", outputs, np.array([1, 0, 0, 0, 0]), ("no", "yes"))
    assert (one.name, one.yes, one.nodes, one.in_use) == ("yes", 1, 5, (0.25, 1, 0.5))
    (one,) = curves_of("multiclass", outputs, np.array([1, 1, 1, 0, 1]), ("no", "yes"))
    assert (one.name, one.yes, one.in_use) == ("no", 1, (0.5, 1, 1 / 3))  # a tie is taken for the first class


def test_of_labels_the_largest_that_have_a_curve():
    labels = np.array([[1, 0, 1, 1, 0], [1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [1, 0, 0, 0, 1]], np.int8)  # all, none, 2, 1, 3
    outputs = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    assert [one.name for one in curves_of("multilabel", outputs, labels, "abcde")] == ["e", "c"]  # of the largest: a, e, c
    assert curves_of("multiclass", outputs[:, :3], labels[:, 0], "abc") == []
    assert curves_of("regression", outputs, outputs, "abcde") == []


def test_nobody_called_has_no_precision():
    scores, is_yes = drawn(20)
    assert np.isnan(curve("a", scores, is_yes, scores > 99).in_use[2])


def test_long_curves_are_thinned_and_keep_their_ends():
    found = curve("a", *drawn(20_000), np.zeros(20_000, bool))
    for x, y in (found.roc(), found.precision_recall()):
        assert len(x) == len(y) <= MOST_POINTS and (np.diff(x) >= 0).all()
    x, y = found.roc()
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert (np.diff(x) * (y[1:] + y[:-1]) / 2).sum() == pytest.approx(found.area, abs=2e-3)
