"""NAME.npz of the heterophilous-graphs repository (Platonov et al. 2023) -> NodeDataset. No pickle.

    node_features    [N, F] floats                       node_labels    int[N]
    edges            int[E, 2]                           train_masks, val_masks, test_masks    bool[S, N], S splits
"""

from pathlib import Path

import numpy as np

from graphsage.base.checks import as_count
from graphsage.data.dataset import SPLITS, DatasetError, NodeDataset
from graphsage.data.errors import told_of
from graphsage.data.readers.npz import npz_of, read_npz
from graphsage.graph.build import indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

MASKS = tuple(f"{split}_masks" for split in SPLITS)
ARRAYS = ("node_features", "node_labels", "edges", *MASKS)
SPARSE_SHARE = 0.1  # a table of 0 and 1 with fewer ones than this is a bag of words


def holds_heterophilous(folder):
    """NAME of the one file in ``folder`` with these arrays, or None."""
    return npz_of(folder, fits_heterophilous)


def fits_heterophilous(names):
    """Whether a .npz file with arrays of these ``names`` is such a file."""
    return set(ARRAYS) <= set(names)


def read_heterophilous(folder, name, *, class_names=None, split=None):
    """The dataset of the file ``NAME.npz`` in ``folder``, with one of the S splits that it stores.

    N nodes, F features. Labels are as stored. A table of zeros and fewer than 10 % ones becomes ``SparseFeatures``, any
    other stays float32 [N, F]. Every listed pair is an undirected edge; but where NAME ends in "directed", edges[i] =
    (a, b) lets b aggregate from a and self loops stay, as in the repository's own program. The id of that edge is i.

    split: 0..S-1, None as 0. Nodes outside the three masks (texas_4_classes has one) are in no part.
    Raises DatasetError, one sentence that starts with the file's path.
    """
    path = Path(folder) / f"{name}.npz"
    arrays = read_npz(path, ARRAYS)
    directed = name.endswith("directed")
    with told_of(path):
        labels, edges = arrays["node_labels"], arrays["edges"]
        _check_shapes(arrays)
        return NodeDataset(
            graph=Graph.from_edges(
                *edges.T,
                len(labels),
                undirected=not directed,
                duplicates="drop",
                self_loops="keep" if directed else "drop",
            ),
            features=_features(arrays["node_features"]),
            labels=labels,
            **_parts(arrays, 0 if split is None else split),
            class_names=class_names,
            name=name,
        )


def _check_shapes(arrays):
    """What has to be so before the arrays are used; the rest is for ``NodeDataset`` to say."""
    if arrays["node_labels"].dtype.kind not in "iu":
        raise DatasetError(f"node_labels must be integers, got {arrays['node_labels'].dtype}")
    num_nodes = arrays["node_labels"].size
    num_splits = len(arrays["train_masks"]) if arrays["train_masks"].ndim else 0
    for mask in MASKS:
        if arrays[mask].shape != (num_splits, num_nodes) or arrays[mask].dtype.kind != "b" or not num_splits:
            found = f"{arrays[mask].dtype} {arrays[mask].shape}"
            raise DatasetError(f"{mask} must be bool of shape (splits >= 1, {num_nodes}) as the others, got {found}")
    if arrays["edges"].ndim != 2 or arrays["edges"].shape[1] != 2:
        raise DatasetError(f"edges must have shape (edges, 2), got {arrays['edges'].shape}")
    if arrays["node_features"].ndim != 2:
        raise DatasetError(f"node_features must have shape (nodes, features), got {arrays['node_features'].shape}")


def _features(table):
    ones = table == 1
    if np.count_nonzero(ones) >= SPARSE_SHARE * table.size or np.any(~ones & (table != 0)):
        return table
    return SparseFeatures(indptr_of(ones.sum(axis=1)), np.nonzero(ones)[1], None, table.shape[1])


def _parts(arrays, split):
    split = as_count("split", split, most=len(arrays["train_masks"]) - 1)
    return {part: np.flatnonzero(arrays[f"{part}_masks"][split]) for part in SPLITS}
