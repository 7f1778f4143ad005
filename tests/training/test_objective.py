"""What is made small and what is told: targets of any unit, one logit for two classes, several labels, losses of one's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.blocks import NUM_FEATURES, blocks, configured
from torch import nn

import graphsage as gs
from graphsage.runs.run import make_trainer
from graphsage.trained.save import load_trained
from graphsage.training.records import loss_text
from graphsage.training.tasks import METRICS
from graphsage.training.thresholds import told_of_nobody

silent = {"log": None}


class Body(nn.Module):
    """A GraphSAGE within a module of one's own, whose outputs ``shape`` makes; it knows its depth, and no more."""

    num_layers = 2

    def __init__(self, width, shape=lambda outputs: outputs):
        super().__init__()
        self.body, self.shape = gs.GraphSAGE(NUM_FEATURES, 16, width, dropout=0.0), shape

    def forward(self, batch):
        return self.shape(self.body(batch))


def flat(outputs):
    return outputs[:, 0]


@pytest.fixture(scope="module")
def dataset():
    return blocks()


def targets_of(dataset, columns=1):
    """Numbers that features and neighbours tell, near 0 and of deviation near 1."""
    noise = np.random.default_rng(3).normal(scale=0.1, size=(dataset.num_nodes, columns))
    return np.array([[-1.0, 2.0], [0.0, 0.0], [1.0, -1.0], [2.0, 1.0]])[dataset.labels, :columns] + noise


def fitted(dataset, model=None, loss=None, **settings):
    config = configured(**{"epochs": 6, **settings}).train
    model = gs.GraphSAGE(NUM_FEATURES, 16, dataset.num_outputs) if model is None else model
    trainer = gs.Trainer(model, dataset, config, loss=loss, **silent)
    return trainer, trainer.fit()


# ---- targets of any unit


@pytest.fixture(scope="module")
def unscaled(dataset):
    return fitted(replace(dataset, labels=targets_of(dataset)), epochs=12)[1]


@pytest.mark.parametrize("scale, shift, tolerance", [
    (2.0**40, 0.0, 0.0), (2.0**-40, 0.0, 0.0),  # to the bit
    (1e6, 0.0, 1e-4), (1e-6, 0.0, 1e-4), (1.0, 1000.0, 1e-3), (1e6, 1e6, 1e-3), (1e4, 1e6, 1e-3), (1e33, 1e34, 1e-3),
])  # fmt: skip
def test_scores_do_not_depend_on_the_unit(scale, shift, tolerance, dataset, unscaled):
    plain, one = targets_of(dataset), unscaled
    trainer, other = fitted(replace(dataset, labels=scale * plain + shift), epochs=12)
    assert one.test_score > 0.5 and one.best_epoch == other.best_epoch
    assert [e.val_score for e in other.history] == pytest.approx([e.val_score for e in one.history], abs=tolerance)
    assert other.test_score == pytest.approx(one.test_score, abs=tolerance)
    for ours, theirs in zip(other.history, one.history):
        assert (ours.loss, ours.val_loss) == pytest.approx((scale**2 * theirs.loss, scale**2 * theirs.val_loss), rel=2e-2)
    missed = other.outputs.double() - (scale * one.outputs.double() + shift)
    assert missed.abs().max() <= 0.02 * abs(scale)
    by_hand = METRICS["r2"].score(other.outputs[dataset.test], torch.tensor(trainer.dataset.labels[dataset.test]))
    assert by_hand == pytest.approx(other.test_score, abs=1e-4)


def test_each_target_has_its_own_unit_and_a_constant_one_divides_by_one(dataset):
    columns = targets_of(dataset, 2)
    mixed = np.stack([1e6 * columns[:, 0], 1e-3 * columns[:, 1] - 5, np.full(len(columns), 0.1)], 1)
    trainer, result = fitted(replace(dataset, labels=mixed), epochs=25)
    head, known = trainer.objective.head, mixed[dataset.train].astype(np.float32).astype(np.float64)
    assert head.means == pytest.approx(known.mean(0)) and head.deviations == pytest.approx((*known.std(0)[:2], 1.0))
    outputs, known = result.outputs[dataset.test], torch.tensor(mixed[dataset.test])
    each = [METRICS["r2"].score(outputs[:, k, None], known[:, k, None]) for k in (0, 1)]
    assert min(each) > 0.3 and (result.outputs[:, 2] - 0.1).abs().max() < 1


def test_one_training_node_and_targets_that_are_all_alike(dataset):
    one = replace(dataset, labels=targets_of(dataset) + 50, train=dataset.train[:1])
    trainer, _ = fitted(one, epochs=1)
    assert trainer.objective.head.deviations == (1.0,)
    assert trainer.objective.head.means == pytest.approx(one.labels[one.train[0]].tolist())


def test_losses_are_squared_errors_in_the_targets_units(dataset):
    prices = replace(dataset, labels=250_000 + 90_000 * targets_of(dataset))
    trainer, result = fitted(prices)
    outputs = result.outputs.double()
    y = torch.tensor(prices.labels).double()
    assert trainer.evaluate(prices.val)[1] == pytest.approx(((outputs - y)[prices.val] ** 2).mean().item(), rel=1e-4)
    assert result.history[result.best_epoch - 1].val_loss == trainer.evaluate(prices.val)[1]
    batch = trainer.loader.prepare(0, 0)
    trainer.model.eval()
    assert trainer.predict(prices.test).labels == pytest.approx(result.outputs[prices.test].numpy())
    bare = trainer.model(batch).detach().double()  # standardised: what the model itself learns
    known = prices.labels[prices.train].astype(np.float64)
    assert abs(bare.mean()) < 2 and torch.allclose(
        trainer.model.task_head.read(bare), bare * known.std() + known.mean(), rtol=1e-9
    )


@pytest.mark.parametrize("shape", [flat, lambda outputs: outputs])
def test_a_module_of_ones_own_learns_standardised_targets(shape, dataset):
    """[B] and [B, 1] are the same training; against targets [B, 1], [B] would broadcast to [B, B]."""
    prices = replace(dataset, labels=250_000 + 90_000 * targets_of(dataset))
    trainer, result = fitted(prices, Body(1, shape), fanouts=(-1, -1), epochs=12)
    _, expected = fitted(prices, Body(1), fanouts=(-1, -1), epochs=12)
    assert [e.loss for e in result.history] == [e.loss for e in expected.history] and result.test_score > 0.4
    exact = gs.inference(trainer.model.body, dataset.graph, dataset.features)
    known = prices.labels[prices.train].astype(np.float64)
    by_hand = exact.double() * known.std() + known.mean()
    assert trainer.predict().outputs == pytest.approx(by_hand.float().numpy(), rel=1e-4)


def test_a_loss_of_ones_own_gets_what_the_module_returned_and_the_targets_as_they_are(dataset):
    prices, seen = replace(dataset, labels=250_000 + 90_000 * targets_of(dataset)), []

    def loss(outputs, y):
        if len(y) > 4:  # the first four are made up: does it broadcast?
            seen.append((outputs.shape, y.min().item()))
        return F.mse_loss(outputs, y[:, 0])

    trainer, result = fitted(prices, Body(1, flat), loss, epochs=1)
    assert {shape for shape, _ in seen} == {(16,), (8,), (60,), (99,)} and min(low for _, low in seen) > 10_000
    bare = trainer.evaluator.outputs(prices.test)
    assert trainer.predict(prices.test).outputs[:, 0] == pytest.approx(bare.numpy())
    assert trainer.objective.head == type(trainer.objective.head)()


def test_the_log_says_what_the_bare_model_gives(dataset):
    lines = []
    config = configured(epochs=1).train
    prices = replace(dataset, labels=250_000 + 90_000 * targets_of(dataset))
    gs.Trainer(gs.GraphSAGE(NUM_FEATURES, 16, 1), prices, config, log=lines.append).fit()
    assert "the bare model gives (target - mean) / deviation" in lines[-1]


def test_a_loss_is_readable_in_any_unit():
    shown = {0.0: "0.0000", 0.4321: "0.4321", 81234.5: "81234.5000", 8.1e9: "8.1e+09", 4.32101e-7: "4.321e-07"}
    assert {loss: loss_text(loss) for loss in shown} == shown


# ---- one logit for two classes


@pytest.fixture(scope="module")
def binary(dataset):
    return replace(dataset, labels=np.where(dataset.labels < 0, -1, dataset.labels >= 2), class_names=("low", "high"))


@pytest.mark.parametrize("shape", [flat, lambda outputs: outputs])
@pytest.mark.parametrize("own", [False, True])
def test_one_logit_is_scored_as_a_probability_above_a_half(shape, own, binary):
    def loss(outputs, y):
        return F.binary_cross_entropy_with_logits(outputs.reshape(-1), y.float())

    trainer, result = fitted(binary, Body(1, shape), loss if own else None, fanouts=(-1, -1), epochs=10)
    z = gs.inference(trainer.model.body, binary.graph, binary.features)[:, 0]
    true = ((z > 0).numpy() == binary.labels)[binary.test].mean()
    assert result.test_score == pytest.approx(true) and true > 0.75
    y = torch.tensor(binary.labels)[binary.val].float()
    by_hand = F.binary_cross_entropy_with_logits(z[binary.val], y).item()
    assert trainer.evaluate(binary.val)[1] == pytest.approx(by_hand, rel=1e-4)
    found = trainer.predict(binary.test)
    assert found.probabilities == pytest.approx(torch.stack([(-z).sigmoid(), z.sigmoid()], 1)[binary.test].numpy(), abs=1e-5)
    assert set(found.columns(binary)["predicted"]) == {"low", "high"}


@pytest.mark.parametrize("metric, settings", [
    ("accuracy", {}), ("macro_f1", {"class_weights": "balanced"}), ("roc_auc", {"label_smoothing": 0.2}),
])  # fmt: skip
def test_one_logit_learns_as_two_of_which_one_is_zero(metric, settings, binary, tmp_path):
    """The same training as with two logits (0, z), by every score; and so it is when it was saved."""
    class Two(Body):
        def forward(self, batch):
            z = self.body(batch)
            return torch.cat([torch.zeros_like(z), z], 1)

    how = {"metric": metric, "fanouts": (-1, -1), **settings}
    _, twin = fitted(binary, Two(1), **how)
    trainer = gs.Trainer(gs.GraphSAGE(NUM_FEATURES, 16, 1, dropout=0.0), binary, configured(epochs=6, **how).train,
                         folder=tmp_path, **silent)  # fmt: skip
    result = trainer.fit()
    assert [e.loss for e in result.history] == pytest.approx([e.loss for e in twin.history], rel=1e-4)
    assert result.test_score == pytest.approx(twin.test_score, abs=0.02) and result.outputs.shape == (200, 2)
    again = load_trained(tmp_path)
    assert again.evaluate(binary)["test"][metric] == pytest.approx(result.test_score)
    assert again.outputs(binary) == pytest.approx(result.outputs.numpy(), abs=1e-5)


# ---- several labels


@pytest.fixture(scope="module")
def rare(dataset):
    """Each label is that of one node in eight, which no logit is sure of."""
    rng = np.random.default_rng(5)
    labels = (dataset.labels[:, None] == np.arange(4)) & (rng.random((200, 4)) < 0.5)
    return replace(dataset, labels=labels.astype(np.int8))


@pytest.mark.parametrize("metric", ["micro_f1", "macro_f1"])
def test_thresholds_are_chosen_on_validation_and_used_everywhere(metric, rare, tmp_path):
    trainer = make_trainer(configured(metric=metric, epochs=4), rare, folder=tmp_path, log=None)
    result = trainer.fit()
    cut = np.array(result.thresholds, np.float32)
    said, true = result.outputs.numpy() > cut, rare.labels > 0
    score = METRICS[metric].score
    for nodes, told in ((rare.test, result.test_score), (rare.val, result.val_score)):
        assert told == pytest.approx(score(torch.tensor(said[nodes]).float() - 0.5, torch.tensor(true[nodes]).float()))
    assert result.val_score > score(result.outputs[rare.val], torch.tensor(rare.labels[rare.val])) + 0.05  # at 1/2
    again = load_trained(tmp_path)
    assert again.evaluate(rare)["test"][metric] == pytest.approx(result.test_score)
    assert np.array_equal(again.predict(rare).labels, said) and np.array_equal(again.predict(rare)[5:9].labels, said[5:9])
    assert np.array_equal(trainer.predict(rare.test).labels, said[rare.test])


def test_thresholds_never_look_at_the_test_nodes(rare):
    """Other labels there, and nothing that was chosen changes."""
    other = rare.labels.copy()
    other[rare.test] = 1 - other[rare.test]
    one, two = (fitted(data)[1] for data in (rare, replace(rare, labels=other)))
    assert one.thresholds == two.thresholds and one.val_score == two.val_score and one.test_score != two.test_score


def test_thresholds_are_those_of_the_best_epoch(rare):
    class Kept:
        found = []

        def on_epoch(self, trainer, epoch):
            self.found.append(trainer.objective.head.thresholds)

    trainer = make_trainer(configured(epochs=12, learning_rate=0.2), rare, callbacks=[Kept()], log=None)
    result = trainer.fit()
    assert len(set(Kept.found)) > 6 and result.best_epoch < 12
    assert result.thresholds == Kept.found[result.best_epoch - 1] == trainer.objective.head.thresholds
    assert trainer.evaluate(rare.val)[0] == result.val_score


def test_without_validation_nodes_a_half_decides(rare):
    lines = []
    config = configured(epochs=1, learning_rate=1e-9)
    trainer = make_trainer(config, replace(rare, val=[]), log=lines.append)
    with torch.no_grad():
        trainer.model.layers[-1].bias -= 20
    result = trainer.fit()
    assert result.thresholds is None and lines[-1] == told_of_nobody(torch.zeros(200, 4, dtype=torch.bool))


def test_the_default_of_weight_decay_is_the_tasks(dataset, rare):
    numbers = replace(dataset, labels=targets_of(dataset))
    own = {"weight_decay": 0.1}
    for data, settings, decay in ((dataset, {}, 5e-4), (numbers, {}, 5e-4), (rare, {}, 0.0), (rare, own, 0.1)):
        trainer = make_trainer(configured(**settings), data, log=None)
        assert trainer.optimizer.defaults["weight_decay"] == trainer.config.weight_decay == decay
