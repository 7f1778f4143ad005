"""A typed dataset of tables of edges, by relation, and tables of nodes and arrays of features, by type: files or memory."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data.errors import DatasetError
from graphsage.data.tables.column_names import edges_named
from graphsage.data.tables.dataset_of import Found
from graphsage.data.tables.edges import TIME, EndIds, read_edges, settle_ends
from graphsage.data.tables.fitted_nodes import add_found, encoded_nodes, fitted_nodes
from graphsage.data.tables.ids import names_of
from graphsage.data.tables.nodes import array_of, read_nodes
from graphsage.data.tables.schema import checked_typed_schema, is_directed, reading_of
from graphsage.data.tables.typed_reading import (
    of_labels,
    own_edges_reading,
    own_reading,
    refuse_unknown,
    target_of,
    without_labels,
)
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph

NAME = re.compile(r"(?=\S)[^.,=/\\:\x00-\x1f\x7f]*(?<=\S)")  # what stands between the dots of a file, and in a flag


@dataclass(kw_only=True)
class FoundEdges:
    """What one table of edges held, as ``Found`` has it. kept: edges that are left, one counted once."""

    listed: int
    loops: int
    repeats: int
    kept: int
    unlisted: int
    times: tuple | None
    unused: tuple


@dataclass(kw_only=True)
class TypedFound:
    """What tables held, beside the dataset. sources, notes: as in ``Found``.

    types: {type: ``Found``}, without what is of edges. relations: {relation: ``FoundEdges``}.
    """

    sources: tuple
    notes: list
    types: dict
    relations: dict


def typed_dataset_of(
    edges, nodes=None, arrays=None, *, name=None, sources=(), directed=False, schema=None, unlisted=None, progress=silent,
    reading=TABLE_DEFAULTS, apart=None,
):  # fmt: skip
    """(``TypedDataset``, ``TypedFound``) of tables, each read as ``dataset_of`` reads its one of edges and its one of nodes.

    edges: {(source type, name, target type): ``Table``}, whose ids are those of the two types. nodes: {type: ``Table``}, of
        some types or all; a type without one has the ids that its edges name, and no features. arrays: {type: features}, rows
        in the order of the table of nodes. Types and relations come out in the order of the alphabet.
    directed: edges run from source to target only. Else both ends of a relation within one type are neighbours, under one id,
        and of a relation between two types there is the reverse, too.
    schema: {type: schema} of another typed dataset, to encode by. The other arguments are those of ``dataset_of``.
    Labels are those of the one table of nodes that has such a column, or that ``reading.label`` names ("paper.venue"); where
    none has, the dataset has no target.
    Raises DatasetError, one sentence, with file and line where it is about a row.
    """
    if apart is not None and apart.memory is not None:
        raise DatasetError("tables of several types are read in memory: leave --memory out")
    is_own, nodes, arrays = schema is None, nodes or {}, arrays or {}
    reading = reading if is_own else reading_of(checked_typed_schema(schema))
    unlisted, directed = unlisted or reading.unlisted, directed if is_own else is_directed(schema)
    types, relations = _types(edges, nodes, arrays), sorted(edges)
    notes = _check_types(types, relations, nodes, schema)
    if is_own:
        refuse_unknown(reading, nodes, edges)
    tables = {key: _named(edges[key], key, reading) for key in relations}
    fitted, target = _fitted(types, nodes, arrays, tables, schema, directed, reading, progress)
    ids = {kind: EndIds(of.nodes.ids, of.nodes.outside, unlisted) for kind, of in fitted.items()}
    found = _edges(tables, ids, progress, unlisted)
    for kind, of in fitted.items():
        _add_found(kind, of, ids[kind])
    time_kind, graph = _time_kind(tables, found), _graph(found, ids, directed)
    counts = {key: _counts(graph, key, of) for key, of in found.items()}
    for of in found.values():
        of.source = of.target = of.weights = of.times = None
    encoded = {kind: encoded_nodes(of, len(ids[kind].ids), time_kind, graph.rows.times) for kind, of in fitted.items()}
    told = [*notes, *(note for table in (*tables.values(), *(of.nodes.table for of in fitted.values() if of.nodes.table))
                      for note in table.notes)]  # fmt: skip
    dataset = _dataset(graph, encoded, ids, target, name)
    of_types = {kind: _found_of(of, fitted[kind].nodes, ids[kind].added) for kind, of in encoded.items()}
    return dataset, TypedFound(sources=tuple(sources), notes=told, types=of_types, relations=counts)


# ---- names


def _types(edges, nodes, arrays):
    """The types, in the order of the alphabet; DatasetError about a name that cannot be one, or where there are no edges."""
    if not edges:
        raise DatasetError("there is no table of edges: a typed graph needs one for each relation, (source, name, target)")
    for key in edges:
        if not isinstance(key, tuple) or len(key) != 3:
            raise DatasetError(f"a relation must be (source type, name, target type), three texts; got {key!r:.80}")
    names = [*nodes, *arrays, *(name for key in edges for name in key)]
    for name in names:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            rule = "a text without . , = : / or a line's end in it, and without spaces around"
            raise DatasetError(f"types and relations must have names, {rule}; got {name!r:.80}")
    return sorted({*nodes, *arrays, *(name for key in edges for name in key[::2])})


def _check_types(types, relations, nodes, schema):
    """Notes; DatasetError about a type that no relation has but may be meant as another, or that a schema does not know."""
    ends = {name for key in relations for name in key[::2]}
    alone = [kind for kind in types if kind not in ends]
    bare = [kind for kind in ends if kind not in nodes]
    if alone and bare:
        rule = f"is it meant as {sorted(bare)[0]}, which has no table of nodes?"
        raise DatasetError(f"no relation has the type {alone[0]}, there are {', '.join(sorted(ends))}: {rule}")
    if schema is not None and types != sorted(schema):
        known, here = ", ".join(sorted(schema)), ", ".join(types)
        raise DatasetError(f"the model was trained with nodes of the types {known}, and here there are {here}")
    return [f"no relation has the type {kind}, so its nodes have no neighbours" for kind in alone]


# ---- reading


def _fitted(types, nodes, arrays, tables, schema, directed, reading, progress):
    """({type: ``FittedNodes``}, the type that has labels, or None)."""
    is_own, readings, found = schema is None, {}, {}
    for kind in types:
        table = nodes.get(kind)
        readings[kind] = own_reading(reading, kind, table.columns if table else ())
        place = Path(array_of(kind))
        found[kind] = read_nodes(table, arrays.get(kind), place, progress, readings[kind], strict=is_own)
    target = target_of(found, readings, reading) if is_own else next((kind for kind in types if schema[kind]["label"]), None)
    have_times = any(TIME in table.columns for table in tables.values())
    fitted = {}
    for kind, of in found.items():
        check = of_labels if kind == target else without_labels
        own = check(kind, of, readings[kind], target, reading if is_own else None)
        how = {"edges_have_times": have_times, "all_reading": reading}
        fitted[kind] = fitted_nodes(of, None if is_own else schema[kind], directed, own, **how)
    return fitted, target if target and fitted[target].schema["label"] else None


def _named(table, key, reading):
    """A ``Table`` of edges with its columns called as they are here."""
    return edges_named(table, own_edges_reading(reading, table.columns), strict=False, types=key[::2])


def _edges(tables, ids, progress, unlisted):
    """{relation: ``Edges``} with the final rows of both ends."""
    found = {key: read_edges(table, ids[key[0]], ids[key[2]], progress, unlisted=unlisted) for key, table in tables.items()}
    for of in ids.values():
        of.settle()
    for key, of in found.items():
        settle_ends(of, ids[key[0]], ids[key[2]])
    return found


def _add_found(kind, fitted, ids):
    """``add_found``, whose sentence is about the nodes of one type."""
    try:
        add_found(fitted, ids.ids, ids.added)
    except DatasetError:
        known = f"nodes of type {kind} have no features, so the model knows those of the training, and here are others"
        rule = f"leave these out, or train with a table nodes.{kind}.csv that has columns beside the id"
        raise DatasetError(f"{known}: {rule}") from None


def _time_kind(tables, found):
    """The kind of the times of all edges, or None; DatasetError where some are numbers and some are dates."""
    kinds = {of.time_kind: tables[key].path for key, of in found.items() if of.time_kind is not None}
    if len(kinds) > 1:
        raise DatasetError(f"times are numbers in {kinds['number']} and dates in {kinds['date']}: write all in the same way")
    return next(iter(kinds), None)


# ---- what is made of it


def _graph(found, ids, directed):
    """The ``TypedGraph``: repeats and self loops are dropped, an edge is called by the row of its table."""
    dtypes = {of.times.dtype for of in found.values() if of.times is not None}
    own = {kind: {key: getattr(of, kind) for key, of in found.items() if getattr(of, kind) is not None}
           for kind in ("weights", "times", "rows")}  # fmt: skip
    times = {key: values.astype(np.result_type(*dtypes), copy=False) for key, values in own["times"].items()}
    return TypedGraph(
        {kind: len(of.ids) for kind, of in ids.items()},
        {key: (of.source, of.target) for key, of in found.items()},
        weights=own["weights"] or None,
        times=times or None,
        edge_ids=own["rows"],
        undirected=[] if directed else [key for key in found if key[0] == key[2]],
        reverse=not directed,
        duplicates="drop",
        self_loops="drop",
    )


def _counts(graph, key, edges):
    """The ``FoundEdges`` of a relation."""
    kept = graph.num_edges[key] // (2 if graph.reverse_of.get(key) == key else 1)
    loops = int(np.count_nonzero(edges.source == edges.target)) if key[0] == key[2] else 0
    repeats = len(edges.source) - loops - kept
    return FoundEdges(listed=edges.listed, loops=loops, repeats=repeats, kept=kept, unlisted=edges.unlisted, times=edges.span,
                      unused=edges.unused)  # fmt: skip


def _dataset(graph, encoded, ids, target, name):
    parts = {kind: of.parts for kind, of in encoded.items()}
    names = {kind: names_of(of.ids) for kind, of in ids.items()}
    own = ("labels", "task", "class_names", "train", "val", "test", "times")
    return TypedDataset(
        graph=graph,
        features={kind: of["features"] for kind, of in parts.items()},
        schema={kind: of["schema"] for kind, of in parts.items()},
        node_times={kind: of["node_times"] for kind, of in parts.items() if "node_times" in of} or None,
        node_ids={kind: of for kind, of in names.items() if of is not None},
        notes=tuple(f"{kind}: {note}" for kind, of in parts.items() for note in of["notes"]),
        target=target,
        name=name,
        **({key: parts[target][key] for key in own if key in parts[target]} if target else {}),
    )


def _found_of(encoded, nodes, added):
    return Found(
        sources=(), array=nodes.array_path.name, notes=[], edges={}, unlisted=0, added=added, times=None, labels=encoded.labels,
        columns=encoded.columns, unused=encoded.unused, split=encoded.split, bare=encoded.bare,
    )  # fmt: skip
