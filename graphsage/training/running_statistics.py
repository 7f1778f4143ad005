"""Running statistics of batch norms where an update has batches on several ranks."""

from contextlib import contextmanager

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from graphsage.nn.norms import MOMENTUM, BatchNorm

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


class RunningStatistics:
    """What the batches of an update do to the running statistics, done at its end in the order of the batches.

    In training a batch norm does not read them, so what one process has after each batch follows from the batches' own means
    and variances: these are recorded, told to all ranks, and taken in by each of them, place by place. So it is done on several
    ranks, and of ``ordered`` gradients in one process, too: the same bits. (Else they change within the batch, as torch has it;
    a batch of one row, which is normed by them, sees those of the batch before, here those of the update before.)
    """

    def __init__(self, model, ranks, mode):
        self.model, self.ranks, self.others = model, ranks, None
        is_on = ranks.size > 1 or mode == "ordered"
        norms = [module for module in model.modules() if isinstance(module, _BatchNorm)] if is_on else []
        self.modules = [module for module in norms if module.running_mean is not None]
        self._found = []  # of each batch: [(number of the module, mean, variance), ...]

    @contextmanager
    def recorded(self):
        """Around the model's look at a batch: its statistics are kept aside, and the running ones are as before."""
        self._found.append(found := [])
        before, handles = [_state(module) for module in self.modules], []
        for number, module in enumerate(self.modules):
            handles.append(module.register_forward_pre_hook(_begin))
            handles.append(module.register_forward_hook(_keeper(found, number, before[number])))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            for module, state in zip(self.modules, before):
                _restore(module, state)

    def finish(self):
        """The update is over: take in what its batches had."""
        found, self._found = self._found, []
        if not self.modules:
            return
        every = self.ranks.of_all(found)
        for place in range(max(map(len, every))):
            for batches in every:
                for number, mean, variance in batches[place] if place < len(batches) else ():
                    _take_in(self.modules[number], mean, variance)

    def buffers(self):
        """Copies of all other buffers, which the training must leave alone."""
        own = {id(buffer) for module in self.modules for buffer in module.buffers()}
        return {name: buffer.clone() for name, buffer in self.model.named_buffers() if id(buffer) not in own}

    def check_others(self, before):
        """ValueError where the training changes a buffer that is none of a batch norm. before: of ``buffers``."""
        for name, buffer in self.buffers().items():
            if not torch.equal(buffer, before[name]):
                rule = f"{type(self.model).__name__} changes its buffer {name} in training"
                raise ValueError(f"{rule}, and processes share gradients and batch norms alone: train it in one process")


def _state(module):
    return *(getattr(module, name) for name in BUFFERS), module.momentum


def _begin(module, given):
    """Put copies in place of the running statistics, which become those of the next batch alone.

    (Its backward holds on to the tensors that it saw, so that these must not be written to.)
    """
    for name in BUFFERS:
        setattr(module, name, getattr(module, name).clone())
    module.num_batches_tracked.zero_()
    if module.momentum is not None:
        module.momentum = 1.0


def _keeper(found, number, before):
    def keep(module, given, out):
        if module.num_batches_tracked:
            found.append((number, module.running_mean.cpu(), module.running_var.cpu()))
        _restore(module, before)

    return keep


def _restore(module, state):
    *values, module.momentum = state
    for name, value in zip(BUFFERS, values):
        setattr(module, name, value)


def _take_in(module, mean, variance):
    """running <- (1 - m) * running + m * the batch's, in float64, as torch has it."""
    module.num_batches_tracked += 1
    share = module.momentum
    if isinstance(module, BatchNorm):
        share = max(MOMENTUM, 1 / int(module.num_batches_tracked))
    elif share is None:
        share = 1 / int(module.num_batches_tracked)
    for running, found in ((module.running_mean, mean), (module.running_var, variance)):
        running.copy_((1 - share) * running.double() + share * found.to(running.device).double())
