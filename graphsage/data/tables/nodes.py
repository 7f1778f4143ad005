"""nodes.csv or nodes.parquet, and features.npy: the ids of the nodes, their columns, and what becomes features of them."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphsage.base.progress import silent
from graphsage.config.table_config import AUTO, TABLE_DEFAULTS
from graphsage.data.errors import DatasetError
from graphsage.data.missing import missing_words
from graphsage.data.tables.column_names import UNREAD, nodes_named, refuse_missing
from graphsage.data.tables.columns import Column, encoded, fitted, is_wide
from graphsage.data.tables.ids import first_repeat, ids_in
from graphsage.data.tables.schema import made_schema, num_outputs_of, reading_of
from graphsage.data.tables.table_files import Table, quoted, shown
from graphsage.graph.features import SparseFeatures, as_features

ARRAY = "features.npy"
ID = "id"
INDEX = "it looks like row numbers that pandas wrote"  # they tell the order in the file, in which labels may be sorted
# an index without a name: in a CSV file, read again (and again), in parquet
PANDAS_INDEX = re.compile(r"|Unnamed: 0(\.[0-9]+)*|__index_level_\d+__")


def array_of(kind):
    """The name of the file with the features of a type: features.TYPE.npy."""
    return f"features.{kind}.npy"


@dataclass(kw_only=True)
class Nodes:
    """What is known of the nodes before the edges are read.

    table: the ``Table`` of nodes, or None. ids: pyarrow array, int64 or texts, of a row each; None where only the edges tell.
    columns: {name: pyarrow array} of the table, without the ids; numbers and dates, once fitted, as float64 [N].
    array: features as they are [N, F], features.npy perhaps, or None; array_path: what sentences call it.
    outside: what a sentence says of an id that is none of these.
    """

    table: Table | None
    ids: object
    columns: dict
    array: np.ndarray | SparseFeatures | None
    array_path: Path
    outside: str


def read_nodes(table, array, array_path, progress, reading, *, strict):
    """The ``Nodes`` of a ``Table`` and an array of features, each of which may be None.

    reading, strict: as in ``column_names``.
    """
    if table is not None:
        return _of_table(nodes_named(table, reading, strict=strict), array, array_path, progress)
    if strict and reading.id != AUTO:
        refuse_missing(None, "id", reading.id)
    if array is None:
        return Nodes(table=None, ids=None, columns={}, array=None, array_path=array_path, outside="")
    import pyarrow as pa

    count = array.shape[0]
    outside = f"{array_path.name} has rows for the nodes 0 to {count - 1} (a table of nodes would name them)"
    ids = pa.array(np.arange(count))
    return Nodes(table=None, ids=ids, columns={}, array=array, array_path=array_path, outside=outside)


def _of_table(table, array, array_path, progress):
    table.require(ID)
    columns = table.read(table.columns, progress, lists={*table.columns} - {ID})
    ids, _ = columns.pop(ID), columns.pop(f"{ID}{UNREAD}", None)
    if not len(ids):
        table.refuse_empty("node")
    ids = ids_in(table, 0, ID, ids)
    repeat = first_repeat(ids)
    if repeat is not None:
        row, earlier = repeat
        table.refuse(row, f"{ID} {quoted(ids[row].as_py())} is listed before, in {table.line(earlier)}: each node once")
    if array is not None and array.shape[0] != len(ids):
        rule = f"must have a row for each of the {len(ids)} nodes of {table.path.name}"
        raise DatasetError(f"{array_path} {rule}, it has {array.shape[0]}")
    outside = f"{table.path.name} has no such id"
    return Nodes(table=table, ids=ids, columns=columns, array=array, array_path=array_path, outside=outside)


def add_nodes(nodes, count):
    """Make rows of ``count`` nodes below the others: without a value in any column, and with zeros in the array."""
    import pyarrow as pa

    if not count:
        return
    for name, column in nodes.columns.items():
        is_parsed = isinstance(column, np.ndarray)
        parts = [column, np.full((count, *column.shape[1:]), np.nan) if is_parsed else pa.nulls(count, column.type)]
        nodes.columns[name] = np.concatenate(parts) if is_parsed else pa.concat_arrays(parts)
    if nodes.array is not None:
        nodes.array = _below(nodes.array, count)


def _below(array, count):
    """``array`` with ``count`` rows of zeros below."""
    if isinstance(array, SparseFeatures):
        indptr = np.append(array.indptr, np.full(count, array.indptr[-1]))
        return SparseFeatures(indptr, array.indices, array.values, array.num_columns)
    return np.concatenate([array, np.zeros((count, array.shape[1]), array.dtype)])


# ---- features


def drop_columns(nodes, reading):
    """[``Column``] of those that ``reading`` (``TableConfig``) drops; DatasetError where it names one that is not there."""
    for flag, names in (("category", reading.category), ("number", reading.number), ("drop", reading.drop)):
        missing = [name for name in names if name not in nodes.columns]
        if flag != "drop" and (labels := [name for name in names if name.lower() in ("label", "labels")]):
            raise DatasetError(f"--{flag} names the column {labels[0]}, which is no feature: --task says what it is")
        if missing:
            where = "there is no table of nodes" if nodes.table is None else f"{nodes.table.path} has"
            columns = "" if nodes.table is None else f" {shown(', '.join(filter(None, nodes.columns)))}"
            raise DatasetError(f"--{flag} names the column {quoted(missing[0])}, and {where}{columns}")
    return [_left_out(name, nodes.columns.pop(name), "dropped, as was asked for") for name in reading.drop]


def fitted_columns(nodes, others, reading):
    """[``Column``]: what becomes of each column but those called ``others``. ``nodes`` keeps what was parsed on the way."""
    found = []
    for name in [name for name in nodes.columns if name not in others]:
        if PANDAS_INDEX.fullmatch(name) and name not in reading.number:
            found.append(_left_out(name, nodes.columns[name], INDEX))
        else:
            column, nodes.columns[name] = fitted(nodes.table, name, nodes.columns[name], reading)
            found.append(column)
    return found


def _left_out(name, column, note):
    return Column(name=name, spec=None, missing=column.null_count, note=note)


def features_of(nodes, schema, num_nodes):
    """(features, [``Column``]) by the schema: its columns in their order, then the array.

    float32 [N, F]; ``SparseFeatures`` where there is a column of words or a sparse array; the array itself where there is
    nothing else, and the identity where there is nothing at all. A column is let go once it is encoded.
    """
    specs, array = schema["columns"], nodes.array
    _check_fit(nodes, schema)
    if not specs:
        return (SparseFeatures.identity(num_nodes) if array is None else array), []
    reading = reading_of(schema)
    words = missing_words(reading.missing, reading.not_missing)
    is_sparse = any(map(is_wide, specs)) or isinstance(array, SparseFeatures)
    return (_sparse if is_sparse else _dense)(nodes, specs, array, num_nodes, words)


def _check_fit(nodes, schema):
    """The folder has what the schema asks for: mostly that of a trained model."""
    missing = [spec["name"] for spec in schema["columns"] if spec["name"] not in nodes.columns]
    if missing:
        where = f"{_place(nodes)} no table of nodes" if nodes.table is None else f"{nodes.table.path} has only"
        columns = "" if nodes.table is None else f" {shown(', '.join(filter(None, nodes.table.columns)))}"
        raise DatasetError(f"the model was trained with the column {quoted(missing[0])}, and {where}{columns}")
    found = 0 if nodes.array is None else nodes.array.shape[1]
    if found != schema["array"]:
        trained = f"the model was trained with {schema['array']} columns of {nodes.array_path.name}"
        raise DatasetError(f"{trained}, and {_place(nodes)} {found}")


def _place(nodes):
    return "the folder has" if nodes.array_path.name == ARRAY else "there are"


def _dense(nodes, specs, array, num_nodes, words):
    widths = [num_outputs_of(spec) for spec in specs]
    features, found, at = np.empty((num_nodes, sum(widths) + (0 if array is None else array.shape[1])), np.float32), [], 0
    for spec, width in zip(specs, widths):
        features[:, at : at + width], column = encoded(nodes.table, spec, nodes.columns.pop(spec["name"]), words)
        found.append(column)
        at += width
    if array is not None:
        features[:, at:] = array
    return features, found


def _sparse(nodes, specs, array, num_nodes, words):
    from scipy.sparse import csr_array, hstack

    parts = [encoded(nodes.table, spec, nodes.columns.pop(spec["name"]), words) for spec in specs]
    beside = [] if array is None else [array.to_scipy() if isinstance(array, SparseFeatures) else csr_array(array)]
    blocks = [*(csr_array(block) for block, _ in parts), *beside]
    return as_features(hstack(blocks, format="csr")), [column for _, column in parts]


def features_by(table, schema=None):
    """{"features": [N, F], "schema"} of a ``Table`` of nodes all of whose columns are features; schema: of another one."""
    columns = table.read(table.columns, silent, lists=table.columns)
    nodes = Nodes(table=table, ids=None, columns=columns, array=None, array_path=Path("features"), outside="")
    if schema is None:
        fits = fitted_columns(nodes, (), TABLE_DEFAULTS)
        for column in fits:
            if column.spec is None:
                raise DatasetError(f"{table.path}: {column.name} is no feature: {column.note}")
        schema = own_schema(nodes, fits, None, False, TABLE_DEFAULTS)
    return {"features": features_of(nodes, schema, table.memory.num_rows)[0], "schema": schema}


def own_schema(nodes, columns, label, directed, reading):
    """The schema that this folder makes."""
    specs = [column.spec for column in columns if column.spec is not None]
    width = 0 if nodes.array is None else nodes.array.shape[1]
    return made_schema(specs, width, label, directed, reading)
