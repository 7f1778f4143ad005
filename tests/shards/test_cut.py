"""Cutting a dataset: every row in one shard, balanced by bytes, and folders that say what they are."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from helpers.shards import in_one_process, small_dataset
from helpers.typed_data import papers

from graphsage.data.errors import DatasetError
from graphsage.graph.features import SparseFeatures
from graphsage.shards.cut import cut, shards_in


def loaded(folder):
    return {path.stem: np.load(path) for path in folder.glob("*.npy")}


def test_each_row_is_in_one_shard(tmp_path):
    whole, told = small_dataset(sparse=True, times=True), []
    ranges = cut(whole, tmp_path, 3, told.append)
    shards = [loaded(tmp_path / f"shard-{shard}-of-3") for shard in range(3)]
    assert [first for first, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == 60
    for name in ("indices", "edge_ids", "edge_reversed", "weights", "times"):
        np.testing.assert_array_equal(np.concatenate([arrays[name] for arrays in shards]), getattr(whole.graph, name))
    for name in ("indices", "values"):
        found = np.concatenate([arrays[f"feature_{name}"] for arrays in shards])
        np.testing.assert_array_equal(found, getattr(whole.features, name))
    for arrays, nodes in zip(shards, ranges):
        np.testing.assert_array_equal(arrays["indptr"], whole.graph.indptr)
        np.testing.assert_array_equal(arrays["labels"], whole.labels)
        np.testing.assert_array_equal(np.diff(arrays["feature_indptr"]), np.diff(whole.features.indptr)[slice(*nodes)])
        assert arrays["feature_indptr"][0] == 0
    assert told[1] == f"{tmp_path}/shard-1-of-3: nodes {ranges[1][0]} to {ranges[1][1] - 1}"
    about = json.loads((tmp_path / "shard-1-of-3" / "about.json").read_text())
    assert (about["range"], about["shard"]) == (list(ranges[1]), [1, 3])


@pytest.mark.parametrize("sparse", [False, True])
def test_shards_are_balanced_by_bytes(tmp_path, sparse):
    whole = small_dataset(sparse, num_nodes=3000, num_edges=20000)
    cut(whole, tmp_path, 4)
    grows = ("indices", "edge_ids", "edge_reversed", "weights", "times", "features", "feature_indices", "feature_values")
    sizes = [sum(a.nbytes for name, a in loaded(path).items() if name in grows) for path in sorted(tmp_path.iterdir())]
    assert max(sizes) < 1.1 * np.mean(sizes)


def test_as_many_shards_as_nodes(tmp_path):
    whole = small_dataset().induced(np.arange(50, 60))
    assert cut(whole, tmp_path, 10) == [(node, node + 1) for node in range(10)]
    with pytest.raises(DatasetError, match="61 shards of 10 nodes: each needs one, so make no more shards than nodes"):
        cut(whole, tmp_path / "more", 61)
    with pytest.raises(ValueError, match="the number of shards must be an integer >= 1, got 0"):
        cut(whole, tmp_path / "none", 0)


def test_typed_datasets_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"shards are of datasets with one type of nodes: dataset\.merged\(\) makes one"):
        cut(papers(), tmp_path, 2)


def test_a_dataset_in_shards_has_what_the_whole_has(tmp_path):
    whole = replace(small_dataset(), node_ids=[f"n{node}" for node in range(60)], class_names=("a", "b", "c"), notes=("note",))
    cut(whole, tmp_path, 2)
    for found in in_one_process(tmp_path, 2):
        for name in ("labels", "train", "val", "test", "node_ids"):
            np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
        assert (found.name, found.class_names, found.notes, found.task) == ("small", ("a", "b", "c"), ("note",), "multiclass")
        assert found.statistics() == whole.statistics()
        assert repr(found).replace("NodeDataset", "") == repr(whole).replace("NodeDataset", "")


def test_folders_that_are_none_hold_none(tmp_path):
    for name in ("shard-0-of-x", "shard-0", "other"):
        (tmp_path / name).mkdir()
    assert shards_in(tmp_path) == ({}, 0)
    cut(small_dataset(), tmp_path, 2)
    cut(replace(small_dataset(), features=SparseFeatures.identity(60)), tmp_path, 3)
    with pytest.raises(DatasetError, match="holds shards of 2 and of 3: leave those of one cut there"):
        shards_in(tmp_path)


def damaged(path, **changes):
    """about.json of a shard, changed."""
    about = json.loads((path / "about.json").read_text())
    (path / "about.json").write_text(json.dumps(about | changes))


@pytest.mark.parametrize(("wrong", "told"), [
    (None, "range in its about.json must be the first node and the one after the last, got None"),
    ([0, 2.5], "range in its about.json must be the first node and the one after the last, got "),
    ([0, 61], r"range in its about.json must be of nodes 0 to 59, got \[0, 61\]"),
    ([5, 5], "range in its about.json must be of nodes 0 to 59, got "),
    ([0, 60], "indices must be those of the 782 edges of nodes 0 to 59; there are "),
])  # fmt: skip
def test_ranges_that_are_wrong(tmp_path, wrong, told):
    cut(small_dataset(), tmp_path, 1)
    cut(small_dataset(), tmp_path / "two", 2)
    (tmp_path / "two" / "shard-0-of-2").rename(tmp_path / "shard-0-of-2") if wrong == [0, 60] else None
    shard = tmp_path / ("shard-0-of-2" if wrong == [0, 60] else "shard-0-of-1")
    damaged(shard, range=wrong)
    if wrong == [0, 60]:
        shutil.rmtree(tmp_path / "shard-0-of-1")
        shard.rename(tmp_path / "shard-0-of-1")
    with pytest.raises(DatasetError, match=told):
        in_one_process(tmp_path, 1)


def test_shards_that_do_not_belong_together(tmp_path):
    cut(small_dataset(), tmp_path, 2)
    cut(small_dataset(seed=1), tmp_path / "other", 2)
    shutil.rmtree(tmp_path / "shard-1-of-2")
    with pytest.raises(DatasetError, match="has no shard 1 of 2, on no machine: copy it to one of them"):
        in_one_process(tmp_path, 2)
    (tmp_path / "other" / "shard-1-of-2").rename(tmp_path / "shard-1-of-2")
    with pytest.raises(DatasetError, match="it is of another dataset than the shard of another process: cut one dataset"):
        in_one_process(tmp_path, 2)
