"""Several graphs as one: what is whose, no edge between graphs, splits by graph, and what cannot be joined."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from helpers.graphs import edges_by_id

import graphsage as gs
from graphsage.data import load_dataset
from graphsage.data.dataset import NodeDataset
from graphsage.data.several import JoinedDataset, join_datasets
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph


def make(name, num_nodes, seed=0, *, sparse=False, **changes):
    """A random graph whose labels are 0, 1, -1, 0, 1, -1, ...; 4 features."""
    rng = np.random.default_rng(seed)
    graph = Graph.from_edges(*rng.integers(0, num_nodes, (2, 3 * num_nodes)), num_nodes)
    features = rng.integers(0, 3, (num_nodes, 4)).astype(np.float32)
    parts = {"train": [], "val": [], "test": []}
    made = NodeDataset(
        graph=Graph(indptr=graph.indptr, indices=graph.indices),
        features=to_sparse(features) if sparse else features,
        labels=np.arange(num_nodes) % 3 - (np.arange(num_nodes) % 3 == 2) * 3,
        **parts,
        name=name,
    )
    return replace(made, **changes)


def to_sparse(dense):
    from scipy.sparse import csr_array

    matrix = csr_array(dense)
    return SparseFeatures(matrix.indptr, matrix.indices, matrix.data, dense.shape[1])


def dense(features):
    return features if isinstance(features, np.ndarray) else features.to_scipy().toarray()


@pytest.fixture
def three():
    return [make("a", 10), make("b", 7, 1), make("c", 12, 2)]


@pytest.mark.parametrize("sparse", [False, True])
def test_each_graph_comes_back_from_the_union(sparse):
    parts = [make("a", 10, sparse=sparse), make("b", 1, 1, sparse=sparse), make("c", 12, 2, sparse=sparse)]
    union = join_datasets(parts, train=["a"], test=["c"])
    assert (union.graph_names, union.graph_offsets.tolist(), union.name) == (("a", "b", "c"), [0, 10, 11, 23], "a+b+c")
    assert union.graph_index.tolist() == [0] * 10 + [1] + [2] * 12
    assert union.graph.num_edges == sum(part.graph.num_edges for part in parts)
    matrix = union.graph.to_scipy().toarray()
    for part in parts:
        nodes = union.nodes_of(part.name)
        assert np.array_equal(matrix[np.ix_(nodes, nodes)], part.graph.to_scipy().toarray())
        assert np.array_equal(dense(union.features)[nodes], dense(part.features))
        assert np.array_equal(union.labels[nodes], part.labels)
    src, dst = union.graph.to_edges()
    assert np.array_equal(union.graph_index[src], union.graph_index[dst])


def test_an_edge_id_is_the_edge_of_one_graph():
    """Of undirected edges, of positions, and of ids with a gap at the end: c has no edge 2."""
    graphs = [Graph.from_edges([0, 1, 1], [1, 2, 0], 3, undirected=True, duplicates="drop"),
              Graph(indptr=[0, 1, 3], indices=[1, 0, 1]),
              Graph.from_edges([0, 1, 1], [1, 0, 1], 2, self_loops="drop")]
    parts = [make(name, graph.num_nodes, graph=graph) for name, graph in zip("abc", graphs)]
    union = join_datasets(parts, train=["a"], test=["b"])
    assert union.edge_offsets.tolist() == [0, 2, 5, 7]
    wanted = {0: (0, 1), 1: (1, 2), 2: (4, 3), 3: (3, 4), 4: (4, 4), 5: (5, 6), 6: (6, 5)}
    assert edges_by_id(union.graph) == wanted and union.graph.edge_reversed.sum() == 2
    assert not union.edge_offsets.flags.writeable


def test_one_graph_trains_and_others_test(three):
    """7 of the 10 nodes of a have a label, 5 of b, 8 of c; a fifth of 7 is 1."""
    union = join_datasets(three, train=["a"], test=["c", "b"])
    assert sorted([*union.train, *union.val]) == np.flatnonzero(three[0].labels >= 0).tolist()
    assert (len(union.train), len(union.val)) == (6, 1)
    labelled = [17 + np.flatnonzero(three[2].labels >= 0), 10 + np.flatnonzero(three[1].labels >= 0)]
    assert union.test.tolist() == np.concatenate(labelled).tolist()


def test_a_graph_may_validate(three):
    union = join_datasets(three, train=["c"], val=["a"], test=["b"])
    assert union.graph_index[union.train].tolist() == [2] * 8
    assert union.graph_index[union.val].tolist() == [0] * 7
    assert union.graph_index[union.test].tolist() == [1] * 5
    union = join_datasets(three, train=["c", "a"], val=(), test=["b"])
    assert (len(union.train), len(union.val)) == (15, 0)


def test_the_validation_nodes_are_drawn_by_key(three):
    parts = [make("a", 300), make("b", 300, 1)]
    drawn = [join_datasets(parts, train=["a", "b"], test=[], seed=seed).val for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    first, second = drawn[0][:40], drawn[0][40:] - 300
    assert len(first) == len(second) == 40 and not np.array_equal(first, second)  # a fifth of 200 each, not twins


def test_a_graph_in_no_list_is_in_no_split(three):
    union = join_datasets(three, train=["a"], test=[])
    assert set(union.graph_index[np.concatenate([union.train, union.val, union.test])]) == {0}
    assert union.num_nodes == 29


def test_features_with_and_without_values_agree():
    ones = SparseFeatures(np.array([0, 1, 1]), np.array([2]), None, 4)
    parts = [make("a", 2, features=ones), make("b", 3, sparse=True)]
    union = join_datasets(parts, train=["a"], test=["b"])
    assert np.array_equal(dense(union.features), np.concatenate([dense(part.features) for part in parts]))
    assert join_datasets(parts[:1], train=["a"], test=[]).features.values is None


def test_names_classes_and_weights():
    named = [make(name, 3, node_ids=["x", "y", name], class_names=("no", "yes")) for name in "ab"]
    union = join_datasets(named, train=["a"], test=["b"], name="both")
    assert union.node_ids.tolist() == [(graph, node) for graph in "ab" for node in ("x", "y", graph)]
    assert (union.class_names, union.num_classes, union.name) == (("no", "yes"), 2, "both")
    assert join_datasets([named[0], make("c", 3, class_names=("no", "yes"))], train=["a"], test=[]).node_ids is None
    weighted = [replace(part, graph=replace(part.graph, weights=np.full(part.graph.num_edges, 2.0))) for part in named]
    assert set(join_datasets(weighted, train=["a"], test=["b"]).graph.weights) == {2.0}
    timed = [replace(part, graph=replace(part.graph, times=np.full(part.graph.num_edges, 7))) for part in named]
    assert set(join_datasets(timed, train=["a"], test=["b"]).graph.times) == {7}
    floats = replace(named[1], graph=replace(named[1].graph, times=np.full(named[1].graph.num_edges, 7.5)))
    with pytest.raises(ValueError, match="graphs must have times of one kind, got integers and floats"):
        join_datasets([timed[0], floats], train=["a"], test=["b"])
    with pytest.raises(ValueError, match="graphs must have times all of them or none"):
        join_datasets([timed[0], named[1]], train=["a"], test=["b"])
    with pytest.raises(ValueError, match="graphs must have weights all of them or none"):
        join_datasets([weighted[0], named[1]], train=["a"], test=["b"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"features": np.ones((7, 5))}, "b and a must have the same number of features, got 5 and 4"),
        ({"features": to_sparse(np.ones((7, 4), np.float32))}, "b and a must have the same kind of features, got sparse and"),
        ({"class_names": ("no", "yes")}, r"b and a must have the same class names, got \('no', 'yes'\) and None"),
        ({"name": "a"}, "datasets must be one or more with distinct names, got a, a, c"),
        ({"name": None}, r"datasets\[1\] must have a name, by which train, val and test can choose it"),
    ],
)
def test_what_cannot_be_joined(three, change, sentence):
    three[1] = replace(three[1], **change)
    with pytest.raises(ValueError, match=sentence):
        join_datasets(three, train=["a"], test=["c"])


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"train": ["d"], "test": ["a"]}, ValueError, "no graph is called 'd': there are a, b, c"),
        ({"train": "a", "test": ["b"]}, TypeError, "train must be a list of names of graphs, got 'a'"),
        ({"train": None, "test": ["b"]}, TypeError, "train must be a list of names of graphs, got None"),
        ({"train": ["a"], "test": 3}, TypeError, "test must be a list of names of graphs, got 3"),
        ({"train": ["a"], "val": 0.2, "test": []}, TypeError, "val must be a list of names of graphs, got 0.2"),
        ({"train": ["a"], "test": ["b", "a"]}, ValueError, "a is listed in train and in test: list each graph once"),
        ({"train": ["a", "a"], "test": []}, ValueError, "a is listed in train and in train: list each graph once"),
        ({"train": ["a"], "test": [], "seed": -1}, ValueError, "seed must be an integer from 0 to"),
    ],
)
def test_wrong_lists(three, options, error, sentence):
    with pytest.raises(error, match=sentence):
        join_datasets(three, **options)


def test_other_things_than_datasets(three):
    with pytest.raises(TypeError, match=r"datasets\[1\] must be a NodeDataset, got str"):
        join_datasets([three[0], "cora"], train=["a"], test=[])
    with pytest.raises(ValueError, match="datasets must be one or more with distinct names, got none"):
        join_datasets([], train=[], test=[])


def test_the_record(three):
    """Variants and copies keep the graphs; offsets that do not fit are refused."""
    union = join_datasets(three, train=["a"], test=["b"])
    for other in (union.row_normalized(), union.without_edges(), pickle.loads(pickle.dumps(union))):
        assert isinstance(other, JoinedDataset) and other.nodes_of("b").tolist() == list(range(10, 17))
        assert not other.graph_offsets.flags.writeable
    assert repr(union).startswith("NodeDataset('a+b+c', num_nodes=29")
    for offsets in ([0, 10, 17], [0, 10, 17, 30], [0, 17, 10, 29], [1, 10, 17, 29], []):
        with pytest.raises(ValueError, match="graph_offsets must be 4 numbers that rise from 0 to 29, one a graph"):
            replace(union, graph_offsets=np.array(offsets, int))
    with pytest.raises(ValueError, match="edge_offsets must be 4 numbers that rise from 0 to 9, one a graph"):
        replace(union, edge_offsets=np.array([0, 9, 3, 4]))
    with pytest.raises(ValueError, match="no graph is called 'd': there are a, b, c"):
        union.nodes_of("d")


def test_training_on_one_country_and_testing_on_another(test_data):
    """The union trains as any dataset, and what it says of a country is what the model says of that country alone."""
    parts = [load_dataset(test_data / "twitch" / name) for name in ("PTBR", "ZHTW")]
    union = join_datasets(parts, train=["PTBR"], test=["ZHTW"])
    assert union.num_features == 3170 and len(union.test) == 2772
    model = gs.GraphSAGE(union.num_features, 8, union.num_classes)
    gs.Trainer(model, union, gs.TrainConfig(epochs=1, device="cpu"), log=None).fit()
    whole = gs.inference(model, union.graph, gs.row_normalize(union.features)).numpy()
    alone = gs.inference(model, parts[1].graph, gs.row_normalize(parts[1].features)).numpy()
    assert np.allclose(whole[union.nodes_of("ZHTW")], alone, atol=1e-5)
