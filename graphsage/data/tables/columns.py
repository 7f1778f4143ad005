"""Columns of the table of nodes as features: numbers, dates, categories and words. N nodes."""

from dataclasses import dataclass

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.tables.dates import dates_in
from graphsage.data.tables.ids import as_texts, places_of
from graphsage.data.tables.numbers import STRAY_SHARE, finite, numbers_in, refuse_commas, refuse_strays, refuse_text

MAX_CATEGORIES = 100  # distinct texts of a category
MAX_WORDS = 1000  # of a vocabulary: those that most nodes have
MIN_NODES = 2  # that have a word of the vocabulary
NOT_WORD = r"[^\pL\pN]+"  # what stands between words: anything but letters and digits of any script
PARSED = {"number": numbers_in, "date": dates_in}  # what a column is tried as, in this order
TEXTS_AT_ONCE = 1 << 16  # rows whose words are listed together


@dataclass(kw_only=True)
class Column:
    """What was found in one column. spec: its entry in the schema, None if it is left out, and then ``note`` says why.

    missing: nodes without a value. unknown: nodes whose value (or all of whose words) the schema does not have.
    """

    name: str
    spec: dict | None
    missing: int
    unknown: int = 0
    note: str = ""


def fitted(table, name, column):
    """(``Column`` of a column whose kind is yet to be told: numbers, dates, few texts or many; the column, perhaps parsed).

    Numbers and dates come back as float64 [N], NaN where one is missing: ``encoded`` takes those as well.
    """
    missing, present = column.null_count, len(column) - column.null_count
    if not present:
        return Column(name=name, spec=None, missing=missing, note="no node has a value"), column
    for kind, parsed in PARSED.items():
        values, wrong = parsed(column)
        if wrong.sum() <= STRAY_SHARE * present:
            refuse_strays(table, name, column, wrong, kind)
            values = finite(table, 0, name, values)
            return _scaled(table, name, kind, values), values
        refuse_commas(table, name, column, wrong)
    distinct = column.unique().drop_null()
    if len(distinct) <= MAX_CATEGORIES and 2 * len(distinct) <= present:
        spec = {"name": name, "kind": "category", "values": sorted(as_texts(distinct).to_pylist())}
        return Column(name=name, spec=spec, missing=missing), column
    return _words(name, column), column


def encoded(table, spec, column):
    """(float32 [N, columns], dense or scipy CSR, of one column by its ``spec``; ``Column`` with what was found)."""
    return _ENCODERS[spec["kind"]](table, spec, column)


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


def _encoded_scaled(table, spec, column):
    values = column if isinstance(column, np.ndarray) else _parsed(table, spec, column)
    values = (values - spec["mean"]) / spec["deviation"]
    missing = np.isnan(values)
    with np.errstate(over="ignore"):
        encoded = np.where(missing, 0, values).astype(np.float32)
    if not np.isfinite(encoded).all():
        at = int(np.argmin(np.isfinite(encoded)))
        refuse_text(table, 0, spec["name"], column, at, "is too far from the mean for a float32")
    return encoded[:, None], Column(name=spec["name"], spec=spec, missing=int(missing.sum()))


def _parsed(table, spec, column):
    """float64 [N]: the numbers or dates of a column that was fitted on another table."""
    values, wrong = PARSED[spec["kind"]](column)
    if wrong.any():
        refuse_text(table, 0, spec["name"], column, int(np.argmax(wrong)), f"must be a {spec['kind']}, as it was in training")
    return finite(table, 0, spec["name"], values)


# ---- categories


def _encoded_category(table, spec, column):
    found = places_of(as_texts(column), spec["values"])
    encoded = np.zeros((len(found), len(spec["values"])), np.float32)
    known = np.flatnonzero(found >= 0)
    encoded[known, found[known]] = 1
    missing = column.null_count
    return encoded, Column(name=spec["name"], spec=spec, missing=missing, unknown=len(found) - len(known) - missing)


# ---- words


def _words(name, column):
    """The vocabulary: the words that most nodes have, in alphabetical order."""
    counts = {}
    for _, _, words in _listed(column):
        found = words.value_counts()
        for word, count in zip(found.field(0).to_pylist(), found.field(1).to_pylist()):
            counts[word] = counts.get(word, 0) + count
    frequent = sorted((-count, word) for word, count in counts.items() if count >= MIN_NODES)
    spec = {"name": name, "kind": "words", "words": sorted(word for _, word in frequent[:MAX_WORDS])}
    note = f"of {len(counts):,}" if frequent else "no word occurs at two nodes"
    return Column(name=name, spec=spec if frequent else None, missing=column.null_count, note=note)


def _encoded_words(table, spec, column):
    from scipy.sparse import csr_array

    rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int32)]
    for first, row, words in _listed(column):
        place = places_of(words, spec["words"])
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


_ENCODERS = {"number": _encoded_scaled, "date": _encoded_scaled, "category": _encoded_category, "words": _encoded_words}
