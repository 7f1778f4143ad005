"""Homophily: how much the neighbours in a graph are of one class."""

from math import nan

import numpy as np


def homophily(graph, classes, num_classes):
    """(edge homophily, adjusted homophily, class homophily). K classes.

    graph: ``Graph``. classes: int[N] in [0, K), or -1 for a node without a class. num_classes: K.

    Of the stored edges those between two nodes with a class count, e in all; self loops do not, repeats each time. With
    e_k edges in rows of class k, f_k edges to neighbours of class k and s_k edges that are both:

    edge:     h = sum_k s_k / e, the share of edges that join equals (Zhu et al. 2020, "Beyond homophily in graph neural
              networks").
    adjusted: (h - c) / (1 - c) with c = sum_k e_k f_k / e^2, what edges joined by chance would reach: 0 = by chance, 1 = all
              edges join equals. In a symmetric graph e_k = f_k is the degree of class k, and this is Platonov et al. 2023,
              "Characterizing graph datasets for node classification", section 2; for directed ones it is the assortativity
              coefficient of Newman 2003, "Mixing patterns in networks".
    class:    float64[K], h_k = s_k / e_k (Lim et al. 2021, "Large scale learning on non-homophilous graphs", where their
              excess over the classes' shares makes up the class-insensitive measure).

    A path 0 - 1 - 2 with classes 0, 0, 1: h = 1/2, c = (3/4)^2 + (1/4)^2 = 5/8, adjusted -1/3, by class [2/3, 0].
    NaN where a denominator is 0: no such edges, or for the adjusted one a single class.
    """
    row_of = rows_of_edges(graph)
    own, others = classes[row_of], classes[graph.indices]
    counted = (own >= 0) & (others >= 0) & (row_of != graph.indices)
    own, others = own[counted], others[counted]
    out, into, same = (np.bincount(k, minlength=num_classes) for k in (own, others, own[own == others]))
    edge = share(same.sum(), len(own))
    chance = share(out.astype(float) @ into, len(own) ** 2)  # floats: e^2 need not fit 64 bits
    by_class = np.divide(same, out, out=np.full(num_classes, nan), where=out > 0)
    return edge, share(edge - chance, 1 - chance), by_class


def shared_homophily(groups, classes, num_groups, num_classes):
    """(homophily, adjusted homophily) of all pairs of different edges into one group: of papers that have an author in common.

    groups: int[M], the group of each edge; classes: int[M] in [0, K), the class of its other end. With c_gk edges of class k
    into group g, n_g in all: h = sum_gk c_gk (c_gk - 1) / sum_g n_g (n_g - 1), the share of pairs that are of one class, and
    adjusted as in ``homophily``, where each pair is an edge both ways. NaN where a denominator is 0.
    """
    from scipy.sparse import coo_array

    counts = coo_array((np.ones(len(groups)), (groups, classes)), shape=(num_groups, num_classes)).tocsr()
    others = np.asarray(counts.sum(axis=1)).ravel() - 1  # of each group: how many pairs an edge into it is in
    ends, pairs = counts.T @ others, float((others + 1) @ others)
    found = share(float(counts.data @ (counts.data - 1)), pairs)
    chance = share(float(ends @ ends), pairs**2)
    return found, share(found - chance, 1 - chance)


def rows_of_edges(graph):
    """int32[E]: the row that each stored edge stands in."""
    return np.repeat(np.arange(graph.num_nodes, dtype=np.int32), graph.degrees)


def share(part, whole):
    """part / whole as a float; NaN where the whole is 0."""
    return float(part / whole) if whole else nan
