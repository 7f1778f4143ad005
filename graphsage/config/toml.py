"""RunConfig as a TOML file: every setting with its meaning beside it, complete, so that the file repeats the run."""

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path

from graphsage.base.files import path_of, readable, written_aside
from graphsage.config.groups import ModelConfig
from graphsage.config.link_config import LinkConfig
from graphsage.config.options import OWN, as_written, options_of
from graphsage.config.settings import GROUPS, RunConfig, TrainConfig, unused_parts
from graphsage.config.table_config import TableConfig
from graphsage.config.walk_config import WalkConfig

HEAD = "# All settings of a run. The same run again: graphsage train --config FILE\n"
HEAD_OF_OWN = "# All settings of a run that was made in Python: what is (user-defined) is in the script alone.\n"
END = "# The last line: a file without it was cut off.\n"
OF_DATA = "tables"  # how a folder of tables is read
TABLES = {OF_DATA: TableConfig, "model": ModelConfig, "links": LinkConfig, "walks": WalkConfig, **GROUPS}
MADE = ("model", "dataset", "metric", "optimizer")  # what a script makes, and its name does not
OLD = "train"  # the one table of all of them in files of before


def write_config(config, path, module=None):
    """Write ``config`` (``RunConfig``) to the file ``path``; a setting that is None stands there as a comment.

    module: the name of a module of the caller's own, which the file has in place of settings that would not make it.
    """
    own = {} if module is None else {"model": f"{module}{OWN}"}
    used = [name for name in TABLES if name not in (*unused_parts(config.task), *own)]
    parts = {name: getattr(config, name, config.train) for name in used}
    tables = [f"\n[{name}]\n{_lines(part, TABLES[name])}" for name, part in parts.items()]
    text = _lines(config, RunConfig, own) + "".join(tables)
    with written_aside(path) as file:
        file.write(((HEAD_OF_OWN if OWN in text else HEAD) + text + END).encode())


def named_in(path):
    """{"dataset", "split"} of a file of ``write_config``, whatever else is in it; a ValueError where that is not there.

    ``dataset`` is None where it was made in Python.
    """
    content = _content(path, whole=False)
    name = content.get("dataset", RunConfig.dataset)
    if not isinstance(name, str):
        raise ValueError(f"{path}: dataset must be text, got {name!r}")
    return {"dataset": None if name.endswith(OWN) else name, "split": content.get("split")}


def read_config(path, *, whole=False):
    """The ``RunConfig`` of a file; a setting that is not there has its default. ValueError, one sentence, for anything else.

    whole: it must be a file of ``write_config`` with its last line, as a setting that was cut off has no default.
    """
    content = _content(path, whole)
    try:
        _refuse_own(content)
        model = ModelConfig(**_settings(ModelConfig, content.pop("model", {}), "[model] "))
        tables = TableConfig(**_settings(TableConfig, content.pop(OF_DATA, {}), f"[{OF_DATA}] "))
        links = LinkConfig(**_settings(LinkConfig, content.pop("links", {}), "[links] "))
        walks = WalkConfig(**_settings(WalkConfig, content.pop("walks", {}), "[walks] "))
        train = _settings(TrainConfig, content.pop(OLD, {}), f"[{OLD}] ")
        for name, kind in GROUPS.items():
            group = _settings(kind, content.pop(name, {}), f"[{name}] ")
            if twice := sorted(train.keys() & group.keys()):
                raise ValueError(f"{twice[0]} stands in [{OLD}] and in [{name}]: leave it in [{name}] only")
            train |= group
        parts = {"tables": tables, "model": model, "links": links, "walks": walks, "train": TrainConfig(**train)}
        return RunConfig(**parts, **_settings(RunConfig, content, ""))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def is_whole(path):
    """Whether the file is one of ``write_config``, of a run: it names every setting, but for those that are None."""
    return Path(path).read_text(encoding="utf-8-sig").endswith(END)


def settings_in(path):
    """The names of the settings that a file which ``read_config`` reads gives: all where ``is_whole``."""
    if is_whole(path):
        return {f.name for kind in (RunConfig, TrainConfig, *TABLES.values()) for f in options_of(kind)}
    content = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    return content.keys() | {name for part in content.values() if isinstance(part, dict) for name in part}


def _content(path, whole):
    """The file as a dict; ValueError, one sentence, where it is none."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        if whole and not text.endswith(END):
            raise ValueError(f"{path} is truncated: its last line is not {END.strip()!r}")
        content = tomllib.loads(text)
        if isinstance(content.get("dataset"), str):
            content["dataset"] = path_of(content["dataset"])
        return content
    except IsADirectoryError:
        raise ValueError(f"{path}: is a folder; name the file, {Path(path) / 'config.toml'}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path} is no TOML file: {error}, in line {line}: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML file: {error}") from None


def _refuse_own(content):
    """ValueError where a part of the run was made in Python: no file makes it again."""
    groups = [part for part in content.values() if isinstance(part, dict)]
    for name, value in (pair for part in (content, *groups) for pair in part.items()):
        if name in MADE and isinstance(value, str) and value.endswith(OWN):
            made = f"{name} is {value.removesuffix(OWN)}, which was made in Python"
            raise ValueError(f"{made}: train it there, by the script that made it")


def _lines(config, kind, own=None):
    values = {f.name: getattr(config, f.name) for f in options_of(kind)} | (own or {})
    texts = {f.name: f.metadata["help"] for f in options_of(kind)}
    return "".join(_line(name, value, texts.get(name, "made in Python")) for name, value in values.items())


def _line(name, value, text):
    if name == "batch_size" and value is None:
        value = "full"
    if value is None:
        return f"# {name} =  # {text}\n"
    value = readable(value) if name == "dataset" else as_written(value)
    return f"{name} = {_in_toml(value)}  # {text}\n"


def _in_toml(value):
    """JSON has the same texts, numbers and lists; its objects are TOML's inline tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_in_toml(name)} = {_in_toml(part)}" for name, part in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _settings(kind, table, where):
    if not isinstance(table, dict):
        raise ValueError(f"{where.strip()} must be a table of settings, got {table!r}")
    known = [f.name for f in options_of(kind)]
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise ValueError(f"{where}{name} is no setting" + "".join(f", did you mean {n}?" for n in near))
    return {name: None if (name, value) == ("batch_size", "full") else value for name, value in table.items()}
