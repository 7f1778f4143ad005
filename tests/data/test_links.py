"""LinkDataset: what it takes, what it keeps, and each refusal by its text."""

import pickle

import numpy as np
import pytest
import torch

from graphsage import Graph, Items, LinkDataset
from graphsage.data.link_parts import codes_of
from graphsage.data.links import is_directed

NONE = np.empty((0, 2), np.int64)
MESSAGES = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4], 6, undirected=True)
DIRECTED = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4], 6)
TIMED = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4], 6, undirected=True, times=[1, 2, 3, 4])


def links(graph=MESSAGES, **parts):
    parts = {"train": [[0, 1], [2, 1]], "val": [[0, 2]], "test": NONE, **parts}
    return LinkDataset(graph=graph, features=np.ones((6, 3), np.float32), **parts)


def pairs_of(graph):
    return set(zip(*(ends.tolist() for ends in graph.to_edges())))


@pytest.mark.parametrize("pairs", [
    [[0, 3], [5, 1]], np.array([[0, 3], [5, 1]], np.int32), torch.tensor([[0, 3], [5, 1]]), Items([[0, 3], [5, 1]]),
], ids=["list", "array", "tensor", "items"])  # fmt: skip
def test_parts_are_items_of_pairs(pairs):
    dataset = links(test=pairs)
    assert dataset.test.seeds.tolist() == [[0, 3], [5, 1]] and dataset.test.seeds.dtype == np.int64
    assert dataset.val.seeds.tolist() == [[0, 2]] and dataset.train.time is None
    assert not dataset.test.seeds.flags.writeable


def test_known_links_are_the_messages_and_the_parts_both_ways():
    known = links(test=[[5, 0]]).known
    one_way = {(0, 1), (1, 2), (2, 3), (3, 4), (0, 2), (5, 0)}
    assert pairs_of(known) == one_way | {(b, a) for a, b in one_way} and known.num_edges == 2 * len(one_way)
    known = links(DIRECTED, test=[[5, 0]], train=[[0, 1], [2, 1]]).known
    assert pairs_of(known) == {(0, 1), (1, 2), (2, 3), (3, 4), (0, 2), (5, 0), (2, 1)}


def test_direction_is_the_graphs():
    both_ways = Graph.from_edges([0, 1, 0, 1], [1, 0, 1, 0], 2)
    once_more = Graph.from_edges([0, 1, 0], [1, 0, 1], 2)
    found = [is_directed(graph) for graph in (MESSAGES, DIRECTED, both_ways, once_more, links().without_edges().graph)]
    assert found == [False, True, False, True, False]
    assert links().directed is False and links(DIRECTED).directed is True
    assert links(directed=True, train=[[0, 1], [1, 0]]).directed is True


def test_codes_of_pairs():
    pairs = np.array([[0, 3], [3, 0], [2, 2]])
    assert codes_of(pairs, 5, True).tolist() == [3, 15, 12] and codes_of(pairs, 5, False).tolist() == [3, 3, 12]


def test_counts_and_words():
    assert links().statistics() == {
        "num_nodes": 6, "num_edges": 8, "num_features": 3, "num_isolated": 1, "max_degree": 2,
        "num_train": 2, "num_val": 1, "num_test": 0,
    }  # fmt: skip
    text = links(name="toy").summary()
    assert text.startswith("toy: 6 nodes (1 isolated), 8 messages (largest degree 2),\n  3 features, 2 / 1 / 0 undirected")
    assert text.endswith("all on the same messages, 2 of which are links to train on: a batch sees none that it asks about")
    timed = links(TIMED, train=Items([[0, 1]], time=[1]), val=Items([[0, 1]], time=[5]))
    assert timed.summary().endswith("each asked about as of its time, on the messages of before")
    assert repr(links()).startswith("LinkDataset(None, directed=False, num_nodes=6, num_edges=8")


def test_variants_and_pickles_keep_the_links():
    dataset = links(name="toy", node_ids=list("abcdef"))
    for made in (dataset.without_edges(), dataset.row_normalized(), pickle.loads(pickle.dumps(dataset))):
        assert made.train.seeds.tolist() == dataset.train.seeds.tolist() and made.name == "toy"
        assert made.directed is False and pairs_of(made.known) == pairs_of(dataset.known)
        assert made.node_ids.tolist() == list("abcdef")
    assert dataset.without_edges().graph.num_edges == 0
    np.testing.assert_allclose(dataset.row_normalized().features, 1 / 3)


def test_times_are_on_the_axis_of_the_graph():
    parts = {"train": Items([[0, 1]], time=[1]), "val": Items([[0, 1]], time=[3]), "test": Items([[1, 0]], time=[4])}
    dataset = links(TIMED, **parts)
    assert dataset.test.time.tolist() == [4] and dataset.has_times and not links(TIMED).has_times
    assert dataset.without_edges().graph.times.dtype == np.int64


@pytest.mark.parametrize("parts, text", [
    ({"val": [[0, 6]]}, r"val\[0\] = \(0, 6\) is no pair of nodes: the graph has 6"),
    ({"val": [[1, -1]]}, r"val\[0\] = \(1, -1\) is no pair of nodes"),
    ({"val": [0, 1, 2]}, r"val must be pairs of nodes, integers \[n, 2\], got shape \(3,\)"),
    ({"val": [[0, 1, 2], [3, 4, 5]]}, r"got shape \(2, 3\): val.T has a row a pair"),
    ({"val": Items([0, 1])}, r"val must be pairs of nodes, integers \[n, 2\], got shape \(2,\)"),
    ({"val": [[4, 4]]}, r"val\[0\] = \(4, 4\) links a node to itself: leave self loops out"),
    ({"test": [[2, 0]]}, r"the link \(0, 2\) is in val and in test: list each link once; an undirected one has no order"),
    ({"val": [[5, 0], [5, 0]]}, r"the link \(0, 5\) is in val twice"),
    ({"test": [[5, 0], [4, 3]]}, r"1 of 2 links of test are among the messages, \(4, 3\) first: the graph must not have them"),
    ({"val": Items([[0, 2]], label=[1])}, "val must be true links alone, without label"),
    ({"val": Items([[0, 2]], weight=[1])}, "val must be true links alone, without weight"),
    ({"val": Items([[0, 2]], time=[1])}, r"val has times, and the graph has none: pass Graph.from_edges\(..., times=\)"),
    ({"known": MESSAGES}, r"known must have all true links, and lacks \(0, 2\) of val"),
    ({"known": Graph.from_edges([0, 2], [2, 1], 6)}, r"known must have all true links, and lacks \(0, 1\) of train"),
    ({"train": [[0, 1]], "known": Graph.from_edges([0, 0], [1, 2], 6)}, r"and lacks \(2, 1\) among the messages"),
    ({"known": Graph.from_edges([0], [1], 2)}, "known must have a row a node, 6; it has 2"),
    ({"node_ids": list("abc")}, "node_ids must have one entry per node, 6"),
])  # fmt: skip
def test_refused_values(parts, text):
    with pytest.raises(ValueError, match=text):
        links(**parts)


@pytest.mark.parametrize("parts, text", [
    ({"val": [[0.5, 2.0]]}, "val must be integers that fit 64 bits, got float64"),
    ({"val": np.array([[True, False]])}, "val must be integers that fit 64 bits, got bool"),
    ({"directed": "no"}, "directed must be True or False, got 'no'"),
    ({"known": [[0, 1]]}, "known must be a Graph, got list"),
    ({"schema": "x"}, "schema must be a dict or None, got str"),
])  # fmt: skip
def test_refused_kinds(parts, text):
    with pytest.raises(TypeError, match=text):
        links(**parts)


def test_times_of_some_links_only():
    with pytest.raises(ValueError, match="train has times and val has none: give times to all links, or to none"):
        links(TIMED, train=Items([[0, 1]], time=[1]))
    with pytest.raises(TypeError, match="times must be integers or dates, as the graph's times are; got float64"):
        links(TIMED, train=Items([[0, 1]], time=[1.5]), val=NONE)


def test_a_directed_link_may_have_its_reverse_elsewhere():
    assert links(DIRECTED, test=[[1, 0]], val=[[4, 3]]).test.seeds.tolist() == [[1, 0]]
