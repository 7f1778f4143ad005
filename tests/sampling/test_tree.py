"""multihop_sampling: sizes, parents and children, tables of every kind, and what is refused."""

import re
from collections import Counter, defaultdict

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from helpers.graphs import asymmetric, fanout_lists, graphs, random_graph, seed_lists, star
from hypothesis import given, strategies as st

from graphsage.base import checks
from graphsage.graph.graph import Graph
from graphsage.sampling.hops import sample_tree
from graphsage.sampling.tree import multihop_sampling

pytestmark = pytest.mark.kernels
SEEDS = st.integers(0, 2**64 - 1)


def families(hops, fanouts):
    """(parent, its children) for every parent of every hop."""
    for parents, children, k in zip(hops, hops[1:], fanouts):
        yield from zip(parents.tolist(), children.reshape(-1, k).tolist())


def check_tree(rows, seeds, fanouts, replace, hops):
    """Sizes are exact, and every family is one that ``rows`` (a dict of lists) and the rules allow."""
    assert [len(hop) for hop in hops] == [len(seeds) * int(np.prod(fanouts[:h])) for h in range(len(fanouts) + 1)]
    assert hops[0].tolist() == list(seeds)
    for parent, children in families(hops, fanouts):
        row, drawn = Counter(rows[parent] or [parent]), Counter(children)
        assert drawn.keys() <= row.keys()
        if not replace and len(rows[parent]) >= len(children):
            assert drawn <= row  # distinct positions: no neighbour more often than the row lists it


# ---- every child is a neighbour of its parent

@given(st.data(), graphs(), fanout_lists(allow_all=False), st.booleans(), SEEDS)
def test_trees_of_any_graph(data, graph, fanouts, replace, seed):
    seeds = data.draw(seed_lists(graph.num_nodes))
    hops = multihop_sampling(seeds, fanouts, graph, replace=replace, seed=seed)
    assert all(hop.dtype == np.int64 for hop in hops)
    check_tree(graph.to_adjacency_dict(), seeds, fanouts, replace, hops)


def test_more_picks_than_a_scan_is_good_for():
    graph = star(300)
    for k in (64, 65, 299, 300, 301):
        hops = multihop_sampling([0, 0], [k], graph, replace=False, seed=1)
        check_tree(graph.to_adjacency_dict(), [0, 0], [k], False, hops)


def test_one_node_with_and_without_a_loop():
    for row in ([], [0]):
        hops = multihop_sampling([0, 0], [2, 3], {0: row}, seed=0)
        assert [hop.tolist() for hop in hops] == [[0] * 2, [0] * 4, [0] * 12]


def test_directions_on_the_asymmetric_graph():
    assert [hop.tolist() for hop in multihop_sampling([1, 0], [2], asymmetric())] == [[1, 0], [0, 0, 0, 0]]
    assert [hop.tolist() for hop in multihop_sampling([1], [1, 1], nx.DiGraph([(0, 1), (2, 0)]))] == [[1], [0], [2]]
    assert [hop.tolist() for hop in multihop_sampling([1], [1, 1], nx.Graph([(0, 1)]))] == [[1], [0], [1]]


# ---- the tables

def named_rows(names, graph):
    return {names[v]: [names[u] for u in row] for v, row in graph.to_adjacency_dict().items()}


@given(st.data(), graphs(), fanout_lists(allow_all=False), st.booleans(), SEEDS)
def test_a_dict_and_the_graph_of_it_give_the_same_tree(data, graph, fanouts, replace, seed):
    seeds = data.draw(seed_lists(graph.num_nodes))
    expected = [hop.tolist() for hop in multihop_sampling(seeds, fanouts, graph, replace=replace, seed=seed)]
    names = data.draw(st.sampled_from([range(20), range(-40, -20), "abcdefghijklmnopqrst", [(v, "x") for v in range(20)]]))
    table = named_rows(names, graph)
    hops = multihop_sampling([names[v] for v in seeds], fanouts, table, replace=replace, seed=seed)
    assert [hop.tolist() for hop in hops] == [[names[v] for v in hop] for hop in expected]
    rebuilt = Graph.from_adjacency_dict(table)
    again = multihop_sampling(rebuilt.rows_of([names[v] for v in seeds]), fanouts, rebuilt, replace=replace, seed=seed)
    assert [hop.tolist() for hop in again] == expected


@given(st.data(), graphs(), st.booleans(), SEEDS)
def test_scipy_gives_the_tree_of_its_graph(data, graph, replace, seed):
    seeds = data.draw(seed_lists(graph.num_nodes))
    expected = multihop_sampling(seeds, [3, 2], graph, replace=replace, seed=seed)
    hops = multihop_sampling(seeds, [3, 2], graph.to_scipy(), replace=replace, seed=seed)
    assert [hop.tolist() for hop in hops] == [hop.tolist() for hop in expected]


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
@given(edges=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"))), replace=st.booleans(), seed=SEEDS)
def test_networkx_is_read_as_its_converter_reads_it(kind, edges, replace, seed):
    graph = kind(edges)
    graph.add_nodes_from("abcd")
    rows = Graph.from_networkx(graph, directed=graph.is_directed()).to_adjacency_dict()
    hops = multihop_sampling(list("abca"), [3, 2], graph, replace=replace, seed=seed)
    check_tree(rows, "abca", [3, 2], replace, hops)


def test_ids_are_int64_or_the_callers_objects():
    whole = multihop_sampling([7, 70], [2], {7: [70], 70: [7]})
    assert [hop.dtype for hop in whole] == [np.int64] * 2
    mixed = multihop_sampling(["a"], [2], {"a": [(1, 2)], (1, 2): []})
    assert [hop.dtype for hop in mixed] == [object] * 2
    assert mixed[1].tolist() == [(1, 2)] * 2
    huge = multihop_sampling([2**70], [1], {2**70: [1], 1: []})
    assert [hop.tolist() for hop in huge] == [[2**70], [1]]


def test_a_dict_is_read_where_it_is_touched_and_never_kept():
    class Spied(dict):
        read = []

        def __getitem__(self, name):
            self.read.append(name)
            return super().__getitem__(name)

    table = Spied({0: [1], 1: [2], 2: [3], 3: [], 4: "never looked at"})
    multihop_sampling([0], [2, 2], table)
    assert table.read == [0, 1]
    table[0] = [3]
    assert multihop_sampling([0], [2], table)[1].tolist() == [3, 3]


def test_a_default_dict_does_not_grow():
    table = defaultdict(list, {0: [0]})
    with pytest.raises(ValueError, match=re.escape("src_nodes[0] = 5 is not a key of neighbor_table (1 nodes)")):
        multihop_sampling([5], [2], table)
    assert list(table) == [0]


# ---- seeds of the draw

def test_without_a_seed_two_calls_differ():
    """128 draws among >= 16 neighbours each: equal by chance with probability below 2^-512."""
    graph = Graph.from_edges(*np.indices((16, 16)).reshape(2, -1), 16)
    calls = [multihop_sampling(range(16), [8], graph)[1].tolist() for _ in range(3)]
    assert calls[0] != calls[1] != calls[2] != calls[0]


def test_with_a_seed_all_calls_agree_and_missing_parts_are_zero():
    graph, seeds = random_graph(50, 500), range(50)

    def tree(seed):
        return np.concatenate(multihop_sampling(seeds, [5, 2], graph, seed=seed)).tolist()

    assert tree(4) == tree((4,)) == tree((4, 0)) == tree((4, 0, 0)) == tree(np.uint8(4))
    # any two of these are equal by chance with a probability that is no number worth naming
    different = [tree(seed) for seed in (4, 5, (4, 1), (4, 0, 1), (5, 4), (0, 4), (0, 0, 4), 2**64 - 1)]
    assert len({tuple(ids) for ids in different}) == len(different)


def test_hops_share_no_draws():
    """64 draws among 16 nodes at each of two hops: equal by chance with probability 2^-256."""
    graph = Graph.from_edges(*np.indices((16, 16)).reshape(2, -1), 16)
    hops = multihop_sampling(np.zeros(64, int), [1, 1], graph, seed=1)
    assert hops[1].tolist() != hops[2].tolist()


def test_repeated_seeds_draw_independently():
    """20 draws among 100 neighbours, twice: equal by chance with probability below 1e-20."""
    hops = multihop_sampling([0, 0], [20], star(100), replace=False, seed=3)
    assert sorted(hops[1][:20]) != sorted(hops[1][20:])


def test_a_further_hop_changes_none_before_it():
    graph = random_graph(50, 500)
    short = multihop_sampling(range(50), [4], graph, seed=1)
    long = multihop_sampling(range(50), [4, 3], graph, seed=1)
    assert short[1].tolist() == long[1].tolist()


# ---- the door

@pytest.mark.parametrize("seeds", [
    [2, 2], (2, 2), np.array([2, 2], np.uint64), np.array([2, 2], np.int16), torch.tensor([2, 2]),
    np.array([2, 0, 2, 0])[::2], np.array([2, 2], object).tolist(),
], ids=lambda seeds: type(seeds).__name__)
def test_seeds_of_any_integer_kind(seeds):
    for table in (asymmetric(), asymmetric().to_adjacency_dict()):
        hops = multihop_sampling(seeds, [2], table, seed=1)
        assert hops[0].dtype == np.int64 and hops[0].tolist() == [2, 2]


def test_the_callers_seeds_stay_the_callers():
    seeds = np.array([2, 1])
    for table in (asymmetric(), asymmetric().to_adjacency_dict()):
        assert not np.shares_memory(multihop_sampling(seeds, [2], table)[0], seeds)


def test_one_compilation_serves_every_table():
    """Another memory layout or a read-only array would be another type, and seconds of compilation."""
    if not hasattr(sample_tree, "signatures"):
        return  # uncompiled
    multihop_sampling([0], [2], asymmetric())
    known = len(sample_tree.signatures)
    fixed = np.arange(3)
    fixed.flags.writeable = False
    for seeds in ([0], fixed, np.arange(6)[::2] // 2, np.array([1], np.uint8)):
        for table in (asymmetric(), asymmetric().to_adjacency_dict(), asymmetric().to_scipy()):
            multihop_sampling(seeds, [2], table, replace=False)
    strided = Graph(indptr=np.array([0, 9, 0, 9, 1])[::2], indices=np.array([1, 9], np.int32)[::2])
    multihop_sampling([0, 1], [2], strided)
    assert len(sample_tree.signatures) == known


GRAPH, TABLE = asymmetric(), asymmetric().to_adjacency_dict()
BAD = [
    ({"src_nodes": []}, ValueError, "src_nodes is empty: a batch needs at least one seed"),
    ({"src_nodes": [0, 3]}, ValueError, "src_nodes[1] = 3 is not a node: the graph has 3"),
    ({"src_nodes": [-1]}, ValueError, "src_nodes[0] = -1 is not a node: the graph has 3"),
    ({"src_nodes": [2**40]}, ValueError, f"src_nodes[0] = {2**40} is not a node"),
    ({"src_nodes": [2**70]}, TypeError, "src_nodes must be integers that fit 64 bits, got object"),
    ({"src_nodes": [0.0]}, TypeError, "src_nodes must be integers that fit 64 bits, got float64"),
    ({"src_nodes": [True]}, TypeError, "src_nodes must be integers that fit 64 bits, got bool"),
    ({"src_nodes": ["0"]}, TypeError, "src_nodes must be integers that fit 64 bits, got <U1"),
    ({"src_nodes": [[0]]}, ValueError, "src_nodes must be one-dimensional, got shape (1, 1)"),
    ({"src_nodes": None}, TypeError, "src_nodes must be a list or a one-dimensional array, got None"),
    ({"src_nodes": 0}, TypeError, "src_nodes must be a list or a one-dimensional array, got 0"),
    ({"src_nodes": [], "neighbor_table": TABLE}, ValueError, "src_nodes is empty"),
    ({"src_nodes": [0, 3], "neighbor_table": TABLE}, ValueError,
     "src_nodes[1] = 3 is not a key of neighbor_table (3 nodes)"),
    ({"src_nodes": ["0"], "neighbor_table": TABLE}, ValueError, "src_nodes[0] = '0' is not a key of neighbor_table"),
    ({"src_nodes": [[0]], "neighbor_table": TABLE}, ValueError, "src_nodes[0] = [0] is not a key of neighbor_table"),
    ({"src_nodes": "01", "neighbor_table": TABLE}, TypeError, "src_nodes must be a list of nodes, got '01'"),
    ({"src_nodes": None, "neighbor_table": TABLE}, TypeError, "src_nodes must be a list of nodes, got None"),
    ({"src_nodes": np.array([0.0]), "neighbor_table": TABLE}, TypeError,
     "src_nodes must be a list of nodes, got an array of float64"),
    ({"sample_nums": []}, ValueError, "sample_nums is empty: give one number of neighbours a hop"),
    ({"sample_nums": [2, 0]}, ValueError, "sample_nums[1] must be an integer >= 1"),
    ({"sample_nums": [-1]}, ValueError, "(-1 for all needs the unique form: NeighborSampler); got -1"),
    ({"sample_nums": [-2]}, ValueError, "sample_nums[0] must be an integer >= 1"),
    ({"sample_nums": ["2"]}, TypeError, "sample_nums[0] must be an integer >= 1"),
    ({"sample_nums": [2.0]}, TypeError, "sample_nums[0] must be an integer >= 1"),
    ({"sample_nums": "2"}, TypeError, "sample_nums must be a list of integers, one a hop, got '2'"),
    ({"sample_nums": 2}, TypeError, "sample_nums must be a list of integers, one a hop, got 2"),
    ({"sample_nums": None}, TypeError, "sample_nums must be a list of integers, one a hop, got None"),
    ({"neighbor_table": [[1], [0]]}, TypeError, "neighbor_table must be a Graph, an adjacency dict, a networkx graph or a "
     "scipy sparse matrix, got list"),
    ({"neighbor_table": None}, TypeError, "scipy sparse matrix, got NoneType"),
    ({"neighbor_table": {0: [9]}}, ValueError, "adjacency[0] lists 9, which is no key: add 9: [] for a node without"),
    ({"neighbor_table": {0: [[0]]}}, ValueError, "adjacency[0] lists [0], which is no key"),
    ({"neighbor_table": {0: 0}}, TypeError, "adjacency[0] must be a list of nodes, got 0"),
    ({"neighbor_table": {0: "0"}}, TypeError, "adjacency[0] must be a list of nodes, got '0'"),
    ({"neighbor_table": sp.csr_array((2, 3))}, ValueError, "an adjacency matrix must be square, got shape (2, 3)"),
    ({"neighbor_table": sp.csr_array([[2.0]])}, ValueError, 'weights="ignore" regardless of them'),
    ({"weights": "use"}, ValueError, "weights must be one of 'refuse', 'ignore'; got 'use'"),
    ({"replace": "no"}, TypeError, "replace must be True or False, got 'no'"),
    ({"isolated": "empty"}, ValueError, 'isolated="empty" needs the unique form (NeighborSampler)'),
    ({"isolated": None}, ValueError, "isolated must be one of 'self', 'empty'; got None"),
    ({"seed": -1}, ValueError, f"seed must be an integer from 0 to {2**64 - 1}, got -1"),
    ({"seed": 2**64}, ValueError, f"seed must be an integer from 0 to {2**64 - 1}, got {2**64}"),
    ({"seed": 1.5}, TypeError, "got 1.5"),
    ({"seed": "1"}, TypeError, "got '1'"),
    ({"seed": (1, -1)}, ValueError, f"epoch must be an integer from 0 to {2**64 - 1}, got -1"),
    ({"seed": (1, 2, 2.0)}, TypeError, f"step must be an integer from 0 to {2**64 - 1}, got 2.0"),
    ({"seed": ()}, ValueError, "seed must be None, an int or a tuple (seed, epoch, step), got ()"),
    ({"seed": (1, 2, 3, 4)}, ValueError, "seed must be None, an int or a tuple (seed, epoch, step), got (1, 2, 3, 4)"),
]


@pytest.mark.parametrize("arguments, error, text", BAD, ids=[" ".join(map(str, case[0].items()))[:60] for case in BAD])
def test_what_is_refused(arguments, error, text):
    legal = {"src_nodes": [0], "sample_nums": [2], "neighbor_table": GRAPH}
    with pytest.raises(error, match=re.escape(text)):
        multihop_sampling(**(legal | arguments))


def test_weights_can_be_ignored():
    weighted = sp.csr_array([[0, 2.0], [0, 0]])
    assert multihop_sampling([0], [2], weighted, weights="ignore")[1].tolist() == [1, 1]


def test_a_tree_that_would_not_fit_is_refused_with_its_size(monkeypatch):
    size = 8 * (2 + 2 * 10**6 + 2 * 10**12)
    with pytest.raises(ValueError, match=re.escape(f"the tree (last hop 2 * 1000000 * 1000000 ids) would need {size:,} bytes")):
        multihop_sampling([0, 1], [10**6, 10**6], GRAPH)
    monkeypatch.setattr(checks, "_memory", lambda: (8 * (2 + 6 + 12), "free memory"))
    monkeypatch.setattr(checks, "ALWAYS_FITS", 0)
    multihop_sampling([0, 1], [3, 2], GRAPH)
    with pytest.raises(ValueError, match="would need 168 bytes, and there are 160 of free memory"):
        multihop_sampling([0, 1, 2], [2, 2], GRAPH)
