"""On a cluster of Ray, whose processes are killed: the training, the search and the files of one process."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.lost_processes import Deadly, KilledAtStep
from safetensors.torch import load_file

import graphsage as gs

pytest.importorskip("ray.train")
import ray

import graphsage.ray as on_ray
from graphsage.runs.run import run_all
from graphsage.trained.outputs import write_embedding

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # what the library warns of
    pytest.mark.skipif(sys.platform != "linux", reason="killed processes"),
]
TRAIN = {"epochs": 3, "batch_size": 8, "fanouts": (3, 3), "num_threads": 0, "device": "cpu", "gradients": "ordered"}
CONFIG = gs.RunConfig(
    dataset="sbm:nodes=370,classes=3,features=5,train=0.1",  # 37 to train on: 5 batches, of which the last has 5
    baseline=False,
    model=gs.ModelConfig(hidden_features=6),
    train=gs.TrainConfig(**TRAIN, accumulate=3, checkpoint_every=1),
)


def silent(line):
    pass


@pytest.fixture(scope="module")
def data():
    return gs.load_dataset(CONFIG.dataset)


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    """The folder of the training in one process."""
    folder = tmp_path_factory.mktemp("alone")
    run_all(CONFIG, data, folder=folder, log=silent)
    return folder


@pytest.fixture(scope="module")
def cluster():
    """Two CPUs, whose processes find the package and the helpers of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        places = [str(Path(gs.__file__).parents[1]), str(Path(__file__).parents[1])]
        patch.setenv("PYTHONPATH", os.pathsep.join(places))
        patch.setenv("RAY_AUTH_MODE", "disabled")  # a token would be written into the home folder
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")  # it kills workers for what others on a machine take
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()


def lines_of(folder):
    return [line for line in (folder / "metrics.jsonl").read_text().splitlines() if '"step"' in line]


def test_a_training_whose_worker_is_killed_ends_as_that_of_one_process(cluster, alone, tmp_path):
    deadly = KilledAtStep(tmp_path / "killed", 2, 3)
    found = on_ray.train(CONFIG, folder=tmp_path / "run", workers=(1, 3), callbacks=[deadly])
    assert (tmp_path / "killed").exists()
    one, two = (load_file(folder / "model.safetensors") for folder in (alone, tmp_path / "run"))
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    assert [epoch.loss for epoch in found[0].result.history] and len(found) == 1
    assert len(lines_of(tmp_path / "run")) == len(lines_of(alone))
    assert (tmp_path / "run" / "report.html").exists()


def test_parts_of_a_killed_task_are_made_again(cluster, data, alone, tmp_path):
    deadly = replace(data, name=Deadly.of("made", str(tmp_path / "killed")))
    rows = on_ray.embed(alone, tmp_path / "parts.npy", deadly, tasks=3)
    trained = gs.load_trained(alone)
    write_embedding(tmp_path / "whole.npy", trained, data)
    assert (tmp_path / "killed").exists() and rows.shape == (370, 6)
    assert (tmp_path / "parts.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    found = on_ray.predict(alone, tmp_path / "parts.csv", tasks=2)
    assert (found.outputs == trained.predict(data).outputs).all()
    assert len((tmp_path / "parts.csv").read_text().splitlines()) == 371
    assert {path.name for path in tmp_path.iterdir()} == {"parts.npy", "whole.npy", "parts.csv", "killed"}


def test_a_search_is_that_of_one_process_though_a_trial_is_killed(cluster, data, tmp_path):
    pytest.importorskip("optuna")
    how = {"trials": 3, "space": ["dropout", "learning_rate"], "log": None}
    deadly = replace(data, name=Deadly.of("made", str(tmp_path / "killed")))
    config = replace(CONFIG, train=gs.TrainConfig(**TRAIN))
    one, two = gs.tune(data, config, **how), on_ray.tune(deadly, config, at_once=1, **how)
    assert (tmp_path / "killed").exists()
    assert _told(one) == _told(two) and one.run.result.test_score == two.run.result.test_score


def test_a_search_in_rounds_repeats_itself_and_goes_on(cluster, data, tmp_path):
    pytest.importorskip("optuna")
    how = {"space": ["dropout", "learning_rate"], "log": None, "at_once": 2}
    config = replace(CONFIG, train=gs.TrainConfig(**TRAIN))
    on_ray.tune(data, config, folder=tmp_path / "search", trials=2, **how)
    resumed = on_ray.tune(data, config, folder=tmp_path / "search", trials=4, resume=True, **how)
    assert _told(resumed) == _told(on_ray.tune(data, config, trials=4, **how))
    assert (tmp_path / "search" / "best.toml").exists()


def _told(found):
    return [{name: value for name, value in trial.items() if name != "seconds"} for trial in found.trials]


def test_bad_input_gets_a_sentence(alone, tmp_path, data):
    with pytest.raises(ValueError, match=r"^workers must be an integer >= 3, got 2"):
        on_ray.train(CONFIG, folder=tmp_path, workers=(3, 2))
    with pytest.raises(ValueError, match=r"^workers must be a number, or \(least, most\), got \(1, 2, 3\)"):
        on_ray.train(CONFIG, folder=tmp_path, workers=(1, 2, 3))
    with pytest.raises(ValueError, match=r"is asked with drawn neighbours, and tasks make exact outputs: use graphsage embed "):
        on_ray.embed(alone, tmp_path / "rows.npy", data, fanouts=(3, 3))
    with pytest.raises(ValueError, match=r"must end in \.npy or \.parquet"):
        on_ray.embed(alone, tmp_path / "rows.txt", data)
    with pytest.raises(AttributeError, match=r"module 'graphsage.ray' has no attribute 'fit'"):
        _ = on_ray.fit
