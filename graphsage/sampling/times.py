"""Times at the sampler's door: of nodes, and of seeds, on the axis of the graph's edges."""

import numpy as np

from graphsage.base.checks import as_array, read_only
from graphsage.graph.build import of_length
from graphsage.graph.time_axis import checked_times

NEAR_1970 = 10**13  # nanoseconds, some three hours: times that all lie there are days, seconds or milliseconds, and no dates
FEW = 1000  # edges that are looked at


def as_node_times(node_times, graph):
    """``node_times`` as an array of the kind of the graph's times; None stays None."""
    if node_times is None:
        return None
    if graph.times is not None:
        return read_only(_on_axis("node_times", node_times, graph.times, graph.num_nodes, "node"))
    return read_only(of_length("node_times", checked_times("node_times", node_times), graph.num_nodes, "node").copy())


def bounds_of(times, num_seeds, edge_times, strictly_before):
    """The last time that the tree of each seed knows: its own, or the one before where ``strictly_before``."""
    times = _on_axis("times", times, edge_times, num_seeds, "seed")
    if not strictly_before:
        return times
    if times.dtype == np.float64:
        with np.errstate(all="ignore"):  # beside 0 and at the lowest number, which knows nothing
            return np.nextafter(times, -np.inf)
    if len(times) and times.min() == np.iinfo(np.int64).min:
        raise ValueError(f"times must be above {np.iinfo(np.int64).min} for strictly_before=True")
    return times - 1


def _on_axis(name, given, edge_times, number, per):
    """``given`` times, ``number`` of them, with the dtype of the graph's: whole numbers are floats too, but not the other way
    round. Dates are refused where the graph has none: each would be later than all edges."""
    given = as_array(name, given)
    times = of_length(name, checked_times(name, given), number, per)
    if times.dtype == np.float64 and edge_times.dtype == np.int64:
        raise TypeError(f"{name} must be integers or dates, as the graph's times are; got {times.dtype}")
    if given.dtype.kind in "MO" and len(edge_times) and np.abs(edge_times[:FEW].astype(np.float64)).max() < NEAR_1970:
        rule = "must be numbers, as the graph's times are (dates are nanoseconds since 1970)"
        raise TypeError(f"{name} {rule}; got {given[:1].tolist()[0]} beside {edge_times[0]}")
    return times.astype(edge_times.dtype)  # a copy: contiguous and writable, the type that the kernels are compiled for
