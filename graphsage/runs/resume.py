"""A trainer's state to and from a checkpoint, with everything that must be the same for it to go on."""

from dataclasses import replace

from graphsage.config.options import OWN, plain
from graphsage.config.settings import FREE
from graphsage.nn.head import Head
from graphsage.runs.checkpoint import CheckpointError, differences, load_checkpoint, machine
from graphsage.trained.model_file import can_save, plain_arguments
from graphsage.training.optimizers import lay_as_weights
from graphsage.training.state import State

UNTIMED = {"asked times checksum": None, "node times checksum": None}  # what files of before nodes had times do not say
PARTS = ("model", "optimizer", "schedule", "scaler", "average")


def free(config):
    """``FREE`` for a training by ``config`` (``TrainConfig``): the course of a cosine depends on its end."""
    return FREE - {"epochs"} if config.schedule == "cosine" else FREE


def checkpoint_of(trainer):
    """Everything that ``restore`` needs, as plain values and tensors."""
    parts = {name: getattr(trainer, name).state_dict() for name in PARTS}
    return {
        **parts,
        "state": trainer.state.as_dict(),
        "head": trainer.objective.head.as_dict(),
        "settings": _settings(trainer),
        "loss": _loss(trainer),
        "arguments": _arguments(trainer.model),
        "dataset": trainer.identity,
        "machine": machine(trainer.device),
    }


def restore(trainer, path):
    """Set ``trainer`` to the checkpoint ``path``. ``CheckpointError``, and the trainer as it was, where it is of another
    training."""
    saved = trainer.ranks.first(lambda: _fitting(trainer, path))
    for name in PARTS:
        if name in saved:  # files of before there was an average have none
            getattr(trainer, name).load_state_dict(saved[name])
    lay_as_weights(trainer.optimizer)  # a file of before weights lay by columns
    trainer.state = State.from_dict(saved["state"], trainer.device)
    _read_as(trainer.objective, Head.from_dict(saved.get("head", {})))
    changes = differences(saved["machine"], machine(trainer.device))
    if changes:
        trainer.log(f"Warning: {'; '.join(changes)}: the weights may differ in their last bits from an uninterrupted run's")


def _fitting(trainer, path):
    """What is in ``path``; ``CheckpointError`` where it is of another training."""
    saved = load_checkpoint(path)
    _check_same(path, "other settings", saved["settings"], _settings(trainer), ": give those of your own again")
    if "loss" in saved:
        _check_same(path, "another loss", {"loss": saved["loss"]}, {"loss": _loss(trainer)})
    _check_same(path, "another dataset", UNTIMED | saved["dataset"], trainer.identity)
    _check_same(path, "another model", saved["arguments"], _arguments(trainer.model))
    if _shapes(saved["model"]) != _shapes(trainer.model.state_dict()):
        raise CheckpointError(f"{path} holds the weights of another model than the one to train")
    done, epochs = saved["state"]["epoch"], trainer.config.epochs
    if done > epochs:
        raise CheckpointError(f"{path} has {done} epochs done, which is more than epochs = {epochs}: set at least {done}")
    return saved


def _read_as(objective, head):
    """A training that was begun when targets were not standardised yet goes on so."""
    if objective.own is None:
        objective.head = replace(objective.head, means=head.means, deviations=head.deviations)


def _check_same(path, what, then, now, of_own=""):
    """of_own: what is to be done where a setting was the caller's own."""
    changes = differences(then, now)
    if changes:
        advice = of_own if any(OWN in change.partition(" then, ")[0] for change in changes) else ""
        raise CheckpointError(f"{path} is of a training with {what}: {'; '.join(changes)}{advice}")


def _settings(trainer):
    kept = plain(trainer.config) | trainer.task.as_settings()
    settings = {name: value for name, value in kept.items() if name not in free(trainer.config)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


def _arguments(model):
    """What a ``GraphSAGE`` was made with: dropout and the like leave no trace in the weights. {} for another module."""
    return plain_arguments(model) if can_save(model) else {}


def _loss(trainer):
    return "of the task" if trainer.objective.own is None else "your own"


def _shapes(weights):
    return {name: getattr(value, "shape", None) for name, value in weights.items()}
