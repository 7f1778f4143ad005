"""From edges to rows: the kernels and their slow twin, on edges of any kind, in parts and rows of any size."""

import naive
import numpy as np
import pytest
from helpers.graphs import edge_lists
from hypothesis import given, strategies as st

from graphsage.graph import build, rows
from graphsage.graph.build import key_shift, rows_from_edges
from graphsage.graph.graph import Graph

pytestmark = pytest.mark.kernels


def as_lists(indptr, indices, ids, flags):
    """What ``naive.rows_of_edges`` gives."""
    turned = np.zeros(len(ids), bool) if flags is None else flags
    edges = list(zip(indices.tolist(), ids.tolist(), turned.tolist()))
    return [edges[start:end] for start, end in zip(indptr.tolist(), indptr[1:].tolist())]


@given(edge_lists(), st.booleans(), st.booleans(), st.booleans(), st.sampled_from([np.int32, np.int64, np.uint8]))
def test_rows_are_those_of_the_twin(edges, undirected, once, loops, dtype):
    num_nodes, src, dst = edges
    options = {"undirected": undirected, "once": once, "loops": loops}
    found = rows_from_edges(np.array(src, dtype), np.array(dst, dtype), num_nodes, **options)
    assert as_lists(*found) == naive.rows_of_edges(src, dst, num_nodes, **options)
    assert [array.dtype for array in found[:3]] == [np.int64, np.int32, np.int64]
    assert (found[3] is None) == (not undirected)


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("degree", [rows.SHORT - 1, rows.SHORT, rows.SHORT + 1, 3 * rows.SHORT])
def test_short_and_long_rows(degree, once, monkeypatch):
    """A row at either side of the length from which numpy sorts it, sources falling; edges come in parts."""
    monkeypatch.setattr(build, "CHUNK", 50)
    src = np.repeat(np.arange(degree)[::-1], 2)[:degree]
    dst = np.ones(degree, int)
    found = rows_from_edges(src, dst, degree, once=once)
    assert as_lists(*found) == naive.rows_of_edges(src.tolist(), dst.tolist(), degree, False, once, True)


def test_no_edges_and_no_nodes():
    assert [array.tolist() for array in rows_from_edges(*np.empty((2, 0), int), 3, undirected=True)] == [[0] * 4, [], [], []]
    assert rows_from_edges(*np.empty((2, 0), int), 0)[0].tolist() == [0]


def test_what_fits_a_key():
    """A key has 63 bits: the source, the edge id and a flag."""
    assert [key_shift(edges, 1) for edges in (0, 1, 2, 3, 2**31)] == [1, 1, 2, 3, 32]
    assert key_shift(2**31, 2**31 - 1) == 32
    with pytest.raises(ValueError, match="^a graph of 2147483647 nodes is built from at most 2147483648 edges, got "):
        key_shift(2**31 + 1, 2**31 - 1)


def test_edges_and_nodes_under_names_of_the_callers():
    names = {"edge_ids": [7, 9, 5], "node_ids": ["x", "y"]}
    graph = Graph.from_edges([1, 0, 1], [0, 1, 0], 2, **names, undirected=True, duplicates="drop")
    assert (graph.edge_ids.tolist(), graph.edge_reversed.tolist()) == ([7, 7], [False, True])  # the first, not the smallest
    assert graph.node_ids.tolist() == ["x", "y"]
    with pytest.raises(ValueError, match=r"edge_ids must have one entry per edge, 3; got shape \(1,\)"):
        Graph.from_edges([1, 0, 1], [0, 1, 0], 2, edge_ids=[7])
    with pytest.raises(ValueError, match=r"edge_ids must be >= 0, got edge_ids\[0\] = -1"):
        Graph.from_edges([1], [0], 2, edge_ids=[-1])
