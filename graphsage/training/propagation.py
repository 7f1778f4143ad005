"""What spreads from node to node along edges, without a model: rows of numbers, smoothed over the whole graph."""

import numpy as np

STEPS = 50  # as many as Huang et al. 2021 take; of strength a what is left out weighs a^50


def symmetric_adjacency(graph):
    """S = D^-1/2 A D^-1/2, a float32 ``csr_array`` [N, N]: A are the edges both ways, each once, without loops; weights are
    not read. The row of an isolated node is empty.
    """
    from scipy.sparse import coo_array

    src, dst = graph.to_edges()
    ends = np.stack([src, dst])[:, src != dst].astype(np.int32)
    ends = np.concatenate([ends, ends[::-1]], axis=1)
    adjacency = coo_array((np.ones(ends.shape[1], np.float32), tuple(ends)), shape=(graph.num_nodes, graph.num_nodes)).tocsr()
    degrees = np.diff(adjacency.indptr)
    scale = (1 / np.sqrt(np.maximum(degrees, 1))).astype(np.float32)
    adjacency.data = np.repeat(scale, degrees) * scale[adjacency.indices]  # also where an edge was there twice
    return adjacency


def spread(adjacency, start, strength, steps=STEPS):
    """F of ``steps`` times F <- a S F + (1 - a) F_0, from F = F_0 = ``start`` float32 [N, C], a = ``strength`` in [0, 1).

    It nears (1 - a) (I - a S)^-1 F_0 (Zhou et al. 2004, section 2). Memory: three times ``start``.
    """
    if strength == 0:
        return start.copy()
    found, rest = start, np.float32(1 - strength) * start
    for _ in range(steps):
        found = adjacency @ found
        found *= np.float32(strength)
        found += rest
    return found


def known_labels(dataset):
    """(float64 [n, C], (means, deviations)) of the training nodes: what spreads; times deviations plus means it is them.

    multiclass: one-hot; multilabel: 0 or 1, read back less 1/2; regression: standardised targets, as float32 has few digits.
    """
    labels = dataset.labels[dataset.train]
    if dataset.task == "multiclass":
        return np.eye(dataset.num_outputs)[labels], (0.0, 1.0)
    labels = labels.astype(np.float64)
    if dataset.task == "multilabel":
        return labels, (-0.5, 1.0)
    means, deviations = labels.mean(0), labels.std(0)
    deviations = np.where(deviations > 0, deviations, 1.0)
    return (labels - means) / deviations, (means, deviations)
