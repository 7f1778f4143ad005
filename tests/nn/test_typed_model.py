"""TypedGraphSAGE: batches, the whole graph and the slow twin agree; one type is GraphSAGE; what is read, and what is not."""

import json
import warnings
from dataclasses import replace

import naive_typed_nn
import numpy as np
import pytest
import torch
from helpers.nn_helpers import LAYERS, OPTIONS, batch_of, close, model_of, node_dataset
from helpers.typed_data import papers
from helpers.typed_links import KNOWS, sold
from helpers.typed_nn import (
    AWAY,
    BACK,
    EMPTY,
    IN,
    OF,
    SEEDS,
    TO,
    dense_features,
    typed_batch,
    typed_dataset,
    typed_model,
)

from graphsage.config.groups import ModelConfig
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph
from graphsage.interop.export import exportable
from graphsage.loading.typed_tensors import TypedBatch
from graphsage.nn.aggregators import Aggregator
from graphsage.nn.inference import inference
from graphsage.nn.layered import has_layers
from graphsage.nn.model import GraphSAGE
from graphsage.nn.typed_model import TypedGraphSAGE
from graphsage.sampling.neighbor import NeighborSampler

DATA = typed_dataset()
ROWS, X = naive_typed_nn.rows_of_graph(DATA.graph), dense_features(DATA)
#: Those of the homogeneous model that differ from a typed model's defaults, and those that only a typed one has.
TYPED_OPTIONS = [
    *({**options, "input_layer": options.get("input_layer", "linear")} for options in OPTIONS),
    {"num_bases": 2},
    {"num_bases": 1, "relation_sum": "mean", "norm": "batch", "residual": True, "jumping": "cat"},
]


def logits(model, dataset, seeds, fanouts, **options):
    with torch.no_grad():
        return model(typed_batch(dataset, seeds, fanouts, **options))


# ---- agreements


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("relation_sum", ["sum", "mean"])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_batches_of_all_neighbours_and_whole_graph_agree_with_the_twin(aggregator, combine, relation_sum, num_layers):
    model = typed_model(DATA, aggregator, combine, num_layers, relation_sum=relation_sum)
    twin = naive_typed_nn.forward(model, ROWS, X, "b", range(30))
    assert twin.std() > 0.01
    for chunk_edges in (9, 10**9):
        close(inference(model, DATA.graph, DATA.features, chunk_edges=chunk_edges), twin)
    close(logits(model, DATA, SEEDS, [-1] * num_layers), twin[SEEDS])


@pytest.mark.parametrize("options", TYPED_OPTIONS, ids=str)
@pytest.mark.parametrize("aggregator, combine", [("mean", "concat"), ("max_pool", "sum"), ("gcn", "sum"), ("pna", "concat")])
def test_with_options_they_agree_too(aggregator, combine, options):
    model = typed_model(DATA, aggregator, combine, 2, **options)
    twin = naive_typed_nn.forward(model, ROWS, X, "b", range(30))
    assert twin.std() > 0.01
    close(inference(model, DATA.graph, DATA.features, chunk_edges=20), twin)
    close(logits(model, DATA, SEEDS, [-1] * 2), twin[SEEDS])


@pytest.mark.parametrize("options", [{}, {"norm": "batch", "residual": True, "relation_sum": "mean"}])
def test_sampled_batches_in_training_are_those_of_the_twin(options):
    """Batch norm is by the rows of a type that a layer computes, each node once."""
    model = typed_model(DATA, num_layers=3, dropout=0.0, **options).train()
    batch = typed_batch(DATA, SEEDS, [3, 2, 2], seed=4)
    of = batch.minibatch
    x = {kind: X[kind][ids] for kind, ids in of.nodes.items()}
    num_rows = [{kind: int(ends[3 - depth]) for kind, ends in of.hop_offsets.items()} for depth in range(3)]
    rows = naive_typed_nn.rows_of_batch(of)
    twin = naive_typed_nn.forward(model, rows, x, "b", of.seed_index["b"].tolist(), num_rows if options else None)
    close(model(batch), twin)


def as_typed(dataset):
    """The NodeDataset as a TypedDataset of one type and one relation."""
    own = {name: getattr(dataset, name) for name in ("labels", "train", "val", "test")}
    graph = TypedGraph.of_graph(dataset.graph)
    return TypedDataset(graph=graph, features={"node": dataset.features}, target="node", **own)


def with_weights_of(model, dataset):
    """The typed model of one type that has the weights of ``model``."""
    arguments = {**model.arguments, "in_features": {"node": 7}, "relations": dataset.graph.relations, "target": "node"}
    typed, state = TypedGraphSAGE(**arguments).eval(), model.state_dict()
    found = {"input_layer.0.weight": state.pop("input_layer.weight").t()}
    for name, tensor in state.items():
        name = name.replace("input_layer.", "input_layer.0.").replace("output_layer.", "output_layer.0.")
        for depth in range(model.num_layers):
            name = name.replace(f"layers.{depth}.aggregator.", f"layers.{depth}.types.0.aggregators.0.")
            name = name.replace(f"layers.{depth}.", f"layers.{depth}.types.0.").replace("types.0.types.0.", "types.0.")
        found[name] = tensor[None] if name.endswith("weight_neigh") else tensor
    typed.load_state_dict(found)
    return typed


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("options", [{}, *OPTIONS[:3], *OPTIONS[5:]], ids=str)
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_one_type_and_one_relation_is_graphsage(aggregator, combine, options, is_sparse):
    plain = node_dataset(is_sparse=is_sparse)
    model = model_of(aggregator, combine, **{"input_layer": "linear", **options})
    dataset = as_typed(plain)
    typed, seeds = with_weights_of(model, dataset), [5, 0, 17, 3, 5, 59]
    with torch.no_grad():
        close(typed(typed_batch(dataset, seeds, [3, 2], seed=4)), model(batch_of(plain, seeds, [3, 2], seed=4)), 1e-6)
    whole = inference(model, plain.graph, plain.features)
    close(inference(typed, dataset.graph, dataset.features), whole, 1e-6)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_is_pygs_hetero_conv_on_the_whole_graph(num_layers):
    """HeteroConv of SAGEConv, whose own weights a relation are added up to our self weight of the type."""
    pyg = pytest.importorskip("torch_geometric.nn")
    data = papers()
    model, x = typed_model(data, "mean", num_layers=num_layers), dense_features(data)
    h = {kind: torch.from_numpy(x[kind]).float() @ model.input_layer[kind].weight for kind in model.reads[0]}
    for layer in model.layers:
        names = [name for _, part in layer.types.items() for name in part.relations]
        edges = {name: torch.from_numpy(np.stack(data.graph.edges(name))) for name in names}
        h = {kind: rows.relu() for kind, rows in _hetero_conv(pyg, layer)(h, edges).items()}
    whole = inference(model, data.graph, data.features)
    assert whole.std() > 0.1
    close(model.output_layer["paper"](h["paper"]), whole)


def _hetero_conv(pyg, layer):
    convs = {}
    for _, part in layer.types.items():
        for place, name in enumerate(part.relations):
            conv = convs[name] = pyg.SAGEConv((6, 6), 6)
            conv.lin_l.weight.data = part.weight_neigh.data[place]
            conv.lin_l.bias.data = part.bias.data * (place == 0)
            conv.lin_r.weight.data = part.weight_self.data * (place == 0)
    with warnings.catch_warnings():  # the last layer has one destination type
        warnings.filterwarnings("ignore", message="There exist node types", category=UserWarning)
        return pyg.HeteroConv(convs, aggr="sum")


# ---- gradients


@pytest.mark.parametrize("options", [{}, {"num_bases": 2, "relation_sum": "mean"}, *TYPED_OPTIONS[-4:-2]], ids=str)
def test_gradients(options):
    """Of the features of a type and of every weight, in training. float64."""
    kept = {**options, "activation": "elu", "dropout": 0.0}  # no kinks
    model = typed_model(DATA, "mean", "concat", bias_scale=0.5, **kept).double().train()
    batch = typed_batch(DATA, [5, 0, 17, 5], [2, 2])
    x = torch.from_numpy(np.random.default_rng(1).standard_normal(batch.x["keys"].shape)).requires_grad_()
    names, parameters = zip(*((name, p.detach().requires_grad_()) for name, p in model.named_parameters()))

    def call(x, *parameters):
        with_x = batch.having(x={**batch.x, "keys": x})
        return torch.func.functional_call(model, dict(zip(names, parameters)), (with_x,))

    assert torch.autograd.gradcheck(call, (x, *parameters), fast_mode=True)


@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_every_weight_gets_a_gradient_in_every_batch(aggregator, combine):
    """Also of relations that a batch has no edge of: optimizers and ranks treat all weights alike in every step."""
    model = typed_model(DATA, aggregator, combine, num_bases=2).train()
    model(typed_batch(DATA, [3], [1, 1])).sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_a_type_without_a_node_in_a_batch_leaves_its_running_statistics_alone():
    model = typed_model(DATA, norm="batch", dropout=0.0)
    norm = model.layers[0].types["none"].norm
    before = norm.running_mean.clone()
    model.train()(typed_batch(DATA, SEEDS, [3, 2]))
    assert torch.equal(norm.running_mean, before) and int(norm.num_batches_tracked) == 0


@pytest.mark.parametrize("options", TYPED_OPTIONS, ids=str)
def test_autocast(options):
    model, batch = typed_model(DATA, **options).train(), typed_batch(DATA, SEEDS, [3, 2])
    with torch.autocast("cpu", torch.bfloat16):
        model(batch).float().sum().backward()
    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters())


# ---- what is read


def test_types_and_relations_on_no_path_to_the_target_have_no_weights():
    model = typed_model(DATA, num_layers=2)
    assert [sorted(kinds) for kinds in model.reads] == [["b", "c.d", "keys", "none"], ["b", "keys", "none"], ["b"]]
    assert [list(layer.types) for layer in model.layers] == [["keys", "b", "none"], ["b"]]
    assert model.layers[0].types["b"].relations == (TO, IN, EMPTY) == model.layers[1].types["b"].relations
    assert model.layers[0].types["keys"].relations == (BACK, OF)
    assert "far" not in model.input_layer and list(model.output_layer) == ["b"]
    model = typed_model(DATA, target="far", num_layers=1)
    assert list(model.input_layer) == ["b", "far"] and model.layers[0].types["far"].relations == (AWAY,)


@pytest.mark.parametrize("aggregator", ["mean", "max", "pna"])
@pytest.mark.parametrize("relation_sum", ["sum", "mean"])
def test_by_a_relation_without_neighbours_a_node_gets_nothing(aggregator, relation_sum):
    """Other weights of the relation change what others get, and not what node 10 gets: it has neighbours by IN alone."""
    model = typed_model(DATA, aggregator, num_layers=1, relation_sum=relation_sum)
    before = inference(model, DATA.graph, DATA.features)
    with torch.no_grad():
        model.layers[0].types["b"].weight_neigh[0] += 1
    after = inference(model, DATA.graph, DATA.features)
    changed = (before - after).abs().sum(1) > 1e-4
    assert not changed[[3, 10, 17, 24]].any() and changed[:3].all()


def test_the_mean_is_over_the_relations_that_a_node_has_neighbours_by():
    """Node 10 has one: its mean is its sum; a node with two gets half of the sum."""
    found, state = [], typed_model(DATA, num_layers=1, bias=False).state_dict()
    for kind in ("sum", "mean"):
        model = typed_model(DATA, relation_sum=kind, num_layers=1, bias=False)
        model.load_state_dict(state)
        model.layers[0].types["b"].weight_self.data.zero_()
        found.append(inference(model, DATA.graph, DATA.features, num_layers=1)["b"])  # relu(s / c) = relu(s) / c
    counts = sum(np.array([bool(row) for row in ROWS[name]], int) for name in (TO, IN))
    assert {0, 1, 2} == set(counts.tolist())
    close(found[1], found[0] / torch.from_numpy(np.maximum(counts, 1))[:, None])


def test_gcn_takes_a_node_itself_in_at_each_relation():
    model = typed_model(DATA, "gcn", num_layers=1)
    part = model.layers[0].types["b"]
    assert part.weight_self is None and model.layers[0].types["b"].weight_neigh.shape == (3, 6, 6)
    lonely = replace(DATA, graph=TypedGraph(DATA.num_nodes, dict.fromkeys(DATA.graph.relations, ([], []))))
    own = torch.from_numpy(X["b"]) @ model.input_layer["b"].weight
    expected = model.output_layer["b"]((own @ part.weight_neigh.sum(0).t() + part.bias).relu())
    close(inference(model, lonely.graph, lonely.features), expected)


def test_a_type_that_no_relation_leads_into_keeps_its_self_weight():
    model = typed_model(DATA, "gcn", num_layers=3)
    assert model.layers[0].types["c.d"].weight_self is not None and model.layers[0].types["c.d"].relations == ()
    assert typed_model(DATA, "mean", "concat", 3).layers[0].types["c.d"].weight_self.shape == (12, 6)


def test_each_relation_and_layer_has_an_aggregator_of_its_own():
    class Own(Aggregator):
        """The largest neighbour, scaled."""

        def __init__(self, in_features, hidden_features):
            super().__init__(in_features, hidden_features)
            self.scale = torch.nn.Linear(in_features, in_features, bias=False)

        def forward(self, x, block, x_self):
            return self.scale(block.max(x))

    model = typed_model(DATA, Own)
    parts = [part for layer in model.layers for _, part in layer.types.items()]
    found = [one for part in parts for one in part.aggregators]
    assert len({id(one) for one in found}) == len(found) == 8 and all(isinstance(one, Own) for one in found)
    close(logits(model, DATA, SEEDS, [-1, -1]), inference(model, DATA.graph, DATA.features)[SEEDS])


def test_prepare_tells_each_aggregator_the_degrees_of_its_relation():
    model = typed_model(DATA, "pna")
    degrees = {name: np.array([len(row) for row in rows]) for name, rows in ROWS.items()}
    model.prepare(degrees)
    for layer in model.layers:
        for _, part in layer.types.items():
            for name, aggregator in zip(part.relations, part.aggregators):
                mean = np.log1p(degrees[name]).mean() if len(degrees[name]) else 0
                assert aggregator.delta.item() == pytest.approx(mean or 1)


# ---- seeds


def test_repeated_seeds_give_equal_rows_in_the_callers_order():
    model = typed_model(DATA)
    out = logits(model, DATA, [4, 9, 4, 4, 9], [3, 2])
    assert torch.equal(out, out[[0, 1, 0, 0, 1]]) and not torch.equal(out[0], out[1])


def test_a_nodes_output_does_not_depend_on_the_order_of_the_seeds():
    model, seeds = typed_model(DATA), np.random.default_rng(0).permutation(30)[:20]
    ours, in_order = (logits(model, DATA, nodes, [3, 2], seed=3) for nodes in (seeds, np.sort(seeds)))
    close(ours, in_order[np.argsort(np.argsort(seeds))], 1e-6)


def test_several_targets():
    """Of seeds of several types, as links have them, outputs by type; of one of the targets alone a tensor."""
    model = typed_model(DATA, target=("keys", "b"))
    sampler = NeighborSampler(DATA.graph, [-1, -1])
    batch = TypedBatch.of(sampler.sample({"b": [3, 0, 3], "keys": [2]}), DATA.features)
    whole = inference(model, DATA.graph, DATA.features)
    with torch.no_grad():
        out = model(batch)
    assert list(whole) == ["keys", "b"] and {kind: len(rows) for kind, rows in out.items()} == {"b": 3, "keys": 1}
    close(out["b"], whole["b"][[3, 0, 3]])
    close(out["keys"], whole["keys"][[2]])
    close(logits(model, DATA, SEEDS, [-1, -1]), whole["b"][SEEDS])


def test_represent_is_what_goes_into_the_next_layer():
    for jumping in ("last", "cat", "max"):
        model = typed_model(DATA, num_layers=3, jumping=jumping, target=("keys", "b"))
        for num_layers in (1, 2, 3):
            whole = inference(model, DATA.graph, DATA.features, num_layers=num_layers)
            assert list(whole) == model.reads[num_layers]
            with torch.no_grad():
                close(model.represent(typed_batch(DATA, SEEDS, [-1] * num_layers)), whole["b"][SEEDS])
        close(model.output_layer["b"](whole["b"]), inference(model, DATA.graph, DATA.features)["b"])


# ---- weights


def test_projections_begin_by_their_columns():
    many = {"in_features": {"b": 1000, "keys": 1000, "c.d": 4000, "none": 1000, "far": 5}}
    model = typed_model(DATA, **many, num_layers=3)
    assert model.input_layer["b"].weight.std().item() == pytest.approx((2 / 1000) ** 0.5, rel=0.05)
    assert model.input_layer["c.d"].weight.std().item() == pytest.approx((2 / 4000) ** 0.5, rel=0.05)


def test_types_without_features_have_embeddings():
    assert TypedGraphSAGE.of(DATA).embeddings == TypedGraphSAGE.of(DATA.row_normalized()).embeddings == ("c.d", "far")


@pytest.mark.parametrize("init", ["kaiming_uniform", "kaiming_normal"])
@pytest.mark.parametrize("relation_sum, share", [("sum", 1 / 3), ("mean", 1)])
@pytest.mark.parametrize("num_bases", [None, 1, 8])
def test_weights_begin_with_kaimings_variance_shared_among_the_relations(num_bases, relation_sum, share, init):
    """b has 3 relations: what they add up to does not grow with their number. Of bases the mean over 40 draws."""
    how = {"hidden_features": 50, "num_bases": num_bases, "num_layers": 1, "relation_sum": relation_sum, "init": init}
    models = [typed_model(DATA, **how, seed=seed).layers[0] for seed in range(40)]
    found = [layer.types["b"].matrices(layer.bases) for layer in models]
    assert found[0].shape == (3, 50, 50)
    variance = np.mean([matrices.square().mean().item() for matrices in found])
    assert variance == pytest.approx(share * 2 / 50, rel=0.03 if num_bases is None else 0.4)
    assert models[0].types["b"].weight_self.square().mean().item() == pytest.approx(2 / 50, rel=0.1)


def test_the_same_seed_gives_the_same_weights_and_no_generator_moves():
    before = torch.get_rng_state()
    first, again = (typed_model(DATA, "max_pool", seed=4, num_bases=2).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first) and torch.equal(torch.get_rng_state(), before)
    model = typed_model(DATA, "max_pool", seed=4, num_bases=2, norm="batch")
    model.reset_parameters(5)
    fresh = typed_model(DATA, "max_pool", seed=5, num_bases=2, norm="batch", bias_scale=0).state_dict()
    weights = [name for name in fresh if name.endswith(("weight_neigh", "bases", "coefficients", "weight_self"))]
    assert weights and all(torch.equal(model.state_dict()[name], fresh[name]) for name in weights)


def test_arguments_make_the_model_anew_through_json():
    for options in ({}, {"num_bases": 2, "relation_sum": "mean", "target": ["b", "keys"], "dropout": 0.25}):
        model = typed_model(DATA, "max_pool", **options)
        again = TypedGraphSAGE(**json.loads(json.dumps(model.arguments)))
        assert again.arguments == model.arguments and again.settings == model.settings
        again.load_state_dict(model.state_dict())
        batch = typed_batch(DATA, SEEDS, [3, 2])
        assert torch.equal(again.eval()(batch), model(batch))


def test_of_links_it_is_an_encoder_of_their_ends():
    config = ModelConfig(hidden_features=8)
    assert TypedGraphSAGE.of(sold(), config=config).target == ("user", "item")
    model = TypedGraphSAGE.of(sold(relation=KNOWS), config=config)
    assert (model.target, model.out_features) == ("user", 8)


def test_of_a_dataset_and_settings():
    config = ModelConfig(hidden_features=9, num_layers=1, num_bases=2, norm="layer")
    model = TypedGraphSAGE.of(DATA, config=config, seed=3)
    assert model.settings == replace(config, dropout=0.5, input_layer="linear") and model.out_features == 3
    assert (model.target, model.seed, model.num_layers) == ("b", 3, 1) and has_layers(model)
    links = TypedGraphSAGE.of(DATA, 7, config, target=("keys", "b"), dropout=0.0)
    assert (links.target, links.out_features, links.dropout) == (("keys", "b"), 7, 0)


@pytest.mark.parametrize("options, text", [
    ({"input_layer": "none"}, "input_layer must be linear or active, as types have columns of their own; got 'none'"),
    ({"in_features": 7}, r"in_features must be a dict \{type: number of features\}, got int"),
    ({"in_features": {"b": 0}}, r"in_features\['b'\] must be .*1"),
    ({"in_features": {3: 1}}, "in_features must have texts as types, got 3"),
    ({"relations": [("b", "x")]}, r"a relation must be \(source type, name, destination type\), three texts; got \('b', 'x'\)"),
    ({"relations": [("b", "x", "z")]}, r"in_features has no 'z', which the relation \('b', 'x', 'z'\) needs"),
    ({"relations": [TO, TO]}, "relations must be distinct, and one is there twice"),
    ({"target": "z"}, "target has 'z', which is no type in in_features: there are 'keys', 'b', 'c.d', 'none', 'far'"),
    ({"target": ()}, "target is empty: name the type of nodes that the model is asked about"),
    ({"target": 3}, "target must be a type of nodes, or several; got int"),
    ({"embeddings": ["z"]}, "embeddings has 'z', which is no type in in_features"),
    ({"num_bases": 0}, "num_bases must be an integer >= 1, got 0"),
    ({"relation_sum": "max"}, "relation_sum must be one of sum, mean; got 'max'"),
    ({"aggregator": "gcn", "combine": "concat"}, "combine='concat' is not used with aggregator='gcn'"),
    ({"dropout": None}, r"dropout must be in \[0, 1\), got None"),
])  # fmt: skip
def test_refused(options, text):
    with pytest.raises((TypeError, ValueError), match=text):
        typed_model(DATA, **options)


def test_a_graphsage_of_one_type_refuses_what_is_of_relations():
    for options, said in (({"relation_sum": "mean"}, "relation_sum = 'mean'"), ({"num_bases": 2}, "num_bases = 2")):
        with pytest.raises(ValueError, match=f"{said} is not used by a GraphSAGE of one type of nodes: leave it out"):
            GraphSAGE(7, 6, 3, **options)


def test_batches_that_do_not_fit():
    model, batch = typed_model(DATA), typed_batch(DATA, SEEDS, [3, 2])
    for fanouts in ([3], [3, 2, 2]):
        with pytest.raises(ValueError, match=f"the batch has {len(fanouts)} hops, but the model has 2 layers: give"):
            model(typed_batch(DATA, SEEDS, fanouts))
    text = r"the batch has 5 features a node of type 'keys', but the model's in_features\['keys'\] = 4"
    with pytest.raises(ValueError, match=text):
        typed_model(DATA, in_features={**DATA.num_features, "keys": 4})(batch)
    with pytest.raises(ValueError, match=r"the batch has no relation \('b', 'new', 'b'\), which the model has"):
        typed_model(DATA, relations=[*DATA.graph.relations, ("b", "new", "b")])(batch)
    with pytest.raises(ValueError, match="the batch has seeds of type 'b', and the model answers for far"):
        typed_model(DATA, target="far", num_layers=2)(batch)
    with pytest.raises(TypeError, match="x must be a TypedBatch, got Batch"):
        model(batch_of(node_dataset(), [1], [2, 2]))
    with pytest.raises(TypeError, match="x must be a Batch of one type of nodes, and this one has several"):
        GraphSAGE(4, 8, 2)(batch)
    with pytest.raises(TypeError, match="in_features is of several types: TypedGraphSAGE.of"):
        GraphSAGE(DATA.num_features, 8, 2)
    with pytest.raises(TypeError, match="model must be a GraphSAGE, got TypedGraphSAGE"):
        exportable(model)
    with pytest.raises(TypeError, match="dataset must be a TypedDataset, got NodeDataset"):
        TypedGraphSAGE.of(node_dataset())
