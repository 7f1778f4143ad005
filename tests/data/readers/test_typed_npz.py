"""The file of a typed dataset: all of it comes back, and nothing that was damaged, foreign or newer is read."""

import json

import numpy as np
import pytest
from helpers.typed_data import CITES, IN, SIZES, WRITES, papers
from scipy.sparse import csr_array

import graphsage as gs
from graphsage.data.dataset import DatasetError
from graphsage.data.folders import folder_parts
from graphsage.data.readers import npz
from graphsage.data.readers.npz_form import _digest

DATES = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")


def weighted():
    """Weights of one relation, times of all, repeats dropped: edge ids with gaps."""
    edges = {("user", "buys", "item"): ([0, 1, 1, 0], [2, 0, 0, 2]), ("item", "like", "item"): ([0, 1], [1, 2])}
    own = {"weights": {("user", "buys", "item"): [1, 2, 3, 4]}, "times": dict(zip(edges, (DATES[:4], DATES[:2])))}
    return gs.TypedGraph({"user": 2, "item": 3}, edges, reverse=True, duplicates="drop", **own)


KINDS = {
    "papers": papers(),
    "names": papers(node_ids={"paper": [f"ü{i}" for i in range(120)], "venue": [9, -1, 3, 5, 2**40]}, class_names=list("abc")),
    "sparse": papers(features={"author": csr_array(np.eye(80, 7)), "venue": csr_array(2 * np.eye(5)), "paper": None}),
    "weights, times, gaps": gs.TypedDataset(
        graph=weighted(), target="item", labels=[1.5, np.nan, 2.25], train=[0], test=[2],
        times=DATES[[5, 6, 7]], node_times={"user": DATES[:2]}, name="shop",
    ),
    "notes, schema": papers(notes=("as it was said",), schema={"paper": {"columns": [{"name": "x"}]}, "venue": {}}),
    "no target": gs.TypedDataset(graph=weighted(), features={"user": np.ones((2, 3))}),
    "no edges": gs.TypedDataset(graph=gs.TypedGraph({"a": 0, "b": 2}, {("a", "to", "b"): ((), ())})),
    "odd names": gs.TypedDataset(graph=gs.TypedGraph({"a/\n": 1, "ü d": 2}, {("a/\n", "../x", "ü d"): ([0], [1])}), name="x"),
    "multilabel": papers(labels=np.eye(2, dtype=np.int8)[np.arange(120) % 2], train=[0], val=[], test=[1]),
}  # fmt: skip


def assert_same(one, two):
    """Two records hold the same, arrays by dtype, shape and numbers; what is read from mappings in their order."""
    assert type(one) is type(two)
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (two.dtype, two.shape) and not two.flags.writeable
        assert np.array_equal(one, two, equal_nan=one.dtype.kind == "f")
    elif hasattr(one, "items"):
        assert list(one) == list(two)
        for name in one:
            assert_same(one[name], two[name])
    elif hasattr(one, "__dict__") and not isinstance(one, str):
        assert_same(dict(vars(one)), {name: vars(two)[name] for name in vars(one)})
    else:
        assert one == two


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_it_comes_back(kind, tmp_path):
    dataset = KINDS[kind]
    dataset.save(tmp_path / "small.npz")
    assert_same(gs.TypedDataset.load(tmp_path / "small.npz"), dataset)
    for place in (tmp_path, str(tmp_path / "small.npz")):
        found = gs.load_dataset(place)
        assert isinstance(found, gs.TypedDataset) and found.name == (dataset.name or "small")


@pytest.mark.parametrize("size", [folder_parts.SMALL, -1], ids=["checked at opening", "checked when written"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_of_a_folder_comes_back(kind, size, tmp_path, monkeypatch):
    dataset = KINDS[kind]
    dataset.save(tmp_path / "small")
    monkeypatch.setattr(folder_parts, "SMALL", size)
    for memory in (0, 2**40):  # mapped, and in memory
        monkeypatch.setattr(npz, "available_memory", lambda memory=memory: memory)
        assert_same(gs.TypedDataset.load(tmp_path / "small"), dataset)
        assert gs.load_dataset(tmp_path / "small").name == (dataset.name or "small")


def test_a_loaded_graph_gives_the_same_batches(tmp_path):
    dataset = papers()
    dataset.save(tmp_path / "small.npz")
    batches = [
        gs.NeighborSampler(of.graph, fanouts=[3, 2], seed=0).sample({"paper": [5, 9]}, epoch=0, step=1)
        for of in (dataset, gs.load_dataset(tmp_path))
    ]
    for relation in dataset.graph.relations:
        assert np.array_equal(*(batch.indices[relation] for batch in batches))
    for name in dataset.graph.types:
        assert np.array_equal(*(batch.nodes[name] for batch in batches))


def test_numpy_reads_it_without_pickle(tmp_path):
    KINDS["names"].save(tmp_path / "small.npz")
    with np.load(tmp_path / "small.npz", allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        assert (about["form"], about["version"], about["target"]) == ("graphsage typed dataset", 1, "paper")
        assert about["relations"][0] == list(WRITES) and about["reverse_of"] == [[3, 0], [4, 1], [5, 2]]
        assert "features_0" in arrays and "features_2" not in arrays and "feature_indptr_2" not in arrays


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match="^a dataset can be saved if its node_ids are all texts or all integers"):
        papers(node_ids={"venue": ["a", 1, 2, 3, 4]}).save(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="^a dataset can be saved if its name is a text, got 5"):
        papers(name=5).save(tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def saved(tmp_path):
    KINDS["names"].save(tmp_path / "small.npz")
    return tmp_path / "small.npz"


def refused(path, read=gs.TypedDataset.load):
    with pytest.raises(DatasetError) as caught:
        read(path)
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


def test_each_kind_of_file_names_who_reads_it(saved, tmp_path):
    assert refused(saved, gs.NodeDataset.load) == "it holds a TypedDataset: load_dataset and TypedDataset.load read it"
    papers().targets.save(tmp_path / "nodes.npz")
    assert refused(tmp_path / "nodes.npz") == "it holds a NodeDataset: load_dataset and NodeDataset.load read it"


def test_truncated_and_damaged_files(saved):
    data = saved.read_bytes()
    for length in range(0, len(data), 1009):
        saved.write_bytes(data[:length])
        assert refused(saved)
    saved.write_bytes(data)
    rewrite(saved, checksum=False, labels=np.zeros(120, np.int64))
    assert refused(saved) == "its checksum is not that of its arrays: the file is damaged"


def test_a_newer_version(saved):
    rewrite(saved, about={"version": 2}, something=np.zeros(3))
    assert refused(saved) == "it has version 2 of the form, and this graphsage reads version 1: install a newer one"


def test_another_name_than_the_files(saved):
    assert gs.load_dataset(saved).name == "papers"


def _with(array, at, value):
    array = array.copy()
    array[at] = value
    return array


ROWS = KINDS["names"].graph.rows
TURNED = "does not have the edges of"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"about": {"form": "else"}}, "its member about must name the form"),
        ({"about": {"target": 3}}, "target in its member about is missing or of another kind: 3"),
        ({"about": {"target": "nobody"}}, "target = 'nobody' is no type of nodes: there are 'paper', 'author', 'venue'"),
        ({"about": {"target": None}}, "it holds arrays that version 1 does not have: labels, test, train, val"),
        ({"about": {"types": ["paper", "author", "author"]}}, "types in its member about must be different texts"),
        ({"about": {"types": ["paper", "author"]}}, "num_columns in its member about must be a number or null a type"),
        ({"about": {"types": ["paper", "author", ""]}}, "num_nodes must be {type: number of nodes} with texts as types"),
        ({"about": {"num_columns": [1, None, 2.5]}}, "num_columns in its member about must be a number or null a type"),
        ({"about": {"num_columns": [3, None, None]}}, "feature indices"),
        ({"about": {"relations": [["paper", "author"]]}}, "relations in its member about must be [source, name, destination]"),
        ({"about": {"relations": None}}, "relations in its member about must be [source, name, destination] each, got None"),
        ({"about": {"relations": [["paper", "a", "b"]] * 6}}, "relations must differ, and one of them stands twice"),
        ({"about": {"reverse_of": [[3, 9]]}}, "reverse_of in its member about must be pairs of numbers of relations"),
        ({"about": {"reverse_of": [[True, 0]]}}, "reverse_of in its member about must be pairs of numbers of relations"),
        ({"about": {"reverse_of": [[4, 0]]}}, f"('paper', 'rev_cites', 'paper') {TURNED} ('author', 'writes', 'paper')"),
        ({"about": {"reverse_of": [[1, 1]]}}, f"('paper', 'cites', 'paper') {TURNED} ('paper', 'cites', 'paper')"),
        ({"about": {"notes": [1]}}, "notes in its member about must be texts, got [1]"),
        ({"about": {"schema": {"page": {}}}}, "schema has 'page', which is no type of nodes"),
        ({"more": np.zeros(3)}, "it holds arrays that version 1 does not have: more"),
        ({"features_3": np.zeros(3)}, "it holds arrays that version 1 does not have: features_3"),
        ({"val": None}, "val missing: the arrays must be about, sha256, starts"),
        ({"starts": np.array([0, 120, 200])}, "starts must rise from 0, a number a type and one more, got int64 (3,)"),
        ({"starts": np.array([0, 120, 90, 205])}, "starts must rise from 0"),
        ({"starts": np.array([0, 120, 200, 206])}, "there must be"),
        ({"indptr": _with(ROWS.indptr, -1, 3)}, "indptr"),
        ({"indices": _with(ROWS.indices, 0, 1)}, "('author', 'writes', 'paper') has a source that is no author: their"),
        ({"indices": _with(ROWS.indices, 0, -1)}, "indices[0] = -1"),
        ({"edge_ids": np.zeros(3, np.int64)}, "edge_ids must have one entry per edge"),
        ({"edge_ids": np.full(ROWS.num_edges, -1)}, "edge_ids[0] = -1"),
        ({"weights": np.full(ROWS.num_edges, -1.0)}, "weights"),
        ({"node_name_ends_0": None}, "node_names and node_name_ends go together"),
        ({"node_ids_2": np.arange(3)}, "venue: node_ids must have one entry per node"),
        ({"features_1": np.ones((3, 2), np.float32)}, "features['author'] must have one row per node, 80; got 3 rows"),
        ({"node_times_0": np.arange(3)}, "node_times['paper']"),
        ({"asked_times": np.arange(3)}, "times"),
    ],
)  # fmt: skip
def test_wrong_arrays_under_a_right_checksum(saved, changes, sentence):
    rewrite(saved, **changes)
    assert sentence in refused(saved)


def test_sizes_of_the_helper():
    """The numbers in the cases above."""
    assert SIZES == {"paper": 120, "author": 80, "venue": 5}
    assert KINDS["names"].graph.relations[:3] == (WRITES, CITES, IN)
