"""ReLU and dropout in one pass: which units are kept, how they are scaled, and the gradient."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
import torch
from helpers.nn_helpers import close

from graphsage.nn.dropout import ACTIVATIONS, activated, relu_and_dropout
from graphsage.tensors.keyed_rng import keyed_rng


def hidden(rows, columns, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def dropped_out(h, share, seed=1):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return relu_and_dropout(h.clone(), share, training=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("share, training", [(0.5, False), (0.0, True)])
def test_nothing_is_dropped_in_evaluation_or_with_no_share(share, training, dtype):
    h = hidden(5, 3).to(dtype)
    assert torch.equal(relu_and_dropout(h.clone(), share, training), h.relu())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_each_positive_unit_is_kept_with_the_right_probability_and_scaled(share, dtype):
    """60,000 units: numbers kept, by column and by parity of the place, are binomial. Beyond 5 sigma: 6e-7 each."""
    h = hidden(3000, 20).to(dtype)
    out = dropped_out(h, share)
    held, kept = h > 0, out != 0
    assert out.dtype == dtype and not kept[~held].any()
    close(out[kept], h[kept].double() / (1 - share), max(2 * torch.finfo(dtype).eps, 1e-8))  # shares count in 2^-32
    groups = [(held, kept), *((held[:, c], kept[:, c]) for c in range(20))]
    groups += [(held.view(-1)[half::2], kept.view(-1)[half::2]) for half in (0, 1)]
    for held_here, kept_here in groups:
        count = held_here.sum().item()
        sigma = (count * share * (1 - share)) ** 0.5
        assert abs(kept_here.sum().item() - count * (1 - share)) < 5 * sigma


def test_neighbouring_units_are_kept_independently():
    """Of pairs that share a word, a quarter keeps both: 5 sigma of 30,000 pairs."""
    kept = dropped_out(torch.ones(300, 200), 0.5).view(-1, 2) > 0
    assert abs(kept.all(1).sum().item() - 7_500) < 5 * (30_000 * 3 / 16) ** 0.5


def test_the_mask_is_torchs_seeds():
    h = hidden(40, 7)
    first, second, third = (dropped_out(h, 0.5, seed) for seed in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, third)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        outs = [relu_and_dropout(h.clone(), 0.5, training=True) for _ in range(2)]
    assert torch.equal(outs[0], first) and not torch.equal(*outs)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_gradient(share):
    def call(h):
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return relu_and_dropout(h.clone(), share, training=True)

    assert torch.autograd.gradcheck(call, hidden(6, 5).double().requires_grad_())


def test_layouts_do_not_matter():
    h = hidden(6, 8)
    assert torch.equal(dropped_out(h, 0.5), dropped_out(h.t().contiguous().t(), 0.5))
    assert relu_and_dropout(torch.empty(0, 8), 0.5, training=True).shape == (0, 8)


def test_a_share_next_to_one_drops_everything_and_fails_nowhere():
    assert not dropped_out(hidden(30, 30), 1 - 1e-12).any()


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_nan_is_not_lost(columns):
    """A diverged run must not look healthy."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        outs = [relu_and_dropout(torch.full((1, columns), float("nan")), 0.5, training=True) for _ in range(50)]
    assert torch.cat(outs).isnan().any(0).all()


def test_threads_inside_keyed_rng_wait_for_each_other():
    """Each draws by its own key, and the caller's generator is as it was."""
    def draws(key):
        with keyed_rng(key):
            first = torch.rand(1).item()
            sleep(0.01)  # time for another thread to get in
            return first, torch.rand(1).item()

    alone, before = [draws(key) for key in range(8)], torch.get_rng_state()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(draws, range(8))) == alone
    assert torch.equal(torch.get_rng_state(), before)


# ---- other activations


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("activation", ["gelu", "elu"])
def test_of_other_activations_each_unit_is_kept_or_dropped_and_scaled(activation, dtype):
    """60,000 units; kept ones are binomial, beyond 5 sigma: 6e-7."""
    h = hidden(3000, 20).to(dtype)
    plain = ACTIVATIONS[activation](h)
    assert torch.equal(activated(h.clone(), activation, 0.3, training=False), plain)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        out = activated(h.clone(), activation, 0.3, training=True)
    kept = out != 0
    assert out.dtype == dtype and abs(kept.sum().item() - 42_000) < 5 * (60_000 * 0.21) ** 0.5 and (out < 0).any()
    close(out[kept], plain[kept].double() / 0.7, max(2 * torch.finfo(dtype).eps, 1e-8))


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_all_activations(activation, normalize):
    def call(h):
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return activated(h.clone(), activation, 0.3, training=True, normalize=normalize)

    assert torch.autograd.gradcheck(call, hidden(6, 5).double().requires_grad_())
