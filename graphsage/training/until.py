"""What a training sees where nodes are asked at their own times, and what it says of that."""

import numpy as np

from graphsage.graph.typed_graph import TypedGraph
from graphsage.sampling.arranged import edge_times
from graphsage.sampling.typed_form import TypedForm

LATER = {False: "the edges until its own time; {} are later than every training node",
         True: "the edges before its own time; {} are not before any training node"}  # fmt: skip


def degrees_seen(dataset, graph, strictly_before):
    """int64[N]: edges of each row of ``graph`` that some training node may see; all of them where nodes have no times.

    Of a ``TypedGraph`` {relation: int64[n]}.
    """
    if dataset.times is None:
        return degrees_of(graph)
    rows = rows_of(graph)
    owners = np.repeat(np.arange(rows.num_nodes), rows.degrees)
    return _by_relation(graph, np.bincount(owners[~_later(dataset, graph, strictly_before)], minlength=rows.num_nodes))


def degrees_of(graph):
    """int64[N]: edges of each row of ``graph``; of a ``TypedGraph`` {relation: int64[n]}."""
    return _by_relation(graph, np.diff(rows_of(graph).indptr))  # not kept: 8 bytes a node


def _by_relation(graph, degrees):
    if not isinstance(graph, TypedGraph):
        return degrees
    return {name: degrees[first:last] for name, first, last in zip(graph.relations, graph.firsts, graph.firsts[1:])}


def rows_of(graph):
    """The ``Graph`` whose rows are drawn: of a ``TypedGraph`` that of its slots."""
    return graph.rows if isinstance(graph, TypedGraph) else graph


def later_edges(dataset, strictly_before):
    """How many edges no training node may see, as they came after the last; None where nodes have no times."""
    return None if dataset.times is None else int(np.count_nonzero(_later(dataset, dataset.graph, strictly_before)))


def _later(dataset, graph, strictly_before):
    """bool[E]: is the edge later than every training node?"""
    node_times = dataset.node_times if rows_of(graph) is graph else TypedForm.node_times_of(graph, dataset.node_times)
    times, last = edge_times(rows_of(graph), node_times), dataset.times[dataset.train].max()
    return times >= last if strictly_before else times > last


def time_line(dataset, strictly_before):
    """The line that tells of it; "" where nodes have no times."""
    if dataset.times is None:
        return ""
    edges = f"{later_edges(dataset, strictly_before):,} of {rows_of(dataset.graph).num_edges:,} edges"
    return f"Time: each node sees {LATER[strictly_before].format(edges)}"
