"""NeighborSampler and MiniBatch: what every batch must satisfy on any graph, edge ids, and what is refused."""

import re
from collections import Counter

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from helpers.graphs import DST, SRC, arrays_of, asymmetric, batch_edges, fanout_lists, graphs, random_graph, seed_lists, star
from hypothesis import given, strategies as st

from graphsage.base import checks
from graphsage.graph.graph import Graph
from graphsage.sampling.draws import Uniform
from graphsage.sampling.hops import sample_unique
from graphsage.sampling.neighbor import NeighborSampler

pytestmark = pytest.mark.kernels
ISOLATED = st.sampled_from(["empty", "self"])
DTYPES = {"nodes": np.int32, "seed_index": np.int64, "hop_offsets": np.int64, "indptr": np.int64, "indices": np.int32,
          "edge_ids": np.int64, "edge_reversed": np.bool_}


def check_rows(graph, fanout, replace, isolated, batch, hop):
    """The rows of one hop hold as many neighbours as the rules say, each as often as the graph allows."""
    for local in range(batch.hop_offsets[hop], batch.hop_offsets[hop + 1]):
        v = int(batch.nodes[local])
        row = Counter(graph.neighbors(v).tolist())
        drawn = Counter(batch.nodes[batch.indices[batch.indptr[local] : batch.indptr[local + 1]]].tolist())
        if not row:
            assert drawn == (Counter([v]) if isolated == "self" else Counter())
        elif replace and fanout >= 0:
            assert drawn.total() == fanout and drawn.keys() <= row.keys()
        else:  # distinct positions: no neighbour more often than the row lists it
            assert drawn.total() == (row.total() if fanout < 0 else min(fanout, row.total())) and drawn <= row


def check_numbering(seeds, batch):
    """Each node once, numbered by first appearance: the seeds, then the rows' neighbours, hop by hop."""
    nodes, offsets = batch.nodes.tolist(), batch.hop_offsets.tolist()
    appearance = [*seeds, *batch.nodes[batch.indices].tolist()]
    assert nodes == list(dict.fromkeys(appearance))
    assert [nodes[i] for i in batch.seed_index] == list(seeds)
    assert offsets[:2] == [0, len(set(seeds))] and len(offsets) == batch.num_hops + 2
    for hop in range(batch.num_hops):  # what the first rows bring in is what the next hop starts with
        seen = appearance[: len(seeds) + batch.indptr[offsets[hop + 1]]]
        assert offsets[hop + 2] == len(set(seen))
    assert len(batch.indptr) == offsets[-2] + 1 and batch.indptr[0] == 0
    assert batch.indptr[-1] == len(batch.indices) == batch.num_sampled_edges


def check_blocks(batch):
    """Prefix views, input side first; each layer reads what the one before it wrote."""
    ends = batch.hop_offsets.tolist()
    assert [(b.num_dst, b.num_src) for b in batch.blocks] == list(zip(ends[-2:0:-1], ends[:0:-1]))
    for block in batch.blocks:
        assert block.indptr.tolist() == batch.indptr[: block.num_dst + 1].tolist()
        assert block.indices.tolist() == batch.indices[: block.indptr[-1]].tolist()
        assert np.shares_memory(block.indptr, batch.indptr)
        assert not len(block.indices) or np.shares_memory(block.indices, batch.indices)
        assert all(0 <= i < block.num_src for i in block.indices.tolist())


# ---- every returned edge is an edge of the graph

@given(st.data(), graphs(), fanout_lists(allow_all=True), st.booleans(), ISOLATED, st.integers(0, 2**64 - 1))
def test_batches_of_any_graph(data, graph, fanouts, replace, isolated, seed):
    seeds = data.draw(seed_lists(graph.num_nodes))
    sampler = NeighborSampler(graph, fanouts, replace=replace, isolated=isolated, seed=seed, edge_ids=True)
    batch = sampler.sample(seeds, epoch=seed % 7, step=seed % 5)
    flags = set() if graph.edge_reversed is not None else {"edge_reversed"}
    assert {name: array.dtype for name, array in arrays_of(batch).items()} == {n: DTYPES[n] for n in DTYPES.keys() - flags}
    assert batch.num_hops == len(fanouts)
    check_numbering(seeds, batch)
    check_blocks(batch)
    for hop, fanout in enumerate(fanouts):
        check_rows(graph, fanout, replace, isolated, batch, hop)
    check_edge_ids(graph, *graph.to_edges(), batch, isolated)


def check_edge_ids(graph, graph_src, graph_dst, batch, isolated):
    """Edge ids name edges with these ends, -1 where an isolated node stands in; no position twice without replacement."""
    src, dst = batch_edges(batch)
    own = np.arange(graph.num_edges) if graph.edge_ids is None else graph.edge_ids
    named = {}
    for edge_id, u, v in zip(own.tolist(), graph_src.tolist(), graph_dst.tolist()):
        named.setdefault(edge_id, set()).add((u, v))
    for edge_id, u, v in zip(batch.edge_ids.tolist(), src.tolist(), dst.tolist()):
        if edge_id == -1:
            assert isolated == "self" and u == v and graph.degrees[u] == 0
        else:
            assert (u, v) in named[edge_id]


@given(st.data(), graphs(), ISOLATED, st.integers(0, 9))
def test_without_replacement_positions_are_distinct(data, graph, isolated, seed):
    """On positions made visible as edge ids: neighbours alone would hide a position drawn twice where edges repeat."""
    graph = Graph.from_csr(graph.indptr, graph.indices)
    sampler = NeighborSampler(graph, [2, 3], isolated=isolated, seed=seed, edge_ids=True)
    ids = sampler.sample(data.draw(seed_lists(graph.num_nodes))).edge_ids
    drawn = ids[ids >= 0].tolist()
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("k", [64, 65, 100, 299, 300, 301])
def test_more_picks_than_a_scan_is_good_for(k):
    sampler = NeighborSampler(star(300), [k], seed=1, edge_ids=True)
    batch = sampler.sample([0, 7])
    check_rows(sampler.graph, k, False, "empty", batch, 0)
    assert len(set(batch.edge_ids.tolist())) == batch.num_sampled_edges == min(k, 300) + 1


def test_one_node_and_no_edges():
    for graph in (Graph.from_edges([], [], 1), Graph.from_edges([], [], 4)):
        empty = NeighborSampler(graph, [2, -1], edge_ids=True).sample([0, 0])
        assert (empty.nodes.tolist(), empty.seed_index.tolist(), empty.num_sampled_edges) == ([0], [0, 0], 0)
        alone = NeighborSampler(graph, [2, -1], isolated="self", edge_ids=True).sample([0, 0])
        assert (alone.nodes.tolist(), alone.indices.tolist(), alone.edge_ids.tolist()) == ([0], [0], [-1])
    loop = NeighborSampler(Graph.from_edges([0], [0], 1), [2, 2], edge_ids=True).sample([0])
    assert (loop.indices.tolist(), loop.edge_ids.tolist(), loop.hop_offsets.tolist()) == ([0], [0], [0, 1, 1, 1])


def test_directions_on_the_asymmetric_graph():
    batch = NeighborSampler(asymmetric(), [-1, -1]).sample([2])
    assert sorted(zip(*map(np.ndarray.tolist, batch_edges(batch)))) == [(0, 1), (0, 2), (1, 2)]
    assert batch.hop_offsets.tolist() == [0, 1, 3, 3]


def test_repr_is_short():
    batch = NeighborSampler(asymmetric(), [-1, -1]).sample([2, 2])
    assert repr(batch) == "MiniBatch(seeds=2, nodes=3, edges=3, hops=2)"


# ---- edge attributes gathered by edge id are the caller's

RNG = np.random.default_rng(0)
U, V = RNG.integers(0, 30, (2, 200))  # shuffled, with duplicates and loops
ORDER = np.argsort(V, kind="stable")
INDPTR = np.concatenate([[0], np.cumsum(np.bincount(V, minlength=30))])
COO = sp.coo_array((np.ones(200), (V, U)), (30, 30))
NX = {kind: kind(zip(U.tolist(), V.tolist())) for kind in (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)}
DICT = {v: U[V == v].tolist() for v in range(29, -1, -1)}
DROP = {"duplicates": "drop", "self_loops": "drop"}
SOURCES = {
    "edges": (lambda: Graph.from_edges(U, V, 30), U, V),
    "undirected": (lambda: Graph.from_edges(U, V, 30, undirected=True), U, V),
    "undirected, dropped": (lambda: Graph.from_edges(U, V, 30, undirected=True, **DROP), U, V),
    "edges, dropped": (lambda: Graph.from_edges(U, V, 30, **DROP), U, V),
    "csr": (lambda: Graph.from_csr(INDPTR, U[ORDER]), U[ORDER], V[ORDER]),
    "csr, dropped": (lambda: Graph.from_csr(INDPTR, U[ORDER], **DROP), U[ORDER], V[ORDER]),
    "coo": (lambda: Graph.from_scipy(COO), U, V),
    "scipy csr": (lambda: Graph.from_scipy(sp.csr_array((np.ones(200), U[ORDER], INDPTR))), U[ORDER], V[ORDER]),
    "scipy csc": (lambda: Graph.from_scipy(COO.tocsc()), *reversed(COO.tocsc().tocsr().tocoo().coords)),
    "dict": (lambda: Graph.from_adjacency_dict(DICT), np.array(sum(DICT.values(), [])),
             np.repeat(list(DICT), [len(row) for row in DICT.values()])),
    **{kind.__name__: (lambda given_=given_: Graph.from_networkx(given_, directed=given_.is_directed()),
                        *np.array([*given_.edges()])[:, :2].T)
       for kind, given_ in NX.items()},
    "reversed": (lambda: Graph.from_edges(V, U, 30).reverse(), U, V),
}


@pytest.mark.parametrize("build, src, dst", SOURCES.values(), ids=SOURCES.keys())
@pytest.mark.parametrize("replace", [False, True])
def test_edge_attributes_gathered_by_edge_id_are_the_callers(build, src, dst, replace):
    graph = build()
    sampler = NeighborSampler(graph, [3, 2], replace=replace, seed=1, edge_ids=True, weights="ignore")
    batch = sampler.sample(range(0, 30, 3))
    names = np.arange(30) if graph.node_ids is None else graph.node_ids
    sampled = np.stack([names[end] for end in batch_edges(batch)])
    callers = np.stack([src[batch.edge_ids], dst[batch.edge_ids]])
    forward = (callers == sampled).all(axis=0)
    backward = (callers == sampled[::-1]).all(axis=0)
    assert batch.num_sampled_edges > 20
    if graph.edge_reversed is None:
        assert forward.all()
    else:
        assert (forward | backward).all() and not forward.all() and not backward.all()


# ---- a batch belongs to its caller

def test_a_sampler_used_before_gives_what_a_fresh_one_gives():
    graph = random_graph(300, 3000)
    used = NeighborSampler(graph, [4, 3], seed=5)
    for count in (1, 40, 3, 200, 1):
        seeds = np.arange(count) * 7 % 300
        kept = used.sample(seeds)
        copies = {name: array.copy() for name, array in arrays_of(kept).items()}
        used.sample([0, 1, 2], step=9)
        fresh = arrays_of(NeighborSampler(graph, [4, 3], seed=5).sample(seeds))
        for name, array in arrays_of(kept).items():
            np.testing.assert_array_equal(array, fresh[name])
            np.testing.assert_array_equal(array, copies[name])


def test_memory_mapped_arrays_can_be_sampled(tmp_path):
    graph = random_graph(50, 500)
    for name in ("indptr", "indices"):
        np.save(tmp_path / f"{name}.npy", getattr(graph, name))
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("indptr", "indices")]
    shared = Graph.from_csr(*mapped, copy=False)
    assert all(np.shares_memory(a, b) for a, b in zip(mapped, (shared.indptr, shared.indices)))
    batch, other = (NeighborSampler(g, [4, 3], seed=5).sample(range(9)) for g in (graph, shared))
    for name, array in arrays_of(batch).items():
        np.testing.assert_array_equal(array, getattr(other, name))


def test_one_compilation_serves_every_kind_of_seeds():
    """Another memory layout or a read-only array would be another type, and seconds of compilation."""
    if not hasattr(sample_unique, "signatures"):
        return  # uncompiled
    NeighborSampler(asymmetric(), [2]).sample([0])
    known = len(sample_unique.signatures)
    fixed = np.arange(3)
    fixed.flags.writeable = False
    strided = Graph(indptr=np.array([0, 9, 0, 9, 1])[::2], indices=np.array([1, 9], np.int32)[::2])
    for graph in (asymmetric(), strided, Graph.from_adjacency_dict({"a": ["b"], "b": []})):
        for seeds in ([0], fixed[: graph.num_nodes], np.array([1, 0, 0])[::2], np.array([1], np.uint8), torch.tensor([1])):
            NeighborSampler(graph, [2, -1], replace=True, seed=2**64 - 1).sample(seeds)
    assert len(sample_unique.signatures) == known


def test_the_number_of_threads_follows_the_cores(monkeypatch):
    monkeypatch.setattr("graphsage.sampling.neighbor.default_threads", lambda: 5)
    assert NeighborSampler(asymmetric(), [2]).num_threads == 5
    assert NeighborSampler(asymmetric(), [2], num_threads=0).num_threads == 0


def test_num_threads_of_one_batch():
    sampler = NeighborSampler(asymmetric(), [2])
    with pytest.raises(ValueError, match="^num_threads must be an integer >= 1, got 0$"):
        sampler.sample([0], num_threads=0)


# ---- the door

GRAPH = asymmetric()
WEIGHTED = Graph.from_edges(SRC, DST, 3, weights=[1, 2, 3])
KEY = f"an integer from 0 to {2**64 - 1}"
BAD_SAMPLER = [
    ({"graph": {0: []}}, TypeError, "graph must be a Graph, got dict: Graph.from_adjacency_dict(graph) makes one"),
    ({"graph": None}, TypeError, "graph must be a Graph, got NoneType"),
    ({"graph": WEIGHTED}, ValueError, 'this draw does not read them: draw="weighted" samples by them, weights="ignore"'),
    ({"graph": WEIGHTED, "weights": "use"}, ValueError, "weights must be one of 'refuse', 'ignore'; got 'use'"),
    ({"fanouts": []}, ValueError, "fanouts is empty"),
    ({"fanouts": [3, 0]}, ValueError, "fanouts[1] must be an integer >= 1 and < 2^31, or -1 for all; got 0"),
    ({"fanouts": [-2]}, ValueError, "fanouts[0] must be an integer >= 1 and < 2^31, or -1 for all; got -2"),
    ({"fanouts": [2**31]}, ValueError, "fanouts[0] must be an integer >= 1 and < 2^31, or -1 for all; got 2147483648"),
    ({"fanouts": ["3"]}, TypeError, "fanouts[0] must be an integer >= 1 and < 2^31, or -1 for all; got '3'"),
    ({"fanouts": "3"}, TypeError, "fanouts must be a list of integers, one a hop, got '3'"),
    ({"fanouts": None}, TypeError, "fanouts must be a list of integers, one a hop, got None"),
    ({"replace": "no"}, TypeError, "replace must be True or False, got 'no'"),
    ({"replace": True, "draw": Uniform(False)}, ValueError, "replace = True and draw = Uniform(replace=False) disagree"),
    ({"edge_ids": 1}, TypeError, "edge_ids must be True or False, got 1"),
    ({"isolated": "drop"}, ValueError, "isolated must be one of 'empty', 'self'; got 'drop'"),
    ({"seed": -1}, ValueError, f"seed must be {KEY}, got -1"),
    ({"seed": None}, TypeError, f"seed must be {KEY}, got None"),
    ({"seed": 0.5}, TypeError, f"seed must be {KEY}, got 0.5"),
    ({"num_threads": -1}, ValueError, "num_threads must be an integer >= 0, got -1"),
    ({"num_threads": "all"}, TypeError, "num_threads must be an integer >= 0, got 'all'"),
]
BAD_SAMPLE = [
    ({"seeds": []}, ValueError, "seeds is empty: a batch needs at least one seed"),
    ({"seeds": [0, 1, 2, 9000]}, ValueError, "seeds[3] = 9000 is not a node: the graph has 3"),
    ({"seeds": [-1]}, ValueError, "seeds[0] = -1 is not a node: the graph has 3"),
    ({"seeds": np.array([2**63], np.uint64)}, ValueError, f"seeds[0] = {2**63} is not a node"),
    ({"seeds": [2**70]}, TypeError, "seeds must be integers that fit 64 bits, got object"),
    ({"seeds": [1.0]}, TypeError, "seeds must be integers that fit 64 bits, got float64 (first value 1.0)"),
    ({"seeds": [True, False]}, TypeError, "np.flatnonzero turns a mask into ids"),
    ({"seeds": ["1"]}, TypeError, "seeds must be integers that fit 64 bits, got <U1"),
    ({"seeds": "1"}, TypeError, "seeds must be a list or a one-dimensional array, got '1'"),
    ({"seeds": None}, TypeError, "seeds must be a list or a one-dimensional array, got None"),
    ({"seeds": [[0, 1]]}, ValueError, "seeds must be one-dimensional, got shape (1, 2)"),
    ({"seeds": [0], "epoch": -1}, ValueError, f"epoch must be {KEY}, got -1"),
    ({"seeds": [0], "epoch": 1.0}, TypeError, f"epoch must be {KEY}, got 1.0"),
    ({"seeds": [0], "step": 2**64}, ValueError, f"step must be {KEY}, got {2**64}"),
    ({"seeds": [0], "step": None}, TypeError, f"step must be {KEY}, got None"),
]


def case_name(case):
    return " ".join(f"{name}={value}" for name, value in case[0].items())[:50]


@pytest.mark.parametrize("arguments, error, text", BAD_SAMPLER, ids=map(case_name, BAD_SAMPLER))
def test_what_is_no_sampler(arguments, error, text):
    with pytest.raises(error, match=re.escape(text)):
        NeighborSampler(**({"graph": GRAPH, "fanouts": [2]} | arguments))


@pytest.mark.parametrize("arguments, error, text", BAD_SAMPLE, ids=map(case_name, BAD_SAMPLE))
def test_what_cannot_be_sampled(arguments, error, text):
    sampler = NeighborSampler(GRAPH, [2])
    with pytest.raises(error, match=re.escape(text)):
        sampler.sample(**arguments)
    assert sampler.sample([2]).num_sampled_edges == 2  # and the sampler is as good as before


def test_a_graph_without_nodes_has_no_batch():
    nobody = Graph.from_adjacency_dict({})
    with pytest.raises(ValueError, match=re.escape("seeds[0] = 0 is not a node: the graph has 0")):
        NeighborSampler(nobody, [2]).sample([0])


def test_weights_can_be_ignored():
    assert NeighborSampler(WEIGHTED, [2], weights="ignore").sample([2]).num_sampled_edges == 2


@pytest.mark.parametrize("seeds", [
    [2, 0, 2], (2, 0, 2), np.array([2, 0, 2], np.uint64), np.array([2, 9, 0, 9, 2], np.int8)[::2], torch.tensor([2, 0, 2]),
], ids=lambda seeds: type(seeds).__name__)
def test_seeds_of_any_integer_kind(seeds):
    batch = NeighborSampler(GRAPH, [2, 2], seed=1).sample(seeds)
    assert batch.nodes.tolist() == [2, 0, 1] and batch.seed_index.tolist() == [0, 1, 0]


def test_huge_fanouts_cost_nothing_where_rows_are_short():
    batch = NeighborSampler(GRAPH, [2**31 - 1] * 9).sample([2])
    assert batch.num_sampled_edges == 3


def test_a_batch_that_would_not_fit_is_refused_with_its_size(monkeypatch):
    giant = NeighborSampler(GRAPH, [2**31 - 1], replace=True)
    monkeypatch.setattr(checks, "_memory", lambda: (10**9, "free memory"))
    size = 12 * 2 * (2**31 - 1)
    with pytest.raises(ValueError, match=re.escape(f"2 seeds with fanouts [2147483647] would need {size:,} bytes")):
        giant.sample([2, 1])
    with pytest.raises(ValueError, match=re.escape("1 seeds with fanouts [-1, 2147483647] would need ")):
        NeighborSampler(GRAPH, [-1, 2**31 - 1], replace=True).sample([2])


@pytest.mark.parametrize("name", ["fanouts", "graph", "replace", "seed"])
def test_a_sampler_does_not_change(name):
    sampler = NeighborSampler(GRAPH, [2, 2])
    with pytest.raises(AttributeError, match=f"^{name} cannot be set: buffers are sized"):
        setattr(sampler, name, getattr(sampler, name))


def test_the_way_an_undirected_edge_was_walked():
    """Edge 0 of the caller's, 1 -> 0, is drawn by node 0 as it is, and by node 1 the other way."""
    graph = Graph.from_edges([1, 1], [0, 2], 4, undirected=True)
    batch = NeighborSampler(graph, [-1], isolated="self", edge_ids=True).sample([0, 1, 2, 3])
    assert batch.edge_ids.tolist() == [0, 0, 1, 1, -1]
    assert batch.edge_reversed.tolist() == [False, True, True, False, False]
    assert NeighborSampler(graph, [-1]).sample([0]).edge_reversed is None
