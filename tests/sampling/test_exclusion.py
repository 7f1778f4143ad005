"""Edges that a batch must not see: the draws are those of the graph without them, and none of them is drawn at any hop."""

from itertools import combinations

import naive_draws as naive
import numpy as np
import pytest
from helpers.graphs import arrays_of
from naive_draws import rows_of
from test_draw_distributions import ROWS, judge, rows_of_one_kind, sets_p, shares, successive
from test_draws import GRAPH, SEEDS, TIMES, rows_in

from graphsage import Graph, NeighborSampler
from graphsage.graph.subgraph import with_edges_at
from graphsage.sampling import exclusion, parts
from graphsage.sampling.draws import Labor, Recent, Uniform, Weighted

pytestmark = pytest.mark.kernels

#: Of hubs, with parallel edges, given one way round; of no edge; twice; of a node and itself.
PAIRS = np.concatenate([np.stack(GRAPH.to_edges(), axis=1)[::5], [[58, 59], [3, 3], [0, 0], [0, 1], [1, 0]]])


def without(graph, pairs):
    """``graph`` with the edges between the two nodes of a pair taken out."""
    hidden = {frozenset(pair) for pair in pairs.tolist()}
    ends = zip(*(side.tolist() for side in graph.to_edges()))
    return with_edges_at(graph, np.array([at for at, pair in enumerate(ends) if frozenset(pair) not in hidden], np.int64))


LESS = without(GRAPH, PAIRS)


def unsorted(graph):
    """The same edges, each row in another order."""
    order = np.concatenate([np.arange(a, b)[::-1] for a, b in zip(graph.indptr, graph.indptr[1:])]).astype(np.int64)
    return graph._with_edges(order, graph.indptr, graph.indices[order])


def sampler_of(draw, fanouts, graph=GRAPH, **options):
    return NeighborSampler(graph, fanouts, draw=draw, edge_ids=True, seed=6, weights="ignore", **options)


def same(batch, other):
    found, wanted = arrays_of(batch), arrays_of(other)
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


EXACT = [Uniform(), Uniform(True), Recent(), Labor(), Labor("hop", weighted=True)]


@pytest.mark.parametrize("fanouts", [(1,), (4, 3), (-1, 2), (70, -1)], ids=str)
@pytest.mark.parametrize("draw", EXACT, ids=str)
class TestAsIfTheyWereNotThere:
    """Places count the edges that are left, and variates name neighbours: bit for bit the draws of the graph without them."""

    def test_unique(self, draw, fanouts):
        whole = sampler_of(draw, fanouts, isolated="self").sample(SEEDS, 1, 2, exclude=PAIRS)
        same(whole, sampler_of(draw, fanouts, LESS, isolated="self").sample(SEEDS, 1, 2))

    def test_rows_that_are_not_sorted(self, draw, fanouts):
        batch = sampler_of(draw, fanouts, unsorted(GRAPH)).sample(SEEDS, 1, 2, exclude=PAIRS)
        same(batch, sampler_of(draw, fanouts, unsorted(LESS)).sample(SEEDS, 1, 2))


@pytest.mark.parametrize("draw", [Uniform(), Recent()], ids=str)
@pytest.mark.parametrize("fanouts", [(4, 3), (2, -1)], ids=str)
def test_until_a_time(draw, fanouts):
    batch = sampler_of(draw, fanouts).sample(SEEDS, 1, 2, times=TIMES, exclude=PAIRS)
    same(batch, sampler_of(draw, fanouts, LESS).sample(SEEDS, 1, 2, times=TIMES))


class TestWeighted:
    """Weighted draws pass gaps over in the tables of the whole row: other numbers, the same distribution."""

    @pytest.mark.parametrize("fanouts", [(1,), (4, 3), (20, 70)], ids=str)
    @pytest.mark.parametrize("draw", [Weighted(), Weighted(True)], ids=str)
    @pytest.mark.parametrize("times", [None, TIMES], ids=["always", "until a time"])
    def test_twins(self, draw, fanouts, times):
        batch = sampler_of(draw, fanouts).sample(SEEDS, 1, 2, times=times, exclude=PAIRS)
        pick = naive.weighted_around if not draw.replace else naive.weighted_with_replacement_around
        rows = naive.with_gaps(rows_of(GRAPH, times is not None, True), PAIRS)
        found = naive.batch_edges(
            rows, SEEDS, fanouts, pick, replace=draw.replace, seed=6, epoch=1, step=2, times=times, disjoint=times is not None
        )
        assert rows_in(batch) == found

    @pytest.mark.parametrize("fair", [True, False], ids=["ours", "weights ignored"])
    @pytest.mark.parametrize("gap", [0, 3], ids=["the heaviest", "another"])
    def test_single_picks(self, fair, gap):
        """Null: with replacement a pick is place j != gap with probability w_j / sum of the others. Also where nearly every
        draw is a gap and the row is looked through."""
        weights = [1000.0, 1.0, 2.0, 0.5, 4.0]
        picks = self.picks(Weighted(True), 1, weights if fair else [1.0] * 5, gap)
        left = [place for place in range(5) if place != gap]
        expected = shares([weights[place] for place in left])
        judge(sets_p(picks, dict(zip([(place,) for place in left], expected))), fair)

    @pytest.mark.parametrize("fair", [True, False], ids=["ours", "weights ignored"])
    def test_sets_without_replacement(self, fair):
        """Null: successive draws among the edges that are left."""
        weights = [1000.0, 1.0, 2.0, 0.5, 4.0]
        picks = self.picks(Weighted(), 2, weights if fair else [1.0] * 5, 0)
        judge(sets_p(picks, successive([0.0, *weights[1:]], 2)), fair)

    def picks(self, draw, k, weights, gap):
        """int64[ROWS, k]: the places drawn in rows without the one at ``gap``."""
        sampler = NeighborSampler(rows_of_one_kind(weights), [k], draw=draw, seed=3)
        hidden = np.stack([np.full(ROWS, gap), np.arange(ROWS)], axis=1)
        batch = sampler.sample(np.arange(10, ROWS), exclude=hidden[10:])
        return np.sort(batch.nodes[batch.indices].reshape(ROWS - 10, k), axis=1)


@pytest.mark.parametrize("fair", [True, False], ids=["ours", "off by one in the skip"])
def test_uniform_sets_of_the_edges_that_are_left(fair):
    """Null: each of the 6 pairs of the edges 0, 2, 3, 5 is equally likely, where 1 and 4 are hidden."""
    graph = rows_of_one_kind([1.0] * 6)
    hidden = np.stack([np.tile([1, 4], ROWS - 10), np.repeat(np.arange(10, ROWS), 2)], axis=1)
    sampler = NeighborSampler(graph, [2], weights="ignore", seed=3)
    batch = sampler.sample(np.arange(10, ROWS), exclude=hidden)
    picks = np.sort(batch.nodes[batch.indices].reshape(ROWS - 10, 2), axis=1)
    picks = picks if fair else np.sort(np.where(picks > 2, picks - 1, picks), axis=1)
    judge(sets_p(picks, dict.fromkeys(combinations((0, 2, 3, 5), 2), 1 / 6)), fair)


DRAWS = [Uniform(), Weighted()]


@pytest.mark.parametrize("draw", DRAWS, ids=str)
@pytest.mark.parametrize("times", [None, TIMES], ids=["always", "until a time"])
def test_threads_and_open_batches_draw_the_same(draw, times, monkeypatch):
    monkeypatch.setattr(parts, "LEAST_ROWS", 1)
    sampler, how = sampler_of(draw, (4, 3, 70)), {"times": times, "exclude": PAIRS}
    whole = sampler.sample(SEEDS, 1, 2, **how)
    parted, opened = sampler.sample(SEEDS, 1, 2, num_threads=3, **how), sampler.sample_open(SEEDS, 1, 2, **how)
    same(parted, whole)
    np.testing.assert_array_equal(opened.neighbors, whole.nodes[whole.indices])
    np.testing.assert_array_equal(opened.edge_ids, whole.edge_ids)


def test_no_edge_of_a_pair_is_drawn_at_any_hop_either_way():
    batch = sampler_of(Uniform(), (-1, -1, -1)).sample(SEEDS, exclude=PAIRS)
    rows = np.repeat(batch.nodes[: len(batch.indptr) - 1], np.diff(batch.indptr))
    hidden = {frozenset(pair) for pair in PAIRS.tolist()}
    seen = [frozenset(pair) for pair in zip(rows.tolist(), batch.nodes[batch.indices].tolist())]
    assert not hidden.intersection(seen)
    expanded = set(rows.tolist())
    wanted = [pair for pair in zip(*(side.tolist() for side in LESS.to_edges())) if pair[1] in expanded]
    assert sorted(wanted) == sorted(zip(batch.nodes[batch.indices].tolist(), rows.tolist()))


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("draw", DRAWS, ids=str)
def test_a_row_whose_edges_are_all_hidden_is_an_isolated_one(draw, isolated):
    graph = Graph.from_edges([1, 2, 2, 0], [0, 0, 0, 1], 3, weights=np.ones(4))
    for k in (1, 5, -1):
        sampler = NeighborSampler(graph, [k, 2], draw=draw, weights="ignore", isolated=isolated, edge_ids=True)
        batch = sampler.sample([0, 1], exclude=[[0, 1], [0, 2]])
        assert batch.nodes.tolist() == [0, 1]
        assert batch.edge_ids.tolist() == ([-1, -1] if isolated == "self" else [])


def test_pairs_without_an_edge_change_nothing():
    sampler = sampler_of(Uniform(), (4, 3))
    plain = sampler.sample(SEEDS)
    for nothing in ([], np.empty((0, 2), int), [[58, 59]]):
        same(sampler.sample(SEEDS, exclude=nothing), plain)


def test_repeats_and_order_of_pairs_change_nothing():
    sampler = sampler_of(Uniform(), (4, 3))
    turned = np.concatenate([PAIRS[::-1, ::-1], PAIRS[:7]])
    same(sampler.sample(SEEDS, exclude=turned), sampler.sample(SEEDS, exclude=PAIRS))


@pytest.mark.parametrize("pairs, error, text", [
    ([0, 1], ValueError, r"exclude must be pairs of nodes, integers \[n, 2\], got shape \(2,\)"),
    ([[0, 60]], ValueError, r"exclude\[0\] = \(0, 60\) is no pair of nodes: the graph has 60"),
    ([[0.5, 1]], TypeError, "exclude must be integers"),
    ("ab", TypeError, r"exclude must be pairs of nodes, integers \[n, 2\], got 'ab'"),
])  # fmt: skip
def test_refused(pairs, error, text):
    with pytest.raises(error, match=text):
        sampler_of(Uniform(), (2,)).sample([0], exclude=pairs)


def test_positions_of_what_is_hidden():
    """Worked by hand: rows 0: [1, 2, 2], 1: [0]; the pair (2, 0) hides positions 1 and 2, the pair (0, 1) positions 0 and 3."""
    rows = sampler_of(Uniform(), (1,), Graph.from_csr([0, 3, 4, 4], [1, 2, 2, 0]))._rows
    for pairs, wanted in (([[2, 0]], [1, 2]), ([[0, 1]], [0, 3]), ([[1, 0], [0, 2]], [0, 1, 2, 3])):
        excluded = exclusion.excluded_between(np.array(pairs), rows)
        with np.errstate(over="ignore"):  # called from Python, where a product that wraps is told
            spans = [excluded[slice(*exclusion.span_of(excluded, node, 4))].tolist() for node in range(3)]
            first, last = exclusion.span_of(excluded, 0, 2)
        assert spans == [[place for place in wanted if place < 3], [place for place in wanted if place == 3], []]
        assert excluded[first:last].tolist() == [place for place in wanted if place < 2]
    assert exclusion.excluded_between(np.array([[1, 2]]), rows) is None
