"""report.html: what a run came to, in one file that explains itself and loads nothing."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import numpy as np

from graphsage.base.files import written_aside
from graphsage.config.run_files import LATEST
from graphsage.report import report_tables as tables
from graphsage.report.page import joined, page, tag
from graphsage.report.sections import SECTIONS
from graphsage.trained import save
from graphsage.training.tasks import METRICS

NO_PICTURES = "There are no pictures, as matplotlib is not installed: pip install 'graphsage[plots]'"
MAJORITY = {"multiclass": "most frequent class", "multilabel": "most frequent answers", "regression": "mean target"}
NODES = {"test": "test nodes", "val": "validation nodes"}
EPOCH = ("loss", "val_score", "val_loss", "learning_rate", "seconds", *tables.PHASES, "nodes", "edges", "memory")


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """What the sections are made of. Of the judged nodes (test nodes, else validation nodes): outputs, labels, degrees.
    Outputs of several labels a node have their thresholds taken off: above 0 means that the node has the label.

    epochs: dicts with all keys of EPOCH, None for what is unknown. steps: float64[S, 2] of (time in epochs, loss).
    judged: "test nodes", "validation nodes", or None; unjudged says why. figures: the module, or None.
    """

    dataset: object
    config: object
    result: object
    epochs: list
    steps: np.ndarray
    judged: str | None
    unjudged: str = ""
    outputs: np.ndarray | None = None
    labels: np.ndarray | None = None
    degrees: np.ndarray | None = None
    baselines: tuple
    command: str | None
    folder: Path
    versions: dict
    figures: object

    @property
    def metric(self):
        """The ``Metric`` of the result."""
        return METRICS[self.result.metric]

    @property
    def names(self):
        """One name an output column: of the class, or the target."""
        known = self.dataset.class_names or ()
        kind = "target" if self.dataset.task == "regression" else "class"
        return [known[k] if k < len(known) else f"{kind} {k}" for k in range(self.outputs.shape[1])]


def write_report(
    path, *, dataset, config, result, log, outputs, majority=None, features_only=None, command=None, versions=None
):
    """Write the report of a run to the HTML file ``path``: scores, curves, dataset, configuration, time. Returns the path.

    N nodes, C classes or columns (T targets).

    dataset: ``NodeDataset``. config: ``RunConfig``. result: ``TrainResult`` of the model that was kept.
    log: dicts, the lines of metrics.jsonl. Missing lines and values leave out what they would show; without epoch lines
        the history of ``result`` stands in.
    outputs: float32 [N, C], array or tensor, that model's logits for all nodes (regression: predictions [N, T]); None
        where nothing was tested, as in a run that was interrupted.
    majority, features_only: test scores of the baselines, None if not known. command: the command line that was typed.
    versions: {name: text}; None looks them up. The machine is told beside them.

    Scores by class and degree are about the test nodes; without any, about the validation nodes, and the page says so.
    Without matplotlib there are no pictures, and the page says how to get them. The file is written whole or not at all:
    it has no script and loads nothing, and names from the data are escaped. Raises ValueError for outputs of another
    shape, OSError where the file cannot be written.
    """
    run = Run(
        dataset=dataset,
        config=config,
        result=result,
        epochs=_epochs(log, result),
        steps=_steps(log),
        **_judged(dataset, outputs, result.thresholds),
        baselines=(majority, features_only),
        command=command,
        folder=Path(path).parent,
        versions={**(save.versions() if versions is None else versions), **tables.machine()},
        figures=_figures(),
    )
    text = page(_title(run), _heading(run), [part(run) for part in SECTIONS])
    with written_aside(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return Path(path)


# ---- what there is


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


def _judged(dataset, outputs, thresholds):
    """The fields of ``Run`` about the judged nodes."""
    split = "test" if len(dataset.test) else "val"
    nodes = getattr(dataset, split)
    if not len(nodes):
        return {"judged": None, "unjudged": "Nothing was held out to judge by: there are neither test nor validation nodes."}
    if outputs is None:
        return {"judged": None, "unjudged": "The model was not tested."}
    outputs = np.asarray(outputs)
    if outputs.shape[:1] != (dataset.num_nodes,) or outputs.ndim != 2:
        raise ValueError(f"outputs must have one row a node, {dataset.num_nodes}; got shape {outputs.shape}")
    if not np.isfinite(outputs[nodes]).all():
        return {"judged": None, "unjudged": f"The outputs for the {NODES[split]} are not all finite numbers."}
    if thresholds is not None:
        outputs = outputs - np.asarray(thresholds, np.float32)
    parts = {"outputs": outputs, "labels": dataset.labels, "degrees": dataset.graph.degrees}
    return {"judged": NODES[split], **{name: part[nodes] for name, part in parts.items()}}


def _figures():
    try:
        from graphsage.report import figures as report_figures
    except ImportError:
        return None
    return report_figures


# ---- the answer


def _title(run):
    kind, score = ("test", run.result.test_score) if run.result.test_score is not None else ("validation", run.result.val_score)
    name = run.dataset.name or "the dataset"
    if score is None:
        return f"A model of {name}, not tested"
    return f"{run.metric.shown(score).strip()} {kind} {run.metric.label} on {name}"


def _heading(run):
    majority, alone = run.baselines
    rows = [("GraphSAGE", run.result.test_score), ("features only (no edges)", alone),
            (MAJORITY[run.dataset.task], majority)]  # fmt: skip
    answer = tables.answer_table(rows, run.metric) if run.result.test_score is not None else None
    when = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    return joined(
        tag("header", tag("h1", _title(run)), tag("p", f"{_lasted(run)} Report of {when}.", class_="soft")),
        _cut(run),
        answer,
        tag("p", _verdict(run)),
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


def _verdict(run):
    """What the edges are worth, and which model this is."""
    test, alone = run.result.test_score, run.baselines[1]
    if run.result.best_epoch is None:
        return "No epoch was completed."
    why = "the last one, as there are no validation nodes" if run.result.val_score is None else "the best on validation"
    kept = f"The model is that of epoch {run.result.best_epoch}, {why}."
    if test is None or alone is None:
        return kept
    gain, unit = (100 * (test - alone), " points") if run.metric.in_percent else (test - alone, "")
    size = f"{abs(gain):.1f}" if unit else f"{abs(gain):.3f}"
    return f"With the edges the score is {size}{unit} {'higher' if gain >= 0 else 'lower'} than without them. {kept}"
