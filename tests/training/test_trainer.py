"""Trainer: that it learns, repeats itself bit for bit, keeps the best, tests once, and says what it does."""

import random
import re
import threading
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.blocks import ISOLATED, NUM_CLASSES, NUM_FEATURES, blocks, configured
from helpers.nn_helpers import LEARNED

from graphsage.config.groups import ModelConfig, SampleConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.graph.features import SparseFeatures
from graphsage.graph.graph import Graph
from graphsage.loading.node_loader import NeighborLoader
from graphsage.nn.inference import inference
from graphsage.nn.model import GraphSAGE
from graphsage.runs.node_run import majority_score
from graphsage.runs.run import build_model, make_trainer
from graphsage.runs.trainer import Trainer
from graphsage.sampling.neighbor import NeighborSampler
from graphsage.training.tasks import METRICS

CLOCKS = ("seconds", "starting", "waiting", "training", "evaluating", "saving", "memory")
FULL = {"batch_size": None, "epochs": 15}
MODES = {
    "passes": {},
    "random batches": {"batches_per_epoch": 4},
    "full batch, rprop": {**FULL, "optimizer": "rprop", "learning_rate": 0.01},
    "full batch, adam": FULL,
}


@pytest.fixture(scope="module")
def dense():
    return blocks()


@pytest.fixture(scope="module")
def sparse():
    return blocks(sparse=True)


def fitted(config, dataset):
    """(trainer, result) of a silent training."""
    trainer = make_trainer(config, dataset, log=None)
    return trainer, trainer.fit()


def record(trainer, result):
    """All numbers of a training that do not depend on the clock."""
    history = [replace(epoch, **dict.fromkeys(CLOCKS, 0)) for epoch in result.history]
    weights = [(name, tensor.tolist()) for name, tensor in trainer.model.state_dict().items()]
    return history, weights, result.test_score, result.val_score, result.best_epoch


# ---- it learns


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_each_mode_learns(mode, kind, request):
    dataset = request.getfixturevalue(kind)
    trainer, result = fitted(configured(**MODES[mode]), dataset)
    assert result.test_accuracy > majority_score(dataset, METRICS["accuracy"]) + 0.5
    assert result.history[-1].loss < result.history[0].loss / 2
    assert all(torch.isfinite(tensor).all() for tensor in trainer.model.state_dict().values())


@pytest.mark.parametrize(
    ("aggregator", "combine"),
    [*product(["mean", "sum", "max"], ["sum", "concat"]), ("gcn", "sum"), *product(LEARNED, ["sum"])],
)
def test_each_aggregator_learns(aggregator, combine, sparse):
    model = {"aggregator": aggregator, "combine": combine, "normalize": True}
    _, result = fitted(configured(model, epochs=12), sparse)
    assert result.test_accuracy > 0.6


@pytest.mark.parametrize("depth", [1, 3])
def test_each_depth_learns(depth, dense):
    _, result = fitted(configured({"num_layers": depth}, fanouts=(5,) * depth, epochs=12), dense)
    assert result.test_accuracy > 0.6


def test_sgd_learns(dense):
    _, result = fitted(configured(optimizer="sgd", learning_rate=0.5), dense)
    assert result.test_accuracy > 0.6


def test_the_labels_of_the_test_nodes_are_not_used_in_training(dense):
    labels = dense.labels.copy()
    labels[dense.test] = (labels[dense.test] + 1) % NUM_CLASSES
    (known, result), (blind, worse) = (fitted(configured(), data) for data in (dense, replace(dense, labels=labels)))
    assert record(known, result)[:2] == record(blind, worse)[:2]
    assert worse.test_accuracy < 0.2 < result.test_accuracy


# ---- it repeats itself


@pytest.mark.parametrize(
    ("mode", "aggregator"),
    [("passes", "mean"), ("random batches", "mean"), ("full batch, rprop", "mean"), ("passes", "lstm"), ("passes", "pna")],
)
def test_the_same_seed_gives_the_same_bits(mode, aggregator, sparse):
    def trained(num_threads, draws):
        torch.rand(draws)
        random.random()
        settings = {**MODES[mode], "num_threads": num_threads, "epochs": 3, "seed": 7}
        model = {"dropout": 0.3, "input_dropout": 0.1, "aggregator": aggregator}
        return record(*fitted(configured(model, **settings), sparse))

    first = trained(0, 1)
    assert trained(1, 5) == first
    assert trained(2, 0) == first


def test_another_seed_gives_other_numbers(dense):
    one, two = (record(*fitted(configured(epochs=2, seed=seed), dense)) for seed in (0, 1))
    assert [epoch.loss for epoch in one[0]] != [epoch.loss for epoch in two[0]]
    assert one[1] != two[1]


def test_seed_of_the_training_changes_batches_and_dropout_but_not_the_model(dense):
    def losses(seed):
        config = configured({"dropout": 0.0}, epochs=1, seed=seed).train
        model = GraphSAGE(NUM_FEATURES, 16, NUM_CLASSES, dropout=0.0, seed=3)
        return Trainer(model, dense, config, log=None).fit().history[0].loss

    assert losses(0) == losses(0) != losses(1)


def test_dropout_is_drawn_anew_for_each_position(dense):
    trainer = make_trainer(configured(learning_rate=1e-30, weight_decay=0.0), dense, log=None)
    batch = next(trainer.loader.epoch(0))

    def loss(epoch, step):
        return trainer.step(batch.having(epoch=epoch, step=step)).item()

    first = loss(0, 0)
    assert loss(0, 0) == first
    assert len({first, loss(0, 1), loss(1, 0), loss(1, 1)}) == 4


def test_global_random_states_are_left_alone(dense):
    states = [torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()]  # noqa: NPY002
    make_trainer(configured(epochs=2, num_threads=1), dense, log=None).fit()
    assert [torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()] == states  # noqa: NPY002


# ---- it keeps the best, and tests it once


def test_the_best_weights_are_kept(dense):
    config = configured(epochs=12, learning_rate=0.2)
    trainer, result = fitted(config, dense)
    scores = [(epoch.val_accuracy, -epoch.val_loss) for epoch in result.history]
    assert [epoch.number for epoch in result.history] == list(range(1, 13))
    assert result.best_epoch == scores.index(max(scores)) + 1 < 12
    assert trainer.evaluate(dense.val) == (max(scores)[0], -max(scores)[1])
    assert result.val_accuracy == max(scores)[0]
    assert result.test_accuracy == trainer.evaluate(dense.test)[0]
    shorter, _ = fitted(replace(config, train=replace(config.train, epochs=result.best_epoch)), dense)
    assert record(shorter, result)[1] == record(trainer, result)[1]


def test_best_is_the_first_of_highest_accuracy_then_lowest_loss(dense, monkeypatch):
    trainer = make_trainer(configured(epochs=6), dense, log=None)
    scripted = [(0.5, 0.1), (0.7, 2.0), (0.7, 1.5), (0.6, 0.1), (0.7, 1.5), (0.7, 1.6)]
    answers = iter([*scripted, (0.25, 9.0)])
    monkeypatch.setattr(trainer, "evaluate", lambda nodes: next(answers))
    result = trainer.fit()
    assert (result.best_epoch, result.val_accuracy, result.test_accuracy) == (3, 0.7, 0.25)
    assert [(epoch.val_accuracy, epoch.val_loss) for epoch in result.history] == scripted


def test_the_test_nodes_are_looked_at_once_and_last(dense, monkeypatch):
    trainer = make_trainer(configured(epochs=3), dense, log=None)
    asked, evaluate = [], trainer.evaluate

    def recorded(nodes):
        asked.append("test" if np.array_equal(nodes, dense.test) else "val" if np.array_equal(nodes, dense.val) else "?")
        return evaluate(nodes)

    monkeypatch.setattr(trainer, "evaluate", recorded)
    trainer.fit()
    assert asked == ["val", "val", "val", "test"]


def test_without_validation_nodes_the_last_epoch_is_kept(dense):
    lines = []
    dataset = replace(dense, val=[])
    trainer = make_trainer(configured(epochs=3), dataset, log=lines.append)
    result = trainer.fit()
    assert (result.best_epoch, result.val_accuracy) == (3, None)
    assert result.test_accuracy == trainer.evaluate(dataset.test)[0]
    assert all(epoch.val_accuracy is None and epoch.val_loss is None for epoch in result.history)
    assert re.fullmatch(r"Epoch 003 Loss: \d\.\d{4} \(\d+\.\d s\)", lines[-1])


def test_without_test_nodes_there_is_no_test_accuracy(dense):
    _, result = fitted(configured(epochs=1), replace(dense, test=[]))
    assert result.test_accuracy is None and result.val_accuracy is not None


def test_the_model_is_left_ready_for_use(dense):
    trainer, _ = fitted(configured(epochs=1), dense)
    assert not trainer.model.training


def test_evaluation_is_exact_and_about_the_nodes_asked(dense):
    trainer = make_trainer(configured(), dense, log=None)
    logits = inference(trainer.model, dense.graph, dense.features).numpy()
    nodes = dense.test[3:50]
    accuracy, loss = trainer.evaluate(nodes)
    assert accuracy == np.mean(logits[nodes].argmax(1) == dense.labels[nodes])
    shares = np.exp(logits[nodes]) / np.exp(logits[nodes]).sum(1, keepdims=True)
    assert loss == pytest.approx(-np.log(shares[np.arange(47), dense.labels[nodes]]).mean(), rel=1e-5)


# ---- what it does with its settings


def test_isolated_nodes_stand_in_for_themselves_in_training_and_evaluation(dense):
    def trainers(**settings):
        for isolated in ("empty", "self"):
            config = configured({"dropout": 0.0}, isolated=isolated, **settings)
            yield make_trainer(config, replace(dense, train=ISOLATED, val=[], test=[]), log=None)

    for empty, own in (trainers(), trainers(batch_size=None)):
        losses = [trainer.step(next(iter(trainer.loader))).item() for trainer in (empty, own)]
        assert losses[0] != losses[1]
    empty, own = trainers()
    assert empty.evaluate(ISOLATED) != own.evaluate(ISOLATED)
    # exact evaluation agrees with the loader's batch of all neighbours, which for these nodes is themselves
    sampler = NeighborSampler(dense.graph, (-1, -1), isolated="self")
    batch = next(iter(NeighborLoader(dense, sampler, 3, nodes=np.array(ISOLATED))))
    with torch.no_grad():
        loss = F.cross_entropy(own.model.eval()(batch), batch.y).item()
    assert own.evaluate(batch.minibatch.nodes)[1] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "setting", "normalized"),
    [("sparse", None, True), ("sparse", False, False), ("sparse", True, True), ("dense", None, False), ("dense", True, True)],
)
def test_feature_rows_are_normalized_by_default_where_sparse(kind, setting, normalized, request):
    dataset = request.getfixturevalue(kind)
    used = make_trainer(configured(normalize_features=setting), dataset, log=None).dataset.features
    assert isinstance(used, SparseFeatures) == (kind == "sparse")
    rows = used.to_scipy().toarray() if kind == "sparse" else used
    sums = np.abs(rows).sum(1)
    assert np.allclose(sums[1:], 1) == normalized
    assert kind == "dense" or sums[0] == 0


@pytest.mark.parametrize(("kind", "setting"), [("sparse", None), ("sparse", False), ("dense", None), ("dense", True)])
def test_the_result_says_whether_feature_rows_were_normalized(kind, setting, request):
    dataset = request.getfixturevalue(kind)
    _, result = fitted(configured(epochs=1, normalize_features=setting), dataset)
    assert result.normalized_features is (kind == "sparse" if setting is None else setting)


def test_dropout_defaults_to_half_in_sampled_batches_and_to_none_in_full_ones(dense):
    assert build_model(configured(), dense).dropout == 0.5
    assert build_model(configured(batches_per_epoch=2), dense).dropout == 0.5
    assert build_model(configured(batch_size=None, optimizer="rprop"), dense).dropout == 0.0
    assert build_model(configured({"dropout": 0.1}, batch_size=None), dense).dropout == 0.1
    assert build_model(configured({"dropout": 0.0}), dense).dropout == 0.0


def test_settings_reach_sampler_loader_and_optimizer(dense):
    settings = {"fanouts": (4, 3), "replace": True, "num_threads": 2, "seed": 9, "batches_per_epoch": 5}
    trainer = make_trainer(configured(learning_rate=0.3, weight_decay=0.01, **settings), dense, log=None)
    sampler = trainer.loader.sampler
    assert (sampler.fanouts, sampler.replace, sampler.num_threads, sampler.seed) == ((4, 3), True, 2, 9)
    assert len(trainer.loader) == 5
    assert len(next(iter(trainer.loader)).y) == 16
    assert {name: trainer.optimizer.defaults[name] for name in ("lr", "weight_decay")} == {"lr": 0.3, "weight_decay": 0.01}
    kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    for name, kind in kinds.items():
        assert isinstance(make_trainer(configured(optimizer=name), dense, log=None).optimizer, kind)
    rprop = make_trainer(configured(batch_size=None, optimizer="rprop", learning_rate=0.3), dense, log=None)
    assert type(rprop.optimizer) is torch.optim.Rprop and rprop.optimizer.defaults["lr"] == 0.3


def test_a_pass_uses_every_training_node_once_and_a_full_batch_all_at_once(dense):
    loader = make_trainer(configured(), dense, log=None).loader
    for epoch in (0, 1):
        batches = list(loader.epoch(epoch))
        assert [len(batch.y) for batch in batches] == [16, 16, 8]
        seeds = np.concatenate([b.minibatch.nodes[b.minibatch.seed_index] for b in batches])
        assert sorted(seeds) == sorted(dense.train)
    full = make_trainer(configured(batch_size=None), dense, log=None).loader
    (batch,) = full.epoch(0)
    assert len(batch.y) == 40 and full.sampler.fanouts == (-1, -1)
    degrees = dense.graph.degrees[batch.minibatch.nodes[: len(batch.minibatch.indptr) - 1]]
    assert np.array_equal(np.diff(batch.minibatch.indptr), degrees)


def test_a_step_follows_the_gradient_of_the_mean_loss_of_the_seeds(dense):
    """One step of plain SGD against autograd by hand, gradients left over from before included."""
    config = configured({"dropout": 0.0}, optimizer="sgd", learning_rate=0.5, weight_decay=0.0)
    trainer, twin = (make_trainer(config, dense, log=None) for _ in range(2))
    batch = next(iter(trainer.loader))
    for parameter in trainer.model.parameters():
        parameter.grad = torch.full_like(parameter, 100.0)
    loss = trainer.step(batch)
    by_hand = F.cross_entropy(twin.model(batch), batch.y)
    assert loss.item() == by_hand.item() and not loss.requires_grad
    by_hand.backward()
    for moved, parameter in zip(trainer.model.parameters(), twin.model.parameters()):
        assert torch.allclose(moved, parameter - 0.5 * parameter.grad, atol=1e-6)


# ---- what it says


def test_log_lines(dense):
    lines = []
    result = make_trainer(configured(epochs=2, log_every=2), dense, log=lines.append).fit()
    assert len(lines) == 4
    for epoch in (1, 2):
        batch, whole = lines[2 * epoch - 2 : 2 * epoch]
        assert re.fullmatch(rf"Epoch 00{epoch} Batch 002 Loss: \d\.\d{{4}}", batch)
        assert re.fullmatch(rf"Epoch 00{epoch} Loss: \d\.\d{{4}} Validation accuracy: \d+\.\d % \(\d+\.\d s\)", whole)
        of_epoch = result.history[epoch - 1]
        assert f"Loss: {of_epoch.loss:.4f} Validation accuracy: {100 * of_epoch.val_accuracy:.1f} %" in whole


def test_the_loss_of_an_epoch_is_the_mean_of_its_batches(dense):
    lines = []
    result = make_trainer(configured(epochs=1, log_every=1), dense, log=lines.append).fit()
    losses = [float(line.rpartition(" ")[2]) for line in lines if "Batch" in line]
    assert len(losses) == 3
    assert result.history[0].loss == pytest.approx(np.mean(losses), abs=1e-4)


@pytest.mark.parametrize(("log_every", "batches"), [(0, []), (1, [1, 2, 3]), (3, [3]), (4, [])])
def test_log_every(log_every, batches, dense):
    lines = []
    make_trainer(configured(epochs=1, log_every=log_every), dense, log=lines.append).fit()
    assert [int(re.search(r"Batch (\d+)", line)[1]) for line in lines[:-1]] == batches
    assert "Batch" not in lines[-1]


def test_log_none_is_silent_and_print_is_the_default(dense, capsys):
    config = configured(epochs=1)
    Trainer(build_model(config, dense), dense, config.train, log=None).fit()
    assert capsys.readouterr().out == ""
    Trainer(build_model(config, dense), dense, config.train).fit()
    assert capsys.readouterr().out.startswith("Epoch 001 Loss: ")


# ---- how it ends


def stop_at(start):
    """A log that is interrupted at the first line that starts so."""

    def log(line):
        if line.startswith(start):
            raise KeyboardInterrupt

    return log


@pytest.mark.parametrize("num_threads", [0, 2])
def test_ctrl_c_keeps_the_best_so_far(num_threads, dense):
    config = configured(epochs=9, log_every=1, num_threads=num_threads)
    before = threading.active_count()
    trainer = make_trainer(config, dense, log=stop_at("Epoch 003 Batch 002"))
    result = trainer.fit()
    assert threading.active_count() == before
    assert result.interrupted and len(result.history) == 2
    two, same = fitted(replace(config, train=replace(config.train, epochs=2)), dense)
    assert record(trainer, result) == record(two, same) and not same.interrupted


def test_ctrl_c_before_the_end_of_the_first_epoch_is_raised(dense):
    before = threading.active_count()
    trainer = make_trainer(configured(log_every=1, num_threads=1), dense, log=stop_at("Epoch 001 Batch 003"))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit()
    assert threading.active_count() == before


def stop_in_a_kernel_at(start, cause=KeyboardInterrupt):
    """What numba makes of Ctrl-C while a kernel runs."""

    def log(line):
        if line.startswith(start):
            try:
                raise SystemError("the kernel") from cause()
            except SystemError as error:
                raise SystemError("its wrapper") from error

    return log


def test_ctrl_c_inside_a_kernel(dense):
    config = configured(epochs=9, log_every=1)
    result = make_trainer(config, dense, log=stop_in_a_kernel_at("Epoch 003 Batch 002")).fit()
    assert result.interrupted and len(result.history) == 2
    with pytest.raises(KeyboardInterrupt):
        make_trainer(config, dense, log=stop_in_a_kernel_at("Epoch 001 Batch 003")).fit()
    with pytest.raises(SystemError, match="^its wrapper$"):  # another fault is not hidden
        make_trainer(config, dense, log=stop_in_a_kernel_at("Epoch 003 Batch 002", MemoryError)).fit()


def test_no_thread_is_left_after_an_end_or_an_error(dense, monkeypatch):
    before = threading.active_count()
    trainer, _ = fitted(configured(epochs=2, num_threads=2), dense)
    assert threading.active_count() == before

    def broken(batch):
        raise RuntimeError("a bug")

    monkeypatch.setattr(trainer, "step", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        trainer.fit()
    assert threading.active_count() == before


# ---- what it refuses


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fanouts": (5,)}, "fanouts 5 sample 1 hops, but the model has 2 layers: give one a layer"),
        ({"fanouts": (5, 5, 5)}, "fanouts 5,5,5 sample 3 hops, but the model has 2 layers"),
        ({"device": "gpu"}, "device must be auto, cpu, cuda, cuda:1 .* or mps; got 'gpu'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(change, text, dense):
    settings = {**configured().train.__dict__, **change}
    with pytest.raises(ValueError, match=text):
        Trainer(GraphSAGE(NUM_FEATURES, 16, NUM_CLASSES), dense, TrainConfig(**settings))


@pytest.mark.parametrize("config", [RunConfig(), SampleConfig(), {"epochs": 3}, ModelConfig()])
def test_another_kind_of_config_is_refused(config, dense):
    with pytest.raises(TypeError, match=f"config must be a TrainConfig, got {type(config).__name__}"):
        Trainer(GraphSAGE(NUM_FEATURES, 16, NUM_CLASSES), dense, config)


def test_a_model_of_another_shape_is_refused(dense):
    with pytest.raises(ValueError, match="the model takes 7 features a node, but the dataset has 24"):
        Trainer(GraphSAGE(7, 16, NUM_CLASSES), dense)
    with pytest.raises(ValueError, match="the model tells 3 classes apart, but the dataset has 4"):
        Trainer(GraphSAGE(NUM_FEATURES, 16, 3), dense)
    Trainer(GraphSAGE(NUM_FEATURES, 16, 5), dense, configured().train)  # more classes than appear are fine


def test_a_dataset_without_training_nodes_is_refused(dense):
    with pytest.raises(ValueError, match="blocks has no training nodes: there is nothing to learn from"):
        make_trainer(configured(), replace(dense, train=[]))
    with pytest.raises(ValueError, match="the dataset has no training nodes"):
        make_trainer(configured(), replace(dense, train=[], name=None))


def test_a_weighted_graph_is_refused_unless_its_weights_are_to_be_ignored(dense):
    graph = dense.graph
    weighted = Graph.from_csr(graph.indptr, graph.indices, weights=np.ones(graph.num_edges))
    with pytest.raises(ValueError, match="weights"):
        make_trainer(configured(), replace(dense, graph=weighted))
    plain, ignoring = configured(epochs=1), configured(epochs=1, weights="ignore")
    assert record(*fitted(ignoring, replace(dense, graph=weighted))) == record(*fitted(plain, dense))


# ---- half precision


@pytest.mark.parametrize("options", [{"precision": "bfloat16"}, {"feature_dtype": "bfloat16"}])
def test_bfloat16_learns_as_well_and_is_not_the_same(options, dense):
    plain, half = (fitted(configured(**given), dense) for given in ({}, options))
    assert half[1].test_accuracy > plain[1].test_accuracy - 0.05
    assert {p.dtype for p in half[0].model.parameters()} == {torch.float32}
    assert record(*half) != record(*plain)


def test_autocast_reaches_the_products_and_the_loss_is_float32(dense):
    trainer = make_trainer(configured(precision="bfloat16"), dense, log=None)
    seen = []
    trainer.model.layers[-1].register_forward_hook(lambda layer, inputs, output: seen.append(output.dtype))
    assert trainer.step(trainer.loader.prepare(0, 0)).dtype == torch.float32
    assert seen == [torch.bfloat16]


def test_bfloat16_features_must_be_dense(sparse):
    text = "^feature_dtype = 'bfloat16' is for dense features: sparse ones are float32$"
    with pytest.raises(ValueError, match=text):
        make_trainer(configured(feature_dtype="bfloat16"), sparse, log=None)


# ---- on a GPU, where there is one


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_each_mode_learns_on_a_gpu(mode, kind, request):
    dataset = request.getfixturevalue(kind)
    state = torch.cuda.get_rng_state()
    trainer, result = fitted(configured(device="cuda", num_threads=1, **MODES[mode]), dataset)
    assert result.test_accuracy > majority_score(dataset, METRICS["accuracy"]) + 0.5
    assert next(trainer.model.parameters()).is_cuda
    assert torch.equal(torch.cuda.get_rng_state(), state)
