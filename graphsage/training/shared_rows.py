"""Rows of outputs that ranks compute together, a share of a loader's steps each."""

import numpy as np


def joined_rows(rows, plan, steps, ranks, place=None):
    """``rows`` [n, ...], of which each rank has computed those of its ``steps``, on all ranks; None where one had no step.

    plan: ``SeedPlan`` of the steps, in epoch 0. place: int64, the row of each node (default: the row of an item is its place).
    """
    if ranks.size == 1:
        return rows
    places = [np.concatenate([plan.places(0, step) for step in of] or [np.empty(0, np.int64)]) for of in steps]
    return ranks.joined(rows, places if place is None else [place[plan.nodes[of]] for of in places])
