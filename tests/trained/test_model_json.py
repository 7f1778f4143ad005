"""model.json: what a stranger computes from it and the weights alone, in numpy, is what the model computes."""

import json

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked, split_of
from naive_nn import rows_of
from safetensors.numpy import load_file

import graphsage as gs
from graphsage.config.link_config import DECODERS
from graphsage.graph.features import SparseFeatures
from graphsage.runs.run import build_model
from graphsage.trained.save import save_trained

REDUCTIONS = {
    "a_v = (1 / |S(v)|) sum of x_u over u in S(v)": lambda own, found: np.mean(found, axis=0),
    "a_v = sum of x_u over u in S(v)": lambda own, found: np.sum(found, axis=0),
    "a_v = elementwise maximum of x_u over u in S(v)": lambda own, found: np.max(found, axis=0),
    "a_v = (x_v + sum of x_u over u in S(v)) / (1 + |S(v)|)": lambda own, found: (own + sum(found)) / (1 + len(found)),
}


def computed(folder, rows, features):
    """The outputs of all nodes by what model.json says, in numpy, float64; it fails on any sentence that it does not know."""
    about = json.loads((folder / "model.json").read_text())
    weights = {name: array.astype(np.float64) for name, array in load_file(folder / about["weights"]["file"]).items()}
    h = features.astype(np.float64)
    if about["input"] == "the features of node v, float32, divided by the sum of their absolute values (zeros stay)":
        h = h / np.maximum(np.abs(h).sum(1, keepdims=True), 1e-300)
    else:
        assert about["input"] == "the features of node v, float32"
    if about["neighbors"].endswith("v alone where there are none"):
        rows = [row or [v] for v, row in enumerate(rows)]
    else:
        assert about["neighbors"].endswith("a_v is 0 where there are none (gcn: x_v)")
    for layer in about["layers"]:
        h = np.array([computed_layer(layer, weights, h, v, row) for v, row in enumerate(rows)])
    return h


def computed_answer(folder, rows, features):
    """The predicted classes [N], labels [N, C] or numbers [N, T], by the sentence about the output; and probabilities."""
    about, h = json.loads((folder / "model.json").read_text()), computed(folder, rows, features)
    sigmoid = 1 / (1 + np.exp(-h))
    return {
        "h_v of the last layer: one logit; sigmoid gives the probability of class 1, and above 0 means class 1":
            lambda: ((h[:, 0] > 0).astype(int), np.hstack([1 - sigmoid, sigmoid])),
        "h_v of the last layer: one logit a class; sigmoid gives its probability, and above its threshold means yes":
            lambda: (h > np.array(about["thresholds"]), sigmoid),
        "h_v of the last layer, times the deviation of its target plus its mean: the predicted numbers":
            lambda: (h * np.array(about["deviations"]) + np.array(about["means"]), None),
    }[about["output"]]()  # fmt: skip


def computed_layer(layer, weights, h, v, row):
    symbols = {}
    for symbol, tensor in layer["tensors"].items():
        symbols[symbol] = weights[tensor["name"]]
        assert list(symbols[symbol].shape) == tensor["shape"] and tensor["dtype"] == "float32"
    empty = h[v] if layer["aggregator"]["name"] == "gcn" else np.zeros(h.shape[1])
    a = REDUCTIONS[layer["aggregator"]["formula"]](h[v], h[row]) if row else empty
    out = {
        "h_v = W_self x_v + W_neigh a_v + b": lambda W_neigh, W_self, b: W_self @ h[v] + W_neigh @ a + b,
        "h_v = [W_self x_v, W_neigh a_v] side by side": lambda W_neigh, W_self: np.append(W_self @ h[v], W_neigh @ a),
        "h_v = W_self x_v + W_neigh a_v": lambda W_neigh, W_self: W_self @ h[v] + W_neigh @ a,
        "h_v = W_neigh a_v + b": lambda W_neigh, b: W_neigh @ a + b,
    }[layer["formula"]](**symbols)
    if layer["activation"]:
        assert layer["activation"] == "relu: h_v = max(h_v, 0) elementwise"
        out = np.maximum(out, 0)
    if layer["normalization"]:
        assert layer["normalization"] == "h_v = h_v / |h_v|, the Euclidean length (zeros stay)"
        out = out / (np.linalg.norm(out) or 1)
    return out


@pytest.mark.parametrize("sparse, isolated", [(False, "empty"), (True, "self")])
@pytest.mark.parametrize("model", [
    {"aggregator": "mean"}, {"aggregator": "gcn", "normalize": True}, {"aggregator": "sum", "num_layers": 1},
    {"aggregator": "max", "combine": "concat", "bias": False, "num_layers": 3},
])  # fmt: skip
def test_a_stranger_computes_the_same(model, sparse, isolated, tmp_path):
    dataset = blocks(sparse=sparse)
    config = configured(model, isolated=isolated, fanouts=(5,) * model.get("num_layers", 2))
    trained = build_model(config, dataset)
    save_trained(tmp_path, trained, dataset, config.train)
    features = dataset.features.to_scipy().toarray() if isinstance(dataset.features, SparseFeatures) else dataset.features
    found = computed(tmp_path, rows_of(dataset.graph.indptr, dataset.graph.indices), features)
    seen = dataset.row_normalized() if sparse else dataset
    expected = gs.inference(trained, seen.graph, seen.features, isolated=isolated).numpy()
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("labels, width", [
    (np.arange(200) % 2, 1), (np.eye(4, dtype=bool)[blocks().labels % 4], 4),
    (np.stack([250_000 + 90_000 * blocks().features[:, 0], blocks().features[:, 1] * 1e-3], 1), 2),
])  # fmt: skip
def test_a_stranger_predicts_the_same(labels, width, tmp_path):
    """What outputs mean - units, one logit, thresholds - stands there too."""
    dataset = blocks(labels=labels)
    model = gs.GraphSAGE(dataset.num_features, 16, width)
    gs.Trainer(model, dataset, configured(epochs=3).train, folder=tmp_path, log=None).fit()
    answer, probabilities = computed_answer(tmp_path, rows_of(dataset.graph.indptr, dataset.graph.indices), dataset.features)
    found = gs.load_trained(tmp_path).predict(dataset)
    if probabilities is not None:
        assert np.array_equal(found.labels, answer) and len(np.unique(answer)) == 2
        np.testing.assert_allclose(found.probabilities, probabilities, rtol=1e-4, atol=1e-6)
    else:
        assert (np.abs(found.labels - answer) < 1e-4 * answer.std(0)).all() and (answer.std(0) > 0).all()


def computed_scores(folder, rows, features, pairs):
    """The probabilities of pairs by what model.json says of links, in numpy."""
    about = json.loads((folder / "model.json").read_text())
    weights = {name: array.astype(np.float64) for name, array in load_file(folder / about["weights"]["file"]).items()}
    decoder = about["decoder"]
    assert decoder["z_v"] == "h_v of the last layer"
    assert about["output"].startswith("the score s of the pair (a, b), source and target")
    a, b = computed(folder, rows, features)[pairs].swapaxes(0, 1)
    symbols = {symbol: weights[tensor["name"]] for symbol, tensor in decoder["tensors"].items()}
    assert all(list(symbols[symbol].shape) == tensor["shape"] for symbol, tensor in decoder["tensors"].items())
    mlp = lambda z, W, b, w, c: np.maximum(z @ W.T + b, 0) @ w[0] + c  # noqa: E731
    score = {
        "s = z_a . z_b": lambda: (a * b).sum(1),
        "s = w . relu(W (z_a * z_b) + b) + c": lambda **of: mlp(a * b, **of),
        "s = w . relu(W [z_a * z_b, z_a, z_b] side by side + b) + c": lambda **of: mlp(np.hstack([a * b, a, b]), **of),
        "s = sum over d of r_d z_ad z_bd": lambda r: (r * a * b).sum(1),
    }[decoder["formula"]](**symbols)
    return 1 / (1 + np.exp(-score))


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_stranger_scores_pairs_the_same(decoder, directed, tmp_path):
    data = linked(directed, sparse=True)
    config = link_config(links={"decoder": decoder, "link_loss": "ranking"})
    split = split_of(config, data)
    model = build_model(config, split)
    with torch.no_grad():
        for weight in model.decoder.parameters():  # of which some begin with ones and zeros
            weight.add_(torch.linspace(-0.3, 0.3, weight.numel()).reshape(weight.shape))
    save_trained(tmp_path, model, split, config.train, task=config.links)
    pairs = np.random.default_rng(0).integers(0, 200, (50, 2))
    rows = rows_of(data.graph.indptr, data.graph.indices)
    found = computed_scores(tmp_path, rows, data.features.to_scipy().toarray(), pairs)
    expected = gs.load_trained(tmp_path).score(data, pairs)
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    about = json.loads((tmp_path / "model.json").read_text())
    assert about["task"] == "links" and about["directed"] is directed and about["links"]["link_loss"] == "ranking"
    named = [tensor["name"] for of in (*about["layers"], about["decoder"]) for tensor in of["tensors"].values()]
    assert sorted(named) == sorted(load_file(tmp_path / "model.safetensors"))


@pytest.mark.parametrize("aggregator", gs.config.groups.AGGREGATORS)
def test_every_weight_of_every_aggregator_has_a_symbol(aggregator, tmp_path):
    dataset, config = blocks(), configured({"aggregator": aggregator})
    save_trained(tmp_path, build_model(config, dataset), dataset, config.train)
    about, weights = json.loads((tmp_path / "model.json").read_text()), load_file(tmp_path / "model.safetensors")
    named = [tensor["name"] for layer in about["layers"] for tensor in layer["tensors"].values()]
    assert sorted(named) == sorted(weights)
    for layer in about["layers"]:
        text = layer["formula"] + layer["aggregator"]["formula"]
        assert all(symbol in text for symbol in layer["tensors"]) and "." not in "".join(layer["tensors"])


def test_the_outputs_are_named_by_task(tmp_path):
    config = configured()
    for labels, word in ((np.arange(200) % 3, "softmax"), (np.eye(200, 3, dtype=bool), "sigmoid"), (np.ones(200), "numbers")):
        dataset = blocks(labels=labels)
        save_trained(tmp_path, build_model(config, dataset), dataset, config.train)
        assert word in json.loads((tmp_path / "model.json").read_text())["output"]
