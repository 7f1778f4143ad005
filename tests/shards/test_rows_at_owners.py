"""Features in shards: the rows and reductions of the whole, each row asked for once."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.shards import in_one_process, small_dataset, whole_and_parts

import graphsage as gs
from graphsage.graph.features import SparseFeatures
from graphsage.runs.checkpoint import _of_features
from graphsage.shards import owners
from graphsage.shards.cut import cut
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.store import FeatureStore

IDS = torch.tensor([59, 0, 31, 31, 7])


@pytest.fixture(scope="module", params=[False, True], ids=["dense", "sparse"])
def pair(request, tmp_path_factory):
    return whole_and_parts(tmp_path_factory.mktemp("shards"), sparse=request.param)


def same(a, b):
    if isinstance(a, CSRMatrix):
        return torch.equal(a.to_dense(), b.to_dense())
    return torch.equal(a, b)


def test_rows_and_reductions_are_those_of_the_whole(pair):
    whole, shards = pair
    expected = FeatureStore(whole.features)
    indptr, columns = np.array([0, 2, 2, 5]), np.array([58, 1, 30, 1, 59], np.int32)
    block, ids = CSRMatrix.from_numpy(indptr, columns, None, 60), torch.tensor([4, 5, 50])
    stores = [FeatureStore(of.features) for of in shards]
    for store in stores:
        assert (len(store), store.num_features) == (60, whole.num_features)
        assert same(store.rows(IDS), expected.rows(IDS))
        assert same(store.rows(IDS[:0]), expected.rows(IDS[:0]))
        for kind in ("mean", "sum", "max", "gcn"):
            assert same(store.reduce(kind, block, ids), expected.reduce(kind, block, ids)), kind


@pytest.mark.parametrize("reduce", [None, "mean"])
def test_batches_have_the_features_of_the_whole(pair, reduce):
    whole, shards = pair
    for of in shards:
        samplers = [gs.NeighborSampler(each.graph, [3, 2], weights="ignore", num_threads=0) for each in (of, whole)]
        loaders = [gs.NeighborLoader(each, by, 8, reduce=reduce) for each, by in zip((of, whole), samplers)]
        asked = of.graph.owners.exchange.asked
        asked.clear()
        for found, expected in zip(*loaders, strict=True):
            for name in ("x",) if reduce is None else ("x_self", "x_neigh"):
                assert same(getattr(found, name), getattr(expected, name)), name
            assert [what for what, *_ in asked] == ["draw", "draw", "features"]  # features once, for rows and reduction
            asked.clear()


def test_all_rows_are_had_where_they_fit(pair, monkeypatch):
    whole, shards = pair
    rows = np.array([58, 0, 0, 30])
    if isinstance(whole.features, SparseFeatures):
        assert (shards[1].features.to_scipy() != whole.features.to_scipy()).nnz == 0
        assert (shards[1].features.take(rows).to_scipy() != whole.features.take(rows).to_scipy()).nnz == 0
    else:
        np.testing.assert_array_equal(np.asarray(shards[1].features), whole.features)
        np.testing.assert_array_equal(shards[1].features[rows], whole.features[rows])
    assert _of_features(shards[1].features) == _of_features(whole.features)
    monkeypatch.setattr(owners, "SHARE", 0)
    with pytest.raises(owners.InShards, match="the dataset is in shards, and its features of all take"):
        shards[2].features.to_scipy() if isinstance(whole.features, SparseFeatures) else np.asarray(shards[2].features)


def test_rows_divided_by_their_sums(pair):
    whole, shards = pair
    expected = FeatureStore(whole.row_normalized().features)
    stores = [FeatureStore(of.row_normalized().features) for of in shards]
    assert all(same(store.rows(IDS), expected.rows(IDS)) for store in stores)


def test_kept_rows_are_not_asked_for_again(tmp_path):
    whole, parts = whole_and_parts(tmp_path)
    stores = [FeatureStore(of.features, cache="50%") for of in parts]
    store = stores[0]
    first, end = store.features.owners.range
    assert first == 0 < 7 < end < 31
    assert store.room() == 30
    store.keep(np.array([0, end, 58]))
    asked = store.features.owners.exchange.asked
    asked.clear()
    for ids in (IDS, torch.tensor([58])):
        assert same(store.rows(ids), FeatureStore(whole.features).rows(ids))
    assert asked == [("features", [0, 2], 4)]
    assert (store.reads.asked, store.reads.hits, store.reads.bytes_read) == (5, 1, 2 * 5 * 4)


def test_other_dtypes_are_refused(tmp_path):
    cut(small_dataset(), tmp_path, 1)
    (of,) = in_one_process(tmp_path, 1)
    with pytest.raises(ValueError, match="feature_dtype = 'bfloat16' is not for features in shards: leave it out"):
        FeatureStore(of.features, dtype="bfloat16")


def test_features_that_are_no_features(tmp_path):
    whole = replace(small_dataset(), features=SparseFeatures.identity(60))
    cut(whole, tmp_path, 2)
    assert all(of.features.is_identity for of in in_one_process(tmp_path, 2))
