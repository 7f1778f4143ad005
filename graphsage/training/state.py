"""Where a training is: what a checkpoint holds beside weights and the optimizer's own state."""

import math
from dataclasses import asdict, dataclass, field

import torch

from graphsage.tensors.device import peak_memory
from graphsage.training.records import Epoch, TrainingStopped

CLOCKS = ("starting", "waiting", "training", "evaluating", "saving")


@dataclass
class State:
    """epoch: complete ones. step: batches done since. updates: of the weights, in all. best: weights of ``best_epoch``.
    thresholds: of ``best_epoch``, as ``Head`` has them.

    losses, nodes, edges, clocks (seconds): of the epoch under way.
    """

    epoch: int = 0
    step: int = 0
    updates: int = 0
    history: list = field(default_factory=list)
    best_epoch: Epoch | None = None
    best: dict | None = None
    thresholds: tuple | None = None
    losses: list = field(default_factory=list)
    nodes: int = 0
    edges: int = 0
    clocks: dict = field(default_factory=lambda: dict.fromkeys(CLOCKS, 0.0))

    def add(self, step):
        """The batch of a ``Step`` is done."""
        self.step, self.nodes, self.edges = step.step + 1, self.nodes + step.nodes, self.edges + step.edges
        self.losses.append(step.loss)

    def end_epoch(self, metric, val_score, val_loss, learning_rate, model, thresholds=None, reads=None):
        """The epoch is over; returns its ``Epoch``, and keeps weights and thresholds if they are the best so far.

        val_score, val_loss: None where it was not validated. reads: what was read of features on a disk, by name.
        """
        epoch = Epoch(
            number=self.epoch + 1,
            loss=torch.stack(self.losses).mean().item(),
            metric=metric,
            val_score=val_score,
            val_loss=val_loss,
            seconds=sum(self.clocks.values()),
            learning_rate=learning_rate,
            **self.clocks,
            nodes=self.nodes,
            edges=self.edges,
            memory=peak_memory(),
            **(reads or {}),
        )
        self.history.append(epoch)
        if self.best_epoch is None or _better(epoch, self.best_epoch):
            self.best_epoch, self.thresholds = epoch, thresholds
            self.best = {name: weights.detach().clone() for name, weights in model.state_dict().items()}
        self.epoch, self.step = self.epoch + 1, 0
        self.losses, self.nodes, self.edges, self.clocks = [], 0, 0, dict.fromkeys(CLOCKS, 0.0)
        return epoch

    def check_finite(self, val_loss=None):
        """A loss that is no number spoils all weights: there is nothing to go on with, and nothing of it is to be saved.

        The last update shows in the loss of validation alone.
        """
        losses = torch.stack(self.losses) if self.losses else torch.zeros(1, device="cpu")
        finite = losses.isfinite()
        if not finite.all():
            at = int(finite.int().argmin())
            self._stop(f"the loss is {losses[at].item()}", f"batch {at + 1}")
        if val_loss is not None and not math.isfinite(val_loss):
            self._stop(f"the loss is {val_loss}", "validation")

    def _stop(self, what, where):
        hint = "try a smaller learning_rate, or clip_norm=1"
        raise TrainingStopped(f"{what} at epoch {self.epoch + 1}, {where}: {hint}")

    @property
    def epochs_since_best(self):
        """From the best epoch to the last one that was validated; 0 before the first."""
        validated = [epoch.number for epoch in self.history if epoch.val_score is not None]
        return validated[-1] - self.best_epoch.number if validated else 0

    def as_dict(self):
        """Plain values and tensors, as a checkpoint may hold."""
        plain = {name: getattr(self, name) for name in ("epoch", "step", "updates", "best", "thresholds", "nodes", "edges")}
        return {
            **plain,
            "history": [asdict(epoch) for epoch in self.history],
            "best_epoch": self.best_epoch and self.best_epoch.number,
            "losses": torch.stack(self.losses).cpu() if self.losses else torch.empty(0, dtype=torch.float32, device="cpu"),
            "clocks": dict(self.clocks),
        }

    @classmethod
    def from_dict(cls, values, device):
        """The state that ``as_dict`` gave."""
        history = [Epoch(**epoch) for epoch in values["history"]]
        best = values["best_epoch"]
        return cls(
            **{
                **values,
                "history": history,
                "best_epoch": None if best is None else history[best - 1],
                "losses": list(values["losses"].to(device).unbind()),
            }
        )


def _better(epoch, best):
    if epoch.val_score is None or best.val_score is None:  # the latest, until one is validated
        return best.val_score is None
    return (epoch.val_score, -epoch.val_loss) > (best.val_score, -best.val_loss)
