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


# ---- an optimizer of the caller's own


def test_a_function_or_class_makes_the_optimizer():
    def halves(parameters):
        return torch.optim.SGD([{"params": parameters[:2], "lr": 0.5}, {"params": parameters[2:], "lr": 0.25}])

    trainer = make_trainer(configured(epochs=4, optimizer=halves, learning_rate=0.01, warmup_epochs=2), blocks(), log=None)
    assert [group["lr"] for group in trainer.optimizer.param_groups] == [0.5 / 6, 0.25 / 6]  # it rises to its own
    trainer.fit()
    assert [group["lr"] for group in trainer.optimizer.param_groups] == [0.5, 0.25]
    named = make_trainer(configured(optimizer=torch.optim.NAdam, learning_rate=0.01), blocks(), log=None)
    assert type(named.optimizer) is torch.optim.NAdam


def test_its_state_is_in_the_checkpoint_and_a_resume_wants_it_again(tmp_path):
    def made(parameters):
        return torch.optim.NAdam(parameters, lr=0.05)

    def trainer(optimizer=made, epochs=2, folder=tmp_path):
        config = configured(optimizer=optimizer, epochs=epochs, learning_rate=0.01)
        return make_trainer(config, blocks(), folder=folder, log=None)

    trainer().fit()
    again = trainer(epochs=4)
    again.resume()
    again.fit()
    whole = trainer(epochs=4, folder=None)
    whole.fit()
    assert all(torch.equal(a, b) for a, b in zip(again.model.parameters(), whole.model.parameters()))
    text = r"of a training with other settings: optimizer made \(user-defined\) then, adam now; .*: give those of your own ag"
    with pytest.raises(ValueError, match=text):
        trainer("adam").resume()


def bare(parameters):
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    del optimizer.param_groups[0]["lr"]
    return optimizer


REFUSED = {
    "none": (lambda weights: None, TypeError, "^optimizer must be a function that makes a torch.optim.Optimizer, and it ret"),
    "forgetful": (lambda w: torch.optim.SGD(w[1:], lr=1), ValueError, "all that require a gradient: it lacks layers.0.weight"),
    "other": (lambda w: torch.optim.SGD([*w, nn.Parameter(torch.ones(1))], lr=1), ValueError, "it has 1 that are not the "),
    "lbfgs": (torch.optim.LBFGS, ValueError, "optimizer must take one step a gradient, and LBFGS asks for the loss several"),
    "rateless": (bare, ValueError, "optimizer must have a learning rate, 'lr', in each of its param_groups"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_train_the_model_is_refused(name):
    optimizer, kind, text = REFUSED[name]
    with pytest.raises(kind, match=text):
        make_trainer(configured(optimizer=optimizer, learning_rate=0.01), blocks(), log=None)


def test_settings_beside_it_are_its_own():
    with pytest.raises(ValueError, match="learning_rate = 0.05 is not used by an optimizer of your own, which sets it itself"):
        configured(optimizer=torch.optim.SGD)
    with pytest.raises(ValueError, match=r"optimizer must be one of .*rprop, or a function\(parameters\) that makes .*; got 3"):
        configured(optimizer=3)
