"""Options of a training: what each does to learning rate, gradients, loss and end; and models and losses of one's own."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, blocks, configured
from torch import nn

from graphsage.config.settings import TrainConfig
from graphsage.loading.batch import Batch
from graphsage.runs.run import make_trainer
from graphsage.runs.trainer import Trainer
from graphsage.trained.save import load_trained
from graphsage.training.records import TrainingStopped
from graphsage.training.tasks import make_loss


@pytest.fixture(scope="module")
def dataset():
    """40 nodes to train on: three batches of 16, 16 and 8 an epoch."""
    return blocks()


def trained(dataset, model=None, **settings):
    trainer = make_trainer(configured(model, **settings), dataset, log=None)
    return trainer, trainer.fit()


class Steps:
    """A callback that keeps every record."""

    def __init__(self):
        self.steps, self.epochs = [], []

    def on_step(self, trainer, step):
        self.steps.append(step)

    def on_epoch(self, trainer, epoch):
        self.epochs.append(epoch)


def rates(dataset, **settings):
    """The learning rate of each step, and what each epoch's record says: that of its last step."""
    config, seen = configured(**settings), Steps()
    make_trainer(config, dataset, callbacks=[seen], log=None).fit()
    return [step.learning_rate for step in seen.steps], [epoch.learning_rate for epoch in seen.epochs]


# ---- the learning rate


def test_it_is_constant_by_default(dataset):
    assert rates(dataset, epochs=3, learning_rate=0.25) == ([0.25] * 9, [0.25] * 3)


def test_cosine_falls_to_zero_over_all_updates(dataset):
    by_step, by_epoch = rates(dataset, epochs=4, learning_rate=0.5, schedule="cosine")
    assert by_step == pytest.approx([0.25 * (1 + math.cos(math.pi * n / 12)) for n in range(12)])
    assert by_epoch == pytest.approx([0.25 * (1 + math.cos(math.pi * n / 12)) for n in (2, 5, 8, 11)])


def test_cosine_counts_updates_and_not_batches(dataset):
    by_step, _ = rates(dataset, epochs=3, learning_rate=0.5, schedule="cosine", accumulate=2)
    by_update = [0.25 * (1 + math.cos(math.pi * n / 6)) for n in range(6)]
    assert by_step == pytest.approx([by_update[n] for n in (0, 0, 1, 2, 2, 3, 4, 4, 5)])


def test_a_warm_up_rises_evenly_and_what_follows_begins_then(dataset):
    rising = [0.5 * n / 6 for n in range(1, 7)]
    how = {"learning_rate": 0.5, "warmup_epochs": 2}
    assert rates(dataset, epochs=3, **how)[0] == pytest.approx([*rising, 0.5, 0.5, 0.5])
    cosine = [0.25 * (1 + math.cos(math.pi * n / 6)) for n in range(6)]
    assert rates(dataset, epochs=4, schedule="cosine", **how)[0] == pytest.approx([*rising, *cosine])
    by_step, by_epoch = rates(dataset, epochs=5, schedule="step", schedule_epochs=1, schedule_factor=0.5, **how)
    assert by_step == pytest.approx([*rising, *[0.5] * 3, *[0.25] * 3, *[0.125] * 3])
    assert by_epoch == pytest.approx([0.25, 0.5, 0.5, 0.25, 0.125])


def test_a_warm_up_counts_updates_and_not_batches(dataset):
    by_step, _ = rates(dataset, epochs=2, learning_rate=0.5, warmup_epochs=1, accumulate=2)
    assert by_step == pytest.approx([0.25, 0.25, 0.5, 0.5, 0.5, 0.5])


def test_step_lowers_it_every_so_many_epochs(dataset):
    by_step, _ = rates(dataset, epochs=5, learning_rate=0.5, schedule="step", schedule_epochs=2, schedule_factor=0.25)
    assert by_step == pytest.approx([0.5] * 6 + [0.125] * 6 + [0.03125] * 3)


def test_plateau_lowers_it_after_so_many_epochs_without_a_better_score(dataset, monkeypatch):
    seen = Steps()
    config = configured(epochs=8, learning_rate=0.5, schedule="plateau", schedule_epochs=2, schedule_factor=0.5)
    trainer = make_trainer(config, dataset, callbacks=[seen], log=None)
    scores = iter([0.5, 0.6, 0.6, 0.6, 0.7, 0.1, 0.2, 0.3, 0.0])
    monkeypatch.setattr(trainer, "evaluate", lambda nodes: (next(scores), 1.0))
    trainer.fit()
    of_epochs = [step.learning_rate for step in seen.steps][::3]
    assert of_epochs == [0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]


# ---- gradients


def whole_neighbourhoods(**settings):
    """All neighbours and no dropout: a batch's gradient is then a function of its seeds."""
    return configured({"dropout": 0.0}, fanouts=(-1, -1), optimizer="sgd", learning_rate=0.5, weight_decay=0.0, **settings)


def weights(trainer):
    return torch.cat([weight.detach().flatten() for weight in trainer.model.parameters()])


def test_accumulated_gradients_are_the_mean_of_the_batches(dataset):
    """Two batches of 8 move the weights as one of the same 16 does; the last batch of the epoch is an update alone."""
    small = make_trainer(whole_neighbourhoods(batch_size=8, accumulate=2, epochs=1), dataset, log=None)
    large = make_trainer(whole_neighbourhoods(batch_size=16, epochs=1), dataset, log=None)
    begun = weights(small)
    for many, one in zip(((0, 1), (2, 3), (4,)), large.loader.epoch(0)):
        for step in many:
            small.step(small.loader.prepare(0, step))
        large.step(one)
        assert torch.allclose(weights(small), weights(large), atol=1e-6)
    assert (weights(large) - begun).abs().max() > 0.01
    assert small.state.updates == large.state.updates == 3


def test_a_long_gradient_is_shortened(dataset):
    free, clipped = (make_trainer(whole_neighbourhoods(clip_norm=norm), dataset, log=None) for norm in (None, 0.01))
    batch, begun = free.loader.prepare(0, 0), weights(free)
    free.step(batch), clipped.step(batch)
    moved, short = weights(free) - begun, weights(clipped) - begun
    assert moved.norm() > 0.1 and short.norm().item() == pytest.approx(0.5 * 0.01, rel=1e-3)
    assert torch.allclose(short / short.norm(), moved / moved.norm(), atol=1e-4)


def test_a_short_gradient_stays(dataset):
    free, clipped = (make_trainer(whole_neighbourhoods(clip_norm=norm), dataset, log=None) for norm in (None, 1e6))
    free.fit(), clipped.fit()
    assert torch.equal(weights(free), weights(clipped))


def test_float16_learns_with_its_scaler(dataset):
    trainer, result = trained(dataset, precision="float16", epochs=15)
    assert result.test_accuracy > 0.6 and trainer.scaler.is_enabled()
    assert trainer.step(trainer.loader.prepare(0, 0)).dtype == torch.float32


# ---- the loss


def test_label_smoothing_by_hand(dataset):
    logits, labels = torch.randn(9, NUM_CLASSES), torch.arange(9) % NUM_CLASSES
    target = 0.8 * F.one_hot(labels, NUM_CLASSES) + 0.2 / NUM_CLASSES
    by_hand = -(target * logits.log_softmax(1)).sum(1).mean()
    loss = make_loss(TrainConfig(label_smoothing=0.2), dataset, "cpu")
    assert loss(logits, labels).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_balanced_classes_by_hand(dataset):
    """n / (C n_c); a class that no training node has weighs as it is."""
    known = [node for node in dataset.train if dataset.labels[node] != 2]
    counts = np.bincount(dataset.labels[known], minlength=NUM_CLASSES)
    per_class = [len(known) / (NUM_CLASSES * count) if count else 1.0 for count in counts]
    logits, labels = torch.randn(50, NUM_CLASSES), torch.arange(50) % NUM_CLASSES
    each = torch.tensor([per_class[label] for label in labels.tolist()])
    by_hand = -(each * logits.log_softmax(1)[torch.arange(50), labels]).sum() / each.sum()
    loss = make_loss(TrainConfig(class_weights="balanced"), replace(dataset, train=known, val=[], test=[]), "cpu")
    assert loss(logits, labels).item() == pytest.approx(by_hand.item(), rel=1e-5)


def several(dataset):
    """The same nodes with three labels each: 10 yes of 40, none, and all."""
    labels = np.zeros((dataset.num_nodes, 3), np.int8)
    labels[dataset.train[:10], 0] = 1
    labels[:, 2] = 1
    return replace(dataset, labels=labels)


def test_balanced_labels_by_hand(dataset):
    logits, labels = torch.randn(6, 3), torch.randint(2, (6, 3)).float()
    weight = torch.tensor([3.0, 1.0, 1.0])  # 30 no / 10 yes; one kind only: as it is
    by_hand = -(weight * labels * F.logsigmoid(logits) + (1 - labels) * F.logsigmoid(-logits)).mean()
    loss = make_loss(TrainConfig(class_weights="balanced"), several(dataset), "cpu")
    assert loss(logits, labels).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_weights_of_classes_as_numbers(dataset):
    logits, labels, given = torch.randn(50, NUM_CLASSES), torch.arange(50) % NUM_CLASSES, (1.0, 2.0, 0.5, 4.0)
    each = torch.tensor(given)[labels]
    by_hand = -(each * logits.log_softmax(1)[torch.arange(50), labels]).sum() / each.sum()
    loss = make_loss(TrainConfig(class_weights=given), dataset, "cpu")
    assert loss(logits, labels).item() == pytest.approx(by_hand.item(), rel=1e-5)
    logits, labels = torch.randn(6, 3), torch.randint(2, (6, 3)).float()
    by_hand = -(torch.tensor(given[:3]) * labels * F.logsigmoid(logits) + (1 - labels) * F.logsigmoid(-logits)).mean()
    loss = make_loss(TrainConfig(class_weights=given[:3]), several(dataset), "cpu")
    assert loss(logits, labels).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_as_many_weights_as_classes(dataset):
    with pytest.raises(ValueError, match="^class_weights must be one number a class, 4 in all; got 2$"):
        make_trainer(configured(class_weights=(1, 3)), dataset, log=None)


def numbers(dataset):
    return replace(dataset, labels=dataset.features[:, :2].copy())


@pytest.mark.parametrize(
    ("kind", "settings", "text"),
    [
        (several, {"label_smoothing": 0.1}, "label_smoothing is for one class a node, and this is a multilabel task"),
        (numbers, {"label_smoothing": 0.1}, "label_smoothing is for one class a node, and this is a regression task"),
        (numbers, {"class_weights": "balanced"}, "class_weights = 'balanced' is for classes, and this is a regression"),
        (numbers, {"class_weights": (1, 3)}, "class_weights = (1.0, 3.0) is for classes, and this is a regression"),
    ],
)
def test_a_task_that_knows_no_such_thing(kind, settings, text, dataset):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}: leave it out$"):
        make_trainer(configured(**settings), kind(dataset), log=None)


def test_the_loss_of_validation_is_the_trained_one(dataset):
    plain, smooth = (make_trainer(configured(label_smoothing=share), dataset, log=None) for share in (0.0, 0.5))
    assert plain.evaluate(dataset.val)[0] == smooth.evaluate(dataset.val)[0]
    assert plain.evaluate(dataset.val)[1] != smooth.evaluate(dataset.val)[1]


# ---- the end


def test_patience_ends_after_so_many_epochs_without_a_better_score(dataset, monkeypatch):
    trainer = make_trainer(configured(epochs=50, patience=3), dataset, log=None)
    scores = iter([0.2, 0.5, 0.4, 0.5, 0.6, 0.6, 0.6, 0.1, 0.9])
    monkeypatch.setattr(trainer, "evaluate", lambda nodes: (next(scores), 1.0))
    result = trainer.fit()
    assert (len(result.history), result.best_epoch, result.val_score, result.test_score) == (8, 5, 0.6, 0.9)
    assert not result.interrupted


def test_without_validation_nodes_there_is_no_better_score(dataset):
    alone = replace(dataset, val=[])
    for settings, text in (({"patience": 3}, "patience needs validation nodes"), ({"schedule": "plateau"}, "'plateau' needs")):
        with pytest.raises(ValueError, match=text):
            make_trainer(configured(**settings), alone, log=None)


@pytest.mark.parametrize("rate", [1e30, 1e38])
def test_a_loss_that_is_no_number_ends_the_training_in_one_sentence(rate, dataset, tmp_path):
    config = configured(learning_rate=rate, optimizer="sgd", checkpoint_every=1)
    trainer = make_trainer(config, dataset, folder=tmp_path, log=None)
    with pytest.raises(TrainingStopped, match=r"^the loss is (nan|inf) at epoch \d, batch \d: try a smaller learning_rate"):
        trainer.fit()
    for path in tmp_path.glob("*.pt"):  # what was saved before is good
        saved = torch.load(path, weights_only=True)
        assert saved["state"]["losses"].isfinite().all()


def test_weights_that_the_last_update_spoilt_are_no_result(dataset):
    """One full batch: its loss is taken before the update, so only the validation shows it."""
    config = configured(batch_size=None, epochs=1, optimizer="sgd", learning_rate=1e38)
    with pytest.raises(TrainingStopped, match=r"^the loss is (nan|inf) at epoch 1, validation: try a smaller learning_rate"):
        make_trainer(config, dataset, log=None).fit()


# ---- a model and a loss of one's own


def one_hop(**settings):
    return configured({"num_layers": 1}, **settings).train


class Mine(nn.Module):
    """Mean of a seed's neighbours and itself, through one product; dropout as torch draws it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.product, self.dropout = nn.Linear(2 * NUM_FEATURES, NUM_CLASSES), nn.Dropout(0.2)

    def forward(self, batch):
        assert isinstance(batch, Batch)
        block = batch.blocks[-1]
        sources = batch.x[block.indices.long()]
        rows = torch.repeat_interleave(torch.arange(block.num_rows), block.indptr.diff().long())
        total = torch.zeros(block.num_rows, NUM_FEATURES).index_add_(0, rows, sources)
        mean = total / block.indptr.diff().clamp(min=1)[:, None]
        return self.product(self.dropout(torch.cat([batch.x[: block.num_rows], mean], 1)))[batch.seed_index]


def test_a_module_of_ones_own_is_trained_and_evaluated(dataset):
    trainer = Trainer(Mine(), dataset, one_hop(fanouts=(5,), epochs=12), log=None)
    result = trainer.fit()
    assert result.test_accuracy > 0.6 and result.outputs is None
    assert trainer.evaluate(dataset.test) == trainer.evaluate(dataset.test)
    assert result.test_score == trainer.evaluate(dataset.test)[0]
    again = Trainer(Mine(), dataset, one_hop(fanouts=(5,), epochs=12, num_threads=2), log=None)
    assert again.fit().history[-1].loss == result.history[-1].loss


@pytest.mark.parametrize("batch_size", [4, 16])
def test_sampled_evaluation_is_about_the_nodes_asked_in_their_order(batch_size, dataset):
    """With all neighbours nothing is drawn: the outputs are those of a batch of just these nodes."""
    trainer = Trainer(Mine(), dataset, one_hop(fanouts=(-1,), batch_size=batch_size), log=None)
    nodes = np.array([9, 3, 150, 3, 44, 8, 1, 0, 199])
    outputs = trainer.evaluator.outputs(nodes)
    for node, row in zip(nodes, outputs):
        (batch,) = trainer.loader.over(np.array([node])).epoch(0)
        assert torch.allclose(trainer.model.eval()(batch)[0], row, atol=1e-6)


def test_a_loss_of_ones_own(dataset):
    asked = []

    def loss(outputs, y):
        asked.append(len(y))
        return F.multi_margin_loss(outputs, y)

    trainer = Trainer(Mine(), dataset, one_hop(fanouts=(5,), epochs=12), loss=loss, log=None)
    assert trainer.fit().test_accuracy > 0.6
    assert asked[:4] == [16, 16, 8, 60]
    with pytest.raises(ValueError, match="label_smoothing and class_weights are not used by a loss of your own"):
        Trainer(Mine(), dataset, one_hop(fanouts=(5,), label_smoothing=0.1), loss=loss, log=None)


def test_a_full_batch_needs_to_know_the_depth(dataset):
    config = configured(batch_size=None).train
    with pytest.raises(ValueError, match="a model without num_layers is of unknown depth"):
        Trainer(Mine(), dataset, config, log=None)
    model = Mine()
    model.num_layers = 1
    assert Trainer(model, dataset, config, log=None).loader.sampler.fanouts == (-1,)


def test_a_training_with_a_folder_leaves_its_model_there(dataset, tmp_path):
    trainer = make_trainer(configured(epochs=2), dataset, folder=tmp_path / "run", log=None)
    result = trainer.fit()
    found = load_trained(tmp_path / "run").outputs(dataset)
    assert np.allclose(found, result.outputs, atol=1e-6)
    # of another module no file could bring the code along
    Trainer(Mine(), dataset, one_hop(fanouts=(5,), epochs=1), folder=tmp_path / "own", log=None).fit()
    with pytest.raises(ValueError, match="own is a run without a model: either no epoch of it is done yet"):
        load_trained(tmp_path / "own")


def test_outputs_without_test_nodes_are_those_of_the_best_weights(dataset):
    trainer, result = trained(replace(dataset, test=[]), epochs=12, learning_rate=0.2)
    assert result.best_epoch < 12
    assert torch.equal(result.outputs, trainer.evaluator.exact())
    assert trainer.evaluate(dataset.val) == (result.val_score, result.history[result.best_epoch - 1].val_loss)


def test_outputs_of_all_nodes_come_with_the_result(dataset):
    trainer, result = trained(dataset, epochs=2)
    assert result.outputs.shape == (200, NUM_CLASSES) and not result.outputs.requires_grad
    predicted = result.outputs[torch.tensor(dataset.test)].argmax(1).numpy()
    assert np.mean(predicted == dataset.labels[dataset.test]) == result.test_accuracy
