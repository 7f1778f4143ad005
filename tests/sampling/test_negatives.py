"""Negatives: never a true link, by their stated distribution, exact where nearly all nodes are linked; a slow twin."""

import numpy as np
import pytest
from helpers.chisquare import ALPHA, p_of, pearson
from naive_negatives import naive_negatives

from graphsage import Graph, Negatives
from graphsage.base import rng
from graphsage.sampling import negatives

pytestmark = pytest.mark.kernels

GENERATOR = np.random.default_rng(5)
ENDS = (40 * GENERATOR.random((2, 150)) ** 2).astype(int)
UNDIRECTED, DIRECTED = (Graph.from_edges(*ENDS, 40, undirected=undirected) for undirected in (True, False))
PAIRS = ENDS.T[:20]
KEY = rng.stream_key(3, rng.NEGATIVE, 1, 2)
WAYS = pytest.mark.parametrize("by", ["uniform", "degree"])
ENDS_OF = pytest.mark.parametrize("corrupt", ["target", "source", "both"])


def links_of(graph):
    return set(zip(*(side.tolist() for side in graph.to_edges())))


def complete(num_nodes, *missing):
    """A directed graph that links all nodes but the ``missing`` pairs; self loops, which are no links, are there."""
    pairs = [(a, b) for a in range(num_nodes) for b in range(num_nodes) if (a, b) not in missing]
    return Graph.from_edges(*zip(*pairs), num_nodes)


@WAYS
@ENDS_OF
@pytest.mark.parametrize("allow_true", [False, True], ids=["no true ones", "any"])
@pytest.mark.parametrize("directed", [False, True], ids=["undirected", "directed"])
def test_twins(by, corrupt, allow_true, directed):
    known = DIRECTED if directed else UNDIRECTED
    how = Negatives(3, by, corrupt, allow_true)
    found = how.draw(PAIRS, known, directed, KEY)
    assert found.shape == (20, 3, 2) and found.dtype == np.int64
    assert found.tolist() == naive_negatives(how, PAIRS.tolist(), known, directed, int(KEY))


@WAYS
@ENDS_OF
@pytest.mark.parametrize("directed", [False, True], ids=["undirected", "directed"])
def test_no_true_link_and_no_node_beside_itself(by, corrupt, directed):
    known = DIRECTED if directed else UNDIRECTED
    found = Negatives(50, by, corrupt).draw(PAIRS, known, directed, KEY)
    assert not links_of(known).intersection(map(tuple, found.reshape(-1, 2).tolist()))
    assert (found[..., 0] != found[..., 1]).all()
    if corrupt != "both":
        kept = 0 if corrupt == "target" else 1
        assert (found[..., kept] == PAIRS[:, None, kept]).all()
    loops = Negatives(50, by, corrupt, allow_true=True).draw(PAIRS, known, directed, KEY)
    assert (loops[..., 0] != loops[..., 1]).all()


def test_the_reverse_of_a_directed_link_is_no_link():
    known = Graph.from_edges([0, 1], [1, 2], 3)
    found = Negatives(50).draw([[2, 0]], known, True, KEY)
    assert set(map(tuple, found.reshape(-1, 2).tolist())) == {(2, 0), (2, 1)}
    with pytest.raises(ValueError, match="node 1 is linked to all others"):
        Negatives(50).draw([[1, 0]], known, False, KEY)


def test_known_links_may_be_given_one_way_round():
    one_way = Graph.from_edges([3, 5], [4, 6], 8)
    found = Negatives(200).draw([[4, 0], [6, 0]], one_way, False, KEY)
    assert 3 not in found[0, :, 1] and 5 not in found[1, :, 1]


def weights_of(by, known):
    degrees = np.array([len({*known.neighbors(v).tolist()} - {v}) for v in range(known.num_nodes)])
    return np.ones(known.num_nodes) if by == "uniform" else degrees**0.75


def judged(found, expected):
    """p of counts [N] or [N, N] under the shares ``expected``; 0 where something impossible came."""
    counts, expected = found.ravel(), found.sum() * (expected / expected.sum()).ravel()
    if counts[expected == 0].any():
        return 0.0
    common = expected >= 5
    rare = [values[~common].sum() for values in (counts, expected)]
    counts, expected = (np.append(values[common], rest) for values, rest in zip((counts, expected), rare))
    kept = expected >= 5
    return p_of(pearson(counts[kept], expected[kept]), kept.sum() - 1)


#: Faults that the tests must see: what the expected shares are computed from, were the fault the truth.
FAULTS = pytest.mark.parametrize("by, fault", [
    ("uniform", None), ("uniform", "true links let through"),
    ("degree", None), ("degree", "true links let through"), ("degree", "power ignored"),
])  # fmt: skip


@FAULTS
class TestDistribution:
    """Null: the draws of ``by`` among what is no link. 20,000 negatives; ALPHA = 1e-6."""

    def test_targets(self, by, fault):
        graph = UNDIRECTED
        how = Negatives(20_000, "uniform" if fault == "power ignored" else by, allow_true=fault == "true links let through")
        found = how.draw([[0, 1]], graph, False, KEY)[0, :, 1]
        weights = weights_of(by, graph)
        weights[[0, *graph.neighbors(0)]] = 0
        p = judged(np.bincount(found, minlength=40), weights)
        assert (p >= ALPHA) == (fault is None), p

    def test_both_ends(self, by, fault):
        graph = UNDIRECTED
        how = {"corrupt": "both", "allow_true": fault == "true links let through"}
        how = Negatives(20_000, "uniform" if fault == "power ignored" else by, **how)
        found = how.draw([[0, 1]], graph, False, KEY)[0]
        weights = np.outer(weights_of(by, graph), weights_of(by, graph))
        weights[tuple(np.array(sorted(links_of(graph))).T)] = 0
        np.fill_diagonal(weights, 0)
        p = judged(np.bincount(40 * found[:, 0] + found[:, 1], minlength=1600), weights)
        assert (p >= ALPHA) == (fault is None), p


def test_degrees_are_of_both_directions():
    """Null: node 0 with 3 links to others, node 1 with 3 from others, node 2 with one: by 3^0.75, 3^0.75 and 1."""
    known = Graph.from_edges([0, 0, 0, 6, 7, 8, 9], [3, 4, 5, 1, 1, 1, 2], 12)
    found = Negatives(20_000, "degree").draw([[11, 0]], known, True, KEY)[0, :, 1]
    degrees = np.array([3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
    assert judged(np.bincount(found, minlength=12), degrees**0.75) >= ALPHA
    assert judged(np.bincount(found, minlength=12), degrees**1.0) < ALPHA


@WAYS
class TestNearlyAllAreLinked:
    """Tries find nothing there; the exact choice does, with the same distribution."""

    KNOWN = complete(60, (0, 7), (0, 9), (3, 4))

    def test_targets(self, by):
        found = Negatives(2000, by).draw([[0, 1]], self.KNOWN, True, KEY)[0]
        assert (found[:, 0] == 0).all()
        counts = np.bincount(found[:, 1], minlength=60)
        assert judged(counts, np.isin(np.arange(60), [7, 9]).astype(float)) >= ALPHA

    def test_sources(self, by):
        found = Negatives(50, by, "source").draw([[1, 9], [1, 4]], self.KNOWN, True, KEY)
        assert found.tolist() == [[[0, 9]] * 50, [[3, 4]] * 50]

    def test_both(self, by):
        found = Negatives(3000, by, "both").draw([[1, 2]], self.KNOWN, True, KEY)[0]
        expected = np.zeros((60, 60))
        expected[[0, 0, 3], [7, 9, 4]] = 1  # their degrees are all but equal
        assert judged(np.bincount(60 * found[:, 0] + found[:, 1], minlength=3600), expected) >= ALPHA

    def test_none_is_left(self, by):
        others = "others" if by == "uniform" else "others that have links"
        text = f"node 5 is linked to all {others}, so that no negative has corrupt = 'target': take another"
        with pytest.raises(ValueError, match=text):
            Negatives(1, by).draw([[0, 1], [5, 1]], self.KNOWN, True, KEY)
        with pytest.raises(ValueError, match=f"all nodes are linked to all {others}"):
            Negatives(1, by, "both").draw([[0, 1]], complete(6), True, KEY)
        assert Negatives(9, by, allow_true=True).draw([[5, 1]], self.KNOWN, True, KEY).shape == (1, 9, 2)


def test_a_single_node_has_no_other():
    with pytest.raises(ValueError, match="node 0 is linked to all others"):
        Negatives(allow_true=True).draw([[0, 0]], Graph.from_edges([], [], 1), False, KEY)


def test_a_negative_is_a_function_of_its_place():
    how = Negatives(4, "degree", "both")
    whole = how.draw(PAIRS, UNDIRECTED, False, KEY)
    assert how.draw(PAIRS[:7], UNDIRECTED, False, KEY).tolist() == whole[:7].tolist()
    repeats = Negatives(1).draw([PAIRS[0]] * 30, UNDIRECTED, False, KEY)
    assert len(np.unique(repeats[..., 1])) > 5
    assert how.draw(PAIRS, UNDIRECTED, False, rng.stream_key(4, rng.NEGATIVE, 1, 2)).tolist() != whole.tolist()
    assert Negatives(3).draw(np.empty((0, 2), int), UNDIRECTED, False, KEY).shape == (0, 3, 2)


def test_what_is_read_of_a_graph_is_made_once():
    first = negatives._known_links(UNDIRECTED, False)
    assert negatives._known_links(UNDIRECTED, False) is first and negatives._known_links(UNDIRECTED, True) is not first


@pytest.mark.parametrize("options, error, text", [
    ({"per_positive": 0}, ValueError, "per_positive must be an integer >= 1, got 0"),
    ({"per_positive": 1.5}, TypeError, "per_positive must be an integer >= 1, got 1.5"),
    ({"by": "pagerank"}, ValueError, "by must be one of 'uniform', 'degree'; got 'pagerank'"),
    ({"corrupt": "head"}, ValueError, "corrupt must be one of 'target', 'source', 'both'; got 'head'"),
    ({"allow_true": "yes"}, TypeError, "allow_true must be True or False, got 'yes'"),
])  # fmt: skip
def test_refused_settings(options, error, text):
    with pytest.raises(error, match=text):
        Negatives(**options)


@pytest.mark.parametrize("options, error, text", [
    ({"pairs": [[0, 40]]}, ValueError, r"pairs\[0\] = \(0, 40\) is no pair of nodes: the graph has 40"),
    ({"pairs": [0, 1]}, ValueError, r"pairs must be pairs of nodes, integers \[n, 2\], got shape \(2,\)"),
    ({"known": [[0, 1]]}, TypeError, "known must be a Graph, got list"),
    ({"directed": None}, TypeError, "directed must be True or False, got None"),
    ({"key": 0.5}, TypeError, "key must be an integer from 0 to 18446744073709551615, got 0.5"),
    ({"key": -1}, ValueError, "key must be an integer from 0 to 18446744073709551615, got -1"),
    ({"by": "degree", "known": Graph.from_edges([2], [2], 40)}, ValueError, "and none is known: take by = .uniform."),
])  # fmt: skip
def test_refused(options, error, text):
    how = {"by": "uniform", "pairs": PAIRS, "known": UNDIRECTED, "directed": False, "key": KEY, **options}
    with pytest.raises(error, match=text):
        Negatives(by=how["by"]).draw(how["pairs"], how["known"], how["directed"], how["key"])


def test_a_key_may_be_a_plain_integer():
    np.testing.assert_array_equal(*(Negatives().draw(PAIRS, UNDIRECTED, False, key) for key in (5, np.uint64(5))))


#: Who changes this changes rng.VERSION and writes it into the changelog.
GOLDEN = {"uniform": [[33, 33], [14, 24], [12, 14]], "degree": [[8, 33], [14, 24], [12, 5]]}


@WAYS
def test_golden_draws(by):
    found = Negatives(2, by).draw([[0, 1], [7, 3], [7, 3]], UNDIRECTED, False, KEY)
    assert found[..., 1].tolist() == GOLDEN[by]
