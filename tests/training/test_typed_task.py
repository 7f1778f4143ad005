"""TypedTask: labels of one type of a typed graph, trained by the same Trainer; what has no meaning there gets a sentence."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import NUM_FEATURES, blocks, configured
from helpers.typed_data import CITES, NUM_CLASSES, WRITES, papers
from torch import nn

import graphsage as gs
from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.inference import inference
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.runs.node_run import majority_score
from graphsage.runs.run import build_model
from graphsage.training.tasks import METRICS

SHORT = {"epochs": 2}


@pytest.fixture(scope="module")
def dataset():
    return papers()


def trainer_of(dataset, model=None, *, config=None, **train):
    config = configured(config, **train)
    return gs.Trainer(model or build_model(config, dataset), dataset, config.train, log=None)


class OfAuthors(nn.Module):
    """A module of one's own: the mean of a paper's authors, and the paper."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.author, self.paper = nn.Linear(NUM_CLASSES, NUM_CLASSES), nn.Linear(6, NUM_CLASSES)

    def forward(self, batch):
        block = batch.blocks[-1][WRITES]
        own, mean = batch.x["paper"][: block.num_rows], block.mean(batch.x["author"][: block.shape[1]])
        return (self.author(mean) + self.paper(own))[batch.seed_index]


# ---- it learns


@pytest.mark.parametrize("mode", [
    {}, {"batch_size": None, "epochs": 30}, {"batches_per_epoch": 4, "accumulate": 2, "epochs": 20},
])  # fmt: skip
def test_each_mode_learns(mode, dataset):
    result = trainer_of(dataset, **mode).fit()
    assert result.test_accuracy > majority_score(dataset.targets, METRICS["accuracy"]) + 0.25
    assert result.history[-1].loss < result.history[0].loss
    assert result.outputs.shape == (dataset.targets.num_nodes, NUM_CLASSES)


def test_validation_and_test_are_exact(dataset):
    trainer = trainer_of(dataset, **SHORT)
    result = trainer.fit()
    assert trainer.evaluator.plan.exact
    outputs = inference(trainer.model, dataset.graph, dataset.features)
    assert torch.equal(result.outputs, outputs)
    found = (outputs.argmax(1).numpy() == dataset.labels)[dataset.test].mean()
    assert result.test_score == pytest.approx(found, abs=1e-12)
    assert np.array_equal(trainer.predict([5, 2, 5]).labels, outputs.argmax(1).numpy()[[5, 2, 5]])


def test_a_module_of_ones_own_is_trained_and_sampled(dataset):
    trainer = trainer_of(dataset, OfAuthors(), config={"num_layers": 1}, fanouts=(5,), epochs=20)
    result = trainer.fit()
    assert result.outputs is None and not trainer.evaluator.plan.exact and result.test_accuracy > 0.6
    assert np.array_equal(trainer.predict().labels, trainer.predict().labels)
    with pytest.raises(ValueError, match="an embedding is what goes into the last layer, and OfAuthors has no layers"):
        trainer.embed()


def test_the_same_seed_gives_the_same_bits_whatever_the_threads(dataset):
    found = [trainer_of(dataset, **SHORT, num_threads=threads) for threads in (0, 2)]
    results = [trainer.fit() for trainer in found]
    assert torch.equal(results[0].outputs, results[1].outputs)
    assert results[0].history[-1].loss == results[1].history[-1].loss


def test_several_labels_and_numbers(dataset):
    hot = np.eye(NUM_CLASSES, dtype=bool)[dataset.labels] | (dataset.features["paper"][:, :NUM_CLASSES] > 1.5)
    numbers = (dataset.labels + 0.1 * dataset.features["paper"][:, 0]).astype(np.float32)
    numbers[-1] = np.nan
    many, one = replace(dataset, labels=hot, task="multilabel"), replace(dataset, labels=numbers, task="regression")
    assert trainer_of(many, epochs=15).fit().test_score > 0.5
    assert trainer_of(one, config={"norm": "layer"}, epochs=20).fit().test_score > 0.3


def test_batches_that_see_nothing_later(dataset):
    """Asked before anything is there, a paper has its own features alone: other authors change nothing."""
    def timed(edges):
        graph = TypedGraph(dataset.num_nodes, edges, times={WRITES: np.full(len(edges[WRITES][0]), 9)})
        return replace(dataset, graph=graph, times=np.full(120, 5), node_times=None)

    other = {WRITES: dataset.graph.edges(WRITES)[0][::-1].copy()}
    src, dst = dataset.graph.edges(WRITES)
    found = [trainer_of(timed({WRITES: (ends, dst)}), **SHORT).fit() for ends in (src, other[WRITES])]
    assert found[0].test_score == found[1].test_score and found[0].history[-1].loss == found[1].history[-1].loss
    assert found[0].later_edges == len(src) and found[0].outputs is None


def test_nodes_of_other_types_come_later_too(dataset):
    """Authors that came to be after a paper is asked are nobody's neighbours, in training and in the test."""
    timed = replace(dataset, times=np.full(120, 5), node_times={"author": np.full(80, 9)})
    others = replace(timed, features={**timed.features, "author": timed.features["author"][::-1].copy()})
    found = [trainer_of(data, **SHORT).fit() for data in (timed, others)]
    assert found[0].test_score == found[1].test_score and found[0].history[-1].loss == found[1].history[-1].loss
    assert found[0].later_edges == len(dataset.graph.edges(WRITES)[0])


# ---- fanouts by relation


def test_relations_have_fanouts_of_their_own(dataset):
    trainer = trainer_of(dataset, relation_fanouts="writes=7,2; paper,cites,paper=1,-1", **SHORT)
    fanouts = trainer.loader.sampler.fanouts
    assert fanouts[WRITES] == (7, 2) and fanouts[CITES] == (1, -1) and fanouts["paper", "in", "venue"] == (5, 5)
    assert trainer.evaluator.plan.exact


def test_what_a_layer_never_saw_is_not_in_an_exact_score(dataset):
    """By all neighbours a relation that was left out would be read by weights that nothing trained."""
    trainer = trainer_of(dataset, relation_fanouts="rev_writes=0,0", **SHORT)
    assert not trainer.evaluator.plan.exact
    assert "relation_fanouts draws none of rev_writes in a hop" in trainer.evaluator.plan.line
    assert trainer.evaluator._loader(dataset.val).sampler.fanouts["paper", "rev_writes", "author"] == (0, 0)
    assert trainer.fit().outputs is None


def test_an_exact_score_of_what_a_layer_never_saw_is_refused(dataset):
    text = "^evaluate='exact' is of all neighbours, by GraphSAGE; here relation_fanouts draws none of cites in a hop"
    with pytest.raises(ValueError, match=text):
        trainer_of(dataset, relation_fanouts={"cites": (5, 0)}, evaluate="exact", **SHORT)


def test_a_sampled_validation_says_by_which_fanouts(dataset):
    trainer = trainer_of(dataset, relation_fanouts={"writes": (30, 1)}, evaluate="sampled", **SHORT)
    assert re.search(r"on sampled neighbours \(25,25; writes=30,25\), every epoch", trainer.evaluator.plan.line)


def test_a_relation_is_named_once(dataset):
    with pytest.raises(ValueError, match="^relation_fanouts: author,writes,paper is named twice: leave it in once"):
        trainer_of(dataset, relation_fanouts={"writes": (3, 1), "author,writes,paper": (9, 9)}, **SHORT)


def test_dense_features_of_types_are_never_divided(dataset):
    with pytest.raises(ValueError, match="^normalize_features = True is not used where no type has sparse features"):
        trainer_of(dataset, normalize_features=True, **SHORT)


def test_a_relation_of_no_graph_is_refused(dataset):
    with pytest.raises(ValueError, match=r"^relation_fanouts: relation = 'wrote' names no relation of the graph"):
        trainer_of(dataset, relation_fanouts="wrote=5,5")
    with pytest.raises(ValueError, match="^relation_fanouts are of graphs with several types, and this one has one: leave"):
        trainer_of(blocks(), relation_fanouts="writes=5,5")


# ---- what does not fit


@pytest.mark.parametrize("setting, value", [
    ("inductive", True), ("label_reuse", 0.5), ("correct_and_smooth", True), ("featureless", "degrees"),
])  # fmt: skip
def test_settings_of_one_type_are_refused(setting, value, dataset):
    text = f"{setting} = {value!r} is not used in a graph of several types, where"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}.*: leave it out$"):
        trainer_of(dataset, **{setting: value})


def test_a_node_without_neighbours_of_a_relation_is_no_neighbour_of_itself(dataset):
    with pytest.raises(ValueError, match="^isolated='self' is of graphs with one type"):
        trainer_of(dataset, isolated="self")


def test_models_of_the_other_kind_are_refused(dataset):
    with pytest.raises(ValueError, match="^a GraphSAGE is of one type of nodes, and the dataset has 3: give a TypedGraphSAGE"):
        trainer_of(dataset, gs.GraphSAGE(6, 16, NUM_CLASSES))
    with pytest.raises(ValueError, match="^a TypedGraphSAGE is of several types of nodes, and the dataset has one: give a"):
        gs.Trainer(TypedGraphSAGE.of(dataset), blocks(), configured().train)


def of(dataset, **changes):
    known = {"in_features": dataset.num_features, "relations": dataset.graph.relations, "target": "paper"}
    return TypedGraphSAGE(**{**known, "hidden_features": 8, "out_features": NUM_CLASSES, **changes})


@pytest.mark.parametrize("changes, text", [
    ({"target": "author"}, "the model gives outputs of author, but the labels of papers are of paper"),
    ({"relations": [WRITES]}, "papers has the relation author,rev_writes,paper, and the model has not"),
    ({"relations": None}, "the model has the relation paper,sold,venue, and papers has not"),
    ({"in_features": {"paper": 6, "author": 4, "venue": 5}}, "the model takes 4 features of each author, but papers has 3"),
    ({"out_features": 2}, "the model tells 2 classes apart, but the dataset has 3: give it an output a class"),
])  # fmt: skip
def test_a_model_of_another_form_is_refused(changes, text, dataset):
    if changes.get("relations", WRITES) is None:
        changes = {"relations": [*dataset.graph.relations, ("paper", "sold", "venue")]}
    if "author,rev_writes" in text:
        text = text.replace("author,rev_writes,paper", ",".join(min(set(dataset.graph.relations) - {WRITES})))
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        trainer_of(dataset, of(dataset, **changes))


def test_a_dataset_without_labels_is_refused(dataset):
    unlabelled = gs.TypedDataset(graph=dataset.graph, features=dataset.features)
    with pytest.raises(ValueError, match="^no type has labels in this dataset, so only links can be asked"):
        gs.Trainer(TypedGraphSAGE.of(dataset), unlabelled, configured().train)


def test_another_dataset_must_have_the_same_form(dataset):
    trainer = trainer_of(dataset, **SHORT)
    trainer.fit()
    grown = papers(seed=3)
    expected = inference(trainer.model, grown.graph, grown.features).argmax(1).numpy()
    assert np.array_equal(trainer.predict(dataset=grown).labels, expected)
    other = replace(dataset, features={**dataset.features, "author": np.zeros((80, 5), np.float32)}, name="other")
    with pytest.raises(ValueError, match="^the model takes 3 features of each author, but other has 5$"):
        trainer.predict(dataset=other)
    with pytest.raises(TypeError, match="^dataset must be a TypedDataset"):
        trainer.predict(dataset=blocks())
    assert NUM_FEATURES == blocks().num_features
    timed = replace(grown, times=np.zeros(120, int), node_times={"author": np.ones(80, int)})
    assert np.array_equal(trainer.predict(dataset=timed).labels, expected)  # a model without times asks at none


# ---- embeddings


def test_each_type_has_embeddings(dataset):
    trainer = trainer_of(dataset, **SHORT)
    trainer.fit()
    found = trainer.embed()
    assert {kind: rows.shape for kind, rows in found.items()} == {"paper": (120, 16), "author": (80, 16), "venue": (5, 16)}
    of_authors = inference(trainer.model, dataset.graph, dataset.features, num_layers=1)["author"]
    assert np.array_equal(found["author"], of_authors.numpy())
    chosen = trainer.embed({"author": [3, 3, 0]})
    assert list(chosen) == ["author"] and np.array_equal(chosen["author"], found["author"][[3, 3, 0]])
    with pytest.raises(TypeError, match=r"^nodes must be a dict \{type: ids\}, as embeddings are of all types"):
        trainer.embed([1, 2])
    with pytest.raises(ValueError, match="^nodes has 'editor', of which there are no embeddings: there are those of 'paper'"):
        trainer.embed({"editor": [1]})
