"""The nodes of one type, between their table and a dataset: fitted before edges are read, encoded when all nodes are known."""

from dataclasses import dataclass, replace
from itertools import chain

from graphsage.config.table_config import TableConfig
from graphsage.data.labels import ReadTask, is_labelled, read_labels
from graphsage.data.tables.column_names import LABELS, name_columns
from graphsage.data.tables.identifiers import IDS
from graphsage.data.tables.nodes import Nodes, add_nodes, drop_columns, features_of, fitted_columns, own_schema
from graphsage.data.tables.schema import check_nodes, no_splits
from graphsage.data.tables.table_files import shown
from graphsage.data.tables.table_labels import Labels, encoded_labels, fitted_label
from graphsage.data.tables.table_split import split_of, splits_in
from graphsage.data.tables.times_of_nodes import read_times, take_times


@dataclass(kw_only=True)
class FittedNodes:
    """Nodes whose columns are understood. schema: the one they make, or that of another dataset (``is_own`` tells).

    reading: ``TableConfig``, how they were read. fits: [``Column``] that a schema of their own was made of, left-out ones too.
    words, notes: what means no label, and how labels were read. times: what ``take_times`` took. splits: [[name, ...]].
    """

    nodes: Nodes
    schema: dict
    is_own: bool
    reading: TableConfig
    fits: list
    words: dict
    notes: tuple
    times: dict
    splits: list


@dataclass(kw_only=True)
class EncodedNodes:
    """parts: what ``NodeDataset`` takes of the nodes: features, labels, task, notes, class_names, schema, split and times.

    labels: ``Labels``. columns: [``Column``], left-out ones too. unused: columns that nothing reads. split: which columns say
    who is in which split, or "". bare: nodes that they put into one and that have no label.
    """

    parts: dict
    labels: Labels
    columns: list
    unused: tuple
    split: str
    bare: int


def fitted_nodes(nodes, schema, directed, reading, *, edges_have_times, all_reading=None):
    """The ``FittedNodes`` of ``Nodes``, by a ``schema``, or by their own where it is None.

    reading: ``TableConfig``, nothing in it left open. all_reading: what a schema keeps of it, where that says more.
    """
    is_own = schema is None
    fits, label = drop_columns(nodes, reading) if is_own else [], (None, {}, ())
    name_columns(nodes.table, nodes.columns, reading, strict=is_own)
    asked = (*reading.category, *reading.number) if is_own else no_splits(schema, reading)
    times = take_times(nodes, edges_have_times, reading, but=asked, strict=is_own)
    splits = splits_in(nodes.columns, but=asked)
    if is_own:
        fits += fitted_columns(nodes, (*LABELS, *chain(*splits)), reading)
        label = fitted_label(nodes.table, nodes.columns, reading)
        schema = own_schema(nodes, fits, label[0], directed, all_reading or reading)
    return FittedNodes(
        nodes=nodes, schema=schema, is_own=is_own, reading=reading, fits=fits, words=label[1], notes=label[2], times=times,
        splits=splits,
    )  # fmt: skip


def add_found(fitted, ids, added):
    """Make rows of the ``added`` nodes that only edges name; ids: of all. The schema then knows them, where it has to."""
    add_nodes(fitted.nodes, added)
    fitted.schema = check_nodes(fitted.schema, ids, is_own=fitted.is_own)


def encoded_nodes(fitted, num_nodes, time_kind, axis):
    """The ``EncodedNodes``; what is encoded is let go. time_kind, axis: kind and array of the times of edges, each or None."""
    nodes, schema, splits = fitted.nodes, fitted.schema, fitted.splits
    labels = encoded_labels(nodes.table, schema["label"], _label_column(nodes, schema), num_nodes, fitted.reading)
    labels = replace(labels, words=fitted.words, notes=fitted.notes)
    stored, _, _ = read_labels(labels.labels, num_nodes, labels.task)
    labelled = is_labelled(stored)
    parts, bare, split = split_of(nodes.table, nodes.columns, splits, labelled, strict=fitted.is_own)
    for column in chain(*splits):
        del nodes.columns[column]
    times = read_times(nodes, fitted.times, time_kind, axis, num_nodes, labelled)
    features, columns = features_of(nodes, schema, num_nodes)
    left_out = [column for column in fitted.fits if column.spec is None]
    notes = (*labels.notes, *_notes(fitted.fits, split, splits))
    of_labels = {"labels": stored, "task": ReadTask(labels.task), "class_names": labels.class_names, "notes": notes}
    return EncodedNodes(
        parts={"features": features, "schema": schema, **of_labels, **parts, **times},
        labels=labels,
        columns=_with_notes(columns, fitted.fits) + left_out,
        unused=tuple(name for name in nodes.columns if name not in {column.name for column in left_out}),
        split=split,
        bare=bare,
    )


def _with_notes(columns, fits):
    """Columns as they were encoded, with what was found when they were fitted."""
    found = {column.name: {"note": column.note, "words": column.words} for column in fits}
    return [replace(column, **found.get(column.name, {})) for column in columns]


def _notes(columns, split, splits):
    """What is said of a folder at each start, as it may have been meant otherwise."""
    ids = [column.name for column in columns if column.note.startswith(IDS)]
    codes = [column.name for column in columns if column.hint]
    notes = [f"left out: {shown(', '.join(ids))}, which look like ids (--number or --category takes them)"] if ids else []
    if codes:
        notes.append(f"few whole numbers that repeat: {shown(', '.join(codes))} (--category: they are codes, not numbers)")
    return notes + ([split] if splits and splits != [["split"]] else [])


def _label_column(nodes, schema):
    """The column with the labels that the schema knows; taken out of the others."""
    if schema["label"] is None:
        return None
    return nodes.columns.pop(schema["label"]["column"], None)
