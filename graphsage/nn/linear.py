"""Products of weights with rows of features, dense or sparse."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from graphsage.tensors.csr_matrix import CSRMatrix


def alike(x, weight):
    """Rows in the weights' dtype, for a model that was made double or half; under autocast they are cast there."""
    return x if x.dtype == weight.dtype or torch.is_autocast_enabled(weight.device.type) else x.to(weight.dtype)


def plus(term, x, weight):
    """term + x W^T, [M, in] -> [M, out]; a term of that shape is overwritten, which saves a pass over it."""
    if isinstance(x, CSRMatrix):
        product = x.matmul(weight.t())
        return product if term is None else product + term
    x = alike(x, weight)
    if term is None or term.ndim == 1:
        return F.linear(x, weight, term)
    if term.dtype != weight.dtype:  # autocast, which knows nothing of addmm_
        return term + F.linear(x, weight)
    return term.addmm_(x, weight.t())


def by_columns(weight):
    """Store W (out, in), a parameter, column after column; its values and shape stay.

    A row of sparse features picks columns of W, which would else be copied, all of them, before each product.
    """
    weight.data = weight.data.t().contiguous().t()


def redraw(module):
    """``module.reset_parameters()`` on the CPU: the same weights on every device."""
    drawn = copy.deepcopy(module).cpu()
    drawn.reset_parameters()
    module.load_state_dict(drawn.state_dict())


class Linear(nn.Module):
    """W x + b of dense rows or a CSRMatrix: [M, in] -> [M, out]. W (out, in) is Kaiming's uniform, b begins with 0."""

    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_features)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the weights anew and zero the bias."""
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x):
        return plus(self.bias, x, self.weight)

    def extra_repr(self):
        out, width = self.weight.shape
        return f"{width}, {out}"
