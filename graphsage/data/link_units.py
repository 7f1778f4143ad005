"""What split_links parts: links, in units that stay together, and the edges that tell of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from graphsage.base import rng
from graphsage.data.link_parts import codes_of
from graphsage.data.links import is_directed
from graphsage.graph.subgraph import with_edges_at
from graphsage.sampling.items import Items

LINKS = 1  # what is split, in the keys of the stream: beside the splits of nodes, which say nothing
ORDER, ENDS, DISJOINT = range(3)


@dataclass(frozen=True, eq=False, kw_only=True)
class LinkEdges:
    """The edges of a graph that tell of links, m of its E.

    ends: int64[m, 2], (source, target) of the link. at: int64[m], places among all edges; None: all of them, in order.
    times: [E] of all edges, or None. left(graph, at): the graph with the edges at rising places alone. is_apart: are sources
    and targets of two types? Else an edge from a node to itself is no link.
    """

    graph: Any
    num_edges: int
    num_targets: int
    ends: np.ndarray
    at: np.ndarray | slice
    times: np.ndarray | None
    directed: bool
    is_apart: bool
    left: Any

    @classmethod
    def of_graph(cls, graph):
        """All edges of a ``Graph``."""
        return cls(
            graph=graph, num_edges=graph.num_edges, num_targets=graph.num_nodes, ends=np.stack(graph.to_edges(), axis=1),
            at=slice(None), times=graph.times, directed=is_directed(graph), is_apart=False, left=with_edges_at,
        )  # fmt: skip

    @property
    def is_link(self):
        """bool[m]."""
        return (self.ends[:, 0] != self.ends[:, 1]) | self.is_apart

    def codes(self, pairs, directed):
        """int64: a number a link; not ``directed``: the same for both orders."""
        return codes_of(pairs, self.num_targets, directed or self.is_apart)

    def pairs(self, codes):
        """int64 [n, 2]: the links of these numbers."""
        return np.stack(divmod(codes, self.num_targets), axis=1)

    def placed(self, unit):
        """int64[E]: the unit of each edge of the graph, -1 where it tells of none. unit: of each edge that is a link."""
        among = np.full(len(self.ends), -1)
        among[self.is_link] = unit
        unit_of = np.full(self.num_edges, -1)
        unit_of[self.at] = among
        return unit_of


@dataclass(frozen=True, eq=False)
class LinkUnits:
    """The L links that edges tell of, of U units that stay together.

    pairs: int64[L, 2]; unit: int64[L], which one each is of; time: of each unit, rising, or None. unit_of: int64[E], the one
    that each edge of the graph is of; -1: it tells of no link that is split.
    """

    edges: LinkEdges
    num_units: int
    pairs: np.ndarray
    unit: np.ndarray
    unit_of: np.ndarray
    time: np.ndarray | None = None

    def items(self, chosen, seed):
        """``Items`` of the units where ``chosen`` [U] is true; undirected pairs in a random order of their ends."""
        at = chosen[self.unit]
        pairs = self.pairs
        if not self.edges.directed:
            turned = rng.draws(key_of(seed, ENDS), self.num_units) >> np.uint64(63) == 1
            pairs = np.where(turned[self.unit, None], pairs[:, ::-1], pairs)
        return Items(pairs[at], time=None if self.time is None else self.time[self.unit[at]])

    def seen(self, messages, kept):
        """The graph with the edges of the units where ``messages`` [U] is true, and those of none, by time before ``kept``."""
        others = self.unit_of < 0
        stays = np.append(messages, True)[self.unit_of]
        if self.time is not None and kept.any():
            stays &= ~others | (self.edges.times < self.time[kept].min())
        return self.edges.left(self.edges.graph, np.flatnonzero(stays))

    def notes(self):
        """What was no link."""
        loops = np.count_nonzero(~self.edges.is_link)
        return (f"{loops:,} self loops are no links",) if loops else ()


def linked(edges):
    """Links without times: a unit is two nodes that are linked."""
    ends = edges.ends[edges.is_link]
    units, unit_of_link = np.unique(edges.codes(ends, False), return_inverse=True)
    pairs = edges.pairs(np.unique(edges.codes(ends, edges.directed)))
    unit = np.searchsorted(units, edges.codes(pairs, False))
    return LinkUnits(edges, len(units), pairs, unit, edges.placed(unit_of_link))


def dated(edges):
    """Links by time: a unit is two nodes and a time at which they are linked."""
    if edges.times is None:
        rule = "pass Graph.from_edges(..., times=); of tables: a column time of edges"
        raise ValueError(f'by = "time" needs times of the edges, and the graph has none: {rule}')
    codes, times = edges.codes(edges.ends[edges.is_link], edges.directed), edges.times[edges.at][edges.is_link]
    order = np.lexsort((codes, times))
    codes, times = codes[order], times[order]
    is_new = np.append(True, (np.diff(codes) != 0) | (times[1:] != times[:-1]))[: len(codes)]
    unit_of_link = np.empty(len(order), np.int64)
    unit_of_link[order] = np.cumsum(is_new) - 1
    pairs = edges.pairs(codes[is_new])
    return LinkUnits(edges, len(pairs), pairs, np.arange(len(pairs)), edges.placed(unit_of_link), times[is_new])


def key_of(seed, purpose):
    """The key of a choice in the split of links."""
    return rng.stream_key(seed, rng.SPLIT, LINKS, purpose)
