"""RunRecord: what one folder tells of its run, by config.toml, result.json and metrics.jsonl alone."""

import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphsage.base.files import is_locked
from graphsage.config.groups import ModelConfig
from graphsage.config.link_config import LinkConfig
from graphsage.config.options import OWN, options_of
from graphsage.config.run_files import CONFIG, METRICS_FILE, RESULT
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.config.table_config import TableConfig
from graphsage.config.walk_config import WalkConfig
from graphsage.runs.run_scores import best_baseline, entry_of, mean_and_deviation

KINDS = (RunConfig, TableConfig, ModelConfig, LinkConfig, WalkConfig, TrainConfig)
NUMBERS = ("val_score", "seconds")  # of an epoch's line
DEFAULTS = {f.name: f.default for kind in reversed(KINDS) for f in options_of(kind)}


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run, or several seeds of one (``graphsage train --runs N``), as ``list_runs`` finds it. None is what is not known.

    folder: where it is. state: "done", "going on", "interrupted", "failed", "damaged" or "no run"; note: why, in a sentence.
    dataset, task, metric: texts. date: when it ended, or began where it did not. seeds: of how many runs the numbers are.
    validation, test: scores by ``metric``, of several seeds their mean, and deviation that of ``test``.
    baseline, baseline_score: the best of the baselines on the test. epochs_done: in all. seconds: of the training.
    settings: {name: value}, all of them; of a model or metric made in Python the name.
    """

    folder: Path
    state: str
    note: str = ""
    dataset: str | None = None
    task: str | None = None
    date: datetime | None = None
    seeds: int = 0
    metric: str | None = None
    validation: float | None = None
    test: float | None = None
    deviation: float | None = None
    baseline: str | None = None
    baseline_score: float | None = None
    epochs_done: int | None = None
    seconds: float | None = None
    settings: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """One row of a table, as ``pandas.DataFrame`` takes them: the fields, "run" for the folder, and the settings."""
        own = {name: value for name, value in vars(self).items() if name not in ("folder", "settings", "date")}
        date = None if self.date is None else self.date.isoformat(timespec="seconds")
        return {"run": str(self.folder), **own, "date": date} | {k: v for k, v in self.settings.items() if k not in own}


def is_run(folder):
    """Has ``folder`` any of the files of a run?"""
    return any((folder / name).is_file() for name in (CONFIG, RESULT, METRICS_FILE))


def record_of(folder):
    """The ``RunRecord`` of ``folder``, whatever is in it."""
    try:
        if is_run(folder):
            return _record(folder)
        return RunRecord(folder=folder, state="no run", note="it has none of the files of a run", settings={})
    except OSError as error:  # a folder of somebody else's
        return RunRecord(folder=folder, state="damaged", note=f"it cannot be read: {error.strerror}", settings={})


def _record(folder):
    settings, config_note = _settings(folder / CONFIG)
    result, result_note = _result(folder / RESULT)
    seeds = seed_folders(folder)
    course = result["runs"] if result and "runs" in result else _entries(seeds) if seeds and not result else None
    entries = course if course is not None else [entry_of(result)] if result else [_under_way(folder)]
    note = config_note or result_note
    state = "damaged" if note else "done" if result else _state(folder, seeds, entries)
    why = note or next((entry["failed"] for entry in entries if entry.get("failed")), "")
    return RunRecord(
        folder=folder,
        state=state,
        note=why,
        dataset=_text(settings, "dataset"),
        task=_text(settings, "task"),
        date=_date(folder),
        settings={} if config_note else _whole(settings),
        **_scores(entries),
    )


def seed_folders(folder):
    """The folders SEED of several runs, in order."""
    found = [path for path in folder.iterdir() if path.name.isdecimal() and is_run(path)]
    return sorted(found, key=lambda path: int(path.name))


def _entries(seeds):
    found = [(_result(folder / RESULT)[0], folder) for folder in seeds]
    return [entry_of(result) for result, _ in found if result] or [_under_way(folder) for _, folder in found]


def _scores(entries):
    """The fields of a ``RunRecord`` that are means over ``entries``."""
    test, deviation = mean_and_deviation([entry["test_score"] for entry in entries])
    baseline, score = best_baseline(entries)
    return {
        "seeds": len(entries),
        "metric": next((entry["metric"] for entry in entries if entry["metric"]), None),
        "validation": mean_and_deviation([entry["val_score"] for entry in entries])[0],
        "test": test,
        "deviation": deviation,
        "baseline": baseline,
        "baseline_score": score,
        "epochs_done": sum(entry["epochs"] for entry in entries),
        "seconds": sum(entry["seconds"] for entry in entries),
    }


def _state(folder, seeds, entries):
    """Of a run without a result."""
    if any(map(is_locked, (folder, *seeds))):
        return "going on"
    return "failed" if any(entry.get("failed") for entry in entries) else "interrupted"


def _under_way(folder):
    """The same of a run that is not done, by its metrics."""
    lines = list(_metrics(folder / METRICS_FILE))
    epochs = [line for line in lines if line["kind"] == "epoch"]
    scores, seconds = ([line[name] for line in epochs if isinstance(line.get(name), (int, float))] for name in NUMBERS)
    return {
        "metric": next((line.get("metric") for line in reversed(epochs)), None),
        "test_score": None,
        "val_score": max(scores, default=None),
        "models": {},
        "epochs": len(epochs),
        "seconds": sum(seconds),
        "failed": next((str(line.get("why")) for line in lines[-1:] if line["kind"] == "failed"), ""),
    }


def _metrics(path):
    """The lines of epochs, and the one of a failure; a line a step is not read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            texts = [text for text in file if not text.startswith('{"kind": "step"')]
    except OSError:
        return
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:  # a torn one
            continue
        if isinstance(line, dict) and line.get("kind") in ("epoch", "failed"):
            yield line


def _settings(path):
    """({name: value} of config.toml, what is wrong with it or "")."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        return {}, f"{CONFIG} cannot be read: {error}"
    top = {name: value for name, value in content.items() if not isinstance(value, dict)}
    parts = [part for part in content.values() if isinstance(part, dict)]
    return {name: value for part in (*parts, top) for name, value in part.items()}, ""


def _whole(settings):
    """With the defaults of what stands in the file as a comment; of a module of the caller's own there are none."""
    own = {f.name for f in options_of(ModelConfig)} if "model" in settings else set()
    return {name: value for name, value in DEFAULTS.items() if name not in own} | settings


def _result(path):
    """(result.json, what is wrong with it or ""); None where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        _scores(found["runs"] if "runs" in found else [entry_of(found)])
        return found, ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return None, f"{RESULT} cannot be read: {error}"


def _date(folder):
    path = next(path for name in (RESULT, CONFIG, METRICS_FILE) if (path := folder / name).exists())
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()


def _text(settings, name):
    value = settings.get(name)
    return None if value is None else str(value).removesuffix(OWN)
