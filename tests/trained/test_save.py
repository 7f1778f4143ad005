"""Models on disk: what was saved comes back, and nothing else does."""

import json
import os
from dataclasses import fields
from hashlib import sha256

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.data_helpers import planetoid_files, write_files
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import graphsage as gs
from graphsage.cli import main as cli
from graphsage.config.groups import AGGREGATORS
from graphsage.runs.run import build_model
from graphsage.trained.save import load_trained, save_trained


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


class Broken(Halves):
    def __init__(self, *widths):
        super().__init__(*widths)
        self.linear = torch.nn.Linear("wide")


def test_an_error_in_an_aggregator_of_ones_own_arrives_as_it_is(model, tmp_path):
    gs.save_model(model, tmp_path / "m")
    with pytest.raises(TypeError, match="out_features") as caught:
        gs.load_model(tmp_path / "m", aggregator=Broken)
    assert caught.value.__cause__ is None and any(frame.name == "__init__" for frame in caught.traceback)


def test_every_argument_of_the_model_is_kept(model):
    import inspect

    of_types = {"relation_sum", "num_bases"}  # which a GraphSAGE of one type leaves alone
    assert set(model.arguments) == set(inspect.signature(gs.GraphSAGE).parameters) - of_types


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


# ---- a model with what it was trained for


def saved(folder, dataset=None, model=None, **train):
    """(model, dataset) of an untrained model that ``save_trained`` wrote to ``folder``."""
    dataset, config = blocks(sparse=True) if dataset is None else dataset, configured(model, **train)
    model = build_model(config, dataset)
    save_trained(folder, model, dataset, config.train)
    return model, dataset


def test_a_trained_model_comes_back_with_what_it_was_trained_for(tmp_path):
    names = ("north", "south", "east", "west")
    model, _ = saved(tmp_path, blocks(sparse=True, class_names=names, name="mine"), isolated="self", fanouts=(5, -1))
    trained = load_trained(tmp_path)
    assert trained.model.arguments == model.arguments and not trained.model.training
    assert all(torch.equal(a, b) for a, b in zip(trained.model.parameters(), model.parameters(), strict=True))
    assert {field.name: getattr(trained, field.name) for field in fields(trained)} == {
        "model": trained.model, "task": "multiclass", "metric": "accuracy", "class_names": names, "normalized_features": True,
        "isolated": "self", "fanouts": (5, -1), "draw": "uniform", "replace": False, "schema": None, "name": "mine",
        "timed": False, "strictly_before": False, "label_reuse": False, "degree_features": False,
    }  # fmt: skip
    assert sorted(os.listdir(tmp_path)) == ["model.json", "model.safetensors"]


def test_settings_are_those_that_the_training_used(tmp_path):
    saved(tmp_path, blocks(labels=np.eye(200, 3, dtype=bool)), batch_size=None, metric="macro_f1")
    trained = load_trained(tmp_path / "model.safetensors")
    assert (trained.task, trained.metric, trained.fanouts) == ("multilabel", "macro_f1", (-1, -1))
    assert trained.class_names is None and not trained.normalized_features
    saved(tmp_path, normalize_features=False)
    assert load_trained(tmp_path).normalized_features is False


def test_the_schema_of_tables_comes_back(tmp_path):
    schema = {"columns": [{"name": "age", "mean": 41.5}]}
    saved(tmp_path, blocks(schema=schema))
    assert load_trained(tmp_path).schema == json.loads((tmp_path / "model.json").read_text())["schema"] == schema


def test_the_file_alone_is_enough_and_model_json_says_which_weights_it_means(tmp_path):
    saved(tmp_path)
    digest = sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    assert json.loads((tmp_path / "model.json").read_text())["weights"] == {"file": "model.safetensors", "sha256": digest}
    (tmp_path / "model.json").write_bytes(b"{")  # cut, of an older model, or lost: nothing is read from it
    again = load_trained(tmp_path)
    (tmp_path / "model.json").unlink()
    assert repr(load_trained(tmp_path)) == repr(again)
    assert gs.load_model(tmp_path / "model.safetensors").arguments == again.model.arguments


def test_a_write_that_ends_between_the_two_leaves_a_model_that_loads(tmp_path, monkeypatch):
    saved(tmp_path)
    replace = os.replace

    def killed(source, target):
        if os.path.basename(target) == "model.json":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        saved(tmp_path, model={"hidden_features": 9})
    assert load_trained(tmp_path).model.arguments["hidden_features"] == 9
    assert sorted(os.listdir(tmp_path)) == ["model.json", "model.safetensors"]


def test_the_same_model_is_the_same_bytes(tmp_path):
    files = []
    for _ in range(5):
        saved(tmp_path)
        files.append((tmp_path / "model.safetensors").read_bytes())
    assert len(set(files)) == 1


def test_a_trained_model_with_an_aggregator_of_ones_own(tmp_path):
    dataset, config = blocks(), configured()
    model = gs.GraphSAGE(24, 8, 4, aggregator=Halves)
    save_trained(tmp_path, model, dataset, config.train)
    assert isinstance(load_trained(tmp_path, aggregator=Halves).model.layers[0].aggregator, Halves)
    layer = json.loads((tmp_path / "model.json").read_text())["layers"][0]
    assert layer["aggregator"] == {
        "name": "Halves (user-defined)", "formula": "of the author's own code, which this file does not hold",
    }  # fmt: skip
    with pytest.raises(ValueError, match="aggregator must be one of"):
        load_trained(tmp_path)


def test_what_the_outputs_mean_goes_with_the_model(tmp_path):
    """Through save_model as well, and by hand: whoever saves a trained model need not know of it."""
    dataset, config = blocks(labels=250_000 + blocks().features[:, :2]), configured(epochs=1).train
    trainer = gs.Trainer(gs.GraphSAGE(24, 8, 2), dataset, config, log=None)
    result = trainer.fit()
    gs.save_model(trainer.model, tmp_path / "m")
    again = gs.load_model(tmp_path / "m")
    assert again.task_head == trainer.objective.head and again.task_head.means[0] == pytest.approx(250_000, abs=5)
    save_trained(tmp_path, again, dataset, config)
    assert load_trained(tmp_path).outputs(dataset) == pytest.approx(result.outputs.numpy())


def test_a_model_of_before_gives_what_it_gave(tmp_path):
    """A regression on targets as they are, labels at a probability of 1/2: their files say nothing of it."""
    for labels in (250_000 + blocks().features[:, :2], np.eye(200, 2, dtype=bool)):
        model, dataset = saved(tmp_path, blocks(labels=labels))
        with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
            assert "head" not in json.loads(file.metadata()["graphsage"])
        trained = load_trained(tmp_path)
        bare = gs.inference(model, dataset.graph, dataset.features).numpy()
        assert np.array_equal(trained.outputs(dataset), bare)
        if trained.task == "multilabel":
            assert np.array_equal(trained.predict(dataset).labels, bare > 0)


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_a_truncated_trained_model_is_refused(tmp_path, cut):
    saved(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="model.safetensors is damaged, or no safetensors file"):
        load_trained(tmp_path)


def test_a_module_of_ones_own_is_refused(tmp_path):
    for save in (lambda: gs.save_model(torch.nn.Linear(2, 2), tmp_path / "m"),
                 lambda: save_trained(tmp_path, torch.nn.Linear(2, 2), blocks(), configured().train)):  # fmt: skip
        with pytest.raises(TypeError, match="model must be a GraphSAGE, as .*: save its state_dict; got Linear"):
            save()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_trained_model_is_refused(model, tmp_path):
    with pytest.raises(ValueError, match=r"there is no trained model at .*model\.safetensors: give the folder of a run"):
        load_trained(tmp_path)
    with pytest.raises(ValueError, match="there is no trained model at .*nowhere: give"):
        load_trained(tmp_path / "nowhere")
    gs.save_model(model, tmp_path / "alone")
    with pytest.raises(ValueError, match="alone holds a model alone, without what it was trained for: load_model reads it"):
        load_trained(tmp_path / "alone")
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign")
    with pytest.raises(ValueError, match="not one that graphsage wrote"):
        load_trained(tmp_path / "foreign")


@pytest.mark.parametrize("change, sentence", [
    ({"form": 2}, "it has form 2, and this version of graphsage reads form 1"),
    ({"fanouts": [5]}, "fanouts 5 sample 1 hops, but the model has 2 layers"),
    ({"fanouts": 5}, "is not iterable"),
    ({"task": None}, "task is None"),
    ({"normalized_features": "no"}, "normalized_features is 'no'"),
    ({"metric": "missing"}, "metric"), ({"color": "red"}, "color"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path, change, sentence):
    saved(tmp_path)
    path = tmp_path / "model.safetensors"
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["graphsage"])
    about["trained"] = {name: value for name, value in {**about["trained"], **change}.items() if value != "missing"}
    save_file(load_file(path), path, {"graphsage": json.dumps(about)})
    with pytest.raises(ValueError, match=f"does not say what its model was trained for: .*{sentence}"):
        load_trained(tmp_path)
