"""Exact inference of typed graphs: every kind of features, chunks, bounded memory, where it is written, and what is refused."""

import weakref
from functools import partial

import numpy as np
import pytest
import torch
from helpers.nn_helpers import LAYERS, close, model_of, node_dataset
from helpers.typed_nn import dense_features, typed_dataset, typed_model

from graphsage.graph.typed_graph import TypedGraph
from graphsage.nn.inference import inference
from graphsage.nn.jumping import joined_width
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.tensors.store import FeatureStore

DATA = typed_dataset()
GRAPH, X = DATA.graph, DATA.features


@pytest.mark.parametrize("features", [
    dense_features(DATA), {kind: FeatureStore(of) for kind, of in X.items()}, {k: of for k, of in X.items() if k != "far"},
], ids=["dense", "stores", "of the types that are read"])  # fmt: skip
def test_takes_features_of_every_kind(features):
    model = typed_model(DATA)
    out = inference(model, GRAPH, features)
    assert out.shape == (30, 3) and out.dtype == torch.float32 and not out.requires_grad
    close(out, inference(model, GRAPH, X))


@pytest.mark.parametrize("chunk_edges", [1, 7, 40])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_chunks_do_not_change_the_numbers(aggregator, combine, chunk_edges):
    model = typed_model(DATA, aggregator, combine, 3, relation_sum="mean")
    close(inference(model, GRAPH, X, chunk_edges=chunk_edges), inference(model, GRAPH, X))


def test_the_model_is_left_in_the_mode_it_was_in_and_gradients_are_not_recorded():
    model = typed_model(DATA, dropout=0.5).train()
    first, second = (inference(model, GRAPH, X) for _ in range(2))
    assert model.training and torch.equal(first, second) and not first.requires_grad
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        assert torch.equal(inference(model, GRAPH, X), first)


@pytest.mark.parametrize("jumping, most", [("last", 2), ("cat", 3), ("max", 3)])
def test_deep_models_keep_few_outputs_of_all_nodes(jumping, most, monkeypatch):
    """15 layers of 4 types: those of two, and of the target the result of cat or the maximum so far; not 15."""
    made, alive, empty = [], [], torch.empty

    def recorded(*shape, **options):
        tensor = empty(*shape, **options)
        if shape[0] == 30:  # nodes of the target
            made.append(weakref.ref(tensor))
            alive.append(sum(ref() is not None for ref in made))
        return tensor

    model = typed_model(DATA, num_layers=15, jumping=jumping, residual=True, norm="layer")
    monkeypatch.setattr(torch, "empty", recorded)
    inference(model, GRAPH, X)
    assert len(made) > 14 and max(alive) == most


def test_nothing_but_the_layers_outputs_is_larger_than_a_chunk(monkeypatch):
    """Chunks of 100 edges of all relations together, or of one row that has more."""
    seen = []
    rng = np.random.default_rng(0)
    edges = {("a", f"r{n}", "a"): rng.integers(0, 2000, (2, 4000)) for n in range(3)}
    graph = TypedGraph({"a": 2000}, edges)
    model = TypedGraphSAGE({"a": 5}, 6, 3, list(edges), "a", 3).eval()
    finish = model.finish
    monkeypatch.setattr(model, "finish", lambda depth, h: seen.append(len(h)) or finish(depth, h))
    inference(model, graph, {"a": np.ones((2000, 5), np.float32)}, chunk_edges=100)
    assert max(seen) < 60 and len(seen) > 3 * 100


def test_hidden_layers_are_those_that_the_next_layer_reads():
    """What goes into the output layer, for ``embed``, is of the target; before that, of each type that is read."""
    for jumping in ("last", "cat", "max"):
        model, done = typed_model(DATA, num_layers=3, jumping=jumping), []
        for num_layers in (1, 2, 3):
            whole = inference(model, GRAPH, X, num_layers=num_layers, progress=partial(_append, done))
            kinds, width = model.reads[num_layers], joined_width(model, num_layers)
            assert {kind: of.shape for kind, of in whole.items()} == {kind: (GRAPH.num_nodes[kind], width) for kind in kinds}
            rows = sum(GRAPH.num_nodes[kind] for read in model.reads[: num_layers + 1] for kind in read)
            assert done[-1] == (rows, rows)
        close(model.output_layer["b"](whole["b"]), inference(model, GRAPH, X))


def _append(to, *what):
    to.append(what)


def test_written_to_arrays_of_the_callers():
    model = typed_model(DATA, target=("keys", "b"))
    whole, out = inference(model, GRAPH, X), {"b": np.zeros((30, 3), np.float32)}
    again = inference(model, GRAPH, X, out=out)
    close(out["b"], whole["b"])
    close(again["keys"], whole["keys"])
    one, out = typed_model(DATA), np.zeros((30, 3), np.float32)
    close(inference(one, GRAPH, X, out=out), inference(one, GRAPH, X))
    close(out, inference(one, GRAPH, X))
    hidden = {"keys": np.zeros((12, 6), np.float32)}
    close(inference(one, GRAPH, X, num_layers=1, out=hidden)["keys"], hidden["keys"])


def test_a_graph_without_edges_and_types_without_nodes():
    lonely = TypedGraph(GRAPH.num_nodes, dict.fromkeys(GRAPH.relations, ([], [])))
    for aggregator in ("mean", "gcn", "lstm", "attention", "pna"):
        assert inference(typed_model(DATA, aggregator), lonely, X).isfinite().all()
    model = typed_model(DATA, target="none", num_layers=1)
    assert inference(model, GRAPH, X).shape == (0, 3)


@pytest.mark.parametrize("change, text", [
    ({"graph": node_dataset().graph}, "graph must be a TypedGraph, got Graph"),
    ({"model": model_of()}, "model must be a TypedGraphSAGE for a TypedGraph, got GraphSAGE: ask other modules in batches"),
    ({"model": TypedGraphSAGE}, "model must be a TypedGraphSAGE for a TypedGraph, got the class TypedGraphSAGE"),
    ({"features": np.ones((3, 3))}, r"features must be a dict \{type: features\}, as the graph has types of nodes; got"),
    ({"features": {}}, "features has no 'keys', which the model reads"),
    ({"features": {**X, "b": np.ones((30, 2))}},
     r"features\['b'\] must have shape \[nodes, in_features\] = \[30, 7\], got \[30, 2\]"),
    ({"graph": TypedGraph({"b": 30}, {})}, "the model reads nodes of type 'keys', and the graph has none: there are 'b'"),
    ({"model": TypedGraphSAGE({"z": 3}, 4, 2, [], "z")}, "the model reads nodes of type 'z', and the graph has none: there"),
    ({"isolated": "self"}, "isolated='self' is of graphs with one type"),
    ({"num_layers": 3}, "num_layers must be"),
    ({"chunk_edges": 0}, "chunk_edges must be"),
    ({"out": np.zeros((3, 3))}, r"out must be a float32 array of shape \(30, 3\), got float64 \(3, 3\)"),
    ({"out": np.zeros((3, 3)), "num_layers": 1}, r"out must be a dict \{type: float32 array\}, got ndarray"),
    ({"out": {"far": np.zeros((3, 3))}, "num_layers": 1}, "out has 'far', and the result is of 'keys', 'b', 'none'"),
    ({"device": "cuda:9"}, "cuda"),
], ids=str)  # fmt: skip
def test_refused(change, text):
    given = {"model": typed_model(DATA), "graph": GRAPH, "features": X, **change}
    with pytest.raises((TypeError, ValueError), match=text):
        inference(given.pop("model"), given.pop("graph"), given.pop("features"), **given)


def test_a_subclass_that_computes_something_else_is_asked_in_batches():
    class Own(TypedGraphSAGE):
        def forward(self, batch):
            return 2 * super().forward(batch)

    with pytest.raises(TypeError, match="model must be a TypedGraphSAGE for a TypedGraph, got Own: ask other"):
        inference(Own.of(DATA), GRAPH, X)
