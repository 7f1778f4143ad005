"""Runs on typed graphs: by themselves, with baselines that fit, and a folder like that of any run."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.blocks import blocks, configured
from helpers.typed_data import papers

import graphsage as gs
from graphsage.config.settings import RunConfig
from graphsage.runs import node_run
from graphsage.runs.checkpoint import differences, identity
from graphsage.runs.list_runs import list_runs
from graphsage.runs.run import build_model, compare, make_trainer, run, run_all
from graphsage.runs.typed_run import MERGED, other
from graphsage.trained.averaged import load_runs
from graphsage.training.baselines import PROPAGATED, typed_baseline_scores
from graphsage.training.tasks import METRICS

FILES = {"config.toml", "metrics.jsonl", "checkpoint.pt", "model.safetensors", "model.json", "result.json", "report.html"}


def silent(line):
    pass


@pytest.fixture(scope="module")
def dataset():
    return papers()


@pytest.fixture(scope="module")
def done(dataset, tmp_path_factory):
    """(folder, RunResult) of a run of 8 epochs."""
    folder = tmp_path_factory.mktemp("typed")
    return folder, run(configured({"norm": "layer"}), dataset, folder=folder, log=silent)


def test_the_baselines_are_those_of_a_typed_graph(dataset, done):
    _, found = done
    assert set(found.rows) == {PROPAGATED, MERGED}
    assert found.majority < found.features_only + 0.2 < found.result.test_score
    lines = compare([found], "nodes", dataset)
    for name in ("majority class", PROPAGATED, MERGED, "features only", "GraphSAGE"):
        assert name in lines
    assert "the types merged" in lines  # the verdict: the best of the others


def test_features_only_sees_no_edge(dataset, done):
    config = configured({"norm": "layer"}, relation_fanouts="writes=3,3")
    alone, data, store = other("features only", config, make_trainer(config, dataset, log=None))
    assert data.graph.num_edges == 0 and data.num_features == 6 and np.array_equal(data.labels, dataset.labels)
    assert alone.train.relation_fanouts is None and store.features.shape == (120, 6)


def test_merged_is_a_graphsage_on_all_nodes(dataset):
    config = configured({"num_bases": 2, "relation_sum": "mean"}, relation_fanouts="writes=3,3")
    merged, data, _ = other(MERGED, config, make_trainer(config, dataset, log=None))
    assert data.num_nodes == 205 and isinstance(build_model(merged, data), gs.GraphSAGE)
    assert merged.train.normalize_features is False and merged.model.num_bases is None


def test_labels_spread_along_all_relations(dataset):
    """Papers of one author are alike: what no edge between papers tells."""
    scores = dict(typed_baseline_scores(dataset, METRICS["accuracy"], 0, trees=False))
    apart = dict(typed_baseline_scores(dataset.without_edges(), METRICS["accuracy"], 0, trees=False))
    assert scores[PROPAGATED] > apart[PROPAGATED] + 0.2


def test_the_folder_is_that_of_any_run(dataset, done):
    folder, found = done
    names = {path.name for path in folder.iterdir() if not path.name.startswith("checkpoint-")}
    assert names - {"predictions.csv", "predictions.parquet"} == FILES and len(names) == len(FILES) + 1
    result = json.loads((folder / "result.json").read_text())
    assert result["test_score"] == found.result.test_score and result["rows"] == found.rows
    assert result["dataset"]["nodes"] == {"paper": 120, "author": 80, "venue": 5}
    trained = gs.load_trained(folder)
    assert type(trained) is gs.TrainedTyped and trained.evaluate(dataset)["test"]["accuracy"] == found.result.test_score
    own = next(run for run in list_runs(folder.parent) if run.folder == folder)  # other tests leave folders there
    assert own.test == found.result.test_score


def test_a_run_made_in_python_is_named_alike(dataset, tmp_path):
    config = configured(epochs=1, relation_fanouts="writes=3,3")
    trainer = gs.Trainer(build_model(config, dataset), dataset, config.train, folder=tmp_path, log=None)
    trainer.fit()
    assert 'relation_fanouts = {"writes" = [3, 3]}' in (tmp_path / "config.toml").read_text()
    assert "Baselines beyond the simplest" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_several_runs_are_averaged(dataset, tmp_path):
    config = replace(configured(epochs=2), runs=2, baseline=False)
    results = run_all(config, dataset, folder=tmp_path, log=silent)
    again = run_all(config, dataset, folder=tmp_path, resume=True, log=silent)
    assert [one.result.test_score for one in again] == [one.result.test_score for one in results]
    both = load_runs(tmp_path)
    both.check(dataset, labels=True)
    shares = [member.predict(dataset, [3, 4]).probabilities for member in both.members]
    np.testing.assert_allclose(both.predict(dataset, [3, 4]).probabilities, np.mean(shares, 0), rtol=1e-5)


def test_another_dataset_is_told_from_the_training_s(dataset):
    own = identity(dataset)
    assert json.loads(json.dumps(own)) == own == identity(papers())
    changes = {
        "edges": papers(seed=1), "labels checksum": replace(dataset, labels=np.roll(dataset.labels, 1) * 0),
        "features checksum": replace(dataset, features={**dataset.features, "author": dataset.features["author"] + 1}),
    }  # fmt: skip
    for name, changed in changes.items():
        assert any(line.startswith(name) for line in differences(own, identity(changed)))


def test_the_report_s_embeddings_are_drawn_as_in_training(dataset, monkeypatch):
    trainer = make_trainer(configured(relation_fanouts={"writes": (3, 0)}), dataset, log=None)
    monkeypatch.setattr(node_run, "sampled", lambda *asked, draw, **how: draw)
    assert node_run._embedded(trainer, [0])["relation_fanouts"] == {"writes": (3, 0)}


# ---- what a dataset suggests, and what has no meaning


def test_the_suggested_settings_are_by_the_labelled_nodes(dataset):
    config = gs.suggested(dataset)
    assert config.preset == "small" and config.train.batch_size == 32 and config.train.featureless == "identity"
    assert config.model.norm == "layer" and gs.suggested(dataset, normalize=True).model.norm == "none"
    assert gs.suggested(dataset, "plain").train == RunConfig().train


def test_embeddings_without_labels_are_of_one_type(dataset):
    with pytest.raises(ValueError, match="^task = 'unsupervised' is of graphs with one type of nodes, and papers has 3: "):
        make_trainer(RunConfig(task="unsupervised"), dataset)


def test_settings_of_relations_are_refused_where_there_is_one_type():
    with pytest.raises(ValueError, match="relation_sum"):
        make_trainer(configured({"relation_sum": "mean"}), blocks())
