"""Features of nodes that have none: their degrees, and those of their neighbours."""

import numpy as np

from graphsage.base.told import of_kind
from graphsage.graph.graph import Graph

BUCKETS = 20  # powers of two: the last one begins at 2^18
NUM_DEGREE_FEATURES = 3 + BUCKETS
CENTRE = 2.0  # log(1 + 6.4): a middle degree of graphs that people have; constants, so that a value means one degree anywhere


def degree_features(graph: Graph) -> np.ndarray:
    """What degrees say of each node: float32 array [N, 23], with d_i the number of edges in row i and l_i = log(1 + d_i).

    Column 0: l_i - 2. 1 and 2: the mean and the maximum of l_j over the neighbours j of i, less 2 each; without neighbours -2.
    3 to 22: one of them 1, the others 0, by powers of two: column 3 for d = 0, 4 for 1, 5 for 2 and 3, 6 for 4 to 7 and so on,
    22 for 2^18 and more.

    No statistics of the graph go in: a row means the same in a graph of any size, so that a model of one graph may be asked
    about another. A repeated edge counts again, a self loop counts as an edge. N = 0 gives [0, 23].
    Raises TypeError for anything but a ``Graph``.

    What structural features are worth where nodes have none: Cui et al. 2022, "On Positional and Structural Node Features for
    Graph Neural Networks on Non-attributed Graphs", section 3.
    """
    of_kind("graph", graph, Graph)
    logs = np.log1p(graph.degrees.astype(np.float64))
    of_neighbors = logs[graph.indices]
    means = _over_rows(np.add, of_neighbors, graph) / np.maximum(graph.degrees, 1)
    columns = [logs, means, _over_rows(np.maximum, of_neighbors, graph)]
    return np.hstack([np.stack(columns, axis=1) - CENTRE, _buckets(graph.degrees)]).astype(np.float32)


def _over_rows(reduce, values, graph):
    """``reduce`` over each row's ``values`` (one an edge): float64 [N], 0 for an empty row."""
    found = np.zeros(graph.num_nodes)
    filled = graph.degrees > 0
    if filled.any():  # reduceat gives an empty row the next one's first value
        found[filled] = reduce.reduceat(values, graph.indptr[:-1][filled])
    return found


def _buckets(degrees):
    """float64 [N, 20]: 1 at the number of binary digits of the degree, the last column at most."""
    digits = np.frexp(degrees.astype(np.float64))[1]  # exact: degree = m * 2^digits with 1/2 <= m < 1; 0 for 0
    return np.eye(BUCKETS)[np.minimum(digits, BUCKETS - 1)]
