"""The pictures of the report. Needs matplotlib; pyplot and the caller's settings are neither read nor changed."""

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter

from graphsage.data.described.describe_report import clipped
from graphsage.report import svg as svg
from graphsage.report.svg import BLUE, GREEN, INK, ORANGE, PALE, PURPLE, SOFT, picture

MOST_POINTS = 400  # of a curve: more steps than that are averaged in groups
MOST_DOTS = 1000  # of a scatter plot
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)  # upper ends of the heat map's shares
MOST_WITH_NUMBERS = 10  # classes whose cells have room for their numbers
MOST_NARROW = 16  # classes whose heat map fits a phone
ABOVE = {"loc": "outside upper left"}  # where a legend hides nothing
TIGHT = {"columnspacing": 0.8, "handlelength": 0.8, "handletextpad": 0.4}
PERCENT = PercentFormatter(1, symbol=" %")
PHASES = {"starting": PURPLE, "waiting": PALE, "training": BLUE, "evaluating": GREEN, "saving": ORANGE, "other": SOFT}


# ---- curves


def loss_curve(steps, epochs):
    """steps: float [S, 2] of (time in epochs, loss); epochs: the epoch lines."""

    def draw(figure):
        axes = _axes(figure, "epoch", "loss")
        if len(steps) > len(epochs):  # else it would hide behind the means
            axes.plot(*thinned(steps).T, color=PALE, linewidth=1.2, label="training, each step")
        _line(axes, epochs, "loss", BLUE, "o", "-", "training, mean of the epoch")
        _line(axes, epochs, "val_loss", ORANGE, "s", "--", "validation")
        axes.legend()

    text = f"Loss over {len(epochs)} epochs, in training and validation."
    size = _group(steps)
    many = f" Each point of the pale line is the mean of {size} steps." if size > 1 else ""
    return picture("loss", draw, text=text, caption=f"Loss.{many} Dropout, if any, is on in training and off in validation.")


def score_curve(epochs, metric, best):
    """best: the number of the epoch whose model was kept."""

    def draw(figure):
        axes = _axes(figure, "epoch", f"validation {metric.label}")
        _line(axes, epochs, "val_score", GREEN, "o", "-", None)
        kept = [e for e in epochs if e["epoch"] == best]
        if kept and kept[0]["val_score"] is not None:
            axes.axvline(best, color=INK, linestyle=":", linewidth=1)
            star = {"markersize": 15, "markeredgecolor": INK, "markeredgewidth": 0.6, "linestyle": "none"}
            axes.plot([best], [kept[0]["val_score"]], "*", color=ORANGE, label=f"best: epoch {best}", **star)
            axes.legend()
        if metric.in_percent:
            axes.yaxis.set_major_formatter(PERCENT)

    text = f"Validation {metric.label} of {len(epochs)} epochs; the best is epoch {best}."
    return picture("score", draw, text=text, caption="Validation score. The model of the starred epoch was kept.")


def rate_curve(epochs):
    """The learning rate of each epoch."""

    def draw(figure):
        axes = _axes(figure, "epoch", "learning rate")
        _line(axes, epochs, "learning_rate", PURPLE, "o", "-", None)
        axes.yaxis.set_major_formatter("{x:.3g}")

    rates = [e["learning_rate"] for e in epochs if e.get("learning_rate") is not None]
    text = f"Learning rate, from {rates[0]:.3g} to {rates[-1]:.3g}."
    return picture("rate", draw, text=text, caption=text, height=2.4)


def thinned(points):
    """``points`` [S, 2], or the means of at most MOST_POINTS groups of neighbours."""
    starts = np.arange(0, len(points), _group(points))
    return np.add.reduceat(points, starts) / np.diff([*starts, len(points)])[:, None]


def _group(points):
    """How many points become one."""
    return -(-len(points) // MOST_POINTS)


def _axes(figure, x, y):
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return axes


def _line(axes, epochs, key, colour, marker, dash, label):
    """One value an epoch; markers only where they do not touch."""
    points = [(e["epoch"], e[key]) for e in epochs if e.get(key) is not None]
    if points:
        marker = marker if len(points) <= 40 else None
        axes.plot(*zip(*points), dash, color=colour, marker=marker, markersize=4, linewidth=1.8, label=label)


# ---- classes


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


# ---- degree, confidence, targets


def by_degree(bins, whole, label, in_percent, of="nodes"):
    """bins: ``GroupScore`` of each bin of degrees, in order; whole: that of all; label: the score's name; of: of what."""

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
        below.bar(places, [b.nodes for b in bins], color=PALE)
        below.set_yscale("log")
        below.yaxis.set_major_formatter("{x:,.0f}")
        below.yaxis.set_minor_formatter(NullFormatter())  # else formulas, which no browser reads, where counts are alike
        below.set_ylabel(of)
        below.set_xticks(places, [b.name.partition(" ")[0] for b in bins], rotation=90 if len(bins) > 9 else 0)
        below.set_xlabel("neighbours: the bin's least number")

    text = f"{label} of {of} by their number of neighbours, in {len(bins)} bins."
    caption = f"Score by number of neighbours; below, how many {of} each bin has."
    return picture("degree", draw, text=text, caption=caption, height=4)


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
    return picture("calibration", draw, text=text, caption=f"{text} Below the dashed line it was too sure.")


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


# ---- time


def phases(seconds):
    """seconds: {phase: seconds}, drawn in that order, as one bar."""
    total = sum(seconds.values())

    def draw(figure):
        axes, left = figure.add_subplot(), 0
        for name, value in seconds.items():
            label = f"{name} {100 * value / total:.0f} %"
            axes.barh([0], [value], left=left, color=PHASES[name], edgecolor=svg.PAGE, linewidth=1.5, label=label)
            left += value
        axes.set_yticks([])
        axes.set_xlabel("seconds")
        axes.set_xlim(0, total)
        axes.locator_params(axis="x", nbins=5)  # long numbers would run into each other
        axes.spines["left"].set_visible(False)
        figure.legend(ncols=3, **ABOVE, **TIGHT)

    text = "Time by phase: " + ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items()) + "."
    return picture("phases", draw, text=text, caption="From left to right in the order of the legend.", height=1.7)
