"""Callbacks: told of everything, in order, and an error in one of them ends a training as any error does."""

import threading
from types import SimpleNamespace

import pytest
from helpers.blocks import blocks, configured

from graphsage.runs.metrics_file import read_metrics
from graphsage.runs.run import make_trainer
from graphsage.training.callbacks import Callback

STEPS = 3  # of an epoch


@pytest.fixture(scope="module")
def dataset():
    return blocks()


class Diary:
    """Writes down what it is told, and when; raises ``error`` at the event ``at``."""

    def __init__(self, at=None, error=None):
        self.events, self.at, self.error = [], at, error

    def _note(self, *event):
        self.events.append(event)
        if event == self.at:
            raise self.error

    def on_fit_begin(self, trainer):
        self._note("begin", trainer.state.epoch, trainer.state.step)

    def on_step(self, trainer, step):
        self._note("step", step.epoch, step.step)

    def on_epoch(self, trainer, epoch):
        self._note("epoch", epoch.number)

    def on_fit_end(self, trainer, result):
        self._note("end", len(result.history), result.interrupted)

    def on_exception(self, trainer, error):
        self._note("exception", type(error))


def epochs(first, last):
    """The events of whole epochs."""
    return [event for n in range(first, last + 1) for event in (*[("step", n, s) for s in range(STEPS)], ("epoch", n))]


def told(config, dataset, diary, **options):
    """The events of a training."""
    make_trainer(config, dataset, callbacks=[diary], log=None, **options).fit()
    return diary.events


def test_order(dataset):
    assert told(configured(epochs=2), dataset, Diary()) == [("begin", 0, 0), *epochs(1, 2), ("end", 2, False)]


def test_two_batches_an_update_are_told_after_it_and_each_by_itself(dataset):
    learnt = []

    class Weights:
        def on_step(self, trainer, step):
            learnt.append((step.step, trainer.state.updates, next(trainer.model.parameters()).sum().item()))

    make_trainer(configured(epochs=1, accumulate=2), dataset, callbacks=[Weights()], log=None).fit()
    assert [entry[:2] for entry in learnt] == [(0, 1), (1, 1), (2, 2)]
    assert learnt[0][2] == learnt[1][2] != learnt[2][2]


def test_steps_say_what_is_recorded(dataset, tmp_path):
    steps, ends = [], []

    class Keeps:
        def on_step(self, trainer, step):
            steps.append(step)

        def on_epoch(self, trainer, epoch):
            ends.append(epoch)

    config = configured(epochs=2, schedule="cosine")
    result = make_trainer(config, dataset, folder=tmp_path, callbacks=[Keeps()], log=None).fit()
    lines = [line for line in read_metrics(tmp_path / "metrics.jsonl") if line["kind"] == "step"]
    for step, line in zip(steps, lines, strict=True):
        expected = {"epoch": step.epoch, "step": step.step, "loss": step.loss.item(), "learning_rate": step.learning_rate}
        assert {name: line[name] for name in expected} == expected
    assert ends == result.history
    assert [step.num_steps for step in steps] == [STEPS] * 6 and [step.nodes for step in steps] == [16, 16, 8] * 2
    for epoch in ends:
        of_it = [step for step in steps if step.epoch == epoch.number]
        assert epoch.edges == sum(step.edges for step in of_it) > 0 and epoch.nodes == 40
        assert not any(step.loss.requires_grad for step in of_it)


def test_evaluations_tell_how_far_they_are(dataset):
    told = []
    watcher = SimpleNamespace(on_evaluate=lambda trainer, done, total: told.append((done, total)))
    make_trainer(configured(epochs=1), dataset, callbacks=[watcher], log=None).fit()
    assert told == [(200, 400), (400, 400)] * 2  # two layers of 200 nodes: the validation, and the test


def test_any_object_will_do_and_all_are_told_in_their_order(dataset):
    order = []

    class Only(Callback):
        def __init__(self, name):
            self.name = name

        def on_epoch(self, trainer, epoch):
            order.append(self.name)

    callbacks = [Only("a"), SimpleNamespace(on_step=lambda *what: None), Only("b")]
    make_trainer(configured(epochs=2), dataset, callbacks=callbacks, log=None).fit()
    assert order == ["a", "b", "a", "b"]


@pytest.mark.parametrize("callback", [print, object(), Callback, "on_step"])
def test_what_can_be_told_nothing_is_refused(callback, dataset):
    with pytest.raises(TypeError, match=r"^callbacks\[1\] must be an object with any of the methods on_fit_begin, .*; got "):
        make_trainer(configured(), dataset, callbacks=[Callback(), callback], log=None)


@pytest.mark.parametrize("num_threads", [0, 2])
@pytest.mark.parametrize("at", [("begin", 0, 0), ("step", 1, 1), ("epoch", 2), ("end", 3, False)])
def test_an_error_in_a_callback_ends_the_training(at, num_threads, dataset):
    before = threading.active_count()
    diary = Diary(at, RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="^a bug$"):
        told(configured(epochs=3, num_threads=num_threads), dataset, diary)
    assert threading.active_count() == before
    assert diary.events[-2:] == [at, ("exception", RuntimeError)]


def test_after_ctrl_c_the_end_is_told(dataset):
    diary = Diary(("step", 3, 1), KeyboardInterrupt())
    events = told(configured(epochs=9), dataset, diary)
    assert events == [("begin", 0, 0), *epochs(1, 2), ("step", 3, 0), ("step", 3, 1), ("end", 2, True)]


def test_after_ctrl_c_with_nothing_to_keep_the_exception_is_told(dataset):
    diary = Diary(("step", 1, 1), KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        told(configured(epochs=9), dataset, diary)
    assert diary.events[-1] == ("exception", KeyboardInterrupt)


def test_a_resumed_training_tells_of_what_is_left(dataset, tmp_path):
    config = configured(epochs=3, checkpoint_every=1)
    told(config, dataset, Diary(("step", 2, 2), KeyboardInterrupt()), folder=tmp_path)
    diary = Diary()
    trainer = make_trainer(config, dataset, folder=tmp_path, callbacks=[diary], log=None)
    trainer.resume()
    trainer.fit()
    assert diary.events == [("begin", 1, 2), ("step", 2, 2), ("epoch", 2), *epochs(3, 3), ("end", 3, False)]


def test_a_callback_changes_no_number(dataset):
    """The diary and the bare training end with the same weights; one that sets the learning rate does not."""

    class Slower:
        def on_epoch(self, trainer, epoch):
            trainer.optimizer.param_groups[0]["lr"] /= 10

    def last_loss(*callbacks):
        return make_trainer(configured(epochs=3), dataset, callbacks=callbacks, log=None).fit().history[-1].loss

    assert last_loss(Diary()) == last_loss() != last_loss(Slower())


def test_callbacks_of_one_training_are_not_those_of_another(dataset):
    config = configured(epochs=1)
    first, second = (make_trainer(config, dataset, log=None) for _ in range(2))
    first.callbacks.append(Diary())
    assert second.callbacks == []
