"""GraphML, GML, GEXF and edge lists with attributes, written by networkx: what is read equals the graph that was written."""

import gzip

import networkx as nx
import pytest
from helpers.public_files import classes_of, club, of_networkx, pairs_of, read

from graphsage.data import DatasetError

pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


WRITERS = {
    "club.graphml": nx.write_graphml,
    "club.graphml.gz": nx.write_graphml,
    "club.gexf": nx.write_gexf,
    "club13.gexf": lambda graph, path: nx.write_gexf(graph, path, version="1.3"),
    "club.GML": lambda graph, path: nx.write_gml(graph, str(path)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_networkx_wrote(name, tmp_path):
    graph = club()
    for node in graph:  # GML has a word label of its own, which is a name
        graph.nodes[node]["Label" if name.endswith("GML") else "label"] = graph.nodes[node].pop("label")
    WRITERS[name](graph, tmp_path / name)
    for path in (tmp_path / name, tmp_path):
        dataset = read(path)
        assert (dataset.num_nodes, dataset.name) == (34, name.split(".")[0])
        assert pairs_of(dataset) == of_networkx(graph)
        assert classes_of(dataset) == [club().nodes[node]["label"] for node in graph]
        assert [spec["name"] for spec in dataset.schema["columns"]] == ["size", "word"]


def test_nodes_without_edges_and_gaps_stay(tmp_path):
    graph = nx.Graph([("ann", "bob")])
    graph.add_node("eve", age=7, label="x")
    nx.write_graphml(graph, tmp_path / "small.graphml")
    dataset = read(tmp_path / "small.graphml")
    assert (dataset.node_ids.tolist(), dataset.labels.tolist()) == (["ann", "bob", "eve"], [-1, -1, 0])


def test_directions_are_told_and_kept_where_asked(tmp_path, command):
    graph = nx.DiGraph([(0, 1), (1, 0), (1, 2)])
    nx.write_graphml(graph, tmp_path / "one_way.graphml")
    code, out, _ = command("import", tmp_path / "one_way.graphml")
    assert code == 0 and "the file says that edges have a direction: they are taken both ways (--directed: one way)" in out
    assert "repeated                           1    33.3 %" in out
    assert command("import", tmp_path / "one_way.graphml", "--directed")[0] == 0
    dataset = read(tmp_path / "one_way.graphml")
    assert [dataset.graph.neighbors(node).tolist() for node in range(3)] == [[1], [0], [1]]


def test_weights_are_kept_where_they_are_weights(tmp_path, command):
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 2.5), (1, 2, 0.5)])
    nx.write_graphml(graph, tmp_path / "good.graphml")
    assert read(tmp_path / "good.graphml").graph.weights.tolist() == [2.5, 2.5, 0.5, 0.5]
    graph[0][1]["weight"] = -1.0
    nx.write_graphml(graph, tmp_path / "bad.graphml")
    code, out, _ = command("import", tmp_path / "bad.graphml")
    assert code == 0 and "weight is not used: it is not a number >= 0 at every edge" in out


def test_labels_that_all_differ_are_names(tmp_path):
    graph = nx.path_graph(5)
    nx.set_node_attributes(graph, {node: f"Title {node}" for node in graph}, "label")
    nx.write_gexf(graph, tmp_path / "titles.gexf")
    assert (read(tmp_path / "titles.gexf").labels == -1).all()


GML = """graph [
  directed 1
  node [ id 3 label "Zoé" value 1 ]
  node [ id 5 label "b" value 0 ]
  node [ id 9 label "b" value 1 ]
  edge [ source 3 target 5 ]
  edge [ source 3 target 5 ]
  edge [ source 9 target 3 ]
]
"""


def test_gml_as_others_write_it(tmp_path):
    """An edge that is listed twice, letters beyond ASCII, and labels that name no node of its own."""
    (tmp_path / "blogs.gml").write_text(GML, encoding="utf-8")
    dataset = read(tmp_path / "blogs.gml")
    assert (dataset.node_ids.tolist(), pairs_of(dataset)) == ([3, 5, 9], {frozenset((3, 5)), frozenset((3, 9))})
    (tmp_path / "blogs.gml").write_text(GML.replace('id 9 label "b"', 'id 9 label "c"'), encoding="utf-8")
    assert read(tmp_path / "blogs.gml").node_ids.tolist() == ["Zoé", "b", "c"]


def test_an_edge_list_with_dicts(tmp_path):
    graph = nx.Graph()
    graph.add_weighted_edges_from([("ann", "bob", 2.0), ("bob", "cid", 3.0)])
    nx.write_edgelist(graph, tmp_path / "people.edgelist")
    dataset = read(tmp_path)
    assert (dataset.node_ids.tolist(), dataset.name) == (["ann", "bob", "cid"], "people")
    assert dataset.graph.weights.tolist() == [2.0, 2.0, 3.0, 3.0]
    nx.write_edgelist(nx.path_graph(3), tmp_path / "people.edgelist")  # as it is without attributes: "0 1 {}"
    assert pairs_of(read(tmp_path / "people.edgelist")) == {frozenset((0, 1)), frozenset((1, 2))}


BOMB = """<?xml version="1.0"?>
<!DOCTYPE graphml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected"><node id="&b;"/></graph></graphml>
"""
EMPTY = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph><node id="0"/></graph></graphml>'
BAD = {
    "bomb.graphml": (BOMB.encode(), r"bomb\.graphml declares an entity, 'a': such XML is not read"),
    "bomb.gexf": (BOMB.encode("utf-16"), r"bomb\.gexf declares an entity, 'a': such XML is not read"),
    "cut.graphml": (EMPTY[:-20].encode(), r"cut\.graphml is no intact XML: unclosed token"),
    "alone.graphml": (EMPTY.encode(), r"alone\.graphml: edges lists no edge"),
    "none.graphml": (b" \n", r"none\.graphml is empty"),
    "other.gexf": (b"<html/>", r"other\.gexf is no intact GEXF file: No <graph> element in GEXF file"),
    "latin.gml": ("graph [ # \xe9".encode("latin1"), r"latin\.gml: the text is not UTF-8 \(byte 11\): save the file as UTF-8"),
    "stop.gml": (b"graph [ node [ id 0 ", r"stop\.gml is no intact GML file: expected '\]'"),
    "cut.graphml.gz": (gzip.compress(bytes(range(256)))[:-9], r"cut\.graphml\.gz cannot be read: Compressed"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_one_sentence(name, tmp_path):
    data, sentence = BAD[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path / name)


def test_deep_nesting_is_refused(tmp_path):
    (tmp_path / "deep.gml").write_text("graph [ node [ id 0 " + "a [ " * 100_000)
    with pytest.raises(DatasetError, match=r"deep\.gml is no intact GML file: maximum recursion"):
        read(tmp_path / "deep.gml")


NODES = '<node id="a" label="x"/><node id="b" label="y"/>'
XML = {
    "g.graphml": '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">{}{}'
                 "</graph></graphml>",
    "g.gexf": '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph><nodes>{}</nodes><edges>{}'
              "</edges></graph></gexf>",
}


@pytest.mark.parametrize("name", XML)
def test_nodes_are_those_that_the_file_lists(name, tmp_path):
    edges = '<edge id="0" source="a" target="b"/><edge id="1" source="a" target="z"/>'
    (tmp_path / name).write_text(XML[name].format(NODES, edges))
    with pytest.raises(DatasetError, match=r"target is 'z', and .* has no such id: 1 of 2 edges"):
        read(tmp_path / name)
    assert read(tmp_path / name, unlisted="drop").node_ids.tolist() == ["a", "b"]


@pytest.mark.parametrize("name", XML)
def test_a_node_that_is_listed_twice_and_a_second_graph_are_refused(name, tmp_path):
    edge = '<edge id="0" source="a" target="b"/>'
    (tmp_path / name).write_text(XML[name].format(NODES + NODES, edge))
    with pytest.raises(DatasetError, match=r"lists the node 'a' twice: each node once"):
        read(tmp_path / name)
    (tmp_path / name).write_text(XML[name].format(NODES.replace("/>", "><graph/></node>", 1), edge))
    with pytest.raises(DatasetError, match="holds several graphs, beside or within each other, and one is read"):
        read(tmp_path / name)
