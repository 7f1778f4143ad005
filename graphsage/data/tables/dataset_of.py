"""A dataset of a table of edges and, where there are some, a table of nodes and an array of features: from files or memory."""

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data.dataset import NodeDataset
from graphsage.data.labels import ReadTask, is_labelled, read_labels
from graphsage.data.tables.column_names import LABELS, edges_named, name_columns
from graphsage.data.tables.edges import graph_of, read_edges
from graphsage.data.tables.identifiers import IDS
from graphsage.data.tables.ids import names_of
from graphsage.data.tables.nodes import ARRAY, add_nodes, drop_columns, features_of, fitted_columns, own_schema, read_nodes
from graphsage.data.tables.schema import check_nodes, checked_schema, no_splits, reading_of
from graphsage.data.tables.table_files import shown
from graphsage.data.tables.table_labels import Labels, encoded_labels, fitted_label
from graphsage.data.tables.table_split import split_of, splits_in
from graphsage.data.tables.times_of_nodes import read_times, take_times


@dataclass(kw_only=True)
class Found:
    """What tables held, beside the dataset.

    sources: what was read, a text each; array: what an array of features is called. notes: what was guessed, a line each.
    edges: {"listed", "loops", "repeats"}.
    unlisted: edges to ids that the table of nodes does not have; added: nodes made of those ids (0: the edges were dropped).
    times: texts of the earliest and the latest, or None.
    labels: ``Labels``.
    columns: [``Column``] of the table of nodes, left-out ones too. unused: columns that nothing reads.
    split: which columns say who is in which split, or "". bare: nodes that they put into one and that have no label.
    """

    sources: tuple
    array: str
    notes: list
    edges: dict
    unlisted: int
    added: int
    times: tuple | None
    labels: Labels
    columns: list
    unused: tuple
    split: str
    bare: int


def dataset_of(
    edges_table, nodes_table=None, array=None, *, array_path=Path(ARRAY), name=None, sources=(), directed=False, schema=None,
    unlisted=None, progress=silent, reading=TABLE_DEFAULTS,
):  # fmt: skip
    """(``NodeDataset``, ``Found``) of a ``Table`` of edges and, each or None, one of nodes and an array of features.

    array: numbers [N, F] or ``SparseFeatures``, as they are; rows in the order of the table of nodes, without one of the ids
        0..N-1. array_path: what sentences call it.
    sources: what was read, a text each, for the report: "edges.csv (1.2 kB)".
    directed: an edge lets its target aggregate from its source, and not the other way round.
    reading: ``TableConfig``, nothing in it left open: which columns are categories, what means missing, and the like.
    schema: encode by this schema of another dataset, which also says whether edges are directed, and all of ``reading``. A
        class or category that it does not have then counts as none, labels may be missing, and who has none is in no split.
    unlisted: what becomes of edges to ids that the table of nodes does not list: "refuse", "drop" them, or "keep" such ids as
        nodes without label and features; None is as ``reading`` or the schema has it.
    progress: a context manager of ``graphsage.base.progress``.
    Raises DatasetError, one sentence, with file and line where it is about a row.
    """
    is_own, reading = schema is None, reading if schema is None else reading_of(checked_schema(schema))
    edges_table = edges_named(edges_table, reading, strict=is_own)
    nodes = read_nodes(nodes_table, array, array_path, progress, reading, strict=is_own)
    fits, label = drop_columns(nodes, reading) if is_own else [], (None, {}, ())
    name_columns(nodes.table, nodes.columns, reading, strict=is_own)
    asked = (*reading.category, *reading.number) if is_own else no_splits(schema)
    times = take_times(nodes, edges_table, reading, but=asked, strict=is_own)
    splits = splits_in(nodes.columns, but=asked)
    if is_own:
        fits += fitted_columns(nodes, (*LABELS, *chain(*splits)), reading)
        label = fitted_label(nodes.table, nodes.columns, reading)
        schema = own_schema(nodes, fits, label[0], directed, reading)
    edges = read_edges(edges_table, nodes.ids, nodes.outside, progress, unlisted=unlisted or reading.unlisted)
    add_nodes(nodes, edges.added)
    num_nodes, schema = len(edges.ids), check_nodes(schema, edges.ids, is_own=is_own)
    graph, counts = graph_of(edges, names_of(edges.ids), directed=schema["directed"])  # before the features take memory too
    edges.source = edges.target = edges.weights = edges.times = None
    labels = encoded_labels(nodes.table, schema["label"], _label_column(nodes, schema), num_nodes, reading)
    labels = replace(labels, words=label[1], notes=label[2])
    stored, _, _ = read_labels(labels.labels, num_nodes, labels.task)
    parts, bare, split = split_of(nodes.table, nodes.columns, splits, is_labelled(stored), strict=is_own)
    for column in chain(*splits):
        del nodes.columns[column]
    of_nodes = read_times(nodes, times, edges, graph, is_labelled(stored))
    features, columns = features_of(nodes, schema, num_nodes)
    left_out = [column for column in fits if column.spec is None]
    dataset = NodeDataset(
        graph=graph,
        features=features,
        labels=stored,
        task=ReadTask(labels.task),
        notes=(*labels.notes, *_notes(fits, split, splits)),
        **parts,
        class_names=labels.class_names,
        name=name,
        schema=schema,
        **of_nodes,
    )
    return dataset, Found(
        sources=tuple(sources),
        array=array_path.name,
        notes=edges_table.notes + (nodes.table.notes if nodes.table else []),
        edges=counts,
        unlisted=edges.unlisted,
        added=edges.added,
        times=edges.span,
        labels=labels,
        columns=_with_notes(columns, fits) + left_out,
        unused=edges.unused + tuple(name for name in nodes.columns if name not in {column.name for column in left_out}),
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
