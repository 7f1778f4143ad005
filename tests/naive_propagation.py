"""Slow twins of what spreads along edges: dense matrices, and loops over nodes."""

import numpy as np


def dense_adjacency(graph):
    """D^-1/2 A D^-1/2, float64 [N, N]: edges both ways, each once, no loops."""
    found = np.zeros((graph.num_nodes, graph.num_nodes))
    for u, v in zip(*graph.to_edges()):
        if u != v:
            found[u, v] = found[v, u] = 1
    scale = [1 / np.sqrt(d) if d else 0 for d in found.sum(1)]
    return found * np.outer(scale, scale)


def spread(adjacency, start, strength, steps=50):
    found = start
    for _ in range(steps):
        found = strength * (adjacency @ found) + (1 - strength) * start
    return found


def fixed_point(adjacency, start, strength):
    """(1 - a) (I - a S)^-1 F_0."""
    return (1 - strength) * np.linalg.solve(np.eye(len(adjacency)) - strength * adjacency, start)


def shares(graph, train, labels, strength):
    """Of labels [n, C] of the training nodes, at each node: their mean, each weighing what of it arrives there."""
    reach = spread(dense_adjacency(graph), np.eye(graph.num_nodes), strength)
    found = []
    for node in range(graph.num_nodes):
        weights = np.array([reach[node, t] for t in train])
        found.append((weights @ labels + 1e-9 * labels.mean(0)) / (weights.sum() + 1e-9))
    return np.array(found)


def correct_and_smooth(graph, shares, train, labels, correct, smooth):
    """Huang et al. 2021, sections 2.2 (autoscale) and 2.3, of shares [N, C]. labels: classes of ``train``."""
    adjacency, known = dense_adjacency(graph), np.eye(shares.shape[1])[labels]
    error = np.zeros_like(shares)
    error[train] = known - shares[train]
    size = np.abs(error[train]).sum(1).mean()
    spreaded, corrected = spread(adjacency, error, correct), shares.copy()
    for node in range(graph.num_nodes):
        length = np.abs(spreaded[node]).sum()
        if node not in train and length > 0:
            corrected[node] += size * spreaded[node] / length
    corrected[train] = known
    return spread(adjacency, corrected, smooth)
