"""Decoders: their formulas, the order of a pair, initial weights, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

import graphsage as gs
from graphsage.nn.decoders import make_decoder
from graphsage.nn.link_predictor import LinkPredictor

U, V = torch.tensor([[1.0, 2.0], [0.5, -1.0]]), torch.tensor([[3.0, -1.0], [2.0, 4.0]])


def test_the_formulas_by_hand():
    assert make_decoder("dot", 2)(U, V).tolist() == [1.0, -3.0]
    distmult = make_decoder("distmult", 2)
    assert distmult(U, V).tolist() == [1.0, -3.0]  # it begins as a dot product
    distmult.relation.data = torch.tensor([2.0, 10.0])
    assert distmult(U, V).tolist() == [2 * 3 - 10 * 2, 2 - 10 * 4]


@pytest.mark.parametrize("directed", [False, True])
def test_an_mlp_is_two_layers(directed):
    mlp = make_decoder("mlp", 2, directed=directed, seed=3)
    z = np.concatenate([U * V, U, V], 1) if directed else (U * V).numpy()
    hidden = np.maximum(z @ mlp.hidden.weight.detach().numpy().T, 0)
    assert mlp(U, V).tolist() == pytest.approx((hidden @ mlp.out.weight.detach().numpy().T)[:, 0].tolist(), rel=1e-5)


@pytest.mark.parametrize("name, directed, knows", [
    ("dot", False, False), ("mlp", False, False), ("distmult", False, False), ("dot", True, False), ("mlp", True, True),
])  # fmt: skip
def test_who_can_tell_the_ends_apart(name, directed, knows):
    decoder = make_decoder(name, 2, directed=directed)
    assert torch.equal(decoder(U, V), decoder(V, U)) != knows


def test_weights_are_drawn_by_the_seed_and_leave_torchs_generator_alone():
    before = torch.random.get_rng_state()
    a, b, c = (make_decoder("mlp", 8, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(a["hidden.weight"], b["hidden.weight"]) and not torch.equal(a["hidden.weight"], c["hidden.weight"])


def test_a_predictor_is_made_anew_by_reset_parameters():
    model = LinkPredictor(gs.GraphSAGE(3, 4, 8, seed=5), "mlp")
    first = {name: weight.clone() for name, weight in model.state_dict().items()}
    for weight in model.parameters():
        weight.data.fill_(7)
    model.reset_parameters()
    assert all(torch.equal(weight, first[name]) for name, weight in model.state_dict().items())
    model.reset_parameters(6)
    assert not torch.equal(model.decoder.hidden.weight, first["decoder.hidden.weight"])


def test_an_encoder_and_its_decoder_draw_other_weights():
    model = LinkPredictor(gs.GraphSAGE(8, 8, 8, num_layers=1, seed=5), "mlp")
    assert not torch.equal(model.encoder.layers[0].weight_neigh, model.decoder.hidden.weight)


class Bare(nn.Module):
    """An encoder that does not say how wide its embeddings are."""


REFUSED = [
    (lambda: make_decoder("cosine", 4), ValueError, r"^decoder must be one of 'dot', 'mlp', 'distmult'; got 'cosine'$"),
    (lambda: make_decoder("dot", 0), ValueError, r"^width must be .*got 0$"),
    (lambda: LinkPredictor("sage"), TypeError, r"^encoder must be a GraphSAGE or another torch.nn.Module, got str$"),
    (lambda: LinkPredictor(Bare(), None), TypeError, r"^decoder must be a name or a torch.nn.Module, got NoneType$"),
    (lambda: LinkPredictor(Bare()), ValueError, r"^a decoder of a name needs its encoder's out_features, and Bare has none"),
    (lambda: LinkPredictor(Bare(), Bare(), directed=True), ValueError, r"^directed=True is of a decoder by name: a module rea"),
    (lambda: LinkPredictor(gs.GraphSAGE(3, 4, 8))([U]), TypeError, r"^the batch must have pairs, as those of a LinkLoader"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_refused(number):
    call, kind, text = REFUSED[number]
    with pytest.raises(kind, match=text):
        call()
