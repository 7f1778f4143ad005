"""A typed graph of one's own, in a folder of tables.

    edges.SOURCE.RELATION.TARGET.csv    edges of a relation; source and target are ids of the types SOURCE and TARGET
    nodes.TYPE.csv                      nodes of a type, optional
    features.TYPE.npy                   numbers [N, F], rows in the order of the table of nodes, optional

Each is read as the file of one type is (``graphsage.data.tables.folder``), and can be a file of any kind that one can be.
"""

from pathlib import Path

from graphsage.data.errors import DatasetError, told_of
from graphsage.data.readers.npz import mapped_npy
from graphsage.data.tables.folder import sized
from graphsage.data.tables.nodes import ARRAY
from graphsage.data.tables.table_files import ENDS, UNNAMED, files_named, table_at
from graphsage.data.tables.typed_dataset_of import typed_dataset_of
from graphsage.graph.features import as_features

STEM, NPY = Path(ARRAY).stem, Path(ARRAY).suffix
LENGTHS = {"edges": 4, "nodes": 2, STEM: 2}
FORMS = {"edges": "edges.SOURCE.RELATION.TARGET.csv", "nodes": "nodes.TYPE.csv", STEM: f"{STEM}.TYPE{NPY}"}


def is_typed_folder(folder):
    """Does a folder hold tables of several types, and no edges.csv?"""
    folder = Path(folder)
    if not folder.is_dir() or files_named(folder, "edges"):
        return False
    stems = [words for words, _ in _named(folder)]
    has_edges, has_nodes = (any(_fits(words, stem) for words in stems) for stem in ("edges", "nodes"))
    return has_edges or has_nodes and any(words[0].lower() == "edges" for words in stems)


def typed_files(folder):
    """{"edges": {relation: path}, "nodes": {type: path}, "features": {type: path}}; DatasetError about any other such file."""
    found = {stem: {} for stem in LENGTHS}
    for words, path in _named(Path(folder)):
        stem = next((stem for stem in LENGTHS if _fits(words, stem)), None)
        if stem is None:
            form = FORMS.get(words[0].lower())
            raise DatasetError(f"{path} is no table of a typed graph: its name must be {form} (a type has no dot in it)")
        key = tuple(words[1:]) if stem == "edges" else words[1]
        if key in found[stem]:
            raise DatasetError(f"{folder} holds {found[stem][key].name} and {path.name}: keep one of them")
        found[stem][key] = path
    return found


def typed_files_of(folder):
    """All of them: paths."""
    return [path for of in typed_files(folder).values() for path in of.values()]


def read_typed_folder(folder, **options):
    """(``TypedDataset``, ``TypedFound``) of the tables in ``folder``: see ``typed_dataset_of``."""
    files = typed_files(folder)
    return typed_dataset_of(
        {key: table_at(path, UNNAMED["edges"]) for key, path in files["edges"].items()},
        {kind: table_at(path) for kind, path in files["nodes"].items()},
        {kind: _array(path) for kind, path in files[STEM].items()},
        name=Path(folder).resolve().name or None,
        sources=map(sized, typed_files_of(folder)),
        **options,
    )


def typed_nodes(folder, kind):
    """The ``Table`` of nodes of a type, or None."""
    path = typed_files(folder)["nodes"].get(kind)
    return None if path is None else table_at(path)


def _named(folder):
    """[(the words between the dots of its name, path)] of each file that is called as a table of a graph is."""
    found = [(_words(path.name), path) for path in sorted(folder.iterdir())]
    return [(words, path) for words, path in found if words and words[0].lower() in LENGTHS and path.is_file()]


def _words(name):
    """The words between the dots of the name of a table or an array, without its end; None of another file."""
    stem, _, end = name.rpartition(".")
    if f".{end}" == NPY:
        return stem.split(".") if stem.lower().startswith(STEM) else None
    end = max((end for end in ENDS if name.endswith(end)), key=len, default=None)
    words = None if end is None else name.removesuffix(end).split(".")
    return None if words and words[0].lower() == STEM else words


def _fits(words, stem):
    return words[0] == stem and len(words) == LENGTHS[stem]


def _array(path):
    with told_of(path):
        return as_features(mapped_npy(path))
