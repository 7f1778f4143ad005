"""A graph of one's own, in tables: edges.csv, and where they are there nodes.csv and features.npy.

    edges.csv or edges.parquet    source, target, and optionally weight (a number >= 0) and time (numbers or dates)
    nodes.csv or nodes.parquet    id, and optionally label (or labels), split, time, and further columns, which become features
    features.npy                  numbers [N, F], rows in the order of the table of nodes; without one, of the ids 0..N-1

Instead of .csv each can be any other text that ``graphsage.data.tables.text_files`` reads, and columns may have the names of
``graphsage.data.tables.column_names``. Nodes without a table are those that the edges name, in rising order, or as many as
features.npy has rows. Edges are undirected unless imported otherwise; repeated ones and self loops are dropped. An edge's id is
its row in the table, from 0: in a CSV file, where no text has a line's end in it, line id + 2. What becomes features is told in
``graphsage.data.tables.columns``, what labels and splits can be in ``graphsage.data.tables.table_labels``, and what times of
nodes are in ``graphsage.data.tables.times_of_nodes``.
"""

from pathlib import Path

from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.readers.npz import mapped_npy
from graphsage.data.tables.dataset_of import dataset_of
from graphsage.data.tables.nodes import ARRAY
from graphsage.data.tables.table_files import files_named, misnamed, table_in
from graphsage.graph.features import as_features


def files_of(folder):
    """The files of tables in ``folder``: paths."""
    array = Path(folder) / ARRAY
    return [*files_named(folder, "edges"), *files_named(folder, "nodes"), *([array] if array.exists() else [])]


def read_folder(folder, *, directed=False, schema=None, unlisted=None, progress, reading=TABLE_DEFAULTS, apart=None):
    """(``NodeDataset``, ``Found``) of the tables in ``folder``, or of the lone table of edges there: see ``dataset_of``."""
    edges, nodes = table_in(folder, "edges"), table_in(folder, "nodes")
    if edges is None:
        raise DatasetError(f"{folder} has neither edges.csv nor edges.parquet")
    _note_others(folder, edges, nodes)
    return dataset_of(
        edges,
        nodes,
        _array(Path(folder) / ARRAY),
        array_path=Path(folder) / ARRAY,
        name=(Path(folder).name.partition(".")[0] if Path(folder).is_file() else Path(folder).resolve().name) or None,
        sources=map(sized, files_of(folder)),
        directed=directed,
        schema=schema,
        unlisted=unlisted,
        progress=progress,
        reading=reading,
        apart=apart,
    )


def _note_others(folder, edges, nodes):
    """Tell of files that may be meant as a table of nodes, and are not read."""
    misread = "" if nodes else misnamed(edges.path.parent, "nodes")
    if misread:
        edges.note(misread)
    for path in sorted(Path(folder).glob("edges.*.*.*.*")) if Path(folder).is_dir() else []:
        edges.note(f"{path.name} is not read, as {edges.path.name} has all edges: a graph has one type, or several")
    for path in files_named(Path(folder).parent, "nodes") if Path(folder).is_file() else []:
        edges.note(f"{path.name} beside it is not read: it goes with a table called edges.csv")


def sized(path):
    """ "edges.csv (1.2 kB)" of a file."""
    size = path.stat().st_size
    return f"{path.name} ({f'{size / 1e6:,.1f} MB' if size >= 1e5 else f'{size / 1e3:.1f} kB'})"


def _array(path):
    """The array of features.npy, float32 [N, F], memory-mapped where it is stored so; None if there is none."""
    if not path.exists():
        return None
    with told_of(path):
        return as_features(mapped_npy(path))
