"""Exact resume: a training that was cut anywhere and gone on with ends as the one that was not, bit for bit."""

import os
import signal
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, blocks, configured
from helpers.leftovers import name_aside
from helpers.typed_data import papers
from torch import nn

from graphsage.base.files import InUse
from graphsage.config.run_files import CONFIG, LATEST, METRICS_FILE, RESULT
from graphsage.runs import node_run, resume
from graphsage.runs.checkpoint import CheckpointError, load_checkpoint, machine, older_checkpoints
from graphsage.runs.metrics_file import read_metrics
from graphsage.runs.run import build_model
from graphsage.runs.trainer import Trainer
from graphsage.trained.save import DESCRIPTION, MODEL, load_trained
from graphsage.training.state import CLOCKS

CLOCKED = {*CLOCKS, "seconds", "memory"}
OFTEN = {"checkpoint_every": 2, "checkpoint_seconds": 0}


class Mine(nn.Module):
    """A module of one's own, with a buffer that training moves (the running mean) and torch's own dropout."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.norm, self.product = nn.BatchNorm1d(NUM_FEATURES), nn.Linear(NUM_FEATURES, NUM_CLASSES)

    def forward(self, batch):
        own = torch.dropout(self.norm(batch.x[: batch.blocks[-1].num_rows]), 0.2, self.training)
        return self.product(own)[batch.seed_index]


class Numbers(nn.Module):
    """Two numbers a node, of its own features."""

    def __init__(self):
        super().__init__()
        self.product = nn.Linear(NUM_FEATURES, 2)

    def forward(self, batch):
        return self.product(batch.x)[batch.seed_index]


def several_labels(dataset):
    return replace(dataset, labels=np.eye(NUM_CLASSES, dtype=np.int8)[dataset.labels] | (dataset.features[:, :NUM_CLASSES] > 1))


def numbers(dataset):
    return replace(dataset, labels=dataset.features[:, :2].copy())


def same(dataset):
    return dataset


#: name -> (settings of the model, settings of the training, what to make of the dataset)
CASES = {
    "passes": ({}, {}, same),
    "random batches": ({}, {"batches_per_epoch": 4}, same),
    "full batch, rprop": ({}, {"batch_size": None, "optimizer": "rprop"}, same),
    "full batch, adam": ({"dropout": 0.3}, {"batch_size": None}, same),
    "sgd": ({}, {"optimizer": "sgd", "learning_rate": 0.5}, same),
    "cosine": ({}, {"schedule": "cosine"}, same),
    "step": ({}, {"schedule": "step", "schedule_epochs": 2}, same),
    "plateau": ({}, {"schedule": "plateau", "schedule_epochs": 1, "schedule_factor": 0.5, "learning_rate": 0.3}, same),
    "accumulate": ({}, {"accumulate": 3, "batch_size": 8, "schedule": "cosine"}, same),
    "clip_norm": ({}, {"clip_norm": 0.1}, same),
    "float16": ({}, {"precision": "float16", "clip_norm": 1.0}, same),
    "float16, cosine": ({}, {"precision": "float16", "schedule": "cosine"}, same),
    "bfloat16": ({}, {"precision": "bfloat16", "feature_dtype": "bfloat16"}, same),
    "patience": ({}, {"patience": 2, "epochs": 60}, same),
    "lstm": ({"aggregator": "lstm"}, {"epochs": 4}, same),
    "pna": ({"aggregator": "pna", "normalize": True}, {"epochs": 4}, same),
    "input dropout": ({"dropout": 0.4, "input_dropout": 0.3}, {}, same),
    "several labels": ({}, {"class_weights": "balanced"}, several_labels),
    "numbers": ({}, {}, numbers),
    "without validation": ({}, {}, lambda dataset: replace(dataset, val=[])),
    "average, warm-up, norms": (
        {"norm": "batch", "residual": True, "jumping": "cat"},
        {"average": 0.8, "warmup_epochs": 2, "optimizer": "adamw", "schedule": "cosine"},
        same,
    ),
    "warm-up, step": ({}, {"warmup_epochs": 2, "schedule": "step", "schedule_epochs": 1, "epochs": 4}, same),
    "own module": (None, {"fanouts": (5,)}, same),
    "several types": ({"norm": "batch", "num_bases": 2}, {"relation_fanouts": "writes=3,-1"}, lambda dataset: papers()),
    "several types, pna": (
        {"aggregator": "pna", "relation_sum": "mean", "jumping": "cat"}, {"epochs": 4, "accumulate": 2, "average": 0.5},
        lambda dataset: papers(),
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def disk_that_keeps_all(monkeypatch):
    """No machine loses its power in here, and to wait for a disk would take most of the time."""
    monkeypatch.setattr(os, "fsync", lambda number: None)


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    """It takes longer than the training, and is not what is tested here."""
    monkeypatch.setattr(node_run, "write_report", lambda path, **content: None)


@pytest.fixture(scope="module")
def dataset():
    """40 nodes to train on: three batches of 16, 16 and 8 an epoch."""
    return blocks()


def made(dataset, model=None, *, folder=None, callbacks=(), log=None, **train):
    """A new Trainer on a new model; settings as of ``configured``, a model that is no dict of them as it is."""
    is_own = isinstance(model, nn.Module)
    config = configured({"num_layers": 1} if is_own else model, **{"epochs": 6, **OFTEN, **train})
    module = model if is_own else build_model(config, dataset)
    return Trainer(module, dataset, config.train, folder=folder, callbacks=callbacks, log=log)


def of_case(name, dataset, **extra):
    model, train, change = CASES[name]
    return made(change(dataset), Mine() if model is None else model, **{**train, **extra})


class Cut:
    """A callback that ends the training at a step (``at`` = (epoch, step)), or at the end of an epoch ((epoch, None)).

    gently: by Ctrl-C, which saves; else as a crash would, with what was saved before.
    """

    def __init__(self, at, *, gently):
        self.at, self.gently = at, gently

    def on_step(self, trainer, step):
        self._end((step.epoch, step.step))

    def on_epoch(self, trainer, epoch):
        self._end((epoch.number, None))

    def _end(self, place):
        if place == self.at:
            if not self.gently:
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGINT)


def bits(value):
    """``value`` with each tensor as its dtype, shape and bytes."""
    if isinstance(value, torch.Tensor):
        return value.dtype, value.shape, value.contiguous().flatten().view(torch.uint8).numpy().tobytes()
    if isinstance(value, dict):
        return {name: bits(item) for name, item in value.items() if name not in CLOCKED | {"clocks", "machine"}}
    return [bits(item) for item in value] if isinstance(value, (list, tuple)) else value


def everything(trainer, result, folder):
    """All that a training leaves, clocks aside: in the model, in the result, in the checkpoint, in the metrics."""
    outcome = {name: value for name, value in asdict(result).items() if name != "outputs"}
    parts = trainer.model.state_dict(), outcome, load_checkpoint(folder / LATEST), read_metrics(folder / METRICS_FILE)
    return [bits(part) for part in parts]


def whole(name, dataset, folder):
    trainer = of_case(name, dataset, folder=folder)
    return everything(trainer, trainer.fit(), folder)


def places(lines):
    return [(line["epoch"], line.get("step")) for line in lines]


# ---- it goes on as if nothing had been


@pytest.mark.parametrize("name", CASES)
def test_a_training_that_was_cut_ends_with_the_same_bits(name, dataset, tmp_path):
    expected = whole(name, dataset, tmp_path / "whole")
    lines = places(read_metrics(tmp_path / "whole" / METRICS_FILE))
    assert len(set(lines)) == len(lines) >= 12
    last = max(epoch for epoch, _ in lines)
    for at in [(1, 0), (2, None), (3, lines[-2][1] // 2), (last - 1, lines[-2][1])]:
        folder, gently = tmp_path / f"{at[0]}-{at[1]}", at[0] in (2, 3)
        cut = of_case(name, dataset, folder=folder, callbacks=[Cut(at, gently=gently)]).fit()
        assert cut.interrupted and cut.test_score is None and len(cut.history) < last
        trainer = of_case(name, dataset, folder=folder, num_threads=2)
        trainer.resume()
        assert everything(trainer, trainer.fit(), folder) == expected


def test_a_regression_that_was_begun_on_targets_as_they_are_goes_on_so(dataset, tmp_path):
    """Checkpoints of before say nothing of standardised targets, of the loss, and of thresholds."""
    prices, settings = numbers(dataset), {**OFTEN, "epochs": 6}

    def begun(**how):
        config = configured(**settings)
        return Trainer(build_model(config, prices), prices, config.train, log=None, **how)

    expected = begun(loss=torch.nn.functional.mse_loss)
    expected.fit()
    cut = begun(loss=torch.nn.functional.mse_loss, folder=tmp_path, callbacks=[Cut((3, 1), gently=True)])
    assert cut.fit().interrupted
    saved = torch.load(tmp_path / LATEST, weights_only=True)
    del saved["head"], saved["loss"], saved["state"]["thresholds"]
    torch.save(saved, tmp_path / LATEST)
    trainer = begun(folder=tmp_path)
    trainer.resume()
    trainer.fit()
    assert bits(trainer.model.state_dict()) == bits(expected.model.state_dict())
    assert load_trained(tmp_path).outputs(prices) == pytest.approx(expected.predict().outputs, abs=1e-6)


def test_every_place_to_cut(dataset, tmp_path):
    """A crash at each step of the first epochs, before it is saved, and at each end of an epoch."""
    expected = whole("passes", dataset, tmp_path / "whole")
    for at in [(epoch, step) for epoch in (1, 2, 3) for step in (0, 1, 2, None)]:
        folder = tmp_path / str(at)
        of_case("passes", dataset, folder=folder, checkpoint_every=1, callbacks=[Cut(at, gently=False)]).fit()
        trainer = of_case("passes", dataset, folder=folder)
        trainer.resume()
        assert trainer.state.updates == _updates_saved(at)
        assert everything(trainer, trainer.fit(), folder) == expected


def _updates_saved(at):
    """By the checkpoints before: after each batch that is not the epoch's last, and after an epoch."""
    epoch, step = at
    if step is None or step == 2:
        return 3 * (epoch - 1) + 2
    return 3 * (epoch - 1) + step


def test_cut_again_and_again(dataset, tmp_path):
    expected = whole("cosine", dataset, tmp_path / "whole")
    for at in [(1, 1), (1, 2), (2, 0), (2, None), (4, 1), (5, 2)]:
        trainer = of_case("cosine", dataset, folder=tmp_path / "cut", callbacks=[Cut(at, gently=at[1] != 0)])
        trainer.resume()
        assert trainer.fit().interrupted
    trainer = of_case("cosine", dataset, folder=tmp_path / "cut")
    trainer.resume()
    assert everything(trainer, trainer.fit(), tmp_path / "cut") == expected


@pytest.mark.parametrize("gently", [True, False])
def test_the_same_trainer_can_go_on(gently, dataset, tmp_path):
    expected = whole("passes", dataset, tmp_path / "whole")
    trainer = of_case("passes", dataset, folder=tmp_path / "cut", callbacks=[Cut((3, 1), gently=gently)])
    assert trainer.fit().interrupted
    trainer.callbacks.clear()
    trainer.resume()
    assert everything(trainer, trainer.fit(), tmp_path / "cut") == expected


def test_the_same_trainer_begins_where_it_was_cut_before_the_first_checkpoint(dataset, tmp_path):
    settings = {"checkpoint_every": 0, "checkpoint_seconds": 1e6}
    trainer = of_case("passes", dataset, folder=tmp_path, callbacks=[Cut((2, 1), gently=False)], **settings)
    assert trainer.fit().interrupted
    trainer.callbacks = [again := Saves(tmp_path)]
    trainer.resume()
    assert len(trainer.fit().history) == 6 and len(again.seen) == 18
    lines = places(read_metrics(tmp_path / METRICS_FILE))
    assert lines == [(epoch, step) for epoch in range(1, 7) for step in (0, 1, 2, None)]


def test_resume_before_the_first_checkpoint_begins(dataset, tmp_path):
    trainer = of_case("passes", dataset, folder=tmp_path / "new")
    trainer.resume()
    assert everything(trainer, trainer.fit(), tmp_path / "new") == whole("passes", dataset, tmp_path / "whole")


def test_resume_from_an_older_checkpoint(dataset, tmp_path):
    expected = whole("passes", dataset, tmp_path / "whole")
    folder = tmp_path / "cut"
    of_case("passes", dataset, folder=folder, keep_checkpoints=20, callbacks=[Cut((5, 1), gently=True)]).fit()
    older = older_checkpoints(folder)
    assert [path.name for path in older] == [f"checkpoint-{n:09d}.pt" for n in (12, 10, 9, 8, 6, 4, 3, 2)]
    trainer = of_case("passes", dataset, folder=folder)
    trainer.resume(older[4])
    assert (trainer.state.epoch, trainer.state.step, trainer.state.updates) == (2, 0, 6)
    assert everything(trainer, trainer.fit(), folder) == expected


def test_a_crash_after_going_on_from_an_older_checkpoint_loses_no_line(dataset, tmp_path):
    """The lines after the older one are gone, so it is the latest now: the newer one would leave a gap in the metrics."""
    expected = whole("passes", dataset, tmp_path / "whole")
    folder = tmp_path / "cut"
    of_case("passes", dataset, folder=folder, keep_checkpoints=20, callbacks=[Cut((5, 1), gently=True)]).fit()
    settings = {"checkpoint_every": 0, "checkpoint_seconds": 1e6, "callbacks": [Cut((4, 0), gently=False)]}
    trainer = of_case("passes", dataset, folder=folder, **settings)
    trainer.resume(older_checkpoints(folder)[4])
    trainer.fit()
    trainer = of_case("passes", dataset, folder=folder)
    trainer.resume()
    assert everything(trainer, trainer.fit(), folder) == expected


def test_checkpoints_that_come_after_an_older_one_go_when_it_is_gone_on_from(dataset, tmp_path):
    """They would take the places of the new ones, and be offered although their lines of the metrics are gone."""
    of_case("passes", dataset, folder=tmp_path, keep_checkpoints=20, callbacks=[Cut((5, 1), gently=True)]).fit()
    older, own = older_checkpoints(tmp_path), tmp_path / "checkpoint-mine.pt"
    own.write_bytes(older[0].read_bytes())
    trainer = of_case("passes", dataset, folder=tmp_path, keep_checkpoints=3, callbacks=[Cut((4, 0), gently=False)])
    trainer.resume(older[4])
    trainer.fit()
    saved = [load_checkpoint(path)["state"]["updates"] for path in (tmp_path / LATEST, *older_checkpoints(tmp_path))]
    assert saved == [9, 8, 6] and own.exists()


def test_resume_in_another_folder_and_in_none(dataset, tmp_path):
    expected = whole("passes", dataset, tmp_path / "whole")
    of_case("passes", dataset, folder=tmp_path / "cut", callbacks=[Cut((3, 1), gently=True)]).fit()
    for folder in (tmp_path / "other", None):
        trainer = of_case("passes", dataset, folder=folder)
        trainer.resume(tmp_path / "cut" / LATEST)
        assert trainer.state.updates == 8
        trainer.fit()
        assert bits(trainer.model.state_dict()) == expected[0]
    assert load_checkpoint(tmp_path / "cut" / LATEST)["state"]["updates"] == 8


def test_resume_without_a_folder_needs_a_checkpoint(dataset):
    with pytest.raises(ValueError, match="^there is no folder to resume from: name a checkpoint, or make the Trainer with a"):
        made(dataset).resume()


def test_a_finished_training_is_not_trained_again(dataset, tmp_path):
    expected = whole("passes", dataset, tmp_path)
    trainer = of_case("passes", dataset, folder=tmp_path, callbacks=[Cut((n, 0), gently=False) for n in range(99)])
    trainer.resume()
    assert everything(trainer, trainer.fit(), tmp_path) == expected


def test_more_epochs_than_before(dataset, tmp_path):
    of_case("passes", dataset, folder=tmp_path / "cut", epochs=3).fit()
    trainer = of_case("passes", dataset, folder=tmp_path / "cut", epochs=6)
    trainer.resume()
    assert everything(trainer, trainer.fit(), tmp_path / "cut") == whole("passes", dataset, tmp_path / "whole")


def test_no_random_state_is_read_or_moved(dataset, tmp_path):
    of_case("input dropout", dataset, folder=tmp_path / "cut", callbacks=[Cut((2, 1), gently=True)]).fit()
    torch.rand(7)
    before = torch.get_rng_state()
    trainer = of_case("input dropout", dataset, folder=tmp_path / "cut")
    trainer.resume()
    assert everything(trainer, trainer.fit(), tmp_path / "cut") == whole("input dropout", dataset, tmp_path / "whole")
    assert torch.equal(torch.get_rng_state(), before)


# ---- when it saves, and what it keeps


class Saves:
    """A callback that notes which checkpoint there was before each step: (updates, in the older ones)."""

    def __init__(self, folder):
        self.folder, self.seen = folder, []

    def on_step(self, trainer, step):
        latest = self.folder / LATEST
        self.seen.append(load_checkpoint(latest)["state"]["updates"] if latest.exists() else None)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"checkpoint_every": 0, "checkpoint_seconds": 1e6}, [None] * 9),
        ({"checkpoint_every": 0, "checkpoint_seconds": 0}, [None] * 3 + [3] * 3 + [6] * 3),
        ({"checkpoint_every": 1, "checkpoint_seconds": 1e6}, [None, 1, 2, 3, 4, 5, 6, 7, 8]),
        ({"checkpoint_every": 2, "checkpoint_seconds": 0}, [None, None, 2, 3, 4, 4, 6, 6, 8]),
    ],
)
def test_it_saves_when_it_says(settings, expected, dataset, tmp_path):
    saves = Saves(tmp_path)
    made(dataset, folder=tmp_path, epochs=3, callbacks=[saves], **settings).fit()
    assert saves.seen == expected
    assert load_checkpoint(tmp_path / LATEST)["state"]["updates"] == 9


def test_updates_of_several_batches_are_saved_whole(dataset, tmp_path):
    """5 batches, 3 an update: a checkpoint that is due in the middle of an update comes after it."""
    saves = Saves(tmp_path)
    settings = {"batch_size": 8, "accumulate": 3, "checkpoint_every": 2, "checkpoint_seconds": 1e6}
    made(dataset, folder=tmp_path, epochs=2, callbacks=[saves], **settings).fit()
    assert saves.seen == [None, None, None, 1, 1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("keep", [1, 2, 4])
def test_the_latest_checkpoints_are_kept(keep, dataset, tmp_path):
    made(dataset, folder=tmp_path, epochs=3, keep_checkpoints=keep).fit()
    saved = [2, 3, 4, 6, 8, 9][-keep:]
    older = older_checkpoints(tmp_path)
    assert [load_checkpoint(path)["state"]["updates"] for path in (*reversed(older), tmp_path / LATEST)] == saved
    assert [int(path.stem[-9:]) for path in reversed(older)] == saved[:-1]
    left = {METRICS_FILE, LATEST, MODEL, DESCRIPTION, CONFIG, RESULT, *(path.name for path in older)}
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith("predictions.")} == left


def test_a_folder_that_holds_a_training_is_not_overwritten(dataset, tmp_path):
    made(dataset, folder=tmp_path, epochs=1).fit()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="holds a training already: go on with it by resume, or take another folder"):
        made(dataset, folder=tmp_path).fit()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_training_is_not_overwritten_by_one_that_goes_on_from_elsewhere(dataset, tmp_path):
    for name, seed in (("here", 0), ("there", 1)):
        made(dataset, folder=tmp_path / name, epochs=1, seed=seed).fit()
    trainer = made(dataset, folder=tmp_path / "here", epochs=2, seed=1)
    trainer.resume(tmp_path / "there" / LATEST)
    with pytest.raises(ValueError, match="holds a training already: go on with it by resume, or take another folder"):
        trainer.fit()
    assert load_checkpoint(tmp_path / "here" / LATEST)["settings"]["seed"] == 0


def test_what_a_crash_left_aside_is_cleared(dataset, tmp_path):
    made(dataset, folder=tmp_path, callbacks=[Cut((2, 0), gently=True)]).fit()
    for name in (name_aside(LATEST), name_aside(METRICS_FILE)):
        (tmp_path / name).write_bytes(b"half")
    trainer = made(dataset, folder=tmp_path)
    trainer.resume()
    trainer.fit()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


# ---- what it refuses, in one sentence, and the trainer stays as it was


def refused(trainer, text, path=None):
    """``resume`` fails with ``text``, and the trainer is as it was."""
    before = bits([trainer.model.state_dict(), trainer.optimizer.state_dict(), asdict(trainer.state)])
    with pytest.raises(ValueError, match=text) as error:
        trainer.resume(path)
    assert "\n" not in str(error.value)
    assert bits([trainer.model.state_dict(), trainer.optimizer.state_dict(), asdict(trainer.state)]) == before


@pytest.fixture(scope="module")
def cut(dataset, tmp_path_factory):
    """The folder of a training that was cut in its third epoch."""
    folder = tmp_path_factory.mktemp("cut")
    made(dataset, folder=folder, callbacks=[Cut((3, 1), gently=True)]).fit()
    return folder


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"batch_size": 8}, "batch_size 16 then, 8 now$"),
        ({"fanouts": (5, 4)}, r"fanouts \[5, 5\] then, \[5, 4\] now$"),
        ({"seed": 1}, "seed 0 then, 1 now$"),
        ({"learning_rate": 0.25, "clip_norm": 2.0}, "learning_rate 0.05 then, 0.25 now; clip_norm None then, 2.0 now$"),
        ({"schedule": "cosine"}, "schedule constant then, cosine now$"),
        ({"precision": "bfloat16"}, "precision float32 then, bfloat16 now$"),
        ({"accumulate": 2}, "accumulate 1 then, 2 now$"),
    ],
)
def test_other_settings(settings, text, dataset, cut):
    refused(made(dataset, folder=cut, **settings), "is of a training with other settings: " + text)


def test_other_epochs_of_a_cosine(dataset, tmp_path):
    of_case("cosine", dataset, folder=tmp_path, callbacks=[Cut((2, 1), gently=True)]).fit()
    refused(of_case("cosine", dataset, folder=tmp_path, epochs=9), "other settings: epochs 6 then, 9 now$")


def test_fewer_epochs_than_are_done(dataset, tmp_path):
    """The result would be that of more epochs than its configuration says."""
    of_case("passes", dataset, folder=tmp_path, epochs=4).fit()
    trainer = of_case("passes", dataset, folder=tmp_path, epochs=2)
    refused(trainer, "has 4 epochs done, which is more than epochs = 2: set at least 4$")


def moved(dataset):
    """The last training node validates: the ids of all splits, one after the other, are the same."""
    return replace(dataset, train=dataset.train[:-1], val=np.append(dataset.train[-1], dataset.val))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda dataset: blocks(seed=1), "graph checksum"),
        (lambda dataset: replace(dataset, features=dataset.features + 1), "another dataset: features checksum"),
        (lambda dataset: replace(dataset, features=dataset.features[:, :20].copy()), "features 24 then, 20 now"),
        (lambda dataset: replace(dataset, train=dataset.train[::-1]), "another dataset: labels checksum"),
        (moved, "another dataset: split 40 / 60 / 99 then, 39 / 61 / 99 now$"),
        (numbers, "another dataset: labels checksum"),
    ],
)
def test_another_dataset(change, text, dataset, cut):
    refused(made(change(dataset), folder=cut), text)


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ({"hidden_features": 17}, "another model: hidden_features 16 then, 17 now$"),
        ({"aggregator": "max"}, "another model: aggregator mean then, max now$"),
        ({"dropout": 0.25, "normalize": True}, "another model: dropout 0.5 then, 0.25 now; normalize False then, True now$"),
        ({"input_dropout": 0.25}, "another model: input_dropout 0.0 then, 0.25 now$"),
        ({"combine": "concat"}, "another model: combine sum then, concat now$"),
    ],
)
def test_another_model(model, text, dataset, cut):
    refused(made(dataset, model, folder=cut), text)


class Wider(Mine):
    def __init__(self):
        super().__init__()
        self.more = nn.Linear(2, 2)


def test_another_module_of_ones_own(dataset, tmp_path):
    of_case("own module", dataset, folder=tmp_path, callbacks=[Cut((2, 1), gently=True)]).fit()
    refused(made(dataset, Wider(), folder=tmp_path, fanouts=(5,)), "holds the weights of another model than the one to train$")
    refused(made(dataset, {"num_layers": 1}, folder=tmp_path, fanouts=(5,)), "holds the weights of another model")


@pytest.mark.parametrize("changes", [{"threads of torch": 64}, {"torch": "1.0", "processor": "abacus"}])
def test_another_machine_warns_in_one_line(changes, dataset, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(resume, "machine", lambda device: {**machine(device), **changes})
        made(dataset, folder=tmp_path, callbacks=[Cut((2, 1), gently=True)]).fit()
    lines = []
    made(dataset, folder=tmp_path, log=lines.append).resume()
    (line,) = lines
    assert line.startswith("Warning: ") and "the weights may differ in their last bits" in line
    assert all(f"{name} {value} then, " in line for name, value in changes.items()) and line.count(" now") == len(changes)


def test_the_same_machine_does_not_warn(dataset, cut):
    lines = []
    made(dataset, folder=cut, log=lines.append).resume()
    assert lines == []


# ---- the gradient scaler, and the folder's lock


def test_the_scaler_of_float16_goes_on_where_it_was(dataset, tmp_path):
    """Its scale grows by its counter: here every third update, so that both differ from a new scaler's."""
    trainer = Trainer(build_model(configured(), dataset), dataset, configured(precision="float16", epochs=3).train,
                      folder=tmp_path, log=None)
    trainer.scaler.set_growth_interval(3)
    trainer.fit()
    then = trainer.scaler.state_dict()
    assert then["scale"] != 65536 and then["_growth_tracker"] != 0
    again = Trainer(build_model(configured(), dataset), dataset, configured(precision="float16", epochs=3).train,
                    folder=tmp_path, log=None)
    again.resume()
    assert again.scaler.state_dict() == then


class Second:
    """Lets another trainer begin in the folder meanwhile."""

    def __init__(self, other):
        self.other, self.errors = other, []

    def on_step(self, trainer, step):
        with pytest.raises(InUse, match="is in use by another process: wait for its end, or end it"):
            self.other.fit()
        self.errors.append(step)


def test_a_folder_is_for_one_trainer_at_a_time(dataset, tmp_path):
    second = Second(of_case("passes", dataset, folder=tmp_path))
    of_case("passes", dataset, folder=tmp_path, callbacks=[second]).fit()
    assert second.errors
    second.other.resume()
    second.other.fit()  # its turn now


def test_the_folder_is_free_after_an_error(dataset, tmp_path):
    class Breaks:
        def on_step(self, trainer, step):
            raise RuntimeError("broken")

    trainer = of_case("passes", dataset, folder=tmp_path, callbacks=[Breaks()])
    with pytest.raises(RuntimeError, match="broken"):
        trainer.fit()
    of_case("passes", dataset, folder=tmp_path).fit()


@pytest.mark.parametrize("own_first", [True, False])
def test_another_loss(own_first, dataset, tmp_path):
    """Targets are standardised without a loss of one's own, and as they are with one."""
    losses = [torch.nn.functional.mse_loss, None] if own_first else [None, torch.nn.functional.mse_loss]

    def trainer_with(loss):
        config = configured(epochs=1 if loss is losses[0] else 2).train
        return Trainer(Numbers(), numbers(dataset), config, loss=loss, folder=tmp_path, log=None)

    trainer_with(losses[0]).fit()
    with pytest.raises(CheckpointError, match="another loss: loss (your own|of the task) then, (your own|of the task) now"):
        trainer_with(losses[1]).resume()
    trainer_with(losses[0]).resume()
