"""A split by time: who comes first trains, who comes last tests, and nodes of one time stay together."""

import numpy as np
import pytest

import graphsage as gs
from graphsage.data import catalogue


def timed(times, labels=None, **options):
    """Nodes with these times, on a graph with one edge."""
    number = len(times)
    graph = gs.Graph.from_edges([0], [1], number, times=np.array([times[0]]))
    labels = np.arange(number) % 2 if labels is None else labels
    parts = {"train": [], "val": [], "test": []}
    return gs.NodeDataset(graph=graph, features=np.eye(number), labels=labels, times=times, **parts, **options)


def parts_of(data, **shares):
    split = gs.split_by_time(data, **shares)
    return [getattr(split, part).tolist() for part in ("train", "val", "test")]


def test_the_latest_test_and_the_earliest_train():
    times = np.arange(20)[::-1]
    assert parts_of(timed(times)) == [list(range(6, 20)), [3, 4, 5], [0, 1, 2]]
    assert parts_of(timed(times), val=0) == [list(range(3, 20)), [], [0, 1, 2]]
    assert parts_of(timed(times), test=0, val=0.5) == [list(range(10, 20)), list(range(10)), []]


def test_nodes_of_one_time_stay_on_the_earlier_side_of_a_cut():
    """Two cuts, after 4 and after 7 of 10 nodes, each in the middle of nodes of one time."""
    assert parts_of(timed(np.array([0, 0, 1, 1, 1, 2, 3, 3, 4, 5])), val=0.3, test=0.3) == [[0, 1, 2, 3, 4], [5, 6, 7], [8, 9]]


@pytest.mark.parametrize("times", [np.arange(20) + 2**62, np.arange(20) / 7, np.datetime64("2024-01-01") + np.arange(20)])
def test_times_of_every_kind(times):
    """Integers that a float64 does not tell apart, too."""
    assert parts_of(timed(times)) == [list(range(14)), [14, 15, 16], [17, 18, 19]]


def test_of_a_typed_dataset_the_targets_are_parted():
    relation = ("author", "writes", "paper")
    graph = gs.TypedGraph({"paper": 20, "author": 3}, {relation: ([0], [1])}, times={relation: [7]})
    data = gs.TypedDataset(graph=graph, target="paper", labels=np.arange(20) % 2, times=np.arange(20))
    split = gs.split_by_time(data)
    assert split.test.tolist() == [17, 18, 19] and split.val.tolist() == [14, 15, 16] and len(split.train) == 14
    assert "split by time: train until 13" in split.notes[0]
    with pytest.raises(ValueError, match="no type has labels in this dataset"):
        gs.split_by_time(gs.TypedDataset(graph=graph))


def test_nodes_without_a_label_are_in_no_part():
    labels = np.where(np.arange(20) % 2, -1, np.arange(20) // 2 % 2)
    assert sorted(sum(parts_of(timed(np.arange(20), labels)), [])) == list(range(0, 20, 2))


def test_the_summary_says_until_when():
    days = np.datetime64("2024-01-01") + np.arange(20)
    split = gs.split_by_time(timed(days))
    assert "times: nodes are asked from 2024-01-01 00:00:00 to 2024-01-20 00:00:00" in split.summary()
    assert "split by time: train until 2024-01-14 00:00:00, validate until 2024-01-17 00:00:00, test after" in split.summary()
    assert gs.split_by_time(timed(np.arange(20)), val=0, test=0).notes == ("split by time: train until 19",)


@pytest.mark.parametrize("times, shares, text", [
    (np.arange(20), {"val": 1.0}, r"val must be a share of the nodes, a number in \[0, 1\), got 1.0"),
    (np.arange(20), {"test": "x"}, r"test must be a share of the nodes, a number in \[0, 1\), got 'x'"),
    (np.arange(20), {"test": np.nan}, r"test must be a share of the nodes, a number in \[0, 1\), got nan"),
    (np.arange(20), {"val": 0.5, "test": 0.5}, r"val \+ test must be below 1, for the rest trains; got 0.5 \+ 0.5"),
    (np.zeros(20, int), {}, "has 20 nodes with a label, of 1 different times, and the split leaves val empty; nodes of one"),
    (np.arange(3), {"val": 0.1}, "has 3 nodes with a label, of 3 different times, and the split leaves test empty"),
    (np.arange(3), {"val": 0.4, "test": 0.59}, "has 3 nodes with a label, of 3 different times, and the split leaves train em"),
])  # fmt: skip
def test_what_cannot_be_had(times, shares, text):
    with pytest.raises(ValueError, match=text):
        gs.split_by_time(timed(times), **shares)


def test_data_that_have_no_times_or_labels():
    data = timed(np.arange(4), [-1, -1, -1, -1])
    with pytest.raises(ValueError, match="has 0 nodes with a label, of 0 different times, and the split leaves train empty"):
        gs.split_by_time(data)
    with pytest.raises(ValueError, match="dataset has no times of nodes, by which to part them: pass times= to the dataset"):
        gs.split_by_time(data.without_edges())
    with pytest.raises(TypeError, match="dataset must be a NodeDataset"):
        gs.split_by_time(data.graph)


def test_a_dataset_is_loaded_with_it(tmp_path):
    timed(np.arange(20)).save(tmp_path / "mine.npz")
    split = gs.load_dataset(tmp_path / "mine.npz", split="time")
    assert split.test.tolist() == [17, 18, 19]
    with pytest.raises(gs.data.errors.DatasetError, match="debian has no times of nodes, by which to part them"):
        catalogue.load_dataset("debian", split="time")


@pytest.mark.parametrize("split", ["tim", True, -1, 1.5])
def test_a_run_takes_a_number_or_time(split):
    assert gs.RunConfig(split="time").split == "time"
    with pytest.raises(ValueError, match=f"split must be an integer >= 0, or 'time'; got {split!r}"):
        gs.RunConfig(split=split)
