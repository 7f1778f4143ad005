"""Text and parquet files, and tables in memory, as a stream of columns; what is wrong with a row is told with its line.

Columns come out as int64, float64 or text (large_string): a text file's are texts, those of others have their own kind, and
what is neither number nor text there (dates, flags) becomes text. Spaces around a text are dropped; an empty one is null.
"""

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count, islice
from pathlib import Path

from graphsage.base.files import readable
from graphsage.data.errors import DatasetError
from graphsage.data.tables.text_files import DAMAGED, KONECT, SPACES, TEXT_ENDS, TextFile, refuse_other_encodings, text_file

BLOCK = 1 << 21  # bytes of a CSV file parsed at a time; also the longest record. pyarrow reads 32 of them ahead
BLOCKS = 8  # handed on together: looking up ids costs a table of all ids each time
ROWS = 1 << 19  # of a parquet file, read at a time
ENDS = (".parquet", *TEXT_ENDS)  # of the names of files that are read
UNNAMED = {"edges": ("source", "target")}  # names for the columns of a table that has none
MISNAMED = r"\.(csv|tsv|tab|txt|dat|data|parquet|pq|xlsx?|ods|feather|jsonl?)"
SHOWN = 60  # characters of a value, in a sentence
MARKS = {",": "commas", "\t": "tabs", ";": "semicolons", SPACES: "spaces"}  # what stands between columns


def files_named(folder, stem):
    """The files of the table ``stem`` in ``folder``: ``stem``.csv, .parquet, .csv.gz, .tsv, .txt, ...

    A file in place of the folder is a lone table of edges.
    """
    if Path(folder).is_file():
        return [Path(folder)] if stem == "edges" else []
    return sorted(path for end in ENDS if (path := Path(folder) / f"{stem}{end}").exists())


def table_in(folder, stem):
    """The ``Table`` called ``stem`` in ``folder``; None if there is none, DatasetError if there are several files of it."""
    found = files_named(folder, stem)
    if len(found) > 1:
        raise DatasetError(f"{folder} holds {found[0].name} and {found[1].name}: keep one of them")
    return table_at(found[0], UNNAMED.get(stem, ())) if found else None


def misnamed(folder, stem):
    """A sentence about a file that may be meant as ``stem``.csv (Edges.csv, edge_list.txt); "" if there is none."""
    like = re.compile(rf"{stem[:-1]}s?([ _-]?list)?({MISNAMED})?(\.(gz|zip|bz2|xz|zst))?", re.IGNORECASE)
    names = (path.name for path in sorted(Path(folder).iterdir()) if path.is_file())
    name = next((name for name in names if like.fullmatch(name) and name not in {f"{stem}{end}" for end in ENDS}), None)
    rule = f"name it {stem}.csv, UTF-8 text with commas between the columns, or {stem}.parquet"
    return f"{folder} holds no {stem}.csv, but {name}: {rule}" if name else ""


@dataclass(frozen=True)
class Table:
    """A file, or a table in memory, of rows with named columns. Rows count from 0, without the header.

    headings: the names as the file has them. columns: what the columns are called here, by default the same without spaces
    around. text: how a file of text is to be read, None for others. notes: what was guessed in reading it, a line each.
    memory: the pyarrow table itself, whose ``path`` is but what sentences call it; None for a file.
    """

    path: Path
    headings: tuple
    columns: tuple
    text: TextFile | None = None
    notes: list = field(default_factory=list, compare=False)
    memory: object = None

    def note(self, line):
        """Keep a line to be told, once."""
        if line not in self.notes:
            self.notes.append(line)

    def require(self, *names):
        """DatasetError unless it has all these columns."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            others = [name for mark, name in MARKS.items() if any(mark in heading for heading in self.headings)]
            rule = f": the first line must name them, with {MARKS[self.text.mark]} between" if self.text else ""
            where = ", not ".join([rule, *others]) if self.text else ""
            where += "" if others and self.text else f"; --{missing[0]} COLUMN names it"
            columns = shown(", ".join(self.columns)) or "none at all"
            raise DatasetError(f"{self.path} has no column {missing[0]!r}, only {columns}{where}")

    def batches(self, names, progress, *, lists=()):
        """Yield (first row, [the column of each name]), a part of the file at a time. lists: names whose cells may be lists."""
        first, headings = 0, [self.headings[self.columns.index(name)] for name in names]
        with progress(self.path.name) as report:
            for share, batch in _told(self, (_text_batches if self.text else _typed_batches)(self, headings)):
                if not batch.num_rows:
                    continue
                yield first, [_plain(self.path, heading, batch.column(heading), _plain_lists if name in lists else None)
                              for name, heading in zip(names, headings)]
                first += batch.num_rows
                report(share)

    def read(self, names, progress, *, lists=()):
        """{name: column} of the whole file."""
        import pyarrow as pa

        parts = [columns for _, columns in self.batches(names, progress, lists=lists)]
        return {name: _joined(pa, [columns[at] for columns in parts]) for at, name in enumerate(names)}

    def heading(self, name):
        """What the file calls a column, without spaces around."""
        return self.headings[self.columns.index(name)].strip()

    def float_of(self, name):
        """ "float16", "float32" or "float64": how a column of floats is stored."""
        fields = parquet_at(self.path).schema_arrow if self.memory is None else self.memory.schema
        kind = fields.field(self.headings[self.columns.index(name)]).type
        return {"halffloat": "float16", "float": "float32"}.get(str(kind), "float64")

    def line(self, row):
        """Where a row stands: "line 17" of a text file, "row 16" (from 1) of a parquet file, "row 15 (from 0)" in memory."""
        if self.memory is not None:
            return f"row {int(row)} (from 0)"
        return f"line {self.text.line_of(row)}" if self.text else f"row {int(row) + 1}"

    def refuse_empty(self, what):
        """Raise the DatasetError about a table without rows; what: what a row of it is."""
        below = ": there is a first line with the columns' names, and nothing below" if self.text else ": it has no row"
        raise DatasetError(f"{self.path} lists no {what}{below}")

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


def pyarrow_needed():
    """DatasetError where pyarrow is not installed."""
    if find_spec("pyarrow") is None:
        raise DatasetError("reading tables needs pyarrow, which is not installed: pip install 'graphsage[tabular]'")


def table_at(path, unnamed=()):
    """The ``Table`` in a file. unnamed: names for columns of a file that has none."""
    pyarrow_needed()
    if not path.is_file():
        raise DatasetError(f"{path} cannot be read: it is no file")
    if not (path.name.endswith(ENDS) or KONECT.fullmatch(path.name)):
        raise DatasetError(f"{path} cannot be read: its name must end in .csv, .tsv, .txt (also .gz, .bz2, .xz) or .parquet")
    text = None if path.suffix == ".parquet" else text_file(path, unnamed)
    table = _with_columns(path, text.headings if text else _parquet_headings(path), text=text)
    if text and not text.is_named:
        table.note(f"{path.name} names no columns in its first line: taken as {', '.join(table.columns)}")
    return table


def table_of(arrow, name):
    """The ``Table`` of a pyarrow table in memory. name: what sentences call it."""
    return _with_columns(Path(name), arrow.column_names, memory=arrow)


def _with_columns(path, headings, **source):
    table = Table(path, tuple(headings), tuple(heading.strip() for heading in headings), **source)
    repeated = next((name for at, name in enumerate(table.columns) if name in table.columns[:at]), None)
    if repeated is not None:
        raise DatasetError(f"{path} has two columns {quoted(repeated)}: each needs a name of its own")
    return table


def _parquet_headings(path):
    import pyarrow as pa

    try:
        return [str(name) for name in parquet_at(path).schema_arrow.names]
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{path} is no intact parquet file: {_first_line(error)}") from None


def parquet_at(path):
    from pyarrow.parquet import ParquetFile

    return ParquetFile(_arrow_source(path))


def _arrow_source(path):
    """What pyarrow reads ``path`` from: it opens only names that are UTF-8."""
    return path if readable(str(path)) == str(path) else open(path, "rb")


# ---- parts


def _text_batches(table, headings):
    """Yield (share of the file that was read, record batch)."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    text, size, last = table.text, max(1, table.path.stat().st_size), table.headings[-1]
    kinds, value = dict.fromkeys([*headings, last], pa.large_string()), None
    names = None if text.is_named else table.headings
    with text.opened() as file, arrow.open_csv(
        file,
        read_options=arrow.ReadOptions(block_size=BLOCK, use_threads=False, skip_rows=text.skipped, column_names=names),
        parse_options=arrow.ParseOptions(newlines_in_values=True, **text.parsing),
        convert_options=arrow.ConvertOptions(column_types=kinds, include_columns=list(kinds), null_values=[""]),
    ) as stream:
        batches = iter(stream)
        for done in count(BLOCKS * BLOCK, BLOCKS * BLOCK):
            part = list(islice(batches, BLOCKS))
            if not part:
                return text.refuse_open_quote(value)
            whole = pa.concat_batches(part)
            value = whole.column(last)[-1].as_py() if whole.num_rows else value
            yield min(1, done / size), whole


def _typed_batches(table, headings):
    """The same of a parquet file, or of what lies in memory."""
    if table.memory is None:
        file = parquet_at(table.path)
        size, batches = file.metadata.num_rows, file.iter_batches(batch_size=ROWS, columns=headings, use_threads=False)
    else:
        size, batches = table.memory.num_rows, table.memory.select(headings).to_batches(max_chunksize=ROWS)
    done = 0
    for batch in batches:
        done += batch.num_rows
        yield done / max(1, size), batch


def _plain(path, name, column, lists):
    """int64, float64, large_string, or what the function ``lists`` makes of lists; DatasetError for structures and bytes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    kind = column.type
    if pa.types.is_integer(kind) and kind != pa.uint64():  # of those some are no int64: as texts they stay what they are
        return pc.cast(column, pa.int64())
    if pa.types.is_floating(kind):
        values = pc.cast(column, pa.float64())
        return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
    if pa.types.is_timestamp(kind):  # nanoseconds, and zones other than UTC, are more than a text of them could be read as
        column = pc.cast(column, pa.timestamp("us", kind.tz and "UTC"), safe=False)
    if lists and (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return lists(path, name, column)
    try:
        text = pc.utf8_trim_whitespace(pc.cast(column, pa.large_string()))
    except pa.ArrowException:  # lists, structures, bytes that are no text
        rule = f"numbers, texts, dates and flags can be read, and {name} is none of them"
        raise DatasetError(f"{path} has a column of {kind}: {rule}") from None
    is_empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(is_empty, pa.scalar(None, pa.large_string()), text) if pc.any(is_empty).as_py() else text


def _plain_lists(path, name, column):
    """large_list<double> of lists of numbers or flags, texts with ; between of lists of texts; DatasetError for others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    item = column.type.value_type
    if pa.types.is_string(item) or pa.types.is_large_string(item):
        texts = pc.cast(pc.binary_join(column, ";"), pa.large_string())
        return pc.if_else(pc.equal(pc.binary_length(texts), 0), ";", texts)  # an empty list is none of them, not no answer
    if not (pa.types.is_integer(item) or pa.types.is_floating(item) or pa.types.is_boolean(item)):
        rule = f"of lists, those of numbers or of texts can be read, and {name} is none of them"
        raise DatasetError(f"{path} has a column of {column.type}: {rule}")
    return pc.cast(column, pa.large_list(pa.float64()), safe=False)


def _joined(pa, parts):
    """One array of a column's parts. A table has one kind a column, so do all its parts."""
    return pa.concat_arrays(parts) if parts else pa.array([], pa.large_string())


# ---- what is wrong


def _told(table, parts):
    """``parts``, whose errors become sentences."""
    import pyarrow as pa

    try:
        yield from parts
    except (pa.ArrowException, *DAMAGED) as error:
        if table.text:
            refuse_other_encodings(table.path)
            table.text.refuse_ragged()
        raise DatasetError(f"{table.path} cannot be read: {_first_line(error)}") from None


def _first_line(error):
    return str(error).partition("\n")[0].strip()[:200]
