"""Tables and figure of the sampling_depth benchmark."""

from statistics import fmean, stdev

from benchmarks.shared.measuring import median
from benchmarks.shared.publish import heading, log_scale, pyplot, short, table

HEADER = [
    "fanouts",
    "nodes",
    "edges",
    "sampling ms",
    "features ms",
    "training ms",
    "all, CPU ms (wall)",
    "peak MiB",
    "test accuracy %",
]


def markdown(result, largest_only=False):
    """A table a graph and batch size."""
    parts = [
        heading(result),
        "`*` the last epoch was the best (median of the seeds): the training may not have come to its end.",
    ]
    for graph in graphs_of(result):
        for batch in batches_of(result, graph)[-1 if largest_only else 0 :]:
            rows = [_line(row, result) for row in costs_of(result, graph, batch=batch)]
            parts.append(f"### {title(result, graph)}, batches of {batch:,} seeds\n\n{table(HEADER, rows)}")
    return "\n\n".join(parts) + "\n"


def _line(row, result):
    tested = accuracy_of(result, row["graph"], row["fanouts"])
    score = "" if tested is None else _score(*tested)
    sampling, ready, training = (ms(row, name) for name in ("sampling", "ready", "training"))
    whole = f"{short(ready + training)} ({short(ms(row, 'ready', 'wall') + ms(row, 'training', 'wall'))})"
    counts = [f"{median(row['rounds'][name]):,.0f}" for name in ("nodes", "edges")]
    return [
        chain(row["fanouts"]),
        *counts,
        *map(short, (sampling, max(0.0, ready - sampling), training)),
        whole,
        short(row["memory"]),
        score,
    ]


def _score(mean, spread, rising):
    return f"{mean:.1f}" + ("" if spread is None else f" +- {spread:.1f}") + ("*" if rising else "")


def title(result, graph):
    return f"R-MAT, 2^{result['config']['scale']} nodes" if graph == "rmat" else graph


def chain(fanouts):
    return ",".join("all" if k == -1 else str(k) for k in fanouts)


def ms(row, what, clock="cpu"):
    """Milliseconds a batch: median over the rounds."""
    return 1e3 * median(row["rounds"][f"{what}_{clock}"])


def costs_of(result, graph, **wanted):
    """The graph's timed settings, of those with the wanted values."""
    rows = (row for row in result["rows"] if row["kind"] == "cost" and row["graph"] == graph)
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def graphs_of(result):
    return list(dict.fromkeys(row["graph"] for row in result["rows"] if row["kind"] == "cost"))


def batches_of(result, graph):
    return sorted({row["batch"] for row in costs_of(result, graph)})


def accuracy_of(result, graph, fanouts):
    """(mean, standard deviation or None, was the last epoch the best?) of the test accuracy in %, or None."""
    for row in result["rows"]:
        if row["kind"] == "accuracy" and (row["graph"], tuple(row["fanouts"])) == (graph, tuple(fanouts)):
            percent = [100 * value for value in row["test"]]
            spread = stdev(percent) if len(percent) > 1 else None
            return fmean(percent), spread, median(row["best_epoch"]) == row["epochs"]
    return None


# ---- the figure

COLORS, MARKS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple"), "osD^v*"


def draw(result, file):
    """A line of panels a graph: nodes, time, its parts, memory, accuracy; a colour a fanout."""
    plt, graphs = pyplot(), graphs_of(result)
    figure, axes = plt.subplots(len(graphs), 5, figsize=(24, 4.2 * len(graphs) + 0.8), squeeze=False)
    widths = list(dict.fromkeys(row["fanouts"][0] for row in result["rows"]))
    styles = {k: {"color": COLORS[at % 5], "marker": MARKS[at % 6], "label": chain((k,))} for at, k in enumerate(widths)}
    for line, graph in zip(axes, graphs):
        largest = batches_of(result, graph)[-1]
        name = f"{title(result, graph)}, batches of {largest:,}"
        by_depth(line[0], costs_of(result, graph, batch=largest), styles, lambda row: median(row["rounds"]["nodes"]))
        _label(line[0], name, "distinct nodes a batch")
        by_depth(line[1], costs_of(result, graph, batch=largest), styles, lambda row: ms(row, "ready") + ms(row, "training"))
        _label(line[1], name, "CPU ms a batch, all parts")
        by_depth(line[2], costs_of(result, graph, batch=largest), styles, lambda row: row["memory"])
        _label(line[2], name, "peak memory over graph and features (MiB)")
        by_batch(line[3], result, graph, styles)
        by_accuracy(line[4], result, graph, styles, largest)
    handles = [plt.Line2D([], [], **style) for style in styles.values()]
    figure.legend(handles=handles, title="neighbours drawn at each hop", loc="upper center", ncols=len(handles))
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.9 / figure.get_figheight()))
    figure.savefig(file, dpi=80)
    plt.close(figure)


def by_depth(axis, rows, styles, value):
    for k, style in styles.items():
        points = [(len(row["fanouts"]), value(row)) for row in rows if row["fanouts"][0] == k and value(row) is not None]
        axis.plot(*zip(*points), **style) if points else None
    axis.set_xticks(sorted({len(row["fanouts"]) for row in rows}))
    axis.set_xlabel("depth (hops = layers)")


def by_batch(axis, result, graph, styles):
    """CPU microseconds a seed, by batch size, for the deepest two hops that all fanouts have."""
    depth = min(2, max(len(row["fanouts"]) for row in costs_of(result, graph)))
    for k, style in styles.items():
        rows = [row for row in costs_of(result, graph) if row["fanouts"][0] == k and len(row["fanouts"]) == depth]
        axis.plot(
            [row["batch"] for row in rows],
            [1e3 * (ms(row, "ready") + ms(row, "training")) / row["batch"] for row in rows],
            **style,
        )
    _label(axis, f"{title(result, graph)}, depth {depth}", "CPU microseconds a seed, all parts")
    axis.set_xlabel("batch size (seeds)")
    log_scale(axis.xaxis, batches_of(result, graph))


def by_accuracy(axis, result, graph, styles, batch):
    """Test accuracy against what a batch costs; the number at a point is its depth."""
    rows = [(row, accuracy_of(result, graph, row["fanouts"])) for row in costs_of(result, graph, batch=batch)]
    rows = [(row, tested) for row, tested in rows if tested]
    axis.set_visible(bool(rows))
    for k, style in styles.items():
        points = [(ms(row, "ready") + ms(row, "training"), mean) for row, (mean, *_) in rows if row["fanouts"][0] == k]
        axis.plot(*zip(*points), color=style["color"], alpha=0.3) if points else None
    for row, (mean, spread, _) in rows:
        x = ms(row, "ready") + ms(row, "training")
        axis.errorbar(x, mean, spread, capsize=2, linestyle="", **styles[row["fanouts"][0]])
        axis.annotate(len(row["fanouts"]), (x, mean), (5, 5), textcoords="offset points", fontsize=9)
    _label(axis, f"{title(result, graph)}: the number is the depth", "test accuracy (%), mean and deviation", log=False)
    log_scale(axis.xaxis)
    axis.set_xlabel(f"CPU ms a batch of {batch:,} (less is better)")


def _label(axis, name, what, log=True):
    log_scale(axis.yaxis) if log else None
    axis.set_title(name, fontsize=11)
    axis.set_ylabel(what)
    axis.grid(alpha=0.3)
