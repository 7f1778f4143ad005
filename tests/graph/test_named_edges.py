"""Edges between ids of any kind."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from graphsage.graph.graph import Graph


def rows(graph):
    return graph.to_adjacency_dict()


@pytest.mark.parametrize("src, dst, named", [
    (["b", "c", "b"], ["a", "b", "a"], {"a": ["b", "b"], "b": ["c"], "c": []}),
    (np.array(["b", "c"]), np.array(["a", "b"], object), {"a": ["b"], "b": ["c"], "c": []}),
    ([70, 900], [5, 70], {5: [70], 70: [900], 900: []}),
    (torch.tensor([2, 1]), torch.tensor([-3, 2]), {-3: [2], 1: [], 2: [1]}),
    (np.array([2**62], np.uint64), [-1], {-1: [2**62], 2**62: []}),
    ([1, "x"], ["x", 7], {"1": [], "7": ["x"], "x": ["1"]}),
    (["7.0", 8.0], ["8", " 7 "], {7: [8], 8: [7]}),
    ([2**64], [9], {"18446744073709551616": [], "9": [str(2**64)]}),
    (iter(["b"]), iter(["a"]), {"a": ["b"], "b": []}),
])
def test_the_ids_that_edges_name_are_the_nodes_in_rising_order(src, dst, named):
    graph = Graph.from_edges(src, dst)
    assert rows(graph) == named and list(rows(graph)) == list(named)


def test_numbers_of_rows_are_their_own_names():
    assert Graph.from_edges([2, 0], [1, 1]).node_ids is None
    assert Graph.from_edges(["2", "0"], ["1", "1"]).node_ids is None
    assert Graph.from_edges([], []).num_nodes == 0


NEAR, ANY = st.integers(0, 9), st.integers(0, 30) | st.integers(-5, 2**62)


@given(st.lists(st.tuples(ANY, ANY) | st.tuples(NEAR, NEAR), max_size=12))
def test_ids_near_one_another_and_far_apart(pairs):
    """Those that are looked up by place, and those that are sorted: the nodes are the ids, in rising order."""
    src, dst = np.array(pairs, np.int64).reshape(-1, 2).T
    names = np.unique([src, dst])
    wanted = Graph.from_edges(*np.searchsorted(names, [src, dst]), len(names))
    graph = Graph.from_edges(src, dst)
    assert np.array_equal(range(len(names)) if graph.node_ids is None else graph.node_ids, names)
    assert (graph.node_ids is None) == (names.tolist() == [*range(len(names))])
    for name in ("indptr", "indices", "edge_ids"):
        assert np.array_equal(getattr(graph, name), getattr(wanted, name))


def test_with_a_number_of_nodes_nothing_is_renumbered():
    graph = Graph.from_edges([5], [3], 7)
    assert graph.num_nodes == 7 and graph.node_ids is None and graph.neighbors(3).tolist() == [5]


def test_columns_of_pyarrow_and_pandas():
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    table = pa.table({"from": ["bob", "cid"], "to": ["ann", "ann"], "number": [7, 8]})
    assert rows(Graph.from_edges(table["from"], table["to"])) == {"ann": ["bob", "cid"], "bob": [], "cid": []}
    assert rows(Graph.from_edges(table["number"], table["number"])) == {7: [7], 8: [8]}
    with pytest.raises(TypeError, match="^src must be numbers, got a column 'from' of"):  # its heading is no id
        Graph.from_edges(pd.DataFrame({"from": ["bob"]}), ["ann"])
    with pytest.raises(TypeError, match=r"got an array of float64 \(ids are integers or texts, and none is missing\)$"):
        Graph.from_edges(pd.array([1, None], dtype="Int64"), [1, 2])


def test_all_nodes_by_name():
    """In their order, also those without an edge; weights and ids of edges stay with them."""
    graph = Graph.from_edges(["b", "c"], ["a", "a"], node_ids=["c", "a", "x", "b"], weights=[2.0, 3], undirected=True)
    assert rows(graph) == {"c": ["a"], "a": ["c", "b"], "x": [], "b": ["a"]}
    assert graph.weights.tolist() == [3, 3, 2, 2] and graph.edge_ids.tolist() == [1, 1, 0, 0]
    assert rows(Graph.from_edges(["7.0"], [3], node_ids=[3, 7])) == {3: [7], 7: []}


@pytest.mark.parametrize("src, dst, how, error, text", [
    (["a", "b"], ["a"], {}, ValueError, "dst must have one entry per edge .src., 2; got shape"),
    (["a", None], ["a", "b"], {}, TypeError, r"src must be ids of nodes, integers or texts, got src\[1\] = None"),
    (["a"], [""], {}, TypeError, r"dst must be ids of nodes, integers or texts, got dst\[0\] = ''"),
    ([1.5], [1], {}, TypeError, r"src must be ids of nodes, integers or texts, got src\[0\] = 1.5"),
    ([(1, 2), (1, 2)], [1, "a"], {}, ValueError, "src must be one-dimensional"),
    ([True, "b"], ["b", "a"], {}, TypeError, r"got src\[0\] = True"),
    (np.array([1.0]), [1], {}, TypeError, "src must be a list of nodes, got an array of float64"),
    ("ab", ["a", "b"], {}, TypeError, "src must be"),
    (["a"], ["z"], {"node_ids": ["a", "b"]}, ValueError, r"dst\[0\] = 'z' is not among node_ids: they must name every node"),
    (["a"], ["b"], {"node_ids": ["a", "b", "a"]}, ValueError, "node_ids must be distinct, got 'a' more than once"),
    (["a"], ["b"], {"num_nodes": 2}, TypeError, "src must be integers .*: leave num_nodes out where nodes have names"),
])  # fmt: skip
def test_what_is_no_id_is_refused(src, dst, how, error, text):
    with pytest.raises(error, match=text):
        Graph.from_edges(src, dst, **how)
