"""Labels in tables: what is missing, whole floats, flags, lists, and what is asked for."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from helpers.table_files import write_tables

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data import DatasetError, NodeDataset
from graphsage.data.tables.folder import read_folder

pytest.importorskip("pyarrow")

WORDS = [
    "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "none", "?", "-", "-1", "-1.0", "unknown", "UNKNOWN", "<NA>", "", "  ",
    "\\N", "(null)", "[NULL]", "-nan",
]  # fmt: skip
NOT_MISSING = " (--not-missing WORD: it is a class)"


def labelled(folder, cells, name="label", **reading):
    """The dataset of a table of nodes with these labels."""
    (folder / "x").mkdir(parents=True, exist_ok=True)
    write_tables(folder, "source,target\n0,1\n1,2\n", None)
    with open(folder / "nodes.csv", "w", newline="") as file:
        csv.writer(file).writerows([["id", name], *([node, cell] for node, cell in enumerate(cells))])
    return read_folder(folder, progress=silent, reading=replace(TABLE_DEFAULTS, **reading))[0]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("classes", [("a", "b"), ("0", "1")])
def test_a_word_for_missing_is_no_class(tmp_path, word, classes):
    dataset = labelled(tmp_path, [*classes, word] * 5)
    assert dataset.class_names == classes and dataset.labels.tolist() == [0, 1, -1] * 5
    word = {"-1.0": "-1"}.get(word, word.strip())
    assert dataset.notes[-1:] == ((f"5 of 15 labels are missing: 5 {word}{NOT_MISSING}",) if word else ())
    parts = np.concatenate([dataset.train, dataset.val, dataset.test])
    assert sorted(parts % 3) == [0] * 5 + [1] * 5  # none of them is in a part of the split


def test_missing_ones_are_counted_by_word(tmp_path):
    dataset = labelled(tmp_path, ["a", "NA", "unknown", "b", "NA", "", "NA", "?"])
    assert dataset.notes == (f"5 of 8 labels are missing: 3 NA, 1 unknown, 1 ?{NOT_MISSING}",)
    assert dataset.notes[0] in dataset.summary()


def test_a_word_can_be_a_class_and_another_missing(tmp_path):
    cells = ["a", "NA", "unknown", "b", "none yet", "-1"]
    assert labelled(tmp_path, cells, not_missing=("NA", "-1")).class_names == ("-1", "NA", "a", "b", "none yet")
    assert labelled(tmp_path, cells, missing=("None Yet",)).class_names == ("a", "b")


def test_minus_one_beside_others_below_zero_is_a_class(tmp_path):
    assert labelled(tmp_path, [-2, -1, 0, 1, 2] * 3).class_names == ("-2", "-1", "0", "1", "2")
    only = labelled(tmp_path, [-1, 1] * 5)
    assert only.class_names == ("1",) and "there is nothing to tell apart" in only.summary()
    assert labelled(tmp_path, [-1, 1] * 5, not_missing=("-1",)).class_names == ("-1", "1")


def test_minus_one_is_a_target(tmp_path):
    dataset = labelled(tmp_path, ["-1.0", "0.5", "NA", "-1", "2.25", "?"])
    assert dataset.task == "regression" and dataset.notes == ("2 of 6 labels are missing: 1 NA, 1 ?",)
    assert np.array_equal(dataset.labels[:, 0], [-1, 0.5, np.nan, -1, 2.25, np.nan], equal_nan=True)


def test_several_labels_may_be_missing(tmp_path):
    dataset = labelled(tmp_path, ["a;b", "NA", "-1", "b", "", ";"], "labels")
    assert dataset.labels.tolist() == [[1, 1], [-1, -1], [-1, -1], [0, 1], [-1, -1], [0, 0]]
    assert dataset.notes == (f"2 of 6 labels are missing: 1 NA, 1 -1{NOT_MISSING}",)


# ---- what they are

FLOATS = ["1.0", "", "0.0", "2.0", "1.0", "0.0", "nan", "2.0", "-1.0"]
CLASSES = [1, -1, 0, 2, 1, 0, -1, 2, -1]


def test_whole_floats_that_repeat_are_classes(tmp_path):
    """As an array of the same numbers is read."""
    dataset = labelled(tmp_path, FLOATS)
    assert dataset.class_names == ("0", "1", "2") and dataset.labels.tolist() == CLASSES
    assert dataset.notes[0] == ("labels are 3 different whole numbers, though written with a point: read as classes"
                                " (--task regression predicts the numbers)")
    with pytest.warns(UserWarning, match="read as classes"):
        array = NodeDataset(graph=dataset.graph, features=dataset.features, train=[], val=[], test=[],
                            labels=[float(cell or "nan") for cell in FLOATS])
    assert array.labels.tolist() == CLASSES
    numbers = labelled(tmp_path, FLOATS, task="regression")
    assert np.array_equal(numbers.labels[:, 0], [1, np.nan, 0, 2, 1, 0, np.nan, 2, -1], equal_nan=True)


@pytest.mark.parametrize("cells", [["1.0", "5.0", "9.0", "2.0"], ["1.5", "1.0", "1.0", "1.0"], ["-3.0", "1.0", "1.0", "1.0"],
                                   [f"{1000.0 * number}" for number in range(30)]])
def test_other_numbers_with_a_point_are_targets(tmp_path, cells):
    assert labelled(tmp_path, cells).task == "regression"
    if "1.5" not in cells:
        whole = labelled(tmp_path, cells, task="multiclass")
        assert set(whole.class_names) == {cell.removesuffix(".0") for cell in cells}


@pytest.mark.parametrize("kind", ["floats", "integers", "flags", "texts"])
def test_labels_of_a_parquet_file(tmp_path, kind):
    import pyarrow as pa
    from pyarrow import parquet

    column = {
        "floats": pa.array([1.0, None, 0.0, float("nan"), 1.0, 0.0]), "integers": pa.array([1, None, 0, -1, 1, 0], pa.int8()),
        "flags": pa.array([True, None, False, None, True, False]), "texts": pa.array(["b", None, "a", "null", "b", "a"]),
    }[kind]  # fmt: skip
    write_tables(tmp_path, "source,target\n0,1\n", None)
    parquet.write_table(pa.table({"id": range(6), "label": column}), tmp_path / "nodes.parquet")
    dataset, _ = read_folder(tmp_path, progress=silent)
    assert dataset.labels.tolist() == [1, -1, 0, -1, 1, 0] and dataset.num_classes == 2


@pytest.mark.parametrize("cells, labels, names", [
    (["['b', 'a']", "['a']", "", "[]"], [[1, 1], [1, 0], [-1, -1], [0, 0]], ("a", "b")),
    (['["b, c", "a"]', '["a"]', "NA", "[]"], [[1, 1], [1, 0], [-1, -1], [0, 0]], ("a", "b, c")),
    (["['b' 'a']", "['a']", "null", "[]"], [[1, 1], [1, 0], [-1, -1], [0, 0]], ("a", "b")),
    (["[1, 0, 1]", "[0, 0, 0]", "nan", "[0 1 0]"], [[1, 0, 1], [0, 0, 0], [-1, -1, -1], [0, 1, 0]], ("0", "1", "2")),
    (["[7, 30]", "[7]", "", "[]"], [[1, 1], [0, 1], [-1, -1], [0, 0]], ("30", "7")),
])
def test_lists_as_python_writes_them_are_several_labels(tmp_path, cells, labels, names):
    dataset = labelled(tmp_path, cells, name="labels")
    assert dataset.labels.tolist() == labels and dataset.class_names == names
    again, _ = read_folder(next(tmp_path.rglob("nodes.csv")).parent, schema=dataset.schema, progress=silent)
    assert again.labels.tolist() == labels


@pytest.mark.parametrize("rows, labels, names", [
    ([["b", "a"], ["a"], None, []], [[1, 1], [1, 0], [-1, -1], [0, 0]], ("a", "b")),
    ([[1, 0, 1], [0, 0, 0], None, [0, 1, 0]], [[1, 0, 1], [0, 0, 0], [-1, -1, -1], [0, 1, 0]], ("0", "1", "2")),
    ([[7, 30], [7], None, []], [[1, 1], [0, 1], [-1, -1], [0, 0]], ("30", "7")),
])
def test_lists_of_a_parquet_file_are_several_labels(tmp_path, rows, labels, names):
    import pyarrow as pa
    from pyarrow import parquet

    write_tables(tmp_path, "source,target\n0,1\n", None)
    parquet.write_table(pa.table({"id": range(4), "labels": pa.array(rows)}), tmp_path / "nodes.parquet")
    dataset, _ = read_folder(tmp_path, progress=silent)
    assert dataset.labels.tolist() == labels and dataset.class_names == names
    again, _ = read_folder(tmp_path, schema=dataset.schema, progress=silent)
    assert again.labels.tolist() == labels
    if isinstance(rows[0][0], int):
        parquet.write_table(pa.table({"id": range(4), "label": pa.array(rows)}), tmp_path / "nodes.parquet")
        with pytest.raises(DatasetError, match="has lists in its column label: call it labels where a node has several"):
            read_folder(tmp_path, progress=silent)


def test_what_is_asked_for_must_be_had(tmp_path):
    with pytest.raises(DatasetError, match="nodes.csv line 3: label is 'b', and must be a number, as --task regression says$"):
        labelled(tmp_path, ["1", "b", "3"], task="regression")
    with pytest.raises(DatasetError, match="has a column labels, of several classes a node: --task is for a column lab"):
        labelled(tmp_path, ["1", "b", "3"], "labels", task="multiclass")
    assert labelled(tmp_path, ["10", "200", "-1", "4000"], task="regression").labels[:, 0].tolist() == [10, 200, -1, 4000]


@pytest.mark.parametrize("name", ["Label", "LABEL", "Labels"])
def test_a_label_in_any_case(tmp_path, name):
    dataset = labelled(tmp_path, ["a", "b", "a"], name)
    assert dataset.class_names == ("a", "b") and dataset.schema["label"]["column"] == name.lower()
    again, _ = read_folder(tmp_path, schema=dataset.schema, progress=silent)
    assert np.array_equal(again.labels, dataset.labels)


# ---- little to learn from


@pytest.mark.parametrize("cells, said", [
    ([f"name {node}" for node in range(30)], "nearly every node is a class of its own, 30 for 30 labelled nodes: nothing"),
    (list(range(3000, 3030)), "nearly every node is a class of its own, 30 for 30 labelled nodes: nothing can be learnt"),
    (["a", "b", "c"], "nearly every node is a class of its own, 3 for 3"),
    (["NA"] * 5, "no node has a label: nothing can be learnt from mine before a column label in nodes.csv gives nodes a class"),
    (["a", "NA", "a"], "all 2 labelled nodes are of one class, 'a': there is nothing to tell apart"),
    (["1.0", "", "1.0"], "all 2 labelled nodes have the same number: there is nothing to tell apart"),
    (["a", "b", "a"], None),
])
def test_labels_that_teach_nothing_are_told(tmp_path, cells, said):
    summary = labelled(tmp_path / "mine", cells).summary()
    assert (said in summary) if said else ("nearly" not in summary and "one class" not in summary)


def test_a_schema_of_before_keeps_its_classes(tmp_path):
    """A model that was trained with a class NA, unknown or -1 finds it again; what it has not is missing, not unknown."""
    dataset = labelled(tmp_path, ["a", "NA", "-1", "b", "unknown", "?"])
    old = {name: value for name, value in dataset.schema.items() if name != "reading"}
    old["label"] = {**old["label"], "classes": ["-1", "NA", "a", "b"]}
    again, found = read_folder(tmp_path, schema=old, progress=silent)
    assert again.labels.tolist() == [2, 1, 0, 3, -1, -1] and found.labels.unknown == 0
