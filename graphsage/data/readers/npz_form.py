"""The project's own file of a dataset: an .npz without pickle, with a version and a checksum.

A zip of uncompressed ``.npy`` arrays (N nodes, E edges, F features, C classes, T targets):

    about                                     uint8, JSON: form, version, name, class_names, num_columns, graph_has_ids,
                                              schema, notes
    sha256                                    uint8[32], of all other arrays: see ``_digest``
    indptr, indices                           int64[N + 1], int32[E]: the graph's rows
    edge_ids, edge_reversed, weights, times   int64[E], bool[E], float32[E] or float64[E], int64[E] or float64[E]; each only
                                              where the graph has it
    features                                  float32[N, F] if they are dense, else:
    feature_indptr, feature_indices           int64[N + 1], int32[nnz]; ``num_columns`` is F then
    feature_values                            float32[nnz], left out where all are 1
    labels                                    int64[N], int8[N, C] or float32[N, T]: the dtype names the task
    train, val, test                          int64
    asked_times, node_times                   int64[N] or float64[N]: ``times`` and ``node_times``, where there are some
    node_ids                                  int64[N]; or, where the nodes are called by texts:
    node_names, node_name_ends                uint8, all names in UTF-8, one after another; int64[N + 1], where they end
"""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np

from graphsage.base.files import written_aside
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.labels import stored_task
from graphsage.data.readers.npz import npz_names, read_npz
from graphsage.graph.build import checked_indptr, indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

FORM, VERSION = "graphsage node dataset", 1
GRAPH = ("indptr", "indices", "edge_ids", "edge_reversed", "weights", "times")
SPARSE = {"feature_indptr": "indptr", "feature_indices": "indices", "feature_values": "values"}
TIMES = {"asked_times": "times", "node_times": "node_times"}  # the edges' own are called times
ALWAYS = ("about", "sha256", "indptr", "indices", "labels", "train", "val", "test")
SOMETIMES = (*GRAPH[2:], "features", *SPARSE, "node_ids", "node_names", "node_name_ends", *TIMES)


# ---- out


def save_parts(dataset, path):
    """Write a ``NodeDataset`` to ``path``. The file that was there stays until the new one is whole."""
    if Path(path).suffix != ".npz":
        raise ValueError(f"a dataset is saved in a file NAME.npz, got {str(path)!r}")
    about, arrays = packed(dataset)
    if not isinstance(about["name"], (str, type(None))):
        raise ValueError(f"a dataset can be saved if its name is a text, got {about['name']!r:.80}")
    arrays["about"] = np.frombuffer(json.dumps({"form": FORM, "version": VERSION, **about}).encode(), np.uint8)
    with written_aside(path) as file:
        np.savez(file, **arrays, sha256=_digest(arrays))


def packed(dataset):
    """(what JSON can hold, {name: array}) of a ``NodeDataset``; ``unpacked`` is the way back."""
    graph, is_sparse = dataset.graph, isinstance(dataset.features, SparseFeatures)
    about = {name: getattr(dataset, name) for name in ("name", "class_names", "schema", "notes")}
    about |= {"num_columns": dataset.features.num_columns if is_sparse else None, "graph_has_ids": graph.node_ids is not None}
    arrays = {name: getattr(graph, name) for name in GRAPH}
    arrays |= {name: getattr(dataset, name) for name in ("labels", "train", "val", "test")}
    features = {name: getattr(dataset.features, part) for name, part in SPARSE.items()} if is_sparse else {}
    arrays |= features or {"features": dataset.features}
    arrays |= _stored_ids(dataset.node_ids) | {name: getattr(dataset, part) for name, part in TIMES.items()}
    return about, {name: array for name, array in arrays.items() if array is not None}


def _stored_ids(node_ids):
    if node_ids is None or node_ids.dtype == np.int64:
        return {"node_ids": node_ids}
    other = next((name for name in node_ids if not isinstance(name, str)), None)
    if other is not None:
        raise ValueError(f"a dataset can be saved if its node_ids are all texts or all integers of 64 bits, got {other!r}")
    texts = [name.encode("utf-8", "surrogatepass") for name in node_ids]
    return {"node_names": np.frombuffer(b"".join(texts), np.uint8), "node_name_ends": indptr_of(list(map(len, texts)))}


def _digest(arrays):
    """uint8[32]: SHA-256 over names, dtypes, shapes and little-endian numbers, in the names' order."""
    found = sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(array.reshape(-1).view(np.uint8))
    return np.frombuffer(found.digest(), np.uint8)


# ---- in


def load_parts(path):
    """The arguments of the ``NodeDataset`` in a file of ``save_parts``.

    Raises DatasetError, one sentence that starts with the path, for a file that is truncated, damaged, of another kind or of
    a newer version.
    """
    missing = {"about", "sha256"} - set(npz_names(path))
    if missing:
        raise DatasetError(f"{path}: it is not a dataset that graphsage saved: {', '.join(sorted(missing))} missing")
    with told_of(path):
        about = _about(read_npz(path, ["about"])["about"])
        arrays = read_npz(path, ALWAYS, SOMETIMES)
        unknown = sorted(set(npz_names(path)) - set(arrays))
        if unknown:
            raise DatasetError(f"it holds arrays that version {VERSION} does not have: {', '.join(unknown)[:80]}")
        stated = arrays.pop("sha256")
        if not np.array_equal(stated, _digest(arrays)):
            raise DatasetError("its checksum is not that of its arrays: the file is damaged")
        return unpacked(about, arrays)


def _about(array):
    """The checked JSON."""
    try:
        about = json.loads(array.tobytes())
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"its member about must be JSON: {error}") from None
    if not isinstance(about, dict) or about.get("form") != FORM or type(about.get("version")) is not int:
        raise DatasetError(f"its member about must name the form {FORM!r} and its version")
    if about["version"] != VERSION:
        raise DatasetError(
            f"it has version {about['version']} of the form, and this graphsage reads version {VERSION}: install a newer one"
        )
    return checked_about({"schema": None} | about)  # the first files of this version have none


def checked_about(about):
    """``about`` if it is as ``packed`` makes it."""
    kinds = {"name": (str, type(None)), "class_names": (list, type(None)), "num_columns": (int, type(None))}
    for key, kind in {**kinds, "graph_has_ids": (bool,), "schema": (dict, type(None))}.items():
        if not isinstance(about.get(key, ...), kind):
            raise DatasetError(f"{key} in its member about is missing or of another kind: {about.get(key)!r:.80}")
    notes = about.get("notes", [])  # the first files have none
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise DatasetError(f"notes in its member about must be texts, got {notes!r:.80}")
    return about


def unpacked(about, arrays):
    """The arguments of the ``NodeDataset`` that ``packed`` made these of."""
    node_ids = _named_ids(arrays)
    graph = {name: arrays.get(name) for name in GRAPH}
    return {
        "graph": Graph(**graph, node_ids=node_ids if about["graph_has_ids"] else None),
        "features": _features(about, arrays),
        **{name: arrays[name] for name in ("labels", "train", "val", "test")},
        "class_names": about["class_names"],
        "node_ids": None if about["graph_has_ids"] else node_ids,  # the graph's own, which are checked once
        "name": about["name"],
        "schema": about["schema"],
        "task": stored_task(arrays["labels"]),
        **{part: arrays.get(name) for name, part in TIMES.items()},
        "notes": tuple(about.get("notes", ())),
    }


def _features(about, arrays):
    if about["num_columns"] is None:
        return arrays.get("features")
    return SparseFeatures(**{part: arrays.get(name) for name, part in SPARSE.items()}, num_columns=about["num_columns"])


def _named_ids(arrays):
    if ("node_names" in arrays) != ("node_name_ends" in arrays):
        raise DatasetError("node_names and node_name_ends go together, and one of them is missing")
    if "node_names" not in arrays:
        return arrays.get("node_ids")
    blob = arrays["node_names"].tobytes()
    ends = checked_indptr(arrays["node_name_ends"], (len(blob),)).tolist()
    names = np.empty(len(ends) - 1, object)
    for node, (start, end) in enumerate(zip(ends, ends[1:])):
        names[node] = blob[start:end].decode("utf-8", "surrogatepass")
    return names
