"""One training by workers of Ray Train, which starts them, lets them meet, and starts them again where one is lost."""

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray.train import FailureConfig, RunConfig as RayRun, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer

from graphsage.base.checks import as_count, as_path
from graphsage.base.files import is_locked
from graphsage.base.told import of_kind, shown
from graphsage.config.settings import RunConfig
from graphsage.data.catalogue import load_dataset
from graphsage.data.tables.schema import given_tables
from graphsage.runs.run import RunResult, run_all
from graphsage.runs.run_folder import lasting_name
from graphsage.training.callbacks import checked_callbacks
from graphsage.training.ranks import RankFailed, Ranks
from graphsage.training.records import TrainingStopped

OF_RAY = "ray"  # what Ray Train keeps, in the folder of the run
PATIENCE = 120  # seconds until a worker that was given up, perhaps with its machine, has let go of the folder


def train(
    config: RunConfig,
    dataset: Any = None,
    *,
    folder: str | os.PathLike[str],
    workers: int | tuple[int, int] = 2,
    cpus: int = 1,
    gpus: float = 0,
    failures: int = 10,
    callbacks: Iterable[Any] = (),
) -> list[RunResult]:
    """Train by ``config`` as ``graphsage train`` does, by ``workers`` of a Ray cluster together; a ``RunResult`` a seed.

    The workers are ranks of one training (``TrainConfig.accumulate`` batches an update, by default as many as workers): it ends
    with the weights of one process, to the bit where ``gradients="ordered"`` and a process has as many threads. Where a worker
    or a machine is lost, Ray starts all of them again, and they go on from the latest checkpoint; so does another call with
    the same folder, and one whose training is done gives its results.

    dataset: as in ``Trainer``, which the cluster then keeps in memory, once a machine; None: each worker loads
        ``config.dataset``, which for data that are mapped is the way to take.
    folder: of the run, which all machines must see under this name (on one machine, any). The first worker alone writes there;
        what Ray Train keeps for itself is in its subfolder ray.
    workers: how many, or (least, most): as many of them as the cluster has room for, each time that it starts them.
    cpus, gpus: of a worker. gpus > 0: gradients travel from GPU to GPU.
    callbacks: as in ``Trainer``, copied to each worker.
    failures: how often a lost worker is made good, before the training ends with ``ray.train.TrainingFailedError``; -1: always.

    What starting again cannot mend - settings, data, a loss that is no number - is raised at once, as by ``Trainer``:
    ValueError or ``TrainingStopped``, one sentence. ``ray.init`` is called where nobody has.
    """
    config, folder = of_kind("config", config, RunConfig), Path(as_path("folder", folder)).absolute()
    least, most = _numbers(workers)
    each = config.train.accumulate or (1 if config.train.batch_size is None else most)
    config = replace(config, dataset=lasting_name(config.dataset), train=replace(config.train, accumulate=each))
    folder.mkdir(parents=True, exist_ok=True)
    kept = None if dataset is None else ray.put(dataset)
    found = TorchTrainer(
        _by_worker,
        train_loop_config={"config": config, "dataset": kept, "folder": folder, "callbacks": checked_callbacks(callbacks)},
        torch_config=TorchConfig(backend="cpu:gloo,cuda:nccl" if gpus else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=most if least == most else (least, most),
            use_gpu=gpus > 0,
            resources_per_worker={"CPU": as_count("cpus", cpus, least=1), **({"GPU": gpus} if gpus else {})},
        ),
        run_config=RayRun(name=OF_RAY, storage_path=str(folder), failure_config=FailureConfig(max_failures=failures)),
    ).fit()
    if isinstance(found.return_value, Exception):
        raise found.return_value
    return found.return_value


def _numbers(workers):
    """(least, most)."""
    pair = workers if isinstance(workers, tuple) else (workers, workers)
    if len(pair) != 2:
        raise ValueError(f"workers must be a number, or (least, most), got {shown(workers)}")
    least = as_count("workers", pair[0], least=1)
    return least, as_count("workers", pair[1], least=least)


def _by_worker(job):
    """What each worker does; the results, or the error that no other attempt would be without.

    A worker that has lost another one fails, and so makes Ray begin again.
    """
    ranks = Ranks.of_process()
    try:
        with ranks.failing():
            dataset = _dataset(job, ranks)
            ranks.first(lambda: _wait_for(job["folder"]))
        results = run_all(job["config"], dataset, folder=job["folder"], resume=True, callbacks=job["callbacks"])
    except (ValueError, TrainingStopped) as error:
        if isinstance(error, RankFailed) and error.__cause__ is not None:  # torch's: another worker is gone
            raise
        return error.with_traceback(None)
    return [replace(found, model=None) for found in results] if ranks.rank == 0 else None


def _dataset(job, ranks):
    if job["dataset"] is not None:
        return ray.get(job["dataset"])
    config = job["config"]
    with ranks.local_first():
        return load_dataset(config.dataset, split=config.split, **given_tables(config.tables))


def _wait_for(folder):
    """Until nobody works in ``folder``, or ``PATIENCE`` is over."""
    end = time.monotonic() + PATIENCE
    while is_locked(folder) and time.monotonic() < end:
        time.sleep(0.5)
