"""Splits: masks, ids and words of the caller's; for data that come without one a random split, drawn by key."""

import numpy as np

from graphsage.base.checks import as_array, as_count, as_ids, read_only
from graphsage.base.trusted import is_trusted, trusted

SPLITS = ("train", "val", "test")
TRAIN_SHARE, VAL_SHARE = 0.5, 0.25  # of the nodes, rounded; the rest is for testing (the shares of Platonov et al. 2023)

WORDS = {
    "train": ("train", "training", "trn", "tr"),
    "val": ("val", "valid", "validation", "validate", "dev", "development", "eval", "evaluation"),
    "test": ("test", "testing", "tst", "te", "holdout"),
}  # in small letters; any case counts
PART_OF = {word: part for part, words in WORDS.items() for word in words}


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


# ---- masks


def split_ids(name, given, num_nodes):
    """(int64 ids of the nodes that ``given`` names, a sentence on how it was read, or "").

    given: ids; or a mask [num_nodes] of bools, or of 0 and 1 where those cannot be ids (an id stands once); or masks
    [num_nodes, k] of k splits, of which the first is taken, and the sentence says so.
    """
    array = as_array(name, given)
    if array.dtype.kind == "O" and array.size and all(isinstance(value, (bool, np.bool_)) for value in array.ravel().tolist()):
        array = array.astype(bool)
    if not _is_mask(array, num_nodes):
        return as_ids(name, given, num_nodes), ""
    if len(array) != num_nodes:
        raise ValueError(f"{name} is a mask of {len(array)} nodes, and the graph has {num_nodes}: a mask needs a place a node")
    if array.ndim == 1:
        return np.flatnonzero(array), ""
    several = f"{name} has masks of {array.shape[1]} splits: the first is used ({name}[:, 0]; give another column for another)"
    return np.flatnonzero(array[:, 0]), several if array.shape[1] > 1 else ""


def _is_mask(array, num_nodes):
    if array.ndim not in (1, 2) or not array.size:
        return False
    if array.dtype.kind == "b":
        return True
    fits = array.dtype.kind in "iuf" and len(array) == num_nodes > 2
    return fits and bool(((array == 0) | (array == 1)).all())


# ---- checks


def checked_split(split, ids, has_label):
    """``ids`` of nodes that all have a label: a read-only copy, unless they are one."""
    unlabelled = np.flatnonzero(~has_label[ids])
    if unlabelled.size == len(ids) > 1:
        raise ValueError(f"none of the {len(ids):,} nodes of {split} has a label: leave {split} empty, or give them labels")
    if unlabelled.size:
        at = int(unlabelled[0])
        raise ValueError(f"{split}[{at}] = {ids[at]} has no label: every node of a split needs one")
    return ids if is_trusted("split", ids) else trusted("split", read_only(ids.copy()))


def check_disjoint(splits, num_nodes):
    """ValueError where a node is in two of [(name, ids)], or twice in one."""
    owner = np.full(num_nodes, -1, np.int8)
    for number, (split, ids) in enumerate(splits):
        taken = np.flatnonzero(owner[ids] >= 0)
        if taken.size:
            node = ids[taken[0]]
            raise ValueError(f"node {node} is in {splits[owner[node]][0]} and in {split}: splits must not overlap")
        owner[ids] = number
        if np.count_nonzero(owner == number) < len(ids):  # counted, not sorted: that would take 8 bytes a node
            order = np.sort(ids)
            repeated = order[1:][np.diff(order) == 0]
            raise ValueError(f"{split} lists node {repeated[0]} more than once: list each node once")
