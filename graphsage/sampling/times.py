"""Times at the sampler's door: of nodes, and of seeds, on the axis of the graph's edges."""

import numpy as np

from graphsage.base.checks import read_only
from graphsage.graph.build import of_length
from graphsage.graph.time_axis import checked_times


def as_node_times(node_times, graph):
    """``node_times`` as an array of the kind of the graph's times; None stays None."""
    if node_times is None:
        return None
    node_times = of_length("node_times", checked_times("node_times", node_times), graph.num_nodes, "node")
    return read_only(node_times.copy() if graph.times is None else _on_axis("node_times", node_times, graph.times))


def bounds_of(times, num_seeds, edge_times, strictly_before):
    """The last time that the tree of each seed knows: its own, or the one before where ``strictly_before``."""
    times = of_length("times", checked_times("times", times), num_seeds, "seed")
    times = _on_axis("times", times, edge_times)
    if not strictly_before:
        return times
    if times.dtype == np.float64:
        return np.nextafter(times, -np.inf)
    if len(times) and times.min() == np.iinfo(np.int64).min:
        raise ValueError(f"times must be above {np.iinfo(np.int64).min} for strictly_before=True")
    return times - 1


def _on_axis(name, times, edge_times):
    """``times`` with the dtype of the graph's: whole numbers are floats too, but not the other way round."""
    if times.dtype == np.float64 and edge_times.dtype == np.int64:
        raise TypeError(f"{name} must be integers or dates, as the graph's times are; got {times.dtype}")
    return times.astype(edge_times.dtype)  # a copy: contiguous and writable, the type that the kernels are compiled for
