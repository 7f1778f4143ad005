"""Modules of the caller's own: BatchNorm and batches of one seed, weights of another dtype, modes they were made in."""

import numpy as np
import pytest
import torch
from torch import nn

import graphsage as gs


def dataset_of(num_train=33, num_val=20, labels=None, sparse=False):
    rng = np.random.default_rng(1)
    graph = gs.Graph.from_edges(*rng.integers(0, 100, (2, 600)), 100, undirected=True)
    labels = rng.integers(0, 2, 100) if labels is None else labels
    parts = {"train": np.arange(num_train), "val": np.arange(40, 40 + num_val), "test": np.arange(70, 100)}
    return gs.NodeDataset(graph=graph, features=rng.normal(size=(100, 6)), labels=labels, **parts)


class WithNorm(nn.Module):
    """GraphSAGE, BatchNorm over the seeds, and a head; keeps how many seeds it was given."""

    def __init__(self, norm):
        super().__init__()
        self.body, self.head = gs.GraphSAGE(6, 8, 8, dropout=0), nn.Linear(8, 2)
        self.norm, self.seen = norm, []

    def forward(self, batch):
        if self.training:
            self.seen.append(len(batch.seeds))
        return self.head(torch.relu(self.norm(self.body(batch))))


def trainer_of(model, data, log=None, **config):
    return gs.Trainer(model, data, gs.TrainConfig(**{"epochs": 2, "batch_size": 16, "device": "cpu", **config}), log=log)


NORMS = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(8),
    "lazy": nn.LazyBatchNorm1d,
    "synchronised": lambda: nn.SyncBatchNorm(8),
    "without running statistics": lambda: nn.BatchNorm1d(8, track_running_stats=False),
    "nested": lambda: nn.Sequential(nn.Identity(), nn.Sequential(nn.BatchNorm1d(8))),
}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("num_train, sizes", [(33, [16, 17]), (34, [16, 16, 2]), (32, [16, 16]), (17, [17]), (5, [5])])
def test_a_last_seed_joins_the_batch_before_it_for_batch_norm(norm, num_train, sizes):
    torch.manual_seed(0)
    model, lines = WithNorm(NORMS[norm]()), []
    if norm == "synchronised":
        model.norm.forward = nn.BatchNorm1d(8).forward  # the real one wants a GPU
    result = trainer_of(model, dataset_of(num_train, num_val=17), lines.append).fit()
    assert model.seen == 2 * sizes and 0 <= result.test_score <= 1
    said = [line for line in lines if line.startswith("BatchNorm needs 2 seeds a batch: the last seed of each epoch joins")]
    assert len(said) == (num_train in (17, 33))


def test_without_batch_norm_a_last_seed_is_a_batch():
    model = WithNorm(nn.LayerNorm(8))
    trainer_of(model, dataset_of(33)).fit()
    assert model.seen == 2 * [16, 16, 1]


@pytest.mark.parametrize("num_train, config, name", [
    (33, {"batch_size": 1}, "batch_size"),
    (33, {"batch_size": 1, "batches_per_epoch": 3}, "batch_size"),
    (1, {}, "the number of training nodes"),
])  # fmt: skip
def test_one_seed_a_batch_is_no_training_for_batch_norm(num_train, config, name):
    text = f"^the model has BatchNorm, which needs at least 2 seeds a batch: {name} must be 2 or more, got 1$"
    with pytest.raises(ValueError, match=text):
        trainer_of(WithNorm(nn.BatchNorm1d(8)), dataset_of(num_train), **config)


@pytest.mark.parametrize("config", [{"batches_per_epoch": 3, "batch_size": 2}, {"batch_size": 2}, {"accumulate": 2}])
def test_batch_norm_in_other_modes(config):
    trainer_of(WithNorm(nn.BatchNorm1d(8)), dataset_of(33), **config).fit()


# ---- dtypes


class Own(nn.Module):
    """Reads features by itself."""

    def __init__(self, out=2):
        super().__init__()
        self.own, self.neighbours = nn.Linear(6, out), nn.Linear(6, out)
        self.dtypes = set()

    def forward(self, batch):
        self.dtypes.add(batch.x.dtype)
        x = batch.x[: batch.blocks[-1].num_rows]
        mean = batch.blocks[-1].mean(batch.x[: batch.blocks[-1].num_cols])
        return (self.own(x) + self.neighbours(mean))[batch.seed_index]


@pytest.mark.parametrize("labels", [None, np.random.default_rng(0).normal(size=(100, 1)).astype(np.float32)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float32])
def test_features_follow_the_dtype_of_a_module(dtype, labels):
    torch.manual_seed(0)
    model, twin = Own(1 if labels is not None else 2).to(dtype), None
    result = trainer_of(model, dataset_of(labels=labels)).fit()
    assert model.dtypes == {dtype} and {weight.dtype for weight in model.parameters()} == {dtype}
    torch.manual_seed(0)
    twin = Own(1 if labels is not None else 2)
    losses = [epoch.loss for epoch in trainer_of(twin, dataset_of(labels=labels)).fit().history]
    tolerance = {torch.float64: 1e-5, torch.float32: 0, torch.bfloat16: 0.1}[dtype]
    assert [epoch.loss for epoch in result.history] == pytest.approx(losses, rel=tolerance)


def test_a_module_made_under_another_default_is_trained_in_it():
    torch.set_default_dtype(torch.float64)
    try:
        model = Own()
        trainer_of(model, dataset_of()).fit()
    finally:
        torch.set_default_dtype(torch.float32)
    assert model.dtypes == {torch.float64}


@pytest.mark.parametrize("aggregator", ["mean", "max", "gcn", "mean_pool", "lstm", "attention", "std", "pna"])
def test_graphsage_in_double_agrees_with_single(aggregator):
    data, scores = dataset_of(), []
    for cast in (nn.Module.float, nn.Module.double):
        model = cast(gs.GraphSAGE(6, 8, 2, aggregator=aggregator, dropout=0))
        trainer = trainer_of(model, data, evaluate="sampled")
        result = trainer.fit()
        exact = gs.inference(model, data.graph, data.features)
        scores.append([*(epoch.loss for epoch in result.history), *exact[:20, 0].tolist()])
        assert exact.dtype == torch.float32
    assert scores[1] == pytest.approx(scores[0], rel=2e-3, abs=1e-4)


# ---- modes


def test_a_module_made_in_inference_mode_cannot_be_trained():
    with torch.inference_mode():
        model = Own()
    with pytest.raises(ValueError, match="^the model was made inside torch.inference_mode.., so it cannot be trained: make it"):
        trainer_of(model, dataset_of())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_module_of_the_callers_own_is_trained_and_asked_inside_any_mode(mode):
    torch.manual_seed(0)
    first, second, data = Own(), Own(), dataset_of()
    second.load_state_dict(first.state_dict())
    plain = trainer_of(first, data).fit()
    with mode():
        inside = trainer_of(second, data).fit()
    assert [epoch.loss for epoch in inside.history] == [epoch.loss for epoch in plain.history]
    assert all(torch.equal(weight, first.state_dict()[name]) for name, weight in second.state_dict().items())


def test_a_batch_kept_from_inference_mode_can_be_trained_on():
    data, model = dataset_of(), gs.GraphSAGE(6, 8, 2)
    loader = gs.NeighborLoader(data, gs.NeighborSampler(data.graph, [-1, -1], num_threads=0), None, reduce="mean")
    with torch.inference_mode():
        model(next(iter(loader)))
    model(next(iter(loader))).sum().backward()
    assert all(weight.grad is not None for weight in model.parameters())
