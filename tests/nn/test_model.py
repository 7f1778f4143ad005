"""GraphSAGE: what it computes from a batch, its gradients and shapes, its keyed randomness, and what it refuses."""

from dataclasses import replace

import naive_nn
import numpy as np
import pytest
import torch
from helpers.nn_helpers import LAYERS, SEEDS, batch_of, close, features, model_of, node_dataset

from graphsage.nn.model import GraphSAGE
from graphsage.tensors.keyed_rng import keyed_rng

DENSE = node_dataset()


# ---- against the twin


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_a_sampled_batch_gives_what_each_seed_would_compute_alone(aggregator, combine, normalize, replace):
    """The twin asks node by node through the rows that were drawn, in float64."""
    for fanouts in ([3], [3, 2], [2, -1, 2]):
        model = model_of(aggregator, combine, len(fanouts), normalize=normalize)
        batch = batch_of(DENSE, SEEDS, fanouts, replace=replace, seed=4)
        rows = naive_nn.rows_of(batch.minibatch.indptr, batch.minibatch.indices)
        twin = naive_nn.forward(model, rows, DENSE.features[batch.minibatch.nodes], batch.minibatch.seed_index)
        with torch.no_grad():
            close(model(batch), twin)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_gradients(aggregator, combine, normalize):
    """Of the features and of every weight, through three layers. float64, and no unit near the kink of ReLU."""
    model = model_of(aggregator, combine, 3, normalize=normalize, bias_scale=0.5).double()
    batch = batch_of(DENSE, [5, 0, 5], [2, 2, 2])
    x = torch.from_numpy(np.random.default_rng(1).standard_normal(batch.x.shape)).requires_grad_()
    names, parameters = zip(*((name, p.detach().requires_grad_()) for name, p in model.named_parameters()))

    def call(x, *parameters):
        return torch.func.functional_call(model, dict(zip(names, parameters)), (replace(batch, x=x),))

    assert torch.autograd.gradcheck(call, (x, *parameters), fast_mode=True)


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_autocast(aggregator, combine, is_sparse):
    """Mixed precision: products in bfloat16, which has 8 bits, and gradients for the float32 weights."""
    model = model_of(aggregator, combine, 3)
    batch = batch_of(node_dataset(is_sparse=is_sparse), SEEDS, [3, 2, 2])
    with torch.autocast("cpu", torch.bfloat16):
        out = model(batch)
    assert out.dtype == torch.bfloat16
    expected = model(batch)
    close(out / expected.abs().max(), expected / expected.abs().max(), 0.05)
    out.float().sum().backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters())


# ---- shapes of the model


def test_widths_and_depth():
    model = GraphSAGE(7, 6, 3, 3, combine="concat")
    assert [tuple(layer.weight_self.shape) for layer in model.layers] == [(6, 7), (6, 12), (3, 12)]
    assert [layer.out_features for layer in model.layers] == [12, 12, 3]
    assert model.num_layers == 3 and model.first_layer_reduction == "mean"
    assert all(layer.bias is None for layer in GraphSAGE(7, 6, 3, bias=False).layers)


def test_normalized_hidden_rows_have_length_one():
    model, batch = model_of(num_layers=1), batch_of(DENSE, SEEDS, [3])
    hidden = GraphSAGE(7, 6, 3, 2, normalize=True, dropout=0.0).eval()
    out = hidden.finish(0, hidden.layers[0](batch.x, batch.blocks[0]))
    length = out.norm(dim=1)
    assert ((length - 1).abs().lt(1e-5) | length.eq(0)).all() and length.gt(0).sum() > 3
    close(model.finish(0, torch.tensor([[-3.0, 4.0]])), [[-3.0, 4.0]])  # the last layer is left as it is


# ---- randomness


def states():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist()  # noqa: NPY002 - that it is not moved


def test_same_seed_same_weights_and_torch_is_not_touched():
    torch.manual_seed(1)
    before = states()
    models = [GraphSAGE(7, 6, 3, seed=seed) for seed in (0, 1, 0)]
    assert states() == before
    torch.manual_seed(2)
    models.append(GraphSAGE(7, 6, 3))
    weights = [torch.cat([p.flatten() for p in model.parameters()]) for model in models]
    assert torch.equal(weights[0], weights[2]) and torch.equal(weights[0], weights[3])
    assert not torch.equal(weights[0], weights[1])


def test_layers_are_drawn_apart():
    model = GraphSAGE(6, 6, 6, 3)
    for name in ("weight_self", "weight_neigh"):
        first, second, third = (getattr(layer, name) for layer in model.layers)
        assert not torch.equal(first, second) and not torch.equal(second, third)


def test_reset_parameters_by_the_models_seed_or_another():
    torch.manual_seed(1)
    model, before = GraphSAGE(7, 6, 3, seed=5), states()
    first = model.layers[0].weight_self.detach().clone()
    model.reset_parameters(6)
    assert not torch.equal(model.layers[0].weight_self, first)
    assert torch.equal(model.layers[0].weight_self, GraphSAGE(7, 6, 3, seed=6).layers[0].weight_self)
    model.reset_parameters()
    assert torch.equal(model.layers[0].weight_self, first) and states() == before


@pytest.mark.parametrize("shares", [{"dropout": 0.5}, {"dropout": 0.0, "input_dropout": 0.5}])
def test_dropout_under_a_key(shares):
    """The same for the same key, whatever was drawn before; torch's own state is not touched."""
    model, batch = model_of(**shares).train(), batch_of(DENSE, SEEDS, [3, 2])
    torch.manual_seed(1)
    before, outs = states(), []
    for key in (1, 2, 1):
        with keyed_rng(np.uint64(key)):
            outs.append(model(batch).detach())
    assert states() == before
    torch.rand(5)
    with keyed_rng(np.uint64(1)):
        assert torch.equal(model(batch), outs[0])
    assert torch.equal(outs[0], outs[2]) and not torch.equal(outs[0], outs[1])
    with torch.no_grad():
        model.eval()
        assert torch.equal(model(batch), model(batch)) and not torch.equal(model(batch), outs[0])


def test_the_generator_comes_back_after_an_exception_too():
    torch.manual_seed(1)
    before = states()
    with pytest.raises(KeyError), keyed_rng(np.uint64(2**64 - 1)):
        torch.rand(3)
        raise KeyError
    assert states() == before


# ---- refusals


@pytest.mark.parametrize(
    "options, text",
    [
        ({"num_layers": 0}, "num_layers must be an integer >= 1, got 0"),
        ({"num_layers": 1.5}, "num_layers must be an integer >= 1, got 1.5"),
        ({"hidden_features": 0, "num_layers": 1}, "hidden_features must be an integer >= 1, got 0"),
        ({"in_features": 0}, "in_features must be an integer >= 1, got 0"),
        ({"out_features": 0}, "out_features must be an integer >= 1, got 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"dropout": -0.1}, r"dropout must be in \[0, 1\), got -0.1"),
        ({"dropout": None}, r"dropout must be in \[0, 1\), got None"),
        ({"input_dropout": float("nan")}, r"input_dropout must be in \[0, 1\), got nan"),
        ({"aggregator": "gcn", "combine": "concat"}, "combine='concat' .* aggregator='gcn'.*: use combine='sum'"),
        ({"aggregator": "gcn", "combine": "concat", "num_layers": 1}, "combine='concat' .*aggregator='gcn'.*"),
        ({"combine": "add", "num_layers": 1}, "combine must be one of sum, concat; got 'add'"),
        ({"aggregator": "median"}, "aggregator must be one of mean, sum, max, gcn, mean_pool, .*; got 'median'"),
        ({"init": "xavier"}, "init must be one of kaiming_uniform, kaiming_normal; got 'xavier'"),
        ({"normalize": "no"}, "normalize must be True or False, got 'no'"),
        ({"seed": -1}, "seed must be an integer from 0 to 18446744073709551615, got -1"),
    ],
)
def test_refused_options(options, text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        GraphSAGE(**{"in_features": 7, "hidden_features": 6, "out_features": 3, **options})


@pytest.mark.parametrize("reduced", [False, True])
def test_a_batch_of_another_depth(reduced):
    batch = batch_of(DENSE, SEEDS, [3, 2, 2], reduce="mean" if reduced else None)
    with pytest.raises(ValueError, match="^the batch has 3 hops, but the model has 2 layers: give one a layer$"):
        model_of()(batch)


def test_a_batch_reduced_for_another_model():
    text = "^the batch was reduced by 'max', but the model's first layer needs 'mean'$"
    with pytest.raises(ValueError, match=text):
        model_of("mean")(batch_of(DENSE, SEEDS, [3, 2], reduce="max"))


@pytest.mark.parametrize("reduce", [None, "mean"])
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("width", [6, 8])
def test_features_of_another_width(width, is_sparse, reduce):
    """Sparse ones would not even fail: a column is looked up in the weights, and the first ones are there."""
    batch = batch_of(node_dataset(num_features=width, is_sparse=is_sparse), SEEDS, [3, 2], reduce=reduce)
    with pytest.raises(ValueError, match=f"^the batch has {width} features a node, but the model's in_features = 7$"):
        model_of()(batch)


def test_what_is_no_batch():
    batch = batch_of(DENSE, SEEDS, [3, 2])
    for thing, name in ((batch.minibatch, "MiniBatch"), (batch.x, "Tensor"), (None, "NoneType")):
        with pytest.raises(TypeError, match=f"^x must be a Batch or a list of tensors .*, got {name}$"):
            model_of()(thing)


@pytest.mark.parametrize(
    "shapes, text",
    [
        ([(2, 7), (4, 7)], "a tree for 2 layers has 3 hops, the seeds' included; got 2"),
        ([], "a tree for 2 layers has 3 hops, the seeds' included; got 0"),
        ([(2, 7), (4, 7), (8, 6)], r"hop 2 must have shape \[ids, 7\], got \[8, 6\]"),
        ([(2, 7), (2, 2, 7), (8, 7)], r"hop 1 must have shape \[ids, 7\], got \[2, 2, 7\]"),
        ([(2, 7), (5, 7), (10, 7)], "hop 1 must hold k >= 1 rows for each of the 2 above it; got 5"),
        ([(2, 7), (4, 7), (0, 7)], "hop 2 must hold k >= 1 rows for each of the 4 above it; got 0"),
        ([(0, 7), (4, 7), (8, 7)], "hop 0 must hold a row a seed, and at least one; got 0"),
    ],
)
def test_trees_of_wrong_shapes(shapes, text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        model_of()([torch.zeros(shape) for shape in shapes])


def test_a_tree_of_arrays():
    with pytest.raises(TypeError, match="^hop 0 must be a dense tensor, got ndarray$"):
        model_of()([features(2, 7), features(4, 7), features(8, 7)])
