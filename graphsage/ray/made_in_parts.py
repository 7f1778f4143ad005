"""Exact inference by tasks that share nothing but a folder: of each stage, each of them makes a part of the rows."""

import numpy as np
import torch

from graphsage.base.files import written_aside
from graphsage.nn.workspace import Workspace
from graphsage.trained.tables_out import mapped_rows


class Made(Exception):
    """A part is made, and the rest of the inference is for later tasks. rows: (first, end). shapes: {name: shape} of what the
    parts are of."""

    def __init__(self, rows, shapes):
        self.rows, self.shapes = rows, shapes


class Parts:
    """The ``ranks`` of an inference that makes part ``part`` of ``parts`` of stage ``stage``, and then raises ``Made``.

    Stages are those of ``Workspace``, counted over all inferences that this is given to. Rows of stages before lie in
    ``folder`` (``put_together``); stage None: so do those of all.
    """

    def __init__(self, folder, stage=None, part=0, parts=1):
        self.folder, self.stage, self.part, self.parts = folder, stage, part, parts
        self.reached, self.inferences = -1, 0

    def workspace(self, device, memory):
        """The ``Workspace`` of the next inference."""
        self.inferences += 1
        return PartSpace(device, memory, self, f"{self.inferences}-")

    def share(self, chunks):
        """Those of ``chunks`` that are this part's."""
        count = len(chunks)
        return chunks[count * self.part // self.parts : count * (self.part + 1) // self.parts]


class PartSpace(Workspace):
    """Rows that were put together are maps of their files, copied where they are written to; others are memory, of which only
    the rows of the own part are ever touched."""

    def __init__(self, device, memory, job, prefix):
        super().__init__(device)
        self.memory, self.job, self._prefix, self._kept = memory, job, prefix, {}

    def rows(self, name, num_rows, width, out=None):
        """As in ``Workspace``; ``out`` is filled with what is there."""
        path, shape = _file(self.job.folder, self._prefix + name), (num_rows, width)
        array = np.empty(shape, np.float32) if out is None else out
        if path.exists() and array.size:
            found = np.load(path, mmap_mode="c")
            array = found if out is None else _filled(out, found)
        tensor = torch.from_numpy(array)
        self._kept[tensor.data_ptr()] = (self._prefix + name, array)
        return tensor

    def table(self, h):
        """As in ``Workspace``."""
        return self._kept.get(h.data_ptr(), (None, None))[1] if isinstance(h, torch.Tensor) else h.mapped_rows

    def _left(self, chunks):
        self.job.reached += 1
        return self.job.share(chunks) if self.job.reached == self.job.stage else []

    def end(self, *made):
        """Write the part, where this stage is asked for, and raise ``Made``."""
        if self.job.reached != self.job.stage:
            return
        chunks = self.job.share(self._whole)
        first, end = (chunks[0][0], chunks[-1][1]) if chunks else (0, 0)
        found = dict(self._kept[tensor.data_ptr()] for tensor in made)
        for name, array in found.items() if end > first else ():
            with written_aside(_part(self.job.folder, name, first)) as file:
                np.save(file, array[first:end])
        raise Made((first, end), {name: array.shape for name, array in found.items()})


def put_together(folder, made):
    """Make rows that later stages read of the parts of a stage, a list of ``Made``, and take these away."""
    for name, shape in made[0].shapes.items():
        ranges = sorted(of.rows for of in made if of.rows[1] > of.rows[0])
        if [first for first, _ in ranges] + [shape[0]] != [0, *(end for _, end in ranges)]:
            raise RuntimeError(f"the parts of {name} in {folder} are not all of its {shape[0]} rows, but {ranges}")
        with mapped_rows(_file(folder, name), shape) as rows:
            for first, end in ranges:
                rows[first:end] = np.load(_part(folder, name, first), mmap_mode="r")
        for first, _ in ranges:
            _part(folder, name, first).unlink()


def _file(folder, name):
    return folder / f"{name}.npy"


def _part(folder, name, first):
    return folder / f"{name}.from-{first}.npy"


def _filled(out, found):
    out[:] = found
    return out
