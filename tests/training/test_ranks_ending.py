"""Several processes end together: by an error on one, Ctrl-C, ``stop``, a process that is gone; and what they refuse."""

import os
import shutil
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.ranks import in_ranks
from torch import nn

import graphsage as gs
from graphsage.training.ranks import Ranks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks that meet in a file")

CONFIG = {"epochs": 3, "batch_size": 8, "fanouts": (3, 3), "num_threads": 0, "device": "cpu"}
SHARED = {"batch_size": 4, "accumulate": 3, "gradients": "ordered"}  # 10 batches: 3, 3, 3 and 1 an update
BLOCKS = "sbm:nodes=370,classes=3,features=5,train=0.1"  # 37 train: 5 batches


class Own(nn.Module):
    """A module of the caller's own: a linear layer over the seeds' features."""

    def __init__(self, data, *, sparse=False, counts=False, lazy=False):
        super().__init__()
        self.embedding = nn.Embedding(data.num_nodes, data.num_outputs, sparse=True) if sparse else None
        self.linear = nn.LazyLinear(data.num_outputs) if lazy else nn.Linear(data.num_features, data.num_outputs)
        self.register_buffer("seen", torch.zeros(()) if counts else None)

    def forward(self, batch):
        if self.training and self.seen is not None:
            self.seen += len(batch.seeds)
        out = self.linear(batch.x[batch.seed_index] if batch.seed_index is not None else batch.x[: len(batch.seeds)])
        return out if self.embedding is None else out + self.embedding(batch.seeds)


class AtEnd:
    """Fails when all is over."""

    def on_fit_end(self, trainer, result):
        raise KeyError("planted")


class At:
    """Does something at the n-th update."""

    def __init__(self, updates, act, every_rank=False):
        self.updates, self.act, self.every_rank = updates, act, every_rank

    def on_step(self, trainer, step):
        if trainer.state.updates == self.updates and self.act is not None:
            act, self.act = self.act, None
            act(trainer)


def fitted(model=None, *, seed=0, folder=None, callbacks=(), loss=None, resume=False, shift=0, **config):
    """The trainer after its ``fit``, and what that came to. shift: added to all features."""
    data = gs.load_dataset(BLOCKS)
    data = replace(data, features=data.features + np.float32(shift)) if shift else data
    model = gs.GraphSAGE(data.num_features, 6, data.num_outputs, seed=seed) if model is None else model(data)
    how = {"folder": folder, "callbacks": callbacks, "loss": loss, "log": None}
    trainer = gs.Trainer(model, data, gs.TrainConfig(**{**CONFIG, **config}), **how)
    if resume:
        trainer.resume()
    return trainer, trainer.fit()


def told(**how):
    """Class and text of the error that a training ends with; else its updates and weights."""
    try:
        trainer, result = fitted(**how)
    except Exception as error:
        return type(error).__name__, str(error)
    return trainer.state.updates, result.interrupted, trainer.model.state_dict()


def failing(outputs, y):
    """A loss that is broken on the second process, from its second batch on."""
    if Ranks.of_process().rank == 1:
        failing.calls += 1
        if failing.calls == 2:
            raise ArithmeticError("planted")
    return F.cross_entropy(outputs, y)


failing.calls = 0


def planted(trainer):
    raise KeyError("planted")


def press_ctrl_c(trainer):
    if trainer.ranks.rank == 1:
        os.kill(os.getpid(), signal.SIGINT)


def mishaps(folder):
    """What becomes of trainings to which something happens, one after the other."""
    rank = Ranks.of_process().rank
    return {
        "loss": told(loss=failing),
        "callback": told(callbacks=[At(2, planted)]),
        "end": told(callbacks=[AtEnd()]),
        "after": told(),
        "seeds": told(seed=rank),
        "stop": told(callbacks=[At(2, lambda trainer: trainer.stop())]),
        "settings": told(learning_rate=0.1 if rank else 0.2),
        "sparse": told(model=lambda data: Own(data, sparse=True)),
        "buffer": told(model=lambda data: Own(data, counts=True)),
        "lazy": told(model=lambda data: Own(data, lazy=True)),
        "few": told(accumulate=1),
        "full": told(batch_size=None, fanouts=(10, 10)),
        "folder": told(folder=folder if rank else "/dev/null/nowhere"),
        "ctrl-c": told(folder=folder, callbacks=[At(3, press_ctrl_c, every_rank=True)], **SHARED),
        "files": sorted(os.listdir(folder)),
        "copy": shutil.copytree(folder, f"{folder}-{rank}"),
        "resumed": told(folder=None if rank else folder, resume=True, **SHARED),
        "data": told(shift=rank),
    }


def go_on(folder):
    """What the training in ``folder`` comes to."""
    return told(folder=folder, resume=True, **SHARED)


def gone():
    """One process ends by itself, as ``kill -9`` ends it."""
    return told(callbacks=[At(2, lambda trainer: trainer.ranks.rank and os._exit(3), every_rank=True)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def found(folder):
    return in_ranks(mishaps, 2, str(folder))


LINES = {
    "loss": ("ArithmeticError", "RankFailed", "process 1 of the training failed: ArithmeticError: planted"),
    "callback": ("KeyError", "RankFailed", "process 0 of the training failed: KeyError: 'planted'"),
    "end": ("KeyError", "RankFailed", "process 0 of the training failed: KeyError: 'planted'"),
    "data": ("ValueError", "ValueError", "all processes of a training must have the same features checksum: process 0 has "),
    "settings": ("ValueError", "ValueError", "all processes of a training must have the same learning_rate: process 0 has 0.2, "
                 "process 1 0.1; give them the same data and settings"),
    "sparse": ("ValueError", "ValueError", "a weight [370, 3] has a sparse gradient, and processes add up dense ones: make its "
               "module with sparse=False"),
    "buffer": ("ValueError", "ValueError", "Own changes its buffer seen in training, and processes share gradients and "
               "batch norms alone: train it in one process"),
    "lazy": ("ValueError", "ValueError", "Own has lazy modules, whose weights each process would draw by itself: make them "
             "with their sizes"),
    "few": ("ValueError", "ValueError", "accumulate = 1 batches make an update, and 2 processes share them: set it to 2 or "
            "more, or start fewer processes"),
    "full": ("ValueError", "ValueError", "batch_size='full' is one batch an epoch, which 2 processes cannot share: set "
             "batch_size, or train in one process"),
    "folder": ("TrainingStopped", "RankFailed", "the training could not be begun in /dev/null/nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_an_error_on_one_process_ends_all(found, name):
    *kinds, text = LINES[name]
    whole = [of[name] for of in found]
    assert sorted(kind for kind, _ in whole) == sorted(kinds)
    assert all(text in line for kind, line in whole if kind in ("RankFailed", "ValueError"))


def test_after_an_error_the_processes_can_train_again(found):
    assert same(*(of["after"] for of in found)) and found[0]["after"][:2] == (9, False)


def test_all_begin_with_the_weights_of_the_first(found):
    assert same(*(of["seeds"] for of in found), found[0]["after"])


def test_stop_on_the_first_ends_all_at_its_update(found):
    assert same(*(of["stop"] for of in found)) and found[0]["stop"][:2] == (2, False)


def test_ctrl_c_on_one_ends_all_and_any_number_goes_on(found, folder, tmp_path):
    assert same(*(of["ctrl-c"] for of in found)) and found[0]["ctrl-c"][:2] == (3, True)
    assert "checkpoint.pt" in found[1]["files"] and "report.html" not in found[1]["files"]
    wanted = told(**SHARED)
    for of in in_ranks(go_on, 3, shutil.copytree(found[0]["copy"], tmp_path / "3")):
        assert same(of, wanted)
    assert same(go_on(found[0]["copy"]), wanted)
    assert same(*(of["resumed"] for of in found), wanted) and wanted[0] == 12  # a folder that the first alone was given


def test_a_process_that_is_gone():
    kind, text = in_ranks(gone, 2, codes=[0, 3])[0]
    assert kind == "RankFailed" and text.startswith("process 0 has lost another one of the training (")
    assert text.endswith("): start all of them again, and go on from the latest checkpoint")


def same(first, *others):
    """The same updates and weights, to the bit?"""
    return all(
        other[:2] == first[:2] and all(torch.equal(weights, first[2][name]) for name, weights in other[2].items())
        for other in others
    )
