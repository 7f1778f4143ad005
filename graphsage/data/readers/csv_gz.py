"""Tables of numbers in .csv.gz files of strangers, unpacked and parsed a few megabytes at a time."""

import gzip
import re
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np

from graphsage.data.errors import DatasetError
from graphsage.data.readers.npz import ALWAYS_READ, MAX_RATIO

CHUNK = 1 << 22  # bytes of text parsed at a time; also the longest line
NOT_INTEGERS = re.compile(rb"[^0-9,\r\n]|[0-9]{19}")  # what int64 columns cannot have
# what gzip raises on damage
DAMAGED = (OSError, EOFError, zlib.error)


def read_table(path, dtype, *, rows=None, columns=None):
    """``dtype`` [rows, columns] of a .csv.gz file without a header: numbers with commas between, one row a line.

    dtype: np.int64 (integers >= 0 only) or a float (NaN and infinity as "nan", "inf"). rows, columns: how many there must be,
    or None for as many as there are. Blank lines are skipped. Memory: that of the result where ``rows`` is given, else twice.
    Raises DatasetError, one sentence that starts with the path.
    """
    path = Path(path)
    if rows is None:
        tables = list(table_chunks(path, dtype, columns=columns))
        return np.concatenate(tables) if tables else np.empty((0, columns or 1), dtype)
    table, filled = np.empty((0, columns or 1), dtype), 0
    for part in table_chunks(path, dtype, columns=columns):
        if filled == 0:
            _refuse_unlikely(path, rows, part.shape[1])
            table = np.empty((rows, part.shape[1]), dtype)
        if filled + len(part) > rows:
            raise DatasetError(f"{path} must have {rows} lines, it has more")
        table[filled : filled + len(part)] = part
        filled += len(part)
    if filled != rows:
        raise DatasetError(f"{path} must have {rows} lines, it has {filled}")
    return table


def table_chunks(path, dtype, *, columns=None):
    """Yield the table in parts of whole rows: arrays [n >= 1, columns]."""
    line = 1
    for text in _whole_lines(Path(path)):
        if text.strip():
            table = _parsed(path, text, dtype, line)
            columns = columns or table.shape[1]
            if table.shape[1] != columns:
                raise DatasetError(f"{path} must have {columns} columns, it has {table.shape[1]} from line {line} on")
            yield table
        line += text.count(b"\n")


def _refuse_unlikely(path, rows, columns):
    """A number takes two characters or more: a table that no such file can hold is refused before its memory is taken."""
    if 2 * rows * columns > _most_text(path):
        raise DatasetError(f"{path} is too short for {rows} lines of {columns} columns")


def _most_text(path):
    """Bytes that the file may unpack to. Tables of numbers shrink to a third; zeros a thousandfold."""
    return max(ALWAYS_READ, MAX_RATIO * path.stat().st_size)


def _whole_lines(path):
    """Yield the unpacked text in pieces that end with a line's end."""
    try:
        left, allowed = b"", _most_text(path)
        with gzip.open(path, "rb") as stream:
            while data := stream.read(CHUNK):
                allowed -= len(data)
                end = data.rfind(b"\n") + 1
                if allowed < 0 or (not end and len(left) + len(data) > CHUNK):
                    rule = "unpacks to far more than a table of its size would" if allowed < 0 else "has a line of megabytes"
                    raise DatasetError(f"{path} {rule}: it is not read")
                if end:
                    yield left + data[:end]
                    left = b""
                left += data[end:]
        yield left
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing") from None
    except DatasetError:
        raise
    except DAMAGED as error:
        raise DatasetError(f"{path} is not an intact .gz file: {error}") from None


def _parsed(path, text, dtype, line):
    if np.dtype(dtype).kind == "i" and (wrong := NOT_INTEGERS.search(text)):
        at = line + text.count(b"\n", 0, wrong.start())
        raise DatasetError(f"{path}: line {at} must be integers >= 0 with commas between, got {wrong[0][:20]!r}")
    try:
        return np.loadtxt(BytesIO(text), dtype, delimiter=",", comments=None, ndmin=2, encoding="ascii")
    except (ValueError, UnicodeError) as error:  # numpy counts the rows of this part
        raise DatasetError(f"{path}, in the part from line {line} on: {error}") from None
