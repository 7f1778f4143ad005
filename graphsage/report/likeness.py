"""How like its neighbours a node is, by their true labels: what the edges can tell of it. numpy only."""

import numpy as np

from graphsage.base import rng
from graphsage.data.labels import is_labelled

MOST_NODES, MOST_VALUES = 20_000, 1 << 26  # nodes that are looked at, and labels of their neighbours
PART = 1 << 22  # of these at a time
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # ends of the groups of shares,
DISTANCES = (0.0, 0.25, 0.5, 1.0, 2.0, np.inf)  # and of distances


def likeness(dataset, nodes, seed):
    """float64[M]: of each of ``nodes`` the mean over those of its neighbours that have a label of how alike both are.

    multiclass: 1 where both are of one class, else 0. multilabel: labels of both / labels of either (Jaccard; 1 where neither
    has one). regression: the distance of the targets in deviations of all targets, the mean over the targets. A neighbour that
    is listed twice counts twice. NaN where no neighbour has a label, and for nodes that are not looked at: more than 20,000
    are drawn by key, fewer where neighbours or labels are many.
    """
    found, graph, looked = np.full(len(nodes), np.nan), dataset.graph, _looked_at(dataset, nodes, seed)
    known, columns = is_labelled(dataset.labels), 1 if dataset.labels.ndim == 1 else dataset.labels.shape[1]
    alike = _ALIKE[dataset.task](dataset.labels, known)
    for rows in np.split(looked, _ends(graph.degrees[nodes[looked]] * columns)):
        owner, neighbour = _edges(graph, nodes[rows])
        owner, neighbour = owner[known[neighbour]], neighbour[known[neighbour]]
        values = alike(dataset.labels[nodes[rows]][owner], dataset.labels[neighbour])
        counts = np.bincount(owner, minlength=len(rows))
        found[rows] = np.where(counts > 0, np.bincount(owner, values, len(rows)) / np.maximum(counts, 1), np.nan)
    return found


def groups_of(task, found):
    """{name: bool[M]} by likeness: shares of 0 to 20 %, ..., or distances."""
    ends = DISTANCES if task == "regression" else SHARES
    last = [*ends[1:-1], np.inf]
    names = [_name(task, low, high) for low, high in zip(ends, ends[1:])]
    return {name: (found >= low) & (found < high) for name, low, high in zip(names, ends, last)}


def _name(task, low, high):
    if task != "regression":
        return f"{100 * low:.0f} to {100 * high:.0f} %"
    return f"{low:g} or more" if np.isinf(high) else f"{low:g} to {high:g}"


def _looked_at(dataset, nodes, seed):
    """Places of the nodes that are looked at, in order."""
    columns = 1 if dataset.labels.ndim == 1 else dataset.labels.shape[1]
    values = max(1, int(dataset.graph.degrees[nodes].sum()) * columns)
    most = min(MOST_NODES, max(1, MOST_VALUES * len(nodes) // values))
    return drawn(len(nodes), most, seed, 0)


def drawn(count, most, seed, what):
    """int64: ``most`` of 0..count - 1, in order: the same ones for the same seed. what: the use, a number of its own."""
    if count <= most:
        return np.arange(count)
    return np.sort(rng.permutation(rng.stream_key(seed, rng.REPORT, what), count)[:most])


def _ends(sizes):
    """Where parts of about PART values end."""
    return np.flatnonzero(np.diff(np.cumsum(sizes) // PART)) + 1


def _edges(graph, nodes):
    """(place of the node, neighbour) of each edge of the rows ``nodes``."""
    if hasattr(graph, "edges_of"):  # in shards
        return graph.edges_of(nodes)
    counts = graph.degrees[nodes]
    owner = np.repeat(np.arange(len(nodes)), counts)
    first = np.cumsum(counts) - counts
    return owner, graph.indices[(graph.indptr[nodes] - first)[owner] + np.arange(len(owner))]


def _same(labels, known):
    return lambda own, other: (own == other).astype(np.float64)


def _in_common(labels, known):
    def alike(own, other):
        both, either = ((own > 0) & (other > 0)).sum(1), ((own > 0) | (other > 0)).sum(1)
        return np.where(either > 0, both / np.maximum(either, 1), 1.0)

    return alike


def _apart(labels, known):
    deviation = labels[known].std(0, dtype=np.float64)
    deviation = np.where(deviation > 0, deviation, 1)
    return lambda own, other: (np.abs(own.astype(np.float64) - other) / deviation).mean(1)


_ALIKE = {"multiclass": _same, "multilabel": _in_common, "regression": _apart}
