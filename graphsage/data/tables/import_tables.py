"""Folders of tables as a layout: read once and kept, from then on opened."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from graphsage.base.progress import reading as shown_reading, silent
from graphsage.config.table_config import TABLE_DEFAULTS, TableConfig
from graphsage.data.errors import DatasetError
from graphsage.data.labels import is_labelled
from graphsage.data.split import random_split
from graphsage.data.tables import imported
from graphsage.data.tables.column_names import name_columns, nodes_named
from graphsage.data.tables.edges_apart import Apart
from graphsage.data.tables.folder import files_of, read_folder
from graphsage.data.tables.import_report import encoding_report, import_report
from graphsage.data.tables.nodes import ARRAY, ID
from graphsage.data.tables.schema import is_directed, is_read_so, is_typed, no_splits, reading_of
from graphsage.data.tables.source import Source
from graphsage.data.tables.table_files import ENDS, files_named, table_in
from graphsage.data.tables.table_split import split_of, splits_in
from graphsage.data.tables.typed_dataset_of import TypedFound
from graphsage.data.tables.typed_folder import LENGTHS, is_typed_folder, read_typed_folder, typed_files_of, typed_nodes
from graphsage.data.tables.typed_reading import own_reading
from graphsage.data.tables.typed_report import typed_encoding_report, typed_import_report
from graphsage.data.tables.vectors import is_list


def holds_tables(folder):
    """The name of ``folder`` if it holds edges.csv or edges.parquet, or tables of several types, else None."""
    return (Path(folder).resolve().name or "tables") if files_named(folder, "edges") or is_typed_folder(folder) else None


def file_tables(path):
    """(folder, its name) of the tables that have a file at ``path``; (``path``, NAME) of a lone table of edges; or None."""
    stem, _, end = path.name.partition(".")
    if stem in LENGTHS and is_typed_folder(path.parent) and path in typed_files_of(path.parent):
        return path.parent, holds_tables(path.parent)
    if holds_tables(path.parent) and (f".{end}" in ENDS and stem in ("edges", "nodes") or path.name == ARRAY):
        return path.parent, holds_tables(path.parent)
    return (path, stem) if path.name.endswith(ENDS) else None


def source_of(folder):
    """The ``Source`` of the tables in a folder, or of the lone table of edges that it is; a ``Source`` as it is."""
    if isinstance(folder, Source):
        return folder
    if is_typed_folder(folder):
        return Source(
            place=Path(folder),
            files=lambda: typed_files_of(folder),
            read=lambda **options: read_typed_folder(folder, **options),
            nodes=lambda kind: typed_nodes(folder, kind),
        )
    return Source(
        place=Path(folder),
        files=lambda: files_of(folder),
        read=lambda **options: read_folder(folder, **options),
        nodes=lambda: table_in(folder, "nodes"),
    )


def read_tables(folder, name, *, class_names=None, split=None, schema=None, progress=False, tables=None):
    """The dataset of the tables in ``folder``, called ``name``: see ``graphsage.data.tables.folder`` for what they are.

    folder: a path, or a ``Source``.

    Tables that are as they were at the last import are not read again. Else they are imported, as directed or undirected as the
    last time (at first: undirected). schema: that of another dataset, to encode these tables by; what comes of the last such
    is kept beside their own import.
    tables: ``TableConfig``, how columns are read; what it leaves open, or None, is as the last time (at first: the defaults).
        Tables that were read otherwise are imported again.
    split: number of the random split; of the table's own, where it has several. progress: show how far the reading is,
    and what was found, on standard error.
    Raises DatasetError, one sentence, with the file and the line where it is about one.
    """
    source, wanted = source_of(folder), TableConfig() if tables is None else tables
    dataset = _opened(source, schema, progress, wanted) or _read(source, schema, progress, wanted)
    if split is not None:
        dataset = replace(dataset, **_another_split(source, dataset, split))
    changes = {} if class_names is None else {"class_names": class_names}
    return dataset if dataset.name == name and not changes else replace(dataset, name=name, **changes)


def import_tables(folder, *, directed=False, progress=False, tables=None, memory=None):
    """Read the tables in ``folder`` and keep what was read: (the dataset, the report of what was found).

    folder: a path, or a ``Source``.

    directed: an edge lets its target aggregate from its source, and not the other way round.
    tables: ``TableConfig``, how columns are read; what it leaves open is as the defaults have it.
    memory: bytes that reading may take; None: what is free. Edges that do not fit are sorted in files; nodes, some 100 bytes
        each where nothing but edges names them, and their columns stay in the memory, and come on top where they are many.
    """
    reading = (TableConfig() if tables is None else tables).or_else(TABLE_DEFAULTS)
    dataset, found, where = _imported(source_of(folder), progress, directed=directed, reading=reading, memory=memory)
    report = typed_import_report if isinstance(found, TypedFound) else import_report
    return dataset, f"{report(dataset, found)}\n\n{where}"


def _imported(source, progress, *, schema=None, unlisted=None, directed=False, reading=TABLE_DEFAULTS, memory=None):
    """(``NodeDataset``, ``Found``, a sentence on where it is kept), or the same of a typed graph."""
    files = imported.sources_of(source.files())
    shown = shown_reading if progress else silent
    how = {"directed": directed, "schema": schema, "unlisted": unlisted, "progress": shown, "reading": reading}
    with Apart(imported.places_of(source.place), memory) as apart:
        dataset, found = source.read(**how, apart=apart)
        if imported.sources_of(source.files()) != files:
            raise DatasetError(f"the tables in {source.place} changed while they were read: import them again")
        written = {"files": apart.files, "is_own": schema is None, "unlisted": unlisted}
        return dataset, found, _where(*imported.keep(dataset, source.place, files, **written))


def _where(entry, reasons):
    because = f" ({'; '.join(reasons)})" if reasons else ""
    if entry is None:
        return f"Not kept: each start reads the tables again{because}"
    return f"Kept in {entry}: while the tables stay as they are, a start reads that{because}"


def _opened(source, schema, progress, wanted):
    """What the last import kept, the folder's own or one by the ``schema``, if that still holds; else None."""
    for is_own in (True,) if schema is None else (True, False):
        entry, about = imported.latest(source.place, is_own=is_own)
        if about is None or not imported.is_of(about, source.files()):
            continue
        kept = about["dataset"]["schema"]
        if kept != schema if schema is not None else not is_read_so(kept, wanted.or_else(_last_reading(kept))):
            continue
        if not is_own and (about.get("unlisted") or TABLE_DEFAULTS.unlisted) != _unlisted(source.place, schema):
            continue
        try:
            return imported.opened(entry, about, source.place)
        except DatasetError as error:
            _say(progress, f"{error}: the tables are read again")
    return None


def _last_reading(schema):
    """By which ``TableConfig`` a kept import was read; it may be damaged."""
    try:
        return reading_of(schema)
    except (TypeError, ValueError):
        return TABLE_DEFAULTS


def _unlisted(folder, schema):
    """What becomes of edges to unlisted ids in tables that are read by another's ``schema``: as it says, or as their import."""
    _, about = imported.latest(folder)
    own = TABLE_DEFAULTS if about is None else _last_reading(about["dataset"]["schema"])
    of_schema = _last_reading(schema).unlisted
    return own.unlisted if of_schema == TABLE_DEFAULTS.unlisted else of_schema


def _read(source, schema, progress, wanted):
    if schema is None:
        _, about = imported.latest(source.place)
        last = {} if about is None else about["dataset"]["schema"]
        directed, tables = is_directed(last), wanted.or_else(_last_reading(last))
        dataset, text = import_tables(source, directed=directed, progress=progress, tables=tables)
        text += "\n"
    else:
        dataset, found, _ = _imported(source, progress, schema=schema, unlisted=_unlisted(source.place, schema))
        text = (typed_encoding_report if isinstance(found, TypedFound) else encoding_report)(dataset, found)
    _say(progress, text)
    return dataset


def _say(progress, text):
    if progress:
        print(text, file=sys.stderr, flush=True)


def _targets_of(source, dataset):
    """(the ``Table`` of the nodes that have labels, or None; its schema; how it was read)."""
    if not is_typed(dataset.schema):
        return source.nodes(), dataset.schema, reading_of(dataset.schema)
    table, reading = source.nodes(dataset.target), reading_of(dataset.schema)
    own = own_reading(reading, dataset.target, table.columns if table else ())
    return table, dataset.schema[dataset.target], own


def _another_split(source, dataset, number):
    if dataset.labels is None:
        raise DatasetError(f"{source.place} has no labels, and so no split: leave split out, got {number!r}")
    table, schema, reading = _targets_of(source, dataset)
    labelled = is_labelled(dataset.labels)
    table = table and nodes_named(table, reading, strict=False)
    names = [name for name in table.columns if name != ID] if table else []
    columns = table.read(names, silent, lists=names) if names else {}
    name_columns(table, columns, reading, strict=False)
    splits = splits_in(columns, but=no_splits(schema, reading))
    if not splits:
        return random_split(np.flatnonzero(labelled), number)
    if len(splits) == 1 and not any(is_list(columns[name]) for name in splits[0]):
        found = f"a column {splits[0][0]}" if len(splits[0]) == 1 else f"columns {', '.join(splits[0])}"
        raise DatasetError(f"{table.path} has {found}, which is the one split: leave split out, got {number!r}")
    return split_of(table, columns, splits, labelled, strict=True, number=number)[0]
