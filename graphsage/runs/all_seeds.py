"""What several runs of one configuration leave together: mean and deviation, and a report of the whole."""

import json
from pathlib import Path

from graphsage.base.files import written_aside
from graphsage.config.run_files import REPORT, RESULT
from graphsage.report.several_report import write_several_report
from graphsage.runs.run_folder import plain_config
from graphsage.runs.run_scores import baselines, entry_of, mean_and_deviation
from graphsage.trained.save import versions


def leave_several(folder, config, seeds):
    """``folder``/report.html and, written last, ``folder``/result.json of the runs in the folders SEED inside.

    result.json: {"config", "metric", "test_score", "test_deviation", "val_score", "val_deviation", "baselines": {name: {"mean",
    "deviation"}}, "runs": [{"seed", "folder", "metric", "test_score", ...}], "versions"}.
    """
    found = [_entry(Path(folder), seed) for seed in seeds]
    test, val = (mean_and_deviation([entry[name] for entry in found]) for name in ("test_score", "val_score"))
    others = {name: dict(zip(("mean", "deviation"), pair)) for name, pair in baselines(found).items()}
    record = {
        "config": plain_config(config),
        "metric": found[0]["metric"],
        **dict(zip(("test_score", "test_deviation", "val_score", "val_deviation"), (*test, *val))),
        "baselines": others,
        "runs": found,
        "versions": versions(),
    }
    write_several_report(Path(folder) / REPORT, config=config, record=record)
    with written_aside(Path(folder) / RESULT) as file:
        file.write(json.dumps(record, indent=1, allow_nan=False).encode())


def _entry(folder, seed):
    result = json.loads((folder / str(seed) / RESULT).read_text(encoding="utf-8"))
    return {"seed": seed, "folder": str(seed), **entry_of(result)}
