"""Update rules and schedules of the learning rate, torch's own or the caller's."""

import torch
from torch.optim import lr_scheduler

from graphsage.base.told import shown
from graphsage.nn.norms import BatchNorm, LayerNorm
from graphsage.training.adam import Adam, AdamW


def make_optimizer(model, config, device):
    """The optimizer that ``config`` (``TrainConfig``) names, over the weights of ``model``; norms do not decay.

    Or what the caller's function(parameters) makes; TypeError or ValueError where that cannot train the model.
    """
    if callable(config.optimizer):
        return _checked(config.optimizer([*model.parameters()]), model)
    if config.optimizer == "rprop":
        return torch.optim.Rprop(model.parameters(), lr=config.learning_rate)
    kind = {"adam": Adam, "adamw": AdamW, "sgd": torch.optim.SGD}[config.optimizer]
    fused = device.type in ("cpu", "cuda")  # one pass over each weight: a small model's step is mostly overhead
    groups = _groups(model, config.decay_biases)
    return kind(groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=fused)


def _checked(optimizer, model):
    """The caller's ``optimizer``, if it has all weights of ``model``, no others, and a learning rate."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be a function that makes a torch.optim.Optimizer, and it returned {shown(optimizer)}")
    if isinstance(optimizer, torch.optim.LBFGS):
        raise ValueError("optimizer must take one step a gradient, and LBFGS asks for the loss several times: take another")
    names = {id(weight): name for name, weight in model.named_parameters()}
    held = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    left = [name for name, weight in model.named_parameters() if weight.requires_grad and id(weight) not in held]
    rule = "optimizer must change the weights of the model, all that require a gradient"
    if left:
        raise ValueError(f"{rule}: it lacks {left[0]}{f' and {len(left) - 1} more' if len(left) > 1 else ''}")
    if held - names.keys():
        raise ValueError(f"{rule}: it has {len(held - names.keys())} that are not the model's")
    if any("lr" not in group for group in optimizer.param_groups):
        raise ValueError("optimizer must have a learning rate, 'lr', in each of its param_groups")
    return optimizer


def _groups(model, decay_biases):
    """All weights; in a group of their own the norms of a ``GraphSAGE`` and, unless they decay, all that is called a bias.
    (Norms of a module of the caller's decay as ever.)
    """
    modules = [module for module in model.modules() if isinstance(module, (LayerNorm, BatchNorm))]
    spared = {id(weight) for module in modules for weight in module.parameters()}
    if not decay_biases:
        spared |= {id(weight) for name, weight in model.named_parameters() if name.rpartition(".")[2].startswith("bias")}
    if not spared:
        return model.parameters()
    others = [weight for weight in model.parameters() if id(weight) not in spared]
    kept = [weight for weight in model.parameters() if id(weight) in spared]
    return [{"params": others}, {"params": kept, "weight_decay": 0.0}]


def lay_as_weights(optimizer):
    """What was loaded, in the order in memory of the weights: a fused update reads both as they lie."""
    for weight, state in optimizer.state.items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == weight.shape and value.stride() != weight.stride():
                state[name] = torch.empty_like(weight).copy_(value)


class Schedule:
    """The learning rate's course. First, over ``warmup_epochs`` with W updates, it rises: update n has n / W of it (Goyal et
    al. 2017, section 2.2). What follows begins then. cosine: half a cosine wave from ``learning_rate`` to 0 over all other
    updates (Loshchilov and Hutter 2017, without restarts); step: times ``schedule_factor`` every ``schedule_epochs`` epochs;
    plateau: so after so many epochs without a better validation score.
    """

    def __init__(self, optimizer, config, num_updates):
        self.optimizer, self.config, self.updates = optimizer, config, 0
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.warmup = config.warmup_epochs * (num_updates // config.epochs)
        self.scheduler = self._make(num_updates - self.warmup)
        if self.warmup:
            self._rise()

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
        """The weights have changed."""
        self.updates += 1
        if self.updates <= self.warmup:
            self._rise()
        elif self.config.schedule == "cosine":
            self.scheduler.step()

    def _rise(self):
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            group["lr"] = rate * min(self.updates + 1, self.warmup) / self.warmup

    def after_epoch(self, val_score):
        """An epoch is over, with its validation."""
        if self.updates <= self.warmup and self.warmup:
            return
        if self.config.schedule == "step":
            self.scheduler.step()
        if self.config.schedule == "plateau" and val_score is not None:
            self.scheduler.step(val_score)

    def state_dict(self):
        """Plain values."""
        own = {} if self.scheduler is None else self.scheduler.state_dict()
        return {**own, "updates": self.updates} if self.warmup else own

    def load_state_dict(self, state):
        """What ``state_dict`` gave."""
        state = dict(state)
        self.updates = state.pop("updates", 0)
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state)
