"""The tables of the report: classes, targets, degrees, time, configuration, dataset and versions."""

import os
import platform
from dataclasses import MISSING, fields, is_dataclass

import numpy as np

from graphsage.config.options import as_written
from graphsage.config.settings import unused_parts
from graphsage.report.page import bar, folded, joined, table, tag

PHASES = ("starting", "waiting", "training", "evaluating", "saving")
MOST_OPEN = 12  # rows of a table that is shown unfolded
NONE = "\N{EN DASH}"

# ---- numbers for people


def percent(share, digits=1):
    """63.1 %, or a dash for what is not a number."""
    return NONE if share != share else f"{100 * share:.{digits}f} %"


def plain(value):
    """Four significant digits, or a dash for what is not a number."""
    return NONE if value != value else f"{value:,.4g}"


def duration(seconds):
    """4.2 s, 3 min 5 s, 2 h 3 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


# ---- scores


def answer_table(rows, metric):
    """rows: (name, score or None); those without a score are left out."""
    shown = [(name, bar(score, metric.shown(score).strip())) for name, score in rows if score is not None]
    return table(["model", metric.label], shown, f"{metric.label} beside the baselines")


def class_table(scores, names):
    """Precision, recall and F1 of each class, the largest first; then their means over the classes that have them."""
    order = np.argsort(-scores.true, kind="stable")
    shares, counts = (scores.f1, scores.precision, scores.recall), (scores.true, scores.predicted)
    rows = [_class_row(names[k], *(column[k] for column in (*shares, *counts))) for k in order]
    rows.append(_class_row("mean, sum", *map(_mean, shares), *(column.sum() for column in counts)))
    columns = ["class", "F1", "precision", "recall", "nodes", "predicted"]
    whole = table(columns, rows, "Scores by class")
    return whole if len(names) <= MOST_OPEN else folded(f"Precision, recall and F1 of all {len(names)} classes", whole)


def _class_row(name, f1, precision, recall, true, predicted):
    return name, bar(f1, percent(f1)), percent(precision), percent(recall), f"{true:,}", f"{predicted:,}"


def _mean(values):
    return np.nanmean(values) if np.isfinite(values).any() else np.nan


def confusion_table(pairs, counts, names):
    """pairs: (true, predicted, nodes), as ``largest_confusions`` gives them."""
    rows = [(names[i], names[j], f"{n:,}", percent(n / counts[i].sum())) for i, j, n in pairs]
    return table(["true class", "taken for", "nodes", "of the class"], rows, "Largest confusions", text=("taken for",))


def curve_table(curves):
    """The areas of ``Curve``s, and what the threshold in use gives."""
    columns = ["class", "ROC AUC", "average precision", "precision in use", "recall in use", "false alarms in use", "nodes"]
    rows = [
        (one.name, *map(percent, (one.area, one.average_precision, precision, recall, false)), f"{one.yes:,} of {one.nodes:,}")
        for one in curves
        for false, recall, precision in [one.in_use]
    ]
    return table(columns, rows, "Areas under the curves")


def target_table(scores, names):
    """scores: {column: float64[T]}."""
    rows = [(name, *(plain(values[k]) for values in scores.values())) for k, name in enumerate(names)]
    return table(["target", *scores], rows, "Scores by target")


def group_table(groups, label, in_percent, first, of="nodes"):
    """groups: ``GroupScore``s. of: what they are groups of."""
    shown = percent if in_percent else plain
    rows = [(g.name, f"{g.nodes:,}", bar(g.score, shown(g.score)), _interval(g, shown)) for g in groups]
    return table([first, of, label, "95 % interval"], rows, f"{label} by {first}")


def _interval(group, shown):
    return NONE if group.low != group.low else f"{shown(group.low)} to {shown(group.high)}"


# ---- the run


def phase_seconds(epochs):
    """{phase: seconds} over all epochs, with what no phase accounts for; empty where the log tells no phases."""
    found = {phase: sum(e[phase] for e in epochs if e.get(phase) is not None) for phase in PHASES}
    found = {phase: seconds for phase, seconds in found.items() if seconds > 0}
    other = sum(e.get("seconds") or 0 for e in epochs) - sum(found.values())
    return {**found, **({"other": other} if other > 0.005 else {})} if found else {}


def phase_table(seconds):
    """Seconds and share of each phase."""
    total = sum(seconds.values())
    rows = [(name, f"{value:,.2f}", bar(value / total, percent(value / total))) for name, value in seconds.items()]
    return table(["phase", "seconds", "share"], [*rows, ("all", f"{total:,.2f}", "")], "Time by phase")


def rates(epochs, task):
    """(name, text) pairs: throughput and memory, as far as the log tells them."""
    nodes = "training nodes" if task == "nodes" else "nodes of pairs"
    busy = sum((e.get("waiting") or 0) + (e.get("training") or 0) for e in epochs)
    memory = max((e.get("memory") or 0 for e in epochs), default=0)
    for key, name in (("nodes", f"{nodes} a second"), ("edges", "sampled edges a second")):
        count = sum(e.get(key) or 0 for e in epochs)
        if count and busy:
            yield name, f"{count / busy:,.0f}"
    if memory:
        yield "peak memory of the process", f"{memory / 2**20:,.0f} MiB"
    yield from _reading(epochs, busy)


def _reading(epochs, busy):
    """Of features on a disk, what batches read, what was kept in memory, and how much of the time went by waiting."""
    asked, kept, num_bytes = (sum(e.get(name) or 0 for e in epochs) for name in ("rows_asked", "rows_kept", "bytes_read"))
    if not asked:
        return
    yield "read of the features", f"{num_bytes / 1e9:,.3g} GB, {num_bytes / len(epochs) / 1e9:,.3g} an epoch"
    if kept:
        yield "rows of features that were kept in memory", percent(kept / asked)
    if busy:
        yield "of the training spent waiting for batches", percent(sum(e.get("waiting") or 0 for e in epochs) / busy)


def facts(pairs, label):
    """A table of names and texts."""
    return table(["name", "value"], pairs, label, text=("value",))


def configuration(config, *, has_model=True):
    """Every setting, its value with the default where that is another, and what it means. has_model: are those of the model?"""
    columns = ["setting", "value", "meaning"]
    return joined(*(
        joined(tag("h3", title), table(columns, rows, f"Configuration: {title}", text=columns))
        for title, rows in _setting_groups(config)
        if has_model or title != "model"
    ))  # fmt: skip


def _setting_groups(config):
    nested = [f.name for f in fields(config) if is_dataclass(getattr(config, f.name))]
    yield "run", [_setting(config, f) for f in fields(config) if f.name not in nested]
    for name in [name for name in nested if name not in unused_parts(config.task)]:
        part = getattr(config, name)
        yield name, [_setting(part, f) for f in fields(part)]


def _setting(config, field):
    value, default = (_value(field.name, v) for v in (getattr(config, field.name), _default(field)))
    shown = value if value == default else joined(tag("strong", value), f" (default: {default})")
    return field.name, shown, field.metadata.get("help", "")


def _default(field):
    return field.default if field.default is not MISSING else field.default_factory()


def _value(name, value):
    if value is None:
        return "full" if name == "batch_size" else "not set"
    if isinstance(value, dict):
        return "; ".join(f"{name}={','.join(map(str, part))}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(as_written(value))


def machine():
    """{name: text}: processor, cores and system; no names of hosts or folders."""
    return {"processor": _processor(), "cores": str(os.cpu_count()), "system": f"{platform.system()} {platform.machine()}"}


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def card_facts(card):
    """(name, text) pairs of a ``DatasetCard``."""
    yield from (("title", card.title), ("source", card.source), ("licence", card.licence))
    yield "split", card.split.get("rule", NONE)
    yield from ((f"sha256 of {file.name}", file.sha256) for file in card.files)
