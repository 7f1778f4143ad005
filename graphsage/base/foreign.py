"""Tensors, data frames and sparse matrices of other libraries as numpy and scipy have them; none is imported to know them."""

from collections.abc import Iterator

import numpy as np

from graphsage.base.told import names_of


def is_tensor(value):
    """Is it a tensor of torch?"""
    return any(kind.__name__ == "Tensor" and kind.__module__.partition(".")[0] == "torch" for kind in type(value).__mro__)


def is_sparse(value):
    """Is it a sparse matrix, of scipy or torch?"""
    if is_tensor(value):
        return "sparse" in str(value.layout)
    return hasattr(value, "tocsr") and not isinstance(value, type)


def is_networkx(value):
    """Is it a networkx graph, or what looks like one?"""
    looks = not isinstance(value, type) and hasattr(value, "is_directed") and hasattr(value, "adj")
    return looks and not {"torch_geometric", "dgl"} & set(names_of(value))


def plain(name, values):
    """``values`` as numpy reads it well: tensors, data frames and iterators as arrays and lists; the rest as it is.

    A tensor may need a gradient, and lie on any device in any layout; bfloat16 and smaller become float32.
    """
    if is_tensor(values):
        return _of_tensor(name, values)
    if hasattr(values, "tocsr") and hasattr(values, "toarray"):
        return values.toarray()
    if isinstance(values, (list, tuple)) and len(values) and is_tensor(values[0]):
        return [plain(name, value) for value in values]
    if "pandas" in names_of(values):
        return _of_pandas(name, values)
    return list(values) if isinstance(values, Iterator) else values


def _of_tensor(name, tensor):
    if tensor.is_nested:
        raise TypeError(f"{name} must be a tensor of one shape, got a nested one")
    try:
        tensor = tensor.detach().cpu()
        tensor = tensor.dequantize() if tensor.is_quantized else tensor
        tensor = tensor if str(tensor.layout) == "torch.strided" else tensor.to_dense()
        tensor = tensor.float() if tensor.is_floating_point() and tensor.element_size() < 3 else tensor
        return tensor.resolve_conj().resolve_neg().numpy()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise TypeError(f"{name} must be a tensor that can be read as an array, got one on {tensor.device}: {reason}") from None


def _of_pandas(name, values):
    """Of nullable columns the plain numbers, NaN where one is missing; a frame of numbers as one table of them."""
    if hasattr(values, "columns"):
        return _of_frame(name, values)
    kind = getattr(getattr(values, "dtype", None), "numpy_dtype", None)
    if kind is None or kind.kind not in "biuf":
        return values
    return values.to_numpy(np.float64, na_value=np.nan) if values.isna().any() else values.to_numpy(kind)


def _of_frame(name, frame):
    if frame.to_numpy().dtype.kind in "biuf":
        return frame
    columns = [np.asarray(plain(name, frame.iloc[:, at])) for at in range(frame.shape[1])]
    odd = next((at for at, column in enumerate(columns) if column.dtype.kind not in "biuf"), None)
    if odd is not None:
        kind = frame.dtypes.iloc[odd]
        raise TypeError(f"{name} must be numbers, got a column {frame.columns[odd]!r} of {kind}: leave it out")
    return np.column_stack(columns) if columns else np.empty(frame.shape)


def as_scipy(name, matrix):
    """The scipy matrix of a sparse one of scipy or torch: COO, CSR and CSC as their entries lie, others as CSR."""
    if not is_tensor(matrix):
        return matrix
    from scipy import sparse

    if matrix.ndim != 2 or matrix.dense_dim():
        raise ValueError(f"{name} must be a sparse matrix of two dimensions, got shape {tuple(matrix.shape)}")
    matrix, layout = matrix.detach(), str(matrix.layout).removeprefix("torch.sparse_")
    if layout == "coo":
        return sparse.coo_array((_entries(name, matrix._values()), plain(name, matrix._indices())), matrix.shape)
    if layout in ("bsr", "bsc"):
        return as_scipy(name, matrix.to_sparse_coo())
    is_csr = layout == "csr"
    inner, outer = (matrix.crow_indices(), matrix.col_indices()) if is_csr else (matrix.ccol_indices(), matrix.row_indices())
    parts = _entries(name, matrix.values()), plain(name, outer), plain(name, inner)
    made = (sparse.csr_array if is_csr else sparse.csc_array)(parts, matrix.shape)
    made.check_format(full_check=True)  # torch need not have, and scipy would read what lies beside the memory
    return made


def _entries(name, values):
    values = plain(name, values)
    return values.astype(np.float32) if values.dtype == np.float16 else values  # scipy adds up no half precision
