"""Rows of a mapped matrix that are kept in memory: those that the coming batches ask for most."""

import numpy as np

from graphsage.base.jit import kernel, prefetch
from graphsage.base.mapped import PAGE, will_need

WORD = 64  # rows a word of the bitmap
NEAR = 1 << 16  # bytes between rows that are read through, not skipped: as much as the disk reads in the time of a jump
AHEAD = 8  # rows between asking for a row and copying it
PART = 1 << 26  # bytes of rows that are read together
CHUNK = 1 << 22  # counts that are looked at together


class KeptRows:
    """Copies of the rows ``ids`` (ascending) of ``table`` [N, F], and where the copy of a row is.

    A bitmap of N bits says which rows are kept, and a count a word how many are before it: 1.5 bits a row of the table.
    """

    def __init__(self, table, ids):
        self.bits, self.before = _places(ids, len(table))
        self.rows = np.empty((len(ids), table.shape[1]), table.dtype)
        most = max(1, PART // table.strides[0])
        for start in range(0, len(ids), most):
            part = ids[start : start + most]
            _ask_in_runs(table, part)
            np.take(table, part, axis=0, out=self.rows[start : start + len(part)], mode="clip")

    def slots(self, ids):
        """int64: the place of each row among those that are kept, -1 where it is not."""
        words, at = ids // WORD, (ids % WORD).astype(np.uint64)
        bits, one = self.bits[words], np.uint64(1)
        slots = self.before[words] + np.bitwise_count(bits & ((one << at) - one))
        return np.where(bits >> at & one, slots, -1)


def room_for(cache, table):
    """How many rows of ``table`` [N, F] have room in ``cache``: bytes, a share of all as "10%", or None."""
    if cache is None:
        return 0
    is_share = isinstance(cache, str)
    num_bytes = table.nbytes * float(cache.removesuffix("%")) / 100 if is_share else cache
    return min(len(table), int(num_bytes // table.strides[0]))


def most_asked(counts, most):
    """The (at most ``most``) rows that were asked for most often, ascending; of equals those that come first. int64.

    counts: integers, how often each row was asked for; rows that nobody asked for are left out.
    """
    having = np.cumsum(_how_many(counts)[:0:-1])[::-1]  # rows asked for at least 1, 2, ... times
    if not len(having) or having[0] <= most:
        return np.flatnonzero(counts)
    least = 1 + np.searchsorted(-having, -most, side="left")  # all that were asked for as often have room
    chosen = counts >= least
    equals = np.flatnonzero(counts == least - 1)
    chosen[equals[: most - np.count_nonzero(chosen)]] = True
    return np.flatnonzero(chosen)


@kernel
def gather(table, kept, ids, slots, out):
    """out[i] = kept[slots[i]], or table[ids[i]] where the slot is -1."""
    flat = kept.reshape(kept.size)
    for i in range(len(ids)):
        if i + AHEAD < len(ids) and slots[i + AHEAD] >= 0:
            for f in range(0, kept.shape[1], 16):  # each cache line
                prefetch(flat, slots[i + AHEAD] * kept.shape[1] + f)
        out[i] = kept[slots[i]] if slots[i] >= 0 else table[ids[i]]


def _how_many(counts):
    """Rows that were asked for 0, 1, 2, ... times. In parts: numpy counts in integers of 8 bytes."""
    most = int(counts.max(initial=0)) + 1
    parts = np.array_split(counts, 1 + len(counts) // CHUNK)
    return sum(np.bincount(part, minlength=most) for part in parts)


def _places(ids, num_rows):
    """(uint64 bitmap, int64 how many are kept before each of its words)."""
    is_kept = np.zeros(-(-num_rows // WORD) * WORD, bool)
    is_kept[ids] = True
    counts = np.count_nonzero(is_kept.reshape(-1, WORD), axis=1)
    before = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.packbits(is_kept, bitorder="little").view("<u8"), before.astype(np.int32)


def _ask_in_runs(table, ids):
    """Ask for the rows ``ids``, with what lies between those that are near: most of them are, and a disk reads on faster."""
    far = np.flatnonzero(np.diff(ids) * table.strides[0] > max(NEAR, PAGE))
    begins, ends = ids[np.append(0, far + 1)], ids[np.append(far, len(ids) - 1)] + 1
    will_need(table, begins, ends)
