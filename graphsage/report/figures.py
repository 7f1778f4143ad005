"""The pictures of a training's course and time, and those of the other files: all that a report draws.

Needs matplotlib; pyplot and the caller's settings are neither read nor changed.
"""

import numpy as np
from matplotlib.ticker import MaxNLocator

from graphsage.report import svg as svg
from graphsage.report.class_figures import calibration as calibration, curves as curves, heat_map as heat_map
from graphsage.report.node_figures import (
    by_degree as by_degree,
    by_likeness as by_likeness,
    plane as plane,
    targets as targets,
)
from graphsage.report.svg import ABOVE, BLUE, GREEN, INK, ORANGE, PALE, PERCENT, PURPLE, SOFT, TIGHT, picture

MOST_POINTS = 400  # of a curve: more steps than that are averaged in groups
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
