"""Times at the sampler's door: of nodes, and of seeds, on the axis of the graph's edges."""

import numpy as np

from graphsage.base.checks import read_only
from graphsage.graph.build import of_length
from graphsage.graph.time_axis import checked_times, on_axis


def as_node_times(node_times, graph):
    """``node_times`` as an array of the kind of the graph's times; None stays None."""
    if node_times is None:
        return None
    of_edges = graph.times
    times = checked_times("node_times", node_times).copy() if of_edges is None else on_axis("node_times", node_times, of_edges)
    return read_only(of_length("node_times", times, graph.num_nodes, "node"))


def times_by_type(name, given, counts, axis):
    """{type: times of its nodes} of the caller's ``given``, on the ``axis`` of the edges' times; None: on the first's."""
    found = {}
    for kind, times in given.items():
        called = f"{name}[{kind!r}]"
        times = checked_times(called, times).copy() if axis is None else on_axis(called, times, axis)
        found[kind] = read_only(of_length(called, times, counts[kind], "node"))
        axis = found[kind] if axis is None else axis
    return found


def bounds_of(times, num_seeds, edge_times, strictly_before):
    """The last time that the tree of each seed knows: its own, or the one before where ``strictly_before``."""
    times = of_length("times", on_axis("times", times, edge_times), num_seeds, "seed")
    if not strictly_before:
        return times
    if times.dtype == np.float64:
        with np.errstate(all="ignore"):  # beside 0 and at the lowest number, which knows nothing
            return np.nextafter(times, -np.inf)
    if len(times) and times.min() == np.iinfo(np.int64).min:
        raise ValueError(f"times must be above {np.iinfo(np.int64).min} for strictly_before=True")
    return times - 1
