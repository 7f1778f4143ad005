"""Tables and figure of the throughput benchmark."""

from benchmarks.shared.publish import measured, pyplot, table, version_list
from benchmarks.throughput.claims import READS, by_place, comma, ratio

REFERENCE = {  # task: the row that the others are compared with
    "sampling": "ours",
    "features": "ours",
    "training": "ours",
    "trees": "ours, Graph",
    "citations": "ours, unique form",
    "threads": "ours, 1 thread",
}
TITLES = {
    "sampling": "Sampling only, unique form, without replacement",
    "features": "Sampling and 128 float32 features a node",
    "training": "Whole training step: 128 features, hidden 256, 47 classes, mean, Adam",
    "trees": "Tree form, with replacement",
    "citations": "Small batches: 20 batches of 16 on the citation graph, then 1,000 test nodes",
    "threads": "Threads, sampling (wall time)",
}
# ---- Markdown


def markdown(result):
    """All tables, with the machine and versions."""
    rows = by_place(result)
    parts = [
        _setting(result),
        "\n".join(f"* {name}: " + version_list(versions) for name, versions in result["workers"].items()),
        "\n".join(f"* left out, {name}: {why}" for name, why in result["left_out"].items()),
        "### What was asked for\n\n" + _claim_table(result["claims"]),
    ]
    parts += [f"### {title}\n\n{_task_table(rows, task)}" for task, title in TITLES.items() if any(k[0] == task for k in rows)]
    parts += ["### Memory over imports and features, training at 15,10 (MiB)\n\n" + _memory_table(result["memory"])]
    failed = [f"* {r['name']} ({r['task']}, {comma(r['fanouts'])}): {r['error']}" for r in result["rows"] if "error" in r]
    return "\n\n".join(part for part in [*parts, "\n".join(failed)] if part) + "\n"


def _setting(result):
    config = result["config"]
    return (
        f"{measured(result)} R-MAT graph of {config['num_nodes']:,} nodes and "
        f"{config['num_edges']:,} edges, batch {config['batch']:,}, {config['rounds']} rounds, one thread but where said; "
        f"citation graph: {config['citation_graph']}."
    )


def _claim_table(found):
    rows = []
    for claim in found:
        target = "" if claim["target"] is None else f"{claim['target']:g}"
        verdict = {None: "", True: "met", False: "**missed**"}[claim["met"]]
        rows.append([claim["text"], comma(claim["fanouts"]), f"{claim['ratio']:.2f}", target, verdict])
    return table(["", "fanouts", "measured", "target", ""], rows)


def _task_table(rows, task):
    """Competitors down, fanouts across."""
    columns = sorted({key[1] for key in rows if key[0] == task}, key=lambda fanouts: (len(fanouts), fanouts))
    names = list(dict.fromkeys(key[2] for key in rows if key[0] == task))
    lines = [
        [name, *(_cell(rows, task, fanouts, name) if (task, fanouts, name) in rows else "" for fanouts in columns)]
        for name in names
    ]
    return table(["CPU ms / wall ms a batch", *map(comma, columns)], lines)


def _cell(rows, task, fanouts, name):
    row, by = rows[task, fanouts, name], "wall" if task == "threads" else "cpu"
    if name in READS:
        return f"{row['edges'] / row['cpu'] / 1e6:.0f} M reads/s"
    parts = [f"{1e3 * row['cpu']:.2f} / {1e3 * row['wall']:.2f}"]
    if row["edges"] and not name.startswith("limit"):
        parts.append(f"{row['edges'] / row[by] / 1e6:.1f} M edges/s")
    if (task, fanouts, REFERENCE[task]) in rows and name != REFERENCE[task]:
        parts.append(f"{ratio(rows, task, fanouts, name, REFERENCE[task], by):.2f}x")
    return ", ".join(parts)


def _memory_table(sizes):
    rows = []
    for program, found in sorted(sizes.items()):
        cells = [found["error"], ""] if "error" in found else [f"{found[when]:.0f}" for when in ("set up", "running")]
        rows.append([program, *cells])
    return table(["", "set up", "running"], rows)


# ---- the figure


def draw(result, file):
    """A panel a task: million sampled edges a second, or milliseconds where edges are not the point."""
    plt = pyplot()
    rows = by_place(result)
    tasks = [task for task in TITLES if any(key[0] == task for key in rows)]
    figure, axes = plt.subplots(-(-len(tasks) // 2), 2, figsize=(15, 5 * -(-len(tasks) // 2)), squeeze=False)
    for axis, task in zip(axes.flat, tasks):
        _panel(axis, {key[1:]: row for key, row in rows.items() if key[0] == task and key[2] not in READS}, task)
    for axis in axes.flat[len(tasks) :]:
        axis.set_visible(False)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _panel(axis, rows, task):
    columns, names = sorted({key[0] for key in rows}, key=len), list(dict.fromkeys(key[1] for key in rows))
    rate, by = task not in ("training", "citations"), "wall" if task == "threads" else "cpu"
    height = 0.8 / len(columns)
    for at, fanouts in enumerate(columns):
        places, values = [], []
        for line, name in enumerate(names):
            if (fanouts, name) in rows:
                row = rows[fanouts, name]
                places.append(line + at * height)
                values.append(row["edges"] / row[by] / 1e6 if rate else 1e3 * row[by])
        bars = axis.barh(places, values, height, label=comma(fanouts))
        axis.bar_label(bars, fmt="%.1f", padding=2, fontsize=8)
    axis.set_yticks([line + 0.4 - height / 2 for line in range(len(names))], names)
    axis.invert_yaxis()
    axis.margins(x=0.12)
    of = f"{'wall' if by == 'wall' else 'CPU'} time"
    axis.set_xlabel(f"million sampled edges a second of {of} (more is better)" if rate else f"ms of {of} (less is better)")
    axis.set_title(TITLES[task], fontsize=10)
    axis.legend(title="fanouts", fontsize=8)
