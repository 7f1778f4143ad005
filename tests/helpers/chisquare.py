"""p values for counts of sampled neighbours. A pick is a neighbour's place in [0, degree), a row the picks of one node.

Every p value is the probability, under the null hypothesis, of counts at least as far from expectation. Where there are
many cells it is two-sided: counts that are too even are no more likely than counts that are too uneven.
"""

import numpy as np
from scipy.stats import chi2

ALPHA = 1e-6  # a fair sampler fails a test with this probability; seeds are fixed, so a test that passed keeps passing
TWO_SIDED_FROM = 10  # degrees of freedom; with fewer the statistic's steps are too coarse for its lower tail


def p_of(statistic, freedom):
    if freedom < TWO_SIDED_FROM:
        return chi2.sf(statistic, freedom)
    return 2 * min(chi2.sf(statistic, freedom), chi2.cdf(statistic, freedom))


def pearson(counts, expected):
    """Sum of (observed - expected)^2 / expected. Expectations below 5 would make the p value meaningless."""
    expected = np.broadcast_to(expected, np.shape(counts))
    if expected.min() < 5:
        raise ValueError(f"each cell needs an expected count of 5 or more, got {expected.min():.2f}")
    return float(((counts - expected) ** 2 / expected).sum())


def combined(p_values):
    """One p value for several tests of the same picks, dependent or not (Bonferroni)."""
    return min(1.0, len(p_values) * min(p_values))


# ---- rows as whole outcomes


def cells(rows, outcomes):
    """Number of the outcome that each row is, -1 for a row that is none. Both are arrays of integers >= 0, [., k]."""
    base = 1 + max(rows.max(), outcomes.max())
    powers = base ** np.arange(rows.shape[1])
    codes = outcomes @ powers
    order = np.argsort(codes)
    at = np.searchsorted(codes, rows @ powers, sorter=order)
    found = order[np.minimum(at, len(codes) - 1)]
    return np.where(codes[found] == rows @ powers, found, -1)


def outcomes_p(rows, outcomes):
    """Null: each row is any of ``outcomes`` with equal probability, independently. An illegal row has p value 0."""
    found = cells(rows, np.array(outcomes))
    if found.min() < 0:
        return 0.0
    return p_of(pearson(np.bincount(found, minlength=len(outcomes)), len(rows) / len(outcomes)), len(outcomes) - 1)


# ---- neighbours, over many rows


def node_counts_p(rows, degree, replace, group=None):
    """Null: uniform picks, with replacement or as uniform subsets. ``group[j]``: the cell that neighbour j counts in.

    The k picks of a subset differ, so their counts vary less than those of independent picks (hypergeometric, not
    multinomial): by (degree - k) / (degree - 1), whatever the grouping. Undone here, else the test could never fail.
    """
    group = np.arange(degree) if group is None else group
    sizes = np.bincount(group)
    statistic = pearson(np.bincount(group[rows.ravel()], minlength=len(sizes)), rows.size * sizes / degree)
    if not replace:
        statistic *= (degree - 1) / (degree - rows.shape[1])
    return p_of(statistic, len(sizes) - 1)


def last_together(degree, count, blocks=1):
    """Groups: one of the last ``count`` neighbours, which an off-by-one misses, the rest in blocks."""
    rest = degree - count
    return np.concatenate([np.arange(rest) * blocks // rest, np.full(count, blocks)])


# ---- pairs of rows


def independence_p(first, second, size):
    """Null: cell numbers in [0, size) of paired rows are independent, whatever their shares (contingency table)."""
    table = np.bincount(first * size + second, minlength=size * size).reshape(size, size)
    expected = np.outer(table.sum(1), table.sum(0)) / len(first)
    return p_of(pearson(table, expected), (size - 1) ** 2)
