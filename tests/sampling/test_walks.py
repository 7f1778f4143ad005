"""Random walks against their slow twin; what a walk is a function of; where it cannot go on; what is refused."""

import naive_walks
import numpy as np
import pytest
from helpers.graphs import asymmetric, digest, random_graph

from graphsage import Graph, random_walks
from graphsage.sampling.draws import Labor, Recent, Uniform, Weighted

pytestmark = pytest.mark.kernels
ORDERS = pytest.mark.parametrize("p, q", [(1, 1), (0.25, 4), (4, 0.25), (1, 30), (30, 1), (30, 30)], ids=str)
DRAWS = pytest.mark.parametrize("draw", ["uniform", "weighted"])


def a_graph():
    """Hubs, isolated nodes, duplicates, loops, and rows in no order; a third of the weights 0, a few large."""
    plain, generator = random_graph(60, 300), np.random.default_rng(3)
    weights = np.where(generator.random(300) < 0.3, 0, generator.random(300)) * np.where(np.arange(300) % 40, 1, 1000)
    order = np.lexsort((generator.random(300), np.repeat(np.arange(60), plain.degrees)))
    return Graph.from_csr(plain.indptr, plain.indices[order], weights=weights)


GRAPH, STARTS = a_graph(), np.arange(60).repeat(2)[::-1]


def walks_of(draw="uniform", starts=STARTS, length=6, **options):
    return random_walks(GRAPH, starts, length, draw=draw, weights="ignore", seed=5, **options)


@ORDERS
@DRAWS
def test_twins(draw, p, q):
    walks = walks_of(draw, p=p, q=q, epoch=2, step=3)
    twins = naive_walks.walks(GRAPH, STARTS.tolist(), 6, p=p, q=q, by_weight=draw == "weighted", seed=5, epoch=2, step=3)
    assert walks.dtype == np.int64
    assert walks.tolist() == twins


@ORDERS
@DRAWS
def test_threads_and_later_walks_and_steps_change_nothing(draw, p, q):
    walks = walks_of(draw, p=p, q=q)
    for num_threads in (0, 2, 7, 500):
        np.testing.assert_array_equal(walks_of(draw, p=p, q=q, num_threads=num_threads), walks)
    np.testing.assert_array_equal(walks_of(draw, STARTS[:33], 4, p=p, q=q), walks[:33, :5])


def test_seeds_epochs_steps_and_streams_walk_each_in_its_own_way():
    others = [{}, {"epoch": 1}, {"step": 1}, {"stream": "evaluate"}, {"stream": "predict"}]
    assert len({digest([walks_of(**options)]) for options in others}) == len(others)


def test_golden_walks():
    """Committed: the walks of a seed do not change."""
    found = [digest([walks_of(draw, p=p, q=q)])[:16] for draw in ("uniform", "weighted") for p, q in ((1, 1), (0.25, 4))]
    assert found == ["2cfdd04f4da4cc0f", "54c769ebb21bda4e", "202e3574b4d5aa71", "11d7b60057009441"]


def test_a_step_goes_to_a_node_that_the_row_has():
    """Edges 0 -> 1, 0 -> 2, 1 -> 2: node 2 aggregates from 0 and 1, and the walk goes to them, against the edges."""
    walks = random_walks(asymmetric(), [2] * 50, 3, seed=1)
    assert set(map(tuple, walks.tolist())) == {(2, 0, 0, 0), (2, 1, 0, 0)}


def test_a_node_without_neighbours_keeps_its_walks():
    graph = Graph.from_edges([1, 1], [0, 2], 4, weights=[1.0, 0.0])
    assert random_walks(graph, [0, 3], 2, weights="ignore").tolist() == [[0, 1, 1], [3, 3, 3]]
    assert random_walks(graph, [2, 0], 2, draw="weighted", p=3).tolist() == [[2, 2, 2], [0, 1, 1]]


def test_no_walks():
    assert random_walks(GRAPH, [], 3, weights="ignore").shape == (0, 4)
    empty = Graph.from_edges([], [], 2)
    assert random_walks(empty, [1], 1, p=2).tolist() == [[1, 1]]


def test_an_edge_of_weight_0_is_nobodys_neighbour_in_the_bias_either():
    """From 0 over 1: 2 is away, although row 0 lists it with weight 0; q = 1e6 keeps the walk from it."""
    graph = Graph.from_csr([0, 2, 4, 4], [1, 2, 0, 2], weights=[1.0, 0.0, 1.0, 1.0])
    walks = random_walks(graph, [0] * 200, 2, draw="weighted", q=1e6, seed=2)
    assert set(map(tuple, walks.tolist())) == {(0, 1, 0)}
    assert (random_walks(graph, [0] * 200, 2, weights="ignore", p=1e6, seed=2)[:, 2] == 2).any()


def test_what_the_next_row_begins_with_is_not_near():
    """Rows [1] and [2, 3]: from 0 over 1 both nodes are away, though 2 stands where row 0 ends."""
    graph = Graph.from_csr([0, 1, 3, 3, 3], [1, 2, 3])
    assert set(random_walks(graph, [0] * 100, 2, q=1e6, seed=2)[:, 2].tolist()) == {2, 3}


@pytest.mark.parametrize("options, text", [
    ({"starts": [60]}, r"starts\[0\] = 60 is not a node: the graph has 60"),
    ({"starts": [0.5]}, "starts must be integers that fit 64 bits, got float64"),
    ({"length": 0}, "length must be an integer >= 1, got 0"),
    ({"length": 10**12}, "2 walks of 1000000000000 steps would need"),
    ({"p": 0}, r"p must be a number from 1e-06 to 1e\+06, got 0"),
    ({"p": True}, r"p must be a number from 1e-06 to 1e\+06, got True"),
    ({"q": float("nan")}, r"q must be a number from 1e-06 to 1e\+06, got nan"),
    ({"q": "1"}, r"q must be a number from 1e-06 to 1e\+06, got '1'"),
    ({"draw": "recent"}, 'draw = recent has no meaning in a walk: take "uniform" or "weighted"'),
    ({"draw": Labor()}, "has no meaning in a walk"),
    ({"draw": Recent()}, "has no meaning in a walk"),
    ({"draw": "node2vec"}, "draw must be one of 'uniform', 'weighted', 'recent', 'labor'; got 'node2vec'"),
    ({"weights": "refuse"}, "the graph has weights, and this draw does not read them"),
    ({"seed": -1}, "seed must be an integer from 0"),
    ({"epoch": 0.5}, "epoch must be an integer"),
    ({"stream": "test"}, "stream must be one of 'train', 'evaluate', 'predict'; got 'test'"),
    ({"num_threads": -1}, "num_threads must be an integer >= 0, got -1"),
    ({"graph": GRAPH.to_adjacency_dict()}, "graph must be a Graph, got dict: Graph.from_adjacency_dict"),
    ({"graph": random_graph(5, 9), "draw": "weighted"}, "needs weights, and the graph has none"),
])  # fmt: skip
def test_what_is_refused(options, text):
    given = {"graph": GRAPH, "starts": [0, 1], "length": 3, "weights": "ignore", **options}
    with pytest.raises((ValueError, TypeError), match=text):
        random_walks(**given)


def test_records_of_draws_are_taken():
    np.testing.assert_array_equal(walks_of(Uniform()), walks_of())
    np.testing.assert_array_equal(walks_of(Weighted(True)), walks_of("weighted"))
