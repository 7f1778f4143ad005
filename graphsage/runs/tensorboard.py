"""TensorBoard: the course of a training in TensorBoard's files."""

import os
import time
from pathlib import Path
from typing import Any

import torch

from graphsage.training.callbacks import Callback
from graphsage.training.records import Epoch, Step, TrainResult
from graphsage.training.state import CLOCKS

KEPT_BACK = 1000  # steps: reading a loss waits for a GPU
FLUSH_SECONDS = 5


class TensorBoard(Callback):
    """Writes into ``folder`` what ``tensorboard --logdir FOLDER`` shows: loss and learning rate of each batch; loss and score
    on validation, seconds by phase and peak memory of each epoch. The horizontal axis counts batches.

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

    def _close(self):
        """No thread and no open file stays."""
        if self._writer is not None:
            self._write_steps()
            self._writer.close()
            self._writer = None


def _writer_kind():
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError(
            "TensorBoard's files need the package tensorboard, which is not installed: pip install 'graphsage[tensorboard]'"
        ) from None
    return SummaryWriter
