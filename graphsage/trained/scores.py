"""How well outputs fit a dataset's labels: loss and every score of the task, by part of the split."""

import numpy as np
import torch

from graphsage.data.labels import is_labelled
from graphsage.data.split import SPLITS
from graphsage.training.tasks import LOSSES, METRICS


def score_parts(outputs, labels, dataset, head):
    """{"train": {"nodes": count, "loss": mean, metric: score, ...}, "val", "test", "all"}; parts without nodes are left out.

    outputs: float32 [N, C] or [N, T], read by ``head`` (``Head``). labels: as ``matched_labels`` gives them. "all": all nodes
    with a label.
    """
    parts = {**{split: getattr(dataset, split) for split in SPLITS}, "all": np.flatnonzero(is_labelled(labels))}
    return {part: _scores(outputs[nodes], labels[nodes], dataset.task, head) for part, nodes in parts.items() if len(nodes)}


def _scores(outputs, labels, task, head):
    outputs = torch.from_numpy(outputs)
    labels = torch.from_numpy(labels if task == "multiclass" else labels.astype(np.float32))
    suited = [metric for metric in METRICS.values() if task in metric.tasks]
    if task == "multiclass" and outputs.shape[1] != 2:
        suited = [metric for metric in suited if metric.name != "roc_auc"]
    decided = head.decided(outputs)
    scores = {metric.name: metric.score(decided, labels) for metric in suited}
    scores = {name: None if np.isnan(score) else score for name, score in scores.items()}  # ROC AUC of one class
    return {"nodes": len(labels), "loss": LOSSES[task](outputs, labels).item(), **scores}


def matched_labels(dataset, task, class_names, num_outputs):
    """The dataset's labels in the model's classes: by name where both have names, else by number. ValueError if they differ."""
    name = dataset.name or "the dataset"
    if not is_labelled(dataset.labels).any():
        raise ValueError(f"{name} has no labelled node: there is nothing to compare predictions with")
    if dataset.task != task:
        raise ValueError(f"the model was trained for a {task} task, but {name} is a {dataset.task} one")
    if task == "regression" or class_names is None or dataset.class_names is None:
        return _same_number(dataset, task, num_outputs, name)
    return {"multiclass": _renumbered, "multilabel": _reordered}[task](dataset, class_names, name)


def _same_number(dataset, task, num_outputs, name):
    found, kind = dataset.num_outputs, "numbers a node" if task == "regression" else "classes"
    if found > num_outputs or (found < num_outputs and task != "multiclass"):  # the last classes may be those that nobody has
        raise ValueError(f"the model gives {num_outputs} {kind}, but {name} has {found}")
    return dataset.labels


def _renumbered(dataset, class_names, name):
    number = {class_name: place for place, class_name in enumerate(class_names)}
    table = np.array([*(number.get(class_name, -2) for class_name in dataset.class_names), -1])  # the last: no label
    labels = table[dataset.labels]
    if (labels == -2).any():
        unknown = dataset.class_names[dataset.labels[np.argmax(labels == -2)]]
        raise ValueError(f"the model does not know the class {unknown!r} of {name}: it knows {', '.join(class_names)}")
    return labels


def _reordered(dataset, class_names, name):
    if sorted(dataset.class_names) != sorted(class_names):
        found, known = (", ".join(names) for names in (dataset.class_names, class_names))
        raise ValueError(f"the model tells {known} apart, but the labels of {name} are {found}")
    return dataset.labels[:, [dataset.class_names.index(class_name) for class_name in class_names]]
