"""Norms of hidden units: layer (over the units of each row) and batch (over the rows of a batch, unit by unit)."""

import torch.nn.functional as F
from torch import nn

MOMENTUM = 0.1  # how much the last batch weighs in the running statistics, once there were ten


class LayerNorm(nn.LayerNorm):
    """g * (h - mean) / sqrt(variance + 1e-5) + s over the units of each row (Ba, Kiros and Hinton 2016)."""


class BatchNorm(nn.BatchNorm1d):
    """The same over the rows of a batch, for each unit by itself (Ioffe and Szegedy 2015); in evaluation by running statistics.

    running <- (1 - m) * running + m * the n-th batch's, m = max(0.1, 1 / n): the first batches weigh alike, and the 0 and 1
    that stood before count for nothing. (Where rows of features sum to 1, units have a variance of 1e-5: a 1 takes 100
    batches to fade.)
    A single row, or none, has no variance: in training, too, it is normed by the running statistics, which it leaves alone.
    (A batch of two seeds that are one node has one row.)
    """

    def forward(self, h):
        if self.training and len(h) < 2:
            return F.batch_norm(h, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        if self.training:
            self.momentum = max(MOMENTUM, 1 / (1 + int(self.num_batches_tracked)))
        return super().forward(h)


KINDS = {"none": None, "layer": LayerNorm, "batch": BatchNorm}


def make_norm(kind, width):
    """The module that ``kind`` stands for, over rows of ``width`` units; None for none."""
    return None if KINDS[kind] is None else KINDS[kind](width)
