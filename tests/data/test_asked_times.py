"""Times of nodes in a dataset: checked, and kept through copies, parts, joins, files and networkx."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

import graphsage as gs

DAYS = np.array(["2024-01-05", "2024-02-01", "2024-03-01"], "datetime64[D]")
GRAPH = gs.Graph.from_edges([0, 1], [1, 2], 3, times=[5, 10])
DATED = gs.Graph.from_edges([0, 1, 2], [1, 2, 0], 3, times=DAYS)
FLOATS = gs.Graph.from_edges([0], [1], 3, times=[0.5])
BARE = gs.Graph.from_edges([0, 1], [1, 2], 3)


def data_of(graph=GRAPH, **options):
    parts = {"train": [0], "val": [1], "test": [2], "name": "made"}
    return gs.NodeDataset(graph=graph, features=np.eye(3), labels=[0, 1, 0], **{**parts, **options})


@pytest.mark.parametrize("graph, given, dtype", [
    (GRAPH, [7, 8, 9], np.int64), (GRAPH, np.array([7, 8, 9], np.uint8), np.int64), (FLOATS, [7, 8, 9], np.float64),
    (DATED, DAYS, np.int64), (DATED, DAYS.tolist(), np.int64),
])  # fmt: skip
def test_times_stand_on_the_axis_of_the_edges(graph, given, dtype):
    data = data_of(graph, times=given)
    assert data.times.dtype == dtype and not data.times.flags.writeable
    assert data.times.tolist() == (sorted(DATED.times.tolist()) if graph is DATED else [7, 8, 9])


def test_where_edges_have_no_times_those_of_nodes_are_the_axis():
    data = data_of(BARE, times=[3, 4, 5], node_times=[1, 2, 3])
    assert data.times.tolist() == [3, 4, 5] and data.node_times.tolist() == [1, 2, 3]


@pytest.mark.parametrize("graph, options, error, text", [
    (BARE, {"times": [1, 2, 3]}, ValueError, "times of nodes are compared with those of edges, and the graph has none: pass"),
    (GRAPH, {"times": [1, 2]}, ValueError, "times must have one entry per node, 3; got shape"),
    (GRAPH, {"times": [1, 2, np.nan]}, ValueError, "times must be finite"),
    (GRAPH, {"times": [1.5, 2, 3]}, TypeError, "times must be integers or dates, as the graph's times are; got float64"),
    (GRAPH, {"times": ["a", "b", "c"]}, TypeError, "times must be a one-dimensional array of numbers or dates"),
    (GRAPH, {"times": DAYS}, TypeError, "times must be numbers, as the graph's times are"),
    (GRAPH, {"node_times": [1]}, ValueError, "node_times must have one entry per node, 3"),
    (DATED, {"times": [1_700_000_000] * 3}, ValueError, "times must be dates, or nanoseconds since 1970, as the graph's times"),
    (DATED, {"node_times": [19_000] * 3}, ValueError, "node_times must be dates, or nanoseconds since 1970"),
    (FLOATS, {"times": [2**53 + 1] * 3}, ValueError, r"times must be at most 2\^53 beside a graph's times that are floats"),
    (BARE, {"node_times": [0.5, 1, 2], "times": [2**60] * 3}, ValueError, "in the unit of the graph's times, and look like"),
    (GRAPH, {"times": [5, 5, 5], "node_times": [5, 6, 5]}, ValueError, "but node 1 is asked at 5 and came to be at 6"),
])  # fmt: skip
def test_times_that_do_not_fit(graph, options, error, text):
    with pytest.raises(error, match=text):
        data_of(graph, **options)


def test_variants_keep_times():
    data = data_of(times=[7, 8, 9], node_times=[1, 2, 3])
    part = data.induced([2, 0])
    assert part.times.tolist() == [9, 7] and part.node_times.tolist() == [3, 1]
    assert data.row_normalized().times is not None
    bare = data.without_edges()
    assert bare.times is None and bare.node_times is None


def test_joined_data_have_times_if_all_have_them():
    one, other = data_of(times=[7, 8, 9]), data_of(name="other", times=[1, 2, 3])
    joined = gs.join_datasets([one, other], train=["made"], test=["other"])
    assert joined.times.tolist() == [7, 8, 9, 1, 2, 3] and joined.node_times is None
    with pytest.raises(ValueError, match="datasets must have times all of them or none, got some of each"):
        gs.join_datasets([one, replace(other, times=None)], train=["made"], test=["other"])


@pytest.mark.parametrize("options", [{}, {"times": [7, 8, 9]}, {"times": [7, 8, 9], "node_times": [1, 2, 3]}])
def test_files_keep_times(options, tmp_path):
    data_of(**options).save(tmp_path / "made.npz")
    found = gs.NodeDataset.load(tmp_path / "made.npz")
    for name in ("times", "node_times"):
        assert options.get(name) == (None if getattr(found, name) is None else getattr(found, name).tolist())
    stored = set(np.load(tmp_path / "made.npz").files)
    assert {"asked_times", "node_times"} & stored == {"asked_times", "node_times"} & {
        {"times": "asked_times"}.get(name, name) for name in options
    }


def test_times_of_networkx():
    made = nx.Graph()
    made.add_nodes_from([("a", {"y": "x", "asked": 7, "born": 1}), ("b", {"y": "z", "asked": 8, "born": 2})])
    made.add_edge("a", "b", at=5)
    names = {"edge_time": "at", "time": "asked", "node_time": "born"}
    data = gs.NodeDataset.from_networkx(made, label="y", **names)
    assert data.times.tolist() == [7, 8] and data.node_times.tolist() == [1, 2] and data.graph.times.tolist() == [5, 5]
    del made.nodes["b"]["asked"]
    with pytest.raises(ValueError, match="1 of 2 nodes have no attribute 'asked', 'b' for one: times are of all nodes"):
        gs.NodeDataset.from_networkx(made, label="y", **names)


def test_the_summary_tells_of_them():
    data = data_of(times=[7, 8, 9], node_times=[1, 2, 3])
    assert "times: nodes are asked from 7 to 9 and there from 1 to 3" in data.summary()
    assert "times" not in data_of().summary()
