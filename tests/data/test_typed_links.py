"""TypedLinkDataset: each fault has its sentence, and no way round gives a link away."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.typed_links import BUYS, KNOWS, SIZES, SOLD, as_set, pairs_of, shop, sold

from graphsage.data.typed_dataset import TypedDataset
from graphsage.data.typed_links import TypedLinkDataset, reverses_of
from graphsage.graph.typed_graph import TypedGraph
from graphsage.sampling.items import Items

TRAIN, VAL, TEST = [[0, 0], [0, 1], [1, 1]], [[1, 0]], [[2, 2]]


def made(messages=TRAIN, relation=BUYS, sizes=None, more=None, times=None, weights=None, **changes):
    """Links of one's own."""
    src, dst = np.array(messages).reshape(-1, 2).T
    graph = TypedGraph(sizes or {"user": 4, "item": 3}, {relation: (src, dst), **(more or {})}, times=times, weights=weights)
    parts = {"train": TRAIN, "val": VAL, "test": TEST, **changes}
    return TypedLinkDataset(dataset=TypedDataset(graph=graph), relation=relation, **parts)


def test_equal_ids_of_two_types_are_two_nodes():
    data = made()
    assert data.is_apart and data.directed and data.ends == ("user", "item") and data.num_targets == 3
    assert as_set(data.train) == as_set(TRAIN) and data.known.relations == (BUYS,)
    assert pairs_of(data.known) == as_set(TRAIN) | as_set(VAL) | as_set(TEST)


def test_the_name_alone_names_the_relation():
    assert made(relation=BUYS).relation == replace(made(), relation="buys").relation == BUYS
    assert replace(made(), relation="user, buys, item").relation == BUYS


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"val": [[0, 3]]}, r"val\[:, 1\]\[0\] = 3 is not a node: of type 'item' the graph has 3"),
        ({"val": [[0, 0]]}, r"the link \(0, 0\) is in train and in val: list each link once$"),
        ({"test": [[2, 2], [2, 2]]}, r"the link \(2, 2\) is in test twice"),
        ({"messages": [*TRAIN, [2, 2]]}, r"1 of 1 links of test are among the messages, \(2, 2\) first"),
        ({"directed": False}, "directed=False is of links within one type"),
        ({"train": Items(TRAIN, label=np.ones(3))}, "train must be true links alone, without label"),
        ({"train": Items(TRAIN, time=np.arange(3))}, r"train has times, .*: pass TypedGraph\(..., times=\)"),
        (
            {"more": {("item", "sold", "user"): ([0, 1, 1, 0, 2], [0, 0, 1, 1, 2])}},
            r"\('item', 'sold', 'user'\) has the links of .*turned round, those of val and test among them",
        ),
        (
            {"known": TypedGraph({"user": 4, "item": 3}, {BUYS: ([0, 0, 1, 1], [0, 1, 1, 0])})},
            r"known must have all true links, and lacks \(2, 2\) of test",
        ),
        ({"known": TypedGraph({"user": 4, "item": 9}, {BUYS: ([0], [0])})}, "known must have the relation .* alone, between"),
    ],
)
def test_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        made(**changes)


@pytest.mark.parametrize("named", ["sells", ("user", "sells", "item"), 3, "user,item"])
def test_no_such_relation(named):
    with pytest.raises(ValueError, match=r"relation = .* names no relation of the graph; there are user,buys,item$"):
        replace(made(), relation=named)


def test_several_of_one_name():
    graph = TypedGraph({"a": 2, "b": 2}, {("a", "r", "b"): ([0], [0]), ("b", "r", "a"): ([1], [1])})
    with pytest.raises(ValueError, match="relation = 'r' names no one relation: 2 have that name; there are a,r,b, b,r,a"):
        TypedLinkDataset(dataset=TypedDataset(graph=graph), relation="r", train=[], val=[], test=[])


def test_a_relation_that_turns_round_is_found_by_name_or_by_its_edges():
    graph = shop().graph
    assert reverses_of(graph, BUYS) == (SOLD,) and reverses_of(graph, SOLD) == (BUYS,)
    src, dst = graph.edges(BUYS)
    by_hand = TypedGraph(SIZES, {BUYS: (src, dst), ("item", "sold", "user"): (dst, src), ("item", "seen", "user"): ([0], [0])})
    assert reverses_of(by_hand, BUYS) == (("item", "sold", "user"),)


def test_hidden_both_ways():
    hidden = sold().hidden(np.array([[1, 2]]))
    assert {name: pairs.tolist() for name, pairs in hidden.items()} == {BUYS: [[1, 2]], SOLD: [[2, 1]]}
    hidden = sold(relation=KNOWS).hidden(np.array([[1, 2]]))
    assert hidden[KNOWS].tolist() == [[1, 2], [2, 1]]


def test_variants_keep_the_links():
    data = sold()
    bare = data.without_edges()
    assert sum(bare.graph.num_edges.values()) == 0 and bare.graph.relations == data.graph.relations
    assert as_set(bare.val) == as_set(data.val) and bare.known is data.known and bare.reverses == data.reverses
    assert data.row_normalized().num_features == data.num_features
    assert sold(times=True, by="time").without_edges().has_times
    weighted = made(weights={BUYS: [1, 2, 3]})
    assert weighted.without_edges().graph.rows.weights is None  # which no draw has to read


def test_a_relation_that_turns_links_round_has_their_times():
    none = Items(np.empty((0, 2), np.int64))
    parts = {"train": Items(TRAIN, time=[1, 2, 3]), "val": none, "test": Items(TEST, time=[4])}
    links, turned = np.array([*TRAIN, *TEST]), ("item", "sold to", "user")
    how = {"messages": links, "more": {turned: tuple(links.T[::-1])}, **parts}
    assert made(times={BUYS: [1, 2, 3, 4], turned: [1, 2, 3, 4]}, **how).reverses == (turned,)
    with pytest.raises(ValueError, match="'sold to', 'user'.* has links of .* turned round, and at other times"):
        made(times={BUYS: [1, 2, 3, 4]}, **how)


@pytest.mark.parametrize(("name", "way"), [(("user", "likes", "item"), 1), (("item", "sold to", "user"), -1)])
def test_another_relation_that_has_most_of_the_links_is_told(name, way):
    links = np.array([*VAL, *TEST, *TRAIN])
    data = made(more={name: tuple(links[:4].T[::way])})
    assert f"100% of the links to validate and test on are edges of {' '.join(name)}, too, and seen there" in data.summary()
    assert "too, and seen" not in made(more={name: tuple(links[1:].T[::way])}).summary()


def test_within_one_type_it_is_told_once():
    data = made(relation=KNOWS, sizes={"user": 4}, train=[[0, 1]], val=[[1, 2]], test=[], messages=[[0, 1], [1, 0]],
                more={("user", "meets", "user"): ([1, 2], [2, 1])})  # fmt: skip
    assert data.summary().count("100% of the links to validate and test on are edges of user meets user") == 1


def test_summary_and_counts():
    data = sold()
    assert "links user buys item: " in data.summary() and "a batch sees none that it asks about" in data.summary()
    assert data.statistics()["num_val"] == len(data.val) and "num_nodes" in data.statistics()
    assert repr(data).startswith("TypedLinkDataset('shop', relation=('user', 'buys', 'item'), num_train=")
