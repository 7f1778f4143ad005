"""LinkDataset: which links a model may see and which ones it is asked about, checked once so that nothing later has to."""

from dataclasses import dataclass, replace
from types import NoneType
from typing import Self

import numpy as np

from graphsage.base.checks import ReadOnlyRecord, as_flag, as_pairs
from graphsage.base.told import of_kind
from graphsage.data.dataset import checked_features, checked_node_ids
from graphsage.data.split import SPLITS
from graphsage.graph.build import rows_from_edges
from graphsage.graph.features import SparseFeatures, row_normalize
from graphsage.graph.graph import Graph
from graphsage.sampling.items import Items
from graphsage.sampling.times import bounds_of


@dataclass(frozen=True, eq=False, kw_only=True)
class LinkDataset(ReadOnlyRecord):
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
        directed = is_directed(self.graph) if self.directed is None else as_flag("directed", self.directed)
        self._set(directed=directed, features=checked_features(self.features, self.num_nodes))
        for part in SPLITS:
            self._set(**{part: _checked_part(part, getattr(self, part), self.graph)})
        _check_times({part: getattr(self, part) for part in SPLITS})
        if not self.has_times:
            self._refuse_repeats()
            self._refuse_leaks()
        self._set(known=_all_links(self) if self.known is None else _checked_known(self))
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

    @property
    def has_times(self) -> bool:
        """Is each link asked about as of a time?"""
        return any(getattr(self, part).time is not None for part in SPLITS)

    def statistics(self) -> dict[str, int]:
        """Counts as a dict of ints; ``num_edges`` is of the messages, and counts an undirected one twice."""
        degrees = self.graph.degrees
        return {
            "num_nodes": self.num_nodes,
            "num_edges": self.graph.num_edges,
            "num_features": self.num_features,
            "num_isolated": int(np.count_nonzero(degrees == 0)),
            "max_degree": int(degrees.max(initial=0)),
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

    def _seen(self):
        """What each part sees of the messages."""
        if self.has_times:
            return "each asked about as of its time, on the messages of before"
        pairs, num_nodes = self.train.seeds, self.num_nodes
        among = np.isin(codes_of(pairs, num_nodes, self.directed), _message_codes(self)).sum()
        own = f", {among:,} of which are links to train on" if len(pairs) else ""
        return f"all on the same messages{own}: a batch sees none that it asks about"

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

    # ---- checks

    def _refuse_repeats(self):
        """No link is in two parts, nor in one twice."""
        codes = [codes_of(getattr(self, part).seeds, self.num_nodes, self.directed) for part in SPLITS]
        joined = np.concatenate(codes)
        order = np.argsort(joined, kind="stable")
        repeated = np.flatnonzero(np.diff(joined[order]) == 0)
        if not len(repeated):
            return
        places = order[repeated[0] : repeated[0] + 2]
        first, second = (SPLITS[np.searchsorted(np.cumsum([len(c) for c in codes]), at, side="right")] for at in places)
        link = _shown(divmod(int(joined[places[0]]), self.num_nodes))
        where = f"is in {first} twice" if first == second else f"is in {first} and in {second}"
        rule = "list each link once" + ("" if self.directed else "; an undirected one has no order")
        raise ValueError(f"the link {link} {where}: {rule}")

    def _refuse_leaks(self):
        messages = _message_codes(self)
        for part in ("val", "test"):
            pairs = getattr(self, part).seeds
            seen = np.isin(codes_of(pairs, self.num_nodes, self.directed), messages)
            if seen.any():
                first = _shown(pairs[np.argmax(seen)])
                rule = f"{np.count_nonzero(seen):,} of {len(pairs):,} links of {part} are among the messages, {first} first"
                raise ValueError(f"{rule}: the graph must not have them, or there is nothing to predict")


def codes_of(pairs, num_nodes, directed):
    """int64[n]: a number a link, the same for both orders of a pair where links are undirected."""
    first, second = pairs[:, 0], pairs[:, 1]
    if not directed:
        first, second = np.minimum(first, second), np.maximum(first, second)
    return first * num_nodes + second


def is_directed(graph: Graph) -> bool:
    """Does the graph lack the reverse of one of its edges? Two nodes have as many edges one way as the other, else."""
    if graph.edge_reversed is not None and graph.edge_reversed.any():
        return False
    src, dst = graph.to_edges()
    ways = (rows_from_edges(src, dst, graph.num_nodes)[:2], rows_from_edges(dst, src, graph.num_nodes)[:2])
    return not all(np.array_equal(one, other) for one, other in zip(*ways))


def _message_codes(dataset):
    return codes_of(np.stack(dataset.graph.to_edges(), axis=1), dataset.num_nodes, dataset.directed)


def _checked_part(part, links, graph):
    """``links`` as ``Items`` of pairs of nodes."""
    items = links if isinstance(links, Items) else Items(as_pairs(part, links, graph.num_nodes))
    pairs = as_pairs(part, items.seeds, graph.num_nodes)
    loops = pairs[:, 0] == pairs[:, 1]
    if loops.any():
        at = int(np.argmax(loops))
        raise ValueError(f"{part}[{at}] = {_shown(pairs[at])} links a node to itself: leave self loops out")
    for own in ("label", "weight"):
        if getattr(items, own) is not None:
            raise ValueError(f"{part} must be true links alone, without {own}: negatives are drawn, not listed")
    if items.time is None:
        return Items(pairs)
    if graph.times is None:
        raise ValueError(f"{part} has times, and the graph has none: pass Graph.from_edges(..., times=)")
    return Items(pairs, time=bounds_of(items.time, len(items), graph.times, False))


def _check_times(parts):
    """Either all links have times, or none has."""
    filled = {part: items.time is not None for part, items in parts.items() if len(items)}
    if len(set(filled.values())) > 1:
        with_times, without = (next(part for part in filled if filled[part] is has) for has in (True, False))
        raise ValueError(f"{with_times} has times and {without} has none: give times to all links, or to none")


def _all_links(dataset):
    """``Graph`` of messages and parts, each link once, without self loops."""
    src, dst = dataset.graph.to_edges()
    ends = [(src, dst), *(getattr(dataset, part).seeds.T for part in SPLITS)]
    return links_graph(*(np.concatenate(side) for side in zip(*ends)), dataset.num_nodes, dataset.directed)


def links_graph(src, dst, num_nodes, directed):
    """``Graph`` of the links src -> dst, each once, rows sorted, without self loops; undirected ones both ways."""
    indptr, indices, *_ = rows_from_edges(src, dst, num_nodes, undirected=not directed, once=True, loops=False)
    return Graph(indptr=indptr, indices=indices)


def _checked_known(dataset):
    known, num_nodes = of_kind("known", dataset.known, Graph), dataset.num_nodes
    if known.num_nodes != num_nodes:
        raise ValueError(f"known must have a row a node, {num_nodes}; it has {known.num_nodes}")
    codes = codes_of(np.stack(known.to_edges(), axis=1), num_nodes, dataset.directed)
    messages = np.stack(dataset.graph.to_edges(), axis=1)
    of_parts = {f"of {part}": getattr(dataset, part).seeds for part in SPLITS}
    for where, pairs in {**of_parts, "among the messages": messages[messages[:, 0] != messages[:, 1]]}.items():
        lacks = ~np.isin(codes_of(pairs, num_nodes, dataset.directed), codes)
        if lacks.any():
            raise ValueError(f"known must have all true links, and lacks {_shown(pairs[np.argmax(lacks)])} {where}")
    return known


def _shown(pair):
    """(3, 5), without the names of numpy's types."""
    return tuple(map(int, pair))
