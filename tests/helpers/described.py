"""Datasets to describe: of any graph, and the small one whose every figure is known by hand."""

import numpy as np

from graphsage.data.dataset import NodeDataset
from graphsage.graph.graph import Graph


def dataset_of(graph, labels=None, features=None, **more):
    n = graph.num_nodes
    return NodeDataset(**{
        "graph": graph,
        "features": np.ones((n, 1)) if features is None else features,
        "labels": [-1] * n if labels is None else labels,
        "train": [], "val": [], "test": [],
        **more,
    })  # fmt: skip


def small():
    """7 nodes: 0 - 1 - 2 - 3 both ways, 4 -> 5 twice, 5 -> 5, 6 alone. Classes a a b c c c and none for 6."""
    graph = Graph.from_edges([0, 1, 1, 2, 2, 3, 4, 4, 5], [1, 0, 2, 1, 3, 2, 5, 5, 5], 7)
    features = [[0, 0], [1, 3], [0.5, 0], [0, 0], [0, 0], [2, 0], [0, -1]]
    labels, names = [0, 0, 1, 2, 2, 2, -1], ["a", "b", "c", "of no node"]
    return dataset_of(graph, labels, features, train=[3, 0], val=[1], test=[], class_names=names, name="small")
