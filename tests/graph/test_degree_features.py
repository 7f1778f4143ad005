"""degree_features: every column by its definition, of any graph, and alike in graphs of other sizes."""

from math import log

import numpy as np
import pytest
from helpers.blocks import ISOLATED, blocks

import graphsage as gs


def by_definition(graph):
    """The slow twin."""
    rows = [graph.indices[graph.indptr[i] : graph.indptr[i + 1]] for i in range(graph.num_nodes)]
    table = []
    for row in rows:
        logs = [log(1 + len(rows[j])) for j in row] or [0.0]
        bucket = next(b for b in range(20) if len(row) < 2**b or b == 19)
        table.append([log(1 + len(row)) - 2, sum(logs) / len(logs) - 2, max(logs) - 2, *np.eye(20)[bucket]])
    return np.array(table).reshape(-1, 23)


def ends(number, degrees):
    """A directed graph of ``number`` nodes whose first rows have these many neighbours."""
    dst = np.repeat(np.arange(len(degrees)), degrees)
    return gs.Graph.from_edges(np.concatenate([np.arange(d) for d in degrees]), dst, number)


@pytest.mark.parametrize("graph", [
    blocks().graph, blocks().without_edges().graph, ends(40, [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 0, 32]), ends(3, [0, 0, 3]),
    gs.Graph.from_edges([0, 1, 1, 1], [0, 0, 0, 2], 3),
], ids=["blocks", "no edges", "powers of two", "empty rows first", "loop and repeats"])  # fmt: skip
def test_every_column_is_what_it_is_defined_as(graph):
    found = gs.degree_features(graph)
    assert found.dtype == np.float32 and found.shape == (graph.num_nodes, 23)
    assert np.allclose(found, by_definition(graph), atol=1e-6)


def test_nobody_and_nodes_alone():
    assert gs.degree_features(gs.Graph.from_edges([], [], 0)).shape == (0, 23)
    alone = gs.degree_features(blocks().graph)[ISOLATED]
    assert (alone == [-2, -2, -2, 1, *[0] * 19]).all()


def test_the_last_column_holds_all_degrees_from_2_to_the_18th():
    for degree, column in ((2**17, 21), (2**18 - 1, 21), (2**18, 22), (2**20, 22)):
        star = gs.Graph(indptr=[0, degree], indices=np.zeros(degree, np.int64))
        assert np.flatnonzero(gs.degree_features(star)[0, 3:]) + 3 == column


def test_a_row_means_the_same_in_a_larger_graph():
    small, large = ends(20, [3, 5, 9]), ends(500, [3, 5, 9, *[20] * 300])
    assert (gs.degree_features(small)[:3, 0] == gs.degree_features(large)[:3, 0]).all()
    both = gs.join_datasets([blocks(name="a"), blocks(seed=1, name="b")], train=["a"], test=["b"])
    apart = np.vstack([gs.degree_features(blocks(seed=seed).graph) for seed in (0, 1)])
    assert (gs.degree_features(both.graph) == apart).all()


@pytest.mark.parametrize("given", [None, np.eye(3), "cora", blocks()], ids=["None", "array", "text", "dataset"])
def test_anything_but_a_graph_is_refused(given):
    with pytest.raises(TypeError, match="^graph must be a Graph, got"):
        gs.degree_features(given)
