"""FeatureStore: rows of node features as tensors, picked out or reduced over neighbours on the way."""

import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from graphsage.base.checks import one_of
from graphsage.base.memory import is_mapped
from graphsage.config.groups import FEATURE_DTYPES
from graphsage.graph.features import SparseFeatures, as_features
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.reductions import REDUCTIONS, merged_rows


def free_memory(device):
    """Bytes of a GPU that are free, or that torch keeps for what comes next."""
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


class FeatureStore:
    """Features of N nodes, dense or sparse. Sparse rows stay sparse, on the CPU: they come out as ``CSRMatrix``.

    device: where dense features are kept, and their rows come out. dtype: dense features are kept so: "float32", or "bfloat16"
    in half the memory, rounded to 8 significant bits (sums are still float32, and so is what comes out).
    """

    def __init__(self, features, *, device="cpu", dtype="float32"):
        self.features = _canonical(as_features(features))
        self.is_sparse = isinstance(self.features, SparseFeatures)
        self.device = torch.device("cpu" if self.is_sparse else device)
        one_of("feature_dtype", dtype, FEATURE_DTYPES)
        if self.is_sparse and dtype != "float32":
            raise ValueError(f"feature_dtype = {dtype!r} is for dense features: sparse ones are float32")
        if not self.is_sparse:
            with warnings.catch_warnings():  # torch warns of read-only memory; nothing here writes to it
                warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
                dense = torch.from_numpy(self.features)
            self._dense = (dense if dtype == "float32" else _as_bfloat16(dense)).to(self.device)

    def __reduce__(self):
        dtype = "float32" if self.is_sparse else str(self._dense.dtype).removeprefix("torch.")
        return partial(FeatureStore, device=self.device, dtype=dtype), (self.features,)  # the rows once, not as a tensor too

    def __len__(self):
        """N."""
        return self.features.shape[0]

    @property
    def num_features(self):
        """F."""
        return self.features.shape[1]

    @property
    def mapped_rows(self):
        """float32 array [N, F] in a mapped file, where rows are read from there; else None."""
        is_read_there = not self.is_sparse and self.device.type == "cpu" and self._dense.dtype == torch.float32
        return self.features if is_read_there and is_mapped(self.features) else None

    def rows(self, ids):
        """The rows of int ids [M], as a float32 tensor [M, F] or a CSRMatrix of that shape."""
        if not self.is_sparse:
            return self._dense.index_select(0, ids).float()
        taken = self.features.take(ids.numpy())
        values = None if taken.values is None else np.array(taken.values)
        return CSRMatrix.from_numpy(taken.indptr, np.array(taken.indices), values, self.num_features)

    def reduce(self, kind, block, ids):
        """The rows [M, F] that aggregator ``kind`` makes of the neighbours of ``ids``, without materialising those.

        block: CSRMatrix [M, N], row i: the neighbours of ids[i], as global ids. ids: int [M].
        """
        if self.is_sparse:
            rows = self.features
            sparse_rows = rows.indptr, rows.indices, rows.values, rows.num_columns
            return merged_rows(kind, block.indptr.numpy(), block.indices.numpy(), ids.numpy(), *sparse_rows)
        table, own = self._dense, self.rows(ids) if kind == "gcn" else None
        if kind == "max" and table.dtype == torch.bfloat16:  # the maximum has no kernel for it
            nodes, columns = block.indices.unique(return_inverse=True)
            block, table = replace(block, indices=columns.int(), num_cols=len(nodes)), self.rows(nodes)
        with torch.no_grad():
            return REDUCTIONS[kind](table, block, own).float()


def _as_bfloat16(dense):
    """In memory of numpy's, which asks the system for huge pages: rows far apart are read from those in three quarters of the
    time that torch's own small ones take."""
    return torch.from_numpy(np.empty(dense.shape, np.int16)).view(torch.bfloat16).copy_(dense)


def _canonical(features):
    """Columns that a sparse row lists twice are added up here: the maximum must see the sum, not the parts."""
    if not isinstance(features, SparseFeatures):
        return features
    matrix = features.to_scipy()
    return features if matrix.has_canonical_format else as_features(matrix)
