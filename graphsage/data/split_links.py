"""split_links: links to train, validate and test on, and the messages that are left. At random by key, or by time."""

from functools import partial
from typing import Any

import numpy as np

from graphsage.base import rng
from graphsage.base.checks import as_share, one_of
from graphsage.base.told import told
from graphsage.data.dataset import NodeDataset
from graphsage.data.link_units import DISJOINT, ORDER, LinkEdges, dated, key_of, linked
from graphsage.data.links import LinkDataset, links_graph
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_split import typed_parts
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.graph.typed_graph import Relation

TRAIN, VAL, TEST = range(3)


def split_links(
    source: NodeDataset | TypedDataset | Graph,
    *,
    relation: Relation | str | None = None,
    val: float = 0.05,
    test: float = 0.10,
    by: str = "random",
    disjoint_train: float = 0.0,
    seed: int = 0,
    features: np.ndarray | SparseFeatures | None = None,
) -> LinkDataset | Any:
    """The links of a graph in three parts, and the messages that are left: a ``LinkDataset``, or a ``TypedLinkDataset``.

    source: ``NodeDataset`` or ``TypedDataset``, of which labels and split are not read; or ``Graph``, with ``features`` [N, F].
    relation: of a ``TypedDataset``, (source type, name, target type) of the links to split, or its name where no other has it;
        may be left out where there is one alone, reverses aside. Edges of its reverses go with its own, and those of all other
        relations are messages.
    val, test: shares of the links, round(share * links) of them exactly; 0 leaves a part empty.
    by: "random": two nodes that are linked are one link, whichever way and however often: reverses and parallel edges stay
        together. "time": two nodes are linked anew at each time that they have an edge; the latest links are test, those
        before validation, and links of one time stay together, in the later part. Items then carry their times.
    disjoint_train: share of the training links, chosen at random. Above 0 these alone are trained on and are no messages, and
        the others are messages alone. At 0 every training link is both: ``LinkLoader`` hides it where it is asked about.
    seed: 0 <= seed < 2^64. The same seed and links give the same split, whatever the order of the edges.

    The messages (``LinkDataset.graph``) are the edges of the training links, with their ids, weights and times; validation
    and test are asked on them, too. By time: all edges before the first validation link, and each link sees those before
    itself; the ``node_times`` of a ``NodeDataset`` are not read. Self loops are no links and stay among the messages. Edges
    both ways (an undirected graph) give undirected links, written in a random order of their ends: corrupted targets would
    else all be of the larger number. A directed graph that links two nodes both ways gives two pairs, in the same part; that
    counts as one link in the shares.

    Raises ValueError, one sentence, for shares that leave nothing to train on, or a part empty that was asked for.
    """
    edges, made = _parts_of(source, features, relation)
    shares = {name: as_share(name, share) for name, share in {"val": val, "test": test}.items()}
    if sum(shares.values()) >= 1:
        raise ValueError(f"val + test must be below 1, got {sum(shares.values()):g}: the rest is trained on")
    disjoint_train = as_share("disjoint_train", disjoint_train)
    links = dated(edges) if one_of("by", by, ("random", "time")) == "time" else linked(edges)
    part = _latest(links.time, **shares) if by == "time" else _drawn(links.num_units, **shares, seed=seed)
    _refuse_empty(part, shares, by)
    asked, messages = _training(part, disjoint_train, seed)
    items = {"train": asked, "val": part == VAL, "test": part == TEST}
    how = {**shares, "by": by, "disjoint_train": disjoint_train, "seed": int(seed)}
    return made(
        links.seen(messages, part != TRAIN),
        links.pairs,
        **{name: links.items(chosen, seed) for name, chosen in items.items()},
        directed=edges.directed,
        notes=links.notes() + _unread(source, by),
        how_split=how,
    )


def _drawn(num_units, val, test, seed):
    """int8[U]: the part of each unit, at random."""
    part, order = np.full(num_units, TRAIN, np.int8), rng.permutation(key_of(seed, ORDER), num_units)
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
    alone[train[rng.permutation(key_of(seed, DISJOINT), len(train))[:count]]] = True
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
    is_unread = by == "time" and isinstance(source, NodeDataset) and source.node_times is not None
    return ("node_times are not read: each node is there from the beginning",) if is_unread else ()


def _parts_of(source, features, relation):
    """(the ``LinkEdges`` of what is split, function(messages, pairs of all links, **parts) -> the dataset of links)."""
    if isinstance(source, TypedDataset):
        _refuse_features(features)
        return typed_parts(source, relation)
    if relation is not None and isinstance(source, (Graph, NodeDataset)):
        raise ValueError("relation is of a TypedDataset: leave it out, as a graph of one type has one kind of links")
    if isinstance(source, NodeDataset):
        _refuse_features(features)
        own = {name: getattr(source, name) for name in ("graph", "features", "node_ids", "name", "schema")}
    elif not isinstance(source, Graph):
        raise TypeError(f"source must be a NodeDataset, a TypedDataset or a Graph, got {told(source)}")
    elif features is None:
        rule = "a Graph has no features: pass features= [N, F] (SparseFeatures.identity(N): each node is its own)"
        raise ValueError(rule)
    else:
        own = {"graph": source, "features": features}
    return LinkEdges.of_graph(own["graph"]), partial(_link_dataset, own)


def _link_dataset(own, messages, pairs, *, directed, **parts):
    known = links_graph(*pairs.T, messages.num_nodes, directed)
    return LinkDataset(**own | {"graph": messages}, known=known, directed=directed, **parts)


def _refuse_features(features):
    """ValueError where features are given beside a dataset, which has its own."""
    if features is not None:
        raise ValueError("features are those of the dataset: leave them out, or give a Graph in its place")
