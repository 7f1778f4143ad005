"""Callbacks: what people hang onto a training."""


class Callback:
    """Told of a training as it goes; each method does nothing here. ``Trainer`` takes any object that has some of them.

    trainer: the ``Trainer``, with ``model``, ``optimizer``, ``config``, ``dataset`` and ``state`` to look at.
    """

    def on_fit_begin(self, trainer):
        """Before the first step; after a resume, ``trainer.state`` says where that is."""

    def on_step(self, trainer, step):
        """After an update, once for each of its batches. step: ``Step``."""

    def on_epoch(self, trainer, epoch):
        """After the validation at the end of an epoch, before the checkpoint. epoch: ``Epoch``."""

    def on_fit_end(self, trainer, result):
        """At the end, also after Ctrl-C. result: ``TrainResult``."""

    def on_exception(self, trainer, error):
        """In place of ``on_fit_end`` where an error ends the training, or a Ctrl-C before there is anything to keep."""
