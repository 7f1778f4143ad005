"""Models on disk: what was saved comes back, and nothing else does."""

import json

import numpy as np
import pytest
import torch
from data_helpers import planetoid_files, write_files
from safetensors.torch import save_file

import graphsage as gs
from graphsage import cli
from graphsage.config import AGGREGATORS


@pytest.fixture
def model():
    return gs.GraphSAGE(5, 8, 3, num_layers=3, aggregator="max", dropout=0.1, combine="concat", bias=False, seed=4)


def tree(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(2 * 2**hop, 5, generator=generator) for hop in range(4)]


def test_a_saved_model_comes_back(model, tmp_path):
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1)  # other weights than those of the seed
    gs.save_model(model, tmp_path / "m.safetensors")
    again = gs.load_model(tmp_path / "m.safetensors")
    assert not again.training
    assert torch.equal(again(tree()), model.eval()(tree()))
    assert again.arguments == model.arguments
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]  # nothing is left aside


def test_settings_may_be_numpys_numbers_and_may_change(tmp_path):
    model = gs.GraphSAGE(np.int64(5), np.int32(8), np.uint8(3), dropout=np.float32(0.25), seed=np.int64(7))
    model.dropout = 0.75
    gs.save_model(model, tmp_path / "m")
    again = gs.load_model(tmp_path / "m")
    assert (again.dropout, again.in_features, again.seed) == (0.75, 5, 7)


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_each_aggregator_comes_back(aggregator, tmp_path):
    model = gs.GraphSAGE(5, 8, 3, num_layers=3, aggregator=aggregator)
    with torch.no_grad():
        for tensor in model.state_dict().values():  # buffers too: delta of "pna"
            tensor.add_(0.25)
    gs.save_model(model, tmp_path / "m")
    assert torch.equal(gs.load_model(tmp_path / "m")(tree()), model.eval()(tree()))


class Halves(gs.Aggregator):
    """Half the mean."""

    def forward(self, x, block, x_self):
        return block.mean(x) / 2


def test_an_aggregator_of_ones_own_is_given_again(tmp_path):
    model = gs.GraphSAGE(5, 8, 3, num_layers=3, aggregator=Halves).eval()
    gs.save_model(model, tmp_path / "m")
    again = gs.load_model(tmp_path / "m", aggregator=Halves)
    assert torch.equal(again(tree()), model(tree())) and again.arguments == model.arguments
    with pytest.raises(ValueError, match=r"m does not hold .*: aggregator must be one of .*; got 'Halves \(user-defined\)'"):
        gs.load_model(tmp_path / "m")


def test_every_argument_of_the_model_is_kept(model):
    import inspect

    assert set(model.arguments) == set(inspect.signature(gs.GraphSAGE).parameters)


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_a_truncated_file_is_refused(model, tmp_path, cut):
    path = tmp_path / "m.safetensors"
    gs.save_model(model, path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="m.safetensors is damaged, or no safetensors file"):
        gs.load_model(path)


def test_foreign_files_are_refused(model, tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign")
    with pytest.raises(ValueError, match="not one that graphsage wrote"):
        gs.load_model(tmp_path / "foreign")
    save_file({"a": torch.zeros(1)}, tmp_path / "lying", {"graphsage": json.dumps(model.arguments)})
    with pytest.raises(ValueError, match="does not hold the weights that it describes"):
        gs.load_model(tmp_path / "lying")
    save_file({"a": torch.zeros(1)}, tmp_path / "odd", {"graphsage": '{"in_features": "many"}'})
    with pytest.raises(ValueError, match="does not hold the weights that it describes"):
        gs.load_model(tmp_path / "odd")


def test_a_failed_write_keeps_the_file_that_was_there(model, tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    gs.save_model(model, path)
    before = path.read_bytes()

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        gs.save_model(gs.GraphSAGE(5, 8, 3), path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["m.safetensors"]


def test_the_command_saves_each_run(tmp_path, capsys):
    data = str(write_files(tmp_path / "made", planetoid_files()))
    out = tmp_path / "runs" / "mine"
    assert cli.main(["train", data, "--epochs", "1", "--runs", "2", "--seed", "6", "--no-baseline", "--out", str(out)]) == 0
    assert f"Saved in {out / '7'}" in capsys.readouterr().out
    record = json.loads((out / "6" / "result.json").read_text())
    assert record["config"]["train"]["seed"] == 6
    assert record["history"][0]["number"] == 1
    assert record["normalized_features"] is True  # resolved: the setting itself says None
    assert gs.load_model(out / "6" / "model.safetensors").num_layers == 2


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, capsys):
    data = str(write_files(tmp_path / "made", planetoid_files()))
    (tmp_path / "file").write_text("")
    assert cli.main(["train", data, "--epochs", "1", "--no-baseline", "--out", str(tmp_path / "file" / "x")]) == 2
    assert "Not a directory" in capsys.readouterr().err
