"""TensorBoard: the course of a training in TensorBoard's files."""

import os
import time
from pathlib import Path
from typing import Any

import torch

from graphsage.config.options import plain
from graphsage.runs.python_run import settings_of
from graphsage.training.callbacks import Callback
from graphsage.training.records import Epoch, Step, TrainResult
from graphsage.training.state import CLOCKS

KEPT_BACK = 1000  # steps: reading a loss waits for a GPU
FLUSH_SECONDS = 5


class TensorBoard(Callback):
    """Writes into ``folder`` what ``tensorboard --logdir FOLDER`` shows: loss and learning rate of each batch; loss and score
    on validation, seconds by phase and peak memory of each epoch. The horizontal axis counts batches. At the end it writes the
    test scores, and beside them all settings, by which the tab HPARAMS compares runs.

    folder: None takes the trainer's. After a resume TensorBoard drops the points that come again; after a kill the last few
    seconds before it may be missing: metrics.jsonl has all. ValueError, now, where the package tensorboard is missing.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder, self._make = folder, _writer_kind()
        self._steps, self._writer = [], None

    def on_fit_begin(self, trainer: Any) -> None:
        folder = self.folder or (trainer.recorder and trainer.recorder.folder)
        if folder is None:
            raise ValueError("TensorBoard writes into a folder: give it one, or the trainer")
        state = trainer.state
        begins = state.epoch * len(trainer.loader) + state.step + 1  # points from here on are no longer true
        self._steps, self._written_at = [], time.monotonic()
        self._writer = self._make(Path(folder), purge_step=begins, flush_secs=FLUSH_SECONDS)

    def on_step(self, trainer: Any, step: Step) -> None:
        self._steps.append(step)
        if len(self._steps) == KEPT_BACK or time.monotonic() - self._written_at >= FLUSH_SECONDS:
            self._write_steps()

    def on_epoch(self, trainer: Any, epoch: Epoch) -> None:
        self._write_steps()
        values = {
            f"validation/{epoch.metric}": epoch.val_score,
            "validation/loss": epoch.val_loss,
            "memory/peak_GiB": epoch.memory / 2**30,
            **{f"seconds/{phase}": getattr(epoch, phase) for phase in CLOCKS},
        }
        self._write(values, epoch.number * len(trainer.loader))

    def on_fit_end(self, trainer: Any, result: TrainResult) -> None:
        if result.test_score is not None:
            scores = result.test_scores or {result.metric: result.test_score}
            self._write_outcome(trainer, {f"test/{name}": score for name, score in scores.items()})
        self._close()

    def on_exception(self, trainer: Any, error: BaseException) -> None:
        self._close()

    def _write_steps(self):
        if self._steps:
            losses = torch.stack([step.loss for step in self._steps]).tolist()
            for step, loss in zip(self._steps, losses):
                values = {"training/loss": loss, "training/learning_rate": step.learning_rate}
                self._write(values, (step.epoch - 1) * step.num_steps + step.step + 1)
        self._steps, self._written_at = [], time.monotonic()

    def _write(self, values, batches):
        for name, value in values.items():
            if value is not None:
                self._writer.add_scalar(name, value, batches)

    def _write_outcome(self, trainer, scores):
        """By the writer itself: torch's ``add_hparams`` would make a run of its own in a folder inside."""
        self._write(scores, trainer.state.epoch * len(trainer.loader))
        from torch.utils.tensorboard.summary import hparams

        for summary in hparams(_settings(trainer), scores):
            self._writer.file_writer.add_summary(summary)

    def _close(self):
        """No thread and no open file stays."""
        if self._writer is not None:
            self._write_steps()
            self._writer.close()
            self._writer = None


def _settings(trainer):
    """{name: number or text} of the settings of model, training and task."""
    config, made = settings_of(trainer)
    parts = [config.train, *({"links": [config.links], "unsupervised": [config.walks]}.get(config.task, []))]
    found = {"model": made.module} if made and made.module else plain(config.model)
    for part in parts:
        found |= plain(part)
    return {name: value if isinstance(value, (int, float)) else _text(value) for name, value in found.items()}


def _text(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else "not set" if value is None else value


def _writer_kind():
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError(
            "TensorBoard's files need the package tensorboard, which is not installed: pip install 'graphsage[tensorboard]'"
        ) from None
    return SummaryWriter
