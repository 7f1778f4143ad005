"""Rows by the external sort are those of ``from_edges``, bit for bit, at any memory; what is refused; what is left behind."""

import tracemalloc

import numpy as np
import pytest
from helpers.graphs import edge_lists
from helpers.growing import Grown
from hypothesis import given, strategies as st

from graphsage.base.progress import silent
from graphsage.graph import external
from graphsage.graph.external import LEAST, Sizes, _How, _sorted_rows, external_rows
from graphsage.graph.graph import Graph

NAMES = ("indptr", "indices", "edge_ids", "edge_reversed", "weights", "times")
DROP = {"duplicates": "drop", "self_loops": "drop"}


def parts_of(arrays, cuts):
    """The parts that these cuts make of {name: array}."""
    split = {name: np.split(array, cuts) for name, array in arrays.items()}
    return [dict(zip(split, part)) for part in zip(*split.values())]


def assert_rows(found, count, graph):
    wanted = {name: getattr(graph, name) for name in NAMES if getattr(graph, name) is not None}
    assert found.keys() == wanted.keys() and count == graph.num_edges
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array), name


EXTRAS = {
    "weights": lambda rng, count: rng.random(count).astype(np.float32),
    "double": lambda rng, count: rng.random(count),
    "times": lambda rng, count: rng.integers(-9, 9, count),
    "edge_ids": lambda rng, count: rng.permutation(count) + 2**33,
}


@pytest.mark.kernels
@given(edge_lists(), st.data())
def test_any_edges_in_any_parts_through_any_buckets(tmp_path_factory, edges, data):
    """Blocks of a few records and buckets of hardly more: every row and every repeated edge is divided somewhere."""
    num_nodes, *ends = edges
    ends = np.array(ends, np.int64).reshape(2, -1)
    rng = np.random.default_rng(len(ends[0]))
    chosen = {name: EXTRAS[name](rng, ends.shape[1]) for name in data.draw(st.sets(st.sampled_from([*EXTRAS])))}
    own = {"weights" if name == "double" else name: array for name, array in chosen.items()}
    undirected, once, loops = (data.draw(st.booleans()) for _ in range(3))
    cuts = sorted(data.draw(st.lists(st.integers(0, ends.shape[1]), max_size=3)))
    room = data.draw(st.integers(1, 5))
    sizes = Sizes(data.draw(st.sampled_from([1 << 14, 1 << 15, LEAST])), room=room, most=room + data.draw(st.integers(0, 9)))
    grown, parts = Grown(), parts_of({"src": ends[0], "dst": ends[1], **own}, cuts)
    count = _sorted_rows(parts, _How(num_nodes, undirected, once, loops), grown, tmp_path_factory.getbasetemp(), silent, sizes)
    words = {True: "drop", False: "keep"}
    kept = {"undirected": undirected, "duplicates": words[once], "self_loops": words[not loops]}
    assert_rows(grown.arrays(), count, Graph.from_edges(*ends, num_nodes, **own, **kept))


def hubs(rng, count, num_nodes):
    """Edges of which half end in one node, and a third are one edge."""
    src, dst = rng.integers(0, num_nodes, (2, count))
    dst[rng.random(count) < 0.5] = 3
    one = rng.random(count) < 0.33
    src[one], dst[one] = num_nodes - 1, 3
    return src, dst


@pytest.mark.parametrize("kept", [{}, DROP, {"undirected": True}, {"undirected": True, **DROP}])
@pytest.mark.parametrize("num_nodes", [5, 70_000])
def test_hubs_at_the_least_memory(tmp_path, num_nodes, kept):
    """200,000 edges in 4 MiB: the hub's row is divided by its sources, and what is left of it are repeats of one edge."""
    rng = np.random.default_rng(num_nodes)
    src, dst = hubs(rng, 200_000, num_nodes)
    own = {"weights": rng.random(200_000), "times": rng.integers(0, 9, 200_000)}
    grown, parts = Grown(), parts_of({"src": src.astype(np.int32), "dst": dst, **own}, [60_000, 60_001, 199_999])
    count = external_rows(parts, num_nodes, grown, tmp_path, memory=LEAST, **kept)
    assert_rows(grown.arrays(), count, Graph.from_edges(src, dst, num_nodes, **own, **kept))
    assert not [*tmp_path.iterdir()]


def test_memory_is_what_was_given(tmp_path):
    """2 million edges through 8 MiB; their rows, which are let go, would take 52 MB, and their records 48."""
    rng = np.random.default_rng(0)
    parts = ({"src": rng.integers(0, 9000, 1 << 16), "dst": rng.integers(0, 9000, 1 << 16)} for _ in range(32))

    class Nothing:
        def append(self, array):
            pass

    external_rows([], 1, Grown(), tmp_path, memory=LEAST)
    tracemalloc.start()
    external_rows(parts, 9000, lambda name, dtype: Nothing(), tmp_path, memory=8 << 20, undirected=True, **DROP)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 11 << 20  # a part is 1 MiB, and the one before it is not gone when it is made


def test_no_parts_no_edges_and_no_nodes(tmp_path):
    nothing = {"src": [], "dst": []}
    for parts, num_nodes in (([], 3), ([nothing], 3), ([nothing, nothing], 0), ([{"src": [1], "dst": [1]}, nothing], 2)):
        grown = Grown()
        count = external_rows(parts, num_nodes, grown, tmp_path, memory=LEAST, undirected=True, self_loops="drop")
        assert count == 0 and grown.arrays()["indptr"].tolist() == [0] * (num_nodes + 1)
        assert {name: len(array) for name, array in grown.arrays().items() if name != "indptr"} == {
            "indices": 0, "edge_ids": 0, "edge_reversed": 0}


def test_rows_without_edges_are_written_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(external, "ROWS", 7)
    src, dst = np.array([4, 90, 90]), np.array([33, 33, 71])
    grown = Grown()
    count = external_rows([{"src": src, "dst": dst}], 100, grown, tmp_path, memory=LEAST)
    assert_rows(grown.arrays(), count, Graph.from_edges(src, dst, 100))


# ---- what is refused

GOOD = {"src": [0, 1], "dst": [1, 2]}


@pytest.mark.parametrize(("part", "sentence"), [
    ({"src": [0, 5], "dst": [1, 1]}, r"src\[3\] = 5 is not a node: the graph has 3$"),
    ({"src": [0, 1], "dst": [-1, 1]}, r"dst\[2\] = -1 is not a node: the graph has 3$"),
    ({"src": [0, 1], "dst": [1]}, r"dst must have one entry per edge \(src\), 2; got shape \(1,\)$"),
    ({"src": ["a", "b"], "dst": [0, 1]}, "src must be integers that fit 64 bits, got .*: leave num_nodes out where nodes have"),
    ({"src": [0.5], "dst": [0]}, "src must be integers"),
    ({"src": [0], "dst": [0], "weights": [1.0]}, r"all parts must have what the first has, no array of edges; part 1 has "
                                                 r"weights \(float64\)$"),
    ({"src": [0], "dst": [0], "hue": [1]}, "a part of edges is a dict of src, dst and perhaps edge_ids, weights, times; got "),
    ({"src": [0]}, r"a part of edges is a dict .* got \['src'\]$"),
])
def test_parts_are_checked_as_edges_are(tmp_path, part, sentence):
    with pytest.raises((TypeError, ValueError), match=f"^{sentence}"):
        external_rows([GOOD, part], 3, Grown(), tmp_path, memory=LEAST)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("own", "sentence"), [
    ({"weights": [1.0, np.nan]}, r"weights must be finite and >= 0, got weights\[3\] = nan$"),
    ({"times": [0.0, np.inf]}, r"times must be finite, got times\[3\] = inf$"),
    ({"edge_ids": [-1, 4]}, r"edge_ids must be >= 0, got edge_ids\[2\] = -1$"),
])
def test_what_travels_with_edges_is_checked(tmp_path, own, sentence):
    good = GOOD | {name: np.ones(2, np.asarray(values).dtype) for name, values in own.items()}
    with pytest.raises(ValueError, match=f"^{sentence}"):
        external_rows([good, GOOD | own], 3, Grown(), tmp_path, memory=LEAST)


@pytest.mark.parametrize(("options", "sentence"), [
    ({"memory": LEAST - 1}, "memory must be an integer >= 4194304, got 4194303"),
    ({"memory": "4GB"}, "memory must be an integer >= 4194304, got '4GB'"),
    ({"memory": LEAST, "undirected": "no"}, "undirected must be True or False, got 'no'"),
    ({"memory": LEAST, "duplicates": "add"}, "duplicates must be one of 'keep', 'drop'; got 'add'"),
])
def test_options_are_checked(tmp_path, options, sentence):
    with pytest.raises((TypeError, ValueError), match=f"^{sentence}"):
        external_rows([], 3, Grown(), tmp_path, **options)


def test_an_interrupt_leaves_nothing_behind(tmp_path):
    def interrupted():
        yield GOOD
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        external_rows(interrupted(), 3, Grown(), tmp_path, memory=LEAST)
    assert not [*tmp_path.iterdir()]
