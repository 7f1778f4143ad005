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
    """What a table of edges holds. E edges between nodes, all that it lists but those that were dropped.

    source, target: int32[E] rows of the nodes of both ends. rows: int64[E], the row of each edge in the table; None where edge
    i is row i. weights: float32[E] or None. times: int64[E] or float64[E], or None. span: texts of the earliest and the
    latest time, or None. time_kind: "number" or "date", as they are written. listed: rows of the table. unlisted: how many
    edges name an id that the nodes do not have.
    """

    source: np.ndarray
    target: np.ndarray
    rows: np.ndarray | None
    span: tuple | None
    listed: int
    unlisted: int
    weights: np.ndarray | None = None
    times: np.ndarray | None = None
    time_kind: str | None = None
    unused: tuple = ()


class EndIds:
    """The ids of the nodes of one type, while tables of edges that end there are read. ids: of the nodes' rows, once settled.

    listed: how many the table of nodes has, None where only edges tell. place: where those are from, for a sentence. added:
    nodes made of other ids.
    """

    def __init__(self, ids, place, unlisted):
        """ids: int64 or texts, or None; unlisted: "refuse", "drop", or "keep" ids that are not among them as nodes."""
        import pyarrow as pa

        self.ids, self.place, self.listed = ids, place, None if ids is None else len(ids)
        self.index = NodeIndex(pa.array([], pa.int64()) if ids is None else ids, grows=ids is None or unlisted == "keep")
        self.places, self.added = None, 0

    def settle(self):
        """After the last table: put nodes that only edges name after the others, and in rising order."""
        if self.index.grows:
            self.ids, self.places = self.index.ordered(self.listed or 0)
            self.added = 0 if self.listed is None else len(self.ids) - self.listed

    def settled(self, rows):
        """The final rows of those that the index gave."""
        return rows if self.places is None else self.places[rows]


@dataclass
class _Strays:
    """The ends of edges that are no node. ends: {"source", "target": ``EndIds``}.

    rows: [int64: rows of such edges, a part each]. found: [(row, its sentence)] of the first.
    """

    ends: dict
    found: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def see(self, first, ends):
        """Count those of a part. ends: {name: (column of ids, int32[n] their rows)}."""
        listed = {name: of.listed for name, of in self.ends.items() if of.listed is not None}
        strange = {name: (ends[name][1] < 0) | (ends[name][1] >= count) for name, count in listed.items()}
        if not strange:
            return
        self.rows.append(first + np.flatnonzero(np.any(list(strange.values()), axis=0)))
        found = [(first + int(at), f"{name} is {quoted(ends[name][0][int(at)].as_py())}", self.ends[name].place)
                 for name, of in strange.items() for at in np.flatnonzero(of)[: SHOWN + 1]]
        self.found = sorted([*self.found, *found])[: SHOWN + 1]

    def refuse(self, table, listed):
        """Raise about all of them, with the first few."""
        count, (row, text, place), *others = sum(map(len, self.rows)), *self.found
        also = "; ".join(f"{table.line(at)}: {of}" for at, of, _ in others[:SHOWN])
        way = 'or say what becomes of them: unlisted="drop" leaves the edges out, "keep" makes nodes without label and features'
        more = f" (also {also}{'; ...' if count > 1 + len(others) else ''})" if others else ""
        whole = f"{count:,} of {listed:,} edges {'name such an id' if count > 1 else 'names such an id'}{more}"
        table.refuse(row, f"{text}, and {place}: {whole}: add the nodes, {way} (graphsage import --unlisted drop)")


def read_edges(table, source, target, progress, *, unlisted="refuse"):
    """The ``Edges`` of a table, a part at a time: 8 bytes an edge are kept (4 more for a weight, 8 for a time).

    source, target: the ``EndIds`` of both ends, one where nodes are of one type. Rows are final after ``settle``, which is to
    be called of both after the last table, and ``settle_ends``. unlisted: what becomes of edges to ids that the nodes do not
    have: an error, left out ("drop"), or ("keep") the ids become nodes.
    """
    import pyarrow as pa

    table.require(*ENDS)
    given = [name for name in (WEIGHT, TIME) if name in table.columns]
    strays = _Strays({"source": source, "target": target})
    parts, kinds = _parts(table, given, (source.index, target.index), strays, progress)
    if not parts["source"]:
        table.refuse_empty("edge")
    pa.default_memory_pool().release_unused()
    ends = {name: _joined(arrays) for name, arrays in parts.items() if arrays}
    listed, stray = len(ends["source"]), np.concatenate([np.empty(0, np.int64), *strays.rows])
    if unlisted == "refuse" and len(stray):
        strays.refuse(table, listed)
    span = None
    if "times" in ends:
        ends["times"], span = _times(kinds, ends["times"])
    kept = np.delete(np.arange(listed), stray) if unlisted == "drop" and len(stray) else None
    return Edges(
        **{name: of if kept is None else of[kept] for name, of in ends.items()},
        rows=kept,
        span=span,
        listed=listed,
        unlisted=len(stray),
        time_kind=next(iter(kinds)) if span else None,
        unused=_unused(table, given, has_times=span is not None),
    )


def settle_ends(edges, source, target):
    """Give both ends of edges their final rows, once their ``EndIds`` are settled."""
    edges.source, edges.target = source.settled(edges.source), target.settled(edges.target)


def _unused(table, given, *, has_times):
    """Columns that nothing reads, by the names that they have in the file where they are taken for times, and hold none."""
    names = [table.heading(name) if name == TIME and not has_times else name for name in table.columns]
    return tuple(name for name in names if name not in (*ENDS, *given))


def _parts(table, given, indices, strays, progress):
    """({"source", "target", "weights", "times": arrays of the parts of the table}, {kind of times}: see ``as_times``)."""
    parts, kinds = {"source": [], "target": [], "weights": [], "times": []}, set()
    for first, columns in table.batches([*ENDS, *given], progress):
        for name, rows in zip(ENDS, _rows(table, first, columns, indices, strays)):
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


def _rows(table, first, columns, indices, strays):
    """The rows of both ends of a part's edges; ``strays`` sees those that are no node."""
    ids = [ids_in(table, first, name, column) for name, column in zip(ENDS, columns)]
    if indices[0] is indices[1] and ids[0].type != ids[1].type:
        ids = [as_texts(column) for column in ids]
    rows = [index.rows(column) for index, column in zip(indices, ids)]
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


def graph_of(edges, num_nodes, names, *, directed):
    """(``Graph``, {"listed", "loops", "repeats"}: how many edges the table has, and of which kinds it leaves how many out).

    The id of an edge is its row in the table, from 0. Undirected, an edge that is listed both ways is repeated. Of repeated
    edges the first stays, with its weight and its time.
    """
    loops = int(np.count_nonzero(edges.source == edges.target))
    graph = Graph.from_edges(
        edges.source,
        edges.target,
        num_nodes,
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
