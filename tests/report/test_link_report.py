"""The report of a run on links: its numbers by hand, its sentences, and names that are no markup."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.links import link_config, linked, split_of
from helpers.pages import Page
from helpers.reports import SCRIPT, history, log_of

from graphsage.report import link_scores as scores
from graphsage.report.intervals import share_interval
from graphsage.report.link_report import winner, write_link_report
from graphsage.report.link_scores import Judged
from graphsage.report.scores_by_degree import GroupScore
from graphsage.training.records import TrainResult
from graphsage.training.tasks import metrics_of

ALL = metrics_of("links")


def read(path):
    """The ``Page``, in which no name is markup."""
    source = path.read_text(encoding="utf-8")
    assert "<script>alert" not in source
    return Page(source)


def judged_of(split, count=None, candidates=20):
    """Logits that are often right."""
    rng = np.random.default_rng(5)
    pairs = split.test.seeds[:count].copy()
    logits = rng.normal(size=(len(pairs), 1 + candidates)).astype(np.float32)
    logits[:, 0] += 2
    others = np.stack([np.broadcast_to(pairs[:, :1], logits[:, 1:].shape), rng.integers(0, 200, logits[:, 1:].shape)], 2)
    return Judged(pairs=pairs, scores=logits, candidates=others)


def rows_of(judged):
    of = {name: metric.score(torch.from_numpy(judged.scores)) for name, metric in ALL.items()}
    worse = {name: score / 2 for name, score in of.items()}
    return {"GraphSAGE": of, "Adamic-Adar": worse, "features only": {name: score / 3 for name, score in of.items()}}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(page, judged, result, split) of a report."""
    names = np.array([SCRIPT, "a & b", *(f"n{v}" for v in range(198))], object)
    config = link_config()
    split = replace(split_of(config, replace(linked(), node_ids=names)), name=f"data {SCRIPT}")
    judged = judged_of(split)
    judged.scores[0, 0] = 9  # shown, and by this name
    judged.pairs[0] = [0, 1]
    rows = rows_of(judged)
    result = TrainResult(
        metric="mrr", test_score=rows["GraphSAGE"]["mrr"], val_score=0.5, best_epoch=2, normalized_features=False,
        history=history(metric="mrr"), test_scores=rows["GraphSAGE"],
    )  # fmt: skip
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_link_report(path, dataset=split, config=config, result=result, log=log_of(result), rows=rows, judged=judged)
    return read(path), judged, result, split


def test_the_page_has_every_part(made):
    page, judged, result, split = made
    assert page.text.count("<script>alert(1)</script>") >= 2
    for title in ("Training", "Metrics", "Degrees", "Surest pairs", "Time", "Dataset", "Configuration", "Reproduce"):
        assert title in page.text
    assert f"{result.test_score:.3f} test MRR on data" in page.text
    assert "GraphSAGE is the best by MRR, before Adamic-Adar" in page.text
    assert "The model is that of epoch 2, the best on validation." in page.text
    assert "MRR and hits@k rank it among 20 such pairs" in page.text and "split_by" in page.text
    assert f"{100 * result.test_scores['roc_auc']:.1f} %" in page.text and "messages" in page.text


def test_a_report_of_nodes_does_not_tell_of_links(tmp_path):
    from helpers.blocks import blocks, configured
    from helpers.reports import result_of

    from graphsage.report.report import write_report

    data = blocks()
    result = result_of(data, None)
    write_report(tmp_path / "r.html", dataset=data, config=configured(), result=result, log=[], outputs=None)
    assert "split_by" not in read(tmp_path / "r.html").text


def test_nothing_was_tested(tmp_path):
    config = link_config()
    split = split_of(config, linked())
    result = TrainResult(
        metric="mrr", test_score=None, val_score=None, best_epoch=3, normalized_features=False, history=history(val_score=None)
    )  # fmt: skip
    write_link_report(tmp_path / "r.html", dataset=split, config=config, result=result, log=[], rows={}, judged=None)
    page = read(tmp_path / "r.html")
    assert "A model of blocks, not tested" in page.text and page.text.count("The model was not tested.") == 3
    assert "the last one, as there are no validation links" in page.text


def test_hits_by_degree_are_counted_by_hand():
    split = split_of(link_config(), linked())
    judged, degrees = judged_of(split), split.graph.degrees
    bins, whole = scores.hits_by_degree(judged, degrees)
    hits = [sum(row[1:] > row[0]) + sum(row[1:] == row[0]) / 2 + 1 <= 10 for row in judged.scores.astype(float)]
    assert whole.nodes == len(hits) and whole.score == pytest.approx(np.mean(hits))
    least = [min(degrees[a], degrees[b]) for a, b in judged.pairs]
    for group in bins:
        low, _, high = group.name.partition(" to ")
        inside = [hit for hit, degree in zip(hits, least) if int(low) <= degree <= int(high or low)]
        assert (group.nodes, group.score) == (len(inside), pytest.approx(np.mean(inside)))
    assert sum(group.nodes for group in bins) == len(hits)


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    """hits@1 is a mean over links, of which the jackknife's variance is s^2 / n but for groups in place of single links."""
    rng = np.random.default_rng(0)
    found = rng.normal(size=(4000, 3)).astype(np.float32)
    low, high = scores.interval("hits@1", found)
    hits = (found[:, 1:] < found[:, :1]).all(1)
    reach = 1.96 * hits.std() / np.sqrt(len(hits))
    assert (low + high) / 2 == pytest.approx(hits.mean()) and 0.5 * reach < (high - low) / 2 < 1.8 * reach
    assert np.isnan(scores.interval("mrr", found[:39])).all() and np.isfinite(scores.interval("roc_auc", found[:40])).all()


def test_the_interval_holds_what_it_says():
    """Null: 95 % of intervals hold the true AUC, that of two normals a distance of 1 apart. Of 200, fewer than 181 do with a
    probability of 0.0026; an interval half as wide holds it 68 times of 100."""
    rng, held = np.random.default_rng(1), 0
    truth = 0.5 * (1 + torch.erf(torch.tensor(1 / 2)).item())
    for _ in range(200):
        found = rng.normal(size=(300, 2)).astype(np.float32)
        found[:, 0] += 1
        low, high = scores.interval("roc_auc", found)
        held += low <= truth <= high
    assert held >= 181


def test_the_surest_are_the_surest():
    judged = Judged(
        pairs=np.array([[0, 1], [2, 3], [4, 5]]),
        scores=np.array([[3, 1, 2], [5, 6, 6], [-1, -2, -3]], np.float32),
        candidates=np.array([[[0, 7], [0, 8]], [[2, 9], [2, 9]], [[4, 7], [4, 8]]]),
    )
    right, wrong, missed = scores.surest(judged, 2)
    assert right[0].tolist() == [[0, 1], [4, 5]] and right[1].tolist() == [3, -1]
    assert wrong[0].tolist() == [[2, 9], [0, 8]] and wrong[1].tolist() == [6, 2]  # once, though drawn twice
    assert missed[0].tolist() == [[4, 5], [0, 1]] and missed[1].tolist() == [-1, 3]


@pytest.mark.parametrize("others, text", [
    ({}, ""),
    ({"features only": 0.3, "Adamic-Adar": 0.4}, "GraphSAGE is the best by MRR, before Adamic-Adar (0.400)."),
    ({"common neighbours": 0.6}, "Common neighbours is better by MRR (0.600) than GraphSAGE: by it the graph network is not"),
    ({"Adamic-Adar": 0.5}, "GraphSAGE is no better by MRR than Adamic-Adar: take that, which is simpler."),
])  # fmt: skip
def test_who_won_is_said(others, text):
    rows = {"GraphSAGE": {"mrr": 0.5}, **{name: {"mrr": score} for name, score in others.items()}}
    found = winner(rows, ALL["mrr"])
    assert found.startswith(text) and bool(found) == bool(text)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_intervals_stay_between_0_and_1(share):
    for nodes in range(1, 60):
        low, high = share_interval(share, nodes)
        assert 0 <= low < high <= 1 and not np.signbit(low)


def test_labels_of_axes_are_no_formulas():
    """Of bins that are nearly alike: a logarithmic axis names its small steps, too."""
    pytest.importorskip("matplotlib")
    from graphsage.report.figures import by_degree

    bins = [GroupScore(name, count, 0.5, 0.4, 0.6) for name, count in (("1", 3), ("2 to 3", 7), ("4 to 7", 8))]
    assert "$" not in str(by_degree(bins, bins[0], "hits@10", True, of="links"))
