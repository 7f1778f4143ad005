"""The reader of debian.npz: a small made file, and files and options that break a rule."""

import random

import numpy as np
import pytest
from helpers.debian_index import INDEX, load_build
from helpers.graphs import edges_by_id

from graphsage.data import DatasetError, load_dataset
from graphsage.data.readers.debian import read_debian


@pytest.fixture(scope="module")
def build():
    return load_build()


@pytest.fixture
def tiny(build, tmp_path):
    """A folder with the dataset of ``INDEX``, 4 words."""
    build.write_npz(tmp_path / "debian.npz", build.build(INDEX.encode(), num_words=4))
    return tmp_path


def test_reading_the_small_file(tiny):
    dataset = read_debian(tiny)
    assert dataset.graph.to_adjacency_dict() == {
        "alpha-tool": ["libalpha1", "zeta"],
        "libalpha1": ["alpha-tool", "libbeta+2.0", "zeta"],
        "libbeta+2.0": ["libalpha1", "zeta"],
        "lonely": ["zeta"],
        "zeta": ["alpha-tool", "libalpha1", "libbeta+2.0", "lonely"],
    }
    assert dataset.features.shape == (5, 4)
    assert dataset.features.to_scipy().toarray()[4].tolist() == [0, 1, 1, 1]
    assert dataset.class_names == ("editors", "libs", "utils")
    assert sorted(np.concatenate([dataset.train, dataset.val, dataset.test])) == [0, 1, 2, 3, 4]


def test_a_folder_with_the_file_can_be_loaded_by_its_path(tiny):
    assert load_dataset(tiny).num_nodes == 5


def test_edge_kinds_of_the_small_file(tiny):
    graph = read_debian(tiny, edge_kinds=["Pre-Depends", "Recommends"], directed=True).graph
    rows = {name: listed for name, listed in graph.to_adjacency_dict().items() if listed}
    assert rows == {"alpha-tool": ["libalpha1"], "zeta": ["libalpha1"]}


def test_an_edge_id_is_a_place_in_the_targets(tiny):
    """Of all kinds or of one: the same place. A relation that repeats another one's pair gives way to the first."""
    with np.load(tiny / "debian.npz") as held:
        arrays = {name: held[name] for name in held.files}
    package = np.repeat(np.arange(5), arrays["arc_counts"]).tolist()
    kinds = arrays["kind_names"].tobytes().decode().split("\n")
    for chosen, directed in ((["Recommends", "Suggests"], True), (kinds, False)):
        found = edges_by_id(read_debian(tiny, edge_kinds=chosen, directed=directed).graph)
        listed = zip(arrays["arc_targets"].tolist(), package, arrays["arc_kinds"].tolist())
        wanted, seen = {}, set()
        for place, (target, source, kind) in enumerate(listed):
            pair = (target, source)
            if kinds[kind] in chosen and pair not in seen and target != source:
                seen |= {pair} if directed else {pair, pair[::-1]}
                wanted[place] = pair
        assert found == wanted and found


def changed(arrays, name, change):
    values = arrays[name].astype(np.int64)
    values = change(values)
    return {**arrays, name: values.astype(arrays[name].dtype)}


def put(at, value):
    def change(values):
        values[at] = value
        return values

    return change


WRONG = [
    ("labels", put(2, 3), r"labels\[2\] = 3 is out of range: there are 3 sections"),
    ("split", put(4, 3), r"split\[4\] = 3 is out of range: there are 3 parts"),
    ("arc_targets", put(7, 5), r"arc_targets\[7\] = 5 is out of range: there are 5 packages"),
    ("arc_kinds", put(0, 4), r"arc_kinds\[0\] = 4 is out of range: there are 4 kinds"),
    ("word_ids", put(3, 4), r"word_ids\[3\] = 4 is out of range: there are 4 words"),
    ("labels", lambda v: v[:4], r"labels must have 5 entries, one for every package; got 4"),
    ("arc_kinds", lambda v: v[:8], r"arc_kinds must have 9 entries, as arc_counts add up to; got 8"),
    ("arc_counts", put(0, 255), r"arc_targets must have 263 entries, as arc_counts add up to; got 9"),
    ("word_counts", put(0, 3), r"word_ids must have 8 entries, as word_counts add up to; got 7"),
    ("arc_kinds", put(6, 0), r"arc_targets of package 4 must rise: entry 6 repeats or precedes the one before"),
    ("word_ids", put(1, 0), r"word_ids of package 0 must rise: entry 1 repeats"),
    ("package_names", put(0, 10), r"package_names\[0\] is empty: every one of 6 needs a text"),
    ("package_names", put(10, ord("x")), r"labels must have 4 entries"),
    ("words", put(0, 255), r"words must be UTF-8"),
    ("kind_names", put(0, ord("d")), r"kind_names must be Depends, .*; got depends"),
    ("section_names", lambda v: np.frombuffer(b"a\nb\na", np.uint8), r"section_names lists 'a' 2 times"),
]


@pytest.mark.parametrize(("name", "change", "sentence"), WRONG)
def test_wrong_contents_are_refused(build, tiny, name, change, sentence):
    arrays = build.build(INDEX.encode(), num_words=4)
    build.write_npz(tiny / "debian.npz", changed(arrays, name, change))
    with pytest.raises(DatasetError, match=rf"^\S*debian\.npz: {sentence}"):
        read_debian(tiny)


@pytest.mark.parametrize(
    "array",
    [np.zeros((5, 1), np.uint8), np.zeros(5, np.int8), np.zeros(5, np.float32), np.zeros(5, np.uint64), np.uint8(1)],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_other_arrays_are_refused(build, tiny, array):
    arrays = build.build(INDEX.encode(), num_words=4)
    build.write_npz(tiny / "debian.npz", {**arrays, "labels": np.asarray(array)})
    with pytest.raises(DatasetError, match=r"labels must be one-dimensional, of unsigned integers, got"):
        read_debian(tiny)


def test_texts_must_be_bytes(build, tiny):
    arrays = build.build(INDEX.encode(), num_words=4)
    build.write_npz(tiny / "debian.npz", {**arrays, "words": arrays["words"].astype(np.uint16)})
    with pytest.raises(DatasetError, match=r"words must be bytes \(uint8\), got uint16"):
        read_debian(tiny)


def test_a_missing_array_is_named(tiny, build):
    arrays = build.build(INDEX.encode(), num_words=4)
    build.write_npz(tiny / "debian.npz", {name: array for name, array in arrays.items() if name != "split"})
    with pytest.raises(DatasetError, match=r"debian\.npz: split missing: the arrays must be package_names, "):
        read_debian(tiny)


def test_a_missing_or_cut_file_is_refused(tiny):
    data = (tiny / "debian.npz").read_bytes()
    for length in (0, 1, 40, len(data) // 2, len(data) - 1):
        (tiny / "debian.npz").write_bytes(data[:length])
        with pytest.raises(DatasetError, match=r"debian\.npz: it is not an intact \.npz file: .*"):
            read_debian(tiny)
    (tiny / "debian.npz").unlink()
    with pytest.raises(DatasetError, match=r"debian\.npz: there is no such file"):
        read_debian(tiny)


def test_a_changed_byte_is_refused_or_changes_nothing(tiny):
    """Any exception but DatasetError fails, and so does another dataset. Nothing reads some bytes, as the time stamps."""
    data = (tiny / "debian.npz").read_bytes()
    intact, rng = read_debian(tiny), random.Random(0)
    refused = 0
    for at in rng.sample(range(len(data)), 300):
        broken = bytearray(data)
        broken[at] ^= 1 << rng.randrange(8)
        (tiny / "debian.npz").write_bytes(broken)
        try:
            found = read_debian(tiny)
        except DatasetError:
            refused += 1
            continue
        assert found.graph.to_adjacency_dict() == intact.graph.to_adjacency_dict()
        assert np.array_equal(found.labels, intact.labels)
        assert np.array_equal(found.features.indices, intact.features.indices)
    assert refused > 150


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"edge_kinds": "Depends"}, TypeError, r"edge_kinds must be a list of Depends, .*; got 'Depends'"),
        ({"edge_kinds": ()}, ValueError, r"edge_kinds is empty: give at least one of Depends"),
        ({"edge_kinds": ["Depends", "Breaks"]}, ValueError, r"edge_kinds\[1\] must be one of .*; got 'Breaks'"),
        ({"edge_kinds": [0]}, ValueError, r"edge_kinds\[0\] must be one of .*; got 0"),
        ({"edge_kinds": None}, TypeError, r"edge_kinds must be a list of .*; got None"),
        ({"directed": "no"}, TypeError, r"directed must be True or False, got 'no'"),
    ],
)
def test_wrong_options_are_refused(tiny, options, error, sentence):
    with pytest.raises(error, match=sentence):
        read_debian(tiny, **options)
