"""report.html: what a run came to, in one file that explains itself and loads nothing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphsage.base.files import written_aside
from graphsage.report import report_tables as tables
from graphsage.report.intervals import interval_line
from graphsage.report.page import page
from graphsage.report.plane import pictured
from graphsage.report.score_interval import score_interval
from graphsage.report.sections import SECTIONS
from graphsage.report.told_run import ToldRun, heading_of, kept, title_of, told_parts
from graphsage.report.typed_section import Types, types as of_types
from graphsage.report.verdict import ALONE, OWN, verdict_line
from graphsage.training.records import is_rising

MAJORITY = {"multiclass": "most frequent class", "multilabel": "most frequent answers", "regression": "mean target"}
NODES = {"test": "test nodes", "val": "validation nodes"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Run(ToldRun):
    """What the sections are made of. Of the judged nodes (test nodes, else validation nodes): rows of the graph, outputs,
    labels, degrees. Outputs of several labels a node have their thresholds taken off: above 0 means that it has the label.

    judged: "test nodes", "validation nodes", or None; unjudged says why. pictured: (rows of the graph, embeddings) of some.
    types: of a typed graph, whose labelled nodes ``dataset`` has.
    """

    judged: str | None
    unjudged: str = ""
    nodes: np.ndarray | None = None
    outputs: np.ndarray | None = None
    labels: np.ndarray | None = None
    degrees: np.ndarray | None = None
    pictured: tuple | None = None
    baselines: dict
    types: Types | None = None

    @property
    def names(self):
        """One name an output column: of the class, or the target."""
        known = self.dataset.class_names or ()
        kind = "target" if self.dataset.task == "regression" else "class"
        return [known[k] if k < len(known) else f"{kind} {k}" for k in range(self.outputs.shape[1])]


def write_report(
    path,
    *,
    dataset,
    config,
    result,
    log,
    outputs,
    embed=None,
    majority=None,
    features_only=None,
    rows=None,
    command=None,
    versions=None,
    made=None,
    types=None,
):
    """Write the report of a run to the HTML file ``path``: scores, curves, dataset, configuration, time. Returns the path.

    N nodes, C classes or columns (T targets).

    dataset: ``NodeDataset``. config: ``RunConfig``. result: ``TrainResult`` of the model that was kept.
    log: dicts, the lines of metrics.jsonl. Missing lines and values leave out what they would show; without epoch lines
        the history of ``result`` stands in.
    outputs: float32 [N, C], array or tensor, that model's logits for all nodes (regression: predictions [N, T]); None
        where nothing was tested, as in a run that was interrupted.
    embed: function(nodes int64[m]) -> float32 [m, width] of what goes into the last layer, called with at most 2,000 of the
        judged nodes; None, or a function that gives None: there is none.
    majority, features_only: test scores of the baselines, None if not known. rows: {baseline: {metric: test score}} of others.
    command: the command line that was typed. made: ``Made`` of a run that was made in Python.
    types: ``Types`` of a typed graph, of which ``dataset`` has the labelled nodes; None: there is one type.
    versions: {name: text}; None looks them up. The machine is told beside them.

    Scores by class and degree are about the test nodes; without any, about the validation nodes, and the page says so.
    Without matplotlib there are no pictures, and the page says how to get them. The file is written whole or not at all:
    it has no script and loads nothing, and names from the data are escaped. Raises ValueError for outputs of another
    shape, OSError where the file cannot be written.
    """
    degrees = dataset.graph.degrees if types is None else types.degrees
    judged = _judged(dataset, outputs, result.thresholds, degrees)
    told = told_parts(path, result, log, command, versions, made)
    run = Run(
        dataset=dataset,
        config=config,
        **told,
        **judged,
        pictured=_pictured(judged, embed, config.train.seed) if told["figures"] else None,
        baselines=_baselines(dataset.task, majority, features_only, result.metric, rows or {}),
        types=types,
    )
    text = page(title_of(run), _heading(run), [part(run) for part in SECTIONS if part is not of_types or types is not None])
    with written_aside(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return Path(path)


# ---- what there is


def _judged(dataset, outputs, thresholds, degrees):
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
    parts = {"outputs": outputs, "labels": dataset.labels, "degrees": degrees}
    return {"judged": NODES[split], "nodes": nodes, **{name: part[nodes] for name, part in parts.items()}}


def _pictured(judged, embed, seed):
    """(nodes, embeddings) of the judged nodes that are drawn, or None."""
    if judged["judged"] is None or embed is None:
        return None
    nodes = pictured(judged["nodes"], seed)
    rows = embed(nodes)
    return None if rows is None else (nodes, rows)


# ---- the answer


def _baselines(task, majority, features_only, metric, rows):
    """{name: test score} of those that are known, the simplest last."""
    found = {ALONE: features_only, **{name: of.get(metric) for name, of in rows.items()}, MAJORITY[task]: majority}
    return {name: score for name, score in found.items() if score is not None}


def _heading(run):
    shown = {ALONE: "features only (no edges)"}
    rows = [(run.called, run.result.test_score), *((shown.get(name, name), score) for name, score in run.baselines.items())]
    answer = tables.answer_table(rows, run.metric) if run.result.test_score is not None else None
    return heading_of(run, answer, _verdict(run), _interval(run))


def _interval(run):
    """The sentence about the interval of the test score in the title; "" where there is none."""
    if run.judged != "test nodes" or run.result.test_score is None:
        return ""
    low, high = score_interval(run.dataset.task, run.metric, run.outputs, run.labels, run.config.train.seed)
    return interval_line(run.metric.shown, low, high, f"{len(run.labels):,} other test nodes")


def _verdict(run):
    """What the edges are worth, which model is the best, and which one this is."""
    test, alone = run.result.test_score, run.baselines.get(ALONE)
    if test is None or run.result.best_epoch is None or not run.baselines:
        return kept(run)
    scores = {name: [score] for name, score in {**run.baselines, OWN: test}.items()}
    labels, rising = run.dataset.labels[run.dataset.test], is_rising(run.result)
    best = verdict_line(scores, run.metric, labels, run.called, rising=rising)
    return " ".join(filter(None, [alone is not None and _worth(test - alone, run.metric), best, kept(run)]))


def _worth(gain, metric):
    """What the edges are worth."""
    size = f"{100 * abs(gain):.1f} points" if metric.in_percent else f"{abs(gain):.3f}"
    return f"With the edges the score is {size} {'higher' if gain >= 0 else 'lower'} than without them."
