"""Metrics of links beside scikit-learn's and beside slow twins, ties included; by hand on small cases."""

import numpy as np
import pytest
import torch

from graphsage.training import link_metrics
from graphsage.training.tasks import METRICS, metric_for, metrics_of


def scores(seed, n=40, count=7, values=None):
    """float32 positive [n] and candidates [n, count]; of few values there are many ties."""
    draws = np.random.default_rng(seed)
    if values:
        made = draws.integers(0, values, (n, 1 + count)).astype(np.float32)
    else:
        made = draws.standard_normal((n, 1 + count)).astype(np.float32)
    made[:, 0] += 0.5 if values is None else draws.integers(0, 2, n)
    return torch.from_numpy(made[:, 0]), torch.from_numpy(made[:, 1:])


def rank_by_places(own, others):
    """The mean of all places that ``own`` may take where equal scores are put in any order."""
    above, equal = sum(other > own for other in others), sum(other == own for other in others)
    return np.mean([1 + above + place for place in range(equal + 1)])


CASES = [(seed, values) for seed in range(3) for values in (None, 2, 5)]


@pytest.mark.parametrize("seed, values", CASES)
def test_areas_are_those_of_scikit_learn(seed, values):
    sklearn = pytest.importorskip("sklearn.metrics")
    positive, candidates = scores(seed, values=values)
    both, is_link = torch.cat([positive, candidates[:, 0]]).numpy(), np.repeat([1, 0], len(positive))
    assert link_metrics.roc_auc(positive, candidates) == pytest.approx(sklearn.roc_auc_score(is_link, both), abs=1e-12)
    expected = sklearn.average_precision_score(is_link, both)
    assert link_metrics.average_precision(positive, candidates) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed, values", CASES)
def test_areas_and_ranks_are_those_of_slow_twins(seed, values):
    positive, candidates = scores(seed, values=values)
    first = candidates[:, 0].tolist()
    wins = [(a > b) + (a == b) / 2 for a in positive.tolist() for b in first]
    assert link_metrics.roc_auc(positive, candidates) == pytest.approx(np.mean(wins), abs=1e-12)
    steps, found = sorted({*positive.tolist(), *first}, reverse=True), []
    for at in steps:
        hits, called = sum(p >= at for p in positive), sum(p >= at for p in [*positive.tolist(), *first])
        found.append((sum(p == at for p in positive), hits / called))
    expected = sum(new * precision for new, precision in found) / len(positive)
    assert link_metrics.average_precision(positive, candidates) == pytest.approx(float(expected), abs=1e-6)
    by_hand = [rank_by_places(own, row) for own, row in zip(positive.tolist(), candidates.tolist())]
    assert link_metrics.ranks(positive, candidates).tolist() == pytest.approx(by_hand)
    assert link_metrics.mrr(positive, candidates) == pytest.approx(np.mean(1 / np.array(by_hand)))
    for k in (1, 3, 10):
        assert link_metrics.hits_at(k, positive, candidates) == pytest.approx(np.mean(np.array(by_hand) <= k))


def test_numbers_by_hand():
    positive, candidates = torch.tensor([3.0, 1.0, 2.0]), torch.tensor([[1.0, 2.0], [2.0, 0.0], [2.0, 2.0]])
    assert link_metrics.ranks(positive, candidates).tolist() == [1, 2, 2]
    assert link_metrics.mrr(positive, candidates) == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)
    assert link_metrics.hits_at(1, positive, candidates) == pytest.approx(1 / 3)
    assert link_metrics.roc_auc(positive, candidates) == pytest.approx((3 + 0.5 + 1 + 0.5 + 0.5) / 9)


@pytest.mark.parametrize("name", metrics_of("links"))
def test_what_knows_nothing_scores_as_chance_does_and_what_knows_all_scores_one(name):
    nothing, everything = torch.zeros(50, 101), torch.zeros(50, 101)
    everything[:, 0] = 1
    chance = {"roc_auc": 0.5, "average_precision": 0.5, "mrr": 1 / 51}.get(name, 0.0)
    assert metric_for(name, "links").score(nothing) == pytest.approx(chance)
    assert metric_for(name, "links").score(everything) == 1


def test_links_have_metrics_of_their_own_and_mrr_by_default():
    assert list(metrics_of("links")) == ["mrr", "roc_auc", "average_precision", "hits@1", "hits@3", "hits@10"]
    assert metric_for("auto", "links").name == "mrr" and metric_for("roc_auc", "links") is not METRICS["roc_auc"]
    assert METRICS["hits@10"].shown(0.5).strip() == "50.0 %" and METRICS["mrr"].shown(0.5).strip() == "0.500"
    with pytest.raises(ValueError, match="^metric='accuracy' does not judge a links task: use mrr or roc_auc or average_prec"):
        metric_for("accuracy", "links")
    with pytest.raises(ValueError, match="^metric='mrr' does not judge a multiclass task: use accuracy or macro_f1 or roc_auc"):
        metric_for("mrr", "multiclass")


@pytest.mark.parametrize("name", ["mrr", "roc_auc", "average_precision", "hits@1", "hits@10"])
def test_what_is_no_number_is_not_the_best(name):
    for at in ((0, 0), (3, 5)):
        outputs = torch.rand(5, 8)
        outputs[at] = torch.nan
        assert np.isnan(metric_for(name, "links").score(outputs))
