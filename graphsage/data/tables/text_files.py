"""How a table of text lies in its file: packed or not, what stands between its columns, and where its first row is.

.csv has commas between columns, .tsv and .tab tabs; others what their first line has: tabs, commas, else spaces. Each may be
packed (.gz, .bz2, .xz). Lines at the top that begin with # or % are comments; in .csv only where a first line of numbers is
below, or another number of columns. A first line of numbers names no columns: then the last comment does, or they are the two
ends of edges, and others that nothing reads.
"""

import bz2
import csv
import gzip
import io
import lzma
import re
import zlib
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from graphsage.base.id_rule import INTEGER
from graphsage.data.errors import DatasetError
from graphsage.data.tables.end_names import pairs_among

MARKS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": None, ".edges": None, ".edgelist": None, ".el": None}
KONECT = re.compile(r"out\.[\w-]+(\.(gz|bz2|xz))?")  # the name of a table of edges there: out.ego-facebook
PACKED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
TEXT_ENDS = tuple(f"{text}{packed}" for text in MARKS for packed in ("", *PACKED))
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)  # what unpacking raises
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
CHUNK = 1 << 20  # bytes of lines in which spaces are looked for at a time
UNPACKED = 5  # a packed text is about so many times as long
SPACES = "\x1f"  # stands for a run of spaces and tabs


@dataclass(frozen=True)
class TextFile:
    """A table of text. mark: what stands between columns. skipped: lines above the first record. headings: its columns' names.

    is_named: whether the first record is those names.
    """

    path: Path
    mark: str
    skipped: int
    headings: tuple
    is_named: bool

    @property
    def parsing(self):
        """How pyarrow is to parse what ``opened`` gives."""
        return {"delimiter": self.mark, "quote_char": False if self.mark == SPACES else '"'}

    def opened(self):
        """The unpacked bytes, as a stream that pyarrow can read; runs of spaces are one mark."""
        import pyarrow as pa

        if self.mark == SPACES:
            return io.BufferedReader(_Marked(_unpacked(self.path)), CHUNK)
        return _unpacked(self.path) if self.path.suffix in PACKED else pa.OSFile(str(self.path))

    def records(self):
        """Yield (line on which it begins, fields) of each record, names of columns too. Slow: for sentences."""
        return _records(self.path, self.mark, self.skipped)

    def about_lines(self):
        """About how many lines it has, by the length of the first."""
        with _damage_told(self.path), self.opened() as file:
            first = file.read(CHUNK)
        size = self.path.stat().st_size * (UNPACKED if self.path.suffix in PACKED else 1)
        return max(1, bytes(first).count(b"\n")) * max(1, size / max(1, len(first)))

    def line_of(self, row):
        """The line, from 1, on which a row begins."""
        for at, (number, _) in enumerate(self.records(), -1 if self.is_named else 0):
            if at == row:
                return number
        return "?"  # the file has changed since

    def refuse_ragged(self):
        """DatasetError about the first record that has not as many columns as there are names."""
        wanted = len(self.headings)
        for number, record in self.records():
            if len(record) != wanted:
                raise DatasetError(f"{self.path} line {number}: {len(record)} columns, and the first line names {wanted}")

    def refuse_open_quote(self, value):
        """pyarrow ends an open quote where the file ends: what follows it would be one text. value: the file's last."""
        if value is None or len(value.splitlines()) < 2:
            return
        with self.opened() as file:
            end = deque(iter(lambda: file.read(1 << 20), b""), maxlen=2)
        if b"".join(end).rstrip().endswith(b'"'):
            return
        number, _ = deque(self.records(), maxlen=1)[0]
        raise DatasetError(f"{self.path} line {number}: a quote is opened and not closed again")


def text_file(path, unnamed=()):
    """The ``TextFile`` at ``path``; DatasetError if it is empty or no text. unnamed: names for columns of a file without."""
    comments = _comments(path)
    mark = MARKS.get(_kind(path)) or _mark(path, len(comments))
    first = list(islice(_records(path, mark, len(comments)), 1))
    if comments and mark == MARKS[".csv"] and first and _is_header(comments[-1], first[0][1]):
        comments = comments[:-1]
        first = list(islice(_records(path, mark, len(comments)), 1))
    if not first:
        raise DatasetError(f"{path} is empty: its first line must name the columns")
    fields = first[0][1]
    if any("\ufffd" in field for field in fields):
        refuse_other_encodings(path)
    names = _names(fields, comments, mark, unnamed)
    return TextFile(path, mark, len(comments), tuple(names or fields), not names)


def refuse_other_encodings(path):
    """DatasetError about the first line that is not UTF-8."""
    with _damage_told(path), _unpacked(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                found = f"byte {error.start + 1} of the line is 0x{line[error.start]:02x}"
                raise DatasetError(f"{path} line {number}: the text is not UTF-8 ({found}): save the file as UTF-8") from None


def _kind(path):
    """.csv, .tsv, ... of a file that may be packed."""
    return path.with_suffix("").suffix if path.suffix in PACKED else path.suffix


def _unpacked(path):
    return PACKED.get(path.suffix, open)(path, "rb")


@contextmanager
def _damage_told(path):
    try:
        yield
    except DAMAGED as error:
        raise DatasetError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _comments(path):
    """The lines at the top that begin with # or %, without those marks."""
    found = []
    with _damage_told(path), _unpacked(path) as file:
        for line in file:
            if not line.lstrip(b"\xef\xbb\xbf").startswith((b"#", b"%")):
                break
            found.append(line.decode("utf-8", "replace").strip("\ufeff#% \t\r\n"))
    return found


def _mark(path, skipped):
    with _damage_told(path), _unpacked(path) as file:
        first = next(islice(file, skipped, None), b"")
    return "\t" if b"\t" in first.strip() else "," if b"," in first else SPACES


def _names(fields, comments, mark, unnamed):
    """The names of columns where the first record is one of numbers, so that it names none; else nothing.

    Of edges a comment names columns only where it names both ends: other comments may have as many words.
    """
    if not _are_numbers(fields):
        return ()
    told = _split(comments[-1], mark) if comments else []
    if len(told) == len(fields) and (not unnamed or pairs_among(told)):
        return told
    more = (f"column {at}" for at in range(len(unnamed) + 1, len(fields) + 1))
    return (*unnamed, *more) if 0 < len(unnamed) <= len(fields) else ()


def _are_numbers(fields):
    """Two integers first, and numbers only?"""
    return all(INTEGER.fullmatch(field.strip()) for field in fields[:2]) and all(NUMBER.fullmatch(f.strip()) for f in fields)


def _is_header(comment, fields):
    """In .csv a line "#id,label" may be the names of columns: is it, above texts?"""
    return len(fields) > 1 and not _are_numbers(fields) and len(_split(comment, ",")) == len(fields)


def _split(line, mark):
    return line.split() if mark == SPACES else [field.strip() for field in line.split(mark)]


def _records(path, mark, skipped):
    with _damage_told(path), _unpacked(path) as stream:
        with io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="") as file:
            deque(islice(file, skipped), maxlen=0)
            yield from _spaced(file, skipped) if mark == SPACES else _delimited(path, file, mark, skipped)


def _delimited(path, file, mark, skipped):
    reader, begins = csv.reader(file, delimiter=mark), skipped + 1
    try:
        for record in reader:
            if record:  # a blank line is none
                yield begins, record
            begins = skipped + reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(f"{path} line {begins}: {error} (is a quote not closed?)") from None


def _spaced(file, skipped):
    for number, line in enumerate(file, skipped + 1):
        if line.strip():
            yield number, line.split()


class _Marked(io.RawIOBase):
    """A stream of lines whose runs of spaces and tabs are one mark."""

    def __init__(self, stream):
        self.stream, self.ready = stream, b""

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.ready:
            lines = self.stream.readlines(CHUNK)
            self.ready = b"".join(SPACES.encode().join(line.split()) + b"\n" for line in lines)
        part, self.ready = self.ready[: len(buffer)], self.ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self):
        self.stream.close()
        super().close()
