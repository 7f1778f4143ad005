"""Where a layer-by-layer inference keeps what layers make - in memory or in mapped files - and which chunks are left to do."""

import math
import os
import tempfile
import time
from pathlib import Path
from urllib.parse import quote
from weakref import WeakValueDictionary

import numpy as np
import torch

from graphsage.nn.whole_graph import new_rows
from graphsage.tensors.store import FeatureStore

SAVE_SECONDS = 10  # between two notes of what is done: what is redone after a kill at most, beside the pass under way


def name_of(what, kind=None):
    """The name of rows, of a type of nodes where there are several: such as files can have."""
    return what if kind is None else f"{what}-{quote(kind, safe='')}"


class Workspace:
    """In memory: outputs as torch keeps them, on a GPU with room there; every chunk is this process's.

    A stage is a loop over chunks that makes rows: of a layer, of a type in it. ``begin`` gives the chunks that are left,
    ``done`` says that one is made, ``end`` that all are. memory: bytes that passes over mapped rows may take; None: rows are
    read as they lie. ranks: processes that share the chunks of each stage, or None: ``share(n)`` gives this one's range of n
    chunks, ``gather(tensor, first, end)`` hands its rows of the tensor to all, and theirs to it.
    """

    memory = None
    survives = False  # is it gone on with after a kill?

    def __init__(self, device, ranks=None):
        self.device, self.ranks = device, ranks

    def rows(self, name, num_rows, width, out=None):
        """float32 tensor [num_rows, width] to write to: ``out`` if it is an array. ``name`` tells it from others alive."""
        if out is not None:
            return torch.from_numpy(out)
        return self._new(name, num_rows, width)

    def _new(self, name, num_rows, width):
        return new_rows(num_rows, self.device, width)

    def table(self, h):
        """float32 array: the rows of features (a ``FeatureStore``) or of a tensor that passes read in order; None: of none."""

    def begin(self, chunks, told):
        """The chunks (start, stop) of a new stage that are left to do; ``told`` hears of each that is done."""
        self.told, self._whole = told, chunks
        chunks = self._left(chunks)
        told.skip(sum(b - a for a, b in self._whole) - sum(b - a for a, b in chunks))
        return chunks

    def _left(self, chunks):
        if self.ranks is None:
            return chunks
        first, end = self.ranks.share(len(chunks))
        return chunks[first:end]

    def done(self, start, stop):
        """The rows [start, stop) are made."""
        self.told.rows(slice(start, stop))

    def end(self, *made):
        """The stage is over, which wrote to the tensors ``made``."""
        if self.ranks is not None:
            chunks = self._left(self._whole)
            first, end = (chunks[0][0], chunks[-1][1]) if chunks else (0, 0)
            for tensor in made:
                self.ranks.gather(tensor, first, end)

    def let_go(self, *names):
        """Rows that nothing reads any more."""


class FileSpace(Workspace):
    """Outputs in files of a folder without names, which go with the process, however it ends."""

    def __init__(self, device, folder, memory, ranks=None):
        super().__init__(device, ranks)
        self.folder, self.memory, self._arrays = Path(folder), memory, WeakValueDictionary()

    def _new(self, name, num_rows, width):
        with tempfile.TemporaryFile(dir=self.folder) as file:
            return self._tensor(mapped(file, (num_rows, width)))

    def _tensor(self, array):
        """It keeps the array alive, as long as it lives itself."""
        tensor = torch.from_numpy(array)
        self._arrays[tensor.data_ptr()] = array
        return tensor

    def table(self, h):
        if isinstance(h, FeatureStore):
            return h.mapped_rows
        return self._arrays.get(h.data_ptr())


class LastingSpace(FileSpace):
    """Outputs in files with names, and a note of what is done: after a kill the same inference goes on there.

    note: ``Unfinished``, of the folder.
    """

    survives = True

    def __init__(self, device, note, memory):
        super().__init__(device, note.folder, memory)
        self.note, self.stage, self._maps, self._saved_at = note, -1, {}, time.monotonic()

    def _new(self, name, num_rows, width):
        path = self.folder / f"{name}.npy"
        if self.stage + 1 < self.note.stage and path.name not in self.note.files:
            return torch.empty(0, width)  # what it was for is done, and it is gone
        if path.name in self.note.files and num_rows * width:
            array = np.lib.format.open_memmap(path, "r+")
        else:
            with open(path, "w+b") as file:
                array = mapped(file, (num_rows, width), is_npy=True)
        self._maps[path.name] = array
        return self._tensor(array)

    def _left(self, chunks):
        self.stage += 1
        if self.stage != self.note.stage:
            return chunks if self.stage > self.note.stage else []
        return [chunk for chunk in chunks if chunk[1] > self.note.rows]

    def done(self, start, stop):
        super().done(start, stop)
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self._save(stop)

    def end(self, *made):
        self._save(max((stop for _, stop in self._whole), default=0))

    def let_go(self, *names):
        gone = [self.folder / f"{name}.npy" for name in names]
        for path in gone:
            self._maps.pop(path.name, None)
        self._save(max((stop for _, stop in self._whole), default=0))
        for path in gone:
            path.unlink(missing_ok=True)

    def _save(self, rows):
        """The content first: a note that came before it would be believed after a power cut."""
        if (self.stage, rows) < (self.note.stage, self.note.rows):
            return
        for array in self._maps.values():
            array.flush()
        self.note.save(self.stage, rows, {name: array.nbytes for name, array in self._maps.items()})
        self._saved_at = time.monotonic()


def mapped(file, shape, *, is_npy=False):
    """A float32 array of ``shape`` that is the content of an empty binary file, behind the header of a .npy file.

    Its space is taken at once: a disk that fills up under a memory map is a crash, not an error.
    """
    if is_npy:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    start, size = file.tell(), 4 * math.prod(shape)
    file.truncate(start + size)
    if not size:
        return np.empty(shape, np.float32)
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), start, size)
    file.flush()
    return np.memmap(file, "<f4", "r+", offset=start, shape=shape)
