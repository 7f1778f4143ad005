"""What aggregators need beyond sums and maxima: softmax, deviation and order among the entries of each row of a block.

R rows, E entries, F features. The values of a block are not used.
"""

import torch
from torch.autograd.function import once_differentiable

from graphsage.tensors.csr_matrix import CSRMatrix

WORKING_VALUES = 1 << 22  # of neighbours that are looked at together: 16 MB of float32


def regular_block(num_rows, k, device="cpu"):
    """The block whose row i has the columns i * k, ..., i * k + k - 1: one hop of a tree."""
    columns = torch.arange(num_rows * k + 1, dtype=torch.int32, device=device)
    return CSRMatrix(columns[::k].contiguous(), columns[:-1], None, num_rows * k)


def entry_rows(block):
    """The row of each entry: int64 [E]."""
    return torch.repeat_interleave(torch.arange(block.num_rows, device=block.indptr.device), block.row_counts())


def by_entry(block):
    """The block [R, E] whose columns are the entries: its sums and maxima are over values that each entry has."""
    count = len(block.indices)
    columns = torch.arange(count, dtype=block.indices.dtype, device=block.indices.device)
    return CSRMatrix(block.indptr, columns, None, count)


def segment_softmax(scores, block):
    """exp(s_e) / sum of exp(s) over the row of e, of scores float [E]: shares [E] that add up to 1 in each row.

    The row's maximum is taken off first, so that no score is too large for exp.
    """
    entries, rows = by_entry(block), entry_rows(block)
    with torch.no_grad():
        highest = entries.max(scores[:, None])[:, 0]  # [R]
    shares = torch.exp(scores - highest[rows])
    return shares / entries.matmul(shares[:, None])[:, 0][rows]


def segment_std(x, block):
    """Deviation of each row's entries, sqrt(mean((x_u - mean)^2)): [C, F] -> [R, F]; 0 in rows of one entry or none.

    What is within rounding of 0 is 0, and the gradient is 0 there (the root has none).
    """
    return _Std.apply(x, block.with_transpose(for_values=False) if x.requires_grad else block)


class _Std(torch.autograd.Function):
    """In two passes: E[x^2] - E[x]^2 would lose all digits where x varies little around a large mean."""

    @staticmethod
    def forward(ctx, x, block):
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        mean = block.mean(wide)
        std = _variance(wide, mean, block).sqrt_()
        std[std <= 8 * torch.finfo(std.dtype).eps * mean.abs()] = 0
        ctx.block = block
        ctx.save_for_backward(wide, mean, std)
        return std.to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        """d std_v / d x_u = (x_u - mean_v) / (n_v std_v), summed over the rows v that u is in."""
        wide, mean, std = ctx.saved_tensors
        counts = ctx.block.row_counts()[:, None]
        share = torch.where(std > 0, grad.to(std.dtype) / (std * counts), 0)
        transposed = ctx.block.with_transpose(for_values=False).transposed
        to_sources = CSRMatrix(transposed.indptr, transposed.indices, None, ctx.block.num_rows)
        grad_x = wide * to_sources.matmul(share) - to_sources.matmul(share * mean)
        return grad_x.to(grad.dtype), None


def _variance(x, mean, block):
    """A few columns at a time: all columns of all neighbours could be large."""
    entries, rows, columns = by_entry(block), entry_rows(block), block.indices.long()
    width = max(1, WORKING_VALUES // max(1, len(rows)))
    pairs = zip(x.split(width, dim=1), mean.split(width, dim=1))
    return torch.cat([entries.mean((part[columns] - middle[rows]) ** 2) for part, middle in pairs], dim=1)


def packed(block, priorities):
    """(entries [E], batch_sizes [T], rows [R']): every row's entries by rising priority, step by step of a sequence model.

    Step t holds entry t of each row that has one, longest rows first (``PackedSequence``'s order): no padding, so that a
    hub costs what it has. batch_sizes is on the CPU; rows: those that have entries, longest first.
    """
    rows, counts = entry_rows(block), block.row_counts()
    ordered = priorities.argsort()
    ordered = ordered[rows[ordered].argsort(stable=True)]  # row after row
    longest = counts.argsort(descending=True, stable=True)
    rank = torch.empty_like(longest).scatter_(0, longest, torch.arange(len(longest), device=longest.device))
    step = places(block, rows)
    batch_sizes = torch.bincount(step).cpu()
    entries = ordered[(step * block.num_rows + rank[rows]).argsort()]
    return entries, batch_sizes, longest[: int(batch_sizes[0]) if len(batch_sizes) else 0]


def places(block, rows):
    """0, 1, 2, ... within each row: int64 [E]; rows: ``entry_rows(block)``."""
    return torch.arange(len(rows), device=rows.device) - block.indptr.long()[rows]
