"""A split in any of its usual forms is used, told, and never a feature."""

import csv

import numpy as np
import pytest
from helpers.table_files import write_tables

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data import DatasetError, load_dataset
from graphsage.data.tables.folder import read_folder

pytest.importorskip("pyarrow")

COUNT = 24
PARTS = [("train", "val", "test", None)[node % 4] for node in range(COUNT)]
LABELS = [node % 3 for node in range(COUNT)]
ROWS = {name: [node for node, part in enumerate(PARTS) if part == name] for name in ("train", "val", "test")}


def masks(yes, no, parts=("train", "val", "test")):
    """[cells] of the mask of each part."""
    return [[yes if part == name else no for part in PARTS] for name in parts]


def words(train, val, test, none=""):
    return [[{"train": train, "val": val, "test": test, None: none}[part] for part in PARTS]]


def write(folder, columns):
    """nodes.csv with a label, a feature x and ``columns``."""
    write_tables(folder, "source,target\n0,1\n1,2\n", None)
    given = {"id": range(COUNT), "label": LABELS, "x": [node / 2 for node in range(COUNT)], **columns}
    with open(folder / "nodes.csv", "w", newline="") as file:
        csv.writer(file).writerows([list(given), *zip(*given.values())])
    return folder


def parts_of(dataset):
    return {name: getattr(dataset, name).tolist() for name in ("train", "val", "test")}


MASK = ("train_mask", "val_mask", "test_mask")
FORMS = {
    "masks": (MASK, masks("True", "False")), "0 and 1": (MASK, masks("1", "0")), "small": (MASK, masks("true", "false")),
    "floats": (MASK, masks("1.0", "0.0")), "yes": (MASK, masks("yes", "")), "capitals": (MASK, masks("TRUE", "FALSE")),
    "is_": (("is_train", "is_val", "is_test"), masks("1", "0")), "isTrain": (("isTrain", "isValid", "isTest"), masks("t", "f")),
    "camel": (("trainMask", "valMask", "testMask"), masks("True", "False")),
    "bare": (("train", "valid", "test"), masks("True", "False")), "other names": (("TRAIN", "dev", "testing"), masks("1", "0")),
    "words": (("split",), words("train", "val", "test")), "Split": (("Split",), words("Train", "Valid", "TEST")),
    "set": (("set",), words("TRAIN", "VALIDATION", "test")), "phase": (("phase",), words("training", "dev", "testing", "NA")),
    "mask_": (("mask_train", "mask_val", "mask_test"), masks("True", "False")),
    "_idx": (("train_idx", "val_idx", "test_idx"), masks("1", "0")),
    "eval": (("subset",), words("TRAIN", "eval", "holdout", "\\N")),
    "unused": (("part",), words("train", "evaluation", "test", "unused")),
    "unlabeled": (("Fold",), words("train", "val", "test", "unlabeled")),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_split_in_any_form(tmp_path, form):
    names, cells = FORMS[form]
    dataset, found = read_folder(write(tmp_path, dict(zip(names, cells))), progress=silent)
    assert parts_of(dataset) == ROWS and dataset.num_features == 1
    said = f"split: column{'s' if len(names) > 1 else ''} {', '.join(names)}"
    assert found.split == said and dataset.notes == (() if names == ("split",) else (said,))
    again, _ = read_folder(tmp_path, schema=dataset.schema, progress=silent)
    assert parts_of(again) == ROWS


@pytest.mark.parametrize("kind", ["bool", "uint8", "float", "lists", "fixed lists"])
def test_masks_of_a_parquet_file(tmp_path, kind):
    import pyarrow as pa
    from pyarrow import parquet

    write_tables(tmp_path, "source,target\n0,1\n", None)
    table = {"id": range(COUNT), "label": [node % 3 for node in range(COUNT)]}
    for name, mask in zip(MASK, masks(True, False)):
        lists = [[inside] for inside in mask]
        table[name] = {
            "bool": pa.array(mask), "uint8": pa.array(mask).cast(pa.uint8()), "float": pa.array(np.array(mask, float)),
            "lists": pa.array(lists), "fixed lists": pa.array(lists, pa.list_(pa.bool_(), 1)),
        }[kind]  # fmt: skip
    parquet.write_table(pa.table(table), tmp_path / "nodes.parquet")
    dataset, _ = read_folder(tmp_path, progress=silent)
    assert parts_of(dataset) == ROWS


def test_of_masks_of_several_splits_one_is_chosen_and_told(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    write_tables(tmp_path, "source,target\n0,1\n", None)
    table = {"id": range(COUNT), "label": [node % 3 for node in range(COUNT)]}
    for at, name in enumerate(MASK):
        table[name] = pa.array([[node % 4 == at, node % 4 == (at + 1) % 4] for node in range(COUNT)])
    parquet.write_table(pa.table(table), tmp_path / "nodes.parquet")
    dataset = load_dataset(tmp_path, progress=False)
    assert parts_of(dataset) == ROWS
    assert dataset.notes == ("split: columns train_mask, val_mask, test_mask, split 0 of 2 (--split N takes another)",)
    second = parts_of(load_dataset(tmp_path, split=1, progress=False))
    assert second == {name: [node for node in range(COUNT) if node % 4 == at] for at, name in enumerate(ROWS, 1)}
    with pytest.raises(DatasetError, match=r"nodes.parquet has 2 splits, 0 to 1; got split 2$"):
        load_dataset(tmp_path, split=2, progress=False)
    short = [[True, False]] * (COUNT - 1) + [[True]]
    parquet.write_table(pa.table({**table, "train_mask": pa.array(short)}), tmp_path / "nodes.parquet")
    with pytest.raises(DatasetError, match=r"nodes.parquet row 24: train_mask is .*, and that is 1 numbers, where a vector"):
        load_dataset(tmp_path, progress=False)


def test_several_columns_of_words_are_several_splits(tmp_path):
    turned = ["val" if part == "train" else "train" if part == "val" else part for part in PARTS]
    write(tmp_path, {"split_0": [part or "" for part in PARTS], "split_1": [part or "" for part in turned]})
    dataset = load_dataset(tmp_path, progress=False)
    assert parts_of(dataset) == ROWS and dataset.num_features == 1
    assert dataset.notes == ("split: column split_0, split 0 of 2 (--split N takes another)",)
    assert load_dataset(tmp_path, split=1, progress=False).train.tolist() == ROWS["val"]
    masks_of = {f"{name}_{number}": cells for number in range(2) for name, cells in zip(MASK, masks("1", "0"))}
    assert load_dataset(write(tmp_path, masks_of), split=1, progress=False).val.tolist() == ROWS["val"]


@pytest.mark.parametrize("name, first, second", [("is_train", "train", "test"), ("test_mask", "test", "train")])
def test_one_mask_leaves_the_rest_to_the_other(tmp_path, name, first, second):
    dataset, found = read_folder(write(tmp_path, {name: masks("1", "0", [first])[0]}), progress=silent)
    rest = [node for node in range(COUNT) if node not in ROWS[first]]
    assert parts_of(dataset) == {first: ROWS[first], second: rest, "val": []}
    assert found.split == f"split: column {name} (the rest is {second})"


@pytest.mark.parametrize("columns", [
    {"test": masks("1", "0", ["test"])[0]}, {"test": LABELS}, {"test_score": masks("1", "0", ["test"])[0]},
    {"train": [f"{node % 5}" for node in range(COUNT)]}, {"kind": ["test" if node % 2 else "real" for node in range(COUNT)]},
    {"model": ["train" if node % 2 else "bus" for node in range(COUNT)]},
])
def test_what_only_sounds_like_one_is_a_feature(tmp_path, columns):
    """The result of a test, a number of trains, a train among buses."""
    dataset, found = read_folder(write(tmp_path, columns), progress=silent)
    assert found.split == "" and dataset.num_features > 1 and len(dataset.train) == COUNT // 2


def test_a_column_that_is_asked_for_as_a_feature_is_one(tmp_path):
    from dataclasses import replace

    write(tmp_path, dict(zip(("train", "val", "test"), masks("1", "0"))))
    dataset, _ = read_folder(tmp_path, progress=silent, reading=replace(TABLE_DEFAULTS, number=("train", "val", "test")))
    assert dataset.num_features == 4 and len(dataset.train) == COUNT // 2


def test_a_model_of_before_that_took_a_mask_for_a_feature_still_does(tmp_path):
    """Its schema says so; the columns that it does not read as features are the split."""
    dataset, _ = read_folder(write(tmp_path, dict(zip(MASK, masks("1", "0")))), progress=silent)
    spec = {"name": "train_mask", "kind": "number", "mean": 0.25, "deviation": 0.5}
    schema = {name: value for name, value in dataset.schema.items() if name != "reading"}
    schema["columns"] = [*schema["columns"], spec]
    again, _ = read_folder(tmp_path, schema=schema, progress=silent)
    assert again.features[:, 1].tolist() == [1.5 if part == "train" else -0.5 for part in PARTS]


@pytest.mark.parametrize("columns, sentence", [
    ({"train_mask": [1] * COUNT, "val_mask": masks("1", "0")[1]},
     r"line 3: val_mask is true, and so is the mask of train: a node is in one part only"),
    ({"train_mask": ["maybe", *masks("1", "0")[0][1:]]},
     r"line 2: train_mask is 'maybe', and must be true or false, 1 or 0, or empty"),
    ({"split": ["night", *[part or "" for part in PARTS[1:]]]}, r"line 2: split is 'night', and must be train, val, test or"),
    ({"split": [part or "" for part in PARTS], "label": ["NA" if part == "test" else 1 for part in PARTS]},
     r"line 4: split is test, and the node has no label \(nor have any of the 6 there\): leave one of the two as the other is"),
    ({"split": [part or "" for part in PARTS], "label": ["?" if node in (2, 6) else 1 for node in range(COUNT)]},
     r"line 4: split is test, and the node has no label \(nor have 2 of the 6 there\): leave one of the two as the other is"),
])
def test_what_is_no_split_is_named_with_its_line(tmp_path, columns, sentence):
    with pytest.raises(DatasetError, match=f"nodes.csv {sentence}"):
        read_folder(write(tmp_path, columns), progress=silent)


def test_a_split_where_no_node_has_a_label_is_no_error(tmp_path):
    """The report says then which column may hold labels."""
    folder = write(tmp_path, {"split": [part or "" for part in PARTS], "label": [""] * COUNT})
    dataset, found = read_folder(folder, progress=silent)
    assert dataset.num_nodes == COUNT and [len(part) for part in (dataset.train, dataset.val, dataset.test)] == [0, 0, 0]
    assert found.bare == sum(map(bool, PARTS))
