"""Raw Planetoid files (Yang, Cohen, Salakhutdinov 2016) -> NodeDataset.

Eight files ``ind.NAME.*`` make a dataset of N nodes. Nodes 0..A-1 have their features in ``allx`` and one-hot labels in
``ally``; ``x`` and ``y`` repeat the first of them, the training nodes. ``tx`` and ``ty`` hold the test nodes in the
order of ``test.index``, which is a shuffled list of ids >= A. ``graph`` is a dict of neighbour lists over 0..N-1. In
Citeseer 15 ids >= A are not in ``test.index``: they have neighbours, but no features and no label.
"""

import re
from itertools import chain
from pathlib import Path

import numpy as np

from graphsage.base.checks import one_of
from graphsage.data.dataset import DatasetError, NodeDataset
from graphsage.data.errors import one_of_several, told_of
from graphsage.data.readers.pickle_records import ArrayRecord, CSRRecord, kind_of
from graphsage.data.readers.unpickle import read_bytes, unpickle
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

PARTS = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")
NUM_VAL = 500  # the public split validates on the 500 nodes after the training nodes
MAX_INDEX_BYTES = 1 << 26


def read_planetoid(folder, name, *, class_names=None, duplicates="drop", self_loops="drop"):
    """The dataset of the files ``ind.NAME.*`` in ``folder``, with the public split.

    N nodes, F features, C classes. The graph is undirected: every listed pair both ways, rows sorted. Features are
    ``SparseFeatures`` as stored (not row-normalised), without values where all are 1. A node without a row in the files
    has an empty row of features and the label -1, and is in no split.
    train = nodes 0..len(y)-1, val = the next 500, test = test.index in the file's order.

    class_names: C texts, or None. duplicates, self_loops: "drop" or "keep"; "keep" takes repeated pairs as often as the
    file lists them, and then only in the direction that it lists. The id of an edge is its place when the lists of the nodes
    0, 1, ... are read one after another.
    Raises DatasetError, one sentence with the file's path, for missing or damaged files. Nothing in a file is run.
    """
    one_of("duplicates", duplicates, ("keep", "drop"))
    one_of("self_loops", self_loops, ("keep", "drop"))
    paths = _paths(Path(folder), name)
    train, test, rest = (_read_rows(paths, *parts) for parts in (("x", "y"), ("tx", "ty"), ("allx", "ally")))
    neighbours = _read_neighbours(paths["graph"])
    test_ids = _read_test_index(paths["test.index"])
    num_known = len(rest[1])
    _check_sizes(paths, train, test, rest, test_ids, len(neighbours))
    row_of_node = np.full(len(neighbours), num_known + len(test_ids))  # the row after all rows: empty, label -1
    row_of_node[:num_known] = np.arange(num_known)
    row_of_node[test_ids] = num_known + np.arange(len(test_ids))
    return NodeDataset(
        graph=_graph(neighbours, duplicates, self_loops),
        features=_stacked(rest[0], test[0]).take(row_of_node),
        labels=np.concatenate([rest[1], test[1], [-1]])[row_of_node],
        train=np.arange(len(train[1])),
        val=np.arange(len(train[1]), len(train[1]) + NUM_VAL),
        test=test_ids,
        class_names=_class_names(paths["ally"], class_names, rest[2]),
        name=name,
    )


def holds_planetoid(folder):
    """NAME of the files ``ind.NAME.graph`` in ``folder``; None if there are none, DatasetError if there are several."""
    names = sorted(path.name[len("ind.") : -len(".graph")] for path in Path(folder).glob("ind.?*.graph"))
    return one_of_several(folder, names)


def _paths(folder, name):
    paths = {part: folder / f"ind.{name}.{part}" for part in PARTS}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        raise DatasetError(f"{folder} lacks {', '.join(missing)}: a Planetoid dataset is {len(PARTS)} files")
    return paths


# ---- features and labels


def _read_rows(paths, features_part, labels_part):
    """(SparseFeatures, int64 labels, number of classes) of a pair of files whose rows belong together."""
    features = _read_features(paths[features_part])
    labels, num_classes = _read_labels(paths[labels_part], features.num_rows)
    return features, labels, num_classes


def _read_features(path):
    record = unpickle(path)
    if not isinstance(record, CSRRecord):
        raise DatasetError(f"{path} must hold a sparse matrix, not {kind_of(record)}")
    with told_of(path):
        indptr, indices, values = (record.array(part) for part in ("indptr", "indices", "data"))
        rows, columns = record.shape
        features = SparseFeatures(indptr, indices, values, columns)
    if features.num_rows != rows:
        raise DatasetError(f"{path}: the sparse matrix states {rows} rows, its indptr has {features.num_rows}")
    return features


def _read_labels(path, num_rows):
    """(int64[num_rows] classes, C) from a one-hot matrix."""
    record = unpickle(path)
    if not isinstance(record, ArrayRecord) or record.value is None or record.value.ndim != 2:
        raise DatasetError(f"{path} must hold a two-dimensional array of one-hot labels")
    one_hot = record.value
    if len(one_hot) != num_rows or one_hot.shape[1] == 0:
        raise DatasetError(f"{path}: labels must have shape ({num_rows}, classes), as features do; got {one_hot.shape}")
    wrong = ((one_hot != 0) & (one_hot != 1)).any(axis=1) | (np.count_nonzero(one_hot, axis=1) != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DatasetError(f"{path}: labels must be one-hot, got row {row} = {one_hot[row][:20].tolist()}")
    return one_hot.argmax(axis=1), one_hot.shape[1]


def _class_names(path, class_names, num_classes):
    if class_names is not None and len(class_names) != num_classes:
        raise DatasetError(f"{path} has {num_classes} classes, class_names has {len(class_names)}")
    return class_names


def _stacked(first, second):
    """Both sets of rows, and one empty row after them."""
    indptr = np.concatenate([first.indptr, second.indptr[1:] + first.indptr[-1]])
    values = np.concatenate([first.values, second.values])
    return SparseFeatures(
        np.append(indptr, indptr[-1]),
        np.concatenate([first.indices, second.indices]),
        None if np.all(values == 1) else values,
        first.num_columns,
    )


# ---- ids


def _read_test_index(path):
    """int64 node ids, one a line."""
    lines = read_bytes(path, MAX_INDEX_BYTES).splitlines()
    for number, line in enumerate(lines, 1):
        if not re.fullmatch(rb"\s*[0-9]{1,10}\s*", line):
            raise DatasetError(f"{path}: line {number} must be a node id, got {ascii(line[:40])[1:]}")
    return np.array([int(line) for line in lines], np.int64)


def _check_sizes(paths, train, test, rest, test_ids, num_nodes):
    """The rules that tie the files to each other."""
    num_known, num_train = len(rest[1]), len(train[1])
    for part, rows in (("x", train), ("tx", test)):
        if (rows[0].num_columns, rows[2]) != (rest[0].num_columns, rest[2]):
            raise DatasetError(
                f"{paths[part]} has {rows[0].num_columns} features and {rows[2]} classes, "
                f"allx and ally have {rest[0].num_columns} and {rest[2]}"
            )
    if num_nodes < num_known:
        raise DatasetError(f"{paths['graph']} has {num_nodes} nodes, allx has {num_known} rows")
    if len(test_ids) != len(test[1]):
        raise DatasetError(f"{paths['test.index']} lists {len(test_ids)} nodes, tx has {len(test[1])} rows")
    wrong = (test_ids < num_known) | (test_ids >= num_nodes)
    if wrong.any():
        line = int(np.argmax(wrong))
        raise DatasetError(
            f"{paths['test.index']}: line {line + 1} must be a node from {num_known} (rows of allx) "
            f"to {num_nodes - 1} (last node of the graph), got {test_ids[line]}"
        )
    if len(np.unique(test_ids)) != len(test_ids):
        raise DatasetError(f"{paths['test.index']} lists a node twice")
    if num_train + NUM_VAL > num_known:
        raise DatasetError(
            f"{paths['allx']} has {num_known} rows: {num_train} for training and {NUM_VAL} for validation are needed"
        )
    if not np.array_equal(train[1], rest[1][:num_train]):
        raise DatasetError(f"{paths['y']} must repeat the first {num_train} rows of ally")
    if not _is_start_of(train[0], rest[0]):
        raise DatasetError(f"{paths['x']} must repeat the first {num_train} rows of allx")


def _is_start_of(few, many):
    size = len(few.indices)
    return (
        np.array_equal(few.indptr, many.indptr[: len(few.indptr)])
        and np.array_equal(few.indices, many.indices[:size])
        and np.array_equal(few.values, many.values[:size])
    )


# ---- graph


def _read_neighbours(path):
    """list of N lists of neighbours; every neighbour is a node."""
    lists = unpickle(path)
    if type(lists) is not dict:
        raise DatasetError(f"{path} must hold a dict of neighbour lists, not {kind_of(lists)}")
    num_nodes = len(lists)
    if any(type(key) is not int or not 0 <= key < num_nodes for key in lists):
        odd = next(key for key in lists if type(key) is not int or not 0 <= key < num_nodes)
        raise DatasetError(f"{path}: the keys must be the nodes 0..{num_nodes - 1}, got {ascii(odd)[:40]}")
    for node, listed in lists.items():
        if type(listed) is not list or any(type(other) is not int for other in listed):
            raise DatasetError(f"{path}: node {node} must have a list of integers")
        if listed and not 0 <= min(listed) <= max(listed) < num_nodes:
            other = next(other for other in listed if not 0 <= other < num_nodes)
            raise DatasetError(f"{path}: node {node} lists {other}, which is not a node: the graph has {num_nodes}")
    return [lists[node] for node in range(num_nodes)]


def _graph(neighbours, duplicates, self_loops):
    counts = np.fromiter(map(len, neighbours), np.int64, len(neighbours))
    listed = np.fromiter(chain.from_iterable(neighbours), np.int64, int(counts.sum()))
    return Graph.from_edges(
        listed,
        np.repeat(np.arange(len(neighbours)), counts),
        len(neighbours),
        undirected=duplicates == "drop",
        duplicates=duplicates,
        self_loops=self_loops,
    )
