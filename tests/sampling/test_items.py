"""SeedPlan: both meanings of an epoch and the full batch, as pure functions of (seed, epoch, step)."""

import copy
import pickle
import re
from collections import Counter

import numpy as np
import pytest
import torch
from helpers.graphs import filled_lists
from hypothesis import assume, given, strategies as st

from graphsage.sampling.items import Items, SeedPlan

NODES = np.arange(100, 150)


def epoch_of(plan, epoch):
    return [plan.seeds(epoch, step).tolist() for step in range(plan.num_steps)]


@given(filled_lists(st.integers(0, 9), [1, 7, 20]), st.integers(1, 8), st.integers(0, 3))
def test_a_pass_uses_each_node_once(nodes, batch_size, epoch):
    plan = SeedPlan(nodes, batch_size)
    steps = epoch_of(plan, epoch)
    assert Counter(sum(steps, [])) == Counter(nodes)
    assert plan.num_steps == len(steps) == -(-len(nodes) // batch_size)
    assert [len(step) for step in steps[:-1]] == [batch_size] * (len(steps) - 1)
    assert 1 <= len(steps[-1]) <= batch_size


@given(st.integers(1, 20), st.integers(1, 25), st.integers(1, 5))
def test_random_batches_have_the_asked_number_and_size(num_nodes, batch_size, batches):
    plan = SeedPlan(NODES[:num_nodes], batch_size, batches)
    steps = epoch_of(plan, 0)
    assert plan.num_steps == batches and [len(step) for step in steps] == [batch_size] * batches
    assert set(sum(steps, [])) <= set(NODES[:num_nodes].tolist())


def test_the_last_batch_of_a_pass_may_be_short():
    assert [len(step) for step in epoch_of(SeedPlan(NODES, 15), 0)] == [15, 15, 15, 5]
    assert [len(step) for step in epoch_of(SeedPlan(NODES, 25), 0)] == [25, 25]
    assert [len(step) for step in epoch_of(SeedPlan(NODES, 99), 0)] == [50]


def test_random_batches_draw_with_replacement():
    """50 nodes drawn 50 times without a repeat: probability 50! / 50^50 < 1e-20 a batch. All 50 nodes are drawn in 40
    batches of 50 but for probability 50 * 0.98^2000 < 1e-15."""
    steps = epoch_of(SeedPlan(NODES, 50, 40), 0)
    assert all(len(set(step)) < 50 for step in steps)
    assert set(sum(steps, [])) == set(NODES.tolist())


def test_a_full_batch_is_all_nodes_in_their_own_order():
    plan = SeedPlan([5, 3, 3, 9])
    assert plan.num_steps == 1
    assert plan.seeds(7, 0).tolist() == [5, 3, 3, 9]


@pytest.mark.parametrize("batches", [None, 6])
def test_a_plan_is_a_function_of_seed_epoch_and_step(batches):
    steps = [(epoch, step) for epoch in (0, 1, 2) for step in range(5)]
    plan = SeedPlan(NODES, 10, batches, seed=3)
    inorder = {at: plan.seeds(*at).tolist() for at in steps}
    shuffled = SeedPlan(NODES, 10, batches, seed=3)
    assert {at: shuffled.seeds(*at).tolist() for at in sorted(steps, key=lambda at: (at[1], -at[0]))} == inorder
    # any two of 16 different batches are equal by chance with probability < 1e-16
    other = SeedPlan(NODES, 10, batches, seed=4).seeds(0, 0).tolist()
    assert len({tuple(batch) for batch in [*inorder.values(), other]}) == 16


def test_epochs_are_ordered_anew_and_seed_and_epoch_do_not_add_up():
    first, second = SeedPlan(NODES, 50, seed=1), SeedPlan(NODES, 50, seed=2)
    assert first.seeds(2, 0).tolist() != first.seeds(1, 0).tolist() != second.seeds(0, 0).tolist()
    assert first.seeds(1, 0).tolist() != second.seeds(0, 0).tolist()
    assert first.seeds(0, 0).tolist() != NODES.tolist()


def test_a_plan_keeps_its_own_nodes():
    for own in (np.arange(4), torch.arange(4)):
        plan = SeedPlan(own)
        own[:] = 77
        assert plan.nodes.tolist() == plan.seeds(0, 0).tolist() == [0, 1, 2, 3]
        assert not plan.nodes.flags.writeable


def test_numpy_integers_do_not_overflow():
    plan = SeedPlan(np.arange(2708), np.uint8(200), seed=np.uint64(7))
    assert plan.num_steps == 14 and len(plan.seeds(0, 13)) == 2708 - 13 * 200
    drawn = SeedPlan(np.arange(2708), np.int8(100), np.uint8(255))
    assert drawn.num_steps == 255 and len(drawn.seeds(0, 254)) == 100
    assert all(type(n) is int for n in (plan.batch_size, plan.seed, drawn.batch_size, drawn.batches_per_epoch))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda plan: pickle.loads(pickle.dumps(plan))])
def test_copies_of_a_plan_are_the_plan(copied):
    plan = SeedPlan(NODES, 15, seed=3)
    plan.seeds(2, 0)
    again = copied(plan)
    assert not again.nodes.flags.writeable and epoch_of(again, 2) == epoch_of(plan, 2)


BAD = [
    ({"items": []}, ValueError, "nodes is empty: an epoch needs at least one training node"),
    ({"items": [0.5]}, TypeError, "nodes must be integers"),
    ({"items": [[1]]}, ValueError, "nodes must be one-dimensional, got shape (1, 1)"),
    ({"items": [True, False]}, TypeError, "np.flatnonzero turns a mask into ids"),
    ({"items": None}, TypeError, "nodes must be a list or a one-dimensional array, got None"),
    ({"batch_size": 0}, ValueError, "batch_size must be an integer >= 1, got 0"),
    ({"batch_size": -1}, ValueError, "batch_size must be an integer >= 1, got -1"),
    ({"batch_size": 2.0}, TypeError, "batch_size must be an integer >= 1, got 2.0"),
    ({"batch_size": "all"}, TypeError, "batch_size must be an integer >= 1, got 'all'"),
    ({"batch_size": 2, "batches_per_epoch": 0}, ValueError, "batches_per_epoch must be an integer >= 1, got 0"),
    ({"batch_size": 2, "batches_per_epoch": 1.5}, TypeError, "batches_per_epoch must be an integer >= 1, got 1.5"),
    ({"batches_per_epoch": 2}, ValueError, "batches_per_epoch = 2 needs a batch_size: a full batch is one step an epoch"),
    ({"seed": -1}, ValueError, f"seed must be an integer from 0 to {2**64 - 1}, got -1"),
    ({"seed": 2**64}, ValueError, f"seed must be an integer from 0 to {2**64 - 1}, got {2**64}"),
    ({"seed": None}, TypeError, f"seed must be an integer from 0 to {2**64 - 1}, got None"),
]


@pytest.mark.parametrize("settings, error, text", BAD, ids=[f"{case[0]}" for case in BAD])
def test_what_is_no_plan(settings, error, text):
    with pytest.raises(error, match=re.escape(text)):
        SeedPlan(**({"items": [0, 1, 2]} | settings))


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("epoch, step, error, text", [
    (0, 5, ValueError, "step must be an integer from 0 to"),
    (0, -1, ValueError, "step must be an integer from 0 to"),
    (0, 0.0, TypeError, r"step must be an integer from 0 to .*, got 0\.0"),
    (-1, 0, ValueError, rf"epoch must be an integer from 0 to {2**64 - 1}, got -1"),
    (2**64, 0, ValueError, "epoch must be an integer from 0 to"),
    ("1", 0, TypeError, "epoch must be an integer from 0 to .*, got '1'"),
])
def test_a_place_outside_the_plan(batch_size, epoch, step, error, text):
    with pytest.raises(error, match=text):
        SeedPlan([0, 1, 2], batch_size).seeds(epoch, step)


# ---- order


def test_without_shuffle_a_pass_keeps_the_items_order():
    plan = SeedPlan([5, 3, 3, 9, 1], 2, shuffle=False)
    for epoch in (0, 7):
        assert [plan.seeds(epoch, step).tolist() for step in plan.steps] == [[5, 3], [3, 9], [1]]
        assert [plan.places(epoch, step).tolist() for step in plan.steps] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("shuffle", [True, False])
def test_drop_last_leaves_out_a_short_step_only(shuffle):
    assert SeedPlan(np.arange(7), 3, shuffle=shuffle, drop_last=True).num_steps == 2
    assert SeedPlan(np.arange(6), 3, shuffle=shuffle, drop_last=True).num_steps == 2
    kept, whole = (SeedPlan(np.arange(7), 3, shuffle=shuffle, drop_last=drop) for drop in (True, False))
    assert [kept.seeds(4, step).tolist() for step in range(2)] == [whole.seeds(4, step).tolist() for step in range(2)]


def test_ranks_share_the_steps_of_one_process():
    for num_ranks in (1, 2, 3, 9):
        ranks = [SeedPlan(np.arange(50), 7, seed=2, rank=rank, num_ranks=num_ranks) for rank in range(num_ranks)]
        assert sorted(step for plan in ranks for step in plan.steps) == list(range(ranks[0].num_steps))
        assert all(plan.seeds(1, 5).tolist() == ranks[0].seeds(1, 5).tolist() for plan in ranks)


@given(n=st.integers(1, 70), size=st.none() | st.integers(1, 12), num_ranks=st.integers(1, 5), least=st.integers(1, 3))
def test_ranks_share_a_pass_evenly(n, size, num_ranks, least):
    """Each item once over all ranks, as many steps a rank, no step below ``least``; whole steps are those of one process."""
    assume(n >= num_ranks * least and (size is None or size >= least))
    ranks = [SeedPlan(np.arange(n), size, seed=2, least=least, rank=rank, num_ranks=num_ranks) for rank in range(num_ranks)]
    assert len({len(plan.steps) for plan in ranks}) == 1
    steps = {step: plan.seeds(3, step).tolist() for plan in ranks for step in plan.steps}
    assert sorted(steps) == list(range(ranks[0].num_steps))
    assert sorted(seed for seeds in steps.values() for seed in seeds) == list(range(n))
    assert min(map(len, steps.values())) >= least and max(map(len, steps.values())) <= (size or n) + least
    alone = SeedPlan(np.arange(n), size, seed=2)
    for step in range(ranks[0].num_steps - num_ranks):
        assert steps[step] == alone.seeds(3, step).tolist()


def test_a_last_step_that_is_too_short_joins_the_one_before():
    plan, alone = SeedPlan(np.arange(97), 32, seed=1, least=2), SeedPlan(np.arange(97), 32, seed=1)
    assert [len(plan.seeds(0, step)) for step in plan.steps] == [32, 32, 33] and alone.num_steps == 4
    joined = [*alone.seeds(0, 2), *alone.seeds(0, 3)]
    assert plan.seeds(0, 2).tolist() == joined
    as_before = SeedPlan(np.arange(98), 32, seed=1, least=2)
    assert [len(as_before.seeds(0, step)) for step in as_before.steps] == [32, 32, 32, 2]


def test_ranks_have_as_many_whole_or_random_steps():
    whole = [SeedPlan(np.arange(50), 7, drop_last=True, rank=rank, num_ranks=2) for rank in range(2)]
    assert [list(plan.steps) for plan in whole] == [[0, 2, 4], [1, 3, 5]]
    assert {len(plan.seeds(0, step)) for plan in whole for step in plan.steps} == {7}
    at_random = [SeedPlan(np.arange(50), 7, 3, rank=rank, num_ranks=2) for rank in range(2)]
    assert [list(plan.steps) for plan in at_random] == [[0, 2], [1, 3]]


def test_pairs_keep_what_belongs_to_them():
    pairs, time = np.array([[0, 1], [2, 3], [4, 4]]), np.array([1.5, 2.5, 3.5])
    items = Items(pairs, time=time)
    plan = SeedPlan(items, 2, seed=3)
    for step in plan.steps:
        places = plan.places(0, step)
        assert plan.items[places].seeds.tolist() == pairs[places].tolist()
        assert plan.items[places].time.tolist() == time[places].tolist() and plan.items[places].label is None


@pytest.mark.parametrize("options, error, text", [
    ({"items": [1, 2], "batch_size": 4, "drop_last": True}, ValueError, "drop_last=True leaves nothing of 2 items"),
    ({"items": [1, 2], "batch_size": 1, "batches_per_epoch": 2, "shuffle": False}, ValueError, "shuffle=False is about a pass"),
    ({"items": [1, 2], "batch_size": 1, "batches_per_epoch": 2, "drop_last": True}, ValueError, "drop_last=True is about"),
    ({"items": [1, 2], "drop_last": True}, ValueError, "drop_last=True is about a pass in batches: it needs a batch_size"),
    ({"items": [1], "shuffle": "no"}, TypeError, "shuffle must be True or False, got 'no'"),
    ({"items": [1, 2, 3], "num_ranks": 4}, ValueError, "^3 items are too few for at least 1 a batch on 4 ranks: each needs"),
    ({"items": [1, 2, 3], "batch_size": 2, "num_ranks": 2, "drop_last": True}, ValueError, "nothing of 3 items on 2 ranks"),
    ({"items": [1], "batch_size": 8, "least": 2}, ValueError, "^1 items are too few for at least 2 a batch: each"),
    ({"items": [1, 2], "batch_size": 1, "least": 2}, ValueError, "^batch_size must be at least least = 2, got 1"),
    ({"items": [1], "least": 0}, ValueError, "least must be an integer >= 1, got 0"),
    ({"items": [1], "rank": 2, "num_ranks": 2}, ValueError, "rank must be an integer from 0 to 1, got 2"),
])
def test_orders_that_cannot_be(options, error, text):
    with pytest.raises(error, match=text):
        SeedPlan(**options)


def test_items_that_do_not_fit():
    with pytest.raises(ValueError, match=r"^time must have one entry per item, 2; got shape \(3,\)$"):
        Items([1, 2], time=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"^seeds must be one-dimensional, got shape \(1, 3\)$"):
        Items([[1, 2, 3]])


def test_an_order_is_kept_in_half_the_memory_and_given_out_as_int64():
    plan = SeedPlan(np.arange(100, 120), batch_size=8, seed=1)
    places = [plan.places(0, step) for step in range(plan.num_steps)]
    assert {part.dtype for part in places} == {np.dtype(np.int64)} and plan._orders[0].dtype == np.int32
    assert sorted(np.concatenate(places).tolist()) == list(range(20))
