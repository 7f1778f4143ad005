"""Numbers in the columns of tables, with missing ones; a text where a number must be is told with its line."""

import numpy as np

from graphsage.data.tables.table_files import quoted

MISSING = ("NA", "N/A", "NaN", "nan", "null", "NULL", "None")  # among numbers; in a column of texts these are texts
STRAY_SHARE = 0.1  # of texts in a column of numbers or dates: up to that they are mistakes, above it the column is one of texts
LARGEST = float(np.finfo(np.float32).max)
NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
WITH_COMMA = r"^[-+]?[0-9.]*,[0-9]+([eE][-+]?[0-9]+)?$"


def numbers_in(column):
    """(float64 column, null where a value is missing or no number; bool[N]: where it is a text that is no number)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    none = np.zeros(len(column), bool)
    if str(column.type) != "large_string":
        return pc.cast(column, pa.float64(), safe=False), none
    null = pa.scalar(None, pa.large_string())
    column = pc.if_else(pc.is_in(column, value_set=pa.array(MISSING, pa.large_string())), null, column)
    try:
        return pc.cast(column, pa.float64()), none
    except pa.ArrowInvalid:
        fits = pc.match_substring_regex(column, NUMBER)
        digits = pc.utf8_ltrim(pc.if_else(fits, column, null), "+")
        return pc.cast(digits, pa.float64()), ~pc.fill_null(fits, True).to_numpy(zero_copy_only=False)


def as_numbers(table, first, name, column):
    """float64[n] of a part of a column that must hold numbers; NaN where one is missing. first: the row of the part's first."""
    return checked_numbers(table, first, name, column, *numbers_in(column))


def checked_numbers(table, first, name, column, values, wrong):
    """``as_numbers`` of a part whose ``numbers_in`` are known: (values, wrong)."""
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
