"""Data of PyTorch Geometric for tests, and what a batch of it must be: seen from edge_index alone."""

import warnings

import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    from torch_geometric.data import Data

N, E = 60, 420
NODE = ("x", "y", "train_mask", "since")
EDGE = ("edge_attr", "at", "heavy", "edge_weight")


def random_data(seed=0):
    """N nodes, E edges in no order, repeats and loops among them; node 0 hears from nobody, node 1 from every second node."""
    draw = torch.Generator().manual_seed(seed)
    edges = torch.randint(N, (2, E), generator=draw)
    edges[1][edges[1] == 0] = 1
    edges[1, ::8] = 1
    return Data(
        x=torch.randn(N, 3, generator=draw), y=torch.randint(4, (N,), generator=draw), edge_index=edges,
        train_mask=torch.rand(N, generator=draw) < 0.5, since=torch.randint(40, (N,), generator=draw),
        edge_attr=torch.randn(E, 2, generator=draw), at=torch.randint(50, (E,), generator=draw),
        heavy=(torch.rand(E, generator=draw) < 0.5).float(), edge_weight=torch.rand(E, generator=draw), name="made up",
    )  # fmt: skip


def learnable_data(seed=0, num_nodes=400):
    """Four classes; three of four edges are within one, and features are noise with a little of the class."""
    draw = torch.Generator().manual_seed(seed)
    y = torch.arange(num_nodes) % 4
    src = torch.randint(num_nodes, (8 * num_nodes,), generator=draw)
    other = torch.randint(num_nodes // 4, src.shape, generator=draw) * 4
    shift = torch.where(torch.rand(src.shape, generator=draw) < 0.75, 0, torch.randint(1, 4, src.shape, generator=draw))
    dst = other + (y[src] + shift) % 4
    x = torch.randn(num_nodes, 8, generator=draw)
    x[torch.arange(num_nodes), y] += 1
    order = torch.randperm(num_nodes, generator=draw)
    masks = {"train_mask": order < num_nodes // 2, "test_mask": order >= num_nodes // 2}
    return Data(x=x, y=y, edge_index=torch.cat([torch.stack([src, dst]), torch.stack([dst, src])], dim=1), **masks)


def check_attributes(batch, data):
    """Every attribute of ``data`` is that of the batch's nodes, or of its edges, or copied."""
    for name in NODE:
        assert torch.equal(batch[name], data[name][batch.n_id]), name
    for name in EDGE:
        assert torch.equal(batch[name], data[name][batch.e_id]), name
    assert batch.name == data.name
    assert torch.equal(batch.n_id[batch.edge_index], data.edge_index[:, batch.e_id])
    assert {batch[name].dtype for name in ("n_id", "e_id", "input_id", "edge_index")} == {torch.int64}


def check_hops(batch, data, fanouts, known=None, replace=False):
    """Nodes and edges hop by hop: a node gets its edges once, at the hop after that in which it came, as many as asked for.

    known(e, node): may edge e be seen by the tree of this local node? Edges of weight 0, and later ones, may not.
    """
    known = known or (lambda e, node: True)
    nodes, edges = batch.num_sampled_nodes, batch.num_sampled_edges
    assert len(nodes) == len(fanouts) + 1 and len(edges) == len(fanouts)
    assert sum(nodes) == batch.num_nodes and sum(edges) == batch.num_edges
    first, done = 0, 0
    for hop, fanout in enumerate(fanouts):
        rows = range(first, first + nodes[hop])
        part = slice(done, done + edges[hop])
        sources, targets, ids = (row.tolist() for row in (*batch.edge_index[:, part], batch.e_id[part]))
        assert set(targets) <= set(rows) and targets == sorted(targets)
        for row in rows:
            of_row = [e for e, target in zip(ids, targets) if target == row]
            there = (data.edge_index[1] == batch.n_id[row]).nonzero().view(-1).tolist()
            there = [e for e in there if known(e, row)]
            assert set(of_row) <= set(there)
            whole = fanout < 0 or (not replace and len(there) <= fanout)
            assert len(of_row) == (len(there) if whole else fanout * bool(there))
            assert replace or len(set(of_row)) == len(of_row)
        first, done = first + nodes[hop], done + edges[hop]
        assert set(range(first, first + nodes[hop + 1])) <= set(sources)  # what is new was reached by an edge of this hop
