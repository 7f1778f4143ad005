"""Room: how much memory an exact inference may take, where its files go, and the ``Workspace`` that follows from both."""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from graphsage.base.checks import TooLarge
from graphsage.base.files import locked
from graphsage.base.told import shown
from graphsage.config.named_values import as_memory
from graphsage.nn.foretold import known_memory, sizes
from graphsage.nn.unfinished import Unfinished
from graphsage.nn.whole_graph import home
from graphsage.nn.workspace import FileSpace, LastingSpace, Workspace

LEAST = 16  # of what a chunk takes passes have a 16th, however little is allowed: row by row they would have no end
IN_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}  # file systems that lie there


@dataclass(frozen=True)
class Room:
    """memory, scratch, resume, ranks: as in ``inference``. log: called with the line that says that files are used."""

    memory: int | str | None = None
    scratch: str | os.PathLike[str] | None = None
    resume: bool = False
    ranks: Any = None
    log: Callable[[str], object] | None = None

    def __post_init__(self):
        if self.memory is not None:
            object.__setattr__(self, "memory", as_memory(self.memory))
        if self.scratch is not None and not Path(self.scratch).is_dir():
            raise ValueError(f"scratch must be a folder that is there, got {shown(str(self.scratch))}")
        if self.resume and (self.scratch is None or self.ranks is not None):
            why = "a folder to go on from: give scratch" if self.scratch is None else "one process: leave out ranks"
            raise ValueError(f"resume=True needs {why}")

    def within(self, name: str) -> "Room":
        """The same with a folder of its own in ``scratch``, where several inferences would otherwise be in each other's way."""
        if not self.resume:
            return self
        folder = Path(self.scratch) / name
        folder.mkdir(exist_ok=True)
        return replace(self, scratch=folder)

    def folder(self) -> Path:
        """Where files go: ``scratch``, else a folder for temporary files that lies on a disk."""
        return Path(self.scratch) if self.scratch is not None else _disk_folder()

    def line(self, need: Any, device: torch.device | None = None) -> str:
        """What is told of an inference with this ``need`` (``Foretold``); "" where it fits. ``TooLarge``: no disk either."""
        if device is not None and device.type == "cuda" and home(device, need.outputs // 8) == device:
            return ""
        found = need.line(known_memory(self.memory), self.folder())
        free = shutil.disk_usage(self.folder()).free if found else 0
        if found and need.outputs > free:
            files = f"takes files of {sizes(need.outputs, free)} are free in {self.folder()}"
            raise TooLarge(f"exact evaluation does not fit memory and {files}: name another folder (--out; in Python scratch)")
        return found

    @contextmanager
    def space(self, need, device, key):
        """The ``Workspace`` of an inference that needs so much. key: function() -> what tells it from others, if it lasts."""
        line = self.line(need, torch.device(device))
        if line and self.log is not None:
            self.log(line)
        memory = max(need.chunk // LEAST, known_memory(self.memory) - need.chunk) if line else None
        if self.resume:
            with locked(self.scratch):
                yield LastingSpace(device, Unfinished(self.scratch, key()), memory)
        else:
            yield self._workspace(device, memory)

    def _workspace(self, device, memory):
        if hasattr(self.ranks, "workspace"):  # tasks that share nothing but a folder
            return self.ranks.workspace(device, memory)
        return Workspace(device, self.ranks) if memory is None else FileSpace(device, self.folder(), memory, self.ranks)


def _disk_folder():
    usual = Path(tempfile.gettempdir())
    return next((path for path in (usual, Path("/var/tmp")) if path.is_dir() and _kind_of(path) not in IN_MEMORY), usual)


def _kind_of(path):
    """The file system of a folder, "" where the system does not say."""
    try:
        lines = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ""
    holding = [(len(place), kind) for place, kind in lines if path.resolve().is_relative_to(place)]
    return max(holding, default=(0, ""))[1]
