"""The sections of the report: each is a function of the ``Run`` (``report.report``) that gives (title, Html).

Those without an underscore read what every ``ToldRun`` has.
"""

from functools import partial

import numpy as np

from graphsage.config.run_files import CONFIG
from graphsage.data.cards import dataset_card, list_datasets
from graphsage.data.dataset import NodeDataset
from graphsage.data.described.describe import describe
from graphsage.data.errors import InShards
from graphsage.data.typed_dataset import TypedDataset
from graphsage.report import report_tables as tables, scores_by_degree as scores
from graphsage.report.curve_points import curves_of
from graphsage.report.node_sections import embeddings, mistakes_of, neighbours
from graphsage.report.page import beside, folded, joined, scrolled, section, tag
from graphsage.report.typed_section import types
from graphsage.tensors.rows_on_disk import reads_a_disk
from graphsage.training.thresholds import told_of_nobody
from graphsage.training.until import time_line

MOST_CONFUSIONS, MOST_IN_MAP, MOST_TARGETS = 15, 60, 4
MOST_BESIDE = 16  # classes whose heat map leaves room for a table

CURVES = {
    "multiclass": "A node is taken for the likelier of the two classes. To find more of the rarer class, at the price of false "
    "alarms, take a node for it from a lower probability on.",
    "multilabel": "Of the largest labels: what a higher or a lower threshold would give. The one in use was chosen on the "
    "validation nodes, if there were any.",
}
PHASES_TOLD = (
    "Starting: until the first batch was done, whose kernels are compiled or loaded then. "
    "Waiting: for batches that were not ready. Evaluating: scores on the validation nodes."
)


def training(run):
    if not run.epochs:
        return section("Training", tag("p", "No epoch was completed."))
    if not run.figures:
        return section("Training", _epoch_table(run))
    rates = {e["learning_rate"] for e in run.epochs} - {None}
    drawn = beside(
        run.figures.loss_curve(run.steps, run.epochs),
        run.figures.score_curve(run.epochs, run.metric, run.result.best_epoch) if _has(run, "val_score") else None,
        run.figures.rate_curve(run.epochs) if len(rates) > 1 else None,
    )
    unseen = None if _has(run, "val_score") else tag("p", "There are no validation nodes, and so no curve of a score.")
    return section("Training", drawn, unseen, folded("Every epoch", _epoch_table(run)))


def _has(run, key):
    return any(e[key] is not None for e in run.epochs)


def _epoch_table(run):
    columns = {"loss": "training loss", "val_loss": "validation loss", "val_score": f"validation {run.metric.label}",
               "learning_rate": "learning rate", "seconds": "seconds"}  # fmt: skip
    shown = [key for key in columns if _has(run, key)]
    rows = [(_starred(e, run), *(tables.NONE if e[k] is None else f"{e[k]:.4g}" for k in shown)) for e in run.epochs]
    return tables.table(["epoch", *(columns[key] for key in shown)], rows, "Every epoch")


def _starred(epoch, run):
    return f"{epoch['epoch']} (kept)" if epoch["epoch"] == run.result.best_epoch else epoch["epoch"]


def _classes(run):
    title = "Targets" if run.dataset.task == "regression" else "Classes"
    if run.judged is None:
        return section(title, tag("p", run.unjudged))
    return section(title, _judged(run), *_TASKS[run.dataset.task](run))


def _judged(run):
    """Which nodes this is about; a warning where they are not the test nodes."""
    if run.judged == "test nodes":
        return tag("p", f"About the {len(run.labels):,} test nodes, none of which was used in training or to pick the model.")
    text = "There are no test nodes. This is about the validation nodes, by which the model was picked: it flatters a little."
    return tag("p", text, class_="warning")


def _multiclass(run):
    counts = scores.confusion(run.outputs, run.labels)
    yield tables.class_table(scores.class_scores("multiclass", run.outputs, run.labels), run.names)
    yield from _confusions(run, counts)
    bins = scores.reliability(run.outputs, run.labels)
    gap = sum(n * abs(sure - right) for sure, right, n in bins) / len(run.labels)
    yield tag("h3", "How sure, and how often right")
    text = "Of nodes whose class was given a probability of p, a share p should be right. On average the two differ by"
    yield tag("p", f"{text} {100 * gap:.1f} points (expected calibration error, 10 bins).")
    yield run.figures.calibration(bins) if run.figures else None
    yield from _curves(run)


def _curves(run):
    """What other thresholds would give."""
    found = curves_of(run.dataset.task, run.outputs, run.labels, run.names)
    if not found:
        return
    yield tag("h3", "Other thresholds")
    yield tag("p", CURVES[run.dataset.task])
    yield tables.curve_table(found)
    yield beside(*run.figures.curves(found)) if run.figures else None


def _confusions(run, counts):
    pairs = scores.largest_confusions(counts, MOST_CONFUSIONS)
    yield tag("h3", "What is taken for what")
    listed = tables.confusion_table(pairs, counts, run.names) if pairs else tag("p", "No node was taken for another class.")
    drawn = run.figures.heat_map(*_in_map(run, counts), run.judged) if run.figures else None
    yield beside(listed, drawn) if len(counts) <= MOST_BESIDE else joined(listed, drawn)


def _in_map(run, counts):
    """Counts and names of the classes that the heat map has room for: the largest, the rest as one."""
    if len(counts) <= MOST_IN_MAP + 1:
        return counts, run.names
    kept = np.sort(np.argsort(-counts.sum(1), kind="stable")[:MOST_IN_MAP])
    return scores.merged(counts, kept), [*(run.names[k] for k in kept), f"{len(counts) - len(kept)} others"]


def _multilabel(run):
    if line := told_of_nobody(run.outputs > 0):
        yield tag("p", line, class_="warning")
    yield tables.class_table(scores.class_scores("multilabel", run.outputs, run.labels), run.names)
    yield from _curves(run)


def _regression(run):
    yield tables.target_table(scores.target_scores(run.outputs, run.labels), run.names)
    if run.figures:
        drawn = run.figures.targets(run.outputs, run.labels, run.names[:MOST_TARGETS])
        yield beside(*drawn)


_TASKS = {"multiclass": _multiclass, "multilabel": _multilabel, "regression": _regression}


def time(run):
    seconds, rates = tables.phase_seconds(run.epochs), list(tables.rates(run.epochs, run.config.task))
    told = tag("p", PHASES_TOLD) if seconds else None
    return section(
        "Time",
        told or tag("p", "The log does not tell how the time was spent."),
        beside(
            run.figures.phases(seconds) if run.figures and seconds else None,
            tables.phase_table(seconds) if seconds else None,
        ),
        tables.facts(rates, "Throughput and memory") if rates else None,
    )


def dataset(run):
    known = run.dataset.name == run.config.dataset and run.dataset.name in list_datasets()
    card = tables.facts(tables.card_facts(dataset_card(run.dataset.name)), "Dataset card") if known else None
    whole, time, counted = run.dataset if getattr(run, "types", None) is None else run.types.dataset, None, None
    about = whole.summary
    if isinstance(whole, (NodeDataset, TypedDataset)):
        about = partial(about, labels=run.config.task == "nodes")
        time = time_line(whole, run.config.train.strictly_before)
        if not reads_a_disk(whole.features):  # counting would read all of them once more
            counted = folded("What is in it, counted", scrolled(tag("pre", _counted(whole)), "What is in the dataset"))
    about = joined(tag("p", about()), tag("p", time) if time else None)
    return section("Dataset", about, card, counted)


def _counted(whole):
    try:
        return describe(whole)
    except InShards as error:
        return f"Not counted: {error}."


def configuration(run):
    text = "Every setting; bold where it is not the default."
    has_model = run.made is None or run.made.module is None
    return section("Configuration", tag("p", text), tables.configuration(run.config, has_model=has_model))


def reproduce(run):
    file = run.folder / CONFIG
    commands = [run.command, f"graphsage train --config {file}" if file.exists() and run.made is None else None]
    text = (
        "All random draws follow from the seed. The same numbers to the last bit can be expected on the same kind of machine, "
        "with the same versions and number of threads; elsewhere they differ a little."
    )
    lines = "\n".join(line for line in commands if line)
    return section(
        "Reproduce",
        scrolled(tag("pre", lines), "Commands") if lines else None,
        tag("p", run.made.line(run.config)) if run.made else None,
        tag("p", text),
        tables.facts(run.versions.items(), "Versions and machine"),
    )


SECTIONS = (training, _classes, mistakes_of, neighbours, types, embeddings, time, dataset, configuration, reproduce)
