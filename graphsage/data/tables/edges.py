"""edges.csv or edges.parquet: source, target, and where they are there weight and time."""

from dataclasses import dataclass, field

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.tables.column_names import is_guessed
from graphsage.data.tables.dates import as_times, date_of, stored_times
from graphsage.data.tables.ids import NodeIndex, as_texts, ids_in
from graphsage.data.tables.numbers import LARGEST, as_numbers
from graphsage.data.tables.table_files import quoted
from graphsage.graph.graph import Graph

ENDS, WEIGHT, TIME = ("source", "target"), "weight", "time"
SHOWN = 3  # of such edges, in a sentence


@dataclass(kw_only=True)
class Edges:
    """What the table of edges holds. E edges between nodes, all that it lists but those that were dropped.

    ids: the id of each node, int64 or texts (a pyarrow array). source, target: int32[E] rows of them. rows: int64[E], the row
    of each edge in the table; None where edge i is row i. weights: float32[E] or None. times: int64[E] or float64[E], or None.
    span: texts of the earliest and the latest time, or None. time_kind: "number" or "date", as they are written.
    listed: rows of the table. unlisted: how many edges name an id that the nodes do not have. added: nodes made of such ids.
    """

    ids: object
    source: np.ndarray
    target: np.ndarray
    rows: np.ndarray | None
    span: tuple | None
    listed: int
    unlisted: int
    added: int
    weights: np.ndarray | None = None
    times: np.ndarray | None = None
    time_kind: str | None = None
    unused: tuple = ()


@dataclass
class _Strays:
    """The ends of edges that are no node. nodes_file: where the ``num_nodes`` ids of nodes are from, for a sentence.

    rows: [int64: rows of such edges, a part each]. found: [(row, its sentence)] of the first.
    """

    nodes_file: str
    num_nodes: int
    found: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def see(self, first, ends):
        """Count those of a part. ends: {name: (column of ids, int32[n] their rows)}."""
        strange = {name: (rows < 0) | (rows >= self.num_nodes) for name, (_, rows) in ends.items()}
        self.rows.append(first + np.flatnonzero(np.any(list(strange.values()), axis=0)))
        found = [(first + int(at), f"{name} is {quoted(ends[name][0][int(at)].as_py())}")
                 for name, of in strange.items() for at in np.flatnonzero(of)[: SHOWN + 1]]
        self.found = sorted([*self.found, *found])[: SHOWN + 1]

    def refuse(self, table, listed):
        """Raise about all of them, with the first few."""
        count, (row, text), *others = sum(map(len, self.rows)), *self.found
        also = "; ".join(f"{table.line(at)}: {of}" for at, of in others[:SHOWN])
        way = 'or say what becomes of them: unlisted="drop" leaves the edges out, "keep" makes nodes without label and features'
        more = f" (also {also}{'; ...' if count > 1 + len(others) else ''})" if others else ""
        whole = f"{count:,} of {listed:,} edges {'name such an id' if count > 1 else 'names such an id'}{more}"
        table.refuse(row, f"{text}, and {self.nodes_file}: {whole}: add the nodes, {way} (graphsage import --unlisted drop)")


def read_edges(table, ids, nodes_file, progress, *, unlisted="refuse"):
    """The ``Edges`` of a table, a part at a time: 8 bytes an edge are kept (4 more for a weight, 8 for a time).

    ids: the ids of the nodes (int64 or texts); None takes those that the edges name, in rising order. nodes_file: where
    ``ids`` are from, for a sentence. unlisted: what becomes of edges to other ids: an error, left out ("drop"), or ("keep")
    the ids become nodes, after the others and in rising order.
    """
    import pyarrow as pa

    table.require(*ENDS)
    given = [name for name in (WEIGHT, TIME) if name in table.columns]
    index = NodeIndex(pa.array([], pa.int64()) if ids is None else ids, grows=ids is None or unlisted == "keep")
    strays = None if ids is None else _Strays(nodes_file, len(ids))
    parts, kinds = _parts(table, given, index, strays, progress)
    if not parts["source"]:
        table.refuse_empty("edge")
    pa.default_memory_pool().release_unused()
    ends = {name: _joined(arrays) for name, arrays in parts.items() if arrays}
    listed, stray = len(ends["source"]), np.empty(0, np.int64) if strays is None else np.concatenate(strays.rows)
    if unlisted == "refuse" and len(stray):
        strays.refuse(table, listed)
    if index.grows:
        known, places = index.ordered(0 if ids is None else len(ids))
        ends |= {name: places[ends[name]] for name in ENDS}
    span = None
    if "times" in ends:
        ends["times"], span = _times(kinds, ends["times"])
    kept = np.delete(np.arange(listed), stray) if unlisted == "drop" and len(stray) else None
    return Edges(
        ids=known if index.grows else ids,
        **{name: of if kept is None else of[kept] for name, of in ends.items()},
        rows=kept,
        span=span,
        listed=listed,
        unlisted=len(stray),
        added=0 if ids is None or not index.grows else len(known) - len(ids),
        time_kind=next(iter(kinds)) if span else None,
        unused=_unused(table, given, has_times=span is not None),
    )


def _unused(table, given, *, has_times):
    """Columns that nothing reads, by the names that they have in the file where they are taken for times, and hold none."""
    names = [table.heading(name) if name == TIME and not has_times else name for name in table.columns]
    return tuple(name for name in names if name not in (*ENDS, *given))


def _parts(table, given, index, strays, progress):
    """({"source", "target", "weights", "times": arrays of the parts of the table}, {kind of times}: see ``as_times``)."""
    parts, kinds = {"source": [], "target": [], "weights": [], "times": []}, set()
    for first, columns in table.batches([*ENDS, *given], progress):
        for name, rows in zip(ENDS, _rows(table, first, columns, index, strays)):
            parts[name].append(rows)
        extra = dict(zip(given, columns[2:]))
        if WEIGHT in extra:
            parts["weights"].append(_weights(table, first, extra[WEIGHT]))
        if TIME in extra and parts["times"] is not None:
            parts["times"] = _more_times(table, first, extra[TIME], kinds, parts["times"])
    return parts, kinds


def _more_times(table, first, column, kinds, found):
    """``found`` with the times of a part; None, and a line, where a column that was but taken for times holds others, too."""
    try:
        kind, values = as_times(table, first, TIME, column)
        kinds.add(kind)
        if len(kinds) > 1:
            raise DatasetError(f"{table.path} has numbers and dates in its column {TIME}: use one of them")
    except DatasetError as error:
        if not is_guessed(table):
            raise
        table.note(f"{table.heading(TIME)} holds no times, and is not used: {error}")
        return None
    return [*found, values]


def _rows(table, first, columns, index, strays):
    """The rows of both ends of a part's edges; ``strays`` sees those that are no node."""
    ids = [ids_in(table, first, name, column) for name, column in zip(ENDS, columns)]
    if ids[0].type != ids[1].type:
        ids = [as_texts(column) for column in ids]
    rows = [index.rows(column) for column in ids]
    if strays is not None:
        strays.see(first, dict(zip(ENDS, zip(ids, rows))))
    return rows


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


def _times(kinds, values):
    """(times as a ``Graph`` has them, texts of the earliest and the latest)."""
    (kind,), ends = kinds, (values.min(), values.max())
    return stored_times(kind, values), tuple(date_of(end) if kind == "date" else _number(end) for end in ends)


def _number(value):
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _joined(parts):
    """One array; the parts are let go."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


# ---- the graph


def graph_of(edges, names, *, directed):
    """(``Graph``, {"listed", "loops", "repeats"}: how many edges the table has, and of which kinds it leaves how many out).

    The id of an edge is its row in the table, from 0. Undirected, an edge that is listed both ways is repeated. Of repeated
    edges the first stays, with its weight and its time.
    """
    loops = int(np.count_nonzero(edges.source == edges.target))
    graph = Graph.from_edges(
        edges.source,
        edges.target,
        len(edges.ids),
        weights=edges.weights,
        times=edges.times,
        edge_ids=edges.rows,
        node_ids=names,
        undirected=not directed,
        duplicates="drop",
        self_loops="drop",
    )
    kept = graph.num_edges if directed else graph.num_edges // 2
    return graph, {"listed": edges.listed, "loops": loops, "repeats": len(edges.source) - loops - kept}
