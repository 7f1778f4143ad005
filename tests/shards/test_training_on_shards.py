"""A training on shards is the one on the whole dataset; what owners do not answer is told."""

import os
import re
import sys
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.ranks import in_ranks
from helpers.shards import small_dataset

import graphsage as gs
from graphsage.runs.run import make_trainer
from graphsage.shards.cut import cut
from graphsage.shards.exchange import ExchangeError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks that meet in a file")

SIZE = 3
SETTINGS = {
    "epochs": 2, "batch_size": 8, "accumulate": 3, "fanouts": (3, 3), "num_threads": 2, "device": "cpu",
    "gradients": "ordered", "weights": "ignore", "feature_cache": "20%",
}  # fmt: skip


def trained(dataset, **settings):
    """What a training on ``dataset`` comes to."""
    config = gs.TrainConfig(**{**SETTINGS, **settings})
    trainer = make_trainer(gs.RunConfig(model=gs.ModelConfig(hidden_features=6), train=config), dataset, log=None)
    result = trainer.fit()
    return {
        "weights": {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()},
        "losses": [epoch.loss for epoch in result.history],
        "scores": [epoch.val_score for epoch in result.history] + [result.test_score],
    }


def story(path):
    """Trainings on the shards in ``path``, by all neighbours and sampled in evaluation."""
    dataset = gs.load_dataset(path)
    exact = trained(dataset)
    return exact, trained(dataset, evaluate="sampled", isolated="self")


@cache
def on_the_whole():
    whole = small_dataset()
    settings = {"feature_cache": None}
    return trained(whole, **settings), trained(whole, evaluate="sampled", isolated="self", **settings)


def test_a_training_on_shards_is_that_on_the_whole(tmp_path):
    cut(small_dataset(), tmp_path, SIZE)
    found, expected = in_ranks(story, SIZE, str(tmp_path)), on_the_whole()
    for rank in found:
        for of_shards, of_whole in zip(rank, expected, strict=True):
            for name, tensor in of_whole["weights"].items():
                assert torch.equal(of_shards["weights"][name], tensor), name
            np.testing.assert_allclose(of_shards["losses"], of_whole["losses"], rtol=1e-6)
            assert of_shards["scores"] == of_whole["scores"]


def lost(path):
    """Questions that rank 1 cannot answer; then it ends while the others still ask it."""
    dataset = gs.load_dataset(path)
    exchange, sampler = dataset.graph.owners.exchange, gs.NeighborSampler(dataset.graph, [3, 3], weights="ignore")
    exchange.timeout = timedelta(seconds=0.2 if exchange.rank == 1 else 60)
    exchange.gather(None)
    told = [error_of(exchange, what, values) for what, values in (("nothing", None), ("draw", {"draw": "other"}))]
    exchange.gather(None)
    if exchange.rank == 1:
        os._exit(7)
    with pytest.raises(ExchangeError) as raised:
        while True:
            sampler.sample(np.arange(60))
    torch.save([*told, str(raised.value)], Path(path, f"{exchange.rank}.told"))
    os._exit(0)  # what the test does at its end needs rank 1


def error_of(exchange, what, values):
    """What asking rank 1 about ``what`` raises."""
    with pytest.raises(Exception) as raised:
        exchange.ask(what, {1: (values, [np.arange(3)])})
    return str(raised.value)


def test_what_an_owner_does_not_answer_is_told(tmp_path):
    cut(small_dataset(), tmp_path, SIZE)
    in_ranks(lost, SIZE, str(tmp_path), codes=[0, 7, 0])
    for rank in (0, 2):
        unknown, wrong, ended = torch.load(tmp_path / f"{rank}.told")
        assert unknown == "rank 1 could not answer: ExchangeError: rank 1 has no nothing: all processes must do the same"
        assert wrong == "rank 1 could not answer: KeyError: 'other'"
        text = "does not answer; its process has ended, or was not heard of for 1 minutes: start the training again"
        assert re.match(f"rank [012] {text}", ended)  # the others end as soon as one of them knows
