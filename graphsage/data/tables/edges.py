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

    count: of such edges. found: [(row, its sentence)] of the first.
    """

    ends: dict
    found: list = field(default_factory=list)
    count: int = 0

    def see(self, first, ends):
        """Count those of a part. ends: {name: (column of ids, int32[n] their rows)}."""
        listed = {name: of.listed for name, of in self.ends.items() if of.listed is not None}
        strange = {name: (ends[name][1] < 0) | (ends[name][1] >= count) for name, count in listed.items()}
        if not strange:
            return
        self.count += int(np.count_nonzero(np.any(list(strange.values()), axis=0)))
        found = [(first + int(at), f"{name} is {quoted(ends[name][0][int(at)].as_py())}", self.ends[name].place)
                 for name, of in strange.items() for at in np.flatnonzero(of)[: SHOWN + 1]]
        self.found = sorted([*self.found, *found])[: SHOWN + 1]

    def refuse(self, table, listed):
        """Raise about all of them, with the first few."""
        count, (row, text, place), *others = self.count, *self.found
        also = "; ".join(f"{table.line(at)}: {of}" for at, of, _ in others[:SHOWN])
        way = 'or say what becomes of them: unlisted="drop" leaves the edges out, "keep" makes nodes without label and features'
        more = f" (also {also}{'; ...' if count > 1 + len(others) else ''})" if others else ""
        whole = f"{count:,} of {listed:,} edges {'name such an id' if count > 1 else 'names such an id'}{more}"
        table.refuse(row, f"{text}, and {place}: {whole}: add the nodes, {way} (graphsage import --unlisted drop)")


@dataclass(kw_only=True)
class EdgeParts:
    """What a table of edges holds, a part of it after the other.

    source, target: [int32: rows that ``EndIds.index`` gave, -1 of an id that has none]. weights: [float32]. times: [int64 or
    float64, as they are written]. The last two are empty where there are none. drops: edges to unlisted ids are left out. The
    rest is as in ``Edges``.
    """

    source: list
    target: list
    weights: list
    times: list
    time_kind: str | None
    listed: int
    unlisted: int
    drops: bool
    unused: tuple

    def kept(self, source, target):
        """The places of a part's edges that are not left out, or None where all stay."""
        return np.flatnonzero((source >= 0) & (target >= 0)) if self.drops and self.unlisted else None

    @property
    def span(self):
        """Texts of the earliest and the latest time, or None."""
        if not self.times:
            return None
        kind = np.result_type(*self.times).type
        ends = kind(min(part.min() for part in self.times)), kind(max(part.max() for part in self.times))
        return tuple(date_of(end) if self.time_kind == "date" else _number(end) for end in ends)


def read_parts(table, source, target, progress, *, unlisted, keep=lambda array: array):
    """The ``EdgeParts`` of a table. keep: gives what of an array stays in its place."""
    import pyarrow as pa

    table.require(*ENDS)
    given = [name for name in (WEIGHT, TIME) if name in table.columns]
    strays = _Strays({"source": source, "target": target})
    parts, kinds = _parts(table, given, (source.index, target.index), strays, progress, keep)
    if not parts["source"]:
        table.refuse_empty("edge")
    pa.default_memory_pool().release_unused()
    listed = sum(map(len, parts["source"]))
    if unlisted == "refuse" and strays.count:
        strays.refuse(table, listed)
    return EdgeParts(
        **parts | {"times": parts["times"] or []},
        time_kind=next(iter(kinds)) if parts["times"] else None,
        listed=listed,
        unlisted=strays.count,
        drops=unlisted == "drop",
        unused=_unused(table, given, has_times=bool(parts["times"])),
    )


def read_edges(table, source, target, progress, *, unlisted="refuse"):
    """The ``Edges`` of a table, a part at a time: 8 bytes an edge are kept (4 more for a weight, 8 for a time).

    source, target: the ``EndIds`` of both ends, one where nodes are of one type. Rows are final after ``settle``, which is to
    be called of both after the last table, and ``settle_ends``. unlisted: what becomes of edges to ids that the nodes do not
    have: an error, left out ("drop"), or ("keep") the ids become nodes.
    """
    parts = read_parts(table, source, target, progress, unlisted=unlisted)
    span, names = parts.span, ("source", "target", "weights", "times")
    ends = {name: _joined(arrays) for name in names if (arrays := getattr(parts, name))}
    if "times" in ends:
        ends["times"] = stored_times(parts.time_kind, ends["times"])
    kept = parts.kept(ends["source"], ends["target"])
    return Edges(
        **{name: of if kept is None else of[kept] for name, of in ends.items()},
        rows=kept,
        span=span,
        listed=parts.listed,
        unlisted=parts.unlisted,
        time_kind=parts.time_kind,
        unused=parts.unused,
    )


def settle_ends(edges, source, target):
    """Give both ends of edges their final rows, once their ``EndIds`` are settled."""
    edges.source, edges.target = source.settled(edges.source), target.settled(edges.target)


def _unused(table, given, *, has_times):
    """Columns that nothing reads, by the names that they have in the file where they are taken for times, and hold none."""
    names = [table.heading(name) if name == TIME and not has_times else name for name in table.columns]
    return tuple(name for name in names if name not in (*ENDS, *given))


def _parts(table, given, indices, strays, progress, keep):
    """({"source", "target", "weights", "times": arrays of the parts of the table}, {kind of times}: see ``as_times``)."""
    parts, kinds = {"source": [], "target": [], "weights": [], "times": []}, set()
    for first, columns in table.batches([*ENDS, *given], progress):
        for name, rows in zip(ENDS, _rows(table, first, columns, indices, strays)):
            parts[name].append(keep(rows))
        extra = dict(zip(given, columns[2:]))
        if WEIGHT in extra:
            parts["weights"].append(keep(_weights(table, first, extra[WEIGHT])))
        if TIME in extra and parts["times"] is not None:
            parts["times"] = _more_times(table, first, extra[TIME], kinds, parts["times"], keep)
    return parts, kinds


def _more_times(table, first, column, kinds, found, keep):
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
    found.append(keep(values))
    return found


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


def _number(value):
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _joined(parts):
    """One array; the parts are let go."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


# ---- the graph


class InMemory:
    """The way from one table of edges to a graph where all fits the memory; ``edges_apart.Apart`` is the other."""

    @staticmethod
    def read(table, ids, progress, *, unlisted):
        """The ``Edges`` of a table whose ends are both of ``ids`` (``EndIds``)."""
        return read_edges(table, ids, ids, progress, unlisted=unlisted)

    @staticmethod
    def graph(edges, ids, num_nodes, names, *, directed, progress):
        """(``Graph``, {"listed", "loops", "repeats"}: how many edges the table has, and of which kinds it leaves how many out).

        The id of an edge is its row in the table, from 0. Undirected, an edge that is listed both ways is repeated. Of repeated
        edges the first stays, with its weight and its time. The arrays of ``edges`` are let go.
        """
        settle_ends(edges, ids, ids)
        found = graph_of(edges, num_nodes, names, directed=directed)
        edges.source = edges.target = edges.weights = edges.times = None
        return found


def graph_of(edges, num_nodes, names, *, directed):
    """What ``InMemory.graph`` gives."""
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
