"""The sections of the report that are about single nodes: the surest mistakes, neighbours, and the picture of embeddings."""

import numpy as np

from graphsage.report import likeness, mistakes, plane as planes, report_tables as tables, scores_by_degree as scores
from graphsage.report.page import beside, joined, section, tag
from graphsage.trained.predictions import node_names

MOST_MISTAKES = 20
LABELS = {"multiclass": ("accuracy", True), "multilabel": ("micro-F1", True), "regression": ("R^2", False)}
SUREST = {
    "multiclass": "The {count} that the model was surest of, of those it took for a wrong class.",
    "multilabel": "The {count} labels that are wrong and furthest from their thresholds: the model was sure of them.",
    "regression": "The {count} largest errors, measured in deviations of the target.",
}
WHY = "Look at them first: some are labels that are wrong in the data, others are nodes whose neighbours are of another kind."
LIKE = {
    "multiclass": ("neighbours of the same class", "the share of their neighbours that are of their own class"),
    "multilabel": ("labels in common", "the share of labels that they have in common with a neighbour, on average"),
    "regression": ("neighbours' distance", "the mean distance of their neighbours' targets, in deviations of the target"),
}
WHY_LIKE = "Edges help where neighbours are alike. Where they are not, the model has to learn what the difference means."


# ---- mistakes


def mistakes_of(run):
    """The surest mistakes, by name."""
    if run.judged is None:
        return section("Mistakes", tag("p", run.unjudged))
    columns, text, rows = _ROWS[run.dataset.task](run)
    if not rows:
        return section("Mistakes", tag("p", f"None: all of the {run.judged} are right."))
    told = SUREST[run.dataset.task].format(count=f"{len(rows)} {run.judged}" if run.dataset.task == "multiclass" else len(rows))
    listed = tables.table(["node", *columns, "neighbours", LIKE[run.dataset.task][0]], rows, "Surest mistakes", text=text)
    return section("Mistakes", tag("p", f"{told} {WHY}"), listed)


def _class_rows(run):
    places, sure = mistakes.class_mistakes(run.outputs, run.labels, MOST_MISTAKES)
    true, taken = run.labels[places], run.outputs[places].argmax(1)
    cells = [(run.names[i], run.names[j], tables.percent(p, 2)) for i, j, p in zip(true, taken, sure)]
    return ["true class", "taken for", "probability"], ("true class", "taken for"), _with_names(run, places, cells)


def _label_rows(run):
    places, columns = mistakes.label_mistakes(run.outputs, run.labels, MOST_MISTAKES)
    cut = np.zeros(len(run.names)) if run.result.thresholds is None else np.asarray(run.result.thresholds)
    chance = 1 / (1 + np.exp(-(run.outputs[places, columns].astype(np.float64) + cut[columns])))
    has = ["yes" if yes else "no" for yes in run.labels[places, columns] > 0]
    cells = [(run.names[k], yes, tables.percent(p, 2)) for k, yes, p in zip(columns, has, chance)]
    return ["label", "has it", "probability"], ("label", "has it"), _with_names(run, places, cells)


def _target_rows(run):
    places, columns = mistakes.largest_errors(run.outputs, run.labels, MOST_MISTAKES)
    values = zip(columns, run.labels[places, columns], run.outputs[places, columns])
    cells = [(run.names[t], *map(tables.plain, (true, told, told - true))) for t, true, told in values]
    return ["target", "true", "predicted", "error"], ("target",), _with_names(run, places, cells)


_ROWS = {"multiclass": _class_rows, "multilabel": _label_rows, "regression": _target_rows}


def _with_names(run, places, cells):
    """Rows that begin with the nodes' names and end with what is known of their neighbours."""
    names = node_names(run.dataset, run.nodes[places])
    alike = likeness.likeness(run.dataset, run.nodes[places], run.config.train.seed)
    shown = tables.plain if run.dataset.task == "regression" else tables.percent
    ends = [(f"{degree:,}", shown(value)) for degree, value in zip(run.degrees[places], alike)]
    return [(name, *cell, *end) for name, cell, end in zip(names, cells, ends)]


# ---- neighbours


def neighbours(run):
    """Scores by degree, and by likeness to the neighbours."""
    if run.judged is None:
        return section("Neighbours", tag("p", run.unjudged))
    label, in_percent = LABELS[run.dataset.task]
    bins, groups = scores.scores_by_degree(run.dataset.task, run.outputs, run.labels, run.degrees)
    text = f"Do nodes with many neighbours fare better? The {label} of the {run.judged} by the number of their neighbours."
    listed = tables.group_table(bins, label, in_percent, "neighbours")
    grouped = tables.group_table([g for g in groups if g.nodes], label, in_percent, run.judged)
    drawn = run.figures.by_degree(bins, groups[-1], label, in_percent) if run.figures else None
    return section("Neighbours", tag("p", text), beside(drawn, joined(listed, grouped)), _likeness(run, groups[-1]))


def _likeness(run, whole):
    (label, in_percent), (first, meaning) = LABELS[run.dataset.task], LIKE[run.dataset.task]
    values = likeness.likeness(run.dataset, run.nodes, run.config.train.seed)
    found = likeness.groups_of(run.dataset.task, values)
    bins = [b for b in scores.scores_by_group(run.dataset.task, run.outputs, run.labels, found) if b.nodes]
    if not bins:
        return None
    count = sum(b.nodes for b in bins)
    others = "as others have no neighbour with a label, or were not drawn"
    some = "" if count == len(values) else f" These are {count:,} nodes, {others}."
    text = f"The {label} of the {run.judged} by {meaning}.{some} {WHY_LIKE}"
    drawn = run.figures.by_likeness(bins, whole, label, in_percent, first) if run.figures else None
    listed = tables.group_table(bins, label, in_percent, first)
    return joined(tag("h3", "Like and unlike neighbours"), tag("p", text), beside(drawn, listed))


# ---- embeddings


def embeddings(run):
    """The plane in which what goes into the last layer varies most."""
    if run.pictured is None or run.figures is None or (found := planes.plane(run.pictured[1])) is None:
        why = "The model has none that could be drawn." if run.figures else "They are a picture, which needs matplotlib."
        return section("Embeddings", tag("p", why))
    nodes, task = run.pictured[0], run.dataset.task
    groups = planes.groups_of(task, run.dataset.labels[nodes], run.names)
    target = f"{run.names[0]}, in five groups"
    by = {"multiclass": "class", "multilabel": "the largest of their labels", "regression": target}
    text = (
        f"What goes into the last layer, of {len(nodes):,} {run.judged}, coloured by {by[task]}: nodes that lie together look "
        "alike to the model. Shown are the two directions in which it varies most (principal components), so that some groups "
        "that overlap here are apart in a direction that is not shown."
    )
    drawn = run.figures.plane(*found, groups, "Each dot is a node; only distances have a meaning.", rising=task == "regression")
    return section("Embeddings", tag("p", text), drawn)
