"""``graphsage train --task unsupervised``, and what its model is asked for."""

import json

import numpy as np
import pytest
from helpers.data_helpers import planetoid_files, write_files

from graphsage.trained import probe

FLAGS = ("--task", "unsupervised", "--epochs", 2, "--batch-size", 4, "--hidden-features", 8, "--device", "cpu")


@pytest.fixture
def data(tmp_path):
    return write_files(tmp_path / "made", planetoid_files())


@pytest.fixture(params=["with scikit-learn", "without"])
def is_probed(request, monkeypatch):
    """Is there a probe? Without scikit-learn there is a line."""
    if request.param == "with scikit-learn":
        pytest.importorskip("sklearn")
        return True
    monkeypatch.setattr(probe, "find_spec", lambda name: None)
    return False


def test_a_run_from_training_to_embeddings(command, data, tmp_path, is_probed):
    out = tmp_path / "run"
    code, told, err = command("train", data, *FLAGS, "--out", out)
    assert (code, err) == (0, "")
    assert "no labels are read: pairs of nodes that meet on walks of 5 steps" in told
    assert "Walks from the test nodes, ROC AUC:" in told
    assert ("Probe (test accuracy of logistic regression):" in told) == is_probed
    assert ("No probe: it needs scikit-learn (pip install 'graphsage[baselines]')" in told) != is_probed
    record, report = json.loads((out / "result.json").read_text()), (out / "report.html").read_text()
    assert set(record.get("rows", {})) == ({"features", "embeddings"} if is_probed else set())
    assert ("The embeddings saw no label." in report) == is_probed and "[walks]" in (out / "config.toml").read_text()
    described = json.loads((out / "model.json").read_text())
    assert described["output"].startswith("h_v of the last layer: the embedding of node v")
    code, told, err = command("embed", out)
    assert (code, err) == (0, "")
    assert np.load(out / "embed.npy").shape[1] == 8
    assert f"Done already, in {out}" in command("train", "--resume", out)[1]


def test_several_runs(command, data, tmp_path):
    pytest.importorskip("sklearn")
    told = command("train", data, *FLAGS, "--no-save", "--runs", 2)[1]
    assert "Probe (test accuracy of logistic regression, mean +- standard deviation of 2 runs):" in told


def test_what_is_refused(refused, command, data, tmp_path):
    out = tmp_path / "run"
    assert command("train", data, *FLAGS, "--out", out)[0] == 0
    for name in ("predict", "evaluate"):
        assert refused(name, out) == f"{out} was trained without labels and gives embeddings alone: graphsage embed {out}"
    text = refused("train", data, "--walk-length", 3)
    assert text == "walk_length = 3 is not used by task = 'nodes': set task = 'unsupervised', or leave it out"
    text = refused("train", data, "--task", "unsupervised", "--decoder", "dot", "--candidates", 3)
    assert "is not used by task = 'unsupervised': set task = 'links', or leave it out" in text
    assert "walk_p must be from 1e-6 to 1e6, got 0.0" in refused("train", data, "--task", "unsupervised", "--walk-p", 0)
    text = refused("train", data, "--task", "unsupervised", "--class-weights", "balanced")
    assert text == "class_weights = 'balanced' is not used without labels: leave it out"


@pytest.fixture
def edges_alone(tmp_path):
    (tmp_path / "alone").mkdir()
    lines = [f"n{node},n{(node + step) % 30}" for node in range(30) for step in (1, 2, 7)]
    (tmp_path / "alone" / "edges.csv").write_text("\n".join(["source,target", *lines]))
    return tmp_path / "alone"


def test_edges_alone_are_enough_and_all_that_is_said_is_so(command, edges_alone, tmp_path, is_probed):
    """No word on what cannot be learnt, no advice that would not help, and no empty line in the place of scores."""
    code, told, _ = command("train", edges_alone, *FLAGS, "--runs", 2, "--out", tmp_path / "run")
    assert code == 0 and "nothing can be learnt" not in told and "scikit-learn" not in told
    assert "Walks from the validation nodes, ROC AUC:" in told.splitlines()[-2]
    assert told.splitlines()[-1] == f"Next: graphsage embed {tmp_path / 'run'}/SEED"
    report = (tmp_path / "run" / "0" / "report.html").read_text()
    assert "nothing can be learnt" not in report and "nodes of pairs a second" in report


def test_what_was_interrupted_can_be_embedded(command, data, tmp_path, monkeypatch):
    from graphsage.runs import walk_run

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(walk_run, "why_not", interrupted)
    _, told, _ = command("train", data, *FLAGS, "--out", tmp_path / "run")
    assert f"Embed what there is: graphsage embed {tmp_path / 'run'}" in told and "graphsage evaluate" not in told
