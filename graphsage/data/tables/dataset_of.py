"""A dataset of a table of edges and, where there are some, a table of nodes and an array of features: from files or memory."""

from dataclasses import dataclass
from pathlib import Path

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data.dataset import NodeDataset
from graphsage.data.tables.column_names import edges_named
from graphsage.data.tables.edges import TIME, EndIds, InMemory
from graphsage.data.tables.fitted_nodes import add_found, encoded_nodes, fitted_nodes
from graphsage.data.tables.ids import names_of
from graphsage.data.tables.nodes import ARRAY, read_nodes
from graphsage.data.tables.schema import checked_schema, reading_of
from graphsage.data.tables.table_labels import Labels


@dataclass(kw_only=True)
class Found:
    """What tables held, beside the dataset.

    sources: what was read, a text each; array: what an array of features is called. notes: what was guessed, a line each.
    edges: {"listed", "loops", "repeats"}.
    unlisted: edges to ids that the table of nodes does not have; added: nodes made of those ids (0: the edges were dropped).
    times: texts of the earliest and the latest, or None.
    labels: ``Labels``.
    columns: [``Column``] of the table of nodes, left-out ones too. unused: columns that nothing reads.
    split: which columns say who is in which split, or "". bare: nodes that they put into one and that have no label.
    """

    sources: tuple
    array: str
    notes: list
    edges: dict
    unlisted: int
    added: int
    times: tuple | None
    labels: Labels
    columns: list
    unused: tuple
    split: str
    bare: int


def dataset_of(
    edges_table, nodes_table=None, array=None, *, array_path=Path(ARRAY), name=None, sources=(), directed=False, schema=None,
    unlisted=None, progress=silent, reading=TABLE_DEFAULTS, apart=None,
):  # fmt: skip
    """(``NodeDataset``, ``Found``) of a ``Table`` of edges and, each or None, one of nodes and an array of features.

    array: numbers [N, F] or ``SparseFeatures``, as they are; rows in the order of the table of nodes, without one of the ids
        0..N-1. array_path: what sentences call it.
    sources: what was read, a text each, for the report: "edges.csv (1.2 kB)".
    directed: an edge lets its target aggregate from its source, and not the other way round.
    reading: ``TableConfig``, nothing in it left open: which columns are categories, what means missing, and the like.
    schema: encode by this schema of another dataset, which also says whether edges are directed, and all of ``reading``. A
        class or category that it does not have then counts as none, labels may be missing, and who has none is in no split.
    unlisted: what becomes of edges to ids that the table of nodes does not list: "refuse", "drop" them, or "keep" such ids as
        nodes without label and features; None is as ``reading`` or the schema has it.
    progress: a context manager of ``graphsage.base.progress``.
    apart: ``Apart``, where edges go that do not fit the memory; None: they stay in it.
    Raises DatasetError, one sentence, with file and line where it is about a row.
    """
    is_own, reading = schema is None, reading if schema is None else reading_of(checked_schema(schema))
    unlisted = unlisted or reading.unlisted
    edges_table = edges_named(edges_table, reading, strict=is_own)
    nodes = read_nodes(nodes_table, array, array_path, progress, reading, strict=is_own)
    fitted = fitted_nodes(nodes, schema, directed, reading, edges_have_times=TIME in edges_table.columns)
    ids = EndIds(nodes.ids, nodes.outside, unlisted)
    way = apart if apart is not None and apart.takes(edges_table) else InMemory
    edges = way.read(edges_table, ids, progress, unlisted=unlisted)
    ids.settle()
    add_found(fitted, ids.ids, ids.added)
    num_nodes, names, directed = len(ids.ids), names_of(ids.ids), fitted.schema["directed"]
    how = {"directed": directed, "progress": progress}
    graph, counts = way.graph(edges, ids, num_nodes, names, **how)  # before the features take memory too
    encoded = encoded_nodes(fitted, num_nodes, edges.time_kind, graph.times)
    dataset = NodeDataset(graph=graph, name=name, **encoded.parts)
    return dataset, Found(
        sources=tuple(sources),
        array=array_path.name,
        notes=edges_table.notes + (nodes.table.notes if nodes.table else []),
        edges=counts,
        unlisted=edges.unlisted,
        added=ids.added,
        times=edges.span,
        labels=encoded.labels,
        columns=encoded.columns,
        unused=edges.unused + encoded.unused,
        split=encoded.split,
        bare=encoded.bare,
    )
