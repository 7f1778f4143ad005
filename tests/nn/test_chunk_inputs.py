"""Exact inference through files, in so little memory that each layer takes many passes, is the one in memory."""

import os
import tracemalloc

import numpy as np
import pytest
import torch
from helpers.nn_helpers import LAYERS, LEARNED, OPTIONS, REDUCTION_LAYERS, awkward_graph, close, features, model_of, sparse
from helpers.stacks import OwnStack
from helpers.typed_nn import dense_features, typed_dataset, typed_model
from hypothesis import given, strategies as st

from graphsage.graph.graph import Graph
from graphsage.nn.chunk_inputs import pass_sizes, ranges_of
from graphsage.nn.foretold import foretold
from graphsage.nn.inference import inference
from graphsage.nn.model import GraphSAGE
from graphsage.tensors import passes
from graphsage.tensors.passes import reduced_in_pass
from graphsage.tensors.store import FeatureStore

GRAPH, X = awkward_graph(), features(60, 7)
SMALL = {"memory": 1, "chunk_edges": 50}  # a byte: a pass for each chunk, of blocks of a row


def mapped(array, path):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


@pytest.fixture
def passed(monkeypatch):
    """How many passes were made."""
    made, call = [], passes.blocks
    monkeypatch.setattr(passes, "blocks", lambda *args: made.append(args) or call(*args))
    return made


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("memory", [1, 200_000])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_files_give_the_same_bits_as_memory(aggregator, combine, memory, isolated, tmp_path, passed):
    model = model_of(aggregator, combine, 3)
    how, x, told = {"isolated": isolated, "chunk_edges": 50}, mapped(X, tmp_path / "x.npy"), []
    wanted = inference(model, GRAPH, X, **how)
    found = inference(model, GRAPH, x, **how, memory=memory, scratch=tmp_path, log=told.append)
    assert torch.equal(found, wanted)
    assert bool(told) == (memory == 1) and (not told or "layer outputs go through files in" in told[0])
    assert len(passed) >= 3 * 4 * (memory == 1 and aggregator not in LEARNED)
    assert not passed or aggregator not in LEARNED
    assert os.listdir(tmp_path) == ["x.npy"]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_so_do_all_options_of_the_model(options, tmp_path):
    model = model_of(num_layers=3, **options)
    for num_layers in (None, 1, 2):
        how = {"num_layers": num_layers, "chunk_edges": 50}
        found = inference(model, GRAPH, X, **how, memory=1, scratch=tmp_path)
        assert torch.equal(found, inference(model, GRAPH, X, **how))


@pytest.mark.parametrize("x", [sparse(X), FeatureStore(X, dtype="bfloat16")], ids=["sparse", "bfloat16"])
@pytest.mark.parametrize("aggregator", ["max", "gcn", "attention"])
def test_so_do_features_that_are_read_as_they_lie(aggregator, x, tmp_path):
    model = model_of(aggregator)
    assert torch.equal(inference(model, GRAPH, x, **SMALL, scratch=tmp_path), inference(model, GRAPH, x, chunk_edges=50))


@pytest.mark.parametrize("aggregator", ["mean", "sum", "max", "gcn"])
def test_rows_in_any_order_give_the_same_up_to_rounding(aggregator, tmp_path):
    indices, rng = GRAPH.indices.copy(), np.random.default_rng(0)
    for start, stop in zip(GRAPH.indptr, GRAPH.indptr[1:]):
        rng.shuffle(indices[start:stop])
    graph, model = Graph.from_csr(GRAPH.indptr, indices), model_of(aggregator)
    close(inference(model, graph, X, **SMALL, scratch=tmp_path), inference(model, graph, X), 1e-6)


@pytest.mark.parametrize("relation_sum", ["sum", "mean"])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_typed_graphs_give_the_same_bits(aggregator, combine, relation_sum, tmp_path, passed):
    data = typed_dataset()
    model, how = typed_model(data, aggregator, combine, 3, relation_sum=relation_sum), {"chunk_edges": 20}
    wanted = inference(model, data.graph, data.features, **how)
    assert torch.equal(inference(model, data.graph, data.features, **how, memory=1, scratch=tmp_path), wanted)
    assert bool(passed) == (aggregator not in LEARNED)
    layers = {depth: inference(model, data.graph, dense_features(data), **how, num_layers=depth) for depth in (1, 2)}
    for depth, found in layers.items():
        again = inference(model, data.graph, data.features, **how, num_layers=depth, memory=1, scratch=tmp_path)
        assert all(torch.equal(again[kind], found[kind]) for kind in found)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_so_do_stacks_of_the_callers_own(dtype, tmp_path):
    model, told = OwnStack().to(dtype).eval(), []
    found = inference(model, GRAPH, X, **SMALL, scratch=tmp_path, log=told.append)
    assert torch.equal(found, inference(model, GRAPH, X, chunk_edges=50)) and len(told) == 1


@pytest.mark.parametrize("aggregator, combine", REDUCTION_LAYERS)
def test_a_graph_without_edges_or_nodes(aggregator, combine, tmp_path):
    for num_nodes in (0, 5):
        graph = Graph.from_edges([], [], num_nodes)
        found = inference(model_of(aggregator, combine), graph, X[:num_nodes], **SMALL, scratch=tmp_path)
        assert torch.equal(found, inference(model_of(aggregator, combine), graph, X[:num_nodes]))


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(0, 30))
def test_ranges_hold_all_chunks_in_order_and_are_as_large_as_may_be(sizes, most):
    found = list(ranges_of([(n, n + 1) for n in range(len(sizes))], sizes, most))
    assert [chunk for part in found for chunk in part] == [(n, n + 1) for n in range(len(sizes))]
    for part, following in zip(found, [*found[1:], None]):
        size = sum(sizes[n] for n, _ in part)
        assert part and (size <= most or len(part) == 1)
        assert following is None or size + sizes[following[0][0]] > most


@pytest.mark.parametrize("aggregator", ["mean", "max_pool"])
def test_what_is_read_from_files_stays_within_the_memory(aggregator, tmp_path):
    """8 MB beside the chunks, of sums of 20,000 rows that are 10 MB: two ranges at once would be more."""
    graph, x = awkward_graph(20_000, 40_000), features(20_000, 128)
    store = FeatureStore(mapped(x, tmp_path / "x.npy"))
    model, how = GraphSAGE(128, 128, 4, 2, aggregator), {"chunk_edges": 500}
    memory = foretold(model, graph, store, **how).chunk + (8 << 20)
    tracemalloc.start()  # of numpy's arrays
    try:
        inference(model, graph, store, **how, memory=memory, scratch=tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_sums_and_blocks_stay_within_the_memory():
    for width in (1, 64, 1000):
        rows, block = pass_sizes(width, 1 << 20)
        assert rows * (4 * width + 16) + 2 * block * 4 * width <= 0.75 * (1 << 20)
    assert pass_sizes(1000, 1) == (1, 1)


@pytest.mark.parametrize("how, text", [
    ({"memory": 0}, "memory must be bytes, or a size such as 4GiB or 500MB; got 0"),
    ({"memory": "much"}, "memory must be bytes, or a size such as 4GiB or 500MB; got 'much'"),
    ({"scratch": "/nowhere"}, "scratch must be a folder that is there, got '/nowhere'"),
    ({"resume": True}, "resume=True needs a folder to go on from: give scratch"),
])  # fmt: skip
def test_refuses(how, text):
    with pytest.raises(ValueError) as error:
        inference(model_of(), GRAPH, X, **how)
    assert str(error.value) == text


def test_a_full_disk_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(ValueError, match="exact evaluation does not fit memory and takes files of .* name another folder"):
        inference(model_of(), GRAPH, X, **SMALL, scratch=tmp_path)


def test_passes_are_not_row_by_row_however_little_is_allowed(tmp_path, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        "graphsage.nn.chunk_inputs.reduced_in_pass", lambda *a, out: sizes.append(a[4]) or reduced_in_pass(*a, out=out)
    )
    inference(model_of("mean"), GRAPH, mapped(X, tmp_path / "x.npy"), memory=1, scratch=tmp_path)
    assert sizes and min(sizes) > 1
