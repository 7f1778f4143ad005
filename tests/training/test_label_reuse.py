"""Labels of training nodes as inputs: what a batch shows, that nobody sees its own, and that all ways to ask agree."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import NUM_CLASSES, NUM_FEATURES, blocks, configured
from helpers.links import link_config, linked
from helpers.temporal import told_at

import graphsage as gs
from graphsage.base import rng
from graphsage.data.label_columns import with_label_columns
from graphsage.runs.checkpoint import identity
from graphsage.runs.run import make_trainer, run
from graphsage.tensors.csr_matrix import CSRMatrix
from graphsage.trained.save import as_trained

SHARE = 0.4


def config(model=None, **train):
    return replace(configured(model, label_reuse=SHARE, **{"epochs": 3, **train}), baseline=False)


def dense(x):
    """[n, F + C], of sparse rows too."""
    if not isinstance(x, CSRMatrix):
        return x
    table = torch.zeros(x.shape)
    rows = torch.repeat_interleave(torch.arange(x.num_rows), x.indptr.diff())
    table.index_put_((rows, x.indices.long()), torch.ones(len(rows)) if x.values is None else x.values, accumulate=True)
    return table


def batches(data, epoch=0, **train):
    trainer = make_trainer(config(**train), data, log=None)
    return trainer, list(trainer.loader.epoch(epoch))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("how", [{}, {"batch_size": None}, {"batch_size": 8, "batches_per_epoch": 6}, {"inductive": True}])
def test_a_batch_shows_the_labels_of_the_training_nodes_that_are_not_asked_and_no_others(sparse, how):
    data = blocks(sparse=sparse)
    trainer, found = batches(data, **how)
    for batch in found:
        nodes, seeds = batch.minibatch.nodes, batch.seeds.numpy()
        wanted = np.zeros((len(nodes), NUM_CLASSES))
        for row, node in enumerate(nodes):
            if node in data.train and node not in seeds:
                wanted[row, data.labels[node]] = 1
        assert (dense(batch.x)[:, NUM_FEATURES:].numpy() == wanted).all()
        assert np.isin(seeds, data.train).all()
        assert (batch.y.numpy() == data.labels[seeds]).all()
        rows = trainer.task.plain.features
        rows = rows.to_scipy().toarray() if sparse else rows
        assert np.allclose(dense(batch.x)[:, :NUM_FEATURES].numpy(), rows[nodes])


def test_asked_are_the_share_with_the_smallest_variates_of_the_step():
    data = blocks()
    trainer, found = batches(data, epoch=2)
    for batch in found:
        planned = data.train[trainer.loader.plan.places(2, batch.step)]
        key = rng.stream_key(0, rng.SHOWN, 2, batch.step)
        by_variate = sorted(planned, key=lambda node: int(rng.fold(key, np.array([node], np.uint64))[0]))
        count = int(np.ceil(SHARE * len(planned)))
        assert batch.seeds.tolist() == [node for node in planned if node in by_variate[:count]]
    again = batches(data, epoch=2, num_threads=2)[1]
    assert [batch.seeds.tolist() for batch in again] == [batch.seeds.tolist() for batch in found]
    assert [b.seeds.tolist() for b in batches(data, epoch=1)[1]] != [b.seeds.tolist() for b in found]


@pytest.mark.parametrize("model", [{}, {"aggregator": "max"}, {"aggregator": "gcn"}, {"input_layer": "active"}])
@pytest.mark.parametrize("sparse", [False, True])
def test_an_outputs_own_label_never_reaches_it(model, sparse):
    """Through two hops, also where nodes are each other's neighbours: other labels of the asked nodes, the same outputs."""
    data = blocks(sparse=sparse)
    _, (batch,) = batches(data, batch_size=None)
    asked = batch.seeds.numpy()
    labels = data.labels.copy()
    labels[asked] = (labels[asked] + 1) % NUM_CLASSES
    outputs = []
    for changed in (data, replace(data, labels=labels)):
        trainer = make_trainer(config(model, batch_size=None), changed, log=None)
        trainer.model.eval()
        (batch,) = trainer.loader.epoch(0)
        assert (batch.seeds.numpy() == asked).all()
        outputs.append(trainer.model(batch))
    assert torch.equal(*outputs)
    shown = np.setdiff1d(data.train, asked)
    labels = data.labels.copy()
    labels[shown] = (labels[shown] + 1) % NUM_CLASSES
    trainer = make_trainer(config(model, batch_size=None), replace(data, labels=labels), log=None)
    trainer.model.eval()
    (batch,) = trainer.loader.epoch(0)
    assert not torch.equal(trainer.model(batch), outputs[0])  # and those of the others do


@pytest.mark.parametrize("evaluate", ["exact", "sampled"])
def test_labels_to_validate_and_test_on_are_never_inputs(evaluate):
    data = blocks()
    labels, others = data.labels.copy(), np.concatenate([data.val, data.test])
    labels[others] = (labels[others] + 1) % NUM_CLASSES
    found = []
    for changed in (data, replace(data, labels=labels)):
        trainer = make_trainer(config(evaluate=evaluate, epochs=1), changed, log=None)
        found.append(trainer.task.raw_outputs(np.arange(data.num_nodes), sampled=evaluate == "sampled"))
    assert torch.equal(*found)


def test_all_ways_to_ask_agree(tmp_path):
    data = blocks()
    result = run(config(), data, folder=tmp_path, log=lambda line: None)
    trained = gs.load_trained(tmp_path)
    assert trained.label_reuse and result.model.in_features == NUM_FEATURES + NUM_CLASSES
    by_hand = with_label_columns(data, data.labels, NUM_CLASSES)
    with torch.no_grad():
        wanted = gs.inference(result.model, by_hand.graph, by_hand.features).numpy()
    assert np.allclose(trained.outputs(data), wanted, atol=1e-5)
    assert trained.predict(data, data.test).outputs.shape == (99, NUM_CLASSES)
    scores = trained.evaluate(data)["test"]["accuracy"]
    assert scores == pytest.approx(result.result.test_score)
    blank = replace(data, train=[])
    assert not np.allclose(trained.outputs(blank), wanted)
    assert "a column a class: 1 in that of its label for a training node" in (tmp_path / "model.json").read_text()


def test_another_datasets_labels_are_matched_by_name():
    names = ("a", "b", "c", "d")
    data = blocks(class_names=names)
    trainer = make_trainer(config(epochs=1), data, log=None)
    trained = as_trained(trainer.model, trainer.dataset, trainer.config, None)
    labels = np.where(data.labels < 0, -1, NUM_CLASSES - 1 - data.labels)
    turned = blocks(labels=labels, class_names=names[::-1])
    assert np.allclose(trained.outputs(turned), trained.outputs(data))
    with pytest.raises(ValueError, match="the model does not know the class"):
        trained.outputs(blocks(class_names=("a", "b", "c", "z")))


def test_baselines_see_no_labels():
    lines = []
    result = run(replace(config(), baseline=True), blocks(), log=lines.append)
    assert result.features_only is not None and result.features_only < 1
    plain = run(replace(configured(epochs=3), baseline=True), blocks(), log=lambda line: None)
    assert result.rows == plain.rows and result.features_only == plain.features_only
    assert "Labels of training nodes are inputs: 40% of each batch's nodes hide theirs, and are asked" in lines


def test_a_training_goes_on(tmp_path):
    data, settings = blocks(), config(epochs=4)
    whole = make_trainer(settings, data, log=None)
    whole.fit()
    first = make_trainer(config(epochs=2), data, folder=tmp_path, log=None)
    first.fit()
    second = make_trainer(settings, data, folder=tmp_path, log=None)
    second.resume()
    second.fit()
    assert all(torch.equal(a, b) for a, b in zip(whole.model.state_dict().values(), second.model.state_dict().values()))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (blocks(labels=np.random.default_rng(0).random(200).astype(np.float32)), "the task is regression: leave it out"),
        (blocks(labels=np.eye(2, dtype=np.int64)[np.arange(200) % 2]), "shows the one class .* the task is multilabel"),
    ],
)
def test_other_tasks_of_nodes_are_refused(data, text):
    with pytest.raises(ValueError, match=text):
        make_trainer(config(), data, log=None)


def test_nodes_with_times_are_refused():
    with pytest.raises(ValueError, match="label_reuse shows labels at any time, and nodes are asked at theirs: leave it out"):
        make_trainer(config(), told_at(0, number=60), log=None)


def test_what_else_is_refused():
    with pytest.raises(ValueError, match="label_reuse = 0.5 is not used for links"):
        make_trainer(link_config(label_reuse=0.5), linked(), log=None)
    with pytest.raises(ValueError, match=r"label_reuse must be in \[0, 1\), got 1"):
        gs.TrainConfig(label_reuse=1)
    model = gs.GraphSAGE(NUM_FEATURES, 8, NUM_CLASSES)
    with pytest.raises(ValueError, match="the dataset has 24 and label_reuse adds 4"):
        gs.Trainer(model, blocks(), config().train, log=None)


def test_another_dataset_is_refused_in_a_sentence_about_labels(tmp_path):
    trainer = make_trainer(config(epochs=1), blocks(), log=None)
    trainer.fit()
    for ask in (trainer.predict, trainer.embed):
        with pytest.raises(ValueError, match="label_reuse shows labels of the training's dataset, and .* is another: load"):
            ask(dataset=blocks(seed=1))


def test_the_data_of_a_training_are_those_without_columns_of_labels():
    assert make_trainer(config(), blocks(), log=None).identity == identity(blocks())
