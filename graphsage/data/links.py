"""LinkDataset: which links a model may see and which ones it is asked about, checked once so that nothing later has to."""

from dataclasses import dataclass, replace
from types import NoneType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from graphsage.base.checks import as_pairs
from graphsage.base.told import of_kind
from graphsage.data.dataset import checked_features, checked_node_ids
from graphsage.data.link_parts import LinkParts
from graphsage.data.split import SPLITS
from graphsage.graph.build import row_extremes, rows_from_edges
from graphsage.graph.features import SparseFeatures, row_normalize
from graphsage.graph.graph import Graph
from graphsage.sampling.items import Items


@dataclass(frozen=True, eq=False, kw_only=True)
class LinkDataset(LinkParts):
    """The question whether two nodes are linked. N nodes, F features.

    A pair (a, b) is (source, target), as the caller's edges are: row b of ``graph`` has a. Where the links are undirected, a
    pair has no order.

    graph: the messages, ``Graph`` with N rows: all that a model may see. All three parts are asked on it, so a link of val
        or test is never there (ValueError). Links to train on usually are; the loader leaves each out where it is asked about.
    features: float32 [N, F] array or ``SparseFeatures`` (whatever ``as_features`` takes), shared with the caller.
    train, val, test: true links as integers [n, 2], or ``Items`` of them. Empty is legal. Without times no link is there
        twice. Times ([n], of ``Items``) are on the axis of the graph's: a link is asked about as of then, and every part has
        some, or none has. The same two nodes may then be linked at several times, and be among the messages.
    known: ``Graph`` of all true links, those of the parts among them: negatives avoid them. None: messages and parts.
    directed: is (a, b) another link than (b, a)? None: not if the graph has each edge both ways.
    node_ids, name, schema: as in ``NodeDataset``. notes: sentences on how the data were read.
    how_split: the keywords of ``split_links`` that made the parts; None: they are the caller's own.

    Raises ValueError or TypeError, one sentence each, for anything else, self loops among the links included.
    """

    graph: Graph
    features: np.ndarray | SparseFeatures
    train: Items
    val: Items
    test: Items
    known: Graph | None = None
    directed: bool | None = None
    node_ids: np.ndarray | None = None
    name: str | None = None
    schema: dict | None = None
    notes: tuple = ()
    how_split: dict | None = None

    def __post_init__(self):
        of_kind("graph", self.graph, Graph)
        self._set(features=checked_features(self.features, self.num_nodes))
        if self.known is not None and of_kind("known", self.known, Graph).num_nodes != self.num_nodes:
            raise ValueError(f"known must have a row a node, {self.num_nodes}; it has {self.known.num_nodes}")
        self._settle(lambda: is_directed(self.graph))
        self._set(node_ids=checked_node_ids(self.node_ids, self.graph))
        if not isinstance(self.schema, (dict, NoneType)):
            raise TypeError(f"schema must be a dict or None, got {type(self.schema).__name__}")

    # ---- sizes

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.graph.num_nodes

    @property
    def num_features(self) -> int:
        """F."""
        return self.features.shape[1]

    num_targets = num_nodes

    @property
    def message_times(self) -> np.ndarray | None:
        """[E], those of the edges."""
        return self.graph.times

    def checked_pairs(self, name: str, pairs: ArrayLike) -> np.ndarray:
        """``pairs`` as int64 [n, 2] of nodes; ValueError for others."""
        return as_pairs(name, pairs, self.num_nodes)

    def message_pairs(self) -> np.ndarray:
        """int64 [E, 2]: (source, target) of each edge."""
        return np.stack(self.graph.to_edges(), axis=1)

    def flat_graph(self) -> Graph:
        """The messages about links as one ``Graph``."""
        return self.graph

    def flat(self, pairs: np.ndarray) -> np.ndarray:
        """``pairs`` by its numbers of nodes."""
        return pairs

    def known_pairs(self) -> np.ndarray:
        """The same of ``known``."""
        return np.stack(self.known.to_edges(), axis=1)

    def hidden(self, pairs: np.ndarray) -> np.ndarray:
        """What a sampler takes as ``exclude`` to hide the links between the two of each pair."""
        return pairs

    def as_known(self, src: np.ndarray, dst: np.ndarray, directed: bool) -> Graph:
        """``Graph`` of the links src -> dst."""
        return links_graph(src, dst, self.num_nodes, directed)

    def statistics(self) -> dict[str, int]:
        """Counts as a dict of ints; ``num_edges`` is of the messages, and counts an undirected one twice."""
        max_degree, num_isolated = row_extremes(self.graph.indptr)
        return {
            "num_nodes": self.num_nodes,
            "num_edges": self.graph.num_edges,
            "num_features": self.num_features,
            "num_isolated": num_isolated,
            "max_degree": max_degree,
            **{f"num_{part}": len(getattr(self, part)) for part in SPLITS},
        }

    def summary(self) -> str:
        """Three lines for people, and one for each of the notes: sizes, links of each part, and what each of them sees."""
        counts = {name: f"{count:,}" for name, count in self.statistics().items()}
        lines = (
            "{name}: {num_nodes} nodes ({num_isolated} isolated), {num_edges} messages (largest degree {max_degree}),\n"
            "  {num_features} features, {num_train} / {num_val} / {num_test} {kind} links to train / validate / test on,\n  "
        ).format(name=self.name or "dataset", kind="directed" if self.directed else "undirected", **counts)
        return "\n  ".join([lines + self._seen(), *self.notes])

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}={count}" for name, count in self.statistics().items())
        return f"LinkDataset({self.name!r}, directed={self.directed}, {counts})"

    # ---- variants

    def without_edges(self) -> Self:
        """The same nodes, features and links on messages without edges: what a features-only model sees."""
        times = None if self.graph.times is None else self.graph.times[:0]
        indptr, indices = np.zeros(self.num_nodes + 1, np.int64), np.empty(0, np.int32)
        return replace(self, graph=Graph(indptr=indptr, indices=indices, times=times, node_ids=self.graph.node_ids))

    def row_normalized(self) -> Self:
        """The dataset with each row of features divided by the sum of its absolute values (zero rows stay zero)."""
        return replace(self, features=row_normalize(self.features))


def is_directed(graph: Graph) -> bool:
    """Does the graph lack the reverse of one of its edges? Two nodes have as many edges one way as the other, else."""
    if graph.edge_reversed is not None and graph.edge_reversed.any():
        return False
    src, dst = graph.to_edges()
    ways = (rows_from_edges(src, dst, graph.num_nodes)[:2], rows_from_edges(dst, src, graph.num_nodes)[:2])
    return not all(np.array_equal(one, other) for one, other in zip(*ways))


def links_graph(src, dst, num_nodes, directed):
    """``Graph`` of the links src -> dst, each once, rows sorted, without self loops; undirected ones both ways."""
    indptr, indices, *_ = rows_from_edges(src, dst, num_nodes, undirected=not directed, once=True, loops=False)
    return Graph(indptr=indptr, indices=indices)
