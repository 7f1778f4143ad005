"""A model of plain tensors gives what the model gives, on graphs of every size; torch.export and ONNX keep it."""

import warnings

import numpy as np
import pytest
import torch
from helpers.nn_helpers import SEEDS, awkward_graph, features, model_of
from torch import nn

import graphsage as gs
from graphsage.nn.head import Head

GRAPH = awkward_graph()  # directed, with loops, repeats, hubs and isolated nodes
X = features(60, 7)
EVERYONE = torch.arange(60)
KINDS = {
    "mean": {},
    "gcn": {"norm": "batch", "activation": "gelu"},
    "sum": {"combine": "concat", "normalize": True},
    "max": {"residual": True, "num_layers": 3},
    "mean_pool": {"input_layer": "active", "jumping": "cat", "norm": "layer"},
    "max_pool": {"input_layer": "linear", "jumping": "max"},
}


def tensors(x=X, graph=GRAPH, seeds=EVERYONE):
    return torch.tensor(np.asarray(x)), torch.tensor(np.stack(graph.to_edges())).long(), seeds


def made(aggregator="mean", **options):
    model = model_of(aggregator, **options).eval()
    for values in model.buffers():  # running statistics that are not 0 and 1
        if values.is_floating_point():
            values.uniform_(0.5, 2.0)
    return model


@pytest.mark.parametrize("aggregator, options", KINDS.items(), ids=KINDS)
def test_it_gives_what_the_model_gives(aggregator, options):
    model = made(aggregator, **options)
    plain, wanted = gs.interop.exportable(model), gs.inference(model, GRAPH, X)
    x, edges, _ = tensors()
    assert wanted.std() > 0.1
    torch.testing.assert_close(plain(x, edges, EVERYONE), wanted, atol=1e-5, rtol=1e-5)
    mixed = edges[:, torch.from_numpy(np.random.default_rng(1).permutation(edges.shape[1]))]
    asked = torch.tensor([7, 3, 7, 0])
    torch.testing.assert_close(plain(x, mixed, asked), wanted[asked], atol=1e-5, rtol=1e-5)


def test_a_batch_goes_in_with_the_edges_of_all_its_hops():
    model = made()
    drawn = gs.NeighborSampler(GRAPH, [3, 2]).sample(SEEDS)
    rows = np.repeat(np.arange(len(drawn.indptr) - 1), np.diff(drawn.indptr))
    edges = torch.tensor(np.stack([drawn.indices, rows])).long()
    found = gs.interop.exportable(model)(torch.tensor(X[drawn.nodes]), edges, torch.tensor(drawn.seed_index))
    torch.testing.assert_close(found, model(gs.Batch.of(drawn, X)), atol=1e-5, rtol=1e-5)


def test_numbers_are_in_the_targets_units():
    model = made()
    plain = gs.interop.exportable(model)
    width = model.out_features
    model.task_head = Head(means=(100.0,) * width, deviations=(10.0,) * width)
    assert plain(*tensors()).abs().max() < 50  # of the model as it was
    found = gs.interop.exportable(model)(*tensors())
    torch.testing.assert_close(found, 100 + 10 * plain(*tensors()))
    assert found.dtype == torch.float32


def test_the_model_stays_as_it_is():
    model = model_of().train()
    plain = gs.interop.exportable(model)
    assert model.training and not plain.model.training
    before = plain(*tensors())
    nn.init.zeros_(model.layers[0].weight_neigh)
    assert torch.equal(plain(*tensors()), before)


def test_torch_export_keeps_it_for_every_size():
    model = made("max_pool", norm="batch")
    plain = gs.interop.exportable(model)
    program = torch.export.export(plain, plain.inputs, dynamic_shapes=plain.sizes)
    kept = program.module()
    torch.testing.assert_close(kept(*tensors()), gs.inference(model, GRAPH, X), atol=1e-5, rtol=1e-5)
    for nodes, edges, seeds in SIZES:
        given = sized(nodes, edges, seeds)
        torch.testing.assert_close(kept(*given), plain(*given))


SIZES = [(60, 0, 3), (1, 1, 1), (2, 1, 0), (60, 500, 60)]


def sized(nodes, edges, seeds):
    rng = np.random.default_rng(2)
    drawn = (rng.integers(0, nodes, size) for size in ((2, edges), (seeds,)))
    return torch.tensor(X[:nodes]), *map(torch.from_numpy, drawn)


@pytest.mark.parametrize("aggregator", ["gcn", "max"])
def test_onnx_runs_it_for_every_size(aggregator, tmp_path):
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name)
    runtime = pytest.importorskip("onnxruntime")
    model = made(aggregator, input_layer="linear", jumping="cat")
    plain = gs.interop.exportable(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        program = torch.onnx.export(plain, plain.inputs, dynamic_shapes=plain.sizes, dynamo=True, verbose=False)
    program.save(tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    assert [one.name for one in session.get_inputs()] == ["x", "edge_index", "seeds"]

    def run(*given):
        return session.run(None, dict(zip(("x", "edge_index", "seeds"), (one.numpy() for one in given))))[0]

    np.testing.assert_allclose(run(*tensors()), gs.inference(model, GRAPH, X).numpy(), atol=1e-5, rtol=1e-5)
    for size in SIZES:
        given = sized(*size)
        np.testing.assert_allclose(run(*given), plain(*given).detach().numpy(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("aggregator, name", [("lstm", "LSTM"), ("attention", "Attention"), ("std", "Std"), ("pna", "PNA")])
def test_aggregators_that_need_more_are_refused(aggregator, name):
    text = f"a model to export must aggregate by mean, sum, max, gcn, mean_pool or max_pool, got {name}"
    with pytest.raises(ValueError, match=text):
        gs.interop.exportable(model_of(aggregator))


def test_other_modules_are_refused():
    text = "model must be a GraphSAGE, got .*Linear.*: export other modules by torch.export itself"
    with pytest.raises(TypeError, match=text):
        gs.interop.exportable(nn.Linear(2, 2))
