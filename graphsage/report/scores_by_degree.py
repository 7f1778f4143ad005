"""What the report counts: confusion, scores by class, by target, by degree and by other groups, with intervals. numpy only.

M judged nodes, C classes or columns, T targets.
"""

from dataclasses import dataclass

import numpy as np

from graphsage.report.intervals import ratio_interval, share_interval


@dataclass(frozen=True, eq=False)
class ClassScores:
    """int64[C] counts: hits (true and predicted), true (support), predicted. A share of nothing is NaN."""

    hits: np.ndarray
    true: np.ndarray
    predicted: np.ndarray

    @property
    def precision(self):
        """hits / predicted, float64[C]."""
        return _ratio(self.hits, self.predicted)

    @property
    def recall(self):
        """hits / true, float64[C]."""
        return _ratio(self.hits, self.true)

    @property
    def f1(self):
        """2 hits / (true + predicted), float64[C]; NaN for a class that neither occurs nor is predicted."""
        return _ratio(2 * self.hits, self.true + self.predicted)


@dataclass(frozen=True)
class GroupScore:
    """The score of some nodes, and its 95 % interval; NaN where there is none."""

    name: str
    nodes: int
    score: float
    low: float
    high: float


def confusion(outputs, labels):
    """int64[C, C]: how many nodes of class i are taken for class j."""
    size = outputs.shape[1]
    return np.bincount(labels * size + outputs.argmax(1), minlength=size**2).reshape(size, size)


def class_scores(task, outputs, labels):
    """``ClassScores`` of a multiclass or multilabel task; logit > 0 means yes in a multilabel one."""
    if task == "multiclass":
        counts = confusion(outputs, labels)
        return ClassScores(np.diag(counts), counts.sum(1), counts.sum(0))
    true, predicted = labels > 0, outputs > 0
    return ClassScores((true & predicted).sum(0), true.sum(0), predicted.sum(0))


def largest_confusions(counts, most):
    """[(true class, predicted class, nodes)], most nodes first; pairs that do not occur are left out."""
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, wrong.shape))
    return [(int(i), int(j), int(wrong[i, j])) for i, j in pairs if wrong[i, j]]


def merged(counts, kept):
    """int64[K + 1, K + 1]: the classes of ``kept``, and all others as one at the end."""
    number = np.full(len(counts), len(kept))
    number[kept] = np.arange(len(kept))
    small = np.zeros((len(kept) + 1,) * 2, counts.dtype)
    np.add.at(small, (number[:, None], number[None, :]), counts)
    return small


def target_scores(outputs, labels):
    """{name: float64[T]}: R^2 (a constant target gives 1 if met, else 0), RMSE, mean absolute error, mean and deviation."""
    labels = labels.astype(np.float64)
    missed = outputs - labels
    return {
        "R^2": _explained(missed, labels).mean(0),
        "RMSE": np.sqrt((missed**2).mean(0)),
        "mean error": np.abs(missed).mean(0),
        "mean of target": labels.mean(0),
        "deviation of target": labels.std(0),
    }


def reliability(outputs, labels, bins=10):
    """[(mean confidence, accuracy, nodes)] in bins of equal width of the predicted class's probability (softmax)."""
    logits = outputs - outputs.max(1, keepdims=True)
    confidence = 1 / np.exp(logits).sum(1)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    sums = [np.bincount(place, w, bins) for w in (confidence, outputs.argmax(1) == labels)]
    counts = np.bincount(place, minlength=bins)
    return [(c / n, hit / n, int(n)) for c, hit, n in zip(*sums, counts) if n]


# ---- by group


def scores_by_degree(task, outputs, labels, degrees):
    """(bins, groups): lists of ``GroupScore``; bins of degrees that double, 0, 1, 2-3, ...; bins without nodes are left out.

    groups: isolated, not isolated, all. The score is that of ``scores_by_group``.
    """
    bits = np.frexp(degrees)[1]  # 0, 1, 2, 2, 3, ...: exact, unlike a logarithm
    bins = {bin_name(1 << bit >> 1, (1 << bit) - 1): bits == bit for bit in np.unique(bits).tolist()}
    masks = {"isolated": degrees == 0, "with neighbours": degrees > 0, "all": degrees >= 0}
    found = scores_by_group(task, outputs, labels, {**bins, **masks})
    return found[: len(bins)], found[len(bins) :]


def scores_by_group(task, outputs, labels, masks):
    """A ``GroupScore`` for each of masks, {name: bool[M]}.

    The score is a ratio of sums over nodes - accuracy, micro-F1, or the explained share of the judged nodes' variance -
    so that groups that share no node, weighted by their denominators, give the whole.
    """
    parts = _terms(task, outputs, labels)
    return [_scored(task, name, *(part[mask] for part in parts)) for name, mask in masks.items()]


def bin_name(low, high):
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _terms(task, outputs, labels):
    """float64[M], float64[M]: what each node adds to the score's numerator and denominator."""
    ones = np.ones(len(labels))
    if task == "multiclass":
        return (outputs.argmax(1) == labels).astype(np.float64), ones
    if task == "multilabel":
        true, predicted = labels > 0, outputs > 0
        return 2.0 * (true & predicted).sum(1), (true.sum(1) + predicted.sum(1)).astype(np.float64)
    labels = labels.astype(np.float64)
    return _explained(outputs - labels, labels).mean(1), ones


def _explained(missed, labels):
    """float64[M, T], whose mean over the nodes is R^2: 1 - (error / deviation)^2."""
    variance = labels.var(0)
    met = np.broadcast_to((missed == 0).all(0), missed.shape).astype(np.float64)
    return np.where(variance > 0, 1 - missed**2 / np.where(variance > 0, variance, 1), met)


def _scored(task, name, above, below):
    nodes, whole = len(above), below.sum()
    score = above.sum() / whole if whole else np.nan
    low, high = share_interval(score, nodes) if task == "multiclass" else ratio_interval(above, below, score)
    return GroupScore(name, nodes, float(score), float(low), float(high))


def _ratio(part, whole):
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
