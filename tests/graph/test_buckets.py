"""Buckets on disk: what is dealt comes back, in order, with its low word whole."""

import tempfile

import numpy as np
import pytest

from graphsage.graph.buckets import Buckets, Keys

pytestmark = pytest.mark.kernels


def read_all(buckets):
    """[(prefix, [(row, source, low)])]."""
    found = []
    for keys, blocks in buckets:
        records, lows = np.empty((buckets.count(blocks), 3), np.uint32), np.empty(buckets.count(blocks), np.int64)
        buckets.read(blocks, records, lows)
        found.append((keys.prefix, list(zip(*records[:, :2].T.tolist(), lows.tolist()))))
    return found


def test_lows_further_apart_than_a_word_begin_another_block():
    """Edges of a bucket may be 2^40 apart: then neither is the room of a block all that ends it."""
    bases = [0, 1, 2**32 - 1, 2**32, 2**40, 2**40 + 5, 2**61]
    with tempfile.TemporaryFile() as file:
        buckets = Buckets(file, Keys(0, 4), 2, 3, 1 << 14, most=100)
        for base in bases:
            buckets.deal(np.array([[3, 1, 0], [0, 2, 4]], np.uint32), base=base)
        buckets.settle()
        assert read_all(buckets) == [(0, [(0, 2, base + 4) for base in bases]), (1, [(3, 1, base) for base in bases])]
        assert (buckets.total, buckets.largest) == (14, 7)


def test_runs_are_as_long_as_they_may_be():
    with tempfile.TemporaryFile() as file:
        buckets = Buckets(file, Keys(0, 0), 0, 3, 1 << 14, most=4)
        buckets.deal(np.zeros((11, 3), np.uint32))
        buckets.settle()
        ((_, blocks),) = buckets
        assert [buckets.count(run) for run in buckets.runs(blocks, 9)] == [8, 3]
        assert [buckets.count(run) for run in buckets.runs(blocks, 4)] == [4, 4, 3]


def test_a_file_that_was_cut_is_told():
    with tempfile.TemporaryFile() as file:
        buckets = Buckets(file, Keys(0, 0), 0, 3, 1 << 14, most=100)
        buckets.deal(np.zeros((11, 3), np.uint32))
        buckets.settle()
        file.truncate(8)
        with pytest.raises(OSError, match="has become shorter while edges were sorted$"):
            read_all(buckets)
