"""Array helpers behind ``Graph``: checks of CSR parts, edges to rows, and labels to row numbers."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from graphsage.base.checks import MAX_NODES, as_array, as_integers, as_list, one_of, read_only
from graphsage.base.foreign import as_scipy, is_networkx, is_sparse, is_tensor
from graphsage.base.id_rule import id_of, twins
from graphsage.base.told import maker, told
from graphsage.graph.time_axis import checked_times

CHUNK = 1 << 17  # edges handed to a kernel at a time: their temporary arrays stay in the processor's cache


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


def checked_ends(arrays):
    """ValueError unless the arrays of a graph that was checked before have lengths that fit; only ends of indptr are read."""
    indptr, num_edges = arrays["indptr"], len(arrays["indices"])
    if not len(indptr) or (indptr[0], indptr[-1]) != (0, num_edges):
        raise ValueError(f"indptr must start with 0 and end with {num_edges}, the length of indices")
    for name in ("edge_ids", "edge_reversed", "weights", "times"):
        if arrays.get(name) is not None:
            of_length(name, arrays[name], num_edges, "edge")


def checked_weights(weights):
    """``weights`` as float32 or float64, finite and >= 0."""
    weights = as_array("weights", weights)
    if weights.dtype.kind not in "biuf" or weights.ndim != 1:
        raise TypeError(f"weights must be a one-dimensional array of numbers, got {weights.dtype} {weights.shape}")
    weights = weights if weights.dtype == np.float32 else weights.astype(np.float64, copy=False)
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        raise ValueError(f"weights must be finite and >= 0, got weights[{np.argmax(bad)}] = {weights[np.argmax(bad)]}")
    return weights


def edge_arrays(num_edges, **arrays):
    """Those of edge_ids, edge_reversed, weights and times that are not None, each checked: an entry an edge."""
    checks = {
        "edge_ids": checked_edge_ids,
        "edge_reversed": partial(checked_flags, "edge_reversed"),
        "weights": checked_weights,
        "times": partial(checked_times, "times"),
    }
    given = {name: array for name, array in arrays.items() if array is not None}
    return {name: of_length(name, checks[name](array), num_edges, "edge") for name, array in given.items()}


def checked_edge_ids(edge_ids):
    """``edge_ids`` as int64, each >= 0: -1 in a batch says that no edge was drawn."""
    edge_ids = as_integers("edge_ids", edge_ids)
    if edge_ids.min(initial=0) < 0:
        at = int(np.argmax(edge_ids < 0))
        raise ValueError(f"edge_ids must be >= 0, got edge_ids[{at}] = {edge_ids[at]}")
    return edge_ids


def checked_flags(name, flags):
    """``flags`` as a bool array."""
    flags = as_array(name, flags)
    if flags.dtype != bool and flags.size:
        raise TypeError(f"{name} must be an array of bools, got {flags.dtype}")
    return flags.astype(bool, copy=False)


def of_length(name, array, length, per):
    """``array`` if it has shape (length,)."""
    if array.shape != (length,):
        raise ValueError(f"{name} must have one entry per {per}, {length}; got shape {array.shape}")
    return array


def indptr_of(counts):
    """int64[N + 1] row pointers from the N row lengths."""
    return np.concatenate([[0], np.cumsum(counts)])


def copied(name, array):
    """A copy of what shares its memory with the caller; lists and None as they are."""
    return array if array is None or isinstance(array, (list, tuple)) else as_array(name, array).copy()


def checked_networkx(graph):
    """``graph`` if it is a networkx graph."""
    if not is_networkx(graph):
        raise TypeError(f"graph must be a networkx graph, got {told(graph)}")
    return graph


def rows_from_edges(src, dst, num_nodes, *, undirected=False, once=False, loops=True):
    """(indptr, int32 indices, edge ids, reversed flags or None) of E checked edges, each row sorted by (source, id).

    undirected: every edge but self loops once more, turned round, under the same id and flagged. once: of equal edges of a row
    the first stays, which has the smallest id. loops=False leaves self loops out. Takes 13 bytes a stored edge, its results.
    """
    from graphsage.graph import rows  # here: it brings numba, which whoever opens a graph does without

    shift, ends = key_shift(len(src), num_nodes), np.zeros(num_nodes + 2, np.int64)
    for _, *part in _parts(src, dst):
        rows.count_edges(*part, undirected, loops, ends)
    np.cumsum(ends, out=ends)
    keys = np.empty(ends[-1], np.int64)
    for first, *part in _parts(src, dst):
        rows.place_edges(*part, first, shift, undirected, loops, ends, keys)
    return _unpacked(keys, ends[:-1], shift, undirected, once)


def _parts(src, dst):
    """Yield (number of the first edge, src, dst), int64: a part at a time, so that other dtypes need no copy of all edges."""
    for first in range(0, len(src), CHUNK):
        yield first, *(read_only(ends[first : first + CHUNK].astype(np.int64, copy=False)) for ends in (src, dst))


def _unpacked(keys, indptr, shift, undirected, once):
    """What ``rows_from_edges`` returns, from the keys of each row; they become the edge ids."""
    from graphsage.graph import rows

    rows.sort_short_rows(keys, indptr)
    for row in np.flatnonzero(np.diff(indptr) > rows.SHORT):
        keys[indptr[row] : indptr[row + 1]].sort()
    indices, flags = np.empty(len(keys), np.int32), np.empty(len(keys) if undirected else 0, bool)
    kept = rows.unpack(keys, indptr, shift, once, indices, flags)
    for array in (indices, keys, *([flags] if undirected else [])):
        array.resize(kept, refcheck=False)  # in place: a slice would hold on to the memory of all
    return indptr, indices, keys, flags if undirected else None


def key_shift(num_edges, num_nodes):
    """Bits of a key that are not its source's: see ``graphsage.graph.rows``. A key has 63 bits, which is enough."""
    shift, sources = max(num_edges - 1, 0).bit_length() + 1, max(num_nodes - 1, 0).bit_length()
    if shift + sources > 63:
        raise ValueError(f"a graph of {num_nodes} nodes is built from at most {2 ** (62 - sources)} edges, got {num_edges}")
    return shift


def kept_edges(duplicates, self_loops):
    """What ``rows_from_edges`` keeps, of the words "keep" and "drop" for each kind."""
    words = ("keep", "drop")
    once, loops = one_of("duplicates", duplicates, words) == "drop", one_of("self_loops", self_loops, words) == "keep"
    return {"once": once, "loops": loops}


def square_matrix(matrix):
    """A square sparse matrix of scipy or torch as COO if it is one, else as CSR."""
    if not is_sparse(matrix):
        raise TypeError(f"matrix must be a scipy sparse matrix, got {told(matrix)}{maker('matrix', 'matrix', matrix)}")
    matrix = as_scipy("matrix", matrix)
    if len(set(matrix.shape)) != 1 or len(matrix.shape) != 2:
        raise ValueError(f"an adjacency matrix must be square, got shape {matrix.shape}")
    return matrix if matrix.format == "coo" else matrix.tocsr()


def rows_of_labels(labels):
    """({label: row}, node_ids): the identity and None where the labels are 0..n-1, else the labels' own order."""
    refuse_twins(labels)
    node_ids = label_array(labels)
    if node_ids.dtype == np.int64 and set(labels) == set(range(len(labels))):
        return {label: int(label) for label in labels}, None
    return {label: row for row, label in enumerate(labels)}, node_ids


def refuse_twins(labels):
    """ValueError where two of the labels are spellings of one id."""
    found = twins(labels)
    if found is not None:
        rule = 'one id is one node (1, 1.0 and "1" are one id): name it in one way'
        raise ValueError(f"nodes {found[0]!r} and {found[1]!r} have the same id: {rule}")


def label_array(labels):
    """The list ``labels`` as int64 array if all are whole numbers that fit, else as object array."""
    labels = [id_of(label) if isinstance(label, float) else label for label in labels]
    if all(_fits_int64(label) for label in labels):
        return np.array(labels, np.int64)
    array = np.empty(len(labels), object)
    for at, label in enumerate(labels):  # one by one: numpy would read a list of tuples as a matrix
        array[at] = label
    return array


def _fits_int64(label):
    return isinstance(label, (int, np.integer)) and not isinstance(label, bool) and -(2**63) <= label < 2**63


def checked_names(node_ids):
    """``node_ids`` as int64 or object array of distinct hashable names."""
    if isinstance(node_ids, np.ndarray) and node_ids.dtype.kind in "iu":
        names = as_integers("node_ids", node_ids)
        ordered = np.sort(names)
        repeats = ordered[1:][np.diff(ordered) == 0].tolist()
    else:
        names = label_array(names_in("node_ids", node_ids))
        repeats = _repeats(names.tolist())
        if len(set(map(type, names.tolist()))) > 1:
            refuse_twins(names.tolist())
    if repeats:
        raise ValueError(f"node_ids must be distinct, got {repeats[0]!r} more than once")
    return names


def _repeats(names):
    seen = set()
    try:
        if len(set(names)) == len(names):  # in a third of the time
            return []
        return [name for name in names if name in seen or seen.add(name)]
    except TypeError as error:
        raise TypeError(f"node_ids must be names that a dict can have as keys: {error}") from None


def names_in(name, values):
    """The node names in a list, array or other iterable, as a list.

    Text is refused, for it would be taken letter by letter, and so are arrays of floats and flags: ids that went through
    float32 are other ids above 2^24, and a mask is not a list of ids.
    """
    values = name_sequence(name, values)
    values = as_array(name, values) if isinstance(values, (list, tuple)) and values and is_tensor(values[0]) else values
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def name_sequence(name, values):
    """What ``names_in`` takes, checked but for its single names: a list, tuple or array as it is, anything else as list."""
    if isinstance(values, (list, tuple)):
        return values
    if is_tensor(values) or not (hasattr(values, "tolist") or hasattr(values, "__array__")):
        return as_list(name, values, "nodes")
    array = as_array(name, values)
    if array.dtype.kind in "fcb" and array.size:
        kind = f"{array.dtype} (ids are integers or texts, and none is missing)"
        raise TypeError(f"{name} must be a list of nodes, got an array of {kind}")
    return array


def adjacency_lists(adjacency):
    """The neighbours of each key of an adjacency dict, as lists."""
    if not isinstance(adjacency, Mapping):
        raise TypeError(f"adjacency must be a dict of node: neighbours, got {type(adjacency).__name__}")
    return [names_in(f"adjacency[{key!r}]", neighbours) for key, neighbours in adjacency.items()]


def rows_of_neighbors(row_of, adjacency, lists, total):
    """int64[E] rows of all listed neighbours; the first that is no key is refused by name."""
    try:
        return np.fromiter((row_of[name] for names in lists for name in names), np.int64, total)
    except (KeyError, TypeError):
        for key, names in zip(adjacency, lists):
            refuse_dangling(key, names, row_of)
        raise


def refuse_dangling(key, names, known):
    """Raise if one of the neighbours ``names`` of ``key`` is not in ``known``."""
    for name in names:
        if not is_in(name, known):
            raise ValueError(
                f"adjacency[{key!r}] lists {name!r}, which is no key: add {name!r}: [] for a node without neighbours"
            )


def is_in(name, known):
    """``name in known``; False for what cannot be a key (a list, say)."""
    try:
        return name in known
    except TypeError:
        return False
