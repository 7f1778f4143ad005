"""Several processes are one training: its weights, losses, scores and statistics are those of one process."""

import sys
from functools import cache

import pytest
import torch
from helpers.link_training import ring
from helpers.ranks import in_ranks
from helpers.typed_data import papers

import graphsage as gs
from graphsage.runs.run import make_trainer
from graphsage.training.gradients import Gradients
from graphsage.training.running_statistics import RunningStatistics

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks that meet in a file")

SMALL = {"epochs": 3, "batch_size": 8, "accumulate": 3, "fanouts": (3, 3), "num_threads": 0, "device": "cpu"}
BLOCKS = "sbm:nodes=370,classes=3,features=5,train=0.1"  # 37 train: 5 batches, of which the last has 5
KINDS = ("nodes", "batch_norm", "links", "walks", "typed")


def trainer_of(kind, **settings):
    """A small ``Trainer``; each kind has something of its own that ranks must agree on."""
    config, model = gs.TrainConfig(**{**SMALL, **settings}), {"hidden_features": 6, "norm": "layer"}
    if kind == "links":
        return make_trainer(gs.RunConfig(task="links", model=gs.ModelConfig(**model), train=config), ring(), log=None)
    if kind == "typed":
        return make_trainer(gs.RunConfig(model=gs.ModelConfig(**model), train=config), papers(), log=None)
    if kind == "walks":
        config = gs.TrainConfig(**{**SMALL, **settings, "batches_per_epoch": 5})
        return make_trainer(gs.RunConfig(task="unsupervised", train=config), gs.load_dataset(BLOCKS), log=None)
    if kind == "batch_norm":  # its running statistics, their average, a norm of all gradients, and sampled evaluation
        model["norm"] = "batch"
        more = {"average": 0.5, "clip_norm": 0.1, "evaluate": "sampled", "schedule": "cosine", "patience": 5}
        config = gs.TrainConfig(**{**SMALL, **more, **settings})
    return make_trainer(gs.RunConfig(model=gs.ModelConfig(**model), train=config), gs.load_dataset(BLOCKS), log=None)


class Steps:
    """Keeps what is told of each batch."""

    def __init__(self):
        self.told = []

    def on_step(self, trainer, step):
        self.told.append((step.epoch, step.step, step.loss.item(), step.nodes, step.edges, step.learning_rate))


def found_by(kinds, **settings):
    """{kind: what the training left}, on any number of ranks."""
    found = {}
    for kind in kinds:
        trainer, steps = trainer_of(kind, **settings), Steps()
        trainer.watch_by([steps], None)
        result = trainer.fit()
        scores = [(epoch.loss, epoch.val_score, epoch.val_loss, epoch.nodes, epoch.edges) for epoch in result.history]
        told = {"scores": scores, "test": result.test_score, "best": result.best_epoch, "steps": steps.told}
        found[kind] = told | {"weights": trainer.model.state_dict(), "sent": trainer.gradients.num_bytes}
    return found


@cache
def alone(gradients):
    return found_by(KINDS, gradients=gradients)


def story(gradients):
    return found_by(KINDS, gradients=gradients)


@pytest.mark.parametrize("size", [2, 3])
def test_ordered_gradients_give_the_bits_of_one_process(size):
    one = alone("ordered")
    for rank, found in enumerate(in_ranks(story, size, "ordered")):
        for kind in KINDS:
            for name, weights in one[kind]["weights"].items():
                assert torch.equal(found[kind]["weights"][name], weights), (kind, name)
            assert found[kind]["scores"] == one[kind]["scores"] and found[kind]["test"] == one[kind]["test"], kind
            assert found[kind]["steps"] == (one[kind]["steps"] if rank == 0 else []), kind


def test_an_all_reduce_gives_the_same_but_for_rounding():
    one, first = alone("all_reduce"), None
    for found in in_ranks(story, 2, "all_reduce"):
        first = first or found
        for kind in KINDS:
            for name, weights in one[kind]["weights"].items():
                assert torch.allclose(found[kind]["weights"][name], weights, rtol=0, atol=1e-6), (kind, name)
                assert torch.equal(found[kind]["weights"][name], first[kind]["weights"][name]), (kind, name)


def test_one_process_does_nothing_that_is_for_several(monkeypatch):
    def planted(*given):
        raise AssertionError("this costs each step")

    for name in ("begin", "look", "add", "finish"):
        monkeypatch.setattr(Gradients, name, planted)
    monkeypatch.setattr(RunningStatistics, "_kept_aside", planted)
    assert trainer_of("batch_norm").fit().test_score is not None
