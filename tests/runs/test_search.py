"""A search: what its trials see, that it repeats itself after any end, and what is refused."""

import os
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked
from helpers.typed_data import papers

import graphsage as gs
from graphsage.base.files import InUse, locked
from graphsage.config.toml import read_config
from graphsage.config.walk_config import WalkConfig
from graphsage.runs import search_loop
from graphsage.runs.checkpoint import CheckpointError
from graphsage.runs.run import make_trainer
from graphsage.runs.search_loop import Pruning
from graphsage.training.callbacks import Callback
from graphsage.training.records import Epoch

optuna = pytest.importorskip("optuna")
SPACE = {"dropout": [0.0, 0.3], "hidden_features": [8, 32], "fanouts": ["4", (3, 3)], "norm": ["layer"]}
START = replace(configured(epochs=2), baseline=False)


@pytest.fixture(scope="module")
def dataset():
    return blocks()


def search(data, *, trials=4, config=START, space=SPACE, log=None, **how):
    return gs.tune(data, config, trials=trials, space=space, log=log, **how)


def plain(result):
    """What must repeat of the trials: all but the seconds."""
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in result.trials]


class At(Callback):
    """Does something at the first step of the ``number``th training, once; counts them and their test nodes."""

    def __init__(self, number=0, action=None):
        self.number, self.action, self.tests = number, action, []

    def on_fit_begin(self, trainer):
        self.tests.append(len(trainer.dataset.test))

    def on_step(self, trainer, step):
        if self.action and len(self.tests) == self.number:
            action, self.action = self.action, None
            action()


class Killed(BaseException):
    """What stands for a kill: nothing in the package catches it."""


def kill():
    raise Killed


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


# ---- what a trial is


def test_the_first_trial_is_the_start_without_its_test_nodes(dataset):
    found = search(dataset, trials=1)
    by_hand = make_trainer(START, replace(dataset, test=[]), log=None).fit()
    assert found.trials[0]["score"] == by_hand.val_score == found.best_score
    assert found.trials[0]["epoch"] == by_hand.best_epoch
    values = {name: found.trials[0][name] for name in SPACE}
    assert values == {"dropout": 0.5, "hidden_features": 16, "fanouts": "5,5", "norm": "none"}


def test_no_trial_sees_the_test_nodes_and_the_best_is_tested_once(dataset):
    watch = At()
    found = search(dataset, callbacks=[watch])
    assert watch.tests == [0, 0, 0, 0, 99]
    assert found.run.result.val_score == found.best_score == max(trial["score"] for trial in found.trials)
    assert found.run.result.test_score is not None


def test_graphs_of_several_types_are_searched_alike():
    data = papers()
    found = search(data, trials=2, space={"relation_sum": ["sum", "mean"], "num_bases": [2]})
    assert found.best_score == max(trial["score"] for trial in found.trials) and found.run.result.test_score is not None


def test_trials_are_what_their_settings_say(dataset):
    found = search(dataset)
    for trial in found.trials[1:]:
        fanouts = tuple(int(k) for k in trial["fanouts"].split(","))
        model = replace(START.model, num_layers=len(fanouts), **{n: trial[n] for n in ("dropout", "hidden_features", "norm")})
        config = replace(START, model=model, train=replace(START.train, fanouts=fanouts))
        assert make_trainer(config, dataset, log=None).fit().val_score == trial["score"]


def test_a_search_repeats_itself_and_moves_no_global_generator(dataset):
    numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    first, second = search(dataset, trials=5), search(dataset, trials=5)
    assert plain(first) == plain(second)
    assert len({tuple(trial[name] for name in SPACE) for trial in first.trials}) > 2
    other = search(dataset, trials=5, config=replace(START, train=replace(START.train, seed=1)))
    settings = [[[trial[name] for name in SPACE] for trial in found.trials] for found in (first, other)]
    assert settings[0] != settings[1]
    assert (np.random.get_state()[1] == numpy_state).all() and torch.equal(torch.get_rng_state(), torch_state)  # noqa: NPY002


def test_a_score_that_falls_behind_is_pruned():
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=0))
    for score in (0.8, 0.9):
        trial = study.ask()
        trial.report(score, 1)
        study.tell(trial, score)
    trainer = type("Made", (), {"config": START.train})()
    epoch = {"loss": 1.0, "metric": "accuracy", "val_loss": 1.0, "seconds": 0.0}
    Pruning(study.ask()).on_epoch(trainer, Epoch(number=1, val_score=0.95, **epoch))
    Pruning(study.ask()).on_epoch(trainer, Epoch(number=1, val_score=None, **epoch))
    Pruning(study.ask()).on_epoch(trainer, Epoch(number=2, val_score=0.1, **epoch))  # the last epoch: it is whole
    with pytest.raises(optuna.TrialPruned):
        Pruning(study.ask()).on_epoch(trainer, Epoch(number=1, val_score=0.1, **epoch))


def test_the_same_settings_are_trained_once(dataset):
    watch = At()
    found = search(dataset, trials=8, space={"dropout": [0.1]}, callbacks=[watch])
    assert len(found.trials) == 8 and watch.tests == [0, 0, 99]


@pytest.mark.parametrize("task", ["links", "unsupervised"])
def test_other_tasks(dataset, task):
    if task == "links":
        found = search(linked(), trials=2, config=replace(link_config(), baseline=False), space={"dropout": [0.4]})
        assert found.run.result.test_scores is not None
    else:
        config = replace(START, task=task, walks=WalkConfig(walks_per_node=1))
        found = search(dataset, trials=2, config=config, space={"walk_length": [2], "dropout": [0.3]})
    assert found.metric == ("mrr" if task == "links" else "roc_auc") and len(found.trials) == 2


# ---- a folder


def test_a_folder_holds_the_best_and_its_run(dataset, tmp_path):
    lines = []
    found = search(dataset, folder=tmp_path / "made", log=lines.append)
    best = next(trial["number"] for trial in found.trials if trial["score"] == found.best_score)
    names = {"best.toml", "journal.log", "start.toml", f"trial-{best}"}
    assert {path.name for path in (tmp_path / "made").iterdir()} == names
    assert read_config(tmp_path / "made" / "best.toml") == found.best_config
    assert gs.load_trained(tmp_path / "made" / f"trial-{best}").predict(dataset) is not None
    assert lines[0].startswith("Trial 1/4: ") and "The best of 4 trials on validation:" in lines


@pytest.mark.parametrize("end", [kill, interrupt])
@pytest.mark.parametrize("number", [1, 3])
def test_a_search_that_was_cut_short_goes_on_as_if_it_had_not_been(dataset, tmp_path, end, number):
    whole = search(dataset)
    try:
        found = search(dataset, folder=tmp_path, callbacks=[At(number, end)])
        assert end is interrupt and found.interrupted and found.run is None and len(found.trials) == number - 1
    except (Killed, KeyboardInterrupt) as error:
        assert isinstance(error, Killed) or number == 1  # nothing to keep yet
    with open(tmp_path / "journal.log", "ab") as file:
        file.write(b'{"op_code":6,"worker')  # a line that a kill cut off
    (tmp_path / "journal.log.lock").symlink_to("gone")
    again = search(dataset, folder=tmp_path, resume=True, space=None, config=None)
    assert plain(again) == plain(whole) and again.best_config == whole.best_config
    assert not again.interrupted and again.run.result.test_score == whole.run.result.test_score


def test_a_search_goes_on_with_more_trials(dataset, tmp_path):
    first = search(dataset, trials=2, folder=tmp_path)
    more = search(dataset, trials=4, folder=tmp_path, resume=True)
    assert plain(more)[:2] == plain(first) and plain(more) == plain(search(dataset))


def test_a_training_of_the_best_that_was_cut_short_goes_on(dataset, tmp_path):
    found = search(dataset, trials=2, folder=tmp_path, callbacks=[At(3, interrupt)])
    assert found.interrupted and found.run is not None
    watch = At()
    again = search(dataset, trials=2, folder=tmp_path, resume=True, callbacks=[watch])
    assert watch.tests == [99] and again.run.result.val_score == again.best_score


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"data": blocks(seed=1)}, "is of a search with another dataset: edges .* take another folder"),
        ({"config": replace(START, train=replace(START.train, epochs=3))}, "with other settings: train epochs 2 then, 3 now"),
        ({"space": {"dropout": [0.1]}}, "is of a search with another space"),
        ({"resume": False}, "holds a search already: go on with it by resume, or take another folder"),
    ],
)
def test_the_search_of_a_folder_must_be_the_same(dataset, tmp_path, change, text):
    search(dataset, trials=1, folder=tmp_path)
    given = {"data": dataset, "resume": True, "trials": 2, "folder": tmp_path, **change}
    with pytest.raises(ValueError, match=text):
        search(given.pop("data"), **given)


def test_a_damaged_journal_is_a_sentence(dataset, tmp_path):
    search(dataset, trials=1, folder=tmp_path)
    (tmp_path / "journal.log").write_bytes(b"no journal\n\x00\n")
    with pytest.raises(CheckpointError, match=r"journal.log is damaged .*: take another folder"):
        search(dataset, folder=tmp_path, resume=True)


def test_one_process_at_a_time(dataset, tmp_path):
    with locked(tmp_path), pytest.raises(InUse, match="is in use by another process"):
        search(dataset, folder=tmp_path)


# ---- trials that fail


def test_a_trial_that_diverges_is_told_and_the_search_goes_on(dataset):
    lines = []
    found = search(dataset, trials=6, space={"learning_rate": [1e38]}, log=lines.append)
    failed = [trial for trial in found.trials if trial["state"] == "failed"]
    assert failed and all(trial["score"] is None and "try a smaller learning_rate" in trial["reason"] for trial in failed)
    assert any("failed: the loss is" in line or "failed: the validation" in line for line in lines)
    assert found.best_config.train.learning_rate == START.train.learning_rate


def test_a_trial_without_memory_is_told(dataset, monkeypatch):
    made = search_loop.make_trainer

    def make(config, *given, **how):
        if config.model.hidden_features == 32:
            raise MemoryError
        return made(config, *given, **how)

    monkeypatch.setattr(search_loop, "make_trainer", make)
    found = search(dataset, trials=6, space={"hidden_features": [32]})
    assert {trial["reason"] for trial in found.trials if trial["hidden_features"] == 32} == {"the memory is not enough"}


def test_our_own_mistakes_are_not_a_failed_trial(dataset):
    with pytest.raises(ZeroDivisionError):
        search(dataset, callbacks=[At(1, lambda: 1 / 0)])


def test_no_trial_is_whole(dataset):
    config = replace(START, train=replace(START.train, learning_rate=1e38))
    with pytest.raises(ValueError, match="no trial is whole, so there is no best; the first failed: the loss is"):
        search(dataset, trials=1, config=config)


# ---- what is refused


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"trials": 0}, ValueError, "trials must be an integer >= 1"),
        ({"minutes": 0}, ValueError, "minutes must be > 0 and finite, got 0"),
        ({"minutes": "5"}, ValueError, "minutes must be > 0 and finite, got '5'"),
        ({"resume": True}, ValueError, "resume goes on with the search in a folder: name it"),
        ({"folder": 3}, TypeError, "folder must be a path"),
        ({"config": {}}, TypeError, "config must be a RunConfig"),
        ({"config": replace(START, runs=3)}, ValueError, "runs = 3 is not used by a search"),
        ({"callbacks": [3]}, TypeError, r"callbacks\[0\] must be an object"),
        ({"space": {"dropuot": [0.1]}}, ValueError, "space: dropuot is no setting, did you mean dropout"),
        ({"space": {"dropout": [1.5]}}, ValueError, r"dropout must be in \[0, 1\), got 1.5"),
    ],
)
def test_wrong_arguments(dataset, given, error, text):
    with pytest.raises(error, match=text):
        search(dataset, **given)


def test_what_is_no_dataset():
    with pytest.raises(TypeError, match=r"dataset must be a NodeDataset, got str: load_dataset\(dataset\) reads one"):
        search("cora")


def test_a_resume_without_a_search(dataset, tmp_path):
    with pytest.raises(ValueError, match="is no folder of a search, as it has no start.toml"):
        search(dataset, folder=tmp_path, resume=True, config=None)


def test_nothing_to_validate_on():
    with pytest.raises(ValueError, match="tune chooses on validation, and blocks has no part to validate on"):
        search(blocks(val=[]))


def test_without_optuna(dataset, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ValueError, match=r"tune needs optuna, which is not installed: pip install 'graphsage\[tune\]'"):
        search(dataset)


def accurate(outputs, labels):
    return (outputs.argmax(1) == labels).float().mean().item()


def plain_sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def test_metric_and_optimizer_of_the_callers_own_are_named_in_the_folder(dataset, tmp_path):
    train = gs.TrainConfig(epochs=2, fanouts=(5, 5), metric=accurate, optimizer=plain_sgd, device="cpu")
    own = replace(START, train=train)
    found = search(dataset, trials=2, config=own, folder=tmp_path)
    assert found.metric == "accurate" and found.run.result.test_score is not None
    again = search(dataset, trials=3, config=own, folder=tmp_path, resume=True)
    assert plain(again)[:2] == plain(found)
    with pytest.raises(CheckpointError, match=r"other settings: .*train metric accurate \(user-defined\) then, auto now"):
        search(dataset, config=replace(own, train=gs.TrainConfig(epochs=2, fanouts=(5, 5))), folder=tmp_path, resume=True)
    with pytest.raises(ValueError, match="start.toml: .* is .*, which was made in Python: train it there"):
        search(dataset, config=None, folder=tmp_path, resume=True)
