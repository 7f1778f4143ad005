"""Batches of typed graphs against their slow twin, and against the homogeneous sampler where there is one type."""

import pickle
from types import SimpleNamespace

import naive_typed
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse

from graphsage import Graph, NeighborSampler, TypedGraph

pytestmark = pytest.mark.kernels

TYPES = {"a": 12, "b": 30, "c": 1, "none": 0}
ENDS = [("a", "to", "b"), ("b", "to", "a"), ("b", "in", "b"), ("c", "of", "a"), ("none", "of", "b"), ("b", "of", "none")]
WRITES, CITES = ("author", "writes", "paper"), ("paper", "cites", "paper")


def random_graph(seed, relations=4, edges=60, **how):
    rng = np.random.default_rng(seed)
    made = {
        name: tuple(rng.integers(0, TYPES[of], edges if TYPES[name[0]] and TYPES[name[2]] else 0) for of in (name[0], name[2]))
        for name in ENDS[:relations]
    }
    times = {name: rng.integers(0, 20, len(src)) for name, (src, _) in made.items()} if how.pop("timed", False) else None
    return TypedGraph(TYPES, made, times=times, **how)


def assert_same(batch, expected, graph, disjoint=False):
    for kind in graph.types:
        assert batch.nodes[kind].tolist() == [v for _, v in expected.nodes[kind]]
        assert batch.hop_offsets[kind].tolist() == expected.hop_offsets[kind]
        if disjoint:
            assert batch.tree[kind].tolist() == [tree for tree, _ in expected.nodes[kind]]
    assert {kind: index.tolist() for kind, index in batch.seed_index.items()} == expected.seed_index
    for name, rows in expected.edges.items():
        assert batch.indptr[name].tolist() == np.cumsum([0, *map(len, rows)]).tolist()
        assert batch.indices[name].tolist() == [u for row in rows for u, _ in row]
        assert batch.edge_ids[name].tolist() == [edge for row in rows for _, edge in row]


@settings(deadline=None, max_examples=40)
@given(
    number=st.integers(0, 10**6),
    relations=st.integers(1, len(ENDS)),
    hops=st.integers(1, 3),
    replace=st.booleans(),
    reverse=st.booleans(),
    form=st.sampled_from(["unique", "disjoint", "timed"]),
)
def test_batches_equal_those_of_the_slow_twin(number, relations, hops, replace, reverse, form):
    rng = np.random.default_rng(number)
    graph = random_graph(number, relations, timed=form == "timed", reverse=reverse)
    fanouts = {name: rng.choice([0, 1, 2, 3, 70, -1], hops).tolist() for name in graph.relations}
    seeds = {"a": rng.integers(0, 12, 3), "b": rng.integers(0, 30, 4)}
    times = {kind: rng.integers(0, 20, len(ids)) for kind, ids in seeds.items()} if form == "timed" else None
    hidden = {("a", "to", "b"): np.stack(graph.edges(("a", "to", "b")), 1)[::3]}  # some, so that kernels are compiled once
    sampler = NeighborSampler(graph, fanouts, replace=replace, seed=7, edge_ids=True, disjoint=form == "disjoint")
    batch = sampler.sample(seeds, 2, 5, times=times, exclude=hidden)
    pairs = {(("a", "to", "b"), *pair) for pair in hidden["a", "to", "b"].tolist()}
    pairs |= {(("b", "rev_to", "a"), v, u) for _, u, v in pairs} if ("b", "rev_to", "a") in graph.relations else set()
    expected = naive_typed.sampled(
        graph,
        [(kind, v) for kind in ("a", "b") for v in seeds[kind].tolist()],
        fanouts,
        replace=replace,
        seed=7,
        epoch=2,
        step=5,
        times=None if times is None else np.concatenate(list(times.values())).tolist(),
        disjoint=form != "unique",
        hidden=pairs,
    )
    assert_same(batch, expected, graph, form != "unique")


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("draw", [{}, {"replace": True}, {"draw": "weighted"}, {"draw": "labor"}], ids=str)
def test_one_type_and_one_relation_is_the_homogeneous_sampler(draw, timed):
    rng, name = np.random.default_rng(1), ("n", "r", "n")
    src, dst, weights, times = *rng.integers(0, 90, (2, 900)), rng.random(900), rng.integers(0, 50, 900)
    graph = Graph.from_edges(src, dst, 90, weights=weights, times=times)
    typed = TypedGraph({"n": 90}, {name: (src, dst)}, weights={name: weights}, times={name: times})
    how = {"seed": 3, "edge_ids": True, "weights": "ignore", **draw}
    seeds, when = rng.integers(0, 90, 20), rng.integers(0, 50, 20) if timed else None
    one = NeighborSampler(graph, [5, 3, 70], **how).sample(seeds, 1, 2, times=when)
    other = NeighborSampler(typed, [5, 3, 70], **how).sample({"n": seeds}, 1, 2, times={"n": when} if timed else None)
    for field in ("nodes", "seed_index", "hop_offsets", *(["tree"] if timed else [])):
        assert np.array_equal(getattr(one, field), getattr(other, field)["n"])
    for field in ("indptr", "indices", "edge_ids"):
        assert np.array_equal(getattr(one, field), getattr(other, field)[name])


def test_blocks_are_views_and_prefixes():
    graph = random_graph(0)
    batch = NeighborSampler(graph, [3, 2]).sample({"b": [4, 4, 1]})
    first, last = batch.blocks
    for name in graph.relations:
        inner, outer = last[name], first[name]
        assert (inner.num_dst, inner.num_src) == (batch.hop_offsets[name[2]][1], batch.hop_offsets[name[0]][2])
        assert (outer.num_dst, outer.num_src) == (batch.hop_offsets[name[2]][2], batch.hop_offsets[name[0]][3])
        assert np.array_equal(inner.indices, outer.indices[: inner.indptr[-1]])
        assert outer.indices.max(initial=-1) < outer.num_src
        assert inner.indices.max(initial=-1) < inner.num_src
    assert batch.num_sampled_edges == sum(block.indptr[-1] for block in first.values())


def test_each_edge_of_a_row_is_drawn_as_often():
    """A hub with 40 sources in one relation, and 7 in another, 5 drawn of each: chi-square of 3,000 batches."""
    edges = {(kind, "r", "hub"): (np.arange(n), np.zeros(n, int)) for kind, n in (("x", 40), ("y", 7))}
    graph = TypedGraph({"hub": 1, "x": 40, "y": 7}, edges)
    sampler, counts = NeighborSampler(graph, [5]), {"x": np.zeros(40), "y": np.zeros(7)}
    for step in range(3000):
        nodes = sampler.sample({"hub": [0]}, step=step).nodes
        for kind in counts:
            counts[kind][nodes[kind]] += 1
    for found in counts.values():
        expected = 3000 * 5 / len(found)
        spread = expected * (1 - 5 / len(found)) * len(found) / (len(found) - 1)
        assert ((found - expected) ** 2 / spread).sum() < 95  # of 39 degrees of freedom: 1e-6


def test_a_batch_is_the_same_whoever_asks_and_after_a_pickle():
    graph = random_graph(3, reverse=True)
    sampler = NeighborSampler(graph, [4, 4], seed=2)
    again = pickle.loads(pickle.dumps(sampler))
    one, other = sampler.sample({"a": [1, 2]}, 1, 1), again.sample({"a": [1, 2]}, 1, 1, num_threads=4)
    again.sample({"b": range(20)})
    third = again.sample({"a": [1, 2]}, 1, 1)
    for name in graph.relations:
        assert np.array_equal(one.indices[name], other.indices[name])
        assert np.array_equal(one.indices[name], third.indices[name])


def test_weights_of_some_relations_and_times_of_some():
    edges = {WRITES: ([0, 1], [0, 0]), CITES: ([1, 0], [0, 2])}
    graph = TypedGraph({"paper": 3, "author": 2}, edges, weights={WRITES: [0.0, 2.0]}, times={CITES: [5, 9]})
    batch = NeighborSampler(graph, [1], draw="weighted").sample({"paper": [0, 2]}, times={"paper": [4, 9]})
    assert batch.nodes["author"].tolist() == [1]  # the other has weight 0; edges without times were always there
    assert batch.indices[CITES].tolist() == [2]  # 0 -> 2 at time 9; 1 -> 0 is later than 4
    assert batch.nodes["paper"][batch.indices[CITES]].tolist() == [0]


def test_times_of_nodes():
    graph = TypedGraph({"paper": 3, "author": 2}, {WRITES: ([0, 1, 1], [0, 0, 1])})
    sampler = NeighborSampler(graph, [-1], node_times={"author": [3, 8]})
    assert sampler.sample({"paper": [0]}, times={"paper": [5]}).nodes["author"].tolist() == [0]
    assert sampler.sample({"paper": [0]}).nodes["author"].tolist() == [0, 1]
    assert np.array_equal(pickle.loads(pickle.dumps(sampler)).node_times, sampler.node_times)


def test_times_of_nodes_are_in_the_unit_of_the_edges():
    graph = TypedGraph({"paper": 3, "author": 2}, {WRITES: ([0], [0])}, times={WRITES: np.array(["2020-01-01"], "M8[D]")})
    with pytest.raises(ValueError, match=r"node_times\['author'\] must be dates, or nanoseconds since 1970"):
        NeighborSampler(graph, [-1], node_times={"author": [3, 8]})


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ({"a": [1], "b": [1, 2]}, r"times\['a'\] must have one entry per seed, 2; got shape \(1,\)"),
        ({"a": [1, 2, 3]}, "times has no 'b', of which there are seeds"),
        ({"a": [1, 2], "b": [1], "c": [1]}, r"times\['c'\] must have one entry per seed, 0"),
        ({"a": 1, "b": [1]}, r"times\['a'\] must have one entry per seed, 2; got shape \(\)"),
    ],
)
def test_each_seed_has_a_time_of_its_own_type(times, text):
    sampler = NeighborSampler(random_graph(0), [2], node_times={"a": range(12)})
    with pytest.raises(ValueError, match=text):
        sampler.sample({"a": [0, 1], "b": [0]}, times=times)


# ---- the graph


def test_edges_from_arrays_matrices_and_dicts_are_the_same():
    sizes, src, dst = {"paper": 4, "author": 3}, [0, 2, 1, 1], [3, 0, 3, 1]
    arrays = TypedGraph(sizes, {WRITES: (src, dst)})
    stacked = TypedGraph(sizes, {WRITES: np.array([src, dst])})
    matrix = TypedGraph(sizes, {WRITES: sparse.coo_array((np.ones(4), (dst, src)), shape=(4, 3))})
    lists = TypedGraph(sizes, {WRITES: {3: [0, 1], 0: [2], 1: [1]}})
    for other in (stacked, matrix, lists):
        assert [ids.tolist() for ids in other.edges(WRITES)] == [ids.tolist() for ids in arrays.edges(WRITES)]
        assert other.rows.weights is None
    assert sorted(zip(*(ids.tolist() for ids in arrays.edges(WRITES)))) == sorted(zip(src, dst))


def test_reverses_keep_ids_weights_and_times():
    edges = {WRITES: ([0, 1, 0], [2, 0, 0])}
    graph = TypedGraph({"paper": 3, "author": 2}, edges, reverse=True, weights={WRITES: [1, 2, 3]}, times={WRITES: [7, 8, 9]})
    turned = ("paper", "rev_writes", "author")
    assert graph.reverse_of == {turned: WRITES}
    src, dst = graph.edges(turned)
    assert list(zip(dst.tolist(), src.tolist())) == [(0, 0), (0, 2), (1, 0)]
    assert graph.edge_ids[3:].tolist() == [2, 0, 1]
    assert graph.rows.weights[3:].tolist() == [3, 1, 2]
    assert graph.rows.times[3:].tolist() == [9, 7, 8]
    assert graph.num_edges == {WRITES: 3, turned: 3}


def test_a_reverse_that_is_given_is_known_as_one():
    turned, sizes = ("paper", "rev_writes", "author"), {"paper": 3, "author": 2}
    graph = TypedGraph(sizes, {WRITES: ([0, 1, 0], [2, 0, 0]), turned: ([2, 0, 0], [0, 1, 0])})
    made = TypedGraph(sizes, {WRITES: ([0, 1, 0], [2, 0, 0])}, reverse=True)
    assert graph.reverse_of == made.reverse_of and graph.edge_ids.tolist() == made.edge_ids.tolist()
    batch = NeighborSampler(graph, [-1]).sample({"author": [0]}, exclude={WRITES: [[0, 2]]})
    assert batch.nodes["paper"].tolist() == [0]
    other = TypedGraph(sizes, {WRITES: ([0, 1, 0], [2, 0, 0]), turned: ([0, 2, 0], [1, 0, 0])})  # in another order: other ids
    assert other.reverse_of == {}


def test_edges_both_ways_are_those_of_an_undirected_graph():
    rng, hidden = np.random.default_rng(3), [[0, 1]]
    src, dst = rng.integers(0, 9, (2, 60))
    src[:2], dst[:2] = (0, 1), (1, 0)
    how = {"duplicates": "drop", "self_loops": "drop"}
    own = {"weights": rng.random(60), "edge_ids": 1000 + np.arange(60)}
    one = Graph.from_edges(src, dst, 9, undirected=True, **own, **how)
    knows, likes = ("a", "knows", "a"), ("a", "likes", "b")
    of_both = {kind: {knows: values} for kind, values in own.items()}
    edges = {knows: (src, dst), likes: ([3, 3], [3, 4])}
    graph = TypedGraph({"a": 9, "b": 5}, edges, **of_both, undirected=[knows], reverse=True, **how)
    assert graph.relations == (knows, likes, ("b", "rev_likes", "a"))
    assert dict(graph.reverse_of) == {knows: knows, ("b", "rev_likes", "a"): likes}
    assert [ends.tolist() for ends in graph.edges(knows)] == [ends.tolist() for ends in one.to_edges()]
    assert graph.edge_ids[: one.num_edges].tolist() == one.edge_ids.tolist()
    assert graph.rows.weights[: one.num_edges].tolist() == one.weights.tolist()
    assert graph.num_edges[likes] == 2  # of two types, 3 and 3 are two nodes
    batch = NeighborSampler(graph, [-1], weights="ignore").sample({"a": [0, 1]}, exclude={knows: hidden})
    rows = np.split(batch.nodes["a"][batch.indices[knows]], batch.indptr[knows][1:-1])
    assert 1 in one.neighbors(0) and 0 in one.neighbors(1)
    assert [sorted(row) for row in rows] == [sorted({*one.neighbors(0)} - {1}), sorted({*one.neighbors(1)} - {0})]


def test_a_relation_is_known_by_its_name():
    graph = TypedGraph({"a": 3, "p": 4}, {("a", "writes", "p"): ([0, 1], [0, 0]), ("p", "cites", "p"): ([1, 2], [0, 1])})
    for relation in graph.relations:
        assert [ends.tolist() for ends in graph.edges(relation[1])] == [ends.tolist() for ends in graph.edges(relation)]
        assert graph.span(relation[1]) == graph.span(relation)
    sampler = NeighborSampler(graph, {"cites": [1, 1], ("a", "writes", "p"): [2, 0]})
    assert sampler.fanouts == {("a", "writes", "p"): (2, 0), ("p", "cites", "p"): (1, 1)}
    assert sampler.sample({"p": [0]}, exclude={"cites": [[1, 0]]}).num_sampled_edges == 2
    with pytest.raises(ValueError, match=r"^fanouts has \('p', 'cites', 'p'\) twice: leave it in once$"):
        NeighborSampler(graph, {"cites": [1], ("p", "cites", "p"): [1], "writes": [1]})


def test_without_types_it_is_one_graph():
    graph = random_graph(5, timed=True)
    whole = graph.to_homogeneous()
    assert whole.num_nodes == sum(TYPES.values())
    first = {name: int(start) for name, start in zip(graph.types, graph.starts)}
    ends = {name: zip(*map(np.ndarray.tolist, graph.edges(name))) for name in graph.relations}
    expected = sorted((u + first[name[0]], v + first[name[2]]) for name, pairs in ends.items() for u, v in pairs)
    assert sorted(zip(*(ends.tolist() for ends in whole.to_edges()))) == expected
    assert sorted(whole.times.tolist()) == sorted(graph.rows.times.tolist())


def test_read_only():
    graph = random_graph(0)
    with pytest.raises(AttributeError, match="read-only; make another one"):
        graph.types = ()
    with pytest.raises(ValueError, match="read-only"):
        graph.starts[0] = 1


@pytest.mark.parametrize(
    ("sizes", "edges", "how", "text"),
    [
        (3, {}, {}, "num_nodes must be a dict {type: number of nodes}, got an integer|num_nodes must be a dict"),
        ({}, {}, {}, "needs at least one type of nodes"),
        ({1: 3}, {}, {}, "with texts as types, got 1"),
        ({"a": -1}, {}, {}, r"num_nodes\['a'\] must be an integer from 0"),
        ({"a": 2}, {("a", "a"): 1}, {}, "must be \\(source type, name, destination type\\), three texts"),
        ({"a": 2}, {("a", "to", "b"): ([0], [0])}, {}, "'b' in the relation .* is no type of nodes: there are 'a'"),
        ({"a": 2}, {("a", "to", "a"): ([0], [2])}, {}, r"dst\[0\] = 2 is not a node: of type 'a' the graph has 2"),
        ({"a": 2}, {("a", "to", "a"): ([0, 1], [1])}, {}, "must have one entry per edge"),
        ({"a": 2}, {("a", "to", "a"): SimpleNamespace(columns=["src", "dst"])}, {}, "not a table: give two of its columns"),
        ({"a": 2}, {("a", "to", "a"): 7}, {}, "must be \\(src, dst\\), a sparse matrix, or a dict of sources; got 7"),
        ({"a": 2}, {("a", "to", "a"): sparse.eye(3)}, {}, r"a row a a and a column a a, \(2, 2\); got \(3, 3\)"),
        ({"a": 2}, {("a", "to", "a"): ([0], [1])}, {"weights": {("a", "to", "a"): [-1]}}, "weights must be finite and >= 0"),
        ({"a": 2}, {}, {"weights": {("a", "to", "a"): [1]}}, "which is no relation in edges"),
        ({"a": 2}, {}, {"times": [1]}, "times must be a dict {relation: values of its edges}"),
        ({"a": 2}, {}, {"undirected": [("a", "to", "a")]}, "which is no relation in edges from a type to itself"),
        ({"a": 2}, {}, {"undirected": True}, "undirected must be a list of relations .*, got True"),
        ({"a": 2}, {}, {"undirected": "a"}, "undirected has 'a', which is no relation"),
        ({"a": 2}, {("a", "to", "a"): ([0], [1])}, {"edge_ids": {("a", "to", "a"): [-1]}}, "edge_ids must be >= 0"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(sizes, edges, how, text):
    with pytest.raises((TypeError, ValueError), match=text):
        TypedGraph(sizes, edges, **how)


@pytest.mark.parametrize(
    ("seeds", "how", "text"),
    [
        ([0], {}, r"seeds must be a dict \{type: ...\}, as the graph has types of nodes"),
        ({"z": [0]}, {}, "'z', which is no type of nodes: there are 'a', 'b', 'c', 'none'"),
        ({"a": [12]}, {}, r"seeds\['a'\]\[0\] = 12 is not a node: of type 'a' the graph has 12"),
        ({"a": []}, {}, "a batch needs at least one seed"),
        ({"a": [0]}, {"times": {"a": [1]}}, "the graph has no times to draw by"),
        ({"a": [0]}, {"exclude": [[0, 1]]}, r"exclude must be a dict \{relation: pairs"),
        ({"a": [0]}, {"exclude": {("a", "x", "b"): [[0, 1]]}}, "names no relation of the graph; there are"),
        ({"a": [0]}, {"exclude": {("a", "to", "b"): [[12, 1]]}}, "is not a node: of type 'a' the graph has 12"),
    ],
)
def test_what_is_asked_wrongly_is_refused(seeds, how, text):
    with pytest.raises((TypeError, ValueError), match=text):
        NeighborSampler(random_graph(0), [2]).sample(seeds, **how)


@pytest.mark.parametrize(
    ("fanouts", "how", "text"),
    [
        ({("a", "to", "b"): [1]}, {}, r"fanouts has no \('b', 'to', 'a'\): give it one number a hop, 0 to leave it out"),
        ({**dict.fromkeys(ENDS[:4], [1]), ("q", "q", "q"): [1]}, {}, "names no relation of the graph"),
        ({**dict.fromkeys(ENDS[:3], [1]), ENDS[3]: [1, 2]}, {}, "as many hops for each relation"),
        ({**dict.fromkeys(ENDS[:3], [1]), ENDS[3]: [-2]}, {}, "or -1 for all"),
        ([2], {"isolated": "self"}, "is of graphs with one type"),
        ([2], {"draw": "weighted"}, "needs weights, and the graph has none"),
        ([2], {"node_times": {"a": [1]}}, r"node_times\['a'\] must have one entry per node, 12; got shape \(1,\)"),
    ],
)
def test_settings_that_do_not_fit_are_refused(fanouts, how, text):
    with pytest.raises((TypeError, ValueError), match=text):
        NeighborSampler(random_graph(0), fanouts, **how)


def test_no_open_batches():
    with pytest.raises(ValueError, match=r"has local ids at each hop: use sample\(\)"):
        NeighborSampler(random_graph(0), [2]).sample_open({"a": [0]})
