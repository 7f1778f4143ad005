"""Files of ``neo4j-admin database import``: tables with a column :ID, and others with :START_ID and :END_ID.

    nodes             personId:ID, name, age:int, ..., :LABEL          any name ending in .csv
    relationships     :START_ID, :END_ID, :TYPE, ...                   one file or several

Nodes are of one type here: of several in one file the type becomes the label, or a column where there is one; several files
of nodes are refused.
"""

import re

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables, free_name
from graphsage.data.readers.look import first_lines, is_called, whole_table

ENDS = {"source": re.compile(r":START_ID(\(.*\))?"), "target": re.compile(r":END_ID(\(.*\))?")}
ID = re.compile(r"(.*):ID(\(.*\))?")
TYPE, LABEL = ":TYPE", ":LABEL"
KIND = re.compile(r"(?<=.):(int|long|float|double|string|boolean|byte|short|char|date|datetime|localdatetime)$")


def fits_neo4j(path):
    """Is it the first table of relationships of a folder that has one of nodes?"""
    return _is_edges(path) and len(files := files_neo4j(path)) > 1 and path == files[0] and any(map(_is_nodes, files))


def files_neo4j(path):
    """The tables of relationships, then those of nodes."""
    files = sorted(file for file in path.parent.iterdir() if file.is_file() and is_called(file, ".csv"))
    return [*filter(_is_edges, files), *filter(_is_nodes, files)]


def tables_neo4j(path):
    """The ``GraphTables`` of these files."""
    files = files_neo4j(path)
    nodes, edges = [file for file in files if _is_nodes(file)], [file for file in files if _is_edges(file)]
    if len(nodes) > 1:
        names = ", ".join(file.name for file in nodes)
        raise DatasetError(f"{path.parent} has nodes of several types ({names}), and one type is read: keep one of these files "
                           "and the relationships between its nodes, or write all nodes into one file")  # fmt: skip
    of_nodes, told = _nodes(nodes[0])
    of_edges, more = _edges(edges)
    return GraphTables(edges=of_edges, nodes=of_nodes, notes=told + more)


def _header(path):
    lines = first_lines(path) if is_called(path, ".csv") else []
    return [field.strip().strip('"') for field in lines[0].split(",")] if lines else []


def _is_edges(path):
    header = _header(path)
    return all(any(map(end.fullmatch, header)) for end in ENDS.values())


def _is_nodes(path):
    return any(map(ID.fullmatch, _header(path)))


def _nodes(path):
    """(the table of nodes, notes)."""
    import pyarrow as pa

    columns, own = whole_table(path), next(name for name in _header(path) if ID.fullmatch(name))
    types = columns.pop(LABEL, None)
    made = {"id": columns.pop(own)} | {free_name(KIND.sub("", name), ("id",)): of for name, of in columns.items()}
    if types is None or len(found := types.unique().drop_null()) < 2:
        return pa.table(made), []
    name = "type" if "label" in made else "label"
    told = f"{path.name}: {LABEL} has {len(found)} types of nodes: all are taken as one, and their type is the column {name}"
    return pa.table({**made, name: types}), [told]


def _edges(paths):
    """(one table of all relationships, notes)."""
    import pyarrow as pa

    parts, types = [], set()
    for path in paths:
        columns = whole_table(path)
        types |= {*columns.pop(TYPE, pa.array([], pa.large_string())).unique().drop_null().to_pylist()}
        ends = {name: next(column for own, column in columns.items() if end.fullmatch(own)) for name, end in ENDS.items()}
        more = {own: column for own, column in columns.items() if not own.startswith((":START_ID", ":END_ID"))}
        rest = {free_name(KIND.sub("", own), ENDS): column for own, column in more.items()}
        parts.append(pa.table(ends | (rest if len(paths) == 1 else {})))
    told = [f"relationships are of {len(types)} types ({', '.join(sorted(types))[:80]}): all are edges alike"]
    return pa.concat_tables(parts), told if len(types) > 1 else []
