"""The four ways without parameters to make one row of a node's neighbours: mean, sum, max, gcn."""

import numpy as np
import torch

from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.reduce_kernels import reduce_sparse_rows

NO_VALUES = np.empty(0, np.float32)


def _mean(x, block, x_self):
    return block.mean(x)


def _sum(x, block, x_self):
    return block.matmul(x)


def _max(x, block, x_self):
    return block.max(x)


def _gcn(x, block, x_self):
    # by way of the mean: in half precision a hub's sum would be infinite
    return with_own(x_self, block.mean(x), block.row_counts()).to(x.dtype)


def with_own(x_self, mean, counts):
    """(x_v + sum x_u) / (1 + |S(v)|) of nodes' own rows [M, F], the means over their neighbours, and how many these are."""
    own = 1 / (1 + counts[:, None].to(torch.promote_types(mean.dtype, torch.float32)))
    return own * x_self + (1 - own) * mean


#: Without parameters, so that a loader can reduce raw features by them: name -> function(x, block, x_self).
REDUCTIONS = {"mean": _mean, "sum": _sum, "max": _max, "gcn": _gcn}


def merged_rows(kind, indptr, neighbors, ids, row_indptr, columns, values, num_columns):
    """CSRMatrix [M, F] that aggregator ``kind`` makes of sparse feature rows."""
    counts = np.diff(indptr)
    shares = np.ones(len(ids), np.float32)
    if kind == "mean":
        shares /= np.maximum(counts, 1)
    if kind == "gcn":  # the node itself is one more neighbour
        shares /= counts + 1
        neighbors = np.insert(neighbors, indptr[:-1], ids)
        indptr = indptr + np.arange(len(indptr))
    values = NO_VALUES if values is None else values
    arrays = reduce_sparse_rows(indptr, neighbors, row_indptr, columns, values, num_columns, kind == "max", shares)
    return CSRMatrix.from_numpy(*arrays, num_columns)
