"""What the machine gives at best: independent random reads, and the matrix products of a training step."""

import numpy as np
import torch
import torch.nn.functional as F

from graphsage.base.jit import kernel, prefetch
from graphsage.base.rng import draw_below

AHEAD = 64  # reads under way; 32 to 128 measured alike
READS = 1 << 20  # a batch


@kernel
def random_reads(array, positions, count, key):
    """Sum of ``count`` entries at independent uniform positions, each asked for len(positions) (a power of two) reads ahead."""
    bound, mask, total = np.uint64(len(array)), len(positions) - 1, 0
    for i in range(len(positions)):
        positions[i] = draw_below(key, np.uint64(i), bound)
        prefetch(array, positions[i])
    for i in range(count):
        total += array[positions[i & mask]]
        ahead = draw_below(key, np.uint64(i + len(positions)), bound)
        positions[i & mask] = ahead
        prefetch(array, ahead)
    return total


def read_batches(array):
    """(batches, edges) as a variant has them; a batch is READS reads of the int32 ``array``."""
    positions = np.empty(AHEAD, np.int64)

    def batches(round, count):
        for step in range(count):
            yield random_reads(array, positions, READS, np.uint64(1000 * round + step))

    return batches, lambda batch: READS


def product_batches(shapes):
    """(batches, edges): the dense products of a step with layers of ``shapes`` (rows, in, out), forward and backward.

    A layer has two inputs (nodes, neighbours) and two weights; the first layer's inputs need no gradient.
    """
    layers = [
        (torch.randn(rows, width), torch.randn(out, width), torch.randn(rows, out), depth > 0)
        for depth, (rows, width, out) in enumerate(shapes)
    ]

    def batches(round, count):
        for _ in range(count):
            yield [_products(*layer) for layer in layers for _ in ("nodes", "neighbours")]

    return batches, lambda batch: sum(rows for rows, _, _ in shapes)


@torch.no_grad()
def _products(x, weight, grad, needs_input_gradient):
    F.linear(x, weight)  # [n, F] x [F, H]
    grad.t() @ x  # [H, n] x [n, F]
    if needs_input_gradient:
        grad @ weight  # [n, H] x [H, F]
