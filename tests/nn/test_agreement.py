"""The inputs of the model agree (tree, batches of four kinds, whole graph), and order and names do not matter."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.nn_helpers import LAYERS, REDUCTION_LAYERS, SEEDS, WAYS, batch_of, close, model_of, node_dataset, regular_graph

from graphsage.graph.graph import Graph
from graphsage.nn.inference import inference
from graphsage.sampling.tree import multihop_sampling
from graphsage.tensors.keyed_rng import keyed_rng

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
