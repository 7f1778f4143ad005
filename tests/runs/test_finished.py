"""Trainer(folder=...) leaves what the command leaves; what was made in Python is named, and is no crash."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, blocks, configured
from helpers.links import link_config, linked, split_of
from helpers.stacks import OverAll, OwnStack

import graphsage as gs
from graphsage.config.options import plain
from graphsage.config.toml import named_in, read_config
from graphsage.config.walk_config import WalkConfig
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.runs.run import run

DATASET = blocks()
LEFT = {"config.toml", "metrics.jsonl", "checkpoint.pt", "result.json", "report.html"}
MODEL = {"model.safetensors", "model.json"}


def cost(outputs, labels):
    return -(labels != outputs.argmax(1)).double().mean()


def names(folder):
    return {path.name for path in folder.iterdir() if not path.name.startswith("checkpoint-")}


def table_of(folder):
    return next(path.name for path in folder.iterdir() if path.name.startswith("predictions."))


def sage(width=NUM_CLASSES, **options):
    return gs.GraphSAGE(NUM_FEATURES, 16, width, **options)


def trained(folder, model=None, dataset=DATASET, task=None, **train):
    start = configured(epochs=1, **({"learning_rate": 0.01} if "optimizer" in train else {})).train
    config = replace(start, **train)
    return gs.Trainer(model or sage(), dataset, config, task=task, folder=folder, log=None).fit()


def test_it_leaves_what_the_command_leaves(tmp_path):
    config = replace(configured(epochs=1), baseline=False)
    run(config, DATASET, folder=tmp_path / "command", log=lambda line: None)
    result = trained(tmp_path / "python", sage(dropout=config.dropout))
    command, python = names(tmp_path / "command"), names(tmp_path / "python")
    assert command == python == LEFT | MODEL | {table_of(tmp_path / "python")}
    by_command, by_python = (json.loads((tmp_path / name / "result.json").read_text()) for name in ("command", "python"))
    for name in ("test_score", "val_score", "best_epoch", "majority", "dataset"):
        assert by_command[name] == by_python[name]
    assert result.test_score == by_python["test_score"] and by_python["features_only"] is None
    predicted = [(tmp_path / name / table_of(tmp_path / name)).read_bytes() for name in ("command", "python")]
    assert predicted[0] == predicted[1]
    assert gs.load_trained(tmp_path / "python").evaluate(DATASET)["test"]["accuracy"] == result.test_score
    report = (tmp_path / "python" / "report.html").read_text(encoding="utf-8")
    assert "Made in Python by Trainer; dataset blocks: in its script alone." in report and "train --config" not in report


def test_settings_of_a_known_dataset_are_those_of_a_command(tmp_path):
    dataset = gs.load_dataset("sbm:nodes=120,classes=2,features=4")
    model = gs.GraphSAGE(4, 8, 2, dropout=0.25, aggregator="max", num_layers=1)
    config = gs.TrainConfig(fanouts=(3,), epochs=1, device="cpu", num_threads=0)
    trainer = gs.Trainer(model, dataset, config, folder=tmp_path, log=None)
    result = trainer.fit()
    read = read_config(tmp_path / "config.toml", whole=True)
    assert (read.dataset, read.model, read.train) == (dataset.name, model.settings, trainer.config)
    assert read.model.dropout == 0.25
    again = run(read, dataset, log=lambda line: None)
    assert again.result.test_score == result.test_score


def test_a_module_metric_and_optimizer_of_ones_own_are_named(tmp_path):
    own = {"metric": cost, "optimizer": torch.optim.NAdam}
    trained(tmp_path, OwnStack((NUM_FEATURES, 16, NUM_CLASSES)), replace(DATASET, name=None), **own)
    assert names(tmp_path) == LEFT | {table_of(tmp_path)}
    text = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert text.startswith("# All settings of a run that was made in Python") and "[model]" not in text
    for line in ('dataset = "unnamed (user-defined)"', 'model = "OwnStack (user-defined)"', 'metric = "cost (user-defined)"'):
        assert f"\n{line}" in text
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "dataset unnamed, optimizer NAdam, metric cost, model OwnStack: in its script alone" in report
    assert "OwnStack" in report.partition("</table>")[0] and "hidden_features" not in report
    with pytest.raises(ValueError, match="dataset is unnamed, which was made in Python: train it there, by the script that"):
        read_config(tmp_path / "config.toml")
    assert named_in(tmp_path / "config.toml") == {"dataset": None, "split": None}


def test_a_model_of_another_seed_than_the_training_is_not_called_repeatable(tmp_path):
    trained(tmp_path, sage(seed=7))
    assert 'model = "GraphSAGE (user-defined)"' in (tmp_path / "config.toml").read_text()


def test_a_module_without_layers_and_depth(tmp_path):
    trained(tmp_path, OverAll((NUM_FEATURES, 8, 8, NUM_CLASSES)), fanouts=(2, 2, 2))
    assert "OverAll" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_run_on_its_own_dataset_asks_for_one(tmp_path, command):
    trained(tmp_path, dataset=replace(DATASET, name=None))
    code, _, err = command("evaluate", tmp_path)
    assert code == 2 and err == f"graphsage: name a dataset: that of {tmp_path} was made in Python, and no file has it\n"
    DATASET.save(tmp_path / "mine.npz")
    code, out, _ = command("evaluate", tmp_path, tmp_path / "mine.npz", "--device", "cpu")
    assert code == 0 and "Not the data" not in out


def test_several_labels_numbers_and_no_test_nodes(tmp_path):
    several = np.stack([DATASET.labels == k for k in range(3)], 1).astype(np.int8)
    trained(tmp_path / "several", sage(3), replace(DATASET, labels=several, class_names=None))
    numbers = replace(DATASET, labels=DATASET.features[:, :2].copy())
    trained(tmp_path / "numbers", sage(2), numbers)
    trained(tmp_path / "untested", dataset=replace(DATASET, test=[], val=[]))
    for name in ("several", "numbers", "untested"):
        assert (LEFT | MODEL) < names(tmp_path / name)
        assert "Made in Python" in (tmp_path / name / "report.html").read_text(encoding="utf-8")


def test_links(tmp_path):
    config = link_config(epochs=1)
    links = split_of(config, linked())
    model = LinkPredictor(sage(16), "distmult")
    gs.Trainer(model, links, config.train, task=config.links, folder=tmp_path, log=None).fit()
    assert names(tmp_path) == LEFT | MODEL
    text = (tmp_path / "config.toml").read_text()
    assert 'decoder = "distmult"' in text and 'task = "links"' in text
    rows = json.loads((tmp_path / "result.json").read_text())["rows"]
    assert list(rows) == ["GraphSAGE"]


def test_links_that_the_caller_split_and_walks(tmp_path):
    config = link_config(epochs=1)
    links = replace(split_of(config, linked()), how_split=None, name="cora")
    trained(tmp_path / "split", LinkPredictor(sage(16), "dot"), links, config.links, **plain_train(config))
    assert 'dataset = "cora (user-defined)"' in (tmp_path / "split" / "config.toml").read_text()
    walks = WalkConfig(walk_length=2, walks_per_node=1)
    trained(tmp_path / "walks", LinkPredictor(sage(16), "dot"), DATASET, walks)
    assert (LEFT | MODEL) == names(tmp_path / "walks")
    assert 'task = "unsupervised"' in (tmp_path / "walks" / "config.toml").read_text()


def plain_train(config):
    return {name: plain(config.train)[name] for name in ("batch_size",)}


def test_ctrl_c_leaves_a_run_to_go_on_with_and_a_resume_ends_it(tmp_path):
    class Cut:
        def on_step(self, trainer, step):
            if trainer.state.updates == 2:
                trainer._interrupt.came = True

    config = configured(epochs=2).train
    assert gs.Trainer(sage(), DATASET, config, folder=tmp_path, callbacks=[Cut()], log=None).fit().interrupted
    assert "report.html" not in names(tmp_path) and "result.json" not in names(tmp_path)
    trainer = gs.Trainer(sage(), DATASET, config, folder=tmp_path, log=None)
    trainer.resume()
    trainer.fit()
    assert LEFT | MODEL < names(tmp_path)


def test_what_is_refused_leaves_the_folder_as_it_was(tmp_path):
    trained(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="holds a training already"):
        trained(tmp_path, seed=3)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(None)
    assert list(tmp_path.iterdir()) == []
