"""Labels of training nodes as columns beside the features (Shi et al. 2021, "Masked label prediction", section 3.2)."""

from dataclasses import replace

import numpy as np

from graphsage.base.checks import refuse_giants
from graphsage.base.memory import is_mapped
from graphsage.graph.features import SparseFeatures, as_features


def with_label_columns(dataset, labels, num_classes):
    """``dataset`` with ``num_classes`` (C) columns more: 1 in that of its class for a training node, 0 for every other node.

    labels: int [N], of which those of the training nodes alone are read; one below 0 is none.
    """
    nodes = np.asarray(dataset.train)
    nodes = nodes[labels[nodes] >= 0]
    shape = (dataset.num_nodes, num_classes)
    if not isinstance(dataset.features, SparseFeatures):
        if is_mapped(dataset.features):
            refuse_giants("features on a disk, beside which labels are columns,", dataset.features.nbytes)
        columns = np.zeros(shape, np.float32)
        columns[nodes, labels[nodes]] = 1
        return replace(dataset, features=np.hstack([dataset.features, columns]))
    from scipy.sparse import coo_array, hstack

    columns = coo_array((np.ones(len(nodes), np.float32), (nodes, labels[nodes])), shape=shape)
    return replace(dataset, features=as_features(hstack([dataset.features.to_scipy(), columns], format="csr")))


def refuse_label_reuse(dataset, task):
    """ValueError, one sentence, where labels of other nodes cannot be inputs."""
    if task != "multiclass":
        raise ValueError(f"label_reuse shows the one class of a node, and the task is {task}: leave it out")
    if dataset.times is not None:
        raise ValueError("label_reuse shows labels at any time, and nodes are asked at theirs: leave it out")
