"""model.json: what a stranger computes from it and the weights alone, in numpy, is what the model computes."""

import json

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked, split_of
from naive_nn import rows_of
from safetensors.numpy import load_file
from scipy.special import erf

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
    h, hidden = computed_entry(about.get("input_layer"), weights, h), []
    for layer in about["layers"]:
        h = np.array([computed_layer(layer, weights, h, v, row) for v, row in enumerate(rows)])
        hidden.append(h)
    return computed_end(about.get("output_layer"), weights, hidden)


ACTIVATIONS = {
    "relu: h_v = max(h_v, 0) elementwise": lambda h: np.maximum(h, 0),
    "gelu: h_v = h_v * Phi(h_v) elementwise, Phi(x) = (1 + erf(x / sqrt(2))) / 2": lambda h: h * (1 + erf(h / np.sqrt(2))) / 2,
    "elu: h_v = h_v where h_v > 0, else exp(h_v) - 1, elementwise": lambda h: np.where(h > 0, h, np.expm1(h)),
}


def computed_entry(layer, weights, x):
    if layer is None:
        return x
    h = {
        "i_v = W x_v": lambda W: x @ W.T,
        "i_v = W x_v + b, then the activation": lambda W, b: x @ W.T + b,
        "i_v = W x_v, then the activation": lambda W: x @ W.T,
    }[layer["formula"]](**tensors(layer, weights))
    return ACTIVATIONS[layer["activation"]](h) if "then the activation" in layer["formula"] else h


def computed_end(layer, weights, hidden):
    if layer is None:
        return hidden[-1]
    formula, is_biased = layer["formula"].replace(" + b", ""), " + b" in layer["formula"]
    joined = {
        "o_v = W h_v, h_v of the last layer": lambda: hidden[-1],
        "o_v = W j_v, j_v = h_v of all layers, the first one first, side by side": lambda: np.hstack(hidden),
        "o_v = W j_v, j_v = elementwise maximum of h_v of all layers": lambda: np.max(hidden, axis=0),
    }[formula]()
    found = tensors(layer, weights)
    return joined @ found["W"].T + (found["b"] if is_biased else 0)


def tensors(layer, weights):
    """{symbol: array}, checked against what the file says of them."""
    for tensor in layer["tensors"].values():
        assert list(weights[tensor["name"]].shape) == tensor["shape"] and tensor["dtype"] == "float32"
    return {symbol: weights[tensor["name"]] for symbol, tensor in layer["tensors"].items()}


def computed_norm(text, h, symbols):
    g, s = symbols.pop("g"), symbols.pop("s")
    return {
        "h_v = g * (h_v - mean) / sqrt(variance + 1e-05) + s, mean and variance of the units of h_v":
            lambda: g * (h - h.mean()) / np.sqrt(h.var() + 1e-5) + s,
        "h_v = g * (h_v - m) / sqrt(w + 1e-05) + s elementwise":
            lambda m, w: g * (h - m) / np.sqrt(w + 1e-5) + s,
    }[text](**symbols)  # fmt: skip


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
    symbols = tensors(layer, weights)
    of_norm = {symbol: symbols.pop(symbol) for symbol in "gsmw" if symbol in symbols}
    W_res, formula = symbols.pop("W_res", None), layer["formula"]
    residual = W_res @ h[v] if formula.endswith(" + W_res x_v") else h[v] if formula.endswith(" + x_v") else 0
    empty = h[v] if layer["aggregator"]["name"] == "gcn" else np.zeros(h.shape[1])
    a = REDUCTIONS[layer["aggregator"]["formula"]](h[v], h[row]) if row else empty
    out = {
        "h_v = W_self x_v + W_neigh a_v + b": lambda W_neigh, W_self, b: W_self @ h[v] + W_neigh @ a + b,
        "h_v = [W_self x_v, W_neigh a_v] side by side": lambda W_neigh, W_self: np.append(W_self @ h[v], W_neigh @ a),
        "h_v = W_self x_v + W_neigh a_v": lambda W_neigh, W_self: W_self @ h[v] + W_neigh @ a,
        "h_v = W_neigh a_v + b": lambda W_neigh, b: W_neigh @ a + b,
    }[formula.removesuffix(" + W_res x_v").removesuffix(" + x_v")](**symbols) + residual
    if "norm" in layer:
        out = computed_norm(layer["norm"], out, of_norm)
    if layer["activation"]:
        out = ACTIVATIONS[layer["activation"]](out)
    if layer["normalization"]:
        assert layer["normalization"] == "h_v = h_v / |h_v|, the Euclidean length (zeros stay)"
        out = out / (np.linalg.norm(out) or 1)
    return out


@pytest.mark.parametrize("sparse, isolated", [(False, "empty"), (True, "self")])
@pytest.mark.parametrize("model", [
    {"aggregator": "mean"}, {"aggregator": "gcn", "normalize": True}, {"aggregator": "sum", "num_layers": 1},
    {"aggregator": "max", "combine": "concat", "bias": False, "num_layers": 3},
    {"norm": "layer", "residual": True, "activation": "gelu"},
    {"norm": "batch", "residual": True, "input_layer": "linear", "jumping": "cat", "activation": "elu"},
    {"norm": "batch", "residual": True, "input_layer": "active", "jumping": "max", "combine": "concat", "bias": False},
])  # fmt: skip
def test_a_stranger_computes_the_same(model, sparse, isolated, tmp_path):
    dataset = blocks(sparse=sparse)
    config = configured(model, isolated=isolated, fanouts=(5,) * model.get("num_layers", 2))
    trained = build_model(config, dataset)
    for module in filter(None, (layer.norm for layer in trained.layers)):
        floats = [tensor for tensor in module.state_dict().values() if tensor.is_floating_point()]
        for number, tensor in enumerate(floats):
            tensor.add_(torch.arange(len(tensor)) / (7 + number))
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


@pytest.mark.parametrize("options", [{}, {"norm": "batch", "residual": True, "input_layer": "active", "jumping": "cat"}])
@pytest.mark.parametrize("aggregator", gs.config.groups.AGGREGATORS)
def test_every_weight_of_every_aggregator_has_a_symbol(aggregator, options, tmp_path):
    dataset, config = blocks(), configured({"aggregator": aggregator, **options})
    save_trained(tmp_path, build_model(config, dataset), dataset, config.train)
    about, weights = json.loads((tmp_path / "model.json").read_text()), load_file(tmp_path / "model.safetensors")
    layers = [*about["layers"], *(about[name] for name in ("input_layer", "output_layer") if name in about)]
    named = [tensor["name"] for layer in layers for tensor in layer["tensors"].values()]
    assert sorted(named) == sorted(name for name in weights if not name.endswith("num_batches_tracked"))  # it computes nothing
    for layer in about["layers"]:
        text = layer["formula"] + layer["aggregator"]["formula"] + layer.get("norm", "")
        assert all(symbol in text for symbol in layer["tensors"]) and "." not in "".join(layer["tensors"])


def test_the_outputs_are_named_by_task(tmp_path):
    config = configured()
    for labels, word in ((np.arange(200) % 3, "softmax"), (np.eye(200, 3, dtype=bool), "sigmoid"), (np.ones(200), "numbers")):
        dataset = blocks(labels=labels)
        save_trained(tmp_path, build_model(config, dataset), dataset, config.train)
        assert word in json.loads((tmp_path / "model.json").read_text())["output"]
