"""Processes that are killed once, at a place of a test's choosing, as when a machine is lost."""

import os
import signal
from pathlib import Path

from graphsage.training.callbacks import Callback


def killed_once(mark):
    """kill -9 of this process, unless the file ``mark`` says that it was done."""
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)


class KilledAtStep(Callback):
    """Kills the process that is told of steps, the first of a training, once."""

    def __init__(self, mark, epoch, step):
        self.mark, self.place = mark, (epoch, step)

    def on_step(self, trainer, step):
        if (step.epoch, step.step) == self.place:
            killed_once(self.mark)


class Deadly(str):
    """A text that kills the process which first unpickles it; then it is that text."""

    mark = None

    @staticmethod
    def of(text, mark):
        found = Deadly(text)
        found.mark = mark
        return found

    def __reduce__(self):
        return _arrived, (str(self), self.mark)


def _arrived(text, mark):
    killed_once(mark)
    return text
