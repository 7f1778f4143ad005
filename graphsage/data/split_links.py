"""split_links: links to train, validate and test on, and the messages that are left. At random by key, or by time."""

from dataclasses import dataclass

import numpy as np

from graphsage.base import rng
from graphsage.base.checks import as_share, one_of
from graphsage.base.told import told
from graphsage.data.dataset import NodeDataset
from graphsage.data.link_parts import codes_of
from graphsage.data.links import LinkDataset, is_directed, links_graph
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.graph.subgraph import with_edges_at
from graphsage.sampling.items import Items

TRAIN, VAL, TEST = range(3)
LINKS = 1  # what is split, in the keys of the stream: beside the splits of nodes, which say nothing
ORDER, ENDS, DISJOINT = range(3)


def split_links(
    source: NodeDataset | Graph,
    *,
    val: float = 0.05,
    test: float = 0.10,
    by: str = "random",
    disjoint_train: float = 0.0,
    seed: int = 0,
    features: np.ndarray | SparseFeatures | None = None,
) -> LinkDataset:
    """The links of a graph in three parts, and the messages that are left, as a ``LinkDataset``.

    source: ``NodeDataset``, of which labels and split are not read; or ``Graph``, with ``features`` [N, F].
    val, test: shares of the links, round(share * links) of them exactly; 0 leaves a part empty.
    by: "random": two nodes that are linked are one link, whichever way and however often: reverses and parallel edges stay
        together. "time": two nodes are linked anew at each time that they have an edge; the latest links are test, those
        before validation, and links of one time stay together, in the later part. Items then carry their times.
    disjoint_train: share of the training links, chosen at random. Above 0 these alone are trained on and are no messages, and
        the others are messages alone. At 0 every training link is both: ``LinkLoader`` hides it where it is asked about.
    seed: 0 <= seed < 2^64. The same seed and links give the same split, whatever the order of the edges.

    The messages (``LinkDataset.graph``) are the edges of the training links, with their ids, weights and times; validation
    and test are asked on them, too. By time: all edges before the first validation link, and each link sees those before
    itself; the ``node_times`` of a dataset are not read. Self loops are no links and stay among the messages. Edges both ways
    (an undirected graph) give undirected links, written in a random order of their ends: corrupted targets would else all be
    of the larger number. A directed graph that links two nodes both ways gives two pairs, in the same part; that counts as
    one link in the shares.

    Raises ValueError, one sentence, for shares that leave nothing to train on, or a part empty that was asked for.
    """
    parts = _parts_of(source, features)
    shares = {name: as_share(name, share) for name, share in {"val": val, "test": test}.items()}
    if sum(shares.values()) >= 1:
        raise ValueError(f"val + test must be below 1, got {sum(shares.values()):g}: the rest is trained on")
    disjoint_train = as_share("disjoint_train", disjoint_train)
    links = _dated(parts["graph"]) if one_of("by", by, ("random", "time")) == "time" else _linked(parts["graph"])
    part = _latest(links.time, **shares) if by == "time" else _drawn(links.num_units, **shares, seed=seed)
    _refuse_empty(part, shares, by)
    asked, messages = _training(part, disjoint_train, seed)
    items = {"train": asked, "val": part == VAL, "test": part == TEST}
    return LinkDataset(
        **parts | {"graph": links.seen(messages, part != TRAIN)},
        **{name: links.items(chosen, seed) for name, chosen in items.items()},
        known=links_graph(*links.pairs.T, links.graph.num_nodes, links.directed),
        directed=links.directed,
        notes=links.notes() + _unread(source, by),
        how_split={**shares, "by": by, "disjoint_train": disjoint_train, "seed": int(seed)},
    )


@dataclass(frozen=True, eq=False)
class _Links:
    """The L links of ``graph``, of U units that stay together.

    pairs: int64[L, 2]; unit: int64[L], which one each is of; time: of each unit, rising, or None. unit_of: int64[E], the one
    that each edge of the graph is of; -1: a self loop.
    """

    graph: Graph
    directed: bool
    num_units: int
    pairs: np.ndarray
    unit: np.ndarray
    unit_of: np.ndarray
    time: np.ndarray | None = None

    def items(self, chosen, seed):
        """``Items`` of the units where ``chosen`` [U] is true; undirected pairs in a random order of their ends."""
        at = chosen[self.unit]
        pairs = self.pairs
        if not self.directed:
            turned = rng.draws(_key(seed, ENDS), self.num_units) >> np.uint64(63) == 1
            pairs = np.where(turned[self.unit, None], pairs[:, ::-1], pairs)
        return Items(pairs[at], time=None if self.time is None else self.time[self.unit[at]])

    def seen(self, messages, kept):
        """The graph with the edges of the units where ``messages`` [U] is true, and loops, by time those before ``kept``."""
        loops = self.unit_of < 0
        stays = np.append(messages, True)[self.unit_of]
        if self.time is not None and kept.any():
            stays &= ~loops | (self.graph.times < self.time[kept].min())
        return with_edges_at(self.graph, np.flatnonzero(stays))

    def notes(self):
        """What was no link."""
        loops = np.count_nonzero(self.unit_of < 0)
        return (f"{loops:,} self loops are no links",) if loops else ()


def _linked(graph):
    """Links without times: a unit is two nodes that are linked."""
    ends, directed = np.stack(graph.to_edges(), axis=1), is_directed(graph)
    is_link = ends[:, 0] != ends[:, 1]
    units, unit_of_link = np.unique(codes_of(ends[is_link], graph.num_nodes, False), return_inverse=True)
    codes = np.unique(codes_of(ends[is_link], graph.num_nodes, directed))
    pairs = np.stack(divmod(codes, graph.num_nodes), axis=1)
    unit = np.searchsorted(units, codes_of(pairs, graph.num_nodes, False))
    return _Links(graph, directed, len(units), pairs, unit, _placed(is_link, unit_of_link))


def _dated(graph):
    """Links by time: a unit is two nodes and a time at which they are linked."""
    if graph.times is None:
        rule = "pass Graph.from_edges(..., times=); of tables: a column time of edges"
        raise ValueError(f'by = "time" needs times of the edges, and the graph has none: {rule}')
    ends, directed = np.stack(graph.to_edges(), axis=1), is_directed(graph)
    is_link = ends[:, 0] != ends[:, 1]
    codes, times = codes_of(ends[is_link], graph.num_nodes, directed), graph.times[is_link]
    order = np.lexsort((codes, times))
    codes, times = codes[order], times[order]
    is_new = np.append(True, (np.diff(codes) != 0) | (times[1:] != times[:-1]))[: len(codes)]
    unit_of_link = np.empty(len(order), np.int64)
    unit_of_link[order] = np.cumsum(is_new) - 1
    pairs = np.stack(divmod(codes[is_new], graph.num_nodes), axis=1)
    unit_of = _placed(is_link, unit_of_link)
    return _Links(graph, directed, len(pairs), pairs, np.arange(len(pairs)), unit_of, times[is_new])


def _placed(is_link, unit_of_link):
    unit_of = np.full(len(is_link), -1)
    unit_of[is_link] = unit_of_link
    return unit_of


def _drawn(num_units, val, test, seed):
    """int8[U]: the part of each unit, at random."""
    part, order = np.full(num_units, TRAIN, np.int8), rng.permutation(_key(seed, ORDER), num_units)
    num_test, num_val = round(test * num_units), round(val * num_units)
    part[order[:num_test]] = TEST
    part[order[num_test : num_test + num_val]] = VAL
    return part


def _latest(times, val, test):
    """The same of units at rising ``times``: the latest are test; those of one time are in one part, the later one."""
    part, end = np.full(len(times), TRAIN, np.int8), len(times)
    for number, share in ((TEST, test), (VAL, val)):
        count = min(round(share * len(times)), end)
        first = np.searchsorted(times, times[end - count]) if count else end
        part[first:end] = number
        end = first
    return part


def _training(part, disjoint_train, seed):
    """(units to train on, units whose edges are messages), bool[U] each."""
    train = np.flatnonzero(part == TRAIN)
    count = round(disjoint_train * len(train))
    if disjoint_train and not 0 < count < len(train):
        rule = f"disjoint_train = {disjoint_train:g} of {len(train):,} training links leaves none to train on, or no messages"
        raise ValueError(f"{rule}: take another share")
    is_train = part == TRAIN
    if not count:
        return is_train, is_train
    alone = np.zeros(len(part), bool)
    alone[train[rng.permutation(_key(seed, DISJOINT), len(train))[:count]]] = True
    return alone, is_train & ~alone


def _refuse_empty(part, shares, by):
    if not len(part):
        raise ValueError("the graph has no links to split: it needs edges between two nodes")
    for number, (name, share) in enumerate({"train": 1, **shares}.items()):
        if share and not (part == number).any():
            left = f"val = {shares['val']:g} and test = {shares['test']:g} of {len(part):,} links leave {name} empty"
            why = " (links of one time stay together)" if by == "time" else ""
            raise ValueError(f"{left}{why}: take other shares")


def _unread(source, by):
    """What is known of times and has no effect here."""
    is_unread = by == "time" and getattr(source, "node_times", None) is not None
    return ("node_times are not read: each node is there from the beginning",) if is_unread else ()


def _parts_of(source, features):
    """The fields that a ``LinkDataset`` has from its source."""
    if isinstance(source, NodeDataset):
        if features is not None:
            raise ValueError("features are those of the dataset: leave them out, or give a Graph in its place")
        return {name: getattr(source, name) for name in ("graph", "features", "node_ids", "name", "schema")}
    if not isinstance(source, Graph):
        raise TypeError(f"source must be a NodeDataset or a Graph, got {told(source)}")
    if features is None:
        rule = "a Graph has no features: pass features= [N, F] (SparseFeatures.identity(N): each node is its own)"
        raise ValueError(rule)
    return {"graph": source, "features": features}


def _key(seed, purpose):
    return rng.stream_key(seed, rng.SPLIT, LINKS, purpose)
