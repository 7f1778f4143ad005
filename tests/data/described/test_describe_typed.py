"""What is counted in a typed dataset, beside counting by hand and in plain loops, and the report."""

from itertools import permutations

import numpy as np
import pytest
from helpers.typed_data import CITES, IN, WRITES, papers

import graphsage as gs
from graphsage.data.described.describe_typed import TypedDescription

SMALL = """\
types  nodes  in no edge  features
  p        4           1  2 dense
  a        3           1  none: an embedding is learned of each

relations  edges  source  most  without  destination  most  without
  a w p        4     1.3     3        1          1.0     2        1
  p c p        2     0.5     1        2          0.5     1        2
  (12 edges with the reverse ones; a node at each end: on average, at most, nodes without)

homophily  share  adjusted  of one class (adjusted: 0 as by chance, 1 all)
  a w p    0.333    -0.500  two of type p with the same a
  p c p    0.500     0.000  both ends of an edge

p: classes: 2
  class 0                            2    66.7 %   ########################################
  class 1                            1    33.3 %   ####################
  nodes without a label              1    25.0 %

split
  train                              1    25.0 %   ##########
  val                                1    25.0 %   ##########
  test                               1    25.0 %   ##########
  in none                            1    25.0 %   ##########"""


def small():
    """Author 0 wrote papers 0, 1, 2, author 1 paper 0; 0 cites 1 and 1 cites 2; paper 3 and author 2 are alone."""
    graph = gs.TypedGraph(
        {"p": 4, "a": 3}, {("a", "w", "p"): ([0, 0, 0, 1], [0, 1, 2, 0]), ("p", "c", "p"): ([0, 1], [1, 2])}, reverse=True
    )  # fmt: skip
    split = {"train": [0], "val": [1], "test": [2]}
    return gs.TypedDataset(graph=graph, features={"p": np.ones((4, 2))}, target="p", labels=[0, 0, 1, -1], name="s", **split)


def test_the_small_one():
    found = gs.describe(small())
    assert isinstance(found, TypedDescription) and str(found) == SMALL
    facts = found.relations["a", "w", "p"]
    assert (facts.sources, facts.destinations) == ((4 / 3, 3, 1), (1.0, 2, 1))
    assert list(found.relations) == [("a", "w", "p"), ("p", "c", "p")] and found.num_edges == 12
    assert str(found.targets) == str(gs.describe(small().targets))


def test_shared_homophily_is_that_of_all_pairs():
    """In plain loops, over all ordered pairs of papers that an author has in common."""
    dataset = papers()
    src, dst = dataset.graph.edges(WRITES)
    pairs = [(dataset.labels[p], dataset.labels[q]) for author in range(80) for p, q in permutations(dst[src == author], 2)
             if min(dataset.labels[p], dataset.labels[q]) >= 0]  # fmt: skip
    share = np.mean([one == other for one, other in pairs])
    ends = np.bincount([one for one, _ in pairs]) / len(pairs)
    by_chance = float(ends @ ends)
    found = gs.describe(dataset).relations[WRITES]
    assert found.homophily == pytest.approx(share)
    assert found.adjusted == pytest.approx((share - by_chance) / (1 - by_chance))
    assert found.adjusted > 0.5 > abs(gs.describe(dataset).relations[IN].adjusted)


def test_homophily_of_a_relation_within_the_targets_is_that_of_its_graph():
    dataset = papers()
    graph = gs.Graph.from_edges(*dataset.graph.edges(CITES), 120)
    alone = gs.NodeDataset(graph=graph, features=np.ones((120, 1)), labels=dataset.labels, train=[], val=[], test=[])
    found, wanted = gs.describe(dataset).relations[CITES], gs.describe(alone)
    assert (found.homophily, found.adjusted) == (wanted.edge_homophily, wanted.adjusted_homophily)


def test_without_labels_edges_or_classes():
    bare = gs.TypedDataset(graph=gs.TypedGraph({"a": 2}, {}))
    assert str(gs.describe(bare)).endswith("no relation") and gs.describe(bare).types["a"].num_isolated == 2
    empty = gs.describe(gs.TypedDataset(graph=gs.TypedGraph({"a": 0, "b": 0}, {("a", "to", "b"): ((), ())})))
    assert empty.relations["a", "to", "b"].sources == (0, 0, 0) and "homophily" not in str(empty)
    numbers = papers(labels=np.linspace(0, 1, 120), train=[0], val=[], test=[1], target="paper")
    assert "homophily" not in str(gs.describe(numbers)) and "paper: targets: 1" in str(gs.describe(numbers))
    with pytest.raises(TypeError, match="dataset must be a NodeDataset"):
        gs.describe(small().graph)


def test_names_are_cut_and_lines_stay_narrow():
    long = "x" * 80
    graph = gs.TypedGraph({long: 2}, {(long, long, long): ([0], [1])})
    found = gs.describe(gs.TypedDataset(graph=graph, target=long, labels=[0, 1], name="x", train=[0]))
    assert max(map(len, str(found).replace(long, "").splitlines())) < 128 and "x..." in str(found)


def test_the_command(command, refused, tmp_path):
    small().save(tmp_path / "small.npz")
    code, out, err = command("datasets", "info", tmp_path / "small.npz")
    assert (code, err) == (0, "") and out == f"s: 7 nodes of 2 types, 12 edges of 4 relations\n\n{SMALL}\n"
    sentence = refused("datasets", "info", tmp_path / "small.npz", "--png", tmp_path / "x.png")
    assert "--png draws a graph whose nodes are of one type; " in sentence and sentence.endswith("small.npz has 2 types")


def test_the_command_of_the_bundled_one(command):
    code, out, _ = command("datasets", "info", "debian-typed")
    card, _, report = out.partition("\n\n")
    assert code == 0 and "  nodes        package 63,436, maintainer 2,093, source 34,169, tag 598\n" in card
    assert "  edges        1,164,256 (16 relations)\n" in card
    assert report == f"{gs.describe(gs.load_dataset('debian-typed'))}\n"
    assert "debian-typed                 100,296 nodes  bundled  " in command("datasets")[1]
