"""What a dataset needs, from the attributes of a networkx graph's nodes: see ``NodeDataset.from_networkx``."""

import numpy as np

from graphsage.base.foreign import is_tensor, plain
from graphsage.data.labels import is_labelled, read_labels, stored_task
from graphsage.data.missing import is_missing, missing_words
from graphsage.data.split import PART_OF, SPLITS, random_split
from graphsage.data.tables.memory_columns import column_of
from graphsage.data.tables.nodes import features_by
from graphsage.data.tables.schema import checked_schema
from graphsage.data.tables.table_files import pyarrow_needed, table_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

TABLE = "attributes"  # what sentences call those of nodes


def parts_of_networkx(graph, directed, *, features, label, split, weight, edge_time, time, node_time, schema):
    """The arguments of the ``NodeDataset``."""
    of_edges = {"weight": weight, "time": edge_time}
    if label in ([features] if isinstance(features, str) else list(features or ())):
        raise ValueError(f"features name the label, {label!r}: it is what is predicted, so leave it out")
    built = Graph.from_networkx(graph, directed=directed, **of_edges, duplicates="drop", self_loops="drop")
    order = range(len(graph)) if built.node_ids is None else built.node_ids.tolist()
    nodes = [(name, graph.nodes[name]) for name in order]
    labels = _labels(nodes, label)
    task = "multilabel" if labels.ndim == 2 and labels.dtype.kind == "i" else "auto"  # lists of one number too
    labels, class_names, note = read_labels(labels, len(nodes), task)
    return {
        "graph": built,
        **_features(nodes, features, schema),
        "labels": labels,
        "class_names": class_names,
        "task": stored_task(labels),
        "notes": (note,) if note else (),
        "times": _times(nodes, time),
        "node_times": _times(nodes, node_time),
        **(random_split(np.flatnonzero(is_labelled(labels))) if split is None else _split(nodes, split)),
    }


def _features(nodes, names, schema):
    """{"features": the attributes side by side, numbers as they are; without any, the identity}.

    Where one of them is not a number, or as many numbers, at every node, all are read as columns of tables, by a ``schema``.
    """
    if schema is not None and names is not None:
        raise ValueError("schema names the attributes that are features: leave features out beside it")
    if schema is not None:
        return _of_columns(nodes, [spec["name"] for spec in checked_schema(schema)["columns"]], schema)
    if names is None:
        return {"features": SparseFeatures.identity(len(nodes))}
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise ValueError("features is empty: name one or more attributes, or None for a column for each node")
    if not nodes:
        return {"features": np.empty((0, len(names)))}
    columns = [_numbers(nodes, name) for name in names]
    if any(column is None for column in columns):
        return _of_columns(nodes, names, None)
    return {"features": np.concatenate(columns, axis=1)}


def _numbers(nodes, name):
    """[N, width] of one attribute: a number a node, or as many numbers for all; None where it is something else."""
    values = _values(nodes, name)
    try:
        rows = _as_rows(name, values)
    except ValueError:
        return None
    return None if rows.dtype.kind == "f" and np.isnan(rows).any() else rows


def _values(nodes, name):
    """[N]: the attribute of each node, None where one has none; ValueError where all have none."""
    values = [attributes.get(name) for _, attributes in nodes]
    if nodes and all(value is None for value in values):
        raise ValueError(f"no node has an attribute {name!r}: features name attributes of nodes")
    return values


def _of_columns(nodes, names, schema):
    """{"features", "schema"} of attributes as columns of a table: categories, words, vectors, scaled numbers, gaps."""
    pyarrow_needed()
    import pyarrow as pa

    if odd := [name for name in names if not isinstance(name, str)]:
        raise ValueError(f"attributes that become columns must be named by texts, got {odd[0]!r:.60}")
    values = {name: [_plain(name, value) for value in _values(nodes, name)] for name in names}
    arrow = pa.table({name: column_of(TABLE, name, column) for name, column in values.items()})
    return features_by(table_of(arrow, TABLE), schema)


def _plain(name, value):
    return plain(name, value) if is_tensor(value) else value


def _times(nodes, name):
    """A list of the attribute, for ``NodeDataset`` to check; None where none is named."""
    if name is None:
        return None
    lacking = [node for node, attributes in nodes if attributes.get(name) is None]
    if lacking:
        count = f"{len(lacking):,} of {len(nodes):,} nodes"
        raise ValueError(f"{count} have no attribute {name!r}, {lacking[0]!r} for one: times are of all nodes")
    return [attributes[name] for _, attributes in nodes]


def _as_rows(name, values):
    try:
        table = np.array(plain(name, values))
    except ValueError:
        table = np.empty(0, object)
    if table.dtype.kind not in "biuf" or table.ndim not in (1, 2):
        rule = "must be a number at every node, or as many numbers at each"
        odd = next((value for value in values if not _is_like(values[0], value)), values[0])
        raise ValueError(f"attribute {name!r} {rule}; got {odd!r:.60}")
    return table.reshape(len(values), -1)


def _is_like(first, value):
    """Is ``value`` a number, or as many numbers as ``first``?"""
    return np.shape(value) == np.shape(first) and np.array(plain("value", value)).dtype.kind in "biuf"


def _labels(nodes, name):
    """Labels as ``read_labels`` takes them; texts as an array of objects."""
    known = [attributes[name] for _, attributes in nodes if attributes.get(name) is not None]
    if nodes and not known:
        raise ValueError(f"no node has an attribute {name!r}: labels need one")
    if any(isinstance(value, str) for value in known):
        return _classes(nodes, name, known)
    table = _as_rows(name, known) if known else np.empty((0, 1), np.int64)
    several = bool(known) and np.ndim(known[0]) == 1
    missing = np.nan if table.dtype.kind == "f" else -1
    labels = np.full((len(nodes), table.shape[1]), missing, np.float64 if table.dtype.kind == "f" else np.int64)
    labels[[attributes.get(name) is not None for _, attributes in nodes]] = table
    return labels if several else labels[:, 0]


def _classes(nodes, name, known):
    odd = next((value for value in known if not isinstance(value, str) and value == value), None)  # NaN is none
    if odd is not None:
        raise ValueError(f"attribute {name!r} must be text at every node or at none, got {odd!r:.60}")
    return np.array([attributes.get(name) for _, attributes in nodes], object)


def _split(nodes, name):
    parts = {part: [] for part in SPLITS}
    for row, (node, attributes) in enumerate(nodes):
        part = attributes.get(name)
        if is_missing(part, missing_words()):
            continue
        word = part.strip().lower() if isinstance(part, str) else part
        if not (isinstance(word, str) and word in PART_OF):
            raise ValueError(f"attribute {name!r} of node {node!r} must be {', '.join(SPLITS)} or missing, got {part!r:.60}")
        parts[PART_OF[word]].append(row)
    return parts
