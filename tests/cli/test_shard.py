"""graphsage shard, as a user starts it."""

import pytest

from graphsage.cli.main import main
from graphsage.runs import checkpoint
from graphsage.shards import owners


@pytest.fixture
def told(capsys):
    """function(words) -> (exit code, output, errors)."""

    def command(*words):
        code = main([str(word) for word in words])
        found = capsys.readouterr()
        return code, found.out, found.err

    return command


SMALL = "sbm:nodes=100,classes=2,features=3"


def test_a_dataset_is_cut(told, tmp_path):
    code, out, _ = told("shard", SMALL, 2, "--out", tmp_path / "shards")
    assert code == 0
    assert out.splitlines()[0].startswith(f"{tmp_path}/shards/shard-0-of-2: nodes 0 to ")
    assert out.splitlines()[2] == f"Train on them: torchrun --nproc-per-node 2 -m graphsage train {tmp_path}/shards"
    code, _, err = told("shard", SMALL, 2, "--out", tmp_path / "shards")
    assert (code, "is there already" in err) == (2, True)
    code, out, _ = told("datasets", "check", tmp_path / "shards")
    assert (code, out.count("is whole, nodes "), out.count(": every file has its checksum\n")) == (0, 2, 2)
    with open(tmp_path / "shards" / "shard-1-of-2" / "features.npy", "r+b") as file:
        file.seek(-1, 2)
        file.write(b"\1")
    code, _, err = told("datasets", "check", tmp_path / "shards")
    assert (code, err.count("its checksum is not the one in about.json: the file is damaged")) == (2, 1)
    code, _, err = told("train", tmp_path / "shards")
    assert code == 2
    text = "holds shards of 2, one a process, and this is one process: start 2, as torchrun --nproc-per-node 2 -m graphsage"
    assert f"{tmp_path}/shards {text}" in err


def test_one_shard_is_a_dataset_of_one_process(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told("shard", SMALL, 1, "--out", "whole")
    monkeypatch.setattr(owners, "SHARE", 0)  # as of one that is larger than the memory
    monkeypatch.setattr(checkpoint, "READ_WHOLE", 0)
    code, out, err = told("train", "whole", "--epochs", 1, "--out", tmp_path / "run", "--feature-cache", "10%")
    assert (code, err) == (0, ""), err
    assert "Features are in shards" in out
    assert "No more baselines: the dataset is in shards, and its" in out
    code, out, _ = told("embed", tmp_path / "run", "--out", "e.npy")
    assert code == 0
    assert told("evaluate", tmp_path / "run")[0] == 0


def test_what_cannot_be_cut(told, tmp_path):
    code, _, err = told("shard", SMALL, 101, "--out", tmp_path / "shards")
    assert (code, err) == (2, "graphsage: 101 shards of 100 nodes: each needs one, so make no more shards than nodes\n")
