"""Things of other libraries, told by the names of their classes: none of them is imported for it.

What is plain becomes an array (``plain``), or a sparse matrix of scipy (``as_scipy``). Of what is not, ``told`` and ``maker``
say what it is, and which function makes ours of it.
"""

from collections.abc import Iterator

import numpy as np

ROWS = "Graph.from_edges(*edge_index, num_nodes) makes one of an edge_index, whose rows are src and dst"
TENSORS = "Graph.from_scipy({0}) makes one of a sparse matrix, Graph.from_edges(*{0}, num_nodes) of an edge_index"
DGL = "Graph.from_edges(*{0}.edges(), {0}.num_nodes())"
#: What is wanted: what was given, by its library or class: the function that makes the one of the other.
MAKERS = {
    "Graph": {
        "networkx": "Graph.from_networkx({0}) makes one",
        "scipy": "Graph.from_scipy({0}) makes one",
        "torch_geometric": "graphsage.interop.from_pyg({0}).graph is one",
        "dgl": DGL + " makes one",
        "NodeDataset": "{0}.graph is one",
        "NeighborSampler": "{0}.graph is one",
        "dict": "Graph.from_adjacency_dict({0}) makes one",
        "torch": TENSORS,
        **dict.fromkeys(("numpy", "list", "tuple"), ROWS),
    },
    "NodeDataset": {
        "torch_geometric": "graphsage.interop.from_pyg({0}) makes one",
        "networkx": "NodeDataset.from_networkx({0}, label=...) makes one",
        "dgl": "NodeDataset(graph=" + DGL + ", features=..., labels=..., train=..., val=..., test=...) makes one",
        "Graph": "NodeDataset(graph={0}, features=..., labels=..., train=..., val=..., test=...) makes one",
        **dict.fromkeys(("str", "PurePath"), "load_dataset({0}) reads one"),
    },
    "matrix": dict.fromkeys(("numpy", "list", "torch"), "scipy.sparse.csr_array({0}) makes one"),
}
LIBRARIES = ("dgl", "networkx", "pandas", "polars", "scipy", "torch", "torch_geometric")  # named before their things
GRAPHS = ("networkx", "torch_geometric", "dgl", "graphsage")  # whose things are no arrays, whatever numpy reads into them


def names_of(value):
    """The names of its classes, the bases' too, and of the libraries that they come from, the nearest first."""
    return [name for kind in type(value).__mro__ for name in (kind.__name__, kind.__module__.partition(".")[0])]


def told(value):
    """What it is, for people: "networkx.Graph", "ndarray", "the class GraphSAGE"."""
    if isinstance(value, type):
        return f"the class {value.__name__}, not an object of it"
    root, name = type(value).__module__.partition(".")[0], type(value).__name__
    return f"{root}.{name}" if root in LIBRARIES else name


def maker(wanted, name, value):
    """": Graph.from_networkx(graph) makes one", where there is a function for that; else ""."""
    makers = {} if isinstance(value, type) else MAKERS.get(wanted, {})
    found = next((makers[kind] for kind in names_of(value) if kind in makers), None)
    return "" if found is None else f": {found.format(name)}"


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
    if layout == "csc":
        parts = matrix.row_indices(), matrix.ccol_indices()
        return sparse.csc_array((_entries(name, matrix.values()), *(plain(name, part) for part in parts)), matrix.shape)
    if layout in ("bsr", "bsc"):
        return as_scipy(name, matrix.to_sparse_coo())
    parts = matrix.col_indices(), matrix.crow_indices()
    return sparse.csr_array((_entries(name, matrix.values()), *(plain(name, part) for part in parts)), matrix.shape)


def _entries(name, values):
    values = plain(name, values)
    return values.astype(np.float32) if values.dtype == np.float16 else values  # scipy adds up no half precision
