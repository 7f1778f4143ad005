"""Passes over a table of rows on a disk: read in order, a block at a time, and what neighbours come to in one pass."""

import mmap
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from graphsage.base.memory import map_of
from graphsage.tensors.pass_kernels import add_block, rise_in_rows, sorted_rows

PIECE = 1 << 20  # bytes that are asked for at once: some systems read no more of a longer request
AHEAD = 16  # pieces that are asked for before they are read


def blocks(table, most_rows):
    """Yield (first, float32 [M, F], the rows [first, first + M)) of an array [N, F], in order, at most ``most_rows`` at once.

    The next block is read by a thread meanwhile, so that two are in memory. A block is valid until the next one is asked for.
    """
    most_rows = max(1, min(most_rows, len(table)))
    buffers = [np.empty((most_rows, table.shape[1]), np.float32) for _ in range(1 if most_rows == len(table) else 2)]
    firsts = range(0, len(table), most_rows)
    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(_read, table, firsts[0], buffers[0])] if firsts else []
        for number, first in enumerate(firsts):
            block = coming.pop().result()
            if number + 1 < len(firsts):
                coming.append(reader.submit(_read, table, firsts[number + 1], buffers[(number + 1) % 2]))
            yield first, block


def _read(table, first, buffer):
    """A copy of the rows from ``first`` on, as many as the buffer takes."""
    part = table[first : first + len(buffer)]
    rows = max(1, PIECE // max(part[:1].nbytes, 1))
    asked = _asker(part)
    for start in range(0, len(part), rows):
        asked(start, rows)
        buffer[start : min(start + rows, len(part))] = part[start : start + rows]
    return buffer[: len(part)]


def _asker(part):
    """function(start, rows) that asks the system for the rows of a mapped array some pieces after those.

    Without it each page would be waited for where the map is read at random (``MADV_RANDOM``), as that of features is.
    """
    of, width = map_of(part), part[:1].nbytes
    if of is None or not hasattr(of, "madvise") or not part.flags.c_contiguous:
        return lambda start, rows: None
    begin = part.ctypes.data - np.frombuffer(of, np.uint8).ctypes.data
    end = begin + part.nbytes

    def ask(start, rows):
        at = begin + (start + (AHEAD if start else 0) * rows) * width
        upto = begin + (start + (AHEAD + 1) * rows) * width
        for piece in range(at, min(upto, end), PIECE):
            page = piece - piece % mmap.PAGESIZE
            of.madvise(mmap.MADV_WILLNEED, page, min(piece + PIECE, end) - page)

    return ask


def reduced_in_pass(kind, table, indptr, indices, most_rows, base=0):
    """float32 [M, F]: the sum, mean or max over the neighbours of M rows, all of a table [N, F] being read once, in order.

    kind: "sum", "mean", "max", or "gcn", which gives the mean: it lacks the nodes' own rows. indptr: int64 [M + 1], places in
    ``indices``, where each row's neighbours are. Where these rise the sums are made in the order of the row, as in memory, and
    have the same bits. most_rows: of the table that are in memory at once (twice). base: what the table's first row is called
    in ``indices``. Rows without neighbours: 0.
    """
    starts, ends = indptr[:-1], indptr[1:]
    if not rise_in_rows(starts, ends, indices):
        indices = sorted_rows(indptr, indices)
        starts, ends = starts - indptr[0], ends - indptr[0]
    out, places = np.zeros((len(starts), table.shape[1]), np.float32), starts.copy()
    for first, block in blocks(table, most_rows):
        add_block(starts, ends, indices, places, base + first, block, kind == "max", out)
    if kind in ("mean", "gcn"):
        out /= np.maximum(ends - starts, 1).astype(np.float32)[:, None]
    return out
