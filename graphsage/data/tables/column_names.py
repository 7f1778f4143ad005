"""Names that others give to the columns source, target, weight and time of edges, and id, label and split of nodes.

What the settings name (``TableConfig``) is that. Else what is called as it is here, and else a name counts whose letters are
one of those below, in any case, whatever stands between the letters: From, FROM_NODE, "Source ID", :START_ID. What Neo4j writes
of types and groups is no part of a name: weight:float, :START_ID(Person), name:ID. What was found is told in a line. Where two
columns could be meant it is an error; of two that could be times a line.
"""

import re
from dataclasses import replace

from graphsage.config.table_config import AUTO, TABLE_DEFAULTS
from graphsage.data.errors import DatasetError
from graphsage.data.tables.end_names import NEO4J_TYPE, letters, pair_of_types, pairs_among
from graphsage.data.tables.table_files import shown

TIMES = ("time", "timestamp", "date", "datetime", "when")
NODE = ("id", "node", "nodeid", "vertex", "vertexid")
LABELS, SPLIT = ("label", "labels"), "split"
UNREAD = " (not read)"  # stands behind the name of a column whose name here another has
OF_SOMETHING = re.compile(r".+[_ .-](?i:id)|.+[a-z0-9]I[dD]")  # paper_id, userId; not paid
NEO4J_ID = re.compile(r".*:ID(\(.*\))?")


def edges_named(table, reading=TABLE_DEFAULTS, *, strict=True, types=None):
    """The ``Table`` of edges with its columns called source, target, weight and time.

    reading: ``TableConfig``. strict: DatasetError where it names a column that is not there; else the table is asked itself.
    types: those of the two ends, whose names columns may have: user_id, item.
    """
    table = _as_asked(table, {"source": reading.source, "target": reading.target}, strict)
    times = times_among(table.columns)
    if len(times) > 1:
        table.note(f"{table.path.name}: {' and '.join(times)} could be times, and none of them is read: call one of them time")
    ends = types and pair_of_types(table.columns, *types) or _ends(table)
    return _told(table, ends | _alike(table, ("weight",)) | (dict.fromkeys(times, "time") if len(times) == 1 else {}))


def times_among(columns):
    """The names of ``columns`` that are called as times are: time itself, else those by that name, else by another."""
    if "time" in columns:
        return ["time"]
    named = [name for name in columns if letters(name) in TIMES]
    return [name for name in named if letters(name) == "time"] or named


def is_guessed(table):
    """Is the column time of a ``Table`` one of another name?"""
    return letters(table.heading("time")) != "time"


def nodes_named(table, reading=TABLE_DEFAULTS, *, strict=True):
    """The ``Table`` of nodes with its column of ids called id; the others keep their names (``name_columns``)."""
    table = _as_asked(table, {"id": reading.id}, strict)
    if "id" in table.columns:
        return table
    ways = (
        lambda name: letters(name) in NODE or NEO4J_ID.fullmatch(name),
        lambda name: letters(name) == "name",
        OF_SOMETHING.fullmatch,
    )
    found = next(filter(None, ([name for name in table.columns if way(name)] for way in ways)), [])
    if len(found) > 1:
        rule = "call the one with the ids id (or --id names it)"
        raise DatasetError(f"{table.path} has the columns {' and '.join(map(repr, found))}: {rule}")
    return _told(table, dict.fromkeys(found, "id"))


def name_columns(table, columns, reading, *, strict):
    """``columns`` {name: values} of nodes with those called label (or labels) and split that are that: by settings or by name.

    A label is one of several with ``--task multilabel``, and where its cells are lists. reading: ``TableConfig``.
    """
    label, split = reading.label, reading.split_column
    for setting, own in (("label", label), ("split_column", split)):
        if own != AUTO and own not in columns:
            if strict:
                refuse_missing(table, setting, own)
        elif own != AUTO:
            several = reading.task == "multilabel" or "list<" in str(columns[own].type)
            _take(table, columns, own, LABELS[several] if setting == "label" else SPLIT)
    for name in [name for name in columns if is_label(name) and name not in LABELS]:
        if _stem(name) not in columns:
            columns[_stem(name)] = columns.pop(name)


def _take(table, columns, own, here):
    """Call the column ``own`` what it is ``here``; what has that name is not read, so that nothing is taken for two things."""
    values = columns.pop(own)
    for name in [name for name in columns if (is_label(name) if here in LABELS else name.lower() == here)]:
        table.note(f"{table.path.name}: {name} is not read, as {own} was asked for as {here}")
        del columns[name]
    columns[here] = values
    if own != here:
        table.note(f"{table.path.name}: {own} is taken for {here}")


def is_label(name):
    """Is the column called as labels are?"""
    return _stem(name) in LABELS


def _stem(name):
    """Label, :LABEL and label:string as label."""
    return NEO4J_TYPE.sub("", name).removeprefix(":").lower()


def refuse_missing(table, setting, own):
    """Raise the DatasetError about a column ``own`` that a setting names; table: without it, or None where there is none."""
    where = "there is no table of nodes" if table is None else f"{table.path} has only {shown(', '.join(table.columns))}"
    raise DatasetError(f"--{setting.replace('_', '-')} names the column {own!r}, and {where}")


def _as_asked(table, asked, strict):
    """``table`` with columns called as ``asked``: {name here: its own, or "auto"}; what had that name is another then."""
    names = {}
    for here, own in asked.items():
        if own in (AUTO, here) or (own not in table.columns and not strict):
            continue
        if own not in table.columns:
            refuse_missing(table, here, own)
        names[own] = here
    unread = [here for here in names.values() if here in table.columns and here not in names]
    for here in unread:
        table.note(f"{table.path.name}: {here} is not read, as another column was asked for as that")
    table = replace(table, columns=tuple(f"{name}{UNREAD}" if name in unread else name for name in table.columns))
    return _told(table, names)


def _told(table, names):
    """``table`` with columns under other names {its own: here}; a line says so."""
    changed = {own: here for own, here in names.items() if own != here}
    if not changed:
        return table
    table.note(f"{table.path.name}: {', '.join(f'{own} is taken for {here}' for own, here in changed.items())}")
    return replace(table, columns=tuple(changed.get(name, name) for name in table.columns))


def _ends(table):
    """{own name: "source" or "target"}; nothing where no pair of columns is known."""
    found = pairs_among(table.columns)
    if len(found) > 1:
        pairs = " or ".join(sorted(f"{source}, {target}" for source, target in found))
        raise DatasetError(f"{table.path} has columns that could be the ends of edges ({pairs}): call them source, target")
    return {own: here for pair in found for own, here in zip(pair, ("source", "target"))}


def _alike(table, names):
    """{own name: the one of ``names`` that it is in another case}."""
    found = {}
    for here in names:
        own = [name for name in table.columns if letters(name) == here]
        if here not in own and len(own) == 1:
            found[own[0]] = here
    return found
