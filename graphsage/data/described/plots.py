"""A picture of a ``Description``, by matplotlib, which is not installed with the package: ``pip install matplotlib``."""

from math import isnan

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from graphsage.base.files import written_aside
from graphsage.data.described.describe_report import clipped, largest_classes, split_sizes

DOTS_PER_INCH = 120
COLOUR, FAINT = "#30638e", "#9db4c8"


def save_png(found, path):
    """Write four panels into the PNG file ``path``: neighbours, splits, classes, and homophily by class.

    found: ``Description``. Nothing is shown, and pyplot's state is neither read nor changed. Raises OSError.
    """
    figure = Figure(figsize=(12, 9), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{found.name or 'dataset'}: {found.num_nodes:,} nodes, {found.num_edges:,} edges")
    for draw, axes in zip((_degrees, _splits, _classes, _homophily), figure.subplots(2, 2).flat):
        draw(found, axes)
    with written_aside(path) as file:
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH)


def _degrees(found, axes):
    """Log-log, so without isolated nodes. The points of a heavy tail are noisy; the sums above each degree are not."""
    some = found.degrees > 0
    degrees, counts = found.degrees[some], found.degree_counts[some]
    axes.set_title(f"Neighbours ({found.num_isolated:,} nodes have none)")
    axes.set_xlabel("neighbours of a node")
    axes.set_ylabel("nodes")
    if len(degrees):
        above = np.cumsum(counts[::-1])[::-1]
        axes.loglog(degrees, above, color=FAINT, drawstyle="steps-pre", label="nodes with at least so many")
        axes.loglog(degrees, counts, ".", color=COLOUR, label="nodes with so many")
        axes.legend()


def _splits(found, axes):
    axes.set_title("Split")
    axes.set_xlabel("nodes")
    sizes = split_sizes(found)
    _bars(axes, [f"{split}  {size:,}" for split, size in sizes.items()], list(sizes.values()))


def _classes(found, axes):
    shown, rest = largest_classes(found)
    more = f" ({len(rest):,} more have {found.class_counts[rest].sum():,} nodes)" if len(rest) else ""
    axes.set_title(f"Classes{more}" if len(shown) else "No classes")
    axes.set_xlabel("nodes")
    _bars(axes, [f"{clipped(found.class_names[k])}  {found.class_counts[k]:,}" for k in shown], found.class_counts[shown])


def _homophily(found, axes):
    """A class without edges has a bar of length 0 and "nan" for its number."""
    if isnan(found.edge_homophily):
        axes.set_title("No homophily: it needs edges between nodes of known classes")
        return axes.set_axis_off()
    shown, _ = largest_classes(found)
    shares = found.class_homophily[shown]
    axes.set_title(f"Homophily (dotted: all edges, {found.edge_homophily:.2f})")
    axes.set_xlabel("share of a class's edges that stay in it")
    _bars(axes, [f"{clipped(found.class_names[k])}  {share:.2f}" for k, share in zip(shown, shares)], np.nan_to_num(shares))
    axes.axvline(found.edge_homophily, color="black", linestyle=":")
    axes.set_xlim(0, 1)


def _bars(axes, names, sizes):
    """Horizontal bars, the first on top. Names may repeat."""
    axes.barh(range(len(names)), sizes, color=COLOUR)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.locator_params(axis="x", nbins=5)  # more would run into each other where numbers are long
