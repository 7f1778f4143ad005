"""Adam and AdamW, which turn weights by columns, beside torch's own: weights, state and files."""

import pytest
import torch

from graphsage.training import adam

SETTINGS = {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}


def weights_of(dtype=torch.float32):
    """Weights by rows, by columns, of one number, of none, and one that never gets a gradient."""
    made = torch.Generator().manual_seed(0)
    shapes = ((4, 3), (1,), (0, 5), (2, 2))
    weights = [torch.randn(shape, generator=made, dtype=dtype) for shape in shapes]
    weights.insert(1, torch.randn(3, 7, generator=made, dtype=dtype).t())
    return [torch.nn.Parameter(weight) for weight in weights]


def give_gradients(weights, update):
    """The same to equal weights; every other one lies by rows, also of a weight by columns."""
    made = torch.Generator().manual_seed(update)
    for weight in weights[:-1]:
        grad = torch.randn(weight.shape, generator=made, dtype=weight.dtype)
        weight.grad = grad if update % 2 else torch.empty_like(weight).copy_(grad)


def trained(optimizer, weights, updates):
    for update in updates:
        give_gradients(weights, update)
        optimizer.param_groups[0]["lr"] *= 0.9
        optimizer.step()
    return weights


def assert_alike(ours, theirs):
    for one, other in zip(ours, theirs):
        torch.testing.assert_close(one.detach(), other.detach(), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
@pytest.mark.parametrize("name", ("Adam", "AdamW"))
def test_updates_are_those_of_torch(name, dtype):
    ours, theirs = weights_of(dtype), weights_of(dtype)
    mine, other = getattr(adam, name)(ours, fused=True, **SETTINGS), getattr(torch.optim, name)(theirs, fused=True, **SETTINGS)
    assert_alike(trained(mine, ours, range(5)), trained(other, theirs, range(5)))
    for one, two in zip(mine.state_dict()["state"].values(), other.state_dict()["state"].values(), strict=True):
        assert one.keys() == two.keys() and one["step"] == two["step"]
        assert_alike([one["exp_avg"], one["exp_avg_sq"]], [two["exp_avg"], two["exp_avg_sq"]])
    assert mine.state_dict()["param_groups"] == other.state_dict()["param_groups"]


@pytest.mark.parametrize("name", ("Adam", "AdamW"))
def test_either_goes_on_with_the_state_of_the_other(name):
    theirs, expected = weights_of(), weights_of()
    first, whole = (getattr(torch.optim, name)(weights, fused=True, **SETTINGS) for weights in (theirs, expected))
    trained(first, theirs, range(3))
    trained(whole, expected, range(5))
    mine = getattr(adam, name)(theirs, fused=True, **SETTINGS)
    mine.load_state_dict(first.state_dict())
    assert_alike(trained(mine, theirs, range(3, 5)), expected)


@pytest.mark.parametrize("name", ("Adam", "AdamW"))
def test_weights_by_columns_are_not_copied(name, monkeypatch):
    given, fused = [], torch._fused_adam_ if name == "Adam" else torch._fused_adamw_

    def noted(*lists, **settings):
        given.extend(tensor.is_contiguous() for tensors in lists[:4] for tensor in tensors)
        return fused(*lists, **settings)

    monkeypatch.setattr(torch, fused.__name__, noted)
    weight = torch.nn.Parameter(torch.ones(3, 7).t())
    weight.grad = torch.empty_like(weight).fill_(1)
    getattr(adam, name)([weight], fused=True).step()
    assert given == [True] * 4


@pytest.mark.parametrize("name", ("Adam", "AdamW"))
def test_what_is_tiny_becomes_zero_now_and_then(name):
    """Weights that decay and get no gradient come to numbers that a processor is slow at; the others keep their bits."""
    ours, theirs = (torch.nn.Parameter(torch.tensor([[1.0, 1e-31, -1e-35], [1e-29, -1e-40, 0.0]])) for _ in range(2))
    how = {"lr": 1e-3, "weight_decay": 0.0, "fused": True}
    mine, other = getattr(adam, name)([ours], **how), getattr(torch.optim, name)([theirs], **how)
    for update in range(1, 129):
        for weight, optimizer in ((ours, mine), (theirs, other)):
            weight.grad = torch.zeros_like(weight)
            weight.grad[0, 0] = update % 3
            optimizer.step()
        kept = theirs.detach() * (update < 64 or theirs.detach().abs() > 1e-30)
        torch.testing.assert_close(ours.detach(), kept, rtol=0, atol=0)
    assert torch.equal(ours[:, 1:], torch.zeros(2, 2)) and ours[1, 0] == theirs[1, 0] > 0
