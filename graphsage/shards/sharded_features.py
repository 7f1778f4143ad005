"""Features in shards, of which this process holds the rows of a range of nodes."""

from functools import cached_property

import numpy as np

from graphsage.base.trusted import trusted
from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures, row_normalize
from graphsage.shards.rows_at_owners import DenseAtOwners, SparseAtOwners


class _InShards:
    """Features of N nodes, of which this process holds those of its range. own: float32 [n, F] or ``SparseFeatures``.

    table: the name under which all processes know them.
    """

    def __init__(self, own, owners, table="features"):
        self.__dict__.update(own=own, owners=owners, table=table)
        trusted("features", self)  # they were checked when they were written
        owners.exchange.answer(table + " of all", lambda _: (None, self._parts))
        self.__dict__["plain"] = self.reader()  # answers for this process's rows from now on
        owners.exchange.answer(table + " size", lambda _: (sum(part.nbytes for part in self._parts), []))

    def forget(self):
        """There will be no more questions about them."""
        for name in (self.table, self.table + " of all", self.table + " size"):
            self.owners.exchange.forget(name)

    def __len__(self):
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        """float32 [N, F], where they fit the memory, for what looks at all rows; else ``InShards``."""
        return np.asarray(self._whole, dtype)

    @property
    def shape(self):
        """(N, F)."""
        return int(self.owners.bounds[-1]), self.own.shape[1]

    def __reduce__(self):
        raise TypeError("features in shards belong to their process and cannot be copied or sent: load their folder again")


class ShardedFeatures(_InShards):
    """Dense ones."""

    @property
    def _parts(self):
        return [self.own]

    @cached_property
    def _whole(self):
        return self.owners.whole(self.table + " of all", self.nbytes, None)[0]

    def __getitem__(self, rows):
        if isinstance(rows, np.ndarray) and rows.dtype.kind == "i":
            return self.plain.take(rows)
        return self._whole[rows]

    @property
    def strides(self):
        """Bytes between rows, and between the numbers of one."""
        return 4 * self.own.shape[1], 4

    @property
    def size(self):
        """N * F."""
        return len(self) * self.own.shape[1]

    @property
    def nbytes(self):
        """Of all N rows."""
        return 4 * self.size

    def row_normalized(self):
        """Each row divided by the sum of its absolute values."""
        return ShardedFeatures(row_normalize(self.own), self.owners, self.table + " by rows")

    def reader(self):
        """What a ``FeatureStore`` reads them by."""
        return DenseAtOwners(self.table, self.own, self.owners)


class ShardedSparse(_InShards, SparseFeatures):
    """Sparse ones. is_identity: were there none, so that each node has a column of its own? num_entries: of all rows."""

    is_identity, num_entries = False, 0

    def __init__(self, own, owners, table="features", **facts):
        super().__init__(own, owners, table)
        self.__dict__.update(facts)

    @property
    def num_rows(self):
        """N."""
        return self.shape[0]

    @property
    def num_columns(self):
        """F."""
        return self.own.num_columns

    @property
    def _parts(self):
        values = [] if self.own.values is None else [self.own.values]
        return [np.diff(self.own.indptr), self.own.indices, *values]

    @cached_property
    def nbytes(self):
        """Of all N rows."""
        sizes = self.owners.exchange.ask(self.table + " size", {rank: (None, []) for rank in self.owners.ranks.tolist()})
        return sum(size for size, _ in sizes.values())

    @cached_property
    def _whole(self):
        counts, indices, *values = self.owners.whole(self.table + " of all", self.nbytes, None)
        values = values[0] if values else None
        parts = {"indptr": indptr_of(counts), "indices": indices, "values": values}
        return SparseFeatures._trusted(**parts, num_columns=self.num_columns)

    def to_scipy(self):
        """All rows, where they fit the memory; else ``InShards``."""
        return self._whole.to_scipy()

    def take(self, rows):
        """The given rows, as of any sparse features."""
        found, places = np.unique(rows, return_inverse=True)
        return self.plain.take(found).take(places)

    def row_normalized(self):
        """Each row divided by the sum of its absolute values."""
        return ShardedSparse(self.own.row_normalized(), self.owners, self.table + " by rows", num_entries=self.num_entries)

    def reader(self):
        """What a ``FeatureStore`` reads them by."""
        return SparseAtOwners(self.table, self.own, self.owners)
