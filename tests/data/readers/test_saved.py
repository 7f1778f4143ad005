"""The project's own file of a dataset: all of it comes back, and nothing that was damaged, foreign or newer is read."""

import dataclasses
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from scipy.sparse import csr_array

from graphsage.data.catalogue import load_dataset
from graphsage.data.dataset import DatasetError, NodeDataset
from graphsage.data.folders import folder_parts
from graphsage.data.readers import npz
from graphsage.data.readers.npz_form import _digest
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

SRC, DST = [0, 1, 1, 3, 3], [1, 2, 2, 0, 3]
X = np.array([[1, 0, 3], [0, 0, 0], [2, 2, 0], [0, -1, 1]], np.float32)
NAMED = dict.fromkeys(["ä", "b\nc", ""], ()) | {"d\ud800": ("ä",)}
KINDS = {
    "plain": {},
    "weights": {"graph": Graph.from_edges(SRC, DST, 4, weights=[0, 1, 2.5, 3, 4])},
    "float32 weights": {"graph": Graph.from_csr([0, 1, 1, 1, 2], [2, 0], weights=np.array([0.1, 3], np.float32))},
    "no edge ids": {"graph": Graph(indptr=[0, 1, 1, 1, 2], indices=[2, 0])},
    "no edges": {"graph": Graph.from_edges([], [], 4)},
    "sparse": {"features": csr_array(X)},
    "ones": {"features": csr_array(X != 0)},
    "no entries": {"features": SparseFeatures([0] * 5, [], None, 7)},
    "multilabel": {"labels": [[1, 0], [0, 0], [1, 1], [-1, -1]], "class_names": ["a", "b\n"]},
    "regression": {"labels": [0.5, -1.0, 3e-5, np.nan]},
    "class names": {"class_names": ["ä", "", "c\ud800"]},
    "number ids": {"node_ids": [7, -(2**63), 2**63 - 1, 0]},
    "text ids": {"node_ids": list(NAMED)},
    "graph's ids": {"graph": Graph.from_adjacency_dict(NAMED)},
    "no name": {"name": None},
    "no nodes": {"graph": Graph.from_edges([], [], 0), "features": X[:0], "labels": [], "train": [], "val": [], "test": []},
}


def dataset_with(**changes):
    parts = {"graph": Graph.from_edges(SRC, DST, 4, undirected=True), "features": X, "labels": [0, 1, 2, -1]}
    return NodeDataset(**{**parts, "train": [2, 0], "val": [1], "test": [], "name": "small", **changes})


def assert_same(one, two):
    """Two records hold the same: arrays by dtype, shape and numbers."""
    assert type(one) is type(two)
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if dataclasses.is_dataclass(a):
            assert_same(a, b)
        elif isinstance(a, np.ndarray):
            assert (a.dtype, a.shape, a.flags.writeable) == (b.dtype, b.shape, b.flags.writeable)
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        else:
            assert a == b and type(a) is type(b)


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_it_comes_back(kind, tmp_path):
    dataset = dataset_with(**KINDS[kind])
    dataset.save(tmp_path / "small.npz")
    assert_same(NodeDataset.load(tmp_path / "small.npz"), dataset)
    for place in (tmp_path, str(tmp_path / "small.npz")):
        assert_same(load_dataset(place), dataclasses.replace(dataset, name="small"))


@pytest.mark.parametrize("size", [folder_parts.SMALL, -1], ids=["checked at opening", "checked when written"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_of_a_folder_comes_back(kind, size, tmp_path, monkeypatch):
    dataset = dataset_with(**KINDS[kind])
    dataset.save(tmp_path / "small")
    monkeypatch.setattr(folder_parts, "SMALL", size)
    for memory in (0, 2**40):  # mapped, and in memory
        monkeypatch.setattr(npz, "available_memory", lambda memory=memory: memory)
        assert_same(NodeDataset.load(tmp_path / "small"), dataset)
        for place in (tmp_path / "small", str(tmp_path / "small" / "about.json")):
            assert_same(load_dataset(place), dataclasses.replace(dataset, name="small"))


def test_the_same_dataset_is_the_same_file(tmp_path):
    for name in ("a.npz", "b.npz"):
        dataset_with().save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with pytest.raises(DatasetError, match=r"holds several datasets \(a, b\): give each a folder of its own"):
        load_dataset(tmp_path)


def test_numpy_reads_it_without_pickle(tmp_path):
    dataset_with(**KINDS["text ids"]).save(tmp_path / "small.npz")
    with np.load(tmp_path / "small.npz", allow_pickle=False) as arrays:
        assert arrays["labels"].tolist() == [0, 1, 2, -1]
        assert json.loads(arrays["about"].tobytes())["version"] == 1
        assert arrays["node_names"].tobytes()[:2].decode() == "ä"


def test_a_failed_write_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "small.npz"
    dataset_with().save(path)
    before = path.read_bytes()

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        dataset_with(**KINDS["regression"]).save(path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["small.npz"]


def test_what_cannot_be_saved(tmp_path):
    mixed = dataset_with(node_ids=["a", "b", ("c", 1), 3])
    with pytest.raises(ValueError, match=r"^a dataset can be saved if its node_ids are all texts .*, got \('c', 1\)$"):
        mixed.save(tmp_path / "x.npz")
    for name in (5, tmp_path):
        with pytest.raises(ValueError, match=r"^a dataset can be saved if its name is a text, got "):
            dataset_with(name=name).save(tmp_path / "x.npz")
        with pytest.raises(ValueError, match=r"^a dataset can be saved if its name is a text, got "):
            dataset_with(name=name).save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="is there already, and a dataset folder is written anew: delete it or name another$"):
        dataset_with().save(tmp_path)


@pytest.fixture
def saved(tmp_path):
    dataset_with(**KINDS["sparse"], node_ids=list("abcd")).save(tmp_path / "small.npz")
    return tmp_path / "small.npz"


def refused(path):
    with pytest.raises(DatasetError) as caught:
        NodeDataset.load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and "\n" not in text and text.count(str(path)) == 1
    return text.removeprefix(f"{path}: ")


def rewrite(path, checksum=True, about=(), **changes):
    """Change arrays of a saved file (None takes one out); the checksum is made right again."""
    with np.load(path) as held:
        arrays = {name: held[name] for name in held.files}
    described = {**json.loads(arrays["about"].tobytes()), **dict(about)}
    arrays = {**arrays, "about": np.frombuffer(json.dumps(described).encode(), np.uint8), **changes}
    arrays = {name: array for name, array in arrays.items() if array is not None}
    if checksum:
        arrays["sha256"] = _digest({name: array for name, array in arrays.items() if name != "sha256"})
    np.savez(path, **arrays)


def test_every_truncation_is_refused(saved):
    data = saved.read_bytes()
    for length in range(0, len(data), 97):
        saved.write_bytes(data[:length])
        assert refused(saved)


def test_no_flipped_bit_changes_the_dataset(saved):
    """Each flip is refused, or lies where a zip keeps what nobody reads (times, attributes)."""
    data, whole, unread = saved.read_bytes(), NodeDataset.load(saved), 0
    for at in range(0, len(data), 13):
        saved.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        try:
            assert_same(NodeDataset.load(saved), whole)
            unread += 1
        except DatasetError:
            pass
    assert 0 < unread < len(data) / 13 / 3


def test_a_wrong_checksum(saved):
    rewrite(saved, checksum=False, labels=np.array([0, 1, 1, -1]))
    assert refused(saved) == "its checksum is not that of its arrays: the file is damaged"


def test_a_newer_version(saved):
    rewrite(saved, about={"version": 2}, something=np.zeros(3))
    assert refused(saved) == "it has version 2 of the form, and this graphsage reads version 1: install a newer one"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"about": {"form": "else"}}, "its member about must name the form 'graphsage node dataset' and its version"),
        ({"about": {"version": "1"}}, "its member about must name the form 'graphsage node dataset' and its version"),
        ({"about": {"name": 3}}, "name in its member about is missing or of another kind: 3"),
        ({"about": {"num_columns": None}}, "features must"),
        ({"about": {"num_columns": 2}}, "feature indices[1] = 2 is not a column: the features have 2"),
        ({"about": {"class_names": [1, 2, 3]}}, "class_names must be a list of texts"),
        ({"about": {"graph_has_ids": None}}, "graph_has_ids in its member about is missing or of another kind: None"),
        ({"more": np.zeros(3)}, "it holds arrays that version 1 does not have: more"),
        ({"val": None}, "val missing: the arrays must be about, sha256, "),
        ({"about_": np.zeros(3)}, "it holds arrays that version 1 does not have: about_"),
        ({"labels": np.zeros((4, 2), np.int64)}, ""),
        ({"labels": np.zeros(4, np.complex64)}, "labels.npy must hold plain numbers, not '<c8'"),
        ({"indices": np.full(9, 9, np.int32)}, "indices[0] = 9 is not a node: the graph has 4"),
        ({"train": np.array([0, 0])}, "train lists node 0 more than once"),
        ({"node_name_ends": np.array([0, 1, 2, 3, 9])}, "indices must have shape (9,), as indptr ends there; got"),
        ({"node_names": np.array([255, 98, 99, 100], np.uint8)}, "'utf-8' codec can't decode byte 0xff"),
        ({"node_name_ends": None}, "node_names and node_name_ends go together"),
        ({"labels": np.array([[1, 2]], object)}, "labels.npy must hold plain numbers, not '|O'"),
    ],
)
def test_wrong_arrays_under_a_right_checksum(saved, changes, sentence):
    if "labels" in changes and changes["labels"].dtype == object:
        rewrite(saved, checksum=False, **changes)
    else:
        rewrite(saved, **changes)
    if sentence:
        assert sentence in refused(saved)
    else:
        assert NodeDataset.load(saved).task == "multilabel"


def test_other_files(tmp_path):
    path = tmp_path / "x.npz"
    assert refused(path) == "there is no such file"
    path.write_bytes(b"not a zip")
    assert refused(path).startswith("it is not an intact .npz file")
    np.savez(path, a=np.zeros(3))
    assert refused(path) == "it is not a dataset that graphsage saved: about, sha256 missing"
    with pytest.raises(DatasetError, match="holds no dataset: known are .*NodeDataset.save wrote"):
        load_dataset(tmp_path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.npy", b"x")
        archive.writestr("sha256.npy", b"x")
    assert refused(path).startswith("about.npy must begin as a .npy file")
    (tmp_path / "x.dat").write_text("")
    with pytest.raises(DatasetError, match=r"x\.dat is not a folder, nor a file of a dataset: known are tables "):
        load_dataset(str(tmp_path / "x.dat"))
    with pytest.raises(DatasetError, match="has one split: leave split out, got 1"):
        load_dataset(path, split=1)


def test_deep_json_is_refused(saved):
    rewrite(saved, about_=None)
    with np.load(saved) as held:
        arrays = {name: held[name] for name in held.files}
    np.savez(saved, **{**arrays, "about": np.frombuffer(b"[" * 100_000, np.uint8)})
    assert refused(saved).startswith("its member about must be JSON")


def test_saving_needs_neither_torch_nor_numba(saved):
    program = f"import sys; from graphsage.data import load_dataset; load_dataset({str(saved)!r}); "
    program += "print({'torch', 'numba'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
