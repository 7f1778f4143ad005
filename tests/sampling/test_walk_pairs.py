"""Pairs of walks: which of them there are, when, and from where; what is refused."""

import naive_walks
import numpy as np
import pytest
from helpers.graphs import asymmetric, random_graph

from graphsage import Graph, WalkPairs

pytestmark = pytest.mark.kernels
GRAPH = random_graph(60, 200)


def naive_pairs(graph, pairs, epoch, step):
    """By lists: each step that was made, of each walk, gives its start and where it came to."""
    starts = np.repeat(pairs.plan.seeds(epoch, step), pairs.walks_per_node).tolist()
    walks = naive_walks.walks(graph, starts, pairs.length, p=pairs.p, q=pairs.q, seed=pairs.seed, epoch=epoch, step=step)
    made = [(walk[0], node) for walk in walks for before, node in zip(walk, walk[1:]) if len(graph.neighbors(before))]
    return [pair for pair in made if pair[0] != pair[1]]


@pytest.mark.parametrize("options", [
    {}, {"length": 1}, {"walks_per_node": 3, "length": 2}, {"p": 0.25, "q": 4}, {"batch_size": None}
], ids=str)  # fmt: skip
def test_twin(options):
    pairs = WalkPairs(GRAPH, **{"batch_size": 7, "seed": 3, **options})
    for epoch, step in ((0, 0), (2, pairs.plan.num_steps - 1)):
        items = pairs.pairs_of(epoch, step)
        assert items.seeds.tolist() == list(map(list, naive_pairs(GRAPH, pairs, epoch, step)))
        assert items.time is items.label is None


def test_pairs_are_a_function_of_their_place():
    pairs, again = (WalkPairs(GRAPH, 7, seed=3) for _ in range(2))
    later = pairs.pairs_of(1, 2).seeds
    np.testing.assert_array_equal(again.pairs_of(1, 2).seeds, later)
    others = [pairs.pairs_of(1, 1), pairs.pairs_of(0, 2), WalkPairs(GRAPH, 7, seed=4).pairs_of(1, 2)]
    others.append(WalkPairs(GRAPH, 7, seed=3, stream="evaluate").pairs_of(1, 2))
    assert not any(np.array_equal(other.seeds, later) for other in others)


def test_starts_are_those_that_can_walk():
    graph = Graph.from_edges([0, 1, 3, 3, 5], [1, 0, 3, 4, 5], 6)  # 2 is isolated, 3 and 5 have themselves alone
    assert WalkPairs(graph).plan.nodes.tolist() == [0, 1, 4]
    assert WalkPairs(graph, nodes=[4, 5, 4, 2]).plan.nodes.tolist() == [4, 4]
    assert WalkPairs(graph, nodes=np.arange(6) == 1).plan.nodes.tolist() == [1]


def test_a_walk_that_ends_makes_no_more_pairs():
    """2 aggregates from 0 and 1, 1 from 0, and 0 from nobody: 0 is met once a walk."""
    pairs = WalkPairs(asymmetric(), nodes=[1] * 9, length=4).pairs_of(0, 0).seeds
    assert pairs.tolist() == [[1, 0]] * 9


def test_a_node_meets_itself_only_where_nothing_else_is_met():
    looped = Graph.from_edges([0, 1, *[0] * 50], [1, 0, *[0] * 50], 2)
    pairs = WalkPairs(looped, nodes=[0], length=1, batch_size=1)
    met = {tuple(map(tuple, pairs.pairs_of(epoch, 0).seeds.tolist())) for epoch in range(200)}
    assert met == {((0, 0),), ((0, 1),)}
    crowd = WalkPairs(looped, nodes=[0] * 500, length=1, batch_size=None).pairs_of(0, 0).seeds
    assert set(map(tuple, crowd.tolist())) == {(0, 1)}


def test_weighted_walks():
    graph = Graph.from_edges([0, 2, 1, 3], [1, 1, 0, 2], 4, weights=[1.0, 0.0, 1.0, 0.0])
    pairs = WalkPairs(graph, None, draw="weighted", length=3)
    assert pairs.plan.nodes.tolist() == [0, 1]  # the edge of 2 weighs nothing
    assert set(map(tuple, pairs.pairs_of(0, 0).seeds.tolist())) == {(0, 1), (1, 0)}


@pytest.mark.parametrize("options, text", [
    ({"graph": {0: [1]}}, "graph must be a Graph, got dict"),
    ({"graph": Graph.from_edges([1], [1], 2)}, "no walk leaves its start: the nodes have no neighbours but themselves"),
    ({"nodes": []}, "no walk leaves its start"),
    ({"nodes": [60]}, r"nodes\[0\] = 60 is not a node: the graph has 60"),
    ({"length": 0}, "length must be an integer >= 1, got 0"),
    ({"walks_per_node": 0}, "walks_per_node must be an integer >= 1, got 0"),
    ({"p": -1}, r"p must be a number from 1e-06 to 1e\+06, got -1"),
    ({"draw": "weighted"}, "needs weights, and the graph has none"),
    ({"batch_size": 0}, "batch_size must be"),
    ({"stream": "x"}, "stream must be one of"),
])  # fmt: skip
def test_what_is_refused(options, text):
    with pytest.raises((ValueError, TypeError), match=text):
        WalkPairs(**{"graph": GRAPH, **options})
