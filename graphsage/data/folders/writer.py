"""FolderWriter: a dataset folder, written in parts and in bounded memory."""

import json
import os
import re
import shutil
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from graphsage.base.files import folder_written_aside
from graphsage.data.errors import DatasetError

FORM, VERSION, ABOUT = "graphsage dataset folder", 1, "about.json"
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
FINITE = re.compile(r"(features|feature_values)(_[0-9]+)?")  # arrays that finish() looks through for NaN and infinity
BLOCK = 1 << 20  # bytes read at a time


class FolderTaken(DatasetError):
    """Something is where a folder is to be written."""


class FolderWriter:
    """Writes the dataset folder ``path``, which must not be there: whole at the end of ``with``, or not at all.

    Each array becomes NAME.npy. ``finish`` must be called once all arrays are full.

        with FolderWriter("big") as writer:
            indices = writer.array("indices", np.int32, (num_edges,))
            ...
            writer.finish(about)
    """

    def __init__(self, path):
        self.path = Path(path)
        self._open, self._growing, self._is_finished = ExitStack(), [], False

    def __enter__(self):
        if self.path.exists():
            raise FolderTaken(f"{self.path} is there already, and a dataset folder is written anew: delete it or name another")
        self._aside = self._open.enter_context(folder_written_aside(self.path))
        return self

    def __exit__(self, kind, error, trace):
        if error is None and not self._is_finished:
            unfinished = DatasetError(f"{self.path} was not finished, and nothing is kept: call finish(about)")
            self._open.__exit__(type(unfinished), unfinished, None)
            raise unfinished
        return self._open.__exit__(kind, error, trace)

    @property
    def scratch(self):
        """A ``Path``: a folder for temporary files, which ``finish`` deletes."""
        place = self._aside / "scratch"
        place.mkdir(exist_ok=True)
        return place

    def array(self, name, dtype, shape):
        """NAME.npy of this dtype and shape, as a writable ``np.memmap`` of zeros."""
        return npy.open_memmap(self._file(name), "w+", np.dtype(dtype), shape)

    def growing(self, name, dtype, row_shape=()):
        """NAME.npy whose length becomes known at the end: ``append(array)`` adds rows of ``row_shape``."""
        self._growing.append(GrowingArray(self._open.enter_context(open(self._file(name), "xb+")), name, dtype, row_shape))
        return self._growing[-1]

    def put(self, name, array):
        """NAME.npy with the numbers or truth values in ``array``."""
        array = np.ascontiguousarray(array)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name} must hold plain numbers, got {array.dtype}")
        with open(self._file(name), "xb+") as file:  # of a full disk np.save does not tell
            growing = GrowingArray(file, name, array.dtype.newbyteorder("="), array.shape[1:])
            growing.append(array)
            growing.settle()

    def link(self, name, path):
        """NAME.npy as the .npy file at ``path``, which nobody writes to any more; copied where both are not on one disk."""
        try:
            os.link(path, self._file(name))
        except OSError:
            shutil.copyfile(path, self._file(name))

    def finish(self, about, **more):
        """Digest each file, check features to be finite on the way, and write about.json.

        about: what ``npz_form.packed`` (or ``typed_packed``) gives beside the arrays. more: what else about.json says.
        ValueError where a feature is NaN or infinite.
        """
        for growing in self._growing:
            growing.settle()
        shutil.rmtree(self._aside / "scratch", ignore_errors=True)
        arrays = {path.stem: _told(path) for path in sorted(self._aside.glob("*.npy"))}
        record = {"form": FORM, "version": VERSION, **more, "dataset": about, "arrays": arrays}
        (self._aside / ABOUT).write_text(json.dumps(record), encoding="utf-8")
        self._is_finished = True

    def _file(self, name):
        path = self._aside / f"{name}.npy"
        if NAME.fullmatch(name) is None or path.exists():
            raise ValueError(f"an array of a folder has a name of its own, of small letters, digits and _; got {name!r:.80}")
        return path


class GrowingArray:
    """Rows that are appended to a .npy file. numpy leaves room in a header for the length to grow."""

    def __init__(self, file, name, dtype, row_shape):
        self.name, self.dtype, self.row_shape = name, np.dtype(dtype), tuple(row_shape)
        self._file, self._length = file, 0
        self._write_header()

    def __len__(self):
        return self._length

    def append(self, array):
        """Add the rows of ``array``, [n, *row_shape], in order."""
        rows = np.ascontiguousarray(array)
        if rows.shape[1:] != self.row_shape or not np.can_cast(rows.dtype, self.dtype, "same_kind"):
            expected = f"{self.dtype} rows of shape {self.row_shape}"
            raise ValueError(f"{self.name} takes {expected}, got {rows.dtype} {rows.shape}")
        self._file.write(rows.astype(self.dtype, copy=False).data.cast("B") if rows.size else b"")
        self._length += len(rows)

    def settle(self):
        """Write the length that it has now into the header, and close the file."""
        self._write_header()
        self._file.close()

    def _write_header(self):
        shape = (self._length, *self.row_shape)
        header = {"descr": npy.dtype_to_descr(self.dtype), "fortran_order": False, "shape": shape}
        self._file.seek(0)
        npy.write_array_header_1_0(self._file, header)


def _told(path):
    """{"dtype", "shape", "sha256"} of a .npy file, read once; ValueError where it holds features that are not finite."""
    with open(path, "rb") as file:
        npy.read_magic(file)
        shape, _, dtype = npy.read_array_header_1_0(file)
        is_finite = FINITE.fullmatch(path.stem) and dtype.kind == "f"
        start, found = file.tell(), sha256()
        file.seek(0)
        found.update(file.read(start))
        for at, block in enumerate(iter(lambda: file.read(BLOCK), b"")):
            found.update(block)
            if is_finite:
                _check_finite(path.stem, np.frombuffer(block, dtype), at * BLOCK // dtype.itemsize, shape)
    return {"dtype": dtype.str, "shape": list(shape), "sha256": found.hexdigest()}


def _check_finite(name, values, first, shape):
    finite = np.isfinite(values)
    if not finite.all():
        at = int(np.argmin(finite))
        where = ", ".join(map(str, np.unravel_index(first + at, shape)))
        raise ValueError(f"features must be finite, got {name}[{where}] = {values[at]}")
