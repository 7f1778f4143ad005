"""The registry: every layout has its two functions, is imported only when used, and a folder finds its reader."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
from helpers.mutations import save

from graphsage.data import dataset_card, list_datasets, load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.layouts import LAYOUTS, layout_of


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_has_its_two_functions(name, tmp_path):
    layout = LAYOUTS[name]
    assert layout.name == name
    assert layout.recognises(tmp_path) is None
    reader = layout._function("read")
    assert inspect.getdoc(reader) and inspect.getdoc(layout._function("holds"))
    parameters = inspect.signature(reader).parameters
    assert list(parameters)[:2] == ["folder", "name"]
    assert ("split" in parameters) == layout.several_splits
    with pytest.raises(DatasetError):
        layout.read(tmp_path, "nothing")


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
