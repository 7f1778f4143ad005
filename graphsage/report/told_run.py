"""What a report tells of a run whatever its task is: its course, how long it took, and which model was kept."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import numpy as np

from graphsage.config.run_files import LATEST
from graphsage.loading.stores import READS
from graphsage.report import report_tables as tables
from graphsage.report.made_in_python import Made
from graphsage.report.page import joined, tag
from graphsage.report.verdict import OWN
from graphsage.trained import save
from graphsage.training.records import still_rising
from graphsage.training.tasks import metric_named

NO_PICTURES = "There are no pictures, as matplotlib is not installed: pip install 'graphsage[plots]'"
EPOCH = ("loss", "val_score", "val_loss", "learning_rate", "seconds", *tables.PHASES, "nodes", "edges", "memory", *READS)


@dataclass(frozen=True, eq=False, kw_only=True)
class ToldRun:
    """What the sections of every task read.

    epochs: dicts with all keys of EPOCH, None for what is unknown. steps: float64[S, 2] of (time in epochs, loss).
    figures: the module, or None. made: of a run that was made in Python.
    """

    dataset: object
    config: object
    result: object
    epochs: list
    steps: np.ndarray
    command: str | None
    folder: Path
    versions: dict
    figures: object
    made: Made | None = None

    @property
    def called(self):
        """What the model is called."""
        return self.made and self.made.module or OWN

    @property
    def metric(self):
        """The ``Metric`` of the result."""
        return metric_named(self.result.metric, self.config.train.metric)


def told_parts(path, result, log, command, versions, made=None):
    """The fields of ``ToldRun`` that follow from these, as ``write_report`` takes them."""
    return {
        "result": result,
        "epochs": _epochs(log, result),
        "steps": _steps(log),
        "command": command,
        "folder": Path(path).parent,
        "versions": {**(save.versions() if versions is None else versions), **tables.machine()},
        "figures": _figures(),
        "made": made,
    }


def _epochs(log, result):
    lines = {line["epoch"]: line for line in log if line.get("kind") == "epoch" and "epoch" in line}
    if not lines:
        lines = {epoch.number: asdict(epoch) for epoch in result.history}
    return [{"epoch": number, **{key: _finite(line.get(key)) for key in EPOCH}} for number, line in sorted(lines.items())]


def _steps(log):
    """Step s of epoch e of S steps is drawn at e - 1 + (s + 1) / S."""
    lines = [line for line in log if line.get("kind") == "step" and _finite(line.get("loss")) is not None]
    if not lines:
        return np.empty((0, 2))
    epoch, step, loss = np.array([(line["epoch"], line["step"], line["loss"]) for line in lines], np.float64).T
    return np.stack([epoch - 1 + (step + 1) / (step.max() + 1), loss], axis=1)


def _finite(value):
    return value if value is not None and isfinite(value) else None


def _figures():
    try:
        from graphsage.report import figures as report_figures
    except ImportError:
        return None
    return report_figures


# ---- the top of the page


def title_of(run):
    """The score that a reader looks for first."""
    kind, score = ("test", run.result.test_score) if run.result.test_score is not None else ("validation", run.result.val_score)
    name = run.dataset.name or "the dataset"
    if score is None:
        return f"A model of {name}, not tested"
    return f"{run.metric.shown(score).strip()} {kind} {run.metric.label} on {name}"


def heading_of(run, answer, verdict, interval=""):
    """The top of the page. answer: the table below the title, or None; verdict: what it comes to; interval: of the score."""
    when = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    return joined(
        tag("header", tag("h1", title_of(run)), tag("p", f"{_lasted(run)} Report of {when}.", class_="soft")),
        tag("p", interval) if interval else None,
        _cut(run),
        answer,
        tag("p", verdict),
        None if run.figures else tag("p", NO_PICTURES, class_="warning"),
    )


def _lasted(run):
    seconds = sum(e["seconds"] or 0 for e in run.epochs)
    count, planned = len(run.epochs), run.config.train.epochs
    of = f" of {planned}" if count < planned else ""
    return f"{count}{of} epoch{'s' if max(count, planned) != 1 else ''} in {tables.duration(seconds)}."


def _cut(run):
    if not run.result.interrupted:
        return None
    when = f"after epoch {run.epochs[-1]['epoch']}" if run.epochs else "in its first epoch"
    goes_on = (run.folder / LATEST).exists()
    how = f"`graphsage train --resume {run.folder}` goes on with it." if goes_on else "It might have gone on to improve."
    return tag("p", f"The training was interrupted {when}. {how}", class_="warning")


def kept(run, unjudged="nodes"):
    """Which epoch's model this is. unjudged: what there is none of where nothing was validated."""
    if run.result.best_epoch is None:
        return "No epoch was completed."
    rising = still_rising(run.result)
    why = f"the last one, as there are no validation {unjudged}" if run.result.val_score is None else "the best on validation"
    return f"The model is that of epoch {run.result.best_epoch}, {why}.{rising}"
