"""A run's folder says which data it was trained on; folders as they were written before are read."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.blocks import blocks
from scipy.sparse import csr_array

from graphsage.cli import main as cli
from graphsage.config.settings import GROUPS, RunConfig
from graphsage.data.split import SPLITS
from graphsage.graph.features import as_features
from graphsage.graph.graph import Graph
from graphsage.runs import checkpoint as checkpoints
from graphsage.runs.checkpoint import differences, differences_of_data, identity
from graphsage.runs.run import RunResult
from graphsage.runs.run_folder import identity_in, read_result, write_result
from graphsage.training.records import Epoch, TrainResult

SHORT = ["--epochs", "2", "--batch-size", "16", "--fanouts", "5,5", "--no-baseline", "--device", "cpu"]
NEWER = ("weights checksum", "all features checksum")  # of a dataset's identity: files of before lack them


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with the data, mine.npz, and a finished run, run."""
    folder = tmp_path_factory.mktemp("template")
    blocks().save(folder / "mine.npz")
    assert cli.main(["train", str(folder / "mine.npz"), *SHORT, "--out", str(folder / "run")]) == 0
    return folder


@pytest.fixture
def trained(template, tmp_path):
    """(file of the data, folder of the finished run)."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    data, run = tmp_path / "mine.npz", tmp_path / "run"
    config = (run / "config.toml").read_text(encoding="utf-8")
    (run / "config.toml").write_text(config.replace(str(template), str(tmp_path)), encoding="utf-8")
    return data, run


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def as_before(run):
    """Make the folder one that was written before settings had groups, and results named their data."""
    path = run / "config.toml"
    text = path.read_text(encoding="utf-8")
    for name in [name for name in GROUPS if name != "sample"]:
        text = text.replace(f"\n[{name}]\n", "")
    path.write_text(text.replace("[sample]", "[train]"), encoding="utf-8")
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    del result["dataset"]
    (run / "result.json").write_text(json.dumps(result), encoding="utf-8")
    saved = torch.load(run / "checkpoint.pt", weights_only=True)
    saved["dataset"] = {name: value for name, value in saved["dataset"].items() if name not in NEWER}
    torch.save(saved, run / "checkpoint.pt")


# ---- other data


def without_a_node(dataset):
    """Another dataset of the same columns and classes."""
    graph = Graph.from_edges([0, 1, 2], [1, 2, 3], 199, undirected=True)
    return replace(dataset, graph=graph, features=dataset.features[:199], labels=dataset.labels[:199])


def one_number_changed(dataset):
    features = dataset.features.copy()
    features[123, 7] += 1
    return replace(dataset, features=features)


def one_label_changed(dataset):
    labels = dataset.labels.copy()
    labels[dataset.test[0]] = (labels[dataset.test[0]] + 1) % 4
    return replace(dataset, labels=labels)


OTHERS = [
    (without_a_node, "nodes 200 then, 199 now"),
    (one_number_changed, "features checksum"),
    (one_label_changed, "labels checksum"),
    (lambda dataset: replace(dataset, features=dataset.features[:, 1:].copy()), "features 24 then, 23 now"),
    (lambda dataset: replace(dataset, train=dataset.train[1:]), "split 40 / 60 / 99 then, 39 / 60 / 99 now"),
]


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("change, text", OTHERS)
def test_resume_of_a_finished_run_on_other_data_is_refused(change, text, is_old, command, trained, tmp_path):
    """Named, or changed on the disk since; the folder stays as it is."""
    data, run = trained
    if is_old:
        as_before(run)
    before = contents(run)
    change(blocks()).save(tmp_path / "other.npz")
    for line in (["train", tmp_path / "other.npz", "--resume", run], ["train", "--resume", run]):
        code, out, err = command(*line)
        assert (code, "Done already" in out) == (2, False)
        assert err.startswith(f"graphsage: {run} is of a training with another dataset: ") and text in err
        assert contents(run) == before
        (tmp_path / "other.npz").replace(data)
        change(blocks()).save(tmp_path / "other.npz")
    blocks().save(data)
    assert "Done already" in command("train", "--resume", run)[1]


def test_resume_of_several_runs_on_other_data_is_refused(command, tmp_path):
    """Also where only a later one of them is done."""
    data, run = tmp_path / "mine.npz", tmp_path / "run"
    blocks().save(data)
    assert command("train", data, *SHORT, "--runs", 2, "--out", run)[0] == 0
    (run / "0" / "result.json").unlink()
    for checkpoint in (run / "0").glob("checkpoint*.pt"):
        checkpoint.unlink()
    before = contents(run / "1"), (run / "config.toml").read_bytes()
    one_label_changed(blocks()).save(tmp_path / "other.npz")
    code, _, err = command("train", tmp_path / "other.npz", "--resume", run)
    assert code == 2 and err.startswith(f"graphsage: {run / '1'} is of a training with another dataset: labels checksum")
    assert (contents(run / "1"), (run / "config.toml").read_bytes()) == before


def test_the_same_data_elsewhere_are_the_same(command, trained, tmp_path):
    _, run = trained
    blocks(name="another name").save(tmp_path / "moved.npz")
    assert "Done already" in command("train", tmp_path / "moved.npz", "--resume", run)[1]
    for verb in ("evaluate", "predict", "embed"):
        code, out, _ = command(verb, run, tmp_path / "moved.npz")
        assert code == 0 and "Not the data" not in out


@pytest.mark.parametrize("is_old", [False, True])
def test_a_model_on_other_data_says_so(is_old, command, trained, tmp_path):
    data, run = trained
    if is_old:
        as_before(run)
    without_a_node(blocks(train=[0], val=[1], test=[2])).save(tmp_path / "other.npz")
    for verb in ("evaluate", "predict", "embed"):
        code, out, err = command(verb, run, tmp_path / "other.npz")
        assert (code, err) == (0, "") and "Not the data of the training: nodes 200 then, 199 now; " in out
        assert "Not the data" not in command(verb, run)[1]
    one_label_changed(blocks()).save(data)
    assert "\nNot the data of the training: as many, but other labels.\n" in command("evaluate", run)[1]


def test_another_split_that_was_asked_for_is_no_other_data(command, test_data, monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "heterophilous"))
    assert command("train", "texas", *SHORT, "--out", tmp_path / "run")[0] == 0
    for line in (["texas", "--split", 1], ["--split", 1]):
        code, out, _ = command("evaluate", tmp_path / "run", *line)
        assert code == 0 and "Not the data" not in out


def test_other_settings_than_the_run_was_done_with_are_refused(command, trained):
    """config.toml was edited; without a checkpoint there is nothing to go on from."""
    _, run = trained
    path = run / "config.toml"
    text = path.read_text(encoding="utf-8")
    for name, old, new, what in (
        ("hidden_features", 128, 64, "another model"),
        ("learning_rate", 0.01, 0.02, "other settings"),
    ):
        path.write_text(text.replace(f"{name} = {old}", f"{name} = {new}"), encoding="utf-8")
        before = contents(run)
        code, out, err = command("train", "--resume", run)
        assert code == 2 and f"is of a training with {what}: {name} {old} then, {new} now" in err and contents(run) == before
    for checkpoint in run.glob("checkpoint*.pt"):
        checkpoint.unlink()
    before = contents(run)
    code, out, err = command("train", "--resume", run)
    assert code == 2 and "holds a trained model and no checkpoint to go on from" in err and contents(run) == before


def test_of_large_arrays_parts_are_in_the_identity(monkeypatch):
    """Both ends and what lies between; a file of before, with checksums of all, is still of the same data."""
    dataset, whole = blocks(), identity(blocks())
    monkeypatch.setattr(checkpoints, "READ_WHOLE", 64)
    monkeypatch.setattr(checkpoints, "PART", 64)
    monkeypatch.setattr(checkpoints, "PARTS", 3)
    found = identity(dataset)
    assert str(found["graph checksum"]).endswith(" of parts") and found["graph checksum"] != whole["graph checksum"]
    assert differences_of_data(whole, found) == ["all features checksum " + f"{whole['all features checksum']} then, None now"]
    indices = dataset.graph.indices
    seen = [np.shares_memory(indices[at : at + 1], part) for at in (0, len(indices) // 2, len(indices) - 1)
            for part in checkpoints._parts_of(indices)]  # fmt: skip
    assert sum(seen) == 3 and all(len(part) == 16 for part in checkpoints._parts_of(indices))


def test_identity_by_hand():
    dataset = blocks()
    assert identity(one_number_changed(dataset))["features checksum"] != identity(dataset)["features checksum"]
    weighted = replace(dataset, graph=replace(dataset.graph, weights=np.ones(dataset.graph.num_edges, np.float32)))
    found, plain = identity(weighted), identity(dataset)
    assert [name for name in plain if plain[name] != found[name]] == ["weights checksum"]
    assert found["split"] == " / ".join(str(len(getattr(dataset, part))) for part in SPLITS)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_number_between_the_rows_that_are_sampled_is_seen(sparse, monkeypatch):
    monkeypatch.setattr("graphsage.runs.checkpoint.SAMPLED_ROWS", 3)
    dataset = blocks(sparse=sparse)
    rows, others = np.isin(np.arange(200), [0, 99, 199]), blocks(sparse=sparse, seed=1).features
    dense = [np.asarray(found.to_scipy().todense()) if sparse else found for found in (dataset.features, others)]
    mixed = np.where(rows[:, None], *dense)
    other = replace(dataset, features=as_features(csr_array(mixed)) if sparse else mixed)
    changes = differences(identity(dataset), identity(other))
    assert len(changes) == 1 and changes[0].startswith("all features checksum")
    monkeypatch.setattr("graphsage.runs.checkpoint.READ_WHOLE", 0)
    assert identity(dataset) == identity(other)


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


def test_a_result_is_json_though_a_score_is_no_number(tmp_path):
    result = TrainResult(
        metric="r2", test_score=float("nan"), val_score=-math.inf, best_epoch=1, normalized_features=False,
        history=[Epoch(number=1, loss=1.0, metric="r2", val_score=float("nan"), val_loss=2.0, seconds=1.0)],
    )  # fmt: skip
    config = RunConfig()
    write_result(tmp_path, config, RunResult(result=result, majority=0.5, features_only=None, model=None), {"nodes": 3}, {})
    json.loads((tmp_path / "result.json").read_text(encoding="utf-8"), parse_constant=no_constant)
    found, majority = (read_result(tmp_path, config)[name] for name in ("result", "majority"))
    assert (found.test_score, found.history[0].val_score, found.history[0].val_loss, majority) == (None, None, 2.0, 0.5)


# ---- folders of before


def test_a_folder_of_before_the_groups(command, trained):
    """Scored, asked, told done, and gone on with."""
    data, run = trained
    scores, predicted = command("evaluate", run)[1], (command("predict", run), (run / "predict.csv").read_bytes())
    as_before(run)
    assert "[train]\nfanouts" in (run / "config.toml").read_text(encoding="utf-8")
    assert "dataset" not in json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert command("evaluate", run)[1] == scores
    assert (command("predict", run), (run / "predict.csv").read_bytes()) == predicted
    assert "Done already" in command("train", "--resume", run)[1]
    code, out, err = command("train", "--resume", run, "--epochs", 3)
    assert (code, err) == (0, "") and "Going on: 2 epochs" in out and "Epoch 003" in out
    again = json.loads((run / "result.json").read_text(encoding="utf-8"))
    assert again["dataset"] == identity(blocks()) and identity_in(run) == again["dataset"]
    assert len(again["history"]) == 3 and "[optimise]" in (run / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("damaged", ["{", "[1]", '{"dataset": 3}', "\0"])
def test_the_checkpoint_alone_tells_the_data_too(damaged, trained):
    _, run = trained
    found = identity_in(run)
    (run / "result.json").write_text(damaged, encoding="utf-8")
    assert identity_in(run) == found == identity(blocks())
    (run / "checkpoint.pt").write_text("damaged", encoding="utf-8")
    assert identity_in(run) is None


def test_a_result_of_before_a_setting_counts(command, trained):
    _, run = trained
    record = json.loads((run / "result.json").read_text(encoding="utf-8"))
    for part, name in (("model", "norm"), ("train", "warmup_epochs"), ("links", "candidates"), ("walks", "walk_p")):
        del record["config"][part][name]
    (run / "result.json").write_text(json.dumps(record), encoding="utf-8")
    assert "Done already" in command("train", "--resume", run)[1]
    record["config"]["model"]["hidden_features"] += 1
    (run / "result.json").write_text(json.dumps(record), encoding="utf-8")
    assert "Done already" not in command("train", "--resume", run)[1]


def test_a_folder_of_several_runs_is_no_model(command, tmp_path):
    small = "sbm:nodes=60,classes=2,features=4"
    folder = tmp_path / "several"
    command("train", small, "--runs", 2, "--epochs", 1, "--no-baseline", "--out", folder)
    sentence = f"{folder} holds the folders of several runs: give one of them, such as {folder / '0'}"
    assert command("embed", folder)[2] == f"graphsage: {sentence}\n"
    code, out, err = command("evaluate", folder, "--device", "cpu")
    assert (code, err) == (0, "")
    told = f"The mean of the probabilities of 2 runs; `graphsage runs {folder}` has the mean of their scores."
    assert told in out.splitlines() and command("evaluate", folder, "--runs", "--device", "cpu")[1] == out
