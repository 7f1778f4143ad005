"""What a dataset folder holds, as the arguments of a dataset: written, opened and checked.

    NAME/about.json        form, version; dataset: what ``npz_form.packed`` has beside the arrays (``typed_npz.typed_packed``
                           of a typed one); arrays: {array: {"dtype", "shape", "sha256"}}
    NAME/ARRAY.npy         the arrays of ``npz_form`` (``typed_npz``)

A folder of 64 MiB or less is read through where it is opened, compared with its checksums and checked as any other file.
Of a larger one headers, sizes and what grows with the nodes are read, neither features nor edges: whoever wrote it is trusted.
``graphsage datasets check`` reads all of it.
"""

from pathlib import Path

from graphsage.data.errors import DatasetError, told_of
from graphsage.data.folders.opening import about_of, check_sums, mapped_arrays, num_bytes
from graphsage.data.folders.writer import FolderWriter
from graphsage.data.readers.npz import in_memory
from graphsage.data.readers.npz_form import ALWAYS, SOMETIMES, check_name, checked_about, unpacked
from graphsage.data.readers.typed_npz import checked_typed, typed_names, typed_unpacked

SMALL = 1 << 26  # bytes of a folder that is checked in whole at each opening: a tenth of a second
IN_ABOUT = {"about", "sha256"}  # of the arrays of an .npz file, what about.json has
KINDS = {False: "NodeDataset", True: "TypedDataset"}


def save_folder(path, about, arrays, **more):
    """Write what ``packed`` (or ``typed_packed``) makes of a dataset to the folder ``path``, which must not be there.

    arrays: {name: array, or the path of the .npy file that it has already}. more: what else about.json says.
    """
    with FolderWriter(path) as writer:
        for name, array in arrays.items():
            (writer.link if isinstance(array, Path) else writer.put)(name, array)
        writer.finish(check_name(about), **more)


def is_typed(about):
    """Is what about.json says that of a typed dataset?"""
    return "types" in about["dataset"]


def load_folder(folder, typed):
    """The arguments of the ``NodeDataset`` (``typed``: ``TypedDataset``) in ``folder``: in memory where it fits, else mapped.

    DatasetError, one sentence that starts with the path, for what is missing, truncated, damaged, of another kind or of a newer
    version.
    """
    with told_of(folder):
        about = about_of(folder)
        if is_typed(about) != typed:
            raise DatasetError(f"it holds a {(kind := KINDS[not typed])}: load_dataset and {kind}.load read it")
        return opened_parts(folder, about)


def opened_parts(folder, about, *, checked=None, more=None):
    """The arguments of the dataset in a folder with this about.json.

    checked: was all of it checked by whoever wrote it? None: what is larger than ``SMALL`` was. more: {name: array} that lie
    elsewhere.
    """
    facts, always, sometimes, unpack = _kind_of(about)
    if "range" in about:
        raise DatasetError(f"it holds the part {str(about['range'])[:80]} of the nodes: a training on shards opens it")
    held = {*about["arrays"], *(more or {})}
    _check_names(held, {*always} - IN_ABOUT, {*always, *sometimes} - IN_ABOUT)
    arrays = mapped_arrays(folder, about) | (more or {})
    checked = num_bytes(arrays) > SMALL if checked is None else checked
    if not checked:
        check_sums(folder, about)
    return unpack(facts, in_memory(arrays), checked=checked)


def _kind_of(about):
    """(what is used of what it says, arrays that must be there, that may, what makes arguments of them)."""
    if is_typed(about):
        facts = checked_typed(about["dataset"])
        return facts, *typed_names(facts), typed_unpacked
    return checked_about(about["dataset"]), ALWAYS, SOMETIMES, unpacked


def _check_names(held, needed, known):
    if missing := sorted(needed - held):
        raise DatasetError(f"{', '.join(missing)} missing: about.json lists {', '.join(sorted(held))[:200]}")
    if unknown := sorted(held - known):
        raise DatasetError(f"it holds arrays that this version does not have: {', '.join(unknown)[:80]}")
