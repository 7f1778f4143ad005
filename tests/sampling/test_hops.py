"""The compiled samplers against their slow twins, bit for bit, through the public doors."""

from functools import partial

import naive
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from graphsage import Graph, NeighborSampler, multihop_sampling
from graphsage.sampling import localids, parts
from graphsage.sampling.draws.uniform import SCAN_LIMIT, set_size
from graphsage.sampling.hops import BLOCK

pytestmark = pytest.mark.kernels


def graph_of(*rows):
    """Row v holds the listed neighbours."""
    return Graph.from_csr(np.cumsum([0, *map(len, rows)]), [u for row in rows for u in row])


def graph_of_degrees(*degrees):
    """Node v has ``degrees[v]`` neighbours, spread over all nodes, with repeats and loops."""
    n = len(degrees)
    return graph_of(*([(7 * j + j // n + v) % n for j in range(degree)] for v, degree in enumerate(degrees)))


def random_graph(num_nodes, num_edges, seed):
    """Undirected, so that edge ids are not positions; a third of the nodes likely isolated; a few hubs."""
    generator = np.random.default_rng(seed)
    src = (num_nodes * generator.random(num_edges) ** 3).astype(np.int64)
    dst = generator.integers(0, max(1, 2 * num_nodes // 3), num_edges)
    return Graph.from_edges(src, dst, num_nodes, undirected=True)


GRAPHS = {
    "one node": graph_of([]),
    "one node, its loop twice": graph_of([0, 0]),
    "no edges": graph_of([], [], [], []),
    "a path with its ends": graph_of([], [0], [1], [2]),
    "hub and leaves": graph_of(list(range(1, 201)), *([0] for _ in range(200))),
    "repeats, loops, an isolated node": graph_of([1, 1, 1, 2], [1, 0, 1], [], [3, 3, 3, 3, 3, 2]),
    "degrees 0 to 12": graph_of_degrees(*range(13)),
    "degrees around the scan limit": graph_of_degrees(63, 64, 65, 66, 67, 99, 100, 101, 130, 300, 0, 1),
    "random, small": random_graph(30, 60, seed=1),
    "random, larger": random_graph(300, 1500, seed=2),
}
FANOUTS = [(1,), (5,), (2, 3), (3, 1, 2)]
LARGE = [(SCAN_LIMIT,), (SCAN_LIMIT + 1,), (SCAN_LIMIT + 2, 2), (2, 100)]


def some_seeds(graph):
    """Every node of a small graph, else 13 of them; the first comes again at the end."""
    seeds = np.random.default_rng(3).permutation(graph.num_nodes)[:13]
    return [*seeds.tolist(), int(seeds[0])]


def assert_trees_equal(graph, seeds, fanouts, replace, seed, epoch=0, step=0):
    ours = multihop_sampling(seeds, fanouts, graph, replace=replace, seed=(seed, epoch, step))
    twin = naive.multihop_sampling(
        seeds, fanouts, naive.rows_of(graph), replace=replace, seed=seed, epoch=epoch, step=step
    )
    assert [hop.dtype for hop in ours] == [np.int64] * (len(fanouts) + 1)
    assert [hop.tolist() for hop in ours] == twin


def assert_batches_equal(graph, seeds, fanouts, replace, isolated, seed, epoch=0, step=0, sampler=None):
    sampler = sampler or NeighborSampler(graph, fanouts, replace=replace, isolated=isolated, seed=seed, edge_ids=True)
    ours = sampler.sample(seeds, epoch=epoch, step=step)
    coordinates = {"seed": seed, "epoch": epoch, "step": step}
    twin = naive.neighbor_sampler(
        seeds, fanouts, naive.rows_of(graph), replace=replace, isolated=isolated, **coordinates
    )
    for name, expected in vars(twin).items():
        array = getattr(ours, name)
        assert (name, array.tolist()) == (name, expected)
        assert array.dtype == (np.int32 if name in ("nodes", "indices") else np.int64)
    assert_open_is(sampler.sample_open(seeds, epoch=epoch, step=step), twin)


def assert_open_is(ours, twin):
    """An open MiniBatch has the twin's draws, and its ids as far as there are any."""
    num_rows, num_inner = twin.hop_offsets[-2], twin.hop_offsets[-3]
    expected = {
        "nodes": twin.nodes[:num_rows],
        "hop_offsets": twin.hop_offsets[:-1],
        "neighbors": [twin.nodes[u] for u in twin.indices],
        "indices": twin.indices[: twin.indptr[num_inner]],
    }
    for name in ("seed_index", "indptr", "edge_ids"):
        expected[name] = getattr(twin, name)
    found = {name: getattr(ours, name).tolist() for name in expected}
    assert found == expected
    assert ours.neighbors.dtype == ours.nodes.dtype == ours.indices.dtype == np.int32
    assert (ours.num_hops, ours.num_sampled_edges) == (len(twin.hop_offsets) - 2, len(twin.indices))


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("name", GRAPHS)
class TestHandMadeAndRandomGraphs:
    def test_trees(self, name, replace):
        graph = GRAPHS[name]
        for seed, fanouts in enumerate(FANOUTS + LARGE):
            assert_trees_equal(graph, some_seeds(graph), fanouts, replace, seed, epoch=seed % 3, step=5)

    @pytest.mark.parametrize("isolated", ["empty", "self"])
    def test_batches(self, name, replace, isolated):
        graph = GRAPHS[name]
        for seed, fanouts in enumerate([*FANOUTS, *LARGE, (-1,), (2, -1), (-1, 2), (-1, -1, 1)]):
            assert_batches_equal(graph, some_seeds(graph), fanouts, replace, isolated, seed, epoch=seed % 3, step=5)


@pytest.mark.parametrize("k", [5, SCAN_LIMIT, SCAN_LIMIT + 1, 100])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_degrees_next_to_the_fanout(k, more):
    """Where all neighbours turn into draws, on both sides of the change from scan to table. Collisions are frequent."""
    graph = graph_of_degrees(*[k + more] * 12)
    for replace in (True, False):
        assert_trees_equal(graph, range(12), (k,), replace, seed=k)
        assert_batches_equal(graph, range(12), (k,), replace, "empty", seed=k)


@pytest.mark.parametrize("width", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 1, 3 * BLOCK, 3 * BLOCK + 1])
def test_widths_next_to_whole_blocks(width):
    """The pipeline reads ahead and finishes late: its first and last blocks are the ones to get wrong."""
    graph = GRAPHS["random, larger"]
    seeds = np.random.default_rng(width).permutation(graph.num_nodes)[:width].tolist()
    for replace in (True, False):
        assert_trees_equal(graph, seeds, (1, 3), replace, seed=width)
        assert_batches_equal(graph, seeds, (1, 3), replace, "self", seed=width)


@st.composite
def graphs(draw):
    num_nodes = draw(st.integers(1, 9))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=40))
    src, dst = zip(*edges) if edges else ((), ())
    return Graph.from_edges(src, dst, num_nodes, undirected=draw(st.booleans()))


COORDINATES = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


def seeds_of(data, graph):
    return data.draw(st.lists(st.integers(0, graph.num_nodes - 1), min_size=1, max_size=12), label="seeds")


@settings(max_examples=200)
@given(st.data(), graphs(), COORDINATES, st.booleans())
def test_any_small_tree(data, graph, coordinates, replace):
    fanouts = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3), label="fanouts")
    assert_trees_equal(graph, seeds_of(data, graph), fanouts, replace, *coordinates)


@settings(max_examples=200)
@given(st.data(), graphs(), COORDINATES, st.booleans(), st.sampled_from(["empty", "self"]))
def test_any_small_batch(data, graph, coordinates, replace, isolated):
    fanouts = data.draw(st.lists(st.integers(1, 5) | st.just(-1), min_size=1, max_size=4), label="fanouts")
    assert_batches_equal(graph, seeds_of(data, graph), fanouts, replace, isolated, *coordinates)


def always_hashed(num_nodes, most):
    return 1 << (2 * most - 1).bit_length()


class TestHashedLocalIds:
    """The same batches where local ids are looked up in a table."""

    @pytest.fixture(autouse=True)
    def hashed(self, monkeypatch):
        monkeypatch.setattr(localids, "table_size", always_hashed)

    @pytest.mark.parametrize("replace", [True, False])
    @pytest.mark.parametrize("name", GRAPHS)
    def test_batches(self, name, replace):
        graph = GRAPHS[name]
        for fanouts in FANOUTS:
            assert_batches_equal(graph, some_seeds(graph), fanouts, replace, "self", seed=7)

    def test_one_batch_after_the_other(self):
        """What a batch left in the table is free for the next; a table smaller than the graph is full of such entries."""
        graph = random_graph(3000, 9000, seed=8)
        sampler = NeighborSampler(graph, (2, 2), edge_ids=True, seed=4)
        for step in range(40):
            assert_batches_equal(graph, [7 * step, step + 1], (2, 2), False, "empty", seed=4, step=step, sampler=sampler)
        (scratch,) = sampler._form.free[False]
        assert 0 < len(scratch.ids.keys) < 50 < scratch.ids.used


class TestOneBatchByThreads:
    """The same batches where each hop is drawn in parts."""

    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch):
        monkeypatch.setattr(parts, "LEAST_ROWS", 1)

    @pytest.mark.parametrize("isolated", ["empty", "self"])
    @pytest.mark.parametrize("replace", [True, False])
    @pytest.mark.parametrize("name", GRAPHS)
    def test_batches(self, name, replace, isolated):
        graph = GRAPHS[name]
        for fanouts in [*FANOUTS, (-1, 2), (SCAN_LIMIT + 2, 2)]:
            sampler = NeighborSampler(graph, fanouts, replace=replace, isolated=isolated, seed=3, edge_ids=True)
            for num_threads in (2, 5):
                sampler_of = InParts(sampler, num_threads)
                assert_batches_equal(graph, some_seeds(graph), fanouts, replace, isolated, seed=3, sampler=sampler_of)

    def test_a_hashed_map(self, monkeypatch):
        monkeypatch.setattr(localids, "table_size", always_hashed)
        graph = GRAPHS["random, larger"]
        sampler = InParts(NeighborSampler(graph, (3, 2), seed=3, edge_ids=True), 3)
        for step in range(5):
            assert_batches_equal(graph, [step, 9], (3, 2), False, "empty", seed=3, step=step, sampler=sampler)


class InParts:
    """A sampler all of whose batches are drawn by ``num_threads`` threads."""

    def __init__(self, sampler, num_threads):
        self.sample = partial(sampler.sample, num_threads=num_threads)
        self.sample_open = partial(sampler.sample_open, num_threads=num_threads)


def test_small_hops_are_not_divided(monkeypatch):
    drawn = []
    monkeypatch.setattr(parts, "draw_part", lambda *arguments: drawn.append(arguments[-2:]) or parts_draw(*arguments))
    graph = random_graph(3 * parts.LEAST_ROWS, 20_000, seed=1)
    NeighborSampler(graph, (2,)).sample(range(parts.LEAST_ROWS), num_threads=4)
    NeighborSampler(graph, (2,)).sample(range(2 * parts.LEAST_ROWS), num_threads=4)
    size = parts.LEAST_ROWS
    assert sorted(drawn) == [(0, size), (0, size), (size, 2 * size)]


parts_draw = parts.draw_part


def test_table_size():
    """Half full at most, and never larger than an entry a node."""
    million = 2**20
    assert localids.table_size(localids.DIRECT_NODES, 10) == 0
    assert localids.table_size(localids.DIRECT_NODES + 1, million) == 2 * million
    assert localids.table_size(localids.DIRECT_NODES + 1, million + 1) == 4 * million
    assert localids.table_size(localids.DIRECT_NODES + 1, localids.DIRECT_NODES // 4 + 1) == 0


def test_local_ids_start_over_before_they_pass_int32():
    graph, fanouts = GRAPHS["random, larger"], (3, 2)
    sampler = NeighborSampler(graph, fanouts, seed=4, edge_ids=True)
    for step in range(6):
        assert_batches_equal(graph, [step, step + 9], fanouts, False, "empty", seed=4, step=step, sampler=sampler)
        (scratch,) = sampler._form.free[False]
        if step == 2:
            assert scratch.ids.used > 0
            scratch.ids.used = localids.MOST - scratch.ids.most - 20  # the next batch just fits
    assert 0 < scratch.ids.used < 1000


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("replace", [True, False])
def test_a_sampler_starts_each_batch_afresh(replace, isolated):
    """Scratch arrays are used again: nothing of a batch may be left in them for the next, whatever its size."""
    graph, fanouts = GRAPHS["random, larger"], (3, 80, 2)
    sampler = NeighborSampler(graph, fanouts, replace=replace, isolated=isolated, seed=4, edge_ids=True)
    generator = np.random.default_rng(5)
    for step, count in enumerate([1, 40, 2, 300, 7, 1]):
        seeds = generator.integers(0, graph.num_nodes, count).tolist()
        assert_batches_equal(graph, seeds, fanouts, replace, isolated, seed=4, step=step, sampler=sampler)


@pytest.mark.parametrize("replace", [True, False])
def test_a_dict_draws_what_its_graph_draws(replace):
    adjacency = {0: [1, 1, 2], 1: [0], 2: [], 3: [3, 0, 1, 2]}
    graph = Graph.from_adjacency_dict(adjacency)
    seeds, fanouts = [3, 2, 3, 0], (2, 3, 2)
    from_dict = multihop_sampling(seeds, fanouts, adjacency, replace=replace, seed=6)
    assert [hop.tolist() for hop in from_dict] == naive.multihop_sampling(
        seeds, fanouts, naive.rows_of(graph), replace=replace, seed=6
    )


def test_the_table_of_picks_is_at_most_half_full():
    assert [set_size(k) for k in (1, SCAN_LIMIT)] == [1, 1]
    for k in range(SCAN_LIMIT + 1, 600):
        size = set_size(k)
        assert size >= 2 * k and size & (size - 1) == 0
