"""What a training leaves on the disk while it runs: metrics and checkpoints, in an order that loses nothing."""

import time
from contextlib import contextmanager
from pathlib import Path

from graphsage.base.files import remove_leftovers
from graphsage.nn.model import GraphSAGE
from graphsage.config.run_files import LATEST
from graphsage.runs.checkpoint import Checkpoints, older_checkpoints
from graphsage.runs.metrics_file import MetricsFile
from graphsage.training.records import TrainingStopped
from graphsage.runs.resume import checkpoint_of, restore
from graphsage.trained.save import save_trained

FLUSH_SECONDS = 1.0  # how far metrics.jsonl may lag behind


@contextmanager
def stopping(folder, what):
    """A disk that fails ends the training, in one sentence."""
    try:
        yield
    except OSError as error:
        raise TrainingStopped(
            f"the training could not be {what} in {folder} ({error.strerror or error}): "
            "mend that and go on by --resume, nothing is lost but the steps since the last checkpoint"
        ) from None


class Recorder:
    """Keeps ``folder``; with None it does nothing.

    A line of metrics.jsonl is on the disk before the checkpoint that counts its step as done, and what comes after a
    checkpoint is trimmed when the training goes on from it: each step has one line.
    """

    def __init__(self, folder, keep):
        self.folder = None if folder is None else Path(folder)
        self._resumed_from = None
        if self.folder is not None:
            self.metrics, self.checkpoints = MetricsFile(self.folder), Checkpoints(self.folder, keep)

    def begin(self, state, *, resumed):
        """Before the first step."""
        if self.folder is None:
            return
        is_own = resumed and self._resumed_from.parent.resolve() == self.folder.resolve()
        if not is_own and self._has_checkpoint():
            raise ValueError(f"{self.folder} holds a training already: go on with it by resume, or take another folder")
        with stopping(self.folder, "begun"):
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.folder)
            if resumed:
                self.checkpoints.go_on_from(self._resumed_from, state.updates)
            self.metrics.trim(state.epoch + 1, state.step)
        self._flushed_at = self._saved_at = time.monotonic()

    def add(self, record):
        """A ``Step`` or an ``Epoch``."""
        if self.folder is not None:
            self.metrics.add(record)
            if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
                self._flush()

    def is_due(self, seconds):
        """Were so many seconds gone by since the last save?"""
        return self.folder is not None and time.monotonic() - self._saved_at >= seconds

    def save(self, trainer):
        """A checkpoint of the trainer as it is."""
        if self.folder is None:
            return
        self._flush()
        with stopping(self.folder, "saved"):
            self.checkpoints.save(checkpoint_of(trainer), trainer.state.updates)
        self._saved_at = time.monotonic()

    def save_model(self, trainer, result):
        """The best weights, as ``load_trained`` reads them; other modules are in the checkpoint alone."""
        if self.folder is not None and result.best_epoch is not None and isinstance(trainer.model, GraphSAGE):
            with stopping(self.folder, "saved"):
                save_trained(self.folder, trainer.model, trainer.dataset, trainer.config)

    def restore(self, trainer, path):
        """Set the trainer to the checkpoint ``path``, or the latest; False where there is none yet."""
        if path is None and self.folder is None:
            raise ValueError("there is no folder to resume from: name a checkpoint, or make the Trainer with a folder")
        if path is None and not self._has_checkpoint():
            return False
        self._resumed_from = self.folder / LATEST if path is None else Path(path)
        restore(trainer, self._resumed_from)
        return True

    def _has_checkpoint(self):
        return (self.folder / LATEST).exists() or bool(older_checkpoints(self.folder))

    def _flush(self):
        with stopping(self.folder, "saved"):
            self.metrics.flush()
        self._flushed_at = time.monotonic()
