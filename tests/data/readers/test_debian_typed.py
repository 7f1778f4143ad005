"""debian-typed: the bundled file and its card, the program that makes it, the reader, and files that break a rule."""

import hashlib
import tomllib

import numpy as np
import pytest
from helpers.debian_index import INDEX, NAMES, TYPED_INDEX, load_build

from graphsage.data import DatasetError, load_dataset
from graphsage.data.readers.debian_typed import LISTED, NUMBERS, ONE_EACH, TEXTS, read_debian_typed


@pytest.fixture(scope="module")
def folder(checkout):
    return checkout / "datasets" / "debian-typed"


@pytest.fixture(scope="module")
def build():
    return load_build("debian-typed/build_typed.py")


@pytest.fixture(scope="module")
def typed():
    return load_dataset("debian-typed")


@pytest.fixture
def tiny(build, tmp_path):
    """A folder with the dataset of ``TYPED_INDEX``."""
    build.build.write_npz(tmp_path / "debian-typed.npz", build.build_typed(TYPED_INDEX.encode()))
    return tmp_path


def pairs(dataset, name):
    """{(package, other)} of a relation, by names; the reverse says the same turned round."""
    relation = next(of for of in dataset.graph.relations if of[1] == name)
    ends = [dataset.node_ids[of][ids].tolist() for of, ids in zip(relation[::2], dataset.graph.edges(relation))]
    turned = dataset.graph.edges((relation[2], f"rev_{name}", relation[0]))
    assert {(b, a) for a, b in zip(*(of.tolist() for of in turned))} == set(
        zip(*(of.tolist() for of in dataset.graph.edges(relation)))
    )
    return set(zip(*ends))


# ---- the bundled file


def test_the_file_is_the_one_on_the_card_and_the_card_counts_it(folder, build, typed):
    card = tomllib.loads((folder / "card.toml").read_text())
    (file,) = card["files"]
    data = (folder / file["name"]).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size"], file["sha256"])
    assert len(data) <= 2_000_000
    with np.load(folder / "debian-typed.npz", allow_pickle=False) as members:
        arrays = dict(members)
    assert set(arrays) == {*TEXTS, *NUMBERS}
    assert card["statistics"] == build.statistics(arrays) == typed.statistics()


def test_packages_words_sections_and_split_are_those_of_debian(typed):
    debian = load_dataset("debian")
    assert np.array_equal(typed.node_ids["package"], debian.node_ids) and typed.class_names == debian.class_names
    assert np.array_equal(typed.labels, debian.labels)
    assert all(np.array_equal(getattr(typed, part), getattr(debian, part)) for part in ("train", "val", "test"))
    assert np.array_equal(typed.features["package"].indices, debian.features.indices)


def test_dependencies_are_those_of_debian(typed):
    """Undirected and without types, the three relations that both have are the same pairs."""
    debian = load_dataset("debian")
    count, keys = debian.num_nodes, []
    for name in ("depends", "recommends", "suggests"):
        src, dst = typed.graph.edges(("package", name, "package"))
        keys += [src * count + dst, dst * count + src]
    rows = np.repeat(np.arange(count), np.diff(debian.graph.indptr))
    assert np.array_equal(np.unique(np.concatenate(keys)), np.sort(rows * count + debian.graph.indices))


def test_what_is_known_of_a_package(typed):
    at = typed.node_ids["package"].tolist().index("bash")
    for name, wanted in (("maintained_by", ["Matthias Klose"]), ("built_from", ["bash"])):
        src, dst = typed.graph.edges(("package", name, ONE_EACH[name]))
        assert typed.node_ids[ONE_EACH[name]][dst[src == at]].tolist() == wanted
    src, dst = typed.graph.edges(("package", "tagged", "tag"))
    assert "role::program" in typed.node_ids["tag"][dst[src == at]]
    assert not any("@" in name or "<" in name for name in typed.node_ids["maintainer"])


# ---- the program


def test_the_program_reads_an_index(build):
    arrays = build.build_typed(TYPED_INDEX.encode())
    texts = {name: arrays[name].tobytes().decode().split("\n") for name in TEXTS}
    assert texts["package_names"] == NAMES and texts["maintainer_names"] == ["Ada", "The Team", "unknown"]
    assert texts["source_names"] == ["alpha", "libbeta+2.0", "lonely", "zeta"]
    assert texts["tag_names"] == ["a::one", "b::two", "c"]
    assert sorted(texts["source_words"]) == ["0", "2", "alpha", "libbeta", "lonely", "zeta"]
    assert arrays["maintained_by"].tolist() == [0, 1, 2, 2, 0] and arrays["built_from"].tolist() == [0, 0, 1, 2, 3]


def test_without_those_fields_there_are_no_relations(build):
    arrays = build.build_typed(INDEX.encode())
    assert arrays["maintainer_names"].tobytes() == b"unknown" and arrays["tagged_ids"].size == 0


# ---- the reader


def test_reading_the_small_file(tiny):
    dataset = load_dataset(tiny)
    assert dataset.num_nodes == {"package": 5, "maintainer": 3, "source": 4, "tag": 3}
    assert pairs(dataset, "depends") == {
        ("libalpha1", "alpha-tool"), ("libalpha1", "libbeta+2.0"), ("zeta", "alpha-tool"), ("zeta", "libalpha1"),
        ("zeta", "libbeta+2.0"), ("zeta", "lonely"),
    }  # fmt: skip
    assert pairs(dataset, "recommends") == {("alpha-tool", "libalpha1")} and pairs(dataset, "suggests") == set()
    assert pairs(dataset, "conflicts") == {("alpha-tool", "libalpha1")}  # of those that provide mail-agent the other one
    assert pairs(dataset, "provides") == {("lonely", "zeta")}
    assert pairs(dataset, "tagged") == {("zeta", "a::one"), ("zeta", "b::two"), ("zeta", "c"), ("libalpha1", "a::one")}
    assert ("alpha-tool", "alpha") in pairs(dataset, "built_from")
    assert (dataset.target, dataset.class_names) == ("package", ("editors", "libs", "utils"))
    assert dataset.features["tag"].is_identity and dataset.features["maintainer"].is_identity
    assert dataset.features["source"].to_scipy().sum(axis=1).tolist() == [1, 3, 1, 1]


def test_an_edge_id_is_a_place_in_the_list(tiny):
    dataset = load_dataset(tiny)
    with np.load(tiny / "debian-typed.npz") as arrays:
        listed = np.repeat(np.arange(5), arrays["depends_counts"]), arrays["depends_ids"]
    for relation in (("package", "depends", "package"), ("package", "rev_depends", "package")):
        ids, ends = dataset.graph.edge_ids[dataset.graph.span(relation)], dataset.graph.edges(relation)
        ends = ends[::-1] if relation[1].startswith("rev_") else ends
        assert all(np.array_equal(of[ids], end) for of, end in zip(listed, ends))


def put(at, value):
    def change(values):
        values[at] = value
        return values

    return change


WRONG = [
    ("labels", put(2, 3), r"labels\[2\] = 3 is out of range: there are 3 sections"),
    ("split", put(4, 3), r"split\[4\] = 3 is out of range: there are 3 parts"),
    ("maintained_by", put(0, 3), r"maintained_by\[0\] = 3 is out of range: there are 3 maintainers"),
    ("built_from", lambda v: v[:4], r"built_from must have 5 entries, one for every package; got 4"),
    ("tagged_ids", put(0, 3), r"tagged_ids\[0\] = 3 is out of range: there are 3 tags"),
    ("depends_ids", put(0, 9), r"depends_ids\[0\] = 9 is out of range: there are 5 packages"),
    ("depends_ids", put(1, 0), r"depends_ids of package 1 must rise: entry 1 repeats"),
    ("depends_counts", put(0, 255), r"depends_ids must have 261 entries, as depends_counts add up to; got 6"),
    ("source_word_counts", lambda v: v[:3], r"source_word_counts must have 4 entries, one for every source; got 3"),
    ("source_word_ids", put(0, 6), r"source_word_ids\[0\] = 6 is out of range: there are 6 source_words"),
    ("tag_names", lambda v: np.frombuffer(b"a\n\nb", np.uint8), r"tag_names\[1\] is empty"),
    ("source_names", lambda v: np.frombuffer(b"a\nb\nc\na", np.uint8), r"source_names lists 'a' 2 times"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "sentence"), WRONG)
def test_wrong_contents_are_refused(build, tiny, name, change, sentence):
    arrays = build.build_typed(TYPED_INDEX.encode())
    arrays[name] = change(arrays[name].astype(np.int64)).astype(arrays[name].dtype)
    build.build.write_npz(tiny / "debian-typed.npz", arrays)
    with pytest.raises(DatasetError, match=rf"^\S*debian-typed\.npz: {sentence}"):
        read_debian_typed(tiny)


def test_other_arrays_are_refused(build, tiny):
    arrays = build.build_typed(TYPED_INDEX.encode())
    build.build.write_npz(tiny / "debian-typed.npz", {**arrays, "split": np.zeros(5, np.float32)})
    with pytest.raises(DatasetError, match="split must be one-dimensional, of unsigned integers, got float32"):
        load_dataset(tiny)
    del arrays["tagged_ids"]
    build.build.write_npz(tiny / "debian-typed.npz", arrays)
    with pytest.raises(DatasetError, match="tagged_ids missing"):
        load_dataset(tiny)
    assert set(LISTED) > {"tagged", "depends"}
