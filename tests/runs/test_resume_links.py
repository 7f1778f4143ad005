"""Exact resume of a training on links: cut anywhere and gone on with, it ends as the one that was not, bit for bit."""

import signal
from dataclasses import replace

import pytest
import torch
from helpers.link_training import PairsOfFeatures, predictor, ring, timed, trainer_of

from graphsage.config.link_config import LinkConfig
from graphsage.config.run_files import LATEST
from graphsage.runs.checkpoint import CheckpointError
from graphsage.training.state import CLOCKS

FEW = LinkConfig(candidates=20)
OFTEN = {"epochs": 3, "checkpoint_every": 2, "checkpoint_seconds": 0}
#: name -> (model, dataset, settings of links, settings of the training)
CASES = {
    "passes": (lambda: predictor("mlp", dropout=0.3), ring, FEW, {}),
    "random batches": (predictor, ring, FEW, {"batches_per_epoch": 5}),
    "ranking": (lambda: predictor("distmult"), ring, replace(FEW, link_loss="ranking", negatives=4), {}),
    "accumulate": (predictor, ring, FEW, {"accumulate": 3, "batch_size": 32, "schedule": "cosine"}),
    "plateau": (predictor, ring, FEW, {"schedule": "plateau", "schedule_epochs": 1, "schedule_factor": 0.5}),
    "float16": (predictor, ring, FEW, {"precision": "float16", "clip_norm": 1.0}),
    "times": (predictor, timed, FEW, {"draw": "recent", "evaluate_nodes": 20}),
    "own module": (PairsOfFeatures, ring, FEW, {}),
}


class Stop(Exception):
    """In place of a crash."""


class StopAfter:
    """A crash after so many updates."""

    def __init__(self, updates):
        self.left = updates

    def on_step(self, trainer, step):
        self.left -= 1
        if not self.left:
            raise Stop


def made(case, folder, callbacks=(), **options):
    model, dataset, settings, how = CASES[case]
    return trainer_of(model(), dataset(), task=settings, folder=folder, callbacks=callbacks, **{**OFTEN, **how, **options})


def told(result):
    clocks = dict.fromkeys(("seconds", "memory", *CLOCKS), 0)
    return [replace(epoch, **clocks) for epoch in result.history], result.test_scores, result.best_epoch


@pytest.mark.parametrize("case", CASES)
def test_a_training_that_was_cut_ends_as_one_that_was_not(case, tmp_path):
    whole = made(case, tmp_path / "whole")
    expected = told(whole.fit())
    for updates in (3, 8):
        with pytest.raises(Stop):
            made(case, tmp_path / str(updates), [StopAfter(updates)]).fit()
        again = made(case, tmp_path / str(updates))
        again.resume()
        assert told(again.fit()) == expected
        weights = again.model.state_dict()
        assert all(torch.equal(weight, weights[name]) for name, weight in whole.model.state_dict().items())


class CtrlC(StopAfter):
    """Ctrl-C in place of a crash."""

    def on_step(self, trainer, step):
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_a_training_that_can_be_gone_on_with(tmp_path):
    expected = told(made("passes", tmp_path / "whole").fit())
    cut = made("passes", tmp_path / "cut", [CtrlC(10)]).fit()
    assert cut.interrupted and cut.test_score is cut.test_scores is None
    again = made("passes", tmp_path / "cut")
    again.resume()
    assert told(again.fit()) == expected


def test_a_checkpoint_of_other_links_or_settings_is_refused(tmp_path):
    made("passes", tmp_path, epochs=1).fit()
    model, dataset, settings, _ = CASES["passes"]
    others = {
        "other settings: negatives 1 then, 2 now": (dataset(), replace(settings, negatives=2)),
        "other settings: candidates 20 then, 30 now": (dataset(), replace(settings, candidates=30)),
        "another dataset: links checksum": (replace(dataset(), test=dataset().test[::-1]), settings),
    }
    for text, (data, task) in others.items():
        trainer = trainer_of(model(), data, task=task, **{**OFTEN, "epochs": 1})
        with pytest.raises(CheckpointError, match=f"{LATEST} is of a training with {text}"):
            trainer.resume(tmp_path / LATEST)
