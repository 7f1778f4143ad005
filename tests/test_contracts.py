"""A batch is a function of graph, settings, seed, epoch, step and seeds alone: not of threads, order, process or mode.

The other half of what is shown here is metamorphic: changes of the input that must change nothing, or change it alike.
"""

import json
import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import graphs as shared
from helpers.graphs import (
    batch_digest,
    batch_edges,
    digest,
    edge_counts,
    edge_lists,
    fanout_lists,
    graphs,
    random_graph,
    seed_lists,
)
from hypothesis import given, strategies as st

import graphsage
from graphsage.graph.graph import Graph
from graphsage.sampling.items import SeedPlan
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.sampling.tree import multihop_sampling

FANOUTS = [10, 5]


@pytest.fixture(scope="module")
def graph():
    """Large enough that batches of several threads are under way together."""
    return random_graph(20_000, 300_000)


def plan_of(graph):
    return SeedPlan(np.arange(0, graph.num_nodes, 3), 256, seed=9)


@pytest.fixture(scope="module")
def expected(graph):
    """Digest of each step of epoch 2, drawn in order on the calling thread."""
    sampler, plan = NeighborSampler(graph, FANOUTS, seed=9, edge_ids=True), plan_of(graph)
    return [batch_digest(sampler.sample(plan.seeds(2, step), epoch=2, step=step)) for step in range(plan.num_steps)]


# ---- the same batch, whatever happens around it

@pytest.mark.parametrize("num_threads", [0, 1, 2, 4])
def test_batches_do_not_depend_on_the_number_of_threads(graph, expected, num_threads):
    sampler = NeighborSampler(graph, FANOUTS, seed=9, edge_ids=True, num_threads=num_threads)
    assert [batch_digest(batch) for batch in sampler.batches(plan_of(graph), epoch=2)] == expected


def test_batches_do_not_depend_on_the_order_of_the_steps(graph, expected):
    sampler, plan = NeighborSampler(graph, FANOUTS, seed=9, edge_ids=True), plan_of(graph)
    for step in np.random.default_rng(1).permutation(plan.num_steps).tolist():
        assert batch_digest(sampler.sample(plan.seeds(2, step), epoch=2, step=step)) == expected[step]


def test_one_sampler_serves_several_threads_of_the_caller(graph, expected):
    sampler, plan = NeighborSampler(graph, FANOUTS, seed=9, edge_ids=True), plan_of(graph)
    meeting = threading.Barrier(3, timeout=60)

    def every_step(shift):
        meeting.wait()
        steps = [(step + shift) % plan.num_steps for step in range(plan.num_steps)]
        return {step: batch_digest(sampler.sample(plan.seeds(2, step), epoch=2, step=step)) for step in steps}

    with ThreadPoolExecutor(3) as executor:
        for found in executor.map(every_step, [0, 5, 11]):
            assert found == dict(enumerate(expected))


def test_every_part_of_the_key_counts(graph, expected):
    """Any two of these batches are equal by chance with a probability far below 2^-64."""
    seeds = plan_of(graph).seeds(2, 0)

    def sample(seed, epoch, step):
        return batch_digest(NeighborSampler(graph, FANOUTS, seed=seed, edge_ids=True).sample(seeds, epoch=epoch, step=step))

    keys = [(9, 2, 0), (2, 9, 0), (9, 0, 2), (10, 2, 0), (9, 3, 0), (9, 2, 1), (0, 0, 0)]
    assert len({sample(*key) for key in keys}) == len(keys)
    assert sample(9, 2, 0) == expected[0]


def test_nodes_of_a_batch_share_no_draws():
    """All nodes have the neighbours 0..15, 8 of which are drawn: two rows alike by chance in 1 of 12,870 pairs.

    With one shuffle for all rows, all 1,225 pairs of these 50 rows would be alike; expected are 0.1 (10 or more: < 1e-16).
    """
    rows = Graph.from_csr(np.arange(51) * 16, np.tile(np.arange(16), 50))
    batch = NeighborSampler(rows, [8], seed=1).sample(np.arange(50))
    drawn = [frozenset(batch.indices[a:b].tolist()) for a, b in zip(batch.indptr, batch.indptr[1:])]
    assert sum(a == b for i, a in enumerate(drawn) for b in drawn[:i]) < 10


def test_hops_share_no_draws():
    """49 nodes draw 3 of 150 at the second hop, and again as seeds: 3 or more alike by chance with probability < 1e-12."""
    table = {0: range(1, 50)} | {v: range(50, 200) for v in range(1, 50)} | {v: [] for v in range(50, 200)}
    rows, drawn = Graph.from_adjacency_dict(table), []
    for seeds, fanouts in (([0], [-1, 3]), (range(1, 50), [3])):
        u, v = batch_edges(NeighborSampler(rows, fanouts, seed=1).sample(seeds))
        drawn.append([frozenset(u[v == node].tolist()) for node in range(1, 50)])
    assert all(len(row) == 3 for row in sum(drawn, []))
    assert sum(a == b for a, b in zip(*drawn)) < 3


def child(**environment):
    """Digests of the same small work, made by a fresh process."""
    paths = [str(Path(graphsage.__file__).parents[1]), str(Path(__file__).parent)]
    path = os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", "import json; from helpers.graphs import digests; print(json.dumps(digests()))"]
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("environment", [{"NUMBA_DISABLE_JIT": "0"}, {"NUMBA_DISABLE_JIT": "1"}, {"PYTHONHASHSEED": "7"}],
                         ids=lambda environment: "=".join(*environment.items()))
def test_a_fresh_process_draws_the_same_compiled_or_not(environment):
    found = child(**environment)
    assert len(set(found.values())) == len(found) == 11
    assert found == shared.digests()


# ---- no random state but the keys

def global_states():
    kind, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), (kind, rest[0].tolist(), *rest[1:]), torch.get_rng_state().tolist()


def draw_from_all():
    random.random()
    np.random.random(3)  # noqa: NPY002
    torch.rand(3)


def use_everything():
    found = shared.digests()
    table = random_graph(30, 90)
    list(NeighborSampler(table, [2], num_threads=2).batches(SeedPlan(np.arange(30), 7)))
    multihop_sampling([1, 2], [3], table)  # fresh entropy is not taken from them either
    return found


@pytest.mark.kernels
def test_global_states_are_neither_moved_nor_read():
    before = global_states()
    first = use_everything()
    assert global_states() == before
    draw_from_all()
    moved = global_states()
    assert all(a != b for a, b in zip(moved, before))  # these states do show a draw
    assert use_everything() == first
    assert global_states() == moved


# ---- metamorphic

@pytest.mark.kernels
@given(st.data(), edge_lists(), fanout_lists(allow_all=False), st.booleans())
def test_permuting_the_edges_changes_no_batch(data, edges, fanouts, replace):
    num_nodes, src, dst = edges
    order = data.draw(st.permutations(range(len(src))))
    seeds = data.draw(seed_lists(num_nodes))
    results = []
    for u, v in ((src, dst), ([src[i] for i in order], [dst[i] for i in order])):
        graph = Graph.from_edges(u, v, num_nodes)
        batch = NeighborSampler(graph, fanouts, replace=replace, seed=1).sample(seeds)
        tree = multihop_sampling(seeds, fanouts, graph, replace=replace, seed=1)
        results.append((batch_digest(batch), digest(tree)))
    assert results[0] == results[1]


@pytest.mark.kernels
@given(st.data(), graphs(), fanout_lists(allow_all=True), st.booleans(), st.sampled_from(["empty", "self"]))
def test_permuting_or_repeating_the_seeds_leaves_the_edges(data, graph, fanouts, replace, isolated):
    seeds = data.draw(seed_lists(graph.num_nodes))
    more = data.draw(st.permutations(seeds + data.draw(st.lists(st.sampled_from(seeds), max_size=3))))
    sampler = NeighborSampler(graph, fanouts, replace=replace, isolated=isolated, seed=1)
    check_other_order(sampler, seeds, more)


@pytest.mark.parametrize("replace", [False, True])
def test_permuting_many_seeds_leaves_the_edges(graph, replace):
    seeds = plan_of(graph).seeds(0, 0)
    check_other_order(NeighborSampler(graph, FANOUTS, replace=replace, seed=1), seeds, seeds[::-1].tolist())


def check_other_order(sampler, seeds, more):
    """The same edges, hops and nodes a hop, whatever the order of the seeds."""
    batch, other = sampler.sample(seeds), sampler.sample(more)
    assert edge_counts(*batch_edges(other)) == edge_counts(*batch_edges(batch))
    assert other.nodes[other.seed_index].tolist() == more
    for hop in range(batch.num_hops + 1):
        first, last = batch.hop_offsets[hop], batch.hop_offsets[hop + 1]
        assert other.hop_offsets[hop + 1] == last
        assert set(other.nodes[first:last].tolist()) == set(batch.nodes[first:last].tolist())


@pytest.mark.kernels
@given(st.data(), graphs())
def test_all_neighbours_do_not_depend_on_the_key(data, graph):
    seeds = data.draw(seed_lists(graph.num_nodes))
    digests = {batch_digest(NeighborSampler(graph, [-1, -1], seed=seed, replace=replace).sample(seeds, step=seed))
               for seed in (0, 1, 2) for replace in (False, True)}
    assert len(digests) == 1


def test_without_a_seed_trees_differ_and_with_one_they_do_not(graph):
    """2,560 draws each: equal by chance with a probability that is no number worth naming."""
    seeds = np.argsort(graph.degrees)[-256:]
    trees = [digest(multihop_sampling(seeds, [10], graph, seed=seed)) for seed in (None, None, 4, 4)]
    assert len(set(trees)) == 3 and trees[2] == trees[3]
