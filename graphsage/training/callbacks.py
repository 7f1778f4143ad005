"""Callbacks: what people hang onto a training."""

from typing import Any

from graphsage.base.checks import as_list
from graphsage.base.told import shown
from graphsage.training.records import Epoch, Step, TrainResult


class Callback:
    """Told of a training as it goes; each method does nothing here. ``Trainer`` takes any object that has some of them.

    trainer: the ``Trainer``, with ``model``, ``optimizer``, ``config``, ``dataset`` and ``state`` to look at.
    every_rank: of several processes that train together, is it told on each? Else on the first alone, which writes and prints.
    """

    every_rank = False

    def on_fit_begin(self, trainer: Any) -> None:
        """Before the first step; after a resume, ``trainer.state`` says where that is."""

    def on_step(self, trainer: Any, step: Step) -> None:
        """After an update, once for each of its batches. step: ``Step``."""

    def on_evaluate(self, trainer: Any, done: int, total: int) -> None:
        """Now and then while outputs of all nodes are computed: rows of the layers, done and in all."""

    def on_epoch(self, trainer: Any, epoch: Epoch) -> None:
        """After the validation at the end of an epoch, before the checkpoint. epoch: ``Epoch``."""

    def on_save(self, trainer: Any) -> None:
        """When a checkpoint is due between two updates, and after the last: ``trainer.state`` is whole, and all of it told."""

    def on_fit_end(self, trainer: Any, result: TrainResult) -> None:
        """At the end, also after Ctrl-C. result: ``TrainResult``."""

    def on_exception(self, trainer: Any, error: BaseException) -> None:
        """In place of ``on_fit_end`` where an error ends the training, or a Ctrl-C before there is anything to keep."""


def checked_log(log):
    """``log`` if it can be called with a line, or is None or False; TypeError for anything else."""
    if log and not callable(log):
        raise TypeError(f"log must be a function that is given each line, or None for silence; got {shown(log)}")
    return log


def checked_callbacks(callbacks):
    """A list; TypeError where one has none of the methods of ``Callback``, or is a class in place of an object."""
    callbacks = as_list("callbacks", callbacks, "objects that are told of the training")
    events = [name for name in vars(Callback) if name.startswith("on_")]
    for number, callback in enumerate(callbacks):
        if isinstance(callback, type) or not any(hasattr(callback, event) for event in events):
            rule = f"must be an object with any of the methods {', '.join(events)}"
            raise TypeError(f"callbacks[{number}] {rule}; got {shown(callback)}")
    return callbacks
