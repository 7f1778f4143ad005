"""Passes over a table of rows on a disk: read in order, a block at a time, and what neighbours come to in one pass."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from graphsage.base.in_order import in_order
from graphsage.tensors.pass_kernels import add_block, rise_in_rows, sorted_rows

PIECE = 4 << 20  # bytes that are copied at once, while as many are asked for


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
    for start, rows in in_order(part, max(1, PIECE // max(part[:1].nbytes, 1))):
        buffer[start : start + len(rows)] = rows
    return buffer[: len(part)]


def reduced_in_pass(kind, table, indptr, indices, most_rows, base=0, out=None):
    """float32 [M, F]: the sum, mean or max over the neighbours of M rows, all of a table [N, F] being read once, in order.

    kind: "sum", "mean", "max", or "gcn", which gives the mean: it lacks the nodes' own rows. indptr: int64 [M + 1], places in
    ``indices``, where each row's neighbours are. Where these rise the sums are made in the order of the row, as in memory, and
    have the same bits. most_rows: of the table that are in memory at once (twice). base: what the table's first row is called
    in ``indices``. out: an array of that shape to write to. Rows without neighbours: 0.
    """
    starts, ends = indptr[:-1], indptr[1:]
    if not rise_in_rows(starts, ends, indices):
        indices = sorted_rows(indptr, indices)
        starts, ends = starts - indptr[0], ends - indptr[0]
    out, places = np.empty((len(starts), table.shape[1]), np.float32) if out is None else out, starts.copy()
    out[:] = 0
    for first, block in blocks(table, most_rows):
        add_block(starts, ends, indices, places, base + first, block, kind == "max", out)
    if kind in ("mean", "gcn"):
        out /= np.maximum(ends - starts, 1).astype(np.float32)[:, None]
    return out
