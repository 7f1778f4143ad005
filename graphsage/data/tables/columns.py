"""Columns of the table of nodes as features: numbers, dates, categories, words and vectors. N nodes."""

from dataclasses import dataclass, field

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.missing import missing_words, told_missing
from graphsage.data.tables.dates import dates_in
from graphsage.data.tables.identifiers import note_of, note_of_codes
from graphsage.data.tables.ids import as_texts, places_of
from graphsage.data.tables.numbers import (
    STRAY_SHARE,
    as_whole_texts,
    finite,
    numbers_in,
    refuse_commas,
    refuse_strays,
    refuse_text,
    refuse_words,
    without_words,
)
from graphsage.data.tables.vectors import is_list, matrix_of, refuse_nearly_vectors, vectors_in

MAX_CATEGORIES = 100  # distinct texts of a category
MOST_WORDS = 0.9  # of what is written in a column of numbers: more words for missing ones than that are refused
MIN_NODES = 2  # that have a word of the vocabulary
NOT_WORD = r"[^\pL\pN]+"  # what stands between words: anything but letters and digits of any script
PARSED = {"number": numbers_in, "date": dates_in}  # what a column is tried as, in this order
TEXTS_AT_ONCE = 1 << 16  # rows whose words are listed together


@dataclass(kw_only=True)
class Column:
    """What was found in one column. spec: its entry in the schema, None if it is left out, and then ``note`` says why.

    missing: nodes without a value; words: {text: how often} of those that have a word for it. unknown: nodes whose value (or
    all of whose words) the schema does not have. hint: "20 different whole numbers" where they may be codes.
    """

    name: str
    spec: dict | None
    missing: int
    unknown: int = 0
    note: str = ""
    words: dict = field(default_factory=dict)
    hint: str = ""


def fitted(table, name, column, reading):
    """(``Column`` of a column whose kind is yet to be told: numbers, dates, few texts or many; the column, perhaps parsed).

    Numbers and dates come back as float64 [N], NaN where one is missing, and vectors as float64 [N, width]: ``encoded`` takes
    those as well. In others what means missing is null. reading: ``TableConfig``, nothing in it left open.
    """
    if column.null_count == len(column):
        return Column(name=name, spec=None, missing=len(column), note="no node has a value"), column
    if is_list(column):
        if name in (*reading.category, *reading.number):
            raise DatasetError(f"{table.path}: {name} holds lists of numbers, which are vectors: no category or number")
        return _vector(table, name, column, vectors_in(column))
    column, words = without_words(column, missing_words(reading.missing, reading.not_missing))
    found, values = _told(table, name, column, reading)
    found.words = words
    if found.spec is not None and found.spec["kind"] in PARSED and name not in reading.number:
        _refuse_nearly_none(table, name, column, found)
    return found, values


def _refuse_nearly_none(table, name, column, found):
    """Where nearly all that is written means missing, a few numbers are no column of numbers."""
    told, present = sum(found.words.values()), len(column) - column.null_count
    if told > MOST_WORDS * (told + present):
        what = f"{name} has a {found.spec['kind']} at {present:,} nodes, and a word for a missing one at {told:,}"
        flags = f"--number {name} takes it all the same, --drop {name} leaves it out"
        raise DatasetError(f"{table.path}: {what}: {told_missing(found.words)}; {flags}")


def _told(table, name, column, reading):
    if name in reading.category:
        return _category(name, as_whole_texts(column))
    for kind, parsed in PARSED.items():
        values, wrong = parsed(column)
        wrong = wrong | _lost(column, values)
        is_asked = kind == "number" and name in reading.number
        if is_asked and wrong.any():
            refuse_text(table, 0, name, column, int(np.argmax(wrong)), "must be a number, as it was asked for as one")
        if is_asked or wrong.sum() <= STRAY_SHARE * (len(column) - column.null_count):
            return _parsed_as(table, name, column, kind, values, wrong, is_asked)
        refuse_commas(table, name, column, wrong)
        refuse_words(table, name, column, wrong, kind)
    return _of_texts(table, name, column, reading)


def _lost(column, values):
    """bool[N]: where a word of the list for missing ones is a value of this column, and no number of it."""
    return (column.is_valid().to_numpy(zero_copy_only=False)) & values.is_null().to_numpy(zero_copy_only=False)


def _parsed_as(table, name, column, kind, values, wrong, is_asked):
    refuse_strays(table, name, column, wrong, kind)
    values = finite(table, 0, name, values)
    note = "" if is_asked or kind != "number" else note_of(name, column, values)
    if note:
        return Column(name=name, spec=None, missing=column.null_count, note=f"{note} (--number {name} takes it)"), column
    found = _scaled(table, name, kind, values)
    found.hint = "" if is_asked or kind != "number" else note_of_codes(values)
    return found, values


def _of_texts(table, name, column, reading):
    vectors = vectors_in(column)
    if vectors is not None:
        return _vector(table, name, column, vectors)
    refuse_nearly_vectors(table, name, column)
    distinct, present = column.unique().drop_null(), len(column) - column.null_count
    if len(distinct) <= MAX_CATEGORIES and 2 * len(distinct) <= present:
        return _category(name, column)
    note = note_of(name, column, None)
    if note:
        note = f"{note} (--category {name} takes each as a value)"
        return Column(name=name, spec=None, missing=column.null_count, note=note), column
    return _words(name, column, reading.words), column


def encoded(table, spec, column, words):
    """(float32 [N, columns], dense or scipy CSR, of one column by its ``spec``; ``Column`` with what was found).

    words: those that mean missing; a value that the spec has is that value all the same.
    """
    return _ENCODERS[spec["kind"]](table, spec, column, words)


# ---- numbers, and dates as days since 1970-01-01


def _scaled(table, name, kind, values):
    missing = int(np.isnan(values).sum())
    if missing == len(values):
        return Column(name=name, spec=None, missing=missing, note=f"no node has a {kind}")
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(np.nanmean(values)), float(np.nanstd(values))
    if not np.isfinite([mean, deviation]).all():
        largest = np.nanmax(np.abs(values))
        raise DatasetError(f"{table.path}: {name} has numbers up to {largest:g}, which are too large to be averaged")
    spec = {"name": name, "kind": kind, "mean": mean, "deviation": deviation or 1.0}
    return Column(name=name, spec=spec, missing=missing)


def _encoded_scaled(table, spec, column, words):
    values = column if isinstance(column, np.ndarray) else _parsed(table, spec, column, words)
    values = (values - spec["mean"]) / spec["deviation"]
    missing = np.isnan(values)
    with np.errstate(over="ignore"):
        encoded = np.where(missing, 0, values).astype(np.float32)
    if not np.isfinite(encoded).all():
        at = int(np.argmin(np.isfinite(encoded)))
        refuse_text(table, 0, spec["name"], column, at, "is too far from the mean for a float32")
    return encoded[:, None], Column(name=spec["name"], spec=spec, missing=int(missing.sum()))


def _parsed(table, spec, column, words):
    """float64 [N]: the numbers or dates of a column that was fitted on another table."""
    column, _ = without_words(column, words)
    values, wrong = PARSED[spec["kind"]](column)
    if wrong.any():
        refuse_text(table, 0, spec["name"], column, int(np.argmax(wrong)), f"must be a {spec['kind']}, as it was in training")
    return finite(table, 0, spec["name"], values)


# ---- categories


def _category(name, column):
    values = sorted(as_texts(column.unique().drop_null()).to_pylist())
    spec = {"name": name, "kind": "category", "values": values} if values else None
    return Column(name=name, spec=spec, missing=column.null_count, note="" if values else "no node has a value"), column


def is_wide(spec):
    """Does it make so many columns of which few are not 0 that they are stored as sparse rows?"""
    return spec["kind"] == "words" or (spec["kind"] == "category" and len(spec["values"]) > MAX_CATEGORIES)


def _encoded_category(table, spec, column, words):
    from scipy.sparse import csr_array

    found, missing = found_among(column, spec["values"], words)
    known, shape = np.flatnonzero(found >= 0), (len(found), len(spec["values"]))
    ones = csr_array((np.ones(len(known), np.float32), (known, found[known])), shape=shape)
    encoded = ones if is_wide(spec) else ones.toarray()
    return encoded, Column(name=spec["name"], spec=spec, missing=missing, unknown=len(found) - len(known) - missing)


def found_among(column, values, words):
    """(int32 [N]: the place of each value among ``values``, -1 where there is none; how many are none as they are missing)."""
    found = places_of(as_texts(column), values)
    found = np.where(found < 0, places_of(as_whole_texts(column), values), found)
    rest, _ = without_words(column, words)
    return found, int(np.count_nonzero((found < 0) & rest.is_null().to_numpy(zero_copy_only=False)))


# ---- vectors


def _vector(table, name, column, found):
    matrix = matrix_of(table, name, column, found)
    missing = int(np.isnan(matrix).any(axis=1).sum()) if matrix.shape[1] else len(matrix)
    if missing == len(matrix):
        return Column(name=name, spec=None, missing=missing, note="no node has a vector"), column
    with np.errstate(over="ignore", invalid="ignore"):
        means, deviations = np.nanmean(matrix, axis=0), np.nanstd(matrix, axis=0)
    if not np.isfinite([means, deviations]).all():
        raise DatasetError(f"{table.path}: {name} has numbers up to {np.nanmax(np.abs(matrix)):g}, too large to be averaged")
    deviations[deviations == 0] = 1
    spec = {"name": name, "kind": "vector", "means": means.tolist(), "deviations": deviations.tolist()}
    return Column(name=name, spec=spec, missing=missing), matrix


def _encoded_vector(table, spec, column, words):
    matrix = column if isinstance(column, np.ndarray) else _vectors(table, spec, column, words)
    values = (matrix - spec["means"]) / spec["deviations"]
    missing = np.isnan(values).any(axis=1)
    with np.errstate(over="ignore"):
        encoded = np.where(missing[:, None], 0, values).astype(np.float32)
    if not np.isfinite(encoded).all():
        raise DatasetError(f"{table.path}: {spec['name']} has numbers that are too far from the mean for a float32")
    return encoded, Column(name=spec["name"], spec=spec, missing=int(missing.sum()))


def _vectors(table, spec, column, words):
    """float64 [N, width]: the vectors of a column that was fitted on another table."""
    column, _ = (column, None) if is_list(column) else without_words(column, words)
    width, found = len(spec["means"]), vectors_in(column)
    if found is None:
        found = np.empty(0, np.int64), np.zeros(len(column), np.int64), np.empty(0)
    return matrix_of(table, spec["name"], column, found, width)


# ---- words


def _words(name, column, most):
    """The vocabulary: the words that most nodes have, in alphabetical order."""
    counts = {}
    for _, _, words in _listed(column):
        found = words.value_counts()
        for word, count in zip(found.field(0).to_pylist(), found.field(1).to_pylist()):
            counts[word] = counts.get(word, 0) + count
    frequent = sorted((-count, word) for word, count in counts.items() if count >= MIN_NODES)
    spec = {"name": name, "kind": "words", "words": sorted(word for _, word in frequent[:most])}
    note = f"of {len(counts):,}" if frequent else "no word occurs at two nodes"
    return Column(name=name, spec=spec if frequent else None, missing=column.null_count, note=note)


def _encoded_words(table, spec, column, words):
    from scipy.sparse import csr_array

    column, _ = without_words(column, words)
    rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for first, row, listed in _listed(column):
        place = places_of(listed, spec["words"])
        rows.append(first + row[place >= 0])
        columns.append(place[place >= 0])
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    counts = np.bincount(rows, minlength=len(column))
    values = (1 / counts[rows]).astype(np.float32)
    encoded = csr_array((values, (rows, columns)), shape=(len(column), len(spec["words"])))
    missing = column.null_count
    unknown = int(np.count_nonzero(counts == 0)) - missing
    return encoded, Column(name=spec["name"], spec=spec, missing=missing, unknown=unknown)


def _listed(column):
    """Yield (first row, int64: row of each word in the part, words): lower-case words, each once a text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.fill_null(as_texts(column), "")
    for first in range(0, len(texts), TEXTS_AT_ONCE):
        lists = pc.split_pattern_regex(pc.utf8_lower(texts[first : first + TEXTS_AT_ONCE]), NOT_WORD)
        pairs = pa.table({"row": pc.list_parent_indices(lists), "word": pc.list_flatten(lists)})
        pairs = pairs.filter(pc.greater(pc.binary_length(pairs["word"]), 0))
        pairs = pairs.group_by(["row", "word"], use_threads=False).aggregate([])
        yield first, pairs["row"].to_numpy(), pairs["word"].combine_chunks()


_ENCODERS = {
    "number": _encoded_scaled,
    "date": _encoded_scaled,
    "category": _encoded_category,
    "words": _encoded_words,
    "vector": _encoded_vector,
}
