"""split_links of a typed dataset: a relation's links in three parts, gone from the messages with whatever turns them round."""

import numpy as np
import pytest
from helpers.typed_data import CITES, papers
from helpers.typed_links import BUYS, KNOWS, MADE, SIZES, SOLD, as_set, pairs_of, purchases, shop, sold

from graphsage import split_links
from graphsage.data.typed_dataset import TypedDataset
from graphsage.graph.typed_graph import TypedGraph

PARTS = ("train", "val", "test")


def test_each_link_is_in_one_part():
    data, whole = sold(seed=3), pairs_of(shop().graph)
    parts = [as_set(getattr(data, part)) for part in PARTS]
    assert set.union(*parts) == whole == pairs_of(data.known) and sum(map(len, parts)) == len(whole)
    assert len(parts[1]) == len(parts[2]) == round(0.1 * len(whole))


def test_messages_have_no_kept_link_either_way_and_all_else():
    data = sold()
    own, turned = pairs_of(data.graph), {pair[::-1] for pair in pairs_of(data.graph, SOLD)}
    assert own == turned == as_set(data.train)
    for relation in (MADE, KNOWS):
        assert pairs_of(data.graph, relation) == pairs_of(shop().graph, relation)


def test_a_reverse_by_another_name_is_cut_too():
    src, dst, _ = purchases()
    graph = TypedGraph(SIZES, {BUYS: (src, dst), ("item", "sold", "user"): (dst, src)})
    data = split_links(TypedDataset(graph=graph), relation="buys")
    kept = as_set(data.val) | as_set(data.test)
    assert not kept & {pair[::-1] for pair in pairs_of(data.graph, ("item", "sold", "user"))}


def test_the_reverse_may_be_asked_about():
    data = sold(relation=SOLD)
    assert data.ends == ("item", "user") and data.reverses == (BUYS,)
    assert {pair[::-1] for pair in as_set(data.val)} & pairs_of(data.graph) == set()


def test_ids_weights_and_times_stay():
    src, dst, when = purchases()
    weights = np.random.default_rng(1).random(len(src))
    graph = TypedGraph(SIZES, {BUYS: (src, dst)}, weights={BUYS: weights}, times={BUYS: when}, reverse=True)
    kept = split_links(TypedDataset(graph=graph), relation=BUYS).graph
    assert 0 < kept.num_edges[BUYS] == kept.num_edges[SOLD] < len(src)
    for relation, ends in ((BUYS, (src, dst)), (SOLD, (dst, src))):
        ids = kept.edge_ids[kept.span(relation)]
        np.testing.assert_array_equal(kept.edges(relation), [side[ids] for side in ends])
        np.testing.assert_array_equal(kept.rows.weights[kept.span(relation)], weights[ids])
        np.testing.assert_array_equal(kept.rows.times[kept.span(relation)], when[ids])


def test_by_time():
    data = sold(times=True, by="time", val=0.2, test=0.2)
    times = [getattr(data, part).time for part in PARTS]
    assert data.has_times and times[0].max() < times[1].min() <= times[1].max() < times[2].min()
    for relation in (BUYS, SOLD):
        assert data.graph.rows.times[data.graph.span(relation)].max() < times[1].min()
    assert data.graph.num_edges[MADE] == 40  # which were always there


def test_the_seed_decides_and_the_order_of_edges_does_not():
    src, dst, _ = purchases()
    ends = {BUYS: (src, dst)}, {BUYS: (src[::-1], dst[::-1])}
    datasets = [TypedDataset(graph=TypedGraph(SIZES, edges)) for edges in ends]
    first, again = (split_links(data, relation=BUYS, seed=2) for data in datasets)
    other = split_links(datasets[0], relation=BUYS, seed=3)
    for part in PARTS:
        assert getattr(first, part).seeds.tolist() == getattr(again, part).seeds.tolist()
        assert getattr(first, part).seeds.tolist() != getattr(other, part).seeds.tolist()


def test_within_one_type_both_orders_are_one_link():
    data = sold(relation=KNOWS)
    assert not data.is_apart and not data.directed
    orders = [{tuple(sorted(pair)) for pair in as_set(getattr(data, part))} for part in PARTS]
    assert sum(map(len, orders)) == len(set.union(*orders)) == 60
    assert {tuple(sorted(pair)) for pair in pairs_of(data.graph, KNOWS)} == orders[0]


def test_directed_within_one_type_and_labels_are_not_read():
    data = split_links(papers(), relation=CITES)
    assert data.directed and data.dataset.target is None
    kept = as_set(data.val) | as_set(data.test)
    assert not kept & pairs_of(data.graph, CITES) and not kept & {pair[::-1] for pair in pairs_of(data.graph, CITES)}
    assert not kept & {pair[::-1] for pair in pairs_of(data.graph, ("paper", "rev_cites", "paper"))}


def test_links_that_are_asked_about_alone():
    data = sold(disjoint_train=0.3)
    assert not as_set(data.train) & pairs_of(data.graph) and pairs_of(data.known) == pairs_of(shop().graph)


def test_how_it_was_split_repeats_it():
    data = sold(seed=5)
    again = split_links(shop(), **data.how_split)
    assert again.relation == BUYS and again.val.seeds.tolist() == data.val.seeds.tolist()


@pytest.mark.parametrize(
    ("source", "options", "text"),
    [
        (shop(), {}, "relation must say which links are asked about, as 'source,name,target'; there are user,buys,item, maker"),
        (shop(), {"relation": "sells"}, "relation = 'sells' names no relation of the graph"),
        (shop(), {"relation": BUYS, "features": np.ones((3, 1))}, "features are those of the dataset"),
        (shop(), {"relation": BUYS, "by": "time"}, 'by = "time" needs times of the edges'),
        (papers().targets, {"relation": CITES}, "relation is of a TypedDataset: leave it out"),
    ],
    ids=["none", "unknown", "features", "untimed", "homogeneous"],
)
def test_refused(source, options, text):
    with pytest.raises(ValueError, match=text):
        split_links(source, **options)


def test_an_only_relation_needs_no_name():
    data = split_links(TypedDataset(graph=TypedGraph(SIZES, {BUYS: purchases()[:2]}, reverse=True)))
    assert data.relation == BUYS


def test_edges_both_ways_in_one_relation():
    ring = np.arange(60), (np.arange(60) + 1) % 60
    graph = TypedGraph({"user": 60}, {KNOWS: ring}, undirected=[KNOWS])
    data = split_links(TypedDataset(graph=graph), relation="knows")
    assert not data.directed and data.reverses == () and len(data.train) + len(data.val) + len(data.test) == 60
    kept = as_set(data.val) | as_set(data.test)
    assert not (kept | {pair[::-1] for pair in kept}) & pairs_of(data.graph, KNOWS)
    assert data.graph.num_edges[KNOWS] == 2 * len(data.train)
