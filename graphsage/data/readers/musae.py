"""Edges, targets and features in files beside each other: MUSAE's social networks, of SNAP (Rozemberczki et al. 2021).

    NAME_edges.csv         two columns                                    an edge a line
    NAME_target.csv        id and target (or ml_target, page_type, mature, ...); without a column of ids row i is node i
    NAME_features.json     {"node": [feature, ...], ...}                  the places of the ones
    NAME_features.csv      node_id, feature_id, value                     in place of that: an entry a line

There may be one of the two latter, or none. Of the table of targets only the id and the label are read; all of it where no
column is called as a label is.
"""

import json
import re
from itertools import chain

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.readers.graph_tables import GraphTables
from graphsage.data.readers.look import text_of, whole_table

EDGES = re.compile(r"(?P<name>.+)_edges\.csv(\.gz)?")
LABEL = re.compile(r"(.*_)?target|label|page_type|mature|class", re.IGNORECASE)
IDS = ("new_id", "id", "node", "node_id", "node_1")  # in this order: twitch has an id of users, and a new one of nodes
FEATURES = ("node_id", "feature_id", "value")
MOST_COLUMNS = 1 << 22


def fits_musae(path):
    """Is it the file of edges, with one of targets or of features beside it?"""
    return EDGES.fullmatch(path.name) is not None and len(files_musae(path)) > 1


def files_musae(path):
    """Those that there are of edges, targets and features."""
    beside = [_beside(path, "target.csv"), _beside(path, "features.json") or _beside(path, "features.csv")]
    return [path, *filter(None, beside)]


def _beside(path, end):
    stem = path.parent / EDGES.fullmatch(path.name)["name"]
    found = (stem.with_name(f"{stem.name}_{end}{packed}") for packed in ("", ".gz"))
    return next((file for file in found if file.is_file()), None)


def tables_musae(path):
    """The ``GraphTables`` of these files."""
    import pyarrow as pa

    targets, features = _beside(path, "target.csv"), files_musae(path)[-1]
    columns, notes = ({}, []) if targets is None else _targets(targets)
    if "_features." not in features.name:
        return GraphTables(edges=path, nodes=pa.table(columns), notes=notes)
    rows = _of_json(features) if features.name.partition(".")[2].startswith("json") else _of_entries(features)
    ids = columns["id"].to_pylist() if columns else sorted(rows)
    columns = columns or {"id": pa.array(ids, pa.int64())}
    return GraphTables(edges=path, nodes=pa.table(columns), array=_matrix(features, rows, ids), notes=notes)


def _targets(path):
    """({"id", "label": arrays}, notes) of a table of targets."""
    import pyarrow as pa

    table = whole_table(path)
    ids = next((name for name in IDS if name in table), None)
    label = next((name for name in table if LABEL.fullmatch(name)), None)
    unused = [name for name in table if name not in (ids, label)] if label else []
    count = len(next(iter(table.values())))
    columns = {"id": pa.array(range(count)) if ids is None else _integers(path, ids, table[ids])}
    columns |= {"label": table[label]} if label else {name: of for name, of in table.items() if name != ids}
    first = _first_of_each(columns["id"])
    columns = {name: column.take(pa.array(first)) for name, column in columns.items()}
    notes = [f"{path.name}: {label} is taken for label"] if label and label != "label" else []
    notes += [f"{path.name}: {count - len(first)} lines repeat a node: the first stays"] if len(first) < count else []
    return columns, notes + ([f"{path.name}: not used: {', '.join(unused)[:200]}"] if unused else [])


def _first_of_each(ids):
    _, first = np.unique(ids.to_numpy(), return_index=True)
    return np.sort(first)


def _integers(path, name, column):
    from graphsage.data.tables.ids import as_ids

    ids = as_ids(column)
    if str(ids.type) != "int64" or ids.null_count:
        raise DatasetError(f"{path} must have integers in its column {name}")
    return ids


def _of_json(path):
    """{node: the places of its ones}."""
    text = text_of(path)
    try:
        lists = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path} must be JSON: {error}") from None
    if not isinstance(lists, dict) or not all(re.fullmatch(r"\d{1,18}", node) for node in lists):
        raise DatasetError(f"{path} must hold an object whose keys are numbers of nodes")
    for node, row in lists.items():
        if type(row) is not list or not all(type(place) is int and 0 <= place < MOST_COLUMNS for place in row):
            raise DatasetError(f"{path}: node {node} must have a list of features, integers from 0 to {MOST_COLUMNS - 1:,}")
    return {int(node): (row, [1.0] * len(row)) for node, row in lists.items()}


def _of_entries(path):
    """{node: (places, values)}."""
    table = whole_table(path)
    if missing := [name for name in FEATURES if name not in table]:
        raise DatasetError(f"{path} must have the columns {', '.join(FEATURES)}: {missing[0]} is missing")
    nodes, places = (_integers(path, name, table[name]).to_pylist() for name in FEATURES[:2])
    try:
        values = [float(value) for value in table["value"].to_pylist()]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{path} must have numbers in its column value: {error}") from None
    if places and not 0 <= min(places) <= max(places) < MOST_COLUMNS:
        raise DatasetError(f"{path} must have features from 0 to {MOST_COLUMNS - 1:,}, got {max(places)}")
    rows = {}
    for node, place, value in zip(nodes, places, values):
        of = rows.setdefault(node, ([], []))
        of[0].append(place)
        of[1].append(value)
    return rows


def _matrix(path, rows, ids):
    """The sparse [N, F] of nodes ``ids``; a node without a line has none. A feature that a list repeats counts once."""
    from scipy.sparse import csr_array

    if strange := rows.keys() - set(ids):
        raise DatasetError(f"{path} has features of node {min(strange)}, which has no target ({len(strange):,} such nodes)")
    rows = [dict(zip(*rows.get(name, ((), ())))) for name in ids]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    places = np.fromiter(chain.from_iterable(rows), np.int64, int(indptr[-1]))
    values = np.fromiter(chain.from_iterable(row.values() for row in rows), np.float32, int(indptr[-1]))
    return csr_array((values, places, indptr), shape=(len(ids), int(places.max(initial=0)) + 1))
