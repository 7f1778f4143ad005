"""Tables and arrays as files: .csv by Python, .parquet by pyarrow, .npy by numpy; chunk by chunk, whole or not at all."""

import csv
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from graphsage.base.files import readable, written_aside
from graphsage.nn.workspace import mapped

CHUNK = 1 << 16  # rows that are made and written together
LINE_END = "\r\n"  # as Python's csv is told: it quotes what has one of its characters, and a lone \r ends a line for readers


def check_path(path, suffixes):
    """The path, if a file of one of ``suffixes`` can be written there; ValueError, one sentence, before any work is done."""
    path = Path(path)
    if path.suffix not in suffixes:
        raise ValueError(f"{path} must end in {' or '.join(suffixes)}, which says what is written")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise ValueError(f"{path} needs pyarrow, which is not installed: pip install 'graphsage[tabular]'")
    if not path.parent.is_dir():
        raise ValueError(f"{path} cannot be written: there is no folder {path.parent}")
    if path.is_dir():
        raise ValueError(f"{path} cannot be written: it is a folder")
    return path


def slices(count):
    """Slices that cover ``count`` rows; one that is empty where there are none, as a table has its columns all the same."""
    return [slice(start, start + CHUNK) for start in range(0, max(count, 1), CHUNK)]


def write_table(path, chunks):
    """Write ``chunks``, each a {column: array or list}, all of the same columns, to a .csv or .parquet file."""
    with written_aside(path) as file:
        {".csv": _write_csv, ".parquet": _write_parquet}[Path(path).suffix](file, chunks)


class _Lines:
    """Lines of text to a binary file; half a character (a surrogate) becomes an escape."""

    def __init__(self, file):
        self.file = file

    def write(self, row):
        text = row.removesuffix(LINE_END) + "\n"
        try:
            self.file.write(text.encode())
        except UnicodeEncodeError:
            self.file.write(readable(text).encode())


def _write_csv(file, chunks):
    writer = csv.writer(_Lines(file), lineterminator=LINE_END)
    for number, chunk in enumerate(chunks):
        if not number:
            writer.writerow(chunk)
        writer.writerows(zip(*map(_cells, chunk.values())))


def _cells(values):
    """A column's cells; float32 as the shortest text that reads back as it, and nothing for NaN."""
    if isinstance(values, list):
        return values
    return np.where(np.isnan(values), "", values.astype(str)).tolist() if values.dtype.kind == "f" else values.tolist()


def _write_parquet(file, chunks):
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    try:
        for chunk in chunks:
            table = pa.table({name: _arrow(pa, values) for name, values in chunk.items()})
            writer = parquet.ParquetWriter(file, table.schema) if writer is None else writer
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _arrow(pa, values):
    """A column of one type whatever the chunk: a list is text."""
    if isinstance(values, list):
        return _arrow_texts(pa, values)
    if values.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return pa.array(values, from_pandas=values.dtype.kind == "f")


def _arrow_texts(pa, values):
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([value and readable(value) for value in values], pa.string())


@contextmanager
def mapped_rows(path, shape):
    """A float32 array of ``shape`` that is the content of the .npy file ``path``: what is written to it need not fit memory."""
    with written_aside(path) as file:
        rows = mapped(file, shape, is_npy=True)
        yield rows
        if rows.size:
            rows.flush()
