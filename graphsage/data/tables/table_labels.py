"""The column ``label`` or ``labels`` of the table of nodes. N nodes, C classes.

label      integers or texts: a class; numbers with a point or an exponent: a target, but a class where they are whole and few
           (``labels.are_few_classes``). Empty or a word of ``missing.MISSING``: no label. So is -1 of classes, unless others
           are below 0 too; of targets it is a number.
labels     names of classes with ; between: any number of them; a ; alone: none of them. Empty, such a word or -1: not labelled.
"""

import re
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.labels import are_few_classes, lost_digits
from graphsage.data.missing import NO_CLASS, missing_words, told_missing
from graphsage.data.tables.column_names import LABELS
from graphsage.data.tables.columns import found_among
from graphsage.data.tables.ids import as_ids, as_texts, places_of
from graphsage.data.tables.numbers import (
    LARGEST,
    as_whole_texts,
    finite,
    numbers_in,
    refuse_commas,
    refuse_strays,
    refuse_text,
    without_words,
)
from graphsage.data.tables.vectors import is_list

SEPARATOR = ";"
WRITTEN_LIST = r"(?s)^\[.*\]$"
WRITTEN_ITEM = re.compile(r"""'([^']*)'|"([^"]*)"|([^][\s,'"]+)""")


@dataclass(kw_only=True)
class Labels:
    """labels: as ``NodeDataset`` takes them. spec: the schema's ``label``. unknown: nodes whose class it does not have.

    words: {text: how often} of those that mean that there is none. notes: sentences on how the column was read.
    """

    labels: np.ndarray
    spec: dict | None
    unknown: int = 0
    words: dict = field(default_factory=dict)
    notes: tuple = ()

    @property
    def class_names(self):
        return None if self.spec is None else self.spec.get("classes")

    @property
    def task(self):
        return "multiclass" if self.spec is None else self.spec["task"]


def fitted_label(table, columns, reading):
    """The schema's ``label``, from the column ``label`` or ``labels``, and notes; None where no node has a label.

    The column there is left with null where it means missing. reading: ``TableConfig``, nothing in it left open.
    """
    found = [name for name in LABELS if name in columns]
    if len(found) > 1:
        rule = "keep label where a node has one class, labels where it has several"
        raise DatasetError(f"{table.path} has the columns label and labels: {rule}")
    if not found:
        return None, {}, ()
    (name,), num_nodes = found, len(columns[found[0]])
    columns[name] = _as_names(table, name, columns[name]) if is_list(columns[name]) else columns[name]
    columns[name], words = without_words(columns[name], missing_words(reading.missing, reading.not_missing))
    task, notes = _task_of(table, name, columns[name], reading)
    if task == "multilabel":
        columns[name] = _of_written_lists(table, name, columns[name])
    if task != "regression":
        columns[name], more = _without_no_class(columns[name], reading)
        words |= more
    elif note := lost_digits(numbers_in(columns[name])[0].to_numpy(zero_copy_only=False)):
        notes = (*notes, note)
    if words:
        told = f"{sum(words.values()):,} of {num_nodes:,} labels are missing: {told_missing(words)}"
        notes = (*notes, told + (" (--not-missing WORD: it is a class)" if task != "regression" else ""))
    return _spec(name, task, columns[name]), words, notes


def _as_names(table, name, column):
    """Lists of numbers of a parquet file as names with ; between: the places of the ones, or the numbers, which are classes."""
    import pyarrow as pa

    if name == "label":
        raise DatasetError(f"{table.path} has lists in its column label: call it labels where a node has several classes")
    rows = column.to_pylist()
    for at, row in enumerate(rows):
        if not all(number is not None and float(number).is_integer() for number in row or ()):
            rule = "a node's classes must be names, whole numbers, or 0 and 1 (targets: NodeDataset(labels=...))"
            refuse_text(table, 0, name, column, at, rule)
    known = [row for row in rows if row is not None]
    is_hot = len({len(row) for row in known}) == 1 and len(known[0]) > 1 and {*chain(*known)} <= {0, 1}
    lists = [row and (np.flatnonzero(row).tolist() if is_hot else row) for row in rows]
    texts = [None if row is None else SEPARATOR.join(f"{number:g}" for number in row) or SEPARATOR for row in lists]
    return pa.array(texts, pa.large_string())


def _of_written_lists(table, name, column):
    """Lists as Python and JSON write them, "['a', 'b']", as names with ; between; another column as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.all(pc.match_substring_regex(texts := as_texts(column), WRITTEN_LIST)).as_py():  # null where all are missing
        return column
    rows = [text and ["".join(item) for item in WRITTEN_ITEM.findall(text)] for text in texts.to_pylist()]
    if all(item.isdecimal() for row in rows for item in row or ()):
        rows = [None if row is None else [float(item) for item in row] for row in rows]
        return _as_names(table, name, pa.array(rows, pa.large_list(pa.float64())))
    return pa.array([None if row is None else SEPARATOR.join(row) or SEPARATOR for row in rows], pa.large_string())


def _spec(name, task, column):
    if column.null_count == len(column):
        return None
    if task == "regression":
        return {"column": name, "task": task}
    if task == "multilabel":
        return {"column": name, "task": task, "classes": sorted(_names_in(column)[1].unique().to_pylist())}
    known = as_ids(_class_texts(column.drop_null()))
    return {"column": name, "task": task, "classes": [str(value) for value in sorted(known.unique().to_pylist())]}


def _class_texts(column):
    """The names of classes: 7.0 is 7 where all are whole numbers ("2.0" beside "2.1-beta" stays what it is)."""
    import pyarrow.compute as pc

    whole = as_whole_texts(column)
    return whole if pc.all(pc.match_substring_regex(whole, "^[-+]?[0-9]+$")).as_py() else as_texts(column)


def _without_no_class(column, reading):
    """(the column with null for -1, {"-1": how often}); it stays where there are classes -2, -3, ..., or it is asked for."""
    import pyarrow.compute as pc

    if NO_CLASS in reading.not_missing or (column.null_count == len(column)):
        return column, {}
    others = pc.and_(pc.match_substring_regex(texts := as_whole_texts(column), "^-[0-9]+$"), pc.not_equal(texts, NO_CLASS))
    return (column, {}) if pc.any(others).as_py() else without_words(column, {NO_CLASS})


def _task_of(table, name, column, reading):
    """(task, notes)."""
    if name == "labels":
        if reading.task not in ("auto", "multilabel"):
            raise DatasetError(f"{table.path} has a column labels, of several classes a node: --task is for a column label")
        return "multilabel", ()
    if column.null_count == len(column):
        return "multiclass", ()
    if reading.task != "auto":
        _check_asked(table, name, column, reading.task)
        return reading.task, ()
    values = _targets_in(table, column)
    if values is None:
        return "multiclass", ()
    known = values[~np.isnan(values)]
    if not are_few_classes(known):
        return "regression", ()
    told = f"labels are {len(np.unique(known[known >= 0])):,} different whole numbers, though written with a point"
    return "multiclass", (f"{told}: read as classes (--task regression predicts the numbers)",)


def _check_asked(table, name, column, task):
    _, wrong = numbers_in(column)
    if task == "regression" and wrong.any():
        refuse_text(table, 0, name, column, int(np.argmax(wrong)), "must be a number, as --task regression says")


def _targets_in(table, column):
    """float64 [N] if all are numbers, and one at least is written as no integer is ("007" is a class, not 7); else None."""
    import pyarrow.compute as pc

    if str(column.type) != "large_string":
        return column.to_numpy(zero_copy_only=False) if str(column.type) == "double" else None
    values, wrong = numbers_in(column)
    refuse_commas(table, "label", column, wrong)
    known = column.filter(values.is_valid())
    if not pc.any(pc.match_substring_regex(known, "[.eE]")).as_py():
        return None
    refuse_strays(table, "label", column, wrong, "number")
    return None if wrong.any() else values.to_numpy(zero_copy_only=False)


def encoded_labels(table, spec, column, num_nodes, reading):
    """The ``Labels`` of a column by the schema's ``spec``; column None: no node has a label. reading: ``TableConfig``."""
    if spec is None or column is None:
        return Labels(labels=_none(spec, num_nodes), spec=spec)
    words = missing_words(reading.missing, reading.not_missing)
    column = _as_names(table, spec["column"], column) if is_list(column) else column
    if spec["task"] != "regression":
        words |= {NO_CLASS} - set(reading.not_missing)
    return _ENCODERS[spec["task"]](table, spec, column, words)


def _none(spec, num_nodes):
    """Labels of nodes that have none."""
    if spec is None or spec["task"] == "multiclass":
        return np.full(num_nodes, -1, np.int64)
    if spec["task"] == "regression":
        return np.full((num_nodes, 1), np.nan, np.float32)
    return np.full((num_nodes, len(spec["classes"])), -1, np.int8)


def _classes(table, spec, column, words):
    labels, missing = found_among(column, spec["classes"], words)
    return Labels(labels=labels.astype(np.int64), spec=spec, unknown=int((labels < 0).sum()) - missing)


def _targets(table, spec, column, words):
    column, _ = without_words(column, words)
    values, wrong = numbers_in(column)
    if wrong.any():
        refuse_text(table, 0, "label", column, int(np.argmax(wrong)), "must be a number, as it was in training")
    values = finite(table, 0, "label", values)
    with np.errstate(invalid="ignore"):
        large = np.abs(values) > LARGEST
    if large.any():
        refuse_text(table, 0, "label", column, int(np.argmax(large)), "must fit a float32")
    return Labels(labels=values.astype(np.float32)[:, None], spec=spec)


def _several(table, spec, column, words):
    column, _ = without_words(column, words - {name.lower() for name in spec["classes"]})
    column = _of_written_lists(table, spec["column"], column)
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
