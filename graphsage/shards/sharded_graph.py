"""A graph in shards, of which this process holds the rows of a range of nodes."""

import zlib
from functools import cached_property

import numpy as np

from graphsage.base.checks import as_ids, read_only
from graphsage.graph.build import indptr_of
from graphsage.graph.graph import Graph
from graphsage.sampling.draws import Uniform
from graphsage.shards.drawing import answers_of, question
from graphsage.shards.owners import Owners
from graphsage.shards.sharded_form import ShardedForm
from graphsage.shards.sharded_inference import sharded_inference


class ShardedGraph(Graph):
    """A ``Graph`` of N nodes and E edges, each row of which is at its owner's. ``NeighborSampler`` takes it as any other.

    indptr: int64[N + 1], of the whole graph: sizes and degrees are known everywhere. node_ids: as in ``Graph``.
    own: the rows of this process's nodes, as a ``Graph`` with a row for each node up to the last of them, empty before the
        first. weights and times are those of its edges; ``indices`` and what else is of all edges is asked of the owners
        where it fits the memory.
    owners: ``Owners``. node_times: those of the dataset, or None.
    """

    sampling_form = ShardedForm
    own: Graph
    owners: Owners

    def __init__(self, *, indptr, own, node_ids, owners, node_times=None):
        self.__dict__.update(indptr=read_only(indptr), node_ids=node_ids, owners=owners, node_times=node_times)
        self.__dict__["own"] = _own_rows(indptr, own, owners.range)
        owners.exchange.answer("draw", answers_of(self))
        owners.exchange.answer("edges", lambda names: (None, [getattr(self.own, name) for name in names]))
        owners.exchange.answer("checksum", lambda asked: (_checksum(getattr(self.own, asked[0]), asked[1]), []))

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

    @cached_property
    def indices(self):
        """int32[E], asked of the owners where they fit the memory, for what looks at all edges; else ``InShards``."""
        return self.owners.whole("edges", self.num_edges * 4, ["indices"])[0]

    @cached_property
    def edge_ids(self):
        """int64[E] or None, as ``indices``."""
        return None if self.own.edge_ids is None else self.owners.whole("edges", self.num_edges * 8, ["edge_ids"])[0]

    @cached_property
    def edge_reversed(self):
        """bool[E] or None, as ``indices``."""
        return None if self.own.edge_reversed is None else self.owners.whole("edges", self.num_edges, ["edge_reversed"])[0]

    def checksum(self, names):
        """crc32 of the arrays ``names`` of the whole graph, one after the other: owners go on where those before ended."""
        total = 0
        for name in names:
            if name == "indptr":
                total = zlib.crc32(np.ascontiguousarray(self.indptr).data.cast("B"), total)
                continue
            for rank in self.owners.ranks.tolist():
                total = self.owners.exchange.ask("checksum", {rank: ([name, total], [])})[rank][0]
        return total

    def edges_of(self, nodes):
        """(place of the node, neighbour) of each edge of the rows ``nodes``, asked of their owners. int64 [M], not empty."""
        how = {"stand_in": False, "edge_ids": False, "by_time": False, "node_times": False}
        asked = question(Uniform(), 0, **how) | {"hop": 0, "k": -1}
        counts, (neighbors,) = self.owners.ask_rows("draw", nodes.astype(np.int32), asked)
        return np.repeat(np.arange(len(nodes)), counts), neighbors

    def subgraph(self, nodes):
        """The graph of ``nodes`` (int [M], none twice), rows asked of their owners; without weights, times and names."""
        nodes = as_ids("nodes", nodes, self.num_nodes)
        rows, neighbors = self.edges_of(nodes)
        order = np.argsort(nodes)
        at = np.minimum(np.searchsorted(nodes[order], neighbors), len(nodes) - 1)
        inside = nodes[order][at] == neighbors
        rows = rows[inside]
        return Graph(indptr=indptr_of(np.bincount(rows, minlength=len(nodes))), indices=order[at[inside]])

    def inference(self, model, store, **how):
        """``graphsage.nn.inference`` asks for it: see ``sharded_inference``."""
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


def _checksum(array, before):
    return zlib.crc32(np.ascontiguousarray(array).data.cast("B") if array.size else b"", before)
