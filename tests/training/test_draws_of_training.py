"""Training on other draws than uniform: what was learned from selected neighbours is asked with such neighbours."""

import numpy as np
import pyarrow.parquet as pq
import pytest

import graphsage as gs
from graphsage.runs.run import run

N, HEAVY, LIGHT = 400, 2, 10


@pytest.fixture(scope="module")
def data():
    """A node's class is the sign that its two heavy, late neighbours share; its ten light, early ones are random."""
    generator = np.random.default_rng(0)
    signs, classes = generator.integers(0, 2, N), generator.integers(0, 2, N)
    sources = [generator.choice(np.flatnonzero(signs == c), HEAVY) for c in classes], generator.integers(0, N, (N, LIGHT))
    src, dst = np.concatenate([part.ravel() for part in map(np.array, sources)]), np.repeat(np.arange(N), HEAVY)
    dst = np.append(dst, np.repeat(np.arange(N), LIGHT))
    is_heavy = np.arange(len(src)) < N * HEAVY
    graph = gs.Graph.from_edges(src, dst, N, weights=np.where(is_heavy, 1000.0, 1.0), times=np.where(is_heavy, 20, 10))
    features = np.eye(2, dtype=np.float32)[signs]
    nodes = np.arange(N)
    split = {"train": nodes[:200], "val": nodes[200:250], "test": nodes[250:]}
    return gs.NodeDataset(graph=graph, features=features, labels=classes, **split)


def trained(data, tmp_path, draw, **options):
    model = gs.GraphSAGE(2, 16, 2, num_layers=1, dropout=0.0)
    weights = "refuse" if draw == "weighted" else "ignore"
    config = gs.TrainConfig(epochs=15, fanouts=(2,), batch_size=32, draw=draw, weights=weights, **options)
    return gs.Trainer(model, data, config, log=None, folder=tmp_path / draw).fit(), gs.load_trained(tmp_path / draw)


@pytest.mark.parametrize("draw", ["weighted", "recent"])
def test_selected_neighbours_tell_the_class(draw, data, tmp_path):
    result, model = trained(data, tmp_path, draw)
    assert result.test_score > 0.95
    assert result.outputs is None  # there are none of all neighbours
    assert model.draw == draw
    assert model.evaluate(data)["test"]["accuracy"] > 0.95
    labels = model.predict(data, data.test).labels
    assert np.mean(labels == data.labels[data.test]) > 0.95


@pytest.mark.parametrize("draw", ["uniform", "labor"])
def test_neighbours_of_all_kinds_do_not(draw, data, tmp_path):
    result, model = trained(data, tmp_path, draw)
    assert result.test_score < 0.9
    assert model.draw == draw and len(result.outputs) == N


@pytest.mark.parametrize("draw", ["weighted", "recent"])
def test_exact_scores_of_selected_neighbours_are_refused(draw, data, tmp_path):
    with pytest.raises(ValueError, match=f"evaluate='exact' is of all neighbours, by GraphSAGE; draw='{draw}' is evaluated by"):
        trained(data, tmp_path, draw, evaluate="exact")


@pytest.mark.parametrize("options, text", [
    ({"draw": "recent", "replace": True}, "replace = True is not used by draw = 'recent'"),
    ({"draw": "labor", "replace": True}, "replace = True is not used by draw = 'labor'"),
    ({"draw": "weighted", "batch_size": None}, "draw = 'weighted' is not used in a full batch"),
    ({"draw": "heavy"}, "draw must be one of"),
])  # fmt: skip
def test_what_does_not_fit(options, text):
    with pytest.raises(ValueError, match=text):
        gs.TrainConfig(**options)


def test_a_graph_without_weights_or_times_is_told_before_the_training(tmp_path):
    graph = gs.Graph.from_edges([1, 0], [0, 1], 2)
    data = gs.NodeDataset(graph=graph, features=np.eye(2), labels=[0, 1], train=[0, 1], val=[], test=[])
    for draw, text in (("weighted", "needs weights, and the graph has none"), ("recent", "has no times to draw by")):
        with pytest.raises(ValueError, match=text):
            gs.Trainer(gs.GraphSAGE(2, 4, 2), data, gs.TrainConfig(draw=draw), log=None)


def test_models_saved_before_draws_had_names_are_uniform(data, tmp_path, monkeypatch):
    from graphsage.trained import save

    packed = save.packed
    drop = lambda model, arguments: packed(  # noqa: E731
        model, arguments | {"trained": {k: v for k, v in arguments["trained"].items() if k not in ("draw", "replace")}}
    )
    monkeypatch.setattr(save, "packed", drop)
    _, model = trained(data, tmp_path, "labor")
    assert model.draw == "uniform"


@pytest.mark.parametrize("draw, replace", [("weighted", True), ("recent", False)])
def test_a_whole_run(draw, replace, data, tmp_path):
    """Its baseline has no weights or times to draw by, and its table has the outputs that were scored."""
    weights = "refuse" if draw == "weighted" else "ignore"
    train = gs.TrainConfig(epochs=4, fanouts=(2,), batch_size=32, draw=draw, replace=replace, weights=weights)
    config = gs.RunConfig(model=gs.ModelConfig(num_layers=1, dropout=0.0), train=train)
    result = run(config, data, folder=tmp_path / "run", log=lambda line: None)
    assert result.features_only is not None
    table = pq.read_table(tmp_path / "run" / "predictions.parquet").to_pydict()
    found = np.array([p == y for p, y, s in zip(table["predicted"], table["label"], table["split"]) if s == "test"])
    assert np.isclose(found.mean(), result.result.test_score, atol=1e-9)
    assert gs.load_trained(tmp_path / "run").replace == replace


def test_predictions_share_no_draw_with_the_training(data, tmp_path, monkeypatch):
    asked = []
    _, model = trained(data, tmp_path, "weighted", replace=True)
    make = gs.NeighborSampler.__init__
    monkeypatch.setattr(gs.NeighborSampler, "__init__", lambda self, *a, **k: make(self, *a, **k) or asked.append(self))
    model.predict(data, data.test)
    assert [(sampler.stream, str(sampler.draw)) for sampler in asked] == [("predict", "Weighted(replace=True)")]
