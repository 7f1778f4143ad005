"""Files of ``neo4j-admin database import``: tables with a column :ID, and others with :START_ID and :END_ID.

    nodes             personId:ID(Person), name, age:int, ..., :LABEL      any name ending in .csv
    relationships     :START_ID(Person), :END_ID(Film), :TYPE, ...         one file or several

Files of nodes that are of several types make a typed graph: a type is what :ID has in brackets, else the :LABEL, else the
file's name, and a relation is (type, :TYPE, type). In one file nodes are of one type: where :LABEL tells several, that becomes
the label, or a column where there is one, and all relationships are edges alike.
"""

import re

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables, free_name
from graphsage.data.readers.look import first_lines, is_called, whole_table

ENDS = {"source": re.compile(r":START_ID(\((.*)\))?"), "target": re.compile(r":END_ID(\((.*)\))?")}
ID = re.compile(r".*:ID(\((.*)\))?")
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
        return _typed(path.parent, nodes, edges)
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


# ---- one type


def _nodes(path):
    """(the table of nodes, notes)."""
    import pyarrow as pa

    made, types, _ = _node_columns(path)
    if types is None or len(found := types.unique().drop_null()) < 2:
        return pa.table(made), []
    name = "type" if "label" in made else "label"
    told = f"{path.name}: {LABEL} has {len(found)} types of nodes: all are taken as one, and their type is the column {name}"
    return pa.table({**made, name: types}), [told]


def _node_columns(path):
    """({column: values}, the values of :LABEL or None, what :ID has in brackets or None) of a table of nodes."""
    columns, own = whole_table(path), next(name for name in _header(path) if ID.fullmatch(name))
    types = columns.pop(LABEL, None)
    made = {"id": columns.pop(own)} | {free_name(KIND.sub("", name), ("id",)): of for name, of in columns.items()}
    return made, types, ID.fullmatch(own)[2]


def _edges(paths):
    """(one table of all relationships, notes)."""
    import pyarrow as pa

    parts, types = [], set()
    for path in paths:
        ends, rest, of_type, _ = _edge_columns(path)
        types |= {*of_type.unique().drop_null().to_pylist()}
        parts.append(pa.table(ends | (rest if len(paths) == 1 else {})))
    told = [f"relationships are of {len(types)} types ({', '.join(sorted(types))[:80]}): all are edges alike"]
    return pa.concat_tables(parts), told if len(types) > 1 else []


def _edge_columns(path):
    """({source, target: ids}, {other columns}, the values of :TYPE, {end: what it has in brackets or None})."""
    import pyarrow as pa

    columns = whole_table(path)
    of_type = columns.pop(TYPE, pa.array([], pa.large_string()))
    named = {end: next(own for own in columns if form.fullmatch(own)) for end, form in ENDS.items()}
    more = {own: column for own, column in columns.items() if not own.startswith((":START_ID", ":END_ID"))}
    rest = {free_name(KIND.sub("", own), ENDS): column for own, column in more.items()}
    spaces = {end: ENDS[end].fullmatch(own)[2] for end, own in named.items()}
    return {end: columns[own] for end, own in named.items()}, rest, of_type, spaces


# ---- several types


def _typed(folder, nodes, edges):
    """The ``GraphTables`` of several files of nodes: of one type where they all are of that."""
    import pyarrow as pa

    parts = {}
    for path in nodes:
        for (kind,), table in _by_type(path):
            parts.setdefault(kind, []).append(table)
    tables = {kind: pa.concat_tables(of, promote_options="default") for kind, of in parts.items()}
    if len(tables) == 1:
        of_edges, told = _edges(edges)
        return GraphTables(edges=of_edges, nodes=next(iter(tables.values())), notes=told)
    relations = {}
    for path in edges:
        for relation, table in _by_relation(path, tables):
            relations.setdefault(relation, []).append(table)
    if not relations:
        raise DatasetError(f"{folder} has no relationship between its nodes: each file of them is empty")
    joined = {relation: pa.concat_tables(of, promote_options="default") for relation, of in relations.items()}
    return GraphTables(edges=joined, nodes=tables, notes=[])


def _by_type(path):
    """[((type,), table of its nodes)] of a file."""
    import pyarrow as pa

    made, types, space = _node_columns(path)
    kinds = [space] if space or types is None else types.to_pylist()
    return [((kind or _stem(path),), rows) for (kind,), rows in _parted(pa.table(made), kinds)]


def _by_relation(path, tables):
    """[((type, name, type), table of its edges)] of a file."""
    import pyarrow as pa

    ends, rest, of_type, spaces = _edge_columns(path)
    table = pa.table(ends | rest)
    names = [name or _stem(path) for name in of_type.to_pylist()] or [_stem(path)]
    source, target = (_types_of(path, end, ids, spaces[end], tables) for end, ids in ends.items())
    return _parted(table, source, names, target)


def _types_of(path, end, ids, space, tables):
    """The type of each id at one end of the edges; one for all where the head of the column says it."""
    import pyarrow.compute as pc

    if space is not None:
        if space not in tables:
            raise DatasetError(f"{path}: {end} is of {space[:80]!r}, and there are nodes of {', '.join(tables)[:200]}")
        return [space]
    found = np.full(len(ids), -1)
    for at, table in enumerate(tables.values()):
        is_there = pc.is_in(ids, value_set=table["id"].combine_chunks()).to_numpy(zero_copy_only=False)
        if (twice := is_there & (found >= 0)).any():
            rule = "write the type into the heads of the columns, :ID(Type) and :START_ID(Type)"
            raise DatasetError(f"{path}: {ids[int(twice.argmax())].as_py()!r:.80} is the id of nodes of two types: {rule}")
        found[is_there] = at
    if (found < 0).any():
        raise DatasetError(f"{path}: no table of nodes has the id {ids[int(np.argmax(found < 0))].as_py()!r:.80}")
    return [[*tables][at] for at in found]


def _parted(table, *keys):
    """[(key, rows of it)] of a table; keys: lists of texts, one a row, or one for all rows."""
    if not table.num_rows:
        return []
    codes, names = [], []
    for values in keys:
        name, code = np.unique([str(value or "") for value in values], return_inverse=True)
        codes.append(np.broadcast_to(code, table.num_rows) if len(values) == 1 else code)
        names.append(name.tolist())
    found, of_row = np.unique(np.stack(codes), axis=1, return_inverse=True)
    return [
        (tuple(name[at] for name, at in zip(names, key)), table.take(np.flatnonzero(of_row.reshape(-1) == number)))
        for number, key in enumerate(found.T)
    ]


def _stem(path):
    return path.name.partition(".")[0]
