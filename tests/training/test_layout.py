"""Weights that sparse features are multiplied by lie by columns: the same numbers, without a copy a step."""

import pytest
import torch
from helpers.blocks import blocks, configured

from graphsage.runs.run import make_trainer
from graphsage.training import loop


def trained(monkeypatch, by_columns, model, folder=None, **train):
    if not by_columns:
        monkeypatch.setattr(loop, "lay_first_weights", lambda encoder, store: None)
    trainer = make_trainer(configured(model, epochs=3, **train), blocks(sparse=True), folder=folder, log=None)
    monkeypatch.undo()
    trainer.fit()
    return trainer


def layouts(trainer):
    return {name: weight.stride() for name, weight in trainer.model.named_parameters() if weight.ndim == 2}


@pytest.mark.parametrize("model", [{}, {"input_layer": "linear"}, {"aggregator": "max_pool"}, {"residual": True}], ids=str)
def test_the_weights_are_the_same_to_the_bit(monkeypatch, model):
    ours, plain = (trained(monkeypatch, by_columns, model) for by_columns in (True, False))
    for (name, weight), other in zip(ours.model.named_parameters(), plain.model.parameters()):
        assert torch.equal(weight, other), name
    first = {name for name, stride in layouts(ours).items() if stride[0] == 1}
    expected = {"input_layer.weight"} if "input_layer" in model else {"layers.0.weight_self"}
    assert expected <= first and not any(name.startswith("layers.1") for name in first)
    assert all(stride[1] == 1 for stride in layouts(plain).values())


def test_dense_features_leave_them_as_they_are():
    trainer = make_trainer(configured(), blocks(), log=None)
    assert all(stride[1] == 1 for stride in layouts(trainer).values())


def test_a_resume_from_a_file_of_before_ends_with_the_same_bits(monkeypatch, tmp_path):
    whole = trained(monkeypatch, True, {})
    monkeypatch.setattr(loop, "lay_first_weights", lambda encoder, store: None)
    half = make_trainer(configured(epochs=1), blocks(sparse=True), folder=tmp_path, log=None)
    monkeypatch.undo()
    half.fit()
    rest = make_trainer(configured(epochs=3), blocks(sparse=True), folder=tmp_path, log=None)
    rest.resume()
    strides = {weight: weight.stride() for weight in rest.model.parameters()}
    for weight, state in rest.optimizer.state.items():
        assert state["exp_avg"].stride() == strides[weight]
    rest.fit()
    assert all(torch.equal(*pair) for pair in zip(rest.model.parameters(), whole.model.parameters()))
