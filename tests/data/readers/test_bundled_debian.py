"""The bundled Debian graph: the file, its card, and the program that makes it from a Packages index."""

import gzip
import hashlib
import lzma
import tomllib

import numpy as np
import pytest
from helpers.debian_index import INDEX, NAMES, load_build

from graphsage.data import load_dataset
from graphsage.data.readers.debian import EDGE_KINDS, NUMBERS, TEXTS, read_debian


@pytest.fixture(scope="module")
def folder(checkout):
    return checkout / "datasets" / "debian"


@pytest.fixture(scope="module")
def build():
    return load_build()


@pytest.fixture(scope="module")
def card(folder):
    return tomllib.loads((folder / "card.toml").read_text())


@pytest.fixture(scope="module")
def arrays(folder):
    """The members as plain numpy reads them."""
    with np.load(folder / "debian.npz", allow_pickle=False) as members:
        return dict(members)


@pytest.fixture(scope="module")
def debian():
    return load_dataset("debian")


@pytest.fixture(scope="module")
def directed(folder):
    return read_debian(folder, directed=True)


def names_in_row(dataset, name):
    row = dataset.graph.neighbors(int(dataset.graph.rows_of([name])[0]))
    return dataset.node_ids[row].tolist()


# ---- the file and its card


def test_the_file_is_the_one_on_the_card(folder, card):
    (file,) = card["files"]
    data = (folder / file["name"]).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (file["size"], file["sha256"])
    assert len(data) <= 2_000_000


def test_the_card_states_what_the_program_counts(build, card, arrays):
    """Counted from the file's arrays by numpy alone; ``load_dataset`` counts once more, from the loaded graph."""
    loaded, contents = build.statistics(arrays)
    assert card["statistics"] == loaded
    majority = contents.pop("majority_test_accuracy")
    assert card["contents"] == contents
    assert card["reference"]["majority"] == majority


def test_loaded_statistics_are_the_cards(debian, card):
    assert debian.statistics() == card["statistics"]
    assert card["contents"]["num_undirected_pairs"] * 2 == debian.graph.num_edges


def test_every_member_has_the_narrowest_type_and_rising_names(build, arrays):
    assert tuple(arrays) == (*TEXTS, *NUMBERS)
    for name in NUMBERS:
        assert arrays[name].dtype == build.narrow(arrays[name]).dtype
    names = arrays["package_names"].tobytes().decode().split("\n")
    assert names == sorted(set(names))


def test_the_split_is_a_partition_that_every_class_takes_part_in(debian):
    parts = np.concatenate([debian.train, debian.val, debian.test])
    assert np.array_equal(np.sort(parts), np.arange(debian.num_nodes))
    assert np.array_equal(np.unique(debian.labels[debian.train]), np.arange(58))


def test_the_split_follows_from_the_names(build, arrays):
    names = arrays["package_names"].tobytes().decode().split("\n")
    assert arrays["split"].tolist() == [build.split_of(name) for name in names]
    assert [build.split_of(name) for name in ("bash", "gcc", "libc6")] == [0, 1, 2]  # a changed key: a new dataset
    shares = np.bincount(arrays["split"]) / len(names)
    np.testing.assert_allclose(shares, [0.1, 0.1, 0.8], atol=5 * np.sqrt(0.16 / len(names)))


def test_libc6_is_the_hub(debian):
    hub = int(debian.graph.degrees.argmax())
    assert debian.node_ids[hub] == "libc6"
    assert debian.class_names[debian.labels[hub]] == "libs"


def test_direction_and_kinds_are_kept(directed, folder):
    """bash: Depends base-files, debianutils; Pre-Depends libc6, libtinfo6; Recommends and Suggests one each."""
    expected = ["base-files", "bash-completion", "bash-doc", "debianutils", "libc6", "libtinfo6"]
    assert names_in_row(directed, "bash") == expected
    assert "bash" not in names_in_row(directed, "libc6")
    row = {kind: names_in_row(read_debian(folder, edge_kinds=[kind], directed=True), "bash") for kind in EDGE_KINDS}
    assert row == {
        "Depends": ["base-files", "debianutils"],
        "Pre-Depends": ["libc6", "libtinfo6"],
        "Recommends": ["bash-completion"],
        "Suggests": ["bash-doc"],
    }


def test_undirected_rows_hold_both_directions_once(debian, directed):
    loop_free = directed.graph.to_scipy()
    expected = ((loop_free + loop_free.T) > 0).astype(np.float32)
    found = debian.graph.to_scipy()
    assert found.max() == 1 and found.diagonal().sum() == 0
    assert abs(found - expected).nnz == 0
    assert directed.graph.to_scipy().diagonal().sum() == 0


def test_words_and_section_of_a_known_package(debian, arrays):
    row = int(debian.graph.rows_of(["python3-numpy"])[0])  # "Fast array facility to the Python 3 language"
    words = arrays["words"].tobytes().decode().split("\n")
    found = debian.features.indices[debian.features.indptr[row] : debian.features.indptr[row + 1]]
    assert {words[word] for word in found} == {"fast", "array", "facility", "python", "3", "language"}
    assert debian.class_names[debian.labels[row]] == "python"
    assert debian.features.values is None


def test_agrees_with_an_independent_extract(debian, folder, test_data):
    """An extract of another point release by another program: same packages, and its edges are here, turned alike.

    The other takes virtual packages with one provider only, so this one has a few more edges; packages that changed
    between the point releases are the rest of the difference.
    """
    with np.load(test_data / "debian_bookworm_main" / "debian_bookworm_main.npz", allow_pickle=False) as other:
        names, src, dst, kinds = (other[key] for key in ("node_names", "edge_src", "edge_dst", "edge_type"))
        kind_names, labels, class_names = (other[key] for key in ("edge_type_names", "labels", "class_names"))
    rows = debian.graph.rows_of(names.astype(object))
    for code, kind in enumerate(EDGE_KINDS):
        assert kind_names[code] == kind
        graph = read_debian(folder, edge_kinds=[kind], directed=True).graph
        dependency, package = graph.to_edges()
        chosen = (kinds == code) & (src != dst)
        theirs = rows[src[chosen]] * len(names) + rows[dst[chosen]]
        shared = np.isin(theirs, package * len(names) + dependency).mean()
        assert shared > 0.995, f"{kind}: {shared}"
    assert np.mean(class_names[labels] == np.array(debian.class_names)[debian.labels[rows]]) > 0.999


# ---- the program


def test_build_of_a_small_index(build):
    arrays = build.build(INDEX.encode(), num_words=4)
    text = {name: arrays[name].tobytes().decode().split("\n") for name in TEXTS}
    assert text["package_names"] == NAMES
    assert text["section_names"] == ["editors", "libs", "utils"]
    # c: zeta and lonely; alphabet, editor: two each; of those with one, the alphabetically first: 2nd
    assert text["words"] == ["alphabet", "c", "editor", "2nd"]
    assert arrays["labels"].tolist() == [2, 1, 1, 1, 0]
    arcs = np.repeat(np.arange(5), arrays["arc_counts"]), arrays["arc_targets"], arrays["arc_kinds"]
    named = [(NAMES[a], NAMES[b], EDGE_KINDS[kind]) for a, b, kind in zip(*arcs)]
    assert named == [
        ("alpha-tool", "libalpha1", "Recommends"),
        ("libalpha1", "alpha-tool", "Depends"),
        ("libalpha1", "libalpha1", "Depends"),
        ("libalpha1", "libbeta+2.0", "Depends"),
        ("zeta", "alpha-tool", "Depends"),
        ("zeta", "libalpha1", "Depends"),
        ("zeta", "libalpha1", "Pre-Depends"),
        ("zeta", "libbeta+2.0", "Depends"),
        ("zeta", "lonely", "Depends"),
    ]
    assert arrays["word_counts"].tolist() == [2, 1, 0, 1, 3]
    assert arrays["word_ids"].tolist() == [0, 2, 0, 1, 1, 2, 3]


def test_the_same_index_gives_the_same_bytes(build, tmp_path, capsys):
    packed = {"Packages": INDEX.encode(), "Packages.gz": gzip.compress(INDEX.encode())}
    packed["Packages.xz"] = lzma.compress(INDEX.encode())
    for name, data in packed.items():
        (tmp_path / name).write_bytes(data)
        build.main([str(tmp_path / name), "--output", str(tmp_path / f"{name}.npz")])
        printed = tomllib.loads(capsys.readouterr().out)
        assert printed["index"]["sha256"] == hashlib.sha256(INDEX.encode()).hexdigest()
        assert printed["statistics"]["num_edges"] == 12
    assert len({(tmp_path / f"{name}.npz").read_bytes() for name in packed}) == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", r"build.py: the index lists no package"),
        (b"Package: a\nSection: libs\n", r"build.py: a package of the index lacks Description: .*'a'"),
        (INDEX.encode().replace(b"zeta-doc,", b"$zeta,"), r"build.py: zeta: Suggests lists '\$zeta', which is no package"),
        (b"\xff" + INDEX.encode(), r"build.py: 'utf-8' codec"),
    ],
)
def test_a_wrong_index_is_refused_and_the_old_file_stays(build, tmp_path, data, sentence):
    (tmp_path / "Packages").write_bytes(data)
    (tmp_path / "debian.npz").write_bytes(b"old")
    with pytest.raises(SystemExit, match=sentence):
        build.main([str(tmp_path / "Packages"), "--output", str(tmp_path / "debian.npz")])
    assert (tmp_path / "debian.npz").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failed_write_leaves_the_old_file(build, tmp_path):
    (tmp_path / "debian.npz").write_bytes(b"old")
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        build.write_npz(tmp_path / "debian.npz", {"labels": np.zeros(3, np.uint8), "split": np.array([{}])})
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
