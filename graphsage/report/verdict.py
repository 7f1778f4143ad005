"""Which of the models on nodes is the best, in one line: also where it is not GraphSAGE, and never within the noise."""

import numpy as np

from graphsage.training.tasks import METRICS

OWN, ALONE = "GraphSAGE", "features only"
REACH = 1.96  # standard errors: 95 %
SPOKEN = {  # of a baseline: how a sentence calls it, and what it says where that is better
    ALONE: ("the same model without edges is", "the edges do harm here"),
    "boosted trees": ("gradient-boosted trees on features alone are", "the edges help little here"),
    "types merged": ("the same model with the types merged is", "the types help little here"),
    "label propagation": ("label propagation is", "the features help little here"),
    "trees, neighbours": (
        "gradient-boosted trees on features and the mean of the neighbours' are",
        "a graph network is not worth its while here",
    ),
    "majority class": ("the most frequent answer is", "nothing was learned"),
    "mean": ("the mean is", "nothing was learned"),
}
OTHERS = {"most frequent class": "majority class", "most frequent answers": "majority class", "mean target": "mean"}


def verdict_line(rows, metric, labels, model=OWN, *, rising=False):
    """A sentence. rows: {name: test scores of one or more runs}, "GraphSAGE" and others. labels: of the test nodes.
    model: what "GraphSAGE" is called. rising: its last epoch was its best, so that nothing follows where it lost.

    The noise is that of a difference of two scores on other test nodes of this kind (95 %), as if the models erred apart from
    each other, which is more than where they err together; and of several runs that of their means. Of a metric of the caller's
    own the noise is not known: "".
    """
    if metric.name not in METRICS:
        return ""
    own, others = rows[OWN], {name: scores for name, scores in rows.items() if name != OWN}
    name = max(others, key=lambda other: np.mean(others[other]))
    gap, noise = np.mean(own) - np.mean(others[name]), REACH * _error(own, others[name], metric, labels)
    spoken, reason = SPOKEN[OTHERS.get(name, name)]
    called = spoken.rpartition(" ")[0]
    if not abs(gap) > noise:
        within = f"noise of {len(labels):,} test node{'s' * (len(labels) != 1)}: +-{_size(noise, metric, '')}"
        return f"{model} and {called} are too close to call: {_size(gap, metric)} apart ({within})."
    if gap > 0:
        return f"{model} is {_size(gap, metric)} better than {called}, the best of the others."
    why = ", whose last epoch was its best: it may not have learned all that it can" if rising else f": {reason}"
    return f"{spoken[0].upper()}{spoken[1:]} {_size(gap, metric)} better than {model}{why}."


def _size(gap, metric, unit=" points"):
    return f"{100 * abs(gap):.1f}{unit}" if metric.in_percent else f"{abs(gap):.3f}"


def _error(own, other, metric, labels):
    """The standard error of the difference of two mean scores."""
    parts = [_variance(np.mean(scores), metric, labels) for scores in (own, other)]
    parts += [np.var(scores, ddof=1) / len(scores) for scores in (own, other) if len(scores) > 1]
    return np.sqrt(sum(parts))


def _variance(score, metric, labels):
    """Of a score over samples of test nodes: of a share p of n nodes p (1 - p) / n; of ROC AUC the same with n the nodes of the
    rarer class (Birnbaum and Klose 1957: not more); of R^2 4 (1 - R^2)^2 / n (Olkin and Finn 1995, without its factor R^2).
    """
    if metric.name == "r2":
        return 4 * (1 - score) ** 2 / len(labels)
    count = np.bincount(labels, minlength=2).min() if metric.name == "roc_auc" else len(labels)
    share = min(max(score, 0), 1)
    return max(share * (1 - share), 1 / (4 * max(count, 1))) / max(count, 1)  # a score of 1 on few nodes is no certainty
