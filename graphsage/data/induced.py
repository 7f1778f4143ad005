"""A dataset of some of the nodes of another, with the edges among them: what an inductive training may see."""

from dataclasses import replace

import numpy as np

from graphsage.base.checks import as_ids
from graphsage.data.split import SPLITS
from graphsage.graph.features import SparseFeatures


def induced_parts(dataset, nodes):
    """What is other in ``dataset.induced(nodes)`` than in the ``NodeDataset``."""
    nodes = as_ids("nodes", dataset.train if nodes is None else nodes, dataset.num_nodes)
    graph, features = dataset.graph.subgraph(nodes), dataset.features
    if dataset.graph.node_ids is None and dataset.node_ids is not None:
        graph = replace(graph, node_ids=None)  # the dataset's names, not the graph's numbers
    return {
        "graph": graph,
        "features": features.take(nodes) if isinstance(features, SparseFeatures) else features[nodes],
        "labels": dataset.labels[nodes],
        **_split(dataset, nodes),
        "class_names": _class_names(dataset, nodes),
        "node_ids": graph.node_ids if dataset.node_ids is None else dataset.node_ids[nodes],
        **{name: None if (of := getattr(dataset, name)) is None else of[nodes] for name in ("times", "node_times")},
    }


def _split(dataset, nodes):
    """The nodes of each part that stay, by their new numbers, in the part's own order."""
    place = np.full(dataset.num_nodes, -1)
    place[nodes] = np.arange(len(nodes))
    places = {split: place[getattr(dataset, split)] for split in SPLITS}
    return {split: found[found >= 0] for split, found in places.items()}


def _class_names(dataset, nodes):
    """The dataset's; its class numbers as texts where there are none and the largest would be lost, and with it an output."""
    count = dataset.num_classes
    if dataset.class_names is not None or dataset.task != "multiclass" or dataset.labels[nodes].max(initial=-1) == count - 1:
        return dataset.class_names
    return tuple(map(str, range(count)))
