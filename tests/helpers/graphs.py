"""Graphs that the tests share: hand-made ones, hypothesis strategies, and slow readings of what a sampler returned."""

import hashlib
from collections import Counter

import numpy as np
from hypothesis import strategies as st

from graphsage.graph.graph import Graph
from graphsage.sampling.items import SeedPlan
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.sampling.tree import multihop_sampling

#: Edges 0 -> 1, 0 -> 2, 1 -> 2: no reversal, relabelling or transposition of it looks the same.
SRC, DST = [0, 0, 1], [1, 2, 2]
#: Its rows where an edge puts its source into the row of its destination.
ROWS = {0: [], 1: [0], 2: [0, 1]}


def asymmetric():
    """The 3-node graph that shows directions."""
    return Graph.from_edges(SRC, DST, 3)


def star(num_leaves):
    """Node 0 aggregates from all leaves 1..n, and each leaf from node 0."""
    hub, leaves = np.zeros(num_leaves, int), np.arange(1, num_leaves + 1)
    return Graph.from_edges(np.concatenate([leaves, hub]), np.concatenate([hub, leaves]), num_leaves + 1)


def random_graph(num_nodes, num_edges, seed=0):
    """A directed graph with hubs (low ids are likelier), duplicates, loops and isolated nodes."""
    rng = np.random.default_rng(seed)
    src, dst = (rng.random((2, num_edges)) ** 2 * num_nodes).astype(int)
    return Graph.from_edges(src, dst, num_nodes)


def filled_lists(element, sizes):
    """Lists at least as long as one of ``sizes``: left alone, hypothesis favours lists too short for anything to happen."""
    return st.sampled_from(sizes).flatmap(lambda least: st.lists(element, min_size=least, max_size=max(sizes)))


@st.composite
def edge_lists(draw):
    """(num_nodes >= 1, src, dst) with whatever comes: no edges, isolated nodes, loops, repeated edges."""
    num_nodes = draw(st.integers(1, 10))
    node = st.integers(0, num_nodes - 1)
    edges = draw(filled_lists(st.tuples(node, node), [0, 5, 20, 40]))
    return num_nodes, [u for u, _ in edges], [v for _, v in edges]


@st.composite
def graphs(draw):
    """Graphs whose rows are sorted, or in any order, or symmetric."""
    num_nodes, src, dst = draw(edge_lists())
    kind = draw(st.sampled_from(["edges", "undirected", "csr"]))
    if kind != "csr":
        return Graph.from_edges(src, dst, num_nodes, undirected=kind == "undirected")
    order = np.argsort(dst, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(np.array(dst, int), minlength=num_nodes))])
    return Graph.from_csr(indptr, np.array(src, int)[order])


def seed_lists(num_nodes):
    """Seeds of a batch: at least one, repeats legal."""
    return filled_lists(st.integers(0, num_nodes - 1), [1, 3, 8])


def fanout_lists(*, allow_all):
    """One to three hops."""
    fanout = st.integers(1, 6)
    return st.lists(st.just(-1) | fanout if allow_all else fanout, min_size=1, max_size=3)


def batch_edges(batch):
    """(src, dst) of a MiniBatch's edges as global ids, in the batch's order."""
    rows = np.repeat(np.arange(len(batch.indptr) - 1), np.diff(batch.indptr))
    return batch.nodes[batch.indices], batch.nodes[rows]


def edge_counts(src, dst):
    """How often each (src, dst) occurs."""
    return Counter(zip(np.asarray(src).tolist(), np.asarray(dst).tolist()))


def edges_by_id(graph):
    """{edge id: (source, target)} as the caller wrote them: an edge that is walked the other way is turned back."""
    src, dst = graph.to_edges()
    turned = np.zeros(graph.num_edges, bool) if graph.edge_reversed is None else graph.edge_reversed
    ends, found = zip(np.where(turned, dst, src).tolist(), np.where(turned, src, dst).tolist()), {}
    for edge, pair in zip(graph.edge_ids.tolist(), ends):
        assert found.setdefault(edge, pair) == pair
    return found


def arrays_of(batch):
    """The arrays of a MiniBatch, by name."""
    return {name: array for name, array in vars(batch).items() if isinstance(array, np.ndarray)}


def digest(arrays):
    """A hash of arrays: of their dtypes, shapes and bytes."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype} {array.shape}".encode())
        found.update(np.array(array.tolist(), "U").tobytes() if array.dtype == object else array.tobytes())
    return found.hexdigest()


def batch_digest(batch):
    return digest(arrays_of(batch)[name] for name in sorted(arrays_of(batch)))


def digests():
    """Digests of a little of everything that is drawn; what another process or mode must repeat."""
    graph, named = random_graph(60, 120), {"a": ["b", "c"], "b": ["a", "a", "c"], "c": []}
    found = {}
    for replace in (False, True):
        for isolated in ("empty", "self"):
            sampler = NeighborSampler(graph, [4, -1, 3], replace=replace, isolated=isolated, seed=7, edge_ids=True)
            batch = sampler.sample([3, 59, 3, 0], epoch=2, step=5)
            found[f"unique replace={replace} isolated={isolated}"] = batch_digest(batch)
        for name, table, seeds in (("graph", graph, [3, 59, 3, 0]), ("dict", named, ["a", "b", "c", "a"])):
            hops = multihop_sampling(seeds, [5, 2], table, replace=replace, seed=(7, 2, 5))
            found[f"tree replace={replace} {name}"] = digest(hops)
    hub = NeighborSampler(star(300), [100, 70], seed=1).sample([0, 5])  # more picks than a scan is good for
    found["hub"] = batch_digest(hub)
    for per_epoch in (None, 3):
        plan = SeedPlan(np.arange(100), 30, per_epoch, seed=7)
        found[f"plan batches_per_epoch={per_epoch}"] = digest([plan.seeds(4, step) for step in (2, 0, 1)])
    return found
