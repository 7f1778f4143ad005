"""What the choice of default settings reads off a dataset: how many nodes train, and whether like nodes are linked."""

import numpy as np

from graphsage.config.presets import Traits

MOST_NODES = 50_000  # training nodes whose edges are looked at: a second on any graph
FEW_EDGES = 100  # between training nodes: of fewer the chance is too large a part (a standard error of 0.05 to 0.1)


def traits_of(dataset) -> Traits:
    """The ``Traits`` of a ``NodeDataset``; validation and test labels are not looked at."""
    sizes = {"num_train": len(dataset.train), "num_features": dataset.num_features}
    return Traits(task=dataset.task, **sizes, homophily=training_homophily(dataset))


def training_homophily(dataset) -> float | None:
    """Adjusted homophily of the edges between training nodes: (h - sum_c p_c^2) / (1 - sum_c p_c^2), where h is the share of
    edges whose ends have one class and p_c the share of edge ends of class c (Platonov et al. 2023, "Characterizing graph
    datasets for node classification", eq. 2). 1: like nodes are linked; 0: as by chance; below: unlike ones.

    Self loops do not count. Of more than 50,000 training nodes so many are looked at, evenly spaced in their order. None
    where nodes have no single class, one class only has edges, or fewer than 100 stored edges lie between training nodes.
    """
    if dataset.task != "multiclass" or not len(dataset.train):
        return None
    nodes = dataset.train[:: -(-len(dataset.train) // MOST_NODES)]
    ends, labels = dataset.graph.subgraph(nodes).to_edges(), dataset.labels[nodes]
    one, other = (labels[end[ends[0] != ends[1]]] for end in ends)
    if len(one) < FEW_EDGES:
        return None
    shares = np.bincount(np.concatenate([one, other])) / (2 * len(one))
    by_chance = float(np.square(shares).sum())
    return None if by_chance == 1 else (float(np.mean(one == other)) - by_chance) / (1 - by_chance)
