"""Pajek's networks: vertices with and without names, edges, arcs, classes in a file beside."""

import networkx as nx
import pytest
from helpers.public_files import classes_of, club, of_networkx, pairs_of, read

from graphsage.data import DatasetError

pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


def test_what_networkx_wrote_with_its_classes(tmp_path):
    graph = nx.Graph(club().edges)
    nx.write_pajek(graph, tmp_path / "club.net")
    classes = [club().nodes[node]["label"] for node in graph]
    (tmp_path / "club.clu").write_text("*Vertices 34\n" + "".join(f"{label}\n" for label in classes))
    for path in (tmp_path / "club.net", tmp_path / "club.clu", tmp_path):
        dataset = read(path)
        assert (dataset.name, dataset.num_nodes, classes_of(dataset)) == ("club", 34, classes)
        assert pairs_of(dataset) == of_networkx(graph)


@pytest.mark.parametrize("text, names, pairs", [
    ("*Vertices 3\n*Edges\n1 2\n2 3 1.5\n", [1, 2, 3], [(1, 2), (2, 3)]),
    ('*Network x\n% a comment\n*vertices 3\n1 "a b" 0.1 0.2\n3 c\n*Arcs\n1 3\n', ["2", "a b", "c"], [("a b", "c")]),
    ('*Vertices 3\n1 "a"\n2 "a"\n3 "b"\n*Edges\n1 3\n2 3\n', [1, 2, 3], [(1, 3), (2, 3)]),  # one name, two vertices
    ("*Vertices 2\n*Matrix\n0 1\n1 0\n", [1, 2], [(1, 2)]),
])
def test_the_forms_that_vertices_have(text, names, pairs, tmp_path):
    (tmp_path / "n.net").write_text(text)
    dataset = read(tmp_path / "n.net")
    assert sorted(dataset.node_ids.tolist(), key=str) == names
    assert pairs_of(dataset) == {frozenset(pair) for pair in pairs}


@pytest.mark.parametrize("text, classes, sentence", [
    ("*Edges\n1 2\n", None, r"n\.net has no line \*Vertices N"),
    ("*Vertices 999999999999\n*Edges\n1 2\n", None, r"n\.net claims 999,999,999,999 vertices: such a file may have 10,000,000"),
    ("*Vertices 2\n*Edges\n1 3\n", None, r"n\.net has edges to vertices beyond 2, the number in its line \*Vertices"),
    ("*Vertices 2\n7 a\n*Edges\n1 2\n", None, r"n\.net lists vertex 7, and \*Vertices says that they are 1 to 2"),
    ("*Vertices 2\n1 a\n1 b\n*Edges\n1 2\n", None, r"n\.net lists vertex 1 twice: each once"),
    ('*Vertices 2\n1 "a\n*Edges\n1 2\n', None, r"n\.net is no intact Pajek file: No closing quotation"),
    ("*Vertices 2\n*Edges\n1 2\n", "*Vertices 2\n1\n", r"n\.clu must have a line a vertex, 2; it has 1"),
])
def test_what_is_wrong_is_one_sentence(text, classes, sentence, tmp_path):
    (tmp_path / "n.net").write_text(text)
    if classes:
        (tmp_path / "n.clu").write_text(classes)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path / "n.net")
