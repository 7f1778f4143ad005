"""Embeddings and predictions of all nodes by tasks of a Ray cluster, which may be lost and are then repeated."""

import json
import os
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import ray

from graphsage.base.checks import as_count
from graphsage.base.files import scratch_folder
from graphsage.data.catalogue import load_dataset
from graphsage.nn.room import Room
from graphsage.ray.made_in_parts import Made, Parts, put_together
from graphsage.runs.run_folder import lasting_name
from graphsage.trained.outputs import write_embedding, write_typed_embedding
from graphsage.trained.save import load_trained, trained_on
from graphsage.trained.tables_out import check_path, slices, write_table
from graphsage.training.label_task import targets_of


def embed(run: str | os.PathLike[str], path: str | os.PathLike[str], dataset: Any = None, **how: Any) -> Any:
    """``graphsage embed`` by tasks: write the embeddings of all nodes to NAME.npy or NAME.parquet, the same bytes; returns them
    as ``write_embedding`` does, of a typed graph as ``write_typed_embedding``.

    Outputs are exact, from all neighbours, layer by layer: of each layer a task makes a range of rows, from those of the layer
    before, and the next layer begins when all are there. A task that is lost, with its process or machine, is repeated. They
    leave what they make beside ``path``, in a folder that is gone at the end, however that comes; ``path`` is written as a
    whole or not at all. Disk: the outputs of all layers. Memory of a task: what is its of a layer, and chunks.

    run: as in ``load_trained``. dataset: as ``Trained.embed`` takes, which the cluster then keeps in memory, once a machine; a
        name or a path, which each process of the cluster loads; None: that of the training, by name. path: all machines must
        see its folder under this name (on one machine, any).
    tasks: of a layer (default: two for each CPU of the cluster). cpus, gpus: of a task. retries: how often one is repeated.
    correct_and_smooth, device: as in ``Trained``.
    ValueError, one sentence, for a model that is asked with drawn neighbours, and for what ``Trained`` refuses.
    """
    path = check_path(path, (".npy", ".parquet"))
    with _made(run, path, dataset, "embed", **how) as (trained, dataset, asked):
        write = write_typed_embedding if hasattr(trained, "embedded") else write_embedding
        return write(path, trained, dataset, **asked)


def predict(
    run: str | os.PathLike[str],
    path: str | os.PathLike[str],
    dataset: Any = None,
    *,
    probabilities: bool = False,
    **how: Any,
) -> Any:
    """``graphsage predict`` by tasks: write a row a node to NAME.csv or NAME.parquet; returns the ``Predictions``.

    probabilities: a column for the probability of each class. The others: as in ``embed``, of a model of labels.
    """
    path = check_path(path, (".csv", ".parquet"))
    with _made(run, path, dataset, "predict", **how) as (trained, dataset, asked):
        found, targets = trained.predict(dataset, **asked), targets_of(dataset)
        write_table(path, (found[rows].columns(targets, probabilities=probabilities) for rows in slices(len(found))))
        return found


@contextmanager
def _made(run, path, dataset, what, *, tasks=None, cpus=1, gpus=0, retries=10, **how):
    """(trained model, dataset, keywords by which its method ``what`` reads all that the tasks have made)."""
    trained = load_trained(run)
    _refuse_others(run, trained, what, how)
    given = _named(trained_on(run) if dataset is None else dataset, trained)
    dataset = _opened(given)
    trained.check(dataset, **how, **({"embeds": True} if what == "embed" else {}))
    options = {"num_cpus": as_count("cpus", cpus, least=1), "num_gpus": gpus, "max_retries": as_count("retries", retries)}
    tasks = 2 * max(1, _cpus() // options["num_cpus"]) if tasks is None else as_count("tasks", tasks, least=1)
    with scratch_folder(Path(path).absolute()) as folder:
        given = (ray.put(trained), given if isinstance(given, str) else ray.put(dataset))
        _through(_part.options(**options), tasks, folder, (what, how), given)
        yield trained, dataset, {**how, "room": Room(scratch=folder, ranks=Parts(folder))}


def _through(task, tasks, folder, asked, given):
    """Stage after stage, until there is none left to make."""
    for stage in count():
        made = ray.get([task.remote(Parts(folder, stage, part, tasks), *asked, *given) for part in range(tasks)])
        if None in made:
            return
        put_together(folder, made)


@ray.remote
def _part(parts, what, how, trained, dataset):
    """The ``Made`` of a part, None where the inference has no such stage."""
    try:
        getattr(trained, what)(_opened(dataset), **how, room=Room(ranks=parts))
    except Made as made:
        return made
    return None


def _refuse_others(run, trained, what, how):
    if trained.is_drawn or how.get("fanouts") is not None:
        advice = f"use graphsage {what} {run}{'' if trained.is_drawn else ' --sampled'}"
        raise ValueError(f"{run} is asked with drawn neighbours, and tasks make exact outputs: {advice}")
    if what == "predict" and trained.task in ("links", "unsupervised"):
        raise ValueError(f"{run} predicts no labels, as its task is {trained.task}: embed its nodes, and ask it about those")


def _cpus():
    if not ray.is_initialized():
        ray.init()
    return int(ray.cluster_resources().get("CPU", 1))


def _named(dataset, trained):
    """What tells processes of the cluster which dataset to load, as text; a dataset stays what it is."""
    if isinstance(dataset, str | os.PathLike):
        dataset = {"name_or_path": lasting_name(os.fspath(dataset))}
    if not isinstance(dataset, dict):
        return dataset
    return json.dumps({**dataset, "name_or_path": str(dataset["name_or_path"]), "schema": trained.schema})


def _opened(given):
    return _loaded(given) if isinstance(given, str) else given


@lru_cache(1)
def _loaded(given):
    asked = {name: value for name, value in json.loads(given).items() if value is not None}
    return load_dataset(**asked, progress=False)
