"""What a training sees where nodes are asked at their own times, and what it says of that."""

import numpy as np

from graphsage.sampling.arranged import edge_times

LATER = {False: "the edges until its own time; {} are later than every training node",
         True: "the edges before its own time; {} are not before any training node"}  # fmt: skip


def degrees_seen(dataset, graph, strictly_before):
    """int64[N]: edges of each row of ``graph`` that some training node may see; all of them where nodes have no times."""
    if dataset.times is None:
        return graph.degrees
    rows = np.repeat(np.arange(graph.num_nodes), graph.degrees)
    return np.bincount(rows[~_later(dataset, graph, strictly_before)], minlength=graph.num_nodes)


def later_edges(dataset, strictly_before):
    """How many edges no training node may see, as they came after the last; None where nodes have no times."""
    return None if dataset.times is None else int(np.count_nonzero(_later(dataset, dataset.graph, strictly_before)))


def _later(dataset, graph, strictly_before):
    """bool[E]: is the edge later than every training node?"""
    times, last = edge_times(graph, dataset.node_times), dataset.times[dataset.train].max()
    return times >= last if strictly_before else times > last


def time_line(dataset, strictly_before):
    """The line that tells of it; "" where nodes have no times."""
    if dataset.times is None:
        return ""
    edges = f"{later_edges(dataset, strictly_before):,} of {dataset.graph.num_edges:,} edges"
    return f"Time: each node sees {LATER[strictly_before].format(edges)}"
