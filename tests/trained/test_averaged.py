"""The mean of several runs' probabilities: beside a mean by hand, on the command line, and what is no mean."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.blocks import NUM_NODES, blocks, configured
from helpers.links import link_config, linked

import graphsage as gs
from graphsage.runs.run import make_trainer, run_all
from graphsage.trained.averaged import load_runs


def labels_of(task, classes):
    if task == "multiclass":
        return classes
    several = np.where(classes[:, None] < 0, -1, np.stack([classes % 2, classes < 2, classes == 0], 1)).astype(np.int8)
    return several if task == "multilabel" else np.where(classes < 0, np.nan, 100 + classes)[:, None].astype(np.float32)


def runs_of(folder, dataset, count=3):
    config = replace(configured(epochs=2), runs=count, baseline=False, dataset=str(folder / "mine.npz"))
    dataset.save(folder / "mine.npz")
    run_all(config, dataset, folder=folder / "several", log=lambda line: None)
    return folder / "several"


SHARES = {
    "multiclass": lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True),
    "multilabel": lambda z: 1 / (1 + np.exp(-z)),
    "regression": lambda z: z,
}


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_it_is_the_mean_of_their_probabilities(task, tmp_path):
    dataset = blocks()
    dataset = replace(dataset, labels=labels_of(task, dataset.labels), class_names=None)
    folder = runs_of(tmp_path, dataset)
    found, each = load_runs(folder), [gs.load_trained(folder / str(seed)) for seed in range(3)]
    mean = np.mean([SHARES[task](one.outputs(dataset).astype(np.float64)) for one in each], axis=0)
    assert np.allclose(SHARES[task](found.outputs(dataset).astype(np.float64)), mean, rtol=1e-4, atol=1e-6)
    predicted = found.predict(dataset, [3, 5])
    if task == "multilabel":
        known = [SHARES[task](np.array(one.model.task_head.thresholds)) for one in each]
        assert (predicted.labels == (mean > np.mean(known, axis=0))[[3, 5]]).all()
    if task == "multiclass":
        right = (mean.argmax(1) == dataset.labels)[dataset.test].mean()
        assert found.evaluate(dataset)["test"]["accuracy"] == pytest.approx(right)


def test_on_the_command_line(command, tmp_path):
    dataset = blocks()
    folder = runs_of(tmp_path, dataset)
    scores = load_runs(folder).evaluate(dataset)
    code, out, err = command("evaluate", folder, "--runs", "--device", "cpu")
    assert (code, err) == (0, "") and f"{100 * scores['test']['accuracy']:.1f} %" in out
    code, out, err = command("predict", folder, "--runs", "--correct-and-smooth", "--device", "cpu")
    assert (code, err) == (0, "") and len((folder / "predict.csv").read_text().splitlines()) == NUM_NODES + 1
    one = folder / "0"
    first, second = (command("evaluate", one, *flag)[1] for flag in ((), ("--correct-and-smooth",)))
    assert first != second
    code, _, err = command("evaluate", one, "--runs")
    assert code == 2 and f"{one} holds no runs that are done: give the folder of several (graphsage train --runs N)" in err


def test_only_runs_that_are_done_count_and_embeddings_have_no_mean(tmp_path):
    dataset = blocks()
    folder = runs_of(tmp_path, dataset)
    (folder / "1" / "result.json").unlink()
    found = load_runs(folder)
    assert len(found.members) == 2
    with pytest.raises(ValueError, match="the embeddings of several runs have no mean, as each run has axes of its own"):
        found.embed(dataset)


def test_runs_of_other_classes_are_refused(tmp_path):
    folder = runs_of(tmp_path, blocks(), count=2)
    other = blocks(labels=np.arange(NUM_NODES) % 3)
    config = replace(configured(epochs=1), baseline=False)
    gs.save_trained(folder / "1", run_all(config, other, log=lambda line: None)[0].model, other, config.train)
    with pytest.raises(ValueError, match="1 tells other classes apart than .*0: average runs of one training"):
        load_runs(folder)


def test_runs_of_links_are_refused_and_one_of_them_is_named(tmp_path):
    folder = tmp_path / "0"
    folder.mkdir()
    (folder / "result.json").touch()
    trainer = make_trainer(link_config(epochs=1), linked(), log=None)
    gs.save_trained(folder, trainer.model, trainer.dataset, trainer.config, task=trainer.task.settings)
    with pytest.raises(ValueError, match="those in .* have task = 'links': name one of them, such as .*0$"):
        load_runs(tmp_path)
