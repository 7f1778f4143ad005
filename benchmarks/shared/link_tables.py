"""What the programs about links make of their rows {"graph", "method", "seed", "test": {metric: score}, "seconds"}."""

import numpy as np

from benchmarks.shared.publish import heading, percent, pyplot, table
from graphsage.training.tasks import metrics_of


def markdown(result, shown):
    """A table a graph, with the metrics ``shown``, in percent."""
    parts, judges = [heading(result)], metrics_of("links")
    header = ["", *(f"{judges[name].label}, %" for name in shown), "seconds a run"]
    for graph in _graphs(result):
        lines = []
        for method, rows in _methods(result, graph).items():
            cells = [percent([row["test"][name] for row in rows]) for name in shown]
            lines.append([method, *cells, f"{np.mean([row['seconds'] for row in rows]):.0f}"])
        runs = len({row["seed"] for row in result["rows"] if row["graph"] == graph})
        parts.append(f"{graph}, {runs} run{'s' * (runs > 1)}\n\n{table(header, lines)}")
    return "\n\n".join(parts) + "\n"


def draw(result, file, name):
    """Bars of the mean test scores by the metric ``name``."""
    plt, graphs = pyplot(), _graphs(result)
    figure, axes = plt.subplots(1, len(graphs), figsize=(4.5 * len(graphs), 3), squeeze=False)
    for axis, graph in zip(axes[0], graphs):
        methods = _methods(result, graph)
        means = [np.mean([row["test"][name] for row in rows]) for rows in methods.values()]
        axis.barh([method.partition(" (")[0] for method in methods][::-1], means[::-1])
        axis.set(title=graph, xlabel=f"{metrics_of('links')[name].label} among 101")
    figure.tight_layout()
    figure.savefig(file, dpi=120)
    plt.close(figure)


def _methods(result, graph):
    """{method: its rows} in the order in which they were measured."""
    rows = [row for row in result["rows"] if row["graph"] == graph]
    return {method: [row for row in rows if row["method"] == method] for method in dict.fromkeys(r["method"] for r in rows)}


def _graphs(result):
    return list(dict.fromkeys(row["graph"] for row in result["rows"]))
