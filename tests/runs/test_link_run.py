"""Whole runs on links: the folder, the baselines, going on, several runs, and the table at the end."""

import json
import signal
from dataclasses import replace

import numpy as np
import pytest
from helpers.links import link_config, linked, split_of

import graphsage as gs
from graphsage.config.settings import RunConfig
from graphsage.nn.link_predictor import LinkPredictor
from graphsage.runs.checkpoint import CheckpointError
from graphsage.runs.run import RunResult, compare, make_trainer, run, run_all
from graphsage.training.link_baselines import baseline_scores
from graphsage.training.records import Epoch, TrainResult
from graphsage.training.tasks import metrics_of

MODELS = ["GraphSAGE", "common neighbours", "Adamic-Adar", "preferential attachment", "features only"]


def silent(line):
    """A log that nobody reads."""


class InterruptAt:
    """Ctrl-C in the first step of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_step(self, trainer, step):
        if (step.epoch, step.step) == (self.epoch, 0):
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """(data, config, folder, RunResult, lines) of a run that is done."""
    data, config, lines = linked(), link_config(links={"decoder": "distmult"}), []
    folder = tmp_path_factory.mktemp("run")
    return data, config, folder, run(config, data, folder=folder, log=lines.append), lines


def test_the_model_stands_beside_its_baselines(done):
    data, config, _, result, _ = done
    split = split_of(config, data)
    assert list(result.rows) == MODELS and type(result.model) is LinkPredictor
    assert all(list(row) == list(metrics_of("links")) for row in result.rows.values())
    assert result.rows["GraphSAGE"] == result.result.test_scores
    assert result.rows["GraphSAGE"]["mrr"] == result.result.test_score
    expected = baseline_scores(split, split.test, config.links, config.train.seed)
    assert {name: result.rows[name] for name in expected} == expected
    alone = make_trainer(config, split.without_edges(), log=None).fit()
    assert result.rows["features only"] == alone.test_scores


def test_the_folder_holds_everything(done):
    data, config, folder, result, lines = done
    names = {path.name for path in folder.iterdir()}
    assert names >= {"config.toml", "metrics.jsonl", "checkpoint.pt", "model.safetensors", "model.json", "report.html"}
    record = json.loads((folder / "result.json").read_text())
    settings = record["config"]
    assert record["rows"] == result.rows and settings["task"] == "links" and settings["links"]["decoder"] == "distmult"
    trained = gs.load_trained(folder)
    test = trained.evaluate(trained.split(data))["test"]
    assert test["mrr"] == pytest.approx(result.result.test_score, rel=1e-6)
    assert test["links"] == len(split_of(config, data).test)
    page = (folder / "report.html").read_text()
    assert "preferential attachment" in page and "Surest, and wrong" in page and "n199" in page
    assert lines[-1] == f"Saved in {folder}: open {folder / 'report.html'}" and result.scores is None


def test_a_run_that_is_done_is_read(done):
    data, config, folder, result, _ = done
    lines = []
    (again,) = run_all(config, data, folder=folder, resume=True, log=lines.append)
    assert lines == [f"Done already, in {folder}"]
    assert again.rows == result.rows and again.result.test_scores == result.result.test_scores
    assert compare([again], "links") == compare([result], "links")


def test_another_task_or_setting_is_another_run(done):
    data, config, folder, _, _ = done
    for change in ({"negatives": 2}, {"candidates": 9}):
        other = replace(config, links=replace(config.links, **change))
        with pytest.raises(CheckpointError, match="is of a training with other settings: (negatives|candidates)"):
            run_all(other, data, folder=folder, resume=True, log=silent)


def test_a_run_that_was_cut_goes_on_to_the_same_end(done, tmp_path):
    data, config, _, whole, _ = done
    cut = run(config, data, folder=tmp_path, callbacks=[InterruptAt(2)], log=silent)
    assert cut.interrupted and cut.rows == {} and not (tmp_path / "result.json").exists()
    (found,) = run_all(config, data, folder=tmp_path, resume=True, log=silent)
    assert found.rows == whole.rows
    weights = whole.model.state_dict()
    assert all((value == weights[name]).all() for name, value in found.model.state_dict().items())


def test_each_of_several_runs_has_its_own_links_to_test_on(tmp_path):
    data, config = linked(), replace(link_config(epochs=1), runs=2, baseline=False)
    results = run_all(config, data, folder=tmp_path, log=silent)
    identities = [json.loads((tmp_path / str(seed) / "result.json").read_text())["dataset"] for seed in range(2)]
    assert identities[0]["links checksum"] != identities[1]["links checksum"]
    assert results[0].rows["Adamic-Adar"] != results[1].rows["Adamic-Adar"] and "features only" not in results[0].rows
    lines = []
    again = run_all(config, data, folder=tmp_path, resume=True, log=lines.append)
    assert [r.rows for r in again] == [r.rows for r in results] and sum("Done already" in line for line in lines) == 2
    other = replace(data, features=data.features + 1)
    with pytest.raises(CheckpointError, match="is of a training with another dataset: features checksum"):
        run_all(config, other, folder=tmp_path, resume=True, log=silent)


def test_the_latest_links_are_tested_where_the_split_is_by_time():
    data = linked()
    src, dst = data.graph.to_edges()
    graph = gs.Graph.from_edges(src[src < dst], dst[src < dst], 200, times=np.arange((src < dst).sum()))
    config = link_config(links={"split_by": "time"}, epochs=1)
    result = run(config, replace(data, graph=graph), log=silent)
    assert list(result.rows) == MODELS
    with pytest.raises(ValueError, match='by = "time" needs times of the edges, and the graph has none'):
        run(config, data, log=silent)


def test_no_links_to_test_on(tmp_path):
    config = link_config(links={"test_share": 0.0}, epochs=1)
    result = run(config, linked(), folder=tmp_path, log=silent)
    assert result.rows == {} and result.result.test_score is None
    assert "The model was not tested." in (tmp_path / "report.html").read_text()
    (again,) = run_all(config, linked(), folder=tmp_path, resume=True, log=silent)
    assert again.rows == {}


@pytest.mark.parametrize("train, text", [
    ({"label_smoothing": 0.1}, "label_smoothing = 0.1 is not used for links"),
    ({"class_weights": "balanced"}, "class_weights = 'balanced' is not used for links"),
    ({"inductive": True}, "inductive = True is not used for links"),
    ({"metric": "accuracy"}, "metric='accuracy' does not judge a links task: use mrr or roc_auc"),
    ({"batch_size": None}, "a full batch asks about all "),
])  # fmt: skip
def test_what_has_no_meaning_for_links_is_refused_by_name(train, text):
    with pytest.raises(ValueError, match=text):
        make_trainer(link_config(**train), linked())


# ---- the table


def made(mrr, others, seed=0):
    """The result of a run by made-up scores."""
    result = TrainResult(
        metric="mrr", test_score=mrr, val_score=0.4, best_epoch=2, normalized_features=False,
        history=[Epoch(number=1, loss=1.0, metric="mrr", val_score=0.4, val_loss=1.0, seconds=0.1)],
    )  # fmt: skip
    scores = {"GraphSAGE": mrr, **others}
    return RunResult(result=result, rows={name: dict.fromkeys(metrics_of("links"), score) for name, score in scores.items()})


def test_all_metrics_stand_beside_each_other():
    text = compare([made(0.5, {"Adamic-Adar": 0.25})], "links").splitlines()
    assert text[0] == "Test:" and text[1].split("  ")[-1] == "hits@10"
    assert [line.split()[0] for line in text[2:4]] == ["Adamic-Adar", "GraphSAGE"]  # the model last
    assert text[3].split() == "GraphSAGE 0.500 50.0 % 50.0 % 50.0 % 50.0 % 50.0 %".split()
    assert text[4:] == [
        "GraphSAGE is the best by MRR, before Adamic-Adar (0.250).", "The model is that of epoch 2, the best on validation."
    ]  # fmt: skip


def test_of_several_runs_means_and_deviations():
    text = compare([made(0.5, {"features only": 0.7}), made(0.3, {})], "links")
    assert text.startswith("Test (mean +- standard deviation of 2 runs):\n") and "0.400 +- 0.1414" in text
    assert "Features only is better by MRR (0.700) than GraphSAGE: by it the graph network is not worth its while here." in text


def test_a_result_of_before_there_were_links_is_read(tmp_path):
    """Its configuration had no task: it was about nodes."""
    from graphsage.runs.run_folder import read_result, write_result

    config = RunConfig()
    write_result(tmp_path, config, replace(made(0.5, {}), majority=0.1, rows={}), {"nodes": 3}, {})
    record = json.loads((tmp_path / "result.json").read_text())
    assert "rows" not in record
    del record["config"]["task"], record["config"]["links"], record["test_scores"]
    (tmp_path / "result.json").write_text(json.dumps(record))
    found = read_result(tmp_path, config)
    assert found["majority"] == 0.1 and found["rows"] == {}
    assert read_result(tmp_path, replace(config, task="links")) is None
