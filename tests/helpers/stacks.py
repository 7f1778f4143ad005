"""A stack of somebody's own layers, which know nothing of this package, and modules that look like one."""

import torch
import torch.nn.functional as F
from torch import nn


class Mean(nn.Module):
    """W x_v + V mean(x_u) + b."""

    def __init__(self, width, out):
        super().__init__()
        self.own, self.near = nn.Linear(width, out), nn.Linear(width, out, bias=False)

    def forward(self, x, block):
        return self.own(x[: block.num_rows]) + self.near(block.mean(x))


class OwnStack(nn.Module):
    """Three layers with BatchNorm, ReLU and dropout between them."""

    def __init__(self, widths=(7, 6, 6, 3), layer=Mean, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.ModuleList(layer(width, out) for width, out in zip(widths, widths[1:]))
        self.norm = nn.BatchNorm1d(widths[1])
        with torch.no_grad():
            self.norm.running_mean.add_(0.1)

    def between(self, depth, h):
        return F.dropout(self.norm(h).relu(), 0.5, self.training)

    def forward(self, batch):
        h = batch.x
        for depth, (layer, block) in enumerate(zip(self.layers, batch.blocks)):
            h = layer(h if depth == 0 else self.between(depth - 1, h), block)
        return h[batch.seed_index]


class Scaled(OwnStack):
    """More than its layers, though the same until it is trained."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, batch):
        return super().forward(batch) * self.scale


class NormedLast(OwnStack):
    """A norm without weights behind the last layer: nothing until there are running statistics."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.last = nn.BatchNorm1d(3, affine=False)

    def forward(self, batch):
        return self.last(super().forward(batch))


class OverAll(OwnStack):
    """Its norm is over the nodes that are there, in evaluation too."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.norm = nn.BatchNorm1d(self.norm.num_features, track_running_stats=False)


class OtherLayers(nn.Module):
    """``layers`` of an MLP, which are not called with a block."""

    def __init__(self, width=7, out=3):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, 5), nn.Linear(5, out)])

    def forward(self, batch):
        return self.layers[1](self.layers[0](batch.x).relu())[batch.seed_index]
