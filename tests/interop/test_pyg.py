"""Batches as PyTorch Geometric wants them, and its layers on them beside ours."""

import re
import runpy
import sys
import warnings

import numpy as np
import pytest
import torch
from helpers.graphs import DST, SRC, asymmetric
from helpers.nn_helpers import SEEDS, batch_of, close, learnable_dataset, model_of, node_dataset

import graphsage
import graphsage as gs
from graphsage.data.dataset import NodeDataset
from graphsage.graph.graph import Graph
from graphsage.interop import to_pyg
from graphsage.loading.node_loader import NeighborLoader
from graphsage.sampling.neighbor import NeighborSampler

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric.nn import SAGEConv
    from torch_geometric.utils import trim_to_layer

DENSE, SPARSE = node_dataset(), node_dataset(is_sparse=True)
FANOUTS = [[3], [3, 2], [2, 3, 2], [-1, -1]]


def global_edges(data):
    """(source, target) of each edge, as nodes of the graph."""
    return [(int(data.n_id[u]), int(data.n_id[v])) for u, v in data.edge_index.t().tolist()]


# ---- the record


def test_edges_go_from_the_neighbour_to_the_node_that_aggregates_it():
    assert list(zip(SRC, DST)) == [(0, 1), (0, 2), (1, 2)]
    for seeds, edges in (([2], [(0, 2), (1, 2), (0, 1)]), ([1], [(0, 1)]), ([0], [])):
        data = to_pyg(NeighborSampler(asymmetric(), [-1, -1]).sample(seeds))
        assert global_edges(data) == edges and data.edge_index.shape == (2, len(edges))
        assert data.edge_index.dtype == data.n_id.dtype == torch.int64


def test_a_convolution_moves_features_along_the_edges():
    """With identity weights and sum, node 2 gets its own 4 and its neighbours' 1 + 2; nothing flows back to 0."""
    graph, none = asymmetric(), np.empty(0, np.int64)
    dataset = NodeDataset(
        graph=graph, features=np.array([[1.0], [2.0], [4.0]]), labels=[0, 0, 0], train=[0, 1, 2], val=none, test=none
    )
    data = to_pyg(batch_of(dataset, [2, 0, 1, 2], [-1]))
    conv = SAGEConv(1, 1, aggr="sum", bias=False)
    for parameter in conv.parameters():
        torch.nn.init.ones_(parameter)
    assert conv(data.x, data.edge_index)[data.seed_index].view(-1).tolist() == [7, 1, 3, 7]


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("fanouts", FANOUTS)
def test_everything_is_in_its_place(fanouts, is_sparse):
    batch = batch_of(SPARSE if is_sparse else DENSE, SEEDS, fanouts, edge_ids=True)
    data, bare = to_pyg(batch), to_pyg(batch.minibatch)
    data.validate(raise_on_error=True)
    assert torch.equal(data.x, torch.from_numpy(DENSE.features)[data.n_id])
    labels = torch.from_numpy(DENSE.labels)
    assert torch.equal(data.y, labels[data.n_id[: data.batch_size]])  # PyG's own way: y[:batch_size] goes with out[:batch_size]
    assert torch.equal(data.y[data.seed_index], labels[SEEDS])
    assert data.n_id[data.seed_index].tolist() == SEEDS
    assert data.num_nodes == len(data.n_id) and data.batch_size == len(set(SEEDS)) == data.num_sampled_nodes[0]
    assert sum(data.num_sampled_nodes) == data.num_nodes and len(data.num_sampled_nodes) == len(fanouts) + 1
    assert sum(data.num_sampled_edges) == data.edge_index.shape[1] and len(data.num_sampled_edges) == len(fanouts)
    assert bare.x is None and bare.y is None
    for name in ("edge_index", "n_id", "seed_index", "e_id"):
        assert torch.equal(bare[name], data[name])


def test_edge_ids_find_the_callers_own_arrays():
    """Of edges in no order, and what the caller has of each edge by its id; no edge is one of id -1."""
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, 30, 90), rng.integers(0, 20, 90)
    graph, edge_attr = Graph.from_edges(src, dst, 30), rng.random((90, 2))
    batch = NeighborSampler(graph, [3, 2], edge_ids=True).sample(np.arange(30))
    data = to_pyg(batch, edge_attr)
    found = data.e_id.numpy()
    assert np.array_equal(global_edges(data), np.stack([src[found], dst[found]], axis=1)) and len(found) > 40
    assert np.array_equal(data.edge_attr, edge_attr[found]) and "edge_attr" not in to_pyg(batch)
    plain = NeighborSampler(graph, [3, 2]).sample(np.arange(30))
    assert "e_id" not in to_pyg(plain)
    with pytest.raises(ValueError, match=r"^edge_attr needs edge ids: draw with NeighborSampler\(..., edge_ids=True\)$"):
        to_pyg(plain, edge_attr)
    with pytest.raises(ValueError, match=r"^edge_attr must have a row an edge id: it has 3 rows, and the batch has edge \d+$"):
        to_pyg(batch, edge_attr[:3])
    with pytest.raises(TypeError, match="^edge_attr must be a tensor or an array of numbers, got list$"):
        to_pyg(batch, ["a"] * 90)
    with pytest.raises(ValueError, match="^edge_weight must have a row an edge id: it has one number, and the batch has edge"):
        to_pyg(batch, edge_weight=1.0)
    weighted = to_pyg(batch, edge_weight=torch.tensor(edge_attr[:, 0]))
    assert weighted.edge_weight.tolist() == edge_attr[weighted.e_id, 0].tolist() and weighted.edge_attr is None


def test_a_stand_in_is_an_edge_without_an_id():
    sampler = NeighborSampler(asymmetric(), [2], isolated="self")
    assert global_edges(to_pyg(sampler.sample([0, 1]))) == [(0, 0), (0, 1)]
    sampler = NeighborSampler(asymmetric(), [2], isolated="self", edge_ids=True)
    assert to_pyg(sampler.sample([1])).e_id.tolist() == [0]
    with pytest.raises(ValueError, match="^an isolated node that stands in for its own neighbour has no edge id: draw with"):
        to_pyg(sampler.sample([0, 1]))


def test_undirected_edges_say_which_way_they_were_walked():
    data = to_pyg(NeighborSampler(Graph.from_edges([0, 0], [1, 2], 3, undirected=True), [2], edge_ids=True).sample([0, 2]))
    assert global_edges(data) == [(1, 0), (2, 0), (0, 2)]
    assert data.e_id.tolist() == [0, 1, 1] and data.edge_reversed.tolist() == [True, True, False]


def test_the_disjoint_form_says_whose_each_node_is():
    data = to_pyg(NeighborSampler(asymmetric(), [-1], disjoint=True).sample([2, 1, 2]))
    assert data.batch.tolist() == [0, 1, 2, 0, 0, 1, 2, 2] and data.n_id.tolist() == [2, 1, 2, 0, 1, 0, 0, 1]
    assert "batch" not in to_pyg(NeighborSampler(asymmetric(), [-1]).sample([2]))


def test_the_device_is_the_batchs():
    batch = batch_of(DENSE, SEEDS, [3, 2]).to("meta")
    data = to_pyg(batch)
    assert {data[name].device.type for name in ("x", "y", "edge_index", "n_id", "seed_index")} == {"meta"}


# ---- PyG's layers


class Stack(torch.nn.Module):
    """A SAGEConv a layer, ReLU between them; with the weights of a ``GraphSAGE`` if one is given."""

    def __init__(self, model):
        super().__init__()
        self.layers = torch.nn.ModuleList()
        for ours in model.layers:
            conv = SAGEConv(ours.weight_neigh.shape[1], ours.weight_neigh.shape[0], aggr=ours.aggregator.reduction)
            for parameter, weight in (
                (conv.lin_l.weight, ours.weight_neigh),
                (conv.lin_l.bias, ours.bias),
                (conv.lin_r.weight, ours.weight_self),
            ):
                parameter.data.copy_(weight.data)
            self.layers.append(conv)

    def forward(self, data, *, trim=False):
        x, edge_index = data.x, data.edge_index
        for depth, conv in enumerate(self.layers):
            if trim:
                x, edge_index, _ = trim_to_layer(depth, data.num_sampled_nodes, data.num_sampled_edges, x, edge_index)
            x = conv(x, edge_index)
            x = x if depth == len(self.layers) - 1 else x.relu()
        return x[data.seed_index]


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("aggregator", ["mean", "sum", "max"])
@pytest.mark.parametrize("fanouts", FANOUTS)
def test_our_model_and_theirs_agree_with_the_same_weights(fanouts, aggregator, is_sparse):
    """Isolated nodes, repeats, loops and hubs included; logits and the gradients of all weights."""
    ours = model_of(aggregator, num_layers=len(fanouts))
    theirs, batch = Stack(ours), batch_of(SPARSE if is_sparse else DENSE, SEEDS, fanouts)
    outs = ours(batch), theirs(to_pyg(batch))
    close(*outs)
    for out in outs:
        (out**2).sum().backward()
    for layer, conv in zip(ours.layers, theirs.layers, strict=True):
        close(layer.weight_neigh.grad, conv.lin_l.weight.grad)
        close(layer.weight_self.grad, conv.lin_r.weight.grad)
        close(layer.bias.grad, conv.lin_l.bias.grad)


@pytest.mark.parametrize("fanouts", FANOUTS)
def test_trimming_layer_by_layer_changes_no_seed(fanouts):
    """Needs hops, nodes and edges in PyG's order; the last layer gets what one hop around the seeds has."""
    data, model = to_pyg(batch_of(DENSE, SEEDS, fanouts)), Stack(model_of(num_layers=len(fanouts)))
    close(model(data, trim=True), model(data), 1e-6)
    sizes, x, edge_index = [data.num_sampled_nodes, data.num_sampled_edges], data.x, data.edge_index
    for depth in range(len(fanouts)):
        x, edge_index, _ = trim_to_layer(depth, *sizes, x, edge_index)
        last = len(fanouts) + 1 - depth
        assert (len(x), edge_index.shape[1]) == (sum(sizes[0][:last]), sum(sizes[1][: last - 1]))
    assert len(fanouts) == 1 or len(x) < data.num_nodes


# ---- refusals


def test_a_reduced_batch_is_refused_by_name():
    with pytest.raises(TypeError, match="^this batch is reduced .* make the loader with reduce=None$"):
        to_pyg(batch_of(DENSE, SEEDS, [3, 2], reduce="mean"))


def test_without_torch_geometric(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_geometric.data", None)
    with pytest.raises(ImportError, match=r"^to_pyg needs torch-geometric: pip install torch-geometric$"):
        to_pyg(batch_of(DENSE, SEEDS, [3, 2]))


def test_a_batch_of_links_says_which():
    links = gs.split_links(DENSE, seed=0)
    sampler = NeighborSampler(links.graph, [3, 2])
    batch = next(iter(gs.LinkLoader(links, sampler, 8)))
    found = to_pyg(batch)
    ends = found.n_id[found.edge_label_index]
    assert torch.equal(ends, batch.seeds[batch.pairs]) and torch.equal(found.edge_label, batch.y) and "y" not in found
    true = set(map(tuple, links.train.seeds.tolist()))
    assert [tuple(pair) in true for pair in ends.T.tolist()][:8] == [True] * 8


# ---- the example


def test_the_example_runs_and_learns(monkeypatch, capsys, checkout):
    dataset = learnable_dataset()
    monkeypatch.setattr(graphsage, "load_dataset", lambda name: {"small": dataset}[name], raising=False)
    monkeypatch.setattr(sys, "argv", ["pyg_sage.py", "small", "--steps", "31"])
    with torch.random.fork_rng():
        runpy.run_path(str(checkout / "examples" / "pyg_sage.py"), run_name="__main__")
    *steps, last = capsys.readouterr().out.splitlines()
    losses = [float(re.fullmatch(rf"step +{10 * i}  loss (\d+\.\d+)", line)[1]) for i, line in enumerate(steps)]
    assert len(losses) == 4 and losses[-1] < 0.5 * losses[0]
    accuracy = float(re.fullmatch(r"accuracy on 1280 random test nodes: (\d+\.\d) %", last)[1])
    majority = 100 * np.bincount(dataset.labels[dataset.test]).max() / 50
    assert accuracy > majority + 20


def test_the_loader_feeds_a_loop_of_theirs():
    """Batches of every step, short last one included, keep their seeds' order."""
    sampler = NeighborSampler(DENSE.graph, [3, 2])
    for batch in NeighborLoader(DENSE, sampler, 8):
        data = to_pyg(batch)
        assert torch.equal(data.y, torch.from_numpy(DENSE.labels)[data.n_id[data.seed_index]])


def test_an_open_minibatch_is_refused():
    text = "^an open MiniBatch has no local ids for its last hop: draw it with sample, not with sample_open$"
    with pytest.raises(TypeError, match=text):
        to_pyg(NeighborSampler(asymmetric(), [2]).sample_open([0]))
