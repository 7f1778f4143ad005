"""RunConfig as a TOML file: every setting with its meaning beside it, complete, so that the file repeats the run."""

import json
import tomllib
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from graphsage.base.files import written_aside
from graphsage.config.settings import ModelConfig, RunConfig, TrainConfig, aggregator_name

HEAD = "# All settings of a run. The same run again: graphsage train --config FILE\n"
END = "# The last line: a file without it was cut off.\n"
TABLES = {"model": ModelConfig, "train": TrainConfig}


def write_config(config, path):
    """Write ``config`` (``RunConfig``) to the file ``path``; a setting that is None stands there as a comment."""
    tables = [f"\n[{name}]\n{_lines(getattr(config, name))}" for name in TABLES]
    with written_aside(path) as file:
        file.write((HEAD + _lines(config) + "".join(tables) + END).encode())


def read_config(path, *, whole=False):
    """The ``RunConfig`` of a file; a setting that is not there has its default. ValueError, one sentence, for anything else.

    whole: it must be a file of ``write_config`` with its last line, as a setting that was cut off has no default.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        if whole and not text.endswith(END):
            raise ValueError(f"{path} is truncated: its last line is not {END.strip()!r}")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML file: {error}") from None
    try:
        tables = {name: kind(**_settings(kind, content.pop(name, {}), f"[{name}] ")) for name, kind in TABLES.items()}
        return replace(RunConfig(**tables), **_settings(RunConfig, content, ""))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _lines(config):
    return "".join(_line(f.name, getattr(config, f.name), f.metadata["help"]) for f in _plain(type(config)))


def _line(name, value, text):
    if name == "batch_size" and value is None:
        value = "full"
    if value is None:
        return f"# {name} =  # {text}\n"
    if name == "aggregator":
        value = aggregator_name(value)
    return f"{name} = {json.dumps(value, ensure_ascii=False)}  # {text}\n"


def _plain(kind):
    return [f for f in fields(kind) if not is_dataclass(f.default_factory)]


def _settings(kind, table, where):
    if not isinstance(table, dict):
        raise ValueError(f"{where.strip()} must be a table of settings, got {table!r}")
    known = [f.name for f in _plain(kind)]
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ValueError(f"{where}{name} is no setting" + "".join(f", did you mean {n}?" for n in near))
    return {name: None if (name, value) == ("batch_size", "full") else value for name, value in table.items()}
