"""A split by time: trained on the past, tested on what came last."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from graphsage.base.told import of_kind, shown
from graphsage.data.asked_times import refuse_untimed
from graphsage.data.dataset import NodeDataset
from graphsage.data.labels import is_labelled
from graphsage.data.split import SPLITS
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.time_axis import time_text

Dataset = TypeVar("Dataset", NodeDataset, TypedDataset)


def split_by_time(dataset: Dataset, *, val: float = 0.15, test: float = 0.15) -> Dataset:
    """``dataset`` with another split: the earliest nodes train, the latest test, those between validate.

    dataset: ``NodeDataset`` with ``times``, or a ``TypedDataset``, of which the target's nodes are parted. Its own split is not
        used: all nodes with a label are parted, by ``times``.
    val, test: shares of these, >= 0 and together below 1. A part of share 0 is empty. Nodes of one time stay together, on the
        earlier side of a cut, so val and test may get fewer nodes than their share.

    The node numbers of each part rise. Raises ValueError, one sentence, where the dataset has no times, no labels, or so few
    different times that a part would be empty.
    """
    if isinstance(dataset, TypedDataset):
        parted = split_by_time(dataset.targets, val=val, test=test)
        return replace(dataset, **{name: getattr(parted, name) for name in (*SPLITS, "notes")})
    of_kind("dataset", dataset, NodeDataset)
    refuse_untimed(dataset, ", by which to part them")
    _check_shares(val, test)
    nodes = np.flatnonzero(is_labelled(dataset.labels))
    ordered = np.sort(dataset.times[nodes])
    ends = [_last_before(ordered, share) for share in (val + test, test)]
    bounds = np.searchsorted(ends, dataset.times[nodes])  # 0: up to the first end, 1: up to the second, 2: later
    parts = {name: nodes[bounds == at] for at, name in enumerate(("train", "val", "test"))} if len(nodes) else {}
    for name, share in (("train", 1 - val - test), ("val", val), ("test", test)):
        if share and not len(parts.get(name, ())):
            _refuse_empty(dataset, name, ordered)
    return replace(dataset, **parts, notes=(*dataset.notes, _note(ends, parts)))


def _check_shares(val, test):
    for name, share in (("val", val), ("test", test)):
        if isinstance(share, (bool, np.bool_)) or not isinstance(share, (int, float, np.number)) or not 0 <= share < 1:
            raise ValueError(f"{name} must be a share of the nodes, a number in [0, 1), got {shown(share)}")
    if val + test >= 1:
        raise ValueError(f"val + test must be below 1, for the rest trains; got {val} + {test}")


def _last_before(ordered, share):
    """The last time that is not among the latest ``share``."""
    count = len(ordered) - round(share * len(ordered))
    return ordered[count - 1] if count else -np.inf


def _refuse_empty(dataset, name, ordered):
    different = len(np.unique(ordered))
    found = f"{len(ordered):,} nodes with a label, of {different:,} different times"
    rule = "nodes of one time stay together: take other shares, or finer times"
    raise ValueError(f"{dataset.name or 'the dataset'} has {found}, and the split leaves {name} empty; {rule}")


def _note(ends, parts):
    until = f"train until {time_text(ends[0])}"
    if len(parts["val"]):
        until += f", validate until {time_text(ends[1])}" if len(parts["test"]) else ", validate after that"
    return f"split by time: {until}{', test after that' if len(parts['test']) else ''}"
