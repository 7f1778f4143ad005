"""HeCo's files of a typed graph (Wang, Liu, Han, Shi 2021; ACM, DBLP, AMiner, Freebase) -> TypedDataset. A letter is a type.

    XY.txt                          "x<tab>y" a line: node x of type X has node y of type Y; each type counts from 0
    X_feat.npz                      features of type X: a scipy matrix (csr, coo) or a dense .npy of that name; may be missing
    labels.npy                      [N], the classes of the only type with N nodes: the target
    train_20.npy, val_20.npy, ...   ids of target nodes, and the same with 40 and 60: how many of a class there are to train on

Whatever else there is (metapath neighbours, positive pairs) is not read.
"""  # fmt: skip

import re
import zipfile
from pathlib import Path

import numpy as np

from graphsage.base.checks import as_count
from graphsage.data.dataset import SPLITS, DatasetError
from graphsage.data.errors import told_of
from graphsage.data.readers.npz import npz_names, read_npy, read_npz
from graphsage.data.readers.text import read_integers
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph

RELATION, TRAIN = re.compile(r"([a-z])([a-z])\.txt"), re.compile(r"train_([0-9]{1,9})\.npy")
NAMES = {
    "a": "author", "c": "conference", "d": "director", "m": "movie", "p": "paper", "r": "reference", "s": "subject",
    "t": "term", "w": "writer",
}  # fmt: skip
CSR, COO = ("indices", "indptr", "shape", "data"), ("row", "col", "shape", "data")


def holds_heco(folder):
    """The folder's name if it holds such files, else None."""
    folder = Path(folder).resolve()
    is_there = (folder / "labels.npy").is_file() and _found(folder, TRAIN) and _found(folder, RELATION)
    return folder.name if is_there else None


def read_heco(folder, name, *, class_names=None, split=None):
    """The ``TypedDataset`` of the files in ``folder``, under ``name``, with one of its published splits.

    Types are called "paper", "author", "subject", "conference", "term", ... ("a" beside movies is "actor"; another letter is
    its own name), and a file XY.txt is the relation (X, "has", Y), with its reverse (Y, "rev_has", X). The id of an edge is
    its line. Features are as stored, sparse or dense, not row-normalised; a type without has a column a node, as many as its
    edges name.

    split: 0, 1, ...: the fewest labels to train on first (20, 40, 60 a class); None as 0.
    Raises DatasetError, one sentence that starts with a path, for a missing or damaged file.
    """
    folder = Path(folder)
    ends = {at: read_integers(folder / f"{at}.txt", 2, separator="\t") for at in _found(folder, RELATION)}
    letters = list(dict.fromkeys("".join(ends)))
    features = {at: _features(folder / f"{at}_feat.npz") for at in letters if (folder / f"{at}_feat.npz").is_file()}
    sizes = {at: features[at].shape[0] if at in features else _named(folder, at, ends) for at in letters}
    labels = _labels(folder / "labels.npy")
    called = {at: "actor" if at == "a" and "m" in letters else NAMES.get(at, at) for at in letters}
    target = called[_target(folder, sizes, len(labels))]
    edges = {(called[at[0]], "has", called[at[1]]): pair.T for at, pair in ends.items()}
    with told_of(folder):
        return TypedDataset(
            graph=TypedGraph({called[at]: size for at, size in sizes.items()}, edges, reverse=True),
            features={called[at]: of for at, of in features.items()},
            target=target,
            labels=labels,
            **_split(folder, split),
            class_names=class_names,
            name=name,
        )


def _found(folder, pattern):
    """What the pattern's groups are, joined, in the names of files; sorted, numbers as numbers."""
    found = [match for path in sorted(folder.glob("*")) if (match := pattern.fullmatch(path.name)) and path.is_file()]
    return sorted(("".join(match.groups()) for match in found), key=lambda text: (len(text), text))


def _named(folder, letter, ends):
    """How many nodes a type without features has: its edges name each of them."""
    own = [pair[:, at] for name, pair in ends.items() for at in (0, 1) if name[at] == letter]
    ids = np.unique(np.concatenate(own))
    if len(ids) and ids[-1] != len(ids) - 1:
        gap = int(np.argmax(ids != np.arange(len(ids))))
        rule = f"has no {letter}_feat.npz, so its edges must name all nodes: {gap} is missing"
        raise DatasetError(f"{folder}: type {letter} {rule}")
    return len(ids)


def _target(folder, sizes, count):
    fitting = [letter for letter, size in sizes.items() if size == count]
    if len(fitting) != 1:
        found = ", ".join(f"{letter}: {size}" for letter, size in sizes.items())
        raise DatasetError(f"{folder / 'labels.npy'} has {count} labels, which must be those of one type; there are {found}")
    return fitting[0]


def _labels(path):
    """int64[N]; ACM has them as floats."""
    labels = read_npy(path)
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64)
    if labels.ndim != 1 or not np.array_equal(whole, labels):
        raise DatasetError(f"{path} must be one-dimensional, of whole numbers, got {labels.dtype} {labels.shape}")
    return whole


def _split(folder, split):
    listed = _found(folder, TRAIN)
    size = listed[as_count("split", split or 0, most=len(listed) - 1)]
    return {part: read_npy(folder / f"{part}_{size}.npy") for part in SPLITS}




def _features(path):
    if not zipfile.is_zipfile(path):
        return read_npy(path)
    held = npz_names(path)
    arrays = read_npz(path, COO if "row" in held else CSR)
    with told_of(path):
        return _of_coo(arrays) if "row" in held else _of_csr(arrays)


def _of_csr(arrays):
    num_rows, num_columns = _shape(arrays)
    if len(arrays["indptr"]) != num_rows + 1:
        raise DatasetError(f"the matrix must be in CSR form, with an indptr of {num_rows + 1}, got {len(arrays['indptr'])}")
    return SparseFeatures(arrays["indptr"], arrays["indices"], _values(arrays["data"]), num_columns)


def _of_coo(arrays):
    num_rows, num_columns = _shape(arrays)
    rows, columns = arrays["row"], arrays["col"]
    if rows.ndim != 1 or not rows.shape == columns.shape == arrays["data"].shape or rows.dtype.kind not in "iu":
        raise DatasetError(f"row, col and data must be as long as each other, got {rows.shape} and {columns.shape}")
    if len(rows) and not (0 <= rows.min() and rows.max() < num_rows):
        raise DatasetError(f"row must be from 0 to {num_rows - 1}, got {rows.min()} to {rows.max()}")
    order = np.lexsort((columns, rows))
    indptr = indptr_of(np.bincount(rows, minlength=num_rows))
    return SparseFeatures(indptr, columns[order], _values(arrays["data"][order]), num_columns)


def _shape(arrays):
    shape = arrays["shape"]
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or not 0 <= shape[0] <= len(arrays["data"]) + 2**24:
        raise DatasetError(f"shape must be two numbers, got {shape.dtype} {shape.reshape(-1)[:3].tolist()}")
    return shape.tolist()


def _values(values):
    return None if np.all(values == 1) else values
