"""When the nodes of a dataset are asked about, and since when they are there: points of the time axis of its graph."""

import numpy as np

from graphsage.base.checks import read_only
from graphsage.graph.build import of_length
from graphsage.graph.time_axis import checked_times, on_axis, time_text


def times_of_nodes(graph, times, node_times):
    """(times, node_times) of a dataset on ``graph``, checked, of one dtype; None stays None."""
    axis = graph.times
    if node_times is not None:
        node_times = _of_nodes("node_times", node_times, axis, graph)
        axis = node_times if axis is None else axis
    if times is None:
        return None, node_times
    if axis is None:
        rule = "Graph.from_edges(..., times=) or node_times="
        raise ValueError(f"times of nodes are compared with those of edges, and the graph has none: pass {rule}")
    times = _of_nodes("times", times, axis, graph)
    if node_times is not None:
        _check_order(times, node_times)
    return times, node_times


def _of_nodes(name, given, axis, graph):
    times = checked_times(name, given).copy() if axis is None else on_axis(name, given, axis)
    return read_only(of_length(name, times, graph.num_nodes, "node"))


def _check_order(times, node_times):
    early = times < node_times
    if early.any():
        node = int(np.argmax(early))
        rule = f"node {node} is asked at {time_text(times[node])} and came to be at {time_text(node_times[node])}"
        raise ValueError(f"times must not be before node_times, but {rule}")


def times_line(dataset):
    """A line on the times of a dataset, for its summary; "" where it has none."""
    parts = [(dataset.times, "asked"), (dataset.node_times, "there")]
    spans = [f"{what} from {time_text(of.min())} to {time_text(of.max())}" for of, what in parts if of is not None and len(of)]
    return f"times: nodes are {' and '.join(spans)}" if spans else ""


def refuse_untimed(dataset, why):
    """ValueError where nobody knows when the nodes of ``dataset`` are asked."""
    if dataset.times is None:
        ways = "times= to the dataset, or a column time in the tables of nodes and of edges"
        raise ValueError(f"{dataset.name or 'the dataset'} has no times of nodes{why}: pass {ways}")
