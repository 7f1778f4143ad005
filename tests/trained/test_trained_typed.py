"""Models of typed graphs, saved and asked; what model.json says of them, computed in numpy by a stranger."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured
from helpers.typed_data import NUM_CLASSES, papers
from safetensors.numpy import load_file
from test_model_json import ACTIVATIONS, REDUCTIONS, computed_norm, tensors

import graphsage as gs
from graphsage.runs.run import build_model
from graphsage.trained.save import save_trained
from graphsage.trained.trained_typed import TrainedTyped


@pytest.fixture(scope="module")
def dataset():
    return papers()


def saved(folder, dataset, model=None, **train):
    """A model with weights of any kind, as ``load_trained`` reads it."""
    config = configured(model, **train)
    made = build_model(config, dataset)
    with torch.no_grad():
        for number, weight in enumerate(made.parameters()):
            weight.add_(torch.linspace(-0.2, 0.3, weight.numel()).reshape(weight.shape) / (1 + number % 3))
    for name, buffer in made.named_buffers():
        if buffer.is_floating_point():
            buffer.add_(torch.linspace(0.1, 0.6, buffer.numel()) if name.endswith("running_var") else 0.05)
    save_trained(folder, made, dataset, config.train)
    return gs.load_trained(folder), made


# ---- model.json, by a stranger


def computed(folder, dataset):
    """The outputs of the target's nodes by what model.json says, in numpy, float64."""
    about = json.loads((folder / "model.json").read_text())
    weights = {name: array.astype(np.float64) for name, array in load_file(folder / about["weights"]["file"]).items()}
    assert about["neighbors"].startswith("S_r(v): the nodes u with an edge u -> v of relation r, repeats included.")
    assert about["neighbors"].endswith("0 where there are none (gcn: x_v)")
    h = {kind: computed_entry(layer, weights, dense(about, dataset, kind)) for kind, layer in about["input_layer"].items()}
    hidden = []
    for layer in about["layers"]:
        shared = tensors({"tensors": layer.get("tensors", {})}, weights)
        h = {kind: computed_type(part, weights, shared, h, kind, dataset) for kind, part in layer["types"].items()}
        hidden.append(h[about["target"]])
    return computed_end(about["output_layer"][about["target"]], weights, hidden)


def dense(about, dataset, kind):
    assert about["input"].startswith("the features of node v, float32")
    if kind in about["arguments"]["embeddings"]:
        return np.eye(dataset.num_nodes[kind])
    of = dataset.features[kind]
    if isinstance(of, np.ndarray):
        return of.astype(np.float64)
    rows = of.to_scipy().toarray().astype(np.float64)
    assert "where they are sparse divided by the sum of their absolute values" in about["input"]
    return rows / np.maximum(np.abs(rows).sum(1, keepdims=True), 1e-300)


def computed_entry(layer, weights, x):
    found = tensors(layer, weights)
    h = {
        "i_v = x_v W": lambda W: x @ W,
        "i_v = x_v W + b, then the activation": lambda W, b: x @ W + b,
    }[layer["formula"]](**found)
    return ACTIVATIONS[layer["activation"]](h) if "activation" in layer else h


def computed_end(layer, weights, hidden):
    joined = {
        "o_v = W h_v + b, h_v of the last layer": lambda: hidden[-1],
        "o_v = W j_v + b, j_v = h_v of all layers, the first one first, side by side": lambda: np.hstack(hidden),
    }[layer["formula"]]()
    found = tensors(layer, weights)
    return joined @ found["W"].T + found["b"]


def sums(part, weights, shared, symbols, h, kind, dataset):
    """float64 [n, H]: n_v of all nodes."""
    name, own = part["aggregator"]["name"], h[kind]
    matrices = {
        "W_r = the matrix of W_neigh at index": lambda at: symbols["W_neigh"][at],
        "W_r = sum over b of c_rb V_b, c_r the row of coefficients at index":
            lambda at: np.tensordot(symbols["c"][at], shared["V"], 1),
    }[part["matrix"]]  # fmt: skip
    total, counts = 0, np.zeros(len(own))
    for relation, of in part["relations"].items():
        source, _, target = relation.split(",")
        assert target == kind and not of["tensors"]
        src, dst = dataset.graph.edges(tuple(relation.split(",")))
        a = np.zeros_like(own)
        for v in range(len(own)):
            near = h[source][src[dst == v]]
            empty = own[v] if name == "gcn" else 0
            a[v] = REDUCTIONS[part["aggregator"]["formula"]](own[v], near) if len(near) else empty
        total, counts = total + a @ matrices(of["index"]).T, counts + np.isin(np.arange(len(own)), dst)
    return {
        "n_v = sum of W_r a_rv over the relations r here": lambda: total,
        "n_v = (sum of W_r a_rv over the relations r here) / max(1, number of them in which v has neighbours)":
            lambda: total / np.maximum(counts, 1)[:, None],
        "n_v = (sum of W_r a_rv over the relations r here) / number of them": lambda: total / len(part["relations"]),
    }[part["sum"]]()  # fmt: skip


def computed_type(part, weights, shared, h, kind, dataset):
    symbols, own = tensors(part, weights), h[kind]
    n = sums(part, weights, shared, symbols, h, kind, dataset) if "relations" in part else 0
    residual = own if part["formula"].endswith(" + x_v") else 0
    W = symbols.get("W_self")
    out = {
        "h_v = W_self x_v + n_v + b": lambda: own @ W.T + n + symbols["b"],
        "h_v = n_v + b": lambda: n + symbols["b"],
        "h_v = [W_self x_v, n_v] side by side + b": lambda: np.hstack([own @ W.T, n]) + symbols["b"],
        "h_v = W_self x_v + b": lambda: own @ W.T + symbols["b"],
    }[part["formula"].removesuffix(" + x_v")]() + residual
    if "norm" in part:
        of_norm = {symbol: symbols[symbol] for symbol in "gsmw" if symbol in symbols}
        out = np.array([computed_norm(part["norm"], row, dict(of_norm)) for row in out])
    out = ACTIVATIONS[part["activation"]](out)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-300) if part["normalization"] else out


@pytest.mark.parametrize("model", [
    {"aggregator": "mean"}, {"aggregator": "gcn", "relation_sum": "mean"},
    {"aggregator": "sum", "num_layers": 1, "num_bases": 2},
    {"aggregator": "max", "combine": "concat", "relation_sum": "mean", "normalize": True},
    {"norm": "batch", "residual": True, "input_layer": "active", "jumping": "cat", "activation": "elu", "num_bases": 1},
    {"norm": "layer", "residual": True, "activation": "gelu", "num_layers": 3},
])  # fmt: skip
def test_a_stranger_computes_the_same(model, tmp_path):
    sparse = gs.SparseFeatures(np.arange(81), np.arange(80) % 4, np.arange(1, 81, dtype=np.float32), 4)
    dataset = papers() if "norm" in model else papers(features={**papers().features, "author": sparse})
    trained, made = saved(tmp_path, dataset, model, fanouts=(5,) * model.get("num_layers", 2))
    expected = trained.outputs(dataset)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(computed(tmp_path, dataset), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"norm": "batch", "residual": True, "jumping": "cat", "num_bases": 2}])
@pytest.mark.parametrize("aggregator", gs.config.groups.AGGREGATORS)
def test_every_weight_has_a_symbol(aggregator, options, dataset, tmp_path):
    saved(tmp_path, dataset, {"aggregator": aggregator, **options})
    about, weights = json.loads((tmp_path / "model.json").read_text()), load_file(tmp_path / "model.safetensors")

    def named(value):
        if isinstance(value, dict):
            yield from (value["name"] for _ in "x" if {"name", "shape", "dtype"} == value.keys())
            for part in value.values():
                yield from named(part)
        for part in value if isinstance(value, list) else ():
            yield from named(part)

    assert sorted(named(about)) == sorted(name for name in weights if not name.endswith("num_batches_tracked"))


# ---- saved and asked


def test_it_comes_back_as_it_was(dataset, tmp_path):
    trained, made = saved(tmp_path, dataset, relation_fanouts="writes=3,4")
    assert type(trained) is TrainedTyped and trained.target == "paper" and trained.relation_fanouts == {"writes": (3, 4)}
    assert trained.model.arguments == made.arguments and not trained.is_drawn
    expected = gs.inference(made, dataset.graph, dataset.features).numpy()
    assert np.array_equal(trained.outputs(dataset), expected)
    assert np.array_equal(trained.outputs(dataset, [7, 0, 7]), expected[[7, 0, 7]])
    scores = trained.evaluate(dataset)
    assert scores["test"]["accuracy"] == (expected.argmax(1) == dataset.labels)[dataset.test].mean()
    assert scores["all"]["nodes"] == 119


def test_it_is_asked_by_drawn_neighbours(dataset, tmp_path):
    trained, _ = saved(tmp_path, dataset)
    whole = trained.outputs(dataset, [5, 3], fanouts=(-1, -1))
    np.testing.assert_allclose(whole, trained.outputs(dataset)[[5, 3]], rtol=1e-4, atol=1e-5)
    few = [trained.outputs(dataset, [5, 3], fanouts=(1, 1), seed=seed) for seed in (0, 0, 1)]
    assert np.array_equal(few[0], few[1]) and not np.array_equal(few[0], few[2])
    found = trained.embed(dataset, fanouts=(-1, -1))
    np.testing.assert_allclose(found["paper"], trained.embed(dataset)["paper"], rtol=1e-4, atol=1e-5)
    assert list(found) == ["paper"]


def test_what_training_left_out_is_never_read(dataset, tmp_path):
    """Other authors of a paper change nothing where no layer learned from them."""
    trained, _ = saved(tmp_path, dataset, relation_fanouts="writes=0,0")
    assert trained.is_drawn
    edges = {name: dataset.graph.edges(name) for name in dataset.graph.relations}
    edges["author", "writes", "paper"] = ([0], [0])
    other = replace(dataset, graph=gs.TypedGraph(dataset.num_nodes, edges))
    assert np.array_equal(trained.outputs(dataset, fanouts=(-1, -1)), trained.outputs(other, fanouts=(-1, -1)))


def test_embeddings_are_of_every_type_that_is_read(dataset, tmp_path):
    trained, made = saved(tmp_path, dataset)
    found = trained.embed(dataset)
    assert trained.embedded() == {kind: rows.shape[1] for kind, rows in found.items()}
    for depth, kinds in ((2, ["paper"]), (1, ["author", "venue"])):
        expected = gs.inference(made, dataset.graph, dataset.features, num_layers=depth)
        assert all(np.array_equal(found[kind], expected[kind].numpy()) for kind in kinds)
    out = {kind: np.zeros_like(rows) for kind, rows in found.items()}
    assert trained.embed(dataset, out=out) is out and all(np.array_equal(out[kind], found[kind]) for kind in out)
    with pytest.raises(ValueError, match="^out is for all nodes: leave out nodes, or take the rows of the result$"):
        trained.embed(dataset, {"paper": [0]}, out=out)


def test_other_data_get_a_sentence(dataset, tmp_path):
    trained, _ = saved(tmp_path, dataset)
    with pytest.raises(TypeError, match="^dataset must be a TypedDataset, got NodeDataset"):
        trained.predict(blocks())
    with pytest.raises(ValueError, match="^correct_and_smooth is of graphs with one type of nodes, and this has several"):
        trained.predict(dataset, correct_and_smooth=True)
    fewer = gs.TypedGraph(dataset.num_nodes, {name: dataset.graph.edges(name) for name in dataset.graph.relations[:3]})
    with pytest.raises(ValueError, match="^the model has the relation [a-z_,]*, and papers has not$"):
        trained.check(replace(dataset, graph=fewer))
    schema = {"columns": [{"name": "age"}], "array": None}
    old, new = (replace(dataset, schema={"paper": {**schema, "columns": [{"name": name}]}}) for name in ("age", "size"))
    trained, _ = saved(tmp_path, old)
    assert trained.schema == {"paper": schema} and trained.predict(old, [0]).labels.shape == (1,)
    with pytest.raises(ValueError, match="^columns of paper in papers became features otherwise than in training"):
        trained.predict(new)


def test_a_model_alone_is_saved_too(dataset, tmp_path):
    model = build_model(configured(), dataset)
    gs.save_model(model, tmp_path / "m.safetensors")
    again = gs.load_model(tmp_path / "m.safetensors")
    assert again.arguments == model.arguments and again.out_features == NUM_CLASSES
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values()))


@pytest.mark.parametrize(
    ("out", "text"),
    [
        ({"editor": np.empty((80, 16), np.float32)}, "out has 'editor', and there are embeddings of 'paper', 'author'"),
        ({"author": np.empty((80, 16), np.float16)}, r"out must be a float32 array of shape \(80, 16\), got float16"),
        ({"author": np.empty((3, 80, 16), np.float32)}, r"out must be a float32 array of shape \(80, 16\), got float32"),
        (np.empty((80, 16), np.float32), r"out must be a dict \{type: float32 array\}, got ndarray"),
    ],
)
def test_embeddings_are_written_where_they_fit(out, text, dataset, tmp_path):
    trained, _ = saved(tmp_path, dataset)
    with pytest.raises((TypeError, ValueError), match=text):
        trained.embed(dataset, out=out)


def test_drawn_outputs_are_of_as_many_neighbours_as_in_the_training_s_evaluations(dataset, tmp_path):
    trained, _ = saved(tmp_path, dataset, relation_fanouts={"writes": (3, 0)}, fanouts=(5, 5))
    assert trained._drawn_by(None) == ((25, 25), {"writes": (25, 0)})
    assert trained._drawn_by((2, 2)) == ((2, 2), {"writes": (3, 0)})
    assert trained.embed(dataset, {}) == {}
