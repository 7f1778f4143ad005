"""TypedLinkDataset: links of one relation of a typed graph, which of them a model may see and which it is asked about."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.told import of_kind
from graphsage.data.link_parts import LinkParts, codes_of
from graphsage.data.links import is_directed, links_graph
from graphsage.data.split import SPLITS
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.graph import Graph
from graphsage.graph.relation_names import relation_named, typed_pairs
from graphsage.graph.typed_graph import Relation, TypedGraph
from graphsage.sampling.items import Items

MOST = 0.5  # of the kept links: another relation that has more of them nearly says what is asked


@dataclass(frozen=True, eq=False, kw_only=True)
class TypedLinkDataset(LinkParts):
    """The question which nodes of one type will be linked with which of another: which user will buy which item.

    A pair (a, b) is (source, target), ids within the relation's two types.

    dataset: ``TypedDataset``, whose graph holds the messages: all that a model may see, of all relations. Labels are not read.
    relation: (source type, name, target type) that is asked about; its name alone where no other has it. No link of val or
        test is among its messages, nor turned round in ``reverses`` (ValueError).
    train, val, test, known, directed, notes, how_split: as in ``LinkDataset``; ``known`` is a ``TypedGraph`` of this relation
        alone. Between two types, links are directed by nature; within one, ``directed`` is asked as there.

    reverses: the relations that turn this one round: those of ``graph.reverse_of``, and others between the same two types
        with the same edges, and no others, the other way. Whoever asks about a link sees none of them between its ends.
    """

    dataset: TypedDataset
    relation: Relation
    train: Items
    val: Items
    test: Items
    known: TypedGraph | None = None
    directed: bool | None = None
    notes: tuple = ()
    how_split: dict | None = None
    reverses: tuple | None = None

    def __post_init__(self):
        relation = relation_named(of_kind("dataset", self.dataset, TypedDataset).graph, self.relation)
        found = reverses_of(self.graph, relation) if self.reverses is None else tuple(self.reverses)
        self._set(relation=relation, reverses=found, notes=tuple(self.notes))
        if self.known is not None:
            self._check_known_graph()
        self._settle(lambda: self.is_apart or is_directed_within(self.graph, relation))
        if self.is_apart and not self.directed:
            raise ValueError(f"directed=False is of links within one type, and {relation} joins two: leave it out")
        self._refuse_turned()
        self._refuse_turned_otherwhen()

    def _check_known_graph(self):
        known, sizes = of_kind("known", self.known, TypedGraph), self.graph.num_nodes
        if known.relations != (self.relation,) or any(known.num_nodes[kind] != sizes[kind] for kind in self.ends):
            raise ValueError(f"known must have the relation {self.relation} alone, between as many nodes; it is {known}")

    def _refuse_turned(self):
        """A relation that turns round all links, those of val and test among them, would give them away."""
        if not self.has_times and len(self.val) + len(self.test):
            for name in set(reverses_of(self.graph, self.relation, self.known_pairs())) - set(self.reverses):
                rule = f"{name} has the links of {self.relation} turned round, those of val and test among them"
                raise ValueError(f"{rule}: the graph must not have them, or there is nothing to predict")

    def _refuse_turned_otherwhen(self):
        """A relation that turns the links round at other times, as from the beginning, would tell of them too early."""
        if not self.has_times:
            return
        instants, when = np.unique(self.message_times, return_inverse=True)

        def dated(name, way):
            codes = self.codes(np.stack(self.graph.edges(name)[::way], axis=1))
            return codes * len(instants) + when[self.graph.span(name)]

        for name in self.reverses:
            if not np.isin(dated(name, -1), dated(self.relation, 1)).all():
                rule = f"{name} has links of {self.relation} turned round, and at other times"
                raise ValueError(f"{rule}: give its edges the times of the links, or leave it out (reverse=True makes one)")

    # ---- what it is made of

    @property
    def graph(self) -> TypedGraph:
        """The messages."""
        return self.dataset.graph

    @property
    def features(self) -> dict[str, Any]:
        """{type: features}."""
        return self.dataset.features

    @property
    def node_ids(self) -> dict[str, np.ndarray]:
        """{type: names}, of the types that have some."""
        return self.dataset.node_ids

    @property
    def name(self) -> str | None:
        """What reports call the dataset."""
        return self.dataset.name

    @property
    def schema(self) -> dict | None:
        """{type: schema}, of the types that came from tables."""
        return self.dataset.schema

    @property
    def node_times(self) -> dict[str, np.ndarray] | None:
        """{type: when its nodes came to be}: links with times see no edge from a node of later."""
        return self.dataset.node_times

    @property
    def num_nodes(self) -> dict[str, int]:
        """{type: number of nodes}."""
        return self.graph.num_nodes

    @property
    def num_features(self) -> dict[str, int]:
        """{type: F_t}."""
        return self.dataset.num_features

    @property
    def ends(self) -> tuple[str, str]:
        """(source type, target type)."""
        return self.relation[0], self.relation[2]

    @property
    def is_apart(self) -> bool:
        """Are sources and targets of two types?"""
        return self.relation[0] != self.relation[2]

    @property
    def num_targets(self) -> int:
        """Nodes of the target type."""
        return self.num_nodes[self.relation[2]]

    @property
    def message_times(self) -> np.ndarray | None:
        """Times of all edges, of whatever relation."""
        return self.graph.rows.times

    def checked_pairs(self, name: str, pairs: ArrayLike) -> np.ndarray:
        """``pairs`` as int64 [n, 2], each end a node of its type; ValueError for others."""
        return typed_pairs(name, pairs, self.num_nodes, self.relation)

    def message_pairs(self) -> np.ndarray:
        """int64 [E, 2]: (source, target) of the relation's messages, and of its reverses."""
        return self._message_pairs

    @cached_property
    def _message_pairs(self):
        turned = [np.stack(self.graph.edges(name)[::-1], axis=1) for name in self.reverses]
        return np.concatenate([np.stack(self.graph.edges(self.relation), axis=1), *turned])

    def flat_graph(self) -> Graph:
        """The messages about links as one ``Graph``, without the reverses: between two types, targets come after sources."""
        return self._flat_graph

    @cached_property
    def _flat_graph(self):
        times, pairs = self.message_times, self.flat(np.stack(self.graph.edges(self.relation), axis=1))
        count = sum(self.num_nodes[kind] for kind in dict.fromkeys(self.ends))
        return Graph.from_edges(*pairs.T, count, times=None if times is None else times[self.graph.span(self.relation)])

    def flat(self, pairs: np.ndarray) -> np.ndarray:
        """``pairs`` by its numbers of nodes."""
        return pairs + [0, self.num_nodes[self.relation[0]] if self.is_apart else 0]

    def known_pairs(self) -> np.ndarray:
        """int64 [n, 2]: the links of ``known``."""
        return np.stack(self.known.edges(self.relation), axis=1)

    def hidden(self, pairs: np.ndarray) -> dict[Relation, np.ndarray]:
        """What a sampler takes as ``exclude`` to hide the links between the two of each pair, in either direction."""
        both = pairs if self.is_apart else np.concatenate([pairs, pairs[:, ::-1]])
        return {self.relation: both, **dict.fromkeys(self.reverses, both[:, ::-1])}

    def as_known(self, src: np.ndarray, dst: np.ndarray, directed: bool) -> TypedGraph:
        """``TypedGraph`` of the links src -> dst alone, each once; undirected ones both ways, without self loops."""
        if not self.is_apart:
            src, dst = links_graph(src, dst, self.num_targets, directed).to_edges()
        sizes = {kind: self.num_nodes[kind] for kind in dict.fromkeys(self.ends)}
        return TypedGraph(sizes, {self.relation: (src, dst)}, duplicates="drop")

    def statistics(self) -> dict[str, Any]:
        """Counts of the messages, a type and a relation ("a-name-b"), and of the links of each part."""
        found = self.dataset.statistics()
        return {**found, **{f"num_{part}": len(getattr(self, part)) for part in SPLITS}}

    def summary(self) -> str:
        """Lines for people: the messages, the links of each part, and what each of them sees."""
        counts = " / ".join(f"{len(getattr(self, part)):,}" for part in SPLITS)
        asked = f"links {' '.join(self.relation)}: {counts} to train / validate / test on"
        return "\n  ".join([self.dataset.summary(labels=False), asked, self._seen(), *self._told_by_others(), *self.notes])

    def _told_by_others(self):
        """A line on each other relation, of whatever direction, among whose edges most links of val and test are."""
        kept = self.codes(np.concatenate([self.val.seeds, self.test.seeds]), False)
        if self.has_times or not len(kept):
            return
        others = [name for name in self.graph.relations if name not in (self.relation, *self.reverses)]
        for way in (1, -1) if self.is_apart else (1,):
            for name in (name for name in others if (name[0], name[2]) == self.ends[::way]):
                share = np.isin(kept, self.codes(np.stack(self.graph.edges(name)[::way], axis=1), False)).mean()
                if share > MOST:
                    yield f"{share:.0%} of the links to validate and test on are edges of {' '.join(name)}, too, and seen there"

    def __repr__(self) -> str:
        counts = ", ".join(f"num_{part}={len(getattr(self, part))}" for part in SPLITS)
        return f"TypedLinkDataset({self.name!r}, relation={self.relation}, {counts})"

    # ---- variants

    def without_edges(self) -> Self:
        """The same nodes, features and links without a single message: what a features-only model sees."""
        times = self.message_times
        times = None if times is None else dict.fromkeys(self.graph.relations, times[:0])
        empty = TypedGraph(self.num_nodes, dict.fromkeys(self.graph.relations, ((), ())), times=times)
        return replace(self, dataset=replace(self.dataset, graph=empty))

    def row_normalized(self) -> Self:
        """The dataset with each row of sparse features divided by the sum of its absolute values."""
        return replace(self, dataset=self.dataset.row_normalized())


def reverses_of(graph, relation, pairs=None):
    """The relations of ``graph`` that turn ``relation`` round, by what it says or by their edges; not the relation itself.

    pairs: [n, 2], what to compare their edges with (default: those of the relation).
    """
    told = [name for name, origin in graph.reverse_of.items() if origin == relation]
    told += [graph.reverse_of[relation]] if relation in graph.reverse_of else []
    pairs = np.stack(graph.edges(relation), axis=1) if pairs is None else pairs
    others = [name for name in graph.relations if (name[0], name[2]) == (relation[2], relation[0]) and name != relation]
    return tuple(name for name in others if name in told or _turns_round(graph, name, pairs))


def _turns_round(graph, name, pairs):
    """Has the relation ``name`` the edges ``pairs`` turned round, and no others? Repeats count once."""
    turned, count = np.stack(graph.edges(name)[::-1], axis=1), max(graph.num_nodes[name[0]], graph.num_nodes[name[2]])
    return len(pairs) > 0 and np.array_equal(*(np.unique(codes_of(of, count, True)) for of in (pairs, turned)))


def is_directed_within(graph, relation):
    """``is_directed`` of the edges of a relation from a type to itself."""
    src, dst = graph.edges(relation)
    return is_directed(links_graph(src, dst, graph.num_nodes[relation[0]], True))
