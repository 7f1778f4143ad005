"""Degrees in place of features that there are none of: all ways to ask agree, on graphs of other sizes, too."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import NUM_CLASSES, blocks, configured
from helpers.links import link_config, linked
from helpers.temporal import told_at

import graphsage as gs
from graphsage.runs.run import make_trainer, run
from graphsage.trained.save import as_trained


def bare(seed=0, keep=200, **changes):
    """``blocks`` without features; keep: the first so many nodes of it."""
    data = blocks(seed=seed, features=gs.SparseFeatures.identity(200), **changes)
    if keep == 200:
        return data
    parts = {part: getattr(data, part)[getattr(data, part) < keep] for part in ("train", "val", "test")}
    features = gs.SparseFeatures.identity(keep)
    return gs.NodeDataset(graph=data.graph.subgraph(range(keep)), features=features, labels=data.labels[:keep], **parts)


def config(model=None, **train):
    return replace(configured(model, featureless="degrees", **{"epochs": 3, **train}), baseline=False)


def by_hand(data):
    return replace(data, features=gs.degree_features(data.graph))


def with_times(graph):
    src, dst = graph.to_edges()
    return gs.Graph.from_edges(src, dst, graph.num_nodes, times=np.arange(len(src)))


@pytest.mark.parametrize("how", [{}, {"batch_size": None}, {"label_reuse": 0.4}, {"normalize_features": True}])
def test_a_training_is_that_on_degrees_as_features(how, tmp_path):
    data = bare()
    result = run(config(**how), data, folder=tmp_path, log=lambda line: None)
    wanted = run(config(**how), by_hand(data), log=lambda line: None)
    for name, weight in wanted.model.state_dict().items():
        assert torch.equal(result.model.state_dict()[name], weight)
    assert result.result.normalized_features == wanted.result.normalized_features == bool(how.get("normalize_features"))
    trained = gs.load_trained(tmp_path)
    assert trained.degree_features and trained.normalized_features == bool(how.get("normalize_features"))
    assert np.allclose(trained.outputs(by_hand(data)), trained.outputs(data), atol=1e-5)
    assert trained.evaluate(data)["test"]["accuracy"] == pytest.approx(result.result.test_score)
    assert trained.predict(data, data.test).outputs.shape == (99, NUM_CLASSES)
    assert "; where there are none 23 columns" in (tmp_path / "model.json").read_text()


def test_a_graph_of_another_size_is_asked_by_its_own_degrees():
    data, other = bare(), bare(seed=1, keep=90)
    trainer = make_trainer(config(), data, log=None)
    trainer.fit()
    with torch.no_grad():
        wanted = gs.inference(trainer.model, other.graph, gs.degree_features(other.graph)).numpy()
    trained = as_trained(trainer.model, data, trainer.config, None)
    assert not trained.normalized_features
    timed = replace(other, graph=with_times(other.graph), times=np.full(90, 10**6))
    asked = (trained.outputs(other), trained.outputs(timed), *(trainer.predict(dataset=of).outputs for of in (other, timed)))
    for found in asked:
        assert np.allclose(found, wanted, atol=1e-5)
    assert np.allclose(trained.embed(other), trainer.embed(dataset=other), atol=1e-5)
    trained.check(other, labels=True, embeds=True)


def test_features_that_are_there_stay():
    data = blocks()
    trainer = make_trainer(config(), data, log=None)
    assert trainer.dataset.features is data.features and trainer.config.featureless == "identity"
    trained = as_trained(trainer.model, trainer.dataset, trainer.config, None)
    assert not trained.degree_features
    with pytest.raises(ValueError, match="the model takes 24 features a node, but blocks has 200"):
        trained.outputs(bare())
    trainer = make_trainer(config(), bare(), log=None)
    trained = as_trained(trainer.model, trainer.dataset, trainer.config, None)
    with pytest.raises(ValueError, match="the model takes 23 features a node, but blocks has 24"):
        trained.outputs(data)


def test_one_column_a_node_is_the_default_and_a_file_of_before_means_it():
    assert gs.TrainConfig().featureless == "identity"
    trainer = make_trainer(replace(configured(epochs=1), baseline=False), bare(), log=None)
    assert trainer.model.in_features == 200
    trained = as_trained(trainer.model, trainer.dataset, trainer.config, None)
    assert not trained.degree_features and trained.normalized_features
    with pytest.raises(ValueError, match="the model takes 200 features a node, but the dataset has 90"):
        trained.outputs(bare(keep=90))


def test_it_is_told_and_baselines_see_degrees():
    pytest.importorskip("sklearn")
    lines, data = [], bare(train=np.arange(60), val=np.arange(60, 100), test=np.arange(100, 199))
    result = run(replace(config(), baseline=True), data, log=lines.append)
    assert any(line.startswith("No features: degrees stand for them") for line in lines)
    wanted = run(replace(config(), baseline=True), by_hand(data), log=lambda line: None)
    assert result.rows == wanted.rows and "boosted trees" in result.rows
    assert result.features_only == wanted.features_only


def test_a_training_goes_on(tmp_path):
    data = bare()
    whole = make_trainer(config(epochs=4), data, log=None)
    whole.fit()
    make_trainer(config(epochs=2), data, folder=tmp_path, log=None).fit()
    second = make_trainer(config(epochs=4), data, folder=tmp_path, log=None)
    second.resume()
    second.fit()
    assert all(torch.equal(a, b) for a, b in zip(whole.model.state_dict().values(), second.model.state_dict().values()))


def test_what_is_refused():
    with pytest.raises(ValueError, match="^featureless='degrees' counts the edges of all nodes, which inductive=True hides"):
        make_trainer(config(inductive=True), bare(), log=None)
    timed = told_at(0, number=60)
    timed = replace(timed, features=gs.SparseFeatures.identity(timed.num_nodes))
    with pytest.raises(ValueError, match="^featureless='degrees' counts edges of any time, and nodes are asked at theirs"):
        make_trainer(config(), timed, log=None)
    with pytest.raises(ValueError, match="^featureless = 'degrees' is not used for links, which degrees would give away"):
        make_trainer(link_config(featureless="degrees"), linked(), log=None)
    with pytest.raises(ValueError, match="^featureless = 'degrees' is not used without labels"):
        make_trainer(replace(config(), task="unsupervised"), bare(), log=None)
    with pytest.raises(ValueError, match="^featureless must be one of identity, degrees; got 'degree'"):
        gs.TrainConfig(featureless="degree")
    with pytest.raises(ValueError, match=r"the model takes 200 features a node, but the dataset has 23"):
        gs.Trainer(gs.GraphSAGE(200, 8, NUM_CLASSES), bare(), config().train, log=None)
