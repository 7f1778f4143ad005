"""Batches for scipy, networkx, torch's sparse matrices, DGL, and whoever speaks DLPack."""

import sys
from types import ModuleType, SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import torch
from helpers.nn_helpers import SEEDS, awkward_graph, features, model_of

import graphsage as gs
from graphsage.interop import dgl_arguments, to_dgl, to_networkx, to_scipy, to_torch

GRAPH = awkward_graph()  # loops, repeats, hubs, isolated nodes; SEEDS have a repeat
X = features(60, 7)
FORMS = {
    "plain": {},
    "replace": {"replace": True},
    "self": {"isolated": "self"},
    "disjoint": {"disjoint": True},
    "ids": {"edge_ids": True},
    "all": {"fanouts": [-1, -1]},
}
#: 0 -> 1 at time 5, 2 -> 1 at 9, and the same between 3 and 4, undirected: edges 0, 1, 2
DATED = gs.Graph.from_edges([0, 2, 3], [1, 1, 4], 5, times=[5, 9, 5], undirected=True)


def drawn(fanouts=(3, 2), graph=GRAPH, seeds=SEEDS, times=None, **options):
    return gs.NeighborSampler(graph, fanouts, **options).sample(seeds, times=times)


def rows_of(block):
    """The entries of each row, repeats as often as they are there."""
    ends = block.indptr.tolist()
    return [sorted(block.indices[begin:end].tolist()) for begin, end in zip(ends, ends[1:])]


# ---- scipy and torch


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_scipy_has_the_blocks(form):
    batch = drawn(**form)
    matrices = to_scipy(batch)
    assert [matrix.shape for matrix in matrices] == [(block.num_dst, block.num_src) for block in batch.blocks]
    for matrix, block in zip(matrices, batch.blocks, strict=True):
        assert matrix.has_canonical_format and matrix.dtype == np.float32
        counts = [np.repeat(matrix[[i]].indices, matrix[[i]].data.astype(int)).tolist() for i in range(block.num_dst)]
        assert counts == rows_of(block)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.filterwarnings("error")
def test_torch_has_what_scipy_has(form):
    batch = drawn(**form)
    for tensor, matrix in zip(to_torch(batch), to_scipy(batch), strict=True):
        assert tensor.layout == torch.sparse_csr and tensor.to_dense().tolist() == matrix.toarray().tolist()
        with torch.sparse.check_sparse_tensor_invariants():
            torch.sparse_csr_tensor(tensor.crow_indices(), tensor.col_indices(), tensor.values(), tensor.shape)


def test_a_model_by_hand_is_the_model():
    """Two mean layers as products of scipy and of torch."""
    model, batch = model_of(), drawn()
    h, ours = X[batch.nodes], gs.Batch.of(batch, X)
    for depth, (matrix, layer) in enumerate(zip(to_scipy(batch), model.layers)):
        near = matrix @ h / np.maximum(np.diff(matrix.indptr), 1)[:, None]  # nothing is drawn twice here
        own, weight, bias = (p.detach().numpy() for p in (layer.weight_self, layer.weight_neigh, layer.bias))
        h = h[: matrix.shape[0]] @ own.T + near @ weight.T + bias
        h = np.maximum(h, 0) if depth == 0 else h
    np.testing.assert_allclose(h[batch.seed_index], model(ours).detach(), atol=1e-5)
    sums = to_torch(ours)[0] @ ours.x
    torch.testing.assert_close(sums, ours.blocks[0].matmul(ours.x))


def test_weights_come_by_edge_id():
    ids, weights = drawn(edge_ids=True), np.arange(GRAPH.num_edges) / 8
    for matrix, tensor, block in zip(to_scipy(ids, weights), to_torch(ids, torch.tensor(weights)), ids.blocks, strict=True):
        wanted = np.zeros(matrix.shape, np.float32)
        rows = np.repeat(np.arange(block.num_dst), np.diff(block.indptr))
        np.add.at(wanted, (rows, block.indices), weights[ids.edge_ids[: len(rows)]].astype(np.float32))
        assert matrix.toarray().tolist() == tensor.to_dense().tolist() == wanted.tolist()


def test_nothing_is_shared_with_the_batch():
    batch = drawn()
    for matrix in to_scipy(batch):
        matrix.data[:], matrix.indices[:] = 7, 0
    assert [m.toarray().tolist() for m in to_scipy(drawn())] == [m.toarray().tolist() for m in to_scipy(batch)]


# ---- networkx


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_networkx_has_every_edge_and_its_hop(form):
    batch = drawn(**form)
    graph, names = to_networkx(batch), batch.nodes.tolist()
    names = names if batch.tree is None else list(zip(batch.tree.tolist(), names))
    rows = np.repeat(np.arange(len(batch.indptr) - 1), np.diff(batch.indptr)).tolist()
    wanted = sorted((names[u], names[v]) for u, v in zip(batch.indices.tolist(), rows))
    assert sorted(graph.edges()) == wanted and list(graph) == names
    seeds = [name for name, hop in graph.nodes(data="hop") if hop == 0]
    assert seeds == names[: batch.hop_offsets[1]] and max(dict(graph.nodes(data="hop")).values()) <= 2
    assert isinstance(graph, nx.MultiDiGraph)


def test_networkx_names_the_edges():
    graph = to_networkx(drawn([2], DATED, [1, 4], edge_ids=True))
    known = sorted((u, v, of["edge_id"], of["edge_reversed"]) for u, v, of in graph.edges(data=True))
    assert known == [(0, 1, 0, False), (2, 1, 1, False), (3, 4, 2, False)]
    lonely = to_networkx(drawn([1], gs.Graph.from_edges([], [], 2), [1], edge_ids=True, isolated="self"))
    assert list(lonely.edges(data="edge_id")) == [(1, 1, None)]
    assert gs.Graph.from_networkx(graph).num_edges == 3


def test_of_a_timed_batch_each_tree_has_what_it_knew():
    graph = to_networkx(drawn([2], DATED, [1, 1], times=[5, 9]))
    assert sorted(graph.edges()) == [((0, 0), (0, 1)), ((1, 0), (1, 1)), ((1, 2), (1, 1))]


# ---- DGL


def create_block(data_dict, num_src_nodes=None, num_dst_nodes=None, idtype=None, device=None, node_count_check=True):
    """Signature and meaning as DGL documents them: https://www.dgl.ai/dgl_docs/generated/dgl.create_block.html."""
    form, (indptr, indices, ids) = data_dict
    assert form == "csc" and len(ids) == 0 and indptr.dtype == indices.dtype == np.int64
    assert len(indptr) == num_dst_nodes + 1 and indices.max(initial=-1) < num_src_nodes
    counts = [lambda count=count: count for count in (num_src_nodes, num_dst_nodes, len(indices))]
    names = ("num_src_nodes", "num_dst_nodes", "num_edges")
    made = SimpleNamespace(**dict(zip(names, counts)), srcdata={}, dstdata={}, edata={}, csc=(indptr, indices))
    made.to = lambda device: SimpleNamespace(**{**vars(made), "device": device})
    return made


@pytest.fixture
def dgl(monkeypatch):
    made = ModuleType("dgl")
    made.create_block, made.NID, made.EID = create_block, "_ID", "_ID"
    monkeypatch.setitem(sys.modules, "dgl", made)
    return made


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_dgl_blocks_say_who_is_who(form, dgl):
    batch = drawn(**form)
    made = to_dgl(batch)
    for block, wanted in zip(made, batch.blocks, strict=True):
        assert [array.tolist() for array in block.csc] == [wanted.indptr.tolist(), wanted.indices.tolist()]
        assert block.srcdata["_ID"].tolist() == batch.nodes[: wanted.num_src].tolist()
        assert block.dstdata["_ID"].tolist() == batch.nodes[: wanted.num_dst].tolist()
        assert block.srcdata["_ID"].dtype is torch.int64
        wanted_ids = None if batch.edge_ids is None else batch.edge_ids[: len(wanted.indices)].tolist()
        assert (block.edata["_ID"].tolist() if block.edata else None) == wanted_ids
    assert to_dgl(gs.Batch.of(batch, X))[0].device == torch.device("cpu")


def test_the_arguments_are_made_without_dgl(monkeypatch):
    monkeypatch.setitem(sys.modules, "dgl", None)
    [given] = dgl_arguments(drawn([2], gs.Graph.from_edges([0, 1], [1, 2], 4), [3, 2, 1]))
    indptr, indices, ids = given.pop("data_dict")[1]
    assert given == {"num_src_nodes": 4, "num_dst_nodes": 3}
    assert (indptr.tolist(), indices.tolist(), ids.tolist()) == ([0, 0, 1, 2], [2, 3], [])
    with pytest.raises(ImportError, match="^to_dgl needs dgl: pip install dgl; dgl_arguments does without$"):
        to_dgl(drawn())


# ---- DLPack


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_array_speaks_dlpack(form):
    """So jax.dlpack, torch, cupy and tensorflow take them without a copy."""
    batch = drawn(**form)
    arrays = {name: value for name, value in vars(batch).items() if isinstance(value, np.ndarray)}
    assert {"nodes", "seed_index", "hop_offsets", "indptr", "indices"} <= arrays.keys()
    for array in (*arrays.values(), *(part for block in batch.blocks for part in (block.indptr, block.indices))):
        tensor = torch.from_dlpack(array)
        assert tensor.tolist() == array.tolist() and tensor.data_ptr() == array.ctypes.data
        assert np.from_dlpack(array).dtype == array.dtype


# ---- refusals

ALL = {"scipy": to_scipy, "networkx": to_networkx, "torch": to_torch, "dgl": dgl_arguments, "to_dgl": to_dgl}


@pytest.mark.parametrize("function", ALL.values(), ids=ALL)
def test_what_is_no_batch_is_told(function):
    for wrong in (GRAPH, X, None, gs.MiniBatch, [drawn()], "batch"):
        with pytest.raises(TypeError, match="^batch must be a Batch or a MiniBatch, got "):
            function(wrong)
    with pytest.raises(TypeError, match="^an open MiniBatch has no local ids for its last hop: draw it with sample"):
        function(gs.NeighborSampler(GRAPH, [2]).sample_open([0]))


def test_weights_that_do_not_fit_are_told():
    ids, ones = drawn(edge_ids=True), np.ones(GRAPH.num_edges)
    with pytest.raises(ValueError, match=r"^edge_weight needs edge ids: draw with NeighborSampler\(..., edge_ids=True\)$"):
        to_scipy(drawn(), ones)
    with pytest.raises(ValueError, match=r"^edge_weight must have an entry an edge id: it has 3, and the batch has edge \d+$"):
        to_torch(ids, ones[:3])
    for wrong in (ones[None], ["a"], 1.0, ones * 1j):
        with pytest.raises(ValueError, match=r"^edge_weight must be real numbers of shape \[edges\], got "):
            to_scipy(ids, wrong)
    stand_in = drawn(edge_ids=True, isolated="self")
    with pytest.raises(ValueError, match="^an isolated node that stands in for its own neighbour has no edge id: draw with is"):
        to_scipy(stand_in, ones)


def test_dgl_has_no_id_of_a_stand_in(dgl):
    with pytest.raises(ValueError, match="^an isolated node that stands in for its own neighbour has no edge id: draw with is"):
        to_dgl(drawn(edge_ids=True, isolated="self"))
    assert len(to_dgl(drawn(isolated="self"))) == 2
