"""Walks have the distribution that they state, and these tests would see it if they had not.

A fair walk fails a test with probability ALPHA = 1e-6 (``helpers.chisquare``); seeds are fixed, so that what passed once keeps
passing. Every test also runs on a wrong one, a fault of the kind that it is there for, which it must reject.
"""

import numpy as np
import pytest
from helpers.chisquare import ALPHA, independence_p, p_of, pearson

from graphsage import Graph, random_walks

WALKS = 20_000
#: From 0 over 1 on: 0 is back; 2 is near, as row 0 has it; 3 and 4 are away, and row 1 lists 4 twice.
INDPTR, INDICES = [0, 2, 7, 7, 7, 7], [2, 1, 4, 0, 3, 2, 4]
WEIGHTS = [1.0, 9.0, 1.0, 2.0, 3.0, 0.5, 1.0]
GRAPH = Graph.from_csr(INDPTR, INDICES, weights=WEIGHTS)
#: The last three have few tries taken, so that rows are searched.
ORDERS = [(0.25, 4.0), (4.0, 0.25), (1.0, 2.0), (50.0, 2.0), (1.0, 100.0), (0.1, 3.0)]


def judge(p, fair):
    assert (p >= ALPHA) == fair, f"p = {p:.3g}"


def steps_after_1(draw, p, q):
    """Counts of the nodes that walks 0, 1, x came to."""
    walks = random_walks(GRAPH, np.zeros(WALKS, int), 2, p=p, q=q, draw=draw, weights="ignore", seed=8)
    return np.bincount(walks[walks[:, 1] == 1, 2], minlength=5)


def expected(p, q, weights):
    of_edges = np.array([1 / q, 1 / p, 1 / q, 1.0, 1 / q]) * weights[2:]
    masses = np.bincount(INDICES[2:], of_edges, minlength=5)
    return masses / masses.sum()


def step_p(counts, shares):
    """Null: the step after 0, 1 is to x with probability w_1x a(x), a = 1/p, 1 or 1/q. A share of 0 is a node never reached."""
    likely = shares * counts.sum() >= 5
    if counts[shares == 0].any():
        return 0.0
    rest = np.array([counts[~likely].sum()]), np.array([shares[~likely].sum() * counts.sum()])
    counts, means = np.append(counts[likely], rest[0]), np.append(shares[likely] * counts.sum(), rest[1])
    kept = means >= 5
    return p_of(pearson(counts[kept], means[kept]), kept.sum() - 1)


@pytest.mark.parametrize("p, q", ORDERS, ids=str)
@pytest.mark.parametrize("draw", ["uniform", "weighted"])
class TestSecondOrder:
    def test_steps(self, draw, p, q):
        weights = np.array(WEIGHTS if draw == "weighted" else np.ones(7))
        judge(step_p(steps_after_1(draw, p, q), expected(p, q, weights)), True)

    def test_power_p_and_q_swapped(self, draw, p, q):
        weights = np.array(WEIGHTS if draw == "weighted" else np.ones(7))
        judge(step_p(steps_after_1(draw, q, p), expected(p, q, weights)), False)

    def test_power_weights_the_other_way(self, draw, p, q):
        weights = np.array(np.ones(7) if draw == "weighted" else WEIGHTS)
        judge(step_p(steps_after_1(draw, p, q), expected(p, q, weights)), False)


@pytest.mark.parametrize("fair", [True, False], ids=["ours", "weights ignored"])
def test_steps_of_first_order(fair):
    """Null: the first step is in proportion to the weights, 1 to 9."""
    walks = random_walks(GRAPH, np.zeros(WALKS, int), 1, draw="weighted" if fair else "uniform", weights="ignore", seed=4)
    counts = np.array([np.sum(walks[:, 1] == x) for x in (2, 1)])
    judge(p_of(pearson(counts, WALKS * np.array([0.1, 0.9])), 1), fair)


@pytest.mark.parametrize("fair", [True, False], ids=["ours", "one variate for both"])
@pytest.mark.parametrize("q", [1.0, 2.0])
class TestIndependence:
    """In a complete graph of 6 nodes with loops every step is to any of them."""

    def complete(self, q):
        everyone = Graph.from_csr(np.arange(7) * 6, np.tile(np.arange(6), 6))
        return random_walks(everyone, np.zeros(WALKS, int), 4, p=q, q=q, seed=9)

    def test_of_steps(self, q, fair):
        """Null: of walks that came to one node, the next two steps are independent: each knows what was before, and no more."""
        walks = self.complete(q)
        walks = walks[walks[:, 2] == 3]
        judge(independence_p(walks[:, 3], walks[:, 4 if fair else 3], 6), fair)

    def test_of_walks(self, q, fair):
        """Null: the last nodes of two walks that began at one node are independent."""
        walks = self.complete(q)
        judge(independence_p(walks[::2, 4], walks[1 if fair else 0 :: 2, 4], 6), fair)
