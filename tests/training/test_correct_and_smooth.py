"""Correct and Smooth beside dense matrices, without a look at labels of validation or test, from training to prediction."""

from dataclasses import replace

import naive_propagation as naive
import numpy as np
import pytest
import torch
from helpers.blocks import NUM_NODES, block_graph, blocks, configured

from graphsage.runs.run import make_trainer
from graphsage.trained.save import load_trained
from graphsage.training.correct_and_smooth import STRENGTHS, chosen_strengths, corrected_and_smoothed
from graphsage.training.tasks import METRICS


def logits_of(dataset, seed=0):
    """Those of a poor model: half noise."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(NUM_NODES, 4)) + 0.7 * np.eye(4)[dataset.labels]).astype(np.float32)


def shares_of(outputs):
    return torch.softmax(torch.from_numpy(outputs), 1).double().numpy()


@pytest.mark.parametrize("strengths", [(0, 0), (0.5, 0), (0, 0.8), (0.8, 0.95)])
def test_it_is_that_of_dense_matrices(strengths):
    dataset = blocks()
    outputs, labels = logits_of(dataset), dataset.labels
    found = corrected_and_smoothed(outputs, dataset, labels, strengths)
    expected = naive.correct_and_smooth(dataset.graph, shares_of(outputs), dataset.train, labels[dataset.train], *strengths)
    assert found.dtype == np.float32
    assert np.allclose(np.exp(found), np.maximum(expected, 1e-12), atol=1e-5)


def test_no_label_of_validation_or_test_is_read():
    dataset, rng = blocks(), np.random.default_rng(0)
    other = dataset.labels.copy()
    other[dataset.val], other[dataset.test] = rng.permutation(other[dataset.val]), (other[dataset.test] + 1) % 4
    changed = replace(dataset, labels=other)
    outputs = logits_of(dataset)
    first, second = (corrected_and_smoothed(outputs, d, d.labels, (0.8, 0.8)) for d in (dataset, changed))
    assert (first == second).all()
    tested = replace(dataset, labels=np.where(np.isin(np.arange(NUM_NODES), dataset.test), other, dataset.labels))
    chosen = [chosen_strengths(outputs, d, d.labels, METRICS["accuracy"]) for d in (dataset, tested)]
    assert chosen[0] == chosen[1]


def test_strengths_are_the_best_on_validation_and_the_least():
    dataset = blocks()
    outputs, val = logits_of(dataset), dataset.val

    def score(strengths):
        found = corrected_and_smoothed(outputs, dataset, dataset.labels, strengths)
        return (found[val].argmax(1) == dataset.labels[val]).mean()

    grid = [(a, b) for a in STRENGTHS for b in STRENGTHS]
    found = chosen_strengths(outputs, dataset, dataset.labels, METRICS["accuracy"])
    assert found == max(grid, key=score) and score(found) > score((0.0, 0.0)) + 0.1
    empty = replace(dataset, graph=dataset.without_edges().graph)
    assert chosen_strengths(outputs, empty, dataset.labels, METRICS["accuracy"]) == (0.0, 0.0)


# ---- in training, and after it


def trained(folder, dataset=None, **settings):
    """(trainer, its result) of a model that learned little."""
    dataset = blocks() if dataset is None else dataset
    config = configured(epochs=2, correct_and_smooth=True, **settings)
    trainer = make_trainer(config, dataset, folder=folder, log=None)
    return trainer, trainer.fit()


def test_a_training_tests_what_it_says_and_the_file_predicts_the_same(tmp_path):
    dataset = blocks()
    trainer, result = trained(tmp_path)
    found = load_trained(tmp_path)
    strengths = found.model.task_head.correct_and_smooth
    assert strengths == trainer.objective.head.correct_and_smooth and max(strengths) > 0
    bare = found.outputs(dataset, correct_and_smooth=False)
    expected = corrected_and_smoothed(bare, dataset, dataset.labels, strengths)
    assert np.allclose(found.outputs(dataset), expected, atol=1e-4)
    assert np.allclose(result.outputs, expected, atol=1e-4)
    test = dataset.test
    score = (expected[test].argmax(1) == dataset.labels[test]).mean()
    assert result.test_score == pytest.approx(score) == pytest.approx(found.evaluate(dataset)["test"]["accuracy"])
    assert score > (bare[test].argmax(1) == dataset.labels[test]).mean()
    asked = np.array([7, 3, 7])
    assert np.allclose(trainer.predict(asked).outputs, expected[asked], atol=1e-4)
    assert np.allclose(found.predict(dataset, asked).outputs, expected[asked], atol=1e-4)


def test_a_model_without_strengths_gets_those_best_on_validation(tmp_path):
    dataset = blocks()
    make_trainer(configured(epochs=2), dataset, folder=tmp_path, log=None).fit()
    found = load_trained(tmp_path)
    bare = found.outputs(dataset)
    strengths = chosen_strengths(bare, dataset, dataset.labels, METRICS["accuracy"])
    expected = corrected_and_smoothed(bare, dataset, dataset.labels, strengths)
    assert np.allclose(found.outputs(dataset, correct_and_smooth=True), expected, atol=1e-5)


def test_two_classes_of_one_logit(tmp_path):
    dataset = blocks()
    two = replace(dataset, labels=np.where(dataset.labels < 0, -1, dataset.labels % 2), class_names=None)
    _, result = trained(tmp_path / "two", two)
    assert result.outputs.shape == (NUM_NODES, 2) and result.test_score > 0.6


def test_a_second_training_validates_the_bare_model_again():
    trainer, first = trained(None)
    again = make_trainer(configured(epochs=2), blocks(), log=None)
    assert [epoch.val_score for epoch in again.fit().history] == [epoch.val_score for epoch in first.history]
    seen, whole = [], trainer.evaluate

    def watched(*what, **how):
        seen.append(trainer.objective.head.correct_and_smooth)
        return whole(*what, **how)

    trainer.evaluate = watched
    trainer.fit()
    assert seen[:2] == [None, None] and seen[-1] is not None


def test_what_cannot_be_is_said(tmp_path):
    dataset, rng = blocks(), np.random.default_rng(0)
    leave = r"leave it out \(correct_and_smooth=False, --no-correct-and-smooth\)"
    several = replace(dataset, labels=rng.integers(0, 2, (NUM_NODES, 3)).astype(np.int8), class_names=None)
    with pytest.raises(ValueError, match=f"correct_and_smooth is for one class a node, and this is a multilabel task: {leave}"):
        trained(None, several)
    rule = f"correct_and_smooth chooses its strengths on validation nodes, and blocks has none: {leave}"
    with pytest.raises(ValueError, match=rule):
        trained(None, blocks(val=[]))
    trained(tmp_path)
    found, other = load_trained(tmp_path), blocks(train=[])
    rule = f"correct_and_smooth spreads the labels of training nodes, and blocks has none: {leave}"
    for ask in (found.predict, found.evaluate, found.check):
        with pytest.raises(ValueError, match=rule):
            ask(other)
    assert found.predict(other, correct_and_smooth=False).outputs.shape == (NUM_NODES, 4)
    assert found.predict(blocks(val=[])).outputs.shape == (NUM_NODES, 4)  # its strengths are its own
    with pytest.raises(TypeError, match="correct_and_smooth must be True or False"):
        found.predict(dataset, correct_and_smooth=3)


def test_another_graph_is_smoothed_by_its_own_training_nodes(tmp_path):
    trained(tmp_path)
    found, other = load_trained(tmp_path), blocks(seed=1)
    bare = found.outputs(other, correct_and_smooth=False)
    expected = corrected_and_smoothed(bare, other, other.labels, found.model.task_head.correct_and_smooth)
    assert np.allclose(found.outputs(other), expected, atol=1e-4)
    rewired = replace(other, graph=block_graph(np.random.default_rng(3), np.zeros(NUM_NODES, int)))
    assert not np.allclose(found.outputs(rewired), expected, atol=1e-2)
