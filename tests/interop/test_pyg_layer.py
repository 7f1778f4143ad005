"""PyG's convolutions as layers of a stack: full neighbourhoods and exact inference are PyG on the whole graph."""

import re
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.nn_helpers import SEEDS, awkward_graph, close, features, sparse
from torch import nn

import graphsage as gs
from graphsage.interop.pyg import PyGLayer

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric.nn import ChebConv, GATConv, GATv2Conv, GCNConv, GINConv, GraphConv, SAGEConv, TransformerConv

GRAPH = awkward_graph()  # directed, with loops, repeats, hubs and isolated nodes
X = features(60, 7)
EDGES = torch.tensor(np.stack(GRAPH.to_edges()))


def mlp(width, out):
    return nn.Sequential(nn.Linear(width, 5), nn.ReLU(), nn.Linear(5, out))


CONVS = {
    "SAGEConv": lambda width, out: SAGEConv(width, out),
    "SAGEConv max": lambda width, out: SAGEConv(width, out, aggr="max", normalize=True, project=True),
    "GATConv": lambda width, out: GATConv(width, out // 2, heads=2),
    "GATConv mean": lambda width, out: GATConv(width, out, heads=2, concat=False, add_self_loops=False, residual=True),
    "GATv2Conv": lambda width, out: GATv2Conv(width, out // 2, heads=2),
    "GINConv": lambda width, out: GINConv(mlp(width, out), train_eps=True),
    "GraphConv": lambda width, out: GraphConv(width, out, aggr="mean"),
    "TransformerConv": lambda width, out: TransformerConv(width, out // 2, heads=2),
    "GCNConv": lambda width, out: GCNConv(width, out),
    "GCNConv improved": lambda width, out: GCNConv(width, out, improved=True, bias=False),
    "GCNConv cached": lambda width, out: GCNConv(width, out, cached=True),
    "GCNConv without loops": lambda width, out: GCNConv(width, out, add_self_loops=False),
    "GCNConv sum": lambda width, out: GCNConv(width, out, normalize=False),
}


class Model(nn.Module):
    """Both ways: over blocks, and over the edges of a whole graph, as PyG's models are."""

    def __init__(self, make, graph=GRAPH, widths=(7, 6, 6, 4), seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            convs = [make(width, out) for width, out in zip(widths, widths[1:])]
        self.layers = nn.ModuleList(PyGLayer(conv, graph if isinstance(conv, GCNConv) else None) for conv in convs)

    def between(self, depth, h):
        return F.dropout(F.elu(h), 0.5, self.training)

    def forward(self, batch):
        h = batch.x
        for depth, (layer, block) in enumerate(zip(self.layers, batch.blocks, strict=True)):
            h = layer(h if depth == 0 else self.between(depth - 1, h), block)
        return h[batch.seed_index]

    def whole(self, x, edge_index):
        h = x
        for depth, layer in enumerate(self.layers):
            h = layer.conv(h if depth == 0 else self.between(depth - 1, h), edge_index)
        return h


def batch_of(graph, x, seeds, **options):
    return gs.Batch.of(gs.NeighborSampler(graph, [-1] * 3, **options).sample(seeds), x)


@pytest.mark.parametrize("make", CONVS.values(), ids=CONVS)
def test_whole_graph_full_batch_and_exact_inference_agree(make):
    model = Model(make).eval()
    with torch.no_grad():
        wanted = model.whole(torch.tensor(X), EDGES)
        close(gs.inference(model, GRAPH, X), wanted)
        close(gs.inference(model, GRAPH, X, chunk_edges=7), wanted)
        close(model(batch_of(GRAPH, X, SEEDS)), wanted[SEEDS])
        close(model(batch_of(GRAPH, X, SEEDS, disjoint=True)), wanted[SEEDS])


def test_what_depends_on_other_nodes_is_refused():
    """PyG's LSTM reads on over the padding, up to the largest degree of the batch."""
    with pytest.raises(ValueError, match="^Model cannot be .*: what its layers make of a node depends on which other nodes"):
        gs.inference(Model(lambda width, out: SAGEConv(width, out, aggr="lstm")), GRAPH, X)


def test_sparse_features_become_dense_in_the_first_layer():
    model = Model(CONVS["SAGEConv"]).eval()
    close(gs.inference(model, GRAPH, sparse(X)), gs.inference(model, GRAPH, X))
    close(model(batch_of(GRAPH, sparse(X), SEEDS)), model(batch_of(GRAPH, X, SEEDS)))


@pytest.mark.parametrize("name", ["SAGEConv", "GATConv", "GINConv", "GCNConv"])
def test_gradients_of_a_full_batch_are_those_of_the_whole_graph(name):
    ours, theirs = Model(CONVS[name]).eval(), Model(CONVS[name]).eval()
    (ours(batch_of(GRAPH, X, SEEDS)) ** 2).sum().backward()
    (theirs.whole(torch.tensor(X), EDGES)[SEEDS] ** 2).sum().backward()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(a.grad, b.grad, 1e-4)


def test_of_drawn_neighbours_gcn_is_the_whole_graphs_on_average():
    """One layer, 400 draws of 2: the mean of a node's outputs is within 6 standard errors of the whole graph's at every
    number (of 240; false alarm below 1e-5). A sum of what was drawn, not taken n / k times, is off by more than that."""
    layer = PyGLayer(GCNConv(7, 4, bias=False), GRAPH)
    with torch.no_grad():
        wanted = layer.conv(torch.tensor(X), EDGES).double()
        draws = [gs.Batch.of(gs.NeighborSampler(GRAPH, [2]).sample(np.arange(60), step=step), X) for step in range(400)]
        outs = torch.stack([layer(batch.x, batch.blocks[0]) for batch in draws]).double()
    error = outs.std(0) / len(outs) ** 0.5
    assert ((outs.mean(0) - wanted).abs() <= 6 * error + 1e-6).all() and (error > 0.01).any()


def test_weights_move_and_degrees_stay():
    layer = PyGLayer(GCNConv(7, 4), GRAPH)
    assert not any("degrees" in name for name in layer.state_dict())
    assert layer.double().degrees.dtype is torch.float64
    shared = PyGLayer(layer.conv, gs.Graph.from_edges([0], [1], 2))
    assert shared.conv is layer.conv and shared.degrees.tolist() == [1, 2]


WRONG = {
    "a class": (lambda: PyGLayer(SAGEConv), "conv must be a convolution of torch_geometric.nn, got the class SAGEConv, not an"),
    "no convolution": (lambda: PyGLayer(nn.Linear(2, 2)), "conv must be a convolution of torch_geometric.nn, got torch.Linear"),
    "flow": (lambda: PyGLayer(SAGEConv(2, 2, flow="target_to_source")), "conv must have flow='source_to_target', got 'target"),
    "no graph": (lambda: PyGLayer(GCNConv(2, 2)), r"GCNConv divides by the degrees .*: say of which graph, PyGLayer\("),
    "wrong graph": (lambda: PyGLayer(GCNConv(2, 2), EDGES), "graph must be a Graph, got torch.Tensor"),
    "graph": (lambda: PyGLayer(SAGEConv(2, 2), GRAPH), "graph is for GCNConv, whose degrees it has; SAGEConv needs none"),
}


@pytest.mark.parametrize("call, text", WRONG.values(), ids=WRONG)
def test_what_is_no_such_convolution_is_told(call, text):
    with pytest.raises((TypeError, ValueError), match=f"^{text}"):
        call()


def test_what_does_not_fit_the_block_is_told():
    batch = batch_of(GRAPH, X, SEEDS)
    one = PyGLayer(ChebConv(7, 4, 2))
    with pytest.raises(TypeError, match=r"^ChebConv cannot be called with two sets of nodes, \(x, x_dst\), and edge_index: "):
        one(batch.x, batch.blocks[0])
    small = PyGLayer(GCNConv(7, 4), gs.Graph.from_edges([0], [1], 2))
    with pytest.raises(ValueError, match="^graph must be the one that batches are drawn from: it has 2 nodes, and "):
        small(batch.x, batch.blocks[0])
    model = Model(lambda width, out: ChebConv(width, out, 2))
    with pytest.raises(TypeError, match=re.escape("layers[0], a PyGLayer, as layer(x, block), cannot be called with")):
        gs.inference(model, GRAPH, X)
