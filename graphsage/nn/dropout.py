"""Activation and dropout of hidden units; of ReLU in one pass over them, in place."""

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

from graphsage.tensors.reduce_kernels import relu_dropout

ACTIVATIONS = {"relu": torch.relu, "gelu": F.gelu, "elu": F.elu}


def activated(h, activation, share, training, *, normalize=False):
    """dropout(activation(h)); normalize: of that, each row scaled to L2 norm 1 (Hamilton et al. 2017, Algorithm 1, line 7).

    ``h`` may be overwritten: it must be no leaf and needed by nobody else.
    """
    if normalize:
        h = F.normalize(ACTIVATIONS[activation](h))
    if activation == "relu":  # twice is once
        return relu_and_dropout(h, share, training)
    return F.dropout(h if normalize else ACTIVATIONS[activation](h), share, training)


def relu_and_dropout(h, share, training):
    """dropout(relu(h)); overwrites ``h``, which must be no leaf and needed by nobody else.

    On the CPU the mask comes from one draw of torch's generator, expanded by SplitMix64: torch's own bernoulli took a
    quarter of a training step of three layers.
    """
    if not training or not share:
        return h.relu_()
    if h.device.type == "cpu" and h.dtype in (torch.float32, torch.float64):
        return _ReluDropout.apply(h.contiguous(), share)
    if h.device.type == "cpu":
        return _ReluDropout.apply(h.float(), share).to(h.dtype)
    return F.dropout(h.relu_(), share)


class _ReluDropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h, share):
        dropped = min(round(share * 2**32), 2**32 - 1)  # of 2^32 equally likely words; the scale is that of this share
        ctx.scale = 2**32 / (2**32 - dropped)
        key = torch.randint(2**62, (), device="cpu").item()
        relu_dropout(h.detach().view(-1).numpy(), key, dropped, ctx.scale)
        ctx.mark_dirty(h)
        ctx.save_for_backward(h)
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors  # positive exactly where the unit was positive and kept
        return torch.ops.aten.threshold_backward(grad, out, 0).mul_(ctx.scale), None
