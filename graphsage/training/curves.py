"""Scores that sort yes from no: areas under curves, of scores [M] and whether each is a yes, bool [M]."""

import torch


def roc_auc_of(scores, is_yes):
    """Probability that a yes scores higher than a no; a tie counts half. By the sum of ranks (Hanley and McNeil 1982).

    NaN without a yes or a no.
    """
    _, place, counts = scores.unique(return_inverse=True, return_counts=True)
    counts = counts.double()
    ranks = (counts.cumsum(0) - (counts - 1) / 2)[place]  # from 1; equal scores share their mean rank
    ones, zeros = is_yes.sum().item(), (~is_yes).sum().item()
    return ((ranks[is_yes].sum().item() - ones * (ones + 1) / 2) / (ones * zeros)) if ones and zeros else float("nan")


def average_precision_of(scores, is_yes):
    """sum_k (R_k - R_{k-1}) P_k over the distinct scores from above: recall R and precision P of all that score at least so.

    Equal scores are called together (Davis and Goadrich 2006 on why nothing is interpolated). NaN without a yes.
    """
    if not is_yes.any():
        return float("nan")
    _, place, counts = (-scores).unique(return_inverse=True, return_counts=True)  # in rising order: the highest first
    hits = torch.zeros_like(counts, dtype=torch.float64).index_add_(0, place, is_yes.double())
    precision = hits.cumsum(0) / counts.double().cumsum(0)
    return (hits / hits.sum() * precision).sum().item()
