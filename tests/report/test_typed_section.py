"""The report of a typed graph: what there is of nodes, on the labelled ones, and what types and relations are worth."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import configured
from helpers.typed_data import CITES, WRITES, papers

import graphsage as gs
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.inference import inference
from graphsage.report import node_sections
from graphsage.runs.run import build_model, run
from graphsage.training import relation_worth
from graphsage.training.relation_worth import drawn_in_a_batch, scores_without


@pytest.fixture(scope="module")
def dataset():
    return papers()


@pytest.fixture(scope="module")
def trainer(dataset):
    config = configured({"norm": "layer"}, epochs=12)
    trainer = gs.Trainer(build_model(config, dataset), dataset, config.train, log=None)
    trainer.fit()
    return trainer


def test_what_the_model_reads_costs_what_it_tells(trainer, dataset):
    """Authors tell what a paper is about; venues and citations are noise."""
    found, whole = scores_without(trainer.task), trainer.evaluate(dataset.val)[0]
    assert list(found) == list(dataset.graph.relations)
    assert whole - found[WRITES] > 0.2 > abs(whole - found[CITES])
    edges = {name: dataset.graph.edges(name) for name in dataset.graph.relations} | {WRITES: ((), ())}
    outputs = inference(trainer.model, TypedGraph(dataset.num_nodes, edges), dataset.features)
    right = outputs.argmax(1) == torch.from_numpy(dataset.labels.copy())
    assert found[WRITES] == pytest.approx(right[torch.from_numpy(dataset.val.copy())].double().mean().item())


def test_nothing_is_known_of_relations_where_outputs_are_drawn_or_dear(trainer, dataset, monkeypatch):
    config = configured(epochs=1, relation_fanouts="cites=0,0")
    drawn = gs.Trainer(build_model(config, dataset), dataset, config.train, log=None)
    assert scores_without(drawn.task) == {}
    monkeypatch.setattr(relation_worth, "MOST_EDGES", 10)
    assert scores_without(trainer.task) == {}


def test_batches_are_counted(trainer):
    nodes, edges = drawn_in_a_batch(trainer.loader)
    batches = list(trainer.loader.epoch(0))
    assert nodes["author"] == sum(len(batch.minibatch.nodes["author"]) for batch in batches) / len(batches)
    assert edges[WRITES] == sum(len(batch.minibatch.indices[WRITES]) for batch in batches) / len(batches)


def test_the_page_tells_types_and_relations(dataset, tmp_path):
    names = {"paper": [f"<b>{number}</b>" for number in range(120)]}
    run(replace(configured(epochs=2), baseline=False), replace(dataset, node_ids=names), folder=tmp_path, log=lambda line: None)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    assert "Types and relations" in text and "Without a relation: the validation accuracy of this very model" in text
    assert re.search(r"author 80 3 \d+", text) and re.search(r"venue 5 5 \d", text)
    assert re.search(rf"author writes paper {dataset.num_edges[WRITES]} \d+ \d+\.\d % -?\d+\.\d points", text)
    assert "About the 49 test nodes" in text and "&lt;b&gt;" in page and "<b>" not in page
    assert "papers: 205 nodes of 3 types" in text and "label propagation" in text
    assert "What is in it, counted" in text


def test_neighbours_are_those_of_all_relations(dataset, tmp_path, monkeypatch):
    seen = []
    count = node_sections.scores.scores_by_degree
    monkeypatch.setattr(node_sections.scores, "scores_by_degree", lambda *given: seen.append(given[3]) or count(*given))
    run(replace(configured(epochs=1), baseline=False), dataset, folder=tmp_path, log=lambda line: None)
    into = [np.bincount(dataset.graph.edges(name)[1], minlength=120) for name in dataset.graph.relations if name[2] == "paper"]
    assert len(into) == 4 and np.array_equal(seen[0], np.sum(into, 0)[dataset.test])


def test_a_graph_of_one_type_has_no_such_section(tmp_path):
    from helpers.blocks import blocks

    run(replace(configured(epochs=1), baseline=False), blocks(), folder=tmp_path, log=lambda line: None)
    assert "Types and relations" not in (tmp_path / "report.html").read_text(encoding="utf-8")
