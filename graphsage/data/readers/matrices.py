"""Graphs as sparse square matrices: Matrix Market (.mtx) and MATLAB (.mat) files, which scipy reads.

A node is a row, from 0. An entry that is not 0 in row i and column j is an edge from i to j; of a matrix that equals its
transpose each edge is taken once. A .mat file may hold labels and attributes beside it, under the names that such files have.
"""

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables, edge_table
from graphsage.data.readers.look import is_called, read_as, stream_of
from graphsage.data.readers.npz import ALWAYS_READ

ADJACENCY = ("network", "a", "adj", "adjacency", "graph", "net", "w", "g")
LABELS = ("group", "label", "labels", "gnd", "y", "class", "classes")
ATTRIBUTES = ("attributes", "attribute", "attrb", "attr", "features", "feature", "feat", "fea", "x")
MOST_A_BYTE = 64  # rows or entries that a byte of the file may claim
FEW = 20  # columns of a table beside: each is a column of nodes
ONE_WAY = "the matrix is not symmetric: edges are taken both ways (--directed: one way, from row to column)"


def fits_matrix_market(path):
    """Is it called a Matrix Market file?"""
    return is_called(path, ".mtx")


def tables_matrix_market(path):
    """The ``GraphTables`` of a Matrix Market file. Entries other than 1 are weights."""
    from scipy.io import mminfo, mmread
    from scipy.sparse import coo_array

    stream = stream_of(path)
    with read_as(path, "Matrix Market"):
        if b"\0" in stream.getvalue():  # scipy's parser crashes on it
            raise DatasetError(f"{path} is no intact Matrix Market file: it has a byte 0 and is no text")
        rows, columns, entries, *_ = mminfo(stream)
        _check_size(path, rows, columns, entries, len(stream.getbuffer()))
        stream.seek(0)
        matrix = coo_array(mmread(stream))
    edges, notes = _edges(path, matrix)
    return GraphTables(edges=edges, nodes=_nodes(matrix.shape[0]), notes=notes)


def fits_matlab(path):
    """Is it called a MATLAB file?"""
    return is_called(path, ".mat")


def tables_matlab(path):
    """The ``GraphTables`` of a .mat file: a sparse square matrix, labels [N] or [N, C] of 0 and 1, attributes [N, F]."""
    arrays, others = _arrays(path)
    name, matrix = _adjacency(path, arrays)
    num_nodes, used = matrix.shape[0], {name}
    edges, notes = _edges(path, matrix)
    columns, array = {}, None
    if found := _of_nodes(arrays, LABELS, num_nodes, used):
        columns |= _labels(path, found, arrays[found])
    if found := _of_nodes(arrays, ATTRIBUTES, num_nodes, used):
        array = arrays[found]
    for other in [other for other in arrays if other not in used]:
        columns |= _beside(other, arrays[other], num_nodes, used)
    unused = sorted({*arrays, *others} - used)
    notes = [f"edges: {name}", *notes, *([f"not used: {', '.join(unused)[:200]}"] if unused else [])]
    return GraphTables(edges=edges, nodes=_nodes(num_nodes, columns), array=array, notes=notes)


def _check_size(path, rows, columns, entries, size):
    """A line of a file can claim any size; scipy takes the memory at once."""
    if rows != columns:
        raise DatasetError(f"{path} has a matrix of {rows} rows and {columns} columns: the edges of a graph need a square one")
    if rows > MOST_A_BYTE * size or entries > size:
        raise DatasetError(f"{path} claims {rows:,} rows and {entries:,} entries in {size:,} bytes: it is not read")


def _edges(path, matrix):
    """(the table of edges, notes) of a sparse matrix."""
    matrix = matrix.tocoo()
    if matrix.dtype.kind == "c":
        raise DatasetError(f"{path} has complex numbers: weights must be numbers >= 0")
    matrix.eliminate_zeros()
    if not matrix.nnz:
        raise DatasetError(f"{path} has no entry other than 0: there is no edge")
    is_symmetric = abs(matrix - matrix.T).nnz == 0
    kept = matrix.row <= matrix.col if is_symmetric else np.ones(matrix.nnz, bool)
    edges, notes = edge_table(matrix.row[kept], matrix.col[kept], np.asarray(matrix.data, float)[kept])
    return edges, notes + ([] if is_symmetric else [ONE_WAY])


def _nodes(num_nodes, columns=None):
    import pyarrow as pa

    return pa.table({"id": np.arange(num_nodes)} | (columns or {}))


# ---- MATLAB


def _arrays(path):
    """({name: array of two dimensions}, other names) of the numbers in a .mat file, sparse ones as scipy has them."""
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    with read_as(path, "MATLAB", MatReadError):
        stream = stream_of(path)
        if b"MATLAB 7.3" in stream.getbuffer()[:128].tobytes() or stream.getbuffer()[:4].tobytes() == b"\x89HDF":
            raise DatasetError(f"{path} is of MATLAB 7.3, which is another format: save it again with save(..., '-v7')")
        listed, most = whosmat(stream), max(ALWAYS_READ, MOST_A_BYTE * len(stream.getbuffer()))
        names = [name for name, shape, kind in listed if len(shape) == 2 and kind not in ("cell", "struct", "object", "char")]
        for _, shape, kind in listed:
            if 8 * np.prod(shape, dtype=float) > most and (kind != "sparse" or shape[0] > most // 8):
                raise DatasetError(f"{path} claims an array of shape {tuple(shape)}: it is not read")
        structs = [name for name, _, kind in listed if kind == "struct"]
        found = loadmat(stream, variable_names=[*names, *structs])
        others = {name for name, *_ in listed} - {*names, *structs}
        return {name: found[name] for name in names} | _in_struct(found, structs), others


def _in_struct(found, structs):
    """The fields of structures (SuiteSparse: Problem.A) that are numbers."""
    made = {}
    for name in structs:
        fields = found[name][0, 0] if found[name].size == 1 else {}
        for field in getattr(found[name].dtype, "names", None) or ():
            value = fields[field] if found[name].size == 1 else None
            if getattr(value, "ndim", 0) == 2 and value.dtype.kind in "biuf":
                made[field] = value
    return made


def _adjacency(path, arrays):
    """(name, matrix) of the edges: that of a usual name, else the only sparse square one."""
    from scipy.sparse import coo_array, issparse

    square = [name for name, of in arrays.items() if of.shape[0] == of.shape[1] > 1 and (issparse(of) or _is_usual(name))]
    usual = sorted((name for name in square if _is_usual(name)), key=lambda name: ADJACENCY.index(name.lower()))
    found = usual[:1] or (square if len(square) == 1 else [])
    if not found:
        held = ", ".join(f"{name} {list(of.shape)}" for name, of in arrays.items())
        rule = f"must have one sparse square matrix, called {', '.join(ADJACENCY[:3])} or alike, with the edges"
        raise DatasetError(f"{path} {rule}; it has {held[:200] or 'no matrix'}")
    return found[0], coo_array(arrays[found[0]])


def _is_usual(name):
    return name.lower() in ADJACENCY


def _of_nodes(arrays, names, num_nodes, used):
    """The array of one of the ``names`` with a row (or, where it is a row, a column) a node; None if there is none."""
    for name in sorted((name for name in arrays if name.lower() in names), key=lambda name: names.index(name.lower())):
        shape = arrays[name].shape
        if name not in used and (shape[0] == num_nodes or shape == (1, num_nodes)):
            used.add(name)
            return name
    return None


def _labels(path, name, values):
    """{column: values}: a class a node, or names of several."""
    from scipy.sparse import csr_array, issparse

    if 1 in values.shape:
        return {"label": _whole_numbers((values.toarray() if issparse(values) else values).ravel())}
    rows = csr_array(values)
    rows.eliminate_zeros()
    if (rows.data != 1).any():
        raise DatasetError(f"{path}: {name} of shape {list(values.shape)} must be 0 and 1, a column a class")
    if (np.diff(rows.indptr) == 1).all():
        return {"label": rows.indices.astype(np.int64)}
    return {"labels": [";".join(map(str, rows.indices[start:end])) or ";" for start, end in zip(rows.indptr, rows.indptr[1:])]}


def _whole_numbers(values):
    """MATLAB has classes as floats."""
    is_whole = values.dtype.kind == "f" and np.isfinite(values).all() and (values == np.floor(values)).all()
    return values.astype(np.int64) if is_whole or values.dtype.kind in "iu" else values.astype(np.float64)


def _beside(name, values, num_nodes, used):
    """Columns NAME_1, NAME_2, ... of a small table with a row a node, as the local_info of Facebook's networks."""
    from scipy.sparse import issparse

    if issparse(values) or values.shape[0] != num_nodes or values.shape[1] > FEW:
        return {}
    used.add(name)
    return {f"{name}_{at + 1}": _whole_numbers(values[:, at]) for at in range(values.shape[1])}
