"""The GPU benchmark's tables and figure."""

from benchmarks.shared.measuring import median, median_ratio
from benchmarks.shared.publish import heading, pyplot, short, table


def markdown(result):
    config = result["config"]
    graph = f"R-MAT graph of {config['num_nodes']:,} nodes and {config['num_edges']:,} edges, batch {config['batch']:,}"
    parts = [heading(result), f"{result['gpu']}; {graph}; threads by default: {config['default_threads']}."]
    titles = {"training": "Whole training steps", "threads": "By threads that prepare batches", "limits": "Limits"}
    for part, title in titles.items():
        parts += [f"#### {title}", _table(result, part)]
    rows = [(row["name"], short(median(row["seconds"]))) for row in result["rows"] if row["part"] == "inference"]
    if rows:
        parts += ["#### Whole-graph inference, two layers", table(("", "s"), rows)]
    return "\n\n".join(parts) + "\n"


def _table(result, part):
    """A row a variant, a column a fanout: ms, and twice the first row's time is 2.00x."""
    all_fanouts = list(dict.fromkeys(tuple(row["fanouts"]) for row in result["rows"] if row["part"] == part))
    names = list(dict.fromkeys(row["name"] for row in result["rows"] if row["part"] == part))
    header = ["wall ms a step (share of it spent waiting for the batch)", *(",".join(map(str, f)) for f in all_fanouts)]
    return table(header, [[name, *(_cell(result, part, name, fanouts) for fanouts in all_fanouts)] for name in names])


def _cell(result, part, name, fanouts):
    rounds = _rounds(result, part, name, fanouts)
    if not rounds:
        return None
    text = f"{1e3 * median(rounds['wall']):.2f} ({100 * median(rounds['waiting']):.0f} %)"
    first = _rounds(result, "training", "graphsage", fanouts)
    if part == "threads" or rounds is first:
        return text
    return f"{text}, {median_ratio(rounds['wall'], first['wall']):.2f}x, {median(rounds['peak_mib']):,.0f} MiB"


def _rounds(result, part, name, fanouts):
    for row in result["rows"]:
        if (row["part"], row["name"], tuple(row.get("fanouts", ()))) == (part, name, fanouts):
            return row["rounds"]
    return None


def draw(result, file):
    plt = pyplot()
    all_fanouts = list(dict.fromkeys(tuple(row["fanouts"]) for row in result["rows"] if "fanouts" in row))
    figure, axes = plt.subplots(1, len(all_fanouts), figsize=(5.5 * len(all_fanouts), 4), layout="constrained", squeeze=False)
    for axis, fanouts in zip(axes[0], all_fanouts):
        rows = [row for row in result["rows"] if row["part"] in ("training", "limits") and tuple(row["fanouts"]) == fanouts]
        names = [row["name"] for row in rows]
        axis.barh(names, [1e3 * median(row["rounds"]["wall"]) for row in rows], color="tab:blue")
        waiting = [1e3 * median(row["rounds"]["wall"]) * median(row["rounds"]["waiting"]) for row in rows]
        axis.barh(names, waiting, color="tab:orange", label="of it: waiting for the batch")
        axis.invert_yaxis()
        axis.set(xlabel="wall ms a step", title=f"fanouts {','.join(map(str, fanouts))}")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center")
    figure.suptitle(f"Training on {result['gpu']}")
    figure.savefig(file, dpi=120)
    plt.close(figure)
