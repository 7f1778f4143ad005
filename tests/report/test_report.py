"""The report: its numbers against counts made by hand, its pages against a strict parser, and runs of every odd kind."""

import builtins
import subprocess
import sys
from dataclasses import asdict, replace

import naive_report as naive
import numpy as np
import pytest
from helpers.blocks import configured
from helpers.pages import Page
from helpers.reports import NAMES, SCRIPT, data, embeddings, guesses, history, log_of, result_of

from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig
from graphsage.data.cards import dataset_card
from graphsage.report import scores_by_degree as report_scores
from graphsage.report.page import bar, markup, tag
from graphsage.report.report import write_report
from graphsage.report.report_tables import duration
from graphsage.training.tasks import METRICS

SECTIONS = ["Training", "Neighbours", "Time", "Dataset", "Configuration", "Reproduce"]


def written(folder, dataset, *, outputs=..., result=None, log=None, config=None, **options):
    """The parsed report."""
    outputs = guesses(dataset) if outputs is ... else outputs
    result = result_of(dataset, outputs) if result is None else result
    log = log_of(result) if log is None else log
    config = configured(epochs=3) if config is None else config
    how = {"embed": embeddings, **options}
    path = write_report(
        folder / "report.html", dataset=dataset, config=config, result=result, log=log, outputs=outputs, **how
    )
    assert [file.name for file in folder.iterdir() if file.name.endswith(".part")] == []
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def plain(monkeypatch):
    """Reports without pictures, which take most of the time, for what pictures have no part in."""
    monkeypatch.setattr("graphsage.report.told_run._figures", lambda: None)


def percent(share):
    return "–" if share is None else f"{100 * share:.1f} %"


def lists(dataset, outputs):
    """Outputs and labels of the test nodes, as lists."""
    return outputs[dataset.test].tolist(), dataset.labels[dataset.test].tolist()


# ---- numbers


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_scores_by_class(task, plain, tmp_path):
    dataset = data(task)
    outputs = guesses(dataset)
    head, *rows, last = written(tmp_path, dataset).tables["Scores by class"]
    counts = naive.counts_by_class(task, *lists(dataset, outputs), 4)
    order = sorted(range(4), key=lambda k: -counts[k][1])
    assert head == ["class", "F1", "precision", "recall", "nodes", "predicted"]
    wanted = [[NAMES[k], *map(percent, naive.shares(*counts[k])), str(counts[k][1]), str(counts[k][2])] for k in order]
    assert rows == wanted and rows[-1] == ["never", "–", "–", "–", "0", "0"]
    known = [[share for k in range(3) for share in [naive.shares(*counts[k])[column]]] for column in range(3)]
    assert last[1:4] == [percent(sum(column) / 3) for column in known]


def test_labels_are_counted_above_their_thresholds(plain, tmp_path):
    """As for outputs from which the thresholds were taken off; and a sentence where none is above."""
    dataset, cut = data("multilabel"), (-1.5, 0.25, 0.5, -20.0)
    outputs = guesses(dataset)
    result = replace(result_of(dataset, outputs), thresholds=cut)
    found = written(tmp_path, dataset, outputs=outputs, result=result)
    wanted = written(tmp_path, dataset, outputs=outputs - np.array(cut, np.float32))
    for name in ("Scores by class", "micro-F1 by neighbours"):
        assert found.tables[name] == wanted.tables[name] != written(tmp_path, dataset).tables[name]
    assert "gets a label" not in found.text
    assert f"None of the {len(dataset.test)} nodes gets a label" in written(tmp_path, dataset, outputs=outputs - 99).text


def test_confusions(plain, tmp_path):
    dataset = data("multiclass")
    outputs = guesses(dataset)
    page = written(tmp_path, dataset, outputs=outputs)
    outputs, labels = lists(dataset, outputs)
    found = naive.confusions(outputs, labels)
    wrong = {(NAMES[i], NAMES[j]): [str(n), percent(n / labels.count(i))] for (i, j), n in found.items() if i != j}
    rows = page.tables["Largest confusions"][1:]
    assert {(true, taken): rest for true, taken, *rest in rows} == wanted_or_empty(wrong)
    assert [int(row[2]) for row in rows] == sorted((int(row[2]) for row in rows), reverse=True)


def wanted_or_empty(wrong):
    assert 0 < len(wrong) <= 15
    return wrong


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_scores_by_degree(task, plain, tmp_path):
    dataset = data(task)
    outputs = guesses(dataset)
    label = {"multiclass": "accuracy", "multilabel": "micro-F1", "regression": "R^2"}[task]
    page = written(tmp_path, dataset, outputs=outputs)
    outputs, labels = lists(dataset, outputs)
    degrees = [len(dataset.graph.to_scipy()[[v]].indices) for v in dataset.test.tolist()]

    def score(keep):
        kept = [[values[i] for i in range(len(degrees)) if keep(degrees[i])] for values in (outputs, labels)]
        if task == "regression":
            return f"{naive.r2(*kept, labels):,.4g}"
        return percent({"multiclass": naive.accuracy, "multilabel": naive.micro_f1}[task](*kept))

    bins = sorted(set(map(naive.bin_of, degrees)))
    assert (0, 0) in bins and len(bins) >= 4
    within = [lambda degree, a=a, b=b: a <= degree <= b for a, b in bins]
    names = [f"{a}" if a == b else f"{a} to {b}" for a, b in bins]
    wanted = [[name, str(sum(map(keep, degrees))), score(keep)] for name, keep in zip(names, within)]
    assert [row[:3] for row in page.tables[f"{label} by neighbours"][1:]] == wanted
    groups = {row[0]: row[1:3] for row in page.tables[f"{label} by test nodes"][1:]}
    assert groups["isolated"] == [str(degrees.count(0)), score(lambda d: d == 0)]
    assert groups["with neighbours"] == [str(len(degrees) - degrees.count(0)), score(lambda d: d > 0)]
    assert groups["all"][1] == score(lambda d: True)
    result = result_of(dataset, guesses(dataset))
    assert page.tables[f"{label} beside the baselines"][1][1] == METRICS[result.metric].shown(result.test_score).strip()


def test_intervals():
    outputs = np.array([[1, 0], [1, 0], [0, 1], [1, 0]])
    [only], groups = report_scores.scores_by_degree("multiclass", outputs, np.array([0, 0, 0, 0]), np.array([1, 1, 1, 1]))
    assert (only.low, only.high) == pytest.approx(naive.wilson(3, 4))
    assert np.isnan(groups[0].score) and groups[0].nodes == 0


def test_an_interval_of_a_ratio_covers_as_often_as_it_says():
    """Null: each of 2,000 intervals covers the truth with probability 0.95; 1,870 to 1,930 do, but for 0.2 % of the draws.

    Intervals that are a tenth too narrow cover with 0.922, which is found with a probability of 98 %.
    """
    rng, covered = np.random.default_rng(5), 0
    true, flipped = rng.random((2000, 300, 3)) < 0.4, rng.random((2000, 300, 3)) < 0.25
    truth = 2 * 0.3 / (0.4 + 0.3 + 0.15)
    for labels, noise in zip(true, flipped):
        _, groups = report_scores.scores_by_degree("multilabel", np.where(labels ^ noise, 1.0, -1.0), labels, np.ones(300))
        covered += groups[-1].low <= truth <= groups[-1].high
    assert 1870 <= covered <= 1930


def test_scores_by_target(plain, tmp_path):
    dataset = data("regression")
    outputs = guesses(dataset)
    page = written(tmp_path, dataset, outputs=outputs)
    outputs, labels = lists(dataset, outputs)
    for t, row in enumerate(page.tables["Scores by target"][1:]):
        predicted, true = [r[t] for r in outputs], [r[t] for r in labels]
        missed = [p - y for p, y in zip(predicted, true)]
        r2 = naive.r2([[p] for p in predicted], [[y] for y in true], [[y] for y in true])
        rmse, mae = (sum(e * e for e in missed) / len(missed)) ** 0.5, sum(map(abs, missed)) / len(missed)
        wanted = [r2, rmse, mae, sum(true) / len(true), naive.deviation(true)]
        assert row == [f"target {t}", *(f"{value:,.4g}" for value in wanted)]


def test_a_constant_target_is_scored_as_the_metric_scores_it():
    for outputs, wanted in (([[2.0], [2.0]], 1), ([[2.0], [2.5]], 0)):
        assert report_scores.target_scores(np.array(outputs), np.array([[2.0], [2.0]]))["R^2"].tolist() == [wanted]


def test_calibration_of_a_hand_made_case():
    """Two classes, logits (log p, log(1 - p)): 0.85 twice (once right), 1.0 once."""
    logits = np.log([[0.85, 0.15], [0.85, 0.15], [1.0, 1e-30]])
    found = report_scores.reliability(logits, np.array([0, 1, 0]))
    assert [(round(sure, 6), right, nodes) for sure, right, nodes in found] == [(0.85, 0.5, 2), (1.0, 1.0, 1)]


def test_small_classes_become_one():
    counts = np.array([[5, 1, 2], [3, 7, 4], [6, 8, 9]])
    assert report_scores.merged(counts, np.array([0, 2])).tolist() == [[5, 2, 1], [6, 9, 8], [3, 4, 7]]


# ---- the page


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_it_loads_nothing_and_runs_nothing(task, tmp_path):
    page = written(tmp_path, data(task, name=SCRIPT), majority=0.1, features_only=0.2, command=f"graphsage train {SCRIPT}")
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "image", "iframe", "object", "embed", "base", "form"}
    assert "http:" not in source and "https:" not in source and "@import" not in source
    assert all(target.startswith("#") for _, given in page.elements for key, target in given.items() if key in ("href", "src"))
    assert not [key for _, given in page.elements for key in given if key.startswith("on")]
    policy = next(given["content"] for _, given in page.elements if given.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';") and "script" not in policy
    assert page.text.count(SCRIPT) >= 3  # title, heading and command


@pytest.mark.parametrize("task, pictures", [("multiclass", 8), ("multilabel", 8), ("regression", 8)])
def test_pictures_are_named_and_share_a_page(task, pictures, tmp_path):
    dataset = data(task)
    result = result_of(dataset, guesses(dataset), history=history(training=1.0, waiting=0.5))
    page = written(tmp_path, dataset, result=result)
    shown = [given for name, given in page.elements if name == "svg"]
    assert len(shown) == pictures
    titles = {given["id"] for name, given in page.elements if name == "title" and "id" in given}
    assert all(given["role"] == "img" and given["aria-labelledby"] in titles and "viewbox" in given for given in shown)
    assert [name for name, given in page.elements if "font-family" in given.get("style", "")] == []


def test_all_names_of_classes_are_in_the_picture(tmp_path):
    page = written(tmp_path, data("multiclass"), embed=None)
    assert [page.drawn.count(name) for name in (SCRIPT[:21] + "...", *NAMES[1:])] == [2] * 4  # on both axes


def test_letters_that_the_font_lacks_are_left_to_the_browser(tmp_path):
    page = written(tmp_path, data("multiclass", class_names=("\N{CJK UNIFIED IDEOGRAPH-6F22}", "b", "c", "d")), embed=None)
    assert page.drawn.count("\N{CJK UNIFIED IDEOGRAPH-6F22}") == 2


def test_the_answer_stands_first(plain, tmp_path):
    dataset = data("multiclass")
    page = written(tmp_path, dataset, majority=0.125, features_only=0.25)
    score = percent(naive.accuracy(*lists(dataset, guesses(dataset))))
    assert page.text.startswith(2 * f"{score} test accuracy on blocks " + "3 epochs in 6.0 s. Report of ")
    assert page.tables["accuracy beside the baselines"][1:] == [
        ["GraphSAGE", score],
        ["features only (no edges)", "25.0 %"],
        ["most frequent class", "12.5 %"],
    ]
    assert "The model is that of epoch 2, the best on validation." in page.text
    assert f"With the edges the score is {float(score[:-2]) - 25:.1f} points higher than without them." in page.text
    assert [row[0] for row in page.tables["Every epoch"]] == ["epoch", "1", "2 (kept)", "3"]


def test_edges_that_do_harm(plain, tmp_path):
    dataset = data("regression")
    result = result_of(dataset, guesses(dataset), test_score=0.25)
    assert "the score is 0.125 lower than without" in written(tmp_path, dataset, result=result, features_only=0.375).text


def test_every_setting_is_listed(plain, tmp_path):
    config = RunConfig(dataset="blocks", model=ModelConfig(hidden_features=7), train=configured(epochs=3).train)
    page = written(tmp_path, data("multiclass"), config=config)
    model = {row[0]: row[1] for row in page.tables["Configuration: model"][1:]}
    train = {row[0]: row[1] for row in page.tables["Configuration: train"][1:]}
    assert model.keys() == asdict(config.model).keys() and train.keys() == asdict(config.train).keys()
    assert (model["hidden_features"], model["num_layers"], model["dropout"]) == ("7 (default: 128)", "2", "not set")
    assert (train["fanouts"], train["batch_size"]) == ("5, 5 (default: 10, 10)", "16 (default: 512)")
    page = written(tmp_path, data("multiclass"), config=configured(batch_size=None))
    assert dict(row[:2] for row in page.tables["Configuration: train"])["batch_size"] == "full (default: 512)"


def test_time_by_phase(tmp_path):
    dataset = data("multiclass")
    parts = {"waiting": 0.25, "training": 1.0, "evaluating": 0.5, "nodes": 50, "edges": 1000, "memory": 3 * 2**20}
    page = written(tmp_path, dataset, result=result_of(dataset, guesses(dataset), history=history(**parts)))
    assert page.tables["Time by phase"][1:] == [
        ["waiting", "0.75", "12.5 %"],
        ["training", "3.00", "50.0 %"],
        ["evaluating", "1.50", "25.0 %"],
        ["other", "0.75", "12.5 %"],
        ["all", "6.00", ""],
    ]
    assert page.tables["Throughput and memory"][1:] == [
        ["training nodes a second", "40"],
        ["sampled edges a second", "800"],
        ["peak memory of the process", "3 MiB"],
    ]


def test_how_to_reproduce(plain, tmp_path):
    page = written(tmp_path, data("multiclass"), command="graphsage train blocks --epochs 3", versions={"torch": "9.9"})
    assert "graphsage train blocks --epochs 3" in page.text and "--config" not in page.text
    told = dict(page.tables["Versions and machine"][1:])
    assert told.keys() == {"torch", "processor", "cores", "system"} and told["torch"] == "9.9"
    (tmp_path / "config.toml").write_text("")
    page = written(tmp_path, data("multiclass"))
    assert f"graphsage train --config {tmp_path / 'config.toml'}" in page.text
    assert {"python", "torch", "graphsage", "cores"} <= dict(page.tables["Versions and machine"][1:]).keys()


def test_the_card_of_a_known_dataset(plain, tmp_path):
    page = written(tmp_path, data("multiclass", name="debian"))
    assert ["licence", dataset_card("debian").licence] in page.tables["Dataset card"]
    assert "connected components" in page.text
    assert "Dataset card" not in written(tmp_path, data("multiclass", name="cora")).tables  # of another name than the run's


# ---- odd runs


def sections(page):
    return [name for name in ("Classes", "Targets", *SECTIONS) if name.lower() in {g.get("id") for _, g in page.elements}]


def test_without_matplotlib(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    for module in ("figures", "svg"):
        monkeypatch.delitem(sys.modules, f"graphsage.report.{module}", raising=False)
    monkeypatch.delattr("graphsage.report.figures", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    page = written(tmp_path, data("multiclass"))
    assert "pip install 'graphsage[plots]'" in page.text
    assert "svg" not in {name for name, _ in page.elements}
    assert len(page.tables["Scores by class"]) == 6 and len(page.tables["Every epoch"]) == 4


def test_one_epoch_and_no_steps(tmp_path):
    dataset = data("multiclass")
    result = result_of(dataset, guesses(dataset), history=history(1), best_epoch=1)
    page = written(tmp_path, dataset, result=result, log=[], config=configured(epochs=1))
    assert "1 epoch in 2.0 s." in page.text and "interrupted" not in page.text


def test_an_interrupted_run_that_was_tested(tmp_path):
    dataset = data("multiclass")
    result = result_of(dataset, guesses(dataset), history=history(1), best_epoch=1, interrupted=True)
    page = written(tmp_path, dataset, result=result)
    assert "The training was interrupted after epoch 1. It might" in page.text and "1 of 3 epochs in 2.0 s." in page.text


@pytest.mark.parametrize("epochs", [0, 2])
def test_an_interrupted_run_that_was_not_tested(epochs, tmp_path):
    (tmp_path / "checkpoint.pt").write_text("")
    best = {"best_epoch": 2, "val_score": 0.625} if epochs else {"best_epoch": None, "val_score": None}
    dataset = data("multiclass")
    result = result_of(dataset, None, history=history(epochs), interrupted=True, **best)
    page = written(tmp_path, dataset, outputs=None, result=result)
    title = "62.5 % validation accuracy on blocks" if epochs else "A model of blocks, not tested"
    assert page.text.startswith(title)
    assert f"{'after epoch 2' if epochs else 'in its first epoch'}. `graphsage train --resume {tmp_path}` goes on" in page.text
    assert "The model was not tested." in page.text and "Scores by class" not in page.tables
    assert sections(page) == ["Classes", *SECTIONS]


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_without_validation_nodes(task, tmp_path):
    dataset = data(task, val=[])
    result = result_of(dataset, guesses(dataset), val_score=None, best_epoch=3, history=history(val_score=None, val_loss=None))
    page = written(tmp_path, dataset, result=result)
    assert "the last one, as there are no validation nodes" in page.text
    assert "There are no validation nodes, and so no curve of a score." in page.text
    assert page.tables["Every epoch"][0] == ["epoch", "training loss", "seconds"]


def test_without_test_nodes(tmp_path):
    dataset = data("multiclass", test=[])
    page = written(tmp_path, dataset, majority=None)
    assert page.text.startswith("62.5 % validation accuracy on blocks")
    assert "There are no test nodes. This is about the validation nodes" in page.text
    assert page.tables["accuracy by validation nodes"][-1][1] == "60"


def test_with_nothing_to_judge_by(tmp_path):
    dataset = data("multiclass", val=[], test=[], name=None)
    result = result_of(dataset, guesses(dataset), val_score=None, history=history(val_score=None, val_loss=None))
    page = written(tmp_path, dataset, result=result)
    assert page.text.startswith("A model of the dataset, not tested")
    assert "there are neither test nor validation nodes" in page.text and sections(page) == ["Classes", *SECTIONS]


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_a_single_test_node(task, tmp_path):
    dataset = data(task, test=[5])  # isolated
    page = written(tmp_path, dataset, result=result_of(dataset, guesses(dataset), test_score=0.0))
    label = {"multiclass": "accuracy", "multilabel": "micro-F1", "regression": "R^2"}[task]
    assert [row[0] for row in page.tables[f"{label} by test nodes"][1:]] == ["isolated", "all"]


def test_a_log_of_another_time(tmp_path):
    """Old lines, unknown ones, and values that are not numbers."""
    log = [{"kind": "hello"}, {"kind": "step", "epoch": 1, "step": 0, "loss": None}, {"kind": "epoch"},
           {"kind": "step", "epoch": 1, "step": 1, "loss": 3.0}, {"kind": "epoch", "epoch": 1, "loss": float("nan")},
           {"kind": "epoch", "epoch": 2, "loss": 1.5, "val_score": 0.5}]  # fmt: skip
    page = written(tmp_path, data("multiclass"), log=log)
    assert page.tables["Every epoch"][1:] == [["1", "–", "–"], ["2 (kept)", "1.5", "0.5"]]
    assert "The log does not tell how the time was spent." in page.text


def test_many_classes_have_room(tmp_path):
    """80 classes: the 60 largest and the rest as one, in a picture that scrolls by itself."""
    labels = np.arange(200) % 80
    dataset = data("multiclass", labels=labels, class_names=None, train=np.arange(40), val=[], test=np.arange(40, 200))
    rng = np.random.default_rng(6)
    page = written(tmp_path, dataset, outputs=rng.normal(size=(200, 80)).astype(np.float32))
    assert page.drawn.count("20 others") == 4 and len(page.tables["Scores by class"]) == 82
    wide = [given for name, given in page.elements if name == "svg" and "min-width" in given.get("style", "")]
    assert len(wide) == 1


def test_outputs_of_another_shape_are_refused(tmp_path):
    dataset = data("multiclass")
    with pytest.raises(ValueError, match=r"outputs must have one row a node, 200; got shape \(3, 4\)"):
        written(tmp_path, dataset, outputs=np.zeros((3, 4)), result=result_of(dataset, None))


def test_outputs_that_are_no_numbers(plain, tmp_path):
    dataset = data("multiclass")
    page = written(tmp_path, dataset, outputs=np.full((200, 4), np.nan), result=result_of(dataset, None, test_score=0.5))
    assert "The outputs for the test nodes are not all finite numbers." in page.text


def test_a_report_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    written(tmp_path, data("multiclass"))
    before = (tmp_path / "report.html").read_bytes()
    monkeypatch.setattr("os.fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        written(tmp_path, data("regression"))
    assert (tmp_path / "report.html").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


# ---- drawing


def test_drawing_leaves_the_callers_settings_alone(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"font.size": 77, "svg.fonttype": "path", "text.usetex": True}):
        before = dict(matplotlib.rcParams)
        page = written(tmp_path, data("multiclass"))
        assert dict(matplotlib.rcParams) == before
    sizes = {given["style"] for name, given in page.elements if name == "text"}
    assert sizes and not [style for style in sizes if "77px" in style]


def test_drawing_leaves_pyplot_alone():
    pytest.importorskip("matplotlib")
    program = "import sys, graphsage.report.figures; print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_report_does_not_import_matplotlib_before_it_draws():
    program = "import sys, graphsage.report.report; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"


def test_long_curves_are_thinned():
    figures = pytest.importorskip("graphsage.report.figures")
    points = np.stack([np.arange(1001.0), np.arange(1001.0) % 2], 1)
    thin = figures.thinned(points)
    assert len(thin) == 334 and thin[0].tolist() == [1, 1 / 3] and thin[-1].tolist() == [999.5, 0.5]
    assert figures.thinned(points[:400]).tolist() == points[:400].tolist()


# ---- elements


def test_text_is_escaped_once():
    inner = tag("b", "a < b & \"c\"")
    assert inner == "<b>a &lt; b &amp; &quot;c&quot;</b>"
    assert tag("p", inner, class_="x\">", aria_label=None) == f'<p class="x&quot;&gt;">{inner}</p>'
    assert markup(None) == "" and markup(3) == "3"


@pytest.mark.parametrize("share, width", [(0.5, "50.0%"), (-1, "0.0%"), (7, "100.0%"), (float("nan"), "0.0%")])
def test_bars_stay_in_their_cell(share, width):
    assert f"background-size: {width} 100%" in bar(share, "text")


def test_durations():
    assert [duration(s) for s in (0, 59.94, 60, 3599.6, 7380)] == ["0.0 s", "59.9 s", "1 min 0 s", "1 h 0 min", "2 h 3 min"]


def test_replacing_a_result_is_enough(plain, tmp_path):
    """A result that says nothing of its history still has a report, from the log alone."""
    dataset = data("multiclass")
    full = result_of(dataset, guesses(dataset))
    page = written(tmp_path, dataset, result=replace(full, history=[]), log=log_of(full))
    assert len(page.tables["Every epoch"]) == 4
