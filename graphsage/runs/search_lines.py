"""What is told of a search: a line a trial, the table of the best, what mattered, and the command of the best."""

import shlex
import textwrap

from graphsage.base.told import side_by_side
from graphsage.config.options import options_of
from graphsage.config.settings import RunConfig
from graphsage.config.settings_by_name import PARTS

MOST, WIDTH = 10, 80  # trials of the table, and characters of a line
SETTINGS = " " * 4  # before what a trial was


def trial_line(record, limit, best, metric):
    """"Trial 3/30: 81.2 % (best 82.0 %, trial 2), 4.1 s": records of the trial and of the best, or None."""
    score = _score(record, metric)
    what = {"pruned": f"pruned, {score} at best", "failed": f"failed: {record['reason']}"}.get(record["state"], score)
    so_far = "" if best is None else f" (best {_score(best, metric)}, trial {best['number']})"
    return f"Trial {record['number']}/{limit}: {what}{so_far}, {record['seconds']:.1f} s"


def table(records, start, metric):
    """Lines on the best ten, and how many there were."""
    whole = sorted((r for r in records if r["state"] == "complete"), key=lambda r: -r["score"])[:MOST]
    counts = {state: sum(r["state"] == state for r in records) for state in ("pruned", "failed")}
    also = "".join(f", {count} {state}" for state, count in counts.items() if count)
    rows = [["trial", metric.label, "epoch", "seconds"]]
    rows += [[str(r["number"]), _score(r, metric), str(r["epoch"]), f"{r['seconds']:.1f}"] for r in whole]
    lines = side_by_side(rows)
    below = [textwrap.wrap(_settings(r, start), WIDTH, initial_indent=SETTINGS, subsequent_indent=SETTINGS) for r in whole]
    told = [line for pair in zip(lines[1:], below) for line in (pair[0], *pair[1])]
    return [f"The best of {len(records)} trials on validation{also}:", lines[0], *told]


def importance_line(importance):
    """What mattered, by its share; "" where that is not known."""
    parts = [f"{name} {100 * share:.0f} %" for name, share in importance.items() if share >= 0.05]
    return f"What the scores depend on most: {', '.join(parts)}" if parts else ""


def _score(record, metric):
    return "none" if record["score"] is None else metric.shown(record["score"]).strip()


def _settings(record, start):
    """What differs from the first trial."""
    other = [f"{name} {record[name]}" for name in start if record[name] != start[name]]
    return ", ".join(other) or "as it started"


def command_of(config):
    """The command line that trains by ``config``."""
    flags = ["--preset", "plain"] if config.task == "nodes" else ["--task", config.task]  # what differs is all there
    for part, kind in PARTS.items():
        values = getattr(config, part)
        for option in options_of(kind):
            if getattr(values, option.name) not in (option.default, ()):  # an empty list has no flag
                flags += _flag(option.name, getattr(values, option.name))
    if config.split is not None:
        flags += _flag("split", config.split)
    if config.baseline != RunConfig.baseline:
        flags += _flag("baseline", config.baseline)
    return shlex.join(["graphsage", "train", config.dataset, *flags])


def _flag(name, value):
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    if value is None:
        return [f"--{flag}", "full"]  # a batch size, the one setting whose None is no default
    return [f"--{flag}", ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
