"""Dataset folders that were damaged, swapped, cut short, of another kind or newer: one sentence. What is large is not read."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.typed_data import papers

import graphsage as gs
from graphsage.data.dataset import DatasetError
from graphsage.data.folders import folder_parts, opening
from graphsage.data.folders.dataset_folder import read_dataset_folder

X = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def saved(tmp_path):
    graph = gs.Graph.from_edges([0, 1, 1, 3], [1, 2, 0, 3], 4, weights=[1, 2, 3, 4.0])
    dataset = gs.NodeDataset(graph=graph, features=X, labels=[0, 1, 1, -1], train=[2, 0], val=[1], test=[], name="small")
    dataset.save(tmp_path / "small")
    return tmp_path / "small"


@pytest.fixture
def written_by_a_friend(monkeypatch):
    """Nothing is small: all was checked when it was written."""
    monkeypatch.setattr(folder_parts, "SMALL", -1)


def refused(folder):
    with pytest.raises(DatasetError) as caught:
        gs.load_dataset(folder)
    text = str(caught.value)
    assert text.startswith(str(folder)) and "\n" not in text and text.count(str(folder)) == 1
    return text.removeprefix(str(folder)).lstrip(": /")


def change(folder, **changes):
    """Change what about.json says; None takes it out."""
    about = json.loads((folder / "about.json").read_text()) | changes
    (folder / "about.json").write_text(json.dumps({name: value for name, value in about.items() if value is not None}))


def forge(folder, name, array):
    """Another array, with the checksum that it has."""
    from graphsage.data.folders.writer import _told

    (folder / f"{name}.npy").unlink(missing_ok=True)
    np.save(folder / f"{name}.npy", array)
    about = json.loads((folder / "about.json").read_text())
    change(folder, arrays=about["arrays"] | {name: _told(folder / f"{name}.npy")})


@pytest.mark.parametrize("name", ["indices", "features", "labels", "edge_ids"])
def test_a_flipped_bit_of_a_small_folder_is_seen(saved, name):
    data = bytearray((saved / f"{name}.npy").read_bytes())
    data[-3] ^= 1
    (saved / f"{name}.npy").write_bytes(data)
    assert refused(saved) == f"{name}.npy: its checksum is not the one in about.json: the file is damaged"


def test_a_large_folder_is_checked_by_the_check(saved, written_by_a_friend):
    data = bytearray((saved / "features.npy").read_bytes())
    data[-3] ^= 1
    (saved / "features.npy").write_bytes(data)
    assert gs.load_dataset(saved).num_nodes == 4
    with pytest.raises(DatasetError, match=r"features\.npy: its checksum is not the one in about\.json"):
        read_dataset_folder(saved, "small", checked=False)


def test_a_check_looks_at_what_has_the_right_checksum(saved, written_by_a_friend):
    forge(saved, "indices", np.full(4, 99, np.int32))
    gs.load_dataset(saved)
    with pytest.raises(DatasetError, match=r"small: indices\[0\] = 99 is not a node: the graph has 4$"):
        read_dataset_folder(saved, "small", checked=False)


def test_neither_features_nor_edges_of_a_large_folder_are_read(saved, written_by_a_friend, monkeypatch):
    monkeypatch.setattr("graphsage.data.readers.npz.available_memory", lambda: 0)
    wild = {"indices": np.full(4, -7, np.int32), "features": np.full((4, 3), np.nan, np.float32),
            "weights": np.full(4, -1.0), "edge_ids": np.full(4, -9)}  # fmt: skip
    for name, array in wild.items():
        with open(saved / f"{name}.npy", "rb+") as file:
            file.seek(-array.nbytes, 2)
            file.write(array.tobytes())
    dataset = gs.load_dataset(saved)
    found = {"features": dataset.features} | {name: getattr(dataset.graph, name) for name in ("indices", "weights", "edge_ids")}
    assert all(np.array_equal(found[name], wild[name], equal_nan=True) for name in wild)
    again = gs.NodeDataset(**{
        name: getattr(dataset, name) for name in ("graph", "features", "labels", "train", "val", "test", "task")})
    assert again.labels is dataset.labels and again.train is dataset.train and again.features is dataset.features


def test_cut_short_missing_and_swapped(saved):
    whole = (saved / "features.npy").read_bytes()
    (saved / "features.npy").write_bytes(whole[:-4])
    assert refused(saved) == "features.npy must have 48 bytes for float32 (4, 3), it has 44"
    (saved / "features.npy").write_bytes((saved / "indices.npy").read_bytes())
    assert refused(saved) == "features.npy must be <f4 [4, 3], as about.json says; it is <i4 [4]"
    (saved / "features.npy").unlink()
    assert refused(saved) == "features.npy: there is no such file"


def test_two_files_of_one_shape_that_changed_places(saved):
    one, two = saved / "weights.npy", saved / "edge_ids.npy"
    about = json.loads((saved / "about.json").read_text())["arrays"]
    forge(saved, "weights", np.load(two).astype(float))
    change(saved, arrays=about)
    assert refused(saved) == "weights.npy: its checksum is not the one in about.json: the file is damaged"
    assert one.is_file()


@pytest.mark.parametrize("changes, text", [
    ({"version": 2}, "about.json has version 2 of the form, and this graphsage reads version 1: install a newer one"),
    ({"version": "1"}, "about.json must name the form 'graphsage dataset folder' and its version"),
    ({"form": "parquet"}, "about.json must name the form 'graphsage dataset folder' and its version"),
    ({"arrays": None}, "about.json must say what dataset it is, and of each array its dtype, shape and sha256"),
    ({"arrays": {"indptr": {"dtype": "<i8"}}},
     "about.json must say what dataset it is, and of each array its dtype, shape and sha256"),
    ({"arrays": {}}, "indices, indptr, labels, test, train, val missing: about.json lists "),
    ({"dataset": {"name": 5}}, "name in its member about is missing or of another kind: 5"),
    ({"range": [0, 2]}, "it holds the part [0, 2] of the nodes: a training on shards opens it"),
])  # fmt: skip
def test_what_about_json_says(saved, changes, text):
    change(saved, **changes)
    assert refused(saved).startswith(text)


def test_about_json_that_is_none(saved):
    (saved / "about.json").write_text('{"form": ')
    assert refused(saved).startswith("about.json must be JSON: Expecting value")
    (saved / "about.json").write_text("[" * 100_000)
    assert refused(saved).startswith("about.json must be JSON: ")


def test_arrays_that_are_not_known(saved):
    forge(saved, "colours", np.arange(3))
    assert refused(saved) == "it holds arrays that this version does not have: colours"
    about = json.loads((saved / "about.json").read_text())["arrays"]
    change(saved, arrays={("../small/labels" if name == "colours" else name): of for name, of in about.items()})
    assert refused(saved) == "it holds arrays that this version does not have: ../small/labels"


@pytest.mark.parametrize("name, array, text", [
    ("indices", np.zeros(4), "indices.npy must be <i4 with 1 axes, got <f8 with 1"),
    ("indptr", np.arange(5, dtype=np.int32), "indptr.npy must be <i8 with 1 axes, got <i4 with 1"),
    ("features", X[0], "features.npy must be <f4 with 2 axes, got <f4 with 1"),
    ("labels", np.zeros(4, np.int16), "labels.npy must be <i8 or |i1 or <f4 with some axes, got <i2 with 1"),
    ("indptr", np.array([0, 1, 2, 3, 3]), "indptr must start with 0 and end with 4, the length of indices"),
    ("indptr", np.empty(0, np.int64), "indptr must start with 0 and end with 4, the length of indices"),
    ("weights", np.ones(3), "weights must have one entry per edge, 4; got shape (3,)"),
    ("features", X[:2], "features must have one row per node, 4; got 2 rows"),
    ("labels", np.zeros(3, np.int64), "labels must have one entry per node, 4; got 3"),
    ("train", np.array([4]), "train[0] = 4 is not a node: the graph has 4"),
    ("train", np.array([3]), "train[0] = 3 has no label: every node of a split needs one"),
    ("val", np.array([2]), "node 2 is in train and in val: splits must not overlap"),
    ("val", np.array([1, 1]), "val lists node 1 more than once: list each node once"),
])  # fmt: skip
def test_forms_and_what_grows_with_the_nodes_are_looked_at(saved, written_by_a_friend, name, array, text):
    forge(saved, name, array)
    assert refused(saved) == text


def test_sparse_rows_that_do_not_fit(saved, written_by_a_friend, tmp_path):
    features = gs.SparseFeatures([0, 1, 1, 2, 2], [0, 1], None, 3)
    replace(gs.NodeDataset.load(saved), features=features).save(tmp_path / "b")
    forge(tmp_path / "b", "feature_indptr", np.array([0, 1, 1, 3, 3]))
    assert refused(tmp_path / "b") == "indptr must start with 0 and end with 2, the length of indices"


def test_each_class_loads_its_own(saved, tmp_path):
    papers().save(tmp_path / "typed")
    with pytest.raises(DatasetError, match="typed: it holds a TypedDataset: load_dataset and TypedDataset.load read it$"):
        gs.NodeDataset.load(tmp_path / "typed")
    with pytest.raises(DatasetError, match="small: it holds a NodeDataset: load_dataset and NodeDataset.load read it$"):
        gs.TypedDataset.load(saved)


def test_a_folder_of_others_is_none(tmp_path):
    (tmp_path / "about.json").write_text("{}")
    with pytest.raises(DatasetError, match="holds no dataset: known are"):
        gs.load_dataset(tmp_path)


def test_opening_takes_the_names_and_the_class_names_that_are_asked_for(saved, tmp_path):
    assert gs.load_dataset(saved).name == "small"
    assert read_dataset_folder(saved, "x", class_names=["a", "b"]).class_names == ("a", "b")
    assert opening.about_of(saved)["dataset"]["name"] == "small"
