"""Losses and metrics of the three tasks: slow twins, edge cases, what is refused, and whole trainings."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.blocks import NUM_CLASSES, blocks, configured
from hypothesis import given, strategies as st

from graphsage.cli import main as cli
from graphsage.config import groups as config
from graphsage.data.dataset import NodeDataset
from graphsage.nn.model import GraphSAGE
from graphsage.runs.run import compare, make_trainer, run
from graphsage.runs.trainer import Trainer
from graphsage.training.tasks import METRICS, constant_outputs, pick_metric

score = {name: metric.score for name, metric in METRICS.items()}

# ---- twins, in plain Python: lists of rows


def twin_accuracy(logits, labels):
    return sum(row.index(max(row)) == label for row, label in zip(logits, labels)) / len(labels)


def twin_f1(true, predicted):
    hits = sum(t and p for t, p in zip(true, predicted))
    said, were = sum(predicted), sum(true)
    if not hits:
        return 0.0
    precision, recall = hits / said, hits / were
    return 2 * precision * recall / (precision + recall)


def twin_micro_f1(logits, labels):
    return twin_f1(*([bool(v > 0) for row in rows for v in row] for rows in (labels, logits)))


def twin_macro_f1(logits, labels):
    width = range(len(logits[0]))
    if isinstance(labels[0], int):
        labels = [[int(c == label) for c in width] for label in labels]
        logits = [[1 if c == row.index(max(row)) else -1 for c in width] for row in logits]
    columns = [([row[c] > 0 for row in labels], [row[c] > 0 for row in logits]) for c in width]
    found = [twin_f1(*column) for column in columns if any(column[0]) or any(column[1])]
    return sum(found) / len(found) if found else 0.0


def twin_roc_auc(logits, labels):
    """All pairs of a node of class 1 and one of class 0."""
    ones, zeros = ([row[1] - row[0] for row, label in zip(logits, labels) if label == c] for c in (1, 0))
    return sum((a > b) + (a == b) / 2 for a, b in product(ones, zeros)) / (len(ones) * len(zeros))


def twin_r2(outputs, targets):
    found = []
    for f, y in zip(zip(*outputs), zip(*targets)):
        mean = sum(y) / len(y)
        missed, varies = sum((a - b) ** 2 for a, b in zip(y, f)), sum((a - mean) ** 2 for a in y)
        found.append(1 - missed / varies if varies else float(missed == 0))
    return sum(found) / len(found)


def table(elements, width):
    return st.lists(st.lists(elements, min_size=width, max_size=width), min_size=1, max_size=12)


small = st.integers(-2, 2)  # few values, so that there are ties


@given(table(small, 3), st.data())
def test_one_class_a_node(logits, data):
    labels = data.draw(st.lists(st.integers(0, 2), min_size=len(logits), max_size=len(logits)))
    for name, twin in (("accuracy", twin_accuracy), ("macro_f1", twin_macro_f1)):
        assert score[name](torch.tensor(logits).float(), torch.tensor(labels)) == pytest.approx(twin(logits, labels))


@given(table(small, 2), st.data())
def test_several_labels_a_node(logits, data):
    row = st.lists(st.integers(0, 1), min_size=2, max_size=2)
    labels = data.draw(st.lists(row, min_size=len(logits), max_size=len(logits)))
    for name, twin in (("micro_f1", twin_micro_f1), ("macro_f1", twin_macro_f1)):
        ours = score[name](torch.tensor(logits).float(), torch.tensor(labels).float())
        assert ours == pytest.approx(twin(logits, labels))


@given(table(small, 2), st.data())
def test_two_classes(logits, data):
    labels = data.draw(st.lists(st.integers(0, 1), min_size=len(logits), max_size=len(logits)))
    ours = score["roc_auc"](torch.tensor(logits).float(), torch.tensor(labels))
    if len(set(labels)) == 2:
        assert ours == pytest.approx(twin_roc_auc(logits, labels))
    else:
        assert np.isnan(ours)


@given(table(small, 2), st.data())
def test_targets(outputs, data):
    targets = data.draw(st.lists(st.lists(small, min_size=2, max_size=2), min_size=len(outputs), max_size=len(outputs)))
    ours = score["r2"](torch.tensor(outputs).float(), torch.tensor(targets).float())
    assert ours == pytest.approx(twin_r2(outputs, targets))


def test_scores_by_hand():
    labels = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert score["micro_f1"](torch.tensor([[1.0, 1.0], [-1.0, 1.0]]), labels) == pytest.approx(2 / 3)  # 2 hits of 3 and 3
    assert score["r2"](torch.tensor([[1.0], [2.0]]), torch.tensor([[0.0], [4.0]])) == 1 - 5 / 8
    ranked = torch.tensor([[0.0, 3.0], [0.0, 1.0], [0.0, 2.0]])
    assert score["roc_auc"](ranked, torch.tensor([1, 0, 0])) == 1
    assert score["roc_auc"](ranked, torch.tensor([0, 1, 0])) == 0


def test_half_a_million_ranks_are_exact():
    """Ranks add up to 1.25e11, which float32 does not hold: by it, the result is off from the sixth digit on."""
    size = 500_000
    logits = torch.stack([torch.zeros(size), torch.arange(size).float()], 1)
    assert score["roc_auc"](logits, torch.arange(size) % 2) == pytest.approx(0.5 + 1 / size, abs=1e-12)


# ---- which metric


@pytest.fixture(scope="module")
def multiclass():
    return blocks()


@pytest.fixture(scope="module")
def multilabel(multiclass):
    """Each node may be of two groups; a third label nobody has."""
    labels = np.zeros((len(multiclass.labels), 3), np.int8)
    labels[np.isin(multiclass.labels, (0, 1)), 0] = 1
    labels[np.isin(multiclass.labels, (1, 2)), 1] = 1
    return replace(multiclass, labels=labels)


@pytest.fixture(scope="module")
def regression(multiclass):
    means = np.array([[-1.0, 2.0], [0.0, 0.0], [1.0, -1.0], [2.0, 1.0]])
    noise = np.random.default_rng(3).normal(scale=0.1, size=(len(multiclass.labels), 2))
    return replace(multiclass, labels=(means[multiclass.labels] + noise).astype(np.float32))


def test_the_names_are_those_of_the_config():
    assert ("auto", *METRICS) == config.METRICS


def test_auto(multiclass, multilabel, regression):
    picked = [pick_metric("auto", dataset).name for dataset in (multiclass, multilabel, regression)]
    assert picked == ["accuracy", "micro_f1", "r2"]


@pytest.mark.parametrize(
    "kind, metric, text",
    [
        ("multiclass", "r2", "metric='r2' does not judge a multiclass task: use accuracy or macro_f1 or roc_auc"),
        ("multiclass", "micro_f1", "metric='micro_f1' does not judge a multiclass task: .*"),
        ("multilabel", "accuracy", "metric='accuracy' does not judge a multilabel task: use micro_f1 or macro_f1"),
        ("regression", "roc_auc", "metric='roc_auc' does not judge a regression task: use r2"),
        ("multiclass", "roc_auc", "metric='roc_auc' tells two classes apart, and the dataset has 4"),
    ],
)
def test_a_metric_of_another_task(kind, metric, text, request):
    dataset = request.getfixturevalue(kind)
    with pytest.raises(ValueError, match=f"^{text}$"):
        make_trainer(configured(metric=metric), dataset)


def test_roc_auc_of_one_class(multiclass):
    labels = (multiclass.labels >= 2).astype(int)
    labels[multiclass.test] = 1
    with pytest.raises(ValueError, match="^metric='roc_auc' needs both classes in test, and all its nodes are of class 1$"):
        pick_metric("roc_auc", replace(multiclass, labels=labels))
    assert pick_metric("roc_auc", replace(multiclass, labels=labels, test=[])).name == "roc_auc"


# ---- the constant baseline


@pytest.mark.parametrize(
    "labels, expected",
    [
        ([1, 1, 0, 2], [0, 1, 0]),
        ([2, 1, 1, 2], [0, 1, 0]),
        ([[1, 0], [1, 1], [0, 0], [1, 1]], [1, -1]),  # three of four, and half
        ([[1.0, 2.0], [3.0, 2.0], [3.0, 2.0], [1.0, 6.0]], [2, 3]),
    ],
)
def test_constant_outputs(labels, expected):
    """Of the first four nodes, which train; the fifth would change them all."""
    fifth = [9.0, 9.0] if isinstance(labels[0], list) and isinstance(labels[0][0], float) else [0, 1]
    labels = np.array([*labels, fifth if isinstance(labels[0], list) else 2])
    graph = blocks().graph.from_edges([], [], 5)
    dataset = NodeDataset(graph=graph, features=np.ones((5, 1)), labels=labels, train=[0, 1, 2, 3], val=[], test=[4])
    assert constant_outputs(dataset, 2).tolist() == [expected, expected]


# ---- whole trainings


@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("kind, metric, label, least", [
    ("multilabel", "auto", "micro-F1", 0.8),
    ("multilabel", "macro_f1", "macro-F1", 0.8),
    ("regression", "auto", "R^2", 0.45),
    ("multiclass", "macro_f1", "macro-F1", 0.75),
])  # fmt: skip
def test_each_task_learns(kind, metric, label, least, batch_size, request):
    dataset, lines = request.getfixturevalue(kind), []
    config = configured(metric=metric, batch_size=batch_size, epochs=25, seed=2)  # 40 nodes train: some seeds learn less
    result = run(config, dataset, log=lines.append)
    trained = result.result
    assert result.majority + 0.2 < result.features_only < trained.test_score and trained.test_score > least
    assert trained.val_score == max(epoch.val_score for epoch in trained.history)
    assert trained.test_accuracy is trained.val_accuracy is trained.history[0].val_accuracy is None
    assert f" Validation {label}: " in lines[0]
    assert compare([result]).startswith(f"Test {label}:\n  {'mean ' if kind == 'regression' else 'majority class '} ")


def test_roc_auc_learns(multiclass):
    dataset = replace(multiclass, labels=np.where(multiclass.labels < 0, -1, multiclass.labels >= NUM_CLASSES // 2))
    result = run(replace(configured(metric="roc_auc"), baseline=False), dataset, log=lambda line: None)
    assert result.majority == 0.5 and result.result.test_score > 0.9


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_the_loss_is_that_of_the_task(kind, request):
    dataset = request.getfixturevalue(kind)
    trainer, twin = (make_trainer(configured({"dropout": 0.0}), dataset, log=None) for _ in range(2))
    batch = next(iter(trainer.loader))
    out, y = twin.model(batch).double(), batch.y.double()
    if kind == "regression":  # what the model learns are standardised targets; what is told is in the targets' units
        known = torch.tensor(dataset.labels[dataset.train]).double()
        out = out * known.std(0, correction=0) + known.mean(0)
    shares = torch.sigmoid(out)
    by_hand = {"multilabel": -(y * shares.log() + (1 - y) * (1 - shares).log()), "regression": (out - y) ** 2}[kind]
    assert trainer.step(batch).item() == pytest.approx(by_hand.mean().item(), rel=1e-5)
    logits = trainer.model.eval()(batch)
    assert logits.shape == batch.y.shape and not F.mse_loss(logits, batch.y) == 0


def test_a_model_of_another_width_is_refused(multilabel):
    with pytest.raises(ValueError, match="the model gives 4 numbers a node, but the multilabel dataset has 3"):
        Trainer(GraphSAGE(multilabel.num_features, 8, 4), multilabel)


# ---- the command


@pytest.mark.parametrize("kind, label, constant, unit", [
    ("multilabel", "micro-F1", "majority class", " %"), ("regression", "R^2", "mean", ""),
])  # fmt: skip
def test_the_command_speaks_of_the_task(kind, label, constant, unit, request, tmp_path, capsys):
    request.getfixturevalue(kind).save(tmp_path / "own.npz")
    words = ["train", str(tmp_path / "own.npz"), "--epochs", "2", "--device", "cpu"]
    assert cli.main([*words, "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert f" Validation {label}: " in out and f"Test {label}:\n  {constant} " in out and "accuracy" not in out
    assert out.partition(f"Test {label}:")[2].count(" %\n") == (4 if unit else 0)
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["metric"] == record["history"][0]["metric"] == {"multilabel": "micro_f1", "regression": "r2"}[kind]
    assert isinstance(record["test_score"], float)
    assert cli.main([*words, "--metric", "accuracy"]) == 2
    assert f"metric='accuracy' does not judge a {kind} task" in capsys.readouterr().err
