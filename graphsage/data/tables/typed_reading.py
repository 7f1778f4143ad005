"""How the table of one type is read, of settings for the tables of all types.

A setting that names a column of nodes means those of all tables that have it; TYPE.COLUMN means that of one type. Labels, their
split and the times when they are asked are the target's alone.
"""

from dataclasses import replace
from itertools import chain

from graphsage.config.table_config import AUTO, NOTHING
from graphsage.data.errors import DatasetError
from graphsage.data.tables.column_names import is_label
from graphsage.data.tables.table_files import shown
from graphsage.data.tables.table_split import splits_in

SEVERAL = ("category", "number", "drop")
STANDARD = {"id": AUTO, "label": AUTO, "split_column": AUTO, "time": NOTHING, "node_time": NOTHING}
OF_LABELS = ("label", "split_column", "time")


def own_reading(reading, kind, columns):
    """The ``TableConfig`` of the table of nodes of type ``kind``, which has these ``columns``."""
    several = {setting: tuple(filter(None, (_own(kind, name, columns) for name in getattr(reading, setting))))
               for setting in SEVERAL}  # fmt: skip
    one = {setting: getattr(reading, setting) for setting in STANDARD}
    one = {setting: name if name in (AUTO, NOTHING) else _own(kind, name, columns) or STANDARD[setting]
           for setting, name in one.items()}  # fmt: skip
    return replace(reading, **several, **one)


def _own(kind, name, columns):
    """What the table calls a column that a setting names; None where it is another table's."""
    if name in columns:
        return name
    of, _, column = name.partition(".")
    return column if of == kind and column in columns else None


def own_edges_reading(reading, columns):
    """The ``TableConfig`` of a table of edges, which has these ``columns``."""
    return replace(reading, **{name: AUTO for name in ("source", "target") if getattr(reading, name) not in columns})


def refuse_unknown(reading, nodes, edges):
    """DatasetError about a column that a setting names and no table has. nodes, edges: {type or relation: ``Table``}."""
    for setting in (*SEVERAL, *STANDARD):
        given = getattr(reading, setting)
        for name in given if isinstance(given, tuple) else (given,):
            if name not in (AUTO, NOTHING) and not any(_own(kind, name, of.columns) for kind, of in nodes.items()):
                _refuse(setting, name, "no table of nodes has it: COLUMN means all that have it, TYPE.COLUMN that of one type")
    for setting in ("source", "target"):
        name = getattr(reading, setting)
        if name != AUTO and not any(name in of.columns for of in edges.values()):
            _refuse(setting, name, "no table of edges has it")


def _refuse(setting, name, rule):
    raise DatasetError(f"--{setting.replace('_', '-')} names the column {shown(name)!r}, and {rule}")


def target_of(nodes, readings, reading):
    """The type whose table has the labels, or None. nodes: {type: ``Nodes``}; readings: {type: its ``TableConfig``}."""
    found = {
        kind: [name for name in of.columns if is_label(name) and name not in readings[kind].drop]
        if reading.label == AUTO
        else [readings[kind].label] * (readings[kind].label != AUTO)
        for kind, of in nodes.items()
    }
    found = {kind: names[0] for kind, names in found.items() if names}
    if len(found) > 1:
        (one, column), (other, also) = list(found.items())[:2]
        tables = f"{nodes[one].table.path} has a column {column}, and {nodes[other].table.path} a column {also}"
        rule = f'one type has labels: name its column, label="{one}.{column}" (--label {one}.{column})'
        raise DatasetError(f"{tables}: {rule}")
    return next(iter(found), None)


def of_labels(kind, nodes, reading, target, asked):
    """The reading of the target's table; DatasetError where the split or the times that are asked for are another table's.

    asked: the ``TableConfig`` of all tables; None where a schema says all, and nothing is to be checked.
    """
    for setting in () if asked is None else OF_LABELS:
        given = getattr(asked, setting)
        if given not in (AUTO, NOTHING) and getattr(reading, setting) == STANDARD[setting]:
            _refuse(setting, given, f"the labels are those of {kind}, whose table does not have it")
    return reading


def without_labels(kind, nodes, reading, target, asked):
    """The reading of a table without labels. Columns of labels that are not asked for are left out, with their split, and told.

    DatasetError about a split without labels.
    """
    if nodes.table is not None and asked is not None:
        labels = [name for name in nodes.columns if is_label(name) and name not in reading.drop]
        splits = splits_in(nodes.columns, but=(*reading.category, *reading.number, *reading.drop))
        if splits and not labels:
            _refuse_split(kind, nodes, splits[0][0], target)
        for name in (*labels, *chain(*splits)):
            del nodes.columns[name]
            nodes.table.note(f"{nodes.table.path.name}: {name} is not read, as the labels are those of {target}")
    return replace(reading, label=AUTO, split_column=AUTO, time=NOTHING)


def _refuse_split(kind, nodes, name, target):
    who = f"the labels are those of {target}" if target else "no table has a column label"
    ways = f"--drop {kind}.{name} leaves it out, --category {kind}.{name} makes features of it"
    raise DatasetError(f"{nodes.table.path}: {name} is a split, and {who}: a split goes with labels ({ways})")
