"""A graph of one's own, in tables: edges.csv, and where they are there nodes.csv and features.npy.

    edges.csv or edges.parquet    source, target, and optionally weight (a number >= 0) and time (numbers or dates)
    nodes.csv or nodes.parquet    id, and optionally label (or labels), split, and further columns, which become features
    features.npy                  numbers [N, F], rows in the order of the table of nodes; without one, of the ids 0..N-1

Nodes without a table are those that the edges name, in rising order, or as many as features.npy has rows. Edges are undirected
unless imported otherwise; repeated ones and self loops are dropped. An edge's id is its row in the table, from 0: in a CSV
file, where no text has a line's end in it, line id + 2. ``graphsage.data.tables.columns`` tells how a column becomes features,
``graphsage.data.tables.table_labels`` what labels and splits can be.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from graphsage.data.dataset import NodeDataset
from graphsage.data.errors import DatasetError
from graphsage.data.labels import checked_labels, is_labelled
from graphsage.data.tables.column_names import edges_named
from graphsage.data.tables.edges import graph_of, read_edges
from graphsage.data.tables.ids import names_of
from graphsage.data.tables.nodes import ARRAY, SPLIT, add_nodes, features_of, fitted_columns, read_nodes
from graphsage.data.tables.schema import check_nodes, checked_schema, made_schema
from graphsage.data.tables.table_files import files_named, table_in
from graphsage.data.tables.table_labels import LABELS, Labels, encoded_labels, fitted_label, split_of


def files_of(folder):
    """The files of tables in ``folder``: paths."""
    array = Path(folder) / ARRAY
    return [*files_named(folder, "edges"), *files_named(folder, "nodes"), *([array] if array.exists() else [])]


@dataclass(kw_only=True)
class Found:
    """What a folder of tables held, beside the dataset.

    files: paths. notes: what was guessed, a line each. edges: {"listed", "loops", "repeats"}. unlisted: edges to ids that the
    table of nodes does not have; added: nodes made of those ids (0: the edges were dropped). times: (earliest, latest) or None.
    labels: ``Labels``.
    columns: [``Column``] of the table of nodes, left-out ones too. unused: columns that nothing reads.
    has_split: the table says who is in which split. bare: nodes that it puts into one and that have no label.
    """

    files: list
    notes: list
    edges: dict
    unlisted: int
    added: int
    times: tuple | None
    labels: Labels
    columns: list
    unused: tuple
    has_split: bool
    bare: int


def read_folder(folder, *, directed=False, schema=None, unlisted="refuse", progress):
    """(``NodeDataset``, ``Found``) of the tables in ``folder``, or of the lone table of edges that it is.

    directed: an edge lets its target aggregate from its source, and not the other way round.
    schema: encode by this schema of another dataset, which also says whether edges are directed. A class or category that it
        does not have then counts as none, labels may be missing, and who has none is in no split.
    unlisted: what becomes of edges to ids that the table of nodes does not list: "refuse", "drop" them, or "keep" such ids as
        nodes without label and features.
    progress: a context manager of ``graphsage.base.progress``.
    Raises DatasetError, one sentence, with file and line where it is about a row.
    """
    edges_table, nodes, is_own = table_in(folder, "edges"), read_nodes(folder, progress), schema is None
    if edges_table is None:
        raise DatasetError(f"{folder} has neither edges.csv nor edges.parquet")
    edges_table = edges_named(edges_table)
    for path in files_named(Path(folder).parent, "nodes") if Path(folder).is_file() else []:
        edges_table.note(f"{path.name} beside it is not read: it goes with a table called edges.csv")
    fits = fitted_columns(nodes, (*LABELS, SPLIT)) if is_own else []
    schema = _own_schema(nodes, fits, directed) if is_own else checked_schema(schema)
    edges = read_edges(edges_table, nodes.ids, nodes.outside, progress, unlisted=unlisted)
    add_nodes(nodes, edges.added)
    num_nodes, schema = len(edges.ids), check_nodes(schema, edges.ids, is_own=is_own)
    graph, counts = graph_of(edges, names_of(edges.ids), directed=schema["directed"])  # before the features take memory too
    edges.source = edges.target = edges.weights = None
    labels = encoded_labels(nodes.table, schema["label"], _label_column(nodes, schema), num_nodes)
    labelled = is_labelled(checked_labels(labels.labels, num_nodes))
    split = nodes.columns.pop(SPLIT, None)
    parts, bare = split_of(nodes.table, split, labelled, strict=is_own)
    features, columns = features_of(nodes, schema, num_nodes)
    left_out = [column for column in fits if column.spec is None]
    notes = {column.name: column.note for column in fits}
    dataset = NodeDataset(
        graph=graph,
        features=features,
        labels=labels.labels,
        **parts,
        class_names=labels.class_names,
        name=(Path(folder).name.partition(".")[0] if Path(folder).is_file() else Path(folder).resolve().name) or None,
        schema=schema,
    )
    return dataset, Found(
        files=files_of(folder),
        notes=edges_table.notes + (nodes.table.notes if nodes.table else []),
        edges=counts,
        unlisted=edges.unlisted,
        added=edges.added,
        times=edges.times,
        labels=labels,
        columns=[replace(column, note=notes.get(column.name, "")) for column in columns] + left_out,
        unused=edges.unused + tuple(name for name in nodes.columns if name not in {column.name for column in left_out}),
        has_split=split is not None,
        bare=bare,
    )


def _own_schema(nodes, columns, directed):
    """The schema that this folder makes."""
    specs = [column.spec for column in columns if column.spec is not None]
    width = 0 if nodes.array is None else nodes.array.shape[1]
    return made_schema(specs, width, fitted_label(nodes.table, nodes.columns), directed)


def _label_column(nodes, schema):
    """The column with the labels that the schema knows; taken out of the others."""
    if schema["label"] is None:
        return None
    return nodes.columns.pop(schema["label"]["column"], None)
