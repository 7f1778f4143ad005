"""A user's own stack under the Trainer: test, validation, predictions and embeddings are exact; what is no stack is sampled."""

import numpy as np
import pytest
import torch
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, blocks
from helpers.nn_helpers import close
from helpers.stacks import OtherLayers, OverAll, OwnStack, Scaled

import graphsage as gs

DATASET = blocks()
WIDTHS = (NUM_FEATURES, 16, NUM_CLASSES)


def trained(model, told=None, dataset=DATASET, **settings):
    config = gs.TrainConfig(**{"fanouts": (3, 3), "batch_size": 20, "epochs": 3, "num_threads": 0, **settings})
    trainer = gs.Trainer(model, dataset, config, log=None if told is None else told.append)
    return trainer, trainer.fit()


def test_all_of_it_is_exact():
    told = []
    trainer, result = trained(OwnStack(WIDTHS), told)
    exact = gs.inference(trainer.model, DATASET.graph, DATASET.features)
    close(result.outputs, exact, 1e-6)
    assert trainer.evaluator.plan.exact and told[0].startswith("Epoch 001")
    right = (exact.argmax(1).numpy() == DATASET.labels)[DATASET.test].mean()
    assert result.test_score == pytest.approx(right)
    asked = [5, 0, 5]
    close(trainer.predict(asked).outputs, exact[asked], 1e-6)
    embedding = gs.inference(trainer.model, DATASET.graph, DATASET.features, num_layers=1)
    close(trainer.embed(), embedding, 1e-6)
    close(trainer.embed(asked), embedding[asked], 1e-6)


def test_a_check_before_the_training_changes_nothing():
    """The weights of a training are those of one whose evaluation is sampled."""
    class Hidden(OwnStack):
        def forward(self, batch):
            return super().forward(batch) if hasattr(batch, "minibatch") else None

    told = []
    (one, _), (other, _) = trained(OwnStack(WIDTHS)), trained(Hidden(WIDTHS), told)
    assert told[0].startswith("Evaluated on sampled neighbours: Hidden cannot be computed layer by layer: its forward gives")
    one, other = (trainer.state.history for trainer in (one, other))
    assert [epoch.loss for epoch in one] == [epoch.loss for epoch in other]


@pytest.mark.parametrize("kind", [Scaled, OverAll])
def test_what_is_more_than_its_layers_is_sampled_and_told(kind):
    told = []
    trainer, result = trained(kind(WIDTHS), told)
    assert told[0].startswith(f"Evaluated on sampled neighbours: {kind.__name__} cannot be computed layer by layer: ")
    assert not trainer.evaluator.plan.exact and result.outputs is None
    with pytest.raises(ValueError, match=f"^an embedding is what goes into the last layer, and {kind.__name__} has no layers"):
        trainer.embed()
    text = rf"^evaluate='exact' is of all neighbours, by GraphSAGE; other modules are sampled \({kind.__name__} cannot"
    with pytest.raises(ValueError, match=text):
        trained(kind(WIDTHS), evaluate="exact")


def test_layers_that_mean_something_else_are_nobodys_business():
    told = []
    _, result = trained(OtherLayers(NUM_FEATURES, NUM_CLASSES), told)
    assert told[0].startswith("Epoch 001") and result.outputs is None
    with pytest.raises(ValueError, match="by GraphSAGE; other modules are sampled: leave it out$"):
        trained(OtherLayers(NUM_FEATURES, NUM_CLASSES), evaluate="exact")


def test_a_layer_needs_a_hop():
    """A loop over layers and blocks side by side would leave out the last one in silence."""
    for fanouts in [(3,), (3, 3, 3)]:
        with pytest.raises(ValueError, match="hops, but the model has 2 layers: give one a layer$"):
            trained(OwnStack(WIDTHS), fanouts=fanouts)


def test_sampled_where_that_is_asked_for():
    told = []
    trainer, _ = trained(OwnStack(WIDTHS), told, evaluate="sampled")
    assert told[0] == "Validation: 60 nodes on sampled neighbours (25,25), every epoch" and trainer.evaluator.widths == (16, 4)
    graph = DATASET.graph
    weighted = blocks(graph=gs.Graph.from_csr(graph.indptr, graph.indices, weights=np.ones(graph.num_edges)))
    trainer, result = trained(OwnStack(WIDTHS), dataset=weighted, draw="weighted")
    assert trainer.evaluator.widths is None and result.outputs is None


def test_one_layer_has_no_embedding_and_float64_is_kept():
    trainer, _ = trained(OwnStack((NUM_FEATURES, NUM_CLASSES)).double(), fanouts=(3,))
    assert trainer.evaluator.plan.exact and trainer.predict([0]).outputs.dtype == np.float32
    assert {weight.dtype for weight in trainer.model.parameters()} == {torch.float64}
    with pytest.raises(ValueError, match="^an embedding is what goes into the last layer, and OwnStack has one layer$"):
        trainer.embed()


def test_graphsage_embeds_as_trained_does(tmp_path):
    config = gs.TrainConfig(fanouts=(3, 3), batch_size=20, epochs=1, num_threads=0)
    trainer = gs.Trainer(gs.GraphSAGE(NUM_FEATURES, 8, NUM_CLASSES), DATASET, config, folder=tmp_path, log=None)
    trainer.fit()
    assert np.array_equal(trainer.embed(), gs.load_trained(tmp_path).embed(DATASET))


# ---- another dataset


def grown(dataset=DATASET):
    """The dataset with three more nodes, none of which is known to the training, and no labels at all."""
    more = np.arange(dataset.num_nodes, dataset.num_nodes + 3)
    src, dst = dataset.graph.to_edges()
    graph = gs.Graph.from_edges(np.r_[src, more, more], np.r_[dst, 0, 1, 2, 3, 4, 5], dataset.num_nodes + 3, duplicates="drop")
    features = np.r_[dataset.features, dataset.features[:3] + 1]
    return gs.NodeDataset(graph=graph, features=features, labels=np.full(len(features), -1), train=[], val=[], test=[])


@pytest.mark.parametrize("model", [OwnStack(WIDTHS), gs.GraphSAGE(NUM_FEATURES, 16, NUM_CLASSES)], ids=["stack", "graphsage"])
def test_another_dataset_is_predicted_exactly(model):
    trainer, _ = trained(model)
    other = grown()
    exact = gs.inference(trainer.model, other.graph, other.features)
    found = trainer.predict(dataset=other)
    close(found.outputs, exact, 1e-6)
    assert found.probabilities.shape == (203, NUM_CLASSES) and found.labels.tolist() == exact.argmax(1).tolist()
    close(trainer.predict([202, 0], dataset=other).outputs, exact[[202, 0]], 1e-6)
    close(trainer.embed(dataset=other), gs.inference(trainer.model, other.graph, other.features, num_layers=1), 1e-6)


def test_another_module_samples_another_dataset_the_same_each_time():
    trainer, _ = trained(OverAll(WIDTHS))
    first, second = (trainer.predict(dataset=grown()).outputs for _ in range(2))
    assert first.shape == (203, NUM_CLASSES) and np.array_equal(first, second)
    same = trainer.predict(dataset=DATASET).outputs
    assert np.array_equal(same, trainer.predict().outputs)


def test_a_dataset_that_the_model_cannot_take_is_refused():
    trainer, _ = trained(OwnStack(WIDTHS))
    wide = blocks(features=np.ones((DATASET.num_nodes, 3), np.float32))
    with pytest.raises(ValueError, match="the model takes 24 features a node, but blocks has 3"):
        trainer.predict(dataset=wide)
    with pytest.raises(TypeError, match="the dataset|dataset must be a NodeDataset"):
        trainer.predict(dataset=DATASET.graph)
    smoothed, _ = trained(gs.GraphSAGE(NUM_FEATURES, 16, NUM_CLASSES), correct_and_smooth=True)
    with pytest.raises(ValueError, match="correct_and_smooth spreads labels of the training's dataset, and blocks is another"):
        smoothed.predict(dataset=DATASET)


def test_rows_of_another_dataset_are_normalised_as_those_of_the_training():
    sparse = blocks(sparse=True)
    trainer, result = trained(gs.GraphSAGE(NUM_FEATURES, 16, NUM_CLASSES), dataset=sparse)
    assert result.normalized_features
    assert np.array_equal(trainer.predict(dataset=sparse).outputs, trainer.predict().outputs)
