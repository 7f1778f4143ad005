"""Labels: classes, several labels a node and real targets, told apart by dtype and shape; what each refuses."""

import dataclasses

import numpy as np
import pytest
import torch

from graphsage.data.dataset import NodeDataset
from graphsage.graph.graph import Graph
from graphsage.loading.node_loader import NeighborLoader
from graphsage.sampling.neighbor import NeighborSampler

MANY = [[1, 0, 1], [0, 0, 0], [-1, -1, -1], [0, 1, 1]]
REAL = [[0.5, -2.0], [3.0, 0.0], [np.nan, np.nan], [1e-3, 7.0]]


def dataset_with(labels, **changes):
    """4 nodes in a path; node 2 is in no split."""
    parts = {"graph": Graph.from_edges([0, 1, 2], [1, 2, 3], 4, undirected=True), "features": np.eye(4)}
    return NodeDataset(**{**parts, "labels": labels, "train": [3, 0], "val": [1], "test": [], "name": "path", **changes})


@pytest.mark.parametrize(
    "labels, task, dtype, shape, num_outputs, num_classes",
    [
        ([0, 2, -1, 1], "multiclass", np.int64, (4,), 3, 3),
        (np.array([0, 2, 0, 1], np.uint8), "multiclass", np.int64, (4,), 3, 3),
        (MANY, "multilabel", np.int8, (4, 3), 3, 3),
        (np.array(MANY) == 1, "multilabel", np.int8, (4, 3), 3, 3),
        (np.array([[0], [1], [1], [0]], np.uint16), "multilabel", np.int8, (4, 1), 1, 1),
        ([0.5, 1.0, np.nan, 2.0], "regression", np.float32, (4, 1), 1, 0),
        (REAL, "regression", np.float32, (4, 2), 2, 0),
        (np.array(REAL, np.float16), "regression", np.float32, (4, 2), 2, 0),
    ],
)
def test_dtype_and_shape_name_the_task(labels, task, dtype, shape, num_outputs, num_classes):
    dataset = dataset_with(labels)
    assert (dataset.task, dataset.num_outputs, dataset.num_classes) == (task, num_outputs, num_classes)
    assert (dataset.labels.dtype, dataset.labels.shape) == (dtype, shape)
    assert np.array_equal(dataset.labels, np.reshape(np.asarray(labels, dtype), shape), equal_nan=task == "regression")
    assert dataset.statistics()["num_classes"] == num_classes
    again = dataclasses.replace(dataset)
    assert (again.task, again.labels.shape) == (task, shape)
    assert not again.labels.flags.writeable


@pytest.mark.parametrize(
    "labels, line, start",
    [
        ([0, 1, 0, 1], "4 features, 2 classes, 2 / 1 / 0 nodes", "NodeDataset('path', num_nodes=4"),
        (MANY, "4 features, 3 classes (any number a node), 2 ", "NodeDataset('path', task='multilabel', num_outputs=3, num_n"),
        (REAL, "4 features, targets: 2, 2 / 1", "NodeDataset('path', task='regression', num_outputs=2, num_n"),
    ],
)
def test_what_people_read(labels, line, start):
    dataset = dataset_with(labels)
    assert line in dataset.summary()
    assert repr(dataset).startswith(start)


@pytest.mark.parametrize("labels", [[0, 1, -1, 1], MANY, REAL])
def test_a_split_needs_labels(labels):
    with pytest.raises(ValueError, match=r"^val\[1\] = 2 has no label: every node of a split needs one$"):
        dataset_with(labels, val=[1, 2])


def test_no_nodes_keep_their_task():
    none = {"graph": Graph.from_edges([], [], 0), "features": np.empty((0, 3)), "train": [], "val": []}
    for labels, task in (([], "multiclass"), (np.empty((0, 2), bool), "multilabel"), (np.empty((0, 2)), "regression")):
        assert dataclasses.replace(dataset_with(labels, **none)).task == task


def test_labels_are_a_copy():
    for labels in (np.array(MANY, np.int8), np.array(REAL, np.float32)):
        dataset = dataset_with(labels)
        labels[0] = 1
        assert dataset.labels[0].tolist() != labels[0].tolist()


def test_class_names():
    assert dataset_with(MANY, class_names=["a", "b", "c"]).class_names == ("a", "b", "c")
    with pytest.raises(ValueError, match="^class_names must name every column of the labels, 3; got 2 names$"):
        dataset_with(MANY, class_names=["a", "b"])
    with pytest.raises(ValueError, match="^class_names must be None where labels are floats, which have no classes; got 2"):
        dataset_with(REAL, class_names=["a", "b"])


@pytest.mark.parametrize(
    "labels, error, sentence",
    [
        ([[1, 0], [0, 2], [0, 0], [1, 1]], ValueError, r"0 or 1, or a whole row -1 for no label; got labels\[1, 1\] = 2$"),
        ([[1, 0], [0, 1], [0, -1], [1, 1]], ValueError, r"or a whole row -1 for no label; got labels\[2, 1\] = -1$"),
        ([[1, 0]] * 3, ValueError, "labels must have one entry per node, 4; got 3"),
        (np.zeros((4, 0), int), ValueError, r"labels must have shape \[nodes\] or \[nodes, columns >= 1\], got \(4, 0\)"),
        (np.zeros((4, 1, 1)), ValueError, r"labels must have shape .*, got \(4, 1, 1\)"),
        ([["a"]] * 4, TypeError, "must be bools, integers 0/1 or floats, got <U1"),
        ([1.0, 2.0, np.inf, 0.0], ValueError, r"finite in float32, or a whole row NaN for no label; got labels\[2, 0\] = inf"),
        ([1.0, 2.0, 1e300, 0.0], ValueError, r"got labels\[2, 0\] = 1e\+300"),
        ([[1.0, np.nan], *REAL[1:]], ValueError, r"or a whole row NaN for no label; got labels\[0, 1\] = nan"),
        ([True, False, True, True], TypeError, "labels must be integers that fit 64 bits, got bool"),
        (0.5, TypeError, "labels must be a list or a one-dimensional array, got "),
    ],
)
def test_what_is_refused(labels, error, sentence):
    with pytest.raises(error, match=sentence):
        dataset_with(labels)


@pytest.mark.parametrize("labels, dtype", [([0, 1, -1, 1], torch.int64), (MANY, torch.float32), (REAL, torch.float32)])
def test_what_a_batch_holds(labels, dtype):
    dataset = dataset_with(labels)
    batch = next(iter(NeighborLoader(dataset, NeighborSampler(dataset.graph, [2], seed=0), 3, nodes=[3, 2, 0])))
    assert batch.y.dtype == dtype and batch.y.shape == (3, *dataset.labels.shape[1:])
    seeds = batch.minibatch.nodes[batch.minibatch.seed_index]
    assert np.array_equal(batch.y.numpy(), dataset.labels[seeds], equal_nan=dtype.is_floating_point)
