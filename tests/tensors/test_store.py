"""FeatureStore: rows picked out, or reduced over neighbours on the way, dense and sparse."""

import naive_nn
import numpy as np
import pytest
import torch
from helpers.nn_helpers import REDUCTIONS, awkward_graph, close, features, sparse
from hypothesis import given, settings, strategies as st

from graphsage.graph.features import SparseFeatures
from graphsage.nn.first_inputs import first_inputs, input_dropout
from graphsage.nn.pooling import make_aggregator
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.store import FeatureStore

NUM_NODES, NUM_FEATURES = 30, 5
X = features(NUM_NODES, NUM_FEATURES)
IDS = torch.tensor([3, 0, 29, 3, 7, 0])
#: Neighbours of IDS: repeats, none, the all-zero row 0, the node itself, a node that is in IDS too.
NEIGHBORS = [[1, 2, 1], [], [0], [3, 29], list(range(NUM_NODES)), [5] * 9]
INDPTR, FLAT = naive_nn.csr_of(NEIGHBORS)


def block_of(indptr, flat):
    """The block whose row i lists neighbours as global ids."""
    return CSRMatrix.from_numpy(np.asarray(indptr), np.asarray(flat, np.int32), None, NUM_NODES)


BLOCK = block_of(INDPTR, FLAT)

BINARY = (X != 0).astype(np.float32)
STORES = {
    "dense": (X, FeatureStore(X)),
    "sparse": (X, FeatureStore(sparse(X))),
    "sparse, all ones": (BINARY, FeatureStore(sparse(BINARY))),
}


def dense(x):
    """A tensor [M, F], or the one that a CSRMatrix stands for."""
    return x.to_dense() if isinstance(x, CSRMatrix) else x


def as_batch(x, is_sparse):
    """x as a batch holds it: a tensor, or a CSRMatrix."""
    return FeatureStore(sparse(x) if is_sparse else x).rows(torch.arange(len(x)))


# ---- rows


@pytest.mark.parametrize("name", STORES)
def test_rows(name):
    x, store = STORES[name]
    found = store.rows(IDS)
    assert isinstance(found, CSRMatrix) == store.is_sparse == (name != "dense")
    assert found.shape == (6, NUM_FEATURES) and found.dtype == torch.float32 and store.num_features == NUM_FEATURES
    assert torch.equal(dense(found), torch.from_numpy(x[IDS]))
    assert dense(store.rows(torch.empty(0, dtype=torch.int64))).shape == (0, NUM_FEATURES)


def test_binary_rows_carry_no_values():
    """What is all ones is not stored: half the memory of a bag of words."""
    assert STORES["sparse, all ones"][1].rows(IDS).values is None
    assert STORES["sparse"][1].rows(IDS).values is not None


def test_dense_features_are_shared_and_may_be_a_memory_map(tmp_path):
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, X.shape)
    mapped[:] = X
    mapped.flush()
    for x in (X, np.load(tmp_path / "x.npy", mmap_mode="r")):
        store = FeatureStore(x)
        assert np.shares_memory(store.features, x)
        close(store.reduce("mean", BLOCK, IDS), naive_nn.reduce("mean", NEIGHBORS, x))


def test_rows_are_the_callers_to_change():
    """The store's own arrays are read-only; what it hands out is not, and changing it changes nothing else."""
    for x, store in STORES.values():
        found = store.rows(IDS)
        for tensor in (found,) if not store.is_sparse else (found.indptr, found.indices, found.values):
            if tensor is not None:
                tensor.zero_()
        assert torch.equal(dense(store.rows(IDS)), torch.from_numpy(x[IDS]))


# ---- reductions


@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize("name", STORES)
class TestReduce:
    def test_is_the_twin(self, name, kind):
        x, store = STORES[name]
        found = store.reduce(kind, BLOCK, IDS)
        assert isinstance(found, CSRMatrix) == store.is_sparse and found.shape == (6, NUM_FEATURES)
        assert dense(found).dtype == torch.float32
        close(dense(found), naive_nn.reduce(kind, NEIGHBORS, x.astype(float), own=x[IDS].astype(float)), 1e-6)

    def test_nobody_has_neighbours(self, name, kind):
        x, store = STORES[name]
        found = dense(store.reduce(kind, block_of(np.zeros(7, np.int64), []), IDS))
        assert torch.equal(found, torch.from_numpy(x[IDS] if kind == "gcn" else np.zeros((6, NUM_FEATURES))).float())

    def test_nobody_asks(self, name, kind):
        found = STORES[name][1].reduce(kind, block_of(np.zeros(1, np.int64), []), IDS[:0])
        assert dense(found).shape == (0, NUM_FEATURES)

    def test_needs_no_gradient(self, name, kind):
        found = STORES[name][1].reduce(kind, BLOCK, IDS)
        assert not dense(found).requires_grad


@settings(max_examples=40)
@given(st.data(), st.sampled_from(REDUCTIONS))
def test_sparse_and_dense_reductions_agree(data, kind):
    node = st.integers(0, NUM_NODES - 1)
    neighbors = data.draw(st.lists(st.lists(node, max_size=6), max_size=6))
    ids = torch.from_numpy(np.array(data.draw(st.lists(node, min_size=len(neighbors), max_size=len(neighbors))), np.int64))
    indptr, flat = naive_nn.csr_of(neighbors)
    ours = [store.reduce(kind, block_of(indptr, flat), ids) for _, store in list(STORES.values())[:2]]
    close(dense(ours[1]), ours[0], 1e-6)


def test_a_column_that_a_row_lists_twice_adds_up_before_the_maximum():
    """Row 0 is [1, 1] + [-4] = [2, -4]; row 1 has only -1 in column 1."""
    twice = SparseFeatures(
        indptr=np.array([0, 3, 4]),
        indices=np.array([0, 1, 0, 1]),
        values=np.array([1, -4, 1, -1], np.float32),
        num_columns=2,
    )
    store, block = FeatureStore(twice), CSRMatrix.from_numpy(np.array([0, 2]), np.array([0, 1], np.int32), None, 2)
    assert dense(store.rows(torch.tensor([0]))).tolist() == [[2, -4]]
    for kind, expected in {"max": [2, -1], "sum": [2, -5], "mean": [1, -2.5], "gcn": [4 / 3, -3]}.items():
        found = store.reduce(kind, block, torch.tensor([0]))
        close(dense(found), [expected], 1e-6)
        assert len(found.indices) == 2


def test_sparse_features_stay_sparse():
    """100,000 rows of 1,000,000 columns: dense, they would take 400 GB."""
    rng = np.random.default_rng(0)
    indptr, columns = np.arange(0, 300_001, 3), rng.integers(0, 333_333, 300_000) * 3 + np.tile([0, 1, 2], 100_000)
    store = FeatureStore(SparseFeatures(indptr, columns, None, 1_000_000))
    ids = torch.arange(100_000)
    block = CSRMatrix.from_numpy(np.arange(100_001), rng.permutation(100_000).astype(np.int32), None, 100_000)
    for kind in REDUCTIONS:
        found = store.reduce(kind, block, ids)
        assert found.shape == (100_000, 1_000_000) and len(found.indices) <= 600_000
    assert store.rows(ids).shape == (100_000, 1_000_000)


# ---- the first layer's inputs, from a batch that has x


def batch_block(num_dst=11):
    """A block over all nodes: its rows are the first ``num_dst`` of a graph with hubs, loops and isolated nodes."""
    graph = awkward_graph(NUM_NODES, 120)
    rows = naive_nn.rows_of(graph.indptr, graph.indices)[:num_dst]
    assert [] in rows
    indptr, indices = naive_nn.csr_of(rows)
    return rows, CSRMatrix.from_numpy(indptr, indices.astype(np.int32), None, NUM_NODES)


@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize("is_sparse", [False, True])
def test_first_inputs(kind, is_sparse):
    rows, block = batch_block()
    x_self, x_neigh = first_inputs(as_batch(X, is_sparse), block, make_aggregator(kind, NUM_FEATURES, 4))
    assert isinstance(x_self, CSRMatrix) == isinstance(x_neigh, CSRMatrix) == is_sparse
    assert torch.equal(dense(x_self), torch.from_numpy(X[:11]))
    close(dense(x_neigh), naive_nn.reduce(kind, rows, X.astype(float)), 1e-6)


def test_dense_first_inputs_pass_gradients_on():
    """Whoever trains node features (embeddings) gets their gradient."""
    _, block = batch_block()
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((NUM_NODES, 2))).requires_grad_()
    for kind in REDUCTIONS:
        assert torch.autograd.gradcheck(lambda x, kind=kind: first_inputs(x, block, make_aggregator(kind, 2, 4)), x)


# ---- input dropout


@pytest.mark.parametrize("is_sparse", [False, True])
def test_input_dropout_off_changes_nothing(is_sparse):
    x = as_batch(X, is_sparse)
    assert input_dropout(x, 0.5, training=False) is x
    assert input_dropout(x, 0.0, training=True) is x


@pytest.mark.parametrize("name", STORES)
def test_input_dropout_keeps_a_share_and_scales_it(name):
    """The number kept is binomial: false alarms (beyond 5 sigma) 6e-7, and the seed is fixed."""
    x, store = STORES[name]
    ids = torch.arange(300) % NUM_NODES
    before = store.rows(ids)
    before = before.with_transpose() if store.is_sparse else before
    with torch.random.fork_rng():
        torch.manual_seed(0)
        after = input_dropout(before, 0.75, training=True)
    held, kept = torch.from_numpy(x[ids]) != 0, dense(after) != 0
    count = held.sum().item()
    assert not kept[~held].any()
    assert abs(kept.sum().item() - count / 4) < 5 * (count * 3 / 16) ** 0.5
    close(dense(after)[kept], 4 * torch.from_numpy(x[ids])[kept], 1e-6)
    assert torch.equal(dense(before), torch.from_numpy(x[ids]))  # not in place
    if store.is_sparse:
        assert after.transposed is before.transposed  # the pattern is the same, and so is its transpose


@pytest.mark.parametrize("ids", [[0, -1], [0, 7]])
def test_rows_on_a_disk_that_are_not_there_are_refused(ids, tmp_path):
    """A map is read beyond its end, too."""
    np.save(tmp_path / "x.npy", np.ones((7, 3), np.float32))
    store = FeatureStore(np.load(tmp_path / "x.npy", mmap_mode="r"))
    with pytest.raises(IndexError, match=rf"ids must be in \[0, 7\), got {ids[1]}"):
        store.rows(torch.tensor(ids))
