"""Text files of strangers: bounded, decoded with a sentence, and tables of integers parsed by numpy, not line by line."""

import numpy as np

from graphsage.data.dataset import DatasetError
from graphsage.data.readers.unpickle import read_bytes

MAX_TEXT = 1 << 28  # bytes of a text file: 256 MiB
MAX_DIGITS = 18  # of a number in a table, so that it fits int64
CHUNK = 1 << 22  # bytes parsed at a time; the arrays that takes are some forty times as large
NEWLINE, DIGITS = ord("\n"), (ord("0"), ord("9"))


def read_lines(path, limit=MAX_TEXT):
    """The lines of a text file as bytes, without their ends (LF or CRLF); empty lines at the end are left out."""
    lines = read_bytes(path, limit).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def decoded(path, line, text):
    """``text`` (bytes) of line number ``line`` as UTF-8."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: line {line} must be UTF-8: {error}") from None


def read_integers(path, columns, *, separator=",", header=None):
    """int64[rows, columns] of a text file: every line holds ``columns`` integers >= 0 with ``separator`` between.

    header: the exact first line, or None. Lines end with LF or CRLF. DatasetError with file and line for anything else.
    """
    data = read_bytes(path, MAX_TEXT).replace(b"\r\n", b"\n")
    data = data if data.endswith(b"\n") or not data else data + b"\n"
    first = b"" if header is None else header.encode() + b"\n"
    if not data.startswith(first):
        raise DatasetError(f"{path}: line 1 must be {header!r}, got {data[:60].splitlines()[:1]}")
    tables, start = [np.empty((0, columns), np.int64)], len(first)
    while start < len(data):
        end = data.rfind(b"\n", start, start + CHUNK) + 1 or start + CHUNK  # whole lines; one that long is wrong
        table, wrong = _integers(np.frombuffer(data, np.uint8, min(end, len(data)) - start, start), columns, ord(separator))
        if table is None:
            rule = f"{columns} integers of at most {MAX_DIGITS} digits with {separator!r} between"
            raise DatasetError(f"{path}: {_line_at(data, start + wrong)} must be {rule}")
        tables.append(table)
        start = end
    return np.concatenate(tables)


def _line_at(data, where):
    """Number and beginning of the line with the byte ``where``, for a sentence."""
    first, number = data.rfind(b"\n", 0, where) + 1, data.count(b"\n", 0, where) + 1
    text = data[first : data.find(b"\n", where)]
    return f"line {number}, {ascii(text[:60])[1:]},"


def _integers(data, columns, separator):
    """(int64[rows, columns], None) of whole lines (uint8), or (None, the byte at which they stop being a table).

    A table is digits between ends, and every ``columns``-th end is a newline, every other the separator.
    """
    is_digit = (data >= DIGITS[0]) & (data <= DIGITS[1])
    ends = np.flatnonzero(~is_digit)  # one after each number
    wanted = np.where(np.arange(1, len(ends) + 1) % columns == 0, NEWLINE, separator)
    lengths = np.diff(ends, prepend=-1) - 1
    wrong = (data[ends] != wanted) | (lengths < 1) | (lengths > MAX_DIGITS)
    if wrong.any() or len(ends) % columns or is_digit[-1]:
        return None, int(ends[np.argmax(wrong)]) if wrong.any() else 0
    digits = data[is_digit].astype(np.int64) - DIGITS[0]
    last = np.cumsum(lengths)
    place = np.repeat(last, lengths) - np.arange(1, len(digits) + 1)  # 0 for units, 1 for tens, ...
    return np.add.reduceat(digits * 10**place, last - lengths).reshape(-1, columns), None
