"""What the report of links counts: intervals, scores by degree of the ends, and the surest pairs. numpy and torch, no model.

n test links, C candidates of each: pairs that are no links. Scores are float [n, 1 + C], the link's own first, the higher the
rather a link.
"""

from dataclasses import dataclass

import numpy as np
import torch

from graphsage.report.intervals import jackknife_interval, share_interval
from graphsage.report.scores_by_degree import GroupScore, bin_name
from graphsage.training.link_metrics import ranks
from graphsage.training.tasks import metrics_of

K = 10  # of hits@k by degree: a group's score that people can read


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """The test links as the model scored them.

    pairs: int64[n, 2] of the links. scores: float32[n, 1 + C] logits. candidates: int64[n, C, 2].
    """

    pairs: np.ndarray
    scores: np.ndarray
    candidates: np.ndarray

    @property
    def ranks(self):
        """float64[n]: the place of each link among its 1 + C."""
        own, others = torch.from_numpy(self.scores[:, 0]), torch.from_numpy(self.scores[:, 1:])
        return ranks(own, others).numpy()


def interval(name, scores):
    """(low, high): 95 % of the metric ``name`` over test links, by a jackknife; (nan, nan) for fewer than 40 links.

    It says what other test links would have given, not what another training would.
    """
    score, found = metrics_of("links")[name].score, torch.from_numpy(scores)
    return jackknife_interval(len(scores), lambda kept: score(found[torch.from_numpy(kept)]))


def hits_by_degree(judged, degrees):
    """(bins, all): ``GroupScore``s of hits@10, by the smaller degree of a link's two ends in bins that double: 0, 1, 2-3."""
    hits, ends = (judged.ranks <= K).astype(np.float64), degrees[judged.pairs].min(1)
    bits = np.frexp(ends)[1]  # exact, unlike a logarithm
    bins = [_scored(bin_name(1 << bit >> 1, (1 << bit) - 1), hits[bits == bit]) for bit in np.unique(bits).tolist()]
    return bins, _scored("all", hits)


def _scored(name, hits):
    low, high = share_interval(hits.mean(), len(hits))
    return GroupScore(name, len(hits), float(hits.mean()), float(low), float(high))


def surest(judged, most):
    """(right, wrong, missed): at most so many rows each, int64[m, 2] pairs and float32[m] logits, the surest first.

    right: links of the highest logits that stand first among theirs. wrong: pairs that are no links, of the highest logits.
    missed: links of the lowest.
    """
    own, others = judged.scores[:, 0], judged.scores[:, 1:].ravel()
    right, order = np.flatnonzero(judged.ranks == 1), np.argsort(own, kind="stable")
    right = right[np.argsort(-own[right], kind="stable")][:most]
    wrong, pairs = _distinct(np.argsort(-others, kind="stable"), judged.candidates.reshape(-1, 2), most)
    return (judged.pairs[right], own[right]), (pairs, others[wrong]), (judged.pairs[order[:most]], own[order[:most]])


def _distinct(order, pairs, most):
    """(places, pairs) of the first ``most`` different pairs in ``order``: one pair may be the candidate of several links."""
    first = order[: 50 * most]
    _, places = np.unique(pairs[first], axis=0, return_index=True)
    chosen = first[np.sort(places)][:most]
    return chosen, pairs[chosen]
