"""Rows of a graph whose edges do not fit the memory: an external sort.

    edges -> records -> buckets of neighbouring rows, on disk -> each bucket sorted in memory -> appended to the arrays

What is written is what ``graphsage.graph.build.rows_from_edges`` makes of the same edges, bit for bit. A bucket that does not
fit is dealt to finer ones: of rows, and for a hub that alone is too large, of its sources.
"""

import re
from dataclasses import dataclass
from tempfile import TemporaryFile

import numpy as np

from graphsage.base.checks import MAX_NODES, as_count, as_flag, read_only
from graphsage.base.progress import silent
from graphsage.graph.buckets import Buckets, Keys
from graphsage.graph.build import edge_arrays, kept_edges
from graphsage.graph.edge_records import OWN, order, take, write_records
from graphsage.graph.named_edges import checked_edges

LEAST = 1 << 22  # bytes of memory
CHUNK = 1 << 14  # edges made records at a time: these stay in the processor's cache
OWN_ARRAYS = ("edge_ids", "weights", "times")
PLACE = re.compile(r"\b(src|dst|edge_ids|weights|times)\[(\d+)\]")
ROWS = 1 << 17  # rows whose ends are written at a time


def external_rows(
    parts, num_nodes, growing, scratch, *, memory, undirected=False, duplicates="keep", self_loops="keep", progress=silent
):
    """Write the rows of a graph, of E edges that come in parts; returns how many edges were stored.

    parts: yields dicts of equally many "src" and "dst", integers [m] in [0, num_nodes), and perhaps "edge_ids", "weights" and
        "times", checked and meant as by ``Graph.from_edges``; what the first has, all have, with the same dtypes. Without
        "edge_ids" an edge's id is its number among all. An empty part is legal.
    growing(name, dtype): something with ``append(array)`` for each of "indptr", "indices", "edge_ids" and, where there are
        some, "edge_reversed", "weights" and "times" (``graphsage.data.folders.writer.FolderWriter`` has it). They are those
        of the ``Graph`` that ``from_edges`` makes of all parts joined, bit for bit.
    scratch: folder for a file of 12 bytes an edge and direction (8 more for an id or a time, 4 or 8 for a weight), twice that
        where buckets do not fit. It has no name, and is gone at the end, however that comes.
    memory: bytes, at least 4 MiB. The parts take more, which are the caller's, and so does ``growing``.
    undirected, duplicates, self_loops: as in ``from_edges``. progress: of ``graphsage.base.progress``, shown while sorting.
    ValueError or TypeError, one sentence, as ``from_edges``; edges are named by their number among all.
    """
    num_nodes, memory = as_count("num_nodes", num_nodes, most=MAX_NODES), as_count("memory", memory, least=LEAST)
    how = _How(num_nodes, as_flag("undirected", undirected), **kept_edges(duplicates, self_loops))
    return _sorted_rows(parts, how, growing, scratch, progress, Sizes(memory))


@dataclass(frozen=True)
class Sizes:
    """Of a sort. memory: bytes. room, most: the most records of a block, and of a bucket that is sorted; None: what fits.

    Half of the memory is for blocks that are being filled, and half for a bucket, or for what becomes records.
    """

    memory: int
    room: int | None = None
    most: int | None = None

    def buckets(self, file, keys, source_bits, own):
        """Empty ``Buckets``, of whose blocks each can be read at once."""
        return Buckets(file, keys, source_bits, own.width, self.memory // 2, self.room or self.fitting(own))

    def fitting(self, own):
        """How many records can be sorted at once: 53 bytes each and their words, and what travels with them twice."""
        return self.most or self.memory // 2 // (53 + 4 * own.width + 8 * (own.width - OWN))


@dataclass(frozen=True)
class _How:
    """What rows are to be made. source_bits: of a key, what is not its row's."""

    num_nodes: int
    undirected: bool
    once: bool
    loops: bool

    @property
    def source_bits(self):
        return max(self.num_nodes - 1, 0).bit_length()


@dataclass(frozen=True)
class _Own:
    """What travels with edges, {name: dtype}, and how: as words of their records."""

    dtypes: dict

    @property
    def width(self):
        """W, the words of a record."""
        return OWN + sum(dtype.itemsize // 4 for dtype in self.dtypes.values())

    def words(self, arrays, piece):
        """uint32[m, W - 3] of a piece of the arrays."""
        parts = [arrays[name][piece] for name in self.dtypes]
        rows = [part.view(np.uint32).reshape(len(part), part.itemsize // 4) for part in map(np.ascontiguousarray, parts)]
        return np.concatenate([np.empty((piece.stop - piece.start, 0), np.uint32), *rows], axis=1)

    def arrays(self, records, places):
        """{name: array} of the records at these places."""
        found, at = {}, OWN
        for name, dtype in self.dtypes.items():
            words = records[places, at : at + dtype.itemsize // 4]
            found[name], at = np.ascontiguousarray(words).view(dtype).reshape(-1), at + dtype.itemsize // 4
        return found


def _sorted_rows(parts, how, growing, scratch, progress, sizes):
    with TemporaryFile(dir=scratch) as file:
        own, buckets = _dealt(parts, how, file, sizes)
        rows = _Rows(growing, own, how)
        if buckets is not None:
            with progress("sorting edges") as report:
                _Sort(how, own, sizes, scratch, rows, report).sort(buckets)
        rows.tell_ends(np.empty(0, np.int32), how.num_nodes)
        return rows.stored


# ---- into buckets


def _dealt(parts, how, file, sizes):
    """(``_Own``, the ``Buckets`` of all edges, or None where there is no part)."""
    first, own, buckets, records = 0, None, None, None
    for number, part in enumerate(parts):
        src, dst, arrays = _checked(part, how.num_nodes, first)
        dtypes = {name: array.dtype for name, array in arrays.items()}
        if own is None:
            own = _Own(dtypes)
            buckets = sizes.buckets(file, Keys(0, 2 * how.source_bits), how.source_bits, own)
            records = np.empty((2 * CHUNK, own.width), np.uint32)
        elif dtypes != own.dtypes:
            raise TypeError(f"all parts must have what the first has, {_told(own.dtypes)}; part {number} has {_told(dtypes)}")
        for at in range(0, len(src), CHUNK):
            piece = slice(at, min(at + CHUNK, len(src)))
            ends = (read_only(ends[piece].astype(np.int64, copy=False)) for ends in (src, dst))
            count = write_records(*ends, how.undirected, how.loops, own.words(arrays, piece), records)
            buckets.deal(records[:count], base=2 * (first + at))
        first += len(src)
    if buckets is not None:
        buckets.settle()
    return own or _Own({}), buckets


def _checked(part, num_nodes, first):
    """(src, dst, {name: array of what travels with the edges}) of a part, which begins with edge ``first``."""
    unknown = sorted(part.keys() - {"src", "dst", *OWN_ARRAYS})
    if unknown or not {"src", "dst"} <= part.keys():
        raise TypeError(f"a part of edges is a dict of src, dst and perhaps {', '.join(OWN_ARRAYS)}; got {sorted(part)}")
    try:
        src, dst = checked_edges(part["src"], part["dst"], num_nodes)
        return src, dst, edge_arrays(len(src), **{name: part.get(name) for name in OWN_ARRAYS})
    except (TypeError, ValueError) as error:
        raise type(error)(PLACE.sub(lambda found: f"{found[1]}[{int(found[2]) + first}]", str(error))) from None


def _told(dtypes):
    return ", ".join(f"{name} ({dtype})" for name, dtype in dtypes.items()) or "no array of edges"


# ---- out of buckets


class _Sort:
    """Sorts buckets in memory, which is taken once: cleared pages cost as much as the sorting."""

    def __init__(self, how, own, sizes, scratch, rows, report):
        self.how, self.own, self.sizes, self.scratch, self.rows, self.report = how, own, sizes, scratch, rows, report
        self.most, self.done, self.total, self.arrays = sizes.fitting(own), 0, 0, None

    def sort(self, buckets):
        """Append the edges of ``buckets``, in the order of their keys."""
        self.total = self.total or buckets.total
        for keys, blocks in buckets:
            count = buckets.count(blocks)
            if count <= self.most:
                self._sort_bucket(buckets, keys, blocks)
            elif keys.bits:
                self._sort_finer(buckets, keys, blocks)
            else:
                self._add_repeats(buckets, keys, blocks)

    def _sort_finer(self, buckets, keys, blocks):
        with TemporaryFile(dir=self.scratch) as file:
            finer = self.sizes.buckets(file, keys, self.how.source_bits, self.own)
            for run in buckets.runs(blocks, self.most):
                records, lows, *_ = self._read(buckets, run)
                finer.deal(records, lows)
            finer.settle()
            self.sort(finer)

    def _sort_bucket(self, buckets, keys, blocks):
        records, lows, *pairs = self._read(buckets, blocks)
        is_other = order(records, self.how.source_bits, keys.bits, *pairs)
        self._add(records, lows, *pairs[2 if is_other else 0 :][:2], end=keys.end >> self.how.source_bits)

    def _add_repeats(self, buckets, keys, blocks):
        """All records have one key: they are in order."""
        for run in buckets.runs(blocks, self.most):
            records, lows, *pairs = self._read(buckets, run)
            order(records, self.how.source_bits, 0, *pairs)
            self._add(records, lows, *pairs[:2], end=keys.prefix >> self.how.source_bits)  # its row may go on
            if self.how.once:
                return

    def _read(self, buckets, blocks):
        """[records, lows, and room to sort them], each of as many as these blocks have."""
        count = buckets.count(blocks)
        if self.arrays is None or len(self.arrays[0]) < count:
            self.arrays = None  # before the larger ones are taken
            self.arrays = _work(min(self.most, max(buckets.largest, count)), self.own.width)
        arrays = [array[:count] for array in self.arrays]
        buckets.read(blocks, *arrays[:2])
        return arrays[:6]

    def _add(self, records, lows, keys, places, end):
        """Append the edges of sorted records; the rows before ``end`` are whole then."""
        rows, indices, ids, flags, kept = (array[: len(records)] for array in self.arrays[6:])
        flags = flags if self.how.undirected else flags[:0]
        stay = take(keys, places, lows, self.how.source_bits, self.how.once, rows, indices, ids, flags, kept)
        found = {"indices": indices[:stay], "edge_ids": ids[:stay]} | self.own.arrays(records, kept[:stay])
        found |= {"edge_reversed": flags[:stay]} if self.how.undirected else {}
        self.rows.add(rows[:stay], found, end)
        self.done += len(records)
        self.report(self.done / self.total)


def _work(count, width):
    """[array]: records, lows, keys and places twice; rows, sources, ids, flags and places of what stays."""
    kinds = (np.int64, np.int64, np.uint32, np.int64, np.uint32, np.int32, np.int32, np.int64, bool, np.uint32)
    return [np.empty((count, width), np.uint32), *(np.empty(count, kind) for kind in kinds)]


class _Rows:
    """The arrays of the graph, which grow. stored: edges so far."""

    def __init__(self, growing, own, how):
        kinds = {"indptr": np.int64, "indices": np.int32, "edge_ids": np.int64} | own.dtypes
        kinds |= {"edge_reversed": np.bool_} if how.undirected else {}
        self._out = {name: growing(name, np.dtype(kind)) for name, kind in kinds.items()}
        self._num_nodes, self.stored, self._row = how.num_nodes, 0, 0
        self._out["indptr"].append(np.zeros(1, np.int64))

    def add(self, rows, arrays, end):
        """Append edges of ``rows``, which rise; rows before ``end`` are whole then."""
        for name, array in arrays.items():
            self._out[name].append(array)
        self.tell_ends(rows, min(end, self._num_nodes))
        self.stored += len(rows)

    def tell_ends(self, rows, end):
        """Append the ends of the rows before ``end``, of which ``rows`` are those of edges not yet counted."""
        for first in range(self._row, end, ROWS):
            part = np.arange(first, min(first + ROWS, end), dtype=np.int32)
            self._out["indptr"].append(self.stored + np.searchsorted(rows, part, side="right"))
        self._row = max(self._row, end)
