"""What goes into a first layer: features, their reduction, their dropout; sparse rows stay sparse where they can."""

import numpy as np
import torch
import torch.nn.functional as F

from graphsage.nn.aggregators import aggregate
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.reductions import merged_rows


def first_inputs(x, block, aggregator):
    """(x_self, x_neigh) of a first layer: x [num_src, F] dense or CSRMatrix, block [num_dst, num_src].

    Sparse rows stay sparse on the CPU; elsewhere the rows of this batch, and no more, become dense.
    """
    if isinstance(x, CSRMatrix) and x.indptr.device.type != "cpu" and aggregator.reduction:
        x = x.to_dense()
    x_self = x.head(block.num_rows) if isinstance(x, CSRMatrix) else x[: block.num_rows]
    if aggregator.reduction is None or not isinstance(x, CSRMatrix):
        return x_self, aggregate(aggregator, x, block, x_self)
    indptr, neighbors, *rows = (t.numpy() for t in (block.indptr, block.indices, x.indptr, x.indices))
    values = None if x.values is None else x.values.numpy()
    merged = merged_rows(aggregator.reduction, indptr, neighbors, np.arange(block.num_rows), *rows, values, x.num_cols)
    return x_self, merged


def input_dropout(x, share, training):
    """Dropout of features: on the values of sparse rows, as their zeros stay zero anyway."""
    if not training or not share:
        return x
    if not isinstance(x, CSRMatrix):
        return F.dropout(x, share)
    values = x.indices.new_ones(len(x.indices), dtype=torch.float32) if x.values is None else x.values
    return CSRMatrix(x.indptr, x.indices, F.dropout(values, share), x.num_cols, x.transposed)
