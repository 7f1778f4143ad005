"""The draws against their slow twins, row by row, in every form; and what each of them promises."""

from datetime import date, datetime, timedelta, timezone

import naive_draws as naive
import numpy as np
import pytest
from naive_draws import rows_of

from graphsage import Graph, NeighborSampler, multihop_sampling
from graphsage.sampling import parts
from graphsage.sampling.arranged import arranged
from graphsage.sampling.draws import Labor, Recent, Uniform, Weighted

pytestmark = pytest.mark.kernels

TWINS = {
    Uniform(): naive.uniform,
    Uniform(True): naive.uniform_with_replacement,
    Weighted(): naive.weighted,
    Weighted(True): naive.weighted_with_replacement,
    Recent(): naive.recent,
    Labor(): naive.labor("batch", False),
    Labor("hop"): naive.labor("hop", False),
    Labor(weighted=True): naive.labor("batch", True),
    Labor("hop", weighted=True): naive.labor("hop", True),
}
DRAWS = pytest.mark.parametrize("draw", TWINS, ids=str)
SOME_DRAWS = pytest.mark.parametrize("draw", [Uniform(), Uniform(True), Weighted(), Recent(), Labor()], ids=str)
FANOUTS = pytest.mark.parametrize("fanouts", [(1,), (4, 3), (2, -1, 2), (20, 70), (70,)], ids=str)
NODE_TIMES = np.random.default_rng(4).integers(0, 120, 60)


def a_graph(weights="mixed", dtype=np.int64):
    """Undirected, hubs, isolated nodes, duplicates; a third of the weights 0, a few large; times that repeat."""
    generator = np.random.default_rng(2)
    src, dst = (60 * generator.random(700) ** 3).astype(int), generator.integers(0, 50, 700)
    weights = np.where(generator.random(700) < 0.3, 0, generator.random(700)) * np.where(np.arange(700) % 50, 1, 1000)
    times = generator.integers(0, 100, 700).astype(dtype)
    return Graph.from_edges(src, dst, 60, undirected=True, weights=weights, times=times)


GRAPH = a_graph()
SEEDS = [3, 0, 17, 59, 3, 41, 8, 0]
TIMES = [50, 0, 99, 20, 7, 100, 33, 61]  # of the seeds


def rows_in(batch):
    """{(tree, node): sorted edge ids}, having checked that the batch hangs together."""
    tree = np.zeros(len(batch.nodes), int) if batch.tree is None else batch.tree
    rows = {}
    for i in range(len(batch.indptr) - 1):
        at = slice(batch.indptr[i], batch.indptr[i + 1])
        assert (tree[batch.indices[at]] == tree[i]).all()
        rows[int(tree[i]), int(batch.nodes[i])] = sorted(batch.edge_ids[at].tolist())
    assert len(rows) == len(batch.indptr) - 1, "a node was expanded twice"
    news = batch.indices[batch.indices >= batch.hop_offsets[1]]
    assert list(dict.fromkeys(news.tolist())) == list(range(batch.hop_offsets[1], len(batch.nodes)))
    return rows


def assert_edges_are_the_graphs(graph, batch):
    """Each edge leads from its neighbour to its row in the graph."""
    src, dst = graph.to_edges()
    at = {}
    for position, edge in enumerate(graph.edge_ids.tolist()):
        at.setdefault((edge, bool(graph.edge_reversed[position])), (src[position], dst[position]))
    rows = np.repeat(batch.nodes[: len(batch.indptr) - 1], np.diff(batch.indptr))
    for edge, flag, u, v in zip(batch.edge_ids.tolist(), batch.edge_reversed.tolist(), batch.nodes[batch.indices], rows):
        assert at[edge, flag] == (u, v)


def sampler_of(draw, fanouts, graph=GRAPH, **options):
    return NeighborSampler(graph, fanouts, draw=draw, edge_ids=True, seed=6, weights="ignore", **options)


def twin_of(draw, graph, fanouts, seeds, by_time=False, node_times=None, **options):
    rows = rows_of(graph, by_time or draw.by_time, draw.by_weight, node_times)
    return naive.batch_edges(rows, seeds, fanouts, TWINS[draw], replace=draw.replace, seed=6, **options)


@FANOUTS
class TestTwins:
    @DRAWS
    def test_unique(self, draw, fanouts):
        batch = sampler_of(draw, fanouts).sample(SEEDS, 1, 2)
        assert rows_in(batch) == twin_of(draw, GRAPH, fanouts, SEEDS, epoch=1, step=2)
        assert_edges_are_the_graphs(GRAPH, batch)

    @pytest.mark.parametrize("draw", [Uniform(), Weighted(True)], ids=str)
    def test_disjoint(self, draw, fanouts):
        batch = sampler_of(draw, fanouts, disjoint=True).sample(SEEDS, 1, 2)
        assert rows_in(batch) == twin_of(draw, GRAPH, fanouts, SEEDS, epoch=1, step=2, disjoint=True)
        assert batch.tree[: len(SEEDS)].tolist() == batch.seed_index.tolist() == list(range(len(SEEDS)))
        assert batch.nodes[: len(SEEDS)].tolist() == SEEDS

    @SOME_DRAWS
    @pytest.mark.parametrize("node_times", [None, NODE_TIMES], ids=["edges", "nodes too"])
    def test_until_a_time(self, draw, fanouts, node_times):
        sampler = sampler_of(draw, fanouts, node_times=node_times)
        batch = sampler.sample(SEEDS, 1, 2, times=TIMES)
        options = {"times": TIMES, "disjoint": True, "by_time": True, "node_times": node_times, "epoch": 1, "step": 2}
        assert rows_in(batch) == twin_of(draw, GRAPH, fanouts, SEEDS, **options)
        assert_edges_are_the_graphs(GRAPH, batch)


@pytest.mark.parametrize("draw, disjoint, times", [
    *((draw, False, None) for draw in TWINS),
    (Weighted(), True, None),
    (Uniform(), True, None),
    (Weighted(True), True, TIMES),
], ids=str)  # fmt: skip
def test_threads_and_open_batches_draw_the_same(draw, disjoint, times, monkeypatch):
    monkeypatch.setattr(parts, "LEAST_ROWS", 1)
    sampler = sampler_of(draw, (4, 3, 70), disjoint=disjoint)
    whole = sampler.sample(SEEDS, 1, 2, times=times)
    for num_threads in (2, 5):
        parted = sampler.sample(SEEDS, 1, 2, times=times, num_threads=num_threads)
        for name in ("nodes", "indptr", "indices", "edge_ids", "hop_offsets", "tree"):
            np.testing.assert_array_equal(getattr(parted, name), getattr(whole, name), err_msg=name)
    opened = sampler.sample_open(SEEDS, 1, 2, times=times)
    np.testing.assert_array_equal(opened.neighbors, whole.nodes[whole.indices])
    np.testing.assert_array_equal(opened.edge_ids, whole.edge_ids)


@DRAWS
def test_the_order_of_seeds_does_not_matter_to_a_row(draw):
    sampler = sampler_of(draw, (3, 2))
    assert rows_in(sampler.sample(SEEDS)) == rows_in(sampler.sample(SEEDS[::-1]))


@pytest.mark.parametrize("skew", [1, 1e3, 1e12])
def test_alias_tables_hold_the_weights(skew):
    """Null: none. What a row's cells add up to for each place is its share of the weights."""
    generator = np.random.default_rng(7)
    lengths = [1, 2, 3, 7, 64, 1000]
    weights = generator.random(sum(lengths)) * skew ** generator.random(sum(lengths))
    indices = np.concatenate([np.zeros(n, int) for n in lengths])
    graph = Graph.from_csr(np.cumsum([0, *lengths]), indices, weights=weights)
    cells = arranged(graph, False, True).cells
    for start, n in zip(graph.indptr[:-1].tolist(), lengths):
        share = np.zeros(n)
        for place, packed in enumerate(cells[start : start + n].tolist()):
            bound, other = divmod(packed, 2 ** n.bit_length())
            kept = bound * 2 ** n.bit_length() / 2**64
            share[place] += kept / n
            share[other] += (1 - kept) / n
        row = weights[start : start + n]
        np.testing.assert_allclose(share, row / row.sum(), rtol=1e-9, atol=1e-15)


def test_a_weight_of_zero_is_never_drawn_and_a_row_of_them_is_isolated():
    graph = Graph.from_csr([0, 3, 5, 5], [0, 1, 2, 0, 1], weights=[0.0, 2.0, 0.0, 0.0, 0.0])
    for draw in (Weighted(), Weighted(True), Labor(weighted=True)):
        for k in (1, 5, -1):
            batch = NeighborSampler(graph, [k], draw=draw).sample([0, 1, 2])
            assert set(batch.nodes[batch.indices].tolist()) == {1}
            assert np.diff(batch.indptr)[1:].tolist() == [0, 0]
            stands_in = NeighborSampler(graph, [k], draw=draw, isolated="self").sample([1])
            assert stands_in.nodes[stands_in.indices].tolist() == [1]
    _, hop = multihop_sampling([0, 1], [4], graph, draw="weighted", seed=1)
    assert hop.tolist() == [1] * 5 + [1] * 3


def test_edges_of_a_graph_without_zero_weights_keep_their_rows():
    graph = Graph.from_csr([0, 3], [0, 0, 0], weights=[1.0, 2.0, 3.0])
    rows = arranged(graph, False, True)
    assert rows.origin is None and rows is arranged(graph, False, True)
    assert np.shares_memory(rows.indices, graph.indices)


class TestTime:
    GRAPH = Graph.from_edges([1, 2, 3, 4], [0, 0, 0, 1], 5, times=[10, 20, 30, 15])

    def ids(self, times, **options):
        batch = NeighborSampler(self.GRAPH, [-1, -1], edge_ids=True, **options).sample([0] * len(times), times=times)
        return [sorted(batch.edge_ids[_of_tree(batch, tree)].tolist()) for tree in range(len(times))]

    def test_only_edges_until_the_seeds_time_at_every_hop(self):
        assert self.ids([9, 10, 15, 20, 99]) == [[], [0], [0, 3], [0, 1, 3], [0, 1, 2, 3]]

    def test_strictly_before(self):
        assert self.ids([10, 15, 16, 21], strictly_before=True) == [[], [0], [0, 3], [0, 1, 3]]

    def test_a_node_that_does_not_exist_yet_is_no_neighbour(self):
        assert self.ids([15, 25, 40], node_times=[0, 0, 0, 35, 25]) == [[0], [0, 1, 3], [0, 1, 2, 3]]

    def test_dates_are_times(self):
        days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "datetime64[D]")
        graph = Graph.from_edges([1, 2, 3], [0, 0, 0], 4, times=days)
        batch = NeighborSampler(graph, [-1], edge_ids=True).sample([0], times=np.array(["2020-01-02"], "datetime64[s]"))
        assert batch.edge_ids.tolist() == [0, 1]

    def test_dates_of_python(self):
        zone = timezone(timedelta(hours=2))
        dates = [date(2024, 1, 2), datetime(2024, 1, 2, 1, 30), datetime(2024, 1, 2, 1, 30, tzinfo=zone)]
        wanted = np.array(["2024-01-02T00:00", "2024-01-02T01:30", "2024-01-01T23:30"], "datetime64[ns]").astype(int)
        assert Graph.from_edges([1, 2, 3], [0, 0, 0], 4, times=dates).times.tolist() == wanted.tolist()

    def test_strictly_before_zero_with_errors_that_raise(self):
        graph = Graph.from_edges([1, 2], [0, 0], 3, times=[-1.0, 0.0])
        with np.errstate(all="raise"):
            batch = NeighborSampler(graph, [2], strictly_before=True).sample([0, 0], times=[0.0, np.finfo(float).min])
        assert batch.nodes.tolist() == [0, 0, 1]

    @pytest.mark.parametrize("dtype", [np.int64, np.float64])
    def test_extremes(self, dtype):
        low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype == np.int64 else (-1e308, 1e308)
        graph = Graph.from_edges([1, 2], [0, 0], 3, times=np.array([low, high], dtype))
        sampler = NeighborSampler(graph, [-1], edge_ids=True)
        assert sampler.sample([0], times=np.array([high], dtype)).edge_ids.tolist() == [0, 1]
        assert sampler.sample([0], times=np.array([low], dtype)).edge_ids.tolist() == [0]

    def test_recent_takes_the_last_of_what_is_known(self):
        sampler = NeighborSampler(self.GRAPH, [1], draw="recent", edge_ids=True)
        assert sampler.sample([0]).edge_ids.tolist() == [2]
        assert sampler.sample([0, 0], times=[20, 29]).edge_ids.tolist() == [1, 1]

    def test_times_of_items_are_used(self):
        from graphsage.sampling.items import Items

        sampler = NeighborSampler(self.GRAPH, [-1], edge_ids=True)
        batch = sampler.sample(Items([0, 0], time=[10, 20]))
        assert batch.tree is not None and np.diff(batch.indptr).tolist() == [1, 2]


def _of_tree(batch, tree):
    owners = np.repeat(batch.tree[: len(batch.indptr) - 1], np.diff(batch.indptr))
    return owners == tree


class TestRefusals:
    PLAIN = Graph.from_edges([1], [0], 2)
    WEIGHTED = Graph.from_edges([1], [0], 2, weights=[1.0])
    TIMED = Graph.from_edges([1], [0], 2, times=[1])

    @pytest.mark.parametrize("graph, options, text", [
        (PLAIN, {"draw": "weighted"}, "needs weights, and the graph has none"),
        (PLAIN, {"draw": "recent"}, "has no times to draw by"),
        (PLAIN, {"draw": Labor(weighted=True)}, "needs weights"),
        (WEIGHTED, {}, "this draw does not read them"),
        (WEIGHTED, {"draw": "labor"}, "this draw does not read them"),
        (WEIGHTED, {"draw": "heavy"}, "draw must be one of 'uniform', 'weighted', 'recent', 'labor'"),
        (TIMED, {"draw": "recent", "replace": True}, "takes distinct edges"),
        (TIMED, {"draw": Recent(), "replace": True}, "disagree: say it in the draw"),
        (TIMED, {"node_times": [1]}, "node_times must have one entry per node, 2"),
        (TIMED, {"node_times": [1, np.nan]}, "node_times must be finite"),
    ])  # fmt: skip
    def test_samplers(self, graph, options, text):
        with pytest.raises(ValueError, match=text):
            NeighborSampler(graph, [2], **options)

    @pytest.mark.parametrize("draw", ["weighted", Labor(weighted=True)])
    def test_weights_in_single_precision_are_no_reason_to_warn(self, draw):
        weights = np.array([1e-38, 3e38], np.float32)
        NeighborSampler(Graph.from_edges([1, 1], [0, 0], 2, weights=weights), [2], draw=draw).sample([0])

    @pytest.mark.parametrize("weight", [1e-300, 1e300])
    def test_weights_whose_shares_are_no_numbers(self, weight):
        graph = Graph.from_edges([1, 1], [0, 0], 2, weights=[1.0, weight])
        with pytest.raises(ValueError, match="be 0 or between 1e-290 and 1e.290 to be drawn by, got 1e"):
            NeighborSampler(graph, [2], draw="weighted")

    @pytest.mark.parametrize("times, error, text", [
        ([1, 2], ValueError, "times must have one entry per seed, 1"),
        ([1.5], TypeError, "times must be integers or dates, as the graph's times are; got float64"),
        ([np.datetime64("NaT")], ValueError, "times must be known"),
        (["x"], TypeError, "times must be a one-dimensional array of numbers or dates"),
    ])  # fmt: skip
    def test_times_of_seeds(self, times, error, text):
        with pytest.raises(error, match=text):
            NeighborSampler(self.TIMED, [2]).sample([0], times=times)

    def test_times_without_times(self):
        with pytest.raises(ValueError, match="the graph has no times to draw by"):
            NeighborSampler(self.PLAIN, [2]).sample([0], times=[1])
        with pytest.raises(ValueError, match="strictly_before=True is about times"):
            NeighborSampler(self.PLAIN, [2], strictly_before=True)

    @pytest.mark.parametrize("year", ["0001", "1600", "2263", "3000"])
    def test_dates_that_nanoseconds_do_not_reach(self, year):
        with pytest.raises(ValueError, match=rf"must lie between 1677-09-22 and 2262-04-11, got times\[0\] = {year}-01-01"):
            Graph.from_edges([0], [1], 2, times=np.array([f"{year}-01-01"], "datetime64[D]"))

    def test_dates_beside_numbers(self):
        graph = Graph.from_edges([1, 2], [0, 0], 3, times=[1_700_000_000, 1_800_000_000])  # seconds
        with pytest.raises(TypeError, match="times must be numbers, as the graph's times are"):
            NeighborSampler(graph, [2]).sample([0], times=np.array(["2024-01-01"], "datetime64[D]"))
        with pytest.raises(TypeError, match="node_times must be numbers, as the graph's times are"):
            NeighborSampler(graph, [2], node_times=[date(2024, 1, 1)] * 3)

    @pytest.mark.parametrize("draw", ["recent", "labor", Recent(), Labor()], ids=str)
    def test_trees(self, draw):
        with pytest.raises(ValueError, match="has no meaning in a tree"):
            multihop_sampling([0], [2], self.TIMED, draw=draw)

    @pytest.mark.parametrize("table", [PLAIN, {0: [1], 1: []}], ids=["graph", "dict"])
    def test_weighted_trees_need_weights(self, table):
        with pytest.raises(ValueError, match="needs weights"):
            multihop_sampling([0], [2], table, draw="weighted")


#: draw: the edges of one batch, in its order. Who changes one of these changes rng.VERSION and writes it into the changelog.
GOLDEN = {
    Weighted(): [14, 678, 667, 418, 113, 650, 246, 129, 555, 284, 153, 116, 500, 0, 15, 197, 650, 546],
    Weighted(True): [14, 678, 667, 418, 113, 650, 246, 129, 555, 284, 153, 153, 500, 500, 15, 197, 650, 650],
    Recent(): [462, 623, 512, 462, 240, 468, 623, 69, 317, 512, 34, 240, 160, 468],
    Labor(): [667, 457, 18, 131, 537, 668, 392, 116, 116, 480, 481, 460, 343, 273],
    Labor("hop"): [627, 678, 623, 479, 307, 462, 211, 95, 454, 213, 326, 279],
    Labor(weighted=True): [174, 667, 678, 113, 537, 650, 174, 315, 116, 392, 555, 299, 197, 649, 116, 304, 441, 650],
}


@pytest.mark.parametrize("draw", GOLDEN, ids=str)
def test_golden_draws(draw):
    assert sampler_of(draw, (3, 2)).sample([3, 17], 1, 2).edge_ids.tolist() == GOLDEN[draw]


def test_golden_draws_until_a_time():
    batch = sampler_of(Uniform(), (3, 2)).sample([3, 3], 1, 2, times=[50, 70])
    assert batch.edge_ids.tolist() == [678, 235, 457, 18, 123, 300, 257, 213, 665, 380, 291, 359, 66, 93, 656, 25, 644, 415]
