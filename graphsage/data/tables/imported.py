"""What was read from a folder of tables, kept in the project's own form: the second start reads no table.

Beside the tables lies a folder ``.graphsage`` (or, where that cannot be made, one in the cache) with a folder NUMBER for an
import: the arrays of ``graphsage.data.readers.npz_form``, each in a file NAME.npy, and about.json:

    form, version      FORM, VERSION
    sources            [[name, bytes, time of the last change in ns, sum of parts]] of the tables: while these are so, the
                       import holds (imports of before have no sum)
    arrays             {NAME: sha256}; None for features, which are memory-mapped, and not read through at each start
    dataset            what ``npz_form.packed`` has beside the arrays, or ``typed_npz.typed_packed`` of a typed dataset
    unlisted           in ``other``, where no schema of its own says it: what became of edges to unlisted ids

Features are left out where they are features.npy (or features.TYPE.npy) as it lies there. Everything else is read through at a
start and compared with its sum: a quarter of a second for 60 million edges. A folder gets its name when it is whole.

In the folder ``other`` there is the latest import by the schema of another dataset, in the same form: the grown graph that a
trained model is applied to. It never takes the place of the own one.
"""

import json
import os
import re
import shutil
from errno import EEXIST, ENOTEMPTY
from hashlib import file_digest, sha256
from pathlib import Path

import numpy as np

from graphsage.base.files import folder_written_aside
from graphsage.data.dataset import NodeDataset
from graphsage.data.download import cache_folder
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.readers.npz import in_memory, mapped_npy
from graphsage.data.readers.npz_form import ALWAYS, SOMETIMES, checked_about, packed, unpacked
from graphsage.data.readers.typed_npz import checked_typed, typed_names, typed_packed, typed_unpacked
from graphsage.data.tables.nodes import ARRAY, array_of
from graphsage.data.tables.schema import checked_schema, checked_typed_schema
from graphsage.data.typed_dataset import TypedDataset

FORM, VERSION = "graphsage import", 1
PLACE, OTHER, ABOUT = ".graphsage", "other", "about.json"
BLOCK, BLOCKS = 1 << 17, 128  # bytes of a block of a table, and how many are looked at: 16 MiB
MAPPED = re.compile(r"features(_[0-9]+)?")  # arrays of features
IN_ABOUT = {"about", "sha256"}  # of the arrays of a file, what about.json has


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
    try:
        about = json.loads((entry / ABOUT).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(about, dict) or (about.get("form"), about.get("version")) != (FORM, VERSION):
        return None
    arrays, dataset = about.get("arrays"), about.get("dataset")
    fits = isinstance(arrays, dict) and isinstance(dataset, dict) and isinstance(dataset.get("schema"), dict)
    return about if fits and arrays.keys() <= _names(dataset) else None


def _names(dataset):
    """The names that arrays of an import can have."""
    if not _is_typed(dataset):
        return {*ALWAYS, *SOMETIMES} - IN_ABOUT
    try:
        always, sometimes = typed_names(checked_typed(dataset))
    except DatasetError:
        return set()
    return {*always, *sometimes} - IN_ABOUT


def _is_typed(dataset):
    """Is what about.json says of a dataset that of a typed one?"""
    return "types" in dataset


# ---- out


def keep(dataset, folder, sources, *, is_own=True, unlisted=None):
    """Keep the import of ``folder`` in the first place that can be written to; (its folder or None, [why not elsewhere])."""
    reasons = []
    for place in places_of(folder, is_own=is_own):
        try:
            return _kept(dataset, folder, place, {"sources": sources, "unlisted": unlisted}), reasons
        except OSError as error:
            reasons.append(f"{place}: {error.strerror or error}")
    return None, reasons


def _kept(dataset, folder, place, found):
    try:
        return _written(dataset, folder, place, found)
    except OSError as error:
        if error.errno not in (ENOTEMPTY, EEXIST):
            raise
        return _kept(dataset, folder, place, found)  # another import has taken the number meanwhile


def _written(dataset, folder, place, found):
    older = _entries(place)
    entry = place / str(1 + max((int(path.name) for path in older), default=0))
    about, arrays = (typed_packed if isinstance(dataset, TypedDataset) else packed)(dataset)
    for name, path in _lying(about, folder).items():
        if name in arrays and _is_source(arrays[name], path):
            del arrays[name]
    with folder_written_aside(entry) as aside:
        for name, array in arrays.items():
            np.save(aside / f"{name}.npy", array)
        sums = {name: None if MAPPED.fullmatch(name) else _sum(aside / f"{name}.npy") for name in arrays}
        record = {"form": FORM, "version": VERSION, **found, "arrays": sums, "dataset": about}
        (aside / ABOUT).write_text(json.dumps(record), encoding="utf-8")
    for path in older:
        shutil.rmtree(path, ignore_errors=True)  # who has it open goes on reading it
    return entry


def _lying(about, folder):
    """{name of an array: path}: features that are nothing but the file of an array. about: what JSON has of the dataset."""
    if Path(folder).is_file():
        return {}
    schemas = about["schema"] if _is_typed(about) else {"": about["schema"]}
    found = {kind: of["array"] and not of["columns"] for kind, of in schemas.items()}
    if not _is_typed(about):
        return {"features": Path(folder) / ARRAY} if found[""] else {}
    return {f"features_{at}": Path(folder) / array_of(kind) for at, kind in enumerate(about["types"]) if found[kind]}


def _is_source(features, path):
    """Whether that file is what the features are, as it lies there."""
    stored = mapped_npy(path)
    return stored.dtype == np.float32 and stored.flags.c_contiguous and stored.shape == features.shape


def _sum(path):
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


# ---- in


def opened(entry, about, folder):
    """The dataset of an import, in memory where it fits, else mapped. DatasetError if anything is damaged or missing."""
    with told_of(entry):
        arrays = {name: mapped_npy(entry / f"{name}.npy") for name in about["arrays"]}
        for name, stated in about["arrays"].items():
            if not MAPPED.fullmatch(name) and _sum(entry / f"{name}.npy") != stated:
                raise DatasetError(f"the checksum of {name} is not that of its file: it is damaged")
        return (_typed if _is_typed(about["dataset"]) else _untyped)(about["dataset"], arrays, folder)


def _untyped(dataset, arrays, folder):
    facts = checked_about(dataset)
    checked_schema(facts["schema"])
    if facts["num_columns"] is None and "features" not in arrays:
        arrays["features"] = mapped_npy(Path(folder) / ARRAY)
    _refuse_missing({"indptr", "indices", "edge_ids", "labels", "train", "val", "test"} - arrays.keys())
    return NodeDataset(**unpacked(facts, in_memory(arrays)))


def _typed(dataset, arrays, folder):
    facts = checked_typed(dataset)
    checked_typed_schema(facts["schema"])
    if facts["schema"].keys() != {*facts["types"]}:
        raise DatasetError("schema must have each of the types")
    for name, path in _lying(facts, folder).items():
        if facts["num_columns"][int(name.rpartition("_")[2])] is None and name not in arrays:
            arrays[name] = mapped_npy(path)
    _refuse_missing({*typed_names(facts)[0]} - IN_ABOUT - arrays.keys())
    return TypedDataset(**typed_unpacked(facts, in_memory(arrays)))


def _refuse_missing(names):
    if names:
        raise DatasetError(f"{', '.join(sorted(names))} missing")
