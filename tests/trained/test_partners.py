"""The best partners of a node, against all pairs scored and sorted; chunks and ties."""

import numpy as np
import pytest
import torch

from graphsage.graph.graph import Graph
from graphsage.trained import partners as module
from graphsage.trained.partners import best_partners, known_partners


def dot(h_source, h_target):
    return (h_source * h_target).sum(-1)


def naive(h, node, k, left_out):
    """[(partner, logit)]: by falling logit, then rising row."""
    logits = [float(dot(h[node], h[other])) for other in range(len(h))]
    offered = [other for other in range(len(h)) if other not in left_out]
    return [(other, logits[other]) for other in sorted(offered, key=lambda other: (-logits[other], other))[:k]]


@pytest.mark.parametrize("chunk", [1, 3, 7, 1 << 20])
@pytest.mark.parametrize("k", [1, 4, 100])
def test_as_all_scored_and_sorted(chunk, k, monkeypatch):
    """Small whole numbers tie often: of equal ones the lower row goes first, whichever chunk it is in."""
    monkeypatch.setattr(module, "CHUNK_VALUES", chunk * 3)
    h = torch.from_numpy(np.random.default_rng(1).integers(-1, 2, (30, 3)).astype(np.float32))
    nodes, left_out = np.array([4, 0, 29]), lambda node: np.array([node, (node + 1) % 30, 7])
    told = []
    found = best_partners(dot, h, nodes, k, left_out, lambda *what: told.append(what))
    expected = [(node, rank, *pair) for node in nodes for rank, pair in enumerate(naive(h, node, k, left_out(node)), 1)]
    assert list(zip(found.nodes, found.ranks, found.partners)) == [row[:3] for row in expected]
    np.testing.assert_allclose(found.probabilities, 1 / (1 + np.exp([-row[3] for row in expected])), rtol=1e-6)
    assert found.probabilities.dtype == np.float32 and told == [(1, 3), (2, 3), (3, 3)]


def test_nobody_is_left_and_nobody_is_asked():
    h = torch.ones(3, 2)
    assert len(best_partners(dot, h, np.array([1]), 5, lambda node: np.arange(3))) == 0
    assert best_partners(dot, h, np.array([], np.int64), 5, np.atleast_1d).partners.dtype == np.int64


def test_whom_a_node_is_linked_with():
    src, dst = [0, 1, 2, 4, 0], [1, 2, 0, 0, 1]  # 0 -> 1 twice
    one_way = known_partners(Graph.from_edges(src, dst, 6), True)
    assert [sorted(set(one_way(node).tolist())) for node in range(6)] == [[0, 1], [1, 2], [0, 2], [3], [0, 4], [5]]
    both = known_partners(Graph.from_edges(src, dst, 6, undirected=True), False)
    assert sorted(set(both(0).tolist())) == [0, 1, 2, 4] and both(3).tolist() == [3]
