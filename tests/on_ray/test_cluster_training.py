"""What a worker of a training does with errors and folders, without a cluster."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

import graphsage as gs

pytest.importorskip("ray.train")
from graphsage.ray import cluster_training
from graphsage.training.ranks import RankFailed
from graphsage.training.records import TrainingStopped

TRAIN = gs.TrainConfig(epochs=2, batch_size=8, num_threads=0)
CONFIG = gs.RunConfig(dataset="sbm:nodes=60,classes=3", baseline=False, train=TRAIN)
OTHER = replace(CONFIG, model=gs.ModelConfig(hidden_features=7))


def job(folder, config=CONFIG):
    return {"config": config, "dataset": None, "folder": folder, "callbacks": []}


def raising(error):
    def run_all(*given, **how):
        raise error

    return run_all


@pytest.mark.parametrize("error", [
    ValueError("it has no labels"), TrainingStopped("the loss is nan"),
    RankFailed("process 1 of the training failed: ValueError: it has no labels"),
])  # fmt: skip
def test_what_another_attempt_would_meet_again_is_handed_back(tmp_path, monkeypatch, error):
    monkeypatch.setattr(cluster_training, "run_all", raising(error))
    assert cluster_training._by_worker(job(tmp_path)) is error


def test_a_lost_worker_and_a_fault_are_failures_for_ray(tmp_path, monkeypatch):
    lost = RankFailed("process 0 has lost another one of the training")
    lost.__cause__ = RuntimeError("Connection closed by peer")
    for error in (lost, MemoryError()):
        monkeypatch.setattr(cluster_training, "run_all", raising(error))
        with pytest.raises(type(error)):
            cluster_training._by_worker(job(tmp_path))


def test_data_that_are_not_there_are_a_sentence(tmp_path):
    found = cluster_training._by_worker(job(tmp_path, gs.RunConfig(dataset="no-such-graph")))
    assert isinstance(found, ValueError) and "no-such-graph" in str(found)


def test_another_call_goes_on_and_of_what_is_done_gives_the_results(tmp_path):
    (first,), (again,) = (cluster_training._by_worker(job(tmp_path / "run")) for _ in range(2))
    assert first.model is None and again == first
    assert cluster_training._by_worker(job(tmp_path / "run", OTHER)).args[0].startswith(str(tmp_path / "run"))


@pytest.mark.filterwarnings("ignore")  # what the library warns of
def test_an_error_that_was_handed_back_is_raised(tmp_path, monkeypatch):
    answer = SimpleNamespace(return_value=ValueError("it has no labels"))
    monkeypatch.setattr(cluster_training, "TorchTrainer", lambda *given, **how: SimpleNamespace(fit=lambda: answer))
    with pytest.raises(ValueError, match="^it has no labels$"):
        cluster_training.train(CONFIG, folder=tmp_path / "run")


def test_a_worker_waits_for_the_one_before_to_let_go_of_the_folder(tmp_path, monkeypatch):
    seen = [True, True, False]
    monkeypatch.setattr(cluster_training, "is_locked", lambda folder: seen.pop(0))
    monkeypatch.setattr(cluster_training.time, "sleep", lambda seconds: None)
    cluster_training._wait_for(tmp_path)
    assert not seen
    monkeypatch.setattr(cluster_training, "PATIENCE", 0)
    seen.extend([True, True])
    cluster_training._wait_for(tmp_path)
    assert seen == [True]
