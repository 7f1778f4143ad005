"""The benchmark program on clusters: what it publishes, and that it ends only processes of its own."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

pytest.importorskip("ray.train")
pytest.importorskip("matplotlib")
from benchmarks.ray_cluster import __main__ as program, clusters

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
TIMES = [10.0, 11.0, 31.0, 32.0]


def test_what_a_training_came_to(tmp_path):
    for name in ("alone", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.txt").write_text("".join(f"{at}\n" for at in TIMES[: 3 + (name == "killed")]))
    save_file({"w": torch.ones(2)}, tmp_path / "alone" / "model.safetensors")
    save_file({"w": torch.ones(2)}, tmp_path / "killed" / "model.safetensors")
    found = SimpleNamespace(result=SimpleNamespace(test_score=0.5))
    moments = program.Moments(tmp_path / "killed.txt")
    row = program.row("killed", 40.0, moments, found, tmp_path)
    assert (row["lost"], row["again"], row["training"], row["same"]) == (20.0, 1, 22.0, True)
    save_file({"w": torch.zeros(2)}, tmp_path / "killed" / "model.safetensors")
    assert not program.row("killed", 40.0, moments, found, tmp_path)["same"]


def test_the_smallest_run_is_published(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "Processes", lambda: SimpleNamespace(running=pytest.fail))
    program.main(["--quick", "--scenes", "alone", "--epochs", "1", "--out", str(tmp_path)])
    row, = json.loads((tmp_path / "ray_cluster.json").read_text())["rows"]
    assert row["same"] and row["again"] == 0
    assert "| alone |" in (tmp_path / "ray_cluster.md").read_text()


def test_only_processes_below_this_one_are_found():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert child.pid in clusters.below(os.getpid()) and clusters.below(child.pid) == [child.pid]
        assert os.getppid() not in clusters.below(os.getpid())
        assert not clusters.kill_one("no such task")
    finally:
        child.kill()
        child.wait()
