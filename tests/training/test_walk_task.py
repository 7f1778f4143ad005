"""Training without labels: what the loss is, what is never read, which pairs are asked about, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.graphs import digest
from helpers.link_training import PairsOfFeatures, predictor, ring, train_config

import graphsage as gs
from graphsage import WalkConfig
from graphsage.graph.subgraph import edges_among
from graphsage.training.walk_task import walk_loss


def a_dataset(labelled=True, isolated=0):
    """Near nodes of a circle are linked, and features tell the place on it; labels are at random."""
    links = ring()
    src, dst = links.known.to_edges()
    n = links.num_nodes + isolated
    features = np.concatenate([links.features, np.ones((isolated, links.num_features), np.float32)])
    parts = np.array_split(np.arange(n), 3) if labelled else [[], [], []]
    labels = np.random.default_rng(2).integers(0, 3, n) if labelled else np.full(n, -1)
    train, val, test = parts
    return gs.NodeDataset(
        graph=gs.Graph.from_edges(src, dst, n), features=features, labels=labels, train=train, val=val, test=test
    )  # fmt: skip


def trainer_of(dataset, model=None, *, task=None, folder=None, loss=None, **options):
    model = predictor() if model is None else model
    task = WalkConfig() if task is None else task
    return gs.Trainer(model, dataset, train_config(**options), task=task, folder=folder, loss=loss, log=None)


def weights_of(trainer):
    return digest(tensor.numpy() for tensor in trainer.model.state_dict().values())


def test_the_loss_is_equation_1():
    """-log s(z_u . z_v) - Q E log s(-z_u . z_n), written out."""
    positive, negatives = torch.tensor([0.5, -2.0]), torch.tensor([[1.0, 0.0], [3.0, -1.0]])
    own = -torch.log(torch.sigmoid(positive)).mean()
    others = -torch.log(torch.sigmoid(-negatives)).mean()
    torch.testing.assert_close(walk_loss(positive, negatives), own + others)
    torch.testing.assert_close(walk_loss(positive, negatives, 20.0), own + 20 * others)


def test_nodes_that_meet_become_alike():
    trainer = trainer_of(a_dataset(), epochs=8, learning_rate=0.02)
    before, _ = trainer.evaluate(trainer.dataset.val)
    result = trainer.fit()
    assert result.metric == "roc_auc"
    assert result.val_score > 0.85 > before + 0.1
    assert result.test_score > 0.8
    assert set(result.test_scores) == {"roc_auc", "average_precision"}
    assert result.outputs.shape == (120, 16)
    exact = gs.inference(trainer.model.encoder, trainer.dataset.graph, trainer.dataset.features)
    torch.testing.assert_close(result.outputs, exact)


def test_no_label_is_read():
    """The weights and the epoch that is picked are the same for other labels."""
    data = a_dataset()
    other = replace(data, labels=data.labels[::-1].copy())
    trainers = [trainer_of(dataset) for dataset in (data, other)]
    results = [trainer.fit() for trainer in trainers]
    assert weights_of(trainers[0]) == weights_of(trainers[1])
    assert results[0].val_score == results[1].val_score and results[0].test_score == results[1].test_score


def test_a_dataset_without_labels():
    result = trainer_of(a_dataset(labelled=False)).fit()
    assert result.val_score > 0.5 and result.test_score is None
    assert result.outputs.shape == (120, 16)


def test_walks_start_everywhere_and_negatives_may_be_neighbours():
    trainer = trainer_of(a_dataset(isolated=5), task=WalkConfig(walk_length=3, walk_negatives=4))
    loader = trainer.loader
    assert loader.plan.nodes.tolist() == list(range(120))
    batch = next(iter(loader.epoch(0)))
    count = len(batch.places)
    assert batch.y.tolist() == [1.0] * count + [0.0] * 4 * count
    pairs = batch.seeds[batch.pairs].T
    assert (pairs[:count, 0].repeat_interleave(4) == pairs[count:, 0]).all()
    assert len(set(batch.seeds.tolist())) == len(batch.seeds)
    src, dst = trainer.dataset.graph.to_edges()
    assert {tuple(pair) for pair in pairs[count:].tolist()} & set(zip(src.tolist(), dst.tolist()))


def test_edges_of_pairs_stay_among_the_messages():
    """A pair of nodes that are linked is asked about with its edge there: row by row, the whole neighbourhood."""
    trainer = trainer_of(a_dataset(), fanouts=(-1, -1))
    batch, graph = next(iter(trainer.loader.epoch(0))), trainer.dataset.graph
    for row, node in enumerate(batch.seeds.tolist()):
        at = batch.minibatch.seed_index[row]
        found = batch.minibatch.indptr[at + 1] - batch.minibatch.indptr[at]
        assert found == graph.degrees[node]


def test_an_inductive_training_walks_among_its_nodes():
    data = a_dataset()
    trainer = trainer_of(data, inductive=True)
    walks = trainer.loader.plan.nodes
    graph = edges_among(data.graph, data.train)
    assert set(walks.tolist()) == set(np.flatnonzero(graph.degrees).tolist())
    met = np.unique(trainer.loader.pairs_of(0, 0).seeds)
    assert np.isin(met, data.train).all()
    assert trainer.fit().outputs.shape == (120, 16)


def test_evaluation_is_of_walks_of_its_own_and_the_same_each_time():
    trainer = trainer_of(a_dataset())
    task = trainer.task
    trained_on = trainer.loader.pairs_of(0, 0).seeds
    asked = task.pairs(task.dataset.graph, trainer.loader.plan.seeds(0, 0), None, stream="evaluate").pairs_of(0, 0).seeds
    assert not np.array_equal(asked, trained_on)
    nodes = task.validated
    assert nodes.tolist() == trainer.dataset.val.tolist()
    assert trainer.evaluate(nodes) == trainer.evaluate(nodes)
    assert trainer.evaluate([]) == (None, None)
    assert trainer_of(a_dataset(isolated=3)).evaluate([120, 121]) == (None, None)
    assert len(trainer_of(a_dataset(), evaluate_nodes=7).task.validated) == 7


def test_a_resumed_training_ends_with_the_same_weights(tmp_path):
    whole = trainer_of(a_dataset(), epochs=4)
    whole.fit()
    trainer_of(a_dataset(), epochs=2, folder=tmp_path).fit()
    again = trainer_of(a_dataset(), epochs=4, folder=tmp_path)
    again.resume()
    again.fit()
    assert weights_of(again) == weights_of(whole)


def test_a_saved_encoder_gives_the_embeddings(tmp_path):
    data = a_dataset()
    result = trainer_of(data, folder=tmp_path).fit()
    trained = gs.load_trained(tmp_path)
    assert isinstance(trained, gs.TrainedEncoder)
    assert (trained.task, trained.walks, trained.embedding_width) == ("unsupervised", WalkConfig(), 16)
    np.testing.assert_allclose(trained.embed(data), result.outputs.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(trained.embed(data, [3, 3, 0]), trained.embed(data)[[3, 3, 0]])


def test_another_module_and_a_loss_of_ones_own():
    def squared(outputs, y):
        return ((outputs - y) ** 2).mean()

    trainer = trainer_of(a_dataset(), PairsOfFeatures(), loss=squared)
    result = trainer.fit()
    assert result.outputs is None and 0 <= result.val_score <= 1


def test_weighted_walks_and_draws():
    data = a_dataset()
    weights = np.random.default_rng(0).random(data.graph.num_edges)
    graph = gs.Graph.from_csr(data.graph.indptr, data.graph.indices, weights=weights)
    result = trainer_of(replace(data, graph=graph), task=WalkConfig(walk_draw="weighted"), draw="weighted", epochs=1).fit()
    assert result.outputs is None and result.val_score is not None


@pytest.mark.parametrize("change, text", [
    ({"task": gs.LinkConfig()}, "task must be WalkConfig, or None for a NodeDataset, got LinkConfig"),
    ({"model": gs.GraphSAGE(8, 16, 16)}, r"LinkPredictor\(model\) makes them"),
    ({"model": gs.LinkPredictor(gs.GraphSAGE(5, 16, 16))}, "takes 5 features a node, but the dataset has 8"),
    ({"task": WalkConfig(walk_draw="weighted")}, "needs weights, and the graph has none"),
    ({"metric": "accuracy"}, "metric='accuracy' does not judge an unsupervised task: use roc_auc or average_precision"),
    ({"label_smoothing": 0.1}, "label_smoothing = 0.1 is not used without labels: leave it out"),
    ({"class_weights": "balanced"}, "class_weights = 'balanced' is not used without labels: leave it out"),
    ({"strictly_before": True}, "strictly_before = True is not used by walks, which read no times: leave it out"),
], ids=str)  # fmt: skip
def test_what_is_refused(change, text):
    with pytest.raises((ValueError, TypeError), match=text):
        trainer_of(a_dataset(), **change)


def test_a_graph_without_walks_is_refused():
    data = a_dataset()
    with pytest.raises(ValueError, match="no walk leaves its start"):
        trainer_of(replace(data, graph=gs.Graph.from_edges([], [], 120)))


def test_predict_says_that_there_are_no_labels():
    with pytest.raises(ValueError, match="predict gives labels, and this training reads none"):
        trainer_of(a_dataset()).predict()
