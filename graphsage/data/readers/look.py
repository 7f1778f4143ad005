"""A look at files of strangers: what they are called, their first lines, and the whole of them, unpacked and bounded."""

import io
from contextlib import contextmanager

from graphsage.data.errors import DatasetError
from graphsage.data.tables.text_files import DAMAGED, PACKED

LOOK = 1 << 14  # bytes of the first lines
MAX_WHOLE = 1 << 28  # bytes that a file may have, unpacked: its objects take up to thirty times as much


def is_called(path, *ends):
    """Does the name end in one of these, in any case? It may be packed."""
    name = path.name.lower()
    return name.endswith(tuple(f"{end}{packed}" for end in ends for packed in ("", *PACKED)))


def first_lines(path):
    """The first lines as texts, without their ends; none of a file that is no text."""
    found, size = [], 0
    try:
        with PACKED.get(path.suffix, open)(path, "rb") as file:
            while size < LOOK and (line := file.readline(LOOK)):
                found.append(line)
                size += len(line)
    except DAMAGED:  # what was read before is told by its reader
        pass
    if any(b"\0" in line for line in found):
        return []
    return [line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n") for line in found]


def whole(path):
    """The bytes of a file, unpacked; DatasetError where it has too many, none, or is damaged."""
    try:
        with PACKED.get(path.suffix, open)(path, "rb") as file:
            data = file.read(MAX_WHOLE + 1)
    except DAMAGED as error:
        raise DatasetError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not data.strip():
        raise DatasetError(f"{path} is empty")
    if len(data) > MAX_WHOLE:
        raise DatasetError(f"{path} is too long: such a file may have {MAX_WHOLE:,} bytes (tables may have more: edges.csv)")
    return data


def stream_of(path):
    """``whole`` as a file that is open."""
    return io.BytesIO(whole(path))


def text_of(path):
    """``whole`` as a text; DatasetError where it is not UTF-8."""
    try:
        return whole(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: the text is not UTF-8 (byte {error.start + 1}): save the file as UTF-8") from None


@contextmanager
def read_as(path, kind, *errors):
    """What a library raises on a file that is no intact ``kind`` becomes one sentence."""
    try:
        yield
    except DatasetError:
        raise
    except (*errors, *DAMAGED, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, MemoryError,
            RuntimeError, StopIteration) as error:  # fmt: skip
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DatasetError(f"{path} is no intact {kind} file: {lines[0][:200]}") from None


def whole_table(path):
    """{column: pyarrow array} of a table in a file, by the names that it has there."""
    from graphsage.base.progress import silent
    from graphsage.data.tables.table_files import table_at

    table = table_at(path)
    return table.read(table.columns, silent)
