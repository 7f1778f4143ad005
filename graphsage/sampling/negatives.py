"""Negatives: pairs that are no links, drawn by key for each link that is asked about."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base import rng
from graphsage.base.checks import as_count, as_flag, as_pairs, one_of
from graphsage.base.jit import inline, kernel
from graphsage.base.rng import fold, scale
from graphsage.base.told import of_kind
from graphsage.graph.build import indptr_of, rows_from_edges
from graphsage.graph.graph import Graph
from graphsage.graph.relation_names import typed_pairs
from graphsage.graph.typed_graph import TypedGraph
from graphsage.sampling.draws.weighted import fill_cells, search
from graphsage.sampling.membership import holds

BY, CORRUPT = ("uniform", "degree"), ("target", "source", "both")
POWER = 0.75
SOURCE, TARGET = 0, 1  # the sides of a pair
TRIES = 16  # of a place, before its negative is chosen among those that are left: more are spent on few nodes only


@dataclass(frozen=True)
class Negatives:
    """How negatives are drawn: K for each of P links.

    per_positive: K. by: each node alike, or in proportion to degree^0.75 (Mikolov et al. 2013, section 2.2); its degree is the
        number of its known links, and a node without any is never drawn. corrupt: which end of the link is drawn anew; "both"
        draws both, so that the negative has nothing of its link but the place.
    allow_true: True lets true links through, by their chance, in place of looking for others.

    A negative is never a node beside itself. Without ``allow_true`` it is no known link (where links are undirected, in neither
    order), and has the distribution of the draws given that: a place is tried anew 16 times, and then chosen exactly. Between
    two types sources are of the one and targets of the other, and a degree counts the links of its own side.
    """

    per_positive: int = 1
    by: str = "uniform"
    corrupt: str = "target"
    allow_true: bool = False

    def __post_init__(self):
        object.__setattr__(self, "per_positive", as_count("per_positive", self.per_positive, least=1))
        one_of("by", self.by, BY)
        one_of("corrupt", self.corrupt, CORRUPT)
        object.__setattr__(self, "allow_true", as_flag("allow_true", self.allow_true))

    def draw(self, pairs: ArrayLike, known: Graph | TypedGraph, directed: bool, key: np.uint64) -> np.ndarray:
        """int64 [P, K, 2]: the negatives of ``pairs`` [P, 2], (source, target) as they are.

        known: ``Graph`` of all true links, row b of which has a; or a ``TypedGraph`` with these links as its only relation,
            whose two types the ids are then within. directed: is (b, a) another link? key: a number of
            ``graphsage.base.rng``; negative j of link i is a function of it and of i * K + j. Repeated pairs draw anew.

        Raises ValueError, one sentence, where a node is linked to all others: no negative has it.
        """
        key = np.uint64(as_count("key", key, most=2**64 - 1))
        links = _known_links(known, as_flag("directed", directed))
        pairs = links.checked("pairs", pairs).copy()
        out = np.empty((len(pairs), self.per_positive, 2), np.int64)
        corrupts = self.corrupt != "target", self.corrupt != "source"
        targets = None if self.allow_true else links.targets
        noise = links.noise(self.by, SOURCE), links.noise(self.by, TARGET)
        draw_negatives(pairs, corrupts, targets, links.apart, noise, key, np.empty(1, np.int64), out)
        places = np.flatnonzero(out[..., 0].ravel() < 0)
        if len(places):
            _Rest(self, links).fill(pairs[places // self.per_positive], places, key, out.reshape(-1, 2))
        return out


@kernel
def draw_negatives(pairs, corrupts, targets, apart, noise, key, found, out):
    """Pairs in place of ``pairs`` to ``out`` [P, K, 2]; -1 where ``TRIES`` of them were none.

    corrupts: (source, target), flags. targets: (indptr, indices), the targets of each source, sorted; None: true links are
    let through. apart: are sources and targets of two types, so that equal ids are two nodes? noise: of sources and of targets
    (number of nodes, nodes, alias table of their weights); None and None: all alike. found: int64[1], to work in.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            place_key = fold(key, np.uint64(i * out.shape[1] + j))
            out[i, j, 0] = -1
            for t in range(TRIES):
                a, b = pairs[i, 0], pairs[i, 1]
                if corrupts[0]:
                    a = _node(noise[0][0], noise[0][1], noise[0][2], place_key, 2 * t, found)
                if corrupts[1]:
                    b = _node(noise[1][0], noise[1][1], noise[1][2], place_key, 2 * t + 1, found)
                if (apart or a != b) and not _is_link(targets, a, b):
                    out[i, j, 0], out[i, j, 1] = a, b
                    break


@inline
def _node(count, nodes, cells, key, number, found):
    """Draw ``number`` of ``key``, as a node."""
    if cells is not None:  # decided at compilation
        search(None, cells, 0, count, key, number, 1, found, 0)
        return nodes[found[0]]
    return np.int64(scale(fold(key, np.uint64(number)), np.uint64(count)))


@inline
def _is_link(targets, a, b):
    if targets is None:
        return False
    indptr, indices = targets
    return holds(indices, indptr[a], indptr[a + 1], b)


class _KnownLinks:
    """What draws read of the known links, made once a graph. sizes: (number of sources, number of targets).

    sources, targets: (indptr, indices), the sources of each target and the targets of each source, sorted.
    """

    def __init__(self, known, directed):
        relation = _only_relation(known) if isinstance(known, TypedGraph) else None
        counts = known.num_nodes
        self.apart = relation is not None and relation[0] != relation[2]
        self.sizes = (counts, counts) if relation is None else (counts[relation[0]], counts[relation[2]])
        self.counts, self.relation, self.directed = counts, relation, directed or self.apart
        src, dst = known.to_edges() if relation is None else known.edges(relation)
        self.sources = self._rows(src, dst, self.sizes[TARGET])
        self.targets = self._rows(dst, src, self.sizes[SOURCE]) if self.directed else self.sources

    def _rows(self, src, dst, num_rows):
        how = {"once": True, "loops": self.apart, "undirected": not self.directed}
        indptr, indices, *_ = rows_from_edges(src, dst, max(self.sizes), **how)
        return indptr[: num_rows + 1], indices

    def checked(self, name, pairs):
        """``pairs`` as int64 [P, 2], each end a node of its side."""
        if self.relation is None:
            return as_pairs(name, pairs, self.sizes[0])
        return typed_pairs(name, pairs, self.counts, self.relation)

    @cached_property
    def powers(self):
        """(float64 of sources, float64 of targets): degree^0.75."""
        own = [np.diff(rows[0]) for rows in (self.targets, self.sources)]
        if not self.apart:
            own = [own[0] + own[1] if self.directed else own[0]] * 2
        return tuple(degrees**POWER for degrees in own)

    @cached_property
    def _by_degree(self):
        of_sources, of_targets = self.powers
        return _alias(of_sources), _alias(of_targets)

    def noise(self, by, side):
        """The kernel's ``noise`` of one side."""
        return (self.sizes[side], None, None) if by == "uniform" else self._by_degree[side]

    def weights(self, by, side):
        """float64 of each node of a side, in proportion to which nodes are drawn."""
        return np.ones(self.sizes[side]) if by == "uniform" else self.powers[side]

    def named(self, node, side):
        """The node in a sentence."""
        return f"node {node}" if self.relation is None else f"{self.relation[2 * side]} {node}"


def _only_relation(known):
    if len(known.relations) != 1:
        raise ValueError(f"known must have the links as its only relation, and has {len(known.relations)} relations")
    return known.relations[0]


def _alias(power):
    """(number of nodes, nodes, alias table) of the nodes that have a link."""
    nodes = np.flatnonzero(power)
    if not len(nodes):
        raise ValueError('by = "degree" draws nodes by their links, and none is known: take by = "uniform"')
    cells = np.empty(len(nodes), np.uint64)
    fill_cells(np.array([0, len(nodes)]), power[nodes], cells)
    return len(nodes), nodes, cells


_KEPT = WeakKeyDictionary()  # known graph: {directed: _KnownLinks}; loaders of a dataset share them


def _known_links(known, directed):
    kept = _KEPT.setdefault(known if isinstance(known, TypedGraph) else of_kind("known", known, Graph), {})
    if directed not in kept:
        kept[directed] = _KnownLinks(known, directed)
    return kept[directed]


class _Rest:
    """The exact choice where tries found nothing: by the sums of the weights of what is left."""

    def __init__(self, how, links):
        self.how, self.links = how, links
        self.weights = links.weights(how.by, SOURCE), links.weights(how.by, TARGET)

    def fill(self, pairs, places, key, out):
        """The negatives at ``places`` of ``out``, those of ``pairs``."""
        keys = rng.fold(np.full(len(places), key), places.astype(np.uint64))
        if self.how.corrupt == "both":
            sources = _at(np.cumsum(self._of_sources()), _draws(keys, 0))
            pairs = np.stack([sources, np.zeros_like(sources)], axis=1)
        kept = TARGET if self.how.corrupt == "source" else SOURCE
        for node in np.unique(pairs[:, kept]):
            here = np.flatnonzero(pairs[:, kept] == node)
            out[places[here], kept] = node
            out[places[here], 1 - kept] = _at(self._beside(node, kept), _draws(keys[here], 1))

    def _beside(self, node, side):
        """Sums over the nodes that may be the other end where ``node`` is the one of this side."""
        weights = self.weights[1 - side].copy()
        if not self.links.apart:
            weights[node] = 0
        if not self.how.allow_true:
            indptr, indices = self.links.sources if side else self.links.targets
            weights[indices[indptr[node] : indptr[node + 1]]] = 0
        if not weights.any():
            self._refuse(f"{self.links.named(node, side)} is", 1 - side)
        return np.cumsum(weights)

    def _of_sources(self):
        """float64: each source's weight times that of all its targets that are left."""
        (own, others), apart = self.weights, self.links.apart
        positive = others > 0
        left, count = others.sum() - (0 if apart else own), np.count_nonzero(positive) - (0 if apart else positive)
        if not self.how.allow_true:
            indptr, indices = self.links.targets
            left = left - _row_sums(indptr, others[indices])
            count = count - _row_sums(indptr, positive[indices])
        left, count = np.broadcast_to(left, own.shape), np.broadcast_to(count, own.shape)
        if not ((own > 0) & (count > 0)).any():
            self._refuse("all nodes are" if self.links.relation is None else f"each {self.links.relation[0]} is", TARGET)
        return np.where(count > 0, own * np.maximum(left, 0), 0)  # a rest of nothing is nothing, not a rounding

    def _refuse(self, who, side):
        """Raise: there is no negative."""
        kind = f"all {self.links.relation[2 * side]} nodes" if self.links.apart else "all others"
        kind += "" if self.how.by == "uniform" else " that have links"
        rule = f"{who} linked to {kind}, so that no negative has corrupt = {self.how.corrupt!r}"
        raise ValueError(f"{rule}: take another corrupt, or allow_true=True")


def _row_sums(indptr, values):
    return np.diff(indptr_of(values.astype(np.float64))[indptr])


def _draws(keys, number):
    """float64 in [0, 1), one a key: draw ``number`` after those of the tries."""
    return rng.unit(rng.fold(keys, np.full(len(keys), 2 * TRIES + number, np.uint64)))


def _at(sums, draws):
    """The places that ``draws`` in [0, 1) choose, in proportion to the steps of ``sums``."""
    found = np.searchsorted(sums, draws * sums[-1], side="right")
    return np.minimum(found, np.searchsorted(sums, sums[-1]))
