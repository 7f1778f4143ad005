"""Progress: what is seen of a training while it runs. A bar on a terminal; elsewhere a line now and then."""

import sys
import time
from typing import Any

import torch
from tqdm import tqdm

from graphsage.base.progress import Display, is_terminal, share
from graphsage.tensors.device import peak_memory
from graphsage.training.callbacks import Callback
from graphsage.training.records import Epoch, Step, TrainResult, loss_text

BAR = "{desc} |{bar:10}| {percentage:.0f} %{postfix}"
NARROW, NARROW_BAR = 70, "{desc}{postfix}"  # columns, and the bar of a terminal that has fewer
KEPT = ("left", "batches/s")  # ends of the facts that a narrow terminal shows before any other
MEASURED = 1e-3  # seconds of training from which a speed follows
LINE_SECONDS = 30.0  # between two looks at the training where there is no bar; each reads a loss, which waits for a GPU
LOG_SECONDS = 1.0  # between two lines above a bar: 2,000 short epochs are no text to read
RECENT = 10  # epochs before the one under way from which speeds are taken
LOSSES = 100  # of the epoch under way, whose mean is shown


class Progress(Callback):
    """Shows epoch, loss, validation score, speed, time spent waiting for data, peak memory, and the time that is left.

    On a terminal one bar for the whole training, which vanishes at its end, whatever that is; lines given to ``log`` stand
    above it, one a second at most (all of them with ``log_every``) and the last in any case. A narrow terminal shows what is
    left and the speed, and as much of the rest as fits. Elsewhere, and where the
    environment sets TQDM_DISABLE, a line of the same content every 30 seconds, and every line of ``log``.

    lines, bar: text files for the lines and for the bar (default: standard output and standard error).
    seconds: between two looks at the training (default: 0.25 for a bar, 30 for lines).
    """

    def __init__(self, *, lines: Any = None, bar: Any = None, seconds: float | None = None) -> None:
        self.lines, self.display = lines or sys.stdout, Display(BAR, bar or sys.stderr, LINE_SECONDS, seconds)
        self._kept, self._logged_at = None, 0.0

    def log(self, line: str) -> None:
        """Print ``line``, or keep it back where a bar is and another was printed within the second."""
        now = time.monotonic()
        if self.display.bar is not None and self._pause and now - self._logged_at < self._pause:
            self._kept = line
            return
        self._kept, self._logged_at = None, now
        with tqdm.external_write_mode(self.lines):  # the bar steps aside, and is drawn again below
            print(line, file=self.lines, flush=True)

    def on_fit_begin(self, trainer: Any) -> None:
        self.display.begin()
        self._pause = LOG_SECONDS if is_terminal(self.lines) and not trainer.config.log_every else 0

    def on_step(self, trainer: Any, step: Step) -> None:
        self._look_if_due(trainer)

    def on_evaluate(self, trainer: Any, done: int, total: int) -> None:
        self._look_if_due(trainer, f", evaluating {100 * share(done, total):.0f} %")

    def on_epoch(self, trainer: Any, epoch: Epoch) -> None:
        self._look_if_due(trainer)

    def on_fit_end(self, trainer: Any, result: TrainResult) -> None:
        self._end()

    def on_exception(self, trainer: Any, error: BaseException) -> None:
        self._end()

    def _look_if_due(self, trainer, under_way=""):
        if not self.display.is_due():
            return
        (done, total), what, facts = batches(trainer), epoch_of(trainer) + under_way, parts(trainer)
        if self.display.has_bar:
            self._draw(done, total, what, facts)
        else:
            self.log(", ".join([what, f"{100 * share(done, total):.0f} %", *facts]))

    def _draw(self, done, total, what, facts):
        width = self.display.width()
        is_narrow = width < NARROW
        self.display.form, what = (NARROW_BAR, what.removeprefix("Epoch ")) if is_narrow else (BAR, what)
        taken = len(what) + (0 if is_narrow else len(" |##########| 100 %")) + 1  # the last column stays free
        self.display.draw(done, total, what, ", ".join(fitting(facts, width - taken)))

    def _end(self):
        """The bar is gone, and a line that was kept back is printed."""
        self.display.close()
        if self._kept is not None:
            self.log(self._kept)


# ---- what is shown


def batches(trainer):
    """(done, in all) of the training, those before a resume included."""
    state, steps = trainer.state, len(trainer.loader)
    return state.epoch * steps + state.step, trainer.config.epochs * steps


def epoch_of(trainer):
    """"Epoch 3/20": the one under way, or the one that has just ended."""
    title = getattr(trainer, "title", "")
    return f"{title}Epoch {trainer.state.epoch + (trainer.state.step > 0)}/{trainer.config.epochs}"


def parts(trainer):
    """["0:42 left", "loss 0.4321", ...]. A loss is known once a batch is done, what is left and the speeds once it was timed.

    Speeds are of the last 10 epochs and the one under way (and not of the first, in which kernels are compiled): batches and
    sampled edges a second of training, without validation, and how much of that went by waiting for batches. What is left
    counts validation and saving too.
    """
    state, recent = trainer.state, trainer.state.history[1:][-RECENT:] or trainer.state.history
    waiting, training = (_over(recent, name, state.clocks[name]) for name in ("waiting", "training"))
    done = len(recent) * len(trainer.loader) + state.step
    seconds, (so_far, total) = _over(recent, "seconds", sum(state.clocks.values())), batches(trainer)
    is_timed, busy = done and training >= MEASURED, waiting + training
    speeds = [
        f"{_short(done / busy)} batches/s",
        f"{human(_over(recent, 'edges', state.edges) / busy)} edges/s",
        f"waiting {100 * waiting / busy:.0f} %",
    ] if is_timed else []  # fmt: skip
    left = [f"{tqdm.format_interval(round((total - so_far) * seconds / done))} left"] if is_timed else []
    return [*left, *_loss(state), *_scores(trainer), *speeds, f"{peak_memory() / 2**30:.1f} GiB"]


def fitting(facts, room):
    """Those of ``facts`` that fit into ``room`` characters, in their order; what is left and the speed go first."""
    kept = []
    for fact in sorted(facts, key=lambda fact: not fact.endswith(KEPT)):
        room -= len(", ") + len(fact)
        if room < 0:
            break
        kept.append(fact)
    return [fact for fact in facts if fact in kept]


def _over(epochs, name, now):
    return sum(getattr(epoch, name) for epoch in epochs) + now


def _loss(state):
    """Mean of the latest batches of the epoch, or of the whole epoch where that is over."""
    latest = state.losses[-LOSSES:]
    losses = [torch.stack(latest).mean().item()] if latest else [epoch.loss for epoch in state.history[-1:]]
    return [f"loss {loss_text(loss)}" for loss in losses]


def _scores(trainer):
    validated = [epoch for epoch in trainer.state.history if epoch.val_score is not None]
    if not validated:
        return []
    last, best = (trainer.metric.shown(epoch.val_score).strip() for epoch in (validated[-1], trainer.state.best_epoch))
    return [f"val {last} (best {best})"]


def human(number):
    """Three digits and a prefix: 1234567 -> "1.23 M"."""
    scale, prefix = next((pair for pair in ((1e9, " G"), (1e6, " M"), (1e3, " k")) if number >= pair[0]), (1, ""))
    return _short(number / scale) + prefix


def _short(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
