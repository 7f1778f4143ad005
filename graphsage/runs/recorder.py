"""What a training leaves on the disk while it runs: metrics and checkpoints, in an order that loses nothing."""

import time
from contextlib import contextmanager, suppress
from pathlib import Path

from graphsage.base.files import locked, remove_leftovers
from graphsage.config.run_files import CONFIG, LATEST, RESULT
from graphsage.config.toml import write_config
from graphsage.runs.checkpoint import Checkpoints, older_checkpoints
from graphsage.runs.metrics_file import MetricsFile
from graphsage.runs.python_run import settings_of
from graphsage.runs.resume import checkpoint_of
from graphsage.trained.model_file import can_save
from graphsage.trained.save import save_trained
from graphsage.training.callbacks import Callback
from graphsage.training.records import TrainingStopped

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


class Recorder(Callback):
    """Keeps metrics, checkpoints and the model of a training in ``folder``; its trainer tells it before the callbacks.

    A line of metrics.jsonl is on the disk before the checkpoint that counts its step as done, and what comes after a
    checkpoint is trimmed when the training goes on from it: each step has one line.
    resumes_from: the checkpoint that the next training goes on from; None: it begins.
    """

    def __init__(self, folder, keep):
        self.folder, self.resumes_from, self._is_held, self._has_begun = Path(folder), None, False, False
        self.metrics, self.checkpoints = MetricsFile(self.folder), Checkpoints(self.folder, keep)

    @contextmanager
    def held(self):
        """Inside, the folder is this recorder's alone; ``InUse`` where another works there. Holds may nest."""
        if self._is_held:
            yield
            return
        with stopping(self.folder, "begun"):
            self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            self._is_held = True
            try:
                yield
            finally:
                self._is_held = False

    def on_fit_begin(self, trainer):
        """Make the folder ready; ValueError where it holds a training that is not the one to go on with."""
        path, self.resumes_from, self._has_begun = self.resumes_from, None, False
        is_own = path is not None and path.parent.resolve() == self.folder.resolve()
        if not is_own and self.has_checkpoint():
            raise ValueError(f"{self.folder} holds a training already: go on with it by resume, or take another folder")
        with stopping(self.folder, "begun"):
            remove_leftovers(self.folder)
            (self.folder / RESULT).unlink(missing_ok=True)  # it says that nothing is left to do
            config, made = settings_of(trainer)
            write_config(config, self.folder / CONFIG, made and made.module)  # what was refused leaves it as it was
            if path is not None:
                self.checkpoints.go_on_from(path, trainer.state.updates)
            self.metrics.trim(trainer.state.epoch + 1, trainer.state.step)
        self._flushed_at, self._has_begun = time.monotonic(), True

    def on_step(self, trainer, step):
        """A line of metrics.jsonl."""
        self._add(step)

    def on_epoch(self, trainer, epoch):
        """A line of metrics.jsonl."""
        self._add(epoch)

    def on_save(self, trainer):
        """A checkpoint of the trainer as it is."""
        self._flush()
        with stopping(self.folder, "saved"):
            self.checkpoints.save(checkpoint_of(trainer), trainer.state.updates)

    def on_fit_end(self, trainer, result):
        """The best weights, as ``load_trained`` reads them; other modules are in the checkpoint alone."""
        if result.best_epoch is not None and can_save(trainer.model):
            with stopping(self.folder, "saved"):
                save_trained(self.folder, trainer.model, trainer.dataset, trainer.config, task=trainer.task.settings)

    def on_exception(self, trainer, error):
        """A last line of metrics.jsonl that says why, where it was an error and no Ctrl-C; a resume takes it away."""
        if self._has_begun and isinstance(error, Exception):
            with suppress(OSError, RuntimeError):  # of the disk or the device, perhaps: that is the error
                self.metrics.fail(trainer.state.epoch + 1, error)

    def has_checkpoint(self):
        """Is there a training to go on with?"""
        return (self.folder / LATEST).exists() or bool(older_checkpoints(self.folder))

    def _add(self, record):
        self.metrics.add(record)
        if time.monotonic() - self._flushed_at >= FLUSH_SECONDS:
            self._flush()

    def _flush(self):
        with stopping(self.folder, "saved"):
            self.metrics.flush()
        self._flushed_at = time.monotonic()
