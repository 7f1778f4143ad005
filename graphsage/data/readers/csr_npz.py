"""NAME.npz with the arrays of sparse matrices side by side, as the GUST, ppnp and gnn-benchmark files have them.

    adj_data, adj_indices, adj_indptr, adj_shape        the adjacency matrix [N, N] in CSR form
    attr_data, attr_indices, attr_indptr, attr_shape    the features [N, F] in CSR form; or attr_matrix, a dense array; or none
    labels                                              int[N]

Newer files write ``adj_matrix.data`` for ``adj_data``; every mixture of the two is read. What else they hold (node_names,
attr_names, class_names, idx_to_*, metadata) are pickles for the most part: it stays unread.
"""

from itertools import product
from pathlib import Path

import numpy as np

from graphsage.data.dataset import DatasetError, NodeDataset
from graphsage.data.errors import told_of
from graphsage.data.readers.npz import npz_names, npz_of, read_npz
from graphsage.data.split import random_split
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

CSR = ("data", "indices", "indptr", "shape")
DENSE, NAMES = "attr_matrix", "attr_names"


def holds_csr_npz(folder):
    """NAME of the one file in ``folder`` with these arrays, or None."""
    return npz_of(folder, fits_csr_npz)


def fits_csr_npz(names):
    """Whether a .npz file with arrays of these ``names`` is such a file."""
    return "labels" in names and _spelling(names, "adj") is not None


def read_csr_npz(folder, name, *, class_names=None, split=None):
    """The dataset of the file ``NAME.npz`` in ``folder``, with a random split.

    N nodes, F features. Every stored entry that is not 0 is an undirected edge, whatever its value; each pair once, self
    loops dropped; an edge's id is its place in ``adj_indices``. Sparse features stay sparse (``SparseFeatures``, without
    values where all are 1), entries stored twice add up; nothing is row-normalised. Without features each node has a column of
    its own, as in tables without any. Labels are as stored.

    split: number of the ``random_split`` (half / a quarter / a quarter) of the labelled nodes; the files hold none.
    Raises DatasetError, one sentence that starts with the file's path; an object array among those above is one.
    """
    path = Path(folder) / f"{name}.npz"
    adjacency, attributes = _names(path)
    arrays = read_npz(path, (*adjacency, *attributes, "labels"))
    with told_of(path):
        labels = arrays["labels"]
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise DatasetError(f"labels must be one-dimensional, of integers, got {labels.dtype} {labels.shape}")
        return NodeDataset(
            graph=_graph([arrays[key] for key in adjacency], len(labels)),
            features=_features([arrays[key] for key in attributes]) if attributes else SparseFeatures.identity(len(labels)),
            labels=labels,
            **random_split(np.flatnonzero(labels >= 0), split),
            class_names=class_names,
            name=name,
        )


def _names(path):
    """The names of the adjacency's four arrays, and those of the features: four, one, or none."""
    held = npz_names(path)
    adjacency, attributes = _spelling(held, "adj"), _spelling(held, "attr") or tuple({DENSE} & set(held))
    if adjacency is None or (not attributes and any(name.startswith("attr_") and name != NAMES for name in held)):
        raise DatasetError(f"{path} must hold adj_data, adj_indices, adj_indptr, adj_shape and the same of attr, or {DENSE}")
    return adjacency, attributes


def _spelling(held, matrix):
    """The names under which a file holds the four arrays of a matrix, or None."""
    for middle, separator in product(("", "_matrix"), "._"):
        names = tuple(f"{matrix}{middle}{separator}{part}" for part in CSR)
        if set(names) <= set(held):
            return names
    return None


def _graph(arrays, num_nodes):
    values, indices, indptr, shape = arrays
    if shape.tolist() != [num_nodes, num_nodes] or indptr.shape != (num_nodes + 1,):
        found = f"shape {_shown(shape)} and an indptr of shape {indptr.shape}"
        raise DatasetError(f"the adjacency matrix must have {num_nodes} rows and columns, one a label, got {found}")
    _check_values("adjacency matrix", values, indices)
    src, dst = Graph.from_csr(indptr, indices).to_edges()
    kept = np.flatnonzero(values)
    return Graph.from_edges(
        src[kept], dst[kept], num_nodes, edge_ids=kept, undirected=True, duplicates="drop", self_loops="drop"
    )


def _features(arrays):
    if len(arrays) == 1:
        return arrays[0]
    values, indices, indptr, shape = arrays
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or indptr.shape != (shape[0] + 1,):
        found = f"shape {_shown(shape)} and an indptr of shape {indptr.shape}"
        raise DatasetError(f"the features must have as many rows as their shape and their indptr say, got {found}")
    _check_values("matrix of features", values, indices)
    return SparseFeatures(indptr, indices, None if np.all(values == 1) else values, int(shape[1]))


def _shown(shape):
    return shape.tolist() if shape.size < 9 else f"of {shape.size} numbers"


def _check_values(matrix, values, indices):
    if values.shape != indices.shape:
        raise DatasetError(f"the {matrix} must have one value a column number, {indices.shape}, got {values.shape}")
