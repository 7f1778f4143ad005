"""TypedMiniBatch: the topology of a batch of a typed graph, a CSR a relation in local ids of the types."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graphsage.graph.typed_graph import Relation
from graphsage.sampling.minibatch import Block


@dataclass(frozen=True, eq=False, kw_only=True)
class TypedMiniBatch:
    """A sampled neighbourhood of seeds of one or more types over L hops; local ids count within a type, by first appearance.

    nodes: {type: int32[n_t]}, the id within its type of each local id. seed_index: {type: int64[B_t]}, the local id of each
        seed, in the caller's order, of the types that were asked for.
    hop_offsets: {type: int64[L + 2]}: the nodes of the type first seen at hop h are ``nodes[type][offsets[h]:offsets[h + 1]]``,
        the seeds at hop 0.
    indptr, indices: {relation: int64[m + 1], int32[S_r]}: row i holds the sampled sources, local ids of the relation's source
        type, of node i of its destination type; m = ``hop_offsets[destination][L]``, as the last hop's nodes have no rows.
    edge_ids: {relation: int64[S_r]}, of each sampled edge its place among those given of the relation (of a reverse one: of the
        relation it turns round); None unless asked for.
    tree: None, or {type: int32[n_t]}: the batch is disjoint, and ``tree[type][i]`` is the place of the seed that node i was
        drawn for, counted through all seeds in the order of the graph's types.
    """

    nodes: Mapping[str, np.ndarray]
    seed_index: Mapping[str, np.ndarray]
    hop_offsets: Mapping[str, np.ndarray]
    indptr: Mapping[Relation, np.ndarray]
    indices: Mapping[Relation, np.ndarray]
    edge_ids: Mapping[Relation, np.ndarray] | None = None
    tree: Mapping[str, np.ndarray] | None = None

    @property
    def num_hops(self) -> int:
        """L."""
        return len(next(iter(self.hop_offsets.values()))) - 2

    @property
    def num_sampled_edges(self) -> int:
        """S, the edges of all relations; each is stored once, though several layers may use it."""
        return sum(map(len, self.indices.values()))

    @cached_property
    def blocks(self) -> list[dict[Relation, Block]]:
        """Of each layer, input side first, {relation: ``Block``}: views of the batch's rows.

        Layer l computes nodes [0, ``hop_offsets[type][L - l]``) of each type from [0, ``hop_offsets[type][L + 1 - l]``). In a
        ``Block`` here destinations are of the relation's last type and sources of its first.
        """
        return [{name: self._block(name, hop) for name in self.indptr} for hop in range(self.num_hops, 0, -1)]

    def _block(self, name, hop):
        num_dst, num_src = int(self.hop_offsets[name[2]][hop]), int(self.hop_offsets[name[0]][hop + 1])
        indptr = self.indptr[name][: num_dst + 1]
        return Block(indptr, self.indices[name][: indptr[-1]], num_dst, num_src)

    def __repr__(self) -> str:
        seeds, nodes = ({name: len(ids) for name, ids in of.items()} for of in (self.seed_index, self.nodes))
        return f"TypedMiniBatch(seeds={seeds}, nodes={nodes}, edges={self.num_sampled_edges}, hops={self.num_hops})"
