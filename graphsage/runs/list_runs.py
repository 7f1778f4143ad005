"""list_runs: the runs in folders, and the settings in which they differ."""

import os
from pathlib import Path

from graphsage.base.checks import as_path
from graphsage.config.run_files import RUNS
from graphsage.runs.run_record import RunRecord, is_run, record_of

SAID = {"dataset", "task", "metric", "runs", "baseline"}  # by columns of every list


def list_runs(*folders: str | os.PathLike[str]) -> list[RunRecord]:
    """A ``RunRecord`` for each run in ``folders`` (default: "runs"), in the order of their names.

    A folder is that of a run, or one with folders of runs inside. Several seeds of one run (``graphsage train --runs N``) are
    one record. What is no run, or is damaged, is a record that says so. Torch is not imported.
    ``pandas.DataFrame(run.as_dict() for run in gs.list_runs())`` is a table of them. ValueError where there is no such folder.
    """
    return [record_of(place) for folder in folders or (RUNS,) for place in _places(as_path("folder", folder))]


def _places(folder):
    folder = Path(folder)
    if not folder.is_dir():
        hint = ": graphsage train makes it" if str(folder) == RUNS else ""
        raise ValueError(f"there is no folder {folder}{hint}")
    inside = [] if is_run(folder) else sorted((path for path in folder.iterdir() if path.is_dir()), key=_in_order)
    return [path for path in inside if not path.name.startswith(".")] or [folder]


def _in_order(path):
    """cora-2 before cora-10."""
    name, _, number = path.name.rpartition("-")
    return (name, int(number), "") if number.isdecimal() else (path.name, -1, number)


def differing(records):
    """Names of the settings in which ``records`` differ, those of the training first."""
    known = [record.settings for record in records if record.settings]
    names = dict.fromkeys(name for settings in known for name in settings if name not in SAID)
    return [name for name in names if any(settings.get(name) != known[0].get(name) for settings in known)]
