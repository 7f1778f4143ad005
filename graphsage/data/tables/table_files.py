"""CSV and parquet files as a stream of columns; what is wrong with a row is told with its line.

Columns come out as int64, float64 or text (large_string): a CSV file's are texts, a parquet file's have their own kind, and
what is neither number nor text there (dates, flags) becomes text. Spaces around a text are dropped; an empty one is null.
"""

import csv
import re
from collections import deque
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count, islice
from pathlib import Path

from graphsage.base.files import readable
from graphsage.data.errors import DatasetError

BLOCK = 1 << 21  # bytes of a CSV file parsed at a time; also the longest record. pyarrow reads 32 of them ahead
BLOCKS = 8  # handed on together: looking up ids costs a table of all ids each time
ROWS = 1 << 19  # of a parquet file, read at a time
ENDS = (".csv", ".parquet")
MISNAMED = r"\.(csv|tsv|tab|txt|dat|data|parquet|pq|xlsx?|ods|feather|jsonl?)"
SHOWN = 60  # characters of a value, in a sentence
OTHER_MARKS = {";": "semicolons", "\t": "tabs"}  # what others put between columns


def table_in(folder, stem):
    """The ``Table`` in ``stem``.csv or ``stem``.parquet of ``folder``; None if there is neither, DatasetError if both."""
    found = [path for end in ENDS if (path := Path(folder) / f"{stem}{end}").exists()]
    if len(found) > 1:
        raise DatasetError(f"{folder} holds {found[0].name} and {found[1].name}: keep one of them")
    return _opened(found[0]) if found else None


def misnamed(folder, stem):
    """A sentence about a file that may be meant as ``stem``.csv (edges.tsv, Edges.csv, edge_list.txt); "" if there is none."""
    like = re.compile(rf"{stem[:-1]}s?([ _-]?list)?({MISNAMED})?(\.(gz|zip|bz2|xz|zst))?", re.IGNORECASE)
    names = (path.name for path in sorted(Path(folder).iterdir()) if path.is_file())
    name = next((name for name in names if like.fullmatch(name) and name not in {f"{stem}{end}" for end in ENDS}), None)
    rule = f"name it {stem}.csv, UTF-8 text with commas between the columns, or {stem}.parquet"
    return f"{folder} holds no {stem}.csv, but {name}: {rule}" if name else ""


@dataclass(frozen=True)
class Table:
    """A file of rows with named columns. Rows count from 0, without the header. headings: the names as the file has them."""

    path: Path
    headings: tuple

    @property
    def columns(self):
        """The names, without spaces around them."""
        return tuple(heading.strip() for heading in self.headings)

    @property
    def is_csv(self):
        return self.path.suffix == ".csv"

    def require(self, *names):
        """DatasetError unless it has all these columns."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            others = [name for mark, name in OTHER_MARKS.items() if any(mark in heading for heading in self.headings)]
            where = ", not ".join([": the first line must name them, with commas between", *others]) if self.is_csv else ""
            columns = shown(", ".join(self.columns))
            raise DatasetError(f"{self.path} has no column {missing[0]!r}, only {columns}{where}")

    def batches(self, names, progress):
        """Yield (first row, [the column of each name]), a part of the file at a time."""
        first, headings = 0, [self.headings[self.columns.index(name)] for name in names]
        with progress(self.path.name) as report:
            for share, batch in _told(self, (_csv_batches if self.is_csv else _parquet_batches)(self, headings)):
                if not batch.num_rows:
                    continue
                yield first, [_plain(self.path, batch.column(heading)) for heading in headings]
                first += batch.num_rows
                report(share)

    def read(self, names, progress):
        """{name: column} of the whole file."""
        import pyarrow as pa

        parts = [columns for _, columns in self.batches(names, progress)]
        return {name: _joined(pa, [columns[at] for columns in parts]) for at, name in enumerate(names)}

    def line(self, row):
        """Where a row stands: "line 17" of a CSV file, "row 16" (from 1) of a parquet file."""
        return f"line {_line_of(self.path, row)}" if self.is_csv else f"row {int(row) + 1}"

    def refuse(self, row, rule):
        """Raise the DatasetError about one row."""
        raise DatasetError(f"{self.path} {self.line(row)}: {rule}")


def shown(value):
    """A value on one line, cut where it is long."""
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def quoted(value):
    """A value for a sentence: a number plain, a text in quotes."""
    return repr(shown(value)) if isinstance(value, str) else shown(value)


# ---- opening


def _opened(path):
    if find_spec("pyarrow") is None:
        raise DatasetError("reading tables needs pyarrow, which is not installed: pip install 'graphsage[tabular]'")
    if not path.is_file():
        raise DatasetError(f"{path} cannot be read: it is no file")
    headings = tuple(_csv_headings(path) if path.suffix == ".csv" else _parquet_headings(path))
    table = Table(path, headings)
    repeated = next((name for at, name in enumerate(table.columns) if name in table.columns[:at]), None)
    if repeated is not None:
        raise DatasetError(f"{path} has two columns {quoted(repeated)}: each needs a name of its own")
    return table


def _csv_headings(path):
    try:
        _, headings = next(_records(path))
    except StopIteration:
        raise DatasetError(f"{path} is empty: its first line must name the columns") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from None
    if any("\ufffd" in heading for heading in headings):
        _refuse_other_encodings(path)
    return headings


def _parquet_headings(path):
    import pyarrow as pa

    try:
        return [str(name) for name in _parquet(path).schema_arrow.names]
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{path} is no intact parquet file: {_first_line(error)}") from None


def _parquet(path):
    from pyarrow.parquet import ParquetFile

    return ParquetFile(_arrow_source(path))


def _arrow_source(path):
    """What pyarrow reads ``path`` from: it opens only names that are UTF-8."""
    return path if readable(str(path)) == str(path) else open(path, "rb")


# ---- parts


def _csv_batches(table, headings):
    """Yield (share of the file that was read, record batch)."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    size, last = max(1, table.path.stat().st_size), table.headings[-1]
    kinds, value = dict.fromkeys([*headings, last], pa.large_string()), None
    with arrow.open_csv(
        _arrow_source(table.path),
        read_options=arrow.ReadOptions(block_size=BLOCK, use_threads=False),
        parse_options=arrow.ParseOptions(newlines_in_values=True),
        convert_options=arrow.ConvertOptions(column_types=kinds, include_columns=list(kinds), null_values=[""]),
    ) as stream:
        batches = iter(stream)
        for done in count(BLOCKS * BLOCK, BLOCKS * BLOCK):
            part = list(islice(batches, BLOCKS))
            if not part:
                return _refuse_open_quote(table.path, value)
            whole = pa.concat_batches(part)
            value = whole.column(last)[-1].as_py() if whole.num_rows else value
            yield min(1, done / size), whole


def _parquet_batches(table, headings):
    file = _parquet(table.path)
    size, done = max(1, file.metadata.num_rows), 0
    for batch in file.iter_batches(batch_size=ROWS, columns=headings, use_threads=False):
        done += batch.num_rows
        yield done / size, batch


def _plain(path, column):
    """int64, float64 or large_string; DatasetError for lists, structures and bytes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_integer(kind) and kind != pa.uint64():  # of those some are no int64: as texts they stay what they are
        return pc.cast(column, pa.int64())
    if pa.types.is_floating(kind):
        values = pc.cast(column, pa.float64())
        return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
    if pa.types.is_timestamp(kind):  # nanoseconds, and zones other than UTC, are more than a text of them could be read as
        column = pc.cast(column, pa.timestamp("us", kind.tz and "UTC"), safe=False)
    try:
        text = pc.utf8_trim_whitespace(pc.cast(column, pa.large_string()))
    except pa.ArrowException:  # lists, structures, bytes that are no text
        raise DatasetError(f"{path} has a column of {kind}: numbers, texts, dates and flags can be read") from None
    is_empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(is_empty, pa.scalar(None, pa.large_string()), text) if pc.any(is_empty).as_py() else text


def _joined(pa, parts):
    """One array of a column's parts. A parquet file has one kind a column, so do all its parts."""
    return pa.concat_arrays(parts) if parts else pa.array([], pa.large_string())


# ---- what is wrong


def _told(table, parts):
    """``parts``, whose errors become sentences."""
    import pyarrow as pa

    try:
        yield from parts
    except (pa.ArrowException, OSError) as error:
        if table.is_csv:
            _refuse_other_encodings(table.path)
            _refuse_ragged(table)
        raise DatasetError(f"{table.path} cannot be read: {_first_line(error)}") from None


def _first_line(error):
    return str(error).partition("\n")[0].strip()[:200]


def _refuse_other_encodings(path):
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                found = f"byte {error.start + 1} of the line is 0x{line[error.start]:02x}"
                raise DatasetError(f"{path} line {number}: the text is not UTF-8 ({found}): save the file as UTF-8") from None


def _refuse_ragged(table):
    wanted = len(table.headings)
    for number, record in _records(table.path):
        if len(record) != wanted:
            raise DatasetError(f"{table.path} line {number}: {len(record)} columns, and the first line names {wanted}")


def _refuse_open_quote(path, value):
    """pyarrow ends an open quote where the file ends: all that follows the quote would be one text. value: the file's last."""
    if value is None or len(value.splitlines()) < 2:
        return
    with open(path, "rb") as file:
        file.seek(-min(4, path.stat().st_size), 2)
        if file.read().rstrip().endswith(b'"'):
            return
    number, _ = deque(_records(path), maxlen=1)[0]
    raise DatasetError(f"{path} line {number}: a quote is opened and not closed again")


def _line_of(path, row):
    """The line, from 1, on which a row begins."""
    for at, (number, _) in enumerate(_records(path), -1):
        if at == row:
            return number
    return "?"  # the file has changed since


def _records(path):
    """Yield (line on which it begins, fields) of each record of a CSV file, the header too. Slow: for sentences."""
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        reader, begins = csv.reader(file), 1
        try:
            for record in reader:
                if record:  # a blank line is none
                    yield begins, record
                begins = reader.line_num + 1
        except csv.Error as error:
            raise DatasetError(f"{path} line {begins}: {error} (is a quote not closed?)") from None
