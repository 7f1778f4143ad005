"""The registry of layouts: which files a dataset can consist of, and the module that reads each of them.

A layout called "x" in the module M has two functions there (or three), imported only when they are used:

    holds_x(folder)                              NAME as the folder's files spell it, or None if it holds no such dataset
    fits_x(names)                                where it is one file NAME.npz: whether arrays of these names make it one
    read_x(folder, name, *, class_names=None)    the ``NodeDataset`` or ``TypedDataset`` of the files called NAME, which is
                                                 its name then;
                                                 with ``split=0`` as well where the files store several splits,
                                                 ``schema=None, progress=False, tables=None`` where they are tables

One that is told by a file of it has these in place of them, and is read as tables are:

    fits_x(path)                                 whether the file is one, by its name and its first lines
    files_x(path)                                all files that go with it, where there are several
    tables_x(path)                               the ``GraphTables`` of it

A new layout is a new line in ``LAYOUTS``.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from graphsage.data.dataset import DatasetError
from graphsage.data.errors import one_of_several
from graphsage.data.readers.npz import npz_names
from graphsage.data.tables.table_files import files_named, misnamed


@dataclass(frozen=True)
class Layout:
    """One layout. files: how a sentence describes them; several_splits: whether its reader takes ``split``.
    is_tables: whether it takes ``schema``, a ``NodeDataset.schema`` to encode by, ``progress``, and ``tables``, how to read
    columns (``TableConfig``). pattern: of the path of any of its files, with NAME as its group; the files ``beside`` (with {}
    for NAME) must lie there too. is_npz: its one file is NAME.npz, known by its arrays. is_file: NAME is that of a file which
    tells the layout, and which becomes tables. has_others: other files go with that. is_whole_folder: the dataset is called as
    the folder is, else as the file without ``suffix``.
    """

    name: str
    module: str
    files: str
    several_splits: bool = False
    is_tables: bool = False
    pattern: str | None = None
    beside: tuple = ()
    is_npz: bool = False
    is_file: bool = False
    has_others: bool = False
    is_whole_folder: bool = False
    suffix: str = ""

    def recognises(self, folder):
        """The NAME of the dataset of this layout that ``folder`` holds, or None."""
        return one_of_several(folder, self.files_in(folder)) if self.is_file else self._function("holds")(folder)

    def files_in(self, folder):
        """The names of the files in ``folder`` that tell this layout."""
        fits = self._function("fits")
        return [path.name for path in sorted(Path(folder).iterdir()) if path.is_file() and fits(path)]

    def source(self, folder, name):
        """The tables that there are at ``folder``: a path, or a ``Source``. DatasetError where this is no layout of tables."""
        if self.is_tables:
            return folder
        if not self.is_file:
            found = f"it holds {self.files}, which need no import"
            raise DatasetError(f"{folder} is no folder with edges.csv or edges.parquet; {found}")
        if not (path := Path(folder) / name).is_file():
            raise DatasetError(f"{path}: there is no such file")
        source_of_file = import_module("graphsage.data.tables.source").source_of_file
        return source_of_file(path, self.title(path), self._files_of, self._function("tables"))

    def title(self, path):
        """What a dataset is called that the file ``path`` tells."""
        stem = path.name.partition(".")[0] or path.name
        return path.absolute().parent.name or stem if self.is_whole_folder else stem.removesuffix(self.suffix) or stem

    def _files_of(self, path):
        return self._function("files")(path) if self.has_others else [path]

    def at(self, path):
        """(folder, NAME) of the dataset of this layout that has a file at ``path``, or None."""
        if self.is_npz and path.suffix == ".npz":
            return (path.parent, path.stem) if self._function("fits")(npz_names(path)) else None
        if self.is_tables:
            return self._function("file")(path)
        if self.is_file:
            return self._of_file(path)
        found = re.fullmatch(self.pattern or "", path.as_posix(), re.DOTALL)
        if found is None or not all((path.parent / name.format(found["name"])).exists() for name in self.beside):
            return None
        return Path(found["folder"]), found["name"]

    def read(self, folder, name, *, class_names=None, split=None, schema=None, progress=False, tables=None):
        """The ``NodeDataset`` of the files called ``name`` in ``folder``; ``split`` only where there are several.

        schema and progress are for tables; other files are what they are, and small enough.
        """
        if split is not None and not self.several_splits:
            raise DatasetError(f"{name} has one split: leave split out, got {split!r}")
        options = {"class_names": class_names, "split": split}
        if self.is_tables or self.is_file:
            options |= {"schema": schema, "progress": progress, "tables": tables}
        given = {option: value for option, value in options.items() if value is not None}
        if self.is_file:
            return LAYOUTS["tables"].read(self.source(folder, name), self.title(Path(folder) / name), **given)
        return self._function("read")(folder, name, **given)

    def _of_file(self, path):
        """(folder, NAME) of the file that tells this layout, or of another file that goes with one there."""
        if self._function("fits")(path):
            return path.parent, path.name
        beside = self.files_in(path.parent) if self.has_others else []
        found = next((name for name in beside if path in self._files_of(path.parent / name)), None)
        return None if found is None else (path.parent, found)

    def _function(self, verb):
        module = self.module if self.module.startswith("graphsage.") else f"graphsage.data.{self.module}"
        return getattr(import_module(module), f"{verb}_{self.name.replace('-', '_')}")


def _of_file(name, module, files, **options):
    return Layout(name, module, files, several_splits=True, is_file=True, **options)


EDGE_LIST = "edge-list"  # any table may look like one: it is asked last
TABLES = "tables (edges.csv with source and target, nodes.csv, features.npy; edges.A.RELATION.B.csv)"

IN_FOLDER = r"(?P<folder>.*)/"
IN_NAMED = r"(?P<folder>.*?(?P<name>[^/]+))/"  # the dataset is called as the folder is

# in the order in which a folder is tried
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("tables", "tables.import_tables", TABLES, several_splits=True, is_tables=True),
        Layout(
            "dataset-folder", "folders.dataset_folder", "folders with about.json",
            pattern=IN_NAMED + r"about\.json",
        ),
        Layout("shards", "graphsage.shards.shards_layout", "shards (shard-0-of-2, ...)"),  # there, as torch asks
        Layout("debian", "readers.debian", "debian.npz", is_npz=True),
        Layout(
            "planetoid", "readers.planetoid", "Planetoid files (ind.NAME.*)",
            pattern=IN_FOLDER + r"ind\.(?P<name>[^/]+)\.(x|y|tx|ty|allx|ally|graph|test\.index)",
        ),
        Layout(
            "heco", "readers.heco", "HeCo's files (XY.txt, labels.npy)",
            several_splits=True, beside=("labels.npy",), pattern=IN_NAMED
            + r"([a-z][a-z]\.txt|[a-z]_feat\.npz|labels\.npy|(train|val|test)_[0-9]+\.npy)",
        ),
        Layout("debian-typed", "readers.debian_typed", "debian-typed.npz", is_npz=True),
        Layout("graphsage", "readers.saved", "NAME.npz that NodeDataset.save wrote", is_npz=True),
        Layout(
            "cora-linqs", "readers.linqs", "LINQS files (NAME.content, NAME.cites)", several_splits=True,
            pattern=IN_FOLDER + r"(?P<name>[^/]+)\.(content|cites)",
        ),
        Layout(
            "twitch", "readers.twitch", "Twitch files (NAME_edges.csv, NAME_target.csv, ...)", several_splits=True,
            pattern=IN_FOLDER + r"(?P<name>[^/]+)(_edges\.csv|_target\.csv|\.json)", beside=("{}_target.csv", "{}.json"),
        ),
        Layout(
            "heterophilous", "readers.heterophilous", "NAME.npz with node_features, edges and masks", several_splits=True,
            is_npz=True,
        ),
        Layout(
            "ogb", "readers.ogb", "OGB files (raw/*.csv.gz, ...)",
            pattern=IN_NAMED + r"raw/((edge|node|num)[^/]*\.csv\.gz|(node-feat|node-label|relations)/[^/]+/[^/]+\.csv\.gz)",
        ),
        Layout(
            "graphsage-json", "readers.sage_json", "GraphSAGE files (NAME-G.json, ...)",
            pattern=IN_FOLDER + r"(?P<name>[^/]+)-(G\.json|id_map\.json|class_map\.json|feats\.npy)", beside=("{}-G.json",),
        ),
        Layout(
            "csr-npz", "readers.csr_npz", "NAME.npz with adj_data, attr_data, ... and labels", several_splits=True, is_npz=True
        ),
        _of_file("musae", "readers.musae", "NAME_edges.csv, NAME_target.csv, NAME_features.json", has_others=True,
                 suffix="_edges"),
        _of_file("geom-gcn", "readers.geom_gcn", "out1_graph_edges.txt, ...", has_others=True,
                 is_whole_folder=True),
        _of_file("dgl-csv", "readers.dgl_csv", "meta.yaml of DGL's CSVDataset", has_others=True, is_whole_folder=True),
        _of_file("neo4j", "readers.neo4j_csv", "Neo4j's import files (:ID; :START_ID, :END_ID)", has_others=True,
                 is_whole_folder=True),
        _of_file("graphml", "readers.networkx_files", "NAME.graphml"),
        _of_file("gexf", "readers.networkx_files", "NAME.gexf"),
        _of_file("gml", "readers.networkx_files", "NAME.gml"),
        _of_file("pajek", "readers.pajek", "Pajek's NAME.net (and NAME.clu)", has_others=True),
        _of_file("node-link", "readers.node_link", "node-link NAME.json"),
        _of_file("matrix-market", "readers.matrices", "NAME.mtx"),
        _of_file("matlab", "readers.matrices", "NAME.mat"),
        _of_file("pyg", "graphsage.interop.pyg_files", "NAME.pt of PyTorch Geometric"),  # there, as torch reads it
        _of_file("edge-attributes", "readers.networkx_files", "edge lists of networkx (0 1 {'weight': 2})"),
        _of_file(EDGE_LIST, "readers.edge_lists", "NAME.txt or .csv with an edge a line (SNAP, KONECT)"),
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
        if not layout.is_file and (name := layout.recognises(folder)):
            return layout, name
    edges, has_nodes = misnamed(folder, "edges"), bool(files_named(folder, "nodes"))
    found = _files_in(folder, [layout for layout in LAYOUTS.values() if layout.is_file and layout.name != EDGE_LIST])
    found = found or ([] if edges and has_nodes else _files_in(folder, [LAYOUTS[EDGE_LIST]]))
    if len(found) > 1 and found[0][0].name == EDGE_LIST:
        names = ", ".join(name for _, name in found)
        rule = "name one of them, or write the edges of one graph into one file (of several types: edges.A.RELATION.B.csv)"
        raise DatasetError(f"{folder} holds several tables of edges ({names[:200]}): {rule}")
    name = one_of_several(folder, [name for _, name in found])
    if has_nodes and found and found[0][0].name == EDGE_LIST:
        raise DatasetError(f"{folder} holds a table of nodes, and no edges.csv: are the edges in {name}? Name it edges.csv")
    if name is None and edges:
        raise DatasetError(edges)
    return found[0] if found else None


def _files_in(folder, layouts):
    """[(layout, the name of a file that tells it)], each file once."""
    found = {}
    for layout in layouts:
        for name in layout.files_in(folder):
            found.setdefault(name, layout)
    return [(layout, name) for name, layout in found.items()]


def layout_at(path):
    """(``Layout``, folder, NAME) of the dataset that the file ``path`` is, or is one of the files of."""
    path = Path(path).absolute()
    for layout in sorted(LAYOUTS.values(), key=_rank_of_file):
        found = layout.at(path)
        if found is not None:
            return layout, *found
    arrays = f" (its arrays: {', '.join(npz_names(path))[:200]})" if path.suffix == ".npz" else ""
    raise DatasetError(f"{path} is not a folder, nor a file of a dataset{arrays}: known are {_known()}")


def tables_at(path):
    """The tables at a path, as an import takes them: a folder of them, a lone table of edges, or a ``Source`` of other files.

    DatasetError where there are none: what else there may be needs no import.
    """
    path = Path(path)
    if path.is_dir() and (found := layout_in(path)):
        return found[0].source(path, found[1])
    if not path.is_file():
        raise DatasetError(f"{path} is no folder with edges.csv or edges.parquet")
    layout, folder, name = layout_at(path)
    return layout.source(folder, name)


def _rank_of_file(layout):
    """What is told by its name comes first. Any .csv may be a table, which comes late; as a list of edges that has a name of
    its own only where it is none."""
    return layout.is_tables + 2 * (layout.name == EDGE_LIST) - (layout.pattern is not None)


def _known():
    return "; ".join(layout.files for layout in LAYOUTS.values())
