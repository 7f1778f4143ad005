"""A training on features in a file: its weights and scores are those in memory, and it says what it read."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.nn_helpers import learnable_dataset, node_dataset
from helpers.on_disk import features_on_disk

import graphsage as gs
from graphsage.config.run_files import METRICS_FILE
from graphsage.config.settings import TrainConfig
from graphsage.runs.metrics_file import read_metrics
from graphsage.training.records import Epoch

DATA = learnable_dataset(300, 16)
CONFIG = {"fanouts": (4, 3), "batch_size": 32, "epochs": 3, "seed": 5, "num_threads": 1, "device": "cpu"}


def trained(dataset, folder=None, **config):
    """(lines, Trainer, result)."""
    torch.manual_seed(0)
    lines = []
    model = gs.GraphSAGE(dataset.num_features, 8, 3, num_layers=2)
    trainer = gs.Trainer(model, dataset, TrainConfig(**{**CONFIG, **config}), folder=folder, log=lines.append)
    return lines, trainer, trainer.fit()


def epochs_in(run):
    """The lines of epochs in metrics.jsonl."""
    return [line for line in read_metrics(run / METRICS_FILE) if line["kind"] == "epoch"]


def scores(result):
    return [(epoch.loss, epoch.val_score, epoch.val_loss) for epoch in result.history]


def on_disk(tmp_path, dataset=DATA):
    return replace(dataset, features=features_on_disk(tmp_path, dataset.features))


@pytest.mark.parametrize("config", [{}, {"evaluate": "sampled"}, {"feature_cache": "10%"}, {"feature_cache": 1}], ids=str)
def test_weights_and_scores_are_those_of_features_in_memory(tmp_path, config):
    plain = {name: value for name, value in config.items() if name != "feature_cache"}
    (_, one, here), (_, other, there) = trained(on_disk(tmp_path), **config), trained(DATA, **plain)
    assert scores(here) == scores(there)
    assert here.test_score == there.test_score and torch.equal(here.outputs, there.outputs)
    for (name, mine), theirs in zip(one.model.state_dict().items(), other.model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name


def test_what_was_read_is_told_and_kept(tmp_path):
    lines, trainer, result = trained(on_disk(tmp_path), tmp_path / "run", feature_cache="30%")
    assert lines[0].startswith("Features stay on the disk, 1.92e-05 GB: the 90 rows that coming batches ask for most are ")
    epochs = epochs_in(tmp_path / "run")
    for line, epoch in zip(epochs, result.history, strict=True):
        assert 0 < epoch.rows_kept < epoch.rows_asked and epoch.bytes_read > 0
        assert all(line[name] == getattr(epoch, name) for name in ("rows_asked", "rows_kept", "bytes_read"))
        share = f"{epoch.rows_kept / epoch.rows_asked:.0%}"
        (told,) = [text for text in lines if text.startswith(f"Epoch {epoch.number:03d} ")]
        assert f" Read: {epoch.bytes_read / 1e9:.3g} GB, {share} of rows kept, waiting " in told
    asked = sum(epoch.rows_asked for epoch in result.history)
    assert asked < trainer.loader.store.reads.asked  # evaluation reads too, and is not counted here
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for name in ("read of the features", "rows of features that were kept in memory", "spent waiting for batches"):
        assert name in report


def test_features_in_memory_tell_nothing(tmp_path):
    lines, _, result = trained(DATA, tmp_path / "run")
    epochs = epochs_in(tmp_path / "run")
    assert not {"rows_asked", "rows_kept", "bytes_read"} & {key for line in epochs for key in line}
    assert not any("Read" in line or "disk" in line for line in lines) and result.history[0].rows_asked == 0
    assert "read of the features" not in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_lines_before_the_training(tmp_path):
    told = [trained(on_disk(tmp_path), epochs=1)[0][0], trained(DATA, epochs=1, feature_cache="10%")[0][0]]
    hint = "feature_cache=10% (--feature-cache) would keep the rows in memory that batches ask for most"
    assert told == [f"Features stay on the disk, 1.92e-05 GB: {hint}", "feature_cache is not used: the features are in memory"]
    sparse = node_dataset(DATA.graph, is_sparse=True)
    lines = trained(on_disk(tmp_path, sparse), epochs=1, normalize_features=False)[0]
    assert [line for line in lines if "disk" in line] and "feature_cache" not in lines[0]


@pytest.mark.parametrize(("fields", "text"), [
    ({}, ""),
    ({"rows_asked": 200, "bytes_read": 12_345_678}, " Read: 0.0123 GB"),
    ({"rows_asked": 200, "rows_kept": 50, "bytes_read": 10**9, "waiting": 3.0, "training": 1.0},
     " Read: 1 GB, 25% of rows kept, waiting 75%"),
])  # fmt: skip
def test_the_line_of_an_epoch(fields, text):
    epoch = Epoch(number=1, loss=1.0, metric="accuracy", val_score=None, val_loss=None, seconds=1.0, **fields)
    assert epoch.reading == text


def test_an_epoch_without_a_file_reads_nothing_of_others(tmp_path):
    """Two trainers share a store: each counts what its own epochs asked for."""
    data = on_disk(tmp_path)
    _, first, one = trained(data, epochs=1)
    model = gs.GraphSAGE(data.num_features, 8, 3, num_layers=2)
    again = gs.Trainer(model, data, TrainConfig(**CONFIG | {"epochs": 1}), store=first.loader.store, log=None).fit()
    assert again.history[0].rows_asked == one.history[0].rows_asked
    assert np.isfinite(again.history[0].loss)
