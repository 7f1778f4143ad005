"""The mistakes that a model was surest of: which nodes, by outputs of M judged nodes. numpy only."""

import numpy as np


def surest(values, most):
    """int64: the places of the ``most`` largest values, the largest first, of equal ones the first; -inf is left out."""
    most = min(most, len(values))
    least = np.partition(values, len(values) - most)[len(values) - most] if most else np.inf
    found = np.flatnonzero((values >= least) & (values > -np.inf))
    return found[np.argsort(-values[found], kind="stable")][:most]


def class_mistakes(outputs, labels, most):
    """(places int64[m], probability of the predicted class float64[m]) of nodes of another class."""
    logits = outputs.astype(np.float64)
    log_sum = np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1))  # minus the log of the probability
    found = surest(np.where(outputs.argmax(1) == labels, -np.inf, -log_sum), most)
    return found, np.exp(-log_sum[found])


def label_mistakes(margins, labels, most):
    """(places int64[m], labels int64[m]) that are wrong and furthest from their thresholds. margins: outputs without those."""
    wrong = (margins > 0) != (labels > 0)
    return np.unravel_index(surest(np.where(wrong, np.abs(margins), -np.inf).ravel(), most), margins.shape)


def largest_errors(outputs, labels, most):
    """(places int64[m], targets int64[m]) of the largest errors, each in deviations of its target."""
    deviation = labels.std(0, dtype=np.float64)
    errors = np.abs(outputs.astype(np.float64) - labels) / np.where(deviation > 0, deviation, 1)
    return np.unravel_index(surest(np.where(errors > 0, errors, -np.inf).ravel(), most), errors.shape)
