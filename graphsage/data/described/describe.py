"""describe: what is in a dataset, in numbers: neighbours, pieces, classes, homophily, splits and features."""

from dataclasses import dataclass
from math import nan
from typing import overload

import numpy as np

from graphsage.base.checks import ReadOnlyRecord, read_only
from graphsage.base.in_order import in_order
from graphsage.base.told import of_kind
from graphsage.data.dataset import SPLITS, NodeDataset
from graphsage.data.described.describe_typed import TypedDescription, describe_typed
from graphsage.data.described.homophily import homophily, rows_of_edges, share
from graphsage.data.labels import is_labelled
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.features import CHUNK, SparseFeatures

PERCENTS = (0, 25, 50, 75, 90, 99, 100)
NORM_TOLERANCE = 1e-4  # of the norm of a row: float32 values, a few thousand of them added up


@dataclass(frozen=True, eq=False, kw_only=True)
class Description(ReadOnlyRecord):
    """What ``describe`` found in a dataset of N nodes and E stored edges. ``str`` of it is a report for people.

    The graph (edges are counted as they are stored: an undirected one twice, a repeated one each time):

    name: the dataset's own, or None. num_nodes, num_edges: N, E.
    is_symmetric: whether u is in row v as often as v is in row u, for all pairs.
    num_self_loops: edges from a node to itself. num_repeated: edges beyond the first of each (row, neighbour).
    num_isolated: nodes whose row is empty.
    num_components, largest_component: pieces of the graph and the nodes of the largest; directions do not matter.
    degrees, degree_counts: int64[D], the distinct numbers of neighbours, rising, and how many nodes have each.
    degree_percentiles: {p: the smallest degree that at least p % of the nodes do not exceed} for p of ``PERCENTS``; 0
        without nodes.

    The labels (K classes are listed: multiclass, those that a node has; multilabel, one a column; regression, none):

    task, num_outputs: the dataset's own. num_unlabelled: nodes without a label.
    class_names: K texts, "class 3" where the dataset names none. class_counts: int64[K] nodes.
    edge_homophily, adjusted_homophily, class_homophily: see ``homophily``; NaN for tasks other than multiclass.

    The rest:

    split_sizes: {"train", "val", "test": nodes}.
    num_features: F. is_sparse: how they are kept. density: share of the N x F values that are not 0 (NaN without nodes).
    num_zero_rows: nodes whose features are all 0.
    row_norm: 1 if the absolute values of every row but the zero rows add up to 1, 2 if their squares do, else None.
    """

    name: str | None
    num_nodes: int
    num_edges: int
    is_symmetric: bool
    num_self_loops: int
    num_repeated: int
    num_isolated: int
    num_components: int
    largest_component: int
    degrees: np.ndarray
    degree_counts: np.ndarray
    degree_percentiles: dict
    task: str
    num_outputs: int
    num_unlabelled: int
    class_names: tuple
    class_counts: np.ndarray
    edge_homophily: float
    adjusted_homophily: float
    class_homophily: np.ndarray
    split_sizes: dict
    num_features: int
    is_sparse: bool
    density: float
    num_zero_rows: int
    row_norm: int | None

    def __str__(self):
        from graphsage.data.described.describe_report import report

        return report(self)

    def degree_histogram(self):
        """[(low, high, nodes)]: how many nodes have low to high neighbours, both included, in bins that double.

        The bins are 0, 1, 2-3, 4-7, ..., up to the largest degree: {0, 1, 1, 3, 4} gives
        [(0, 0, 1), (1, 1, 2), (2, 3, 1), (4, 7, 1)]. No nodes, no bins.
        """
        bits = np.frexp(self.degrees)[1]  # of each degree's binary form: 0, 1, 2, 2, 3, ... (exact, unlike a logarithm)
        nodes = np.bincount(bits, weights=self.degree_counts).astype(int).tolist()
        return [(1 << bit >> 1, (1 << bit) - 1, count) for bit, count in enumerate(nodes)]


@overload
def describe(dataset: NodeDataset) -> Description: ...
@overload
def describe(dataset: TypedDataset) -> TypedDescription: ...
def describe(dataset: NodeDataset | TypedDataset) -> Description | TypedDescription:
    """The ``Description`` of a ``NodeDataset``: counted exactly, not sampled, in time that grows with N + E (+ N x F).

    Of a ``TypedDataset`` a ``TypedDescription``: its types, relations and homophily, and the ``Description`` of its targets.
    Without nodes, edges or labels all counts are 0 and shares of nothing NaN. Raises TypeError for anything else.
    """
    if isinstance(dataset, TypedDataset):
        return describe_typed(dataset, None if dataset.target is None else describe(dataset.targets))
    of_kind("dataset", dataset, NodeDataset)
    return Description(
        name=dataset.name,
        **_edges(dataset.graph),
        **_degrees(dataset.graph),
        **_LABELS[dataset.task](dataset),
        task=dataset.task,
        num_outputs=dataset.num_outputs,
        num_unlabelled=int(np.count_nonzero(~is_labelled(dataset.labels))),
        split_sizes={split: len(getattr(dataset, split)) for split in SPLITS},
        **_features(dataset.features),
    )


# ---- graph


def _edges(graph):
    """Rows and columns, each sorted, show symmetry and repeats; two transpositions sort faster than a sort does."""
    from scipy.sparse import csr_array

    matrix = csr_array((np.ones(graph.num_edges, np.int8), graph.indices, graph.indptr), shape=(graph.num_nodes,) * 2)
    columns = matrix.T.tocsr()
    rows = columns.T.tocsr()
    row_of = rows_of_edges(graph)
    repeated = (rows.indices[1:] == rows.indices[:-1]) & (row_of[1:] == row_of[:-1])
    sizes = _component_sizes(matrix)
    return {
        "num_nodes": graph.num_nodes,
        "num_edges": graph.num_edges,
        "is_symmetric": all(np.array_equal(getattr(rows, part), getattr(columns, part)) for part in ("indptr", "indices")),
        "num_self_loops": int(np.count_nonzero(graph.indices == row_of)),
        "num_repeated": int(np.count_nonzero(repeated)),
        "num_components": len(sizes),
        "largest_component": int(sizes.max(initial=0)),
    }


def _component_sizes(matrix):
    """int64[components]: the nodes of each."""
    from scipy.sparse.csgraph import connected_components

    if matrix.shape[0] == 0:  # scipy refuses it
        return np.empty(0, np.int64)
    return np.bincount(connected_components(matrix, connection="weak")[1])


def _degrees(graph):
    degrees, counts = np.unique(graph.degrees, return_counts=True)
    values = np.percentile(graph.degrees, PERCENTS, method="inverted_cdf") if len(degrees) else np.zeros(len(PERCENTS))
    return {
        "num_isolated": int(np.count_nonzero(graph.degrees == 0)),
        "degrees": read_only(degrees),
        "degree_counts": read_only(counts),
        "degree_percentiles": dict(zip(PERCENTS, values.astype(int).tolist())),
    }


# ---- labels


def _multiclass(dataset):
    labelled = is_labelled(dataset.labels)
    found, numbers, counts = np.unique(dataset.labels[labelled], return_inverse=True, return_counts=True)
    classes = np.full(dataset.num_nodes, -1, np.int32)
    classes[labelled] = numbers
    return _label_facts(dataset, found, counts, *homophily(dataset.graph, classes, len(found)))


def _multilabel(dataset):
    counts = np.count_nonzero(dataset.labels == 1, axis=0)
    return _label_facts(dataset, range(len(counts)), counts, nan, nan, np.full(len(counts), nan))


def _regression(dataset):
    return _label_facts(dataset, [], np.empty(0, np.int64), nan, nan, np.empty(0))


_LABELS = {"multiclass": _multiclass, "multilabel": _multilabel, "regression": _regression}


def _label_facts(dataset, classes, counts, edge, adjusted, by_class):
    names = dataset.class_names
    return {
        "class_names": tuple(f"class {k}" if names is None else names[k] for k in classes),
        "class_counts": read_only(counts),
        "edge_homophily": edge,
        "adjusted_homophily": adjusted,
        "class_homophily": read_only(by_class),
    }


# ---- features


def _features(features):
    """From the sums over each row: of values that are not 0, of absolute values, and of squares."""
    is_sparse = isinstance(features, SparseFeatures)
    counts, sums, squares = _sparse_sums(features) if is_sparse else _dense_sums(features)
    norms = {norm: size[counts > 0] for norm, size in ((1, sums), (2, np.sqrt(squares)))}
    fitting = [norm for norm, sizes in norms.items() if sizes.size and np.abs(sizes - 1).max() <= NORM_TOLERANCE]
    return {
        "num_features": features.shape[1],
        "is_sparse": is_sparse,
        "density": share(counts.sum(), features.shape[0] * features.shape[1]),
        "num_zero_rows": int(np.count_nonzero(counts == 0)),
        "row_norm": next(iter(fitting), None),
    }


def _sparse_sums(features):
    matrix = features.to_scipy()
    matrix.sum_duplicates()
    values = matrix.data.astype(np.float64)
    rows = np.repeat(np.arange(features.num_rows), np.diff(matrix.indptr))
    return [np.bincount(rows, weights, features.num_rows) for weights in (values != 0, np.abs(values), values**2)]


def _dense_sums(features):
    """Some rows at a time: the features can be a memory map that is larger than memory."""
    parts = (part.astype(np.float64) for _, part in in_order(features, max(1, CHUNK // features.shape[1])))
    sums = [[np.count_nonzero(x, axis=1), np.abs(x).sum(axis=1), np.square(x).sum(axis=1)] for x in parts]
    return np.concatenate(sums, axis=1)
