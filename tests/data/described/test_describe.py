"""describe: every figure by hand on a small graph, and against slow twins in plain Python and networkx on any graph."""

import math
from collections import Counter
from dataclasses import FrozenInstanceError

import networkx as nx
import numpy as np
import pytest
from helpers.described import dataset_of, small
from helpers.graphs import graphs, random_graph
from hypothesis import given, strategies as st
from scipy.sparse import csr_array

from graphsage.data.catalogue import load_dataset
from graphsage.data.described import describe as module
from graphsage.data.described.describe import PERCENTS, describe
from graphsage.data.described.homophily import homophily
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

# ---- by hand


def test_the_graph():
    found = describe(small())
    assert (found.name, found.num_nodes, found.num_edges, found.num_isolated) == ("small", 7, 9, 2)
    assert (found.is_symmetric, found.num_self_loops, found.num_repeated) == (False, 1, 1)
    assert (found.num_components, found.largest_component) == (3, 4)


def test_the_neighbours():
    found = describe(small())  # they have 1 2 2 1 0 3 0
    assert (found.degrees.tolist(), found.degree_counts.tolist()) == ([0, 1, 2, 3], [2, 2, 2, 1])
    assert found.degree_percentiles == {0: 0, 25: 0, 50: 1, 75: 2, 90: 3, 99: 3, 100: 3}
    assert found.degree_histogram() == [(0, 0, 2), (1, 1, 2), (2, 3, 3)]


def test_the_classes():
    found = describe(small())
    assert (found.task, found.num_outputs, found.num_unlabelled) == ("multiclass", 4, 1)
    assert (found.class_names, found.class_counts.tolist()) == (("a", "b", "c"), [2, 1, 3])
    # Of 8 edges without the loop the two of 0 - 1 and the two of 4 -> 5 join equals. Rows: a has 3, b 2, c 3; so have columns.
    assert found.edge_homophily == 4 / 8
    chance = (3 * 3 + 2 * 2 + 3 * 3) / 64
    assert found.adjusted_homophily == pytest.approx((4 / 8 - chance) / (1 - chance), abs=1e-15)
    assert found.class_homophily.tolist() == [2 / 3, 0, 2 / 3]


def test_the_rest():
    found = describe(small())
    assert found.split_sizes == {"train": 2, "val": 1, "test": 0}
    assert (found.num_features, found.is_sparse, found.density, found.num_zero_rows) == (2, False, 5 / 14, 3)


def test_a_path_as_the_docstring_has_it():
    path = Graph.from_edges([0, 1], [1, 2], 3, undirected=True)
    edge, adjusted, by_class = homophily(path, np.array([0, 0, 1]), 2)
    assert (edge, adjusted) == (1 / 2, pytest.approx(-1 / 3, abs=1e-15))
    assert by_class.tolist() == [2 / 3, 0]


def test_bins_at_powers_of_two():
    sizes = [0, 1, 2, 3, 4, 7, 8, 2**20 - 1, 2**20]
    graph = Graph.from_csr(np.cumsum([0, *sizes]), np.zeros(sum(sizes), np.int32))
    bins = {(low, high): nodes for low, high, nodes in describe(dataset_of(graph)).degree_histogram() if nodes}
    assert bins == {(0, 0): 1, (1, 1): 1, (2, 3): 2, (4, 7): 2, (8, 15): 1, (2**19, 2**20 - 1): 1, (2**20, 2**21 - 1): 1}


# ---- slow twins


def edges_of(graph):
    """[(row, neighbour)]"""
    return [(v, u) for v in range(graph.num_nodes) for u in graph.neighbors(v).tolist()]


def slow_homophily(edges, classes, num_classes):
    """(edge, adjusted, by class) in plain Python; None for NaN."""
    pairs = [(classes[v], classes[u]) for v, u in edges if v != u and classes[v] >= 0 and classes[u] >= 0]
    if not pairs:
        return None, None, [None] * num_classes
    edge = sum(a == b for a, b in pairs) / len(pairs)
    out, into = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    joined = sum(out[a] * into[a] for a in range(num_classes))
    adjusted = None if joined == len(pairs) ** 2 else (edge * len(pairs) ** 2 - joined) / (len(pairs) ** 2 - joined)
    by_class = [sum(pair == (k, k) for pair in pairs) / out[k] if out[k] else None for k in range(num_classes)]
    return edge, adjusted, by_class


def nothing_for_nan(values):
    return [None if math.isnan(value) else pytest.approx(value, abs=1e-12) for value in values]


@given(graphs(), st.lists(st.integers(-1, 2), min_size=10, max_size=10))
def test_homophily_of_any_graph(graph, classes):
    edge, adjusted, by_class = homophily(graph, np.array(classes[: graph.num_nodes]), 3)
    slow_edge, slow_adjusted, slow_by_class = slow_homophily(edges_of(graph), classes, 3)
    assert [slow_edge, slow_adjusted] == nothing_for_nan([edge, adjusted])
    assert slow_by_class == nothing_for_nan(by_class)


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph])
def test_adjusted_homophily_is_the_assortativity_coefficient(kind):
    made = nx.gnm_random_graph(40, 150, seed=3, directed=kind is nx.DiGraph)
    classes = np.random.default_rng(3).integers(0, 4, 40)
    nx.set_node_attributes(made, dict(enumerate(classes.tolist())), "class")
    found = homophily(Graph.from_networkx(made, directed=made.is_directed()), classes, 4)[1]
    assert found == pytest.approx(nx.attribute_assortativity_coefficient(made, "class"), abs=1e-12)


@given(graphs())
def test_structure_of_any_graph(graph):
    found, edges = describe(dataset_of(graph)), Counter(edges_of(graph))
    pieces = nx.Graph(list(edges))
    pieces.add_nodes_from(range(graph.num_nodes))
    sizes = [len(piece) for piece in nx.connected_components(pieces)]
    assert (found.num_components, found.largest_component) == (len(sizes), max(sizes))
    assert found.is_symmetric == all(edges[u, v] == count for (v, u), count in edges.items())
    assert found.num_self_loops == sum(count for (v, u), count in edges.items() if v == u)
    assert found.num_repeated == sum(count - 1 for count in edges.values())


@pytest.mark.parametrize("num_edges", [0, 30, 3000])
def test_neighbours_of_a_larger_graph(num_edges):
    graph = random_graph(200, num_edges)
    found, degrees = describe(dataset_of(graph)), sorted(graph.degrees.tolist())
    assert found.num_isolated == degrees.count(0)
    assert dict(zip(found.degrees.tolist(), found.degree_counts.tolist())) == Counter(degrees)
    for percent in PERCENTS:
        smallest = next(d for d in degrees if 100 * sum(other <= d for other in degrees) >= percent * len(degrees))
        assert found.degree_percentiles[percent] == smallest
    bins = found.degree_histogram()
    assert [low for low, _, _ in bins] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512][: len(bins)]
    assert [nodes for _, _, nodes in bins] == [sum(low <= d <= high for d in degrees) for low, high, _ in bins]
    assert sum(nodes for _, _, nodes in bins) == 200 and bins[-1][2] > 0


# ---- features

ROWS = np.array([[1, 0, 3], [0, 0, 0], [0.5, -0.5, 0], [0, 0, 0]], np.float32)


@pytest.mark.parametrize("form", [np.asarray, csr_array])
@pytest.mark.parametrize("chunk", [1, 6, 1 << 22])
def test_features(form, chunk, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", chunk)
    found = describe(dataset_of(Graph.from_edges([], [], 4), features=form(ROWS)))
    assert (found.num_features, found.is_sparse) == (3, form is csr_array)
    assert (found.density, found.num_zero_rows, found.row_norm) == (4 / 12, 2, None)


@pytest.mark.parametrize("form", [np.asarray, csr_array])
@pytest.mark.parametrize(
    ("rows", "norm"),
    [
        ([[0.25, -0.75], [0, 0], [1, 0]], 1),
        ([[0.6, -0.8], [0, 0], [1, 0]], 2),
        ([[0, 1], [1, 0], [0, 0]], 1),  # both: the simpler is named
        ([[0, 1], [1, 0], [0, 1.01]], None),
        ([[0, 0], [0, 0], [0, 0]], None),
        (np.full((3, 3001), 1 / 3001), 1),  # float32 does not add up to 1 exactly
    ],
)
def test_norm_of_the_rows(form, rows, norm):
    features = form(np.array(rows, np.float32))
    assert describe(dataset_of(Graph.from_edges([], [], 3), features=features)).row_norm == norm


def test_sparse_entries_listed_twice_add_up():
    features = SparseFeatures([0, 2, 4, 5], [0, 0, 1, 1, 0], [0.5, 0.5, 1, -1, 0], 2)
    found = describe(dataset_of(Graph.from_edges([], [], 3), features=features))
    assert (found.density, found.num_zero_rows, found.row_norm) == (1 / 6, 2, 1)


# ---- tasks and ends


def test_several_labels_a_node():
    labels = np.array([[1, 0, 1], [1, 0, 0], [-1, -1, -1]])
    found = describe(dataset_of(Graph.from_edges([0], [1], 3), labels))
    assert (found.task, found.num_outputs, found.num_unlabelled) == ("multilabel", 3, 1)
    assert (found.class_names, found.class_counts.tolist()) == (("class 0", "class 1", "class 2"), [2, 0, 1])
    assert np.isnan([found.edge_homophily, found.adjusted_homophily, *found.class_homophily]).all()


def test_real_targets():
    found = describe(dataset_of(Graph.from_edges([0], [1], 3), np.array([[0.5, 1], [np.nan, np.nan], [2, 0]])))
    assert (found.task, found.num_outputs, found.num_unlabelled) == ("regression", 2, 1)
    assert (found.class_names, len(found.class_counts), len(found.class_homophily)) == ((), 0, 0)
    assert math.isnan(found.edge_homophily)


def test_class_numbers_far_apart_need_no_memory_between():
    found = describe(dataset_of(Graph.from_edges([0, 1], [1, 0], 3), [2**31 - 1, 2**31 - 1, 5]))
    assert (found.class_names, found.class_counts.tolist()) == (("class 5", "class 2147483647"), [1, 2])
    assert found.edge_homophily == 1 and math.isnan(found.adjusted_homophily)
    assert np.isnan(found.class_homophily[0]) and found.class_homophily[1] == 1


def test_no_nodes():
    found = describe(dataset_of(Graph.from_edges([], [], 0), [], np.empty((0, 3))))
    assert (found.num_components, found.largest_component, found.is_symmetric) == (0, 0, True)
    assert found.degree_histogram() == [] and set(found.degree_percentiles.values()) == {0}
    assert math.isnan(found.density) and math.isnan(found.edge_homophily)


def test_what_is_refused_and_what_cannot_be_changed():
    with pytest.raises(TypeError, match=r"^dataset must be a NodeDataset, got Graph: NodeDataset\(.*\) makes one$"):
        describe(random_graph(3, 3))
    found = describe(small())
    with pytest.raises(FrozenInstanceError):
        found.num_nodes = 8
    for name in ("degrees", "degree_counts", "class_counts", "class_homophily"):
        assert not getattr(found, name).flags.writeable


@pytest.mark.parametrize(
    ("name", "edge", "adjusted", "components"),
    [("cora", 0.81, 0.77, 78), ("citeseer", 0.74, 0.67, 438), ("pubmed", 0.80, 0.69, 1)],
)
def test_citation_graphs(name, edge, adjusted, components, test_data, monkeypatch):
    """The homophilies are as the literature on these graphs has them, to two digits."""
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "planetoid"))
    found = describe(load_dataset(name, download=False))
    assert (round(found.edge_homophily, 2), round(found.adjusted_homophily, 2)) == (edge, adjusted)
    assert (found.num_components, found.is_symmetric, found.num_repeated) == (components, True, 0)


def test_a_block_model_has_the_homophily_that_was_asked_for():
    found = describe(load_dataset("sbm:nodes=2000,classes=5,homophily=0.6"))
    assert found.edge_homophily == pytest.approx(0.6, abs=1e-3)
    assert found.adjusted_homophily == pytest.approx((0.6 - 0.2) / (1 - 0.2), abs=0.01)
