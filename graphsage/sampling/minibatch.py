"""MiniBatch: the topology of one sampled batch, as one CSR in local ids."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Block:
    """What one layer computes: rows [0, num_dst) from inputs [0, num_src); destination i is also source i.

    indptr: int64[num_dst + 1]; indices: int32[indptr[-1]], local ids in [0, num_src).
    """

    indptr: np.ndarray
    indices: np.ndarray
    num_dst: int
    num_src: int


@dataclass(frozen=True, eq=False, kw_only=True)
class MiniBatch:
    """A sampled neighbourhood of B seeds over L hops. Local ids are handed out in order of first appearance, hop by hop.

    nodes: int32[n_L], global id of each local id, each node once; ``nodes[:n_0]`` are the distinct seeds.
    seed_index: int64[B], local id of each requested seed, in the caller's order, repeats included.
    hop_offsets: int64[L + 2] = [0, n_0, n_1, ..., n_L]: the nodes first seen at hop h are
        ``nodes[hop_offsets[h]:hop_offsets[h + 1]]``.
    indptr: int64[n_{L-1} + 1], indices: int32[S]: row i holds the sampled neighbours of ``nodes[i]``, in local ids.
    edge_ids: int64[S], the graph's edge id of each sampled edge, -1 for an isolated node that stands in for its own
        neighbour; None unless asked for.
    edge_reversed: bool[S], True where an undirected edge was walked from its dst to its src; None where edge_ids is None
        or the graph has no such flags.
    tree: None, or int32[n_L]: the batch is disjoint, B neighbourhoods that share nothing, and ``tree[i]`` is the place of the
        seed that node i was drawn for. A node is then there once in each tree that reached it, and each seed has a tree.
    neighbors: None, or int32[S]: the batch is open. Its last hop has no local ids, as a first layer needs none that reduces
        raw features by global ids: ``neighbors`` are the sampled neighbours in global ids, those of ``nodes[i]`` at
        [indptr[i], indptr[i + 1]). ``nodes`` and ``hop_offsets`` then end with n_{L-1}, ``indices`` with the rows of the
        first n_{L-2} nodes, and ``blocks`` has none for the first layer.
    """

    nodes: np.ndarray
    seed_index: np.ndarray
    hop_offsets: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    edge_ids: np.ndarray | None = None
    edge_reversed: np.ndarray | None = None
    tree: np.ndarray | None = None
    neighbors: np.ndarray | None = None

    @property
    def is_open(self) -> bool:
        """Has the last hop no local ids?"""
        return self.neighbors is not None

    @property
    def num_hops(self) -> int:
        """L, an open one included."""
        return len(self.hop_offsets) - 2 + self.is_open

    @property
    def num_sampled_edges(self) -> int:
        """S, the edges of the whole batch; each is stored once, though several layers may use it."""
        return len(self.neighbors if self.is_open else self.indices)

    @cached_property
    def blocks(self) -> list[Block]:
        """One Block a layer, input side first: prefix views of the batch's CSR.

        Layer l computes the rows [0, n_{L-1-l}) from [0, n_{L-l}). Example: fanouts [15, 10] and one seed with 15 new
        neighbours that have 150 new ones: blocks[0] computes 16 rows from 166 inputs, blocks[1] 1 row from 16.
        """
        ends = self.hop_offsets[1:].tolist()
        return [self._block(*rows) for rows in reversed(list(zip(ends, ends[1:])))]

    def _block(self, num_dst, num_src):
        indptr = self.indptr[: num_dst + 1]
        return Block(indptr, self.indices[: indptr[-1]], num_dst, num_src)

    def __repr__(self) -> str:
        counts = {"seeds": len(self.seed_index), "nodes": len(self.nodes), "edges": self.num_sampled_edges}
        listed = ", ".join(f"{name}={count}" for name, count in counts.items())
        kinds = ", disjoint" * (self.tree is not None) + ", open" * self.is_open
        return f"MiniBatch({listed}, hops={self.num_hops}{kinds})"
