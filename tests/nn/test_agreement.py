"""The inputs of the model agree (tree, batches of four kinds, whole graph), and order and names do not matter."""

from dataclasses import replace

import naive_nn
import numpy as np
import pytest
import torch
from helpers.nn_helpers import (
    LAYERS,
    OPTIONS,
    REDUCTION_LAYERS,
    SEEDS,
    WAYS,
    batch_of,
    close,
    model_of,
    node_dataset,
    regular_graph,
)

from graphsage.graph.graph import Graph
from graphsage.nn.inference import inference
from graphsage.sampling.tree import multihop_sampling
from graphsage.tensors.keyed_rng import keyed_rng
from graphsage.tensors.segments import regular_block

DENSE, SPARSE = node_dataset(), node_dataset(is_sparse=True)


def logits(model, dataset, seeds, fanouts, **options):
    with torch.no_grad():
        return model(batch_of(dataset, seeds, fanouts, **options))


# ---- agreements


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_tree_blocks_and_whole_graph_agree_where_every_fanout_is_the_degree(aggregator, combine, num_layers, normalize):
    """On a d-regular graph, d draws without replacement are all neighbours, in some order."""
    dataset = node_dataset(regular_graph(40, 3))
    model = model_of(aggregator, combine, num_layers, normalize=normalize)
    seeds, fanouts = [5, 0, 39, 5], [3] * num_layers
    hops = multihop_sampling(seeds, fanouts, dataset.graph, replace=False, seed=1)
    if aggregator == "lstm":  # reads its neighbours in an order: that of the graph's rows
        hops = in_order(dataset.graph, seeds, num_layers)
    with torch.no_grad():
        tree = model([torch.from_numpy(dataset.features[hop]) for hop in hops])
    close(tree, logits(model, dataset, seeds, fanouts))
    close(tree, inference(model, dataset.graph, dataset.features)[seeds])
    assert tree.std() > 0.01  # and they do not agree on nothing


def in_order(graph, seeds, num_layers):
    """The hops of a tree that holds all neighbours of a regular graph, each row as the graph has it."""
    hops = [np.array(seeds)]
    for _ in range(num_layers):
        hops.append(graph.indices.reshape(graph.num_nodes, -1)[hops[-1]].ravel())
    return hops


@pytest.mark.parametrize("isolated", ["empty", "self"])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_blocks_of_all_neighbours_and_whole_graph_agree_on_an_awkward_graph(aggregator, combine, num_layers, isolated):
    model = model_of(aggregator, combine, num_layers, normalize=num_layers == 3)
    whole = inference(model, DENSE.graph, DENSE.features, isolated=isolated)
    close(logits(model, DENSE, SEEDS, [-1] * num_layers, isolated=isolated), whole[SEEDS])
    everybody = np.random.default_rng(0).permutation(60)
    close(logits(model, DENSE, everybody, [-1] * num_layers, isolated=isolated), whole[everybody])


def run_and_differentiate(model, batch):
    """Logits and the gradients of all weights, with the same key for dropout."""
    model.zero_grad()
    with keyed_rng(np.uint64(9)):
        out = model(batch)
    torch.nn.functional.cross_entropy(out, batch.y).backward()
    return [out.detach(), *(p.grad.clone() for p in model.parameters())]


@pytest.mark.parametrize("options", [{}, {"dropout": 0.5, "input_dropout": 0.3}], ids=["evaluation", "training"])
@pytest.mark.parametrize("fanouts", [[4], [4, 3], [2, 3, 2]])
@pytest.mark.parametrize("aggregator, combine", REDUCTION_LAYERS)
def test_the_loaders_reduction_and_the_models_agree(aggregator, combine, fanouts, options):
    """Logits and gradients. Under dropout too, for dense and for sparse features: input dropout follows the reduction,
    and both sides reduce to rows (entries) of the same order, so that one key gives one mask."""
    for dataset in (DENSE, SPARSE):
        model = model_of(aggregator, combine, len(fanouts), **options).train(bool(options))
        plain = run_and_differentiate(model, batch_of(dataset, SEEDS, fanouts, seed=2))
        reduced = run_and_differentiate(model, batch_of(dataset, SEEDS, fanouts, seed=2, reduce=aggregator))
        for ours, theirs in zip(plain, reduced, strict=True):
            close(ours, theirs)


@pytest.mark.parametrize("aggregator, combine, reduced", WAYS)
def test_dense_and_sparse_features_agree(aggregator, combine, reduced):
    model, options = model_of(aggregator, combine), {"seed": 2, "reduce": aggregator if reduced else None}
    dense, sparse = (run_and_differentiate(model, batch_of(d, SEEDS, [4, 3], **options)) for d in (DENSE, SPARSE))
    for ours, theirs in zip(dense, sparse, strict=True):
        close(ours, theirs)
    close(inference(model, DENSE.graph, DENSE.features), inference(model, SPARSE.graph, SPARSE.features))


# ---- the options of the model


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("aggregator, combine", LAYERS)
def test_with_options_tree_blocks_reduced_batches_and_whole_graph_agree_with_the_twin(aggregator, combine, options):
    model, regular = model_of(aggregator, combine, 2, **options), node_dataset(regular_graph(40, 3))
    twin = naive_nn.forward(model, naive_nn.rows_of(DENSE.graph.indptr, DENSE.graph.indices), DENSE.features, SEEDS)
    assert np.std(twin) > 0.01
    close(inference(model, DENSE.graph, DENSE.features, chunk_edges=50)[SEEDS], twin)
    for reduce in {None, model.first_layer_reduction}:
        for dataset in (DENSE, SPARSE):
            close(logits(model, dataset, SEEDS, [-1] * 2, reduce=reduce), twin)
    with torch.no_grad():
        tree = model([torch.from_numpy(regular.features[hop]) for hop in in_order(regular.graph, [5, 0, 39, 5], 2)])
    close(tree, inference(model, regular.graph, regular.features)[[5, 0, 39, 5]])


@pytest.mark.parametrize("options", [{"norm": "batch"}, OPTIONS[-2]])
def test_in_training_batch_norm_is_by_the_rows_of_each_layer(options):
    """Of a batch each node once; of a tree all ids of all hops that the layer makes. Running statistics move towards them."""
    model = model_of(num_layers=3, **{**options, "dropout": 0.0}).train()
    batch = batch_of(DENSE, SEEDS, [3, 2, 2], seed=4)
    rows = naive_nn.rows_of(batch.minibatch.indptr, batch.minibatch.indices)
    num_rows, x = [block.num_rows for block in batch.blocks], DENSE.features[batch.minibatch.nodes]
    close(model(batch), naive_nn.forward(model, rows, x, batch.minibatch.seed_index, num_rows))
    hops = [torch.from_numpy(x[:2]), *(torch.from_numpy(x[np.arange(2 * n) % len(x)]) for n in (2, 6, 12))]
    first = model.layers[0]
    made = [first.aggregator(below, block_of(own, below), own) for own, below in zip(hops, hops[1:])]
    if model.input_layer is None:
        products = torch.cat([first.products(own, neigh) for own, neigh in zip(hops, made)])
        before = first.norm.running_mean.clone()
        model(hops)
        close(first.norm.running_mean, 0.5 * before + 0.5 * products.mean(0))  # the second batch weighs as the first


def block_of(own, below):
    return regular_block(len(own), len(below) // len(own))


@pytest.mark.parametrize("options", OPTIONS)
def test_with_options_the_loaders_reduction_gives_the_same_gradients(options):
    """In training, dropout and all: one key gives one mask on both ways, and dense and sparse rows one result."""
    for aggregator in ("mean", "sum", "gcn", "max"):
        options = {**options, "dropout": 0.5}
        model = model_of(aggregator, "sum", 2, **options).train()
        found = [
            run_and_differentiate(model, batch_of(dataset, SEEDS, [4, 3], seed=2, reduce=reduce))
            for dataset in (DENSE, SPARSE)
            for reduce in (None, model.first_layer_reduction)
        ]
        assert all(grad.abs().sum() > 0 for grad in found[0])
        for other in found[1:]:
            for ours, theirs in zip(found[0], other, strict=True):
                close(ours, theirs)


# ---- what does not matter


@pytest.mark.parametrize("aggregator, combine, reduced", WAYS)
class TestOrder:
    def test_of_the_seeds(self, aggregator, combine, reduced):
        """A node's draw is its own: reordered seeds reorder the logits."""
        model, options = model_of(aggregator, combine), {"seed": 3, "reduce": aggregator if reduced else None}
        seeds = np.random.default_rng(0).permutation(60)[:20]
        ours, in_order = (logits(model, DENSE, nodes, [3, 2], **options) for nodes in (seeds, np.sort(seeds)))
        close(ours, in_order[np.argsort(np.argsort(seeds))], 1e-6)

    def test_repeated_seeds_give_equal_rows(self, aggregator, combine, reduced):
        model = model_of(aggregator, combine)
        out = logits(model, DENSE, [4, 9, 4, 4, 9], [3, 2], reduce=aggregator if reduced else None)
        assert torch.equal(out, out[[0, 1, 0, 0, 1]]) and not torch.equal(out[0], out[1])

    def test_of_the_edges(self, aggregator, combine, reduced):
        src, dst = DENSE.graph.to_edges()
        order = np.random.default_rng(1).permutation(len(src))
        shuffled = replace(DENSE, graph=Graph.from_edges(src[order], dst[order], 60))
        model, options = model_of(aggregator, combine), {"seed": 3, "reduce": aggregator if reduced else None}
        assert torch.equal(*(logits(model, d, SEEDS, [3, 2], **options) for d in (DENSE, shuffled)))


@pytest.mark.parametrize("aggregator, combine, reduced", [way for way in WAYS if way[0] != "lstm"])
def test_the_names_do_not_matter(aggregator, combine, reduced):
    """Node v becomes node name[v]; with all neighbours nothing is drawn. Not for an LSTM: rows are sorted by name, and it
    reads a row by the places in it."""
    name, (src, dst) = np.random.default_rng(2).permutation(60), DENSE.graph.to_edges()
    x = np.empty_like(DENSE.features)
    x[name] = DENSE.features
    renamed = replace(DENSE, graph=Graph.from_edges(name[src], name[dst], 60), features=x)
    model, options = model_of(aggregator, combine), {"reduce": aggregator if reduced else None}
    before = logits(model, DENSE, SEEDS, [-1, -1], **options)
    close(logits(model, renamed, name[SEEDS], [-1, -1], **options), before)
    whole = inference(model, renamed.graph, renamed.features)
    close(whole[name], inference(model, DENSE.graph, DENSE.features))
