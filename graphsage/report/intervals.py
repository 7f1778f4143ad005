"""Intervals of scores, 95 %: what other nodes or links of the same kind would mostly give. numpy only."""

import numpy as np

Z = 1.959964  # of a 95 % interval
GROUPS, T = 20, 2.093024  # of the jackknife, and Student's 97.5 % with 19 degrees of freedom
NONE = (np.nan, np.nan)


def share_interval(share, nodes):
    """Wilson 1927: of a share, honest for few nodes and near 0 and 1."""
    if not nodes:
        return NONE
    middle = (share + Z**2 / (2 * nodes)) / (1 + Z**2 / nodes)
    reach = Z / (1 + Z**2 / nodes) * np.sqrt(share * (1 - share) / nodes + Z**2 / (4 * nodes**2))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)  # by rounding, a hair outside


def ratio_interval(above, below, score):
    """Of sum(above) / sum(below), by the linearised variance (Cochran 1977, section 6.3), for 10 nodes or more."""
    if len(above) < 10 or not below.sum():
        return NONE
    reach = Z * np.sqrt(len(above) / (len(above) - 1) * ((above - score * below) ** 2).sum()) / below.sum()
    least = 0 if above.min() >= 0 else -np.inf  # R^2 has no least value
    return max(score - reach, least), min(score + reach, 1)


def jackknife_interval(count, score):
    """Of a score in [0, 1] that is no mean, by leaving out each of 20 groups (Kott 2001), for 40 items or more.

    score: function(kept, bool[count]) -> float. Item i is in group i modulo 20.
    """
    if count < 2 * GROUPS:
        return NONE
    group = np.arange(count) % GROUPS
    left, whole = np.array([score(group != g) for g in range(GROUPS)]), score(group >= 0)
    reach = T * np.sqrt((GROUPS - 1) / GROUPS * ((left - left.mean()) ** 2).sum())
    return NONE if np.isnan(reach) else (max(whole - reach, 0.0), min(whole + reach, 1.0))


def interval_line(shown, low, high, of):
    """The sentence beside the score in the title; "" where there is no interval. shown: function(score) -> text."""
    if low != low:
        return ""
    ends = " to ".join(shown(end).strip() for end in (low, high))
    return f"With {of} of the same kind it would mostly (95 %) be from {ends}."
