"""Edges alone, as SNAP, KONECT and the Network Repository write them."""

import bz2
import csv
import gzip

import networkx as nx
import pytest
from helpers.public_files import club, of_networkx, pairs_of, read

from graphsage.data import DatasetError
from graphsage.data.layouts import layout_of

pytest.importorskip("pyarrow")
SNAP = "# Undirected graph: club\n# Nodes: 34 Edges: 78\n# FromNodeId\tToNodeId\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


def lines(mark, more=""):
    return "".join(f"{source}{mark}{target}{more}\n" for source, target in club().edges)


FILES = {
    "club.txt": SNAP + lines("\t"),
    "club.txt.gz": SNAP + lines("\t"),
    "club.csv": lines(","),
    "club.csv.gz": "# from SNAP\n" + lines(",", ",7,1289241911.72836"),
    "club.edges": "% sym\n% 78 34\n" + lines(" ", " 1"),
    "club.edgelist": "% 78 34\n" + lines(" "),
    "club.tsv.bz2": "src\tdst\n" + lines("\t"),
    "out.club": "% sym unweighted\n% 78 34 34\n" + lines(" ", " 1 1234567890"),
    "club.el": lines(", "),
    "club_header.csv": "FROM_NODE,TO_NODE,TRUST\n" + lines(",", ",-3"),
}


@pytest.mark.parametrize("name", FILES)
def test_lists_that_people_publish(name, tmp_path):
    packing = {".gz": gzip.compress, ".bz2": bz2.compress}.get((tmp_path / name).suffix, bytes)
    (tmp_path / name).write_bytes(packing(FILES[name].encode()))
    (tmp_path / "README.txt").write_text("A graph of 34 people\nand 78 edges\n")
    for path in (tmp_path, tmp_path / name):
        dataset = read(path)
        assert dataset.num_nodes == 34 and pairs_of(dataset) == of_networkx(club())
        assert dataset.graph.weights is None and dataset.graph.times is None


def test_columns_without_a_name_are_told(tmp_path, command):
    (tmp_path / "club.csv").write_text(lines(",", ",7"))
    code, out, _ = command("import", tmp_path)
    assert code == 0 and "club.csv names no columns in its first line: taken as source, target, column 3" in out
    assert "not used: column 3" in out


def test_communities_beside_are_no_edges(tmp_path):
    """SNAP's lists of members: lines of several lengths."""
    (tmp_path / "com-club.ungraph.txt").write_text(SNAP + lines("\t"))
    (tmp_path / "com-club.all.cmty.txt").write_text("1\t2\n3\t4\t5\n6\t7\t8\t9\t10\t11\t12\n")
    assert layout_of(tmp_path)[1] == "com-club.ungraph.txt"


def test_several_lists_are_too_many(tmp_path):
    for name in ("pa.txt", "ps.txt"):
        (tmp_path / name).write_text("0\t1\n1\t2\n")
    with pytest.raises(DatasetError, match=r"holds several tables of edges \(pa\.txt, ps\.txt\): name one of them, or write"):
        read(tmp_path)


@pytest.mark.parametrize("name, data, sentence", [
    ("a.txt", b"", r"a\.txt is empty"),
    ("a.txt.gz", gzip.compress(lines("\t").encode() * 99)[:-9], r"a\.txt\.gz cannot be read: Compressed file ended before"),
    ("a.txt", b"0\t1\n1\t2\n2\n", r"a\.txt line 3: 1 columns, and the first line names 2"),
    ("a.txt", "0\t1\n1\té\n".encode("latin1"), r"a\.txt line 2: the text is not UTF-8"),
])
def test_what_is_wrong_is_one_sentence(name, data, sentence, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path / name)


def test_a_real_one(test_data):
    """Bitcoin OTC, as SNAP publishes it, against a parse by Python's csv."""
    folder = test_data / "bitcoin_otc"
    with open(folder / "soc-sign-bitcoinotc.csv", newline="") as file:
        rows = [(int(row["FROM_NODE"]), int(row["TO_NODE"])) for row in csv.DictReader(file)]
    dataset = read(folder)
    assert (dataset.num_nodes, len(rows)) == (5881, 35592) and pairs_of(dataset) == of_networkx(nx.Graph(rows))


def test_files_of_several_types_are_refused(tmp_path):
    for name in ("pa.txt", "ps.txt"):
        (tmp_path / name).write_text("0\t1\n1\t2\n")
    sentence = r"holds several tables of edges \(pa\.txt, ps\.txt\): name one of them, or .* edges\.A\.RELATION\.B\.csv\)"
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path)


def test_a_table_of_nodes_beside_edges_of_another_name_is_not_passed_over(tmp_path):
    (tmp_path / "nodes.csv").write_text("id,label\n0,a\n1,b\n")
    (tmp_path / "friends.csv").write_text("source,target\n0,1\n")
    with pytest.raises(DatasetError, match=r"and no edges\.csv: are the edges in friends\.csv\? Name it edges\.csv$"):
        read(tmp_path)
    assert read(tmp_path / "friends.csv").num_nodes == 2
