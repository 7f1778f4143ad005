"""What the loop holds on to, and what a second fit does."""

import weakref

import numpy as np
import pytest
import torch
from helpers.blocks import blocks

import graphsage as gs
from graphsage.loading.node_loader import NeighborLoader


@pytest.fixture(scope="module")
def data():
    return blocks()


def trainer_of(data, **config):
    model = gs.GraphSAGE(data.num_features, 8, data.num_classes)
    return gs.Trainer(model, data, gs.TrainConfig(**{"batch_size": 8, "num_threads": 0, **config}), log=None)


@pytest.mark.parametrize("accumulate", [1, 4])
def test_batches_of_an_update_are_not_held_together(accumulate, data, monkeypatch):
    alive, most = weakref.WeakSet(), []
    finished = NeighborLoader._finished

    def watched(loader, draft):
        batch = finished(loader, draft)
        alive.add(batch)
        most.append(len(alive))
        return batch

    monkeypatch.setattr(NeighborLoader, "_finished", watched)
    trainer_of(data, accumulate=accumulate, epochs=1, evaluate="exact").fit()
    assert len(most) == 5 and max(most) == 1


def rates(result):
    return [epoch.learning_rate for epoch in result.history]


def test_a_second_fit_goes_on_with_the_rate_of_a_schedule(data):
    options = {"schedule": "step", "schedule_epochs": 2, "schedule_factor": 0.5, "learning_rate": 0.08}
    trainer = trainer_of(data, epochs=3, **options)
    assert rates(trainer.fit()) + rates(trainer.fit()) == [0.08, 0.08, 0.04, 0.04, 0.02, 0.02]
    trainer = trainer_of(data, epochs=2, learning_rate=0.08)
    assert rates(trainer.fit()) + rates(trainer.fit()) == 4 * [0.08]


def test_a_second_fit_goes_on_looking_for_a_plateau(data):
    options = {"schedule": "plateau", "schedule_epochs": 1, "schedule_factor": 0.5, "learning_rate": 1e-6, "optimizer": "sgd"}
    trainer = trainer_of(data, epochs=3, **options)  # in such steps nothing gets better
    found = rates(trainer.fit()) + rates(trainer.fit())
    assert found == sorted(found, reverse=True) and 0 < found[-1] < found[2] < found[0]


def test_a_second_fit_of_a_cosine_is_refused(data):
    trainer = trainer_of(data, epochs=2, schedule="cosine")
    first = trainer.fit()
    weights = {name: weight.clone() for name, weight in trainer.model.state_dict().items()}
    with pytest.raises(ValueError, match="^schedule='cosine' was gone through by the fit before: make another Trainer to"):
        trainer.fit()
    assert all(torch.equal(weight, weights[name]) for name, weight in trainer.model.state_dict().items())
    assert np.all(np.diff(rates(first)) < 0)


def test_a_cosine_that_is_resumed_goes_on(data, tmp_path):
    config = gs.TrainConfig(epochs=2, batch_size=8, schedule="cosine", checkpoint_seconds=0)
    for _ in range(2):
        trainer = gs.Trainer(gs.GraphSAGE(data.num_features, 8, data.num_classes), data, config, folder=tmp_path, log=None)
        trainer.resume()
        assert len(trainer.fit().history) == 2
    with pytest.raises(ValueError, match="schedule='cosine' was gone through"):
        trainer.fit()
