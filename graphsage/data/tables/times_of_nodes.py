"""Columns of the table of nodes that say when a node's label is asked, and when the node came to be: never features."""

from dataclasses import dataclass

import numpy as np

from graphsage.config.table_config import AUTO, NOTHING
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.missing import missing_words
from graphsage.data.tables.column_names import times_among
from graphsage.data.tables.dates import as_times, stored_times
from graphsage.data.tables.numbers import without_words
from graphsage.data.tables.table_files import quoted
from graphsage.data.tables.vectors import is_list
from graphsage.graph.time_axis import on_axis

FIELDS = {"time": "times", "node_time": "node_times"}  # settings of ``TableConfig``, and what a ``NodeDataset`` calls them
MEANT = {"time": "when the label of a node is asked", "node_time": "when a node came to be"}


@dataclass(kw_only=True)
class Times:
    """A column of times. kind: "number" or "date". values: [N], as a ``Graph`` has them. unknown: bool[N], where none is."""

    name: str
    kind: str
    values: np.ndarray
    unknown: np.ndarray


def take_times(nodes, edges_have_times, reading, *, but=(), strict):
    """{setting: ``Times``} of the columns that ``reading`` (``TableConfig``) names, taken out of ``nodes``.

    By itself the column is read that is called as times are, if edges have times and it holds nothing else. but: columns that
    are something else. strict: DatasetError where one is named that is not there.
    """
    named = {setting: getattr(reading, setting) for setting in FIELDS}
    guess = _found(nodes, edges_have_times, but) if named["time"] == AUTO else NOTHING
    named = {setting: name for setting, name in named.items() if name not in (AUTO, NOTHING)}
    missing = [(setting, name) for setting, name in named.items() if name not in nodes.columns]
    if missing and strict:
        _refuse_missing(nodes, *missing[0])
    taken = {setting: _parsed(nodes, name, reading) for setting, name in named.items() if name in nodes.columns}
    if guess != NOTHING:
        taken |= _guessed(nodes, guess, reading)
    for name in {times.name for times in taken.values()}:
        del nodes.columns[name]
    return taken


def _found(nodes, edges_have_times, but):
    """The one column that is called as times are; NOTHING where there is none, or edges have no times."""
    names = times_among([name for name in nodes.columns if name not in but])
    return names[0] if len(names) == 1 and edges_have_times else NOTHING


def _guessed(nodes, name, reading):
    """{"time": the ``Times`` of a column of that name}, and a line; {} where it holds something else, and is a feature."""
    try:
        found = _parsed(nodes, name, reading)
    except DatasetError as error:
        nodes.table.note(f"{name} holds no times, and is a column as others: {error}")
        return {}
    ways = f"(--time none: a column as others; --drop {name}: left out)"
    nodes.table.note(f"{nodes.table.path.name}: {name} is {MEANT['time']} {ways}")
    return {"time": found}


def _refuse_missing(nodes, setting, name):
    where = "there is no table of nodes" if nodes.table is None else f"{nodes.table.path} has no such column"
    raise DatasetError(f"--{setting.replace('_', '-')} names the column {quoted(name)}, and {where}")


def _parsed(nodes, name, reading):
    import pyarrow.compute as pc

    table, column = nodes.table, nodes.columns[name]
    if is_list(column):
        raise DatasetError(f"{table.path}: {name} holds lists, and no times")
    column, _ = without_words(column, missing_words(reading.missing, reading.not_missing))
    unknown = column.is_null().to_numpy(zero_copy_only=False)
    if unknown.all():
        raise DatasetError(f"{table.path}: {name} is empty at every node: there are no times in it")
    kind, values = as_times(table, 0, name, pc.fill_null(column, column.drop_null()[0]))  # rows keep their lines
    return Times(name=name, kind=kind, values=stored_times(kind, values), unknown=unknown)


def read_times(nodes, taken, time_kind, axis, num_nodes, labelled):
    """{"times", "node_times": int64 or float64 [N]} of what ``take_times`` took, for a ``NodeDataset``.

    time_kind, axis: of the times of edges ("number" or "date", and an array), or None; those of nodes are written in the same
    way. labelled: bool[N]. A node without a label, or that only edges name, is asked at the latest time of all where the table
    says nothing. When it came to be must be there for all listed.
    """
    if "time" in taken and "node_time" not in taken and axis is None:
        name = taken.pop("time").name
        nodes.table.note(f"{nodes.table.path.name}: {name} is not used, as edges have no times (nor is there a --node-time)")
    return {FIELDS[setting]: _of_all(nodes.table, setting, of, time_kind, axis, num_nodes, labelled)
            for setting, of in taken.items()}  # fmt: skip


def _of_all(table, setting, times, time_kind, axis, num_nodes, labelled):
    name, flag = times.name, f"--{setting.replace('_', '-')}"
    bare = times.unknown & labelled[: len(times.unknown)] if setting == "time" else times.unknown
    if bare.any():
        who = "a node with a label" if setting == "time" else "a node"
        table.refuse(int(np.argmax(bare)), f"{name}, {MEANT[setting]}, is empty at {who} ({flag} none: no such times)")
    if time_kind not in (None, times.kind):
        found = f"{name} holds {times.kind}s, and the times of edges are {time_kind}s"
        raise DatasetError(f"{table.path}: {found}: write both in the same way ({flag} none: no such times)")
    known = times.values[~times.unknown]
    with told_of(table.path):
        known = known if axis is None else on_axis(name, known, axis)
    every = known if axis is None else np.append(known, axis)
    found = np.full(num_nodes, every.max() if setting == "time" else every.min(), every.dtype)
    found[: len(times.unknown)][~times.unknown] = known
    return found
