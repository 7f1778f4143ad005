"""What a program set in torch and numpy before it called the package changes none of its numbers."""

import contextlib
import warnings

import numpy as np
import pytest
import torch
from helpers.blocks import NUM_FEATURES, blocks
from scipy.sparse import csr_matrix

import graphsage as gs


@contextlib.contextmanager
def setting(setter, value, before):
    setter(value)
    try:
        yield
    finally:
        setter(before)


def default_dtype(dtype):
    return lambda: setting(torch.set_default_dtype, dtype, torch.float32)


@contextlib.contextmanager
def strict_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextlib.contextmanager
def grad_mode_off():
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        torch.set_grad_enabled(True)


@contextlib.contextmanager
def numpy_raises():
    before = np.seterr(all="raise")
    try:
        yield
    finally:
        np.seterr(**before)


SETTINGS = {
    "float64": default_dtype(torch.float64),
    "bfloat16": default_dtype(torch.bfloat16),
    "default device": lambda: setting(torch.set_default_device, "meta", None),
    "device context": lambda: torch.device("meta"),
    "no_grad": torch.no_grad,
    "grad mode off": grad_mode_off,
    "inference_mode": torch.inference_mode,
    "deterministic": lambda: setting(torch.use_deterministic_algorithms, True, False),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "anomalies": lambda: torch.autograd.set_detect_anomaly(True),
    "two threads": lambda: setting(torch.set_num_threads, 2, torch.get_num_threads()),
    "numpy raises": numpy_raises,
    "warnings": strict_warnings,
}


def dataset_of(task="multiclass", sparse=False):
    rng = np.random.default_rng(3)
    graph = gs.Graph.from_edges(*rng.integers(0, 110, (2, 500)), 120, undirected=True)  # the last ten are isolated
    features = rng.normal(size=(120, 6)).astype(np.float32)
    if sparse:
        features = csr_matrix(np.maximum(features, 0))
    labels = {
        "multiclass": rng.integers(0, 3, 120),
        "two classes": rng.integers(0, 2, 120),
        "multilabel": rng.integers(0, 2, (120, 4)),
        "regression": rng.normal(size=(120, 2)).astype(np.float32),
    }[task]
    parts = {"train": np.arange(50), "val": np.arange(50, 80), "test": np.arange(80, 120)}
    return gs.NodeDataset(graph=graph, features=features, labels=labels, **parts)


STORIES = {
    "mean": (dataset_of(), {}, {}),
    "max and sgd": (dataset_of(), {"aggregator": "max"}, {"optimizer": "sgd", "schedule": "cosine", "num_threads": 0}),
    "attention": (dataset_of(sparse=True), {"aggregator": "attention", "input_dropout": 0.2}, {"schedule": "plateau"}),
    "pna": (dataset_of("multilabel"), {"aggregator": "pna", "num_layers": 1}, {"fanouts": (4,), "evaluate": "sampled"}),
    "lstm": (dataset_of("regression"), {"aggregator": "lstm"}, {"accumulate": 2, "precision": "bfloat16"}),
    "sum": (dataset_of(sparse=True), {"aggregator": "sum", "normalize": True}, {"clip_norm": 1.0, "num_threads": 0}),
    "gcn, full batch": (dataset_of(), {"aggregator": "gcn"}, {"batch_size": None, "optimizer": "rprop", "weight_decay": 0}),
    "ranks": (dataset_of("two classes"), {"dropout": 0}, {"metric": "roc_auc", "patience": 1, "label_smoothing": 0.1}),
    "std": (dataset_of(), {"aggregator": "std"}, {"feature_dtype": "bfloat16", "class_weights": "balanced"}),
}


def numbers(data, model_options, train_options, folder):
    """Weights and scores of a short training, and what the trained model says after it was saved and read."""
    model = gs.GraphSAGE(data.num_features, 8, data.num_outputs, **model_options)
    options = {"epochs": 2, "learning_rate": 0.02, "device": "cpu", **train_options}
    options = options if options.get("batch_size", 1) is None else {"batch_size": 16, **options}
    trainer = gs.Trainer(model, data, gs.TrainConfig(**options), folder=folder, log=None)
    result = trainer.fit()
    trained = gs.load_trained(folder)
    return {
        "scores": [result.test_score, result.val_score, [(epoch.loss, epoch.val_loss) for epoch in result.history]],
        "weights": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "outputs": result.outputs,
        "sampled": trainer.evaluate(data.test, sampled=True),
        "inference": gs.inference(model, data.graph, trainer.loader.store),
        "predicted": trained.predict(data, device="cpu").outputs,
        "drawn": trained.outputs(data, fanouts=[3] * model.num_layers, device="cpu"),
        "evaluated": trained.evaluate(data, device="cpu"),
    }


def plain(value):
    """Nested values as what compares to the bit."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (torch.Tensor, np.ndarray)):
        array = value.detach().numpy() if isinstance(value, torch.Tensor) else value
        return str(array.dtype), array.shape, array.tobytes()
    return value


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return {name: plain(numbers(*story, tmp_path_factory.mktemp("plain"))) for name, story in STORIES.items()}


#: Every story under what reaches each tensor, three of them under the rest.
REACHING = ("float64", "bfloat16", "default device", "inference_mode", "autocast")
CASES = [(story, ambient) for ambient in SETTINGS for story in (STORIES if ambient in REACHING else list(STORIES)[:3])]


@pytest.mark.parametrize("story, ambient", CASES)
def test_what_is_set_changes_no_number(story, ambient, expected, tmp_path):
    with SETTINGS[ambient]():
        found = numbers(*STORIES[story], tmp_path)
    assert plain(found) == expected[story]


def batches(data, reduce, num_threads):
    """What a loader and a sampler give that are made and used under the setting, and what a model makes of trees."""
    sampler = gs.NeighborSampler(data.graph, [3, 2], seed=1, num_threads=num_threads)
    loader = gs.NeighborLoader(data, sampler, 16, reduce=reduce)
    found = []
    for batch in [*loader, *gs.NeighborLoader(data, gs.NeighborSampler(data.graph, [-1]), None, reduce=reduce)]:
        batch.map(lambda tensor: found.append(tensor) or tensor)
    model = gs.GraphSAGE(4, 8, 3, aggregator=reduce).eval()
    tree = [torch.linspace(-1, 1, 4 * rows, dtype=torch.float32, device="cpu").view(rows, 4) for rows in (2, 6, 12)]
    with torch.autocast("cpu", enabled=False):  # what a caller's own forward pass is cast to is the caller's
        return [found, model(tree)]


LOADERS = [("mean", False, 0), ("gcn", False, 0), ("max", True, 0), ("sum", True, 2)]


@pytest.mark.parametrize("ambient", SETTINGS)
@pytest.mark.parametrize("reduce, sparse, num_threads", LOADERS)
def test_what_is_set_changes_no_batch(reduce, sparse, num_threads, ambient):
    data = dataset_of(sparse=sparse)
    expected = plain(batches(data, reduce, num_threads))
    with SETTINGS[ambient]():
        assert plain(batches(dataset_of(sparse=sparse), reduce, num_threads)) == expected


@pytest.mark.parametrize("ambient", ["float64", "bfloat16", "default device", "inference_mode"])
def test_an_aggregator_of_the_callers_own_is_made_in_float32(ambient):
    class Doubled(gs.Aggregator):
        def __init__(self, in_features, hidden_features):
            super().__init__(in_features, hidden_features)
            self.out_features = hidden_features
            self.linear = torch.nn.Linear(in_features, hidden_features)
            self.register_buffer("factor", torch.tensor(2.0))

        def forward(self, x, block, x_self):
            return self.factor * block.mean(self.linear(x))

    def weights():
        return plain({name: tensor.detach() for name, tensor in gs.GraphSAGE(5, 4, 3, aggregator=Doubled).state_dict().items()})

    expected = weights()
    with SETTINGS[ambient]():
        assert weights() == expected
        model = gs.GraphSAGE(6, 4, 3, aggregator=Doubled)
    gs.Trainer(model, dataset_of(), gs.TrainConfig(epochs=1, batch_size=16, device="cpu"), log=None).fit()


def test_the_callers_settings_are_as_before():
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16), default_dtype(torch.float64)(), torch.device("meta"):
        model = gs.GraphSAGE(6, 4, 3)
        gs.Trainer(model, dataset_of(), gs.TrainConfig(epochs=1, device="cpu", precision="bfloat16"), log=None).fit()
        assert torch.is_inference_mode_enabled() and not torch.is_grad_enabled() and torch.is_autocast_enabled("cpu")
        assert torch.get_default_dtype() is torch.float64 and torch.get_default_device().type == "meta"
        assert torch.is_autocast_cache_enabled()


def test_predict_of_a_module_of_ones_own_under_autocast():
    dataset = blocks()
    module = gs.GraphSAGE(NUM_FEATURES, 8, dataset.num_classes)
    module.forward = module.represent  # asked in batches, as any other module is
    trainer = gs.Trainer(module, dataset, gs.TrainConfig(epochs=1), log=None)
    plain = trainer.predict().outputs
    with torch.autocast("cpu", torch.bfloat16):
        assert np.array_equal(trainer.predict().outputs, plain)
