"""PyG's LinkNeighborLoader by a changed import: links, negatives, times; and learning from them."""

import re
import warnings

import numpy as np
import pytest
import torch
from helpers.chisquare import ALPHA, p_of, pearson
from helpers.pyg_data import E, N, check_attributes, check_hops, learnable_data, random_data

from graphsage.interop.pyg import LinkNeighborLoader

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # torch_geometric's own, about torch.jit, at import
    import torch_geometric.loader as theirs
    from torch_geometric.nn import GraphSAGE
    from torch_geometric.sampler import NegativeSampling

DATA = random_data()
LINKS = DATA.edge_index[:, 10:21]
TRIPLET = NegativeSampling("triplet", 3)


def batches(links=LINKS, fanouts=(3, 2), epochs=1, **options):
    loader = LinkNeighborLoader(DATA, fanouts, links, **{"batch_size": 4, "seed": 7, **options})
    return [batch for _ in range(epochs) for batch in loader]


def negatives(**options):
    """The global ids of all negatives, by batch: of pairs (two rows) or of triplets."""
    found = batches(**options)
    if "edge_label_index" in found[0]:
        return [batch.n_id[batch.edge_label_index][:, len(batch.input_id) :] for batch in found]
    return [batch.n_id[batch.dst_neg_index] for batch in found]


@pytest.mark.parametrize("disjoint", [False, True])
@pytest.mark.parametrize("amount", [None, 1, 0.5, 2])
def test_pairs_that_are_true_and_then_random_ones(amount, disjoint):
    for at, batch in enumerate(batches(neg_sampling_ratio=amount, disjoint=disjoint)):
        batch.validate(raise_on_error=True)
        check_attributes(batch, DATA)
        check_hops(batch, DATA, [3, 2])
        places = torch.arange(4 * at, min(4 * at + 4, 11))
        true, total = len(places), len(places) + int(np.ceil(len(places) * (amount or 0)))
        assert torch.equal(batch.input_id, places)
        assert torch.equal(batch.n_id[batch.edge_label_index][:, :true], LINKS[:, places])
        assert batch.edge_label_index.shape == (2, total)
        if amount is None:
            assert "edge_label" not in batch
        else:
            assert batch.edge_label.tolist() == [1.0] * true + [0.0] * (total - true)
        if disjoint and amount != 0.5:  # PyG numbers the trees so that a share of a pair mixes them up
            assert torch.equal(batch.batch[batch.edge_label_index[0]], batch.batch[batch.edge_label_index[1]])


@pytest.mark.parametrize("disjoint", [False, True])
def test_sources_with_a_true_target_and_random_ones(disjoint):
    for batch in batches(neg_sampling=TRIPLET, disjoint=disjoint):
        number = len(batch.input_id)
        check_attributes(batch, DATA)
        ends = torch.stack([batch.n_id[batch.src_index], batch.n_id[batch.dst_pos_index]])
        assert torch.equal(ends, LINKS[:, batch.input_id])
        assert batch.dst_neg_index.shape == (number, 3) and "edge_label_index" not in batch
        if disjoint:
            trees = batch.batch[torch.cat([batch.src_index[:, None], batch.dst_neg_index], dim=1)]
            assert torch.equal(trees, torch.arange(number)[:, None].expand(-1, 4))


def test_labels_make_room_for_the_negatives():
    labels = torch.arange(11) % 3
    for batch in batches(edge_label=labels):
        assert torch.equal(batch.edge_label, labels[batch.input_id])
    for batch in batches(edge_label=labels, neg_sampling="binary"):
        number = len(batch.input_id)
        assert torch.equal(batch.edge_label[:number], labels[batch.input_id] + 1) and not batch.edge_label[number:].any()


def test_all_edges_are_asked_about_where_none_are_named():
    found = batches(None, batch_size=100)
    ends = torch.cat([batch.n_id[batch.edge_label_index] for batch in found], dim=1)
    assert torch.equal(ends, DATA.edge_index) and len(found) == 5


@pytest.mark.parametrize("neg_sampling", [None, "binary", TRIPLET])
@pytest.mark.parametrize("attribute", ["at", "since"])
def test_nothing_later_than_the_question_is_seen(attribute, neg_sampling):
    """A negative that is random among nodes with times exists when it is asked about."""
    times = DATA.at if attribute == "at" else DATA.since[DATA.edge_index[0]]
    asked = torch.arange(20, 31)
    for batch in batches(time_attr=attribute, edge_label_time=asked, neg_sampling=neg_sampling):
        until = asked[batch.input_id]  # ``batch`` counts links, and those of a negative's are its positive's
        last = until[batch.batch]
        check_hops(batch, DATA, [3, 2], lambda e, node, last=last: times[e] <= last[node])
        if attribute == "since" and neg_sampling is TRIPLET:
            assert (batch.since[batch.dst_neg_index] <= until[:, None]).all()


def test_negatives_are_functions_of_seed_epoch_and_step():
    for options in ({"neg_sampling": "binary"}, {"neg_sampling": TRIPLET}):
        first = negatives(epochs=2, **options)
        again = negatives(epochs=2, num_workers=2, **options)
        assert all(map(torch.equal, first, again))
        assert len({tuple(part.reshape(-1)[:4].tolist()) for part in first}) == len(first) == 6
        other = negatives(epochs=2, **options, seed=8)
        assert not any(map(torch.equal, first, other))


def test_the_default_device_changes_nothing():
    plain = batches(neg_sampling=TRIPLET, disjoint=True)
    with torch.device("meta"):
        found = batches(neg_sampling=TRIPLET, disjoint=True)
    assert all(torch.equal(a.dst_neg_index, b.dst_neg_index) and torch.equal(a.e_id, b.e_id) for a, b in zip(plain, found))


def test_ends_of_a_pair_are_drawn_apart():
    pairs = torch.cat(negatives(neg_sampling="binary", epochs=2), dim=1)
    assert (pairs[0] == pairs[1]).sum() < 5


@pytest.mark.parametrize("weights", [None, torch.arange(N) % 4.0])
def test_negatives_are_uniform_or_by_weight(weights):
    """Null: 4400 independent targets, each of the N nodes with its share (chi-square, false alarm 1e-6, one fixed seed).

    A node of weight 0 is never drawn. Ten nodes drawn half as often give p < 1e-20.
    """
    sampling = NegativeSampling("triplet", 40, dst_weight=weights)
    found = torch.cat([part.reshape(-1) for part in negatives(neg_sampling=sampling, epochs=10)])
    counts, share = np.bincount(found.numpy(), minlength=N), np.ones(N) if weights is None else weights.numpy()
    drawn = share > 0
    assert counts.sum() == 4400 and not counts[~drawn].any()
    assert p_of(pearson(counts[drawn], 4400 * share[drawn] / share.sum()), drawn.sum() - 1) > ALPHA


def test_it_is_a_loader_of_pygs():
    loader = LinkNeighborLoader(DATA, [2], LINKS, batch_size=4)
    assert isinstance(loader, theirs.LinkNeighborLoader) and len(loader) == 3


def test_a_model_learns_which_links_are_true():
    """Messages from 9 of 10 edges, questions about the others. AUC by ranks: whoever knew the classes would have 0.75."""
    data = learnable_data()
    half = data.num_edges // 2  # the second half are the reverses
    asked = torch.arange(0, half, 10)
    test, kept = data.edge_index[:, asked], torch.ones(data.num_edges, dtype=torch.bool)
    kept[torch.cat([asked, asked + half])] = False
    data.edge_index = data.edge_index[:, kept]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GraphSAGE(8, 32, 2, out_channels=16)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(2):
            for batch in LinkNeighborLoader(data, [5, 5], batch_size=128, neg_sampling="binary", shuffle=True):
                h = model(batch.x, batch.edge_index)[batch.edge_label_index]
                loss = torch.nn.functional.binary_cross_entropy_with_logits((h[0] * h[1]).sum(dim=1), batch.edge_label)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        h = model(data.x, data.edge_index).detach()
        random = torch.randint(data.num_nodes, test.shape)
    true, false = ((h[ends[0]] * h[ends[1]]).sum(dim=1) for ends in (test, random))
    assert (true[:, None] > false).float().mean() > 0.67


@pytest.mark.parametrize("options, text", [
    ({"links": LINKS.t()}, "edge_label_index must have shape [2, links], got [11, 2]"),
    ({"links": LINKS + 30}, "is not a node: the graph has 60"),
    ({"links": LINKS[:, :0]}, "edge_label_index is empty: an epoch needs at least one link"),
    ({"edge_label": torch.ones(3)}, "edge_label must have one entry per link, 11; got shape [3]"),
    ({"edge_label": torch.ones(11), "neg_sampling": TRIPLET}, "'edge_label' needs to be undefined for 'triplet'"),
    ({"edge_label_time": torch.ones(11)}, "Both arguments must be provided for temporal sampling"),
    ({"time_attr": "at"}, "Both arguments must be provided for temporal sampling"),
    ({"neighbor_sampler": object()}, "neighbor_sampler must be None, as the loader makes its own"),
    ({"neg_sampling": NegativeSampling("triplet", 1, dst_weight=torch.ones(3))}, "dst_weight must be 60 numbers, one a node"),
    ({"neg_sampling": NegativeSampling("triplet", 1, dst_weight=torch.zeros(N))}, "dst_weight must be 60 numbers, one a node"),
])  # fmt: skip
def test_what_is_not_kept_is_refused_by_name(options, text):
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        batches(**options)


def test_numpy_is_taken():
    plain = batches(edge_label=torch.arange(11))
    for batch, wanted in zip(batches(LINKS.numpy(), edge_label=np.arange(11)), plain, strict=True):
        assert torch.equal(batch.e_id, wanted.e_id) and torch.equal(batch.edge_label, wanted.edge_label)
    assert E == DATA.num_edges
