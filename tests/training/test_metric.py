"""A metric of the caller's own: it picks the best epoch, is shown under its name, and what it returns is looked at first."""

import functools
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked, split_of

import graphsage as gs
from graphsage.config.options import plain
from graphsage.runs.run import make_trainer, run
from graphsage.training.tasks import METRICS, metric_named

DATASET = blocks()


def cost(outputs, labels):
    """Less for later classes: the negative of a mean."""
    return -(labels * (outputs.argmax(1) != labels)).double().mean()


def trainer_by(metric, dataset=DATASET, log=None, **settings):
    return make_trainer(configured(**{"epochs": 3, **settings, "metric": metric}), dataset, log=log)


def test_it_picks_the_best_epoch():
    given = iter([-3.0, 0.5, 0.25])
    asked = []

    def by_turns(outputs, labels):
        asked.append((list(outputs.shape), labels.dtype))
        return next(given) if len(asked) in (2, 3, 4) else 0.0  # the first is asked before the training

    trainer = trainer_by(by_turns)
    result = trainer.fit()
    assert [epoch.val_score for epoch in result.history] == [-3.0, 0.5, 0.25]
    assert (result.metric, result.best_epoch, result.val_score) == ("by_turns", 2, 0.5)
    assert asked[0] == ([60, 4], torch.int64) and asked[-1][0] == [99, 4]
    assert result.val_accuracy is None


def test_it_is_shown_under_its_name_and_label():
    for metric, label, unit in ((cost, "cost", ""), (gs.Metric("cost", cost, label="the cost"), "the cost", " %")):
        lines = []
        trainer = trainer_by(metric, log=lines.append, epochs=1)
        score = trainer.fit().val_score
        shown = f"{100 * score:.1f}" if unit else f"{score:.3f}"
        assert f"Validation {label}: {shown}{unit}" in lines[0]


def test_it_is_named_by_files(tmp_path):
    config = replace(configured(epochs=1, metric=cost), baseline=False)
    result = run(config, DATASET, folder=tmp_path, log=lambda line: None)
    assert 'metric = "cost (user-defined)"' in (tmp_path / "config.toml").read_text()
    assert gs.load_trained(tmp_path).metric == "cost"
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"{result.result.test_score:.3f} test cost on blocks" in report and "cost (user-defined)" in report
    scores = gs.load_trained(tmp_path).evaluate(DATASET)
    assert set(scores["val"]) == {"nodes", "loss", "accuracy", "macro_f1"}


def test_a_name_of_a_result_alone_is_shown_as_a_number():
    assert metric_named("cost").shown(0.5) == METRICS["r2"].shown(0.5)
    assert metric_named("accuracy") is METRICS["accuracy"]


def test_a_baseline_that_it_cannot_judge_is_left_out():
    def spread(outputs, labels):  # of the same outputs for all nodes there is none
        return 1.0 if outputs.std(0).sum() > 0 else float("nan")

    result = run(replace(configured(epochs=1, metric=spread), baseline=False), DATASET, log=lambda line: None)
    assert result.majority is None and result.rows["label propagation"] == {"spread": 1.0} and result.result.test_score == 1.0


def test_links_are_judged_by_their_scores_alone():
    def first(outputs, labels):
        assert labels is None
        return float((outputs[:, :1] > outputs[:, 1:]).all(1).double().mean())

    config = link_config(epochs=1, metric=first)
    result = make_trainer(config, split_of(config, linked()), log=None).fit()
    assert result.metric == "first" and result.test_scores["first"] == result.test_score
    assert result.test_scores["first"] <= result.test_scores["hits@1"]


def raising(outputs, labels):
    raise KeyError("weight")


def never(outputs, labels):
    return None


def arrays(outputs, labels):
    return (outputs.argmax(1) == labels).numpy()


def nothing(outputs, labels):
    return float("nan")


REFUSED = [
    (raising, ValueError, r"^metric raising failed on outputs \[60, 4\]: KeyError: 'weight'$"),
    (never, TypeError, r"^metric never must return one finite number, the higher the better, and it returned None: take its"),
    (arrays, TypeError, r"^metric arrays must return one finite number, .* and it returned ndarray: take its mean"),
    (nothing, ValueError, r"^metric nothing must return one finite number, .* returned nan: return a number where it is n"),
    (gs.Metric("accuracy", cost), ValueError, r"^metric: 'accuracy' is the name of a built-in metric: give yours another n"),
    (gs.Metric("r", cost, tasks=("regression",)), ValueError, r"^metric='r' does not judge a multiclass task: use accuracy or"),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "kind", "text"), REFUSED, ids=["raises", "none", "array", "nan", "known", "task"])
def test_what_is_no_metric_is_told_before_the_training(metric, kind, text):
    with pytest.raises(kind, match=text):
        trainer_by(metric)


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        (0.5, r"metric must be one of auto, .*hits@10, or a function\(outputs, labels\), or a Metric; got 0.5"),
        (lambda outputs, labels: 0.0, r"metric must be a function that has a name, by which it is shown: write def, or M"),
        (functools.partial(cost), r"metric must be a function that has a name"),
    ],
    ids=["number", "lambda", "partial"],
)
def test_settings_refuse_what_is_no_metric(metric, text):
    with pytest.raises(ValueError, match=text):
        gs.TrainConfig(metric=metric)


def test_a_record_of_a_metric_is_checked():
    with pytest.raises(TypeError, match="the name of a metric must be text, got 3"):
        gs.Metric(3, cost)
    with pytest.raises(TypeError, match=r"the score of a metric must be a function\(outputs, labels\), got 'cost'"):
        gs.Metric("cost", "cost")


def test_settings_are_written_by_name():
    found = plain(gs.TrainConfig(metric=gs.Metric("cost", cost), optimizer=torch.optim.NAdam, class_weights=np.array([1, 2.5])))
    named = {name: found[name] for name in ("metric", "optimizer", "class_weights")}
    assert named == {"metric": "cost (user-defined)", "optimizer": "NAdam (user-defined)", "class_weights": (1.0, 2.5)}
