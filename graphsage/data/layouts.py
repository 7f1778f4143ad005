"""The registry of layouts: which files a dataset can consist of, and the module that reads each of them.

A layout called "x" in the module M has two functions there, imported only when they are used:

    holds_x(folder)                              NAME as the folder's files spell it, or None if it holds no such dataset
    fits_x(names)                                where it is one file NAME.npz: whether arrays of these names make it one
    read_x(folder, name, *, class_names=None)    the ``NodeDataset`` of the files called NAME, which is its name then;
                                                 with ``split=0`` as well where the files store several splits,
                                                 ``schema=None, progress=False, tables=None`` where they are tables

A new layout is a new line in ``LAYOUTS``.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from graphsage.data.dataset import DatasetError
from graphsage.data.readers.npz import npz_names
from graphsage.data.tables.table_files import misnamed


@dataclass(frozen=True)
class Layout:
    """One layout. files: how a sentence describes them; several_splits: whether its reader takes ``split``.
    is_tables: whether it takes ``schema``, a ``NodeDataset.schema`` to encode by, ``progress``, and ``tables``, how to read
    columns (``TableConfig``). pattern: of the path of any of its files, with NAME as its group; a file of ``beside`` (with {}
    for NAME) must lie there too. is_npz: its one file is NAME.npz, known by its arrays.
    """

    name: str
    module: str
    files: str
    several_splits: bool = False
    is_tables: bool = False
    pattern: str | None = None
    beside: str = ""
    is_npz: bool = False

    def recognises(self, folder):
        """The NAME of the dataset of this layout that ``folder`` holds, or None."""
        return self._function("holds")(folder)

    def at(self, path):
        """(folder, NAME) of the dataset of this layout that has a file at ``path``, or None."""
        if self.is_npz and path.suffix == ".npz":
            return (path.parent, path.stem) if self._function("fits")(npz_names(path)) else None
        if self.is_tables:
            return self._function("file")(path)
        found = re.fullmatch(self.pattern or "", path.as_posix(), re.DOTALL)
        if found is None or not (path.parent / self.beside.format(found["name"])).exists():
            return None
        return Path(found["folder"]), found["name"]

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

IN_FOLDER = r"(?P<folder>.*)/"

# in the order in which a folder is tried
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("tables", "tables.import_tables", TABLES, several_splits=True, is_tables=True),
        Layout("debian", "readers.debian", "debian.npz", is_npz=True),
        Layout(
            "planetoid", "readers.planetoid", "Planetoid files (ind.NAME.*)",
            pattern=IN_FOLDER + r"ind\.(?P<name>[^/]+)\.(x|y|tx|ty|allx|ally|graph|test\.index)",
        ),
        Layout("graphsage", "readers.saved", "NAME.npz that NodeDataset.save wrote", is_npz=True),
        Layout(
            "cora-linqs", "readers.linqs", "LINQS files (NAME.content, NAME.cites)", several_splits=True,
            pattern=IN_FOLDER + r"(?P<name>[^/]+)\.(content|cites)",
        ),
        Layout(
            "twitch", "readers.twitch", "Twitch files (NAME_edges.csv, NAME_target.csv, NAME.json)", several_splits=True,
            pattern=IN_FOLDER + r"(?P<name>[^/]+)(_edges\.csv|_target\.csv|\.json)", beside="{}_target.csv",
        ),
        Layout(
            "heterophilous", "readers.heterophilous", "NAME.npz with node_features, edges and masks", several_splits=True,
            is_npz=True,
        ),
        Layout(
            "ogb", "readers.ogb", "OGB files (raw/edge.csv.gz, raw/node-label.csv.gz, split/RULE/train.csv.gz, ...)",
            pattern=r"(?P<folder>.*?(?P<name>[^/]+))/raw/(edge|node|num)[^/]*\.csv\.gz",
        ),
        Layout(
            "graphsage-json", "readers.sage_json", "GraphSAGE files (NAME-G.json, NAME-id_map.json, NAME-class_map.json)",
            pattern=IN_FOLDER + r"(?P<name>[^/]+)-(G\.json|id_map\.json|class_map\.json|feats\.npy)", beside="{}-G.json",
        ),
        Layout(
            "csr-npz", "readers.csr_npz", "NAME.npz with adj_data, attr_data, ... and labels", several_splits=True, is_npz=True
        ),
    )
}  # fmt: skip


def layout_of(folder):
    """(``Layout``, NAME) of the dataset that ``folder`` holds; DatasetError if it holds none."""
    found = layout_in(folder)
    if found is None:
        raise DatasetError(f"{folder} holds no dataset: known are {_known()}")
    return found


def layout_in(folder):
    """The same, but None if ``folder`` holds none; DatasetError still for a table whose file has another name."""
    for layout in LAYOUTS.values():
        name = layout.recognises(folder)
        if name:
            return layout, name
    edges = misnamed(folder, "edges")
    if edges:
        raise DatasetError(edges)
    return None


def layout_at(path):
    """(``Layout``, folder, NAME) of the dataset that the file ``path`` is, or is one of the files of."""
    path = Path(path).absolute()
    for layout in sorted(LAYOUTS.values(), key=lambda layout: layout.is_tables):  # any .csv may be a table: that comes last
        found = layout.at(path)
        if found is not None:
            return layout, *found
    arrays = f" (its arrays: {', '.join(npz_names(path))[:200]})" if path.suffix == ".npz" else ""
    raise DatasetError(f"{path} is not a folder, nor a file of a dataset{arrays}: known are {_known()}")


def _known():
    return "; ".join(layout.files for layout in LAYOUTS.values())
