"""A trained model on disk: one file that holds the weights and what rebuilds the model around them. No pickle."""

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from graphsage.files import written_aside
from graphsage.nn.model import GraphSAGE

KEY = "graphsage"  # of the metadata that makes a safetensors file one of ours


def save_model(model, path):
    """Write ``model`` (``GraphSAGE``) to a safetensors file: weights, and its arguments as metadata.

    Of an aggregator of the caller's own only the name is kept: a file cannot bring code along.
    Written aside, then renamed: an interrupted write leaves the file that was there.
    """
    aggregator = model.arguments["aggregator"]
    named = aggregator if isinstance(aggregator, str) else f"{getattr(aggregator, '__name__', aggregator)} (user-defined)"
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    _write(Path(path), save(weights, {KEY: json.dumps({**model.arguments, "aggregator": named})}))


def load_model(path, *, aggregator=None):
    """The ``GraphSAGE`` in a file of ``save_model``, on the CPU, in evaluation mode. ValueError for any other file.

    aggregator: what the model was made with, where that was no name but a class of the caller's own.
    """
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
        if aggregator is not None:
            arguments["aggregator"] = aggregator
        model = GraphSAGE(**arguments)
        model.load_state_dict(weights)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} does not hold the weights that it describes: {error}") from None
    return model.eval()


def save_run(folder, config, run_result):
    """``folder``/model.safetensors, and result.json: configuration, scores, history, versions. Returns the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(run_result.model, folder / "model.safetensors")
    record = {
        "config": asdict(config),
        "majority": run_result.majority,
        "features_only": run_result.features_only,
        **asdict(run_result.result),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in ("graphsage", "torch", "numpy", "numba")}},
    }
    _write(folder / "result.json", json.dumps(record, indent=1).encode())
    return folder


def _write(path, content):
    with written_aside(path) as file:
        file.write(content)
