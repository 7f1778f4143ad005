"""The folder of a run: where it is, what its parts are called, and how a finished one is told from one to go on with."""

import json
import math
import os
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path

from graphsage.base.files import written_aside
from graphsage.config.groups import ModelConfig
from graphsage.config.link_config import LinkConfig
from graphsage.config.options import OWN, Settings, options_of, plain
from graphsage.config.run_files import CONFIG, LATEST, RESULT, RUNS
from graphsage.config.settings import FREE, RunConfig, TrainConfig
from graphsage.config.toml import read_config, write_config
from graphsage.config.walk_config import WalkConfig
from graphsage.data.catalogue import built_in
from graphsage.runs.checkpoint import CheckpointError, load_checkpoint
from graphsage.training.records import Epoch, TrainResult


def make_run_folder(config, folder=None):
    """Make the folder of a new run, with its config.toml; None takes the first of runs/NAME-1, runs/NAME-2, ... that is free.

    ValueError where the folder cannot be made or holds a run already.
    """
    try:
        folder = first_free(config.dataset) if folder is None else folder
        os.makedirs(folder, exist_ok=True)
        folder = Path(folder)
        if (folder / CONFIG).exists():
            raise ValueError(f"{folder} holds a run already: go on with it by --resume {folder}, or choose another --out")
        write_config(config, folder / CONFIG)
    except OSError as error:
        wanted = str(RUNS if folder is None else folder)
        raise ValueError(f"--out: the folder {wanted!r} cannot be made ({error.strerror})") from None
    return folder


def open_run_folder(path):
    """(folder, checkpoint or None, ``RunConfig``) of a run to go on with; ``path`` is its folder, or a checkpoint in it."""
    path = Path(path)
    folder, checkpoint = (path, None) if path.is_dir() else (path.parent, path)
    if checkpoint is not None and not checkpoint.is_file():
        raise ValueError(f"--resume: there is no {path}: give the folder of a run, or a checkpoint in it")
    if not (folder / CONFIG).is_file():
        raise ValueError(f"--resume: {folder} is no folder of a run, as it has no {CONFIG}")
    return folder, checkpoint, read_config(folder / CONFIG, whole=True)


def lasting_name(dataset):
    """A dataset's name or path that means the same from another folder."""
    known, path = built_in(dataset), os.path.expanduser(dataset)
    return known or (os.path.abspath(path) if os.path.exists(path) else dataset)


def first_free(dataset):
    """The first of runs/NAME-1, runs/NAME-2, ... that is free, made; NAME is that of the dataset."""
    name = Path(dataset).stem.partition(":")[0] or "run"
    os.makedirs(RUNS, exist_ok=True)
    number = 1
    while True:
        folder = Path(RUNS, f"{name}-{number}")
        try:
            folder.mkdir()  # two runs that begin at once get two folders
            return folder
        except FileExistsError:
            number += 1


# ---- results


def write_result(folder, config, run_result, identity, versions, module=None):
    """``folder``/result.json: configuration, scores, history, versions, and the ``identity`` of the dataset.

    It is written last: where it is, the run is done. module: as in ``write_config``.
    """
    result = asdict(replace(run_result.result, outputs=None))  # asdict would copy them first
    del result["outputs"]
    record = {
        "config": plain_config(config) | ({} if module is None else {"model": f"{module}{OWN}"}),
        "majority": run_result.majority,
        "features_only": run_result.features_only,
        **({"rows": run_result.rows} if run_result.rows else {}),
        **result,
        "dataset": identity,
        "versions": versions,
    }
    with written_aside(Path(folder) / RESULT) as file:
        file.write(json.dumps(_finite(record), indent=1, allow_nan=False).encode())


def _finite(value):
    """None for what is no number: JSON has neither NaN nor infinity."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plain_config(config):
    """As JSON can hold it."""
    parts = {f.name: plain(part) for f in fields(config) if isinstance(part := getattr(config, f.name), Settings)}
    return plain(config) | parts


def _decisive(config):
    """The settings that a result depends on."""
    idle = FREE - {"epochs", "patience"}
    parts = {"model": ModelConfig, "train": TrainConfig, "links": LinkConfig, "walks": WalkConfig}
    # an older file lacks the newer ones
    parts = {name: {**_defaults(kind), **config.get(name, {})} for name, kind in parts.items()}
    train = {name: value for name, value in parts["train"].items() if name not in idle}
    train["accumulate"] = train["accumulate"] or 1
    whole = {**_defaults(RunConfig), **config, **parts}
    return {**{name: value for name, value in whole.items() if name not in {*idle, "dataset", "tables"}}, "train": train}


def _defaults(kind):
    return {f.name: f.default for f in options_of(kind)}


def identity_in(folder):
    """The ``identity`` of the dataset that the run in ``folder`` was trained on, done or not; None where nothing tells it."""
    with suppress(OSError, ValueError, AttributeError):
        found = json.loads((Path(folder) / RESULT).read_text(encoding="utf-8")).get("dataset")
        if isinstance(found, dict):
            return found
    with suppress(CheckpointError):
        return load_checkpoint(Path(folder) / LATEST)["dataset"]
    return None


def read_result(folder, config):
    """The fields of ``RunResult`` of a run that was done with ``config``; None where there is none."""
    try:
        record = json.loads((Path(folder) / RESULT).read_text(encoding="utf-8"))
        if _decisive(record.pop("config")) != _decisive(json.loads(json.dumps(plain_config(config)))):
            return None
        history = [Epoch(**epoch) for epoch in record.pop("history")]
        baselines = {name: record.pop(name) for name in ("majority", "features_only")} | {"rows": record.pop("rows", {})}
        del record["versions"]
        record.pop("dataset", None)  # older files lack it
        return {"result": TrainResult(history=history, **record), **baselines}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
