"""Options of the model: shapes, gradients, initial weights, single rows, memory, and what the loader may still reduce."""

import weakref
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from helpers.nn_helpers import OPTIONS, SEEDS, batch_of, close, model_of, node_dataset

from graphsage.nn.inference import inference
from graphsage.nn.jumping import joined_width
from graphsage.nn.model import GraphSAGE

DENSE = node_dataset()


@pytest.mark.parametrize("options", OPTIONS)
def test_gradients(options):
    """Of the features and of every weight, in training, where batch norm is by the batch. float64."""
    kept = {**options, "activation": "elu", "dropout": 0.0}  # no kinks
    model = model_of("mean", "concat", 2, bias_scale=0.5, **kept).double().train()
    batch = batch_of(DENSE, [5, 0, 17, 5], [2, 2])
    x = torch.from_numpy(np.random.default_rng(1).standard_normal(batch.x.shape)).requires_grad_()
    names, parameters = zip(*((name, p.detach().requires_grad_()) for name, p in model.named_parameters()))

    def call(x, *parameters):
        return torch.func.functional_call(model, dict(zip(names, parameters)), (replace(batch, x=x),))

    assert torch.autograd.gradcheck(call, (x, *parameters), fast_mode=True)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("is_sparse", [False, True])
def test_autocast(options, is_sparse):
    model, batch = model_of(num_layers=2, **options).train(), batch_of(node_dataset(is_sparse=is_sparse), SEEDS, [3, 2])
    with torch.autocast("cpu", torch.bfloat16):
        model(batch).float().sum().backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters())


def test_shapes():
    """With an input layer or jumping all layers are hidden ones; residuals are projected only where widths differ."""
    model = GraphSAGE(7, 6, 3, 3, norm="batch", residual=True)
    assert model.input_layer is None and model.output_layer is None and model.layers[2].norm is None
    assert [layer.weight_residual is None for layer in model.layers] == [False, True, True] and not model.layers[2].residual
    model = GraphSAGE(7, 6, 3, 2, combine="concat", residual=True, input_layer="linear", jumping="cat")
    assert [layer.out_features for layer in model.layers] == [12, 12] and model.output_layer.weight.shape == (3, 24)
    assert [layer.weight_residual is None for layer in model.layers] == [False, True]
    assert model.input_layer.weight.shape == (6, 7) and model.input_layer.bias is None
    assert GraphSAGE(7, 6, 3, input_layer="active", bias=False).input_layer.bias is None
    assert [joined_width(model, n) for n in (1, 2, None)] == [12, 24, 3]


def test_options_leave_the_weights_that_a_plain_model_has_too_as_they_are():
    plain = GraphSAGE(7, 6, 3, 2, seed=4).state_dict()
    with_more = GraphSAGE(7, 6, 3, 2, seed=4, norm="batch", activation="gelu").state_dict()
    assert all(torch.equal(with_more[name], weights) for name, weights in plain.items())
    again = GraphSAGE(7, 6, 3, 2, seed=4, residual=True, input_layer="active", jumping="max")
    first = {name: weights.clone() for name, weights in again.state_dict().items()}
    again.reset_parameters(5)
    assert not any(torch.equal(again.state_dict()[name], first[name]) for name in first if name.endswith("weight"))
    again.reset_parameters()
    assert all(torch.equal(again.state_dict()[name], weights) for name, weights in first.items())


def test_reset_parameters_forgets_running_statistics():
    model = GraphSAGE(7, 6, 3, 2, norm="batch").train()
    model(batch_of(DENSE, SEEDS, [3, 2]))
    assert model.layers[0].norm.running_mean.abs().sum() > 0
    model.reset_parameters()
    assert model.layers[0].norm.running_mean.abs().sum() == 0


def test_running_statistics_are_of_the_batches_alone_from_the_first_on():
    """Units of tiny variance: the 1 that stood before would take a hundred batches to fade, and inference be wrong so long."""
    model = GraphSAGE(7, 6, 3, 2, norm="batch", dropout=0.0).train()
    tiny, norm = node_dataset(), model.layers[0].norm
    batch = batch_of(replace(tiny, features=tiny.features * np.float32(1e-3)), SEEDS, [3, 2])
    with torch.no_grad():
        x_self, x_neigh = model._first_inputs(batch)
        rows = model.layers[0].products(x_self, x_neigh)
        for _ in range(3):
            model(batch)
            close(norm.running_mean, rows.mean(0))
            close(norm.running_var / rows.var(0), torch.ones(6))
        for _ in range(12):
            model(batch)
    assert norm.momentum == 0.1


def test_a_single_row_is_normed_by_the_running_statistics():
    """Two seeds that are one node, without neighbours, are one row of each layer."""
    model = model_of(num_layers=2, norm="batch", dropout=0.0)
    batch, running = batch_of(DENSE, [3, 3], [2, 2]), model.layers[0].norm.running_mean.clone()
    with torch.no_grad():
        expected = model(batch)
        assert torch.equal(model.train()(batch), expected) and torch.equal(model.layers[0].norm.running_mean, running)


@pytest.mark.parametrize("options, reduction", [
    ({}, "mean"), ({"input_layer": "linear"}, "mean"), ({"input_layer": "linear", "aggregator": "gcn"}, "gcn"),
    ({"input_layer": "linear", "aggregator": "sum"}, "sum"), ({"input_layer": "linear", "aggregator": "max"}, None),
    ({"input_layer": "active"}, None), ({"input_layer": "linear", "aggregator": "pna"}, None),
    ({"norm": "batch", "residual": True, "jumping": "cat", "activation": "elu"}, "mean"),
])  # fmt: skip
def test_what_a_loader_may_reduce(options, reduction):
    assert model_of(**options).first_layer_reduction == reduction


def test_an_activation_after_the_first_reduction_would_be_another_model():
    model = model_of(input_layer="active")
    with pytest.raises(ValueError, match="reduced by 'mean', but the model's first layer needs None"):
        model(batch_of(DENSE, SEEDS, [3, 2], reduce="mean"))


@pytest.mark.parametrize("jumping, most", [("last", 2), ("cat", 3), ("max", 3)])
def test_deep_models_keep_few_outputs_of_all_nodes(jumping, most, monkeypatch):
    """15 layers: those of two, and the result of cat or the maximum so far; not 15."""
    made, alive, empty = [], [], torch.empty

    def recorded(*shape, **options):
        tensor = empty(*shape, **options)
        if shape[0] == 60:
            made.append(weakref.ref(tensor))
            alive.append(sum(ref() is not None for ref in made))
        return tensor

    model = model_of(num_layers=15, jumping=jumping, residual=True, norm="layer", input_layer="linear")
    expected = model(batch_of(DENSE, np.arange(60), [-1] * 15))
    monkeypatch.setattr(torch, "empty", recorded)
    close(inference(model, DENSE.graph, DENSE.features), expected)
    assert max(alive) == most


def test_hidden_layers_of_a_whole_graph_and_of_a_batch():
    """What goes into the output layer, for ``embed``; before the last hidden layer, what goes into the next."""
    for jumping in ("last", "cat", "max"):
        model, done = model_of(num_layers=3, jumping=jumping, input_layer="linear"), []
        for num_layers in (1, 2, 3):
            tell = partial(_append, done)
            whole = inference(model, DENSE.graph, DENSE.features, num_layers=num_layers, progress=tell)
            assert whole.shape == (60, joined_width(model, num_layers)) and done[-1] == (60 * (num_layers + 1),) * 2
            with torch.no_grad():
                close(model.represent(batch_of(DENSE, SEEDS, [-1] * num_layers)), whole[SEEDS])
        close(model.output_layer(whole), inference(model, DENSE.graph, DENSE.features))
        out = np.zeros(whole.shape, np.float32)
        inference(model, DENSE.graph, DENSE.features, num_layers=3, out=out)
        close(out, whole)


def _append(to, *what):
    to.append(what)
