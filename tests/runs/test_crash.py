"""Runs that are killed at any moment, interrupted, or out of space: gone on with, each ends as if nothing had been.

The children are forks of one process that has everything loaded (``crash_driver.py``): each is a whole ``graphsage train``.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import torch
from helpers.data_helpers import wait_for

import graphsage
from graphsage.cli import main as cli
from graphsage.config.run_files import LATEST, METRICS_FILE
from graphsage.config.toml import END
from graphsage.runs.checkpoint import load_checkpoint
from graphsage.runs.metrics_file import read_metrics

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, signals and /proc of Linux")

CLOCKS = {"seconds", "starting", "waiting", "training", "evaluating", "saving", "memory", "clocks", "machine", "versions"}
GRAPH = "sbm:nodes=400,classes=4"
SETTINGS = [
    *("--epochs", "12", "--hidden-features", "8", "--fanouts", "5,5", "--batch-size", "8", "--schedule", "cosine"),
    *("--checkpoint-every", "2", "--checkpoint-seconds", "0", "--num-threads", "2", "--device", "cpu", "--no-baseline"),
]
STEPS = [(epoch, step) for epoch in range(1, 13) for step in (*range(5), None)]  # 40 training nodes: 5 batches an epoch


class Driver:
    """Starts command lines in forks of a warm process, one after the other."""

    def __init__(self, folder, warm_up):
        self.log = folder / "log.txt"
        environment = {**os.environ, "PYTHONPATH": str(Path(graphsage.__file__).parents[1])}
        command = [sys.executable, "-W", "error", Path(__file__).parents[1] / "helpers" / "crash_driver.py", *map(str, warm_up)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment, "cwd": folder}
        self.process = subprocess.Popen(command, **pipes)
        while not (line := self.process.stdout.readline()).startswith('{"status"'):
            assert line, "the driver has died"
        assert line == '{"status": 0}\n'

    def start(self, *arguments, **plan):
        """The child's number."""
        request = {"arguments": [str(argument) for argument in arguments], "log": str(self.log), **plan}
        self.log.write_text("")  # nobody shall read what the one before has said
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["pid"]

    def wait(self):
        """The exit status of the child; a traceback is never right."""
        status = json.loads(self.process.stdout.readline())["status"]
        assert "Traceback" not in self.said, self.said
        return status

    def run(self, *arguments, **plan):
        self.start(*arguments, **plan)
        return self.wait()

    @property
    def said(self):
        return self.log.read_text()

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The folder of a run that nothing happened to, which the driver made while it warmed up."""
    return tmp_path_factory.mktemp("uninterrupted") / "run"


@pytest.fixture(scope="module")
def driver(uninterrupted):
    with closing(Driver(uninterrupted.parent, ["train", GRAPH, "--out", uninterrupted, *SETTINGS])) as driver:
        yield driver


@pytest.fixture(scope="module")
def expected(driver, uninterrupted):
    found = everything(uninterrupted)
    assert [(line["epoch"], line.get("step")) for line in read_metrics(uninterrupted / METRICS_FILE)] == STEPS
    return found


def bits(value):
    """``value`` with each tensor as its dtype, shape and bytes, clocks aside."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), value.shape, value.contiguous().flatten().view(torch.uint8).numpy().tobytes()
    if isinstance(value, dict):
        return {name: bits(item) for name, item in value.items() if name not in CLOCKS}
    return [bits(item) for item in value] if isinstance(value, (list, tuple)) else value


def everything(folder):
    """What a finished run has left, clocks aside; nothing half-written beside it."""
    names = sorted(path.name for path in folder.iterdir())
    return {
        "files": [name for name in names if not name.startswith(("checkpoint-", "report"))],
        "weights": (folder / "model.safetensors").read_bytes(),
        "checkpoint": bits(load_checkpoint(folder / LATEST)),
        "metrics": bits(read_metrics(folder / METRICS_FILE)),
        "result": bits(json.loads((folder / "result.json").read_text())),
    }


def train(driver, folder, **plan):
    return driver.run("train", GRAPH, "--out", folder, *SETTINGS, **plan)


def resume(driver, path, *flags):
    return driver.run("train", "--resume", path, *flags)


# ---- killed


def kill_after(driver, folder, lines, seconds, *arguments):
    """SIGKILL a little after metrics.jsonl has so many lines more; whether it came before the run's end."""
    path, result = folder / METRICS_FILE, folder / "result.json"
    pid, begun = driver.start("train", *arguments), count_lines(path)
    wait_for(lambda: count_lines(path) >= begun + lines or result.exists(), seconds=60)
    time.sleep(seconds)
    if hit := not result.exists():
        os.kill(pid, signal.SIGKILL)
    driver.wait()
    return hit


def begun_or_new(folder):
    """Arguments that go on with the run; a kill may have come before there was anything to go on with."""
    return ["--resume", folder] if (folder / "config.toml").exists() else [GRAPH, "--out", folder, *SETTINGS]


def count_lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_killed_at_ten_random_moments(driver, expected, tmp_path):
    """One after the other in the same folder; a run that ended before its kill is followed by a new one."""
    moments, kills, number = random.Random(7), 0, 0
    while kills < 10:
        folder = tmp_path / str(number)
        hit = kill_after(driver, folder, moments.randrange(9), moments.uniform(0, 0.03), *begun_or_new(folder))
        kills, number = kills + hit, number + (not hit)
    if hit:
        assert driver.run("train", *begun_or_new(folder)) == 0
    for folder in tmp_path.iterdir():
        assert everything(folder) == expected, folder


# ---- killed, or out of space, at each point of a save


#: (point, file, which time it gets there)
POINTS = [
    ("open", LATEST, 4),
    ("write", LATEST, 5),
    ("fsync", LATEST, 1),
    ("fsync", LATEST, 6),
    ("link", LATEST, 3),
    ("linked", LATEST, 3),
    ("replace", LATEST, 1),
    ("replace", LATEST, 7),
    ("replaced", LATEST, 1),
    ("replaced", LATEST, 7),
    ("append", METRICS_FILE, 1),
    ("append", METRICS_FILE, 6),
    ("fsync", METRICS_FILE, 4),
    ("write", "model.safetensors", 1),
    ("replace", "model.json", 1),
    ("write", "result.json", 1),
]


@pytest.mark.parametrize(("point", "file", "call"), POINTS)
def test_killed_at_each_point_of_a_save(point, file, call, driver, expected, tmp_path):
    folder = tmp_path / "run"
    assert train(driver, folder, point=point, file=file, call=call, end="kill") == -signal.SIGKILL
    assert not (folder / "result.json").exists()
    assert resume(driver, folder) == 0
    assert everything(folder) == expected


# ---- several runs, and baselines


@pytest.fixture(scope="module")
def three_runs(driver, tmp_path_factory):
    """(folder, its table) of three runs with their baselines, uninterrupted."""
    folder = tmp_path_factory.mktemp("three") / "run"
    assert driver.run("train", GRAPH, "--out", folder, *THREE) == 0
    return folder, table(driver)


THREE = ["--runs", "3", "--epochs", "3", "--hidden-features", "8", "--num-threads", "0", "--device", "cpu"]


def table(driver):
    return driver.said[driver.said.index("Test accuracy") :].partition("Next: ")[0]  # which names the folder


@pytest.mark.parametrize(
    ("point", "file", "call"),
    [
        ("replace", LATEST, 1),  # the end of the first run
        ("replace", LATEST, 2),  # the end of the second one
        ("replaced", "model.json", 2),  # its baseline is about to begin
        ("replace", "result.json", 2),  # its baseline is trained
    ],
)
def test_several_runs_give_the_same_table_after_a_kill(point, file, call, driver, three_runs, tmp_path):
    folder, expected = three_runs
    there = tmp_path / "run"
    killed = {"point": point, "file": file, "call": call, "end": "kill"}
    assert driver.run("train", GRAPH, "--out", there, *THREE, **killed) == -signal.SIGKILL
    assert resume(driver, there) == 0
    assert driver.said.count("Done already, in") == call - 1
    assert table(driver) == expected
    for seed in "012":
        assert everything(there / seed) == everything(folder / seed)


# ---- two at once


def test_a_run_that_is_under_way_is_not_gone_on_with(driver, tmp_path, capsys):
    folder = tmp_path / "run"
    pid = started(driver, folder)
    before = (folder / "config.toml").read_bytes()
    assert cli.main(["train", "--resume", str(folder), "--epochs", "3"]) == 2
    assert capsys.readouterr().err == f"graphsage: {folder} is in use by another process: wait for its end, or end it\n"
    assert (folder / "config.toml").read_bytes() == before
    os.kill(pid, signal.SIGKILL)
    driver.wait()
    assert resume(driver, folder, "--epochs", "3") == 0  # a lock goes with its process
    assert "Test accuracy" in driver.said


# ---- Ctrl-C and SIGTERM


LONG = [GRAPH, "--epochs", "9999", "--batch-size", "8", "--num-threads", "2", "--device", "cpu", "--checkpoint-seconds", "999"]


def started(driver, folder, **plan):
    """The number of a child that has trained some epochs."""
    pid = driver.start("train", *LONG, "--out", folder, **plan)
    assert wait_for(lambda: "Epoch 003" in driver.said, seconds=60)
    return pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_after_the_step_saves_and_says_how_to_go_on(number, driver, tmp_path):
    folder = tmp_path / "run"
    os.kill(started(driver, folder), number)
    assert driver.wait() == 130
    assert "Ctrl-C: ending after this step" in driver.said
    assert f"graphsage train --resume {folder}\n" in driver.said
    state, lines = load_checkpoint(folder / LATEST)["state"], read_metrics(folder / METRICS_FILE)
    steps = [(line["epoch"], line["step"]) for line in lines if line["kind"] == "step"]
    assert len(set(steps)) == len(steps) == state["updates"] == 5 * state["epoch"] + state["step"] >= 15


def test_a_second_signal_ends_at_once(driver, tmp_path):
    """In the first one's save, on a disk that takes forever."""
    folder = tmp_path / "run"
    pid = started(driver, folder, point="fsync", file=LATEST, call=1, end="wait")
    os.kill(pid, signal.SIGINT)
    assert wait_for(lambda: list(folder.glob(f".{LATEST}.*")))
    os.kill(pid, signal.SIGINT)
    assert driver.wait() == 130
    assert f"graphsage train --resume {folder}\n" in driver.said
    assert not list(folder.glob(".*")) and not (folder / LATEST).exists()


# ---- a full disk


@pytest.mark.parametrize(("point", "file", "call"), [(p, f, c) for p, f, c in POINTS if p not in ("linked", "replaced")])
def test_a_full_disk_ends_in_a_sentence_and_loses_nothing(point, file, call, driver, expected, tmp_path):
    folder = tmp_path / "run"
    assert train(driver, folder, point=point, file=file, call=call, end="no space") == (0 if point == "link" else 2)
    if point != "link":  # without the second name it is copied
        assert re.search(r"^graphsage: the training could not be \w+ in .* \(No space left on device\): ", driver.said, re.M)
        assert len(re.findall("^graphsage: .*$", driver.said, re.M)) == 1
        assert not list(folder.glob(".*")) and not (folder / "result.json").exists()
        if (folder / LATEST).exists():
            load_checkpoint(folder / LATEST)
        assert resume(driver, folder) == 0
    assert everything(folder) == expected


def test_a_real_limit_of_space(driver, expected, uninterrupted, tmp_path):
    """Files may take 9/10 of what the checkpoint takes at its end; the system itself refuses the rest."""
    folder = tmp_path / "run"
    assert train(driver, folder, limit=(uninterrupted / LATEST).stat().st_size * 9 // 10) == 2
    assert "(File too large): mend that and go on by --resume" in driver.said
    assert load_checkpoint(folder / LATEST)["state"]["updates"] > 5 and not list(folder.glob(".*"))
    assert resume(driver, folder) == 0
    assert everything(folder) == expected


# ---- files that were cut off


FILES = ("config.toml", METRICS_FILE, LATEST, "model.safetensors", "model.json", "result.json")


@pytest.mark.parametrize("share", [0, 0.5, 0.95])
@pytest.mark.parametrize("file", FILES)
def test_a_finished_run_with_a_truncated_file(file, share, driver, expected, uninterrupted, tmp_path):
    """It is mended where that can be, and refused in a sentence where not."""
    folder = copied(uninterrupted, tmp_path)
    cut_off(folder / file, share)
    if file == "config.toml":
        assert resume(driver, folder) == 2
        assert driver.said == f"graphsage: {folder / file} is truncated: its last line is not {END.strip()!r}\n"
        return
    assert resume(driver, folder) == 0
    assert table(driver).startswith("Test accuracy")
    if file not in (METRICS_FILE, LATEST):  # those of a finished run are not looked at
        assert everything(folder) == expected


@pytest.mark.parametrize("share", [0, 0.5, 0.95])
@pytest.mark.parametrize("file", ["config.toml", METRICS_FILE, LATEST])
def test_an_interrupted_run_with_a_truncated_file(file, share, driver, expected, interrupted, tmp_path):
    folder = copied(interrupted, tmp_path)
    cut_off(folder / file, share)
    if file == METRICS_FILE:  # what it told of is gone
        assert resume(driver, folder) == 0
        assert {**everything(folder), "metrics": None} == {**expected, "metrics": None}
        return
    assert resume(driver, folder) == 2
    assert re.fullmatch(r"(?s).*graphsage: \S+ is truncated[^\n]*\n", driver.said)
    if file == LATEST:
        assert resume(driver, driver.said.split("--resume ")[1].strip()) == 0
        assert everything(folder) == expected


@pytest.fixture(scope="module")
def interrupted(driver, tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted") / "run"
    assert train(driver, folder, point="replace", file=LATEST, call=20, end="kill") == -signal.SIGKILL
    return folder


def copied(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / "run"))


def cut_off(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
