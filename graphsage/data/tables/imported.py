"""What was read from a folder of tables, kept in the project's own form: the second start reads no table.

Beside the tables lies a folder ``.graphsage`` (or, where that cannot be made, one in the cache) with a folder NUMBER for an
import: a dataset folder (``graphsage.data.folders.folder_parts``) whose about.json says more:

    sources            [[name, bytes, time of the last change in ns, sum of parts]] of the tables: while these are so, the
                       import holds (imports of before have no sum)
    unlisted           in ``other``, where no schema of its own says it: what became of edges to unlisted ids

Features are left out where they are features.npy (or features.TYPE.npy) as it lies there. Imports of before have a form of
their own, with nothing but the sums of the arrays, and none of features; they are opened as well.

In the folder ``other`` there is the latest import by the schema of another dataset, in the same form: the grown graph that a
trained model is applied to. It never takes the place of the own one.
"""

import os
import shutil
from errno import EEXIST, ENOTEMPTY
from hashlib import sha256
from pathlib import Path

import numpy as np

from graphsage.data.dataset import NodeDataset
from graphsage.data.download import cache_folder
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.folders.folder_parts import is_typed, opened_parts, save_folder
from graphsage.data.folders.opening import about_of, json_of
from graphsage.data.folders.writer import NAME, FolderTaken
from graphsage.data.readers.npz import mapped_npy
from graphsage.data.readers.npz_form import checked_about, packed
from graphsage.data.readers.typed_npz import checked_typed, typed_packed
from graphsage.data.tables.nodes import ARRAY, array_of
from graphsage.data.tables.schema import checked_schema, checked_typed_schema
from graphsage.data.typed_dataset import TypedDataset

BEFORE = "graphsage import"  # the form of imports of before
PLACE, OTHER = ".graphsage", "other"
BLOCK, BLOCKS = 1 << 17, 128  # bytes of a block of a table, and how many are looked at: 16 MiB


def sources_of(files):
    """[[name, bytes, time of the last change in ns, sum of parts]] of the tables."""
    stats = [path.stat() for path in files]
    sums = [_sum_of_parts(path, of.st_size) if path.is_file() else "" for path, of in zip(files, stats)]
    return [[path.name, of.st_size, of.st_mtime_ns, found] for path, of, found in zip(files, stats, sums)]


def is_of(about, files):
    """Whether an import is one of these files as they are now."""
    stored = about.get("sources")
    if not isinstance(stored, list) or len(stored) != len(files) or not all(isinstance(of, list) and of for of in stored):
        return False
    return all(of == now[: len(of)] for of, now in zip(stored, sources_of(files)))


def _sum_of_parts(path, size):
    """Of the whole of a small file; of a large one its two ends and blocks between, so that no start reads more than that.

    It tells files of one size and one time of the last change apart: an unpacked archive and a copy keep the old time.
    """
    found, step = sha256(), max(BLOCK, (size - BLOCK) // (BLOCKS - 1) if size > BLOCK * BLOCKS else BLOCK)
    with open(path, "rb") as file:
        for start in [*range(0, max(size - BLOCK, 0), step), max(size - BLOCK, 0)]:
            file.seek(start)
            found.update(file.read(BLOCK))
    return found.hexdigest()


def places_of(folder, *, is_own=True):
    """Where imports of a folder, by its own schema or another, are kept: there, or else in the cache, under its own path."""
    key = sha256(os.fsencode(Path(folder).resolve())).hexdigest()[:16]
    places = [cache_folder() / "imported" / key]
    if not Path(folder).is_file():  # a lone table has no place of its own
        places.insert(0, Path(folder) / PLACE)
    return places if is_own else [place / OTHER for place in places]


def latest(folder, *, is_own=True):
    """(the folder of the latest import, its about.json), or (None, None). is_own: by the schema that these tables make."""
    for place in places_of(folder, is_own=is_own):
        for entry in sorted(_entries(place), key=lambda path: -int(path.name)):
            about = _about(entry)
            if about is not None:
                return entry, about
    return None, None


def _entries(place):
    try:
        return [path for path in place.iterdir() if path.name.isdecimal() and path.is_dir()]
    except OSError:
        return []


def _about(entry):
    """The checked about.json, or None: then the tables are read again."""
    for read in (about_of, _about_of_before):
        try:
            about = read(entry)
        except DatasetError:
            continue
        return about if isinstance(about["dataset"].get("schema"), dict) else None
    return None


def _about_of_before(entry):
    """What about.json of an import of before says, as it would today: of its arrays, {NAME: sha256 or None}, more is known."""
    about = json_of(entry)
    kinds = type(arrays := about.get("arrays")), type(about.get("dataset"))
    if (about.get("form"), about.get("version"), *kinds) != (BEFORE, 1, dict, dict) or not all(map(NAME.fullmatch, arrays)):
        raise DatasetError(f"{entry} is no import")
    maps = {name: mapped_npy(entry / f"{name}.npy", as_stored=True) for name in arrays}
    forms = {name: {"dtype": of.dtype.str, "shape": list(of.shape), "sha256": arrays[name]} for name, of in maps.items()}
    return {**about, "arrays": forms}


# ---- out


def keep(dataset, folder, sources, *, files=None, is_own=True, unlisted=None):
    """Keep the import of ``folder`` in the first place that can be written to; (its folder or None, [why not elsewhere]).

    files: {array of the dataset: path of a .npy file that has it already}.
    """
    reasons = []
    for place in places_of(folder, is_own=is_own):
        try:
            return _kept(dataset, folder, place, files or {}, {"sources": sources, "unlisted": unlisted}), reasons
        except OSError as error:
            reasons.append(f"{place}: {error.strerror or error}")
    return None, reasons


def _kept(dataset, folder, place, files, found):
    try:
        return _written(dataset, folder, place, files, found)
    except (OSError, FolderTaken) as error:
        if isinstance(error, OSError) and error.errno not in (ENOTEMPTY, EEXIST):
            raise
        return _kept(dataset, folder, place, files, found)  # another import has taken the number meanwhile


def _written(dataset, folder, place, files, found):
    older = _entries(place)
    entry = place / str(1 + max((int(path.name) for path in older), default=0))
    about, arrays = (typed_packed if isinstance(dataset, TypedDataset) else packed)(dataset)
    for name, path in _lying(about, folder).items():
        if name in arrays and _is_source(arrays[name], path):
            del arrays[name]
    save_folder(entry, about, arrays | files, **found)
    for path in older:
        shutil.rmtree(path, ignore_errors=True)  # who has it open goes on reading it
    return entry


def _lying(about, folder):
    """{name of an array: path}: features that are nothing but the file of an array. about: what JSON has of the dataset."""
    if Path(folder).is_file():
        return {}
    typed = is_typed({"dataset": about})
    schemas = about["schema"] if typed else {"": about["schema"]}
    found = {kind: of["array"] and not of["columns"] for kind, of in schemas.items()}
    if not typed:
        return {"features": Path(folder) / ARRAY} if found[""] else {}
    return {f"features_{at}": Path(folder) / array_of(kind) for at, kind in enumerate(about["types"]) if found[kind]}


def _is_source(features, path):
    """Whether that file is what the features are, as it lies there."""
    stored = mapped_npy(path)
    return stored.dtype == np.float32 and stored.flags.c_contiguous and stored.shape == features.shape


# ---- in


def opened(entry, about, folder, *, checked=None):
    """The dataset of an import, in memory where it fits, else mapped. DatasetError if anything is damaged or missing.

    checked: as in ``opened_parts``.
    """
    with told_of(entry):
        arrays, (facts, columns) = about["arrays"], _checked_facts(about)
        if "edge_ids" not in arrays:
            raise DatasetError("edge_ids missing")
        lying = {name: path for name, path in _lying(facts, folder).items() if name not in arrays and columns[name] is None}
        more = {name: mapped_npy(path) for name, path in lying.items()}
        return (TypedDataset if is_typed(about) else NodeDataset)(**opened_parts(entry, about, checked=checked, more=more))


def _checked_facts(about):
    """(what about.json says of the dataset, {array of features: its columns if it is sparse})."""
    if not is_typed(about):
        facts = checked_about(about["dataset"])
        checked_schema(facts["schema"])
        return facts, {"features": facts["num_columns"]}
    facts = checked_typed(about["dataset"])
    checked_typed_schema(facts["schema"])
    if facts["schema"].keys() != {*facts["types"]}:
        raise DatasetError("schema must have each of the types")
    return facts, {f"features_{at}": count for at, count in enumerate(facts["num_columns"])}
