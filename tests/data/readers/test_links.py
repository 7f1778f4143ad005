"""Links: the graph of a list of pairs is that of ``Graph.from_edges``, in chunks of any size."""

import numpy as np
import pytest

from graphsage.data.readers import links
from graphsage.data.readers.links import graph_of_arcs, graph_of_links
from graphsage.graph.graph import Graph


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("self_loops", ["keep", "drop"])
@pytest.mark.parametrize("chunk", [7, 1 << 17])
def test_the_graph_is_that_of_its_edges(directed, self_loops, chunk, monkeypatch):
    monkeypatch.setattr(links, "CHUNK", chunk)
    src, dst = np.random.default_rng(0).integers(0, 12, (2, 90))
    wanted = Graph.from_edges(src, dst, 14, undirected=not directed, duplicates="drop", self_loops=self_loops)
    graph = graph_of_links(src, dst, 14, directed=directed, self_loops=self_loops, node_ids=list("abcdefghijklmn"))
    assert graph.indptr.tolist() == wanted.indptr.tolist()
    assert graph.indices.tolist() == wanted.indices.tolist()
    assert (graph.edge_ids, graph.edge_reversed, graph.node_ids[2]) == (None, None, "c")


def test_no_arcs():
    assert graph_of_arcs(np.empty(0, np.int64), 3).indptr.tolist() == [0, 0, 0, 0]
    assert graph_of_links([], [], 0).num_nodes == 0


@pytest.mark.parametrize(
    "src, dst, sentence",
    [([3], [0], r"src\[0\] = 3 is not a node: the graph has 3"), ([0, 1], [0], "dst must have one entry per edge")],
)
def test_what_is_refused(src, dst, sentence):
    with pytest.raises(ValueError, match=sentence):
        graph_of_links(src, dst, 3)
