"""Batches for torch's own sparse matrices."""

import warnings
from typing import Any

import torch
from numpy.typing import ArrayLike

from graphsage.interop.arrays import to_scipy
from graphsage.loading.batch import Batch


def to_torch(batch: Any, edge_weight: ArrayLike | None = None) -> list[torch.Tensor]:
    """One sparse CSR tensor [num_dst, num_src] of torch a block, input side first: ``to_scipy`` in tensors.

    float32, on the device of a Batch, else on the CPU. ``A @ x`` is the sum over each destination's neighbours; columns of a
    row rise, and a neighbour that was drawn twice is one entry that counts twice. Arguments and errors as in ``to_scipy``.
    """
    device = batch.seeds.device if isinstance(batch, Batch) else torch.device("cpu")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        return [_tensor(matrix, device) for matrix in to_scipy(batch, edge_weight)]


def _tensor(matrix, device):
    parts = (torch.from_numpy(part) for part in (matrix.indptr, matrix.indices, matrix.data))
    return torch.sparse_csr_tensor(*parts, size=matrix.shape, check_invariants=False).to(device)  # right by construction
