"""PyG's NeighborLoader by a changed import: its batches, its arguments, its models on them."""

import re
import sys
import threading
import warnings

import numpy as np
import pytest
import torch
from helpers.pyg_data import N, check_attributes, check_hops, learnable_data, random_data

from graphsage.data.readers.planetoid import read_planetoid
from graphsage.interop import pyg
from graphsage.interop.pyg import NeighborLoader
from graphsage.sampling.neighbor import NeighborSampler

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    import torch_geometric.loader as theirs
    from torch_geometric import EdgeIndex
    from torch_geometric.data import Data, HeteroData
    from torch_geometric.nn import GATConv, GCNConv, GINConv, GraphSAGE, SAGEConv
    from torch_geometric.utils import k_hop_subgraph, trim_to_layer

DATA = random_data()
IDS = torch.tensor([5, 1, 0, 44, 17, 3, 59])


def batches(data=DATA, fanouts=(3, 2), epochs=1, **options):
    loader = NeighborLoader(data, fanouts, **{"batch_size": 4, "seed": 7, **options})
    return [batch for _ in range(epochs) for batch in loader]


def same(one, other):
    """Are these lists of batches equal, all attributes?"""
    return len(one) == len(other) and all(
        a.keys() == b.keys() and all(torch.equal(a[k], b[k]) if torch.is_tensor(a[k]) else a[k] == b[k] for k in a.keys())
        for a, b in zip(one, other)
    )


# ---- the batch


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("fanouts", [[3], [3, 2], [-1, -1], [2, -1, 4]])
def test_a_batch_is_what_edge_index_says(fanouts, replace):
    for at, batch in enumerate(batches(fanouts=fanouts, input_nodes=IDS, replace=replace)):
        batch.validate(raise_on_error=True)
        check_attributes(batch, DATA)
        check_hops(batch, DATA, fanouts, replace=replace)
        places = torch.arange(4 * at, min(4 * at + 4, 7))
        assert torch.equal(batch.input_id, places) and batch.batch_size == len(places)
        assert torch.equal(batch.n_id[: batch.batch_size], IDS[places])
        assert len(set(batch.n_id.tolist())) == batch.num_nodes and "batch" not in batch and "seed_time" not in batch


def test_all_nodes_a_mask_and_ids_of_any_kind():
    """With a mask, input_id is the node, as PyG has it."""
    assert [batch.n_id[: batch.batch_size].tolist() for batch in batches(batch_size=40)] == [[*range(40)], [*range(40, N)]]
    masked = batches(input_nodes=DATA.train_mask)
    found = torch.cat([batch.n_id[: batch.batch_size] for batch in masked])
    assert torch.equal(found, DATA.train_mask.nonzero().view(-1))
    assert torch.equal(torch.cat([batch.input_id for batch in masked]), found)
    for mask in (DATA.train_mask.numpy(), DATA.train_mask.tolist()):
        assert same(batches(input_nodes=mask), masked)
    for ids in (IDS.int(), IDS.numpy(), IDS.tolist()):
        assert same(batches(input_nodes=ids), batches(input_nodes=IDS))


def test_a_mask_of_bytes_is_a_mask():
    mask = DATA.train_mask.to(torch.uint8)
    assert same(batches(input_nodes=mask), batches(input_nodes=DATA.train_mask))


def test_a_seed_asked_for_twice_is_there_twice():
    seeds = [5, 17, 5, 1, 17, 5]
    [batch] = batches(input_nodes=seeds, batch_size=6, fanouts=[3, 2])
    assert batch.n_id[:6].tolist() == seeds and batch.batch_size == 6 and batch.num_sampled_nodes[0] == 6
    check_attributes(batch, DATA)
    check_hops(batch, DATA, [3, 2])
    rows = [batch.e_id[batch.edge_index[1] == row].tolist() for row in range(6)]
    assert rows[0] == rows[2] == rows[5] and rows[1] == rows[4]
    [disjoint] = batches(input_nodes=seeds, batch_size=6, disjoint=True)
    assert disjoint.n_id[:6].tolist() == seeds


def test_disjoint_trees_share_nothing():
    [batch] = batches(input_nodes=[5, 1, 5, 0], disjoint=True)
    check_attributes(batch, DATA)
    check_hops(batch, DATA, [3, 2])
    assert batch.batch[:4].tolist() == [0, 1, 2, 3] and batch.batch.dtype == torch.int64
    assert torch.equal(batch.batch[batch.edge_index[0]], batch.batch[batch.edge_index[1]])
    assert len(set(zip(batch.batch.tolist(), batch.n_id.tolist()))) == batch.num_nodes


def test_induced_has_all_edges_between_the_nodes_of_directional():
    for batch, plain in zip(batches(subgraph_type="induced", shuffle=True), batches(shuffle=True), strict=True):
        assert torch.equal(batch.n_id, plain.n_id) and "num_sampled_nodes" not in batch and "num_sampled_edges" not in batch
        check_attributes(batch, DATA)
        inside = torch.isin(DATA.edge_index, batch.n_id).all(dim=0).nonzero().view(-1)
        assert torch.equal(batch.e_id.sort().values, inside) and batch.num_edges > plain.num_edges
    assert same(batches(directed=False), batches(subgraph_type="induced"))  # its old name


def test_bidirectional_has_each_edge_both_ways():
    for batch, plain in zip(batches(subgraph_type="bidirectional"), batches(), strict=True):
        assert torch.equal(batch.n_id, plain.n_id) and "num_sampled_nodes" not in batch
        there = set(map(tuple, plain.edge_index.t().tolist()))
        assert set(map(tuple, batch.edge_index.t().tolist())) == there | {(v, u) for u, v in there}
        assert torch.equal(batch.edge_attr, DATA.edge_attr[batch.e_id])


# ---- times and weights


def until(times):
    """known(e, node) of a batch whose trees end at ``seed_time``; times: of each edge."""
    return lambda batch: lambda e, node: times[e] <= batch.seed_time[batch.batch[node]]


@pytest.mark.parametrize("strategy", ["uniform", "last"])
@pytest.mark.parametrize("attribute", ["at", "since"])
@pytest.mark.parametrize("fanouts", [[3, 2], [-1, -1]])
def test_nothing_later_than_the_question_is_seen(fanouts, attribute, strategy):
    """Neither an edge nor, with times of nodes, an edge from a node that came later; at every hop."""
    times = DATA.at if attribute == "at" else DATA.since[DATA.edge_index[0]]
    asked = torch.arange(N) % 50
    for batch in batches(fanouts=fanouts, time_attr=attribute, input_time=asked, temporal_strategy=strategy, shuffle=True):
        assert torch.equal(batch.seed_time, asked[batch.input_id])
        check_attributes(batch, DATA)
        check_hops(batch, DATA, fanouts, until(times)(batch))


def test_last_takes_the_latest():
    for batch in batches(fanouts=[3], time_attr="at", input_time=torch.full((N,), 30), temporal_strategy="last"):
        for row in range(batch.batch_size):
            there = DATA.at[DATA.edge_index[1] == batch.n_id[row]]
            latest = there[there <= 30].sort(descending=True).values[:3]
            assert torch.equal(batch.at[batch.edge_index[1] == row].sort(descending=True).values, latest)


def test_nodes_with_times_are_asked_at_their_own():
    """PyG's own rule, where input_time is left out."""
    [own], [said] = (batches(time_attr="since", batch_size=N, **options) for options in ({}, {"input_time": DATA.since}))
    assert "seed_time" not in own and torch.equal(own.e_id, said.e_id)
    check_hops(own, DATA, [3, 2], lambda e, node: DATA.since[DATA.edge_index[0, e]] <= DATA.since[own.batch[node]])


@pytest.mark.parametrize("replace", [False, True])
def test_weights_are_those_of_the_columns(replace):
    """Weights 0 and 1 in no order: what is 0 is never drawn, and what is 1 fills the row."""
    for batch in batches(weight_attr="heavy", replace=replace, epochs=3):
        assert batch.heavy.all() and batch.num_edges
        check_hops(batch, DATA, [3, 2], lambda e, node: DATA.heavy[e] > 0, replace)


def test_weights_and_times_together():
    asked = torch.full((N,), 25)
    for batch in batches(weight_attr="heavy", time_attr="at", input_time=asked):
        check_hops(batch, DATA, [3, 2], lambda e, node: DATA.heavy[e] > 0 and DATA.at[e] <= 25)


# ---- order, threads, seeds


@pytest.mark.parametrize("options", [
    {}, {"disjoint": True}, {"subgraph_type": "induced"}, {"time_attr": "since"}, {"weight_attr": "edge_weight"},
])  # fmt: skip
def test_threads_change_nothing(options):
    alone = batches(shuffle=True, epochs=2, **options)
    assert same(batches(shuffle=True, epochs=2, num_workers=2, persistent_workers=True, prefetch_factor=4, **options), alone)
    assert not same(alone[: len(alone) // 2], alone[len(alone) // 2 :])


def test_an_epoch_is_a_pass_in_an_order_of_its_own():
    loader = NeighborLoader(DATA, [2], IDS, batch_size=3, shuffle=True, seed=1)
    orders = [torch.cat([batch.input_id for batch in loader]).tolist() for _ in range(3)]
    assert all(sorted(order) == [*range(7)] for order in orders) and len(set(map(tuple, orders))) == 3
    assert len(loader) == 3 and len(NeighborLoader(DATA, [2], IDS, batch_size=3, drop_last=True)) == 2
    assert [batch.batch_size for batch in batches(input_nodes=IDS, batch_size=3, drop_last=True)] == [3, 3]
    assert len(batches(input_nodes=IDS, batch_size=1)) == len(NeighborLoader(DATA, [2], IDS)) == 7


def test_the_seed_is_0_or_torchs_or_a_generators():
    def drawn(**options):
        return [batch.input_id.tolist() + batch.e_id.tolist() for batch in NeighborLoader(DATA, [3], shuffle=True, **options)]

    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = torch.get_rng_state()
        assert drawn() == drawn() == drawn(seed=0) != drawn(seed=1) and torch.equal(torch.get_rng_state(), state)
        first, second = drawn(seed=None), drawn(seed=None)
        torch.manual_seed(0)
        assert drawn(seed=None) == first != second
    generator = torch.Generator().manual_seed(3)
    first, second = drawn(generator=generator), drawn(generator=generator)
    assert drawn(generator=generator.manual_seed(3)) == first != second


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", ["predict", "overfit"])
def test_lightning_makes_it_anew_around_its_own_sampler(mode):
    lightning, seen = pytest.importorskip("lightning"), []

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 1)

        def training_step(self, batch, index):
            seen.append(batch)
            return self.layer(batch.x).sum()

        def predict_step(self, batch, index):
            seen.append(batch)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    options = {"weight_attr": "heavy", "time_attr": "at", "input_nodes": IDS, "input_time": torch.full((7,), 30)}
    loader = NeighborLoader(DATA, [3, 2], batch_size=4, seed=7, num_workers=2, **options)
    trainer = lightning.Trainer(accelerator="cpu", max_epochs=1, overfit_batches=2 * (mode == "overfit"), **quiet)
    trainer.predict(Module(), loader) if mode == "predict" else trainer.fit(Module(), loader)
    assert same(seen, batches(**options))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", [{}, {"num_workers": 2}, {"filter_per_worker": True}], ids=str)
def test_accelerate_draws_by_torchs_generator(options):
    """Its loader is a plain DataLoader around ``collate_fn``: whole batches, repeated by ``torch.manual_seed``."""
    accelerate, found = pytest.importorskip("accelerate"), []
    with torch.random.fork_rng():
        for _ in range(2):
            torch.manual_seed(0)
            loader = NeighborLoader(DATA, [3, 2], IDS, batch_size=4, shuffle=True, **options)
            found.append(list(accelerate.Accelerator(cpu=True).prepare(loader)))
    assert len(found[0]) == 2 and same(*found)
    for batch in found[0]:
        check_attributes(batch, DATA)
        check_hops(batch, DATA, [3, 2])


def test_a_sampler_of_the_callers_says_the_order():
    order = [3, 3, 0, 6, 2]
    found = batches(input_nodes=IDS, batch_size=2, sampler=order, num_workers=1)
    assert [batch.input_id.tolist() for batch in found] == [[3, 3], [0, 6], [2]]
    assert [batch.n_id[: batch.batch_size].tolist() for batch in found] == [[44, 44], [5, 59], [0]]
    given = NeighborLoader(DATA, [2], IDS, batch_sampler=[[0, 1], [6]])
    assert [batch.input_id.tolist() for batch in given] == [[0, 1], [6]] and len(given) == 2


def test_a_node_that_is_asked_about_again_has_other_neighbours():
    """In another step of the epoch, and in the same step of another epoch: node 1 has more than 50."""
    found = [tuple(batch.e_id.tolist()) for batch in batches(fanouts=[5], sampler=[1] * 6, batch_size=1, epochs=2)]
    assert len(set(found)) == 12


def test_leaving_early_and_raising_leave_no_thread(monkeypatch):
    before = threading.active_count()
    for _ in NeighborLoader(DATA, [2], batch_size=2, num_workers=2):
        break
    loader = NeighborLoader(DATA, [2], batch_size=2, num_workers=2)
    monkeypatch.setattr(NeighborSampler, "sample", lambda *arguments, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(loader)
    assert threading.active_count() == before


def test_functions_of_the_callers_run_on_this_thread_in_order():
    seen = []

    def transform(batch):
        seen.append((threading.current_thread() is threading.main_thread(), batch.input_id[0].item()))
        batch.told = len(seen)
        return batch

    def on_output(out):
        out.node = out.node.clone()
        seen.append((threading.current_thread() is threading.main_thread(), out.metadata[0][0].item()))
        return out

    wanted = [(True, first) for first in range(0, N, 4)]
    found = batches(num_workers=2, transform=transform)
    assert seen == wanted and [batch.told for batch in found] == [*range(1, len(found) + 1)]
    seen.clear()
    assert same(batches(num_workers=2, transform_sampler_output=on_output), batches()) and seen == wanted


def test_the_default_device_changes_nothing():
    """Neither with an order of the caller's own, whose places become a tensor on the way."""
    for options in ({}, {"sampler": [3, 1]}, {"time_attr": "since"}):
        plain = batches(num_workers=1, **options)
        with torch.device("meta"):
            assert same(batches(**options), plain) and same(batches(num_workers=1, **options), plain)


# ---- PyG's code on it


CONVOLUTIONS = {
    "sage": lambda a, b: SAGEConv(a, b),
    "gcn": lambda a, b: GCNConv(a, b),
    "gat": lambda a, b: GATConv(a, b, heads=2, concat=False),
    "gin": lambda a, b: GINConv(torch.nn.Linear(a, b)),
}


class Two(torch.nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.first, self.second = CONVOLUTIONS[kind](3, 8), CONVOLUTIONS[kind](8, 4)

    def forward(self, x, edge_index):
        return self.second(self.first(x, edge_index).relu(), edge_index)


def assert_sampled_is_whole(kind, data, batch_size):
    """GCN also reads the degrees of the nodes at the border, which have their own edges in a batch with one hop more."""
    model, seen = Two(kind).eval(), 0
    with torch.no_grad():
        whole = model(data.x, data.edge_index)
        for batch in batches(data, [-1] * (3 if kind == "gcn" else 2), shuffle=True, batch_size=batch_size):
            seeds = slice(0, batch.batch_size)
            torch.testing.assert_close(model(batch.x, batch.edge_index)[seeds], whole[batch.n_id[seeds]], rtol=1e-5, atol=1e-5)
            seen += batch.batch_size
    assert seen == data.num_nodes


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_all_neighbours_are_the_whole_graph(kind):
    assert_sampled_is_whole(kind, DATA, batch_size=4)


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_all_neighbours_are_the_whole_graph_on_cora(kind, test_data):
    cora = read_planetoid(test_data / "planetoid" / "cora", "cora")
    x = torch.randn(cora.graph.num_nodes, 3, generator=torch.Generator().manual_seed(0))
    data = Data(x=x, edge_index=torch.tensor(np.stack(cora.graph.to_edges())).long())
    assert data.num_edges == 10556
    assert_sampled_is_whole(kind, data, batch_size=256)


def test_degrees_at_the_border_are_the_samples():
    """Two hops of GCN differ from the whole graph, and PyG's own neighbourhood of two hops says the same as ours."""
    model, differences = Two("gcn").eval(), []
    with torch.no_grad():
        whole = model(DATA.x, DATA.edge_index)
        for node in (5, 1, 17, 44):
            [batch] = batches(fanouts=[-1, -1], input_nodes=[node])
            nodes, edges, place, _ = k_hop_subgraph(node, 2, DATA.edge_index, relabel_nodes=True, num_nodes=N, directed=True)
            ours, wanted = model(batch.x, batch.edge_index)[0], model(DATA.x[nodes], edges)[place[0]]
            torch.testing.assert_close(ours, wanted, rtol=0, atol=1e-5)
            differences.append((ours - whole[node]).abs().max().item())
    assert max(differences) > 1e-3


@pytest.mark.parametrize("seeds", [IDS, torch.tensor([5, 1, 5, 5, 0])])
def test_trimming_layer_by_layer_changes_no_seed(seeds):
    model = Two("sage").eval()
    for batch in batches(input_nodes=seeds, batch_size=5):
        sizes, x, edge_index = (batch.num_sampled_nodes, batch.num_sampled_edges), batch.x, batch.edge_index
        for layer, conv in enumerate((model.first, model.second)):
            x, edge_index, _ = trim_to_layer(layer, *sizes, x, edge_index)
            x = conv(x, edge_index) if layer else conv(x, edge_index).relu()
        whole = model(batch.x, batch.edge_index)[: batch.batch_size]
        torch.testing.assert_close(x[: batch.batch_size], whole, rtol=0, atol=1e-6)


def test_inference_of_pygs_models_takes_the_loader():
    model = GraphSAGE(3, 8, 2, out_channels=4).eval()
    loader = NeighborLoader(DATA, [-1], batch_size=7, num_workers=1)
    assert isinstance(loader, theirs.NeighborLoader)
    torch.testing.assert_close(model.inference(loader), model(DATA.x, DATA.edge_index), rtol=0, atol=1e-5)


def test_attributes_that_are_changed_later_are_seen():
    """As in PyG's example of layer-wise inference: features go, and ids come."""
    loader = NeighborLoader(DATA.clone(), [-1], batch_size=16)
    del loader.data.x, loader.data.y
    loader.data.num_nodes, loader.data.n_id = N, torch.arange(N) + 100
    for batch in loader:
        assert "x" not in batch and torch.equal(batch.n_id[: batch.batch_size], batch.input_id + 100)


def accuracy_of(loop):
    """Test accuracy of a model after ``loop(model, optimizer)``."""
    data = learnable_data(num_nodes=800)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = GraphSAGE(8, 32, 2, out_channels=4, dropout=0.2)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        loop(data, model.train(), optimizer)
        right = model.eval()(data.x, data.edge_index).argmax(dim=1) == data.y
    return right[data.test_mask].float().mean().item()


def step(model, optimizer, out, y):
    loss = torch.nn.functional.cross_entropy(out, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_the_loop_of_the_tutorial_learns_what_whole_graphs_teach():
    def sampled(data, model, optimizer):
        loader = NeighborLoader(data, num_neighbors=[10, 10], batch_size=100, input_nodes=data.train_mask, shuffle=True)
        for _ in range(16):
            for batch in loader:
                out = model(batch.x, batch.edge_index)
                step(model, optimizer, out[: batch.batch_size], batch.y[: batch.batch_size])

    def whole(data, model, optimizer):
        for _ in range(16 * 4):
            step(model, optimizer, model(data.x, data.edge_index)[data.train_mask], data.y[data.train_mask])

    found, wanted = accuracy_of(sampled), accuracy_of(whole)
    assert wanted > 0.95 and found > wanted - 0.04


# ---- what is not kept


def edgeless(**parts):
    return Data(x=torch.zeros(3, 1), **parts)


@pytest.mark.parametrize("options, text", [
    ({"data": HeteroData()}, "data has no nodes of any type, and a dataset needs some"),
    ({"data": [DATA]}, "data must be a torch_geometric.data.Data or HeteroData, got list"),
    ({"data": edgeless()}, "data must have its edges in edge_index, a tensor [2, edges], and no adj_t"),
    ({"data": edgeless(adj_t=torch.eye(3))}, "data must have its edges in edge_index, a tensor [2, edges], and no adj_t"),
    ({"data": edgeless(edge_index=torch.zeros(3, 4, dtype=torch.int64))}, "edge_index must have shape [2, edges], got [3, 4]"),
    ({"data": edgeless(edge_index=torch.tensor([[0], [3]]))}, "dst[0] = 3 is not a node: the graph has 3"),
    ({"neighbor_sampler": object()}, "neighbor_sampler must be None, as the loader makes its own: PyG's NodeLoader"),
    ({"fanouts": {("a", "to", "b"): [1]}}, "num_neighbors must be a list of integers, one a hop"),
    ({"fanouts": [0]}, "num_neighbors[0] must be an integer >= 1 and < 2^31, or -1 for all; got 0"),
    ({"fanouts": []}, "num_neighbors is empty: give one number of neighbours a hop"),
    ({"input_nodes": ("paper", IDS)}, "input_nodes must be"),
    ({"input_nodes": slice(3)}, "input_nodes must be a tensor or an array of numbers, got slice"),
    ({"input_nodes": torch.tensor([3, 60])}, "input_nodes[1] = 60 is not a node: the graph has 60"),
    ({"input_nodes": torch.tensor([0.5])}, "input_nodes must be integers that fit 64 bits, got float32"),
    ({"input_nodes": torch.ones(7, dtype=torch.bool)}, "input_nodes must have one entry per node, 60; got shape (7,)"),
    ({"input_nodes": torch.zeros(N, dtype=torch.bool)}, "input_nodes is empty: an epoch needs at least one"),
    ({"input_time": torch.arange(N)}, "'input_time' is set while 'time_attr' is not set"),
    ({"input_time": torch.arange(7), "time_attr": "at"}, "input_time must have one entry per input node, 60; got shape [7]"),
    ({"time_attr": "at"}, "the time_attr is of edges: input_time must say of each input node when it is asked about"),
    ({"time_attr": "when"}, "time_attr must name an attribute of nodes or edges, got 'when': data has ["),
    ({"time_attr": "name"}, "time_attr must name an attribute of nodes or edges, got 'name': data has ["),
    ({"weight_attr": "y"}, "weight_attr must name an attribute of the edges, got 'y': data has ["),
    ({"weight_attr": "edge_attr"}, "weights must be a one-dimensional array of numbers, got float32 (420, 2)"),
    ({"subgraph_type": "whole"}, "subgraph_type must be one of 'directional', 'bidirectional', 'induced'; got 'whole'"),
    ({"subgraph_type": "induced", "disjoint": True}, "subgraph_type='induced' mixes the trees that disjoint=True"),
    ({"subgraph_type": "induced", "time_attr": "since"}, "subgraph_type='induced' mixes the trees"),
    ({"temporal_strategy": "first"}, "temporal_strategy must be one of 'uniform', 'last'; got 'first'"),
    ({"temporal_strategy": "last"}, "temporal_strategy='last' needs times: name them by time_attr"),
    ({"temporal_strategy": "last", "time_attr": "since", "replace": True}, "temporal_strategy='last' draws nothing"),
    ({"replace": "no"}, "replace must be True or False, got 'no'"),
    ({"batch_size": None}, "batch_size must be an integer >= 1, got None"),
    ({"num_workers": -1}, "num_workers must be an integer >= 0, got -1"),
    ({"seed": -1}, "seed must be an integer from 0"),
    ({"drop_last": True, "batch_size": 100}, "drop_last=True leaves nothing of 60 items with batch_size = 100"),
    ({"no_such": 1}, "unexpected keyword argument 'no_such'"),
])  # fmt: skip
def test_what_is_not_kept_is_refused_by_name(options, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        batches(**options)


def test_edges_of_any_kind():
    """Of PyG's own EdgeIndex, of int32, and none at all."""
    plain = batches()
    for edges in (EdgeIndex(DATA.edge_index, sparse_size=(N, N)), DATA.edge_index.int()):
        found = batches(Data(**{**DATA.to_dict(), "edge_index": edges}))
        assert [batch.e_id.tolist() for batch in found] == [batch.e_id.tolist() for batch in plain]
    [batch] = batches(edgeless(edge_index=torch.empty(2, 0, dtype=torch.int64)))
    assert batch.edge_index.shape == (2, 0) and batch.n_id.tolist() == [0, 1, 2] and batch.num_sampled_edges == [0, 0]


def test_without_torch_geometric(monkeypatch):
    for name in pyg.DROP_INS.values():
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "torch_geometric.sampler", None)
    with pytest.raises(ImportError, match=r"^graphsage.interop.pyg.NeighborSampler needs torch-geometric: pip install"):
        _ = pyg.NeighborSampler
    with pytest.raises(AttributeError, match="has no attribute 'Loader'"):
        _ = pyg.Loader
