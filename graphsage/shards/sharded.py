"""The records of a dataset in shards: a graph and features of which this process holds the rows of a range of nodes."""

import numpy as np

from graphsage.base.checks import read_only
from graphsage.base.trusted import trusted
from graphsage.graph.features import SparseFeatures, row_normalize
from graphsage.graph.graph import Graph
from graphsage.shards.drawing import answers_of
from graphsage.shards.owners import Owners
from graphsage.shards.rows_at_owners import DenseAtOwners, SparseAtOwners
from graphsage.shards.sharded_form import ShardedForm


class ShardedGraph(Graph):
    """A ``Graph`` of N nodes and E edges, each row of which is at its owner's. ``NeighborSampler`` takes it as any other.

    indptr: int64[N + 1], of the whole graph: sizes and degrees are known everywhere. node_ids: as in ``Graph``.
    own: the rows of this process's nodes, as a ``Graph`` with a row for each node up to the last of them, empty before the
        first. weights and times are those of its edges; ``indices`` and what else would be of all edges are refused.
    owners: ``Owners``. node_times: those of the dataset, or None.
    """

    sampling_form = ShardedForm
    own: Graph
    owners: Owners

    def __init__(self, *, indptr, own, node_ids, owners, node_times=None):
        self.__dict__.update(indptr=read_only(indptr), node_ids=node_ids, owners=owners, node_times=node_times)
        self.__dict__["own"] = _own_rows(indptr, own, owners.range)
        owners.exchange.answer("draw", answers_of(self))

    @property
    def num_edges(self):
        """E."""
        return int(self.indptr[-1])

    @property
    def first_edge(self):
        """The place of this process's first edge among all."""
        return int(self.indptr[self.owners.range[0]])

    @property
    def weights(self):
        return self.own.weights

    @property
    def times(self):
        return self.own.times

    @property
    def indices(self):
        raise _elsewhere("indices")

    @property
    def edge_ids(self):
        raise _elsewhere("edge_ids")

    @property
    def edge_reversed(self):
        raise _elsewhere("edge_reversed")

    def inference(self, model, store, **how):
        """``graphsage.nn.inference`` asks for it: see ``sharded_inference``."""
        from graphsage.shards.sharded_inference import sharded_inference

        return sharded_inference(model, self, store, **how)

    def __reduce__(self):
        raise TypeError("a graph in shards belongs to its process and cannot be copied or sent: load its folder again")


def _own_rows(indptr, arrays, nodes):
    """A ``Graph`` of the rows of ``nodes`` under their numbers in the whole. Its rows before them cost no memory: nobody
    writes to those pages."""
    first, end = nodes
    padded = np.zeros(end + 1, np.int64)
    padded[first:] = indptr[first : end + 1] - indptr[first]
    own = Graph.__new__(Graph)
    own.__setstate__(dict.fromkeys(Graph.__dataclass_fields__) | arrays | {"indptr": padded})
    return own


def _elsewhere(name):
    rule = "train, evaluate and embed ask the owners; for anything else load the whole dataset"
    return ValueError(f"the graph is in shards, and no process has the {name} of all edges: {rule}")


class _InShards:
    """Features of N nodes, of which this process holds those of its range. own: float32 [n, F] or ``SparseFeatures``.

    table: the name under which all processes know them.
    """

    def __init__(self, own, owners, table="features"):
        self.__dict__.update(own=own, owners=owners, table=table)
        trusted("features", self)  # they were checked when they were written

    def __len__(self):
        return self.shape[0]

    @property
    def shape(self):
        """(N, F)."""
        return int(self.owners.bounds[-1]), self.own.shape[1]

    def __reduce__(self):
        raise TypeError("features in shards belong to their process and cannot be copied or sent: load their folder again")


class ShardedFeatures(_InShards):
    """Dense ones."""

    @property
    def strides(self):
        """Bytes between rows, and between the numbers of one."""
        return 4 * self.own.shape[1], 4

    @property
    def nbytes(self):
        """Of all N rows."""
        return len(self) * self.strides[0]

    def row_normalized(self):
        """Each row divided by the sum of its absolute values."""
        return ShardedFeatures(row_normalize(self.own), self.owners, self.table + " by rows")

    def reader(self):
        """What a ``FeatureStore`` reads them by."""
        return DenseAtOwners(self.table, self.own, self.owners)


class ShardedSparse(_InShards, SparseFeatures):
    """Sparse ones. is_identity: were there none, so that each node has a column of its own?"""

    is_identity = False

    @property
    def num_rows(self):
        """N."""
        return self.shape[0]

    @property
    def num_columns(self):
        """F."""
        return self.own.num_columns

    def row_normalized(self):
        """Each row divided by the sum of its absolute values."""
        return ShardedSparse(self.own.row_normalized(), self.owners, self.table + " by rows")

    def reader(self):
        """What a ``FeatureStore`` reads them by."""
        return SparseAtOwners(self.table, self.own, self.owners)
