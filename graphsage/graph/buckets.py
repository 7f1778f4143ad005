"""Records of the external sort on disk, in buckets: a bucket has the keys that begin with the same bits."""

from array import array
from dataclasses import dataclass

import numpy as np

from graphsage.graph.edge_records import LOW, ROW, SOURCE, deal

LEAST_BLOCK, LARGEST_BLOCK = 1 << 13, 1 << 19  # bytes: less is slow to write, more is no faster
MOST_BITS = 10  # of a key, that buckets are told by: more blocks at once are more than the processor's caches follow
NO_LOWS = np.empty(0, np.int64)


@dataclass(frozen=True)
class Keys:
    """Which keys there are in a bucket: those whose bits above the lowest ``bits`` are ``prefix``."""

    prefix: int
    bits: int

    @property
    def end(self):
        """The first key that comes after all of them."""
        return (self.prefix + 1) << self.bits

    def divided(self, bits):
        """The ``Keys`` of its buckets, which are told by the next ``bits`` bits."""
        return [Keys(self.prefix << bits | bucket, self.bits - bits) for bucket in range(1 << bits)]


class Buckets:
    """Records that are dealt to the buckets of ``keys``, and read again bucket by bucket, in the order in which they came.

    file: an empty binary file, open for both. width: W. num_bytes: of memory for the blocks that are being filled. most:
    records of a block, where so many fit.
    """

    def __init__(self, file, keys, source_bits, width, num_bytes, most):
        bits = min(MOST_BITS, keys.bits, max(1, (num_bytes // LEAST_BLOCK).bit_length() - 1))
        room = max(1, min(most, min(LARGEST_BLOCK, num_bytes >> bits) // (4 * width)))
        self._parts, self._file, self._width = keys.divided(bits), file, width
        self._blocks = np.empty((1 << bits, room, width), np.uint32)
        self._filled, self._bases = np.zeros((2, 1 << bits), np.int64)
        self._how = source_bits, keys.bits - bits
        self._written = {name: array("q") for name in ("bucket", "count", "base")}  # of each block, in the file's order

    def deal(self, records, lows=NO_LOWS, base=0):
        """Put n records into their buckets. Their lows are int64[n], or ``base`` and what each has of its own."""
        at = 0
        while at < len(records):
            at = deal(records, lows, at, base, *self._how, self._blocks, self._filled, self._bases)
            if at < len(records):
                self._write(self._bucket_of(records[at, ROW], records[at, SOURCE]))

    def _bucket_of(self, row, source):
        source_bits, shift = self._how
        return (int(row) << source_bits | int(source)) >> shift & len(self._parts) - 1

    def _write(self, bucket):
        count = int(self._filled[bucket])
        self._file.write(self._blocks[bucket, :count].data.cast("B"))
        for name, number in (("bucket", bucket), ("count", count), ("base", self._bases[bucket])):
            self._written[name].append(int(number))
        self._filled[bucket] = 0

    def settle(self):
        """Write what is not yet in the file. The memory of the blocks is free then."""
        for bucket in np.flatnonzero(self._filled):
            self._write(bucket)
        self._blocks = None
        self._written = {name: np.frombuffer(of, np.int64) for name, of in self._written.items()}
        sizes = 4 * self._width * self._written["count"]
        self._starts = np.cumsum(sizes) - sizes
        self._order = np.argsort(self._written["bucket"], kind="stable")
        self._ends = np.searchsorted(self._written["bucket"][self._order], np.arange(len(self._parts) + 1))

    def __iter__(self):
        """Yield (its ``Keys``, its blocks, for ``read``) of each bucket that is not empty, in the order of keys."""
        for part, first, end in zip(self._parts, self._ends[:-1].tolist(), self._ends[1:].tolist()):
            if first < end:
                yield part, self._order[first:end]

    @property
    def total(self):
        """How many records there are."""
        return int(self._written["count"].sum())

    @property
    def largest(self):
        """How many are in the largest bucket."""
        return int(np.bincount(self._written["bucket"], self._written["count"]).max(initial=0))

    def count(self, blocks):
        """How many records are in these blocks."""
        return int(self._written["count"][blocks].sum())

    def runs(self, blocks, most):
        """These blocks as runs of at most ``most`` records."""
        ends = np.cumsum(self._written["count"][blocks])
        while len(blocks):
            first = int(np.searchsorted(ends, most, side="right"))
            yield blocks[:first]
            ends, blocks = ends[first:] - ends[first - 1], blocks[first:]

    def read(self, blocks, records, lows):
        """Fill ``records`` (uint32[n, W]) and ``lows`` (int64[n]) with what is in these blocks, n records."""
        at = 0
        for block in blocks.tolist():
            part = slice(at, at + int(self._written["count"][block]))
            self._file.seek(self._starts[block])
            if self._file.readinto(records[part].data.cast("B")) < records[part].nbytes:
                raise OSError(f"{self._file.name} has become shorter while edges were sorted")
            np.add(records[part, LOW], self._written["base"][block], out=lows[part])
            at = part.stop
