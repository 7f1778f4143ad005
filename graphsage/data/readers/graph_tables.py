"""What a file of another program says of a graph, as tables: what is in them is read as a folder of tables is."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from graphsage.data.tables.frames import column_of as array_of

FEW = 4  # of so few nodes each may be a class of its own
ENDS = ("source", "target")


@dataclass(kw_only=True)
class GraphTables:
    """edges: a table with the columns source and target. nodes: one with the column id, or None where only the edges tell.
    Of several types these are {(source type, name, target type): table} and {type: table}.

    Each is a pyarrow table, or the path of a file with such a table. array: features as they are, rows in the order of
    ``nodes``: numbers [N, F], dense or a sparse matrix of scipy; None without them. notes: what was guessed, a line each.
    """

    edges: object
    nodes: object = None
    array: object = None
    notes: list = field(default_factory=list)


def tables_of(nodes, edges, *, notes=()):
    """``GraphTables`` of nodes [(id, {attribute: value})] and edges [(source, target, {attribute: value})]."""
    import pyarrow as pa

    of_nodes = {"id": [_id(name) for name, _ in nodes]} | _columns([of for _, of in nodes], taken=("id",))
    ends = {name: [_id(edge[at]) for edge in edges] for at, name in enumerate(ENDS)}
    of_edges = ends | _columns([edge[2] for edge in edges], taken=ENDS)
    made = {name: column_of(values) for name, values in of_edges.items()}
    found, told = with_usable_weights(pa.table(made))
    nodes, more = _with_names(pa.table({name: column_of(values) for name, values in of_nodes.items()}))
    return GraphTables(edges=found, nodes=nodes, notes=[*notes, *told, *more])


def edge_table(source, target, weights=None):
    """(the pyarrow table of edges between rows, notes); weights: a number an edge, or None."""
    import pyarrow as pa

    columns = {"source": np.asarray(source, np.int64), "target": np.asarray(target, np.int64)}
    columns |= {} if weights is None else {"weight": np.asarray(weights, np.float64)}
    return with_usable_weights(pa.table(columns))


def with_usable_weights(table):
    """(``table``, notes): its column weight left out where all are 1, under another name where not all are >= 0."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "weight" not in table.column_names:
        return table, []
    values = table["weight"]
    is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    if is_number and values.null_count == 0 and pc.all(pc.greater_equal(values, 0)).as_py() is not False:
        return (table.drop_columns("weight") if pc.all(pc.equal(values, 1)).as_py() else table), []
    names = ["weight of the file" if name == "weight" else name for name in table.column_names]
    return table.rename_columns(names), ["weight is not used: it is not a number >= 0 at every edge"]


def column_of(values):
    """A pyarrow array of Python values: numbers, flags, texts, lists of numbers or texts; others, and mixtures, are texts."""
    values = [_plain(value) for value in values]
    lists = [value for value in values if isinstance(value, list)]
    kinds = {bool if isinstance(item, bool) else str if isinstance(item, str) else float for of in lists for item in of}
    if lists and (len(kinds) > 1 or len(lists) + values.count(None) < len(values)):
        values = [json.dumps(value) if isinstance(value, list) else value for value in values]
    return array_of("attributes", "a column", values)


def _plain(value):
    """None, a flag, a number or a text, or a list of such; what is nested deeper as JSON has it."""
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, tuple | set | frozenset):
        value = list(value)
    if isinstance(value, list) and all(isinstance(item, bool | int | float | str) for item in value):
        return value
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value, default=str)


def _with_names(table):
    """(``table``, notes): a column label of as many texts as nodes is one of names, as many programs write them."""
    if "label" not in table.column_names or "string" not in str(table["label"].type):
        return table, []
    if table.num_rows < FEW or len(table["label"].unique()) < table.num_rows:
        return table, []
    name = "name" if "name" not in table.column_names else "label (attribute)"
    names = [name if own == "label" else own for own in table.column_names]
    return table.rename_columns(names), ["label is not taken for a class: it names each node otherwise"]


def _id(name):
    return name if isinstance(name, int | str) and not isinstance(name, bool) else str(name)


def _columns(rows: Iterable[dict], taken):
    """{attribute: [its value in each row, or None]}; one that is called as ``taken`` is gets another name."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {free_name(str(name), taken): [row.get(name) for row in rows] for name in names}


def free_name(name, taken):
    """What an attribute is called in a table that has columns called as ``taken`` are."""
    return f"{name} (attribute)" if name.lower() in taken else name
