"""Decoders: what two embeddings say about the link between their nodes. Scores are logits: above 0 means a link."""

import torch
from torch import nn

from graphsage.base import rng
from graphsage.base.checks import as_count, as_flag, one_of
from graphsage.config.link_config import DECODERS
from graphsage.nn.linear import Linear, alike
from graphsage.tensors.ambient import plain_defaults
from graphsage.tensors.keyed_rng import keyed_rng

PART = 1  # of the stream of initial weights: an encoder of the same seed draws others


class Dot(nn.Module):
    """h_u . h_v, without weights; the same both ways."""

    directed = False

    def forward(self, h_source, h_target):
        """[M, D] and [M, D] -> logits [M]."""
        return (h_source * h_target).sum(-1)

    def reset_parameters(self):
        """There are none."""


class DistMult(nn.Module):
    """sum_d r_d h_ud h_vd with one learned vector r of the relation (Yang et al. 2015, section 3.1); the same both ways.

    r begins with ones, which is ``Dot``: a random r would begin with a similarity that means nothing.
    """

    directed = False

    def __init__(self, width):
        super().__init__()
        self.relation = nn.Parameter(torch.empty(width))
        self.reset_parameters()

    def reset_parameters(self):
        """Ones."""
        nn.init.ones_(self.relation)

    def forward(self, h_source, h_target):
        """[M, D] and [M, D] -> logits [M]."""
        return (alike(h_source, self.relation) * self.relation * h_target).sum(-1)


class MLP(nn.Module):
    """w . ReLU(W z + b) + c, W [D, |z|]: of z = h_u * h_v, the same both ways; directed, of z = (h_u * h_v, h_u, h_v).

    A product alone cannot tell u -> v from v -> u, and two ends side by side must first learn to be multiplied.
    """

    def __init__(self, width, directed=False):
        super().__init__()
        self.directed = directed
        self.hidden, self.out = Linear(width * (3 if directed else 1), width), Linear(width, 1)

    def reset_parameters(self):
        """Draw the weights anew, Kaiming's uniform, and zero the biases."""
        self.hidden.reset_parameters()
        self.out.reset_parameters()

    def forward(self, h_source, h_target):
        """[M, D] and [M, D] -> logits [M]."""
        z = h_source * h_target
        z = torch.cat([z, h_source, h_target], -1) if self.directed else z
        return self.out(torch.relu(self.hidden(z))).squeeze(-1)


def make_decoder(name: str, width: int, *, directed: bool = False, seed: int = 0) -> nn.Module:
    """The decoder of a name, for embeddings [M, width]: a module (h_source, h_target) -> logits [M].

    "dot": h_u . h_v. "mlp": a hidden layer over the product h_u * h_v, and of a directed link over both ends beside it.
    "distmult": sum_d r_d h_ud h_vd, r learned (Yang et al. 2015). directed: may a -> b score otherwise than b -> a? Of the
    three only "mlp" can. seed: of the initialisation, on the CPU in float32. ValueError for another name or width.
    """
    width, directed = as_count("width", width, least=1), as_flag("directed", directed)
    kinds = {"dot": Dot, "mlp": lambda: MLP(width, directed), "distmult": lambda: DistMult(width)}
    with plain_defaults(), keyed_rng(rng.stream_key(seed, rng.INIT, PART)):
        return kinds[one_of("decoder", name, DECODERS)]()
