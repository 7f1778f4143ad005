"""LinkLoader of links between types: ends of the right type, negatives that are no links, and nothing that gives one away."""

import numpy as np
import pytest
import torch
from helpers.typed_links import BUYS, KNOWS, SIZES, SOLD, as_set, pairs_of, purchases, shop, sold

from graphsage import LinkLoader, Negatives, NeighborSampler, TypedDataset, TypedGraph, split_links
from graphsage.loading.typed_tensors import TypedBatch


def loader_of(data=None, *, fanouts=(-1, -1), batch_size=32, sampler=None, **options):
    data = sold() if data is None else data
    sampler = NeighborSampler(data.graph, list(fanouts), **(sampler or {}))
    return data, LinkLoader(data, sampler, batch_size, **options)


def pairs_in(batch):
    """int64 [M, 2] of a batch, ids within the types."""
    ends = batch.relation[0], batch.relation[2]
    return np.stack([batch.seeds[kind].numpy()[rows.numpy()] for kind, rows in zip(ends, batch.pairs)], 1)


def seen_in(batch, relation):
    """The edges of a relation in a batch, as a set of (source, destination)."""
    found = batch.minibatch
    dst = np.repeat(np.arange(len(found.indptr[relation]) - 1), np.diff(found.indptr[relation]))
    ends = found.nodes[relation[0]][found.indices[relation]], found.nodes[relation[2]][dst]
    return set(zip(*(side.tolist() for side in ends)))


def test_an_epoch_asks_about_each_link_once():
    data, loader = loader_of()
    asked = [pairs_in(batch)[: batch.num_positives] for batch in loader]
    assert as_set(np.concatenate(asked)) == as_set(data.train) and sum(map(len, asked)) == len(data.train)


def test_batches_are_typed_and_seeds_their_ends():
    _, loader = loader_of(negatives=Negatives(2))
    for batch in loader:
        assert isinstance(batch, TypedBatch) and batch.target is None and batch.relation == BUYS
        assert set(batch.seeds) == set(batch.seed_index) == {"user", "item"} and set(batch.x) == set(SIZES)
        for kind, seeds in batch.seeds.items():
            assert len(seeds.unique()) == len(seeds)
            np.testing.assert_array_equal(batch.minibatch.nodes[kind][batch.seed_index[kind]], seeds)
        assert batch.y.tolist() == [1.0] * batch.num_positives + [0.0] * 2 * batch.num_positives


@pytest.mark.parametrize("corrupt", ["target", "source", "both"])
@pytest.mark.parametrize("by", ["uniform", "degree"])
def test_negatives_are_no_links_of_any_part_and_keep_their_end(corrupt, by):
    data, loader = loader_of(negatives=Negatives(3, by, corrupt))
    for batch in loader:
        pairs, count = pairs_in(batch), batch.num_positives
        assert not as_set(pairs[count:]) & pairs_of(data.known)
        kept = {"target": [0], "source": [1], "both": []}[corrupt]
        np.testing.assert_array_equal(pairs[count:, kept], np.repeat(pairs[:count, kept], 3, axis=0))


def test_a_link_is_hidden_from_its_own_batch_and_so_is_its_reverse():
    data, loader = loader_of()
    for batch in loader:
        asked = as_set(pairs_in(batch)[: batch.num_positives])
        assert not asked & seen_in(batch, BUYS) and not {pair[::-1] for pair in asked} & seen_in(batch, SOLD)
    assert any(seen_in(batch, BUYS) for batch in loader)


def test_a_reverse_by_another_name_is_hidden_too():
    src, dst, _ = purchases()
    graph = TypedGraph(SIZES, {BUYS: (src, dst), ("item", "sold", "user"): (dst, src)})
    data, loader = loader_of(split_links(TypedDataset(graph=graph), relation=BUYS))
    for batch in loader:
        asked = as_set(pairs_in(batch)[: batch.num_positives])
        assert not {pair[::-1] for pair in asked} & seen_in(batch, ("item", "sold", "user"))


def test_exclude_false_shows_them():
    _, loader = loader_of(exclude=False)
    assert all(as_set(pairs_in(batch)[: batch.num_positives]) <= seen_in(batch, BUYS) for batch in loader)


def test_links_of_one_type_hide_both_orders():
    data, loader = loader_of(sold(relation=KNOWS), batch_size=8)
    for batch in loader:
        asked = as_set(pairs_in(batch)[: batch.num_positives])
        assert set(batch.seeds) == {"user"}
        assert not (asked | {pair[::-1] for pair in asked}) & seen_in(batch, KNOWS)


def test_links_with_times_see_what_was_before():
    data, loader = loader_of(sold(times=True, by="time"), sampler={"strictly_before": True})
    earliest, count = _earliest(data), 0
    for batch in loader:
        links = loader.pairs_of(batch.epoch, batch.step)
        np.testing.assert_array_equal(pairs_in(batch)[: len(links)], links.seeds)
        when = np.full(sum(map(len, batch.seeds.values())), -1)  # of each tree: seeds of users, then those of items
        for first, rows in zip((0, len(batch.seeds["user"])), batch.pairs):
            when[first + rows] = np.tile(links.time, 2)
        found, tree = batch.minibatch, batch.minibatch.tree["item"]
        rows = np.repeat(np.arange(len(found.indptr[BUYS]) - 1), np.diff(found.indptr[BUYS]))
        ends = found.nodes["user"][found.indices[BUYS]], found.nodes["item"][rows]
        for edge, row in zip(zip(*(side.tolist() for side in ends)), rows):
            assert earliest[edge] < when[tree[row]]
            count += 1
    assert count > 100


def _earliest(data):
    """{(user, item): when the one first bought the other}."""
    found = {}
    for edge, time in zip(np.stack(data.graph.edges(BUYS), 1).tolist(), data.graph.rows.times[data.graph.span(BUYS)].tolist()):
        found[tuple(edge)] = min(time, found.get(tuple(edge), time))
    return found


def test_nodes_that_came_later_are_not_seen():
    born = {"maker": np.full(6, 1000)}
    data = split_links(shop(times=True, node_times=born), relation=BUYS, by="time", val=0.1, test=0.1)
    _, loader = loader_of(data, sampler={"strictly_before": True, "node_times": data.node_times})
    assert not any(len(batch.minibatch.nodes["maker"]) for batch in loader)
    _, loader = loader_of(sold(times=True, by="time"), sampler={"strictly_before": True})
    assert any(len(batch.minibatch.nodes["maker"]) for batch in loader)
    with pytest.raises(ValueError, match="the dataset has node_times, and the sampler none: make it with node_times="):
        loader_of(data, sampler={"strictly_before": True})


@pytest.mark.parametrize("num_threads", [0, 2])
def test_the_same_batch_again_and_on_any_number_of_threads(num_threads):
    first, again = (list(loader_of(sampler={"seed": 3, "num_threads": n}, fanouts=(3, 3))[1]) for n in (0, num_threads))
    for one, other in zip(first, again, strict=True):
        torch.testing.assert_close(one.pairs, other.pairs)
        assert all(torch.equal(one.seeds[kind], other.seeds[kind]) for kind in one.seeds)
        assert all(np.array_equal(one.minibatch.indices[r], other.minibatch.indices[r]) for r in one.minibatch.indices)


def test_refused():
    data = sold()
    sampler = NeighborSampler(data.graph, [2])
    with pytest.raises(ValueError, match=r"items\[:, 1\]\[0\] = 40 is not a node: of type 'item' the graph has 40"):
        LinkLoader(data, sampler, 8, items=[[3, 40]])
    with pytest.raises(ValueError, match="a full batch asks about all links, so that exclude=True leaves no message"):
        LinkLoader(data, sampler, None)
    with pytest.raises(ValueError, match="reduce = 'mean' is for graphs with one type"):
        LinkLoader(data, sampler, 8, reduce="mean")
    with pytest.raises(TypeError, match="dataset must be a LinkDataset, got "):
        LinkLoader(shop(), sampler, 8)
    with pytest.raises(ValueError, match="user 0 is linked to all item nodes, so that no negative has corrupt = 'target'"):
        Negatives().draw([[0, 0]], sold_to_all(), True, 3)


def sold_to_all():
    return TypedGraph({"user": 2, "item": 3}, {BUYS: ([0, 0, 0], [0, 1, 2])})
