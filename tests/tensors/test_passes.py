"""Passes over a table in order: the kernels and their twins, blocks, and mapped tables."""

import mmap
from types import SimpleNamespace

import naive_nn
import numpy as np
import pytest
from hypothesis import given, strategies as st

from graphsage.tensors import passes
from graphsage.tensors.pass_kernels import rise_in_rows, sorted_rows
from graphsage.tensors.passes import blocks, reduced_in_pass

ROWS = st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=1, max_size=9)


def table_of(width, seed=0):
    x = np.random.default_rng(seed).integers(-9, 9, (10, width)).astype(np.float32)  # sums are exact in any order
    x[3, 0] = np.nan
    return x


@given(ROWS, st.sampled_from(["sum", "mean", "max"]), st.integers(1, 12), st.sampled_from([1, 3]), st.integers(0, 2))
def test_is_the_twin_in_any_order_and_in_any_blocks(rows, kind, most_rows, width, skipped):
    x, (indptr, indices) = table_of(width), naive_nn.csr_of(rows)
    skipped = min(skipped, len(rows) - 1)
    found = reduced_in_pass(kind, x, indptr[skipped:], indices.astype(np.int32) + 100, most_rows, 100)
    wanted = np.array([naive_nn.reduce(kind, [row], x)[0] for row in rows[skipped:]], np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


@given(ROWS)
def test_rows_are_sorted_one_by_one(rows):
    indptr, indices = naive_nn.csr_of(rows)
    rise = all(row == sorted(row) for row in rows)
    assert rise_in_rows(indptr[:-1], indptr[1:], indices) == rise
    assert sorted_rows(indptr, indices).tolist() == [u for row in rows for u in sorted(row)]


@pytest.mark.parametrize("most_rows", [1, 3, 10, 99])
@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_are_the_table_in_order(most_rows, order, tmp_path, monkeypatch):
    """Also where pieces are smaller than a block, and where the file is mapped to be read at random."""
    monkeypatch.setattr(passes, "PIECE", 4096)
    monkeypatch.setattr(passes, "AHEAD", 2)
    x = np.asarray(np.random.default_rng(0).standard_normal((10, 700)), np.float32, order=order)
    np.save(tmp_path / "x.npy", x)
    table = np.load(tmp_path / "x.npy", mmap_mode="r")
    table._mmap.madvise(mmap.MADV_RANDOM)
    for of in (x, table, table[:0]):
        parts = [(first, block.copy()) for first, block in blocks(of, most_rows)]
        assert [first for first, _ in parts] == list(range(0, len(of), min(most_rows, 10)))
        assert np.array_equal(np.concatenate([of[:0], *(part for _, part in parts)]), of)


def test_every_page_is_asked_for_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(passes, "PIECE", 8192)
    np.save(tmp_path / "x.npy", np.zeros((1000, 100), np.float32))
    table, asked, place = np.load(tmp_path / "x.npy", mmap_mode="r"), [], passes.map_of

    def madvise(how, start, length):
        assert how == mmap.MADV_WILLNEED
        asked.append((start, start + length))

    of = place(table)
    noted = SimpleNamespace(madvise=madvise)
    monkeypatch.setattr(passes, "map_of", lambda array: noted if place(array) is of else None)
    monkeypatch.setattr(passes.np, "frombuffer", lambda *args: np.ndarray(1, np.uint8, of))
    for _ in blocks(table, 100):
        pass
    pages = np.zeros(len(of) // 4096 + 1, bool)
    for start, stop in asked:
        pages[start // 4096 : -(-stop // 4096)] = True
    assert pages[: (128 + 400_000) // 4096].all()


def test_a_disk_that_fails_is_heard_of(monkeypatch):
    def fails(table, first, buffer):
        raise OSError("input/output error")

    monkeypatch.setattr(passes, "_read", fails)
    with pytest.raises(OSError, match="input/output error"):
        reduced_in_pass("sum", table_of(2), np.array([0, 1]), np.array([0], np.int32), 3)
