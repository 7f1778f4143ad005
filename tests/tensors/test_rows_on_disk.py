"""Features of mapped files give what those in memory give, bit for bit; and how much is read for it."""

import pickle

import numpy as np
import pytest
import torch
from helpers.nn_helpers import REDUCTIONS, sparse
from helpers.on_disk import features_on_disk

from graphsage.base.mapped import PAGE
from graphsage.base.memory import is_mapped
from graphsage.graph.features import SparseFeatures
from graphsage.tensors import kept_rows, store as stores
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.kept_rows import KeptRows, most_asked, room_for
from graphsage.tensors.store import FeatureStore

N, F = 700, 24
RNG = np.random.default_rng(0)
X = (RNG.standard_normal((N, F)) * (RNG.random((N, F)) < 0.3)).astype(np.float32)
WORDS = (X != 0).astype(np.float32)
#: Row 1 lists column 0 twice, row 2 its columns backwards.
TWICE = SparseFeatures([0, 1, 3, 5, *[5] * (N - 3)], [2, 0, 0, 3, 1], np.arange(1, 6, dtype=np.float32), F)
FEATURES = {"dense": X, "sparse": sparse(X), "sparse, all ones": sparse(WORDS), "sparse, not canonical": TWICE}
IDS = torch.from_numpy(RNG.integers(0, N, 90))
NEIGHBORS = [RNG.integers(0, N, k) for k in [*RNG.integers(0, 12, 87), 0, 300, 1]]
INDPTR = np.concatenate([[0], np.cumsum([len(row) for row in NEIGHBORS])])
BLOCK = CSRMatrix.from_numpy(INDPTR, np.concatenate(NEIGHBORS).astype(np.int32), None, N)


def same(a, b):
    if isinstance(a, CSRMatrix):
        return all(torch.equal(*pair) for pair in [(a.indptr, b.indptr), (a.indices, b.indices), (a.to_dense(), b.to_dense())])
    return torch.equal(a, b) and a.dtype == b.dtype


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("cached", [0, 1, 250, N])
def test_rows_and_reductions_have_the_bits_of_those_in_memory(tmp_path, name, cached):
    in_memory, on_disk = FeatureStore(FEATURES[name]), FeatureStore(features_on_disk(tmp_path, FEATURES[name]))
    assert on_disk.disk is not None and in_memory.disk is None and len(on_disk) == N and on_disk.num_features == F
    if name == "dense":
        on_disk.keep(np.sort(RNG.choice(N, cached, replace=False)))
    for ids in (IDS, IDS[:0], IDS.int(), torch.arange(N)):
        on_disk.ask(ids)
        assert same(on_disk.rows(ids), in_memory.rows(ids))
    for kind in REDUCTIONS:
        assert same(on_disk.reduce(kind, BLOCK, IDS), in_memory.reduce(kind, BLOCK, IDS)), kind


def test_rows_in_memory_are_a_copy_that_may_be_written_to(tmp_path):
    store = FeatureStore(features_on_disk(tmp_path, X))
    store.rows(IDS).zero_()
    assert torch.equal(store.rows(IDS), torch.from_numpy(X[IDS]))


def test_what_is_read_is_counted(tmp_path):
    on_disk = FeatureStore(features_on_disk(tmp_path, X))
    on_disk.keep(np.arange(100))
    on_disk.rows(torch.tensor([5, 5, 99, 100, 101, 699]))
    reads = on_disk.reads
    pages = {byte // PAGE for row in (100, 101, 699) for byte in range(128 + 96 * row, 128 + 96 * row + 96)}  # 128: the header
    assert (reads.asked, reads.hits, reads.bytes_read) == (5, 2, PAGE * len(pages))
    on_disk.ask(torch.arange(N))  # what is asked for ahead is counted when it is read
    on_disk.reduce("mean", BLOCK, IDS)
    assert reads.asked == 5 + len(BLOCK.indices.unique())
    in_memory = FeatureStore(X)
    in_memory.ask(IDS)
    in_memory.rows(IDS)
    assert in_memory.reads.asked == in_memory.reads.bytes_read == in_memory.room() == 0


def test_a_store_of_another_process_has_the_same_rows(tmp_path):
    store = FeatureStore(features_on_disk(tmp_path, X), cache="10%")
    assert store.room() == 70
    store.keep(np.arange(70))
    again = pickle.loads(pickle.dumps(store))
    assert same(again.rows(IDS), store.rows(IDS))


def test_features_that_lie_elsewhere_are_not_on_the_disk(tmp_path):
    mapped = features_on_disk(tmp_path, X)
    half = FeatureStore(mapped, dtype="bfloat16")
    assert half.disk is None and same(half.rows(IDS), FeatureStore(X, dtype="bfloat16").rows(IDS))


def test_bfloat16_that_does_not_fit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "available_memory", lambda: 2 * N * F - 1)
    text = "^feature_dtype = 'bfloat16' keeps features in memory, and those on the disk would take 33,600 bytes "
    with pytest.raises(ValueError, match=text + "where 33,599 are available: leave it out$"):
        FeatureStore(features_on_disk(tmp_path, X), dtype="bfloat16")
    FeatureStore(X, dtype="bfloat16")  # in memory already


@pytest.mark.parametrize("which", ["indices", "values", "indptr"])
def test_sparse_features_are_on_the_disk_if_one_of_their_arrays_is(tmp_path, which):
    whole, mapped = sparse(X), features_on_disk(tmp_path, sparse(X))
    parts = {name: getattr(mapped if name == which else whole, name) for name in ("indptr", "indices", "values")}
    assert is_mapped(parts[which])
    store = FeatureStore(SparseFeatures._trusted(**parts, num_columns=F))
    assert store.disk is not None and same(store.rows(IDS), FeatureStore(whole).rows(IDS))


# ---- rows that are kept


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 699, 700])
def test_slots_are_the_places_among_the_kept(count):
    ids = np.sort(np.random.default_rng(count).choice(N, count, replace=False))
    kept = KeptRows(X, ids)
    place = {int(row): at for at, row in enumerate(ids)}
    assert kept.slots(np.arange(N)).tolist() == [place.get(row, -1) for row in range(N)]
    assert np.array_equal(kept.rows, X[ids])


def test_kept_rows_are_read_in_parts_and_in_runs(tmp_path, monkeypatch):
    asked, table = [], features_on_disk(tmp_path, X)
    monkeypatch.setattr(kept_rows, "will_need", lambda table, begins, ends: asked.append([*zip(begins, ends, strict=True)]))
    monkeypatch.setattr(kept_rows, "PART", 4 * table.strides[0])
    monkeypatch.setattr(kept_rows, "NEAR", 10 * table.strides[0])
    monkeypatch.setattr(kept_rows, "PAGE", 0)
    ids = np.array([0, 10, 21, 300, 301, 699])
    assert np.array_equal(KeptRows(table, ids).rows, X[ids])
    assert asked == [[(0, 11), (21, 22), (300, 301)], [(301, 302), (699, 700)]]


@pytest.mark.parametrize("most", range(12))
def test_the_most_asked_are_those_of_a_stable_sort(most):
    rng = np.random.default_rng(most)
    for counts in (rng.integers(0, 4, 11), np.zeros(11, int), np.full(11, 3), rng.integers(0, 60_000, 11)):
        counts = counts.astype(np.uint16)
        best = sorted(np.flatnonzero(counts), key=lambda row: (-int(counts[row]), row))[:most]
        assert most_asked(counts, most).tolist() == sorted(best)


def test_the_most_asked_of_many_are_counted_in_parts(monkeypatch):
    counts = np.random.default_rng(0).integers(0, 9, 1_000).astype(np.uint16)
    whole = most_asked(counts, 77)
    monkeypatch.setattr("graphsage.tensors.kept_rows.CHUNK", 64)
    assert np.array_equal(most_asked(counts, 77), whole)
    assert most_asked(np.empty(0, np.uint16), 5).tolist() == []


def test_room_is_a_share_or_bytes():
    assert room_for("10%", X) == 70 and room_for(96 * 5 + 95, X) == 5 and room_for(10**12, X) == N and room_for(None, X) == 0
