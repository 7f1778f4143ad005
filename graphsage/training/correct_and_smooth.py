"""Correct and Smooth: what the labels of training nodes say of the errors and classes around them (Huang et al. 2021).

It comes after a model that tells one class a node, and learns nothing but two strengths, chosen on the validation nodes.
"""

from itertools import product

import numpy as np
import torch

from graphsage.training.propagation import spread, symmetric_adjacency

STRENGTHS = (0.0, 0.5, 0.8, 0.95)  # of either; 0 leaves it out
LEAST = 1e-12  # share of a class, for its logarithm
CHOICE = "leave it out (correct_and_smooth=False, --no-correct-and-smooth)"


def refuse_for(dataset, task):
    """ValueError, one sentence, where a model of this task cannot be corrected by the dataset's training labels."""
    name = dataset.name or "the dataset"
    if task != "multiclass":
        raise ValueError(f"correct_and_smooth is for one class a node, and this is a {task} task: {CHOICE}")
    if dataset.times is not None:
        raise ValueError(f"correct_and_smooth would tell of later labels, and nodes of {name} are asked at times: {CHOICE}")
    if not len(dataset.train):
        raise ValueError(f"correct_and_smooth spreads the labels of training nodes, and {name} has none: {CHOICE}")


def refuse_unchosen(dataset):
    """ValueError where there is nothing to choose the strengths on."""
    if not len(dataset.val):
        name = dataset.name or "the dataset"
        raise ValueError(f"correct_and_smooth chooses its strengths on validation nodes, and {name} has none: {CHOICE}")


def corrected_and_smoothed(outputs, dataset, labels, strengths):
    """Logits float32 [N, C] of all nodes: ``outputs`` [N, C], logits, after both steps. Of the labels int [N] those of
    ``dataset.train`` are read, and no others.

    Correct (section 2.2, autoscale): the errors E of the shares Z at training nodes spread with strength a, and a node moves
    by its row, scaled to the mean length (L1) of the errors at training nodes. Smooth (2.3): from these, and the labels at
    training nodes, the shares spread with strength b. strengths: (a, b) in [0, 1); of 0 nothing comes to other nodes.
    A node that no training node reaches is not corrected; an isolated one keeps its shares. Memory: some times [N, C].
    """
    adjacency, (correct, smooth) = symmetric_adjacency(dataset.graph), strengths
    start = _corrected(adjacency, _shares(outputs), dataset.train, labels, correct)
    return _logits(spread(adjacency, start, smooth))


def chosen_strengths(outputs, dataset, labels, metric):
    """(a, b) of the ``STRENGTHS`` that ``metric`` finds best on the validation nodes; of equally good ones the least."""
    adjacency, shares, best = symmetric_adjacency(dataset.graph), _shares(outputs), (-np.inf, None)
    val, truth = torch.tensor(dataset.val), torch.tensor(labels[dataset.val])
    corrected = None
    for correct, smooth in product(STRENGTHS, STRENGTHS):
        if smooth == STRENGTHS[0]:
            corrected = _corrected(adjacency, shares, dataset.train, labels, correct)
        score = metric.score(torch.from_numpy(_logits(spread(adjacency, corrected, smooth)))[val], truth)
        if score > best[0]:
            best = score, (correct, smooth)
    return best[1]


def _shares(outputs):
    return torch.softmax(torch.as_tensor(outputs).float(), 1).numpy()


def _logits(shares):
    return np.log(np.maximum(shares, LEAST))


def _corrected(adjacency, shares, train, labels, strength):
    """Shares float32 [N, C], those of training nodes their labels."""
    known = np.eye(shares.shape[1], dtype=np.float32)[labels[train]]
    errors = np.zeros_like(shares)
    errors[train] = known - shares[train]
    size = np.abs(errors[train]).sum(1).mean()
    found = spread(adjacency, errors, strength)
    length = np.abs(found).sum(1, keepdims=True)
    found *= np.divide(size, length, out=np.zeros_like(length), where=length > 0)
    found += shares
    found[train] = known
    return found
