"""The registry: every layout has its two functions, is imported only when used, and a folder finds its reader."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from helpers.mutations import save
from helpers.table_files import write_tables

from graphsage.data import dataset_card, list_datasets, load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.layouts import LAYOUTS, layout_at, layout_of


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_has_its_two_functions(name, tmp_path):
    layout = LAYOUTS[name]
    assert layout.name == name
    assert layout.recognises(tmp_path) is None
    if layout.is_file:
        verbs = ["fits", "tables", *(["files"] if layout.has_others else [])]
        assert all(inspect.getdoc(layout._function(verb)) for verb in verbs)
        with pytest.raises(DatasetError):
            layout.read(tmp_path, "nothing")
        return
    reader = layout._function("read")
    assert inspect.getdoc(reader) and inspect.getdoc(layout._function("holds"))
    parameters = inspect.signature(reader).parameters
    assert list(parameters)[:2] == ["folder", "name"]
    assert ("split" in parameters) == layout.several_splits
    with pytest.raises(DatasetError):
        layout.read(tmp_path, "nothing")


def test_every_layout_is_described(checkout):
    text = (checkout / "datasets" / "README.md").read_text(encoding="utf-8")
    assert [name for name in LAYOUTS if f"`{name}`" not in text.partition("| layout | files |")[2]] == []


def test_every_layout_of_a_card_is_known():
    assert {dataset_card(name).layout for name in list_datasets()} <= LAYOUTS.keys()


def test_readers_are_imported_when_they_are_used():
    code = "import sys; import graphsage.data; print(*[name for name in sys.modules if name.startswith('graphsage.data.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = {f"graphsage.data.{layout.module}" for layout in LAYOUTS.values()}
    assert modules.isdisjoint(done.stdout.split()) and "graphsage.data.layouts" in done.stdout.split()


def test_a_folder_without_a_dataset_hears_what_there_could_be(tmp_path):
    with pytest.raises(DatasetError) as caught:
        layout_of(tmp_path)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path} holds no dataset: known are ")
    assert all(layout.files in text for layout in LAYOUTS.values())


def test_a_split_where_there_is_one(checkout):
    folder = checkout / "datasets" / "debian"
    for split in (0, 1):
        for name in ("debian", folder):
            with pytest.raises(DatasetError, match=f"debian has one split: leave split out, got {split}"):
                load_dataset(name, split=split)


FILES = {
    "linqs_cora/cora.content": ("cora", 2708), "linqs_cora/cora.cites": ("cora", 2708),
    "planetoid/cora/ind.cora.graph": ("cora", 2708), "planetoid/cora/ind.cora.test.index": ("cora", 2708),
    "twitch/PTBR/PTBR.json": ("PTBR", 1912), "twitch/PTBR/PTBR_edges.csv": ("PTBR", 1912),
    "heterophilous/texas.npz": ("texas", 183), "heterophilous/cornell.npz": ("cornell", 183),
    "shchur/amazon_photo.npz": ("amazon_photo", 7650),
    "heco/acm/pa.txt": ("acm", {"paper": 4019, "author": 7167, "subject": 60}),
    "heco/dblp/t_feat.npz": ("dblp", {"paper": 14328, "author": 4057, "conference": 20, "term": 7723}),
}  # fmt: skip


@pytest.mark.parametrize("path", FILES)
def test_a_path_to_any_file_of_a_dataset_is_that_dataset(path, test_data):
    """Also of several beside each other, where the folder does not say which."""
    layout, folder, name = layout_at(test_data / path)
    assert name == FILES[path][0]
    assert layout.read(folder, name).num_nodes == FILES[path][1]


def test_a_file_of_made_layouts_is_that_dataset(tmp_path, monkeypatch):
    """GraphSAGE's, OGB's, tables and a saved one; a lone table is a graph of what its edges name."""
    pytest.importorskip("pyarrow")
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))  # where a lone table's import is kept
    folder = write_tables(tmp_path / "mine", "source,target\n0,1\n1,2\n", "id,label\n0,a\n1,b\n2,a\n3,a\n", np.ones((4, 2)))
    for name in ("edges.csv", "nodes.csv", "features.npy"):
        dataset = load_dataset(folder / name, progress=False)
        assert (dataset.name, dataset.num_nodes, dataset.num_features) == ("mine", 4, 2)
    (folder / "friends.csv").write_text("source,target\n5,7\n7,9\n")
    lone = load_dataset(folder / "friends.csv", progress=False)
    assert (lone.name, lone.node_ids.tolist(), lone.labels.tolist()) == ("friends", [5, 7, 9], [-1, -1, -1])
    lone.save(tmp_path / "debian.npz")  # a name that another layout has for its file
    assert load_dataset(tmp_path / "debian.npz").node_ids.tolist() == [5, 7, 9]
    (tmp_path / "x.npz").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"x.npz: it is not an intact .npz file"):
        load_dataset(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", words=np.ones(2))
    with pytest.raises(DatasetError, match=r"x.npz is not a folder, nor a file of a dataset \(its arrays: words\): known are"):
        load_dataset(tmp_path / "x.npz")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"x.json is not a folder, nor a file of a dataset: known are tables"):
        load_dataset(tmp_path / "x.json")


def test_files_of_two_layouts_are_told_apart(tmp_path):
    """Both are one .npz; the names of the arrays decide."""
    masks = {f"{part}_masks": np.eye(3, dtype=bool)[[at]] for at, part in enumerate(("train", "val", "test"))}
    labels, edges = np.array([0, 1, 0]), np.array([[0, 1]])
    (tmp_path / "one").mkdir()
    save(tmp_path / "one" / "a.npz", node_features=np.ones((3, 1)), node_labels=labels, edges=edges, **masks)
    (tmp_path / "two").mkdir()
    matrix = {"data": np.ones(1), "indices": np.array([1]), "indptr": np.array([0, 1, 1, 1]), "shape": np.array([3, 3])}
    csr = {f"adj_{part}": array for part, array in matrix.items()}
    save(tmp_path / "two" / "a.npz", **csr, attr_matrix=np.ones((3, 1)), labels=labels)
    found = {folder: layout_of(tmp_path / folder) for folder in ("one", "two")}
    assert {folder: (layout.name, name) for folder, (layout, name) in found.items()} == {
        "one": ("heterophilous", "a"),
        "two": ("csr-npz", "a"),
    }
    graphs = [load_dataset(tmp_path / folder).graph for folder in ("one", "two")]
    assert np.array_equal(graphs[0].indices, graphs[1].indices)
