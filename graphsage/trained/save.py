"""A trained model on disk: one file that holds the weights and what rebuilds the model around them. No pickle."""

import json
import os
import platform
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from graphsage.base.checks import as_path
from graphsage.base.files import written_aside
from graphsage.base.told import of_kind
from graphsage.config.link_config import LinkConfig
from graphsage.config.run_files import CONFIG, DESCRIPTION, LATEST, MODEL
from graphsage.config.settings import TrainConfig, check_depth
from graphsage.config.toml import named_in
from graphsage.config.walk_config import WalkConfig
from graphsage.data.catalogue import recorded
from graphsage.data.dataset import NodeDataset
from graphsage.data.links import LinkDataset
from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_links import TypedLinkDataset
from graphsage.nn.aggregators import Aggregator
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.nn.model import GraphSAGE
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.trained.model_file import encoder_of, of_head, packed, plain_arguments, unpacked
from graphsage.trained.model_json import describe_model
from graphsage.trained.trained import Trained
from graphsage.trained.trained_encoder import TrainedEncoder
from graphsage.trained.trained_links import TrainedLinks
from graphsage.trained.trained_typed import TrainedTyped
from graphsage.trained.trained_typed_links import TrainedTypedLinks
from graphsage.trained.typed_json import describe_typed
from graphsage.training.setup import normalizes
from graphsage.training.tasks import metric_for, pick_metric

FORM = 1  # of "trained" in there, and of model.json; a newer one is refused


def save_model(model: GraphSAGE | LinkPredictor, path: str | os.PathLike[str]) -> None:
    """Write ``model`` to a safetensors file: weights, and its arguments as metadata.

    Of an aggregator of the caller's own only the name is kept: a file cannot bring code along.
    Written aside, then renamed: an interrupted write leaves the file that was there.
    """
    _write(as_path("path", path), packed(model, plain_arguments(model) | of_head(model)))


def load_model(path: str | os.PathLike[str], *, aggregator: type[Aggregator] | None = None) -> GraphSAGE | Any:
    """The model in a file of ``save_model``, on the CPU, in evaluation mode. ValueError for any other file.

    aggregator: what the model was made with, where that was no name but a class of the caller's own.
    """
    return unpacked(as_path("path", path), aggregator)[0]


def save_trained(
    folder: str | os.PathLike[str],
    model: GraphSAGE | LinkPredictor,
    dataset: NodeDataset | LinkDataset,
    config: TrainConfig,
    *,
    task: LinkConfig | WalkConfig | None = None,
) -> None:
    """Write ``folder``/model.safetensors, which ``load_trained`` reads, and model.json, the same in words for others.

    dataset, config, task: what ``model`` was trained on and by, as a ``Trainer`` takes them. The folder must be there.
    model.json says what each layer computes, with the names and shapes of its weights: enough to compute the outputs without
    this package. It is written last and never read here, so a write that ends between the two leaves a model that loads;
    its sha256 says which weights it describes.
    """
    found, folder = _found(model, dataset, config, task), as_path("folder", folder)
    model = encoder_of(model) if isinstance(task, WalkConfig) else model
    arguments = plain_arguments(model)
    content = packed(model, {**arguments, **of_head(model), "trained": {"form": FORM, **found}})
    _write(Path(folder, MODEL), content)
    weights = {"file": MODEL, "sha256": sha256(content).hexdigest()}
    describe = describe_typed if isinstance(encoder_of(model), TypedGraphSAGE) else None
    described = describe_model(_trained(model, form=FORM, **found), arguments, describe)
    record = {"format": "graphsage model", "form": FORM, "weights": weights, **described, "versions": versions()}
    _write(Path(folder, DESCRIPTION), json.dumps(record, indent=1).encode())


def as_trained(model, dataset, config, task):
    """What ``load_trained`` would read of ``save_trained``: it has the very ``model``."""
    own = encoder_of(model) if isinstance(task, WalkConfig) else model
    return _trained(own, form=FORM, **_found(model, dataset, config, task))


def _found(model, dataset, config, task):
    """What a file says beside the model; refuses what cannot be saved."""
    plain_arguments(model)
    of_kind("config", config, TrainConfig)
    of_labels = _of_types if isinstance(model, TypedGraphSAGE) else _of_nodes
    of_task = _of_walks if isinstance(task, WalkConfig) else _of_links if isinstance(model, LinkPredictor) else of_labels
    return {
        **of_task(dataset, config, task),
        "normalized_features": normalizes(config, dataset),
        "isolated": config.isolated,
        "fanouts": (-1,) * model.num_layers if config.batch_size is None else config.fanouts,
        "draw": config.draw,
        "replace": config.replace,
        "schema": None if dataset.schema is None else dict(dataset.schema),  # of types it is read-only
        "name": dataset.name,
    }


def _of_types(dataset, config, task):
    targets = of_kind("dataset", dataset, TypedDataset).targets
    own = {} if config.relation_fanouts is None else {"relation_fanouts": config.relation_fanouts}
    return {**_of_nodes(targets, config, task), "target": dataset.target, **own}


def _of_nodes(dataset, config, task):
    of_kind("dataset", dataset, NodeDataset)
    metric = pick_metric(config.metric, dataset).name
    own = {"label_reuse": True} if config.label_reuse else {}
    own |= {"degree_features": True} if config.featureless == "degrees" else {}
    times = {"timed": dataset.times is not None, "strictly_before": config.strictly_before}
    return {"task": dataset.task, "metric": metric, "class_names": dataset.class_names, **times, **own}


def _of_links(dataset, config, task):
    is_typed = isinstance(dataset, TypedLinkDataset)
    of_kind("dataset", dataset, TypedLinkDataset if is_typed else LinkDataset)
    links = LinkConfig() if task is None else of_kind("task", task, LinkConfig)
    metric = metric_for(config.metric, "links").name
    own = {"directed": dataset.directed, "links": asdict(links), "seed": config.seed, "how_split": dataset.how_split}
    own |= {"relation": list(dataset.relation)} if is_typed else {}
    own |= {} if config.relation_fanouts is None else {"relation_fanouts": config.relation_fanouts}
    return {"task": "links", "metric": metric, **own}


def _of_walks(dataset, config, task):
    of_kind("dataset", dataset, NodeDataset)
    return {"task": "unsupervised", "metric": metric_for(config.metric, "unsupervised").name, "walks": asdict(task)}


def is_saved(folder):
    """Does ``folder`` hold a model of ``save_trained``, both files whole?"""
    try:
        described = json.loads(Path(folder, DESCRIPTION).read_text(encoding="utf-8"))["weights"]["sha256"]
        return described == sha256(Path(folder, MODEL).read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def load_trained(path: str | os.PathLike[str], *, aggregator: type[Aggregator] | None = None) -> Trained | Any:
    """The ``Trained`` model of a run (of a typed graph ``TrainedTyped``), of links ``TrainedLinks``, without labels
    ``TrainedEncoder``: ``path`` is its folder, or its model.safetensors. On the CPU, in evaluation mode.

    aggregator: as in ``load_model``. ValueError, one sentence, where the file is missing, damaged or no trained model.
    """
    path = as_path("path", path)
    path = path / MODEL if path.is_dir() else path
    if not path.is_file():
        several = sorted(path.parent.glob(f"*/{MODEL}"))
        if several and (path.parent / CONFIG).exists():
            raise ValueError(f"{path.parent} holds the folders of several runs: give one of them, such as {several[0].parent}")
        if (path.parent / LATEST).exists() or (path.parent / CONFIG).exists():
            raise ValueError(
                f"{path.parent} is a run without a model: either no epoch of it is done yet (graphsage train --resume goes on "
                f"with it), or it was of a module of your own, whose weights are in {LATEST}"
            )
        raise ValueError(f"there is no trained model at {path}: give the folder of a run, or its {MODEL}")
    model, trained = unpacked(path, aggregator)
    if trained is None:
        raise ValueError(f"{path} holds a model alone, without what it was trained for: load_model reads it")
    try:
        return _trained(model, **trained)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not say what its model was trained for: {error}") from None


def trained_on(path):
    """{"name_or_path", "split"} of the dataset of a run, for ``load_dataset``, from its config.toml.

    path: as in ``load_trained``. ValueError where that is not there or damaged.
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    try:
        named = named_in(folder / CONFIG)
    except FileNotFoundError:
        raise ValueError(f"name a dataset: {folder} has no {CONFIG} that tells which one was trained on") from None
    if named["dataset"] is None:
        raise ValueError(f"name a dataset: that of {folder} was made in Python, and no file has it")
    return {"name_or_path": recorded(named["dataset"]), "split": named["split"]}


def versions():
    """{"python": ..., "graphsage": ..., "torch": ..., ...}: what a file was made with."""
    return {"python": platform.python_version(), **{p: version(p) for p in ("graphsage", "torch", "numpy", "numba")}}


def _trained(model, *, form, **found):
    if form != FORM:
        raise ValueError(f"it has form {form!r}, and this version of graphsage reads form {FORM}")
    found["fanouts"] = tuple(found["fanouts"])  # JSON knows lists only
    check_depth(encoder_of(model).num_layers, found["fanouts"])
    # files of before draws had names, and before nodes had times
    found = {"draw": "uniform", "replace": False, "timed": False, "strictly_before": False} | found
    kinds = {"task": str, "metric": str, "normalized_features": bool, "isolated": str, "draw": str, "replace": bool}
    kinds |= {"timed": bool, "strictly_before": bool}
    kinds |= {name: bool for name in ("label_reuse", "degree_features") if name in found}
    kinds |= {"target": str} if isinstance(model, TypedGraphSAGE) else {}
    if found["task"] == "unsupervised":
        return TrainedEncoder(model=model, **found | {"walks": WalkConfig(**found["walks"])})
    is_of_links = isinstance(model, LinkPredictor)
    kinds |= {"directed": bool, "seed": int} if is_of_links else {}
    odd = next((name for name, kind in kinds.items() if not isinstance(found[name], kind)), None)
    if odd:
        raise ValueError(f"{odd} is {found[odd]!r}")
    if is_of_links:
        found |= {"links": LinkConfig(**found["links"])}
        if "relation" not in found:
            return TrainedLinks(model=model, **found)
        return TrainedTypedLinks(model=model, **found | {"relation": tuple(found["relation"]), **_hops(found)})
    names = found["class_names"]
    found |= {"class_names": None if names is None else tuple(names)}
    if isinstance(model, TypedGraphSAGE):
        return TrainedTyped(model=model, **found | _hops(found))
    return Trained(model=model, **found)


def _hops(found):
    """relation_fanouts: JSON has lists for tuples."""
    hops = found.get("relation_fanouts")
    return {"relation_fanouts": hops and {name: tuple(k) for name, k in hops.items()}}


def _write(path, content):
    with written_aside(path) as file:
        file.write(content)
