"""split_links: each link in one part, none of val and test among the messages, and the same split by the same seed."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.nn_helpers import awkward_graph, node_dataset
from hypothesis import given, strategies as st

from graphsage import Graph, LinkDataset, TypedGraph, split_links

FEATURES = np.ones((60, 2), np.float32)
GENERATOR = np.random.default_rng(3)
ENDS = (60 * GENERATOR.random((2, 500)) ** 2).astype(int)
TIMES, WEIGHTS = GENERATOR.integers(0, 90, 500), GENERATOR.random(500)
PARTS = ("train", "val", "test")


def graph_of(*, undirected, order=slice(None), **arrays):
    arrays = {name: values[order] for name, values in arrays.items()}
    return Graph.from_edges(*ENDS[:, order], 60, undirected=undirected, **arrays)


def codes(pairs, directed=False):
    """The links as a set; of undirected ones the ends in order."""
    return {tuple(pair) if directed else tuple(sorted(pair)) for pair in np.asarray(pairs).tolist()}


def links_of(graph, directed=False):
    return {pair for pair in codes(np.stack(graph.to_edges(), axis=1), directed) if pair[0] != pair[1]}


def split(graph, **options):
    return split_links(graph, features=FEATURES, **options)


@pytest.mark.parametrize("undirected", [True, False])
class TestAtRandom:
    def test_each_link_is_in_one_part(self, undirected):
        graph = graph_of(undirected=undirected)
        dataset = split(graph, seed=5)
        parts = [codes(getattr(dataset, part).seeds, not undirected) for part in PARTS]
        assert set.union(*parts) == links_of(graph, not undirected)
        assert sum(map(len, parts)) == len(set.union(*parts)) == sum(len(getattr(dataset, part)) for part in PARTS)
        assert links_of(dataset.known) == links_of(graph)
        assert dataset.directed is not undirected

    def test_counts_are_exact(self, undirected):
        graph = graph_of(undirected=undirected)
        dataset, count = split(graph, val=0.1, test=0.25), len(links_of(graph))
        sizes = [len(codes(getattr(dataset, part).seeds)) for part in PARTS]
        assert sizes[1:] == [round(0.1 * count), round(0.25 * count)] and sum(sizes) == count

    def test_reverses_and_parallel_edges_stay_together(self, undirected):
        """In directed graphs, too: there the reverse of a test link would be seen by whoever asks about it."""
        dataset = split(graph_of(undirected=undirected), test=0.3)
        parts = [codes(getattr(dataset, part).seeds) for part in PARTS]
        assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
        assert links_of(dataset.graph) == parts[0]

    def test_messages_keep_ids_weights_and_times(self, undirected):
        graph = graph_of(undirected=undirected, weights=WEIGHTS, times=TIMES)
        kept = split(graph).graph
        assert 0 < kept.num_edges < graph.num_edges
        np.testing.assert_array_equal(kept.weights, WEIGHTS[kept.edge_ids])
        np.testing.assert_array_equal(kept.times, TIMES[kept.edge_ids])
        ends = np.sort(np.stack(kept.to_edges()), axis=0) if undirected else np.stack(kept.to_edges())
        wanted = ENDS[:, kept.edge_ids]
        np.testing.assert_array_equal(ends, np.sort(wanted, axis=0) if undirected else wanted)

    def test_the_seed_decides_and_the_order_of_edges_does_not(self, undirected):
        orders = slice(None), slice(None, None, -1)
        first, again = (split(graph_of(undirected=undirected, order=order), seed=2) for order in orders)
        other = split(graph_of(undirected=undirected), seed=3)
        for part in PARTS:
            assert getattr(first, part).seeds.tolist() == getattr(again, part).seeds.tolist()
            assert getattr(first, part).seeds.tolist() != getattr(other, part).seeds.tolist()

    def test_links_that_are_asked_about_alone(self, undirected):
        graph = graph_of(undirected=undirected)
        whole, dataset = split(graph), split(graph, disjoint_train=0.25)
        assert len(codes(dataset.train.seeds)) == round(0.25 * len(codes(whole.train.seeds)))
        assert not codes(dataset.train.seeds) & links_of(dataset.graph)
        assert codes(dataset.train.seeds) | links_of(dataset.graph) == codes(whole.train.seeds)
        assert dataset.test.seeds.tolist() == whole.test.seeds.tolist()
        assert "0 of which are links to train on" in dataset.summary()


def test_undirected_pairs_have_a_random_order():
    """Null: each end is first with probability 1/2; 3.5 standard deviations around it."""
    pairs = np.concatenate([getattr(split(graph_of(undirected=True)), part).seeds for part in PARTS])
    falling = np.count_nonzero(pairs[:, 0] > pairs[:, 1])
    assert abs(falling - len(pairs) / 2) < 3.5 * np.sqrt(len(pairs)) / 2


def test_self_loops_are_counted_and_stay():
    graph = Graph.from_edges([0, 1, 2, 3, 4, 4], [1, 2, 3, 4, 4, 4], 60, undirected=True)
    dataset = split(graph, val=0.25, test=0.25)
    assert dataset.notes == ("2 self loops are no links",) and dataset.summary().endswith("2 self loops are no links")
    assert [len(getattr(dataset, part)) for part in PARTS] == [2, 1, 1]
    assert dataset.graph.neighbors(4).tolist().count(4) == 2


class TestByTime:
    @pytest.mark.parametrize("undirected", [True, False])
    def test_parts_follow_each_other(self, undirected):
        dataset = split(graph_of(undirected=undirected, times=TIMES), by="time", val=0.2, test=0.3)
        times = [getattr(dataset, part).time for part in PARTS]
        assert times[0].max() < times[1].min() <= times[1].max() < times[2].min()
        assert dataset.graph.times.max() < times[1].min() and dataset.has_times
        count = sum(map(len, times))
        assert 0.3 * count - 1 < len(times[2]) < 0.3 * count + 12  # those of one time stay together

    def test_two_nodes_are_linked_anew_at_each_time(self):
        graph = Graph.from_edges([0, 0, 1, 0, 0], [1, 1, 0, 1, 2], 60, undirected=True, times=[1, 1, 1, 5, 3])
        dataset = split(graph, by="time", val=1 / 3, test=1 / 3)
        assert [getattr(dataset, part).time.tolist() for part in PARTS] == [[1], [3], [5]]
        assert codes(dataset.train.seeds) == codes(dataset.test.seeds) == {(0, 1)}
        assert dataset.graph.edge_ids.tolist() == [0, 1, 2] * 2

    def test_ties_are_in_the_later_part(self):
        graph = Graph.from_edges(np.arange(10), np.arange(10) + 1, 60, times=[0, 1, 1, 2, 2, 2, 3, 3, 3, 3])
        dataset = split(graph, by="time", val=0.2, test=0.2)
        assert [len(getattr(dataset, part)) for part in PARTS] == [3, 3, 4]

    def test_times_of_nodes_that_are_not_read_are_told(self):
        graph = graph_of(undirected=True, times=TIMES)
        source = replace(node_dataset(graph), node_times=np.zeros(graph.num_nodes, np.int64))
        told = "node_times are not read: each node is there from the beginning"
        assert told in split_links(source, by="time").notes and told not in split_links(source).notes

    def test_self_loops_of_before_the_validation_stay(self):
        src, dst, times = np.arange(20), np.arange(20) + 1, np.arange(20)
        graph = Graph.from_edges(*(np.append(ends, [5, 5]) for ends in (src, dst)), 60, times=[*times, 3, 19])
        for share in (0.0, 0.5):
            loops = np.equal(*split(graph, by="time", val=0.2, test=0.2, disjoint_train=share).graph.to_edges())
            assert loops.sum() == 1

    def test_real_times_and_links_asked_about_alone(self):
        graph = graph_of(undirected=True, times=TIMES / 7)
        whole, dataset = (split(graph, by="time", disjoint_train=share) for share in (0, 0.5))
        assert dataset.train.time.dtype == np.float64
        assert abs(len(dataset.train) - len(whole.train) / 2) <= 0.5
        asked = set(zip(*np.sort(dataset.train.seeds).T.tolist(), dataset.train.time.tolist()))
        seen = np.sort(np.stack(dataset.graph.to_edges()), axis=0)
        assert not asked & set(zip(*seen.tolist(), dataset.graph.times.tolist()))


def test_of_a_node_dataset():
    source = node_dataset(awkward_graph())
    dataset = split_links(source)
    assert isinstance(dataset, LinkDataset) and dataset.features is source.features
    assert dataset.num_nodes == source.num_nodes and dataset.directed


@given(st.integers(2, 12), st.integers(0, 2**64 - 1), st.booleans())
def test_small_graphs_are_split_or_refused(num_links, seed, undirected):
    graph = Graph.from_edges(np.arange(num_links), np.arange(num_links) + 1, 60, undirected=undirected)
    try:
        dataset = split(graph, val=0.3, test=0.3, seed=seed)
    except ValueError as error:
        assert "leave" in str(error) and num_links < 3
        return
    assert min(len(getattr(dataset, part)) for part in PARTS) > 0


@pytest.mark.parametrize("options, text", [
    ({"val": 0.5, "test": 0.5}, "val . test must be below 1, got 1: the rest is trained on"),
    ({"val": 1.0}, r"val must be a number in \[0, 1\), got 1.0"),
    ({"test": -0.1}, r"test must be a number in \[0, 1\), got -0.1"),
    ({"test": "10%"}, r"test must be a number in \[0, 1\), got '10%'"),
    ({"val": float("nan")}, r"val must be a number in \[0, 1\), got nan"),
    ({"val": 0.0001}, "val = 0.0001 and test = 0.1 of [0-9]+ links leave val empty: take other shares"),
    ({"disjoint_train": 0.00001}, "disjoint_train = 1e-05 of [0-9]+ training links leaves none to train on, or no messages"),
    ({"by": "date"}, "by must be one of 'random', 'time'; got 'date'"),
    ({"by": "time"}, "by = .time. needs times of the edges, and the graph has none"),
    ({"seed": -1}, "seed must be an integer"),
    ({"features": None}, r"a Graph has no features: pass features= \[N, F\]"),
    ({"features": np.ones((3, 2), np.float32)}, "features must have one row per node, 60; got 3 rows"),
])  # fmt: skip
def test_refused(options, text):
    with pytest.raises(ValueError, match=text):
        split_links(graph_of(undirected=True), **{"features": FEATURES, **options})


def test_nothing_to_split():
    with pytest.raises(ValueError, match="the graph has no links to split: it needs edges between two nodes"):
        split(Graph.from_edges([3], [3], 60))
    with pytest.raises(ValueError, match=r"of 3 links leave train empty \(links of one time stay together\)"):
        split(Graph.from_edges([0, 1, 2], [1, 2, 3], 60, times=[1, 1, 1]), by="time", val=0, test=0.4)
    typed = TypedGraph({"a": 4}, {("a", "to", "a"): ([0], [1])})
    with pytest.raises(TypeError, match="source must be a NodeDataset, a TypedDataset or a Graph, got TypedGraph"):
        split_links(typed, relation="to")
    with pytest.raises(TypeError, match="source must be a NodeDataset, a TypedDataset or a Graph, got list"):
        split_links([[0, 1]])
    with pytest.raises(ValueError, match="features are those of the dataset"):
        split_links(node_dataset(), features=FEATURES)


#: Who changes this changes rng.VERSION and writes it into the changelog.
GOLDEN = {"val": [[1, 6]], "test": [[3, 20], [38, 9], [45, 54]]}


def test_golden_split():
    graph = Graph.from_edges(ENDS[0, :30], ENDS[1, :30], 60, undirected=True)
    dataset = split(graph, seed=7)
    assert {part: getattr(dataset, part).seeds.tolist() for part in GOLDEN} == GOLDEN
