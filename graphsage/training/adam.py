"""torch's Adam and AdamW, which read weights stored by columns as they lie in memory."""

import torch


class _AsTheyLie:
    """Of a class of torch's: weights by columns are handed over turned. Its fused update copies them and their state else."""

    def _init_group(self, group, weights, grads, means, squares, *others):
        found = super()._init_group(group, weights, grads, means, squares, *others)
        turned = [i for i, weight in enumerate(weights) if _is_by_columns(weight)]
        for tensors in (weights, grads, means, squares) if turned else ():
            for i in turned:
                tensors[i] = tensors[i].t()
        return found


class Adam(_AsTheyLie, torch.optim.Adam):
    """``torch.optim.Adam``: the same bits and the same state."""


class AdamW(_AsTheyLie, torch.optim.AdamW):
    """``torch.optim.AdamW``: the same bits and the same state."""


def _is_by_columns(weight):
    return weight.ndim == 2 and not weight.is_contiguous() and weight.t().is_contiguous()
