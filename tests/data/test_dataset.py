"""NodeDataset: what it accepts, what it refuses and in which words, and its two variants."""

import copy
import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from graphsage.data.dataset import NodeDataset
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

LABELS = r"^labels must be class numbers 0\.\.C-1 below 2\^31, or -1 for no label; got "
FEATURES = np.array([[1, 0, 3], [0, 0, 0], [2, 2, 0], [0, -1, 1], [5, 0, 0]], np.float32)


def dataset_with(**changes):
    """5 nodes, 3 features, 2 classes; node 3 has no label, node 4 no edge."""
    parts = {
        "graph": Graph.from_edges([0, 1, 2, 2], [1, 2, 3, 0], 5, undirected=True),
        "features": FEATURES,
        "labels": [0, 1, 1, -1, 0],
        "train": [2, 0],
        "val": [1],
        "test": [4],
        **changes,
    }
    return NodeDataset(**parts)


def test_sizes():
    dataset = dataset_with(name="small")
    assert (dataset.num_nodes, dataset.num_features, dataset.num_classes) == (5, 3, 2)
    assert dataset.statistics() == {
        "num_nodes": 5,
        "num_edges": 8,
        "num_features": 3,
        "num_classes": 2,
        "num_isolated": 1,
        "max_degree": 3,
        "num_train": 2,
        "num_val": 1,
        "num_test": 1,
    }
    assert all(type(count) is int for count in dataset.statistics().values())
    assert dataset.summary() == (
        "small: 5 nodes (1 isolated), 8 edges (largest degree 3),\n"
        "  3 features, 2 classes, 2 / 1 / 1 nodes to train / validate / test on"
    )
    assert repr(dataset).startswith("NodeDataset('small', num_nodes=5, num_edges=8, ")


def test_the_callers_order_and_dtypes():
    dataset = dataset_with(labels=np.array([0, 1, 1, -1, 0], np.int8), train=np.array([2, 0], np.uint16))
    for name in ("labels", "train", "val", "test"):
        assert getattr(dataset, name).dtype == np.int64
    assert dataset.train.tolist() == [2, 0]


def test_labels_and_splits_are_copies_and_everything_is_read_only():
    labels, train = np.array([0, 1, 1, -1, 0]), np.array([2, 0])
    dataset = dataset_with(labels=labels, train=train, node_ids=np.arange(5))
    labels[:], train[:] = 1, 4
    assert dataset.labels.tolist() == [0, 1, 1, -1, 0]
    assert dataset.train.tolist() == [2, 0]
    for name in ("features", "labels", "train", "val", "test", "node_ids"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(dataset, name)[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.labels = labels
    with pytest.raises(TypeError, match="positional"):
        NodeDataset(dataset.graph, FEATURES, labels, train, [1], [4])


def test_features_are_not_copied():
    features = FEATURES.copy()
    assert np.shares_memory(dataset_with(features=features).features, features)


def test_sparse_features():
    dataset = dataset_with(features=csr_array(FEATURES))
    assert isinstance(dataset.features, SparseFeatures)
    assert dataset.num_features == 3


def test_nothing_labelled_and_empty_splits():
    dataset = dataset_with(labels=[-1] * 5, train=[], val=[], test=[])
    assert (dataset.num_classes, len(dataset.train)) == (0, 0)


def test_no_nodes():
    dataset = dataset_with(graph=Graph.from_edges([], [], 0), features=np.empty((0, 3)), labels=[], train=[], val=[], test=[])
    assert (dataset.num_nodes, dataset.num_classes, dataset.statistics()["max_degree"]) == (0, 0, 0)


def test_class_names_fix_the_number_of_classes():
    dataset = dataset_with(class_names=["a", "b", "of no node here"])
    assert dataset.num_classes == 3
    assert dataset.class_names == ("a", "b", "of no node here")
    assert dataset_with(class_names=(name for name in "ab")).class_names == ("a", "b")


def test_the_largest_class_number():
    assert dataset_with(labels=[0, 1, 2**31 - 1, -1, 0]).num_classes == 2**31


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda dataset: pickle.loads(pickle.dumps(dataset))])
def test_copies_are_read_only_too(copied):
    for features, count in ((FEATURES, 6 + 4), (csr_array(FEATURES), 5 + 4 + 3)):
        again = copied(dataset_with(features=features, node_ids=list("abcde"), class_names=["a", "b"]))
        held = [*vars(again).values(), *vars(again.graph).values()]
        held += vars(again.features).values() if isinstance(again.features, SparseFeatures) else []
        arrays = [array for array in held if isinstance(array, np.ndarray)]
        assert len(arrays) == count
        assert not any(array.flags.writeable for array in arrays)
        assert again.class_names == ("a", "b")


def test_node_ids_default_to_the_graphs_own():
    graph = Graph.from_adjacency_dict({"a": ["b"], "b": [], "c": [], "d": [], "e": []})
    assert dataset_with(graph=graph).node_ids.tolist() == list("abcde")
    assert dataset_with(graph=graph, node_ids=list("abcde")).node_ids.tolist() == list("abcde")
    assert dataset_with(node_ids=list("vwxyz")).node_ids.tolist() == list("vwxyz")
    assert dataset_with(node_ids=np.arange(5, dtype=np.uint8)).node_ids.dtype == np.int64
    assert dataset_with().node_ids is None
    text = r"^node_ids must agree with graph\.node_ids, but node 1 is 'x' here and 'b' there$"
    with pytest.raises(ValueError, match=text):
        dataset_with(graph=graph, node_ids=list("axcyz"))


@pytest.mark.parametrize(
    "changes, error, sentence",
    [
        ({"graph": {0: [1]}}, TypeError, "graph must be a Graph, got dict"),
        ({"features": FEATURES[:4]}, ValueError, "features must have one row per node, 5; got 4 rows"),
        ({"features": csr_array(FEATURES[:4])}, ValueError, "features must have one row per node, 5; got 4 rows"),
        ({"features": FEATURES[0]}, ValueError, "features must have shape"),
        ({"features": np.full((5, 3), np.nan)}, ValueError, "features must be finite"),
        ({"features": FEATURES.astype(str)}, TypeError, "features must be real numbers"),
        ({"labels": [0, 1, 1, -1]}, ValueError, "labels must have one entry per node, 5; got 4"),
        ({"labels": [0, 1, -2, -1, 0]}, ValueError, LABELS + r"labels\[2\] = -2"),
        ({"labels": [0, 1, 2**40, -1, 0]}, ValueError, LABELS + rf"labels\[2\] = {2**40}"),
        ({"labels": [0, 1, 1, -1, 2**31]}, ValueError, LABELS + rf"labels\[4\] = {2**31}"),
        ({"labels": [1j] * 5}, TypeError, "labels must be integers"),
        ({"labels": [0, 1, -1, -1, -1], "train": [0, 1], "test": [2, 3, 4], "val": []}, ValueError,
         "none of the 3 nodes of test has a label: leave test empty, or give them labels"),
        ({"train": [0, 5]}, ValueError, r"train\[1\] = 5 is not a node: the graph has 5"),
        ({"val": [-1]}, ValueError, r"val\[0\] = -1 is not a node"),
        ({"test": [True, False, False, False, True]}, ValueError, "node 0 is in train and in test: splits must not overlap"),
        ({"test": [False, False, False, True]}, ValueError, "test is a mask of 4 nodes, and the graph has 5: a mask needs a"),
        ({"test": [0, 0, 0, 1, 1]}, ValueError, r"test\[0\] = 3 has no label"),
        ({"test": [4, 4, 4, 2, 1]}, ValueError, "node 2 is in train and in test"),
        ({"test": [4.0]}, TypeError, "test must be integers"),
        ({"test": [[4]]}, ValueError, "test must be one-dimensional"),
        ({"test": [4, 3]}, ValueError, r"test\[1\] = 3 has no label: every node of a split needs one"),
        ({"train": [2, 0, 2]}, ValueError, "train lists node 2 more than once"),
        ({"val": [1, 0]}, ValueError, "node 0 is in train and in val: splits must not overlap"),
        ({"test": [1]}, ValueError, "node 1 is in val and in test: splits must not overlap"),
        ({"class_names": ["a"]}, ValueError, "class_names must name every class, but there are 1 names and label 1"),
        ({"class_names": "ab"}, TypeError, "class_names must be a list of texts, one a class; got 'ab'"),
        ({"class_names": [0, 1]}, TypeError, "class_names must be a list of texts"),
        ({"class_names": 2}, TypeError, "class_names must be a list of texts"),
        ({"node_ids": ["a"]}, ValueError, r"node_ids must have one entry per node, 5; got shape \(1,\)"),
        ({"node_ids": list("abcda")}, ValueError, "node_ids must be distinct, got 'a' more than once"),
        ({"node_ids": np.array([1, 2, 3, 4, 1])}, ValueError, "node_ids must be distinct, got 1 more than once"),
        ({"node_ids": np.arange(5.0)}, TypeError, "node_ids must be a list of nodes, got an array of float64"),
        ({"node_ids": "abcde"}, TypeError, "node_ids must be a list of nodes, got 'abcde'"),
        ({"node_ids": [["a"]] * 5}, TypeError, "node_ids must be names that a dict can have as keys"),
    ],
)
def test_what_is_refused(changes, error, sentence):
    with pytest.raises(error, match=sentence):
        dataset_with(**changes)


MASK = [False, True, False, False, True]
MASKS = {
    "numpy": np.array(MASK), "a list": MASK, "a tensor": torch.tensor(MASK), "objects": np.array(MASK, object),
    "integers": np.array(MASK, int), "uint8": torch.tensor(MASK).byte(), "floats": np.array(MASK, float),
    "a column": np.array(MASK)[:, None], "ids": [1, 4], "a tensor of ids": torch.tensor([1, 4]),
}


@pytest.mark.parametrize("form", MASKS)
def test_a_split_in_any_form(form):
    dataset = dataset_with(test=MASKS[form], val=[])
    assert dataset.test.tolist() == [1, 4] and dataset.test.dtype == np.int64 and dataset.notes == ()


@pytest.mark.parametrize("kind", [bool, np.int64, np.uint8])
def test_of_the_masks_of_several_splits_the_first_is_used_and_told(kind):
    masks = np.array([MASK, [True, False, False, False, False]], kind).T
    with pytest.warns(UserWarning, match=r"^test has masks of 2 splits: the first is used \(test\[:, 0\]; give another column"):
        dataset = dataset_with(test=masks, val=[], train=[0, 2])
    assert dataset.test.tolist() == [1, 4] and "test has masks of 2 splits" in dataset.summary()


def test_few_numbers_0_and_1_are_ids_where_they_can_be():
    """Of two nodes [0, 1] is a list of both; a mask of 0 and 1 needs three, among which an id would stand twice."""
    graph = Graph.from_edges([0], [1], 2)
    dataset = dataset_with(graph=graph, features=FEATURES[:2], labels=[0, 1], train=[0, 1], val=[], test=[])
    assert dataset.train.tolist() == [0, 1]


def test_without_edges():
    dataset = dataset_with(class_names=["a", "b"], name="small", node_ids=list("abcde"))
    bare = dataset.without_edges()
    assert (bare.graph.num_nodes, bare.graph.num_edges) == (5, 0)
    assert bare.graph.degrees.tolist() == [0] * 5
    for name in ("features", "labels", "train", "val", "test", "node_ids"):
        assert np.array_equal(getattr(bare, name), getattr(dataset, name))
    assert (bare.class_names, bare.name) == (dataset.class_names, "small")
    assert dataset.graph.num_edges == 8


def test_row_normalized():
    wanted = [[0.25, 0, 0.75], [0, 0, 0], [0.5, 0.5, 0], [0, -0.5, 0.5], [1, 0, 0]]
    dense = dataset_with().row_normalized()
    sparse = dataset_with(features=csr_array(FEATURES)).row_normalized()
    assert dense.features.dtype == np.float32
    assert dense.features.tolist() == wanted
    assert sparse.features.to_scipy().toarray().tolist() == wanted
    assert dense.graph is not None and dense.train.tolist() == [2, 0]


def test_data_needs_neither_torch_nor_numba():
    program = "import sys, graphsage.data as d; d.list_datasets(); print({'torch', 'numba', 'pooch'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_of_a_dataset_neither_labels_nor_splits_are_copied_twice():
    """Another name, other features: what was checked is the same array. Another length, or other ids, is checked again."""
    dataset = dataset_with()
    other = dataclasses.replace(dataset, name="other")
    assert all(getattr(other, name) is getattr(dataset, name) for name in ("labels", "train", "val", "test", "features"))
    with pytest.raises(ValueError, match="labels must have one entry per node"):
        dataclasses.replace(dataset, graph=dataset.graph.subgraph(dataset.train), features=dataset.features[dataset.train])
    with pytest.raises(ValueError, match="splits must not overlap"):
        dataclasses.replace(dataset, val=dataset.train)
    with pytest.raises(ValueError, match="twice|more than once|overlap"):
        dataclasses.replace(dataset, train=np.append(dataset.train, dataset.train[0]))
