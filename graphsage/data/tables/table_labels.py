"""The columns ``label`` or ``labels``, and ``split``, of the table of nodes. N nodes, C classes.

label      integers or texts: a class; numbers with a point or an exponent: a target. Empty: no label.
labels     names of classes with ; between: any number of them; a ; alone: none of them. Empty: not labelled.
split      train, val or test; empty: in none.
"""

from dataclasses import dataclass

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.split import SPLITS, random_split
from graphsage.data.tables.ids import as_ids, as_texts, places_of
from graphsage.data.tables.numbers import LARGEST, finite, numbers_in, refuse_commas, refuse_strays, refuse_text

LABELS = ("label", "labels")
SEPARATOR = ";"


@dataclass(kw_only=True)
class Labels:
    """labels: as ``NodeDataset`` takes them. spec: the schema's ``label``. unknown: nodes whose class it does not have."""

    labels: np.ndarray
    spec: dict | None
    unknown: int = 0

    @property
    def class_names(self):
        return None if self.spec is None else self.spec.get("classes")


def fitted_label(table, columns):
    """The schema's ``label``, from the column ``label`` or ``labels``; None where there is none, or no node has a label."""
    found = [name for name in LABELS if name in columns]
    if len(found) > 1:
        rule = "keep label where a node has one class, labels where it has several"
        raise DatasetError(f"{table.path} has the columns label and labels: {rule}")
    name = found[0] if found else None
    column = columns.get(name)
    if column is None or column.null_count == len(column):
        return None
    if name == "labels":
        classes = _names_in(column)[1].unique().to_pylist()
        return {"column": name, "task": "multilabel", "classes": sorted(classes)}
    if _are_targets(table, column):
        return {"column": name, "task": "regression"}
    known = as_ids(column.drop_null())
    return {"column": name, "task": "multiclass", "classes": [str(value) for value in sorted(known.unique().to_pylist())]}


def _are_targets(table, column):
    """Whether all are numbers, and one at least is written as no integer is: "007" is a class, not 7."""
    import pyarrow.compute as pc

    if str(column.type) != "large_string":
        return str(column.type) == "double"
    values, wrong = numbers_in(column)
    refuse_commas(table, "label", column, wrong)
    known = column.filter(values.is_valid())
    if not pc.any(pc.match_substring_regex(known, "[.eE]")).as_py():
        return False
    refuse_strays(table, "label", column, wrong, "number")
    return not wrong.any()


def encoded_labels(table, spec, column, num_nodes):
    """The ``Labels`` of a column by the schema's ``spec``; column None: no node has a label."""
    if spec is None or column is None:
        return Labels(labels=_none(spec, num_nodes), spec=spec)
    return _ENCODERS[spec["task"]](table, spec, column)


def _none(spec, num_nodes):
    """Labels of nodes that have none."""
    if spec is None or spec["task"] == "multiclass":
        return np.full(num_nodes, -1, np.int64)
    if spec["task"] == "regression":
        return np.full((num_nodes, 1), np.nan, np.float32)
    return np.full((num_nodes, len(spec["classes"])), -1, np.int8)


def _classes(table, spec, column):
    labels = places_of(as_texts(column), spec["classes"]).astype(np.int64)
    return Labels(labels=labels, spec=spec, unknown=int((labels < 0).sum()) - column.null_count)


def _targets(table, spec, column):
    values, wrong = numbers_in(column)
    if wrong.any():
        refuse_text(table, 0, "label", column, int(np.argmax(wrong)), "must be a number, as it was in training")
    values = finite(table, 0, "label", values)
    with np.errstate(invalid="ignore"):
        large = np.abs(values) > LARGEST
    if large.any():
        refuse_text(table, 0, "label", column, int(np.argmax(large)), "must fit a float32")
    return Labels(labels=values.astype(np.float32)[:, None], spec=spec)


def _several(table, spec, column):
    rows, names = _names_in(column)
    place = places_of(names, spec["classes"])
    labels = np.zeros((len(column), len(spec["classes"])), np.int8)
    labels[rows[place >= 0], place[place >= 0]] = 1
    labels[column.is_null().to_numpy(zero_copy_only=False)] = -1
    return Labels(labels=labels, spec=spec, unknown=len(np.unique(rows[place < 0])))


def _names_in(column):
    """(int64 rows, names) of a column of lists; spaces around a name are dropped."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = pc.split_pattern(pc.fill_null(as_texts(column), ""), SEPARATOR)
    pairs = pa.table({"row": pc.list_parent_indices(lists), "name": pc.utf8_trim_whitespace(pc.list_flatten(lists))})
    pairs = pairs.filter(pc.greater(pc.binary_length(pairs["name"]), 0))
    return pairs["row"].to_numpy(), pairs["name"].combine_chunks()


_ENCODERS = {"multiclass": _classes, "regression": _targets, "multilabel": _several}

# ---- the split


def split_of(table, column, labelled, *, strict, number=None):
    """({"train", "val", "test": int64 rows}, nodes of a split that were left out because they have no label).

    column: the table's ``split``, or None for a random split of the labelled nodes, the one called ``number``.
    strict: a node of a split without a label is an error, not left out.
    """
    if column is None:
        return random_split(np.flatnonzero(labelled), number), 0
    part = _parts(table, column)
    bare = (part >= 0) & ~labelled
    if strict and bare.any():
        at = int(np.argmax(bare))
        table.refuse(at, f"split is {SPLITS[part[at]]}, and the node has no label: leave one of the two as the other is")
    return {name: np.flatnonzero((part == at) & labelled) for at, name in enumerate(SPLITS)}, int(bare.sum())


def _parts(table, column):
    texts = as_texts(column)
    part = places_of(texts, list(SPLITS))
    odd = (part < 0) & texts.is_valid().to_numpy(zero_copy_only=False)
    if odd.any():
        refuse_text(table, 0, "split", texts, int(np.argmax(odd)), "must be train, val, test or empty")
    return part


