"""Graphs of PyTorch Geometric in .pt files: tensors are read, nothing in them is run."""

import os
import pickle

import numpy as np
import pytest
import torch
from helpers.public_files import club, of_networkx, pairs_of, read

from graphsage.data import DatasetError

pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


def tensors():
    """The club as PyG has it: each edge both ways, and two splits."""
    edges = torch.tensor(list(club().edges)).T
    part = torch.from_numpy(np.random.default_rng(0).integers(0, 3, (34, 2)))
    masks = {name: part == code for code, name in enumerate(("train_mask", "val_mask", "test_mask"))}
    x = torch.arange(34 * 3, dtype=torch.float32).reshape(34, 3)
    return {"x": x, "edge_index": torch.cat([edges, edges.flip(0)], 1), "y": torch.arange(34) % 4, **masks}


def check(path, held):
    for number in (0, 1):
        dataset = read(path, split=number)
        assert pairs_of(dataset) == of_networkx(club()) and dataset.labels.tolist() == held["y"].tolist()
        assert np.array_equal(dataset.features, held["x"])
        for name in ("train", "val", "test"):
            assert getattr(dataset, name).tolist() == torch.nonzero(held[f"{name}_mask"][:, number]).flatten().tolist()


def test_a_dict_of_tensors(tmp_path):
    torch.save(tensors(), tmp_path / "club.pt")
    check(tmp_path / "club.pt", tensors())
    check(tmp_path, tensors())


def test_a_data_of_pyg_and_the_file_of_its_datasets(tmp_path):
    pytest.importorskip("torch_geometric")
    from helpers.pyg_data import Data  # imports it without its warnings

    made = Data(**tensors())
    torch.save(made, tmp_path / "club.pt")
    check(tmp_path / "club.pt", tensors())
    torch.save((made.to_dict(), None, Data), tmp_path / "processed.pt")  # as InMemoryDataset writes it
    check(tmp_path / "processed.pt", tensors())
    torch.save((made.to_dict(), {"x": torch.tensor([0, 17, 34])}, Data), tmp_path / "processed.pt")
    with pytest.raises(DatasetError, match=r"processed\.pt holds many graphs, and one is read"):
        read(tmp_path / "processed.pt")


@pytest.mark.parametrize("y, task, labels", [
    (torch.tensor([[0], [1], [2]]), "multiclass", [0, 1, 2]),
    (torch.tensor([0.5, 1.25, 2.0]), "regression", [[0.5], [1.25], [2.0]]),
    (torch.tensor([[1, 0], [1, 1], [0, 0]]), "multilabel", [[1, 0], [1, 1], [0, 0]]),
    (torch.tensor([-1, 1, 0]), "multiclass", [-1, 1, 0]),
])
def test_kinds_of_labels(y, task, labels, tmp_path):
    torch.save({"edge_index": torch.tensor([[0], [1]]), "y": y}, tmp_path / "y.pt")
    dataset = read(tmp_path / "y.pt")
    assert (dataset.task, dataset.labels.tolist(), dataset.num_nodes) == (task, labels, 3)


def test_weights_and_what_is_not_used(tmp_path, command):
    held = {"edge_index": torch.tensor([[0, 1], [1, 2]]), "edge_weight": torch.tensor([0.5, 2.0]), "pos": torch.ones(3)}
    torch.save(held | {"num_nodes": 4}, tmp_path / "w.pt")
    assert "not used: pos" in command("import", tmp_path / "w.pt")[1]
    assert (dataset := read(tmp_path / "w.pt")).num_nodes == 4 and dataset.graph.weights.tolist() == [0.5, 0.5, 2.0, 2.0]


class Run:
    """A pickle that would make a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_is_run(tmp_path):
    torch.save({"edge_index": Run(tmp_path / "made")}, tmp_path / "bad.pt")
    with pytest.raises(DatasetError, match=r"bad\.pt asks for posix\.mkdir, which is not run: where it is from, data = torch"):
        read(tmp_path / "bad.pt")
    (tmp_path / "bad.pt").write_bytes(pickle.dumps(Run(tmp_path / "made")))
    with pytest.raises(DatasetError, match=r"bad\.pt "):
        read(tmp_path / "bad.pt")
    assert not (tmp_path / "made").exists()


EDGES = torch.tensor([[0, 1], [1, 2]])


@pytest.mark.parametrize("held, sentence", [
    ([1, 2], r"p\.pt must hold a dict or a Data with edge_index, it holds a int"),
    ({"weight": torch.ones(2)}, r"p\.pt has no tensor edge_index \[2, edges\], only weight"),
    ({"edge_index": torch.ones(2, 2)}, r"p\.pt: edge_index must be integers \[2, edges\], got torch\.float32 \[2, 2\]"),
    ({"edge_index": -EDGES}, r"p\.pt: edge_index must be nodes from 0, got -2"),
    ({"edge_index": EDGES, "x": torch.ones(2, 1)}, r"p\.pt has 2 nodes by num_nodes or x, and edge_index names node 2"),
    ({"edge_index": EDGES, "num_nodes": 10**12}, r"p\.pt has 1000000000000 nodes by num_nodes or x"),
    ({"edge_index": EDGES, "y": torch.ones(2)}, r"p\.pt has 2 nodes"),
    ({"edge_index": EDGES, "x": torch.ones(3, 1), "y": torch.ones(2)}, r"p\.pt: y must be a tensor of 3 rows, got \[2\]"),
    ({"edge_index": EDGES, "edge_weight": 3}, r"p\.pt: edge_weight must be a tensor of 2 rows, got int"),
    ({"edge_index": EDGES, "y": torch.rand(3, 2)}, r"p\.pt: nodes row 0 .*: labels is .*, and a node's classes must be"),
    ({"edge_index": EDGES, "x": [1, 2]}, r"p\.pt: features must have shape"),
    ({"edge_index": EDGES, "x": torch.ones(3, 1) / 0}, r"p\.pt: features must be finite"),
])
def test_what_does_not_fit_is_one_sentence(held, sentence, tmp_path):
    torch.save(held, tmp_path / "p.pt")
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path / "p.pt")


def test_a_damaged_file(tmp_path):
    torch.save(tensors(), tmp_path / "cut.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "cut.pt").read_bytes()[:-500])
    with pytest.raises(DatasetError, match=r"cut\.pt is no intact file of torch"):
        read(tmp_path / "cut.pt")
