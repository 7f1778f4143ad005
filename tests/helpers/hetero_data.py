"""``HeteroData`` of PyTorch Geometric for tests, and what a batch of it must be: seen from edge_index alone."""

import warnings

import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric import transforms as T
    from torch_geometric.data import HeteroData

SIZES = {"paper": 40, "author": 25, "venue": 3}
ENDS = {("author", "writes", "paper"): 120, ("paper", "cites", "paper"): 150, ("paper", "in", "venue"): 40}
RELATIONS = WRITES, CITES, IN = tuple(ENDS)


def random_hetero(seed=0, reverse=True):
    """Three types, one of them without features; repeats among the edges; paper 0 hears from nobody, paper 1 from many."""
    draw = torch.Generator().manual_seed(seed)
    data = HeteroData()
    for name, count in SIZES.items():
        data[name].num_nodes = count
        data[name].since = torch.randint(40, (count,), generator=draw)
    data["paper"].x, data["author"].x = torch.randn(40, 3, generator=draw), torch.randn(25, 2, generator=draw)
    data["paper"].y = torch.randint(4, (40,), generator=draw)
    data["paper"].train_mask = torch.rand(40, generator=draw) < 0.5
    for name, count in ENDS.items():
        ends = torch.stack([torch.randint(SIZES[of], (count,), generator=draw) for of in (name[0], name[2])])
        if name[2] == "paper":
            ends[1][ends[1] == 0] = 1
            ends[1, ::8] = 1
        data[name].edge_index = ends
        data[name].at = torch.randint(50, (count,), generator=draw)
        data[name].heavy = (torch.rand(count, generator=draw) < 0.5).float()
    data.name = "made up"
    return T.ToUndirected(merge=False)(data) if reverse else data


def check_attributes(batch, data):
    """Every attribute of ``data`` is that of the batch's nodes, or of its edges, or copied."""
    assert batch.metadata() == data.metadata() and batch.name == data.name
    for name in data.node_types:
        for attribute in set(data[name].keys()) - {"num_nodes"}:
            assert torch.equal(batch[name][attribute], data[name][attribute][batch[name].n_id]), (name, attribute)
        assert batch[name].num_nodes == len(batch[name].n_id)
    for name in data.edge_types:
        store, ids = batch[name], batch[name].e_id
        for attribute in set(data[name].keys()) - {"edge_index"}:
            assert torch.equal(store[attribute], data[name][attribute][ids]), (name, attribute)
        ends = torch.stack([batch[of].n_id[row] for of, row in zip((name[0], name[2]), store.edge_index)])
        assert torch.equal(ends, data[name].edge_index[:, ids])
        assert {store.edge_index.dtype, ids.dtype} == {torch.int64}


def check_hops(batch, data, fanouts, known=None, replace=False):
    """A node gets its edges once, of each relation as many as asked for, at the hop after that in which it came.

    fanouts: {relation: [k a hop]}. known(relation, e, node): may edge e be seen by the tree of this local node?
    """
    known = known or (lambda name, e, node: True)
    for name in data.edge_types:
        nodes, edges = batch[name[2]].num_sampled_nodes, batch[name].num_sampled_edges
        assert len(edges) == len(fanouts[name]) == len(nodes) - 1 and sum(edges) == batch[name].num_edges
        first, done = 0, 0
        for hop, fanout in enumerate(fanouts[name]):
            targets, ids = (of[done : done + edges[hop]].tolist() for of in (batch[name].edge_index[1], batch[name].e_id))
            assert set(targets) <= set(range(first, first + nodes[hop]))
            for row in range(first, first + nodes[hop]):
                of_row = [e for e, target in zip(ids, targets) if target == row]
                there = (data[name].edge_index[1] == batch[name[2]].n_id[row]).nonzero().view(-1).tolist()
                there = [e for e in there if known(name, e, row)]
                whole = fanout < 0 or (not replace and len(there) <= fanout)
                assert set(of_row) <= set(there) and len(of_row) == (len(there) if whole else fanout * bool(there))
                assert replace or len(set(of_row)) == len(of_row)
            first, done = first + nodes[hop], done + edges[hop]
    for name in data.node_types:
        assert sum(batch[name].num_sampled_nodes) == batch[name].num_nodes


def same(one, other):
    """Are these lists of batches equal, all attributes?"""
    return len(one) == len(other) and all(_equal(a.to_dict(), b.to_dict()) for a, b in zip(one, other))


def _equal(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    return torch.equal(a, b) if torch.is_tensor(a) else a == b
