"""Graph: every converter both ways, directions, edge ids, copies and what is refused."""

import copy
import pickle
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from helpers.graphs import DST, ROWS, SRC, asymmetric, edge_counts, edge_lists, graphs, rows
from hypothesis import given, strategies as st

from graphsage.graph.graph import Graph

SUCCESSORS = nx.DiGraph(zip(SRC, DST))
CSR = ([0, 0, 1, 3], [0, 0, 1])  # of ROWS


def assert_same(graph, other):
    """Equal in every array; rows in the same order."""
    for name in ("indptr", "indices", "weights", "node_ids"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(other, name), err_msg=name)


# ---- directions, on the asymmetric 3-node graph

SCIPY_KINDS = [getattr(sp, f"{kind}_{face}") for kind in ("coo", "csr", "csc", "lil", "dok")
               for face in ("array", "matrix")]


@pytest.mark.parametrize("build", [
    lambda: asymmetric(),
    lambda: Graph(indptr=np.array(CSR[0]), indices=np.array(CSR[1])),
    lambda: Graph.from_csr(*CSR),
    lambda: Graph.from_adjacency_dict(ROWS),
    lambda: Graph.from_networkx(SUCCESSORS, directed=True),
    lambda: Graph.from_networkx(nx.MultiDiGraph(SUCCESSORS), directed=True),
    *[lambda kind=kind: Graph.from_scipy(kind([[0, 0, 0], [1, 0, 0], [1, 1, 0]])) for kind in SCIPY_KINDS],
])
def test_every_converter_reads_the_direction_it_states(build):
    graph = build()
    assert rows(graph) == ROWS
    assert graph.indptr.dtype == np.int64 and graph.indices.dtype == np.int32
    assert graph.weights is None and graph.node_ids is None


def test_every_converter_writes_the_direction_it_reads():
    graph = asymmetric()
    src, dst = graph.to_edges()
    assert edge_counts(src, dst) == edge_counts(SRC, DST)
    assert graph.to_adjacency_dict() == ROWS
    assert graph.to_scipy().toarray().tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert sorted(graph.to_networkx().edges()) == [(0, 1), (0, 2), (1, 2)]
    assert rows(graph.reverse()) == {0: [1, 2], 1: [2], 2: []}


def test_undirected_networkx_aggregates_from_both_ends():
    graph = Graph.from_networkx(nx.Graph([(0, 1), (1, 2), (2, 2)]))
    assert rows(graph) == {0: [1], 1: [0, 2], 2: [1, 2]}
    multi = Graph.from_networkx(nx.MultiGraph([(0, 1), (0, 1)]))
    assert rows(multi) == {0: [1, 1], 1: [0, 0]}


# ---- round trips

@given(graphs())
def test_round_trips(graph):
    again = Graph.from_csr(graph.indptr, graph.indices)
    assert_same(again, graph)
    assert_same(Graph.from_adjacency_dict(graph.to_adjacency_dict()), graph)
    assert_same(Graph.from_scipy(graph.to_scipy()), graph)
    by_source = Graph.from_edges(*graph.to_edges(), graph.num_nodes)
    assert [sorted(row) for row in rows(graph).values()] == list(rows(by_source).values())
    assert_same(Graph.from_networkx(graph.to_networkx()), by_source)
    assert_same(by_source.reverse().reverse(), by_source)
    assert graph.degrees.tolist() == [len(row) for row in rows(graph).values()]


@given(graphs(), st.data())
def test_weights_make_the_round_trip(graph, data):
    weight = st.floats(0, 100, width=32)
    weights = data.draw(st.lists(weight, min_size=graph.num_edges, max_size=graph.num_edges))
    weighted = Graph.from_csr(graph.indptr, graph.indices, weights=np.array(weights, np.float32))
    back = Graph.from_scipy(weighted.to_scipy())
    assert weighted.weights.dtype == np.float32
    if set(weights) - {1.0}:
        assert_same(back, weighted)
    else:
        assert back.weights is None
    via_edges = Graph.from_edges(*weighted.to_edges(), weighted.num_nodes, weights=weighted.weights)
    via_networkx = Graph.from_networkx(weighted.to_networkx(), weight="weight")
    assert_same(via_networkx, via_edges)
    np.testing.assert_array_equal(via_edges.weights, weighted.weights[via_edges.edge_ids])


# ---- edge ids: attributes gathered by them are the caller's

def callers_edges(graph):
    """(src, dst) of each edge as the caller wrote it: reversed ones turned back."""
    src, dst = graph.to_edges()
    turned = np.zeros(graph.num_edges, bool) if graph.edge_reversed is None else graph.edge_reversed
    return np.where(turned, dst, src).tolist(), np.where(turned, src, dst).tolist()


KEEP_OR_DROP = st.sampled_from(["keep", "drop"])


def kept_counts(edges, duplicates, self_loops):
    """How often each (src, dst) should be there."""
    if self_loops == "drop":
        edges = [(u, v) for u, v in edges if u != v]
    return Counter(set(edges) if duplicates == "drop" else edges)


@given(edge_lists(), st.booleans(), KEEP_OR_DROP, KEEP_OR_DROP)
def test_edge_ids_lead_back_to_the_callers_edges(edges, undirected, duplicates, self_loops):
    num_nodes, src, dst = edges
    options = {"undirected": undirected, "duplicates": duplicates, "self_loops": self_loops}
    graph = Graph.from_edges(src, dst, num_nodes, weights=range(len(src)), **options)
    ids = graph.edge_ids
    assert callers_edges(graph) == (np.array(src, int)[ids].tolist(), np.array(dst, int)[ids].tolist())
    assert graph.weights.tolist() == ids.tolist()

    listed = list(zip(src, dst)) + [(v, u) for u, v in zip(src, dst) if undirected and u != v]
    assert edge_counts(*graph.to_edges()) == kept_counts(listed, duplicates, self_loops)


def test_dropped_duplicates_keep_the_smallest_id():
    edges = {"src": [1, 0, 1, 1, 0], "dst": [0, 1, 0, 1, 1], "num_nodes": 2, "duplicates": "drop"}
    graph = Graph.from_edges(**edges)
    assert (graph.indices.tolist(), graph.edge_ids.tolist()) == ([1, 0, 1], [0, 1, 3])
    both = Graph.from_edges(**edges, undirected=True, self_loops="drop")
    assert both.edge_ids.tolist() == [0, 0] and both.edge_reversed.tolist() == [False, True]


@given(graphs(), KEEP_OR_DROP, KEEP_OR_DROP)
def test_edge_ids_of_csr_and_scipy_are_positions(graph, duplicates, self_loops):
    options = {"duplicates": duplicates, "self_loops": self_loops}
    src, dst = graph.to_edges()
    order = np.argsort(np.sin(np.arange(graph.num_edges)))  # some other order of the edges
    shape = (graph.num_nodes, graph.num_nodes)
    coo = sp.coo_array((np.ones(len(src)), (dst[order], src[order])), shape)
    csc = coo.tocsc()
    as_csr = csc.tocsr().tocoo()
    for built, u, v in [
        (Graph.from_csr(graph.indptr, graph.indices, **options), src, dst),
        (Graph.from_scipy(graph.to_scipy(), **options), src, dst),
        (Graph.from_scipy(coo, **options), src[order], dst[order]),
        (Graph.from_scipy(csc, **options), as_csr.col, as_csr.row),
    ]:
        ids = np.arange(built.num_edges) if built.edge_ids is None else built.edge_ids
        assert callers_edges(built) == (u[ids].tolist(), v[ids].tolist())
        assert edge_counts(*built.to_edges()) == kept_counts(list(zip(u, v)), duplicates, self_loops)


def test_edge_ids_of_a_dict_count_its_lists_in_its_own_order():
    graph = Graph.from_adjacency_dict({2: [0, 1], 0: [], 1: [0, 0, 1]})
    assert rows(graph) == {0: [], 1: [0, 0, 1], 2: [0, 1]}
    assert graph.edge_ids.tolist() == [2, 3, 4, 0, 1]
    dropped = Graph.from_adjacency_dict({2: [0, 1], 0: [], 1: [0, 0, 1]}, duplicates="drop", self_loops="drop")
    assert rows(dropped) == {0: [], 1: [0], 2: [0, 1]}
    assert dropped.edge_ids.tolist() == [2, 0, 1]


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_edge_ids_of_networkx_count_its_edges(kind):
    given_ = kind([(2, 0), (0, 1), (1, 1), (0, 1), (1, 0), (2, 1)])
    graph = Graph.from_networkx(given_, directed=given_.is_directed())
    edges = np.array([(u, v) for u, v in given_.edges()])[graph.edge_ids]
    assert callers_edges(graph) == (edges[:, 0].tolist(), edges[:, 1].tolist())
    back = [] if given_.is_directed() else [(v, u) for u, v in given_.edges() if u != v]
    assert edge_counts(*graph.to_edges()) == Counter([*given_.edges(), *back])


def test_networkx_weights_are_read_by_name():
    given_ = nx.DiGraph()
    given_.add_edge(0, 1, cost=2.5)
    given_.add_edge(2, 1)
    assert Graph.from_networkx(given_, directed=True).weights is None
    assert Graph.from_networkx(given_, directed=True, weight="cost").weights.tolist() == [2.5, 1.0]
    with pytest.raises(ValueError, match="weight: no edge of the graph has an attribute 'cots'"):
        Graph.from_networkx(given_, directed=True, weight="cots")


@pytest.mark.parametrize("kind", [nx.DiGraph, nx.MultiDiGraph])
def test_a_digraph_asks_which_neighbours_are_meant(kind):
    """Both ends, as edges of tables are read, or predecessors: neither in silence."""
    given_ = kind([("a", "b"), ("b", "c"), ("c", "b")])
    with pytest.raises(ValueError, match=rf"graph is a {kind.__name__}: say directed=True .* or directed=False for both ends"):
        Graph.from_networkx(given_)
    assert Graph.from_networkx(given_, directed=True).to_adjacency_dict() == {"a": [], "b": ["a", "c"], "c": ["b"]}
    both = Graph.from_networkx(given_, directed=False, duplicates="drop")
    undirected = Graph.from_networkx(nx.Graph(given_))
    assert both.to_adjacency_dict() == undirected.to_adjacency_dict() == {"a": ["b"], "b": ["a", "c"], "c": ["b"]}
    with pytest.raises(ValueError, match="directed=True needs a DiGraph, got a Graph, whose edges have no direction"):
        Graph.from_networkx(nx.path_graph(3), directed=True)


def test_one_id_is_one_node_however_it_is_written():
    """A whole number is that integer; what an id is not, is refused by name."""
    named = Graph(indptr=[0, 0, 0, 0], indices=[], node_ids=[7, "007", "a b"])
    assert named.rows_of([7, 7.0, np.int64(7), np.float32(7), "7", " 7", "7.0", "7e+00"]).tolist() == [0] * 8
    assert named.rows_of(["007", " 007 ", "a b", np.str_("a b ")]).tolist() == [1, 1, 2, 2]
    plain = Graph.from_edges([0, 1], [1, 2], 3)
    assert plain.rows_of(["2", 1.0, " 0", np.uint8(2)]).tolist() == [2, 1, 0, 2]
    for name in ("7.5", 7.5, "+7", "0x7", True, None, np.nan, "7,0"):
        with pytest.raises(ValueError, match=r"is not a node of the graph \(3 nodes\)"):
            named.rows_of([name])
    with pytest.raises(ValueError, match=r"id 9007199254740992.0 may have lost digits when it became a float"):
        named.rows_of([2.0**53])


def test_two_spellings_of_one_id_are_no_two_nodes():
    for names in ([1, "1"], ["2", "2.0"], ["a", " a"], [1, 2, "2.0"]):
        graph = nx.Graph()
        graph.add_nodes_from(names)
        for build, made in ((Graph.from_networkx, graph), (Graph.from_adjacency_dict, {name: [] for name in names})):
            with pytest.raises(ValueError, match=r"nodes .* and .* have the same id: one id is one node"):
                build(made)
    with pytest.raises(ValueError, match="nodes 1 and '1' have the same id"):
        Graph(indptr=[0, 0, 0], indices=[], node_ids=[1, "1"])


def test_whole_floats_are_the_integers_that_they_were():
    assert Graph.from_networkx(nx.relabel_nodes(nx.path_graph(3), float)).node_ids is None
    found = Graph.from_networkx(nx.relabel_nodes(nx.path_graph(2), {0: 5.0, 1: 9.0})).node_ids
    assert found.dtype == np.int64 and found.tolist() == [5, 9]


def test_scipy_values_are_weights_unless_all_are_one():
    matrix = sp.csr_array(([0.0, 2.0], [1, 0], [0, 1, 2]), (2, 2))
    assert Graph.from_scipy(matrix).weights.tolist() == [0.0, 2.0]  # a stored zero is an edge
    assert Graph.from_scipy(sp.csr_array([[0, 1], [1, 0]])).weights is None


@given(graphs())
def test_ids_flags_and_weights_travel_through_reverse(graph):
    weighted = replace(graph, weights=np.arange(graph.num_edges))
    turned = weighted.reverse()
    at = turned.weights.astype(int)  # each edge's place before
    assert [end[at].tolist() for end in reversed(weighted.to_edges())] == [end.tolist() for end in turned.to_edges()]
    np.testing.assert_array_equal(turned.edge_ids, at if graph.edge_ids is None else graph.edge_ids[at])
    if graph.edge_reversed is not None:
        np.testing.assert_array_equal(turned.edge_reversed, graph.edge_reversed[at])


# ---- copies

def test_from_csr_copies_so_the_callers_arrays_stay_the_callers():
    indptr, indices, weights = np.array([0, 1, 3]), np.array([1, 0, 1], np.int32), np.ones(3, np.float32)
    graph = Graph.from_csr(indptr, indices, weights=weights)
    indptr[1], indices[:], weights[:] = 3, 77, np.nan
    assert rows(graph) == {0: [1], 1: [0, 1]} and graph.weights.tolist() == [1, 1, 1]
    tensor = torch.tensor([1, 0, 1])
    graph = Graph.from_csr([0, 1, 3], tensor)
    tensor[:] = 77
    assert rows(graph) == {0: [1], 1: [0, 1]}


def test_copy_false_shares():
    indptr, indices, weights = np.array([0, 1, 3]), np.array([1, 0, 1], np.int32), np.ones(3, np.float32)
    graph = Graph.from_csr(indptr, indices, weights=weights, copy=False)
    for own, shared in [(indptr, graph.indptr), (indices, graph.indices), (weights, graph.weights)]:
        assert np.shares_memory(own, shared) and own.flags.writeable


@pytest.mark.parametrize("build", [
    lambda arrays: Graph.from_edges(arrays[0], arrays[1], 3, weights=arrays[2]),
    lambda arrays: Graph.from_scipy(sp.coo_array((arrays[2], (arrays[1], arrays[0])), (3, 3))),
    lambda arrays: Graph.from_scipy(sp.csr_array((arrays[2], arrays[0], [0, 0, 1, 3]), (3, 3))),
    lambda arrays: Graph.from_adjacency_dict({0: arrays[0], 1: arrays[1], 2: []}),
])
def test_no_other_converter_shares_either(build):
    arrays = [np.array(SRC), np.array(DST), np.array([1.0, 2.0, 3.0])]
    graph = build(arrays)
    before = [graph.indptr.copy(), graph.indices.copy(), None if graph.weights is None else graph.weights.copy()]
    for array in arrays:
        array[:] = 77
    for kept, array in zip(before, [graph.indptr, graph.indices, graph.weights]):
        np.testing.assert_array_equal(kept, array)


def test_all_arrays_are_read_only_and_contiguous():
    graph = Graph.from_edges(SRC, DST, 3, undirected=True, weights=[1, 2, 3], duplicates="drop")
    named = Graph.from_adjacency_dict({"a": ["b"], "b": []})
    strided = Graph(indptr=np.arange(8)[::2], indices=np.zeros(12, np.int32)[::2])
    arrays = [a for g in (graph, named, strided) for a in (*vars(g).values(), g.degrees) if a is not None]
    assert len(arrays) == 6 + 5 + 3
    for array in arrays:
        assert not array.flags.writeable and array.flags.c_contiguous


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda graph: pickle.loads(pickle.dumps(graph))])
def test_copies_of_a_graph_are_read_only_too(copied):
    graph = Graph.from_edges(SRC, DST, 3, undirected=True, weights=[1, 2, 3])
    named = Graph.from_adjacency_dict({"a": ["b"], "b": []})
    for original in (graph, named):
        original.degrees  # noqa: B018 - kept beside the fields from now on
        again = copied(original)
        assert_same(again, original)
        assert again.degrees.tolist() == original.degrees.tolist()
        assert [a.flags.writeable for a in vars(again).values() if a is not None] == [False] * (6 if original is graph else 5)


# ---- use

def test_one_node_and_no_node():
    alone = Graph.from_edges([], [], 1)
    assert (alone.num_nodes, alone.num_edges, alone.degrees.tolist()) == (1, 0, [0])
    nobody = Graph.from_adjacency_dict({})
    assert (nobody.num_nodes, nobody.num_edges, nobody.to_adjacency_dict()) == (0, 0, {})
    assert Graph.from_scipy(nobody.to_scipy()).num_nodes == 0


def test_repr_is_short():
    assert repr(asymmetric()) == "Graph(num_nodes=3, num_edges=3)"
    weighted = Graph.from_csr([0, 1], [0], weights=[2.0])
    assert repr(weighted) == "Graph(num_nodes=1, num_edges=1, weights)"


def test_weights_are_refused_unless_told():
    graph = Graph.from_csr([0, 1], [0], weights=[2.0])
    graph.refuse_weights("ignore")
    asymmetric().refuse_weights("refuse")
    with pytest.raises(ValueError, match='the graph has weights, and this draw does not read them: draw="weighted"'):
        graph.refuse_weights("refuse")
    with pytest.raises(ValueError, match="weights must be one of 'refuse', 'ignore'; got 'use'"):
        graph.refuse_weights("use")


@pytest.mark.parametrize("row, error", [(-1, ValueError), (3, ValueError), (1.0, TypeError), ("1", TypeError)])
def test_a_row_that_is_not_there(row, error):
    with pytest.raises(error, match=f"^row must be an integer from 0 to 2, got {row!r}$"):
        asymmetric().neighbors(row)


class TestTimes:
    def test_they_travel_with_their_edges(self):
        graph = Graph.from_edges([2, 1, 0], [0, 0, 1], 3, times=[30, 10, 20], undirected=True)
        by_edge = dict(zip(graph.edge_ids.tolist(), graph.times.tolist()))
        assert by_edge == {0: 30, 1: 10, 2: 20} and graph.num_edges == 6
        for edge, time in zip(graph.reverse().edge_ids.tolist(), graph.reverse().times.tolist()):
            assert time == by_edge[edge]
        assert "times" in repr(graph)

    def test_dropped_edges_take_theirs_with_them(self):
        graph = Graph.from_csr([0, 3, 3], [1, 1, 0], times=[5.0, 6.0, 7.0], duplicates="drop", self_loops="drop")
        assert graph.times.tolist() == [5.0]

    def test_dates_become_nanoseconds(self):
        times = np.array(["1970-01-02", "1970-01-01T00:00:01"], "datetime64[s]")
        assert Graph.from_csr([0, 2], [0, 0], times=times).times.tolist() == [86_400 * 10**9, 10**9]

    def test_dates_of_python_do_too(self):
        zone = timezone(timedelta(hours=2))
        times = [date(1970, 1, 2), datetime(1970, 1, 1, 2, 0, 1, tzinfo=zone)]
        assert Graph.from_csr([0, 2], [0, 0], times=times).times.tolist() == [86_400 * 10**9, 10**9]

    @pytest.mark.parametrize("times, error, text", [
        ([datetime(2024, 1, 1), None], TypeError, r"numbers or dates, got object \(2,\)"),
        ([date(2024, 1, 1), date(9999, 12, 31)], ValueError, r"must lie between .*, got times\[1\] = 9999-12-31"),
        (np.array(["2024-01-01", "1500-01-01"], "datetime64[D]"), ValueError, r"got times\[1\] = 1500-01-01"),
        ([1], ValueError, r"times must have one entry per edge, 2; got shape \(1,\)"),
        ([1.0, np.inf], ValueError, r"times must be finite, got times\[1\] = inf"),
        ([np.datetime64("2020-01-01"), np.datetime64("NaT")], ValueError, r"times must be known, got times\[1\] = NaT"),
        ([True, False], TypeError, "times must be a one-dimensional array of numbers or dates, got bool"),
        ([[1, 2]], TypeError, r"numbers or dates, got int64 \(1, 2\)"),
        (["a", "b"], TypeError, "times must be a one-dimensional array of numbers or dates"),
    ])  # fmt: skip
    def test_what_is_no_time(self, times, error, text):
        with pytest.raises(error, match=text):
            Graph.from_csr([0, 2], [0, 0], times=times)
        with pytest.raises(error, match=text):
            Graph.from_edges([0, 0], [0, 0], 1, times=times)

    def test_they_go_to_networkx_and_back(self):
        graph = Graph.from_edges([2, 1, 0], [0, 0, 1], 3, times=[30, 10, 20])
        back = Graph.from_networkx(graph.to_networkx(), time="time")
        assert back.times.tolist() == graph.times.tolist() and back.indices.tolist() == graph.indices.tolist()
        given_ = graph.to_networkx()
        del given_.edges[2, 0]["time"]
        with pytest.raises(ValueError, match="time: 1 of 3 edges have no attribute 'time'"):
            Graph.from_networkx(given_, time="time")
        with pytest.raises(ValueError, match="time: no edge of the graph has an attribute 'when'"):
            Graph.from_networkx(given_, time="when")
