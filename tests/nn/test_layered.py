"""Tests of ``has_layers``."""

import pytest
import torch
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, blocks, configured

from graphsage.nn.layered import MEMBERS, has_layers
from graphsage.nn.model import GraphSAGE
from graphsage.runs.trainer import Trainer
from graphsage.trained.save import load_trained, save_model


class Wrapped:
    """Offers a model's attributes by ``__getattr__`` alone, but for one."""

    def __init__(self, model, without=None):
        self._model, self._without = model, without

    def __getattr__(self, name):
        if name == self._without:
            raise AttributeError(name)
        return getattr(self._model, name)


def test_what_is_found_by_getattr_alone_counts_and_each_member_is_needed():
    """Modules keep their ``layers`` there; isinstance of a protocol does not see it from Python 3.12 on."""
    model = GraphSAGE(4, 8, 2)
    names = "in_features out_features layers input_layer output_layer jumping num_layers first_layer_reduction"
    names += " prepare represent enter finish"
    assert sorted(MEMBERS) == sorted(names.split())
    assert has_layers(model) and has_layers(Wrapped(model))
    assert not any(has_layers(Wrapped(model, name)) for name in MEMBERS)


class Turned(GraphSAGE):
    """Gives the logits of the classes in another order."""

    def forward(self, x):
        return super().forward(x).flip(1)


class Doubled(GraphSAGE):
    def finish(self, depth, h):
        return 2 * super().finish(depth, h)


class Scaled(GraphSAGE):
    def enter(self, x):
        return super().enter(3 * x)


class Halved(GraphSAGE):
    def joined(self, hidden):
        return super().joined(hidden) / 2


def test_a_forward_of_ones_own_is_more_than_the_layers_that_it_inherits():
    """Layer by layer would leave it out; ``finish`` is asked there, too."""
    assert has_layers(Doubled(4, 8, 2)) and not any(has_layers(kind(4, 8, 2)) for kind in (Turned, Scaled, Halved))
    model = GraphSAGE(4, 8, 2)
    assert has_layers(torch.compile(model, backend="eager"))
    model.forward = lambda x: x
    assert not has_layers(model)


def test_a_subclass_is_evaluated_as_it_is_trained_and_not_saved_as_its_base(tmp_path):
    dataset = blocks()
    trainer = Trainer(Turned(NUM_FEATURES, 16, NUM_CLASSES), dataset, configured().train, folder=tmp_path, log=None)
    trainer.fit()
    assert trainer.evaluate(dataset.train)[0] > 0.9  # 0.2 where the flip is left out
    with pytest.raises(ValueError, match="of a module of your own"):
        load_trained(tmp_path)
    for model in (trainer.model, Doubled(4, 8, 2), Scaled(4, 8, 2), Halved(4, 8, 2)):
        with pytest.raises(TypeError, match="a file cannot bring the code of another along"):
            save_model(model, tmp_path / "model.safetensors")
