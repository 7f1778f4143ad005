"""SAGELayer and the aggregators: the formula, the initial weights, and what is refused."""

import math

import naive_nn
import numpy as np
import pytest
import torch
from helpers.nn_helpers import LAYERS, LEARNED, REDUCTION_LAYERS, awkward_graph, close, features, sparse

from graphsage.nn.layer import SAGELayer
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.tensors.reductions import REDUCTIONS
from graphsage.tensors.store import FeatureStore

GRAPH = awkward_graph(30, 120)
NUM_DST, WIDTH = 12, 5
ROWS = naive_nn.rows_of(GRAPH.indptr, GRAPH.indices)[:NUM_DST]
X = features(30, WIDTH)


def block(rows=ROWS, num_src=30):
    indptr, indices = naive_nn.csr_of(rows)
    return CSRMatrix.from_numpy(indptr, indices.astype(np.int32), None, num_src)


def layer_of(aggregator="mean", combine="sum", bias=True, **options):
    """In float64, with a bias that is not 0."""
    layer = SAGELayer(WIDTH, 4, aggregator=aggregator, combine=combine, bias=bias, **options).double().eval()
    if bias:
        torch.nn.init.normal_(layer.bias, generator=torch.Generator().manual_seed(0))
    return layer


def expected(layer, aggregated, own):
    """The docstring's formula, in numpy."""
    weights = {name: p.detach().numpy() for name, p in layer.named_parameters()}
    out = aggregated @ weights["weight_neigh"].T
    if "weight_self" in weights:
        first = own @ weights["weight_self"].T
        out = first + out if layer.combine == "sum" else np.concatenate([first, out], axis=1)
    return out + weights.get("bias", 0)


# ---- the formula


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
class TestFormula:
    def test_on_a_block(self, aggregator, combine, bias):
        layer, x = layer_of(aggregator, combine, bias), X.astype(float)
        out = layer(torch.from_numpy(x), block())
        aggregated = naive_nn.aggregate(layer.aggregator, ROWS, x)
        assert out.shape == (NUM_DST, layer.out_features) and layer.out_features == (8 if combine == "concat" else 4)
        close(out, expected(layer, aggregated, x[:NUM_DST]), 1e-12)

    def test_update_of_sparse_rows_is_that_of_dense_ones(self, aggregator, combine, bias):
        layer, store = layer_of(aggregator, combine, bias).float(), FeatureStore(sparse(X))
        ids, others = np.arange(8), np.arange(8, 16)
        sparse_pair = [store.rows(torch.from_numpy(nodes)) for nodes in (ids, others)]
        dense_pair = [torch.from_numpy(X[ids]), torch.from_numpy(X[others])]
        if layer.aggregator.out_features != WIDTH:  # what it makes is dense, and stands beside sparse rows of the nodes
            sparse_pair[1] = dense_pair[1] = torch.from_numpy(features(8, layer.aggregator.out_features))
        outs, grads = [], []
        for x in sparse_pair, dense_pair:
            layer.zero_grad()
            outs.append(layer.update(*x))
            (outs[-1] ** 2).sum().backward()
            grads.append([p.grad.clone() for p in layer.parameters(recurse=False)])
        close(*outs, 1e-6)
        for ours, theirs in zip(*grads):
            close(ours, theirs)

    def test_gradients(self, aggregator, combine, bias):
        layer = layer_of(aggregator, combine, bias)
        names, parameters = zip(*((name, p.detach().requires_grad_()) for name, p in layer.named_parameters()))
        x = torch.from_numpy(np.random.default_rng(1).standard_normal(X.shape)).requires_grad_()

        def call(x, *parameters):
            return torch.func.functional_call(layer, dict(zip(names, parameters)), (x, block()))

        assert torch.autograd.gradcheck(call, (x, *parameters), fast_mode=aggregator in LEARNED)

    def test_inputs_are_left_alone(self, aggregator, combine, bias):
        """The layer may write over its own intermediate results, never over what it was given."""
        layer, x = layer_of(aggregator, combine, bias), torch.from_numpy(X.astype(float))
        weights = {name: p.detach().clone() for name, p in layer.named_parameters()}
        with torch.no_grad():
            first, second = layer(x, block()), layer(x, block())
        assert torch.equal(first, second) and torch.equal(x, torch.from_numpy(X).double())
        assert all(torch.equal(p, weights[name]) for name, p in layer.named_parameters())


def test_gcn_counts_the_node_itself_once_more_where_it_is_its_own_neighbour():
    x = torch.tensor([[6.0], [0.0]])
    close(REDUCTIONS["gcn"](x, block([[1], [1, 1]], 2), x), [[3.0], [0.0]])
    close(REDUCTIONS["gcn"](x, block([[0, 1], []], 2), x), [[4.0], [0.0]])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("degree", [22_000, 70_000])
def test_gcn_of_a_hub_in_half_precision(dtype, degree):
    """Neither the sum (100 a neighbour) nor the count (70,001) fits float16; their quotient does."""
    h = torch.full((3, 2), 100.0, dtype=dtype, requires_grad=True)
    out = REDUCTIONS["gcn"](h, block([[1, 2] * (degree // 2), []], 3), h[:2])
    assert out.dtype == dtype
    close(out, np.full((2, 2), 100.0), torch.finfo(dtype).eps)
    out.sum().backward()
    close(h.grad[1:], np.full((2, 2), 0.5) + [[1], [0]], torch.finfo(dtype).eps)


# ---- Kaiming

WIDE = {"in_features": 50, "out_features": 2000}  # with fan-in and fan-out swapped every bound is 6 times too small


def weights_of(**options):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        layer = SAGELayer(**WIDE, **options)
    assert not layer.bias.any() and layer.bias.shape == (layer.out_features,)
    return [p.detach() for name, p in layer.named_parameters() if name.startswith("weight")]


@pytest.mark.parametrize("aggregator, combine", REDUCTION_LAYERS)
def test_uniform_weights_reach_the_bound_and_stay_within(aggregator, combine):
    """He et al. 2015: +-sqrt(6 / fan_in). That 100,000 draws stay below 99.9 % of it has probability e^-100."""
    bound = math.sqrt(6 / 50)
    weights = weights_of(aggregator=aggregator, combine=combine)
    assert len(weights) == (1 if aggregator == "gcn" else 2)
    for weight in weights:
        assert weight.shape == (2000, 50)
        assert 0.999 * bound < weight.abs().max() <= bound
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.01)  # 1 % is 6 sigma
        assert abs(weight.mean().item()) < 6 * bound / math.sqrt(3 * 100_000)


def test_normal_weights_have_the_variance():
    """Variance 2 / fan_in; 1 % of the deviation is about 4.5 sigma at 100,000 draws, and the seed is fixed."""
    for weight in weights_of(init="kaiming_normal"):
        assert weight.std().item() == pytest.approx(math.sqrt(2 / 50), rel=0.01)
        assert weight.abs().max() > 3.5 * math.sqrt(2 / 50)  # and they are not uniform


def test_the_two_matrices_are_drawn_apart():
    first, second = weights_of()
    assert not torch.equal(first, second)


def test_reset_parameters_draws_anew_and_zeroes_the_bias():
    layer = layer_of()
    before = layer.weight_self.detach().clone()
    layer.reset_parameters()
    assert not torch.equal(layer.weight_self, before) and not layer.bias.any()


@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
def test_a_residual_of_sparse_rows_has_the_weights_dtype(norm):
    layer = SAGELayer(WIDTH, WIDTH, residual=True, norm=norm).bfloat16().eval()
    x, rows = torch.from_numpy(X), FeatureStore(sparse(X)).rows(torch.arange(len(X)))
    made = layer.update(rows, x)
    assert made.dtype == torch.bfloat16
    torch.testing.assert_close(made, layer.update(x, x), atol=0.05, rtol=0.05)


# ---- refusals and texts


@pytest.mark.parametrize(
    "options, text",
    [
        ({"aggregator": "median"}, "aggregator must be one of 'mean', 'sum', 'max', 'gcn', 'mean_pool', .*; got 'median'"),
        ({"combine": "add"}, "combine must be one of 'sum', 'concat'; got 'add'"),
        ({"init": "xavier"}, "init must be one of 'kaiming_uniform', 'kaiming_normal'; got 'xavier'"),
        ({"aggregator": "gcn", "combine": "concat"}, "combine='concat' puts two .*'gcn' has one: use 'sum'"),
        ({"in_features": 0}, "in_features must be an integer >= 1, got 0"),
        ({"out_features": -3}, "out_features must be an integer >= 1, got -3"),
    ],
)
def test_refused(options, text):
    with pytest.raises(ValueError, match=f"^{text}$"):
        SAGELayer(**{"in_features": 2, "out_features": 2, **options})


def test_a_fractional_width_is_refused():
    with pytest.raises(TypeError, match="^in_features must be an integer >= 1, got 2.0$"):
        SAGELayer(2.0, 2)


def test_repr():
    lines = ["SAGELayer(", "  5, 4, combine=concat", "  (aggregator): Reduction(mean)", ")"]
    assert repr(SAGELayer(5, 4, combine="concat")) == "\n".join(lines)


# ---- own rows and aggregated ones that share the backward pass


def gradients_of(layer, watch=False):
    """[the layer's outputs, the gradients of x and of each weight] on the block; watch: with a hook on its aggregator."""
    seen, x = [], torch.from_numpy(X).requires_grad_()
    if watch:
        layer.aggregator.register_forward_hook(lambda module, args, out: seen.append(out))
    h = x * 1  # no leaf, as hidden units are
    out = layer(h, block())
    assert len(seen) == watch
    (out.square().sum() + h[3].sum()).backward()
    return [out, x.grad, *(weight.grad for weight in layer.parameters())]


@pytest.mark.parametrize("aggregator", ["mean", "sum"])
def test_a_watched_aggregator_is_called_and_all_gradients_are_bit_for_bit_the_same(aggregator):
    shared, watched = (SAGELayer(WIDTH, 4, aggregator=aggregator) for _ in range(2))
    watched.load_state_dict(shared.state_dict())
    for one, other in zip(gradients_of(shared), gradients_of(watched, watch=True), strict=True):
        assert torch.equal(one, other)
