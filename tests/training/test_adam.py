"""Adam and AdamW in one pass: the steps of torch's own, its state, and what goes to it."""

from copy import deepcopy

import pytest
import torch

from graphsage.base.jit import JIT_DISABLED
from graphsage.training import adam
from graphsage.training.adam import Adam, AdamW

KINDS = [(Adam, torch.optim.Adam), (AdamW, torch.optim.AdamW)]
pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="torch's own step is taken")


def weights(kind=torch.float32):
    """By rows, by columns, a bias, a number, and one without values."""
    torch.manual_seed(0)
    made = [torch.randn(5, 33), torch.randn(9, 4).t(), torch.randn(7), torch.randn(()), torch.randn(0, 3)]
    return [torch.nn.Parameter(of.to(kind)) for of in made]


def made(kind, params, **settings):
    groups = [{"params": params[:1]}, {"params": params[1:], "weight_decay": 0.0, "betas": (0.8, 0.9)}]
    return kind(groups, lr=0.1, weight_decay=0.02, eps=1e-6, **settings)


def stepped(optimizer, params, steps):
    """Those of a few gradients, one of which is missing, and one of which is 0."""
    for step in steps:
        torch.manual_seed(step)
        for place, weight in enumerate(params):
            gradient = torch.randn(weight.shape, dtype=weight.dtype) * (place > 0 or step < 4)
            weight.grad = None if (place, step) == (2, 1) else torch.empty_like(weight).copy_(gradient)
        optimizer.step()
    return params


def assert_same(ours, params, other, wanted):
    for one, of in zip(params, wanted, strict=True):
        torch.testing.assert_close(one, of, rtol=1e-5, atol=1e-5)
        assert one.stride() == of.stride() and ours.state[one].keys() == other.state[of].keys()
        for name, value in other.state[of].items():
            torch.testing.assert_close(ours.state[one][name], value, rtol=1e-5, atol=1e-7)


@pytest.fixture
def passes(monkeypatch):
    """How many weights went through the compiled pass."""
    calls, update = [], adam.update
    monkeypatch.setattr(adam, "update", lambda *arrays: calls.append(update(*arrays)))
    return calls


@pytest.mark.parametrize("ours, torchs", KINDS)
def test_steps_and_state_are_those_of_torch(ours, torchs, passes):
    params, wanted = weights(), weights()
    one, other = made(ours, params), made(torchs, wanted)
    assert_same(one, stepped(one, params, range(8)), other, stepped(other, wanted, range(8)))
    assert len(passes) == 8 * 5 - 1


@pytest.mark.parametrize("ours, torchs", KINDS)
def test_each_goes_on_from_the_state_of_the_other(ours, torchs):
    params, wanted = weights(), weights()
    one, other = made(ours, params), made(torchs, wanted)
    stepped(other, wanted, range(3))
    one.load_state_dict(deepcopy(other.state_dict()))
    for weight, of in zip(params, wanted):
        weight.data.copy_(of.data)
    assert_same(one, stepped(one, params, range(3, 6)), other, stepped(other, wanted, range(3, 6)))
    again, last = made(torchs, wanted), made(ours, params)
    again.load_state_dict(deepcopy(one.state_dict()))
    last.load_state_dict(deepcopy(one.state_dict()))
    assert_same(last, stepped(last, params, range(6, 9)), again, stepped(again, wanted, range(6, 9)))


@pytest.mark.parametrize("ours, torchs", KINDS)
def test_a_step_is_the_same_bits_wherever_a_value_stands(ours, torchs):
    first, second = (torch.nn.Parameter(torch.full((of,), 0.3)) for of in (1, 37))
    optimizer = ours([first, second], lr=0.1, weight_decay=0.02)
    for step in range(5):
        first.grad, second.grad = torch.full((1,), 0.1 * step), torch.full((37,), 0.1 * step)
        optimizer.step()
    assert torch.equal(second, first.expand(37))


def doubled(params):
    return [torch.nn.Parameter(of.double()) for of in params]


def in_other_order(params):
    return [torch.nn.Parameter(torch.randn(2, 3, 4).transpose(0, 2)), *params]


@pytest.mark.parametrize("change", [doubled, in_other_order])
def test_what_it_is_not_made_for_goes_to_torch(change, passes):
    params, wanted = change(weights()), change(weights())
    with torch.no_grad():
        for weight, of in zip(wanted, params):
            weight.copy_(of)
    one, other = made(Adam, params), made(torch.optim.Adam, wanted)
    assert_same(one, stepped(one, params, range(4)), other, stepped(other, wanted, range(4)))
    assert not passes


def test_large_weights_and_scaled_gradients_go_to_torch(passes, monkeypatch):
    params = weights()
    optimizer = made(Adam, params, fused=True)
    for scale in (torch.tensor(2.0), None):  # None: of clipped gradients
        optimizer.grad_scale, optimizer.found_inf = scale, torch.tensor(0.0)
        stepped(optimizer, params, range(2))
    del optimizer.grad_scale, optimizer.found_inf
    assert not passes
    monkeypatch.setattr(adam, "MOST", 100)
    stepped(optimizer, params, range(2))
    assert not passes
    monkeypatch.setattr(adam, "MOST", 165)
    stepped(optimizer, params, range(2))
    assert len(passes) == 9
