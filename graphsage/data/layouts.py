"""The registry of layouts: which files a dataset can consist of, and the module that reads each of them.

A layout called "x" in the module M has two functions there, imported only when they are used:

    holds_x(folder)                              NAME as the folder's files spell it, or None if it holds no such dataset
    read_x(folder, name, *, class_names=None)    the ``NodeDataset`` of the files called NAME, which is its name then;
                                                 with ``split=0`` as well where the files store several splits,
                                                 ``schema=None, progress=False, tables=None`` where they are tables

A new layout is a new line in ``LAYOUTS``.
"""

from dataclasses import dataclass
from importlib import import_module

from graphsage.data.dataset import DatasetError
from graphsage.data.tables.table_files import misnamed


@dataclass(frozen=True)
class Layout:
    """One layout. files: how a sentence describes them; several_splits: whether its reader takes ``split``.
    is_tables: whether it takes ``schema``, a ``NodeDataset.schema`` to encode by, ``progress``, and ``tables``, how to read
    columns (``TableConfig``).
    """

    name: str
    module: str
    files: str
    several_splits: bool = False
    is_tables: bool = False

    def recognises(self, folder):
        """The NAME of the dataset of this layout that ``folder`` holds, or None."""
        return self._function("holds")(folder)

    def read(self, folder, name, *, class_names=None, split=None, schema=None, progress=False, tables=None):
        """The ``NodeDataset`` of the files called ``name`` in ``folder``; ``split`` only where there are several.

        schema and progress are for tables; other files are what they are, and small enough.
        """
        if split is not None and not self.several_splits:
            raise DatasetError(f"{name} has one split: leave split out, got {split!r}")
        options = {"class_names": class_names, "split": split}
        if self.is_tables:
            options |= {"schema": schema, "progress": progress, "tables": tables}
        given = {option: value for option, value in options.items() if value is not None}
        return self._function("read")(folder, name, **given)

    def _function(self, verb):
        return getattr(import_module(f"graphsage.data.{self.module}"), f"{verb}_{self.name.replace('-', '_')}")


TABLES = "tables (edges.csv with source and target, nodes.csv, features.npy)"

# in the order in which a folder is tried
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("tables", "tables.import_tables", TABLES, several_splits=True, is_tables=True),
        Layout("debian", "readers.debian", "debian.npz"),
        Layout("planetoid", "readers.planetoid", "Planetoid files (ind.NAME.*)"),
        Layout("graphsage", "readers.saved", "NAME.npz that NodeDataset.save wrote"),
        Layout("cora-linqs", "readers.linqs", "LINQS files (NAME.content, NAME.cites)", several_splits=True),
        Layout("twitch", "readers.twitch", "Twitch files (NAME_edges.csv, NAME_target.csv, NAME.json)", several_splits=True),
        Layout("heterophilous", "readers.heterophilous", "NAME.npz with node_features, edges and masks", several_splits=True),
        Layout("ogb", "readers.ogb", "OGB files (raw/edge.csv.gz, raw/node-label.csv.gz, split/RULE/train.csv.gz, ...)"),
        Layout("graphsage-json", "readers.sage_json", "GraphSAGE files (NAME-G.json, NAME-id_map.json, NAME-class_map.json)"),
        Layout("csr-npz", "readers.csr_npz", "NAME.npz with adj_data, attr_data, ... and labels", several_splits=True),
    )
}


def layout_of(folder):
    """(``Layout``, NAME) of the dataset that ``folder`` holds; DatasetError if it holds none."""
    for layout in LAYOUTS.values():
        name = layout.recognises(folder)
        if name:
            return layout, name
    edges = misnamed(folder, "edges")
    if edges:
        raise DatasetError(edges)
    known = "; ".join(layout.files for layout in LAYOUTS.values())
    raise DatasetError(f"{folder} holds no dataset: known are {known}")
