"""``graphsage train`` in several processes, as torchrun starts them: one run, one folder, one voice."""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
import torch
from conftest import NOTICE
from helpers.ranks import in_ranks

from graphsage.cli.main import main
from graphsage.config.toml import read_config
from graphsage.runs.checkpoint import load_checkpoint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks that meet in a file")

BLOCKS = "sbm:nodes=370,classes=3,features=5,train=0.1"
FLAGS = ["--epochs", "2", "--batch-size", "8", "--fanouts", "3,3", "--num-threads", "0", "--gradients", "ordered"]


def said(*words):
    """(exit code, standard output, standard error) of a command line in one of the processes that met."""
    os.environ.update(WORLD_SIZE=str(torch.distributed.get_world_size()), RANK=str(torch.distributed.get_rank()))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(words))
    return code, out.getvalue(), err.getvalue().replace(NOTICE, "")


def commands(folder):
    """What a training, one that goes on, and what is refused say."""
    run = ["train", BLOCKS, *FLAGS, "--out", f"{folder}/run"]
    return {
        "train": said(*run, "--runs", "2"),
        "again": said(*run, "--runs", "2", "--resume", "auto"),
        "one": said("train", BLOCKS, *FLAGS, "--no-baseline", "--out", f"{folder}/one", "--resume", "auto"),
        "other": said("train", BLOCKS, "--batch-size", "16", "--out", f"{folder}/one", "--resume", "auto"),
        "taken": said(*run),
        "predict": said("predict", f"{folder}/one"),
        "data": said("train", "no_such_graph"),
        "flag": said("train", "--epochs", "many"),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def found(folder):
    return in_ranks(commands, 2, str(folder))


def test_the_first_process_speaks_and_writes(found, folder):
    (code, out, err), other = (of["train"] for of in found)
    assert (code, err) == (0, "") and other == (0, "", "")
    assert "2 processes: an update takes the mean gradient of 2 batches; gradients are added in the order of the batches" in out
    assert "GraphSAGE" in out and "features only" in out and "report.html for the mean of all" in out
    assert {"report.html", "result.json", "model.safetensors", "metrics.jsonl"} <= set(os.listdir(folder / "run" / "0"))
    assert read_config(folder / "run" / "config.toml", whole=True).train.accumulate == 2


def test_auto_goes_on_with_what_is_there_or_begins_it(found, folder):
    assert f"Done already, in {folder}/run/0" in found[0]["again"][1] and found[0]["again"][0] == 0
    assert found[0]["one"][0] == 0 and (folder / "one" / "result.json").exists()
    rule = f"graphsage: --resume auto: {folder}/one holds a run with batch_size = 8, and 16 is asked for: give the flags of "
    assert found[0]["other"][2].startswith(rule) and found[1]["other"] == (2, "", "")


def test_one_process_comes_to_the_same_bits(found, folder):
    again = ["train", BLOCKS, *FLAGS, "--accumulate", "2", "--no-baseline", "--out", str(folder / "alone")]
    with redirect_stdout(io.StringIO()):
        assert main(again) == 0
    weights, wanted = (load_checkpoint(folder / name / "checkpoint.pt")["model"] for name in ("one", "alone"))
    assert all(torch.equal(weights[name], value) for name, value in wanted.items())


@pytest.mark.parametrize("name, text", [
    ("taken", "holds a run already: go on with it by --resume"),
    ("data", "no_such_graph"),
    ("flag", "--epochs"),
    ("predict", "speaks of several processes"),
])  # fmt: skip
def test_what_is_refused_is_said_once(found, name, text):
    (code, _, err), other = (of[name] for of in found)
    assert code == 2 and text in err and err.count("graphsage:") == 1 and other == (2, "", "")


def test_other_commands_are_of_one_process(found):
    rule = "graphsage: WORLD_SIZE = 2 speaks of several processes, and this command is of one: start it without torchrun"
    assert found[0]["predict"][0] == 2 and found[0]["predict"][2].startswith(rule)


def test_auto_needs_a_folder(command):
    code, _, err = command("train", "--resume", "auto")
    rule = "--resume auto goes on with the run in --out, or begins it there: give --out FOLDER, and no --no-save"
    assert (code, err) == (2, f"graphsage: {rule}\n")


def test_processes_that_cannot_meet(command, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("MASTER_ADDR", "MASTER_PORT", "RANK"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = command("train", BLOCKS)
    assert code == 2 and err.startswith("graphsage: WORLD_SIZE = 2 speaks of several processes, which cannot meet (")
    assert err.endswith("): start them by torchrun --nproc-per-node N -m graphsage train ...\n")
