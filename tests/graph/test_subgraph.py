"""Induced subgraphs, beside networkx's and scipy's; and graphs with fewer edges."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from helpers.graphs import asymmetric, graphs, random_graph, rows
from hypothesis import given, strategies as st

from graphsage.graph.graph import Graph
from graphsage.graph.subgraph import edges_among

EDGES = np.random.default_rng(3).integers(0, 30, (2, 200))


def undirected():
    return Graph.from_edges(*EDGES, 30, weights=np.arange(200) / 4, times=7 * np.arange(200), undirected=True)


@given(graphs(), st.data())
def test_it_has_the_edges_of_networkx_subgraph(graph, data):
    nodes = data.draw(st.lists(st.integers(0, graph.num_nodes - 1), unique=True))
    found, wanted = graph.subgraph(nodes), nx.MultiDiGraph(graph.to_networkx()).subgraph(nodes)
    names = found.node_ids.tolist()
    assert names == nodes
    ends = [(names[u], names[v]) for u, v in zip(*(part.tolist() for part in found.to_edges()))]
    assert Counter(ends) == Counter(wanted.edges(keys=False))


@given(st.permutations(range(12)), st.integers(0, 12))
def test_it_is_the_part_of_the_matrix(order, count):
    graph, nodes = random_graph(12, 60), order[:count]
    matrix = graph.to_scipy()[nodes][:, nodes]
    assert (graph.subgraph(nodes).to_scipy().toarray() == matrix.toarray()).all()


@pytest.mark.parametrize("nodes", [[], [7], [3, 29, 0, 11, 12, 13, 14, 20], np.arange(30)[::-1]], ids=len)
def test_edges_keep_ids_weights_times_and_directions(nodes):
    graph = undirected()
    found = graph.subgraph(nodes)
    src, dst = (found.node_ids[ends] for ends in found.to_edges())
    turned = np.where(found.edge_reversed, EDGES[:, found.edge_ids][::-1], EDGES[:, found.edge_ids])
    assert np.array_equal(np.stack([src, dst]), turned)
    assert np.array_equal(found.weights, found.edge_ids / 4) and np.array_equal(found.times, 7 * found.edge_ids)
    is_in = np.isin(EDGES, nodes).all(0)
    assert found.num_edges == 2 * is_in.sum() - (is_in & (EDGES[0] == EDGES[1])).sum()


def test_rows_stay_in_their_own_order():
    graph = Graph.from_csr([0, 3, 3, 4, 5], [2, 1, 3, 0, 0])
    found = graph.subgraph([3, 2, 0])
    assert rows(found) == {0: [2], 1: [2], 2: [1, 0]} and found.edge_ids.tolist() == [4, 3, 0, 2]
    assert found.to_adjacency_dict() == {3: [0], 2: [0], 0: [2, 3]}


def test_names_and_ids_go_along():
    graph = Graph.from_edges([0, 1], [1, 2], 3, edge_ids=[70, 50], node_ids=["a", "b", "c"])
    found = graph.subgraph(np.array([False, True, True])).subgraph([1, 0])
    assert found.to_adjacency_dict() == {"c": ["b"], "b": []} and found.edge_ids.tolist() == [50]


@pytest.mark.parametrize("nodes, text", [
    ([2, 0, 2], "^nodes lists node 2 more than once: list each node once$"),
    ([3], r"^nodes\[0\] = 3 is not a node: the graph has 3$"),
    ([[0]], "^nodes must be one-dimensional"),
])
def test_what_is_no_list_of_nodes(nodes, text):
    with pytest.raises(ValueError, match=text):
        asymmetric().subgraph(nodes)


def test_edges_among_leaves_the_nodes():
    graph, nodes = undirected(), [4, 5, 6, 20, 21]
    found = edges_among(graph, nodes)
    named = {found.edge_ids[at]: (u, v) for at, (u, v) in enumerate(zip(*(part.tolist() for part in found.to_edges())))}
    assert found.num_nodes == 30 and found.node_ids is None
    assert set(named) == {edge for edge, (u, v) in enumerate(EDGES.T.tolist()) if u in nodes and v in nodes}
    assert found.subgraph(nodes).to_adjacency_dict() == graph.subgraph(nodes).to_adjacency_dict()
