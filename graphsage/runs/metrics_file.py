"""metrics.jsonl: a line a step and a line an epoch, each exactly once, whatever happened in between."""

import json
import math
import os
from dataclasses import asdict
from pathlib import Path

from graphsage.base.files import written_aside
from graphsage.config.run_files import METRICS_FILE
from graphsage.loading.stores import READS


class MetricsFile:
    """Lines are kept back until ``flush``, which puts them on the disk: before a checkpoint that counts them as done."""

    def __init__(self, folder):
        self.path = Path(folder) / METRICS_FILE
        self._waiting = []

    def trim(self, epoch, step):
        """Drop the lines of what comes at or after ``step`` (from 0) of ``epoch`` (from 1), and a torn last one."""
        self._waiting = []
        kept = [line for line in read_metrics(self.path) if _position(line) < (epoch, step)]
        with written_aside(self.path) as file:
            file.writelines(_text(line).encode() for line in kept)

    def add(self, record):
        """A ``Step`` or an ``Epoch``."""
        self._waiting.append(record)

    def fail(self, epoch, error):
        """The line of an error in ``epoch``, after those that wait."""
        self._append({"kind": "failed", "epoch": epoch, "why": f"{type(error).__name__}: {error}"})

    def flush(self):
        """Put the lines that wait on the disk."""
        self._append()

    def _append(self, *more):
        lines = "".join(map(_text, (*map(_line, self._waiting), *more)))
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        self._waiting = []


def read_metrics(path):
    """The lines of a metrics file as dicts, in order; [] where there is none. A line that is torn or no object is left out."""
    try:
        texts = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [line for text in texts if isinstance(line := _parsed(text), dict) and {"kind", "epoch"} <= line.keys()]


def _parsed(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _line(record):
    if hasattr(record, "num_steps"):
        loss = record.loss.item()
        return {"kind": "step", "epoch": record.epoch, "step": record.step, "loss": loss, "learning_rate": record.learning_rate}
    values = asdict(record)
    if not record.rows_asked:  # features in memory
        values = {name: value for name, value in values.items() if name not in READS}
    return {"kind": "epoch", "epoch": values.pop("number"), **values}


def _text(line):
    plain = {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in line.items()}
    return json.dumps(plain) + "\n"


def _position(line):
    """An epoch's line comes after its steps."""
    return line["epoch"], line["step"] if line["kind"] == "step" else math.inf
