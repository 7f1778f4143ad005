"""Rows of features that are with their owners: asked for together, each once, as features in memory."""

import numpy as np

from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.tensors.rows_on_disk import canonical, lies_on_disk, rows_on_disk

PART = 1 << 26  # bytes of rows that are asked for together
NO_IDS = np.empty(0, np.int64)


class DenseAtOwners:
    """What a ``FeatureStore`` of dense features in shards reads by: the same face as ``DenseOnDisk``.

    table: the name under which all processes know these features. own: those of this process's nodes.
    Of rows that others own copies may be kept, for which nobody is asked again.
    """

    told = "Features are in shards, {} of them here"

    def __init__(self, table, own, owners):
        self.table, self.owners, self.width, self.num_bytes = table, owners, own.shape[1], own.nbytes
        self.read = reader_of(own, owners.range[0])
        self.kept, self.has_kept = (NO_IDS, np.empty((0, self.width), np.float32)), False
        owners.exchange.answer(table, lambda _, ids: (None, [self.read(ids)]))

    def ask(self, ids):
        """(bytes that other owners send of the rows ``ids``, how many of them are kept). ids: int64, ascending, each once."""
        first, end = self.owners.range
        hits = int(np.count_nonzero(self._slots(ids) >= 0))
        own = int(np.searchsorted(ids, end) - np.searchsorted(ids, first))
        return (len(ids) - hits - own) * 4 * self.width, hits

    def take(self, ids):
        """The rows ``ids``: float32 [M, F] in memory."""
        found, places = np.unique(ids, return_inverse=True)
        return self._once(found)[places]

    def _once(self, ids):
        slots = self._slots(ids)
        is_cold, out = slots < 0, np.empty((len(ids), self.width), np.float32)
        out[~is_cold] = self.kept[1][slots[~is_cold]]
        out[is_cold] = self._asked(ids[is_cold])
        return out

    def keep(self, ids):
        """Keep the rows ``ids`` (ascending), but this process's own, in place of those that were."""
        first, end = self.owners.range
        ids = ids[(ids < first) | (ids >= end)]
        rows, most = np.empty((len(ids), self.width), np.float32), max(1, PART // (4 * self.width))
        for start in range(0, len(ids), most):
            rows[start : start + most] = self._asked(ids[start : start + most])
        self.kept, self.has_kept = (ids, rows), True

    def _asked(self, ids):
        if not len(ids):
            return np.empty((0, self.width), np.float32)
        return np.concatenate([rows for (rows,) in self.owners.ask(self.table, ids, None)[1]])  # ids ascend, and so do owners

    def _slots(self, ids):
        """int64: the place of each row among those that are kept, -1 where it is not."""
        kept, _ = self.kept
        if not len(kept):
            return np.full(len(ids), -1)
        at = np.minimum(np.searchsorted(kept, ids), len(kept) - 1)
        return np.where(kept[at] == ids, at, -1)


class SparseAtOwners:
    """What one of sparse features reads by. No copies are kept."""

    has_kept = True  # none ever are: they have no one length
    told = DenseAtOwners.told

    def __init__(self, table, own, owners):
        self.table, self.owners, self.width, self.has_values = table, owners, own.shape[1], own.values is not None
        self.num_bytes = sum(part.nbytes for part in (own.indptr, own.indices, own.values) if part is not None)
        self.read = reader_of(own, owners.range[0])
        owners.exchange.answer(table, self._answer)

    def ask(self, ids):
        """As of dense ones; how many bytes there are is known to the owners."""
        return 0, 0

    def take(self, ids):
        """The rows ``ids`` in memory, each column once a row."""
        found, places = np.unique(ids, return_inverse=True)
        return self._once(found).take(places)

    def _once(self, ids):
        answers = self.owners.ask(self.table, ids, None)[1] or [self._answer(None, ids)[1]]
        counts, indices, *values = (np.concatenate(parts) for parts in zip(*answers))
        parts = {"indptr": indptr_of(counts), "indices": indices, "values": values[0] if values else None}
        return SparseFeatures._trusted(**parts, num_columns=self.width)

    def _answer(self, _, ids):
        rows = self.read(ids)
        return None, [np.diff(rows.indptr), rows.indices, *([rows.values] if self.has_values else [])]


def reader_of(own, first):
    """A function of int64 ids, ascending and each once, that gives their rows of ``own``, which begin with node ``first``."""
    is_sparse = isinstance(own, SparseFeatures)
    if not lies_on_disk(own):
        own = canonical(own) if is_sparse else own
        return (lambda ids: own.take(ids - first)) if is_sparse else (lambda ids: own[ids - first])
    disk = rows_on_disk(own)

    def read(ids):
        disk.ask(ids - first)
        return disk.take(ids - first)

    return read
