"""Training on nodes that are asked at their own times: nothing later than that is seen, by whatever way it could be."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from helpers.temporal import told_at

import graphsage as gs
from graphsage.loading.node_loader import NeighborLoader
from graphsage.runs.run import run
from graphsage.runs.run_folder import read_result
from graphsage.sampling import neighbor

CHANCE = 0.63  # 200 test nodes are right with probability 1/2 each: above that in one of 10,000 tests


def trained(data, folder=None, *, log=None, model=None, hops=1, **options):
    model = gs.GraphSAGE(2, 16, 2, num_layers=hops, dropout=0.0) if model is None else model
    options = {"epochs": 12, "fanouts": (6, 6)[:hops], "batch_size": 32, **options}
    return gs.Trainer(model, data, gs.TrainConfig(**options), folder=folder, log=log).fit()


#: What comes when, and where: (arguments of told_at, settings). The label is told at or after the time that is asked for.
HIDDEN = {
    "later": ({"offset": 1}, {}),
    "at the time": ({"offset": 0}, {"strictly_before": True}),
    "later, at the second hop": ({"offset": 1, "hops": 2}, {"hops": 2}),
    "by nodes that come later": ({"offset": 1, "by_nodes": True}, {}),
    "later, latest drawn": ({"offset": 1}, {"draw": "recent", "fanouts": (3,)}),
    "later, all drawn": ({"offset": 1}, {"fanouts": (-1,)}),
    "later, full batch": ({"offset": 1}, {"batch_size": None, "fanouts": (10, 10), "epochs": 40}),
}
SHOWN = {
    "before": ({"offset": -1}, {}),
    "at the time": ({"offset": 0}, {}),
    "strictly before": ({"offset": -1}, {"strictly_before": True}),
    "at the time, at the second hop": ({"offset": 0, "hops": 2}, {"hops": 2}),
    "by nodes that come at the time": ({"offset": 0, "by_nodes": True}, {}),
    "latest drawn": ({"offset": 0}, {"draw": "recent", "fanouts": (3,)}),
    "full batch": ({"offset": 0}, {"batch_size": None, "fanouts": (10, 10), "epochs": 40}),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_told_later_is_not_known(name, tmp_path):
    """Null: outputs do not depend on the label, so 200 test nodes are right binomially. Power: see the planted leaks."""
    arguments, options = HIDDEN[name]
    data = told_at(**arguments)
    assert trained(data, tmp_path, **options).test_score < CHANCE
    assert gs.load_trained(tmp_path).evaluate(data)["test"]["accuracy"] < CHANCE


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_told_in_time_is_known(name, tmp_path):
    arguments, options = SHOWN[name]
    data = told_at(**arguments)
    assert trained(data, tmp_path, **options).test_score > 0.9
    found = gs.load_trained(tmp_path)
    assert found.evaluate(data)["test"]["accuracy"] > 0.9
    assert np.mean(found.predict(data, data.test).labels == data.labels[data.test]) > 0.9


# ---- planted leaks: the test above sees each of them


def not_given(monkeypatch):
    monkeypatch.setattr(NeighborLoader, "_items", lambda loader, nodes: nodes)


def one_too_many(monkeypatch):
    bounds_of = neighbor.bounds_of
    monkeypatch.setattr(neighbor, "bounds_of", lambda *arguments: bounds_of(*arguments) + 1)


def not_strictly(monkeypatch):
    bounds_of = neighbor.bounds_of
    monkeypatch.setattr(neighbor, "bounds_of", lambda *arguments: bounds_of(*arguments[:3], False))


def nodes_forgotten(monkeypatch):
    from graphsage.sampling import arranged

    monkeypatch.setattr(arranged, "edge_times", lambda graph, node_times: graph.times)


@pytest.mark.parametrize("leak, name", [
    (not_given, "later"), (not_given, "at the time"), (not_given, "later, at the second hop"),
    (one_too_many, "later"), (one_too_many, "later, at the second hop"), (one_too_many, "later, latest drawn"),
    (not_strictly, "at the time"), (nodes_forgotten, "by nodes that come later"),
])  # fmt: skip
def test_a_planted_leak_is_seen(leak, name, monkeypatch):
    arguments, options = HIDDEN[name]
    data = told_at(**arguments)
    leak(monkeypatch)
    assert trained(data, **options).test_score > 0.9


class Own(torch.nn.Module):
    """A module of the caller's: batches with all features, and no layers."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, batch):
        return self.linear(batch.blocks[0].mean(batch.x))[batch.seed_index]


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("model", [Own, lambda: gs.GraphSAGE(2, 4, 2, 1, "mean_pool")], ids=["own", "pool"])
def test_batches_of_every_form(offset, model):
    data = told_at(offset)
    trainer = gs.Trainer(model(), data, gs.TrainConfig(epochs=15, fanouts=(6,), batch_size=32, learning_rate=0.05), log=None)
    score = trainer.fit().test_score
    assert score < CHANCE if offset else score > 0.8
    assert np.mean(trainer.predict(data.test).labels == data.labels[data.test]) == pytest.approx(score)


# ---- what is said of it


def test_the_training_says_what_it_leaves_out(tmp_path):
    data, lines = told_at(0), []
    edges = data.graph.num_edges
    for options, line in [
        ({}, f"Time: each node sees the edges until its own time; 750 of {edges:,} edges are later than every training node"),
        ({"strictly_before": True}, f"edges before its own time; 753 of {edges:,} edges are not before any training node"),
    ]:
        result = trained(data, log=lines.append, epochs=1, **options)
        assert line in "\n".join(lines)
        assert result.later_edges == (753 if options else 750) and result.outputs is None


def test_a_training_without_times_says_nothing():
    data, lines = replace(told_at(0), times=None), []
    assert trained(data, log=lines.append, epochs=1).later_edges is None
    assert "Time" not in "\n".join(lines)


def test_settings_and_data_that_do_not_fit():
    data = told_at(0)
    with pytest.raises(ValueError, match="told has no times of nodes, and strictly_before=True is about those: pass times="):
        trained(replace(data, times=None), strictly_before=True)
    with pytest.raises(ValueError, match="evaluate='exact' is of all neighbours, by GraphSAGE; nodes with times are"):
        trained(data, evaluate="exact")
    with pytest.raises(ValueError, match="the dataset has node_times, and the sampler none: make it with"):
        NeighborLoader(data, gs.NeighborSampler(data.graph, [2]), 8)


def test_a_model_of_timed_nodes_asks_for_times(tmp_path):
    data = told_at(0)
    trained(data, tmp_path, epochs=1)
    found = gs.load_trained(tmp_path)
    assert found.timed and not found.strictly_before and found.is_drawn
    bare = replace(data, times=None)
    for ask in (found.check, found.predict, found.outputs, found.evaluate):
        with pytest.raises(ValueError, match="told has no times of nodes, and the model was trained on nodes that were asked"):
            ask(bare)


def test_to_a_model_of_whole_neighbourhoods_times_are_nothing(tmp_path):
    data = told_at(1)
    bare = replace(data, times=None)
    trained(bare, tmp_path, fanouts=(-1,))
    found = gs.load_trained(tmp_path)
    assert not found.is_drawn
    assert found.evaluate(data)["test"]["accuracy"] > 0.9
    assert np.array_equal(found.outputs(data, fanouts=(3,)), found.outputs(bare, fanouts=(3,)))


def test_pna_is_scaled_by_degrees_that_training_may_see():
    """The planted fault, degrees of the whole graph, gives another delta."""
    data = told_at(0, number=60)
    known = data.graph.times <= data.times[data.train].max()
    rows = np.repeat(np.arange(data.num_nodes), data.graph.degrees)
    model = gs.GraphSAGE(2, 4, 2, num_layers=1, aggregator="pna")
    trained(data, model=model, epochs=1)
    expected = np.log1p(np.bincount(rows[known], minlength=data.num_nodes)).mean()
    assert model.layers[0].aggregator.delta.item() == pytest.approx(expected, rel=1e-6)
    assert expected != pytest.approx(np.log1p(data.graph.degrees).mean(), rel=1e-3)


def test_a_run_goes_on_and_not_with_other_times(tmp_path):
    data = told_at(0, number=80)
    whole = gs.GraphSAGE(2, 4, 2, num_layers=1)
    trained(data, model=whole, epochs=4)
    trained(data, tmp_path, model=gs.GraphSAGE(2, 4, 2, num_layers=1), epochs=2)
    again = gs.Trainer(gs.GraphSAGE(2, 4, 2, num_layers=1), data, config(4), folder=tmp_path, log=None)
    again.resume()
    again.fit()
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.model.parameters()))
    late = replace(data, times=data.times + 1)
    other = gs.Trainer(gs.GraphSAGE(2, 4, 2, num_layers=1), late, config(5), folder=tmp_path, log=None)
    with pytest.raises(ValueError, match="is of a training with another dataset: asked times checksum"):
        other.resume()


def config(epochs):
    return gs.TrainConfig(epochs=epochs, fanouts=(6,), batch_size=32)


def test_a_whole_run(tmp_path):
    """Its baseline knows no times, its table has the outputs that were scored, and its report says what was left out."""
    data = told_at(0)
    settings = gs.RunConfig(model=gs.ModelConfig(num_layers=1, dropout=0.0), train=replace(config(8), strictly_before=True))
    result = run(settings, data, folder=tmp_path / "run", log=lambda line: None)
    assert result.features_only < CHANCE and result.result.test_score < CHANCE
    table = pq.read_table(tmp_path / "run" / "predictions.parquet").to_pydict()
    found = np.array([p == y for p, y, s in zip(table["predicted"], table["label"], table["split"]) if s == "test"])
    assert np.isclose(found.mean(), result.result.test_score, atol=1e-9)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "753 of" in page and "are not before any training node" in page
    assert read_result(tmp_path / "run", settings)["result"].later_edges == 753
    described = json.loads((tmp_path / "run" / "model.json").read_text())
    assert described["timed"] and "those before the time" in described["neighbors"]


# ---- asked by a model that could read the answer


@pytest.mark.parametrize("name", [name for name in HIDDEN if "full" not in name])
def test_a_model_that_could_read_it_is_not_shown_it(name, tmp_path):
    """It learned where the label is told in time, and is asked of the same nodes where it is told later, by all that can ask.

    The planted leak, an exact evaluation, is right.
    """
    arguments, options = HIDDEN[name]
    known, later = told_at(**{**arguments, "offset": -1}), told_at(**arguments)
    hops = options.get("hops", 1)
    settings = {"fanouts": (6, 6)[:hops]} | {key: value for key, value in options.items() if key != "hops"}
    model = gs.GraphSAGE(2, 16, 2, num_layers=hops, dropout=0.0)
    assert trained(known, tmp_path, model=model, **settings).test_score > 0.9
    trainer = gs.Trainer(model, later, gs.TrainConfig(**settings), log=None)
    assert trainer.evaluate(later.test)[0] < CHANCE and trainer.evaluate(later.test, sampled=True)[0] < CHANCE
    assert np.mean(trainer.predict(later.test).labels == later.labels[later.test]) < CHANCE
    assert gs.load_trained(tmp_path).evaluate(later)["test"]["accuracy"] < CHANCE
    exact = gs.inference(model, later.graph, later.features).numpy()
    assert np.mean(exact[later.test].argmax(1) == later.labels[later.test]) > 0.8


def test_embeddings_of_drawn_neighbours_are_asked_of_what_is_saved():
    trainer = gs.Trainer(gs.GraphSAGE(2, 16, 2), told_at(offset=0), gs.TrainConfig(fanouts=(6, 6)), log=None)
    with pytest.raises(ValueError, match="GraphSAGE has no layers .* here .its neighbours are drawn: load_trained of"):
        trainer.embed()
