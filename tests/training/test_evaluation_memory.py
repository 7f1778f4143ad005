"""Evaluation within the memory there is: the same training through files, told in a line, and never what ends it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.link_training import predictor, ring, trainer_of
from helpers.stacks import OwnStack

import graphsage as gs
from graphsage.base.checks import TooLarge
from graphsage.runs.run import make_trainer

LINE = "Exact evaluation takes "


def trained(folder=None, model=None, **settings):
    """(result, weights, lines told that are about memory, lines about validation) of a short training."""
    lines = []
    trainer = make_trainer(configured(model, epochs=2, **settings), blocks(), folder=folder, log=lines.append)
    result = trainer.fit()
    return result, trainer.model.state_dict(), [line for line in lines if line.startswith(("Exact", "Validation"))]


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def full_disk(monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1))


def test_a_training_through_files_is_the_training_in_memory(tmp_path):
    wanted, weights, told = trained()
    assert told == []
    found, again, (line,) = trained(tmp_path / "run", memory=1)
    assert same(weights, again) and torch.equal(found.outputs, wanted.outputs) and found.test_score == wanted.test_score
    assert line.startswith(LINE) and line.endswith(f"are available: layer outputs go through files in {tmp_path / 'run'}")
    assert not [path for path in (tmp_path / "run").iterdir() if path.suffix in (".npy", ".part")]


def test_memory_may_be_a_size(tmp_path):
    config = configured(memory="2MiB")
    assert config.train.memory == 2 << 20 and trained(memory="4GiB")[2] == []


@pytest.mark.parametrize("aggregator", ["mean_pool", "attention"])
def test_layers_that_look_at_all_neighbours_are_validated_on_sampled_ones(aggregator):
    result, _, (line,) = trained(model={"aggregator": aggregator}, memory=1)
    assert line.startswith("Validation is on sampled neighbours: exact evaluation takes ") and line.endswith(" are allowed")
    assert len(result.outputs) == 200 and result.test_score is not None  # the test is exact, through files
    assert torch.equal(trained(model={"aggregator": aggregator}, memory=1)[0].outputs, result.outputs)


def test_unless_they_are_told_to_be_exact_or_the_setting_says_nothing(monkeypatch):
    own = {"aggregator": "mean_pool"}
    wanted = trained(model=own)
    slow = ", which is slow where a layer looks at all neighbours (--evaluate sampled)"
    for settings, free in ({"memory": 1, "evaluate": "exact"}, None), ({}, 1):
        if free is not None:
            monkeypatch.setattr("graphsage.nn.foretold.available_memory", lambda: free)  # noqa: B023
        result, weights, (line,) = trained(model=own, **settings)
        assert line.startswith(LINE) and line.endswith(slow)
        scores = ([of.val_score for of in one.history] for one in (result, wanted[0]))
        assert same(wanted[1], weights) and len(set(map(tuple, scores))) == 1


def test_without_memory_and_disk_outputs_are_sampled_and_the_training_ends_well(monkeypatch):
    full_disk(monkeypatch)
    result, _, (line,) = trained(memory=1)
    rule = "Validation and test are on sampled neighbours: exact evaluation does not fit memory and takes files of"
    assert line.startswith(rule) and result.test_score is not None and result.outputs is None
    with pytest.raises(TooLarge, match="exact evaluation does not fit memory and takes files of"):
        trained(memory=1, evaluate="exact")


def test_links_too(tmp_path, monkeypatch):
    def fitted(**settings):
        lines = []
        trainer = trainer_of(predictor(), ring(), epochs=1, log=lines.append, **settings)
        result = trainer.fit()
        return result.test_score, trainer.score([[0, 1], [3, 9]]), [line for line in lines if line.startswith(("Exact", "Val"))]

    score, logits, told = fitted()
    again, others, (line,) = fitted(memory=1)
    assert told == [] and again == score and np.array_equal(logits, others) and line.startswith(LINE)
    full_disk(monkeypatch)
    score, _, (line,) = fitted(memory=1)
    assert line.startswith("Validation and test are on sampled neighbours") and score is not None


def test_a_stack_too():
    lines = []
    dataset = blocks()
    config = gs.TrainConfig(epochs=1, memory=1, fanouts=(5, 5, 5), device="cpu", num_threads=0)
    trainer = gs.Trainer(OwnStack((dataset.num_features, 6, 6, 4)), dataset, config, log=lines.append)
    result = trainer.fit()
    assert any("sampled neighbours: exact evaluation takes" in line for line in lines) and len(result.outputs) == 200


def test_a_trainer_writes_to_an_array():
    trainer = make_trainer(configured(epochs=1), blocks(), log=None)
    trainer.fit()
    rows, outputs = np.zeros((200, 16), np.float32), np.zeros((200, 4), np.float32)
    trainer.embed(out=rows)
    found = trainer.predict(out=outputs)
    assert np.array_equal(rows, trainer.embed()) and np.array_equal(outputs, trainer.predict().outputs)
    assert found.outputs is outputs
    with pytest.raises(ValueError, match="out is for all nodes of a graph with one type"):
        trainer.embed([1], out=rows)
    with pytest.raises(ValueError, match="out must be a float32 array of shape"):
        trainer.predict(out=rows)
