"""Exact inference: every node, all neighbours, in chunks of bounded size."""

import weakref

import naive_nn
import numpy as np
import pytest
import torch
from helpers.nn_helpers import LAYERS, LEARNED, REDUCTION_LAYERS, awkward_graph, close, features, model_of, node_dataset, sparse
from hypothesis import given, strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.nn.inference import inference
from graphsage.nn.layer import SAGELayer
from graphsage.nn.whole_graph import chunks_of
from graphsage.tensors.store import FeatureStore

DATASET = node_dataset()
GRAPH, X = DATASET.graph, DATASET.features


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_is_the_twin(aggregator, combine, num_layers, isolated):
    model = model_of(aggregator, combine, num_layers, normalize=num_layers == 2)
    rows = naive_nn.rows_of(GRAPH.indptr, GRAPH.indices)
    assert [] in rows and any(v in row for v, row in enumerate(rows))
    rows = [row or [v] * (isolated == "self") for v, row in enumerate(rows)]
    out = inference(model, GRAPH, X, isolated=isolated)
    assert out.shape == (60, 3) and out.dtype == torch.float32 and not out.requires_grad
    close(out, naive_nn.forward(model, rows, X, range(60)))


@pytest.mark.parametrize("features", [X, sparse(X), FeatureStore(X), FeatureStore(sparse(X))])
def test_takes_features_of_every_kind(features):
    model = model_of()
    close(inference(model, GRAPH, features), inference(model, GRAPH, X))


# ---- chunks


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("chunk_edges", [1, 7, 10**9])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_chunks_do_not_change_the_numbers(aggregator, combine, chunk_edges, is_sparse):
    model, x = model_of(aggregator, combine, 3), sparse(X) if is_sparse else X
    for isolated in ("empty", "self"):
        out = inference(model, GRAPH, x, isolated=isolated, chunk_edges=chunk_edges)
        close(out, inference(model, GRAPH, x, isolated=isolated))


@given(st.lists(st.integers(0, 12), max_size=30), st.integers(1, 40), st.integers(1, 40))
def test_chunks_cover_the_rows_in_order_and_keep_the_limits(degrees, limit, most_rows):
    indptr = np.cumsum([0, *degrees])
    chunks = list(chunks_of(indptr, limit, most_rows))
    assert [row for start, stop in chunks for row in range(start, stop)] == list(range(len(degrees)))
    for start, stop in chunks:
        rows, edges = stop - start, indptr[stop] - indptr[start]
        assert 0 < rows <= most_rows and (edges <= limit or rows == 1)
        if stop < len(degrees) and rows < most_rows:  # as large as it can be
            assert indptr[stop + 1] - indptr[start] > limit


class NewTensors(TorchDispatchMode):
    """Sizes of all tensors that torch makes: results that share no memory with an argument."""

    def __init__(self):
        super().__init__()
        self.sizes = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        known = {place(x) for x in (*args, *(kwargs or {}).values()) if isinstance(x, torch.Tensor)}
        results = out if isinstance(out, (list, tuple)) else [out]
        self.sizes |= {x.numel() for x in results if isinstance(x, torch.Tensor) and place(x) not in known}
        return out


def place(tensor):
    return tensor.untyped_storage().data_ptr()


@pytest.mark.parametrize("aggregator, combine", REDUCTION_LAYERS)
def test_nothing_but_the_layers_outputs_is_larger_than_a_chunk(aggregator, combine):
    """2,000 nodes, about 17,000 edges of 16 features, chunks of 100 edges: never more than 100 rows at once."""
    graph, model = awkward_graph(2000, 20_000), model_of(aggregator, combine, 3, in_features=16)
    store = FeatureStore(features(2000, 16))

    def sizes_above_a_chunk(chunk_edges):
        with NewTensors() as made:
            inference(model, graph, store, chunk_edges=chunk_edges)
        return {size for size in made.sizes if size > 100 * 16}

    outputs = {2000 * layer.out_features for layer in model.layers}
    assert sizes_above_a_chunk(100) == outputs
    assert 2000 * 16 in sizes_above_a_chunk(10**9)  # the canary: the features of all nodes


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("aggregator", LEARNED)
def test_what_learns_looks_at_a_chunks_neighbours_and_no_more(aggregator, is_sparse):
    """2,000 nodes with up to 400 neighbours and 40 features, chunks of 100 edges, or of one row that has more. An entry has
    up to 40 features, or the LSTM's 4 * 6 gates; a row of PNA 12 * 6 statistics."""
    graph, model = awkward_graph(2000, 10_000), model_of(aggregator, num_layers=3, in_features=40)
    x = features(2000, 40)

    def largest(chunk_edges):
        with NewTensors() as made:
            inference(model, graph, FeatureStore(sparse(x) if is_sparse else x), chunk_edges=chunk_edges)
        return max(made.sizes - {2000 * layer.out_features for layer in model.layers})

    most = max(100, int(graph.degrees.max()))
    assert 100 < most < 500
    assert largest(100) <= most * 72 and 2 * largest(100) < largest(10**9)


def test_wide_inputs_make_small_chunks_of_what_learns(monkeypatch):
    """Of 40 features, 4,000 values are 100 neighbours, whatever chunk_edges says."""
    asked, call = [], SAGELayer.update
    monkeypatch.setattr("graphsage.nn.whole_graph.CHUNK_VALUES", 4000)
    monkeypatch.setattr(SAGELayer, "update", lambda self, *x: asked.append(len(x[0])) or call(self, *x))
    graph, x = Graph.from_edges(np.arange(1000) % 50, np.arange(1000) // 10, 100), features(100, 40)
    inference(model_of("max_pool", num_layers=1, in_features=40), graph, x)
    assert asked == [10] * 10


def test_only_two_layers_outputs_are_alive(monkeypatch):
    """When layer 3 begins, the output of layer 1 is gone."""
    made, seen, update, empty = [], [], SAGELayer.update, torch.empty

    def recorded(*shape, **options):
        tensor = empty(*shape, **options)
        if shape[0] == 60:
            made.append(weakref.ref(tensor))
        return tensor

    def watched(self, *x):
        seen.append(sum(ref() is not None for ref in made))
        return update(self, *x)

    monkeypatch.setattr(torch, "empty", recorded)
    monkeypatch.setattr(SAGELayer, "update", watched)
    inference(model_of(num_layers=4), GRAPH, X)
    assert len(made) == 4 and seen == [1, 2, 2, 2]


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_stops_after_so_many_layers(num_layers):
    """The rest of the layers, as a model of their own, makes the outputs of what was returned."""
    model = model_of(num_layers=3)
    h = inference(model, GRAPH, X, num_layers=num_layers)
    assert h.shape == (60, model.layers[num_layers - 1].out_features)
    rows = naive_nn.rows_of(GRAPH.indptr, GRAPH.indices)
    known = naive_nn.forward(model, rows, X, range(60))
    rest = model_of(num_layers=3)
    rest.load_state_dict(model.state_dict())
    rest.layers = rest.layers[num_layers:]
    close(naive_nn.forward(rest, rows, h.numpy(), range(60)) if num_layers < 3 else h, known)


@pytest.mark.parametrize("num_layers", [0, 4, True])
def test_as_many_layers_as_there_are(num_layers):
    with pytest.raises(ValueError, match=f"num_layers must be an integer from 1 to 3, got {num_layers}"):
        inference(model_of(num_layers=3), GRAPH, X, num_layers=num_layers)


def test_writes_to_an_array_that_is_given():
    model, out = model_of(), np.full((60, 3), -7, np.float32)
    found = inference(model, GRAPH, X, out=out)
    assert found.data_ptr() == out.ctypes.data and torch.equal(found, inference(model, GRAPH, X))
    for wrong in (out[:59], out.astype(np.float64)):
        with pytest.raises(ValueError, match=r"out must be a float32 array of shape \(60, 3\), got float"):
            inference(model, GRAPH, X, out=wrong)


def test_tells_how_far_it_is():
    seen = []
    inference(model_of(num_layers=3), GRAPH, X, chunk_edges=50, progress=lambda *state: seen.append(state))
    assert len(seen) > 6 and [total for _, total in seen] == [180] * len(seen)
    done = [done for done, _ in seen]
    assert done == sorted(set(done)) and {60, 120, 180} <= set(done)


def test_sparse_features_stay_sparse(monkeypatch):
    """20,000 rows of 500,000 columns in one chunk: dense, 40 GB. Small chunks would hide it: 33 dense rows have room."""
    monkeypatch.setattr("graphsage.nn.whole_graph.CHUNK_VALUES", 20_000 * 500_000)
    rng, graph = np.random.default_rng(0), awkward_graph(20_000, 40_000)
    x = SparseFeatures(np.arange(20_001), rng.integers(0, 500_000, 20_000), None, 500_000)
    for aggregator in ("mean", "max"):
        assert inference(model_of(aggregator, in_features=500_000), graph, x).shape == (20_000, 3)


# ---- side effects


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training, monkeypatch):
    model = model_of(dropout=0.5, input_dropout=0.5).train(training)
    torch.manual_seed(1)
    weights, state = [p.detach().clone() for p in model.parameters()], torch.get_rng_state()
    first = inference(model, GRAPH, X)
    assert torch.equal(first, inference(model, GRAPH, X))  # no dropout, whatever the mode
    assert {module.training for module in model.modules()} == {training}
    monkeypatch.setattr(SAGELayer, "update", None)
    with pytest.raises(TypeError, match="not callable"):
        inference(model, GRAPH, X)
    assert {module.training for module in model.modules()} == {training}
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(p, w) for p, w in zip(model.parameters(), weights))
    assert all(p.grad is None for p in model.parameters())


# ---- small and wrong


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("num_nodes", [1, 5])
def test_a_graph_without_edges(num_nodes, isolated, is_sparse):
    graph, x = Graph.from_edges([], [], num_nodes), features(num_nodes, 7, seed=3) + 1
    model = model_of()
    rows = [[v] if isolated == "self" else [] for v in range(num_nodes)]
    out = inference(model, graph, sparse(x) if is_sparse else x, isolated=isolated)
    close(out, naive_nn.forward(model, rows, x, range(num_nodes)))


def test_a_graph_without_nodes():
    assert inference(model_of(), Graph.from_edges([], [], 0), np.zeros((0, 7), np.float32)).shape == (0, 3)


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("shape", [(59, 7), (61, 7), (60, 6), (60, 8)])
def test_features_of_another_shape(shape, is_sparse):
    """Sparse rows are read by a kernel that checks nothing."""
    x, text = features(*shape), rf"must have shape \[nodes, in_features\] = \[60, 7\], got \[{shape[0]}, {shape[1]}\]"
    with pytest.raises(ValueError, match=f"^features {text}$"):
        inference(model_of(), GRAPH, sparse(x) if is_sparse else x)


@pytest.mark.parametrize(
    "options, text",
    [
        ({"isolated": "drop"}, "isolated must be one of 'empty', 'self'; got 'drop'"),
        ({"chunk_edges": 0}, "chunk_edges must be an integer >= 1, got 0"),
    ],
)
def test_refused(options, text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        inference(model_of(), GRAPH, X, **options)
