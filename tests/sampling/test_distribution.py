"""Neighbours are drawn uniformly and independently, and these tests would see it if they were not.

Every test runs on our samplers and on a slow correct one, which must pass, and on wrong ones, which must be rejected. A
fair sampler fails a test with probability ALPHA = 1e-6; all seeds are fixed, so that what passed once keeps passing.
"""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from helpers.chisquare import ALPHA, cells, combined, independence_p, last_together, node_counts_p, outcomes_p
from helpers.samplers import (
    added_seeds,
    alike_in_blocks,
    hubs,
    off_by_one,
    shared_shuffle,
    sixteen_bits,
    slow_correct,
    tree_form,
    tree_form_hop_2,
    unique_form,
    unique_form_hop_2,
    unshuffled,
    without_coordinates,
)
from scipy.stats import kstest

from graphsage import Graph, NeighborSampler, multihop_sampling

OURS = [tree_form, tree_form_hop_2, unique_form, unique_form_hop_2]
TREES = [tree_form, tree_form_hop_2]


def samplers(*fair, wrong=()):
    """Parametrize a test over ``fair`` samplers, the slow correct one, and ``wrong`` ones."""
    cases = [(sampler, True) for sampler in (*fair, slow_correct)] + [(sampler, False) for sampler in wrong]
    ids = [f"{sampler.__name__}-{'passes' if fair else 'is_rejected'}" for sampler, fair in cases]
    return pytest.mark.parametrize("sampler, fair", cases, ids=ids)


def judge(p, fair):
    """A fair sampler must not be rejected at ALPHA, a wrong one must."""
    assert (p >= ALPHA) == fair, f"p = {p:.3g}"


# ---- small degrees: whole rows


def subsets(degree, k):
    return np.array(list(combinations(range(degree), k)))


@pytest.mark.parametrize("degree, k", [(2, 1), (3, 2), (6, 1), (6, 5), (7, 3), (10, 5)])
@samplers(*OURS, wrong=[off_by_one, shared_shuffle])
def test_subsets(sampler, fair, degree, k):
    """Null: without replacement, each of the C(degree, k) subsets is equally likely, independently for each row."""
    picks = np.sort(sampler(degree, k, False, 20_000, seed=1), axis=1)
    judge(outcomes_p(picks, subsets(degree, k)), fair)


@pytest.mark.parametrize("degree, k", [(2, 2), (4, 3), (5, 5), (6, 5)])
@samplers(*TREES, wrong=[unshuffled, shared_shuffle])
def test_orders_in_a_tree(sampler, fair, degree, k):
    """Null: without replacement, each of the degree! / (degree - k)! ordered rows of a tree is equally likely."""
    picks = sampler(degree, k, False, 20_000, seed=2)
    judge(outcomes_p(picks, list(permutations(range(degree), k))), fair)


@samplers(*TREES, wrong=[unshuffled, off_by_one])
def test_a_prefix_of_a_tree_row_is_a_fair_sample(sampler, fair):
    """Null: the first 3 of 5 places hold each of the 720 ordered triples of 10 neighbours equally often."""
    picks = sampler(10, 5, False, 20_000, seed=3)[:, :3]
    judge(outcomes_p(picks, list(permutations(range(10), 3))), fair)


@pytest.mark.parametrize("degree, k", [(2, 1), (2, 8), (4, 4), (5, 3), (6, 3)])
@samplers(*OURS, wrong=[off_by_one, shared_shuffle])
def test_sequences_with_replacement(sampler, fair, degree, k):
    """Null: each of the degree^k sequences is equally likely, so picks are uniform and independent within a row too."""
    picks = sampler(degree, k, True, 20_000, seed=4)
    judge(outcomes_p(picks, list(product(range(degree), repeat=k))), fair)


@pytest.mark.parametrize("degree", [2, 4])
@pytest.mark.parametrize("tree", TREES)
def test_a_tree_without_enough_neighbours_draws_with_replacement(tree, degree):
    """Null: with fewer than k = 5 neighbours, each of the degree^5 sequences is equally likely."""
    picks = tree(degree, 5, False, 20_000, seed=5)
    judge(outcomes_p(picks, list(product(range(degree), repeat=5))), True)


@pytest.mark.parametrize("replace", [True, False])
def test_one_neighbour_is_always_drawn(replace):
    for sampler in TREES:
        assert not sampler(1, 5, replace, 100).any()
    assert unique_form(1, 5 if replace else 1, replace, 100).tolist() == [[0] * (5 if replace else 1)] * 100


@pytest.mark.parametrize("degree", [1, 2, 4, 5])
def test_up_to_k_neighbours_are_all_taken(degree):
    """Unique form, no replacement, k = 5: nothing to draw. In a tree the same holds at degree k, in some order."""
    batch = NeighborSampler(hubs(degree, 50), [5]).sample(np.arange(50))
    assert batch.nodes[batch.indices].reshape(50, degree).tolist() == [list(range(degree))] * 50
    if degree == 5:
        assert np.sort(tree_form(5, 5, False, 50), axis=1).tolist() == [list(range(5))] * 50


# ---- any degree: how often each neighbour is drawn

HUGE = [40_000, 49_152, 65_535, 65_536, 70_000]
SMALL = [(6, 5), (257, 5), (101, 100), (257, 100)]  # k = 100 uses the table of picks, k = 5 the scan


def node_counts(sampler, degree, k, replace):
    """p value of the neighbours one by one, from about 40 picks of each."""
    return node_counts_p(sampler(degree, k, replace, max(2000, 40 * degree // k), seed=6), degree, replace)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("degree, k", SMALL + [(degree, 100) for degree in HUGE])
@samplers(tree_form, unique_form)
def test_node_counts(sampler, fair, degree, k, replace):
    """Null: each neighbour is drawn equally often."""
    judge(node_counts(sampler, degree, k, replace), fair)


@pytest.mark.parametrize("degree", [2, 4, 5])
@samplers(*OURS, wrong=[off_by_one])
def test_node_counts_up_to_k_with_replacement(sampler, fair, degree):
    """Null: each neighbour is drawn equally often."""
    judge(node_counts(sampler, degree, 5, True), fair)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("degree", [40_000, 49_152, 70_000])
def test_sixteen_bits_are_rejected_where_they_show(degree, replace):
    """65,536 = 40,000 + 25,536: the first 25,536 neighbours come twice as often; of 70,000 the last never come."""
    judge(node_counts(sixteen_bits, degree, 100, replace), False)


@pytest.mark.parametrize("degree", [65_535, 65_536])
def test_sixteen_bits_do_not_show_where_they_fit(degree):
    """At 65,536 they are exactly uniform; at 65,535 one neighbour is twice as likely, too few counts to see."""
    judge(node_counts(sixteen_bits, degree, 100, True), True)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("degree, k", [(2, 1)] + SMALL + [(degree, 1) for degree in HUGE])
@samplers(tree_form, unique_form, wrong=[off_by_one])
def test_last_neighbours(sampler, fair, degree, k, replace):
    """Null: the last neighbours are drawn as often as the others.

    Of k draws without replacement the off-by-one loses each of the last k neighbours once in k times: too little to
    show in the counts of all neighbours one by one. This test needs 60 rows for each neighbour, whatever k.
    """
    picks = sampler(degree, k, replace, max(2000, 60 * degree), seed=7)
    judge(node_counts_p(picks, degree, replace, last_together(degree, 1 if replace else k)), fair)


@pytest.mark.parametrize("degree, k", [(6, 5), (257, 5), (257, 100), (40_000, 100), (70_000, 100)])
@samplers(*TREES, wrong=[unshuffled])
def test_places_in_a_tree_row(sampler, fair, degree, k):
    """Null: at each place of a row each neighbour is equally likely (huge degrees: 8 blocks, and the last k)."""
    picks = sampler(degree, k, False, max(5000, 80 * degree // k), seed=8)
    group = np.arange(degree) if degree < 1000 else last_together(degree, k, blocks=8)
    judge(combined([node_counts_p(picks[:, [place]], degree, True, group) for place in range(k)]), fair)


# ---- independence

PAIRS = subsets(6, 2)  # each test looks at which 2 of 6 neighbours two nodes drew: 15 * 15 cells


def pair_cells(picks):
    return cells(np.sort(picks, axis=1), PAIRS)


@pytest.mark.parametrize("apart", [1, 16])
@samplers(*OURS, wrong=[alike_in_blocks])
def test_nodes_of_a_batch_are_independent(sampler, fair, apart):
    """Null: what one node of a batch draws says nothing about the next, or the next but 15 (a block of the kernels)."""
    found = pair_cells(sampler(6, 2, False, 20_000, seed=9))
    found = found[: len(found) // (2 * apart) * 2 * apart].reshape(-1, 2, apart)
    judge(independence_p(found[:, 0].ravel(), found[:, 1].ravel(), len(PAIRS)), fair)


def two_nodes_of_many_batches(sampler):
    return np.stack([pair_cells(sampler(6, 2, False, 2, seed=10, step=step)) for step in range(4000)], axis=1)


@samplers(tree_form, unique_form, wrong=[shared_shuffle])
def test_two_nodes_are_independent_over_many_batches(sampler, fair):
    """Null: over 4,000 batches, what the first node draws says nothing about the second."""
    judge(independence_p(*two_nodes_of_many_batches(sampler), len(PAIRS)), fair)


def test_a_shared_shuffle_is_fair_to_each_node():
    """So no test of single nodes finds it, and the test above rejects it for the right reason."""
    for found in two_nodes_of_many_batches(shared_shuffle):
        judge(outcomes_p(found[:, None], np.arange(len(PAIRS))[:, None]), True)


BATCHES = [  # (seed, epoch, step) of two batches of the same nodes
    ((0, 0, 0), (0, 0, 1)),
    ((0, 0, 0), (0, 1, 0)),
    ((0, 0, 0), (1, 0, 0)),
    ((1, 0, 2), (2, 0, 1)),
    ((1, 2, 0), (2, 1, 0)),
    ((0, 1, 2), (0, 2, 1)),
]


def batches_p(sampler, first, second):
    found = [pair_cells(sampler(6, 2, False, 10_000, *coordinates)) for coordinates in (first, second)]
    return independence_p(*found, len(PAIRS))


@pytest.mark.parametrize("first, second", BATCHES)
@samplers(*OURS, wrong=[without_coordinates])
def test_batches_are_independent(sampler, fair, first, second):
    """Null: what a node draws in one batch says nothing about what it draws at another step, epoch or seed."""
    judge(batches_p(sampler, first, second), fair)


@pytest.mark.parametrize("first, second", BATCHES)
def test_added_seeds_are_rejected_where_the_sums_agree(first, second):
    judge(batches_p(added_seeds, first, second), fair=sum(first) != sum(second))


@pytest.mark.parametrize("first, second", [(tree_form, tree_form_hop_2), (unique_form, unique_form_hop_2)])
def test_hops_are_independent(first, second):
    """Null: what a slot (tree) or node (unique form) draws at hop 1 says nothing about its draw at hop 2."""
    found = [pair_cells(sampler(6, 2, False, 10_000, seed=11)) for sampler in (first, second)]
    judge(independence_p(*found, len(PAIRS)), True)


# ---- every edge is an edge


def repeating_graph():
    """100 nodes of degrees 0 to 9; every node drawn often enough is repeated."""
    generator = np.random.default_rng(12)
    degrees = np.arange(100) % 10
    return Graph.from_csr(np.append(0, np.cumsum(degrees)), generator.integers(0, 100, degrees.sum()))


@pytest.mark.parametrize("replace", [True, False])
def test_repeated_seeds_give_no_false_edges_in_a_batch(replace):
    """pyg-lib 0.x returns edges that are not in the graph when a seed repeats."""
    graph, seeds = repeating_graph(), np.array([7, 7, 3, 7, 10, 3, 99, 10])
    edges = set(zip(*(ends.tolist() for ends in graph.to_edges())))
    for step in range(50):
        batch = NeighborSampler(graph, [3, 3], replace=replace).sample(seeds, step=step)
        assert len(set(batch.nodes.tolist())) == len(batch.nodes)
        assert batch.nodes[batch.seed_index].tolist() == seeds.tolist()
        rows = np.repeat(batch.nodes[: len(batch.indptr) - 1], np.diff(batch.indptr))
        assert set(zip(batch.nodes[batch.indices].tolist(), rows.tolist())) <= edges
        degrees = graph.degrees[batch.nodes[: len(batch.indptr) - 1]]
        drawn = np.where(degrees > 0, 3, 0) if replace else np.minimum(degrees, 3)
        assert np.diff(batch.indptr).tolist() == drawn.tolist()


@pytest.mark.parametrize("replace", [True, False])
def test_repeated_seeds_give_no_false_edges_in_a_tree(replace):
    graph, seeds = repeating_graph(), [7, 7, 3, 7, 10, 3, 99, 10]
    edges = set(zip(*(ends.tolist() for ends in graph.to_edges())))
    stand_ins = {(v, v) for v in range(100) if graph.degrees[v] == 0}
    for step in range(50):
        hops = multihop_sampling(seeds, [3, 3], graph, replace=replace, seed=(0, 0, step))
        for above, below in zip(hops, hops[1:]):
            assert set(zip(below.tolist(), np.repeat(above, 3).tolist())) <= edges | stand_ins


# ---- the yardstick itself


def p_values(one_p):
    return [one_p(np.random.default_rng([13, repeat])) for repeat in range(300)]


def subsets_of(generator):
    return generator.permuted(np.tile(np.arange(20), (300, 1)), axis=1)[:, :15]


@pytest.mark.parametrize("one_p", [
    lambda generator: node_counts_p(subsets_of(generator), 20, False),
    lambda generator: node_counts_p(subsets_of(generator), 20, False, last_together(20, 12)),
    lambda generator: node_counts_p(generator.integers(0, 20, (300, 5)), 20, True),
    lambda generator: outcomes_p(generator.integers(0, 2, (300, 4)), list(product(range(2), repeat=4))),
    lambda generator: independence_p(*generator.integers(0, 8, (2, 1000)), 8),
], ids=["subsets", "subsets, grouped", "with replacement", "outcomes", "independence"])
def test_p_values_of_fair_picks_are_uniform(one_p):
    """Null: p values are uniform in [0, 1] (Kolmogorov-Smirnov, 300 of them)."""
    assert kstest(p_values(one_p), "uniform").pvalue >= ALPHA


def test_counts_of_subsets_need_their_own_law():
    """15 of 20 neighbours taken as independent picks: statistics come out near a quarter of their size."""
    assert kstest(p_values(lambda generator: node_counts_p(subsets_of(generator), 20, True)), "uniform").pvalue < ALPHA
