"""The files of a dataset folder: about.json, and the arrays that it says there are, as memory maps."""

import json
import re
from hashlib import file_digest
from pathlib import Path

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.folders.writer import ABOUT, FORM, VERSION
from graphsage.data.readers.npz import mapped_npy
from graphsage.data.readers.unpickle import read_bytes

MAX_ABOUT = 1 << 28  # bytes; a schema lists the words and categories of tables
STATED = {"dtype": str, "shape": list, "sha256": str}  # what about.json says of an array
#: The dtypes and the number of axes of each array; of a typed dataset's, _0, _1, ... follow.
FORMS = {
    **dict.fromkeys(("indptr", "edge_ids", "train", "val", "test", "starts"), ("<i8", 1)),
    **dict.fromkeys(("node_ids", "node_name_ends", "feature_indptr"), ("<i8", 1)),
    **dict.fromkeys(("indices", "feature_indices"), ("<i4", 1)),
    **dict.fromkeys(("times", "asked_times", "node_times"), ("<i8 <f8", 1)),
    "edge_reversed": ("|b1", 1),
    "weights": ("<f4 <f8", 1),
    "features": ("<f4", 2),
    "feature_values": ("<f4", 1),
    "node_names": ("|u1", 1),
    "labels": ("<i8 |i1 <f4", None),  # the dataset looks at them
}


def json_of(folder):
    """The dict in about.json, of whatever form; DatasetError, one sentence."""
    path = Path(folder) / ABOUT
    try:
        about = json.loads(read_bytes(path, MAX_ABOUT))
    except DatasetError:
        raise
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path} must be JSON: {str(error)[:200]}") from None
    return about if isinstance(about, dict) else {}


def about_of(folder):
    """What about.json in ``folder`` says: "dataset" and "arrays", a dict each, and more.

    DatasetError, one sentence that starts with the file's path, where it is of another form or of a newer version.
    """
    path, about = Path(folder) / ABOUT, json_of(folder)
    if about.get("form") != FORM or type(about.get("version")) is not int:
        raise DatasetError(f"{path} must name the form {FORM!r} and its version")
    if about["version"] != VERSION:
        rule = f"this graphsage reads version {VERSION}: install a newer one"
        raise DatasetError(f"{path} has version {about['version']} of the form, and {rule}")
    if not isinstance(about.get("dataset"), dict) or not _are_arrays(about.get("arrays")):
        raise DatasetError(f"{path} must say what dataset it is, and of each array its dtype, shape and sha256")
    return about


def _are_arrays(arrays):
    return isinstance(arrays, dict) and all(
        isinstance(of, dict) and all(isinstance(of.get(key), kind) for key, kind in STATED.items()) for of in arrays.values()
    )


def mapped_arrays(folder, about):
    """{name: array} of all arrays that about.json lists, as read-only memory maps: nothing is read but their headers.

    DatasetError for a file that is missing, truncated, or of another dtype or shape than about.json says.
    """
    arrays = {}
    for name, stated in about["arrays"].items():
        path = Path(folder) / f"{name}.npy"
        array = arrays[name] = mapped_npy(path, as_stored=True)
        if (array.dtype.str, list(array.shape)) != (stated["dtype"], stated["shape"]):
            rule = f"{stated['dtype'][:9]} {str(stated['shape'])[:80]}, as {ABOUT} says"
            raise DatasetError(f"{path} must be {rule}; it is {array.dtype.str} {list(array.shape)}")
        _check_form(path, array)
    return arrays


def _check_form(path, array):
    """What kernels read must be of the dtype that they take, whatever about.json says."""
    dtypes, ndim = FORMS.get(re.sub("_[0-9]+$", "", path.stem), ("", None))
    if dtypes and (array.dtype.str not in dtypes.split() or ndim not in (None, array.ndim)):
        rule = f"{dtypes.replace(' ', ' or ')} with {ndim or 'some'} axes"
        raise DatasetError(f"{path} must be {rule}, got {array.dtype.str} with {array.ndim}")


def check_sums(folder, about):
    """DatasetError unless every file has the checksum that is stated, if any is: all of these are read through."""
    for name, stated in about["arrays"].items():
        if stated["sha256"] is None:  # features in an import of before
            continue
        path = Path(folder) / f"{name}.npy"
        try:
            with open(path, "rb") as file:
                found = file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from None
        if found != stated["sha256"]:
            raise DatasetError(f"{path}: its checksum is not the one in {ABOUT}: the file is damaged")


def num_bytes(arrays):
    """Bytes of all arrays."""
    return sum(np.asarray(array).nbytes for array in arrays.values())
