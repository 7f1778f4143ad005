"""Several typed graphs as one: what is whose, no edge between graphs, splits by graph, and what cannot be joined."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from helpers.typed_data import CITES, IN, SIZES, WRITES, papers

import graphsage as gs
from graphsage.data.typed_several import JoinedTypedDataset


@pytest.fixture
def three():
    return [papers(seed=seed, name=name, node_ids={"venue": list(range(5))}) for seed, name in enumerate("abc")]


def triples(graph, relation, shift=(0, 0), edge_shift=0):
    """{(source, destination, edge id)} of a relation."""
    src, dst = graph.edges(relation)
    ids = graph.edge_ids[graph.span(relation)]
    return set(zip((src + shift[0]).tolist(), (dst + shift[1]).tolist(), (ids + edge_shift).tolist()))


def test_each_graph_comes_back_from_the_union(three):
    union = gs.join_datasets(three, train=["a"], test=["b"])
    assert isinstance(union, JoinedTypedDataset) and (union.name, union.target) == ("a+b+c", "paper")
    assert union.num_nodes == {kind: 3 * size for kind, size in SIZES.items()}
    for relation in union.graph.relations:
        shifts = [[number * SIZES[kind] for kind in relation[::2]] for number in range(3)]
        parts = [triples(of.graph, relation, shift, first)
                 for of, shift, first in zip(three, shifts, union.edge_offsets[relation])]  # fmt: skip
        assert triples(union.graph, relation) == set.union(*parts)
        assert sum(map(len, parts)) == union.num_edges[relation]
        origin = union.graph.reverse_of.get(relation, relation)
        assert np.array_equal(union.edge_offsets[relation], union.edge_offsets[origin])
    assert union.graph.reverse_of == three[0].graph.reverse_of


def test_nodes_features_labels_and_names(three):
    union = gs.join_datasets(three, train=["a"], test=["b"])
    for number, of in enumerate(three):
        nodes = union.nodes_of(of.name)
        assert {kind: ids.tolist() for kind, ids in nodes.items()} == {
            kind: list(range(number * size, (number + 1) * size)) for kind, size in SIZES.items()
        }
        for kind in ("paper", "author"):
            assert np.array_equal(union.features[kind][nodes[kind]], of.features[kind])
        assert np.array_equal(union.labels[nodes["paper"]], of.labels)
    assert union.features["venue"].is_identity and union.node_ids["venue"][7] == ("b", 2) and "paper" not in union.node_ids
    assert union.test.tolist() == [120 + node for node in range(119)]  # the last has no label
    assert len(union.train) + len(union.val) == 119 and max(*union.train, *union.val) < 120 and len(union.val) == 24
    assert gs.join_datasets(three, train=["a"], val=["c"], test=["b"]).val.min() == 240


def test_weights_times_and_sparse_features():
    graph = gs.TypedGraph({"u": 2, "v": 3}, {("u", "to", "v"): ([0, 1], [2, 0])}, reverse=True,
                          weights={("u", "to", "v"): [2, 3]}, times={("u", "to", "v"): [5, 6]})  # fmt: skip
    features = {"v": gs.SparseFeatures([0, 1, 1, 2], [3, 0], None, 4)}
    own = {"graph": graph, "features": features, "target": "v", "labels": [0, 1, 0]}
    parts = [gs.TypedDataset(**own, name=name, times=[7, 8, 9], node_times={"u": [1, 2]}) for name in "xy"]
    union = gs.join_datasets(parts, train=["x"], test=["y"])
    span = union.graph.span(("u", "to", "v"))
    assert union.graph.rows.weights[span].tolist() == [3, 2, 3, 2] and union.graph.rows.times[span].tolist() == [6, 5, 6, 5]
    assert union.times.tolist() == [7, 8, 9] * 2 and union.node_times["u"].tolist() == [1, 2, 1, 2]
    assert union.features["v"].to_scipy().toarray()[[0, 3], 3].tolist() == [1, 1]


def test_an_order_of_types_of_its_own(three):
    """The second graph lists its types and relations in another order."""
    graph = three[1].graph
    sizes = dict(reversed(graph.num_nodes.items()))
    edges = {relation: graph.edges(relation) for relation in (IN, CITES, WRITES)}
    turned = replace(three[1], graph=gs.TypedGraph(sizes, edges, reverse=True))
    one, two = (gs.join_datasets([three[0], other], train=["a"], test=["b"]).graph for other in (three[1], turned))
    for relation in one.relations:
        assert [ends.tolist() for ends in one.edges(relation)] == [ends.tolist() for ends in two.edges(relation)]


def test_it_is_a_record_like_others(three):
    union = gs.join_datasets(three, train=["a"], test=["b"])
    again = pickle.loads(pickle.dumps(union))
    assert isinstance(again, JoinedTypedDataset) and again.nodes_of("b")["venue"].tolist() == [5, 6, 7, 8, 9]
    with pytest.raises((TypeError, ValueError)):
        again.graph_offsets["paper"] = None
    with pytest.raises(ValueError):
        again.graph_offsets["paper"][0] = 1
    with pytest.raises(ValueError, match="no graph is called 'd': there are a, b, c"):
        union.nodes_of("d")
    assert union.without_edges().graph_names == ("a", "b", "c")


@pytest.mark.parametrize("change, sentence", [
    (lambda of: replace(of, name=None), r"datasets\[1\] must have a name, by which train, val and test can choose it"),
    (lambda of: replace(of, name="a"), "datasets must be one or more with distinct names, got a, a"),
    (lambda of: of.targets, r"datasets\[1\] must be a TypedDataset"),
    (lambda of: replace(of, features={"author": of.features["author"]}),
     r"datasets\[1\] and datasets\[0\] must have the same features, got .*'paper': 'none'.* and .*'paper': '6 dense'"),
    (lambda of: replace(of, graph=gs.TypedGraph(SIZES, {WRITES: of.graph.edges(WRITES)})),
     r"must have the same relations, got \('author', 'writes', 'paper'\) and \('author', 'writes', 'paper'\), \("),
    (lambda of: replace(of, target="author", labels=[0] * 80, train=[], val=[], test=[]), "same target, got author and paper"),
    (lambda of: replace(of, class_names=["x", "y", "z"]), r"b and a must have the same class names, got \('x', 'y', 'z'\) and"),
    (lambda of: replace(of, schema={"venue": {}}), 'the same schema .load_dataset takes one., got {"venue": {}} and null'),
    (lambda of: replace(of, node_times={"venue": np.arange(5)}), "datasets must have node_times of the same types"),
    (lambda of: gs.TypedDataset(graph=of.graph, features=of.features, name="b"), "the same target, got None and paper"),
])  # fmt: skip
def test_what_cannot_be_joined(three, change, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        gs.join_datasets([three[0], change(three[1])], train=["a"], test=["b"])


def test_without_targets():
    bare = gs.TypedDataset(graph=papers().graph, name="a")
    with pytest.raises(ValueError, match="no type has labels in this dataset"):
        gs.join_datasets([bare], train=["a"], test=[])
