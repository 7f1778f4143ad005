"""Gradient-boosted trees on rows of nodes: what features tell without a graph network, by scikit-learn."""

import numpy as np

from graphsage.base import rng
from graphsage.graph.features import SparseFeatures

MOST_COLUMNS = 256  # dense ones; of more, and of sparse ones, trees see the largest singular vectors
WIDTH = 64  # how many of those
FEW = 40  # training nodes: scikit-learn leaves 20 at least to each side of a branch
TREES = 100  # a class or column
LEAST_SHARE = 1e-30  # of a class, also of one that no training node has
A_FIT = 2_000  # training rows that trees on none would take as long as
MOST_SPLIT, MOST_ASKED, MOST_REDUCED = 3e7, 3e8, 2e7  # each about 20 seconds on one core


def why_no_trees(dataset):
    """One sentence on why there are no trees here; "" where there are."""
    columns, outputs = _columns(dataset.features), dataset.num_outputs
    if isinstance(dataset.features, SparseFeatures) and dataset.features.is_identity:
        return "No boosted trees: the nodes have no features."
    if dataset.task == "multiclass" and len(np.unique(dataset.labels[dataset.train])) < 2:
        return "No boosted trees: all training nodes have one class."
    entries = _stored(dataset.features)
    nodes = f"{len(dataset.train):,} training nodes, {columns:,} columns and {outputs:,} outputs"
    works = [
        (nodes, (len(dataset.train) + A_FIT) * columns * outputs / MOST_SPLIT),
        (f"{dataset.num_nodes:,} nodes and {outputs:,} outputs", dataset.num_nodes * outputs * TREES / MOST_ASKED),
        (f"{entries:,} entries of features", entries / MOST_REDUCED if _is_wide(dataset.features) else 0),
    ]
    size, times = max(works, key=lambda work: work[1])
    return f"No boosted trees: {size} are {times:.1f} times what takes seconds." if times > 1 else ""


def _is_wide(features):
    return isinstance(features, SparseFeatures) or features.shape[1] > MOST_COLUMNS


def _columns(features):
    return min(WIDTH, features.shape[1]) if _is_wide(features) else features.shape[1]


def _stored(features):
    return features.to_scipy().nnz if isinstance(features, SparseFeatures) else features.size


def plain_rows(dataset, seed):
    """float32 [N, D]: the features; of bags of words and of more than 256 columns their 64 largest singular directions.

    They are found without labels, over all nodes (Halko et al. 2011), and by the seed.
    """
    features = dataset.features
    if not _is_wide(features):
        return np.asarray(features, np.float32)
    rows = features.to_scipy().astype(np.float32) if isinstance(features, SparseFeatures) else np.asarray(features, np.float32)
    if min(rows.shape) <= WIDTH + 1:
        return np.asarray(rows.todense() if isinstance(features, SparseFeatures) else rows)
    from sklearn.decomposition import TruncatedSVD

    with _one_thread():
        return TruncatedSVD(WIDTH, random_state=_number(seed)).fit_transform(rows).astype(np.float32)


def joined_rows(dataset, rows):
    """float32 [N, 2 D]: the rows, and the mean of those of the neighbours; 0 where there are none."""
    from scipy.sparse import csr_array

    graph = dataset.graph
    ones = np.ones(graph.num_edges, np.float32)
    means = csr_array((ones, graph.indices, graph.indptr), shape=(graph.num_nodes, graph.num_nodes)) @ rows
    means /= np.maximum(graph.degrees, 1)[:, None].astype(np.float32)
    return np.concatenate([rows, means], axis=1)


def tree_outputs(dataset, rows, seed, judge):
    """Outputs float64 [N, C] of gradient-boosted trees that learned from the training nodes' ``rows`` [N, D] and labels.

    Logits a class or label, or numbers. HistGradientBoosting (after LightGBM, Ke et al. 2017) as scikit-learn sets it, with as
    many rounds, 100 at most, as are best on the validation nodes (``judge``, a ``Judge``). Several labels or targets: trees of
    their own each. A function of the dataset and the seed.
    """
    best, kept = -np.inf, None
    with _one_thread():
        for outputs in _rounds(dataset, rows, _number(seed)):
            score = judge.validation(outputs) if len(dataset.val) else best
            if score > best or not len(dataset.val):
                best, kept = score, outputs
    return kept


def _rounds(dataset, rows, seed):
    """Outputs [N, C] after each round."""
    labels, train = dataset.labels[dataset.train], rows[dataset.train]
    if dataset.task == "multiclass":
        yield from _of_classes(labels, train, rows, dataset.num_outputs, seed)
        return
    one = _of_targets if dataset.task == "regression" else _of_label
    for columns in zip(*[one(column, train, rows, seed) for column in labels.T]):
        yield np.stack(columns, axis=1)


def _of_classes(labels, train, rows, num_outputs, seed):
    fitted = _classifier(seed).fit(train, labels)
    for shares in fitted.staged_predict_proba(rows):
        outputs = np.full((len(rows), num_outputs), np.log(LEAST_SHARE))
        outputs[:, fitted.classes_] = np.log(np.maximum(shares, LEAST_SHARE))
        yield outputs


def _of_label(labels, train, rows, seed):
    if labels.min() == labels.max():
        yield from [np.full(len(rows), 1.0 if labels[0] else -1.0)] * TREES
        return
    fitted = _classifier(seed).fit(train, labels)
    yield from (scores.ravel() for scores in fitted.staged_decision_function(rows))


def _of_targets(targets, train, rows, seed):
    from sklearn.ensemble import HistGradientBoostingRegressor

    fitted = HistGradientBoostingRegressor(max_iter=TREES, early_stopping=False, random_state=seed).fit(train, targets)
    yield from fitted.staged_predict(rows)


def _classifier(seed):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=TREES, early_stopping=False, random_state=seed)


def _number(seed):
    """Below 2^32, as scikit-learn wants it."""
    return int(rng.stream_key(seed, rng.BASELINE) >> np.uint64(32))


def _one_thread():
    """Sums over threads would be rounded by how many there are."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
