"""FolderWriter: files in parts, whole or not at all."""

import errno
import hashlib
import json

import numpy as np
import pytest

from graphsage.data.errors import DatasetError
from graphsage.data.folders import writer as writer_module
from graphsage.data.folders.writer import FolderWriter


def test_arrays_of_each_kind_are_npy_files_with_their_digest(tmp_path):
    with FolderWriter(tmp_path / "made") as writer:
        mapped = writer.array("indices", np.int32, (5,))
        mapped[:] = np.arange(5)
        growing = writer.growing("features", np.float32, (2,))
        for part in np.arange(12, dtype=np.float32).reshape(3, 2, 2):
            growing.append(part)
        writer.put("labels", np.asfortranarray(np.arange(6, dtype=">i8").reshape(2, 3)))
        (writer.scratch / "run").write_bytes(b"temporary")
        writer.finish({"name": "x"}, range=[0, 5])
    found = tmp_path / "made"
    assert sorted(path.name for path in found.iterdir()) == ["about.json", "features.npy", "indices.npy", "labels.npy"]
    np.testing.assert_array_equal(np.load(found / "features.npy"), np.arange(12).reshape(6, 2))
    np.testing.assert_array_equal(np.load(found / "labels.npy"), np.arange(6).reshape(2, 3))
    about = json.loads((found / "about.json").read_text())
    assert (about["form"], about["version"], about["range"], about["dataset"]) == (
        "graphsage dataset folder", 1, [0, 5], {"name": "x"})
    assert {name: (of["dtype"], of["shape"]) for name, of in about["arrays"].items()} == {
        "features": ("<f4", [6, 2]), "indices": ("<i4", [5]), "labels": ("<i8", [2, 3])}
    for name, of in about["arrays"].items():
        assert of["sha256"] == hashlib.sha256((found / f"{name}.npy").read_bytes()).hexdigest()


@pytest.mark.parametrize("length", [0, 1, 10**5 + 1])
def test_a_growing_array_has_the_header_that_its_length_needs(tmp_path, length):
    with FolderWriter(tmp_path / "made") as writer:
        growing = writer.growing("times", np.int64)
        growing.append(np.arange(length // 2))
        growing.append(np.arange(length // 2, length, dtype=np.int32))
        assert len(growing) == length
        writer.finish({})
    np.testing.assert_array_equal(np.load(tmp_path / "made" / "times.npy"), np.arange(length))


def test_arrays_without_entries(tmp_path):
    with FolderWriter(tmp_path / "made") as writer:
        writer.array("indices", np.int32, (0,))
        writer.put("val", np.empty(0, np.int64))
        writer.growing("features", np.float32, (3,)).append(np.empty((0, 3)))
        writer.finish({})
    assert [np.load(tmp_path / "made" / f"{name}.npy").shape for name in ("indices", "val", "features")] == [(0,), (0,), (0, 3)]


def test_features_are_checked_as_they_are_digested(tmp_path, monkeypatch):
    monkeypatch.setattr(writer_module, "BLOCK", 64)  # the wrong one is not in the first
    with pytest.raises(ValueError, match=r"features must be finite, got features\[11, 1\] = nan"):
        with FolderWriter(tmp_path / "made") as writer:
            features = writer.array("features", np.float32, (20, 3))
            features[11, 1] = np.nan
            writer.finish({})
    assert list(tmp_path.iterdir()) == []


def test_labels_may_be_nan(tmp_path):
    with FolderWriter(tmp_path / "made") as writer:
        writer.put("labels", np.full((2, 1), np.nan, np.float32))
        writer.finish({})


def test_nothing_is_left_of_what_failed_or_was_not_finished(tmp_path):
    with pytest.raises(RuntimeError, match="of mine"), FolderWriter(tmp_path / "made") as writer:
        writer.growing("labels", np.int64).append([1])
        raise RuntimeError("of mine")
    with pytest.raises(DatasetError, match=r"made was not finished, and nothing is kept: call finish\(about\)"):
        with FolderWriter(tmp_path / "made") as writer:
            writer.put("labels", np.arange(3))
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(tmp_path):
    with pytest.raises(DatasetError, match="is there already, and a dataset folder is written anew: delete it or name another"):
        with FolderWriter(tmp_path):
            pass


@pytest.mark.parametrize("name", ["../x", "Labels", "", "a/b", "labels"])
def test_names_of_arrays(tmp_path, name):
    with pytest.raises(ValueError, match="an array of a folder has a name of its own, of small letters"):
        with FolderWriter(tmp_path / "made") as writer:
            writer.put("labels", np.arange(3))
            writer.put(name, np.arange(3))


@pytest.mark.parametrize("rows", [np.zeros((2, 3)), np.zeros(2), np.zeros((2, 2), complex)])
def test_rows_that_do_not_fit(tmp_path, rows):
    with pytest.raises(ValueError, match=r"features takes float32 rows of shape \(2,\), got "):
        with FolderWriter(tmp_path / "made") as writer:
            writer.growing("features", np.float32, (2,)).append(rows)


def test_a_file_that_the_system_cuts_short_is_told_with_the_path(tmp_path):
    """As on a full disk: the error of a write names no file, and numpy's own has not even a reason."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    try:
        with pytest.raises(OSError) as raised, FolderWriter(tmp_path / "full") as writer:
            writer.put("labels", np.arange(1 << 16))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (raised.value.errno, raised.value.filename) == (errno.EFBIG, str(tmp_path / "full"))
    assert not list(tmp_path.iterdir())
