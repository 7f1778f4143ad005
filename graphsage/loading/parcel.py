"""Parcel: a batch in one piece of page-locked memory."""

from itertools import accumulate

import torch

from graphsage.tensors.csr_matrix import to_device

ALIGNED = 64  # bytes: where a tensor of a parcel may begin


class Parcel:
    """One piece, as each copy to a GPU costs the training loop 40 us, whatever its size."""

    def __init__(self, batch, *, pin_memory=True):
        tensors = []
        batch.map(lambda tensor: tensors.append(tensor) or tensor)
        sizes = [ALIGNED * -(-tensor.nbytes // ALIGNED) for tensor in tensors]
        self.starts = [0, *accumulate(sizes)]
        self.buffer = torch.empty(self.starts[-1], dtype=torch.uint8, device="cpu", pin_memory=pin_memory)
        self.batch = batch
        for tensor, start in zip(tensors, self.starts):
            _view(self.buffer, start, tensor).copy_(tensor)

    def to(self, device):
        """The batch on ``device``; its tensors are views of one copy."""
        buffer, starts = to_device(self.buffer, device), iter(self.starts)
        return self.batch.map(lambda tensor: _view(buffer, next(starts), tensor))


def _view(buffer, start, tensor):
    """What lies at ``start`` as a tensor like ``tensor``."""
    return buffer[start : start + tensor.nbytes].view(tensor.dtype).view(tensor.shape)
