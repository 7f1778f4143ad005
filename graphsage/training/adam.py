"""torch's Adam and AdamW, which read weights stored by columns as they lie in memory."""

import torch

EVERY, TINY = 64, 1e-30


class _AsTheyLie:
    """Of a class of torch's: weights by columns are handed over turned. Its fused update copies them and their state else.

    Each 64th update of a weight on the CPU sets to 0 what is below 1e-30 of it and of its gradients' running mean. Decay brings
    weights there that get no gradient, and below 1e-38 a processor takes a hundred times as long for a number.
    """

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.register_step_post_hook(_drop_tiny)

    def _init_group(self, group, weights, grads, means, squares, *others):
        found = super()._init_group(group, weights, grads, means, squares, *others)
        turned = [i for i, weight in enumerate(weights) if _is_by_columns(weight)]
        for tensors in (weights, grads, means, squares) if turned else ():
            for i in turned:
                tensors[i] = tensors[i].t()
        return found


class Adam(_AsTheyLie, torch.optim.Adam):
    """``torch.optim.Adam``, but for numbers below 1e-30: the same bits and the same state."""


class AdamW(_AsTheyLie, torch.optim.AdamW):
    """``torch.optim.AdamW``, but for numbers below 1e-30: the same bits and the same state."""


def _is_by_columns(weight):
    return weight.ndim == 2 and not weight.is_contiguous() and weight.t().is_contiguous()


@torch.no_grad()
def _drop_tiny(optimizer, given, named):
    for weight, state in optimizer.state.items():
        if weight.device.type == "cpu" and state and int(state["step"]) % EVERY == 0:
            for tensor in (weight, state["exp_avg"]):
                tensor.masked_fill_(tensor.abs() < TINY, 0)
