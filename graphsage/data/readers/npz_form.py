"""The project's own file of a dataset: an .npz without pickle, with a version and a checksum (typed ones: ``typed_npz``).

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

import numpy as np

from graphsage.base.checks import read_only
from graphsage.base.files import written_aside
from graphsage.base.trusted import trusted
from graphsage.data.errors import DatasetError, told_of
from graphsage.data.labels import stored_task
from graphsage.data.readers.npz import npz_names, read_npz
from graphsage.data.split import SPLITS
from graphsage.graph.build import checked_ends, checked_indptr, indptr_of
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph

FORM, VERSION = "graphsage node dataset", 1
KINDS = {FORM: "NodeDataset", "graphsage typed dataset": "TypedDataset"}  # what a file of each form becomes
GRAPH = ("indptr", "indices", "edge_ids", "edge_reversed", "weights", "times")
SPARSE = {"feature_indptr": "indptr", "feature_indices": "indices", "feature_values": "values"}
TIMES = {"asked_times": "times", "node_times": "node_times"}  # the edges' own are called times
ALWAYS = ("about", "sha256", "indptr", "indices", "labels", "train", "val", "test")
SOMETIMES = (*GRAPH[2:], "features", *SPARSE, "node_ids", "node_names", "node_name_ends", *TIMES)


# ---- out


def save_parts(dataset, path):
    """Write a ``NodeDataset`` to ``path``. The file that was there stays until the new one is whole."""
    write_form(path, FORM, packed, dataset)


def write_form(path, form, packed, dataset):
    """Write what ``packed`` makes of a dataset to ``path``, as a file of this form."""
    about, arrays = packed(dataset)
    arrays["about"] = np.frombuffer(json.dumps({"form": form, "version": VERSION, **check_name(about)}).encode(), np.uint8)
    with written_aside(path) as file:
        np.savez(file, **arrays, sha256=_digest(arrays))


def check_name(about):
    """``about``, if the dataset's name can be written."""
    if not isinstance(about["name"], (str, type(None))):
        raise ValueError(f"a dataset can be saved if its name is a text, got {about['name']!r:.80}")
    return about


def packed(dataset):
    """(what JSON can hold, {name: array}) of a ``NodeDataset``; ``unpacked`` is the way back."""
    graph, is_sparse = dataset.graph, isinstance(dataset.features, SparseFeatures)
    about = {name: getattr(dataset, name) for name in ("name", "class_names", "schema", "notes")}
    about |= {"num_columns": dataset.features.num_columns if is_sparse else None, "graph_has_ids": graph.node_ids is not None}
    arrays = {name: getattr(graph, name) for name in GRAPH}
    arrays |= {name: getattr(dataset, name) for name in ("labels", "train", "val", "test")}
    arrays |= stored_features(dataset.features)
    arrays |= stored_ids(dataset.node_ids) | {name: getattr(dataset, part) for name, part in TIMES.items()}
    return about, {name: array for name, array in arrays.items() if array is not None}


def stored_features(features):
    """{name: array or None} of features."""
    if isinstance(features, SparseFeatures):
        return {name: getattr(features, part) for name, part in SPARSE.items()}
    return {"features": features}


def stored_ids(node_ids):
    """{name: array or None} of the names of nodes; ValueError for names of several kinds."""
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
    return read_form(path, FORM, checked_about, lambda about: (ALWAYS, SOMETIMES), unpacked)


def form_of(path):
    """The form that a saved file says it has."""
    with told_of(path):
        return _about(read_npz(path, ["about"])["about"])["form"]


def read_form(path, form, checked, names, unpacked):
    """What ``unpacked(about, arrays)`` makes of a file of ``write_form``.

    checked: gives of the JSON what is used of it. names: of that (those that must be there, those that may) of the arrays.
    """
    missing = {"about", "sha256"} - set(npz_names(path))
    if missing:
        raise DatasetError(f"{path}: it is not a dataset that graphsage saved: {', '.join(sorted(missing))} missing")
    with told_of(path):
        about = checked(_of_form(_about(read_npz(path, ["about"])["about"]), form))
        arrays = read_npz(path, *names(about))
        unknown = sorted(set(npz_names(path)) - set(arrays))
        if unknown:
            raise DatasetError(f"it holds arrays that version {VERSION} does not have: {', '.join(unknown)[:80]}")
        stated = arrays.pop("sha256")
        if not np.array_equal(stated, _digest(arrays)):
            raise DatasetError("its checksum is not that of its arrays: the file is damaged")
        return unpacked(about, arrays)


def _about(array):
    """The JSON of a file of any form and version."""
    try:
        about = json.loads(array.tobytes())
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"its member about must be JSON: {error}") from None
    if not isinstance(about, dict) or about.get("form") not in [*KINDS] or type(about.get("version")) is not int:
        raise DatasetError(f"its member about must name the form {FORM!r} and its version, or that of a typed one")
    return about


def _of_form(about, form):
    """``about`` if it is of this form, and of no newer version."""
    if about["form"] != form:
        raise DatasetError(f"it holds a {(kind := KINDS[about['form']])}: load_dataset and {kind}.load read it")
    if about["version"] != VERSION:
        raise DatasetError(
            f"it has version {about['version']} of the form, and this graphsage reads version {VERSION}: install a newer one"
        )
    return about


def checked_about(about):
    """``about`` if it is as ``packed`` makes it; the first files have neither schema nor notes."""
    about = {"schema": None, "notes": []} | about
    check_kinds(about, {"num_columns": (int, type(None)), "graph_has_ids": (bool,)})
    return about


def check_kinds(about, more):
    """DatasetError where a value in ``about`` is not of its kind, {key: types}, ``more`` beside those of every dataset."""
    kinds = {"name": (str, type(None)), "class_names": (list, type(None)), "schema": (dict, type(None))}
    for key, kind in {**kinds, **more}.items():
        if not isinstance(about.get(key, ...), kind):
            raise DatasetError(f"{key} in its member about is missing or of another kind: {about.get(key)!r:.80}")
    if not isinstance(about["notes"], list) or not all(isinstance(note, str) for note in about["notes"]):
        raise DatasetError(f"notes in its member about must be texts, got {about['notes']!r:.80}")


def unpacked(about, arrays, checked=False):
    """The arguments of the ``NodeDataset`` that ``packed`` made these of.

    checked: the arrays were checked when they were written; those of edges and features are not read then.
    """
    node_ids = loaded_ids(arrays, checked)
    graph = {name: arrays.get(name) for name in GRAPH} | {"node_ids": node_ids if about["graph_has_ids"] else None}
    return {
        "graph": Graph._trusted(**graph) if checked else Graph(**graph),
        "features": loaded_features(about["num_columns"], arrays, checked),
        **loaded_labels(arrays, checked),
        "class_names": about["class_names"],
        "node_ids": None if about["graph_has_ids"] else node_ids,  # the graph's own, which are checked once
        "name": about["name"],
        "schema": about["schema"],
        "task": stored_task(arrays["labels"]),
        **{part: arrays.get(name) for name, part in TIMES.items()},
        "notes": tuple(about["notes"]),
    }


def loaded_labels(arrays, checked=False):
    """{"labels", "train", "val", "test"} as they are stored."""
    if not checked:
        return {name: arrays[name] for name in ("labels", *SPLITS)}
    splits = {name: trusted("split", read_only(arrays[name])) for name in SPLITS}
    return {"labels": trusted("labels", read_only(arrays["labels"])), **splits}


def loaded_features(num_columns, arrays, checked=False):
    """The features of ``stored_features``; num_columns: of sparse ones, else None."""
    if num_columns is None:
        features = arrays.get("features")
        return trusted("features", read_only(features)) if checked and features is not None else features
    parts = {part: arrays.get(name) for name, part in SPARSE.items()}
    if checked:
        checked_ends(parts | {"weights": parts["values"]})
    return (SparseFeatures._trusted if checked else SparseFeatures)(**parts, num_columns=num_columns)


def loaded_ids(arrays, checked=False):
    """The names of ``stored_ids``, or None."""
    if ("node_names" in arrays) != ("node_name_ends" in arrays):
        raise DatasetError("node_names and node_name_ends go together, and one of them is missing")
    if "node_names" not in arrays:
        ids = arrays.get("node_ids")
        return trusted("names", read_only(ids)) if checked and ids is not None else ids
    blob = arrays["node_names"].tobytes()
    ends = checked_indptr(arrays["node_name_ends"], (len(blob),)).tolist()
    names = np.empty(len(ends) - 1, object)
    for node, (start, end) in enumerate(zip(ends, ends[1:])):
        names[node] = blob[start:end].decode("utf-8", "surrogatepass")
    return trusted("names", read_only(names)) if checked else names
