"""list_runs: what folders tell of their runs, whatever is in them, and without torch."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked

import graphsage as gs
from graphsage.base.files import locked
from graphsage.cli.runs import _place
from graphsage.config.groups import SHARES
from graphsage.config.run_files import METRICS_FILE
from graphsage.runs.list_runs import differing
from graphsage.runs.run import run, run_all
from graphsage.training.records import TrainingStopped
from graphsage.training.tasks import ALL

DATASET = blocks()


def silent(line):
    """Nobody reads it."""


def config_of(**train):
    return replace(configured(**{"epochs": 2, **train}), baseline=False, dataset="blocks")


def stopped(folder, error):
    """A run that ends in its second epoch by ``error``."""

    class Ends:
        def on_step(self, trainer, step):
            if step.epoch == 2:
                raise error

    try:
        run(config_of(checkpoint_seconds=0), DATASET, folder=folder, callbacks=[Ends()], log=silent)
    except type(error):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of every state, and what is none."""
    folder = tmp_path_factory.mktemp("runs")
    run(config_of(), DATASET, folder=folder / "done-2", log=silent)
    run(config_of(seed=3, learning_rate=0.02), DATASET, folder=folder / "done-10", log=silent)
    run_all(replace(config_of(), runs=2), DATASET, folder=folder / "several", log=silent)
    run(replace(link_config(epochs=1), baseline=False, dataset="blocks"), linked(), folder=folder / "links", log=silent)
    stopped(folder / "failed", TrainingStopped("the loss is nan at epoch 2"))
    stopped(folder / "stopped", KeyboardInterrupt())
    (folder / "photos").mkdir()
    (folder / "damaged").mkdir()
    (folder / "damaged" / "config.toml").write_text("epochs = [")
    (folder / "cut").mkdir()
    (folder / "cut" / "config.toml").write_text('dataset = "cora"\n')
    (folder / "cut" / "result.json").write_text('{"metric": "acc')
    (folder / "notes.txt").write_text("not a folder")
    return folder


@pytest.fixture(scope="module")
def records(folder):
    return {record.folder.name: record for record in gs.list_runs(folder)}


def test_each_folder_has_a_state(records):
    assert {name: record.state for name, record in records.items()} == {
        "cut": "damaged", "damaged": "damaged", "done-2": "done", "done-10": "done", "failed": "failed", "links": "done",
        "photos": "no run", "several": "done", "stopped": "interrupted",
    }  # fmt: skip
    assert [name for name in records if name.startswith("done")] == ["done-2", "done-10"]
    assert records["failed"].note == "TrainingStopped: the loss is nan at epoch 2"
    assert records["damaged"].note.startswith("config.toml cannot be read: ") and not records["damaged"].settings
    assert records["cut"].note.startswith("result.json cannot be read: ") and records["cut"].dataset == "cora"
    assert records["photos"].note == "it has none of the files of a run" and records["done-2"].note == ""


ODD = ["[]", "null", '{"runs": 3}', '{"metric": "accuracy", "history": [], "test_score": "high"}', '{"runs": [{}]}', "\xff"]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_a_result_of_anything_is_damaged(text, tmp_path):
    (tmp_path / "config.toml").write_text("dataset = 3\n[model]\nnum_layers = 3\n")
    (tmp_path / "result.json").write_text(text, encoding="latin-1")
    (tmp_path / METRICS_FILE).write_text('{"kind": "epoch", "epoch": 1, "seconds": "long", "val_score": []}\n{"ki')
    (record,) = gs.list_runs(tmp_path)
    assert record.state == "damaged" and record.note.startswith("result.json cannot be read: ")
    assert (record.dataset, record.settings["num_layers"], record.seconds) == ("3", 3, 0)


def test_scores_are_those_of_the_result(folder, records):
    result = json.loads((folder / "done-2" / "result.json").read_text())
    record = records["done-2"]
    assert (record.test, record.validation, record.metric) == (result["test_score"], result["val_score"], "accuracy")
    assert (record.baseline, record.baseline_score) == ("label propagation", result["rows"]["label propagation"]["accuracy"])
    assert record.seconds == pytest.approx(sum(epoch["seconds"] for epoch in result["history"]))
    assert (record.dataset, record.task, record.seeds, record.epochs_done, record.deviation) == ("blocks", "nodes", 1, 2, None)
    assert record.settings["learning_rate"] == 0.05 and record.settings["fanouts"] == [5, 5]
    assert record.settings["patience"] is None
    links = records["links"]
    rows = json.loads((folder / "links" / "result.json").read_text())["rows"]
    assert links.metric == "mrr" and links.test == rows["GraphSAGE"]["mrr"] and links.baseline != "GraphSAGE"
    assert links.baseline_score == max(of["mrr"] for name, of in rows.items() if name != "GraphSAGE")


def test_several_seeds_are_one(folder, records):
    whole, record = json.loads((folder / "several" / "result.json").read_text()), records["several"]
    assert (record.seeds, record.test, record.deviation) == (2, whole["test_score"], whole["test_deviation"])
    (folder / "several" / "result.json").rename(folder / "kept")  # as folders of before have none
    try:
        (before,) = gs.list_runs(folder / "several")
    finally:
        (folder / "kept").rename(folder / "several" / "result.json")
    assert (before.seeds, before.test, before.deviation) == (2, record.test, record.deviation)


def test_a_run_under_way_tells_how_far_it_is(folder, records):
    record = records["stopped"]
    epochs = [json.loads(line) for line in (folder / "stopped" / METRICS_FILE).read_text().splitlines()]
    epochs = [line for line in epochs if line["kind"] == "epoch"]
    assert (record.epochs_done, record.validation, record.test) == (1, epochs[0]["val_score"], None)
    with locked(folder / "stopped"):
        assert [of.state for of in gs.list_runs(folder / "stopped")] == ["going on"]


def test_a_resume_takes_the_failure_away(folder, tmp_path):
    stopped(tmp_path, RuntimeError("a bug"))
    assert gs.list_runs(tmp_path)[0].note == "RuntimeError: a bug"
    run(config_of(checkpoint_seconds=0), DATASET, folder=tmp_path, resume=True, log=silent)
    (record,) = gs.list_runs(tmp_path)
    assert (record.state, record.note) == ("done", "") and "failed" not in (tmp_path / METRICS_FILE).read_text()


def test_a_training_that_was_refused_says_nothing_in_the_folder_of_another(tmp_path):
    run(config_of(epochs=1), DATASET, folder=tmp_path, log=silent)
    before = (tmp_path / METRICS_FILE).read_bytes()
    with pytest.raises(ValueError, match="holds a training already"):
        run(config_of(epochs=1, seed=2), DATASET, folder=tmp_path, log=silent)
    assert (tmp_path / METRICS_FILE).read_bytes() == before


def test_settings_that_differ(records):
    assert differing([records["done-2"], records["done-10"]]) == ["learning_rate", "seed"]
    assert differing([records["done-2"], records["several"]]) == []


def test_rows_for_a_table(records):
    row = records["done-10"].as_dict()
    assert row["run"].endswith("done-10") and row["test"] == records["done-10"].test and row["seed"] == 3
    assert "settings" not in row and row["metric"] == "accuracy" and row["date"].startswith("20")
    pandas = pytest.importorskip("pandas")
    assert len(pandas.DataFrame(record.as_dict() for record in records.values())) == len(records)


def test_a_folder_that_is_not_there():
    with pytest.raises(ValueError, match="^there is no folder nowhere$"):
        gs.list_runs("nowhere")


def test_torch_is_not_imported(folder):
    code = f"import sys, graphsage as gs; print(len(gs.list_runs({str(folder)!r}))); assert 'torch' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": str(Path(gs.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "9\n", done.stderr


def test_what_is_shown_in_percent():
    assert set(SHARES) == {metric.name for metric in ALL if metric.in_percent}


# ---- on the command line


def test_the_command_lists_and_compares(folder, records, command):
    code, out, err = command("runs", folder)
    assert (code, err) == (0, "") and len(out.splitlines()) == 1 + 9 + 4  # a line each, and why four are none
    line = next(line for line in out.splitlines() if "done-2 " in line)
    assert f"{100 * records['done-2'].test:.1f} %" in line and "label propagation" in line and "learning_rate" not in out
    assert "several (2 seeds)" in out and " +- " in out
    code, out, _ = command("runs", folder / "done-2", folder / "done-10")
    titles, first, second = (line.split() for line in out.splitlines())
    assert titles[-2:] == ["learning_rate", "seed"] and first[-2:] == ["0.05", "0"] and second[-2:] == ["0.02", "3"]
    assert command("runs", folder / "done-2", folder / "several")[1].endswith("They differ in no setting.\n")


def test_the_command_sorts(folder, records, command):
    known = [record for record in records.values() if record.test is not None]
    lines = command("runs", folder, "--sort", "test")[1].splitlines()
    best = max(known, key=lambda record: record.test)
    assert best.folder.name in lines[1] and "photos" not in "".join(lines[1 : 1 + len(known)])
    out = command("runs", folder, "--sort", "learning-rate")[1]
    assert out.index("done-10 ") < out.index("done-2 ") < out.index("photos ")
    code, _, err = command("runs", folder, "--sort", "colour")
    assert code == 2 and "--sort: there is no column 'colour': use run, state, dataset" in err


def test_the_command_writes_a_table(folder, tmp_path, command):
    import csv

    code, out, _ = command("runs", folder, "--csv", tmp_path / "runs.csv")
    assert (code, out) == (0, "")
    text = (tmp_path / "runs.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 9 and {row["fanouts"] for row in rows if row["state"] == "done"} == {"5,5"}
    assert command("runs", folder, "--csv", "-")[1] == text
    code, _, err = command("runs", folder, "--csv", tmp_path / "no" / "runs.csv")
    assert code == 2 and "No such file" in err


def test_the_command_without_runs(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert command("runs")[2] == "graphsage: there is no folder runs: graphsage train makes it\n"


def test_a_dataset_is_named_as_it_is_seen_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [_place(name) for name in (str(tmp_path / "graph"), "cora", None)] == ["graph", "cora", None]
    assert _place("/x") == "/x"
