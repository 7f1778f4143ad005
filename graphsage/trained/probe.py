"""Probes: what a linear classifier reads off rows of nodes, as embeddings without labels are judged by."""

import warnings
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np

from graphsage.base.told import of_kind
from graphsage.data.dataset import NodeDataset
from graphsage.data.split import SPLITS
from graphsage.graph.features import SparseFeatures

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)  # C, the weaker regularisation the larger
STEPS, TOLERANCE = 200, 1e-3  # of lbfgs: more of either changed no accuracy that was looked at
LABEL = "test accuracy of logistic regression"


def why_not(dataset: NodeDataset) -> str | None:
    """One sentence on why there is no probe on this dataset, or here; None where there is one."""
    if dataset.task != "multiclass":
        return f"No probe: it tells one class a node, and the dataset's labels are of a {dataset.task} task"
    if len(np.unique(dataset.labels[dataset.train])) < 2 or not len(dataset.test):
        return "No probe: it needs two classes among the training nodes, and test nodes"
    return None if find_spec("sklearn") else "No probe: it needs scikit-learn (pip install 'graphsage[baselines]')"


def probe(dataset: NodeDataset, *blocks: Any) -> float:
    """Test accuracy of multinomial logistic regression on rows of nodes, trained on the training nodes' labels.

    blocks: one or more of [N, D] (arrays, scipy sparse matrices, ``SparseFeatures``), which stand side by side. Columns of a
    dense one are standardised, those of a sparse one divided by their largest entry (a rare word is not to weigh more), both
    over the training nodes. C is the one of ``STRENGTHS`` that is best on the validation nodes, of equally good ones the
    least; 1 where there are none.

    ValueError, one sentence, where ``why_not`` says that there is none, and for rows of another number of nodes.
    """
    reason = why_not(of_kind("dataset", dataset, NodeDataset))
    if reason:
        raise ValueError(reason)
    parts = [getattr(dataset, part) for part in SPLITS]
    rows = _side_by_side([_scaled(block, dataset.num_nodes, parts) for block in blocks])
    train, val, test = ((rows[part], dataset.labels[nodes]) for part, nodes in zip(SPLITS, parts))
    fitted = [_fitted(*train, strength) for strength in (STRENGTHS if len(val[1]) else (1.0,))]
    best = max(fitted, key=lambda one: one.score(*val)) if len(fitted) > 1 else fitted[0]
    return float(best.score(*test))


def probes(dataset: NodeDataset, embeddings: np.ndarray) -> dict[str, float]:
    """{"features": ..., "embeddings": ..., "both": ...}: ``probe`` of each, and of both side by side."""
    blocks = {"features": [dataset.features], "embeddings": [embeddings], "both": [dataset.features, embeddings]}
    return {name: probe(dataset, *of) for name, of in blocks.items()}


def probe_lines(results: Iterable[dict[str, float]]) -> list[str]:
    """What ``probes`` of one or more runs came to, for people."""
    results = list(results)
    spread = f", mean +- standard deviation of {len(results)} runs" if len(results) > 1 else ""
    return [f"Probe ({LABEL}{spread}):", *(f"  {name:14} {_shown([r[name] for r in results])}" for name in results[0])]


def _shown(values):
    spread = f" +- {100 * np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):5.1f}{spread} %"


def _scaled(block, num_nodes, parts):
    """{part: rows of its nodes}, scaled over the first, the training nodes."""
    from sklearn.preprocessing import MaxAbsScaler, StandardScaler

    block = block.to_scipy() if isinstance(block, SparseFeatures) else block
    if block.shape[0] != num_nodes:
        raise ValueError(f"a probe needs one row a node, {num_nodes}; got shape {list(block.shape)}")
    scaler = StandardScaler() if isinstance(block, np.ndarray) else MaxAbsScaler()
    scaler.fit(block[parts[0]])
    return {part: scaler.transform(block[nodes]) if len(nodes) else block[nodes] for part, nodes in zip(SPLITS, parts)}


def _side_by_side(blocks):
    """The blocks of each part in one."""
    from scipy.sparse import hstack

    are_dense = all(isinstance(block["train"], np.ndarray) for block in blocks)
    join = np.hstack if are_dense else lambda parts: hstack(parts, format="csr")
    return {part: join([block[part] for block in blocks]) for part in SPLITS}


def _fitted(rows, labels, strength):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=STEPS, tol=TOLERANCE).fit(rows, labels)
