"""Pairs and their probabilities, and the best partners of a node: all others scored a chunk at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from graphsage.data.nodes_of_type import nodes_of_type
from graphsage.graph.graph import Graph
from graphsage.trained.predictions import node_names

CHUNK_VALUES = 1 << 22  # of a chunk's embeddings, each side: 16 MB


@dataclass(frozen=True, eq=False, kw_only=True)
class Partners:
    """The best partners of some nodes, in R rows: those of the first node, best first, then those of the next.

    nodes: int64[R]. ranks: int64[R], from 1. partners: int64[R]. probabilities: float32[R], as ``TrainedLinks.score`` gives
    them. A node has fewer rows than asked for where no more nodes are left. ends: (type of the nodes, type of their partners),
    within which the ids are; None of a graph with one type.
    """

    nodes: np.ndarray
    ranks: np.ndarray
    partners: np.ndarray
    probabilities: np.ndarray
    ends: tuple[str, str] | None = None

    def __len__(self) -> int:
        """R."""
        return len(self.nodes)

    def __getitem__(self, rows):
        """The rows of a slice."""
        own = {name: values[rows] for name, values in vars(self).items() if name != "ends"}
        return Partners(**own, ends=self.ends)

    def columns(self, dataset) -> dict[str, Any]:
        """{name: array or list [R]}: node, rank, partner, probability; nodes under the dataset's own ids."""
        node, partner = names_of_ends(dataset, (self.nodes, self.partners), self.ends)
        return {"node": node, "rank": self.ranks, "partner": partner, "probability": self.probabilities}


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoredPairs:
    """Pairs int64[M, 2] and their probabilities float32[M], as a table. ends: as in ``Partners``."""

    pairs: np.ndarray
    probabilities: np.ndarray
    ends: tuple[str, str] | None = None

    def __len__(self) -> int:
        """M."""
        return len(self.pairs)

    def __getitem__(self, rows):
        """The rows of a slice."""
        return ScoredPairs(pairs=self.pairs[rows], probabilities=self.probabilities[rows], ends=self.ends)

    def columns(self, dataset) -> dict[str, Any]:
        """{name: array or list [M]}: source, target, probability; nodes under the dataset's own ids."""
        source, target = names_of_ends(dataset, self.pairs.T, self.ends)
        return {"source": source, "target": target, "probability": self.probabilities}


def names_of_ends(dataset, sides, ends):
    """The own ids of the nodes of two arrays, of the two types ``ends`` where the dataset has types (else None)."""
    kinds = (None, None) if ends is None else ends
    return [node_names(nodes_of_type(dataset, kind), np.ascontiguousarray(of)) for kind, of in zip(kinds, sides)]


def best_partners(score, h, nodes, k, left_out, progress=None, *, h_source=None, ends=None):
    """``Partners`` of ``nodes``: the k best of all N targets by ``score``; of equal ones the lower row first.

    score: function(h_source [M, D], h_target [M, D]) -> logits [M]. h: float32 tensor [N, D] of the targets. h_source: of the
    sources, where these are others. left_out: function(node) -> int64 rows that are not to be offered. progress: called with
    (nodes done, nodes in all). ends: of the result.
    Memory: a chunk of embeddings, whatever N is.
    """
    found, h_source = [], h if h_source is None else h_source
    for done, node in enumerate(nodes.tolist(), start=1):
        rows, logits = _best(score, h_source, h, node, k, left_out(node))
        found.append((np.full(len(rows), node), np.arange(1, len(rows) + 1), rows.numpy(), logits.sigmoid().numpy()))
        if progress is not None:
            progress(done, len(nodes))
    empty = [np.empty(0, np.int64)] * 3 + [np.empty(0, np.float32)]
    columns = [np.concatenate(parts) for parts in zip(empty, *found)]
    return Partners(**dict(zip(("nodes", "ranks", "partners", "probabilities"), columns)), ends=ends)


def _best(score, h_source, h, node, k, left_out):
    """(int64[K] rows, float32[K] logits), K <= k."""
    size = max(1, CHUNK_VALUES // h.shape[1])
    is_offered = torch.ones(len(h), dtype=torch.bool)
    is_offered[torch.as_tensor(left_out)] = False
    rows, logits = torch.empty(0, dtype=torch.int64), torch.empty(0, dtype=torch.float32)
    for start in range(0, len(h), size):
        offered = start + torch.nonzero(is_offered[start : start + size])[:, 0]
        found = score(h_source[node].expand(len(offered), -1), h[offered]).float()
        rows, logits = _merged(torch.cat([rows, offered]), torch.cat([logits, found]), k)
    return rows, logits


def _merged(rows, logits, k):
    """The k best, best first; equal ones in the order that they have, which is that of their rows."""
    if len(logits) > k:
        is_near = logits >= logits.topk(k).values[-1]
        rows, logits = rows[is_near], logits[is_near]
    order = logits.argsort(descending=True, stable=True)[:k]
    return rows[order], logits[order]


def known_partners(graph: Graph, directed: bool):
    """function(node) -> int64 rows: the node itself and its targets in ``graph``; undirected, all that are linked with it."""
    rows = graph
    if directed:  # a row has its sources: the targets of a node are in the reverse
        owners = np.repeat(np.arange(graph.num_nodes), graph.degrees)
        rows = Graph.from_edges(owners, graph.indices, graph.num_nodes)
    return lambda node: np.append(np.asarray(rows.indices[rows.indptr[node] : rows.indptr[node + 1]], np.int64), node)


def known_targets(graph, relation):
    """function(source) -> int64: the targets that it is linked with by ``relation`` of a ``TypedGraph`` between two types."""
    src, dst = graph.edges(relation)
    order = np.argsort(src, kind="stable")
    ends = np.searchsorted(src[order], np.arange(graph.num_nodes[relation[0]] + 1))
    return lambda node: dst[order[ends[node] : ends[node + 1]]]
