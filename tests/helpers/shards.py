"""Shards of small datasets, and owners of them that live in one process."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np

import graphsage as gs
from graphsage.shards.cut import cut
from graphsage.shards.shard_folders import opened_shards

ARRAYS = [field.name for field in fields(gs.MiniBatch)]


def small_dataset(sparse=False, times=False, num_nodes=60, num_edges=400, seed=0):
    """A dataset whose graph has hubs, isolated nodes, repeated edges, weights (some 0), times and edge ids."""
    random = np.random.default_rng(seed)
    src, dst = (random.integers(0, num_nodes - 5, num_edges) ** 2 // (num_nodes - 5) for _ in range(2))
    graph = gs.Graph.from_edges(
        src, dst, num_nodes, undirected=True, weights=random.integers(0, 4, num_edges).astype(np.float32),
        times=random.integers(0, 50, num_edges), edge_ids=1000 + random.permutation(num_edges),
    )  # fmt: skip
    features = random.random((num_nodes, 5), np.float32)
    if sparse:
        from scipy.sparse import csr_array

        features = csr_array(np.where(features < 0.4, features, 0).astype(np.float32))
    nodes = random.permutation(num_nodes)
    asked = {"times": random.integers(20, 60, num_nodes), "node_times": random.integers(0, 30, num_nodes)} if times else {}
    return gs.NodeDataset(
        graph=graph, features=features, labels=random.integers(0, 3, num_nodes), train=nodes[:30], val=nodes[30:40],
        test=nodes[40:50], name="small", **asked,
    )  # fmt: skip


def in_one_process(path, count):
    """[the dataset that rank 0 opens of the shards in ``path``, that rank 1 opens, ...]."""
    together = _Together(count)
    with ThreadPoolExecutor(count) as executor:
        opening = [executor.submit(opened_shards, path, "small", exchange=_Exchange(rank, together)) for rank in range(count)]
        return [rank.result(60) for rank in opening]


def whole_and_parts(path, count=3, sparse=False):
    """(the small dataset, [what each of ``count`` processes opens of its shards, which ``path`` then has])."""
    whole = small_dataset(sparse=sparse)
    cut(whole, path, count)
    return whole, in_one_process(path, count)


class _Together:
    def __init__(self, count):
        self.barrier, self.told = threading.Barrier(count, timeout=60), [None] * count
        self.answers, self.has_more = [{} for _ in range(count)], threading.Condition()

    def answer_of(self, rank, what):
        """Waits for it, as the other processes do."""
        with self.has_more:
            assert self.has_more.wait_for(lambda: what in self.answers[rank], 60)
            return self.answers[rank][what]


class _Exchange:
    """The face of ``Exchange``, without processes."""

    def __init__(self, rank, together):
        self.rank, self.size, self.together = rank, len(together.told), together
        self.asked = []

    def gather(self, value):
        self.together.told[self.rank] = value
        self.together.barrier.wait()
        found = list(self.together.told)
        self.together.barrier.wait()
        return found

    def answer(self, what, function):
        with self.together.has_more:
            self.together.answers[self.rank][what] = function
            self.together.has_more.notify_all()

    def forget(self, what):
        del self.together.answers[self.rank][what]

    def ask(self, what, questions):
        self.asked.append((what, sorted(questions), sum(len(arrays[0]) for _, arrays in questions.values() if arrays)))
        return {rank: self.together.answer_of(rank, what)(values, *arrays) for rank, (values, arrays) in questions.items()}


def assert_same_batch(found, expected):
    """Bit for bit."""
    for name in ARRAYS:
        a, b = getattr(found, name), getattr(expected, name)
        assert (a is None) == (b is None), name
        if a is not None:
            assert a.dtype == b.dtype, name
            np.testing.assert_array_equal(a, b, err_msg=name)
