"""The opener of .npz files: what numpy wrote comes back, and nothing that a header promises is believed."""

import re
import zipfile

import numpy as np
import pytest
from helpers.mutations import generator, mutated, npy, peak_of, save, write_zip

from graphsage.base.memory import is_mapped
from graphsage.data.dataset import DatasetError
from graphsage.data.readers import npz
from graphsage.data.readers.npz import ALWAYS_READ, npz_names, npz_of, read_npz

ARRAYS = {
    "floats": np.arange(6, dtype=np.float32).reshape(2, 3),
    "doubles": np.array([np.nan, 1.5]),
    "ids": np.array([3, -1], np.int64),
    "short": np.array([65535], np.uint16),
    "flags": np.array([[True, False, True]]),
    "columns": np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
    "big": np.array([1, 256], ">i4"),
    "empty": np.empty((0, 5), np.float32),
    "single": np.array(7),
}


@pytest.fixture
def path(tmp_path):
    return save(tmp_path / "arrays.npz", **ARRAYS)


def test_what_numpy_wrote_comes_back(path):
    assert npz_names(path) == tuple(ARRAYS)
    found = read_npz(path, ARRAYS)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].shape == array.shape
        assert found[name].dtype == array.dtype.newbyteorder("=")
        assert np.array_equal(found[name], array, equal_nan=name == "doubles")


def test_stored_members_and_version_2_headers(tmp_path):
    data = npy((2,), "<i4", np.array([5, 6], "<i4").tobytes())
    long = b"\x93NUMPY\x02\x00" + (118).to_bytes(4, "little") + data[10:]
    write_zip(tmp_path / "a.npz", {"one.npy": data, "two.npy": long}, zipfile.ZIP_STORED)
    assert {name: array.tolist() for name, array in read_npz(tmp_path / "a.npz", ["one", "two"]).items()} == {
        "one": [5, 6],
        "two": [5, 6],
    }


def test_only_what_was_asked_for_is_read(path):
    assert list(read_npz(path, ["ids"], optional=["short", "other"])) == ["ids", "short"]
    with pytest.raises(DatasetError, match=r"arrays\.npz: a, b missing: the arrays must be ids, a, b$"):
        read_npz(path, ["ids", "a", "b"])


def test_truth_values_are_0_or_1(tmp_path):
    """numpy would hand out a bool whose byte is 2, which is neither True nor False to everything after it."""
    write_zip(tmp_path / "a.npz", {"flags.npy": npy((3,), "|b1", b"\0\1\2")})
    flags = read_npz(tmp_path / "a.npz", ["flags"])["flags"]
    assert flags.view(np.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        (npy((10**12, 1000)), r"must have 4000000000000000 bytes for float32 \(1000000000000, 1000\), it has 0"),
        (npy((10**18, 0)), r"must have lengths of at most 2147483647, got \(1000000000000000000, 0\)"),
        (npy((3,), "<i8", b"\0" * 23), r"must have 24 bytes for int64 \(3,\), it has 23"),
        (npy((3,), "<i8", b"\0" * 25), r"must have 24 bytes for int64 \(3,\), it has 25"),
        (npy((1,), "|O", b"cos\nsystem\n"), r"must hold plain numbers, not '\|O': object arrays are pickles"),
        (npy((1,), "|O8", b"cos\nsystem\n"), r"must hold plain numbers, not '\|O8': object arrays are pickles"),
        (npy((1,), "<U5", b"\0" * 20), "must hold plain numbers, not '<U5'"),
        (npy((1,), "<c8", b"\0" * 8), "must hold plain numbers, not '<c8'"),
        (npy((1,), "<M8", b"\0" * 8), "must hold plain numbers, not '<M8'"),
        (npy("(__import__('os').system('x'),)"), "must begin as a .npy file of version 1 or 2 does"),
        (npy((-1,)), "must begin as a .npy file of version 1 or 2 does"),
        (npy((1,) * 9, "<f4", b"\0" * 4), "must begin as a .npy file of version 1 or 2 does"),
        (b"\x93NUMPY\x03\x00", "must begin as a .npy file of version 1 or 2 does"),
        (b"", "must begin as a .npy file of version 1 or 2 does"),
    ],
)
def test_wild_members_are_refused_before_memory_is_taken(tmp_path, member, sentence):
    write_zip(tmp_path / "a.npz", {"x.npy": member})
    outcome, peak = peak_of(lambda: read_npz(tmp_path / "a.npz", ["x"]))
    assert isinstance(outcome, DatasetError)
    assert re.search(rf"a\.npz: x\.npy {sentence}", str(outcome))
    assert peak < 1 << 20


def test_an_object_array_of_numpys_is_refused_unread(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([print], object))
    with pytest.raises(DatasetError, match=r"x\.npy must hold plain numbers, not '\|O'"):
        read_npz(tmp_path / "a.npz", ["x"])


def zeros(count):
    """(a .npy file of so many zero bytes, those bytes deflated into a thousandth)."""
    return npy((count,), "|u1", b"\0" * count)


def test_a_small_file_cannot_fill_the_memory(tmp_path):
    """80 MB of zeros in 80 kB: above 64 MiB a member may have 64 times its compressed size."""
    path = tmp_path / "a.npz"
    write_zip(path, {"x.npy": zeros(ALWAYS_READ + 1)})
    assert path.stat().st_size < 100_000
    outcome, peak = peak_of(lambda: read_npz(path, ["x"]))
    assert f"x.npy must unpack to at most {ALWAYS_READ} bytes, it states {ALWAYS_READ + 129}" in str(outcome)
    assert peak < 1 << 20


def test_a_stream_that_is_longer_than_the_directory_states(tmp_path):
    """zipfile, asked for a whole member, unpacks all there is before it cuts; 30 MB here, gigabytes in earnest."""
    path, size = tmp_path / "a.npz", 30_000_000
    write_zip(path, {"x.npy": npy((5000,), "|u1", b"\0" * size)})
    data = path.read_bytes()
    stated = (size + 128).to_bytes(4, "little")
    assert data.count(stated) == 2
    path.write_bytes(data.replace(stated, (5128).to_bytes(4, "little")))
    outcome, peak = peak_of(lambda: read_npz(path, ["x"]))
    assert isinstance(outcome, DatasetError)
    assert peak < 1 << 20


def test_other_compression_is_refused(tmp_path):
    """zipfile bounds the output of deflate alone."""
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        write_zip(tmp_path / "a.npz", {"x.npy": zeros(10)}, method)
        with pytest.raises(DatasetError, match=rf"x\.npy must be stored or deflated, not compressed by method {method}"):
            read_npz(tmp_path / "a.npz", ["x"])


def test_encrypted_members_and_twins_are_refused(path, tmp_path):
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] = 1  # flag bit 0 of the first member, in the directory
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="it is not an intact .* is encrypted"):
        read_npz(path, ["floats"])
    with zipfile.ZipFile(tmp_path / "twins.npz", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for _ in range(2):
            archive.writestr("x.npy", zeros(10))
    with pytest.raises(DatasetError, match="its 2 members have 1 names: each must have its own"):
        read_npz(tmp_path / "twins.npz", ["x"])


def test_missing_cut_and_other_files(path, tmp_path):
    data = path.read_bytes()
    for length in (0, 1, 40, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(DatasetError, match=r"arrays\.npz: it is not an intact \.npz file: "):
            read_npz(path, ARRAYS)
    for other in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(DatasetError, match="there is no such file"):
            npz_names(other)


def test_the_one_file_of_a_folder(path, tmp_path):
    assert npz_of(tmp_path, lambda names: "ids" in names) == "arrays"
    assert npz_of(tmp_path, lambda names: "other" in names) is None
    (tmp_path / "notes.npz").write_bytes(b"no zip")
    assert npz_of(tmp_path, lambda names: True) == "arrays"
    save(tmp_path / "more.npz", **ARRAYS)
    with pytest.raises(DatasetError, match=r"holds several datasets \(arrays, more\): give each a folder of its own"):
        npz_of(tmp_path, lambda names: "ids" in names)


def test_a_changed_file_is_refused_or_read_the_same(path):
    """Any exception but DatasetError fails; what is still read is what was written, for every member has a checksum."""
    data, rng, refused = path.read_bytes(), generator(0), 0
    for _ in range(400):
        path.write_bytes(mutated(data, rng))
        try:
            found = read_npz(path, ARRAYS)
        except DatasetError:
            refused += 1
            continue
        assert all(np.array_equal(found[name], ARRAYS[name], equal_nan=name == "doubles") for name in ARRAYS)
    assert refused > 200


# ---- maps


@pytest.fixture
def maps(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(100))
    return {"map": np.asarray(np.load(tmp_path / "a.npy", mmap_mode="r"))[:], "array": np.ones(3)}


def test_a_map_that_fits_is_read(monkeypatch, maps):
    monkeypatch.setattr(npz, "available_memory", lambda: 4 * 800)
    found = npz.in_memory(maps)
    assert found["map"].base is None and np.array_equal(found["map"], maps["map"])
    assert found["array"] is maps["array"]


def test_a_map_that_does_not_fit_stays_one(monkeypatch, maps):
    monkeypatch.setattr(npz, "available_memory", lambda: 4 * 800 - 1)
    assert npz.in_memory(maps) is maps


@pytest.mark.parametrize("available, processes, held", [
    (4 * 2000, "", {"indices", "feature_values", "features_0"}),
    (4 * 2000 - 1, "", {"indices"}),
    (4 * 400, "1", {"indices"}),
    (4 * 400 - 1, "", set()),
    (4 * 400, "2", set()),
    (4 * 2000, "2", {"indices"}),
])  # fmt: skip
def test_the_graph_is_in_memory_where_features_do_not_fit(tmp_path, monkeypatch, available, processes, held):
    """Of several processes on a machine each may take its part."""
    for name, size in {"indices": 400, "feature_values": 800, "features_0": 800}.items():
        np.save(tmp_path / f"{name}.npy", np.zeros(size, np.uint8))
    maps = {path.stem: npz.mapped_npy(path) for path in tmp_path.glob("*.npy")}
    monkeypatch.setattr(npz, "available_memory", lambda: available)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    found = npz.in_memory(maps)
    assert {name for name, array in found.items() if not is_mapped(array)} == held and list(found) == list(maps)
