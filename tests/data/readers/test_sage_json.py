"""GraphSAGE's json and npy files, made here as its README describes them."""

import json

import networkx as nx
import numpy as np
import pytest
from helpers.graphs import edges_by_id

from graphsage.data.catalogue import load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.readers.sage_json import read_graphsage_json
from graphsage.graph.features import SparseFeatures

FLAGS = [(False, False), (False, False), (True, False), (False, True), (None, None)]
FEATS = np.arange(10.0).reshape(5, 2)


def node(name, val, test):
    return {"id": name} if val is None else {"id": name, "val": val, "test": test, "feature": [1, 2], "label": [0]}


def made(folder, ids=(0, 1, 2, 3, 4), links=((0, 1), (1, 2), (2, 1), (3, 3)), feats=FEATS, **changes):
    """The four files of five nodes; ``changes``: G (a dict that changes -G.json), id_map, class_map."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = {
        "directed": False,
        "graph": {"name": "disjoint_union( ,  )"},
        "multigraph": False,
        "nodes": [node(name, *flags) for name, flags in zip(ids, FLAGS)],
        "links": [{"source": u, "target": v, "train_removed": False, "test_removed": False} for u, v in links],
        **changes.get("G", {}),
    }
    maps = {"id_map": {str(name): row for row, name in enumerate(ids)}, "class_map": {str(n): i % 3 for i, n in enumerate(ids)}}
    for part, value in {"G": graph, **{name: changes.get(name, value) for name, value in maps.items()}}.items():
        (folder / f"toy-{part}.json").write_text(value if isinstance(value, str) else json.dumps(value))
    if feats is not None:
        np.save(folder / "toy-feats.npy", feats)
    return folder


def rows(graph):
    return [graph.neighbors(row).tolist() for row in range(graph.num_nodes)]


def test_a_small_folder(tmp_path):
    dataset = load_dataset(made(tmp_path))
    assert (dataset.name, dataset.task, dataset.node_ids) == ("toy", "multiclass", None)
    assert rows(dataset.graph) == [[1], [0, 2], [1], [], []]
    assert dataset.features.tolist() == FEATS.tolist()
    assert dataset.labels.tolist() == [0, 1, 2, 0, 1]
    assert [dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()] == [[0, 1], [2], [3]]


def test_an_edge_id_is_a_place_in_the_list_of_links(tmp_path):
    assert edges_by_id(load_dataset(made(tmp_path / "a")).graph) == {0: (0, 1), 1: (1, 2)}
    assert edges_by_id(load_dataset(made(tmp_path / "b", G={"directed": True})).graph) == {0: (0, 1), 1: (1, 2), 2: (2, 1)}


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
@pytest.mark.parametrize("called", ["links", "edges"])
@pytest.mark.parametrize("name", [int, str, float])
def test_what_networkx_writes(kind, called, name, tmp_path):
    """Edges are called links before version 3.4, and edges since; ids may be integers, texts, or integers that were floats."""
    graph = kind([(2, 0), (0, 1), (1, 0), (1, 1), (2, 3), (3, 4)])
    written = nx.node_link_data(nx.relabel_nodes(graph, name), edges=called)
    flags = {name(n): flags for n, flags in enumerate(FLAGS)}
    written["nodes"] = [node(at["id"], *flags[at["id"]]) for at in written["nodes"]]
    made(tmp_path)
    (tmp_path / "toy-G.json").write_text(json.dumps(written))
    dataset = load_dataset(tmp_path)
    ids = list(range(5)) if dataset.node_ids is None else [int(name) for name in dataset.node_ids]
    found = {(ids[u], ids[v]) for u, v in zip(*dataset.graph.to_edges())}
    wanted = {(u, v) for u, v, *_ in graph.edges if u != v}
    assert found == (wanted if graph.is_directed() else wanted | {(v, u) for u, v in wanted})
    assert [dataset.labels[ids.index(n)] for n in range(5)] == [0, 1, 2, 0, 1]
    assert [dataset.features[ids.index(n)].tolist() for n in range(5)] == FEATS.tolist()


def test_links_and_edges_that_differ_are_refused(tmp_path):
    same = made(tmp_path / "same", G={"edges": [{"source": 0, "target": 1}], "links": [{"source": 0, "target": 1}]})
    assert load_dataset(same).graph.num_edges == 2
    with pytest.raises(DatasetError, match=r"-G\.json has a list of links and another one of edges: leave one of them out"):
        load_dataset(made(tmp_path / "other", G={"edges": []}))


def test_ends_that_are_ids_and_places_of_others_are_refused(tmp_path):
    """Ids "1" and "0" with ends 0 and 1: networkx 1 meant places, others may mean ids."""
    ids, links = ("1", "0", "2", "3", "4"), ((0, 2), (1, 3))
    with pytest.raises(DatasetError, match="which are ids of nodes .as texts. and places of others: write texts"):
        load_dataset(made(tmp_path / "a", ids, links))
    in_order = load_dataset(made(tmp_path / "b", ("0", "1", "2", "3", "4"), links))
    assert edges_by_id(in_order.graph) == {0: (0, 2), 1: (1, 3)}


@pytest.mark.parametrize("by_name", [True, False])
def test_text_ids_and_rows_in_another_order(by_name, tmp_path):
    """networkx 1 wrote places of nodes into links, networkx 2 their ids."""
    ids = ["c", "a", "b", "e", "d"]
    links = [("c", "a"), ("a", "b")] if by_name else [(0, 1), (1, 2)]
    dataset = load_dataset(made(tmp_path, ids, links, id_map=dict(zip(ids, [4, 3, 2, 1, 0]))))
    assert dataset.node_ids.tolist() == dataset.graph.node_ids.tolist() == ids
    assert rows(dataset.graph) == [[1], [0, 2], [1], [], []]
    assert dataset.features.tolist() == FEATS[::-1].tolist()


def test_number_ids_that_are_no_places(tmp_path):
    assert rows(load_dataset(made(tmp_path / "a", [70, 10, 20, 30, 40], [(70, 20)])).graph) == [[2], [], [0], [], []]
    assert rows(load_dataset(made(tmp_path / "b", [70, 10, 20, 30, 40], [(0, 2)])).graph) == [[2], [], [0], [], []]


def test_several_labels_directed_links_and_no_features(tmp_path):
    classes = {"0": [1, 0, 1], "1": [0, 0, 0], "2": [1, 1, 1], "3": [0, 1, 0]}
    dataset = load_dataset(made(tmp_path, class_map=classes, feats=None, G={"directed": True}))
    assert (dataset.task, dataset.num_outputs) == ("multilabel", 3)
    assert dataset.labels.tolist() == [*classes.values(), [-1, -1, -1]]
    assert rows(dataset.graph) == [[], [0, 2], [1], [], []]
    assert isinstance(dataset.features, SparseFeatures)
    assert dataset.features.to_scipy().toarray().tolist() == np.eye(5).tolist()


def test_class_names(tmp_path):
    assert read_graphsage_json(made(tmp_path), "toy", class_names=["x", "y", "z"]).class_names == ("x", "y", "z")


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"G": {"nodes": 3}}, r"-G\.json must have a list of nodes"),
        ({"G": {"links": None}}, r"-G\.json must have a list of links"),
        ({"G": {"links": [{"source": 1}]}}, r"links\[0\] in -G\.json must be an object with source and target"),
        ({"G": {"nodes": [3]}}, r"nodes\[0\] in -G\.json must be an object with an id, got 3"),
        ({"G": {"nodes": [{"id": 1.5}]}}, r"nodes\[0\] in -G\.json must have an id, a text or an integer; got 1\.5"),
        ({"G": {"nodes": [{"id": 0, "val": 1, "test": False}], "links": []}}, "must have val and test true or false"),
        ({"links": [(0, 9)]}, "links in -G.json must join ids of nodes, or places of all 5; got 9"),
        ({"links": [(0, None)]}, "links in -G.json must join ids or places of nodes, got None"),
        ({"ids": ["a", "b", "c", "d", "a"], "links": []}, "node_ids must be distinct, got 'a' more than once"),
        ({"id_map": {"0": 0}}, r"-id_map\.json must give node 1 one of 5 rows of -feats\.npy, got None"),
        ({"id_map": {str(n): n + 1 for n in range(5)}}, r"must give node 4 one of 5 rows of -feats\.npy, got 5"),
        ({"feats": FEATS[0]}, r"must give node 0 one of 0 rows"),
        ({"feats": FEATS + np.nan}, "features must be finite"),
        ({"feats": FEATS.astype(complex)}, r"toy-feats\.npy must hold plain numbers"),
        ({"class_map": {"0": 1, "1": [1]}}, r"-class_map\.json must give node 1 a class number; got \[1\]"),
        ({"class_map": {"0": [1], "1": 1}}, r"must give node 1 a list of 1 numbers 0 or 1, as the first node has; got 1"),
        ({"class_map": {"0": [1], "1": [1, 0]}}, r"must give node 1 a list of 1 numbers 0 or 1"),
        ({"class_map": {"0": [1], "1": [2]}}, r"labels of several columns must be 0 or 1"),
        ({"class_map": {"0": -1}}, r"must give node 0 a class number; got -1"),
        ({"class_map": {"0": True}}, r"must give node 0 a class number; got True"),
        ({"class_map": {"0": 1, "1": 1, "2": 1}}, r"test\[0\] = 3 has no label"),
        ({"class_map": "[1"}, r"toy-class_map\.json must be JSON"),
        ({"class_map": "[" * 100_000}, r"toy-class_map\.json must be JSON"),
        ({"class_map": '{"source": 1, "target": 2}'}, r"toy-class_map\.json must hold an object, not tuple"),
    ],
)
def test_what_is_refused(changes, sentence, tmp_path):
    with pytest.raises(DatasetError, match=sentence) as caught:
        load_dataset(made(tmp_path, **changes))
    assert str(caught.value).startswith(str(tmp_path)) and "\n" not in str(caught.value)


def test_missing_and_several(tmp_path):
    (made(tmp_path) / "toy-id_map.json").unlink()
    with pytest.raises(DatasetError, match=r"toy-id_map\.json is missing"):
        load_dataset(tmp_path)
    (tmp_path / "other-G.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"holds several datasets \(other, toy\): give each a folder of its own"):
        load_dataset(tmp_path)
