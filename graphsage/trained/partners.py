"""Pairs and their probabilities, and the best partners of a node: all others scored a chunk at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from graphsage.graph.graph import Graph
from graphsage.trained.predictions import node_names

CHUNK_VALUES = 1 << 22  # of a chunk's embeddings, each side: 16 MB


@dataclass(frozen=True, eq=False, kw_only=True)
class Partners:
    """The best partners of some nodes, in R rows: those of the first node, best first, then those of the next.

    nodes: int64[R]. ranks: int64[R], from 1. partners: int64[R]. probabilities: float32[R], as ``TrainedLinks.score`` gives
    them. A node has fewer rows than asked for where no more nodes are left.
    """

    nodes: np.ndarray
    ranks: np.ndarray
    partners: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        """R."""
        return len(self.nodes)

    def __getitem__(self, rows):
        """The rows of a slice."""
        return Partners(**{name: values[rows] for name, values in vars(self).items()})

    def columns(self, dataset) -> dict[str, Any]:
        """{name: array or list [R]}: node, rank, partner, probability; nodes under the dataset's own ids."""
        ends = {"node": node_names(dataset, self.nodes), "partner": node_names(dataset, self.partners)}
        return {"node": ends["node"], "rank": self.ranks, "partner": ends["partner"], "probability": self.probabilities}


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoredPairs:
    """Pairs int64[M, 2] and their probabilities float32[M], as a table."""

    pairs: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        """M."""
        return len(self.pairs)

    def __getitem__(self, rows):
        """The rows of a slice."""
        return ScoredPairs(pairs=self.pairs[rows], probabilities=self.probabilities[rows])

    def columns(self, dataset) -> dict[str, Any]:
        """{name: array or list [M]}: source, target, probability; nodes under the dataset's own ids."""
        ends = {name: node_names(dataset, side) for name, side in zip(("source", "target"), self.pairs.T)}
        return {**ends, "probability": self.probabilities}


def best_partners(score, h, nodes, k, left_out, progress=None):
    """``Partners`` of ``nodes``: the k best of all N nodes by ``score``; of equal ones the lower row first.

    score: function(h_source [M, D], h_target [M, D]) -> logits [M]. h: float32 tensor [N, D]. left_out: function(node) ->
    int64 rows that are not to be offered. progress: called with (nodes done, nodes in all).
    Memory: a chunk of embeddings, whatever N is.
    """
    found = []
    for done, node in enumerate(nodes.tolist(), start=1):
        rows, logits = _best(score, h, node, k, left_out(node))
        found.append((np.full(len(rows), node), np.arange(1, len(rows) + 1), rows.numpy(), logits.sigmoid().numpy()))
        if progress is not None:
            progress(done, len(nodes))
    empty = [np.empty(0, np.int64)] * 3 + [np.empty(0, np.float32)]
    columns = [np.concatenate(parts) for parts in zip(empty, *found)]
    return Partners(**dict(zip(("nodes", "ranks", "partners", "probabilities"), columns)))


def _best(score, h, node, k, left_out):
    """(int64[K] rows, float32[K] logits), K <= k."""
    size = max(1, CHUNK_VALUES // h.shape[1])
    is_offered = torch.ones(len(h), dtype=torch.bool)
    is_offered[torch.as_tensor(left_out)] = False
    rows, logits = torch.empty(0, dtype=torch.int64), torch.empty(0)
    for start in range(0, len(h), size):
        offered = start + torch.nonzero(is_offered[start : start + size])[:, 0]
        found = score(h[node].expand(len(offered), -1), h[offered]).float()
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
