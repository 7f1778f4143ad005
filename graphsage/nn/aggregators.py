"""Aggregator: how the neighbours of a node become one row; and the four that have no parameters: sum, mean, max, gcn."""

import numpy as np
from torch import nn

from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.reductions import REDUCTIONS


class Aggregator(nn.Module):
    """Base class of aggregators. One of your own needs ``forward`` and, unless it keeps the width, ``out_features``.

    ``forward(x, block, x_self)`` returns [num_dst, out_features]: one row a node. x: [num_src, in_features], the nodes of
    a batch. block: ``CSRMatrix`` [num_dst, num_src]; node i aggregates the rows of x that
    ``block.indices[block.indptr[i]:block.indptr[i + 1]]`` lists, repeats included; ``block.mean(h)``, ``.matmul(h)``
    (the sum) and ``.max(h)`` reduce any h [num_src, F] with gradients. x_self: [num_dst, in_features], the nodes' own rows.
    A node without neighbours must give a row of zeros. Batches, trees (each row has k neighbours) and whole graphs
    (in chunks) all come this way.

    in_features: width of x. hidden_features: width of the model's hidden layers, for what is learned to go by.
    takes_self: the result holds the node itself, so that the layer has no second product for it (as gcn).
    takes_sparse: forward also takes x and x_self as ``CSRMatrix``; others get the batch's rows, and no more, made dense.
    """

    takes_self = False
    takes_sparse = False
    reduction = None  # its name in REDUCTIONS, if a loader may take its place

    def __init__(self, in_features: int, hidden_features: int) -> None:
        super().__init__()
        self.in_features = self.out_features = in_features

    def reset_parameters(self) -> None:
        """Draw the weights anew, from torch's generator. Default: each child's own ``reset_parameters``."""
        for child in self.children():
            child.reset_parameters()

    def prepare(self, degrees: np.ndarray) -> None:
        """Called by ``Trainer.fit`` before the first step with the degrees int64 [N] of the training graph."""


def aggregate(aggregator, x, block, x_self):
    """``aggregator(x, block, x_self)`` of rows that may be a CSRMatrix; they become dense where they must."""
    if isinstance(x, CSRMatrix) and not aggregator.takes_sparse:
        x, x_self = x.to_dense(), x_self.to_dense()
    return aggregator(x, block, x_self)


def own_and_aggregated(aggregator, x, block):
    """(x_self, ``aggregator(x, block, x_self)``) of dense x, whose first rows are the nodes' own.

    A mean or a sum shares the backward pass with the own rows, unless somebody watches or replaced its ``forward``, or the
    block is of another kind, as in a model that is exported.
    """
    if is_plain_reduction(aggregator, block):
        return block.own_and_bag(x, aggregator.reduction == "mean")
    x_self = x[: block.num_rows]
    return x_self, aggregator(x, block, x_self)


def is_plain_reduction(aggregator, block):
    """Is it a mean or a sum, which nobody watches or replaced, over a block as loaders make them?"""
    is_linear = type(aggregator) is Reduction and aggregator.reduction in ("mean", "sum")
    return is_linear and isinstance(block, CSRMatrix) and not is_watched(aggregator)


def is_watched(module):
    """Has it hooks, or a ``forward`` of its own?"""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return "forward" in vars(module) or any(getattr(module, kind) for kind in kinds)


class Reduction(Aggregator):
    """One of REDUCTIONS, over the multiset {x_u : u in S(v)}; each gives 0 over no neighbours, but gcn.

    mean, sum, max: elementwise (Hamilton et al. 2017, section 3.3). gcn: (x_v + sum x_u) / (1 + |S(v)|) (eq. 2 there;
    without W_self).
    """

    def __init__(self, in_features, hidden_features, reduction):
        super().__init__(in_features, hidden_features)
        self.reduction = reduction
        self.takes_self = reduction == "gcn"

    def forward(self, x, block, x_self):
        return REDUCTIONS[self.reduction](x, block, x_self)

    def extra_repr(self):
        return self.reduction
