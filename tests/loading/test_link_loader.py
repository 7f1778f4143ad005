"""LinkLoader: what a link batch holds, what it hides, and that a leak would be seen."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.nn_helpers import features, node_dataset
from test_node_loader import contents

from graphsage import Graph, Items, LinkDataset, LinkLoader, Negatives, NeighborSampler, SeedPlan, split_links
from graphsage.data.link_parts import codes_of
from graphsage.loading.parcel import Parcel

GENERATOR = np.random.default_rng(8)
ENDS, TIMES = (60 * GENERATOR.random((2, 260)) ** 2).astype(int), GENERATOR.integers(0, 50, 260)
GRAPHS = {way: Graph.from_edges(*ENDS, 60, undirected=way == "undirected", times=TIMES) for way in ("undirected", "directed")}
LINKS = {way: split_links(graph, features=features(60, 4), seed=1) for way, graph in GRAPHS.items()}
DATED = split_links(GRAPHS["undirected"], features=features(60, 4), by="time")
BOTH = pytest.mark.parametrize("way", LINKS)


def loader_of(dataset=LINKS["undirected"], batch_size=16, *, fanouts=(3, 2), num_threads=1, sampler=(), **options):
    sampler = NeighborSampler(dataset.graph, fanouts, num_threads=num_threads, seed=4, **dict(sampler))
    return LinkLoader(dataset, sampler, batch_size, **options)


def pairs_of(batch):
    """int64 [M, 2]: the pairs by node, as asked."""
    return batch.seeds[batch.pairs].T.numpy()


def edges_of(batch):
    """(source, row) of all edges of the neighbourhoods, as a set."""
    minibatch = batch.minibatch
    rows = np.repeat(minibatch.nodes[: len(minibatch.indptr) - 1], np.diff(minibatch.indptr))
    drawn = minibatch.neighbors if minibatch.is_open else minibatch.nodes[minibatch.indices]
    return set(zip(drawn.tolist(), rows.tolist()))


@BOTH
class TestBatches:
    def test_positives_come_first_and_then_the_negatives_of_each(self, way):
        dataset = LINKS[way]
        loader, plan = loader_of(dataset, negatives=Negatives(3)), SeedPlan(dataset.train, 16, seed=4)
        assert len(loader) == len(plan.steps)
        for step, batch in enumerate(loader.epoch(2)):
            pairs, wanted = pairs_of(batch), dataset.train.seeds[plan.places(2, step)]
            count = batch.num_positives
            assert batch.places.tolist() == plan.places(2, step).tolist() and len(wanted) == count
            np.testing.assert_array_equal(pairs[:count], wanted)
            np.testing.assert_array_equal(pairs[count:, 0], np.repeat(wanted[:, 0], 3))
            assert batch.y.tolist() == [1] * count + [0] * 3 * count and batch.y.dtype == torch.float32
            assert batch.pairs.shape == (2, 4 * count) and batch.pairs.dtype == torch.int64
            true = codes_of(np.stack(dataset.known.to_edges(), axis=1), 60, dataset.directed)
            assert not np.isin(codes_of(pairs[count:], 60, dataset.directed), true).any()

    def test_seeds_are_the_distinct_ends(self, way):
        for batch in loader_of(LINKS[way]):
            assert sorted(set(pairs_of(batch).ravel().tolist())) == batch.seeds.tolist()
            assert batch.minibatch.nodes[batch.seed_index].tolist() == batch.seeds.tolist()

    @pytest.mark.parametrize("reduce", [None, "mean"])
    def test_no_link_that_is_asked_about_is_a_message(self, way, reduce):
        """Nor its reverse, at any hop. Of directed links the reverses of negatives neither: else being seen would tell them."""
        dataset = LINKS[way]
        hidden = exposed = 0
        for exclude in (True, False):
            for batch in loader_of(dataset, fanouts=(-1, -1), reduce=reduce, exclude=exclude):
                pairs = pairs_of(batch) if way == "directed" else pairs_of(batch)[: batch.num_positives]
                asked = {(a, b) for a, b in pairs.tolist()} | {(b, a) for a, b in pairs.tolist()}
                found = len(asked & edges_of(batch))
                hidden, exposed = (hidden + found, exposed) if exclude else (hidden, exposed + found)
        assert hidden == 0 < exposed

    def test_what_is_hidden_is_all_that_is(self, way):
        dataset = LINKS[way]
        batch = next(iter(loader_of(dataset, fanouts=(-1,))))
        pairs = pairs_of(batch) if way == "directed" else pairs_of(batch)[: batch.num_positives]
        asked = {(a, b) for a, b in pairs.tolist()} | {(b, a) for a, b in pairs.tolist()}
        seeds = set(batch.seeds.tolist())
        rows = {(u, v) for u, v in zip(*(side.tolist() for side in dataset.graph.to_edges())) if v in seeds}
        assert edges_of(batch) == rows - asked

    def test_any_thread_and_any_process_makes_the_same(self, way):
        whole = [contents(batch) for batch in loader_of(LINKS[way], num_threads=0).epoch(1)]
        assert [contents(batch) for batch in loader_of(LINKS[way], num_threads=3).epoch(1)] == whole
        ranks = [list(loader_of(LINKS[way], rank=rank, num_ranks=2).epoch(1)) for rank in (0, 1)]
        assert {batch.step for rank in ranks for batch in rank} == set(range(2 * len(ranks[0])))
        copied = pickle.loads(pickle.dumps(loader_of(LINKS[way])))
        assert [contents(batch) for batch in copied.epoch(1)] == whole


class TestEpochs:
    def test_negatives_are_new_each_epoch_and_each_stream(self):
        loader = loader_of(shuffle=False)
        first, second = (pairs_of(next(loader.epoch(epoch))) for epoch in (0, 1))
        other = pairs_of(next(loader_of(shuffle=False, sampler={"stream": "evaluate"}).epoch(0)))
        assert (first[:16] == second[:16]).all() and (first[:16] == other[:16]).all()
        assert (first[16:] != second[16:]).any() and (first[16:] != other[16:]).any()

    def test_the_place_is_kept_and_loaded(self):
        loader, other = loader_of(), loader_of()
        batches = iter(loader)
        seen = [contents(next(batches)) for _ in range(3)]
        assert loader.state_dict() == {"epoch": 0, "step": 3, "num_steps": len(loader)}
        other.load_state_dict(loader.state_dict())
        assert seen + [contents(batch) for batch in other] == [contents(batch) for batch in loader_of()]

    def test_options_of_the_plan(self):
        count = len(LINKS["undirected"].train)
        assert [batch.num_positives for batch in loader_of(drop_last=True)] == [16] * (count // 16)
        assert [batch.num_positives for batch in loader_of(batches_per_epoch=3)] == [16] * 3
        again = loader_of(repeat=True)
        assert [contents(batch) for batch in again] == [contents(batch) for batch in again]

    def test_over_other_links(self):
        loader, dataset = loader_of(), LINKS["undirected"]
        other = loader.over(dataset.test)
        places = np.concatenate([batch.places for batch in other])
        assert sorted(places.tolist()) == list(range(len(dataset.test))) and other.store is loader.store
        assert next(iter(loader.over([[3, 4]]))).num_positives == 1

    def test_without_negatives_labels_are_those_of_the_items(self):
        items = Items([[0, 1], [2, 3], [0, 1]], label=[1, 0, 1])
        batch = next(iter(loader_of(negatives=None, items=items, shuffle=False, exclude=False)))
        assert batch.y.tolist() == [1, 0, 1] and pairs_of(batch).tolist() == [[0, 1], [2, 3], [0, 1]]
        assert batch.num_positives == 3 and batch.seeds.tolist() == [0, 1, 2, 3]
        assert next(iter(loader_of(negatives=None))).y.tolist() == [1] * 16

    def test_a_full_batch_draws_new_negatives(self):
        loader = loader_of(batch_size=None, fanouts=(-1,), exclude=False)
        first, second = (pairs_of(next(loader.epoch(epoch))) for epoch in (0, 1))
        assert len(first) == 2 * len(LINKS["undirected"].train) and (first != second).any()


class TestTimes:
    def loader(self, **options):
        return loader_of(DATED, fanouts=(-1, -1), sampler={"strictly_before": True}, **options)

    def test_each_pair_is_asked_about_as_of_its_time(self):
        loader = self.loader(negatives=Negatives(2))
        for step, batch in enumerate(loader.epoch(0)):
            count, times = batch.num_positives, loader.pairs_of(0, step).time
            moments = np.concatenate([times, np.repeat(times, 2)])
            seeds, graph = batch.seeds.numpy(), DATED.graph
            of_seed = {}
            for rows, moment in zip(batch.pairs.T.tolist(), moments.tolist()):
                for row in rows:
                    assert of_seed.setdefault(row, moment) == moment
            assert len({(seeds[row], moment) for row, moment in of_seed.items()}) == len(seeds) == len(of_seed)
            assert count == len(times)
            degrees = np.diff(batch.minibatch.indptr)[: len(seeds)]
            for row, moment in of_seed.items():
                at = slice(graph.indptr[seeds[row]], graph.indptr[seeds[row] + 1])
                assert degrees[row] == np.count_nonzero(graph.times[at] < moment)

    def test_a_sampler_that_sees_the_very_time_is_refused(self):
        with pytest.raises(ValueError, match="links with times are asked about strictly before them, or each would see itself"):
            loader_of(DATED)
        with pytest.raises(ValueError, match="make the sampler with strictly_before=True"):
            loader_of().over(DATED.test)


class Walks:
    """Pairs of one's own: of each start, itself plus 1 and plus 2."""

    def __init__(self, starts, batch_size=5):
        self.plan = SeedPlan(starts, batch_size, seed=9)

    def pairs_of(self, epoch, step):
        starts = self.plan.seeds(epoch, step)
        return Items(np.stack([np.repeat(starts, 2), np.repeat(starts, 2) + np.tile([1, 2], len(starts))], axis=1))


class TestPositives:
    def loader(self, **options):
        dataset = node_dataset()
        how = Negatives(2, "degree", allow_true=True)
        sampler = NeighborSampler(dataset.graph, (3, 2), num_threads=1)
        return LinkLoader(dataset, sampler, None, positives=Walks(np.arange(22)), negatives=how, **options)

    def test_are_asked_about_step_by_step(self):
        loader = self.loader()
        batches = list(loader.epoch(3))
        assert len(batches) == len(loader) == 5 and [batch.num_positives for batch in batches] == [10] * 4 + [4]
        for step, batch in enumerate(batches):
            assert pairs_of(batch)[: batch.num_positives].tolist() == Walks(np.arange(22)).pairs_of(3, step).seeds.tolist()
            assert batch.places.tolist() == list(range(batch.num_positives))

    def test_are_planned_for_the_ranks_of_the_loader(self):
        with pytest.raises(ValueError, match="the positives are planned for num_ranks = 1, and the loader has 2"):
            next(self.loader(rank=1, num_ranks=2).epoch(0))

    @pytest.mark.parametrize("options, text", [
        ({"batch_size": 5}, "batch_size must be None where positives are given: their plan says what is asked when"),
        ({"items": [[0, 1]]}, "items must be None where positives are given"),
        ({"batches_per_epoch": 5}, "batches_per_epoch must be None where positives are given"),
    ])  # fmt: skip
    def test_refused_beside_them(self, options, text):
        with pytest.raises(ValueError, match=text):
            loader_of(**{"batch_size": None, "positives": Walks([1, 2]), **options})

    def test_refused(self):
        with pytest.raises(TypeError, match=r"positives must have a plan \(SeedPlan\) and pairs_of\(epoch, step\), got list"):
            loader_of(batch_size=None, positives=[[0, 1]])
        with pytest.raises(TypeError, match="positives must have a plan"):
            loader_of(batch_size=None, positives=SimpleNamespace(plan=3, pairs_of=print))


def test_a_batch_travels_in_one_piece():
    batch = next(iter(loader_of()))
    whole = Parcel(batch, pin_memory=False).to("cpu")
    assert torch.equal(whole.pairs, batch.pairs) and torch.equal(whole.y, batch.y)
    assert repr(batch).endswith("device='cpu', pairs=32)")


def test_a_planted_leak_is_seen():
    """Links at random, that nothing can tell before: AUC is chance (four standard deviations). Left among the messages they are
    told at sight by a score that asks whether one end is among the other's neighbours."""
    ends = np.random.default_rng(2).integers(0, 400, (2, 1200))
    graph = Graph.from_edges(*ends, 400, undirected=True)
    dataset = split_links(graph, features=features(400, 2))
    found = {exclude: _area(loader_of(dataset, 64, fanouts=(-1,), exclude=exclude)) for exclude in (True, False)}
    assert abs(found[True] - 0.5) < 0.05 and found[False] > 0.99, found


def _area(loader):
    """The ROC AUC of "one end is a neighbour of the other" over an epoch."""
    seen, true = [], []
    for batch in loader:
        edges = edges_of(batch)
        seen += [float((a, b) in edges or (b, a) in edges) for a, b in pairs_of(batch).tolist()]
        true += batch.y.tolist()
    seen, true = np.array(seen), np.array(true)
    above = seen[true == 1][:, None] - seen[true == 0]
    return float((above > 0).mean() + (above == 0).mean() / 2)


@pytest.mark.parametrize("options, error, text", [
    ({"dataset": node_dataset()}, TypeError, "dataset must be a LinkDataset, got NodeDataset"),
    ({"negatives": 3}, TypeError, "negatives must be a Negatives, got int"),
    ({"exclude": "yes"}, TypeError, "exclude must be True or False, got 'yes'"),
    ({"items": []}, ValueError, "items is empty: an epoch needs at least one link"),
    ({"items": [[0, 60]]}, ValueError, r"items\[0\] = \(0, 60\) is no pair of nodes: the graph has 60"),
    ({"items": Items([1, 2])}, ValueError, r"items must be pairs of nodes, integers \[n, 2\], got shape \(2,\)"),
    ({"items": Items([[0, 1]], label=[1])}, ValueError, "items with labels are asked about alone: pass negatives=None"),
    ({"batch_size": None}, ValueError, "a full batch asks about all links, so that exclude=True leaves no message"),
    ({"batch_size": 182}, ValueError, "a batch of 182 asks about all links, so that exclude=True leaves no message"),
    ({"items": Items([[0, 1]], label=["a"]), "negatives": None}, ValueError, "label must be a number an item, got <U1 of "),
    ({"items": Items([[0, 1]], label=[[1, 0]]), "negatives": None}, ValueError, "label must be a number an item, got int64 of"),
    ({"dataset": DATED, "items": [[0, 1]]}, ValueError, "links of this dataset are asked about as of a time: give each"),
    ({"batch_size": 0}, ValueError, "batch_size must be an integer >= 1"),
    ({"reduce": "lstm"}, ValueError, "reduce must be one of"),
])  # fmt: skip
def test_refused(options, error, text):
    with pytest.raises(error, match=text):
        loader_of(**options)


@pytest.mark.parametrize("options, share", [
    ({"batch_size": 91}, 0.5), ({"batch_size": 40}, 0), ({"batch_size": 182, "exclude": False}, 0),
    ({"batch_size": 182, "batches_per_epoch": 3}, 0.633), ({"items": LINKS["undirected"].train.seeds[:60]}, 0.105),
    ({"dataset": DATED, "batch_size": 9999, "sampler": {"strictly_before": True}}, 0),
])  # fmt: skip
def test_the_share_of_messages_that_a_batch_hides(options, share):
    assert loader_of(**options).hides == pytest.approx(share, abs=1e-3)


def test_the_sampler_must_be_on_the_messages():
    with pytest.raises(ValueError, match="the sampler must be on dataset.graph"):
        LinkLoader(LINKS["undirected"], NeighborSampler(GRAPHS["undirected"], [2]), 8)


def test_an_attribute_that_is_not_there():
    with pytest.raises(AttributeError, match="a LinkLoader has no attribute 'nodes'"):
        _ = loader_of().nodes
    assert repr(loader_of()).startswith("LinkLoader(batches=12, batch_size=16, pairs=182")
    assert isinstance(LINKS["directed"], LinkDataset)
