"""WalkPairs: pairs of nodes that meet on short random walks, the positives of unsupervised training."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.checks import as_count, as_ids
from graphsage.base.told import of_kind
from graphsage.graph.graph import Graph
from graphsage.sampling.arranged import arranged
from graphsage.sampling.draws import Draw, as_draw
from graphsage.sampling.items import Items, SeedPlan
from graphsage.sampling.walks import random_walks


@dataclass(frozen=True, eq=False)
class WalkPairs:
    """Pairs (start, node that its walk came to), as Hamilton et al. 2017, section 3.2, "v co-occurs near u".

    graph: ``Graph``. batch_size, batches_per_epoch: starts a step and steps an epoch, as in ``SeedPlan``.
    nodes: those to start from, ids or a mask (default: all). Those that have no neighbour but themselves are left out; at least
        one must stay.
    length: steps of a walk; each of them makes a pair with the start, which is a skip-gram window of that size.
    walks_per_node: walks from each start at each step that asks for it.
    p, q, draw, weights, seed, stream: as in ``random_walks``.

    A pair of a node with itself teaches nothing and is left out (the paper's program does so too), unless the step has no
    other pair. A walk that cannot go on makes no more pairs.
    """

    graph: Graph
    batch_size: int | None = 512
    batches_per_epoch: int | None = None
    nodes: ArrayLike | None = field(default=None, kw_only=True)
    length: int = field(default=5, kw_only=True)
    walks_per_node: int = field(default=1, kw_only=True)
    p: float = field(default=1.0, kw_only=True)
    q: float = field(default=1.0, kw_only=True)
    draw: str | Draw = field(default="uniform", kw_only=True)
    weights: str = field(default="refuse", kw_only=True)
    seed: int = field(default=0, kw_only=True)
    stream: str = field(default="train", kw_only=True)

    def __post_init__(self):
        as_count("walks_per_node", self.walks_per_node, least=1)
        self._walks(np.empty(0, np.int64), 0, 0)  # refuses what walks do not have
        _ = self.plan

    @cached_property
    def plan(self) -> SeedPlan:
        """Which nodes a step starts from."""
        num_nodes = of_kind("graph", self.graph, Graph).num_nodes
        nodes = np.arange(num_nodes) if self.nodes is None else as_ids("nodes", self.nodes, num_nodes)
        nodes = nodes[can_walk(self.graph, self.draw)[nodes]]
        if not len(nodes):
            raise ValueError("no walk leaves its start: the nodes have no neighbours but themselves, so there are no pairs")
        return SeedPlan(nodes, self.batch_size, self.batches_per_epoch, self.seed)

    def pairs_of(self, epoch: int, step: int) -> Items:
        """The pairs of one step, int64 [n, 2], n >= 1: walk by walk, the nearest first. A function of (seed, epoch, step)."""
        walks = self._walks(np.repeat(self.plan.seeds(epoch, step), self.walks_per_node), epoch, step)
        goes_on = np.diff(walked_rows(self.graph, self.draw).indptr) > 0
        pairs = np.stack([np.repeat(walks[:, 0], self.length), walks[:, 1:].ravel()], axis=1)
        pairs = pairs[goes_on[walks[:, :-1].ravel()]]  # those of steps that were made
        others = pairs[:, 0] != pairs[:, 1]
        return Items(pairs[others] if others.any() else pairs)

    def _walks(self, starts, epoch, step):
        how = {name: getattr(self, name) for name in ("p", "q", "draw", "weights", "seed", "stream")}
        return random_walks(self.graph, starts, self.length, epoch=epoch, step=step, **how)


def walked_rows(graph, draw):
    """The ``Rows`` that walks go along."""
    return arranged(graph, False, as_draw(draw, False).by_weight)


def can_walk(graph, draw):
    """bool[N]: has the node a neighbour other than itself?"""
    rows = walked_rows(graph, draw)
    nodes = np.repeat(np.arange(len(rows.indptr) - 1), np.diff(rows.indptr))
    found = np.zeros(len(rows.indptr) - 1, bool)
    found[nodes[rows.indices != nodes]] = True
    return found
