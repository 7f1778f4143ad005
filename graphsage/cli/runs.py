"""``graphsage runs``: which runs there are, what they came to, and in which settings they differ."""

import csv
import os
import sys
from contextlib import nullcontext

from graphsage.base.told import side_by_side
from graphsage.cli.arguments import Refused, user_input
from graphsage.cli.console import on_one_line
from graphsage.config.groups import SHARES

TEXT = """List runs: what each was trained on, how far it is, and what it scored on validation and test,
beside the best of its baselines. FOLDER is the folder of a run, or one with runs inside.

Several folders are compared: a column for each setting in which they differ. Several seeds
of one run (train --runs N) are one line: their mean, and the deviation of the test score.
Nothing is loaded but the small files of a run, and nothing is changed.
"""

EXAMPLES = """examples:
  graphsage runs                           all in the folder runs
  graphsage runs runs/cora-1 runs/cora-2  these two, and what differs
  graphsage runs --sort test               the best test score first
  graphsage runs --csv runs.csv            all settings, too; '-' prints it
"""

FIRST_HIGH = ("validation", "test", "baseline_score", "date")  # the best, or the latest, comes first
NONE = "-"


def add_runs(commands):
    """The ``runs`` command."""
    parser = commands.add_parser("runs", help="list and compare runs", description=TEXT, epilog=EXAMPLES)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="of a run, or with runs inside (default: runs)")
    text = "order by this column: run, state, dataset, task, date, validation, test, time, or a setting such as learning_rate"
    parser.add_argument("--sort", metavar="COLUMN", help=f"{text} (default: run)")
    parser.add_argument("--csv", metavar="FILE", help="write a table of all columns and settings; - for standard output")
    parser.set_defaults(command=_runs)


def _runs(options):
    with user_input():
        from graphsage.runs.list_runs import differing, list_runs

        records = list_runs(*options.folders)
        if options.sort is not None:
            records = _sorted(records, {"time": "seconds"}.get(options.sort, options.sort.replace("-", "_")))
        if options.csv is not None:
            _write_csv(records, options.csv)
            return
    names = differing(records) if len(options.folders) > 1 else []
    print("\n".join(side_by_side([_titles(names), *(_row(record, names) for record in records)])))
    for record in records:
        if record.note:
            print(f"{record.folder}: {on_one_line(record.note)}")
    if len(options.folders) > 1 and not names and len(records) > 1:
        print("They differ in no setting.")


def _sorted(records, column):
    rows = {id(record): record.as_dict() for record in records}
    if not any(column in row for row in rows.values()):
        raise Refused(f"--sort: there is no column {column!r}: use run, state, dataset, task, date, test, or a setting")
    known = [record for record in records if rows[id(record)].get(column) is not None]

    def place(record):
        value = rows[id(record)][column]
        return (isinstance(value, str), value if isinstance(value, (str, int, float)) else str(value))

    known.sort(key=place, reverse=column in FIRST_HIGH)
    return [*known, *(record for record in records if rows[id(record)].get(column) is None)]


# ---- what is shown


def _titles(names):
    return ["run", "state", "dataset", "task", "date", "metric", "validation", "test", "best baseline", "time", *names]


def _row(record, names):
    score = _shown(record.metric, record.test)
    test = score if record.deviation is None else f"{score} +- {_shown(record.metric, record.deviation)}"
    baseline = NONE if record.baseline is None else f"{_shown(record.metric, record.baseline_score)} {record.baseline}"
    date = NONE if record.date is None else f"{record.date:%Y-%m-%d %H:%M}"
    name = str(record.folder) + (f" ({record.seeds} seeds)" if record.seeds > 1 else "")
    known = (_place(record.dataset), record.task)
    told = [NONE if value is None else on_one_line(value) for value in known]
    validation, time = _shown(record.metric, record.validation), NONE if record.seconds is None else _duration(record.seconds)
    settings = [_setting(record.settings.get(name)) for name in names]
    return [on_one_line(name), record.state, *told, date, record.metric or NONE, validation, test, baseline, time, *settings]


def _place(dataset):
    """The name of a dataset, or its path, seen from here where that is shorter."""
    if dataset is None or not os.path.isabs(dataset):
        return dataset
    return min(os.path.relpath(dataset), dataset, key=len)


def _shown(metric, score):
    if score is None:
        return NONE
    return f"{100 * score:.1f} %" if metric in SHARES else f"{score:.4g}"


def _duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{seconds:.1f} s" if seconds < 60 else f"{minutes}:{rest:02d} min"


def _setting(value):
    if value is None:
        return NONE
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else on_one_line(str(value))


def _write_csv(records, path):
    rows = [record.as_dict() for record in records]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with nullcontext(sys.stdout) if path == "-" else open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)


def _cell(value):
    return "" if value is None else ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
