"""Tables and figure of the scaling benchmark."""

from benchmarks.shared.measuring import median, median_ratio
from benchmarks.shared.publish import heading, log_scale, pyplot, short, table

SAMPLING = ["nodes", "edges", "neighbours a node", "sampled edges", "CPU ms (wall)", "ns an edge", "ns a feature row"]
MEMORY = ["nodes", "file MiB", "while loading", "loaded", "while sampling", "peak over file"]
THREADS = ["work", "threads", "wall ms a batch", "CPU ms a batch", "times one thread"]


def markdown(result):
    config, parts = result["config"], [heading(result)]
    what = f"batches of {config['batch']:,}, fanouts {','.join(map(str, config['fanouts']))}, {config['features']} features"
    parts.append(f"R-MAT graphs, {what}.")
    for part, title in (("nodes", "Nodes"), ("degrees", "Edges a node")):
        if rows := rows_of(result, part):
            parts.append(f"### {title}: cost of a batch, one thread\n\n" + table(SAMPLING, map(_sampling, rows)))
    if rows := rows_of(result, "memory"):
        parts.append("### Memory over imports, MiB, each graph in a process of its own\n\n" + table(MEMORY, map(_memory, rows)))
    if rows := rows_of(result, "threads"):
        title = f"### Threads, 2^{config['scale']} nodes"
        parts.append(f"{title}\n\n" + table(THREADS, [_threads(result, row) for row in rows]))
    return "\n\n".join(parts) + "\n"


def rows_of(result, part):
    return [row for row in result["rows"] if row["part"] == part]


def figure_of(row, key):
    return median(row["rounds"][key])


def _sampling(row):
    times = f"{short(1e3 * figure_of(row, 'sampling_cpu'))} ({short(1e3 * figure_of(row, 'sampling_wall'))})"
    counts = f"{row['nodes']:,}", f"{row['edges']:,}", f"{row['degree']:.1f}", f"{figure_of(row, 'sampled_edges'):,.0f}"
    return [*counts, times, short(figure_of(row, "sampling_ns")), short(figure_of(row, "features_ns"))]


def _memory(row):
    cells = [short(row[key]) for key in ("file", "peak_loading", "loaded", "peak_sampling")]
    return [f"{1 << row['scale']:,}", *cells, f"{row['peak_sampling'] / row['file']:.2f}x"]


def _threads(result, row):
    times = [short(1e3 * figure_of(row, clock)) for clock in ("wall", "cpu")]
    return [row["kind"], row["threads"], *times, f"{speedup(result, row):.2f}x"]


def speedup(result, row):
    """Wall time with the fewest threads over that with these: median of the rounds."""
    first = next(one for one in rows_of(result, "threads") if one["kind"] == row["kind"])
    return median_ratio(first["rounds"]["wall"], row["rounds"]["wall"])


# ---- the figure


def draw(result, file):
    plt = pyplot()
    panels = [panel for part, panel in PANELS if rows_of(result, part)]
    columns = min(3, len(panels))
    figure, axes = plt.subplots(
        -(-len(panels) // columns), columns, figsize=(7 * columns, 5 * -(-len(panels) // columns)), squeeze=False
    )
    for axis, panel in zip(axes.flat, panels):
        panel(axis, result)
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    figure.tight_layout()
    figure.savefig(file, dpi=90)
    plt.close(figure)


def _costs(part, by, label, axis, result):
    """CPU nanoseconds an edge and a feature row, from zero, so that flat looks flat."""
    rows = rows_of(result, part)
    for key, name in (("sampling_ns", "sampling, an edge"), ("features_ns", "features, a row")):
        axis.plot([row[by] for row in rows], [figure_of(row, key) for row in rows], marker="o", label=name)
    log_scale(axis.xaxis, [row[by] for row in rows])
    axis.set_xticklabels([f"2^{row['scale']}" if by == "nodes" else f"{row[by]:.1f}" for row in rows])
    axis.set_ylim(0, 1.3 * axis.get_ylim()[1])  # room for the legend
    axis.set(xlabel=label, ylabel="CPU nanoseconds", title="cost of sampling and of reading features")
    axis.legend()


def _memory_panel(axis, result):
    rows = rows_of(result, "memory")
    for key, name in (("peak_sampling", "peak while sampling"), ("peak_loading", "peak while loading"), ("loaded", "loaded")):
        axis.plot([row["file"] for row in rows], [row[key] for row in rows], marker="o", label=name)
    sizes = [row["file"] for row in rows]
    axis.plot(sizes, sizes, color="black", linestyle=":", label="as large as the file")
    log_scale(axis.xaxis)
    log_scale(axis.yaxis)
    axis.set(xlabel="graph on disk (MiB)", ylabel="memory over imports (MiB)", title="memory, a process a graph")
    axis.legend()


def _threads_panel(clock, axis, result):
    """ "wall": times one thread; "cpu": CPU time a batch against one thread's, 1 where threads cost nothing."""
    rows = rows_of(result, "threads")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        mine = [row for row in rows if row["kind"] == kind]
        values = [speedup(result, row) for row in mine]
        if clock == "cpu":
            values = [median_ratio(row["rounds"]["cpu"], mine[0]["rounds"]["cpu"]) for row in mine]
        axis.plot([row["threads"] for row in mine], values, marker="o", label=kind)
    counts = sorted({row["threads"] for row in rows})
    axis.plot(counts, counts if clock == "wall" else [1] * len(counts), color="black", linestyle=":", label="ideal")
    log_scale(axis.xaxis, counts)
    log_scale(axis.yaxis, counts) if clock == "wall" else axis.set_ylim(0, 1.3 * axis.get_ylim()[1])
    what = "wall time: times as fast as one thread" if clock == "wall" else "CPU time a batch: times that of one thread"
    axis.set(xlabel="threads", ylabel=what, title=f"threads, R-MAT of 2^{result['config']['scale']} nodes")
    axis.legend()


def panel(function, *arguments):
    return lambda axis, result: function(*arguments, axis, result)


PANELS = (
    ("nodes", panel(_costs, "nodes", "nodes", "nodes, at nearly equal neighbours a node")),
    ("degrees", panel(_costs, "degrees", "degree", "mean neighbours a node")),
    ("memory", _memory_panel),
    ("threads", panel(_threads_panel, "wall")),
    ("threads", panel(_threads_panel, "cpu")),
)
