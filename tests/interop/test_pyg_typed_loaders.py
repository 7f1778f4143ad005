"""The drop-in loaders on HeteroData: its batches, its arguments, PyG's models of several types on them."""

import pickle
import re
import warnings

import pytest
import torch
from helpers.hetero_data import CITES, IN, SIZES, WRITES, check_attributes, check_hops, random_hetero, same

from graphsage.interop.pyg import LinkNeighborLoader, NeighborLoader, NeighborSampler

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric import loader as theirs
    from torch_geometric.nn import HeteroConv, HGTConv, Linear, RGCNConv, SAGEConv, to_hetero
    from torch_geometric.sampler import NumNeighbors
    from torch_geometric.typing import WITH_TORCH_SPARSE
    from torch_geometric.utils import trim_to_layer

DATA = random_hetero()
RELATIONS = DATA.edge_types
IDS = torch.tensor([5, 1, 0, 39, 17, 3, 24])


def batches(data=DATA, fanouts=(3, 2), nodes=("paper", IDS), epochs=1, **options):
    loader = NeighborLoader(data, fanouts, nodes, **{"batch_size": 4, "seed": 7, **options})
    return [batch for _ in range(epochs) for batch in loader]


# ---- the batch


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("fanouts", [[3], [3, 2], [-1, -1], [2, -1, 4]], ids=str)
def test_a_batch_is_what_edge_index_says(fanouts, replace):
    for at, batch in enumerate(batches(fanouts=fanouts, replace=replace)):
        batch.validate(raise_on_error=True)
        check_attributes(batch, DATA)
        check_hops(batch, DATA, dict.fromkeys(RELATIONS, fanouts), replace=replace)
        places, papers = torch.arange(4 * at, min(4 * at + 4, 7)), batch["paper"]
        assert torch.equal(papers.input_id, places) and papers.batch_size == len(places)
        assert torch.equal(papers.n_id[: papers.batch_size], IDS[places])
        assert "batch" not in papers and "batch_size" not in batch["author"]


def test_fanouts_by_relation():
    fanouts = {name: [0, 2] if name == CITES else [3, 0] for name in RELATIONS}
    for batch in batches(fanouts=fanouts):
        check_attributes(batch, DATA)
        check_hops(batch, DATA, fanouts)
    of_some = batches(fanouts=NumNeighbors({CITES: [0, 2]}, default=[3, 0]))
    assert same(of_some, batches(fanouts=fanouts))
    assert same(batches(fanouts=(2, 2)), batches(fanouts=dict.fromkeys(RELATIONS, [2, 2])))


def test_all_nodes_of_a_type_a_mask_and_ids_of_any_kind():
    for every in ("author", ("author", None)):
        found = [batch["author"] for batch in batches(nodes=every, batch_size=20)]
        assert [store.n_id[: store.batch_size].tolist() for store in found] == [[*range(20)], [*range(20, 25)]]
    mask = DATA["paper"].train_mask
    masked = batches(nodes=("paper", mask))
    found = torch.cat([batch["paper"].n_id[: batch["paper"].batch_size] for batch in masked])
    assert torch.equal(found, mask.nonzero().view(-1))
    assert torch.equal(torch.cat([batch["paper"].input_id for batch in masked]), found)
    assert same(batches(nodes=("paper", mask.tolist())), masked) and same(batches(nodes=["paper", IDS.tolist()]), batches())


def test_a_seed_asked_for_twice_is_there_twice():
    seeds = [5, 17, 5, 1, 17, 5]
    [batch] = batches(nodes=("paper", seeds), batch_size=6)
    assert batch["paper"].n_id[:6].tolist() == seeds and batch["paper"].num_sampled_nodes[0] == 6
    check_attributes(batch, DATA)
    check_hops(batch, DATA, dict.fromkeys(RELATIONS, [3, 2]))
    for name in (WRITES, CITES):
        rows = [batch[name].e_id[batch[name].edge_index[1] == row].tolist() for row in range(6)]
        assert rows[0] == rows[2] == rows[5] and rows[1] == rows[4]


def test_disjoint_trees_share_nothing():
    [batch] = batches(nodes=("paper", [5, 1, 5, 0]), disjoint=True)
    check_attributes(batch, DATA)
    check_hops(batch, DATA, dict.fromkeys(RELATIONS, [3, 2]))
    assert batch["paper"].batch[:4].tolist() == [0, 1, 2, 3] and batch["author"].batch.dtype == torch.int64
    for name in RELATIONS:
        src, dst = batch[name].edge_index
        assert torch.equal(batch[name[0]].batch[src], batch[name[2]].batch[dst])


def test_induced_has_all_edges_between_the_nodes_of_directional():
    for batch, plain in zip(batches(subgraph_type="induced"), batches(), strict=True):
        check_attributes(batch, DATA)
        for name in RELATIONS:
            ids = [batch[of].n_id for of in (name[0], name[2])]
            assert torch.equal(ids[0], plain[name[0]].n_id) and "num_sampled_edges" not in batch[name]
            inside = torch.isin(DATA[name].edge_index[0], ids[0]) & torch.isin(DATA[name].edge_index[1], ids[1])
            assert torch.equal(batch[name].e_id.sort().values, inside.nonzero().view(-1))


def test_bidirectional_has_each_edge_both_ways():
    for batch in batches(subgraph_type="bidirectional"):
        turned = batch["paper", "rev_writes", "author"].edge_index
        assert torch.equal(batch[WRITES].edge_index, turned.flip(0)) and "num_sampled_nodes" not in batch["paper"]


@pytest.mark.parametrize("strategy", ["uniform", "last"])
@pytest.mark.parametrize("attribute", ["at", "since"])
def test_nothing_later_than_the_question_is_seen(attribute, strategy):
    def known(name, e, node):
        times = DATA[name].at[e] if attribute == "at" else DATA[name[0]].since[DATA[name].edge_index[0, e]]
        return times <= batch["paper"].seed_time[batch[name[2]].batch[node]]

    asked = 7 * torch.arange(7)
    for batch in batches(fanouts=[3, -1], time_attr=attribute, input_time=asked, temporal_strategy=strategy, shuffle=True):
        assert torch.equal(batch["paper"].seed_time, asked[batch["paper"].input_id])
        check_attributes(batch, DATA)
        check_hops(batch, DATA, dict.fromkeys(RELATIONS, [3, -1]), known)


def test_nodes_with_times_are_asked_at_their_own():
    [own], [said] = (
        batches(time_attr="since", batch_size=7, **options) for options in ({}, {"input_time": DATA["paper"].since[IDS]})
    )
    assert all(torch.equal(own[name].e_id, said[name].e_id) for name in RELATIONS)


def test_weights_are_those_of_the_relations():
    for batch in batches(weight_attr="heavy", epochs=3):
        check_hops(batch, DATA, dict.fromkeys(RELATIONS, [3, 2]), lambda name, e, node: DATA[name].heavy[e] > 0)


@pytest.mark.parametrize("options", [{}, {"disjoint": True}, {"subgraph_type": "induced"}, {"time_attr": "since"}], ids=str)
def test_threads_change_nothing(options):
    alone = batches(shuffle=True, epochs=2, **options)
    assert same(batches(shuffle=True, epochs=2, num_workers=2, **options), alone)
    assert not same(alone[:2], alone[2:])


# ---- links


@pytest.mark.parametrize("relation", [WRITES, CITES])
@pytest.mark.parametrize("negatives", [None, "binary", {"mode": "triplet", "amount": 2}], ids=str)
def test_links_of_a_relation(relation, negatives):
    src, dst = relation[0], relation[2]
    loader = LinkNeighborLoader(DATA, [3, 2], relation, neg_sampling=negatives, batch_size=50, shuffle=True)
    for batch in loader:
        check_attributes(batch, DATA)
        store, wanted = batch[relation], DATA[relation].edge_index[:, batch[relation].input_id]
        if negatives == "binary" or negatives is None:
            ends = store.edge_label_index[:, : wanted.shape[1]]
            assert torch.equal(torch.stack([batch[src].n_id[ends[0]], batch[dst].n_id[ends[1]]]), wanted)
            assert store.edge_label_index.shape[1] == wanted.shape[1] * (1 if negatives is None else 2)
        else:
            assert torch.equal(batch[src].n_id[batch[src].src_index], wanted[0])
            assert torch.equal(batch[dst].n_id[batch[dst].dst_pos_index], wanted[1])
            assert batch[dst].dst_neg_index.shape == (wanted.shape[1], 2)


def test_links_are_named_as_pyg_names_them():
    one = list(LinkNeighborLoader(DATA, [2], ("author", "paper"), batch_size=60))
    for other in ((WRITES, None), (WRITES, DATA[WRITES].edge_index), (("author", "paper"), DATA[WRITES].edge_index.tolist())):
        assert same(list(LinkNeighborLoader(DATA, [2], other, batch_size=60)), one)


@pytest.mark.parametrize("relation", [WRITES, CITES])
@pytest.mark.parametrize("negatives", [None, "binary"])
def test_nothing_later_than_the_link_is_seen(relation, negatives):
    asked = torch.arange(DATA[relation].num_edges) % 50

    def known(name, e, node):
        return DATA[name].at[e] <= asked[batch[relation].input_id][batch[name[2]].batch[node]]

    loader = LinkNeighborLoader(
        DATA, [3, -1], relation, edge_label_time=asked, time_attr="at", neg_sampling=negatives, batch_size=40, shuffle=True,
    )  # fmt: skip
    for batch in loader:
        check_attributes(batch, DATA)
        check_hops(batch, DATA, dict.fromkeys(RELATIONS, [3, -1]), known)


# ---- PyG's code on it


def full(**options):
    return batches(fanouts=[-1, -1], nodes="paper", shuffle=True, **options)


def assert_sampled_is_whole(model, found):
    """model(x_dict, edge_index_dict) -> rows of papers."""
    with torch.no_grad():
        whole, seen = model(DATA), 0
        for batch in found:
            store = batch["paper"]
            ids = store.n_id[: store.batch_size]
            torch.testing.assert_close(model(batch)[: store.batch_size], whole[ids], rtol=1e-5, atol=1e-5)
            seen += len(ids)
    assert seen == SIZES["paper"]


def inputs(batch):
    """{type: rows of 8}; venues, which have no features, by who they are."""
    ids = {name: batch[name].get("n_id", torch.arange(SIZES[name])) for name in SIZES}
    table = torch.randn(3, 8, generator=torch.Generator().manual_seed(1))
    pad = {name: torch.nn.functional.pad(batch[name].x, (0, 8 - batch[name].x.shape[1])) for name in ("paper", "author")}
    return {**pad, "venue": table[ids["venue"]]}


class Two(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = layer(), layer()

    def forward(self, batch):
        h = {name: h.relu() for name, h in self.first(inputs(batch), batch.edge_index_dict).items()}
        return self.second(h, batch.edge_index_dict)["paper"]


class SAGE(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = SAGEConv((-1, -1), 8), SAGEConv((-1, -1), 4)

    def forward(self, x, edge_index):
        return self.second(self.first(x, edge_index).relu(), edge_index)


def test_all_neighbours_are_the_whole_graph_of_to_hetero():
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = to_hetero(SAGE(), DATA.metadata(), aggr="sum")
        model(inputs(DATA), DATA.edge_index_dict)  # so that lazy weights are there
    assert_sampled_is_whole(lambda batch: model(inputs(batch), batch.edge_index_dict)["paper"], full())


@pytest.mark.parametrize("aggr", ["sum", "mean"])
def test_all_neighbours_are_the_whole_graph_of_hetero_conv(aggr):
    with torch.random.fork_rng():
        model = Two(lambda: HeteroConv({name: SAGEConv((8, 8), 8) for name in RELATIONS}, aggr=aggr))
    assert_sampled_is_whole(model, full())


def test_all_neighbours_are_the_whole_graph_of_hgt_conv():
    with torch.random.fork_rng():
        model = Two(lambda: HGTConv(8, 8, DATA.metadata(), heads=2))
    assert_sampled_is_whole(model, full())


def test_all_neighbours_are_the_whole_graph_of_rgcn_on_one_type():
    """RGCN takes one kind of nodes and an edge_type: ``to_homogeneous`` of data and of batches."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first, second = (RGCNConv(8, 8, len(RELATIONS), num_bases=3) for _ in range(2))

    def model(batch):
        x, plain = torch.cat([*inputs(batch).values()]), batch.to_homogeneous(node_attrs=[], edge_attrs=[])
        h = second(first(x, plain.edge_index, plain.edge_type).relu(), plain.edge_index, plain.edge_type)
        return h[: batch["paper"].num_nodes]

    assert list(DATA.node_types) == ["paper", "author", "venue"]
    assert_sampled_is_whole(model, full())


def test_trimming_layer_by_layer_changes_no_seed():
    with torch.random.fork_rng():
        model = Two(lambda: HeteroConv({name: SAGEConv((8, 8), 8) for name in RELATIONS}))
    for batch in batches(nodes=("paper", [5, 1, 5, 0])):
        h, edges, sizes = inputs(batch), batch.edge_index_dict, (batch.num_sampled_nodes_dict, batch.num_sampled_edges_dict)
        for at, layer in enumerate((model.first, model.second)):
            h, edges, _ = trim_to_layer(at, *sizes, h, edges)
            h = layer(h, edges) if at else {name: of.relu() for name, of in layer(h, edges).items()}
        size = batch["paper"].batch_size
        torch.testing.assert_close(h["paper"][:size], model(batch)[:size], rtol=0, atol=1e-5)


@pytest.mark.skipif(not WITH_TORCH_SPARSE, reason="PyG's own sampler needs torch-sparse")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("hops", [1, 2, 3])
def test_all_neighbours_are_the_sets_of_pygs_own_sampler(hops):
    ours = batches(fanouts=[-1] * hops, nodes=("paper", IDS))
    pygs = list(theirs.NeighborLoader(DATA, [-1] * hops, ("paper", IDS), batch_size=4))
    for one, other in zip(ours, pygs, strict=True):
        size = one["paper"].batch_size
        assert torch.equal(one["paper"].n_id[:size], other["paper"].n_id[:size])
        assert all(set(one[name].n_id.tolist()) == set(other[name].n_id.tolist()) for name in SIZES)
        assert all(sorted(one[name].e_id.tolist()) == sorted(other[name].e_id.tolist()) for name in RELATIONS)


def test_a_tutorials_loop_learns_and_the_loader_is_one_of_pygs():
    data = random_hetero(3)
    data["paper"].x[torch.arange(40), data["paper"].y % 3] += 4
    loader = NeighborLoader(data, [5, 5], ("paper", data["paper"].train_mask), batch_size=10, shuffle=True, num_workers=2)
    assert isinstance(loader, theirs.NeighborLoader)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = torch.nn.ModuleDict({"venue": torch.nn.Embedding(3, 3), "paper": Linear(3, 8), "author": Linear(2, 8)})
        conv = HeteroConv({name: SAGEConv((-1, -1), 4) for name in RELATIONS})
        optimizer, losses = None, []
        for _ in range(8):
            total = 0
            for batch in loader:
                x = {name: model[name](batch[name].x) for name in ("paper", "author")}
                x["venue"] = model["venue"](batch["venue"].n_id)
                store = batch["paper"]
                out = conv(x, batch.edge_index_dict)["paper"][: store.batch_size]
                loss = torch.nn.functional.cross_entropy(out, store.y[: store.batch_size])
                optimizer = optimizer or torch.optim.Adam([*model.parameters(), *conv.parameters()], lr=0.05)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
            losses.append(total)
    assert losses[-1] < 0.5 * losses[0]


def test_a_sampler_under_pygs_own_loader_and_pickled():
    sampler = pickle.loads(pickle.dumps(NeighborSampler(DATA, [3, 2])))
    for batch in theirs.NodeLoader(DATA, sampler, ("paper", IDS), batch_size=3):
        check_attributes(batch, DATA)
        check_hops(batch, DATA, dict.fromkeys(RELATIONS, [3, 2]))


# ---- what is refused


def without(store, name):
    data = random_hetero()
    del data[store][name]
    return data


def having(store, **attributes):
    data = random_hetero()
    for name, value in attributes.items():
        data[store][name] = value
    return data


TYPES = "the types are 'paper', 'author', 'venue'"


@pytest.mark.parametrize("options, text", [
    ({"nodes": None}, f"input_nodes must be a type of nodes, or (type, ids or mask); got None, {TYPES}"),
    ({"nodes": IDS}, "input_nodes must be a type of nodes, or (type, ids or mask); got None"),
    ({"nodes": "papers"}, f"input_nodes must be a type of nodes, or (type, ids or mask); got 'papers', {TYPES}"),
    ({"nodes": ("paper", [40])}, "input_nodes[0] = 40 is not a node: the graph has 40"),
    ({"nodes": ("paper", torch.zeros(40, dtype=torch.bool))}, "input_nodes is empty: an epoch needs at least one"),
    ({"nodes": ("paper", torch.ones(3, dtype=torch.bool))}, "input_nodes must have one entry per node, 40; got shape (3,)"),
    ({"fanouts": {CITES: [1]}}, "num_neighbors has no ('author', 'writes', 'paper'): give it one number a hop"),
    ({"fanouts": {("a", "to", "b"): [1]}}, "num_neighbors has ('a', 'to', 'b'), which is no edge type of data: there are"),
    ({"fanouts": [0]}, "num_neighbors[0] must be an integer >= 1 and < 2^31, or -1 for all; got 0"),
    ({"fanouts": NumNeighbors({CITES: [1]}, [1, 2])}, "fanouts must have as many hops for each relation, got [1, 2]"),
    ({"data": without(IN, "edge_index")}, "data[('paper', 'in', 'venue')] must have its edges in edge_index, a tensor"),
    ({"data": having(IN, adj_t=torch.eye(3))}, "data[('paper', 'in', 'venue')] must have its edges in edge_index"),
    ({"data": having(IN, edge_index=torch.tensor([[40], [0]]))}, "edges[('paper', 'in', 'venue')] src[0] = 40"),
    ({"data": having(("paper", "on", "shelf"), edge_index=torch.zeros(2, 0).long())}, "data['shelf'] has no num_nodes"),
    ({"time_attr": "when"}, "time_attr must name an attribute of nodes or of edges, got 'when', and neither has one"),
    ({"data": having("paper", at=torch.arange(40)), "time_attr": "at"}, "got 'at', and both have one"),
    ({"time_attr": "at"}, "the time_attr is of edges: input_time must say of each input node when it is asked about"),
    ({"data": without("paper", "since"), "time_attr": "since"}, "nodes of type 'paper' have no times: input_time must say"),
    ({"weight_attr": "x"}, "weight_attr must name an attribute of the edges, got 'x', and no relation has one"),
    ({"input_time": torch.arange(3), "time_attr": "at"}, "input_time must have one entry per input node, 7; got shape [3]"),
], )  # fmt: skip
def test_what_is_not_kept_is_refused_by_name(options, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        batches(**options)


@pytest.mark.parametrize("links, text", [
    (None, "edge_label_index must be an edge type, or (edge type, links [2, P]); got None, the edge types are ('author', 'wri"),
    (("paper", "venue", "of"), "edge_label_index must be an edge type, or (edge type, links [2, P]); got ('paper',"),
    ((WRITES, torch.zeros(3, 2).long()), "edge_label_index must have shape [2, links], got [3, 2]"),
    ((WRITES, torch.tensor([[25], [0]])), "edge_label_index[0][0] = 25 is not a node: the graph has 25"),
    ((WRITES, torch.zeros(2, 0).long()), "edge_label_index is empty: an epoch needs at least one link"),
], )  # fmt: skip
def test_links_that_are_none_are_refused(links, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        LinkNeighborLoader(DATA, [2], links)
