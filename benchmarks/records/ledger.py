"""Results that a killed program goes on with: rows of records.json, and tries.json."""

import json
from dataclasses import asdict

from benchmarks.shared.records import record, write_json
from graphsage.config.settings import RunConfig

DEFAULTS = json.loads(json.dumps(asdict(RunConfig())))


class Ledger:
    """records.json in ``folder``, read if it is there; written after each row."""

    def __init__(self, folder, config):
        self.path, self.result = folder / "records.json", record("records", config) | {"configs": {}, "rows": []}
        if self.path.is_file():
            then = json.loads(self.path.read_text(encoding="utf-8"))
            self.result.update(configs=then["configs"], rows=then["rows"])

    @property
    def rows(self):
        return self.result["rows"]

    def has(self, graph, part, split, config):
        """Is the row there? Rows of other settings of this graph and part are dropped."""
        name, config = f"{graph}, {part}", json.loads(json.dumps(config))
        if _filled(self.result["configs"].get(name, {}), DEFAULTS) != config:
            self.result["configs"][name] = config
            self.result["rows"] = [row for row in self.rows if (row["graph"], row["part"]) != (graph, part)]
        return any((row["graph"], row["part"], row["split"]) == (graph, part, split) for row in self.rows)

    def add(self, graph, part, split, found):
        row = {"graph": graph, "part": part, "split": split, **found}
        self.rows.append(row)
        write_json(self.path, self.result)
        return row


def _filled(then, defaults):
    """The settings of a row; those that there were not yet had what is their default now."""
    both = [(name, then.get(name, default), default) for name, default in defaults.items()]
    return {name: _filled(value, default) if isinstance(default, dict) else value for name, value, default in both}


def note_try(folder, row):
    """Add ``row`` to tries.json: what the settings were chosen by. No test score is among them."""
    path = folder / "tries.json"
    rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    write_json(path, [*rows, {name: value for name, value in row.items() if name not in ("test", "curve")}])
