"""The tables of records.md, of the rows of records.json."""

import numpy as np

from benchmarks.records.published import OPTIONS, OURS, SETTINGS, metric_of
from benchmarks.shared.publish import percent, table

SHARE = 0.99  # of the better of the two best validation scores
TREES = ("boosted trees", "trees, neighbours")
TIMES = """
**Time to accuracy.** CPU seconds of training until a validation score is 99 % of the best that either found on that split; mean
over the splits that both have. Of the model alone, before Correct and Smooth.
"""
CHOICES = """
**Options of training**, each alone, beside the same setting without any of them.
"""
CHOSEN = """
**Settings**; what is not named is as by default.
"""
HEAD = "graph", "score", "published", "sampled", "reached", "full batch", "without edges", "trees; with neighbours", "PyG"


def tables_of(rows):
    """Scores, time to accuracy, options and settings, one below the other."""
    graphs = [graph for graph in SETTINGS if any(row["graph"] == graph for row in rows)]
    parts = scores_of(rows, graphs), TIMES, times_of(rows, graphs), CHOICES, options_of(rows), CHOSEN, settings_of(graphs)
    return "\n".join(parts)


def _of(rows, graph, part):
    return [row for row in rows if (row["graph"], row["part"]) == (graph, part)]


def _tests(rows, graph, part):
    return _shown(_of(rows, graph, part))


def _shown(rows):
    return f"{percent([row['test'] for row in rows])} ({len(rows)})" if rows else None


def is_reached(tests, published):
    """Is the mean not lower than the published one by more than two standard errors of the difference?

    The published deviation is taken over ten runs. None of a single run, which has no error.
    """
    mean, deviation, source = published
    if len(tests) < 2:
        return None
    errors = np.var(100 * np.array(tests), ddof=1) / len(tests) + (deviation or 0) ** 2 / 10
    gap = 100 * np.mean(tests) - mean
    return bool(gap > 2 * errors**0.5) if source == OURS else bool(gap >= -2 * errors**0.5)


def scores_of(rows, graphs):
    """A line a graph: test scores in percent, mean +- deviation (runs)."""
    lines = []
    for graph in graphs:
        mean, deviation, source = SETTINGS[graph].published
        published = f"{mean}{'' if deviation is None else f' +- {deviation}'} ({source})"
        tests = [row["test"] for row in _of(rows, graph, "sampled")]
        words = {True: "beaten" if source == OURS else "yes", False: "no", None: ""}
        cells = [_tests(rows, graph, part) for part in ("full batch", "without edges")]
        beside = [*cells, _trees(_of(rows, graph, "trees")), _tests(rows, graph, "pyg")]
        reached = words[is_reached(tests, SETTINGS[graph].published)]
        lines.append([graph, metric_of(graph), published, _tests(rows, graph, "sampled"), reached, *beside])
    return table(list(HEAD), lines)


def _trees(rows):
    if not rows:
        return None
    found = [percent([row["scores"][name] for row in rows]) for name in TREES if name in rows[0]["scores"]]
    return f"{'; '.join(found)} ({len(rows)})" if found else "too large" if rows[0]["why"] else "too few nodes train"


# ---- time to accuracy


def seconds_to(curve, target):
    """CPU seconds until ``curve`` ("seconds score, ...") is at ``target``; None: never."""
    return next((seconds for seconds, score in _points(curve) if score >= target), None)


def _points(curve):
    return [tuple(map(float, point.split())) for point in curve.split(", ")]


def times_of(rows, graphs):
    head = ["graph", "splits", "target", "sampled", "full batch", "a run: sampled", "a run: full batch"]
    lines = []
    for graph in graphs:
        pairs = _pairs(rows, graph)
        if not pairs:
            continue
        targets = [SHARE * max(score for row in pair for _, score in _points(row["curve"])) for pair in pairs]
        reached = [[seconds_to(row["curve"], target) for row, target in zip(of, targets)] for of in zip(*pairs)]
        whole = [f"{np.mean([row['cpu_seconds']['training'] for row in of]):.0f}" for of in zip(*pairs)]
        lines.append([graph, len(pairs), percent(targets), *map(_mean_of, reached), *whole])
    return table(head, lines)


def _pairs(rows, graph):
    """(sampled, full batch) of each split that both have."""
    full = {row["split"]: row for row in _of(rows, graph, "full batch")}
    return [(row, full[row["split"]]) for row in _of(rows, graph, "sampled") if row["split"] in full]


def _mean_of(seconds):
    """Of those that came there, and how many did where it is not all."""
    there = [value for value in seconds if value is not None]
    some = f" ({len(there)} of {len(seconds)})" if len(there) < len(seconds) else ""
    return f"{np.mean(there):.1f}{some}" if there else "never"


# ---- options


def options_of(rows):
    graphs = [graph for graph in SETTINGS if any(_of(rows, graph, name) for name in OPTIONS)]
    lines = []
    for graph in graphs:
        plain = _of(rows, graph, "plain") or _of(rows, graph, "sampled")[: len(_of(rows, graph, "average"))]
        found = {name: plain if name == "plain" else _of(rows, graph, name) for name in OPTIONS}
        lines.append([graph, metric_of(graph), *map(_shown, found.values())])
    return table(["graph", "score", *OPTIONS], lines)


# ---- settings


def settings_of(graphs):
    lines = [[graph, *(_told(part) for part in _parts(SETTINGS[graph]))] for graph in graphs]
    return table(["graph", "model", "training", "full batch otherwise"], lines)


def _parts(setting):
    return setting.model, {name: value for name, value in setting.train.items() if name != "metric"}, setting.full


def _told(options):
    words = {name: ",".join(map(str, value)) if isinstance(value, tuple) else value for name, value in options.items()}
    return ", ".join(f"{name}={value}" for name, value in words.items())
