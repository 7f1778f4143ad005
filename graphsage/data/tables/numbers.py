"""Numbers in the columns of tables, with missing ones; a text where a number must be is told with its line."""

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.missing import missing_words, told_missing
from graphsage.data.tables.ids import as_texts
from graphsage.data.tables.table_files import quoted

STRAY_SHARE = 0.1  # of texts in a column of numbers or dates: up to that they are mistakes, above it the column is one of texts
FEW_WORDS, REPEATED = 3, 3  # different words among numbers that may all mean missing, and how often each stands on average
LARGEST = float(np.finfo(np.float32).max)
NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
WHOLE = r"^([-+]?[0-9]+)\.0+$"
WITH_COMMA = r"^[-+]?[0-9.]*,[0-9]+([eE][-+]?[0-9]+)?$"


def without_words(column, words):
    """(the column with null where a value is one of ``words``, in any case; {text: how often} of those).

    In a column of numbers (of a parquet file) only words that are numbers can stand.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    has_numbers = any(word[-1:].isdigit() for word in words)
    if str(column.type) != "large_string" and not has_numbers:
        return column, {}
    texts = as_whole_texts(column) if has_numbers else column
    found = pc.fill_null(pc.is_in(pc.utf8_lower(texts), value_set=pa.array(sorted(words), pa.large_string())), False)
    if not pc.any(found).as_py():
        return column, {}
    counts = texts.filter(found).value_counts()
    counts = dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist()))
    return pc.if_else(found, pa.scalar(None, column.type), column), counts


def _without_nan(values):
    """pyarrow reads a text nan as a number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)


def as_whole_texts(column):
    """A column as texts, 7.0 as 7: so pandas writes integers where some are missing."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(as_texts(column), WHOLE, r"\1")


def numbers_in(column):
    """(float64 column, null where a value is missing or no number; bool[N]: where it is a text that is no number)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    none = np.zeros(len(column), bool)
    if str(column.type) != "large_string":
        return pc.cast(column, pa.float64(), safe=False), none
    try:
        return _without_nan(pc.cast(column, pa.float64())), none
    except pa.ArrowInvalid:
        null, (column, _) = pa.scalar(None, pa.large_string()), without_words(column, missing_words())
        fits = pc.match_substring_regex(column, NUMBER)
        digits = pc.utf8_ltrim(pc.if_else(fits, column, null), "+")
        return pc.cast(digits, pa.float64()), ~pc.fill_null(fits, True).to_numpy(zero_copy_only=False)


def as_numbers(table, first, name, column):
    """float64[n] of a part of a column that must hold numbers; NaN where one is missing. first: the row of the part's first."""
    values, wrong = numbers_in(column)
    if wrong.any():
        refuse_text(table, first, name, column, int(np.argmax(wrong)), "must be a number")
    return finite(table, first, name, values)


def finite(table, first, name, values):
    """float64[n] of a float64 column, NaN where it is null; infinities are refused."""
    found = values.to_numpy(zero_copy_only=False)
    if np.isinf(found).any():
        table.refuse(first + int(np.argmax(np.isinf(found))), f"{name} is infinite: numbers must be finite")
    return found


def refuse_strays(table, name, column, wrong, kind):
    """Raise if a few texts stand in a column of numbers or dates. wrong: bool[N]: where they do."""
    if wrong.any() and wrong.sum() <= STRAY_SHARE * (len(column) - column.null_count):
        rule = f"nearly all other lines have a {kind} there: write one, or leave it empty"
        refuse_text(table, 0, name, column, int(np.argmax(wrong)), rule)


def refuse_words(table, name, column, wrong, kind):
    """Raise if most of a column's values are numbers (or dates) and the rest is a word or two, again and again.

    Nobody means categories by that, but a word for what is missing that is not on the list.
    """
    import pyarrow as pa

    present, count = len(column) - column.null_count, int(wrong.sum())
    if 2 * count >= present:
        return
    words = column.filter(pa.array(wrong)).value_counts()
    if REPEATED * len(words) <= count and len(words) <= FEW_WORDS:
        counts = dict(zip(words.field(0).to_pylist(), words.field(1).to_pylist()))
        told = f"{name} has a {kind} at {present - count:,} nodes and words at {count:,}: {told_missing(counts)}"
        flags = f"--missing {','.join(counts)} says that they mean a missing one, --category {name} that all are categories"
        raise DatasetError(f"{table.path}: {told}; {flags}")


def refuse_commas(table, name, column, wrong):
    """Raise if most of a column's texts that are no numbers are numbers with a comma: nobody means words by them."""
    import pyarrow.compute as pc

    if not wrong.any():
        return
    commas = pc.fill_null(pc.match_substring_regex(column, WITH_COMMA), False).to_numpy(zero_copy_only=False)
    if 2 * np.count_nonzero(commas) > np.count_nonzero(wrong):
        rule = "numbers have a point in them, not a comma (and what is a list has ; between)"
        refuse_text(table, 0, name, column, int(np.argmax(commas)), rule)


def refuse_text(table, first, name, column, at, rule):
    """Raise about the value at place ``at`` of a part."""
    table.refuse(first + at, f"{name} is {quoted(column[at].as_py())}, and {rule}")
