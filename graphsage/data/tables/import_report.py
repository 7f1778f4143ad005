"""What is printed of a folder of tables: what it held, and what was made of it. ASCII, about 100 characters wide."""

import numpy as np

from graphsage.data.asked_times import times_line
from graphsage.data.described.describe_report import TASKS, bar, clipped, counted, largest_classes, line
from graphsage.data.labels import is_labelled
from graphsage.data.missing import told_missing
from graphsage.data.remarks import label_remarks
from graphsage.data.split import SPLITS
from graphsage.data.tables.dates import date_of
from graphsage.data.tables.table_files import shown
from graphsage.graph.features import SparseFeatures

MISSING = {"number": "the mean", "date": "the mean", "category": "all zeros", "words": "all zeros", "vector": "the mean"}
UNKNOWN = {"category": "with another value", "words": "with other words only"}
TALLIED = 5  # columns in a line
SEPARATORS = (";", "|", ",")
LEAST_A_CLASS = 3  # nodes, on average: below that a class is not learnt, and integers may have been meant as numbers


def import_report(dataset, found):
    """The text for a ``NodeDataset`` and the ``Found`` of its tables: several lines, no newline at the end."""
    sections = [_files(dataset, found), _graph(dataset, found), label_lines(dataset, found), split_lines(dataset, found)]
    notes = [*dataset.notes, *label_remarks(dataset)]
    sections += [feature_lines(dataset, found), *([["notes", *(f"  {note}" for note in notes)]] if notes else [])]
    return "\n\n".join("\n".join(lines) for lines in sections)


def encoding_report(dataset, found):
    """The same where tables are encoded as those of a training: a few lines, only what that has not shown already."""
    num_edges = dataset.graph.num_edges // (1 if dataset.schema["directed"] else 2)
    lines = [f"{dataset.name or 'dataset'}: {dataset.num_nodes:,} nodes and {num_edges:,} edges, encoded as in training"]
    lines += [f"  {note}" for note in found.notes]
    if found.unlisted:
        lines.append(f"  edges to ids that the nodes do not have: {found.unlisted:,} ({_unlisted(found)})")
    lines += tallied("without a value", "missing", "the mean of numbers and dates, else all zeros", found)
    lines += tallied("with values that training did not have", "unknown", "all zeros", found)
    if found.labels.unknown:
        lines.append(f"  nodes with a class that training did not have: {found.labels.unknown:,} (counts as none)")
    if found.bare:
        lines.append(f"  nodes left out of the split, as they have no label: {found.bare:,}")
    if found.unused:
        lines.append(f"  not used: {shown(', '.join(map(column_name, found.unused)))}")
    if not found.split and is_labelled(dataset.labels).any():
        lines.append("  split: at random, a new one, which says nothing of who was trained on")
    return "\n".join(lines)


def tallied(what, count, becomes, found):
    """A line of the columns in which there are nodes ``what``, each with its ``count``."""
    counts = [(column.name, number) for column in found.columns if (number := getattr(column, count))]
    columns = [f"{column_name(name)} {number:,}" for name, number in counts[:TALLIED]]
    more = [f"{len(counts) - TALLIED:,} more columns"] if len(counts) > TALLIED else []
    return [f"  nodes {what}: {', '.join(columns + more)} ({becomes})"] if counts else []


def _files(dataset, found):
    return [f"{dataset.name or 'dataset'}: {', '.join(found.sources)}", *(f"  {note}" for note in found.notes)]


def _unlisted(found):
    """What became of edges to ids that the table of nodes does not list."""
    return f"kept; new nodes, without features and label: {found.added:,}" if found.added else "dropped"


def _graph(dataset, found):
    degrees, edges = dataset.graph.degrees, found.edges
    stays = "dropped, the first stays" + (", with its time" if found.times else "")
    way = "one way, from source to target" if dataset.schema["directed"] else "both ways (--directed: one way)"
    middle = int(np.median(degrees)) if len(degrees) else 0
    lines = [
        "graph",
        line("nodes", f"{dataset.num_nodes:,}"),
        counted("isolated nodes", int(np.count_nonzero(degrees == 0)), dataset.num_nodes),
        line("edges listed", f"{edges['listed']:,}", way),
        *([counted("to unlisted ids", found.unlisted, edges["listed"], _unlisted(found))] if found.unlisted else []),
        counted("repeated", edges["repeats"], edges["listed"], stays),
        counted("self loops", edges["loops"], edges["listed"], "dropped"),
        line("neighbours of a node", f"{dataset.graph.num_edges / max(dataset.num_nodes, 1):.1f}",
             f"on average, median {middle:,}, largest {degrees.max(initial=0):,}"),
    ]
    weights = dataset.graph.weights
    if weights is not None and len(weights):
        ends = f"on average, from {weights.min():.3g} to {weights.max():.3g}: kept (--draw weighted)"
        lines.append(line("weights", f"{weights.mean(dtype=float):.3g}", ends))
    if found.times is not None:
        lines.append(line("times", "", f"from {found.times[0]} to {found.times[1]}: kept (--draw recent)"))
    for of_nodes in filter(None, [times_line(dataset).partition(": ")[2]]):
        lines.append(line("", "", f"{of_nodes} (--split time)"))
    return lines


def label_lines(dataset, found):
    """What labels there are."""
    spec, labels, unlabelled = found.labels.spec, dataset.labels, int(np.count_nonzero(~is_labelled(dataset.labels)))
    if spec is None:
        columns = shown(", ".join(column.name for column in found.columns))
        way = f"; of {columns}, --label COLUMN names the one that does" if columns else ""
        return [f"labels: none, so no classifier can be trained (a column label in the table of nodes would hold them{way})"]
    lines = [f"{TASKS[dataset.task].format(dataset.num_outputs)} (column {spec['column']})"]
    lines += {"multiclass": _classes, "multilabel": _columns, "regression": _targets}[dataset.task](dataset, labels)
    lines += _joined_labels(dataset.class_names or ())
    return [*lines, counted("nodes without a label", unlabelled, dataset.num_nodes)]


def _classes(dataset, labels):
    counts = np.bincount(labels[labels >= 0], minlength=dataset.num_classes)
    hint = "--task regression predicts them"
    few = counts.sum() < LEAST_A_CLASS * len(counts) and all(name.lstrip("-").isdigit() for name in dataset.class_names)
    return _counts(dataset, counts) + ([f"  few nodes a class: if these are numbers, {hint}"] if few else [])


def _columns(dataset, labels):
    return _counts(dataset, np.count_nonzero(labels == 1, axis=0))


def _joined_labels(class_names):
    """A line where most names of classes look like several of them."""
    for mark in SEPARATORS:
        if 2 * sum(mark in name for name in class_names) > len(class_names):
            way = "several labels of a node go into a column labels, with ; between (or --task multilabel)"
            return [f"  most have a {mark} in them: {way}"]
    return []


def _counts(dataset, counts):
    """The largest classes, the rest in one line."""
    from types import SimpleNamespace

    shown_classes, rest = largest_classes(SimpleNamespace(class_counts=counts))
    most, whole = counts.max(initial=0), counts.sum() if dataset.task == "multiclass" else dataset.num_nodes
    lines = [counted(clipped(dataset.class_names[k]), counts[k], whole, bar(counts[k], most)) for k in shown_classes]
    return lines + ([counted(f"{len(rest):,} more classes", counts[rest].sum(), whole)] if len(rest) else [])


def _targets(dataset, labels):
    known = labels[~np.isnan(labels)].astype(float)
    if not len(known):
        return []
    whole = " (all are whole: --task multiclass takes them for classes)" if np.all(known == np.round(known)) else ""
    return [f"  mean {known.mean():.4g}, deviation {known.std():.4g}, from {known.min():.4g} to {known.max():.4g}{whole}"]


def split_lines(dataset, found):
    """Where the split is from, and its sizes."""
    rule = found.split or "split: at random, half / a quarter / a quarter of the nodes with a label"
    sizes = {name: len(getattr(dataset, name)) for name in SPLITS}
    return [rule, *(counted(name, size, dataset.num_nodes) for name, size in sizes.items())]


def feature_lines(dataset, found):
    """What became of each column."""
    array = dataset.schema["array"]
    if not dataset.schema["columns"] and not array:
        return ["features: none, so each node has a column of its own; such a model knows no other nodes (--featureless)",
                *_left_out(found)]
    kind = "sparse" if isinstance(dataset.features, SparseFeatures) else "dense"
    lines = [f"features: {dataset.num_features:,} columns, {kind}"]
    lines += [_column(column, dataset.num_nodes) for column in found.columns if column.spec is not None]
    lines += [f"  {found.array:24} {array:,} columns, as they are"] if array else []
    return lines + _left_out(found)


def _column(column, num_nodes):
    text = f"  {clipped(column.name):24} {column.spec['kind']:9} {_DESCRIBED[column.spec['kind']](column)}"
    if column.missing:
        share, words = f"{column.missing / num_nodes:.1%}", told_missing(column.words)
        text += f"; {column.missing:,} missing ({share}{words and f', {words}'}): {MISSING[column.spec['kind']]}"
    return text + (f"; {column.unknown:,} {UNKNOWN[column.spec['kind']]}: all zeros" if column.unknown else "")


def _left_out(found):
    lines = [f"  {column_name(column.name):24} left out: {column.note}" for column in found.columns if column.spec is None]
    return lines + ([f"  not used: {shown(', '.join(map(column_name, found.unused)))}"] if found.unused else [])


def column_name(name):
    """A column as a line has it."""
    return clipped(name) or "(without a name)"


_DESCRIBED = {
    "number": lambda column: f"mean {column.spec['mean']:.4g}, deviation {column.spec['deviation']:.4g}",
    "date": lambda column: f"mean {date_of(column.spec['mean'])}, deviation {column.spec['deviation']:.4g} days",
    "category": lambda column: f"{len(column.spec['values'])} values: {shown(', '.join(column.spec['values']))}",
    "vector": lambda column: f"{len(column.spec['means']):,} numbers",
    "words": lambda column: f"{len(column.spec['words']):,} words{f' {column.note}' if column.note else ''}",
}
