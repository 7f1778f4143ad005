"""What was read from a folder of tables, kept in the project's own form: the second start reads no table.

Beside the tables lies a folder ``.graphsage`` (or, where that cannot be made, one in the cache) with a folder NUMBER for an
import: the arrays of ``graphsage.data.readers.npz_form``, each in a file NAME.npy, and about.json:

    form, version      FORM, VERSION
    sources            [[name, bytes, time of the last change in ns, sum of parts]] of the tables: while these are so, the
                       import holds (imports of before have no sum)
    arrays             {NAME: sha256}; None for features, which are memory-mapped, and not read through at each start
    dataset            what ``npz_form.packed`` has beside the arrays
    unlisted           in ``other``, where no schema of its own says it: what became of edges to unlisted ids

The features are left out where they are features.npy as it lies there. Everything else is read through at a start and compared
with its sum: a quarter of a second for 60 million edges. A folder gets its name when it is whole.

In the folder ``other`` there is the latest import by the schema of another dataset, in the same form: the grown graph that a
trained model is applied to. It never takes the place of the own one.
"""

import json
import os
import shutil
from errno import EEXIST, ENOTEMPTY
from hashlib import file_digest, sha256
from pathlib import Path

import numpy as np

from graphsage.base.files import folder_written_aside
from graphsage.data.dataset import NodeDataset
from graphsage.data.download import cache_folder
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.readers.npz import mapped_npy
from graphsage.data.readers.npz_form import ALWAYS, SOMETIMES, checked_about, packed, unpacked
from graphsage.data.tables.nodes import ARRAY
from graphsage.data.tables.schema import checked_schema

FORM, VERSION = "graphsage import", 1
PLACE, OTHER, ABOUT = ".graphsage", "other", "about.json"
BLOCK, BLOCKS = 1 << 17, 128  # bytes of a block of a table, and how many are looked at: 16 MiB
MAPPED = "features"
NAMES = {*ALWAYS, *SOMETIMES} - {"about", "sha256"}


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
    fits = isinstance(arrays, dict) and arrays.keys() <= NAMES and isinstance(dataset, dict)
    return about if fits and isinstance(dataset.get("schema"), dict) else None


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
    about, arrays = packed(dataset)
    if _is_source(dataset, folder):
        del arrays[MAPPED]
    with folder_written_aside(entry) as aside:
        for name, array in arrays.items():
            np.save(aside / f"{name}.npy", array)
        sums = {name: None if name == MAPPED else _sum(aside / f"{name}.npy") for name in arrays}
        record = {"form": FORM, "version": VERSION, **found, "arrays": sums, "dataset": about}
        (aside / ABOUT).write_text(json.dumps(record), encoding="utf-8")
    for path in older:
        shutil.rmtree(path, ignore_errors=True)  # who has it open goes on reading it
    return entry


def _is_source(dataset, folder):
    """Whether features.npy is what the features are, as it lies there."""
    if dataset.schema["columns"] or not dataset.schema["array"] or Path(folder).is_file():
        return False
    stored = mapped_npy(Path(folder) / ARRAY)
    return stored.dtype == np.float32 and stored.flags.c_contiguous and stored.shape == dataset.features.shape


def _sum(path):
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


# ---- in


def opened(entry, about, folder):
    """The ``NodeDataset`` of an import; its arrays are memory maps. DatasetError if anything is damaged or missing."""
    with told_of(entry):
        arrays = {name: mapped_npy(entry / f"{name}.npy") for name in about["arrays"]}
        for name, stated in about["arrays"].items():
            if name != MAPPED and _sum(entry / f"{name}.npy") != stated:
                raise DatasetError(f"the checksum of {name} is not that of its file: it is damaged")
        facts = checked_about(about["dataset"])
        checked_schema(facts["schema"])
        if facts["num_columns"] is None and MAPPED not in arrays:
            arrays[MAPPED] = mapped_npy(Path(folder) / ARRAY)
        missing = {"indptr", "indices", "edge_ids", "labels", "train", "val", "test"} - arrays.keys()
        if missing:
            raise DatasetError(f"{', '.join(sorted(missing))} missing")
        return NodeDataset(**unpacked(facts, arrays))
