"""The keyed generator: published answers, exact range reduction, no shared numbers, golden draws."""

from itertools import combinations, product

import naive
import numpy as np
import pytest
from hypothesis import given, strategies as st

from graphsage import Graph, NeighborSampler, multihop_sampling
from graphsage.base import rng
from graphsage.base.jit import kernel

pytestmark = pytest.mark.kernels

STREAMS = [rng.PLAN, rng.SAMPLE, rng.ORDER, rng.DROPOUT, rng.INIT, rng.NEGATIVE, rng.WALK, rng.TREE, rng.SPLIT, rng.GENERATE]
LAST = 2**64 - 1
LARGEST_BOUND = 2**31 - 1

# ---- the generator

#: state -> first outputs of the reference program (Vigna, splitmix64.c)
PUBLISHED = {
    0: [16294208416658607535, 7960286522194355700, 487617019471545679, 17909611376780542444, 1961750202426094747],
    1234567: [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
    LAST: [16490336266968443936, 16834447057089888969, 4048727598324417001, 7862637804313477842, 13015481187462834606],
}


@pytest.mark.parametrize("state", PUBLISHED)
def test_published_answers(state):
    assert rng.draws(np.uint64(state), 5).tolist() == PUBLISHED[state]
    assert naive.splitmix64(state, 5) == PUBLISHED[state]


def test_draws_from_the_middle():
    key = rng.stream_key(3, rng.GENERATE)
    assert rng.draws(key, 7, 5).tolist() == rng.draws(key, 12)[5:].tolist()


@kernel
def first_draws_below(keys, bounds, out):
    for i in range(len(keys)):
        out[i] = rng.draw_below(keys[i], np.uint64(i), bounds[i])


@kernel
def scaled(words, bounds, out):
    for i in range(len(words)):
        out[i] = rng.scale(words[i], bounds[i])


def test_draws_in_kernels_are_the_twins():
    generator = np.random.default_rng(0)
    keys = generator.integers(0, LAST, 500, np.uint64, endpoint=True)
    bounds = generator.integers(1, LARGEST_BOUND, 500, np.uint64, endpoint=True)
    out = np.empty(500, np.int64)
    first_draws_below(keys, bounds, out)
    twins = [naive.draw_below(key, i, bound) for i, (key, bound) in enumerate(zip(keys.tolist(), bounds.tolist()))]
    assert out.tolist() == twins


# ---- range reduction

WORDS = [0, 1, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 2**32, LAST - 1, LAST]
BOUNDS = [1, 2, 3, 65_535, 65_536, 65_537, 2**30, LARGEST_BOUND - 1, LARGEST_BOUND]


def assert_scaled_exactly(words, bounds):
    """Against whole-number arithmetic of any size, as numpy arrays and in a kernel."""
    exact = [word * bound // 2**64 for word, bound in zip(words, bounds)]
    words, bounds, out = np.array(words, np.uint64), np.array(bounds, np.uint64), np.empty(len(words), np.uint64)
    scaled(words, bounds, out)
    assert out.tolist() == exact
    assert rng.scale(words, bounds).tolist() == exact


def test_range_reduction_of_awkward_words():
    assert_scaled_exactly(*zip(*product(WORDS, BOUNDS)))


def test_range_reduction_at_each_side_of_a_step():
    """The first word that gives ``value`` and the word before: there the low half of the word decides."""
    steps = [(-(-value * 2**64 // bound), bound) for bound in BOUNDS for value in {1, bound // 2, bound - 1} if value]
    firsts = [(word, bound) for word, bound in steps if word <= LAST]
    assert_scaled_exactly(*zip(*firsts))
    assert_scaled_exactly(*zip(*((word - 1, bound) for word, bound in steps)))


@given(st.lists(st.tuples(st.integers(0, LAST), st.integers(1, LARGEST_BOUND)), min_size=1, max_size=50))
def test_range_reduction_anywhere(pairs):
    assert_scaled_exactly(*zip(*pairs))


@pytest.mark.parametrize("bound", BOUNDS)
def test_the_smallest_and_the_largest_word_reach_both_ends(bound):
    words = np.array([0, LAST], np.uint64)
    assert rng.scale(words, np.uint64(bound)).tolist() == [0, bound - 1]


# ---- keys


@given(st.lists(st.integers(0, LAST), max_size=6), st.integers(0, LAST), st.sampled_from(STREAMS))
def test_keys_are_the_twins(elements, seed, stream):
    key = rng.stream_key(seed, stream, *elements)
    assert (type(key), int(key)) == (np.uint64, naive.stream_key(seed, stream, *elements))


def test_small_coordinates_share_no_key():
    """Null: keys are 64 random bits. Two of the 583,680 would then be equal with probability 9e-9."""
    outer = product(range(8), STREAMS, range(8), range(12))  # seed, stream, epoch, step
    keys = np.array([rng.stream_key(*where, rng.REPLICA) for where in outer], np.uint64)
    hops = rng.fold(keys[:, None], np.arange(3, dtype=np.uint64))  # [keys, hops]
    nodes = rng.fold(hops[:, :, None], np.arange(24, dtype=np.uint64))  # [keys, hops, nodes]
    everything = np.concatenate([keys, hops.ravel(), nodes.ravel()])
    assert len(np.unique(everything)) == len(everything) == 7680 * (1 + 3 + 72)


def test_streams_share_no_draws():
    draws = {stream: set(rng.draws(rng.stream_key(0, stream, 0, 0, 0), 5000).tolist()) for stream in STREAMS}
    assert len(draws) == 10  # the streams' own numbers differ
    for a, b in combinations(STREAMS, 2):
        assert draws[a].isdisjoint(draws[b])


def test_seed_1_step_2_is_not_seed_2_step_1():
    assert rng.stream_key(1, rng.SAMPLE, 0, 2) != rng.stream_key(2, rng.SAMPLE, 0, 1)
    graph = Graph.from_csr(np.arange(41) * 40, np.tile(np.arange(40), 40))
    seeds = np.arange(40)
    trees = [multihop_sampling(seeds, [3], graph, seed=(seed, 0, 3 - seed))[1].tolist() for seed in (1, 2)]
    batches = [NeighborSampler(graph, [3], seed=seed).sample(seeds, step=3 - seed).indices.tolist() for seed in (1, 2)]
    assert trees[0] != trees[1] and batches[0] != batches[1]


def test_epoch_and_step_are_different_coordinates():
    assert rng.stream_key(0, rng.SAMPLE, 1, 2) != rng.stream_key(0, rng.SAMPLE, 2, 1)


@pytest.mark.parametrize("seed, received", [(-1, "-1"), (2**64, "18446744073709551616")])
def test_a_seed_outside_64_bits_is_refused(seed, received):
    with pytest.raises(ValueError, match=f"seed must be an integer from 0 to 18446744073709551615, got {received}"):
        rng.stream_key(seed, rng.SAMPLE)


def test_an_element_outside_64_bits_is_refused():
    with pytest.raises(ValueError, match="key element must be an integer from 0 to 18446744073709551615, got -3"):
        rng.stream_key(0, rng.SAMPLE, 0, -3)
    with pytest.raises(TypeError, match=r"key element must be an integer .*, got 1\.5"):
        rng.stream_key(0, rng.SAMPLE, 1.5)


def test_fresh_seeds_are_fresh_and_legal():
    seeds = {rng.fresh_seed() for _ in range(100)}
    assert len(seeds) == 100 and all(0 <= seed <= LAST for seed in seeds)


# ---- orders and choices


@given(st.integers(0, LAST), st.integers(0, 60))
def test_permutation_is_the_twins(key, count):
    order = rng.permutation(np.uint64(key), count).tolist()
    assert order == naive.permutation(key, count)
    assert sorted(order) == list(range(count))


@given(st.integers(0, LAST), st.integers(0, 60), st.integers(1, LARGEST_BOUND))
def test_choice_with_replacement_is_the_twins(key, count, bound):
    picks = rng.draws_below(np.uint64(key), count, bound)
    assert picks.dtype == np.int64
    assert picks.tolist() == [naive.draw_below(key, i, bound) for i in range(count)]


# ---- golden draws: whoever changes one of these numbers changes rng.VERSION and writes it into the changelog


def test_golden_version():
    assert rng.VERSION == 1
    assert STREAMS == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("coordinates, key", [
    ((0, rng.PLAN), 5095610196844313600),
    ((0, rng.SAMPLE, 0, 0, 0), 5575471245295405388),
    ((1, rng.SAMPLE, 0, 2, 0), 12696368815788275513),
    ((2, rng.SAMPLE, 0, 1, 0), 5076410190224157570),
    ((LAST, rng.WALK, LAST), 14529414656285715303),
])
def test_golden_keys(coordinates, key):
    assert rng.stream_key(*coordinates) == key


def test_golden_permutation_and_choice():
    key = rng.stream_key(7, rng.PLAN, 3)
    assert rng.permutation(key, 12).tolist() == [5, 1, 7, 3, 0, 10, 9, 6, 2, 11, 4, 8]
    choice = [554, 94, 727, 188, 885, 84, 674, 151, 951, 663, 640, 839]
    assert rng.draws_below(key, 12, 1000).tolist() == choice


def golden_graph():
    """Six nodes; edges 0-1, 0-2, 0-3, 0-4, 1-2, 2-3, 3-4 and the loop 4-4; node 5 is isolated."""
    return Graph.from_edges([0, 0, 0, 0, 1, 2, 3, 4], [1, 2, 3, 4, 2, 3, 4, 4], 6, undirected=True)


@pytest.mark.parametrize("replace, hop_1, hop_2", [
    (True, [3, 3, 2, 5, 5, 5, 3, 4, 3, 3, 4, 3],
     [0, 2, 2, 2, 0, 1, 5, 5, 5, 5, 5, 5, 2, 0, 0, 0, 0, 4, 0, 0, 4, 4, 0, 0]),
    (False, [4, 2, 3, 5, 5, 5, 0, 3, 4, 0, 4, 3],
     [3, 0, 3, 1, 2, 0, 5, 5, 5, 5, 5, 5, 2, 4, 0, 4, 4, 0, 1, 4, 3, 4, 4, 0]),
])
def test_golden_tree(replace, hop_1, hop_2):
    hops = multihop_sampling([0, 5, 4, 4], [3, 2], golden_graph(), replace=replace, seed=(7, 1, 2))
    assert [hop.tolist() for hop in hops] == [[0, 5, 4, 4], hop_1, hop_2]


@pytest.mark.parametrize("replace, nodes, hop_offsets, indices, edge_ids", [
    (True, [4, 5, 0, 3, 2], [0, 3, 5, 5], [3, 2, 1, 3, 4, 0, 2, 3, 2], [6, 3, -1, 2, 1, 6, 2, 5, 1]),
    (False, [4, 5, 0, 3, 2, 1], [0, 3, 5, 6], [2, 0, 1, 3, 4, 4, 2, 5, 2], [3, 7, -1, 2, 1, 5, 2, 4, 1]),
])
def test_golden_batch(replace, nodes, hop_offsets, indices, edge_ids):
    sampler = NeighborSampler(golden_graph(), [2, 2], replace=replace, seed=7, isolated="self", edge_ids=True)
    batch = sampler.sample([4, 5, 4, 0], epoch=1, step=2)
    assert batch.nodes.tolist() == nodes
    assert batch.seed_index.tolist() == [0, 1, 0, 2]
    assert batch.hop_offsets.tolist() == hop_offsets
    assert batch.indptr.tolist() == [0, 2, 3, 5, 7, 9]
    assert batch.indices.tolist() == indices
    assert batch.edge_ids.tolist() == edge_ids


@given(st.integers(0, LAST))
def test_exponential_is_the_logarithm(h):
    """To rounding: -log(1 - u) by the machine's own logarithm, whose last bit may be another."""
    u = (h >> 11) * 2.0**-53
    assert rng.unit(np.uint64(h)) == u
    assert rng.exponential(np.uint64(h)) == pytest.approx(-np.log1p(-u), rel=1e-15, abs=0)


@pytest.mark.parametrize("h, value", [(0, 0.0), (2**63, 0.6931471805599453), (LAST, 36.7368005696771)])
def test_exponential_by_hand(h, value):
    assert rng.exponential(np.uint64(h)) == pytest.approx(value, rel=1e-15)
