"""A plain model in one pass, beside itself layer by layer: the same bits; and who goes layer by layer."""

import itertools

import numpy as np
import pytest
import torch

import graphsage as gs
from graphsage.nn import plain_stack

REDUCTIONS = ("mean", "sum")


def dataset_of(is_sparse, has_values=True, num_nodes=60):
    rng = np.random.default_rng(0)
    graph = gs.Graph.from_edges(*rng.integers(0, num_nodes, (2, 240)), num_nodes, undirected=True)
    x = rng.standard_normal((num_nodes, 9)).astype(np.float32) * (rng.random((num_nodes, 9)) < 0.4)
    if is_sparse:
        rows, columns = np.nonzero(x)
        indptr = np.searchsorted(rows, np.arange(num_nodes + 1))
        x = gs.SparseFeatures(indptr, columns.astype(np.int32), x[rows, columns] if has_values else None, 9)
    return gs.NodeDataset(graph=graph, features=x, labels=rng.integers(0, 4, num_nodes), train=np.arange(40), val=[], test=[])


def batch_of(dataset, model, *, reduces=True):
    sampler = gs.NeighborSampler(dataset.graph, [3] * model.num_layers, seed=1)
    reduce = model.first_layer_reduction if reduces else None
    return next(iter(gs.NeighborLoader(dataset, sampler, 20, reduce=reduce)))


def model_of(**options):
    model = gs.GraphSAGE(9, 16, 4, **{"dropout": 0.0, **options})
    made = torch.Generator().manual_seed(5)
    for name, weight in model.named_parameters():
        if "bias" in name:
            weight.data = torch.randn(weight.shape, generator=made)
    return model


def outputs_and_gradients(model, batch):
    model.zero_grad()
    torch.manual_seed(3)
    out = model(batch)
    torch.nn.functional.cross_entropy(out, batch.y).backward()
    return [out.detach(), *(weight.grad for weight in model.parameters())]


def trace(out):
    """Names of what made ``out``."""
    names, waiting = set(), [out.grad_fn]
    while waiting:
        function = waiting.pop()
        if function is not None and function not in names:
            names.add(type(function).__name__.removesuffix("Backward"))
            waiting += [before for before, _ in function.next_functions]
    return names


CASES = list(itertools.product(REDUCTIONS, (1, 2, 3), ("dense", "sparse", "ones"), (0.0, 0.5), (True, False)))


@pytest.mark.parametrize("aggregator, num_layers, kind, dropout, bias", CASES)
def test_the_bits_are_those_of_layer_by_layer(aggregator, num_layers, kind, dropout, bias, monkeypatch):
    dataset = dataset_of(kind != "dense", kind == "sparse")
    model = model_of(aggregator=aggregator, num_layers=num_layers, dropout=dropout, bias=bias)
    for reduces in (True, False):
        batch = batch_of(dataset, model, reduces=reduces)
        assert "_PlainStack" in trace(model(batch))
        found = outputs_and_gradients(model, batch)
        with monkeypatch.context() as patch:
            patch.setattr(gs.GraphSAGE, "_is_plain", False)
            assert "_PlainStack" not in trace(model(batch))
            expected = outputs_and_gradients(model, batch)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("dropout", (0.0, 0.5))
def test_a_gradient_is_the_same_when_asked_for_again(dropout):
    """And the caller's gradient of the outputs is left as it was, also one that is spread out from a single number."""
    model = model_of(dropout=dropout, num_layers=3)
    out = model(batch_of(dataset_of(False), model))
    given = torch.randn(out.shape)
    kept = given.clone()
    twice = [torch.autograd.grad(out, list(model.parameters()), given, retain_graph=True) for _ in range(2)]
    for one, other in zip(*twice, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert torch.equal(given, kept)
    out.sum().backward()


WATCHED = {
    "norm": {"norm": "layer"},
    "residual": {"residual": True},
    "concat": {"combine": "concat"},
    "gelu": {"activation": "gelu"},
    "normalized rows": {"normalize": True},
    "max": {"aggregator": "max"},
    "gcn": {"aggregator": "gcn"},
    "pool": {"aggregator": "max_pool"},
    "jumping": {"jumping": "cat"},
    "input layer": {"input_layer": "linear"},
}


@pytest.mark.parametrize("options", WATCHED.values(), ids=WATCHED)
def test_other_models_go_layer_by_layer(options):
    model = model_of(**options)
    assert "_PlainStack" not in trace(model(batch_of(dataset_of(False), model)))


def test_a_layer_that_is_watched_or_replaced_is_called():
    model, seen = model_of(num_layers=3), []
    batch = batch_of(dataset_of(False), model)
    with_hook = model.layers[1].register_forward_hook(lambda *given: seen.append("hook"))
    model(batch)
    with_hook.remove()
    model.layers[1].aggregator.register_forward_hook(lambda *given: seen.append("aggregator"))
    model(batch)
    assert seen == ["hook", "aggregator"]

    class Doubled(gs.GraphSAGE):
        def finish(self, depth, h):
            return 2 * super().finish(depth, h)

    plain, doubled = model_of(), Doubled(9, 16, 4, dropout=0.0)
    doubled.load_state_dict(plain.state_dict())
    batch = batch_of(dataset_of(False), plain)
    assert not torch.equal(plain(batch), doubled(batch))


def test_features_that_are_learned_get_their_gradient():
    model = model_of()
    batch = batch_of(dataset_of(False), model, reduces=False)
    x = batch.x.clone().requires_grad_()
    model(batch.having(x=x)).sum().backward()
    assert x.grad.abs().sum() > 0


def test_weights_that_were_changed_after_the_forward_pass_are_refused():
    """As torch does: the gradient would be of other weights."""
    model = model_of()
    out = model(batch_of(dataset_of(False), model))
    with torch.no_grad():
        model.layers[1].weight_self.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_double_and_autocast():
    model = model_of(num_layers=3).double()
    dataset = dataset_of(False)
    batch = batch_of(dataset, model).cast(torch.float64)
    assert "_PlainStack" in trace(model(batch))
    with torch.autocast("cpu", torch.bfloat16):
        assert "_PlainStack" not in trace(model(batch))
    assert plain_stack.is_plain_stack(model.layers, batch.x_self, batch.x_neigh, batch.blocks)
    with torch.no_grad():
        assert not plain_stack.is_plain_stack(model.layers, batch.x_self, batch.x_neigh, batch.blocks)
