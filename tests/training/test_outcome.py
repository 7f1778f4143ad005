"""trainer.stop(): a normal end after the update under way, and a resume from that very step."""

import pytest
import torch
from helpers.blocks import blocks, configured

import graphsage as gs
from graphsage.runs.run import make_trainer

DATASET = blocks()  # 3 batches an epoch


class StopAt(gs.Callback):
    """Stops in ``event`` when so many batches are done."""

    def __init__(self, event, batches):
        self.event, self.batches = event, batches

    def _look(self, event, trainer):
        if event == self.event and trainer.state.epoch * len(trainer.loader) + trainer.state.step >= self.batches:
            trainer.stop()

    def on_fit_begin(self, trainer):
        self._look("on_fit_begin", trainer)

    def on_step(self, trainer, step):
        self._look("on_step", trainer)

    def on_epoch(self, trainer, epoch):
        self._look("on_epoch", trainer)


def trainer_of(*callbacks, folder=None, **settings):
    return make_trainer(configured(**{"epochs": 4, **settings}), DATASET, folder=folder, callbacks=callbacks, log=None)


def weights(trainer):
    return [weight.clone() for weight in trainer.model.parameters()]


@pytest.mark.parametrize(
    ("event", "batches", "epochs", "updates"),
    [("on_step", 1, 1, 1), ("on_step", 4, 2, 4), ("on_step", 6, 2, 6), ("on_epoch", 6, 2, 6), ("on_fit_begin", 0, 1, 1)],
)
def test_it_ends_as_at_the_last_epoch(event, batches, epochs, updates, tmp_path):
    trainer = trainer_of(StopAt(event, batches), folder=tmp_path)
    result = trainer.fit()
    assert (len(result.history), trainer.state.updates) == (epochs, updates)
    assert not result.interrupted and result.test_score is not None and result.history[-1].val_score is not None
    assert result.val_score == max(epoch.val_score for epoch in result.history)
    assert gs.load_trained(tmp_path).evaluate(DATASET)["test"]["accuracy"] == result.test_score


@pytest.mark.parametrize("batches", [1, 5, 6])
def test_a_resume_goes_on_from_the_very_step(batches, tmp_path):
    trainer_of(StopAt("on_step", batches), folder=tmp_path).fit()
    again, whole = trainer_of(folder=tmp_path), trainer_of()
    again.resume()
    assert again.state.updates == batches
    results = again.fit(), whole.fit()
    assert all(torch.equal(a, b) for a, b in zip(weights(again), weights(whole)))
    assert results[0].test_score == results[1].test_score and len(results[0].history) == 4


def test_with_several_batches_an_update_it_waits_for_the_update():
    trainer = trainer_of(StopAt("on_step", 1), accumulate=2)
    result = trainer.fit()
    assert trainer.state.updates == 1 and len(result.history) == 1


def test_an_epoch_that_would_not_be_validated_is():
    result = trainer_of(StopAt("on_step", 4), evaluate_every=4).fit()
    assert [epoch.val_score is None for epoch in result.history] == [True, False]


def test_outside_of_fit_it_does_nothing():
    trainer = trainer_of()
    trainer.stop()
    assert len(trainer.fit().history) == 4
