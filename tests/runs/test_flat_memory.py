"""A training that people leave running: nothing grows, and nothing is left when it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphsage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc of Linux")

#: Trains 600 epochs with a folder; prints memory after some of them, and what is open before and after.
PROGRAM = """
import gc, json, os, sys, threading
import torch
from helpers.blocks import blocks, configured
from graphsage.runs.run import make_trainer

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def left():
    return len(os.listdir("/proc/self/fd")), threading.active_count()

class Watch:
    memory = {}
    def on_epoch(self, trainer, epoch):
        if epoch.number in (200, 400, 600):
            self.memory[epoch.number] = resident()

dataset = blocks()
make_trainer(configured(epochs=2, num_threads=2), dataset, folder=sys.argv[1] + "-first", log=None).fit()  # libraries too
before = left()
config = configured(epochs=600, num_threads=2, checkpoint_seconds=0.2, **json.loads(sys.argv[2]))
make_trainer(config, dataset, folder=sys.argv[1], callbacks=[Watch()], log=None).fit()
print(json.dumps({"memory": Watch.memory, "before": before, "after": left()}))
"""


@pytest.mark.parametrize("settings", [{"batch_size": 40}, {"batch_size": None}], ids=["sampled", "full batch"])
def test_memory_is_flat_and_nothing_is_left_after_600_epochs(settings, tmp_path):
    """Within 0.45 % of what is resident after 200 epochs (5 KB an epoch; its records take about 1.4); each epoch is validated
    and recorded, and saved 5 times a second."""
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(graphsage.__file__).parents[1]), str(tests)])}
    command = [sys.executable, "-W", "error", "-c", PROGRAM, tmp_path / "run", json.dumps(settings)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    memory = found["memory"]
    assert max(memory["400"], memory["600"]) < 1.0045 * memory["200"], memory
    assert found["after"] == found["before"]
    with open(tmp_path / "run" / "metrics.jsonl") as lines:
        assert sum(1 for _ in lines) == 1200
