"""The project's own file of a typed dataset: as that of ``npz_form``, with arrays a type.

    about                                    JSON: form, version, name, class_names, schema, notes; target, a type or null;
                                             types, T texts; relations, R times [source, name, destination]; reverse_of,
                                             [[turned, origin]], numbers of relations; num_columns, T numbers or nulls
    starts                                   int64[T + 1], the first number of each type (``TypedGraph``)
    indptr, indices                          int64, int32[E]: those of ``TypedGraph.rows``
    edge_reversed, weights, times            the same; each only where they are there
    edge_ids                                 int64[E]
    labels, train, val, test, asked_times    as in ``npz_form``, of the target's nodes; none without a target

and of type number T, each only where it has them (``npz_form`` describes those of one type):

    features_T, feature_indptr_T, feature_indices_T, feature_values_T
    node_ids_T, node_names_T, node_name_ends_T, node_times_T
"""

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.labels import stored_task
from graphsage.data.readers.npz_form import (
    SPARSE,
    check_kinds,
    loaded_features,
    loaded_ids,
    loaded_labels,
    read_form,
    stored_features,
    stored_ids,
    write_form,
)
from graphsage.data.split import SPLITS
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.graph.typed_rows import typed_graph_of_rows

TYPED = "graphsage typed dataset"
ROWS = ("indptr", "indices", "edge_reversed", "weights", "times")
OF_TARGET = ("labels", *SPLITS)
OF_TYPE = ("features", *SPARSE, "node_ids", "node_names", "node_name_ends", "node_times")


def save_typed(dataset, path):
    """Write a ``TypedDataset`` to ``path``. The file that was there stays until the new one is whole."""
    write_form(path, TYPED, typed_packed, dataset)


def load_typed(path):
    """The arguments of the ``TypedDataset`` in a file of ``save_typed``; DatasetError as ``load_parts``."""
    return read_form(path, TYPED, checked_typed, typed_names, typed_unpacked)


# ---- out


def typed_packed(dataset):
    """(what JSON can hold, {name: array}) of a ``TypedDataset``; ``typed_unpacked`` is the way back."""
    graph = dataset.graph
    number = {name: at for at, name in enumerate(graph.relations)}
    about = {name: getattr(dataset, name) for name in ("name", "class_names", "notes", "target")}
    about |= {"types": graph.types, "relations": graph.relations, "schema": dataset.schema and dict(dataset.schema)}
    about["reverse_of"] = [[number[turned], number[origin]] for turned, origin in graph.reverse_of.items()]
    about["num_columns"] = [_num_columns(dataset.features[name]) for name in graph.types]
    arrays = {"starts": graph.starts, "edge_ids": graph.edge_ids, **{name: getattr(graph.rows, name) for name in ROWS}}
    if dataset.target is not None:
        arrays |= {name: getattr(dataset, name) for name in OF_TARGET} | {"asked_times": dataset.times}
    for at, name in enumerate(graph.types):
        arrays |= {f"{key}_{at}": array for key, array in _of_type(dataset, name).items()}
    return about, {name: array for name, array in arrays.items() if array is not None}


def _num_columns(features):
    return features.num_columns if _is_kept_sparse(features) else None


def _is_kept_sparse(features):
    """Without features there is nothing to keep."""
    return isinstance(features, SparseFeatures) and not features.is_identity


def _of_type(dataset, name):
    features = dataset.features[name]
    dense = not isinstance(features, SparseFeatures)
    kept = stored_features(features) if dense or _is_kept_sparse(features) else {}
    node_times = None if dataset.node_times is None else dataset.node_times.get(name)
    return kept | stored_ids(dataset.node_ids.get(name)) | {"node_times": node_times}


# ---- in


def checked_typed(about):
    """``about`` if it is as ``typed_packed`` makes it."""
    check_kinds({"notes": None} | about, {"target": (str, type(None)), "types": (list,), "num_columns": (list,)})
    types, columns = about["types"], about["num_columns"]
    if not all(isinstance(name, str) for name in types) or len(set(types)) < len(types):
        raise DatasetError(f"types in its member about must be different texts, got {types!r:.80}")
    if len(columns) != len(types) or not all(count is None or type(count) is int for count in columns):
        raise DatasetError(f"num_columns in its member about must be a number or null a type, got {columns!r:.80}")
    relations = about.get("relations")
    if not _is_list_of(relations, 3, str):
        raise DatasetError(f"relations in its member about must be [source, name, destination] each, got {relations!r:.80}")
    pairs = about.get("reverse_of")
    if not _is_list_of(pairs, 2, int) or not all(0 <= number < len(relations) for pair in pairs for number in pair):
        raise DatasetError(f"reverse_of in its member about must be pairs of numbers of relations, got {pairs!r:.80}")
    return about


def _is_list_of(values, length, kind):
    is_list = isinstance(values, list) and all(isinstance(of, list) and len(of) == length for of in values)
    return is_list and all(type(part) is kind for of in values for part in of)


def typed_names(about):
    """(names of the arrays that such a file must have, of those that it may)."""
    has_labels = about["target"] is not None
    always = ("about", "sha256", "starts", "indptr", "indices", "edge_ids", *(OF_TARGET if has_labels else ()))
    own = tuple(f"{name}_{at}" for at in range(len(about["types"])) for name in OF_TYPE)
    return always, (*ROWS[2:], *(("asked_times",) if has_labels else ()), *own)


def typed_unpacked(about, arrays, checked=False):
    """The arguments of the ``TypedDataset`` that ``typed_packed`` made these of; checked: as in ``npz_form.unpacked``."""
    own = {name: _arrays_of(at, arrays) for at, name in enumerate(about["types"])}
    columns = dict(zip(about["types"], about["num_columns"]))
    parts = {name: about[name] for name in ("target", "class_names", "name", "schema")}
    if about["target"] is not None:
        parts |= loaded_labels(arrays, checked)
        parts |= {"task": stored_task(arrays["labels"]), "times": arrays.get("asked_times")}
    return parts | {
        "graph": _graph(about, arrays, checked),
        "features": {name: loaded_features(columns[name], of, checked) for name, of in own.items()},
        "node_ids": {name: loaded_ids(of, checked) for name, of in own.items()},
        "node_times": {name: of["node_times"] for name, of in own.items() if "node_times" in of} or None,
        "notes": tuple(about["notes"]),
    }


def _arrays_of(at, arrays):
    return {name: arrays[f"{name}_{at}"] for name in OF_TYPE if f"{name}_{at}" in arrays}


def _graph(about, arrays, checked):
    starts, types = arrays["starts"], about["types"]
    if starts.shape != (len(types) + 1,) or starts.dtype != np.int64 or starts[0] != 0 or (np.diff(starts) < 0).any():
        raise DatasetError(f"starts must rise from 0, a number a type and one more, got {starts.dtype} {starts.shape}")
    relations = [tuple(name) for name in about["relations"]]
    return typed_graph_of_rows(
        dict(zip(types, np.diff(starts).tolist())),
        relations,
        (Graph._trusted if checked else Graph)(**{name: arrays.get(name) for name in ROWS}),
        arrays["edge_ids"],
        {relations[turned]: relations[origin] for turned, origin in about["reverse_of"]},
        checked=checked,
    )
