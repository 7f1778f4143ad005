"""Tables in memory - data frames, pyarrow tables, dicts of columns - as a dataset, as a folder of tables is."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphsage.base.checks import as_flag
from graphsage.base.foreign import is_tensor, plain
from graphsage.base.progress import reading as shown_reading, silent
from graphsage.base.told import names_of, told
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data.dataset import NodeDataset
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.tables.dataset_of import dataset_of
from graphsage.data.tables.import_report import encoding_report, import_report
from graphsage.data.tables.memory_columns import column_of
from graphsage.data.tables.schema import checked_schema, checked_typed_schema, is_directed, tables_given
from graphsage.data.tables.table_files import pyarrow_needed, table_of
from graphsage.data.tables.typed_dataset_of import typed_dataset_of
from graphsage.data.tables.typed_report import typed_encoding_report, typed_import_report
from graphsage.graph.features import as_features

WHAT = "a data frame (pandas, polars), a pyarrow table, or a dict of columns"
REPORTS = ((import_report, encoding_report), (typed_import_report, typed_encoding_report))  # of one type and of several


def from_tables(
    nodes: Any = None,
    edges: Any = None,
    *,
    features: Any = None,
    directed: bool | None = None,
    schema: dict[str, Any] | None = None,
    name: str | None = None,
    progress: bool = True,
    category: Sequence[str] | None = None,
    number: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    words: int | None = None,
    missing: Sequence[str] | None = None,
    not_missing: Sequence[str] | None = None,
    source: str | None = None,
    target: str | None = None,
    id: str | None = None,
    label: str | None = None,
    split_column: str | None = None,
    task: str | None = None,
    unlisted: str | None = None,
    time: str | None = None,
    node_time: str | None = None,
) -> NodeDataset | Any:
    """The ``NodeDataset`` of tables in memory: read, checked, guessed and reported as a folder of tables is.

    With several types of nodes or relations it is a ``TypedDataset``: edges={("user", "buys", "item"): table, ...},
    nodes={"user": table, ...} and features={"user": array, ...}, each of some types or all; the rules are those of a folder
    with nodes.user.csv and edges.user.buys.item.csv. Settings that name columns mean those of all tables that have them, or
    of one: label="item.kind".

    A table is a data frame of pandas or polars, a pyarrow table (or what exports one), or a dict of columns.

    nodes: a row a node, with its id and, where they are there, label (or labels), split, time, and further columns, which
        become features. None: the nodes are those that the edges name, in rising order.
    edges: a row an edge, with source and target and, where they are there, weight and time; repeated ones and self loops are
        dropped. Other common names of columns are understood, and a named index of pandas is a column. An edge's id is its row.
    features: numbers [N, F] (array, tensor, sparse matrix), rows in the order of ``nodes``; they come last, as they are.
    directed: True: an edge lets its target aggregate from its source, not the other way round. None: False, or as ``schema``.
        Between two types that is the reverse relation "rev_NAME", which is added.
    schema: the ``schema`` of another dataset (a trained model has it, too), by which these tables are encoded.
    name: what reports call the dataset.
    progress: show what was found on standard error.
    category and all that follow: how columns are read, the fields of ``TableConfig`` (``help(graphsage.TableConfig)``); None is
        its default. Leave them out beside ``schema``, which says it.
    Raises DatasetError (a ValueError), one sentence that names the table, the column and the row; a row counts from 0.
    TypeError for what is no table.
    """
    reading = tables_given(dict(locals()), schema).or_else(TABLE_DEFAULTS)
    pyarrow_needed()
    is_typed = isinstance(edges, Mapping) and any(isinstance(key, tuple) for key in edges)
    dataset, found = (_of_several_types if is_typed else _of_one_type)(
        nodes,
        edges,
        features,
        name=name,
        directed=_directed(directed, schema, is_typed),
        schema=schema,
        progress=shown_reading if as_flag("progress", progress) else silent,
        reading=reading,
    )
    if progress:
        print(REPORTS[is_typed][schema is not None](dataset, found), file=sys.stderr, flush=True)
    return dataset


def _of_one_type(nodes, edges, features, **options):
    array = None if features is None else as_features(features)
    given = [None if table is None else table_of(_arrow(what, table), what) for what, table in _both(nodes, edges)]
    sources = [_sized(table) for table in reversed(given) if table is not None]
    return dataset_of(*reversed(given), array, array_path=Path("features"), sources=sources, **options)


def _of_several_types(nodes, edges, features, **options):
    nodes, features = _by_type("nodes", nodes, "table"), _by_type("features", features, "array")
    named = {key: ".".join(("edges", *map(str, key if isinstance(key, tuple) else [key]))) for key in edges}
    of_edges = {key: table_of(_arrow(name, edges[key]), name) for key, name in named.items()}
    of_nodes = {kind: table_of(_arrow(f"nodes.{kind}", table), f"nodes.{kind}") for kind, table in nodes.items()}
    arrays = {}
    for kind, array in features.items():
        with told_of(f"features.{kind}"):
            arrays[kind] = as_features(array)
    sources = [_sized(table) for table in (*of_edges.values(), *of_nodes.values())]
    return typed_dataset_of(of_edges, of_nodes, arrays, sources=sources, **options)


def _by_type(what, given, of):
    """{type: table} without the None of the caller's."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{what} must be a dict {{type: {of}}}, as edges has relations; got {told(given)}")
    return {kind: value for kind, value in given.items() if value is not None}


def _both(nodes, edges):
    if isinstance(nodes, Mapping) and any(hasattr(table, "columns") or isinstance(table, Mapping) for table in nodes.values()):
        raise TypeError("nodes has tables by type, and edges none by relation: edges={(source type, name, target type): table}")
    if edges is None:
        raise TypeError(f"edges must be {WHAT}, with a column source and a column target; got None")
    return ("nodes", nodes), ("edges", edges)


def _directed(directed, schema, is_typed):
    """Whether edges run one way."""
    directed = None if directed is None else as_flag("directed", directed)
    checked = checked_typed_schema if is_typed else checked_schema
    if schema is None or directed in (None, known := is_directed(checked(schema))):
        return bool(directed)
    raise DatasetError(f"directed is {directed}, and the schema says {known}: leave it out")


def _sized(table):
    return f"{table.path} ({table.memory.num_rows:,} rows)"


# ---- what others call a table, as pyarrow has it


def _arrow(what, table):
    """The pyarrow table of ``table``; what: its name in sentences."""
    import pyarrow as pa

    libraries = names_of(table)
    if "pandas" in libraries and hasattr(table, "columns"):
        return _of_columns(what, _columns_of_pandas(table))
    if "polars" in libraries and hasattr(table, "to_arrow") and hasattr(table, "columns"):
        from polars import CompatLevel

        return table.to_arrow(compat_level=CompatLevel.oldest())  # pyarrow cannot take from its newer texts
    if hasattr(table, "__arrow_c_stream__") and hasattr(table, "schema"):
        return pa.table(table)
    if isinstance(table, Mapping):
        return _of_columns(what, [(name, _listed(what, name, values)) for name, values in table.items()])
    raise TypeError(f"{what} must be {WHAT}; got {told(table)}{_way(table)}")


def _way(table):
    """What makes a table of it, or a dataset."""
    if hasattr(table, "collect"):
        return ": collect() makes a frame of it"
    if isinstance(table, (str, Path)):
        return ": load_dataset reads files"
    return ""


def _columns_of_pandas(frame):
    """[(name, values)]; an index that has a name is a column, as in the files that pandas writes."""
    named = [level for level in frame.index.names if level is not None and level not in frame.columns]
    index = [(level, frame.index.get_level_values(level)) for level in named]
    return index + [(name, frame.iloc[:, at]) for at, name in enumerate(frame.columns)]


def _listed(what, name, values):
    """A column of a dict: an array of two dimensions is a column of vectors."""
    values = plain(f"{what}: {name}", values) if is_tensor(values) or isinstance(values, Iterator) else values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise DatasetError(f"{what}: {name} must be a list or an array, a value a row; got {told(values)}")
    return list(values) if getattr(values, "ndim", 1) == 2 else values


def _of_columns(what, columns):
    import pyarrow as pa

    arrays = [column_of(what, name, values) for name, values in columns]
    lengths = {len(array) for array in arrays}
    if len(lengths) > 1:
        raise DatasetError(f"{what}: columns must have as many rows each, got {', '.join(map(str, sorted(lengths)))}")
    return pa.table(arrays, names=[str(name) for name, _ in columns])
