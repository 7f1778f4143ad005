"""A random split for data that come without one: the same on every machine, drawn by key."""

import numpy as np

from graphsage.base.checks import as_count

SPLITS = ("train", "val", "test")
TRAIN_SHARE, VAL_SHARE = 0.5, 0.25  # of the nodes, rounded; the rest is for testing (the shares of Platonov et al. 2023)


def random_split(nodes, split=None):
    """{"train", "val", "test": int64 node ids}: half, a quarter and the rest of ``nodes``, chosen at random, in their order.

    nodes: int64[n] node ids, none twice. split: number of the split, None as 0; the same number and nodes give the same split.
    """
    order = random_order(nodes, 0 if split is None else as_count("split", split, most=2**64 - 1))
    cuts = np.cumsum([round(TRAIN_SHARE * len(nodes)), round(VAL_SHARE * len(nodes))])
    train, val, test = (np.sort(part) for part in np.split(order, cuts))
    return {"train": train, "val": val, "test": test}


def random_order(nodes, seed, *elements):
    """``nodes`` in the random order that ``seed`` and further numbers name."""
    from graphsage.base import rng  # here: it brings numba, which most readers do without

    return nodes[rng.permutation(rng.stream_key(seed, rng.SPLIT, *elements), len(nodes))]
