"""The sections of a report that are about links: metrics beside the baselines, degrees, the surest pairs."""

from dataclasses import replace

import numpy as np
import torch

from graphsage.data.typed_links import TypedLinkDataset
from graphsage.report import link_scores as scores, report_tables as tables
from graphsage.report.intervals import interval_line
from graphsage.report.page import beside, joined, section, tag
from graphsage.report.sections import configuration, dataset, reproduce, time, training
from graphsage.trained.partners import names_of_ends
from graphsage.trained.trained_links import MEANING
from graphsage.training.tasks import metrics_of

MOST_PAIRS = 10  # of each kind
JUDGED = (
    "ROC AUC and average precision compare each test link with one pair that is none; MRR and hits@k rank it among {count} "
    "such pairs, ties by half. All models are judged on the same pairs."
)


def metrics_table(rows):
    """rows: {model: {metric: score}}; a metric that no model has is left out."""
    metrics = [metric for name, metric in metrics_of("links").items() if any(name in of for of in rows.values())]
    cells = [(name, *(_shown(metric, of.get(metric.name)) for metric in metrics)) for name, of in rows.items()]
    return tables.table(["model", *(metric.label for metric in metrics)], cells, "Metrics beside the baselines")


def _shown(metric, score):
    return tables.NONE if score is None else metric.shown(score).strip()


def interval_text(run):
    """The sentence about the interval of the score in the title; "" where there is none."""
    if run.judged is None or run.metric.name not in metrics_of("links"):
        return ""
    return interval_line(run.metric.shown, *scores.interval(run.result.metric, run.judged.scores), "other test links")


def _metrics(run):
    if not run.rows:
        return section("Metrics", tag("p", "The model was not tested."))
    count = f"{run.judged.scores.shape[1] - 1:,}" if run.judged else "its candidates: "
    return section("Metrics", tag("p", JUDGED.format(count=count)), metrics_table(run.rows), tag("p", interval_text(run)))


def _degrees(run):
    if run.judged is None:
        return section("Degrees", tag("p", "The model was not tested."))
    label = f"hits@{scores.K}"
    bins, whole = scores.hits_by_degree(*_degrees_of_ends(run))
    text = (
        f"Are links of nodes with many neighbours easier? {label} of the {len(run.judged.pairs):,} test links by the smaller "
        "number of neighbours, among the messages, of their two nodes."
    )
    drawn = run.figures.by_degree(bins, whole, label, True, of="links") if run.figures else None
    listed = tables.group_table([*bins, whole], label, True, "neighbours", of="links")
    return section("Degrees", tag("p", text), beside(drawn, listed))


def _degrees_of_ends(run):
    """(``Judged`` and degrees, by the same numbers of nodes)."""
    if not isinstance(run.dataset, TypedLinkDataset):
        return run.judged, run.dataset.graph.degrees
    links = run.dataset.flat_graph()
    degrees = links.degrees + (np.bincount(links.indices, minlength=links.num_nodes) if run.dataset.directed else 0)
    return replace(run.judged, pairs=run.dataset.flat(run.judged.pairs)), degrees


def _pairs(run):
    if run.judged is None:
        return section("Surest pairs", tag("p", "The model was not tested."))
    kinds = zip(_KINDS.items(), scores.surest(run.judged, MOST_PAIRS))
    shown = [joined(tag("h3", title), tag("p", text), _pairs_of(run, *of, title)) for (title, text), of in kinds if len(of[0])]
    return section("Surest pairs", tag("p", f"{MEANING[run.config.links.link_loss]}."), beside(*shown))


_KINDS = {
    "Surest, and right": "Test links of the highest probability, above all of their candidates.",
    "Surest, and wrong": "Candidates of the highest probability: no links as far as the data know. Some may be links to come.",
    "Missed": "Test links of the lowest probability.",
}


def _pairs_of(run, pairs, logits, title):
    names = names_of_ends(run.dataset, pairs.T, getattr(run.dataset, "ends", None))
    rows = [(source, target, f"{p:.4f}") for source, target, p in zip(*names, torch.from_numpy(logits).sigmoid().tolist())]
    return tables.table(["source", "target", "probability"], rows, title, text=("target",))


SECTIONS = (training, _metrics, _degrees, _pairs, time, dataset, configuration, reproduce)
