"""Labels: classes, several labels a node and real targets, told apart by dtype and shape; what each refuses."""

import copy
import dataclasses
import pickle
import warnings

import numpy as np
import pytest
import torch

from graphsage.data.dataset import NodeDataset
from graphsage.data.labels import checked_class_names, checked_labels, read_labels
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
        ([["a", "b"]] * 4, TypeError, "must be bools, integers 0/1 or floats, got <U1"),
        ([1.0, 2.0, np.inf, 0.0], ValueError, r"finite in float32, or a whole row NaN for no label; got labels\[2, 0\] = inf"),
        ([1.0, 2.0, 1e300, 0.0], ValueError, r"got labels\[2, 0\] = 1e\+300"),
        ([[1.0, np.nan], *REAL[1:]], ValueError, r"or a whole row NaN for no label; got labels\[0, 1\] = nan"),
        (np.array(["a", 1, None, "b"], object), TypeError, "labels must be all texts or all numbers, .* texts there is 1$"),
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


# ---- labels as other libraries keep them

PATH = Graph.from_edges([0, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 0], 7, undirected=True)


def read(labels, **changes):
    """The dataset of 7 nodes with these labels, and what was said of them."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        parts = {"labels": labels, "train": [0], "val": [], "test": [], **changes}
        dataset = NodeDataset(graph=PATH, features=np.eye(7), **parts)
    return dataset, [str(warning.message) for warning in said]


CLASSES = [1, 0, 2, -1, 1, 0, 2]
FLOATS = np.array([1, 0, 2, np.nan, 1, 0, 2])
FORMS = {
    "floats": FLOATS, "float32": FLOATS.astype(np.float32), "-1 among floats": np.array(CLASSES, float),
    "objects": np.array([1, 0, 2, None, 1, 0, 2], object), "object floats": np.array([1.0, 0, 2, None, 1, 0, 2], object),
    "[N, 1]": FLOATS[:, None],
    "a tensor": torch.tensor(CLASSES), "a tensor of floats": torch.tensor(FLOATS).float(), "a list": CLASSES,
    "a column of floats": torch.tensor(FLOATS)[:, None], "numpy's own": [np.int32(number) for number in CLASSES],
}


@pytest.mark.parametrize("form", FORMS)
def test_class_numbers_in_any_form(form):
    dataset, said = read(FORMS[form])
    assert dataset.task == "multiclass" and dataset.labels.tolist() == CLASSES and dataset.class_names is None
    guessed = ["labels are 3 whole numbers, though floats: read as classes (task='regression' predicts the numbers)"]
    assert said == (guessed if "float" in form or form == "[N, 1]" else []) and dataset.notes == tuple(said)
    assert all(note in dataset.summary() for note in said)


@pytest.mark.parametrize("first", [0, 1])
def test_few_nodes_have_classes_where_all_numbers_from_0_or_1_are_there(first):
    labels = np.array([1, np.nan, 0, 2, 1, 0, np.nan]) + first
    dataset, _ = read(labels)
    assert dataset.task == "multiclass" and dataset.labels.tolist() == np.nan_to_num(labels, nan=-1).tolist()
    assert read(labels * 3 + 2)[0].task == "regression"


@pytest.mark.parametrize("marks", [
    ("NA", None, np.nan), ("unknown", "", "?"), ("-1", " nan ", "<NA>"), ("None", "Null", "N/A"), ("-", "Unknown", "UNKNOWN"),
])
@pytest.mark.parametrize("kind", [object, str])
def test_texts_are_classes_and_words_may_be_missing(marks, kind):
    labels = np.array(["b", "a", marks[0], "c", marks[1], "a", marks[2]], kind)
    dataset, said = read(labels)
    assert dataset.class_names == ("a", "b", "c") and dataset.labels.tolist() == [1, 0, -1, 2, -1, 0, -1] and not said
    named, _ = read(labels[:, None], class_names=["c", "b", "a"])
    assert named.labels.tolist() == [1, 2, -1, 0, -1, 2, -1] and named.class_names == ("c", "b", "a")


def test_a_word_that_class_names_have_is_a_class():
    dataset, _ = read(["b", "unknown", "b", "-1", "b", "unknown", "NA"], class_names=["b", "unknown", "-1"])
    assert dataset.labels.tolist() == [0, 1, 0, 2, 0, 1, -1]
    with pytest.raises(ValueError, match="^labels hold 'b', which class_names do not: a, c$"):
        read(["b"] * 7, class_names=["a", "c"])


def test_texts_of_integers_are_in_their_order():
    assert read(["10", "9", "10", "2", "9", "9", "2"])[0].class_names == ("2", "9", "10")
    dataset, _ = read([None] * 7, train=[])
    assert dataset.labels.tolist() == [-1] * 7 and dataset.class_names is None


@pytest.mark.parametrize("labels", [[True, False] * 3 + [True], torch.tensor([1, 0, 1, 0, 1, 0, 1]).bool()])
def test_bools_are_two_classes(labels):
    dataset, said = read(labels)
    assert (dataset.task, dataset.labels.tolist(), dataset.num_outputs, said) == ("multiclass", [1, 0, 1, 0, 1, 0, 1], 2, [])


@pytest.mark.parametrize("labels", [np.array(CLASSES)[:, None], torch.tensor([[0], [1], [1], [0], [1], [0], [0]]),
                                    np.ones((7, 1), bool)])
def test_a_column_of_integers_is_asked_about(labels):
    """One class a node, or one yes or no: a task says which."""
    with pytest.raises(ValueError, match=r"^labels have the shape \(7, 1\), one column: give labels\[:, 0\] where each"):
        read(labels)
    one, _ = read(labels, task="multiclass")
    assert (one.task, one.labels.tolist()) == ("multiclass", np.asarray(labels)[:, 0].tolist())
    if np.asarray(labels).max() < 2:
        yes, _ = read(labels, task="multilabel")
        assert (yes.task, yes.labels.shape, yes.num_outputs) == ("multilabel", (7, 1), 1)


@pytest.mark.parametrize("labels", [
    [1.5, 0, 2, 1, 1, 0, 2], [5.0, 3, 9, 120, 7, 3, 8], [0.0, 1, 2, 3, 4, 5, 6], [2.0, 5, 9, 1, 8, 7, 7],
    [-2.0, 0, 1, 1, 0, 1, 0], [0, 1, 500.0, 0, 1, 500, 0], [np.nan] * 7, [1.0] * 7, np.full((7, 2), 3.0), np.zeros((7, 2)),
])
def test_other_floats_are_targets(labels):
    """A fraction, many different ones, below -1, beyond class numbers, nothing, several columns."""
    dataset, said = read(labels, train=[])
    assert dataset.task == "regression" and not said
    assert np.array_equal(dataset.labels, np.reshape(np.asarray(labels, np.float32), (7, -1)), equal_nan=True)


def test_floats_of_several_columns_that_are_0_or_1_are_several_labels():
    labels = np.array([[1, 0], [0, 0], [1, 1], [np.nan] * 2, [0, 1], [1, 0], [0, 0]])
    dataset, said = read(torch.tensor(labels))
    assert dataset.task == "multilabel" and dataset.labels[3].tolist() == [-1, -1] and len(said) == 1
    assert read(labels, task="regression")[0].task == "regression"


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_texts_are_no_numbers(task):
    with pytest.raises(TypeError, match=f"^labels must be numbers where the task is {task}, and there is '1'$"):
        dataset_with(["1", "2.5", None, "3"], task=task)


def test_a_task_that_is_said_is_the_task():
    numbers, said = read(np.array(CLASSES), task="regression")
    assert numbers.task == "regression" and numbers.labels[:, 0].tolist() == CLASSES and not said  # -1 is a number here
    years = np.array([1998.0, 2001, 1999, np.nan, 1998, 2001, 1999])
    assert read(years)[0].task == "regression"
    assert read(years, task="multiclass")[0].labels[:4].tolist() == [1998, 2001, 1999, -1]
    with pytest.raises(ValueError, match=r"^labels of classes must be whole numbers; got labels\[1\] = 0.5$"):
        read([0, 0.5, 1, 1, 1, 1, 1], task="multiclass")
    with pytest.raises(ValueError, match="^task must be one of 'auto', 'multiclass', 'multilabel', 'regression'; got 'cl"):
        read(CLASSES, task="classes")


@pytest.mark.parametrize("again", [dataclasses.replace, copy.deepcopy, lambda dataset: pickle.loads(pickle.dumps(dataset))])
def test_targets_that_are_whole_stay_targets(again, tmp_path):
    """What is stored is not guessed at again, in a copy, a variant or a file; other labels tell their own task."""
    dataset, _ = read(FLOATS, task="regression")
    guessed, _ = read([0.5, 1, 1, 1, 1, 1, 1])
    guessed = dataclasses.replace(guessed, labels=np.array([0, 1, 0, 1, 0, 1, 0.0], np.float32)[:, None])
    assert dataclasses.replace(again(guessed), val=[1]).task == "regression"
    assert dataclasses.replace(again(dataset), val=[1]).task == "regression"
    dataset.save(tmp_path / "a.npz")
    assert again(NodeDataset.load(tmp_path / "a.npz")).task == "regression"
    classes = dataclasses.replace(again(guessed), labels=CLASSES)
    assert classes.task == "multiclass" and type(classes.task).__mro__[1] is str
    assert dataclasses.replace(classes, labels=np.array(CLASSES) + 0.5).task == "regression"
    column, _ = read(np.array([[0], [1], [1], [0], [1], [0], [0]]), task="multilabel")
    column.save(tmp_path / "b.npz")
    assert again(NodeDataset.load(tmp_path / "b.npz")).task == "multilabel"


def test_notes_are_saved(tmp_path):
    dataset, said = read(FLOATS)
    dataset.save(tmp_path / "a.npz")
    assert NodeDataset.load(tmp_path / "a.npz").notes == tuple(said) and len(said) == 1


def test_columns_of_pandas():
    """Integers, flags and texts with gaps in each of its kinds."""
    pandas = pytest.importorskip("pandas")
    for values, kind in (([1, None, 0, 2, 1, 0, 2], "Int64"), ([1, None, 0, 2, 1, 0, 2], float),
                         (["b", None, "a", "c", "b", "a", "c"], "string"), (["b", "NA", "a", "c", "b", "a", "c"], "category")):
        dataset, _ = read(pandas.Series(values, dtype=kind), train=pandas.Series([True, *[False] * 6]))
        assert dataset.labels.tolist() == [1, -1, 0, 2, 1, 0, 2] and dataset.train.tolist() == [0]
    flags = pandas.Series([True, None, False, True, True, False, False], dtype="boolean")
    assert read(flags)[0].labels.tolist() == [1, -1, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "targets, is_told",
    [
        (1.7e9 + np.arange(5.0), True),
        (1.7e9 + 86400 * np.arange(5.0), False),
        (np.stack([np.arange(5) + 0.5, 1e8 + np.arange(5)], 1), True),
        (np.append(1.7e9 + np.arange(5.0), np.nan), True),
        (250_000 + 1000 * np.arange(5) + 0.3, False),
        (np.full(5, 0.1), False),
        (np.array([0.1]), False),
        (np.full(3, np.nan), False),
        (1.7e9 + np.arange(5, dtype=np.float32), False),
        (np.array([1e-300, 3e37]), False),
    ],
)
def test_targets_that_float32_does_not_tell_apart_are_told(targets, is_told):
    _, _, note = read_labels(targets, len(targets), "regression")
    assert ("digits that float32 does not keep" in note) == is_told
    if is_told and targets.ndim == 1:
        assert note.endswith("1700000004 becomes 1700000000: subtract a number that all have, such as their mean")


@pytest.mark.parametrize("names", [{"a", "b"}, frozenset("ab"), {"a": 0, "b": 1}])
def test_class_names_without_an_order_are_refused(names):
    with pytest.raises(TypeError, match="class_names must be a list, whose order says which class is which"):
        checked_class_names(names, np.array([0, 1]))


def test_half_floats_are_classes_without_a_word_of_numpy():
    with pytest.warns(UserWarning, match="^labels are 3 whole numbers") as told:
        NodeDataset(graph=Graph.from_edges([0], [1], 6), features=np.eye(6), labels=np.array([0, 1, 2, 1, 0, 2], np.float16),
                    train=[0], val=[1], test=[2])
    assert len(told) == 1
    assert checked_labels(np.array([0, 1, 2, 1, 0, 2], np.float16), 6).tolist() == [0, 1, 2, 1, 0, 2]


def test_one_label_each_is_told():
    graph = Graph.from_edges([0, 1], [1, 2], 4)
    parts = {"features": np.eye(4, dtype=np.float32), "train": [0], "val": [1], "test": [2]}
    one = NodeDataset(graph=graph, labels=np.eye(3, dtype=int)[[0, 1, 2, 0]], **parts)
    assert "each labelled node has exactly one of 3 labels: if that must be so, labels.argmax(axis=1)" in one.summary()
    several = NodeDataset(graph=graph, labels=np.array([[1, 0], [1, 1], [0, 1], [0, 0]]), **parts)
    assert "exactly one" not in several.summary()
