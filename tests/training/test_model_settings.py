"""Options of the model in whole trainings: learnt, saved, loaded, gone on with; and what they cost is told."""

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked, split_of

from graphsage.runs.run import make_trainer
from graphsage.trained.save import load_model, load_trained, save_model

FULL = {"norm": "batch", "residual": True, "input_layer": "linear", "jumping": "cat", "activation": "gelu"}


@pytest.mark.parametrize("options", [
    FULL, {"norm": "layer", "residual": True, "input_layer": "active", "jumping": "max", "activation": "elu", "num_layers": 1},
])  # fmt: skip
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_training_learns_and_its_file_gives_the_same(options, is_sparse, tmp_path):
    dataset, fanouts = blocks(sparse=is_sparse), (5,) * options.get("num_layers", 2)
    trainer = make_trainer(configured(options, epochs=16, fanouts=fanouts), dataset, folder=tmp_path, log=None)
    assert trainer.fit().test_score > 0.7
    trained = load_trained(tmp_path)
    assert np.array_equal(trained.outputs(dataset), trainer.predict().outputs)
    assert trained.model.arguments == trainer.model.arguments
    width = 16 * len(fanouts) if options["jumping"] == "cat" else 16
    embedded = trained.embed(dataset)
    assert embedded.shape == (dataset.num_nodes, trained.embedding_width) == (dataset.num_nodes, width)
    last = trained.model.output_layer(torch.from_numpy(embedded)).detach()
    np.testing.assert_allclose(last, trained.outputs(dataset), rtol=1e-4, atol=1e-4)
    nodes, how = [7, 3, 7], {"rtol": 1e-4, "atol": 1e-4}
    sampled = {"nodes": nodes, "fanouts": [-1] * len(fanouts)}
    np.testing.assert_allclose(trained.embed(dataset, **sampled), embedded[nodes], **how)
    np.testing.assert_allclose(trained.outputs(dataset, **sampled), trained.outputs(dataset, nodes), **how)


def test_a_file_without_the_options_is_of_a_plain_model(tmp_path, monkeypatch):
    """As those that were written before there were any."""
    trainer = make_trainer(configured(), blocks(), log=None)
    new, arguments = ("activation", "norm", "residual", "input_layer", "jumping"), trainer.model.arguments
    kind = type(trainer.model)
    monkeypatch.setattr(kind, "arguments", property(lambda model: {k: v for k, v in arguments.items() if k not in new}))
    save_model(trainer.model, tmp_path / "old.safetensors")
    monkeypatch.undo()
    assert load_model(tmp_path / "old.safetensors").arguments == arguments


def test_running_statistics_are_gone_on_with(tmp_path):
    """A training that was cut in two ends with the weights and statistics of one without a break."""
    dataset = blocks()
    whole = make_trainer(configured(FULL, epochs=4), dataset, log=None)
    whole.fit()
    make_trainer(configured(FULL, epochs=2), dataset, folder=tmp_path, log=None).fit()
    second = make_trainer(configured(FULL, epochs=4), dataset, folder=tmp_path, log=None)
    second.resume()
    second.fit()
    ours, theirs = second.model.state_dict(), whole.model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_two_seeds_that_are_one_node_are_trained_on():
    """One row a layer: torch's BatchNorm refuses that, and here the running statistics serve."""
    dataset = blocks().without_edges()
    lonely = make_trainer(configured({"norm": "batch", "jumping": "cat"}, batch_size=2, epochs=1), dataset, log=None)
    loader = lonely.loader.over(np.full(4, int(dataset.train[0])))
    losses = [lonely.step(batch).item() for batch in loader]
    assert len(losses) == 2 and np.isfinite(losses).all()


@pytest.mark.parametrize("model, kind", [
    ({"input_layer": "active"}, "mean"), ({"input_layer": "linear", "aggregator": "max"}, "max"),
    ({"input_layer": "linear"}, None), ({"input_layer": "active", "aggregator": "std"}, None), ({"jumping": "cat"}, None),
])  # fmt: skip
def test_what_keeps_the_loader_from_reducing_is_told(model, kind):
    lines = []
    make_trainer(configured(model, epochs=1), blocks(), log=lines.append).fit()
    told = [line for line in lines if "so batches hold the features of all their nodes" in line]
    assert len(told) == (kind is not None)
    assert not told or told[0].startswith(f"input_layer='{model['input_layer']}' comes before the first layer's {kind}, so")


def test_an_encoder_of_links_may_have_them(tmp_path):
    """What its output layer gives is the embedding."""
    config = link_config(FULL, epochs=2, average=0.9, warmup_epochs=1)
    split = split_of(config, linked())
    trainer = make_trainer(config, split, folder=tmp_path, log=None)
    trainer.fit()
    trained, pairs = load_trained(tmp_path), np.array([[0, 1], [5, 9], [3, 3]])
    h = torch.from_numpy(trained.embed(split))
    assert h.shape == (split.num_nodes, trainer.model.encoder.out_features)
    with torch.no_grad():
        expected = torch.sigmoid(trainer.model.score(h[pairs[:, 0]], h[pairs[:, 1]]))
    np.testing.assert_allclose(trained.score(split, pairs), expected, rtol=1e-4)
