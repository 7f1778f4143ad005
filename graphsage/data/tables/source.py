"""Where tables are from: a folder of them, or a file of another program that a reader turns into them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graphsage.data.errors import told_of
from graphsage.data.tables.dataset_of import dataset_of
from graphsage.data.tables.folder import sized
from graphsage.data.tables.table_files import UNNAMED, pyarrow_needed, table_at, table_of
from graphsage.data.tables.typed_dataset_of import typed_dataset_of
from graphsage.graph.features import as_features


@dataclass(frozen=True, kw_only=True)
class Source:
    """Tables that can be imported.

    place: what the import is kept for, a folder or a file. files(): paths; while these are as they were, an import holds.
    read(**options): (``NodeDataset``, ``Found``), with the options of ``dataset_of`` that say how, or ``TypedDataset`` and
    ``TypedFound``. nodes(): the ``Table`` of nodes, or None; where there are types, nodes(type).
    """

    place: Path
    files: Callable
    read: Callable
    nodes: Callable


def source_of_file(path, name, files, tables):
    """The ``Source`` of the file ``path``, called ``name``. files, tables: give of a path all files, and ``GraphTables``."""

    def opened():
        pyarrow_needed()
        return tables(path)

    def read(**options):
        made, how = opened(), {"name": name, "sources": map(sized, files(path)), **options}
        if isinstance(made.edges, dict):
            return _typed(made, path, how)
        edges, nodes = _table(made.edges, path, "edges"), _table(made.nodes, path, "nodes")
        for note in made.notes:
            edges.note(note)
        with told_of(path):
            array = None if made.array is None else as_features(made.array)
        return dataset_of(edges, nodes, array, array_path=Path("features"), **how)

    def nodes_of(kind=None):
        found = opened().nodes
        return _table(found if kind is None else found.get(kind), path, "nodes")

    return Source(place=path, files=lambda: files(path), read=read, nodes=nodes_of)


def _typed(made, path, how):
    edges = {key: _table(of, path, "-".join(key)) for key, of in made.edges.items()}
    for note in made.notes:
        next(iter(edges.values())).note(note)
    return typed_dataset_of(edges, {kind: _table(of, path, kind) for kind, of in made.nodes.items()}, **how)


def _table(given, path, stem):
    """The ``Table`` of a path or of a pyarrow table; None of nothing."""
    if given is None:
        return None
    return table_at(given, UNNAMED.get(stem, ())) if isinstance(given, Path) else table_of(given, f"{path}: {stem}")
