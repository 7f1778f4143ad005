"""The pictures of nodes: scores of groups of them, targets, and embeddings as a plane."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, NullFormatter

from graphsage.data.described.describe_report import clipped
from graphsage.report.svg import ABOVE, BLUE, GREEN, HEAT, INK, ORANGE, PALE, PERCENT, PURPLE, TIGHT, picture

MOST_DOTS = 1000  # of a scatter plot
SHAPES = {"s": [(-1, -1), (1, -1), (1, 1), (-1, 1)], "^": [(-1.2, -1), (1.2, -1), (0, 1.2)]}
#: Of the groups of a plane, in order: ten can be told apart by colour and shape together.
MARKS = [(colour, shape) for shape in SHAPES for colour in (BLUE, ORANGE, GREEN, PURPLE, INK)]
RISING = [(HEAT[k], "s") for k in (1, 2, 3, 4, 6)]  # of five groups of rising numbers


def by_degree(bins, whole, label, in_percent, of="nodes"):
    """``_by_group`` of the number of neighbours, in bins that double."""
    caption = f"Score by number of neighbours; below, how many {of} each bin has."
    ticks = [b.name.partition(" ")[0] for b in bins]
    axis = "neighbours: the bin's least number"
    return _by_group("degree", bins, whole, label, in_percent, of, (axis, ticks), caption)


def by_likeness(bins, whole, label, in_percent, axis):
    """``_by_group`` of how like their neighbours nodes are."""
    caption = "Score by likeness to the neighbours; below, how many nodes each group has."
    ticks = [b.name.replace(" to ", "-").replace(" or more", "+") for b in bins]
    return _by_group("likeness", bins, whole, label, in_percent, "nodes", (axis, ticks), caption)


def _by_group(name, bins, whole, label, in_percent, of, axis, caption):
    """bins: ``GroupScore`` of each group, in order; whole: that of all; label: the score's name; of: of what.

    axis: (what the groups are by, a tick for each).
    """

    def draw(figure):
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        places, scores = np.arange(len(bins)), np.array([b.score for b in bins])
        reach = np.array([[b.score - b.low, b.high - b.score] for b in bins]).T
        above.axhline(whole.score, color=ORANGE, linestyle="--", linewidth=1.4, label=f"all {of}")
        reach = np.nan_to_num(np.maximum(reach, 0))
        above.errorbar(places, scores, reach, fmt="o", color=BLUE, capsize=3, label="95 % interval")
        above.set_ylabel(label)
        figure.legend(ncols=2, **ABOVE)
        if in_percent:
            above.yaxis.set_major_formatter(PERCENT)
        _counts(below, [b.nodes for b in bins], of)
        below.set_xticks(places, axis[1], rotation=90 if len(bins) > 9 else 0)
        below.set_xlabel(axis[0])

    text = f"{label} of {of} by {name}, in {len(bins)} groups."
    return picture(name, draw, text=text, caption=caption, height=4)


def _counts(axes, counts, of):
    """Bars on a logarithmic axis, whose labels are text."""
    axes.bar(range(len(counts)), counts, color=PALE)
    axes.set_yscale("log")
    axes.set_ylim(0.7, 2 * max(counts))  # from one node on: an axis of less than a decade would have no numbers
    axes.yaxis.set_major_locator(LogLocator(numticks=3))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter(NullFormatter())  # else formulas, which no browser reads, where counts are alike
    axes.set_ylabel(of)


def targets(outputs, labels, names):
    """Predicted over true for each of the given columns of float [M, T]."""
    chosen = np.linspace(0, len(labels) - 1, min(len(labels), MOST_DOTS)).astype(int)
    shown = f"{len(chosen):,} of {len(labels):,} nodes" if len(chosen) < len(labels) else f"all {len(labels):,} nodes"
    return [_target(k, outputs[chosen, k], labels[chosen, k], name, shown) for k, name in enumerate(names)]


def _target(number, predicted, true, name, shown):
    def draw(figure):
        axes = figure.add_subplot()
        axes.plot(true, predicted, "o", color=BLUE, alpha=0.4, markersize=4, markeredgewidth=0)
        axes.axline((float(true[0]),) * 2, slope=1, color=ORANGE, linestyle="--", linewidth=1.4, label="predicted = true")
        axes.set_xlabel("true")
        axes.set_ylabel("predicted")
        axes.legend()

    text = f"{name}: predicted over true."
    return picture(f"target-{number}", draw, text=text, caption=f"{text[:-1]}, {shown}.", height=3.6)


def plane(points, shares, groups, caption, *, rising=False):
    """points: float64[m, 2]; shares: of the variance, of the two directions; groups: [(name, bool[m])], the last drawn first.

    rising: the groups are of rising numbers, and have the shades of one colour.
    """
    marks = RISING if rising else MARKS

    def draw(figure):
        axes = figure.add_subplot()
        size = 0.006 * max(np.ptp(points, axis=0).max(), 1e-9)
        given = [(name, mask, (PALE, "s") if name == "others" else mark) for (name, mask), mark in zip(groups, [*marks, None])]
        for _, mask, (colour, shape) in reversed(given):
            _dots(axes, points[mask], size, colour, SHAPES[shape])
        handles = [_handle(name, *mark) for name, _, mark in given]
        axes.autoscale_view()
        axes.set_aspect("equal", adjustable="datalim")
        axes.tick_params(labelbottom=False, labelleft=False, length=0)  # of no unit
        axes.set_xlabel(f"first direction: {100 * shares[0]:.0f} % of the variance")
        axes.set_ylabel(f"second: {100 * shares[1]:.0f} %")
        figure.legend(handles=handles, ncols=2, **ABOVE, **TIGHT, fontsize=10)

    text = f"Embeddings of {len(points):,} nodes as a plane, by {len(groups)} groups of nodes."
    return picture("plane", draw, text=text, caption=caption, height=4.6 + 0.2 * (len(groups) // 2))


def _dots(axes, points, size, colour, shape):
    """Small shapes as one path: 2,000 of them take a third of what marks take."""
    corners = size * np.array([*shape, shape[0]], float)
    path = Path.make_compound_path(*(Path(corners + point, closed=True) for point in points))
    axes.add_patch(PathPatch(path, facecolor=colour, linewidth=0, alpha=0.75))


def _handle(name, colour, shape):
    return Line2D([], [], color=colour, marker=shape, markersize=6, linestyle="none", label=clipped(name))
