"""What a report is made of: datasets of each task, outputs, histories, results and the lines of their logs."""

from dataclasses import asdict

import numpy as np

from graphsage.training.records import Epoch, TrainResult
from graphsage.training.tasks import METRICS
from helpers.blocks import blocks

SCRIPT = "<script>alert(1)</script>"
NAMES = (SCRIPT, "$a_b$ & \"c\"", "id=\"x\" url(#y)", "never")


def data(task, **changes):
    """Class 3 ("never") has no node in multiclass, and no yes in multilabel."""
    rng = np.random.default_rng(3)
    labels = blocks().labels
    made = {
        "multiclass": np.where(labels == 3, 0, labels),
        "multilabel": np.stack([labels == 0, labels >= 1, rng.random(len(labels)) < 0.3, labels == 9], 1),
        "regression": np.stack([labels + rng.normal(size=len(labels)), 10 * rng.normal(size=len(labels))], 1),
    }[task]
    names = {} if task == "regression" else {"class_names": NAMES}
    return blocks(**{"labels": made, **names, **changes})


def guesses(dataset):
    """Outputs that are often right and say nothing of class 3, which has a slot all the same."""
    rng = np.random.default_rng(4)
    size = (dataset.num_nodes, dataset.num_outputs)
    if dataset.task == "regression":
        return (dataset.labels + rng.normal(size=size)).astype(np.float32)
    truth = np.eye(size[1])[dataset.labels] if dataset.task == "multiclass" else dataset.labels
    outputs = 2 * (truth - 0.5) + rng.normal(size=size)
    outputs[:, 3] = -9
    return outputs.astype(np.float32)


def embeddings(nodes):
    """Rows of five numbers."""
    return np.random.default_rng(8).normal(size=(200, 5)).astype(np.float32)[nodes]


def history(count=3, **changes):
    """Epoch 2 is the best."""
    scores = {"metric": "accuracy", "val_score": 0.5, "val_loss": 0.7, "seconds": 2.0, **changes}
    return [Epoch(number=k, loss=1 / k, **{**scores, **({"val_score": 0.625} if k == 2 and scores["val_score"] else {})})
            for k in range(1, count + 1)]  # fmt: skip


def result_of(dataset, outputs, **changes):
    metric = {"multiclass": "accuracy", "multilabel": "micro_f1", "regression": "r2"}[dataset.task]
    score = None
    if len(dataset.test) and outputs is not None:
        import torch

        score = METRICS[metric].score(torch.tensor(outputs[dataset.test]), torch.tensor(dataset.labels[dataset.test]))
    values = {"test_score": score, "val_score": 0.625, "best_epoch": 2, "normalized_features": False, "history": history()}
    return TrainResult(**{"metric": metric, **values, **changes})


def log_of(result, steps=4):
    """The lines of metrics.jsonl."""
    lines = []
    for epoch in result.history:
        for step in range(steps):
            lines.append({"kind": "step", "epoch": epoch.number, "step": step, "loss": epoch.loss + step / 9})
        line = asdict(epoch)
        lines.append({"kind": "epoch", "epoch": line.pop("number"), **line})
    return lines
