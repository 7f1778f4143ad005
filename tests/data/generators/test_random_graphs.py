"""Random graphs: equal to slow twins, the same in chunks of any size, uniform where they say so, the same as ever."""

from itertools import combinations

import naive
import numpy as np
import pytest
from helpers.chisquare import ALPHA, outcomes_p
from helpers.graphs import digest, edges_by_id
from helpers.growing import Grown
from hypothesis import given, strategies as st

from graphsage.base.rng import GENERATE
from graphsage.data.generators import random_graphs
from graphsage.data.generators.random_graphs import SIMPLE, block_model, block_model_parts, rmat, rmat_parts
from graphsage.graph import build
from graphsage.graph.external import LEAST, external_rows


def naive_rmat(log2_nodes, degree, seed):
    """{(u, v)} by the definition: an edge falls into one of four quarters of the matrix, and again within it."""
    order = naive.permutation(naive.stream_key(seed, GENERATE, 0), 2**log2_nodes)
    draws = [naive.splitmix64(naive.stream_key(seed, GENERATE, 0, level), degree << log2_nodes) for level in range(log2_nodes)]
    edges = set()
    for edge in range(degree << log2_nodes):
        u = v = 0
        for level in range(log2_nodes):
            share = draws[level][edge] / 2**64
            quarter = sum(share >= limit for limit in (0.57, 0.76, 0.95))
            u, v = 2 * u + quarter // 2, 2 * v + quarter % 2
        if u != v:
            edges |= {(order[u], order[v]), (order[v], order[u])}
    return edges


def edges_of(graph):
    return list(zip(*(ends.tolist() for ends in graph.to_edges())))


def assert_simple(graph):
    """Undirected, no loops, no repeats, rows sorted."""
    edges = edges_of(graph)
    assert len(set(edges)) == len(edges) and {(v, u) for u, v in edges} == set(edges)
    assert all(u != v for u, v in edges)
    assert edges == sorted(edges, key=lambda edge: edge[::-1])


@pytest.mark.parametrize("log2_nodes, degree, seed", [(0, 3, 0), (1, 2, 0), (5, 4, 7), (7, 3, 2**64 - 1)])
def test_rmat_is_its_twin(log2_nodes, degree, seed):
    graph = rmat(log2_nodes, degree, seed)
    assert graph.num_nodes == 2**log2_nodes
    assert set(edges_of(graph)) == naive_rmat(log2_nodes, degree, seed)
    assert_simple(graph)


def test_chunks_change_nothing(monkeypatch):
    whole = rmat(8, 5), block_model(np.arange(300) % 7, 9, 0.5)
    monkeypatch.setattr(random_graphs, "CHUNK", 37)
    monkeypatch.setattr(build, "CHUNK", 41)
    for graph, again in zip(whole, (rmat(8, 5), block_model(np.arange(300) % 7, 9, 0.5))):
        assert digest([graph.indptr, graph.indices]) == digest([again.indptr, again.indices])


@pytest.mark.parametrize("memory", [None, 1 << 30, 50_000, 5_000])
def test_parts_sorted_in_files_are_the_same_graphs(tmp_path, monkeypatch, memory):
    """With little memory block models look for repeated pairs in rounds: 3 or 30 of them."""
    monkeypatch.setattr(random_graphs, "CHUNK", 37)
    labels = np.arange(300) % 7
    made = {rmat(8, 5): rmat_parts(8, 5), block_model(labels, 9, 0.5): block_model_parts(labels, 9, 0.5, memory=memory)}
    for graph, parts in made.items():
        grown = Grown()
        count = external_rows(parts, graph.num_nodes, grown, tmp_path, memory=LEAST, **SIMPLE)
        assert count == graph.num_edges
        for name, array in grown.arrays().items():
            assert np.array_equal(array, getattr(graph, name)), name


@given(st.integers(1, 60), st.data())
def test_the_first_distinct_values_of_any_sequence(possible, data):
    """Whatever is drawn how often, and in whatever rounds: the plain way keeps all values in a set."""
    count = data.draw(st.integers(0, possible // 2))
    sequence = np.random.default_rng(count).integers(0, possible, 5000)
    memory = data.draw(st.sampled_from([None, 10**6, 1000]))
    found = random_graphs._first_distinct(lambda start, number: sequence[start : start + number], possible, count, memory)
    assert np.concatenate([[], *found]).tolist() == [*dict.fromkeys(sequence.tolist())][:count]


def test_golden_graphs():
    made = {"rmat": rmat(10, 16, 3), "sbm": block_model(np.arange(1000) % 10, 12, 0.6, 3)}
    found = {name: digest([graph.indptr, graph.indices])[:16] for name, graph in made.items()}
    assert found == {"rmat": "9cbd02e3bd0fc5c8", "sbm": "319258c60770500e"}
    assert digest([rmat(10, 16, 4).indices])[:16] != found["rmat"]


def test_rmat_has_hubs_and_lonely_nodes():
    degrees = rmat(12, 16).degrees
    assert degrees.max() > 40 * np.median(degrees) and (degrees == 0).mean() > 0.1


@pytest.mark.parametrize("homophily, degree", [(0.0, 3), (0.35, 7.3), (1.0, 20), (0.8, 0)])
def test_block_model_has_the_edges_it_was_asked_for(homophily, degree):
    labels = np.random.default_rng(0).integers(0, 4, 400)
    graph = block_model(labels, degree, homophily)
    assert_simple(graph)
    src, dst = graph.to_edges()
    assert graph.num_edges == 2 * round(200 * degree)
    assert np.count_nonzero(labels[src] == labels[dst]) == 2 * round(round(200 * degree) * homophily)


def test_pairs_are_uniform_subsets():
    """Null: the two edges within classes of 1, 2 and 4 nodes are any 2 of the 7 pairs there, each as likely; the three edges
    between classes any 3 of the 14 pairs there. 6,000 seeds; a fair generator fails with probability 2 * ALPHA."""
    labels = np.array([2, 0, 2, 1, 2, 1, 2])
    codes = {True: [], False: []}
    for seed in range(6000):
        graph = block_model(labels, 10 / 7, 0.4, seed)
        pairs = [(u, v) for u, v in edges_of(graph) if u < v]
        for same, found in codes.items():
            found.append(sorted(7 * u + v for u, v in pairs if (labels[u] == labels[v]) == same))
    for same, count in ((True, 2), (False, 3)):
        pairs = [7 * u + v for u, v in combinations(range(7), 2) if (labels[u] == labels[v]) == same]
        outcomes = list(combinations(sorted(pairs), count))
        assert outcomes_p(np.array(codes[same]), outcomes) > ALPHA


def test_seeds_of_a_block_model_differ():
    labels = np.arange(50) % 5
    assert not np.array_equal(block_model(labels, 4, 0.5, 0).indices, block_model(labels, 4, 0.5, 1).indices)


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: rmat(31), "scale must be an integer from 0 to 30, got 31"),
        (lambda: rmat(4, 0), "degree must be an integer >= 1, got 0"),
        (lambda: rmat(30, 1000), "an R-MAT graph of scale 30 and degree 1000 would need"),
        (lambda: block_model(np.arange(8) % 2, 4, 1.0), "ask for 16 edges in a class, more than half of the 12 pairs there"),
        (lambda: block_model(np.zeros(8, int), 1, 0.5), "ask for 2 edges between classes, more than half of the 0 pairs"),
    ],
)
def test_what_is_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_edge_ids_are_those_of_the_list_that_was_made():
    """Of R-MAT the place among all that were drawn, by the definition; of a block model 0.. without a gap."""
    order = naive.permutation(naive.stream_key(3, GENERATE, 0), 32)
    draws = [naive.splitmix64(naive.stream_key(3, GENERATE, 0, level), 4 << 5) for level in range(5)]
    found = edges_by_id(rmat(5, 4, 3))
    assert len(found) == rmat(5, 4, 3).num_edges // 2
    for edge, pair in found.items():
        quarters = [sum(draw[edge] / 2**64 >= limit for limit in (0.57, 0.76, 0.95)) for draw in draws]
        u, v = (int("".join(str(of(quarter)) for quarter in quarters), 2) for of in (lambda q: q // 2, lambda q: q % 2))
        assert set(pair) == {order[u], order[v]}
    labels = np.arange(300) % 7
    pairs = edges_by_id(block_model(labels, 9, 0.5))
    assert sorted(pairs) == list(range(1350))
    assert [labels[u] == labels[v] for _, (u, v) in sorted(pairs.items())] == [True] * 675 + [False] * 675
