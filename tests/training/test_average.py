"""WeightAverage: the mean of the weights, judged and kept in their place."""

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from torch import nn

from graphsage.runs.run import make_trainer
from graphsage.trained.save import load_trained
from graphsage.training.average import WeightAverage


def test_by_hand():
    """A plain mean of the first ones, then each update leaves ``decay`` of what was there; what was drawn does not count."""
    model = nn.Linear(1, 1, bias=False)
    average, seen, expected = WeightAverage(model, 0.75), [3.0, 5.0, -1.0, 9.0, 1.0, 2.0], None
    for count, value in enumerate(seen, start=1):
        model.weight.data.fill_(value)
        average.update()
        keep = min(0.75, 1 - 1 / count)
        expected = value if expected is None else keep * expected + (1 - keep) * value
        if count <= 4:
            assert expected == pytest.approx(np.mean(seen[:count]))
        with average.in_the_model():
            assert model.weight.item() == pytest.approx(expected)
        assert model.weight.item() == value


def test_running_statistics_are_averaged_and_counts_are_not():
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, 0.5)
    for value in (1.0, 3.0):
        model.running_mean.fill_(value)
        model.num_batches_tracked += 1
        average.update()
    with average.in_the_model():
        assert model.running_mean.tolist() == [2.0, 2.0] and model.num_batches_tracked == 2


def test_weights_that_stand_twice_are_swapped_once():
    """A layer that is used twice has two names in ``state_dict``."""
    layer = nn.Linear(1, 1, bias=False)
    average = WeightAverage(nn.ModuleList([layer, layer]), 0.5)
    for value in (1.0, 3.0):
        layer.weight.data.fill_(value)
        average.update()
    for _ in range(2):
        with average.in_the_model():
            assert layer.weight.item() == 2.0
        assert layer.weight.item() == 3.0


def test_without_it_nothing_is_kept():
    average = WeightAverage(nn.Linear(1, 1), 0.0)
    average.update()
    assert average.state_dict() == {"count": 0, "values": {}}


def test_the_model_has_its_weights_back_after_an_exception():
    model = nn.Linear(1, 1)
    average = WeightAverage(model, 0.5)
    average.update()
    model.weight.data += 1
    before = model.weight.item()
    with pytest.raises(KeyError), average.in_the_model():
        assert model.weight.item() == pytest.approx(before - 1)
        raise KeyError
    assert model.weight.item() == before


class Means:
    """A callback that averages by itself, and keeps the validation scores and what the model is when it is told of an epoch."""

    def __init__(self):
        self.seen, self.told = [], []

    def on_step(self, trainer, step):
        self.seen.append(_flat(trainer.model))

    def on_epoch(self, trainer, epoch):
        self.told.append((_flat(trainer.model), epoch.val_score, trainer.evaluate(trainer.dataset.val)[0]))


def _flat(model):
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def test_a_training_judges_keeps_and_saves_the_mean(tmp_path):
    """And goes on training with the weights themselves: they are those of a training without it."""
    dataset, means, plain = blocks(), Means(), Means()
    settings = {"epochs": 4, "average": 0.999}
    trainer = make_trainer(configured(**settings), dataset, folder=tmp_path, callbacks=[means], log=None)
    result = trainer.fit()
    make_trainer(configured(epochs=4), dataset, callbacks=[plain], log=None).fit()
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(means.seen, plain.seen, strict=True))
    for number, (weights, val_score, again) in enumerate(means.told, start=1):
        torch.testing.assert_close(weights, torch.stack(means.seen[: 3 * number]).mean(0), rtol=1e-4, atol=1e-5)
        assert val_score == again
    assert torch.equal(_flat(trainer.model), means.told[result.best_epoch - 1][0])
    assert torch.equal(_flat(load_trained(tmp_path).model), _flat(trainer.model))


def test_a_second_fit_begins_a_mean_of_its_own():
    trainer = make_trainer(configured(epochs=1, average=0.999), blocks(), log=None)
    trainer.fit()
    trainer.fit()
    assert trainer.average.count == 3
