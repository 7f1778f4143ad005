"""Checkpoints: a training's whole state in one file that is there as a whole or not at all."""

import os
import platform
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from graphsage.features import SparseFeatures
from graphsage.files import written_aside

KIND, VERSION = "graphsage checkpoint", 1
LATEST = "checkpoint.pt"
SAMPLED_ROWS = 1000  # of the features, in a dataset's identity: they may be larger than the memory


class Checkpoints:
    """``checkpoint.pt`` in ``folder``, and the ``keep`` - 1 before it as ``checkpoint-N.pt``, N updates of the model old."""

    def __init__(self, folder, keep):
        self.folder, self.keep = Path(folder), keep
        self.latest = None  # updates in checkpoint.pt, where this training wrote or read it

    def save(self, state, updates):
        """Write ``state``; the file before it moves aside as a second name first, so that one is there at any moment."""
        path = self.folder / LATEST
        with written_aside(path) as file:
            torch.save({"kind": KIND, "version": VERSION, **state}, file)
            file.flush()
            self._keep_previous(path, updates)
        self.latest = updates
        self._drop_old()

    def _keep_previous(self, path, updates):
        if self.keep == 1 or self.latest in (None, updates) or not path.exists():
            return
        older = _older(self.folder, self.latest)
        older.unlink(missing_ok=True)
        try:
            os.link(path, older)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, older)

    def _drop_old(self):
        for path in older_checkpoints(self.folder)[max(0, self.keep - 1) :]:
            path.unlink(missing_ok=True)


def _older(folder, updates):
    return folder / f"checkpoint-{updates:09d}.pt"


def older_checkpoints(folder):
    """The checkpoints before the latest, newest first."""
    return sorted(Path(folder).glob("checkpoint-*.pt"), reverse=True)


def load_checkpoint(path):
    """The state in a file of ``Checkpoints.save``. ValueError, one sentence; if a good file is beside it, with its name."""
    path = Path(path)
    try:
        return _read(path)
    except ValueError as error:
        raise ValueError(f"{path} {error}{_offer(path)}") from None


def _read(path):
    """The state; ValueError, without the file's name, where it is none. Nothing in it is run: no pickle but of plain values."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise ValueError("is damaged: a checksum in it is wrong")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, IsADirectoryError):
        raise ValueError("is not there") from None
    except (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error, NotImplementedError):
        raise ValueError("is truncated, damaged, or no checkpoint") from None
    except Exception as error:  # torch raises what a pickle leads it to
        if isinstance(error, (ValueError, OSError)):
            raise
        raise ValueError("is no checkpoint of graphsage") from None
    if not isinstance(state, dict) or state.get("kind") != KIND:
        raise ValueError("is no checkpoint of graphsage")
    if state["version"] != VERSION:
        raise ValueError(f"is a checkpoint of version {state['version']}, and this graphsage reads version {VERSION}")
    return state


def _offer(path):
    for other in older_checkpoints(path.parent):
        if other != path and _is_good(other):
            return f"; the one before it is good: go on from there with --resume {other}"
    return ""


def _is_good(path):
    try:
        return bool(_read(path))
    except ValueError:
        return False


# ---- what must be the same for a training to go on


def identity(dataset):
    """Plain numbers that tell ``dataset`` from another: sizes, and checksums of graph, labels, split and some feature rows."""
    graph, features = dataset.graph, dataset.features
    rows = np.unique(np.linspace(0, max(dataset.num_nodes - 1, 0), SAMPLED_ROWS).astype(np.int64))[: dataset.num_nodes]
    if isinstance(features, SparseFeatures):
        some = features.take(rows).to_scipy()
        feature_arrays = [some.indptr, some.indices, some.data]
    else:
        feature_arrays = [features[rows]]
    return {
        "nodes": dataset.num_nodes,
        "edges": graph.num_edges,
        "features": dataset.num_features,
        "graph checksum": _checksum(graph.indptr, graph.indices),
        "labels checksum": _checksum(dataset.labels, dataset.train, dataset.val, dataset.test),
        "features checksum": _checksum(*feature_arrays),
    }


def _checksum(*arrays):
    total = 0
    for array in arrays:
        total = zlib.crc32(np.ascontiguousarray(array).data.cast("B") if array.size else b"", total)
    return total


def machine(device):
    """What a training's last bits depend on beside its settings."""
    return {
        "torch": str(torch.__version__),
        "threads of torch": torch.get_num_threads(),
        "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    }


def differences(then, now):
    """["torch 2.12.0 then, 2.13.0 now", ...] of two dicts of the same keys."""
    return [f"{name} {value} then, {now.get(name)} now" for name, value in then.items() if now.get(name) != value]
