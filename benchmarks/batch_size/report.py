"""Tables and figure of the batch_size benchmark."""

from math import inf
from statistics import fmean

from benchmarks.batch_size.claims import RULES, cosines_of, graphs_of, name, rank, settings_of, summary, target
from benchmarks.shared.publish import heading, log_scale, pyplot, short, table

HEADER = [
    "batch",
    "learning rate",
    "epochs",
    "updates",
    "CPU s (wall)",
    "best validation %",
    "test %",
    "peak MiB",
]


def markdown(result):
    rows = [[claim[key] or "" for key in ("claim", "graph", "rule", "verdict", "why")] for claim in result["claims"]]
    parts = [heading(result), "### Four claims\n\n" + table(["claim", "graph", "with", "verdict", "why"], rows)]
    for graph in graphs_of(result):
        for rule, words in RULES.items():
            if lines := summary(result, graph, rule):
                goal = f"to {100 * target(result, graph):.1f} % on validation"
                cells = table(HEADER, [_cells(result, graph, line) for line in lines])
                parts.append(f"### {graph}, {words}: {goal}\n\n{cells}")
        parts.append(
            f"### {graph}: gradients beside the full one, cosine (length of the difference)\n\n{_noise(result, graph)}"
        )
    grown = [
        [row["graph"], f"{row['nodes']:,}", f"{row['edges']:,}", name(row["batch"]), short(row["mib"])]
        for row in _of(result, "growth")
    ]
    parts.append("### Peak memory of a training step, MiB\n\n" + table(["graph", "nodes", "edges", "batch", "peak MiB"], grown))
    return "\n\n".join(parts) + "\n"


def _cells(result, graph, line):
    memory = next((row["mib"] for row in _of(result, "memory", graph) if row["batch"] == line["batch"]), None)
    reached = ["not reached", "", ""]
    if line["cpu"] < inf:
        reached = [short(line["epochs"]), f"{line['updates']:,.0f}", f"{short(line['cpu'])} ({short(line['wall'])})"]
    scores = [f"{100 * line[key]:.1f}" for key in ("val", "test")]
    return [name(line["batch"]), f"{line['rate']:g}", *reached, *scores, short(memory)]


def _noise(result, graph):
    """A line a size; a column a point of the training, with sampled and with all neighbours."""
    columns, lines = [], {}
    for neighbours in ("sampled", "all"):
        errors = cosines_of(result, graph, lambda row: fmean(row["error"]), neighbours)
        for at, cosines in cosines_of(result, graph, neighbours=neighbours).items():
            columns.append(f"{at}, {neighbours} neighbours")
            for size, cosine in cosines.items():
                lines.setdefault(size, [name(size)]).append(f"{cosine:.3f} ({errors[at][size]:.3f})")
    return table(["batch", *columns], lines.values())


def _of(result, kind, graph=None):
    return [row for row in result["rows"] if row["kind"] == kind and graph in (None, row["graph"])]


# ---- the figure


def draw(result, file):
    """A line of panels a graph: curves by epochs and by time, cost of the target, gradients, memory."""
    plt, graphs = pyplot(), graphs_of(result)
    figure, axes = plt.subplots(len(graphs) + 1, 4, figsize=(25, 4.6 * (len(graphs) + 1)), squeeze=False)
    for line, graph in zip(axes, graphs):
        _curves(line[0], result, graph, "epochs", "epochs")
        _curves(line[1], result, graph, "cpu", "CPU seconds of training")
        _cost(line[2], result, graph)
        _gradients(line[3], result, graph)
    _memory(axes[-1][0], result, graphs)
    _growth(axes[-1][1], result)
    for axis in axes[-1][2:]:
        axis.set_visible(False)
    figure.tight_layout()
    figure.savefig(file, dpi=80)
    plt.close(figure)


def _curves(axis, result, graph, key, label):
    """Validation accuracy so far, at the same learning rate; the first seed's."""
    rate, lines = result["config"]["rate"], settings_of(result, graph)
    sizes = sorted((size for size, of in lines if of == rate), key=rank)
    for at, size in enumerate(sizes):
        curve = lines[size, rate][0]["curve"]
        axis.plot([p[key] for p in curve], [100 * p["val"] for p in curve], color=f"C{at}", label=name(size), linewidth=1.2)
    if lines:
        axis.axhline(100 * target(result, graph), color="black", linestyle=":", linewidth=1)
        axis.text(0.02, 100 * target(result, graph), "target", transform=axis.get_yaxis_transform(), va="bottom", fontsize=8)
    log_scale(axis.xaxis)
    if key == "cpu":  # it stands for both panels of curves
        axis.legend(title="batch", fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    _label(axis, f"{graph}, learning rate {rate:g}", label, "validation accuracy (%)")


def _cost(axis, result, graph):
    """Epochs, updates and seconds to the target by size; what never got there is missing."""
    marks, sizes = {"epochs": "o", "updates": "s", "cpu": "^"}, []
    for rule, dashes in (("same", "-"), ("tuned", "--")):
        lines = summary(result, graph, rule)
        sizes = sizes or [line["batch"] for line in lines]
        for at, (key, mark) in enumerate(marks.items()):
            points = [(sizes.index(line["batch"]), line[key]) for line in lines if line[key] < inf]
            label = f"{'CPU seconds' if key == 'cpu' else key}, {'same rate' if rule == 'same' else 'tuned'}"
            axis.plot(*zip(*points), color=f"C{at}", marker=mark, linestyle=dashes, label=label) if points else None
    log_scale(axis.yaxis)
    _sizes(axis, sizes)
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=4)
    _label(axis, f"{graph}: to the target", "batch size (seeds)", "epochs, updates, seconds")


def _gradients(axis, result, graph):
    for neighbours, dashes in (("sampled", "-"), ("all", "--")):
        for at, (when, cosines) in enumerate(cosines_of(result, graph, neighbours=neighbours).items()):
            label = f"{when}, {neighbours} neighbours"
            axis.plot(range(len(cosines)), list(cosines.values()), color=f"C{at}", marker="o", linestyle=dashes, label=label)
            _sizes(axis, list(cosines))
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=4)
    _label(axis, f"{graph}: how true gradients are", "batch size (seeds)", "mean cosine to the full gradient")


def _memory(axis, result, graphs):
    sizes = sorted({row["batch"] for row in _of(result, "memory")}, key=rank)
    for graph in graphs:
        rows = [row for row in _of(result, "memory", graph) if row["mib"]]
        axis.plot([sizes.index(row["batch"]) for row in rows], [row["mib"] for row in rows], marker="o", label=graph)
    _sizes(axis, sizes)
    log_scale(axis.yaxis)
    axis.legend(fontsize=8)
    _label(axis, "a training step", "batch size (seeds)", "peak memory over graph and features (MiB)")


def _growth(axis, result):
    for full in (True, False):
        rows = [row for row in _of(result, "growth") if (row["batch"] == -1) == full and row["mib"]]
        label = "full batch" if full else f"batches of {max(row['batch'] for row in rows)}" if rows else ""
        axis.plot([row["nodes"] for row in rows], [row["mib"] for row in rows], marker="o", label=label)
    log_scale(axis.xaxis, sorted({row["nodes"] for row in _of(result, "growth")}))
    log_scale(axis.yaxis)
    axis.legend(fontsize=8)
    _label(axis, "R-MAT graphs, a training step", "nodes", "peak memory over graph and features (MiB)")


def _sizes(axis, sizes):
    axis.set_xticks(range(len(sizes)), [name(size) for size in sizes])


def _label(axis, title, x, y):
    axis.set_title(title, fontsize=11)
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.grid(alpha=0.3)
