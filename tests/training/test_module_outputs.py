"""What a module of one's own returns is compared with the task before the first step, and in every evaluation."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, blocks, configured
from torch import nn

import graphsage as gs
from graphsage.data.labels import is_labelled
from graphsage.training.module_outputs import checked_loss, checked_outputs


class Body(nn.Module):
    """A GraphSAGE whose outputs ``shape`` makes into what is returned; it counts how often it is asked."""

    def __init__(self, width, shape):
        super().__init__()
        self.body, self.shape, self.asked = gs.GraphSAGE(NUM_FEATURES, 8, width), shape, 0

    def forward(self, batch):
        self.asked += 1
        return self.shape(self.body(batch))


TASKS = {
    "four classes": lambda labels: labels,
    "two classes": lambda labels: np.where(labels < 0, -1, labels >= 2),
    "labels": lambda labels: np.eye(3, dtype=bool)[labels % 3],
    "number": lambda labels: labels + 0.5,
    "numbers": lambda labels: np.stack([labels + 0.5, -labels], 1),
}
WIDTHS = {"four classes": 4, "two classes": 2, "labels": 3, "number": 1, "numbers": 2}


def trainer_of(task, width, shape, *, loss=None, log=None, **settings):
    dataset = blocks(labels=TASKS[task](np.where(blocks().labels < 0, 0, blocks().labels)))
    return gs.Trainer(Body(width, shape), dataset, configured(**{"epochs": 1, **settings}).train, loss=loss, log=log)


class Answer:
    def __init__(self, logits):
        self.logits = logits


WRONG = [  # task, width of the body, what is made of its outputs, the sentence
    ("four classes", 4, lambda h: (h, None), r"Body must return one tensor, a row a seed, and it returned a tuple of 2: .*"),
    ("four classes", 4, lambda h: [h], r".* returned a list of 1: leave the rest out"),
    ("number", 1, lambda h: {"logits": h, "loss": 0}, r".* returned a dict with logits, loss: .*"),
    ("labels", 3, lambda h: None, r".* returned None: .*"),
    ("four classes", 4, lambda h: h.detach().numpy(), r".* returned a ndarray: .*"),
    ("four classes", 4, Answer, r".* returned a Answer: .*"),
    ("four classes", 4, lambda h: h.mean().item(), r".* returned a float: .*"),
    ("four classes", 4, lambda h: h.argmax(1), r"Body must return floating numbers .*, and it returned int64: .*"),
    ("labels", 3, lambda h: h > 0, r".* returned bool: .*"),
    ("number", 1, lambda h: h + 0j, r".* returned complex64: .*"),
    ("four classes", 4, lambda h: h.to_sparse(), r"Body must return a dense tensor, .*"),
    ("four classes", 4, lambda h: h[:-1], r"Body must return a row a seed, \[16, numbers\], and it returned \[15, 4\]: .*"),
    ("number", 1, lambda h: torch.cat([h, h]), r".* it returned \[32, 1\]: .* batch\.seed_index .*"),
    ("four classes", 4, lambda h: h.T, r".* it returned \[4, 16\]: .*"),
    ("four classes", 4, lambda h: h[None], r".* it returned \[1, 16, 4\]: .*"),
    ("four classes", 4, lambda h: h.mean(), r".* it returned \[\]: .*"),
    ("four classes", 3, lambda h: h, r"the model tells 3 classes apart, but the dataset has 4: give .*"),
    ("four classes", 1, lambda h: h, r"the model tells 1 classes apart, but the dataset has 4: give .*"),
    ("four classes", 1, lambda h: h[:, 0], r"the model tells 1 classes apart, but the dataset has 4: give .*"),
    ("labels", 2, lambda h: h, r"the model gives 2 numbers a node, but the multilabel dataset has 3: give .*"),
    ("labels", 4, lambda h: h, r"the model gives 4 numbers a node, but the multilabel dataset has 3: give .*"),
    ("labels", 1, lambda h: h[:, 0], r"the model gives 1 numbers a node, but the multilabel dataset has 3: give .*"),
    ("number", 2, lambda h: h, r"the model gives 2 numbers a node, but the regression dataset has 1: give .*"),
    ("numbers", 1, lambda h: h[:, 0], r"the model gives 1 numbers a node, but the regression dataset has 2: give .*"),
    ("four classes", 4, lambda h: h.detach(), r"Body must return outputs that depend on its weights, .*"),
    ("number", 1, lambda h: torch.ones(len(h), 1), r"Body must return outputs that depend on its weights, .*"),
    ("four classes", 4, lambda h: 1 / (h - h), r"Body returned nan or inf for 16 of 16 seeds before the first step: .*"),
    ("number", 1, lambda h: torch.cat([h[:1] * torch.nan, h[1:]]), r"Body returned nan or inf for 1 of 16 seeds .*"),
]


@pytest.mark.parametrize("own, row", [(number % 3 == 0, row) for number, row in enumerate(WRONG)])
def test_what_does_not_fit_is_told_before_the_first_step(own, row):
    """own: with a loss of one's own, too."""
    task, width, shape, sentence = row
    trainer = trainer_of(task, width, shape, loss=(lambda outputs, y: outputs.sum()) if own else None)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    with pytest.raises((TypeError, ValueError), match=f"^{sentence}$"):
        trainer.fit()
    assert trainer.model.asked == 1 and trainer.state.updates == 0
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())


@pytest.mark.parametrize("task, width, shape, sentence", WRONG[:-4])
def test_and_in_evaluation_too(task, width, shape, sentence):
    """A module may return another thing when it is not trained."""
    trainer = trainer_of(task, WIDTHS[task], lambda h: h, batch_size=16)
    trainer.model.body, trainer.model.shape = gs.GraphSAGE(NUM_FEATURES, 8, width), shape
    for ask in (lambda: trainer.evaluate(trainer.dataset.val[:16]), lambda: trainer.predict(trainer.dataset.val[:16])):
        with pytest.raises((TypeError, ValueError), match=f"^{sentence}$"):
            ask()


FINE = [
    ("number", 1, lambda h: h[:, 0]), ("number", 1, lambda h: h.squeeze()), ("two classes", 1, lambda h: h.squeeze()),
    ("four classes", 4, lambda h: h.squeeze()), ("numbers", 2, lambda h: h.squeeze()),
    ("four classes", 4, lambda h: h.double()),
    ("labels", 3, lambda h: h.bfloat16().float().half().float()), ("four classes", 4, lambda h: h.log_softmax(1)),
    ("four classes", 6, lambda h: h), ("four classes", 4, lambda h: h.bfloat16()),
]  # fmt: skip


@pytest.mark.parametrize("task, width, shape", FINE)
def test_what_plainly_fits_is_taken(task, width, shape):
    """40 training nodes in batches of 13: the last batch is one seed, and squeeze() takes its row away."""
    trainer = trainer_of(task, width, shape, batch_size=13, epochs=3)
    assert [len(batch.seeds) for batch in trainer.loader.epoch(0)] == [13, 13, 13, 1]
    result = trainer.fit()
    twin = trainer_of(task, width, lambda h: h, batch_size=13, epochs=3)
    expected = twin.fit()
    assert [e.loss for e in result.history] == pytest.approx([e.loss for e in expected.history], rel=0.05)
    assert trainer.predict().outputs.shape == (200, max(width, WIDTHS[task]))
    assert np.isfinite(trainer.evaluate(trainer.dataset.test)[0])


def test_a_class_may_be_masked_out():
    mask = torch.tensor([0, 0, 0, 0, 0, -torch.inf])
    result = trainer_of("four classes", 6, lambda h: h + mask, epochs=9).fit()
    assert result.history[-1].loss < result.history[0].loss and result.test_score > 0.5


def test_no_forward_pass_is_added():
    """40 nodes train in three batches, 60 validate in four, 99 test in seven: a dropout or a BatchNorm sees no more."""
    trainer = trainer_of("four classes", 4, lambda h: h)
    trainer.fit()
    assert trainer.model.asked == 3 + 4 + 7


@pytest.mark.parametrize("settings", [{}, {"class_weights": "balanced"}, {"label_smoothing": 0.1}, {"metric": "macro_f1"}])
def test_more_outputs_than_classes_are_told_and_never_beyond_a_name(settings, tmp_path):
    lines, dataset = [], blocks(class_names=("a", "b", "c", "d"))
    model = gs.GraphSAGE(NUM_FEATURES, 8, 6)
    with torch.no_grad():
        model.layers[-1].bias[5] = 50.0
    trainer = gs.Trainer(model, dataset, configured(epochs=1, **settings).train, folder=tmp_path, log=lines.append)
    trainer.fit()
    assert lines[0] == "The model tells 6 classes apart, and the dataset has 4: no node is of the others."
    trained = gs.load_trained(tmp_path)
    found = trained.predict(dataset).columns(dataset, probabilities=True)
    assert set(found["predicted"]) == {"class 5"} and {"probability_d", "probability_class 4"} <= set(found)
    assert trained.evaluate(dataset)["test"]["accuracy"] == 0


# ---- losses and exceptions of one's own


@pytest.mark.parametrize("loss, sentence", [
    (lambda outputs, y: F.cross_entropy(outputs, y, reduction="none"), r"the loss must return one number .*\[16\]: .*"),
    (lambda outputs, y: F.cross_entropy(outputs, y).item(), r"the loss must return one number .* it returned a float"),
    (lambda outputs, y: (F.cross_entropy(outputs, y), {}), r".* it returned a tuple of 2"),
    (lambda outputs, y: None, r".* it returned None"),
])  # fmt: skip
def test_a_loss_that_is_no_number(loss, sentence):
    with pytest.raises((TypeError, ValueError), match=f"^{sentence}$"):
        trainer_of("four classes", 4, lambda h: h, loss=loss).fit()


PAIRED = [lambda out, y: ((out - y) ** 2).mean(), lambda out, y: (out - y).abs().sum(),
          lambda out, y: F.softplus(-out * (2 * y - 1)).mean()]  # fmt: skip
SINGLE = [lambda out, y: ((out - y.reshape(out.shape)) ** 2).mean(), lambda out, y: (out.flatten() - y.flatten()).abs().sum(),
          lambda out, y: F.softplus(-out.view(-1) * (2 * y.view(-1) - 1)).mean(),
          lambda out, y: torch.relu(1 - torch.outer(out.view(-1), y.view(-1) * 1.0).diff()).mean()]  # fmt: skip


@pytest.mark.parametrize("task, shape", [("number", lambda h: h[:, 0]), ("two classes", lambda h: h)])
def test_a_loss_that_takes_every_output_with_every_label(task, shape):
    """[16] against [16, 1] is [16, 16], without a word of torch's; a loss that shapes them itself is left alone."""
    for loss in PAIRED:
        with pytest.raises(ValueError, match=r"^the loss compares each output, \[16.*, with the labels of all seeds, \[16.*"):
            trainer_of(task, 1, shape, loss=loss).fit()
    for loss in SINGLE:
        trainer_of(task, 1, shape, loss=loss).fit()


def test_a_loss_of_one_number_in_any_shape_is_taken():
    assert checked_loss(torch.ones(1, 1)).shape == ()


class Mistake(TypeError):
    """Of the user's own."""


@pytest.mark.parametrize("place", ["forward", "loss", "evaluation"])
def test_an_exception_of_ones_own_arrives_as_it_is(place):
    error = Mistake("forward() takes 2 positional arguments but 3 were given")

    def raises(*given):
        raise error

    forward, loss = raises if place == "forward" else lambda h: h, raises if place == "loss" else None
    trainer = trainer_of("four classes", 4, forward, loss=loss)
    if place == "evaluation":
        trainer.model.shape = raises
    with pytest.raises(Mistake) as caught:
        trainer.evaluate(trainer.dataset.val) if place == "evaluation" else trainer.fit()
    assert caught.value is error and caught.value.__cause__ is None and caught.value.__context__ is None
    assert caught.traceback[-1].name == "raises"


def test_the_row_of_a_single_seed_is_put_back():
    module = nn.Linear(1, 1)
    assert checked_outputs(module, torch.tensor(3.0), 1).shape == (1,)
    assert checked_outputs(module, torch.ones(4), 1).shape == (1, 4)
    assert checked_outputs(module, torch.ones(1), 1).shape == (1,)
    with pytest.raises(ValueError, match=re.escape("it returned [4]")):
        checked_outputs(module, torch.ones(4), 2)


def test_the_case_of_a_pair_in_a_tiny_dataset():
    """One training node, no others."""
    graph = gs.Graph.from_edges([0, 1], [1, 2], 3)
    data = gs.NodeDataset(graph=graph, features=np.ones((3, 2)), labels=[0, 1, 0], train=[0], val=[], test=[])
    module = Body(2, lambda h: (h, None))
    module.body = gs.GraphSAGE(2, 2, 2)
    with pytest.raises(TypeError, match="^Body must return one tensor, a row a seed, and it returned a tuple of 2"):
        gs.Trainer(module, data, log=None).fit()


def test_a_graphsage_of_another_width_is_refused_at_once():
    dataset = blocks()
    assert dataset.num_classes == NUM_CLASSES
    for width, labels in ((1, dataset.labels), (1, np.eye(2, dtype=bool)[dataset.labels % 2]), (2, dataset.labels + 0.5)):
        data = replace(dataset, labels=np.where(dataset.labels < 0, 0, labels) if labels is dataset.labels else labels)
        with pytest.raises(ValueError, match=f"^the model (tells|gives) {width} "):
            gs.Trainer(gs.GraphSAGE(NUM_FEATURES, 8, width), data)


@pytest.mark.parametrize(
    "spoil, error, sentence",
    [
        (lambda loss: loss.detach(), ValueError, "the loss must depend on the outputs, and it has no gradient: .*"),
        (lambda loss: loss + 0j, TypeError, "the loss must return one number .*, and it returned complex64: .*"),
        (lambda loss: torch.tensor(3), TypeError, ".* and it returned int64: there is no gradient to learn from"),
    ],
)
def test_a_loss_without_a_gradient(spoil, error, sentence):
    with pytest.raises(error, match=sentence):
        trainer_of("four classes", 4, lambda h: h, loss=lambda h, y: spoil(F.cross_entropy(h, y))).fit()


@pytest.mark.parametrize(
    "model, change, error, sentence",
    [
        (nn.Identity(), {}, ValueError, "Identity has no weights: there is nothing to train"),
        (nn.Linear(2, 2, device="meta"), {}, ValueError, "the model is on meta, where weights have no values: .*"),
        (nn.Linear(2, 2), {"loss": nn.MSELoss}, TypeError, "loss must be .* got the class MSELoss, not an object of it"),
        (nn.Linear(2, 2), {"log": True}, TypeError, "log must be a function .*, or None for silence; got True"),
    ],
)
def test_what_nothing_can_be_trained_with(model, change, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        gs.Trainer(model, blocks(), configured().train, **change)


@pytest.mark.parametrize("task, width", WIDTHS.items())
def test_nodes_without_a_label_are_not_scored(task, width):
    """They counted as wrong, or as no label at all, or gave nan."""
    dataset = trainer_of(task, width, lambda h: h).dataset
    labels = np.array(dataset.labels, dataset.labels.dtype)
    labels[dataset.test[1]] = np.nan if labels.dtype.kind == "f" else -1
    dataset = replace(dataset, labels=labels, test=dataset.test[:1])
    trainer = gs.Trainer(Body(width, lambda h: h), dataset, configured().train, log=None)
    node = int(np.flatnonzero(~is_labelled(dataset.labels))[-1])
    sentence = rf"nodes\[1\] = {node} has no label, as 1 of 2: there is nothing to compare its outputs with; predict gives them"
    with pytest.raises(ValueError, match=sentence):
        trainer.evaluate([dataset.test[0], node])
    assert len(trainer.predict([node])) == 1
