"""Curves over all thresholds: ROC, and precision over recall, of scores [M] and of who is a yes, bool [M]."""

from dataclasses import dataclass

import numpy as np
import torch

from graphsage.training.curves import average_precision_of, roc_auc_of

MOST_POINTS = 300  # of a curve as it is drawn
MOST_LABELS = 3  # whose curves are drawn, where nodes may have several


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """Of one class or label. M nodes, of which yes have it; P points, a point a distinct score, the highest first.

    false_share, recall, precision: float64[P] of the nodes that score at least so: the share of those without it, the share of
    those with it, and the share of the called that have it. in_use: (false_share, recall, precision) of who is called now.
    """

    name: str
    yes: int
    nodes: int
    false_share: np.ndarray
    recall: np.ndarray
    precision: np.ndarray
    in_use: tuple[float, float, float]
    area: float
    average_precision: float

    def roc(self):
        """(x, y) of the ROC curve from (0, 0) on, thinned."""
        return _thinned(np.append(0, self.false_share), np.append(0, self.recall))

    def precision_recall(self):
        """(x, y): precision over recall, thinned."""
        return _thinned(self.recall, self.precision)


def curve(name, scores, is_yes, called):
    """The ``Curve`` of ``scores`` [M]; called: bool[M], who has it by the threshold in use. None without a yes or a no."""
    yes, nodes = int(is_yes.sum()), len(is_yes)
    if not 0 < yes < nodes:
        return None
    order = np.argsort(-scores, kind="stable")
    is_last = np.append(np.diff(scores[order]) != 0, True)  # equal scores are called together
    counts, hits = np.flatnonzero(is_last) + 1, is_yes[order].cumsum()[is_last]
    right, said = int((is_yes & called).sum()), int(called.sum())
    tensors = torch.from_numpy(np.ascontiguousarray(scores)), torch.from_numpy(np.ascontiguousarray(is_yes))
    return Curve(
        name=name,
        yes=yes,
        nodes=nodes,
        false_share=(counts - hits) / (nodes - yes),
        recall=hits / yes,
        precision=hits / counts,
        in_use=((said - right) / (nodes - yes), right / yes, right / said if said else np.nan),
        area=roc_auc_of(*tensors),
        average_precision=average_precision_of(*tensors),
    )


def curves_of(task, outputs, labels, names):
    """``Curve``s: of two classes that of the rarer one, of labels those of the largest three; of other tasks none."""
    if task == "multiclass" and outputs.shape[1] == 2:
        rarer = int((labels == 1).sum() <= (labels == 0).sum())
        margin = (outputs[:, rarer] - outputs[:, 1 - rarer]).astype(np.float64)
        found = [curve(names[rarer], margin, labels == rarer, outputs.argmax(1) == rarer)]
    elif task == "multilabel":
        largest = np.argsort(-(labels > 0).sum(0), kind="stable")[:MOST_LABELS]
        found = [curve(names[k], outputs[:, k], labels[:, k] > 0, outputs[:, k] > 0) for k in largest]
    else:
        found = []
    return [one for one in found if one is not None]


def _thinned(x, y):
    """At most MOST_POINTS points, evenly spread along the way that the curve goes; the first and the last stay."""
    if len(x) <= MOST_POINTS:
        return x, y
    way = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    chosen = np.unique(np.searchsorted(way, np.linspace(0, way[-1], MOST_POINTS)).clip(max=len(x) - 1))
    return x[chosen], y[chosen]
