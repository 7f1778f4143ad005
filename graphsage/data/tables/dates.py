"""Dates and times in the columns of tables, as days since 1970-01-01.

A date is written as ISO 8601 has it: 2024-05-31, perhaps with a time (2024-05-31 12:00, 2024-05-31T12:00:00.5) and the time
with a zone (Z, +02:00); 2024/05/31 is that too. Without a zone it is taken for UTC. 31/05/2024 is a text: elsewhere the month
comes first.
"""

import numpy as np

from graphsage.data.missing import missing_words
from graphsage.data.tables.ids import as_ids
from graphsage.data.tables.numbers import finite, numbers_in, refuse_text, without_words
from graphsage.graph.time_axis import BETWEEN, FARTHEST

ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
DATE = rf"^[0-9]{{4}}(-[0-9]{{2}}-|/[0-9]{{2}}/)[0-9]{{2}}([ T][0-9]{{2}}(:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]+)?)?)?{ZONE}?)?$"
ZONED = rf"[ T].*{ZONE}$"
DAY = 86_400_000_000  # microseconds
WRITTEN = "must be a number or a date such as 2024-05-31 or 2024-05-31 12:00:00"


def dates_in(column):
    """(float64 column: days since 1970-01-01, null where there is no date; bool[N]: where there is a text that is none)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if str(column.type) != "large_string":
        return pa.nulls(len(column), pa.float64()), column.is_valid().to_numpy(zero_copy_only=False)
    null, (column, _) = pa.scalar(None, pa.large_string()), without_words(column, missing_words())
    texts = pc.if_else(pc.match_substring_regex(column, DATE), column, null)
    texts = pc.replace_substring(texts, "/", "-")
    texts = pc.replace_substring_regex(texts, r"(\.[0-9]{6})[0-9]+", r"\1")  # nanoseconds: none is left of them in a float32
    zoned = pc.match_substring_regex(texts, ZONED)
    local = _parsed(pc.if_else(zoned, null, texts), pa.timestamp("us"))
    found = pc.coalesce(_parsed(pc.if_else(zoned, texts, null), pa.timestamp("us", "UTC")), local)
    wrong = pc.and_(column.is_valid(), pc.invert(found.is_valid())).to_numpy(zero_copy_only=False)
    return pc.divide(pc.cast(found, pa.float64(), safe=False), DAY), wrong


def _parsed(texts, kind):
    """int64: microseconds; null for a day that no month has, too."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(pc.cast(texts, kind), pa.int64())
    except pa.ArrowInvalid:
        known = texts.unique()
        known = known.filter(pa.array([_is_parsed(text, kind) for text in known], pa.bool_()))
        return _parsed(pc.if_else(pc.is_in(texts, value_set=known), texts, pa.scalar(None, texts.type)), kind)


def _is_parsed(text, kind):
    import pyarrow as pa

    try:
        return text.cast(kind) is not None
    except pa.ArrowInvalid:
        return False


def date_of(days):
    """Text for days since 1970-01-01, to the second."""
    return str(np.datetime64(round(days * 86_400), "s")).replace("T", " ")


def as_times(table, first, name, column):
    """("number" or "date", int64[n] or float64[n]) of a part of a column of times; dates are days since 1970-01-01."""
    if column.null_count:
        table.refuse(first + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False))), f"{name} is empty")
    whole = as_ids(column)
    if str(whole.type) == "int64":  # as they are: nanoseconds are more than a float64 can tell apart
        return "number", whole.to_numpy()
    values, kind = numbers_in(column)[0], "number"
    if values.null_count == len(values):
        values, kind = dates_in(column)[0], "date"
    values = finite(table, first, name, values)
    if np.isnan(values).any():
        rule = "must be a number, as others are" if kind == "number" else WRITTEN
        refuse_text(table, first, name, column, int(np.argmax(np.isnan(values))), rule)
    if kind == "date" and (np.abs(values) > FARTHEST).any():
        refuse_text(table, first, name, column, int(np.argmax(np.abs(values) > FARTHEST)), f"must lie {BETWEEN}")
    return kind, values


def stored_times(kind, values):
    """Times as a ``Graph`` has them: whole numbers as int64, others as float64, dates as nanoseconds (to the microsecond)."""
    if kind == "date":
        return np.rint(values * DAY).astype(np.int64) * 1000
    return values.astype(np.int64, copy=False) if values.dtype == np.int64 or are_whole(values) else values


def are_whole(values):
    """Whether floats are integers, and no others."""
    return bool(np.all(np.abs(values) < 2**53) and np.array_equal(values, np.rint(values)))
