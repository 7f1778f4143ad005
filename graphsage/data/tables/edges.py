"""edges.csv or edges.parquet: source, target, and where they are there weight and time."""

from dataclasses import dataclass, field

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.tables.dates import as_times, date_of
from graphsage.data.tables.ids import NodeIndex, as_ids, as_texts
from graphsage.data.tables.numbers import LARGEST, as_numbers
from graphsage.data.tables.table_files import quoted
from graphsage.graph.graph import Graph

ENDS, WEIGHT, TIME = ("source", "target"), "weight", "time"


@dataclass(kw_only=True)
class Edges:
    """What the table of edges holds. E listed edges.

    ids: the id of each node, int64 or texts (a pyarrow array). source, target: int32[E] rows of them.
    weights: float32[E] or None. times: (earliest, latest) as listed, or None.
    """

    ids: object
    source: np.ndarray
    target: np.ndarray
    weights: np.ndarray | None = None
    times: tuple | None = None
    unused: tuple = field(default=())


def read_edges(table, ids, nodes_file, progress):
    """The ``Edges`` of a table, a part at a time: 8 bytes an edge are kept (12 with weights).

    ids: the ids of the nodes (int64 or texts), which no edge may leave; None takes those that the edges name, in rising order.
    nodes_file: where ``ids`` are from, for a sentence.
    """
    import pyarrow as pa

    table.require(*ENDS)
    given = [name for name in (WEIGHT, TIME) if name in table.columns]
    index = NodeIndex(pa.array([], pa.int64()), grows=True) if ids is None else NodeIndex(ids)
    parts, times = {name: [] for name in (*ENDS, WEIGHT)}, []
    for first, columns in table.batches([*ENDS, *given], progress):
        for name, rows in zip(ENDS, _rows(table, first, columns, index, nodes_file)):
            parts[name].append(rows)
        extra = dict(zip(given, columns[2:]))
        if WEIGHT in extra:
            parts[WEIGHT].append(_weights(table, first, extra[WEIGHT]))
        if TIME in extra:
            times.append(as_times(table, first, TIME, extra[TIME]))
    if not parts["source"]:
        raise DatasetError(f"{table.path} lists no edge: there is a first line with the columns' names, and nothing below")
    pa.default_memory_pool().release_unused()
    source, target = (_joined(parts.pop(name)) for name in ENDS)
    known = index.ids
    if ids is None:
        known, places = index.ordered()
        source, target = places[source], places[target]
    return Edges(
        ids=known if ids is None else ids,
        source=source,
        target=target,
        weights=_joined(parts[WEIGHT]) if parts[WEIGHT] else None,
        times=_range(table, times),
        unused=tuple(name for name in table.columns if name not in (*ENDS, *given)),
    )


def _rows(table, first, columns, index, nodes_file):
    """The rows of both ends of a part's edges."""
    ids = []
    for name, column in zip(ENDS, columns):
        if column.null_count:
            at = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            table.refuse(first + at, f"{name} is empty")
        ids.append(as_ids(column))
    if ids[0].type != ids[1].type:
        ids = [as_texts(column) for column in ids]
    for name, column in zip(ENDS, ids):
        rows = index.rows(column)
        if not index.grows and rows.min(initial=0) < 0:
            at = int(np.argmin(rows))
            table.refuse(first + at, f"{name} is {quoted(column[at].as_py())}, and {nodes_file}")
        yield rows


def _weights(table, first, column):
    values = as_numbers(table, first, WEIGHT, column)
    bad = ~(values >= 0)  # NaN, where it is missing, is neither
    if bad.any():
        at = int(np.argmax(bad))
        found = "empty" if np.isnan(values[at]) else f"{values[at]:g}"
        table.refuse(first + at, f"{WEIGHT} is {found}: weights must be numbers >= 0")
    if values.max(initial=0) > LARGEST:
        table.refuse(first + int(np.argmax(values)), f"{WEIGHT} is {values.max():g}: weights must fit a float32")
    return values.astype(np.float32)


def _range(table, times):
    if not times:
        return None
    if len({kind for kind, _, _ in times}) > 1:
        raise DatasetError(f"{table.path} has numbers and dates in its column {TIME}: use one of them")
    ends = min(low for _, low, _ in times), max(high for _, _, high in times)
    return tuple(map(date_of, ends)) if times[0][0] == "date" else ends


def _joined(parts):
    """One array; the parts are let go."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


# ---- the graph


def graph_of(edges, names, *, directed):
    """(``Graph``, {"listed", "loops", "repeats"}: how many edges the table has, and of which kinds it leaves how many out).

    The id of an edge is its row in the table, from 0. Undirected, an edge that is listed both ways is repeated. Of repeated
    edges the first stays, with its weight.
    """
    listed, loops = len(edges.source), int(np.count_nonzero(edges.source == edges.target))
    graph = Graph.from_edges(
        edges.source,
        edges.target,
        len(edges.ids),
        weights=edges.weights,
        node_ids=names,
        undirected=not directed,
        duplicates="drop",
        self_loops="drop",
    )
    kept = graph.num_edges if directed else graph.num_edges // 2
    return graph, {"listed": listed, "loops": loops, "repeats": listed - loops - kept}
