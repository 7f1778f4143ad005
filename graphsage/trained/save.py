"""A trained model on disk: one file that holds the weights and what rebuilds the model around them. No pickle."""

import json
import os
import platform
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from traceback import walk_tb

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from graphsage.base.checks import as_path
from graphsage.base.files import written_aside
from graphsage.base.told import of_kind
from graphsage.config.run_files import CONFIG, DESCRIPTION, LATEST, MODEL
from graphsage.config.settings import TrainConfig, aggregator_name, check_depth
from graphsage.config.toml import read_config
from graphsage.data.catalogue import recorded
from graphsage.data.dataset import NodeDataset
from graphsage.nn.aggregators import Aggregator
from graphsage.nn.head import Head
from graphsage.nn.layered import CODE
from graphsage.nn.model import GraphSAGE
from graphsage.trained.model_json import describe_model
from graphsage.trained.trained import Trained
from graphsage.training.setup import normalizes
from graphsage.training.tasks import pick_metric

KEY = "graphsage"  # of the metadata that makes a safetensors file one of ours
FORM = 1  # of "trained" in there, and of model.json; a newer one is refused


def save_model(model: GraphSAGE, path: str | os.PathLike[str]) -> None:
    """Write ``model`` (``GraphSAGE``) to a safetensors file: weights, and its arguments as metadata.

    Of an aggregator of the caller's own only the name is kept: a file cannot bring code along.
    Written aside, then renamed: an interrupted write leaves the file that was there.
    """
    _write(as_path("path", path), _packed(model, plain_arguments(model) | _of_head(model)))


def load_model(path: str | os.PathLike[str], *, aggregator: type[Aggregator] | None = None) -> GraphSAGE:
    """The ``GraphSAGE`` in a file of ``save_model``, on the CPU, in evaluation mode. ValueError for any other file.

    aggregator: what the model was made with, where that was no name but a class of the caller's own.
    """
    return _unpacked(as_path("path", path), aggregator)[0]


def save_trained(folder: str | os.PathLike[str], model: GraphSAGE, dataset: NodeDataset, config: TrainConfig) -> None:
    """Write ``folder``/model.safetensors, which ``load_trained`` reads, and model.json, the same in words for others.

    dataset, config: the ``NodeDataset`` that ``model`` was trained on and the ``TrainConfig``. The folder must be there.
    model.json says what each layer computes, with the names and shapes of its weights: enough to compute the outputs without
    this package. It is written last and never read here, so a write that ends between the two leaves a model that loads;
    its sha256 says which weights it describes.
    """
    arguments, folder = plain_arguments(model), as_path("folder", folder)
    of_kind("dataset", dataset, NodeDataset)
    of_kind("config", config, TrainConfig)
    found = {
        "task": dataset.task,
        "metric": pick_metric(config.metric, dataset).name,
        "class_names": dataset.class_names,
        "normalized_features": normalizes(config, dataset),
        "isolated": config.isolated,
        "fanouts": (-1,) * model.num_layers if config.batch_size is None else config.fanouts,
        "draw": config.draw,
        "replace": config.replace,
        "timed": dataset.times is not None,
        "strictly_before": config.strictly_before,
        "schema": dataset.schema,
        "name": dataset.name,
    }
    content = _packed(model, {**arguments, **_of_head(model), "trained": {"form": FORM, **found}})
    _write(Path(folder, MODEL), content)
    weights = {"file": MODEL, "sha256": sha256(content).hexdigest()}
    described = describe_model(Trained(model=model, **found), arguments)
    record = {"format": "graphsage model", "form": FORM, "weights": weights, **described, "versions": versions()}
    _write(Path(folder, DESCRIPTION), json.dumps(record, indent=1).encode())


def is_saved(folder):
    """Does ``folder`` hold a model of ``save_trained``, both files whole?"""
    try:
        described = json.loads(Path(folder, DESCRIPTION).read_text(encoding="utf-8"))["weights"]["sha256"]
        return described == sha256(Path(folder, MODEL).read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def load_trained(path: str | os.PathLike[str], *, aggregator: type[Aggregator] | None = None) -> Trained:
    """The ``Trained`` model of a run: ``path`` is its folder, or its model.safetensors. On the CPU, in evaluation mode.

    aggregator: as in ``load_model``. ValueError, one sentence, where the file is missing, damaged or no trained model.
    """
    path = as_path("path", path)
    path = path / MODEL if path.is_dir() else path
    if not path.is_file():
        if (path.parent / LATEST).exists() or (path.parent / CONFIG).exists():
            raise ValueError(
                f"{path.parent} is a run without a model: either no epoch of it is done yet (graphsage train --resume goes on "
                f"with it), or it was of a module of your own, whose weights are in {LATEST}"
            )
        raise ValueError(f"there is no trained model at {path}: give the folder of a run, or its {MODEL}")
    model, trained = _unpacked(path, aggregator)
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
        config = read_config(folder / CONFIG)
    except FileNotFoundError:
        raise ValueError(f"name a dataset: {folder} has no {CONFIG} that tells which one was trained on") from None
    return {"name_or_path": recorded(config.dataset), "split": config.split}


def versions():
    """{"python": ..., "graphsage": ..., "torch": ..., ...}: what a file was made with."""
    return {"python": platform.python_version(), **{p: version(p) for p in ("graphsage", "torch", "numpy", "numba")}}


def _trained(model, *, form, **found):
    if form != FORM:
        raise ValueError(f"it has form {form!r}, and this version of graphsage reads form {FORM}")
    for name in ("class_names", "fanouts"):  # JSON knows lists only
        found[name] = None if found[name] is None else tuple(found[name])
    check_depth(model.num_layers, found["fanouts"])
    # files of before draws had names, and before nodes had times
    found = {"draw": "uniform", "replace": False, "timed": False, "strictly_before": False} | found
    kinds = {"task": str, "metric": str, "normalized_features": bool, "isolated": str, "draw": str, "replace": bool}
    kinds |= {"timed": bool, "strictly_before": bool}
    odd = next((name for name, kind in kinds.items() if not isinstance(found[name], kind)), None)
    if odd:
        raise ValueError(f"{odd} is {found[odd]!r}")
    return Trained(model=model, **found)


def can_save(model):
    """Can a file bring the model back, code and all? A ``GraphSAGE``, but no subclass that computes another thing."""
    is_ours = isinstance(model, GraphSAGE) and "forward" not in vars(model)
    return is_ours and all(getattr(type(model), name) is getattr(GraphSAGE, name) for name in CODE)


def plain_arguments(model):
    """``model.arguments`` as JSON can hold them."""
    if not can_save(model):
        rule = "as a file cannot bring the code of another along: save its state_dict"
        raise TypeError(f"model must be a GraphSAGE, {rule}; got {type(model).__name__}")
    return {**model.arguments, "aggregator": aggregator_name(model.arguments["aggregator"])}


def _of_head(model):
    """{"head": ...} where the outputs mean another thing than what they are: files of other models stay as they were."""
    head = model.task_head.as_dict()
    return {"head": head} if head else {}


def _packed(model, arguments):
    """The bytes of a safetensors file."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    return save(weights, {KEY: json.dumps(arguments)})  # one key: the order of several is not fixed


def _unpacked(path, aggregator):
    """(model, what ``save_trained`` added or None)."""
    try:
        with safe_open(path, framework="pt") as file:
            arguments = (file.metadata() or {}).get(KEY)
            weights = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged, or no safetensors file: {error}") from None
    if arguments is None:
        raise ValueError(f"{path} is a safetensors file, but not one that graphsage wrote")
    try:
        arguments = json.loads(arguments)
        trained, head = arguments.pop("trained", None), Head.from_dict(arguments.pop("head", {}))
        if aggregator is not None:
            arguments["aggregator"] = aggregator
        model = GraphSAGE(**arguments)
        model.load_state_dict(weights)
        model.task_head = head
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        if aggregator is not None and _passed_through(aggregator, error):
            raise
        raise ValueError(f"{path} does not hold the weights that it describes: {error}") from None
    return model.eval(), trained


def _passed_through(aggregator, error):
    """Was the error raised in the module of the caller's ``aggregator``, or in what that called? Then it is the caller's."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__") == aggregator.__module__ for frame in frames)


def _write(path, content):
    with written_aside(path) as file:
        file.write(content)
