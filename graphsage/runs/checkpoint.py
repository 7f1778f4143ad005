"""Checkpoints: a training's whole state in one file that is there as a whole or not at all."""

import io
import os
import platform
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from graphsage.base.files import written_aside
from graphsage.config.run_files import LATEST
from graphsage.data.dataset import NodeDataset
from graphsage.data.split import SPLITS
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.graph.features import SparseFeatures
from graphsage.training.until import rows_of

KIND, VERSION = "graphsage checkpoint", 1
SAMPLED_ROWS = 1000  # of the features, in a dataset's identity: they may be larger than the memory
READ_WHOLE = 1 << 28  # bytes of an array up to which all of it is in there, which takes a quarter of a second
PART, PARTS = 1 << 16, 64  # bytes of a part of a larger one, and how many are: a disk may read megabytes around each


class Checkpoints:
    """``checkpoint.pt`` in ``folder``, and the ``keep`` - 1 before it as ``checkpoint-N.pt``, N updates of the model old."""

    def __init__(self, folder, keep):
        self.folder, self.keep = Path(folder), keep
        self.latest = None  # updates in checkpoint.pt, where this training wrote or read it

    def save(self, state, updates):
        """Write ``state``; the file before it moves aside as a second name first, so that one is there at any moment."""
        path, content = self.folder / LATEST, io.BytesIO()  # not straight to the file: a full disk is then no OSError
        torch.save({"kind": KIND, "version": VERSION, **state}, content)
        with written_aside(path) as file:
            file.write(content.getbuffer())
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
            _copy(path, older)

    def go_on_from(self, path, updates):
        """``path`` (of this folder or another) is the latest now: what came after it is being done again."""
        latest = self.folder / LATEST
        if not (latest.exists() and path.samefile(latest)):
            _copy(path, latest)
        for newer in older_checkpoints(self.folder):  # its metrics are gone: who went on from it would leave a gap there
            if newer > _older(self.folder, updates):
                newer.unlink(missing_ok=True)
        self.latest = updates

    def _drop_old(self):
        for path in older_checkpoints(self.folder)[max(0, self.keep - 1) :]:
            path.unlink(missing_ok=True)


def _copy(path, to):
    with open(path, "rb") as source, written_aside(to) as file:
        shutil.copyfileobj(source, file)


def _older(folder, updates):
    return folder / f"checkpoint-{updates:09d}.pt"


def older_checkpoints(folder):
    """The checkpoints before the latest, newest first; a copy under another name is the user's."""
    return sorted(Path(folder).glob(f"checkpoint-{9 * '[0-9]'}.pt"), reverse=True)


class CheckpointError(ValueError):
    """A checkpoint that cannot be gone on from, in one sentence."""


def load_checkpoint(path):
    """The state in a file of ``Checkpoints.save``. ``CheckpointError``; if a good file is beside it, with its name."""
    path = Path(path)
    try:
        return _read(path)
    except CheckpointError as error:
        raise CheckpointError(f"{path} {error}{_offer(path)}") from None


def _read(path):
    """The state; ``CheckpointError``, without the file's name, where it is none. Nothing is unpickled but plain values."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot be read ({error.strerror or error})") from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            damaged = archive.testzip()
    except Exception:  # zipfile raises what a damaged header leads it to
        damaged = True
    if damaged:
        raise CheckpointError("is truncated, damaged, or no checkpoint")
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # and torch what a pickle leads it to
        state = None
    if not isinstance(state, dict) or state.get("kind") != KIND:
        raise CheckpointError("is no checkpoint of graphsage")
    if state.get("version") != VERSION:
        raise CheckpointError(f"is a checkpoint of version {state.get('version')}, and this graphsage reads version {VERSION}")
    return state


def _offer(path):
    for other in older_checkpoints(path.parent):
        if other != path and _is_good(other):
            return f"; the one before it is good: go on from there with --resume {other}"
    return ""


def _is_good(path):
    try:
        return bool(_read(path))
    except CheckpointError:
        return False


# ---- what must be the same for a training to go on


def identity(dataset):
    """Plain numbers that tell ``dataset`` from another: sizes, and checksums of graph, labels or links, split and features.

    Of features that may not fit memory some rows only, of other arrays some parts. Of a ``TypedDataset`` sizes and features are
    {type or relation: such}.
    """
    if isinstance(dataset, (TypedDataset, TypedLinkDataset)):
        return _typed_identity(dataset)
    return {
        "nodes": dataset.num_nodes,
        "edges": dataset.graph.num_edges,
        "features": dataset.num_features,
        "split": _sizes(dataset),
        **_of_graph(dataset.graph),
        **_asked(dataset),
        **_of_features(dataset.features),
    }


def _typed_identity(dataset):
    features = {kind: _of_features(of) for kind, of in dataset.features.items()}
    of_labels = isinstance(dataset, TypedDataset)
    node_times = {kind: _checksum(times) for kind, times in (of_labels and dataset.node_times or {}).items()}
    return {
        "nodes": dict(dataset.num_nodes),
        "edges": {",".join(name): count for name, count in dataset.graph.num_edges.items()},
        "features": dict(dataset.num_features),
        "split": _sizes(dataset),
        **_of_graph(dataset.graph.rows),
        **_asked(dataset.targets if of_labels else dataset),
        "node times checksum": node_times or None,
        **{name: {kind: of[name] for kind, of in features.items()} for name in ("features checksum", "all features checksum")},
    }


def _of_features(features):
    num_nodes = features.shape[0]
    rows = np.unique(np.linspace(0, max(num_nodes - 1, 0), SAMPLED_ROWS).astype(np.int64))[:num_nodes]
    is_small = getattr(features, "nbytes", 0) <= READ_WHOLE  # else not even looked at: it may be with other processes
    all_arrays = _feature_arrays(features) if is_small else []
    is_small = is_small and sum(array.nbytes for array in all_arrays) <= READ_WHOLE
    return {
        "features checksum": _checksum(*_feature_arrays(_rows_of(features, rows))),
        "all features checksum": _checksum(*all_arrays) if is_small else None,
    }


def _sizes(dataset):
    return f"{len(dataset.train)} / {len(dataset.val)} / {len(dataset.test)}"


def _of_graph(graph):
    if hasattr(graph, "checksum"):  # in shards
        own = {"weights checksum": graph.weights, "times checksum": graph.times}
        own = {name: None if of is None else graph.checksum([name.split()[0]]) for name, of in own.items()}
        return {"graph checksum": graph.checksum(["indptr", "indices"]), **own}
    return {
        "graph checksum": _checksum(graph.indptr, graph.indices),
        "weights checksum": None if graph.weights is None else _checksum(graph.weights),
        "times checksum": None if graph.times is None else _checksum(graph.times),
    }


def _asked(dataset):
    """What the parts are asked about: labels of nodes, or links."""
    parts = [getattr(dataset, split) for split in SPLITS]
    if isinstance(dataset, NodeDataset):
        times = {"asked times checksum": dataset.times, "node times checksum": dataset.node_times}
        own = {name: None if of is None else _checksum(of) for name, of in times.items()}
        return {"labels checksum": _checksum(dataset.labels, *parts), **own}
    times = [part.time for part in parts if part.time is not None]
    rows = rows_of(dataset.known)
    known = (rows.indptr, rows.indices)
    return {"links checksum": _checksum(*(part.seeds for part in parts), *times), "known checksum": _checksum(*known)}


def _rows_of(features, rows):
    return features.take(rows) if isinstance(features, SparseFeatures) else features[rows]


def _feature_arrays(features):
    if isinstance(features, SparseFeatures):
        found = features.to_scipy()
        return [found.indptr, found.indices, found.data]
    return [features]


def _checksum(*arrays):
    """Of all bytes: a number; of parts of what may not fit the memory, its two ends and blocks between: a text."""
    total, is_whole = 0, all(array.nbytes <= READ_WHOLE for array in arrays)
    for array in arrays:
        for part in [array] if array.nbytes <= READ_WHOLE else _parts_of(array):
            total = zlib.crc32(np.ascontiguousarray(part).data.cast("B") if part.size else b"", total)
    return total if is_whole else f"{total} of parts"


def _parts_of(array):
    flat = array.reshape(-1)
    size = PART // array.itemsize
    return [flat[start : start + size] for start in np.linspace(0, len(flat) - size, PARTS).astype(np.int64)]


def machine(device):
    """What a training's last bits depend on beside its settings."""
    return {
        "torch": str(torch.__version__),
        "threads of torch": torch.get_num_threads(),
        "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
    }


def differences_of_data(then, now):
    """``differences`` of two identities. Files of before have checksums of all where there is one of parts now."""
    kinds = {name: {type(value), type(now.get(name))} for name, value in then.items()}
    return differences({name: value for name, value in then.items() if kinds[name] != {int, str}}, now)


def differences(then, now):
    """["torch 2.12.0 then, 2.13.0 now", ...] of two dicts of the same keys."""
    return [f"{name} {value} then, {now.get(name)} now" for name, value in then.items() if now.get(name) != value]
