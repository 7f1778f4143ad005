"""How well true links are told from pairs that are none: metrics of scores positive [n] and candidates [n, C], n, C >= 1.

Column j of row i is the score of candidate j of link i. All of them are floats in [0, 1], the higher the better.
"""

import torch

from graphsage.training.curves import average_precision_of, roc_auc_of


def roc_auc(positive, candidates):
    """Probability that a link scores higher than a pair that is none, of all links and their first candidates; ties half."""
    return roc_auc_of(*_one_each(positive, candidates))


def average_precision(positive, candidates):
    """The area under precision over recall, of all links and their first candidates: as many of one as of the other."""
    return average_precision_of(*_one_each(positive, candidates))


def _one_each(positive, candidates):
    scores = torch.cat([positive, candidates[:, 0]])
    return scores, torch.arange(len(scores), device=scores.device) < len(positive)


def ranks(positive, candidates):
    """float64 [n]: the place of each link among its 1 + C scores, from 1. A tie counts half: its expected place."""
    own = positive[:, None]
    return 1 + (candidates > own).sum(1).double() + (candidates == own).sum(1).double() / 2


def mrr(positive, candidates):
    """The mean of 1 / rank."""
    return (1 / ranks(positive, candidates)).mean().item()


def hits_at(k, positive, candidates):
    """The share of links whose rank is at most ``k``."""
    return (ranks(positive, candidates) <= k).double().mean().item()
