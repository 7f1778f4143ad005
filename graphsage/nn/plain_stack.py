"""The layers of a plain model in one forward and one backward pass: the same bits as layer by layer, in less time."""

import torch
from torch.autograd.function import once_differentiable

from graphsage.nn.aggregators import is_plain_reduction, is_watched
from graphsage.nn.dropout import relu_and_dropout, relu_and_dropout_backward
from graphsage.nn.layer import SAGELayer
from graphsage.nn.linear import plus
from graphsage.tensors.csr_matrix import CSRMatrix, bag_backward


def is_plain_stack(layers, x_self, x_neigh, blocks):
    """Is there nothing between products but mean or sum, ReLU and dropout, on the CPU, and nobody who watches a layer?

    layers: of a model whose hidden layers end with ReLU and dropout. x_self, x_neigh: what goes into the first.
    """
    if not torch.is_grad_enabled() or torch.is_autocast_enabled("cpu") or torch.compiler.is_compiling():
        return False
    if not all(map(_is_plain, layers)):
        return False
    if not all(is_plain_reduction(layer.aggregator, block) for layer, block in zip(layers[1:], blocks)):
        return False
    dtype = layers[0].weight_self.dtype
    return dtype in (torch.float32, torch.float64) and all(_is_given(x, dtype) for x in (x_self, x_neigh))


def _is_plain(layer):
    """No norm, no residual, one place for both products, on the CPU."""
    is_sum = type(layer) is SAGELayer and layer.combine == "sum" and layer.weight_self is not None
    return is_sum and not layer.residual and layer.norm is None and layer.weight_self.is_cpu and not is_watched(layer)


def _is_given(x, dtype):
    return x.dtype == dtype and (isinstance(x, CSRMatrix) or not x.requires_grad)


def plain_outputs(layers, x_self, x_neigh, blocks, share):
    """[R, out]: what ``layers`` make of the first one's inputs, ReLU and dropout of ``share`` between them.

    blocks: those of all layers but the first; R: rows of the last.
    """
    weights = [weight for layer in layers for weight in (layer.weight_self, layer.weight_neigh, layer.bias)]
    means = [layer.aggregator.reduction == "mean" for layer in layers[1:]]
    return _PlainStack.apply(x_self, x_neigh, blocks, means, share, *weights)


class _PlainStack(torch.autograd.Function):
    """Layer by layer the gradient of a hidden layer is a tensor of its own before ReLU and after it; here it is overwritten,
    as nobody else has it."""

    @staticmethod
    def forward(ctx, x_self, x_neigh, blocks, means, share, *weights):
        ctx.blocks, ctx.means, ctx.share, kept = blocks, means, share, []
        for depth in range(len(blocks) + 1):
            w_self, w_neigh, bias = _of_layer(weights, depth)
            h = plus(plus(bias, x_self, w_self), x_neigh, w_neigh)
            kept += [x_self, x_neigh]
            if depth < len(blocks):
                kept.append(h := relu_and_dropout(h, share, True))
                x_self, x_neigh = blocks[depth].own_and_bag(h, means[depth])
        ctx.sparse = [x if isinstance(x, CSRMatrix) else None for x in kept]
        ctx.save_for_backward(*weights, *(None if isinstance(x, CSRMatrix) else x for x in kept))
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        count = 3 * len(ctx.blocks) + 3
        weights, kept = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        kept, grads = [x if sparse is None else sparse for sparse, x in zip(ctx.sparse, kept)], []
        for depth in reversed(range(len(ctx.blocks) + 1)):
            w_self, w_neigh, bias = _of_layer(weights, depth)
            x_self, x_neigh, *hidden = kept[3 * depth : 3 * depth + 3]
            if hidden:
                relu_and_dropout_backward(grad, *hidden, ctx.share, into=grad)
            grads[:0] = [_of_weight(x_self, grad), _of_weight(x_neigh, grad), None if bias is None else grad.sum(0)]
            if depth:
                block = ctx.blocks[depth - 1]
                of_block = bag_backward(block, grad @ w_neigh, None, ctx.means[depth - 1], is_ours=True)
                of_block[: block.num_rows].addmm_(grad, w_self)
                grad = of_block
        return None, None, None, None, None, *grads


def _of_layer(weights, depth):
    """Those for nodes and for neighbours, and the bias or None."""
    return weights[3 * depth : 3 * depth + 3]


def _of_weight(x, grad):
    """The gradient of W in x W^T."""
    return bag_backward(x, grad, x.values, False).t() if isinstance(x, CSRMatrix) else grad.t() @ x
