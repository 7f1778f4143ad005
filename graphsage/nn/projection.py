"""Projection: features of one type of nodes, however many columns, to the width that all types share."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from graphsage.nn.linear import alike
from graphsage.tensors.csr_matrix import CSRMatrix


class Projection(nn.Module):
    """x W + b of dense rows or a CSRMatrix: [M, F] -> [M, H]. W (F, H) has a row a column of the features.

    Where features are a column a node, row v of W is a learned embedding of node v. W is Kaiming's uniform on +-sqrt(6 / F), of
    embeddings too, which are better learned from small ones (docs/decisions.md); b begins with 0.
    """

    def __init__(self, in_features, out_features, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_features)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the weights anew and zero the bias."""
        bound = (6 / len(self.weight)) ** 0.5
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x):
        if not isinstance(x, CSRMatrix):
            return F.linear(alike(x, self.weight), self.weight.t(), self.bias)
        product = x.matmul(self.weight)
        return product if self.bias is None else product + self.bias

    def extra_repr(self):
        width, out = self.weight.shape
        return f"{width}, {out}"


@dataclass(frozen=True, eq=False)
class Unprojected:
    """Dense rows x [n, F] of a type whose projection waits: a mean of x_u W is the mean of x_u, times W, over far fewer rows.

    And what is reduced so needs no gradient.
    """

    x: torch.Tensor
    projection: Projection

    def __getitem__(self, rows):
        """Some rows, projected."""
        return self.projection(self.x[rows])
