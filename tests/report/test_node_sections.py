"""The parts of a report that are about single nodes, and what other thresholds would give: as a page says them."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.blocks import configured
from helpers.graphs import rows
from helpers.pages import Page
from helpers.reports import NAMES, SCRIPT, data, embeddings, guesses, history, log_of, result_of

from graphsage.report.report import write_report

IDS = np.array([f"<b>{v}</b>" for v in range(200)], object)  # are text, and no markup


def page_of(folder, dataset, outputs=None, **options):
    outputs = guesses(dataset) if outputs is None else outputs
    result = options.pop("result", None) or result_of(dataset, outputs)
    how = {"config": configured(epochs=3), "result": result, "log": log_of(result), **options}
    path = write_report(folder / "report.html", dataset=dataset, outputs=outputs, **how)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr("graphsage.report.told_run._figures", lambda: None)


def same_share(dataset, node):
    near = [v for v in rows(dataset.graph)[node] if dataset.labels[v] >= 0]
    return f"{100 * np.mean([dataset.labels[v] == dataset.labels[node] for v in near]):.1f} %" if near else "–"


# ---- mistakes


def test_mistakes_are_named_with_what_is_known_of_them(plain, tmp_path):
    dataset = data("multiclass", node_ids=IDS)
    outputs = guesses(dataset)
    head, *found = page_of(tmp_path, dataset).tables["Surest mistakes"]
    assert head == ["node", "true class", "taken for", "probability", "neighbours", "neighbours of the same class"]
    shares = np.exp(outputs.astype(float)) / np.exp(outputs.astype(float)).sum(1, keepdims=True)
    wrong = [v for v in dataset.test if outputs[v].argmax() != dataset.labels[v]]
    wanted = sorted(wrong, key=lambda v: -shares[v].max())[:20]
    assert found == [
        [IDS[v], NAMES[dataset.labels[v]], NAMES[outputs[v].argmax()], f"{100 * shares[v].max():.2f} %",
         str(dataset.graph.degrees[v]), same_share(dataset, v)]
        for v in wanted
    ]  # fmt: skip


def test_labels_that_are_surely_wrong(plain, tmp_path):
    dataset, cut = data("multilabel", node_ids=IDS), np.array([-1.5, 0.25, 0.5, -20.0], np.float32)
    outputs = guesses(dataset)
    result = replace(result_of(dataset, outputs), thresholds=tuple(cut.tolist()))
    head, *found = page_of(tmp_path, dataset, result=result).tables["Surest mistakes"]
    assert head == ["node", "label", "has it", "probability", "neighbours", "labels in common"]
    wrong = [(v, k) for v in dataset.test for k in range(4) if (outputs[v, k] > cut[k]) != (dataset.labels[v, k] > 0)]
    first = sorted(wrong, key=lambda at: -abs(outputs[at] - cut[at[1]]))[:20]
    wanted = [[IDS[v], NAMES[k], "yes" if dataset.labels[v, k] else "no", f"{100 / (1 + np.exp(-outputs[v, k])):.2f} %"]
              for v, k in first]  # fmt: skip
    assert [row[:4] for row in found] == wanted


def test_largest_errors(plain, tmp_path):
    dataset = data("regression", node_ids=IDS)
    outputs = guesses(dataset)
    head, *found = page_of(tmp_path, dataset).tables["Surest mistakes"]
    assert head == ["node", "target", "true", "predicted", "error", "neighbours", "neighbours' distance"]
    errors = (outputs - dataset.labels)[dataset.test] / dataset.labels[dataset.test].std(0)
    place, target = divmod(int(np.abs(errors).argmax()), 2)
    node = dataset.test[place]
    true, told = dataset.labels[node, target], outputs[node, target]
    assert found[0][:5] == [IDS[node], f"target {target}", f"{true:,.4g}", f"{told:,.4g}", f"{told - true:,.4g}"]
    assert len(found) == 20


def test_no_mistakes(plain, tmp_path):
    dataset = data("multiclass")
    page = page_of(tmp_path, dataset, np.eye(4, dtype=np.float32)[dataset.labels])
    assert "None: all of the test nodes are right." in page.text and "Surest mistakes" not in page.tables


# ---- neighbours


def test_scores_by_likeness(plain, tmp_path):
    dataset = data("multiclass")
    outputs, near = guesses(dataset), rows(dataset.graph)
    head, *found = page_of(tmp_path, dataset).tables["accuracy by neighbours of the same class"]
    assert head == ["neighbours of the same class", "nodes", "accuracy", "95 % interval"]
    groups = {}
    for v in dataset.test:
        known = [u for u in near[v] if dataset.labels[u] >= 0]
        if known:
            share = np.mean([dataset.labels[u] == dataset.labels[v] for u in known])
            groups.setdefault(min(int(share * 5 + 1e-9), 4), []).append(outputs[v].argmax() == dataset.labels[v])
    shown = {k: [str(len(hits)), f"{100 * np.mean(hits):.1f} %"] for k, hits in sorted(groups.items())}
    wanted = [[f"{20 * k} to {20 * k + 20} %", *cells] for k, cells in shown.items()]
    assert [row[:3] for row in found] == wanted and len(wanted) >= 3


def test_where_no_neighbour_has_a_label_nothing_is_said_of_likeness(plain, tmp_path):
    dataset = data("multiclass")
    page = page_of(tmp_path, dataset.without_edges())
    assert "Like and unlike neighbours" not in page.text


# ---- embeddings


@pytest.mark.parametrize("task, by", [
    ("multiclass", "by class"), ("multilabel", "by the largest of their labels"), ("regression", "by target 0, in five groups")
])  # fmt: skip
def test_embeddings_are_drawn(task, by, tmp_path):
    pytest.importorskip("matplotlib")
    page = page_of(tmp_path, data(task), embed=embeddings)
    assert f"What goes into the last layer, of 99 test nodes, coloured {by}: " in page.text
    assert [text for text in page.drawn if text.startswith("first direction: ")]


@pytest.mark.parametrize("embed", [None, lambda nodes: None, lambda nodes: np.full((len(nodes), 2), np.nan)])
def test_where_there_are_no_embeddings_the_page_says_so(embed, tmp_path):
    pytest.importorskip("matplotlib")
    assert "The model has none that could be drawn." in page_of(tmp_path, data("regression"), embed=embed).text


def test_without_matplotlib_nothing_is_embedded(plain, tmp_path):
    page = page_of(tmp_path, data("multiclass"), embed=lambda nodes: 1 / 0)
    assert "They are a picture, which needs matplotlib." in page.text


# ---- thresholds


def of_two_classes():
    labels = data("multiclass").labels
    return data("multiclass", labels=np.where(labels < 0, -1, labels == 1), class_names=("quiet", SCRIPT))


def test_curves_of_two_classes(tmp_path):
    pytest.importorskip("matplotlib")
    dataset = of_two_classes()
    outputs = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    page = page_of(tmp_path, dataset, outputs, embed=embeddings)
    (name, area, *_, nodes) = page.tables["Areas under the curves"][1]
    yes, said = dataset.labels[dataset.test] == 1, (outputs[:, 1] > outputs[:, 0])[dataset.test]
    assert name == SCRIPT and nodes == f"{yes.sum()} of 99"
    assert page.tables["Areas under the curves"][1][3:6] == [
        f"{100 * share:.1f} %" for share in ((yes & said).sum() / said.sum(), said[yes].mean(), said[~yes].mean())
    ]
    assert {"recall", "precision", "false alarms"} <= set(page.drawn)


def test_more_classes_have_no_curves(plain, tmp_path):
    assert "Areas under the curves" not in page_of(tmp_path, data("multiclass")).tables


# ---- the pictures of all of it


def test_labels_of_axes_are_text(tmp_path):
    """Of numbers of every size: what a browser would show as a formula has a dollar."""
    pytest.importorskip("matplotlib")
    dataset = data("regression", labels=1e12 * data("regression").labels)
    outputs = (1e12 * guesses(data("regression"))).astype(np.float32)
    epochs = history(3, val_loss=1e-9, learning_rate=1e-7)
    epochs = [replace(epoch, loss=1e-9 / epoch.number, learning_rate=1e-7 / epoch.number) for epoch in epochs]
    page = page_of(tmp_path, dataset, outputs, result=result_of(dataset, outputs, history=epochs), embed=embeddings)
    assert not [text for text in page.drawn if "$" in text or "math" in text] and "epoch" in page.drawn


def test_a_report_of_many_nodes_stays_small(tmp_path):
    """Less than 1 MB at 60 classes and 2,000 dots: what is drawn does not grow with the graph."""
    pytest.importorskip("matplotlib")
    from graphsage.data.dataset import NodeDataset
    from graphsage.graph.graph import Graph

    rng, count = np.random.default_rng(0), 6000
    labels = rng.integers(0, 60, count)
    graph = Graph.from_edges(*rng.integers(0, count, (2, 20_000)), count)
    split = {"train": np.arange(9), "val": np.arange(9, 99), "test": np.arange(99, count)}
    dataset = NodeDataset(graph=graph, features=np.ones((count, 1), np.float32), labels=labels, **split)
    outputs = rng.normal(size=(count, 60)).astype(np.float32)
    page_of(tmp_path, dataset, outputs, embed=lambda nodes: rng.normal(size=(len(nodes), 8)))
    assert (tmp_path / "report.html").stat().st_size < 1_000_000
