"""Which pages hold the rows that are asked for, each once; and that asking for them reads them, and changes nothing."""

import ctypes
import mmap
import os
import sys
import time

import numpy as np
import pytest

from graphsage.base import mapped
from graphsage.base.in_order import in_order
from graphsage.base.mapped import PAGE, page_runs, read_at_random, will_need

ROWS = 5_000


def file_of(path, columns):
    rows = np.random.default_rng(0).standard_normal((ROWS, columns), np.float32)
    np.save(path, rows)
    return rows, np.asarray(np.load(path, mmap_mode="r"))


def pages_of(address, width, begins, ends):
    """The pages of those rows, byte by byte."""
    rows = zip(begins, ends, strict=True)
    return sorted({byte // PAGE for a, b in rows for byte in range(address + a * width, address + b * width)})


@pytest.mark.parametrize("width", [4, 12, 512, 4096, 5000])
@pytest.mark.parametrize("address", [0, 64, 3 * PAGE + 128])
def test_runs_are_the_pages_of_the_rows_each_once(width, address):
    rng = np.random.default_rng(width)
    begins = np.unique(rng.integers(0, 300, 40))
    ends = np.minimum(begins + rng.integers(0, 3, len(begins)), np.append(begins[1:], 400))  # some are empty
    starts, lengths = page_runs(address, width, begins, ends)
    runs = zip(starts // PAGE, lengths // PAGE, strict=True)
    found = [page for start, count in runs for page in range(start, start + count)]
    assert found == pages_of(address, width, begins, ends)
    assert np.all(starts[1:] > starts[:-1] + lengths[:-1])  # neighbouring runs are one


def test_no_rows_need_no_pages():
    none = np.empty(0, np.int64)
    assert [len(part) for part in page_runs(64, 512, none, none)] == [0, 0]
    assert [len(part) for part in page_runs(64, 512, none + 0, none)] == [0, 0]
    three = np.arange(3)
    assert [len(part) for part in page_runs(64, 512, three, three)] == [0, 0]


@pytest.mark.parametrize("columns", [3, 128])
def test_asking_counts_pages_and_changes_no_row(tmp_path, columns):
    rows, array = file_of(tmp_path / "rows.npy", columns)
    read_at_random(array)
    ids = np.unique(np.random.default_rng(1).integers(0, ROWS, 300))
    assert will_need(array, ids, ids + 1) == PAGE * len(pages_of(array.ctypes.data, 4 * columns, ids, ids + 1))
    assert np.array_equal(array[ids], rows[ids])


def test_every_run_is_asked_for_in_pieces_that_no_system_cuts_short(tmp_path, monkeypatch):
    _, array = file_of(tmp_path / "rows.npy", 128)
    asked = []
    monkeypatch.setattr(mapped, "_ask", lambda *call: asked.append(call))
    ids = np.arange(ROWS)
    total = will_need(array, ids, ids + 1)
    ((starts, lengths, piece, advice),) = asked
    assert lengths.tolist() == [total] and starts[0] % PAGE == 0 and (piece, advice) == (1 << 17, mmap.MADV_WILLNEED)
    will_need(np.zeros((ROWS, 4), np.float32), ids, ids + 1)
    assert len(asked) == 1  # in memory there is nothing to ask for


def test_a_system_without_such_advice_is_left_alone(tmp_path, monkeypatch):
    rows, array = file_of(tmp_path / "rows.npy", 16)
    monkeypatch.setattr(mapped, "CAN_ASK", False)
    monkeypatch.setattr(mapped, "_ask", None)
    monkeypatch.delattr(mmap, "MADV_RANDOM", raising=False)
    read_at_random(array)
    assert will_need(array, np.array([0]), np.array([1])) and np.array_equal(array, rows)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux shows what is in the page cache")
def test_what_was_asked_for_is_in_the_page_cache(tmp_path):
    _, array = file_of(tmp_path / "rows.npy", 1024)  # a row is a page, and a bit of the next
    file = os.open(tmp_path / "rows.npy", os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    if resident(array).any():
        pytest.skip("the folder for temporary files is in memory")
    ids = np.arange(0, ROWS, 50)
    read_at_random(array)
    will_need(array, ids, ids + 1)
    os.close(file)
    wanted = ids * 4096 // PAGE + 1
    assert any(resident(array)[wanted].mean() > 0.9 or time.sleep(0.01) for _ in range(1_000))  # the disk takes its time
    assert resident(array).mean() < 0.2


def resident(array):
    """bool a page of a mapped array, by mincore."""
    start = array.ctypes.data // PAGE * PAGE
    length = array.ctypes.data + array.nbytes - start
    pages = np.zeros(-(-length // PAGE), np.uint8)
    call = ctypes.CDLL(None, use_errno=True).mincore
    assert call(ctypes.c_void_p(start), ctypes.c_size_t(length), ctypes.c_void_p(pages.ctypes.data)) == 0
    return pages & 1 == 1


@pytest.mark.parametrize(("length", "count"), [(0, 3), (1, 3), (3, 3), (7, 3), (7, 100)])
def test_parts_in_order_are_the_whole_and_asked_for_ahead(tmp_path, monkeypatch, length, count):
    asked, rows = [], np.arange(4 * length).reshape(length, 4)
    monkeypatch.setattr(mapped, "will_need", lambda array, begins, ends: asked.append((int(begins[0]), int(ends[0]))))
    parts = list(in_order(rows, count))
    assert not asked and [first for first, _ in parts] == list(range(0, max(1, length), count))
    assert np.array_equal(np.concatenate([part for _, part in parts]), rows)
    if length:
        np.save(tmp_path / "rows.npy", rows)
        again = list(in_order(np.load(tmp_path / "rows.npy", mmap_mode="r"), count))
        assert all(np.array_equal(*pair) for pair in zip((part for _, part in again), (part for _, part in parts), strict=True))
        assert asked == [(first, min(first + 2 * count, length)) for first, _ in parts]


def test_nothing_is_read_of_what_lies_in_memory():
    assert will_need(np.zeros((ROWS, 4), np.float32), np.arange(9), np.arange(1, 10)) == 0
