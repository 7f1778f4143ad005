"""What each task is trained by and judged by: losses and metrics of logits [M, C] or predictions [M, T].

Of links, outputs are scores [n, 1 + C]: of each link, and of its candidates (``link_metrics``).
Multiclass labels are int64 [M]; multilabel ones float32 0/1 [M, C]; targets of a regression float32 [M, T]. M >= 1.
"""

from functools import partial

import torch
import torch.nn.functional as F

from graphsage.nn.head import wide
from graphsage.training import link_metrics
from graphsage.training.curves import roc_auc_of
from graphsage.training.metric import Metric, own_metric, try_out


def cross_entropy(logits, labels, weight=None, **options):
    """torch's; ``weight`` [C] may lack the last of the outputs' classes, which no node has."""
    weight = None if weight is None else F.pad(weight, (0, logits.shape[1] - len(weight)), value=1.0)
    return F.cross_entropy(logits, labels, weight=weight, **options)


def squared_error(outputs, targets):
    """The mean over nodes and targets, float64: the square of a large unit does not fit float32."""
    return F.mse_loss(outputs.to(wide(outputs.device)), targets.to(wide(targets.device)))


LOSSES = {
    "multiclass": cross_entropy,
    "multilabel": F.binary_cross_entropy_with_logits,
    "regression": squared_error,
}


def make_loss(config, dataset, device):
    """function(outputs, labels) -> mean loss of the task, with the label smoothing and class weights of ``config``.

    Balanced weights, from the n training labels: n / (C n_c) for class c in a multiclass task (1 where it has none), and for
    column c of a multilabel one nodes without / nodes with it as the weight of a yes (1 where there are none of either).
    Numbers are these weights themselves, one a class or column. ValueError where the task knows no such thing.
    """
    loss, options = LOSSES[dataset.task], {}
    if config.label_smoothing:
        if dataset.task != "multiclass":
            raise ValueError(f"label_smoothing is for one class a node, and this is a {dataset.task} task: leave it out")
        options["label_smoothing"] = config.label_smoothing
    if config.class_weights != "none":
        options.update(_weights(config.class_weights, dataset, device))
    return partial(loss, **options) if options else loss


def _weights(wanted, dataset, device):
    """The keyword of the loss that has the weights float32 [C]."""
    if dataset.task == "regression":
        raise ValueError(f"class_weights = {wanted!r} is for classes, and this is a regression: leave it out")
    if wanted == "balanced":
        return _balanced(dataset, device)
    if len(wanted) != dataset.num_outputs:
        raise ValueError(f"class_weights must be one number a class, {dataset.num_outputs} in all; got {len(wanted)}")
    name = "weight" if dataset.task == "multiclass" else "pos_weight"
    return {name: torch.tensor(wanted, dtype=torch.float32, device=device)}


def _balanced(dataset, device):
    labels = torch.tensor(dataset.labels[dataset.train], device="cpu")
    if dataset.task == "multiclass":
        counts = torch.bincount(labels, minlength=dataset.num_outputs)
        weights = len(labels) / (dataset.num_outputs * counts.clamp(min=1)).float()
        return {"weight": torch.where(counts > 0, weights, 1).float().to(device)}
    ones = (labels == 1).sum(0)
    zeros = len(labels) - ones
    return {"pos_weight": torch.where((ones > 0) & (zeros > 0), zeros.float() / ones.clamp(min=1), 1).float().to(device)}


def accuracy(logits, labels):
    """Share of nodes whose highest logit is that of their class."""
    return (logits.argmax(1) == labels).double().mean().item()


def micro_f1(logits, labels):
    """2 TP / (2 TP + FP + FN), counted over all nodes and columns; logit > 0 means yes. 0 where nobody says yes."""
    true, predicted = labels > 0, logits > 0
    return _f1((true & predicted).sum(), true.sum(), predicted.sum()).item()


def macro_f1(logits, labels):
    """The mean of F1 over the classes that occur in the labels or the predictions; 0 if none does."""
    if labels.ndim == 1:  # one class a node: as columns of yes and no
        true, predicted = (F.one_hot(classes, logits.shape[1]).bool() for classes in (labels, logits.argmax(1)))
    else:
        true, predicted = labels > 0, logits > 0
    occurs = (true | predicted).any(0)
    if not occurs.any():
        return 0.0
    return _f1((true & predicted).sum(0), true.sum(0), predicted.sum(0))[occurs].mean().item()


def _f1(hits, true, predicted):
    return 2 * hits.double() / (true + predicted).clamp(min=1)


def roc_auc(logits, labels):
    """Probability that a node of class 1 has a higher score (logit 1 - logit 0) than one of class 0; a tie counts half.

    Both classes must be there.
    """
    return roc_auc_of(logits[:, 1] - logits[:, 0], labels == 1)


def r2(outputs, targets):
    """1 - sum (y - f)^2 / sum (y - mean y)^2, the mean over the targets; a constant target gives 1 if met, else 0."""
    outputs, targets = outputs.double(), targets.double()
    missed = ((targets - outputs) ** 2).sum(0)
    varies = ((targets - targets.mean(0)) ** 2).sum(0)
    return torch.where(varies > 0, 1 - missed / varies, (missed == 0).double()).mean().item()


def _of_links(score, *arguments):
    """A metric of ``link_metrics`` as one of outputs: scores [n, 1 + C], of which the first column is of the links.

    NaN where one of them is no number: nothing is above it, which would else be the first place.
    """

    def judged(scores, labels=None):
        return float("nan") if scores.isnan().any() else score(*arguments, scores[:, 0], scores[:, 1:])

    return judged


#: Those of each task; of a task the first is its default. Mean reciprocal ranks see every place of a link among the candidates:
#: an AUC of 95 % and one of 96 % differ in the places that nobody would be shown, and hits@k in steps of whole links. Who meets
#: on a walk is no one's to be shown: there the AUC, which follows the loss.
ALL = (
    Metric("accuracy", accuracy, "accuracy", ("multiclass",)),
    Metric("micro_f1", micro_f1, "micro-F1", ("multilabel",)),
    Metric("macro_f1", macro_f1, "macro-F1", ("multiclass", "multilabel")),
    Metric("roc_auc", roc_auc, "ROC AUC", ("multiclass",)),
    Metric("r2", r2, "R^2", ("regression",), in_percent=False),
    Metric("mrr", _of_links(link_metrics.mrr), "MRR", ("links",), in_percent=False),
    Metric("roc_auc", _of_links(link_metrics.roc_auc), "ROC AUC", ("links", "unsupervised")),
    Metric("average_precision", _of_links(link_metrics.average_precision), "average precision", ("links", "unsupervised")),
    *(Metric(f"hits@{k}", _of_links(link_metrics.hits_at, k), f"hits@{k}", ("links",)) for k in (1, 3, 10)),
)
#: By name, for those who show scores: metrics of one name are shown alike.
METRICS = {metric.name: metric for metric in ALL} | {metric.name: metric for metric in ALL if "links" not in metric.tasks}


def metrics_of(task):
    """{name: ``Metric``} of those that judge ``task``, its default first."""
    return {metric.name: metric for metric in ALL if task in metric.tasks}


def pick_metric(name, dataset):
    """The ``Metric`` of a name for a ``NodeDataset``: as ``metric_for``, and ROC AUC wants two classes in each part."""
    metric = metric_for(name, dataset.task)
    if metric.name == "roc_auc":
        _check_two_classes(dataset)
    return metric


def try_metric(metric, dataset):
    """Ask a metric of the caller's own about made-up outputs of validation or test nodes, before the training."""
    nodes = dataset.val if len(dataset.val) else dataset.test
    labels = torch.tensor(dataset.labels[nodes], device="cpu")
    try_out(metric, (len(nodes), dataset.num_outputs), labels)


def metric_for(name, task):
    """The ``Metric`` of a name, or of a function or ``Metric`` of the caller's own; "auto" is the first that judges ``task``.
    ValueError where it judges none of it."""
    suited = metrics_of(task)
    if not isinstance(name, str):
        own = own_metric(name, METRICS | suited)
        if not own.tasks or task in own.tasks:
            return own
        name = own.name
    if name != "auto" and name not in suited:
        article = "an" if task == "unsupervised" else "a"
        raise ValueError(f"metric={name!r} does not judge {article} {task} task: use {' or '.join(suited)}")
    return next(iter(suited.values())) if name == "auto" else suited[name]


def metric_named(name, given="auto"):
    """The ``Metric`` that a result calls ``name``, to show scores by. given: ``TrainConfig.metric``; where that is no longer
    known, one of the caller's own is shown as a plain number."""
    if name in METRICS:
        return METRICS[name]
    return Metric(name, float, in_percent=False) if isinstance(given, str) else own_metric(given, METRICS)


def _check_two_classes(dataset):
    if dataset.num_classes != 2:
        raise ValueError(f"metric='roc_auc' tells two classes apart, and the dataset has {dataset.num_classes}")
    for split in ("val", "test"):
        classes = set(dataset.labels[getattr(dataset, split)].tolist())
        if len(classes) == 1:
            raise ValueError(f"metric='roc_auc' needs both classes in {split}, and all its nodes are of class {classes.pop()}")


def constant_outputs(dataset, count):
    """What to predict for ``count`` nodes without looking at them: [count, num_outputs], from the training labels alone.

    multiclass: the most frequent class (of equally frequent ones the smallest); multilabel: in each column what more
    nodes have (no if equal); regression: the mean of each target.
    """
    labels = torch.tensor(dataset.labels[dataset.train], device="cpu")
    if dataset.task == "multiclass":
        row = F.one_hot(torch.bincount(labels).argmax(), dataset.num_outputs).float()
    elif dataset.task == "multilabel":
        row = torch.where(labels.double().mean(0) > 0.5, 1.0, -1.0)
    else:
        row = labels.double().mean(0).float()
    return row.expand(count, -1)
