"""Datasets from networkx graphs: node attributes become features, labels and parts."""

import networkx as nx
import numpy as np
import pytest
import torch
from helpers.table_files import write_tables

from graphsage.base.progress import silent
from graphsage.data.dataset import NodeDataset
from graphsage.data.tables.folder import read_folder
from graphsage.graph.features import SparseFeatures


def graph_with(**attributes):
    """A path a-b-c-d; ``attributes``: name -> four values, ... for a node that lacks it."""
    graph = nx.path_graph(["a", "b", "c", "d"])
    for name, values in attributes.items():
        nx.set_node_attributes(graph, {n: v for n, v in zip("abcd", values) if v is not ...}, name)
    return graph


def dataset_of(graph=None, *, features=None, label="y", split="part", **attributes):
    attributes = {"y": [0, 1, 1, 0], "part": ["train", "val", ..., "test"], **attributes}
    graph = graph_with(**attributes) if graph is None else graph
    return NodeDataset.from_networkx(graph, features=features, label=label, split=split)


def test_all_parts():
    x, v = [1, 2.5, True, -1], [[1, 2], [3, 4], [5, 6], [7, 8]]
    graph = graph_with(x=x, v=v, y=[0, 1, 1, 0], part=["test", "val", ..., "train"])
    dataset = NodeDataset.from_networkx(graph, features=["x", "v"], label="y", split="part", name="path")
    assert dataset.node_ids.tolist() == list("abcd") and dataset.name == "path"
    assert [dataset.graph.neighbors(row).tolist() for row in range(4)] == [[1], [0, 2], [1, 3], [2]]
    assert dataset.features.tolist() == [[1, 1, 2], [2.5, 3, 4], [1, 5, 6], [-1, 7, 8]]
    assert [dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()] == [[3], [1], [0]]


def test_nodes_that_are_rows_out_of_order():
    graph = nx.DiGraph([(2, 0), (1, 2)])
    nx.set_node_attributes(graph, {n: 10 * n for n in graph}, "x")
    nx.set_node_attributes(graph, {0: 0, 1: 1, 2: 0}, "y")
    dataset = NodeDataset.from_networkx(graph, directed=True, features="x", label="y")
    assert dataset.node_ids is None and dataset.features.tolist() == [[0], [10], [20]]
    assert dataset.labels.tolist() == [0, 1, 0]
    assert dataset.graph.neighbors(0).tolist() == [2]  # a node aggregates from its predecessors


@pytest.mark.parametrize("kind", [nx.Graph, nx.MultiGraph, nx.DiGraph, nx.MultiDiGraph])
@pytest.mark.parametrize("directed", [False, True])
def test_edges_are_read_as_those_of_tables(tmp_path, kind, directed):
    """The same list as edges.csv: loops and repeats dropped, both ends neighbours unless they are said not to be."""
    pytest.importorskip("pyarrow")
    if directed and not kind().is_directed():
        return
    pairs = [("c", "a"), ("a", "b"), ("b", "a"), ("b", "b"), ("c", "a"), ("d", "b"), ("b", "d")]
    graph = kind()
    graph.add_nodes_from((name, {"y": y}) for name, y in zip("cabd", (1, 0, 1, 0)))
    graph.add_edges_from(pairs)
    lines = "".join(f"{u},{v}\n" for u, v in graph.edges())
    folder = write_tables(tmp_path, "source,target\n" + lines, "id,y\nc,1\na,0\nb,1\nd,0\n")
    table = read_folder(folder, directed=directed, progress=silent)[0].graph
    found = NodeDataset.from_networkx(graph, directed=directed if graph.is_directed() else None, label="y").graph
    assert found.to_adjacency_dict() == table.to_adjacency_dict()
    assert np.array_equal(found.edge_ids, table.edge_ids) and np.array_equal(found.edge_reversed, table.edge_reversed)


def test_a_digraph_asks(tmp_path):
    graph = nx.DiGraph([(0, 1), (1, 2)])
    nx.set_node_attributes(graph, {0: 0, 1: 1, 2: 0}, "y")
    with pytest.raises(ValueError, match="graph is a DiGraph: say directed=True for neighbours along its edges only"):
        NodeDataset.from_networkx(graph, label="y")
    degrees = [NodeDataset.from_networkx(graph, directed=way, label="y").graph.degrees.tolist() for way in (False, True)]
    assert degrees == [[1, 2, 1], [0, 1, 1]]


@pytest.mark.parametrize(
    "values, task, labels, names",
    [
        ([2, 0, ..., 1], "multiclass", [2, 0, -1, 1], None),
        ([2, 0, -1, 1], "multiclass", [2, 0, -1, 1], None),
        ([True, False, None, True], "multiclass", [1, 0, -1, 1], None),
        (["red", "blue", ..., "red"], "multiclass", [1, 0, -1, 1], ("blue", "red")),
        (["red", "blue", "NA", "red"], "multiclass", [1, 0, -1, 1], ("blue", "red")),
        (["red", "blue", float("nan"), "red"], "multiclass", [1, 0, -1, 1], ("blue", "red")),
        ([[1, 0], [0, 0], ..., [1, 1]], "multilabel", [[1, 0], [0, 0], [-1, -1], [1, 1]], None),
        ([np.array([True]), [False], ..., (True,)], "multilabel", [[1], [0], [-1], [1]], None),
        ([0.5, 1, ..., -2], "regression", [[0.5], [1], [np.nan], [-2]], None),
        ([[0.5, 1], [2, 2], ..., [3, 4]], "regression", [[0.5, 1], [2, 2], [np.nan, np.nan], [3, 4]], None),
    ],
)
def test_kinds_of_labels(values, task, labels, names):
    dataset = dataset_of(y=values)
    assert (dataset.task, dataset.class_names) == (task, names)
    assert np.array_equal(dataset.labels, np.array(labels), equal_nan=task == "regression")


def test_words_for_missing_are_no_part_of_a_split():
    dataset = dataset_of(y=[0, 1, 0, 1], part=["train", "NA", float("nan"), ""], split="part")
    assert (dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()) == ([0], [], [])


def test_features_that_are_tensors():
    values = [torch.full((2,), float(node), requires_grad=True) for node in range(4)]
    assert dataset_of(x=values, features="x").features.tolist() == [[node, node] for node in range(4)]


def test_texts_gaps_and_lists_are_columns_of_a_table(tmp_path):
    """The features are those of nodes.csv with the same cells, and another graph is encoded by its schema."""
    pytest.importorskip("pyarrow")
    names, vectors = ["x", "kind", "v"], [[0.5, 1], ..., [2, 3], torch.tensor([4.0, 4])]
    graph = graph_with(x=[1, 3, ..., float("nan")], kind=["p", "q", "p", "q"], v=vectors, y=[0, 1, 1, 0])
    dataset = NodeDataset.from_networkx(graph, features=names, label="y")
    folder = write_tables(tmp_path, "source,target\na,b\nb,c\nc,d\n",
                          'id,x,kind,v\na,1,p,"[0.5,1]"\nb,3,q,\nc,,p,"[2,3]"\nd,,q,"[4,4]"\n')  # fmt: skip
    table = read_folder(folder, progress=silent)[0]
    assert dataset.features.tolist() == table.features.tolist() and dataset.schema["columns"] == table.schema["columns"]
    grown = graph_with(x=[5, 1, 1, 1], kind=["r", "p", "q", "q"], v=[[1, 1]] * 4, y=[0, 1, 1, 0])
    again = NodeDataset.from_networkx(grown, label="y", schema=dataset.schema)
    assert again.features[0, 0] == (5 - 2) / 1 and again.features[:, 1:3].tolist() == [[0, 0], [1, 0], [0, 1], [0, 1]]
    with pytest.raises(ValueError, match="schema names the attributes that are features: leave features out"):
        NodeDataset.from_networkx(grown, label="y", schema=dataset.schema, features="x")
    with pytest.raises(ValueError, match="no node has an attribute 'kind'"):
        NodeDataset.from_networkx(graph_with(x=[1] * 4, v=[[1, 1]] * 4, y=[0] * 4), label="y", schema=dataset.schema)


def test_a_random_split_of_the_labelled_nodes():
    graph = nx.complete_graph(40)
    nx.set_node_attributes(graph, {n: n % 2 for n in range(32)}, "y")
    one, two = (NodeDataset.from_networkx(graph, label="y") for _ in range(2))
    assert (len(one.train), len(one.val), len(one.test)) == (16, 8, 8)
    assert sorted([*one.train, *one.val, *one.test]) == list(range(32))
    assert one.train.tolist() == two.train.tolist()


def test_identity_features():
    features = dataset_of().features
    assert isinstance(features, SparseFeatures) and features.to_scipy().toarray().tolist() == np.eye(4).tolist()


def test_the_karate_club():
    dataset = NodeDataset.from_networkx(nx.karate_club_graph(), label="club")
    assert dataset.class_names == ("Mr. Hi", "Officer")
    assert (dataset.num_nodes, dataset.graph.num_edges, dataset.graph.weights) == (34, 156, None)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"features": "x"}, "no node has an attribute 'x': features name attributes of nodes"),
        ({"features": []}, "features is empty"),
        ({"features": "y"}, "features name the label, 'y': it is what is predicted, so leave it out"),
        ({"features": "x", "x": [1, [2], 3, 4]}, "attributes: x holds list: numbers, texts, dates"),
        ({"features": "x", "x": [[1], [2, 3], [3], [4]]}, r"attributes row 1 .from 0.: x is .*, and that is 2 numbers, where"),
        ({"features": "x", "x": [{}, {"a": 1}, {}, {}]}, "attributes has a column of struct.*, and x is none of them"),
        ({"features": "x", "x": ["", None, ..., "NA"]}, "attributes: x is no feature: no node has a number"),
        ({"features": "x", "x": [1, np.inf, 3, 4]}, "features must be finite"),
        ({"label": "z"}, "no node has an attribute 'z': labels need one"),
        ({"y": ["a", 1, "b", "a"]}, "attribute 'y' must be text at every node or at none, got 1"),
        ({"y": [{}, {}, {}, {}]}, "attribute 'y' must be a number at every node"),
        ({"y": [[1, 2], [0, 0], [1, 1], [0, 0]]}, "labels of several columns must be 0 or 1"),
        ({"part": ["train", "night", ..., ...]}, "attribute 'part' of node 'b' must be train, .*, got 'night'"),
        ({"part": ["train", 3, ..., ...]}, "attribute 'part' of node 'b' must be train, val, test or missing, got 3"),
        ({"part": ["train"] * 4, "y": [1, ..., 0, 0]}, r"train\[1\] = 1 has no label"),
    ],
)
def test_what_is_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataset_of(**changes)


def test_what_is_no_graph():
    with pytest.raises(TypeError, match="graph must be a networkx graph, got dict"):
        NodeDataset.from_networkx({0: [1]}, label="y")


def test_words_of_a_split_are_those_of_tables():
    dataset = dataset_of(part=["Training", " VALID ", ..., "TEST"])
    assert (dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()) == ([0], [1], [3])


def test_attributes_that_are_not_named_by_texts():
    graph = nx.path_graph(2)
    nx.set_node_attributes(graph, {0: {"y": "a", 5: 1.5, 6: "x"}, 1: {"y": "b", 5: 2.5, 6: "x"}})
    assert NodeDataset.from_networkx(graph, label="y", features=[5]).features.tolist() == [[1.5], [2.5]]
    with pytest.raises(ValueError, match="attributes that become columns must be named by texts, got 6"):
        NodeDataset.from_networkx(graph, label="y", features=[6])
