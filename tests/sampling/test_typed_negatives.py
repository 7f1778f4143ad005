"""Negatives between two types: each end of its own type, never a true link, by their stated distribution; a slow twin."""

import numpy as np
import pytest
from helpers.chisquare import ALPHA, p_of, pearson
from naive_negatives import naive_negatives

from graphsage import Negatives, TypedGraph
from graphsage.base import rng

pytestmark = pytest.mark.kernels

BUYS, SIZES = ("user", "buys", "item"), {"user": 40, "item": 25}
GENERATOR = np.random.default_rng(5)
ENDS = np.array([(size * GENERATOR.random(150) ** 2).astype(int) for size in SIZES.values()])
KNOWN = TypedGraph(SIZES, {BUYS: ENDS})
PAIRS = ENDS.T[:20]
KEY = rng.stream_key(3, rng.NEGATIVE, 1, 2)
WAYS = pytest.mark.parametrize("by", ["uniform", "degree"])
ENDS_OF = pytest.mark.parametrize("corrupt", ["target", "source", "both"])


def nearly_all(*missing):
    """All users have all items but for the ``missing`` pairs."""
    pairs = [(a, b) for a in range(30) for b in range(4) if (a, b) not in missing]
    return TypedGraph({"user": 30, "item": 4}, {BUYS: tuple(zip(*pairs))})


@WAYS
@ENDS_OF
@pytest.mark.parametrize("allow_true", [False, True], ids=["no true ones", "any"])
def test_twins(by, corrupt, allow_true):
    how = Negatives(3, by, corrupt, allow_true)
    found = how.draw(PAIRS, KNOWN, True, KEY)
    assert found.tolist() == naive_negatives(how, PAIRS.tolist(), KNOWN, True, int(KEY))


@WAYS
@pytest.mark.parametrize("corrupt", ["target", "source"])
def test_twins_where_hardly_any_is_left(by, corrupt):
    known, how = nearly_all((3, 2), (3, 3), (9, 2)), Negatives(2, by, corrupt)
    pairs = [[3, 0], [3, 1]] if corrupt == "target" else [[0, 2], [1, 2]]
    assert how.draw(pairs, known, True, KEY).tolist() == naive_negatives(how, pairs, known, True, int(KEY))


def test_equal_ids_of_two_types_are_a_pair():
    """The only pair that is left is of user 2 and item 2; a rule for nodes of one type would leave none."""
    found = Negatives(5).draw([[2, 0]], nearly_all((2, 2)), True, KEY)
    assert found.tolist() == [[[2, 2]] * 5]
    found = Negatives(5, corrupt="both").draw([[0, 0]], nearly_all((2, 2)), True, KEY)
    assert found.tolist() == [[[2, 2]] * 5]


def expected_shares(by, corrupt):
    """[40, 25]: by weight of each end, without true links; of (source, item 3) or (user 1, target) where one end is kept."""
    linked = np.zeros((40, 25), bool)
    linked[tuple(ENDS)] = True
    sides = [np.ones(40), np.ones(25)] if by == "uniform" else [linked.sum(1) ** 0.75, linked.sum(0) ** 0.75]
    if corrupt != "both":
        kept = 0 if corrupt == "target" else 1
        sides[kept] = (np.arange(len(sides[kept])) == (1, 3)[kept]).astype(float)
    return np.where(linked, 0, np.outer(*sides))


@WAYS
@ENDS_OF
@pytest.mark.parametrize("fault", [None, "true links let through", "power ignored"])
def test_distribution(by, corrupt, fault):
    """Null: the draws of ``by`` among what is no link. 20,000 negatives; ALPHA = 1e-6. Each fault must be seen."""
    if fault == "power ignored" and by == "uniform":
        pytest.skip("there is none")
    how = Negatives(20_000, "uniform" if fault == "power ignored" else by, corrupt, fault == "true links let through")
    found = how.draw([[1, 3]], KNOWN, True, KEY)[0]
    counts = np.bincount(25 * found[:, 0] + found[:, 1], minlength=1000)
    expected = expected_shares(by, corrupt).ravel()
    expected = expected * counts.sum() / expected.sum()
    common = expected >= 5
    p = 0.0
    if not counts[expected == 0].any():
        rare = [values[~common].sum() for values in (counts, expected)]
        counts, expected = (np.append(values[common], rest) for values, rest in zip((counts, expected), rare))
        kept = expected >= 5
        p = p_of(pearson(counts[kept], expected[kept]), kept.sum() - 1)
    assert (p >= ALPHA) == (fault is None), p


def test_refused():
    with pytest.raises(ValueError, match="user 4 is linked to all item nodes, so that no negative has corrupt = 'target'"):
        Negatives().draw([[4, 0]], nearly_all(), True, KEY)
    with pytest.raises(ValueError, match="item 1 is linked to all user nodes, so that no negative has corrupt = 'source'"):
        Negatives(corrupt="source").draw([[4, 1]], nearly_all(), True, KEY)
    with pytest.raises(ValueError, match="each user is linked to all item nodes, so that no negative has corrupt = 'both'"):
        Negatives(corrupt="both").draw([[4, 1]], nearly_all(), True, KEY)
    with pytest.raises(ValueError, match=r"pairs\[:, 1\]\[0\] = 25 is not a node: of type 'item' the graph has 25"):
        Negatives().draw([[4, 25]], KNOWN, True, KEY)
    with pytest.raises(ValueError, match="known must have the links as its only relation, and has 2 relations"):
        Negatives().draw([[4, 2]], TypedGraph(SIZES, {BUYS: ENDS}, reverse=True), True, KEY)
    bare = TypedGraph(SIZES, {BUYS: ([], [])})
    with pytest.raises(ValueError, match='by = "degree" draws nodes by their links, and none is known'):
        Negatives(by="degree").draw([[4, 2]], bare, True, KEY)
