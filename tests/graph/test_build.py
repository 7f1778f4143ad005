"""Labels of any kind as rows, and the hostile arrays, dicts and matrices that a Graph refuses by a sentence."""

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, strategies as st

from graphsage.graph import build as building
from graphsage.graph.graph import Graph

# ---- labels

LABELS = {
    "text": ["x", "y", "z"],
    "sparse integers": [70, 5, -3],
    "tuples": [(0, 1), (0, 2), (1, 2)],
    "mixed": ["a", 3, (1, "b")],
    "huge integers": [2**70, 2**63, -(2**64)],
    "floats": [0.5, 1.5, 2.5],
    "frozen sets": [frozenset({1}), frozenset(), frozenset({1, 2})],
    "bools": [False, True, "other"],
}


def labelled(names):
    """The asymmetric graph under other names: from a dict and from networkx."""
    a, b, c = names
    directed = nx.DiGraph()
    directed.add_nodes_from(names)
    directed.add_edges_from([(a, b), (a, c), (b, c)])
    return Graph.from_adjacency_dict({a: [], b: [a], c: [a, b]}), Graph.from_networkx(directed, directed=True)


@pytest.mark.parametrize("names", LABELS.values(), ids=LABELS.keys())
def test_labels_are_kept_and_mapped_back(names):
    for graph in labelled(names):
        assert graph.indices.tolist() == [0, 0, 1] and graph.indptr.tolist() == [0, 0, 1, 3]
        assert graph.node_ids.tolist() == names
        assert graph.node_ids.dtype == (np.int64 if names == LABELS["sparse integers"] else object)
        a, b, c = names
        assert graph.to_adjacency_dict() == {a: [], b: [a], c: [a, b]}
        assert set(graph.to_networkx().edges()) == {(a, b), (a, c), (b, c)}
        assert graph.rows_of([c, a, c]).tolist() == [2, 0, 2]
        assert graph.rows_of([]).tolist() == []
        assert graph.reverse().node_ids.tolist() == names
        with pytest.raises(ValueError, match=r"^'nobody' is not a node of the graph \(3 nodes\)$"):
            graph.rows_of([a, "nobody"])


def test_integers_from_zero_are_the_rows_in_any_order():
    for keys in ([2, 0, 1], np.array([2, 0, 1], np.uint8)):
        graph = Graph.from_adjacency_dict({key: [0] if key == 2 else [] for key in keys})
        assert graph.node_ids is None and graph.degrees.tolist() == [0, 0, 1]
        assert graph.rows_of(np.array([2, 0])).tolist() == [2, 0]
    assert Graph.from_networkx(nx.path_graph(3)).node_ids is None


def test_flags_that_equal_integers_keep_the_dicts_order():
    graph = Graph.from_adjacency_dict({True: [0], 0: [True, True]})  # True == 1, but it is no row number
    assert graph.node_ids.tolist() == [True, 0]
    assert graph.indptr.tolist() == [0, 1, 3] and graph.indices.tolist() == [1, 0, 0]


@given(st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=8, unique=True), st.data())
def test_any_labels_make_the_round_trip(names, data):
    adjacency = {name: data.draw(st.lists(st.sampled_from(names), max_size=4)) for name in names}
    graph = Graph.from_adjacency_dict(adjacency)
    assert graph.to_adjacency_dict() == adjacency
    if graph.node_ids is not None:
        assert graph.node_ids.tolist() == names
    assert [graph.rows_of([name])[0] for name in graph.to_adjacency_dict()] == list(range(len(names)))


@pytest.mark.parametrize("neighbours", [
    (1, 2), {1: "attributes", 2: None}, range(1, 3), iter([1, 2]), np.array([1, 2], np.uint16),
])
def test_neighbours_come_in_any_iterable(neighbours):
    graph = Graph.from_adjacency_dict({0: neighbours, 1: [], 2: []})
    assert graph.indices.tolist() == [1, 2]


def test_node_ids_of_the_constructor_are_names_too():
    graph = Graph(indptr=[0, 0, 1], indices=[0], node_ids=[(0, 1), "b"])
    assert graph.node_ids.dtype == object and graph.rows_of(["b", (0, 1)]).tolist() == [1, 0]
    assert Graph(indptr=[0, 0], indices=[], node_ids=np.array([7], np.uint8)).node_ids.dtype == np.int64


@pytest.mark.parametrize("node_ids, error, text", [
    (["a", "a"], ValueError, "node_ids must be distinct, got 'a' more than once"),
    (np.array([4, 4]), ValueError, "node_ids must be distinct, got 4 more than once"),
    (["a"], ValueError, r"node_ids must have one entry per node, 2; got shape \(1,\)"),
    ("ab", TypeError, "node_ids must be a list of nodes, got 'ab'"),
    (5, TypeError, "node_ids must be a list of nodes, got 5"),
    ([["a"], ["b"]], TypeError, "node_ids must be names that a dict can have as keys: .*list"),
    (np.array([0.0, 1.0]), TypeError, "node_ids must be a list of nodes, got an array of float64"),
    (np.array([[1, 2]]), ValueError, r"node_ids must be one-dimensional, got shape \(1, 2\)"),
])
def test_bad_node_ids(node_ids, error, text):
    with pytest.raises(error, match=text):
        Graph(indptr=[0, 0, 0], indices=[], node_ids=node_ids)


@pytest.mark.parametrize("names, error, text", [
    ("x", TypeError, "node_ids must be a list of nodes, got 'x'"),
    (None, TypeError, "node_ids must be a list of nodes, got None"),
    ([["x"]], ValueError, r"\['x'\] is not a node of the graph"),
    (np.array([1.5]), TypeError, "got an array of float64"),
])
def test_bad_names_for_rows_of(names, error, text):
    with pytest.raises(error, match=text):
        Graph.from_adjacency_dict({"x": []}).rows_of(names)


# ---- hostile CSR parts

PARTS = [
    ([], [], ValueError, r"indptr must start with 0, got \[\]"),
    ([1, 2], [0, 0], ValueError, r"indptr must start with 0, got \[1\]"),
    ([0, 2, 1], [0], ValueError, r"indptr must not fall, got indptr\[1\] = 2, indptr\[2\] = 1"),
    ([0, -1, 1], [0], ValueError, r"indptr must not fall, got indptr\[0\] = 0, indptr\[1\] = -1"),
    ([0, 1], [0, 0], ValueError, r"indices must have shape \(1,\), as indptr ends there; got shape \(2,\)"),
    ([0, 3], [0], ValueError, r"indices must have shape \(3,\), as indptr ends there; got shape \(1,\)"),
    ([0, 2**40], [0], ValueError, rf"indices must have shape \({2**40},\)"),
    ([0, 2**63 - 1, -(2**63), -1, 1], [0], ValueError, "a graph has at most|indptr must not fall"),
    ([0, 1], [1], ValueError, r"indices\[0\] = 1 is not a node: the graph has 1"),
    ([0, 2], [0, -1], ValueError, r"indices\[1\] = -1 is not a node"),
    ([0, 1], [2**32], ValueError, rf"indices\[0\] = {2**32} is not a node"),
    ([0, 1], [2**70], TypeError, "indices must be integers that fit 64 bits"),
    ([0, 1], [0.0], TypeError, "indices must be integers .* got float64"),
    ([0.0, 1.0], [0], TypeError, "indptr must be integers .* got float64"),
    ([0, 1], [False], TypeError, "indices must be integers .* got bool"),
    ([0, 1], ["0"], TypeError, "indices must be integers .* got <U1"),
    ([0, 1], [[0]], ValueError, r"indices must be one-dimensional, got shape \(1, 1\)"),
    ([[0, 1]], [0], ValueError, r"indptr must be one-dimensional, got shape \(1, 2\)"),
    ([0, 2], [[0], [0, 1]], ValueError, r"indices must be an array, got rows of several lengths: \[\[0\], \[0, 1\]\]"),
    (None, [0], TypeError, "indptr must be a list or a one-dimensional array, got None"),
    ([0, 1], None, TypeError, "indices must be a list or a one-dimensional array, got None"),
]


@pytest.mark.parametrize("indptr, indices, error, text", PARTS, ids=[f"{p[0]} {p[1]}" for p in PARTS])
def test_parts_that_are_no_graph(indptr, indices, error, text):
    for build in (Graph.from_csr, lambda **parts: Graph.from_csr(**parts, copy=False), Graph):
        with pytest.raises(error, match=text):
            build(indptr=indptr, indices=indices)


@st.composite
def nearly_csr(draw):
    """(indptr, indices) of some graph with at most one number of them changed."""
    num_rows = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(st.integers(0, num_rows - 1), max_size=4), min_size=num_rows, max_size=num_rows))
    indptr, indices = [0, *np.cumsum([len(row) for row in rows]).tolist()], sum(rows, [])
    changed = draw(st.sampled_from([indptr, indices, []]))
    if changed:
        changed[draw(st.integers(0, len(changed) - 1))] = draw(st.integers(-2, 9))
    return indptr, indices


@given(nearly_csr())
def test_from_csr_accepts_exactly_what_is_a_csr(parts):
    """No small wrong number gets through to the kernels, which trust their arguments."""
    indptr, indices = parts
    legal = (
        indptr[:1] == [0]
        and all(a <= b for a, b in zip(indptr, indptr[1:]))
        and indptr[-1] == len(indices)
        and all(0 <= i < len(indptr) - 1 for i in indices)
    )
    if legal:
        assert Graph.from_csr(indptr, indices).indices.tolist() == indices
    else:
        with pytest.raises(ValueError, match="^(indptr|indices)"):
            Graph.from_csr(indptr, indices)


WEIGHTS = [
    ([1.0, np.nan], ValueError, r"weights must be finite and >= 0, got weights\[1\] = nan"),
    ([np.inf, 1.0], ValueError, r"weights must be finite and >= 0, got weights\[0\] = inf"),
    ([1.0, -0.5], ValueError, r"weights must be finite and >= 0, got weights\[1\] = -0\.5"),
    ([1.0], ValueError, r"weights must have one entry per edge, 2; got shape \(1,\)"),
    ([[1.0, 2.0]], TypeError, r"weights must be a one-dimensional array of numbers, got float64 \(1, 2\)"),
    (["a", "b"], TypeError, "weights must be a one-dimensional array of numbers, got <U1"),
    ([None, 1.0], TypeError, "weights must be a one-dimensional array of numbers, got object"),
    (1.0, TypeError, r"weights must be a one-dimensional array of numbers, got float64 \(\)"),
    ([[1.0], [1.0, 2.0]], ValueError, r"weights must be an array, got rows of several lengths: \[\[1\.0\]"),
]


@pytest.mark.parametrize("weights, error, text", WEIGHTS)
def test_bad_weights(weights, error, text):
    for build in (
        lambda: Graph.from_csr([0, 2], [0, 0], weights=weights),
        lambda: Graph.from_edges([0, 0], [0, 0], 1, weights=weights),
    ):
        with pytest.raises(error, match=text):
            build()


@pytest.mark.parametrize("parts, error, text", [
    ({"edge_ids": [0]}, ValueError, r"edge_ids must have one entry per edge, 2; got shape \(1,\)"),
    ({"edge_ids": [0, -1]}, ValueError, r"edge_ids must be >= 0, got edge_ids\[1\] = -1"),
    ({"edge_ids": [0.0, 1.0]}, TypeError, "edge_ids must be integers"),
    ({"edge_reversed": [True]}, ValueError, r"edge_reversed must have one entry per edge, 2; got shape \(1,\)"),
    ({"edge_reversed": [0.5, 2.0]}, TypeError, "edge_reversed must be an array of bools, got float64"),
    ({"edge_reversed": ["no", "no"]}, TypeError, "edge_reversed must be an array of bools, got <U2"),
])
def test_bad_edge_attributes(parts, error, text):
    with pytest.raises(error, match=text):
        Graph(indptr=[0, 2], indices=[0, 0], **parts)


# ---- hostile edges, dicts and matrices

@pytest.mark.parametrize("src, dst, num_nodes, error, text", [
    ([0, 3], [0, 0], 3, ValueError, r"src\[1\] = 3 is not a node: the graph has 3"),
    ([0], [-1], 3, ValueError, r"dst\[0\] = -1 is not a node"),
    ([0, 1], [0], 3, ValueError, r"dst must have one entry per edge \(src\), 2; got shape \(1,\)"),
    ([0.5], [0], 3, TypeError, "src must be integers"),
    ([0], [0], 0, ValueError, r"src\[0\] = 0 is not a node: the graph has 0"),
    ([0], [0], -1, ValueError, "num_nodes must be an integer from 0 to .*, got -1"),
    ([0], [0], 2**70, ValueError, f"num_nodes must be an integer from 0 to .*, got {2**70}"),
    ([0], [0], 3.0, TypeError, r"num_nodes must be an integer .*, got 3\.0"),
])
def test_bad_edges(src, dst, num_nodes, error, text):
    with pytest.raises(error, match=text):
        Graph.from_edges(src, dst, num_nodes)


@pytest.mark.parametrize("option, value, error, text", [
    ("undirected", "no", TypeError, "undirected must be True or False, got 'no'"),
    ("duplicates", "merge", ValueError, "duplicates must be one of 'keep', 'drop'; got 'merge'"),
    ("self_loops", False, ValueError, "self_loops must be one of 'keep', 'drop'; got False"),
])
def test_bad_options(option, value, error, text):
    with pytest.raises(error, match=text):
        Graph.from_edges([0], [0], 1, **{option: value})


@pytest.mark.parametrize("build", [
    lambda masked: Graph.from_csr([0, 0, 1], masked),
    lambda masked: Graph.from_csr([0, 0, 1], [0], weights=masked, copy=False),
    lambda masked: Graph.from_edges(masked, [0], 2),
    lambda masked: Graph.from_adjacency_dict({0: masked, 1: []}),
    lambda masked: Graph.from_adjacency_dict({0: [], 1: []}).rows_of(masked),
])
def test_masked_entries_are_refused(build):
    with pytest.raises(ValueError, match="has masked entries, 1 of 1: fill or drop them"):
        build(np.ma.masked_array([0], mask=True))


def test_copy_is_a_flag():
    with pytest.raises(TypeError, match="copy must be True or False, got 'deep'"):
        Graph.from_csr([0], [], copy="deep")


@pytest.mark.parametrize("adjacency, error, text", [
    ({0: [1]}, ValueError, r"adjacency\[0\] lists 1, which is no key: add 1: \[\] for a node without neighbours"),
    ({"a": ["b"], "b": ["a", "c"]}, ValueError, r"adjacency\['b'\] lists 'c', which is no key"),
    ({0: [[1]], 1: []}, ValueError, r"adjacency\[0\] lists \[1\], which is no key"),
    ({0: ["1"], 1: []}, ValueError, r"adjacency\[0\] lists '1', which is no key"),
    ({0: 1, 1: 0}, TypeError, r"adjacency\[0\] must be a list of nodes, got 1"),
    ({0: None}, TypeError, r"adjacency\[0\] must be a list of nodes, got None"),
    ({"a": "ab", "b": []}, TypeError, r"adjacency\['a'\] must be a list of nodes, got 'ab'"),
    ({0: np.array([1.0]), 1: []}, TypeError, r"adjacency\[0\] must be a list of nodes, got an array of float64"),
    ({0: np.array([False, True]), 1: []}, TypeError, r"adjacency\[0\] must be a list of nodes, got an array of bool"),
    ([[1], [0]], TypeError, "adjacency must be a dict of node: neighbours, got list"),
    (None, TypeError, "adjacency must be a dict of node: neighbours, got NoneType"),
])
def test_bad_dicts(adjacency, error, text):
    with pytest.raises(error, match=text):
        Graph.from_adjacency_dict(adjacency)


@pytest.mark.parametrize("matrix, error, text", [
    (sp.csr_array((2, 3)), ValueError, r"an adjacency matrix must be square, got shape \(2, 3\)"),
    (sp.coo_array(np.ones(3)), ValueError, r"an adjacency matrix must be square, got shape \(3,\)"),
    (np.eye(2), TypeError, "matrix must be a scipy sparse matrix, got ndarray"),
    (sp.csr_array([[0, -1], [0, 0]]), ValueError, r"weights must be finite and >= 0, got weights\[0\] = -1"),
    (sp.coo_array([[0, np.nan], [0, 0]]), ValueError, r"weights must be finite and >= 0, got weights\[0\] = nan"),
    (sp.csr_array([[0, 1j], [0, 0]]), TypeError, "weights must be a one-dimensional array of numbers, got complex128"),
])
def test_bad_matrices(matrix, error, text):
    with pytest.raises(error, match=text):
        Graph.from_scipy(matrix)


@pytest.mark.parametrize("weight", ["cost", "flag"])
def test_bad_networkx(weight):
    with pytest.raises(TypeError, match="graph must be a networkx graph, got dict"):
        Graph.from_networkx({0: []})
    graph = nx.DiGraph()
    graph.add_edge(0, 1, cost="high", flag=None)
    with pytest.raises(TypeError, match="weights must be a one-dimensional array of numbers, got (<U4|object)"):
        Graph.from_networkx(graph, directed=True, weight=weight)


def test_row_extremes_need_no_array_of_all_lengths(monkeypatch):
    monkeypatch.setattr(building, "CHUNK", 3)
    rng = np.random.default_rng(0)
    for size in range(12):
        lengths = rng.integers(0, 4, size)
        indptr = building.indptr_of(lengths)
        assert building.row_extremes(indptr) == (max(lengths.tolist(), default=0), np.count_nonzero(lengths == 0))
