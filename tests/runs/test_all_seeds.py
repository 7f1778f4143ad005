"""Several runs as one: their folder has mean and deviation, and a report that leads to each."""

import json
from dataclasses import replace
from statistics import fmean, stdev

import pytest
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked

from graphsage.runs.run import run_all


def silent(line):
    """Nobody reads it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several") / "run"
    config = replace(configured(epochs=2), runs=3, baseline=False, dataset="blocks")
    run_all(config, blocks(), folder=folder, log=silent)
    return folder


def result_of(folder):
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_the_result_is_the_mean_and_deviation_of_the_runs(folder):
    whole, each = result_of(folder), [result_of(folder / str(seed)) for seed in range(3)]
    for part in ("test", "val"):
        scores = [one[f"{part}_score"] for one in each]
        assert whole[f"{part}_score"] == pytest.approx(fmean(scores))
        assert whole[f"{part}_deviation"] == pytest.approx(stdev(scores))
    known = [one["rows"]["label propagation"]["accuracy"] for one in each]
    assert whole["baselines"]["label propagation"]["mean"] == pytest.approx(fmean(known))
    assert whole["baselines"]["majority class"] == {"mean": each[0]["majority"], "deviation": 0.0}
    assert [one["seed"] for one in whole["runs"]] == [0, 1, 2] and whole["config"]["runs"] == 3


def test_the_report_has_each_run_beside_the_mean(folder):
    whole, text = result_of(folder), (folder / "report.html").read_text(encoding="utf-8")
    mean, deviation = 100 * whole["test_score"], 100 * whole["test_deviation"]
    assert f"<h1>{mean:.1f} +- {deviation:.2f} % test accuracy on blocks, 3 runs</h1>" in text
    for seed in range(3):
        assert f'<a href="{seed}/report.html">open</a>' in text and (folder / str(seed) / "report.html").exists()
        assert f"{100 * result_of(folder / str(seed))['test_score']:.1f} %" in text
    assert "label propagation" in text and "majority class" in text and "features only" not in text


def test_it_is_there_only_where_all_are_done(folder, tmp_path):
    config = replace(configured(epochs=1), runs=2, baseline=False)

    class Cut:
        def on_step(self, trainer, step):
            if trainer.config.seed == 1:
                trainer._interrupt.came = True

    run_all(config, blocks(), folder=tmp_path, callbacks=[Cut()], log=silent)
    assert not (tmp_path / "result.json").exists() and (tmp_path / "config.toml").exists()
    lines = []
    run_all(config, blocks(), folder=tmp_path, resume=True, log=lines.append)
    assert len(result_of(tmp_path)["runs"]) == 2 and lines[-1].startswith(f"Saved in {tmp_path}: open ")


def test_links_and_no_test(tmp_path):
    config = replace(link_config(epochs=1), runs=2, baseline=False)
    run_all(config, linked(), folder=tmp_path / "links", log=silent)
    whole, text = result_of(tmp_path / "links"), (tmp_path / "links" / "report.html").read_text(encoding="utf-8")
    assert whole["metric"] == "mrr" and {"common neighbours"} < set(whole["baselines"]) | {""}
    assert "test MRR" in text and "other links to learn from" in text
    config = replace(configured(epochs=1), runs=2, baseline=False, dataset="blocks")
    run_all(config, blocks(test=[]), folder=tmp_path / "untested", log=silent)
    assert result_of(tmp_path / "untested")["test_score"] is None
    assert "% validation accuracy on blocks, 2 runs" in (tmp_path / "untested" / "report.html").read_text(encoding="utf-8")
