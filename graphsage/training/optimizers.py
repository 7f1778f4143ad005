"""Update rules and schedules of the learning rate, torch's own."""

import torch
from torch.optim import lr_scheduler


def make_optimizer(model, config, device):
    """The optimizer that ``config`` (``TrainConfig``) names, over the weights of ``model``."""
    if config.optimizer == "rprop":
        return torch.optim.Rprop(model.parameters(), lr=config.learning_rate)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[config.optimizer]
    fused = device.type in ("cpu", "cuda")  # one pass over each weight: a small model's step is mostly overhead
    return kind(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=fused)


class Schedule:
    """The learning rate's course. cosine: half a cosine wave from ``learning_rate`` to 0 over all updates (Loshchilov and
    Hutter 2017, without restarts); step: times ``schedule_factor`` every ``schedule_epochs`` epochs; plateau: so after so
    many epochs without a better validation score.
    """

    def __init__(self, optimizer, config, num_updates):
        self.optimizer, self.config = optimizer, config
        self.scheduler = self._make(num_updates)

    def _make(self, num_updates):
        config = self.config
        if config.schedule == "cosine":
            return lr_scheduler.CosineAnnealingLR(self.optimizer, num_updates)
        if config.schedule == "step":
            return lr_scheduler.StepLR(self.optimizer, config.schedule_epochs, config.schedule_factor)
        if config.schedule == "plateau":
            epochs = config.schedule_epochs - 1  # torch acts on the epoch after so many
            return lr_scheduler.ReduceLROnPlateau(self.optimizer, "max", config.schedule_factor, epochs, threshold=0)
        return None

    def check_fresh(self):
        """A cosine is of one training: gone on with, it would rise again from 0."""
        if self.config.schedule == "cosine" and self.scheduler.last_epoch > 0:
            raise ValueError(
                "schedule='cosine' was gone through by the fit before: make another Trainer to train on, which begins it anew"
            )

    @property
    def learning_rate(self):
        """Of the next update."""
        return self.optimizer.param_groups[0]["lr"]

    def after_update(self):
        if self.config.schedule == "cosine":
            self.scheduler.step()

    def after_epoch(self, val_score):
        if self.config.schedule == "step":
            self.scheduler.step()
        if self.config.schedule == "plateau" and val_score is not None:
            self.scheduler.step(val_score)

    def state_dict(self):
        return {} if self.scheduler is None else self.scheduler.state_dict()

    def load_state_dict(self, state):
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state)
