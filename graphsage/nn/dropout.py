"""Activation and dropout of hidden units; of ReLU in one pass over them, in place."""

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

from graphsage.tensors.reduce_kernels import dropout, relu_dropout

ACTIVATIONS = {"relu": torch.relu, "gelu": F.gelu, "elu": F.elu}


def activated(h, activation, share, training, *, normalize=False):
    """dropout(activation(h)); normalize: of that, each row scaled to L2 norm 1 (Hamilton et al. 2017, Algorithm 1, line 7).

    ``h`` may be overwritten: it must be no leaf and needed by nobody else.
    """
    if normalize:
        h = F.normalize(ACTIVATIONS[activation](h))
    if activation == "relu":  # twice is once
        return relu_and_dropout(h, share, training)
    return _dropout(h if normalize else ACTIVATIONS[activation](h), share, training)


def relu_and_dropout(h, share, training):
    """dropout(relu(h)); overwrites ``h``, which must be no leaf and needed by nobody else.

    On the CPU the mask comes from one draw of torch's generator, expanded by SplitMix64: torch's own bernoulli took a
    quarter of a training step of three layers.
    """
    if not training or not share:
        return h.relu_()
    return _keyed(_ReluDropout, h, share) if h.device.type == "cpu" else F.dropout(h.relu_(), share)


def _dropout(h, share, training):
    """dropout(h), in place as ``relu_and_dropout``."""
    if not training or not share:
        return h
    return _keyed(_Dropout, h, share) if h.device.type == "cpu" else F.dropout(h, share)


def _keyed(function, h, share):
    if h.dtype in (torch.float32, torch.float64):
        return function.apply(h.contiguous(), share)
    return function.apply(h.float(), share).to(h.dtype)


def _drawn(share):
    """(key, words of 2^32 that drop a value, what the others are multiplied by: the inverse of their very share)."""
    return torch.randint(2**62, (), device="cpu").item(), _dropped(share), _scale(share)


def _dropped(share):
    return min(round(share * 2**32), 2**32 - 1)


def _scale(share):
    return 2**32 / (2**32 - _dropped(share))


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h, share):
        ctx.drawn = _drawn(share)
        dropout(h.detach().view(-1).numpy(), *ctx.drawn)
        ctx.mark_dirty(h)
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        grad = grad.clone(memory_format=torch.contiguous_format)
        dropout(grad.detach().view(-1).numpy(), *ctx.drawn)  # the same mask: nothing is kept for it
        return grad, None


class _ReluDropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h, share):
        ctx.share = share
        relu_dropout(h.detach().view(-1).numpy(), *_drawn(share))
        ctx.mark_dirty(h)
        ctx.save_for_backward(h)
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (out,) = ctx.saved_tensors
        return relu_and_dropout_backward(grad, out, ctx.share, into=torch.empty_like(out)), None


def relu_and_dropout_backward(grad, out, share, *, into):
    """Make of the gradient of ``out`` that of what ``relu_and_dropout`` had: out is positive exactly where that was positive
    and kept. It is written to ``into``, which may be ``grad`` itself, and returned."""
    torch.ops.aten.threshold_backward.grad_input(grad, out, 0, grad_input=into)
    return into.mul_(_scale(share)) if share else into
