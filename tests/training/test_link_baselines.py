"""Heuristics of pairs beside slow readings of their formulas, with and without times."""

import math

import numpy as np
import pytest
from helpers.link_training import ring

import graphsage as gs
from graphsage.config.link_config import LinkConfig
from graphsage.data.links import LinkDataset
from graphsage.training import link_baselines
from graphsage.training.link_baselines import (
    BASELINES,
    adamic_adar,
    baseline_scores,
    common_neighbors,
    preferential_attachment,
)
from graphsage.training.link_evaluation import candidates_of
from graphsage.training.tasks import metrics_of


def dataset(has_times, directed=True, seed=0):
    """Directed, with parallel edges, loops and isolated nodes; its links to ask about do not matter."""
    rng = np.random.default_rng(seed)
    src, dst = (rng.random((2, 150)) ** 2 * 40).astype(int)
    times = rng.integers(0, 30, 150) if has_times else None
    graph = gs.Graph.from_edges(src, dst, 45, times=times)
    none = np.empty((0, 2), np.int64)
    return LinkDataset(graph=graph, features=np.zeros((45, 1), np.float32), train=none, val=none, test=none, directed=True)


def neighbours(data, node, time):
    """The nodes at an edge of ``node`` from before ``time``, whichever way it leads."""
    src, dst = data.graph.to_edges()
    known = np.ones(len(src), bool) if time is None else data.graph.times < time
    ends = zip(src[known].tolist(), dst[known].tolist())
    return {a if b == node else b for a, b in ends if node in (a, b)} - {node}


def slow(name, data, pair, time):
    a, b = (neighbours(data, node, time) for node in pair)
    if name == "common neighbours":
        return len(a & b)
    if name == "Adamic-Adar":
        return sum(1 / math.log(len(neighbours(data, node, time))) for node in a & b)
    return len(a) * len(b)


@pytest.mark.parametrize("has_times", [False, True])
@pytest.mark.parametrize("name", BASELINES)
def test_scores_are_those_of_the_formula(name, has_times):
    data, rng = dataset(has_times), np.random.default_rng(3)
    pairs = rng.integers(0, 45, (80, 2))
    times = rng.integers(-1, 32, 80) if has_times else None
    expected = [slow(name, data, pair, None if times is None else times[at]) for at, pair in enumerate(pairs.tolist())]
    assert BASELINES[name](data, pairs, times).tolist() == pytest.approx(expected)
    assert max(expected) > 0


@pytest.mark.parametrize("values", [1, 50, 500])
def test_chunks_change_nothing(values, monkeypatch):
    data, pairs = dataset(True), np.random.default_rng(3).integers(0, 45, (60, 2))
    whole = adamic_adar(data, pairs, np.full(60, 20))
    monkeypatch.setattr(link_baselines, "CHUNK_VALUES", values)
    assert adamic_adar(data, pairs, np.full(60, 20)).tolist() == pytest.approx(whole.tolist())


def test_nothing_is_known_of_isolated_nodes_nor_before_the_first_edge():
    data = dataset(True)
    for score in BASELINES.values():
        assert score(data, [[44, 43], [0, 44]], [99, 99]).tolist() == [0, 0]
        assert score(data, [[0, 1], [1, 2]], [0, -5]).tolist() == [0, 0]
        assert score(data, np.empty((0, 2), np.int64)).tolist() == []


def test_a_triangle_by_hand():
    graph = gs.Graph.from_edges([0, 1, 0, 3], [1, 2, 2, 0], 4, undirected=True)
    none = np.empty((0, 2), np.int64)
    data = LinkDataset(graph=graph, features=np.zeros((4, 1)), train=none, val=none, test=none)
    assert common_neighbors(data, [[1, 2], [1, 3]]).tolist() == [1, 1]
    assert adamic_adar(data, [[1, 2]]).tolist() == pytest.approx([1 / math.log(3)])
    assert preferential_attachment(data, [[0, 3]]).tolist() == [3]


def test_what_is_refused():
    data = dataset(False)
    with pytest.raises(TypeError, match="^dataset must be a LinkDataset, got Graph"):
        common_neighbors(data.graph, [[0, 1]])
    with pytest.raises(ValueError, match=r"^pairs\[0\] = \(0, 45\) is no pair of nodes: the graph has 45"):
        common_neighbors(data, [[0, 45]])
    with pytest.raises(ValueError, match=r"^times must have one entry a pair, 1; got shape \(2,\)$"):
        common_neighbors(dataset(True), [[0, 1]], [1, 2])
    with pytest.raises(ValueError, match="^times are of no use: the dataset's messages have none$"):
        common_neighbors(data, [[0, 1]], [1])


def test_baselines_are_judged_among_the_candidates_of_the_model():
    data, settings = ring(), LinkConfig(candidates=20)
    found = baseline_scores(data, data.test, settings, 0)
    assert list(found) == list(BASELINES) and all(list(scores) == list(metrics_of("links")) for scores in found.values())
    [(_, pairs)] = candidates_of(data, data.test.seeds, settings, 0)
    scores = np.array([[slow("Adamic-Adar", data, pair, None) for pair in row] for row in pairs.tolist()]).round(9)
    ranks = 1 + (scores[:, 1:] > scores[:, :1]).sum(1) + (scores[:, 1:] == scores[:, :1]).sum(1) / 2
    assert found["Adamic-Adar"]["mrr"] == pytest.approx((1 / ranks).mean())
    assert found["Adamic-Adar"]["mrr"] > 0.3 and found["preferential attachment"]["roc_auc"] < 0.7
    with pytest.raises(ValueError, match="^items is empty: there is nothing to judge$"):
        baseline_scores(data, data.test[:0], settings, 0)
