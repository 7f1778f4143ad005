"""Embeddings as a picture: the plane in which they vary most. numpy only."""

import numpy as np

from graphsage.report.likeness import drawn

MOST_DOTS = 2000
MOST_NAMED = 10  # groups with a colour of their own


def pictured(nodes, seed):
    """At most 2,000 of ``nodes``, in their order: the same ones for the same seed."""
    return nodes[drawn(len(nodes), MOST_DOTS, seed, 1)]


def plane(rows):
    """(float64[m, 2], the shares of the variance that the two directions have) of rows [m, width], by principal components.

    A direction's largest weight is positive, so that a picture is not mirrored by chance. None where the rows do not vary or
    are not all finite.
    """
    rows = rows.astype(np.float64)
    rows -= rows.mean(0)
    variance = (rows**2).sum()
    if not np.isfinite(variance) or not variance > 0:
        return None
    values, directions = np.linalg.eigh(rows.T @ rows)
    chosen = directions[:, ::-1][:, :2]  # the largest come last
    chosen = chosen * np.where(chosen[np.abs(chosen).argmax(0), range(chosen.shape[1])] < 0, -1, 1)
    flat, shares = rows @ chosen, values[::-1][:2] / variance
    missing = 2 - flat.shape[1]  # of one column
    return np.pad(flat, ((0, 0), (0, missing))), np.pad(shares.clip(min=0), (0, missing))


def groups_of(task, labels, names):
    """[(name, bool[m])] by label, the largest ten in order and "others"; of a regression five of like size by the first target.

    A node of several labels is in the group of the largest of them.
    """
    if task == "regression":
        return _fifths(labels[:, 0])
    counts = np.bincount(labels, minlength=len(names)) if task == "multiclass" else (labels > 0).sum(0)
    largest = np.argsort(-counts, kind="stable")[:MOST_NAMED]
    kept = [k for k in largest if counts[k]]
    is_in = labels[:, None] == kept if task == "multiclass" else labels[:, kept] > 0
    first = np.where(is_in.any(1), is_in.argmax(1), len(kept)) if kept else np.zeros(len(labels))
    found = [(name, first == place) for place, name in enumerate([*(names[k] for k in kept), "others"])]
    return [(name, mask) for name, mask in found if mask.any()]


def _fifths(target):
    ends = np.quantile(target, (0, 0.2, 0.4, 0.6, 0.8, 1))
    place = np.searchsorted(ends[1:-1], target, side="right")
    parts = [(f"{low:.4g} to {high:.4g}", place == k) for k, (low, high) in enumerate(zip(ends, ends[1:]))]
    return [(name, mask) for name, mask in parts if mask.any()]
