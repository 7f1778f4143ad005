"""Node features: a dense float32 matrix, or sparse rows (bag of words) that never turn into a dense N x F array."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from graphsage.base.checks import ReadOnlyRecord, as_array, as_count, as_indices, integer_array, read_only, refuse_giants
from graphsage.base.foreign import as_scipy, is_sparse
from graphsage.base.in_order import in_order
from graphsage.base.memory import is_mapped
from graphsage.base.trusted import is_trusted, trusted
from graphsage.graph.build import checked_indptr, indptr_of

CHUNK = 1 << 22  # values looked at together when a large (perhaps memory-mapped) array is scanned


@dataclass(frozen=True, eq=False)
class SparseFeatures(ReadOnlyRecord):
    """N rows of F features, CSR: row i has ``values`` at columns ``indices[indptr[i]:indptr[i + 1]]``, 0 elsewhere.

    indptr: int64[N + 1]; indices: int32[nnz] in [0, F), a column listed twice in a row adds up;
    values: float32[nnz], finite, or None for all ones; num_columns: F.

    The arrays are shared with the caller where their dtypes allow, not copied: writing to them afterwards breaks what was
    checked here.
    """

    indptr: np.ndarray
    indices: np.ndarray
    values: np.ndarray | None
    num_columns: int

    def __post_init__(self):
        columns = as_count("num_columns", self.num_columns, least=1, most=2**31 - 1)
        indices = integer_array("feature indices", self.indices)
        indptr = checked_indptr(self.indptr, indices.shape)
        indices = as_indices("feature indices", indices, columns, "is not a column: the features have", np.int32)
        object.__setattr__(self, "num_columns", columns)
        object.__setattr__(self, "indptr", read_only(indptr))
        object.__setattr__(self, "indices", read_only(indices))
        if self.values is not None:
            object.__setattr__(self, "values", read_only(_checked_values(self.values, len(indices))))

    @classmethod
    def _trusted(cls, **parts):
        """From arrays that are right by construction: no check, which would read every entry once more."""
        made = cls.__new__(cls)
        made.__setstate__(parts)
        return made

    @classmethod
    def identity(cls, num_rows: int) -> Self:
        """A column for each row: what stands for features where there are none, so that nodes differ by who they are."""
        return cls(np.arange(num_rows + 1), np.arange(num_rows), None, max(num_rows, 1))

    @property
    def is_identity(self) -> bool:
        """Whether they are those of ``identity``: there were no features."""
        if self.values is not None or self.num_columns != max(self.num_rows, 1):
            return False
        return np.array_equal(self.indices, np.arange(self.num_rows))

    @property
    def num_rows(self) -> int:
        """N."""
        return len(self.indptr) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """(N, F)."""
        return self.num_rows, self.num_columns

    @property
    def num_entries(self) -> int:
        """nnz, the stored values of all rows."""
        return len(self.indices)

    def take(self, rows: np.ndarray) -> Self:
        """The given rows (int[M] array, each in [0, N), trusted), in that order, repeats included."""
        starts = self.indptr[rows]
        counts = self.indptr[rows + 1] - starts
        indptr = indptr_of(counts)
        at = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], counts)
        values = None if self.values is None else self.values[at]
        return self._trusted(indptr=indptr, indices=self.indices[at], values=values, num_columns=self.num_columns)

    def to_scipy(self) -> Any:
        """``scipy.sparse.csr_array`` float32 [N, F]."""
        from scipy.sparse import csr_array

        values = np.ones(len(self.indices), np.float32) if self.values is None else self.values
        return csr_array((values, self.indices, self.indptr), shape=self.shape, copy=True)

    def row_normalized(self) -> Self:
        """Each row divided by the sum of its absolute values; an all-zero row stays zero."""
        values = np.empty(len(self.indices), np.float32)
        for start in range(0, self.num_rows, CHUNK):  # some rows at a time: indices may be a memory map
            indptr = self.indptr[start : start + CHUNK + 1]
            first, end = indptr[0], indptr[-1]
            sizes = np.ones(end - first, np.float32) if self.values is None else self.values[first:end]
            rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
            sums = np.bincount(rows, weights=np.abs(sizes), minlength=len(indptr) - 1)
            sums[sums == 0] = 1
            values[first:end] = sizes / sums[rows]
        return self._trusted(indptr=self.indptr, indices=self.indices, values=values, num_columns=self.num_columns)


def as_features(features):
    """Checked node features: float32 [N, F] ndarray (shared where it can be) or ``SparseFeatures``.

    Takes arrays and tensors of any real dtype, sparse matrices of scipy and torch, and ``SparseFeatures``. NaN and infinity are
    refused. What it returned before comes back as it is: a matrix that is larger than memory, say, is read through once, not by
    each that is given it.
    """
    if isinstance(features, SparseFeatures) or is_trusted("features", features):
        return features
    if is_sparse(features):
        if len(features.shape) != 2:
            raise ValueError(f"features must have shape [nodes, features >= 1], got {tuple(features.shape)}")
        matrix = as_scipy("features", features).tocsr()
        if not matrix.has_canonical_format:  # entries listed twice are summed, as everywhere else
            matrix = matrix.copy()
            matrix.sum_duplicates()
        return SparseFeatures(matrix.indptr, matrix.indices, _without_ones(matrix.data), matrix.shape[1])
    return trusted("features", _checked_dense(features))


def row_normalize(features: Any) -> np.ndarray | SparseFeatures:
    """Each row divided by the sum of its absolute values (dense or sparse); an all-zero row stays zero."""
    features = as_features(features)
    if hasattr(features, "row_normalized"):  # sparse, or in shards
        return features.row_normalized()
    if is_mapped(features):
        refuse_giants("features on a disk, of which a copy has each row divided by its sum,", features.nbytes)
    out = np.empty_like(features)
    for start, part in in_order(features, max(1, CHUNK // features.shape[1])):
        sums = np.abs(part).sum(axis=1, keepdims=True, dtype=np.float64)  # [rows, 1]; float32 could overflow
        sums[sums == 0] = 1
        np.divide(part, sums, out=out[start : start + len(part)], casting="same_kind")
    return out


def _checked_dense(features):
    array = as_array("features", features)
    if array.ndim != 2 or array.shape[1] == 0:
        hint = ", None: SparseFeatures.identity(num_nodes) stands in where there are none" if features is None else ""
        raise ValueError(f"features must have shape [nodes, features >= 1], got {array.shape}{hint}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"features must be real numbers, got {array.dtype}")
    for start, part in in_order(array, max(1, CHUNK // array.shape[1])):
        finite = np.isfinite(part)
        if not finite.all():
            row, column = np.argwhere(~finite)[0] + (start, 0)
            raise ValueError(f"features must be finite, got features[{row}, {column}] = {array[row, column]}")
    with np.errstate(over="ignore"):
        dense = np.ascontiguousarray(array, np.float32)
    if dense.dtype != array.dtype and array.dtype.kind == "f" and not np.isfinite(dense).all():
        raise ValueError(f"features must fit float32, got {np.abs(array).max()}")
    return read_only(dense)


def _checked_values(values, count):
    values = as_array("feature values", values)
    if values.shape != (count,) or values.dtype.kind not in "biuf":
        raise ValueError(f"feature values must be real numbers of shape ({count},), got {values.dtype} {values.shape}")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        at = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"feature values must be finite in float32, got values[{at}] = {values[at]}")
    return values


def _without_ones(values):
    return None if np.all(values == 1) else values
