"""Features in a mapped file: the rows that are needed, read together and once, as features in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from graphsage.base.mapped import read_at_random, will_need
from graphsage.base.memory import is_mapped
from graphsage.graph.features import SparseFeatures, as_features
from graphsage.tensors.kept_rows import KeptRows, gather

NO_IDS = np.empty(0, np.int64)


def lies_on_disk(features):
    """Whether rows of these features may have to be read from a disk, or are with other processes."""
    if lie_elsewhere(features):
        return True
    parts = (features.indptr, features.indices, features.values) if isinstance(features, SparseFeatures) else (features,)
    return any(map(is_mapped, parts))


def reads_a_disk(features):
    """Whether those of a dataset do, of some type."""
    return any(map(lies_on_disk, features.values() if isinstance(features, Mapping) else [features]))


def each_once(ids):
    """int64: the ids, ascending, each once. Numpy's own ``unique`` hashes first, and takes ten times as long."""
    ordered = np.sort(ids).astype(np.int64, copy=False)
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def lie_elsewhere(features):
    """Are they in shards, and bring what reads them (``reader``)?"""
    return hasattr(features, "reader")


def rows_on_disk(features):
    """What reads rows of features that lie on a disk, or with other processes."""
    if lie_elsewhere(features):
        return features.reader()
    return SparseOnDisk(features) if isinstance(features, SparseFeatures) else DenseOnDisk(features)


@dataclass
class Reads:
    """What was read of features on a disk: rows asked for, how many of them were kept in memory, and bytes of the pages of the
    others (which the system may have had in its page cache). Counted by several threads."""

    asked: int = 0
    hits: int = 0
    bytes_read: int = 0
    lock: Any = field(default_factory=Lock, repr=False, compare=False)

    def add(self, asked, bytes_read, hits):
        """Of one call."""
        with self.lock:
            self.asked, self.hits, self.bytes_read = self.asked + asked, self.hits + hits, self.bytes_read + bytes_read


class DenseOnDisk:
    """Rows of a mapped matrix float32 [N, F], some of which may be kept in memory.

    Beside the threads that read, nothing changes but ``kept``, in one assignment: rows are the same by either.
    """

    told = "Features stay on the disk, {}"

    def __init__(self, features):
        self.features, self.kept, self.has_kept = features, KeptRows(features, NO_IDS), False
        self.num_bytes = features.nbytes
        read_at_random(features)

    def keep(self, ids):
        """Keep the rows ``ids`` (ascending) in memory, in place of those that were."""
        self.kept, self.has_kept = KeptRows(self.features, ids), True

    def ask(self, ids):
        """Let the rows ``ids`` (int64, ascending, each once) be read now; returns (bytes of the pages, how many are kept)."""
        cold = ids[self.kept.slots(ids) < 0]
        return will_need(self.features, cold, cold + 1), len(ids) - len(cold)

    def take(self, ids):
        """The rows ``ids``: float32 [M, F] in memory."""
        kept, out = self.kept, np.empty((len(ids), self.features.shape[1]), np.float32)
        gather(self.features, kept.rows, ids, kept.slots(ids), out)
        return out


class SparseOnDisk:
    """Rows of ``SparseFeatures`` of mapped arrays."""

    has_kept = True  # none ever are: they have no one length
    told = DenseOnDisk.told

    def __init__(self, features):
        self.features = features
        self.parts = [part for part in (features.indices, features.values) if part is not None]
        self.num_bytes = sum(part.nbytes for part in (features.indptr, *self.parts))
        for part in (features.indptr, *self.parts):
            read_at_random(part)

    def ask(self, ids):
        """As of ``DenseOnDisk``; none are kept."""
        asked = will_need(self.features.indptr, ids, ids + 2)
        begins, ends = self.features.indptr[ids], self.features.indptr[ids + 1]
        return asked + sum(will_need(part, begins, ends) for part in self.parts), 0

    def take(self, ids):
        """The rows ``ids``, each column once a row."""
        return canonical(self.features.take(ids))


def canonical(features):
    """Columns that a sparse row lists twice are added up: the maximum must see the sum, not the parts."""
    matrix = features.to_scipy()
    return features if matrix.has_canonical_format else as_features(matrix)
