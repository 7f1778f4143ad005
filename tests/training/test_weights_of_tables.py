"""Weights that came with tables are passed over by a draw that does not read them, and that is said; others are refused."""

from dataclasses import replace

import numpy as np
import pytest

import graphsage as gs

pytest.importorskip("pyarrow")

LINE = "Edges have weights, which this draw does not read (--draw weighted draws by them)"


def dataset(weight=None):
    order, rng = np.arange(60), np.random.default_rng(0)
    nodes = {"id": order, "label": np.where(order % 2, "a", "b"), "x": rng.normal(size=60)}
    source, target = rng.integers(0, 60, (2, 200))
    edges = {"source": source, "target": target} | ({} if weight is None else {"weight": np.full(200, weight)})
    return gs.from_tables(nodes, edges, progress=False)


def fit(data, links=False, **settings):
    said = []
    config = gs.TrainConfig(epochs=1, fanouts=(3, 3), num_threads=0, device="cpu", **settings)
    data = gs.split_links(data, val=0.1, test=0.1, seed=0) if links else data
    model = gs.LinkPredictor(gs.GraphSAGE(1, 4, 4)) if links else gs.GraphSAGE(1, 4, data.num_outputs)
    trainer = gs.Trainer(model, data, config, log=said.append)
    return trainer.fit(), said, trainer


@pytest.mark.parametrize("links", [False, True])
def test_they_are_passed_over_and_that_is_said_once(links):
    (plain, nothing, _), (weighted, said, trainer) = fit(dataset(), links), fit(dataset(2.0), links)
    assert said.count(LINE) == 1 and LINE not in nothing
    assert [epoch.loss for epoch in plain.history] == [epoch.loss for epoch in weighted.history]
    assert trainer.config.weights == "ignore"


def test_a_draw_by_weight_reads_them():
    assert LINE not in fit(dataset(2.0), draw="weighted")[1]


def test_refused_where_asked_for_and_in_a_graph_of_the_callers():
    with pytest.raises(ValueError, match="the graph has weights, and this draw does not read them"):
        fit(dataset(2.0), weights="refuse")
    with pytest.raises(ValueError, match="the graph has weights, and this draw does not read them"):
        fit(replace(dataset(2.0), schema=None))
