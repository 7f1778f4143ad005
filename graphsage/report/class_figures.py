"""The pictures of classes: what is taken for what, how sure the model was, and what other thresholds would give."""

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from graphsage.data.described.describe_report import clipped
from graphsage.report import svg
from graphsage.report.svg import ABOVE, BLUE, GREEN, ORANGE, PERCENT, SOFT, TIGHT, picture

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)  # upper ends of the heat map's shares
MOST_WITH_NUMBERS = 10  # classes whose cells have room for their numbers
MOST_NARROW = 16  # classes whose heat map fits a phone
BOTH_SIDES = (
    "On the dashed line it is right as often as it says. Below it was too sure: right less often than it says. "
    "Above it was not sure enough: right more often than it says."
)
LINES = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"))  # of the curves: colour, dash and mark


def heat_map(counts, names, nodes):
    """counts: int64[C, C], of class i taken for class j. nodes: "test nodes", in words."""
    size, shares = len(counts), counts / np.maximum(counts.sum(1, keepdims=True), 1)
    is_wide = size > MOST_NARROW
    names = [clipped(name) for name in names]

    def draw(figure):
        axes = figure.add_subplot()
        for level, (low, high) in enumerate(zip((0, *LEVELS), LEVELS)):
            _cells(axes, np.argwhere((shares > low) & (shares <= high)), svg.HEAT[level], _level_name(low, high))
        if size <= MOST_WITH_NUMBERS:
            _numbers(axes, shares)
        _class_axes(axes, names)
        figure.legend(title="% of the nodes of a row", ncols=len(LEVELS), **ABOVE, **TIGHT, fontsize=10)

    side = 0.19 * size + 3.8 if is_wide else svg.WIDTH
    text = f"Confusion matrix of {size} classes: rows are the true class, columns the predicted one."
    caption = f"Of the {nodes} of each row's class, the share taken for each column's. On the diagonal: right."
    return picture("confusion", draw, text=text, caption=caption, height=side + 0.4, width=side, scrolls=is_wide)


def _level_name(low, high):
    return f"{100 * low:.0f}-{100 * high:.0f}"


def _cells(axes, cells, colour, label):
    """Unit squares as one path, so that 58 x 58 classes stay small; the legend names the level."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
    squares = [Path(corners + (column, row), closed=True) for row, column in cells]
    path = Path.make_compound_path(*squares) if squares else Path(np.empty((0, 2)))
    axes.add_patch(PathPatch(path, facecolor=colour, edgecolor=svg.LINE, linewidth=0.3, label=label))


def _numbers(axes, shares):
    for (row, column), share in np.ndenumerate(shares):
        if share > 0:
            colour = svg.ON_STRONG if share > LEVELS[3] else svg.ON_LIGHT
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour, fontsize=10)


def _class_axes(axes, names):
    places = range(len(names))
    small = 9 if len(names) > MOST_NARROW else 10
    axes.set_xticks(places, names, rotation=90, fontsize=small)
    axes.set_yticks(places, names, fontsize=small)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.grid(False)
    many = len(names) > MOST_NARROW  # far from the first edge: names on the other as well
    axes.tick_params(length=0, labeltop=many, labelright=many)


# ---- confidence and thresholds


def calibration(bins):
    """bins: (mean confidence, accuracy, nodes) triples."""

    def draw(figure):
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], "--", color=SOFT, linewidth=1, label="perfectly calibrated")
        confidence, accuracy, _ = zip(*bins)
        axes.plot(confidence, accuracy, "o-", color=BLUE, label="this model")
        axes.set_xlabel("probability given to the predicted class")
        axes.set_ylabel("share that was right")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PERCENT)
        axes.legend()

    text = "Calibration: how often the model was right, by how sure it was."
    return picture("calibration", draw, text=text, caption=f"{text} {BOTH_SIDES}")


def curves(found):
    """(ROC, precision over recall): pictures of ``Curve``s, at most three, each with the threshold in use marked."""
    roc = [(one, one.roc(), one.in_use[:2], f"area {one.area:.3f}") for one in found]
    precision = [(one, one.precision_recall(), one.in_use[1:], f"average {one.average_precision:.3f}") for one in found]
    names = ", ".join(one.name for one in found)
    return (
        _curves(
            "roc", roc, "false alarms", "recall",
            f"ROC curve of {names}.",
            "ROC curve. Each point is a threshold, the mark is the one in use. Recall: the share of the class that is found. "
            "False alarms: the share of all others that is taken for it. Guesses lie on the diagonal, better ones above it.",
        ),
        _curves(
            "precision", precision, "recall", "precision",
            f"Precision over recall of {names}.",
            "Precision over recall. Precision: the share right of those that are taken for the class. A lower threshold finds "
            "more (to the right), and mostly more of it is wrong (down).",
        ),
    )  # fmt: skip


def _curves(name, lines, x, y, text, caption):
    def draw(figure):
        axes = figure.add_subplot()
        if name == "roc":
            axes.plot([0, 1], [0, 1], ":", color=SOFT, linewidth=1)
        for (one, points, mark, area), (colour, dash, marker) in zip(lines, LINES):
            axes.plot(*points, dash, color=colour, linewidth=1.6, label=f"{clipped(one.name)}, {area}")
            axes.plot(*([part] for part in mark), marker, color=colour, markersize=8, markeredgecolor=svg.INK)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PERCENT)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        figure.legend(**ABOVE, **TIGHT)

    return picture(name, draw, text=text, caption=caption, height=3.2 + 0.25 * len(lines))
