"""Popularity and paths of three beside slow readings of their formulas, with and without times."""

import numpy as np
import pytest
from helpers.typed_links import BUYS, KNOWS, sold

from graphsage.config.link_config import LinkConfig
from graphsage.training.link_baselines import (
    BASELINES,
    baseline_scores,
    baselines_of,
    common_neighbors,
    paths_of_three,
    popularity,
)


def links_before(data, time):
    """{(user, item)} of the messages before ``time``."""
    pairs, times = np.stack(data.graph.edges(BUYS), 1).tolist(), data.graph.rows.times
    times = None if times is None else times[data.graph.span(BUYS)].tolist()
    return {tuple(pair) for at, pair in enumerate(pairs) if time is None or times[at] < time}


def slow_popularity(data, pair, time):
    return sum(b == pair[1] for _, b in links_before(data, time))


def slow_paths(data, pair, time):
    links = links_before(data, time)
    own = [i for a, i in links if a == pair[0]]
    buyers = [u for u, b in links if b == pair[1]]
    return sum((u, i) in links for i in own for u in buyers)


@pytest.mark.parametrize("has_times", [False, True])
@pytest.mark.parametrize(("score", "slow"), [(popularity, slow_popularity), (paths_of_three, slow_paths)])
def test_scores_are_those_of_the_formula(score, slow, has_times):
    data, rng = sold(times=has_times), np.random.default_rng(3)
    pairs = np.stack([rng.integers(0, 60, 40), rng.integers(0, 40, 40)], 1)
    times = rng.choice([-1, 30, 60, 95], 40) if has_times else None
    expected = [slow(data, pair, None if times is None else times[at]) for at, pair in enumerate(pairs.tolist())]
    assert score(data, pairs, times).tolist() == expected and max(expected) > 1


def test_two_types_share_no_neighbour():
    data = sold()
    assert list(baselines_of(data)) == ["popularity (item degree)", "common neighbours (paths of three)"]
    assert common_neighbors(data, data.test.seeds).max() == 0
    assert baselines_of(sold(relation=KNOWS)) is BASELINES


@pytest.mark.parametrize("relation", [BUYS, KNOWS])
def test_judged_on_the_candidates_of_the_model(relation):
    data = sold(relation=relation)
    found = baseline_scores(data, data.test, LinkConfig(candidates=10), 0)
    assert list(found) == list(baselines_of(data)) and set(found[next(iter(found))]) >= {"mrr", "hits@10"}
    if relation == BUYS:  # near items are bought by the same users, and all items about equally often
        assert found["common neighbours (paths of three)"]["mrr"] > 0.6 > found["popularity (item degree)"]["mrr"]


def test_refused():
    data = sold()
    with pytest.raises(ValueError, match="times are of no use: the dataset's messages have none"):
        popularity(data, [[0, 0]], [3])
    with pytest.raises(ValueError, match=r"pairs\[:, 1\]\[0\] = 40 is not a node"):
        popularity(data, [[0, 40]])
