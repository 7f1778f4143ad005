"""The draws have the distributions that they state, and these tests would see it if they had not.

A fair sampler fails a test with probability ALPHA = 1e-6 (``helpers.chisquare``); seeds are fixed, so that what passed once
keeps passing. Every test also runs on a wrong sampler, a fault of the kind that it is there for, which it must reject.
"""

from itertools import combinations, permutations

import numpy as np
import pytest
from helpers.chisquare import ALPHA, independence_p, p_of, pearson

from graphsage import Graph, NeighborSampler, multihop_sampling
from graphsage.sampling.draws import Labor, Uniform, Weighted

ROWS = 20_000
WEIGHTS = {
    "mild": [1.0, 2.0, 3.0, 4.0, 5.0],
    "one edge has nearly all": [1000.0, 1.0, 2.0, 0.5, 4.0],
    "a zero among them": [3.0, 0.0, 1.0, 2.0, 2.0],
}


def rows_of_one_kind(weights, times=None, count=ROWS):
    """``count`` nodes whose j-th neighbour is node j, by an edge of the j-th weight and time."""
    degree = len(weights)
    indptr = np.concatenate([np.arange(count + 1) * degree, np.full(degree, count * degree)])
    arrays = {"weights": weights, "times": times}
    arrays = {name: None if values is None else np.tile(values, count) for name, values in arrays.items()}
    return Graph.from_csr(indptr, np.tile(np.arange(degree), count), **arrays)


def picks_of(draw, k, weights, **options):
    """int64[ROWS, k]: the places drawn in each row, sorted."""
    sampler = NeighborSampler(rows_of_one_kind(weights), [k], draw=draw, weights="ignore", seed=3)
    batch = sampler.sample(np.arange(ROWS), **options)
    return np.sort(batch.nodes[batch.indices].reshape(ROWS, k), axis=1)


def as_uniform(weights):
    return [float(w > 0) for w in weights]


def shares(weights):
    return np.array(weights) / np.sum(weights)


def successive(weights, k):
    """{set of places: probability} of k draws one after the other, each by weight among those left. By enumeration."""
    found = {}
    for order in permutations(np.flatnonzero(weights).tolist(), k):
        left, probability = float(np.sum(weights)), 1.0
        for place in order:
            probability *= weights[place] / left
            left -= weights[place]
        found[tuple(sorted(order))] = found.get(tuple(sorted(order)), 0) + probability
    return found


def sets_p(picks, expected):
    """Null: each row is one of the sets, by its probability. Rare ones are counted together."""
    codes = {places: number for number, places in enumerate(expected)}
    numbers = [codes.get(tuple(row), -1) for row in picks.tolist()]
    if min(numbers) < 0:
        return 0.0
    counts, expected = np.bincount(numbers, minlength=len(codes)), len(picks) * np.array(list(expected.values()))
    rare = expected < 5
    counts, expected = (np.append(values[~rare], values[rare].sum()) for values in (counts, expected))
    kept = expected >= 5
    return p_of(pearson(counts[kept], expected[kept]), kept.sum() - 1)


def judge(p, fair):
    assert (p >= ALPHA) == fair, f"p = {p:.3g}"


@pytest.mark.parametrize("fair", [True, False], ids=["ours", "weights ignored"])
@pytest.mark.parametrize("name", WEIGHTS)
class TestWeighted:
    def test_single_picks(self, name, fair):
        """Null: a pick is place j with probability w_j / sum w. 20,000 rows tell shares of 20 % from 22 %."""
        drawn = WEIGHTS[name] if fair else as_uniform(WEIGHTS[name])
        picks = picks_of(Weighted(True), 1, drawn)[:, 0]
        likely = np.flatnonzero(WEIGHTS[name])
        counts = np.bincount(picks, minlength=5)
        assert counts.sum() == counts[likely].sum()
        judge(p_of(pearson(counts[likely], ROWS * shares(WEIGHTS[name])[likely]), len(likely) - 1), fair)

    def test_picks_of_a_row_are_independent(self, name, fair):
        """Null: two picks of a row, with replacement, are independent. Wrong: the second is the first."""
        graph = rows_of_one_kind(WEIGHTS["mild"])
        picks = NeighborSampler(graph, [2], draw=Weighted(True), seed=3).sample(np.arange(ROWS))
        first, second = picks.nodes[picks.indices].reshape(ROWS, 2).T
        judge(independence_p(first, second if fair else first, 5), fair)

    @pytest.mark.parametrize("k", [1, 2, 3])
    @pytest.mark.parametrize("draw", [Weighted(), Labor("hop", weighted=True)], ids=str)
    def test_sets_without_replacement(self, name, fair, k, draw):
        """Null: a row is a set of k with the probability of successive draws. LABOR's rows are those of many steps."""
        weights = WEIGHTS[name] if fair else as_uniform(WEIGHTS[name])
        picks = picks_of(draw, k, weights) if isinstance(draw, Weighted) else steps_of(draw, k, weights)
        judge(sets_p(picks, successive(WEIGHTS[name], k)), fair)

    def test_trees(self, name, fair):
        """Null: as single picks, in the tree form, of repeats of one seed."""
        graph = rows_of_one_kind(WEIGHTS[name] if fair else as_uniform(WEIGHTS[name]), count=1)
        _, picks = multihop_sampling(np.zeros(ROWS // 2, int), [2], graph, draw="weighted", seed=4)
        likely = np.flatnonzero(WEIGHTS[name])
        counts, expected = np.bincount(picks, minlength=5)[likely], ROWS * shares(WEIGHTS[name])[likely]
        judge(p_of(pearson(counts, expected), len(likely) - 1), fair)

    def test_tree_sets(self, name, fair):
        """Null: as sets without replacement, in the tree form."""
        graph = rows_of_one_kind(WEIGHTS[name] if fair else as_uniform(WEIGHTS[name]), count=1)
        _, picks = multihop_sampling(np.zeros(ROWS, int), [2], graph, draw=Weighted(), seed=4)
        judge(sets_p(np.sort(picks.reshape(ROWS, 2), axis=1), successive(WEIGHTS[name], 2)), fair)

    def test_tree_orders(self, name, fair):
        """Null: both orders of each pair are as likely in a tree, so that a prefix is a fair sample. Wrong: sorted pairs."""
        graph = rows_of_one_kind(WEIGHTS[name], count=1)
        _, picks = multihop_sampling(np.zeros(ROWS, int), [2], graph, draw=Weighted(), seed=4)
        first, second = (picks.reshape(ROWS, 2) if fair else np.sort(picks.reshape(ROWS, 2), axis=1)).T
        counts = np.bincount(5 * first + second, minlength=25).reshape(5, 5)
        upper, lower = (counts[np.triu_indices(5, 1)], counts.T[np.triu_indices(5, 1)])
        pairs = upper + lower > 0
        judge(p_of(np.sum((upper - lower)[pairs] ** 2 / (upper + lower)[pairs]), pairs.sum()), fair)


def steps_of(draw, k, weights, count=ROWS, hop=0):
    """int64[count, k]: the places of one row in so many steps."""
    fanouts = [k] if hop == 0 else [-1, k]
    sampler = NeighborSampler(two_hops(weights), fanouts, draw=draw, weights="ignore", seed=3)
    batches = (sampler.sample([1 if hop else 0], step=step) for step in range(count))
    return np.array([np.sort(b.nodes[b.indices[-k:]]) for b in batches]) - 2


def two_hops(weights):
    """Nodes 0 and 1; node 0 lists nodes 2, 3, ... by edges of these weights, node 1 lists node 0."""
    degree = len(weights)
    indptr = np.concatenate([[0, degree], np.full(degree + 1, degree + 1)])
    return Graph.from_csr(indptr, [*range(2, degree + 2), 0], weights=[*weights, 1.0])


class TestWithTime:
    """Each tree sees its own prefix of one row of 8 edges, at times 0 to 7."""

    def picks(self, until, k, draw=None, **options):
        graph = rows_of_one_kind([1.0] * 8, times=np.arange(8), count=1)
        sampler = NeighborSampler(graph, [k], draw=draw or Uniform(), weights="ignore", seed=5, **options)
        batch = sampler.sample(np.zeros(ROWS, int), times=np.full(ROWS, until))
        return np.sort(batch.nodes[batch.indices].reshape(ROWS, k), axis=1)

    @pytest.mark.parametrize("fair", [True, False], ids=["ours", "one edge short"])
    def test_sets_of_the_known_edges(self, fair):
        """Null: until time 4, each of the 10 pairs of the first 5 edges is equally likely. Wrong: the prefix ends one early."""
        expected = dict.fromkeys(combinations(range(5), 2), 0.1)
        judge(sets_p(self.picks(4, 2, strictly_before=not fair), expected), fair)

    def test_one_edge_too_many_is_seen(self):
        expected = dict.fromkeys(combinations(range(5), 2), 0.1)
        judge(sets_p(self.picks(5, 2), expected), fair=False)

    def test_trees_are_independent(self):
        """Null: what two trees draw of the same row is independent."""
        picks = self.picks(7, 1)[:, 0]
        judge(independence_p(picks[::2], picks[1::2], 8), fair=True)

    @pytest.mark.parametrize("fair", [True, False], ids=["ours", "weights ignored"])
    def test_weights_of_the_known_edges(self, fair):
        """Null: until time 3, a pick is place j < 4 with probability w_j / (w_0 + ... + w_3)."""
        weights = np.arange(1.0, 9.0)
        graph = rows_of_one_kind(weights if fair else np.ones(8), times=np.arange(8), count=1)
        sampler = NeighborSampler(graph, [1], draw=Weighted(True), seed=5)
        batch = sampler.sample(np.zeros(ROWS, int), times=np.full(ROWS, 3))
        counts = np.bincount(batch.nodes[batch.indices], minlength=4)
        assert len(counts) == 4
        judge(p_of(pearson(counts, ROWS * weights[:4] / 10), 3), fair)


class TestLabor:
    @pytest.mark.parametrize("hop", [0, 1])
    @pytest.mark.parametrize("per", ["batch", "hop"])
    def test_each_row_alone_is_uniform(self, per, hop):
        """Null: over steps, each of the 10 pairs of 5 neighbours is equally likely, at the first hop and at the second."""
        expected = dict.fromkeys(combinations(range(5), 2), 0.1)
        judge(sets_p(steps_of(Labor(per), 2, [1.0] * 5, count=4000, hop=hop), expected), fair=True)

    def test_steps_are_independent_and_variates_shared_between_batches_would_be_seen(self):
        picks = steps_of(Labor(), 1, [1.0] * 5, count=4000)[:, 0]
        judge(independence_p(picks[::2], picks[1::2], 5), fair=True)
        judge(independence_p(picks[::2], picks[::2], 5), fair=False)

    def test_rows_with_the_same_neighbours_take_the_same(self):
        """That is what LABOR is for; uniform rows would not."""
        assert len(np.unique(picks_of(Labor(), 2, [1.0] * 5), axis=0)) == 1
        assert len(np.unique(picks_of(Uniform(), 2, [1.0] * 5), axis=0)) == 10

    def test_hops_share_variates_as_asked(self):
        """A node reached at two hops, in two batches: with one variate a batch it takes the same neighbours."""
        graph = two_hops([1.0] * 30)
        takes = {}
        for per in ("batch", "hop"):
            first = NeighborSampler(graph, [3], draw=Labor(per), weights="ignore", seed=3).sample([0])
            later = NeighborSampler(graph, [1, 3], draw=Labor(per), weights="ignore", seed=3).sample([1])
            takes[per] = [sorted(b.nodes[b.indices[-3:]].tolist()) for b in (first, later)]
        assert takes["batch"][0] == takes["batch"][1]
        assert takes["hop"][0] != takes["hop"][1]

    def test_a_batch_has_fewer_nodes(self):
        generator = np.random.default_rng(1)
        graph = Graph.from_edges(generator.integers(0, 300, 30_000), generator.integers(0, 300, 30_000), 300)
        sizes = {name: len(NeighborSampler(graph, [5], draw=name).sample(range(50)).nodes) for name in ("labor", "uniform")}
        assert sizes["labor"] < 0.6 * sizes["uniform"]
