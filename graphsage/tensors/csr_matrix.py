"""CSRMatrix: a sparse matrix as three tensors, and its products: the sum, mean and max over neighbours.

One class serves twice: a block (rows: destinations, columns: sources) and sparse features (columns: words).
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

from graphsage.tensors.reduce_kernels import segment_max, segment_max_backward, sum_rows, transpose


@dataclass(frozen=True, eq=False)
class Transpose:
    """CSR of a transposed matrix; ``order``: where its entry q stands in the matrix itself, if it was asked for."""

    indptr: torch.Tensor
    indices: torch.Tensor
    order: torch.Tensor | None


@dataclass(frozen=True, eq=False)
class CSRMatrix:
    """R x C: row i has ``values`` (None: ones) at columns ``indices[indptr[i]:indptr[i + 1]]``; entries may repeat.

    indptr: [R + 1], indices: [nnz], both int32, or int64 from 2^31 entries on; values: [nnz] floating or None.
    transposed: needed by the backward pass of ``matmul`` and ``mean``; made there if it was not made before.
    nodes: of a block, int32 array [C] of numpy, the graph's node that each column is; None where nobody said so.
    """

    indptr: torch.Tensor
    indices: torch.Tensor
    values: torch.Tensor | None
    num_cols: int
    transposed: Transpose | None = None
    nodes: np.ndarray | None = None

    @classmethod
    def from_numpy(cls, indptr, indices, values, num_cols, *, nodes=None):
        """Shares ``indices`` and ``values`` where the dtype is right already."""
        dtype = np.int32 if indptr[-1] < 2**31 else np.int64  # embedding_bag wants one dtype for both
        indptr, indices = (torch.from_numpy(array.astype(dtype, copy=False)) for array in (indptr, indices))
        return cls(indptr, indices, None if values is None else torch.from_numpy(values), num_cols, nodes=nodes)

    @property
    def num_rows(self):
        """R."""
        return len(self.indptr) - 1

    @property
    def shape(self):
        """(R, C)."""
        return self.num_rows, self.num_cols

    @property
    def dtype(self):
        """Of the values; ones are float32."""
        return torch.float32 if self.values is None else self.values.dtype

    def row_counts(self):
        """Entries of each row: [R]."""
        return self.indptr.diff()

    def head(self, num_rows):
        """The first rows."""
        indptr = self.indptr[: num_rows + 1]
        end = int(indptr[-1])
        values = None if self.values is None else self.values[:end]
        return CSRMatrix(indptr, self.indices[:end], values, self.num_cols, nodes=self.nodes)

    def with_transpose(self, *, for_values=True):
        """The same matrix that carries its transpose; for_values: for products with values, too."""
        if self.transposed is None or (for_values and self.transposed.order is None):
            return replace(self, transposed=_transposed(self, for_values))
        return self

    def map(self, function):
        """The same matrix with ``function`` (say, a move to a device) applied to each of its tensors."""
        moved = self.transposed and Transpose(*(t if t is None else function(t) for t in vars(self.transposed).values()))
        values = None if self.values is None else function(self.values)
        return CSRMatrix(function(self.indptr), function(self.indices), values, self.num_cols, moved, self.nodes)

    def to(self, device):
        """The same matrix on ``device``."""
        return self.map(lambda tensor: to_device(tensor, device))

    def to_dense(self):
        """Tensor [R, C]; repeated entries add up."""
        rows = torch.repeat_interleave(torch.arange(self.num_rows, device=self.indptr.device), self.row_counts())
        values = torch.ones(len(self.indices), dtype=self.dtype, device=rows.device) if self.values is None else self.values
        dense = torch.zeros(self.shape, dtype=values.dtype, device=rows.device)
        return dense.index_put_((rows, self.indices.long()), values, accumulate=True)

    def matmul(self, h):
        """[R, C] x [C, F] -> [R, F]: for a block, the sum over neighbours; a row without entries gives 0."""
        return _bagged(self._checked(h), self, self.values, False)

    def mean(self, h):
        """The mean over each row's entries (values are not used): [C, F] -> [R, F]; a row without entries gives 0."""
        return _bagged(self._checked(h), self, None, True)

    def own_and_bag(self, h, mean):
        """(h[:R], the rows' own; ``mean(h)``, or else the sum over neighbours): the same, with fewer passes backward."""
        if torch.is_grad_enabled() and h.requires_grad:
            return _OwnAndBag.apply(self._checked(h), self, mean)
        return h[: self.num_rows], _bagged(self._checked(h), self, None, mean)

    def max(self, h):
        """The maximum over each row's entries: [C, F] -> [R, F]; without entries 0. The gradient goes to the first."""
        return _Max.apply(self._checked(h), self)

    def _checked(self, h):
        """``h``, if it has a row for each column: kernels would read on behind the last one."""
        if not isinstance(h, torch.Tensor) or h.ndim != 2 or len(h) != self.num_cols:
            found = list(h.shape) if isinstance(h, torch.Tensor) else type(h).__name__
            raise ValueError(f"h must be a tensor [{self.num_cols}, width], a row for each column; got {found}")
        return h


def to_device(tensor, device):
    """A copy that does not keep the caller waiting; one to the CPU does, as nothing would wait for its end later."""
    return tensor.to(device, non_blocking=torch.device(device).type != "cpu")


def _bagged(h, matrix, values, mean):
    if torch.is_grad_enabled() and h.requires_grad:
        return _Bag.apply(h, matrix, values, mean)
    return (_gathered(matrix, h, mean) if values is None else _weighted(matrix, h, values, mean)).to(h.dtype)


def _weighted(matrix, h, values, mean):
    return _bag(matrix.indptr, matrix.indices, _wide(h), values, "mean" if mean else "sum")


class _Bag(torch.autograd.Function):
    """embedding_bag gathers and reduces in one pass; its own backward sorts, ours is another bag over the transpose."""

    @staticmethod
    def forward(ctx, h, matrix, values, mean):
        ctx.matrix, ctx.values, ctx.mean = matrix, values, mean
        return _weighted(matrix, h, values, mean).to(h.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        return bag_backward(ctx.matrix, grad, ctx.values, ctx.mean), None, None, None


def bag_backward(matrix, grad, values, mean, *, is_ours=False):
    """[C, F], the gradient of h in ``matrix.matmul(h)`` (with these values) or ``matrix.mean(h)``, of theirs, [R, F].

    is_ours: ``grad`` may be overwritten.
    """
    transposed = matrix.with_transpose(for_values=values is not None).transposed
    values = None if values is None else values[transposed.order]
    wide = _wide(grad)
    if mean:
        counts = matrix.row_counts().clamp(min=1).to(wide.dtype)[:, None]
        wide = wide.div_(counts) if is_ours else wide / counts
    return _bag(transposed.indptr, transposed.indices, wide, values, "sum").to(grad.dtype)


class _OwnAndBag(torch.autograd.Function):
    """A slice's gradient would be padded with zeros to all of h, and added there; ours goes into the bag's, which is new."""

    @staticmethod
    def forward(ctx, h, matrix, mean):
        return h[: matrix.num_rows], _Bag.forward(ctx, h, matrix, None, mean)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_own, grad):
        grad_h = bag_backward(ctx.matrix, grad, None, ctx.mean)
        grad_h[: ctx.matrix.num_rows] += grad_own
        return grad_h, None, None


def _bag(indptr, indices, table, values, mode):
    values = None if values is None else values.to(table.dtype)
    return F.embedding_bag(indices, table, indptr, mode=mode, per_sample_weights=values, include_last_offset=True)


def _wide(x):
    """Half precision as float32: it would accumulate in half precision, and 65,504 is less than a hub's degree."""
    return x.contiguous() if x.dtype in (torch.float32, torch.float64) else x.float()


def _gathered(matrix, table, mean):
    """The bag of a table that needs no gradient: bfloat16, in which features may be kept, is read as it lies.

    Sums are float32. (On the CPU torch's own divides by a count in bfloat16, 0.5 % off for 22,000 entries.)
    """
    if table.dtype == torch.bfloat16 and table.device.type == "cpu":
        return summed_rows(matrix, table, mean)
    table = table if table.dtype == torch.bfloat16 and table.device.type == "cuda" else _wide(table)
    return _bag(matrix.indptr, matrix.indices, table, None, "mean" if mean else "sum")


def summed_rows(matrix, table, mean):
    """float32 [R, F]: ``matmul``, or ``mean``, of a float32 or bfloat16 tensor [C, F] on the CPU, by this thread alone.

    IndexError where a column is none of the table's rows: the kernel would read on behind it.
    """
    table, indices = table.contiguous(), matrix.indices.numpy()
    if len(indices) and indices.view(f"u{indices.itemsize}").max() >= len(table):  # also of what is negative
        low, high = indices.min(), indices.max()
        raise IndexError(f"rows of features must be in [0, {len(table)}), got {low if low < 0 else high}")
    out = table.new_empty(matrix.num_rows, table.shape[1], dtype=torch.float32)
    rows = table.view(torch.uint16).numpy() if table.dtype == torch.bfloat16 else table.numpy()
    sum_rows(matrix.indptr.numpy(), indices, rows, mean, out.numpy())
    return out


class _Max(torch.autograd.Function):
    @staticmethod
    def forward(ctx, h, matrix):
        ctx.num_cols = matrix.num_cols
        out, source = (_max_compiled if h.device.type == "cpu" else _max_anywhere)(_wide(h.detach()), matrix)
        ctx.save_for_backward(source)
        return out.to(h.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        (source,) = ctx.saved_tensors  # [R, F], -1 in empty rows
        wide = _wide(grad.detach())
        grad_h = wide.new_zeros(ctx.num_cols, wide.shape[1])
        (_scatter_compiled if grad.device.type == "cpu" else _scatter_anywhere)(wide, source, grad_h)
        return grad_h.to(grad.dtype), None


def _max_compiled(h, matrix):
    out = h.new_empty(matrix.num_rows, h.shape[1])
    source = h.new_empty(out.shape, dtype=torch.int32)
    segment_max(matrix.indptr.numpy(), matrix.indices.numpy(), h.numpy(), out.numpy(), source.numpy())
    return out, source


def _scatter_compiled(grad, source, grad_h):
    segment_max_backward(grad.numpy(), source.numpy(), grad_h.numpy())


def _max_anywhere(h, matrix):
    """The same in torch operations, for devices that the kernel does not run on."""
    count = len(matrix.indices)
    rows = torch.repeat_interleave(torch.arange(matrix.num_rows, device=h.device), matrix.row_counts().long())
    rows = rows[:, None].expand(-1, h.shape[1])
    values = h[matrix.indices.long()]
    out = h.new_zeros(matrix.num_rows, h.shape[1]).scatter_reduce(0, rows, values, "amax", include_self=False)
    entry = torch.arange(count, device=h.device)[:, None].expand_as(values)
    entry = torch.where((values == out.gather(0, rows)) | values.isnan(), entry, count)
    first = torch.full_like(out, count, dtype=torch.int64).scatter_reduce(0, rows, entry, "amin")  # of equal ones
    padded = torch.cat([matrix.indices, matrix.indices.new_full((1,), -1)])
    return out, padded[first].int()


def _scatter_anywhere(grad, source, grad_h):
    if not len(grad_h):
        return  # no columns: there is no place that the empty rows' zeros could go to
    empty = source < 0
    grad_h.scatter_add_(0, source.long().masked_fill(empty, 0), grad.masked_fill(empty, 0))


def _transposed(matrix, with_order):
    make = _transposed_compiled if matrix.indptr.device.type == "cpu" else _transposed_anywhere
    indptr, indices, order = make(matrix, with_order)
    return Transpose(indptr, indices, order if with_order else None)


def _transposed_compiled(matrix, with_order):
    return map(torch.from_numpy, transpose(matrix.indptr.numpy(), matrix.indices.numpy(), matrix.num_cols, with_order))


def _transposed_anywhere(matrix, with_order):
    order = torch.argsort(matrix.indices, stable=True)
    rows = torch.repeat_interleave(torch.arange(matrix.num_rows, device=order.device), matrix.row_counts())
    counts = torch.bincount(matrix.indices, minlength=matrix.num_cols)
    indptr = F.pad(counts.cumsum(0), (1, 0)).to(matrix.indptr.dtype)
    return indptr, rows[order].to(matrix.indices.dtype), order.to(matrix.indices.dtype)
