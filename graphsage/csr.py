"""Array helpers behind ``Graph``: checks of CSR parts, and labels to row numbers."""

import numpy as np

from graphsage.checks import MAX_NODES, as_integers


def checked_indptr(indptr, indices_shape):
    """``indptr`` as int64[N + 1] that rises from 0 to the length of ``indices``."""
    indptr = as_integers("indptr", indptr)
    if len(indptr) == 0 or indptr[0] != 0:
        raise ValueError(f"indptr must start with 0, got {indptr[:1].tolist()}")
    steps = np.diff(indptr)
    if steps.size and steps.min() < 0:
        row = int(np.argmin(steps >= 0))
        raise ValueError(f"indptr must not fall, got indptr[{row}] = {indptr[row]}, indptr[{row + 1}] = {indptr[row + 1]}")
    if indices_shape != (indptr[-1],):
        raise ValueError(f"indices must have shape ({indptr[-1]},), as indptr ends there; got shape {indices_shape}")
    if len(indptr) - 1 > MAX_NODES or (steps.size and steps.max() > MAX_NODES):
        raise ValueError(f"a graph has at most {MAX_NODES} nodes and edges a row, got {len(indptr) - 1} nodes")
    return indptr


def checked_weights(weights):
    """``weights`` as float32 or float64, finite and >= 0."""
    weights = np.asarray(weights)
    if weights.dtype.kind not in "biuf" or weights.ndim != 1:
        raise TypeError(f"weights must be a one-dimensional array of numbers, got {weights.dtype} {weights.shape}")
    weights = weights if weights.dtype == np.float32 else weights.astype(np.float64, copy=False)
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        raise ValueError(f"weights must be finite and >= 0, got weights[{np.argmax(bad)}] = {weights[np.argmax(bad)]}")
    return weights


def of_length(name, array, length, per):
    """``array`` if it has shape (length,)."""
    if array.shape != (length,):
        raise ValueError(f"{name} must have one entry per {per}, {length}; got shape {array.shape}")
    return array


def indptr_of(counts):
    """int64[N + 1] row pointers from the N row lengths."""
    return np.concatenate([[0], np.cumsum(counts)])


def rows_of_labels(labels):
    """({label: row}, node_ids): the identity and None where the labels are 0..n-1, else the labels' own order."""
    node_ids = label_array(labels)
    if node_ids.dtype == np.int64 and set(labels) == set(range(len(labels))):
        return {label: int(label) for label in labels}, None
    return {label: row for row, label in enumerate(labels)}, node_ids


def label_array(labels):
    """The list ``labels`` as int64 array if all are integers that fit, else as object array."""
    if all(_fits_int64(label) for label in labels):
        return np.array(labels, np.int64)
    array = np.empty(len(labels), object)
    for at, label in enumerate(labels):  # one by one: numpy would read a list of tuples as a matrix
        array[at] = label
    return array


def _fits_int64(label):
    return isinstance(label, (int, np.integer)) and not isinstance(label, bool) and -(2**63) <= label < 2**63


def neighbor_list(key, neighbours):
    """The neighbours of one key of an adjacency dict, as a list; text is refused, for it would be taken letter by letter."""
    if isinstance(neighbours, (str, bytes)) or not np.iterable(neighbours):
        raise TypeError(f"adjacency[{key!r}] must be a list of neighbours, got {neighbours!r}")
    return neighbours.tolist() if isinstance(neighbours, np.ndarray) else list(neighbours)


def rows_of_neighbors(row_of, adjacency, lists, total):
    """int64[E] rows of all listed neighbours; the first that is no key is refused by name."""
    try:
        return np.fromiter((row_of[name] for names in lists for name in names), np.int64, total)
    except (KeyError, TypeError):
        for key, names in zip(adjacency, lists):
            for name in names:
                if not getattr(name, "__hash__", None) or name not in row_of:
                    raise ValueError(
                        f"adjacency[{key!r}] lists {name!r}, which is no key: add {name!r}: [] for a node without neighbours"
                    ) from None
        raise
