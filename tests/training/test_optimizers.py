"""Update rules: which weights decay, and how."""

import pytest
import torch
from helpers.blocks import blocks, configured
from torch import nn

from graphsage.runs.run import make_trainer
from graphsage.training.optimizers import make_optimizer


def decays(module, **settings):
    """{name: weight decay} of the weights."""
    settings = {"weight_decay": 0.25, **settings}
    optimizer = make_optimizer(module, configured(**settings).train, torch.device("cpu"))
    names = {id(weight): name for name, weight in module.named_parameters()}
    return {names[id(w)]: group["weight_decay"] for group in optimizer.param_groups for w in group["params"]}


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_norms_do_not_decay_and_all_else_does(optimizer):
    for norm in ("batch", "layer"):
        model = make_trainer(configured({"norm": norm, "jumping": "cat"}), blocks(), log=None).model
        found = decays(model, optimizer=optimizer)
        assert found.keys() == dict(model.named_parameters()).keys()
        assert {name for name, decay in found.items() if decay == 0} == {name for name in found if ".norm." in name}
        assert set(found.values()) == {0.0, 0.25}


def test_models_without_norms_and_modules_of_ones_own_decay_as_ever():
    assert set(decays(make_trainer(configured(), blocks(), log=None).model).values()) == {0.25}
    assert set(decays(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.LayerNorm(2))).values()) == {0.25}


@pytest.mark.parametrize("aggregator", ["mean", "lstm"])
def test_biases_decay_or_not_as_asked(aggregator):
    model = make_trainer(configured({"norm": "batch", "aggregator": aggregator}), blocks(), log=None).model
    found = decays(model, decay_biases=False)
    spared = {name for name in found if ".norm." in name or name.rpartition(".")[2] in ("bias", "bias_ih_l0", "bias_hh_l0")}
    assert {name for name, decay in found.items() if decay == 0} == spared
    assert decays(nn.Linear(2, 2), decay_biases=False) == {"weight": 0.25, "bias": 0.0}


def test_adamw_takes_its_share_off_the_weights_and_adam_off_the_gradient():
    """Without a gradient adamw still shrinks a weight by learning rate times decay; adam moves it by the learning rate."""
    moved = {}
    for name in ("adamw", "adam"):
        model = nn.Linear(1, 1, bias=False)
        model.weight.data.fill_(2.0)
        config = configured(optimizer=name, learning_rate=0.1, weight_decay=0.5).train
        optimizer = make_optimizer(model, config, torch.device("cpu"))
        model.weight.grad = torch.zeros(1, 1)
        optimizer.step()
        moved[name] = model.weight.item()
    assert moved == {"adamw": pytest.approx(2.0 * (1 - 0.1 * 0.5)), "adam": pytest.approx(1.9)}
