"""The plan of validation: by sizes alone, plain where that is cheap."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.blocks import blocks, configured

from graphsage.config.settings import TrainConfig
from graphsage.runs.run import make_trainer
from graphsage.training.evaluation_plan import Sizes, plan_of

DEBIAN = Sizes(63436, 669600, (16, 128, 58), (10, 10), 512, 13, 6318)
RMAT = Sizes(131072, 3728452, (16, 128, 8), (10, 10), 1024, 3, 500)


def test_small_graphs_are_validated_exactly_each_epoch_on_all_nodes():
    plan = plan_of(DEBIAN, TrainConfig())
    assert (plan.exact, plan.every, plan.nodes, plan.line) == (True, 1, 6318, "")


def test_a_few_nodes_of_a_large_graph_are_validated_on_sampled_neighbours():
    plan = plan_of(RMAT, TrainConfig())
    assert (plan.exact, plan.every, plan.nodes) == (False, 1, 500)
    assert plan.line.startswith("Validation: 500 nodes on sampled neighbours (25,25), every epoch; exact would take about")
    assert plan_of(RMAT, TrainConfig(evaluate="exact")).line == ""


def test_many_nodes_are_thinned_and_then_the_epochs():
    plan = plan_of(replace(RMAT, num_batches=1, num_val=13107), TrainConfig())
    assert not plan.exact and plan.nodes == 1000 and plan.every > 1
    assert plan_of(replace(RMAT, num_batches=1), TrainConfig(schedule="plateau")).every == 1


def test_epochs_between_validations_have_no_score_and_the_last_one_has():
    trainer = make_trainer(configured(epochs=5, evaluate_every=2, evaluate_nodes=20), blocks(), log=None)
    result = trainer.fit()
    assert [epoch.val_score is None for epoch in result.history] == [True, False, True, False, False]
    assert result.best_epoch in (2, 4, 5) and result.val_score is not None
    assert len(trainer.evaluator.nodes) == 20


def test_patience_ends_after_a_validation():
    config = configured(epochs=40, evaluate_every=4, patience=1, learning_rate=1e-12)
    result = make_trainer(config, blocks(), log=None).fit()
    assert len(result.history) < 40 and result.history[-1].val_score is not None


def test_a_sampled_validation_is_the_same_each_time_and_no_batch_of_training():
    lines = []
    trainer = make_trainer(configured(epochs=2, evaluate="sampled"), blocks(), log=lines.append)
    nodes = trainer.evaluator.nodes
    assert trainer.evaluate(nodes, sampled=True) == trainer.evaluate(nodes, sampled=True)
    sampler = trainer.evaluator._loader(nodes).sampler
    assert sampler.stream == "evaluate" and np.all(np.array(sampler.fanouts) >= 25)
    trainer.fit()
    assert lines[0].startswith("Validation: ") and "sampled neighbours" in lines[0]


def test_a_plateau_needs_each_epoch():
    with pytest.raises(ValueError, match="evaluate_every = 2 is not used by schedule='plateau'"):
        TrainConfig(schedule="plateau", evaluate_every=2)
