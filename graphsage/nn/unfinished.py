"""A note of how far an inference came: of one model on one graph, beside the files it writes."""

import json
import zlib
from pathlib import Path

import numpy as np
import torch

from graphsage.base.files import written_aside
from graphsage.graph.features import SparseFeatures
from graphsage.graph.typed_graph import TypedGraph

NAME, VERSION = "unfinished.json", 1
WHOLE, PIECES, PIECE = 1 << 26, 1024, 4096  # bytes of a mapped array that are read; of larger ones so many pieces


class Unfinished:
    """stage, rows: what is done: all stages before, and the rows before in it. files: {name: bytes of its array} of the files
    that are read or written from there on. key: dict of plain values, of which inference this is.

    A note of another inference, or whose files are not there, is none: it begins anew.
    """

    def __init__(self, folder, key):
        self.folder, self.key = Path(folder), json.loads(json.dumps(key))
        self.stage, self.rows, self.files = -1, 0, {}
        found = self._read()
        if found is not None and found.get("key") == self.key and found.get("version") == VERSION and self._has(found["files"]):
            self.stage, self.rows, self.files = found["stage"], found["rows"], found["files"]

    def _read(self):
        try:
            found = json.loads((self.folder / NAME).read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else None
        except (OSError, ValueError):
            return None

    def _has(self, files):
        return all((path := self.folder / name).is_file() and path.stat().st_size > size for name, size in files.items())

    def save(self, stage, rows, files):
        """So much is done."""
        note = {"version": VERSION, "key": self.key, "stage": stage, "rows": rows, "files": files}
        with written_aside(self.folder / NAME) as file:
            file.write(json.dumps(note).encode())


def key_of(model, graph, stores, **how):
    """What tells one inference from another: checksums of weights, graph and features, and the settings ``how``.

    Of a mapped file its name, size and time of change, and checksums of pieces, stand for the content.
    """
    of_typed = isinstance(graph, TypedGraph)
    rows, stores = graph.rows if of_typed else graph, stores if of_typed else {"": stores}
    weights = {name: _checksum(_bytes(value)) for name, value in model.state_dict().items()}
    kind = [f"{type(model).__name__} {getattr(model, 'settings', '')}", str(model), torch.__version__]
    features = {name: [array_key(array) for array in _arrays(store.features)] for name, store in stores.items()}
    return {"model": kind, "weights": weights, "graph": [array_key(rows.indptr), array_key(rows.indices)],
            "features": features, "how": {name: str(value) for name, value in how.items()}}  # fmt: skip


def _bytes(tensor):
    return tensor.detach().cpu().contiguous().view(torch.uint8).numpy() if tensor.ndim else np.array(tensor.item())


def _arrays(features):
    if isinstance(features, SparseFeatures):
        return [part for part in (features.indptr, features.indices, features.values) if part is not None]
    return [features]


def array_key(array):
    """A list of plain values that another array would hardly have."""
    path = _file_of(array)
    if path is None or array.nbytes <= WHOLE:
        return [str(array.dtype), list(array.shape), _checksum(array)]
    rows = np.linspace(0, len(array) - 1, PIECES).astype(np.int64)
    seen, state = _checksum(array[rows]), path.stat()
    return [str(array.dtype), list(array.shape), seen, str(path), state.st_size, state.st_mtime_ns]


def _file_of(array):
    """The file that an array is a map of, if that is known."""
    while array is not None:
        name = getattr(array, "filename", None)
        if name is not None:
            return Path(name) if Path(name).is_file() else None
        array = getattr(array, "base", None)
    return None


def _checksum(array):
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
