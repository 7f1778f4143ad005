"""Tables of text, packed or not, with commas, tabs or spaces: the same graph, and the same line in a sentence."""

import bz2
import gzip
import lzma

import pytest
from helpers.table_files import EDGES, NODES, write_tables

from graphsage.base.progress import silent
from graphsage.data import DatasetError, load_dataset
from graphsage.data.tables import text_files
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.import_tables import holds_tables

pytest.importorskip("pyarrow")

PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
PLAIN_EDGES, PLAIN_NODES = "source,target,weight\nann,bob,1\nbob,cid,2\ncid,dan,3\n", "id,label\nann,x\nbob,y\ncid,x\ndan,\n"
SPACED = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".txt": "   "}


def read(folder, **options):
    return read_folder(folder, progress=silent, **options)


def written(folder, name, text, packed=""):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}{packed}").write_bytes(PACKED[packed](text.encode()))
    return folder


def equal(one, two):
    graphs = one.graph.to_adjacency_dict() == two.graph.to_adjacency_dict()
    return graphs and one.graph.edge_ids.tolist() == two.graph.edge_ids.tolist() and one.labels.tolist() == two.labels.tolist()


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("kind", SPACED)
def test_every_kind_of_file_is_the_same_graph(tmp_path, kind, packed):
    wanted, _ = read(write_tables(tmp_path / "plain", PLAIN_EDGES, PLAIN_NODES))
    folder = written(tmp_path / "in", f"edges{kind}", PLAIN_EDGES.replace(",", SPACED[kind]), packed)
    nodes = ".csv" if kind == ".txt" else kind  # an empty label is no column where spaces stand between
    written(folder, f"nodes{nodes}", PLAIN_NODES.replace(",", SPACED[nodes]), packed)
    assert holds_tables(folder) == "in"
    dataset, found = read(folder)
    assert equal(dataset, wanted) and found.notes == []
    assert equal(load_dataset(folder, progress=False), wanted)


@pytest.mark.parametrize("packed", PACKED)
def test_quotes_and_lines_in_packed_tables(tmp_path, packed):
    wanted, _ = read(write_tables(tmp_path / "plain", EDGES, NODES))
    dataset, _ = read(written(written(tmp_path / "in", "edges.csv", EDGES, packed), "nodes.csv", NODES, packed))
    assert equal(dataset, wanted)


@pytest.mark.parametrize("text, names, notes", [
    ("7 9\n9 8\n", [7, 8, 9], ["taken as source, target"]),
    ("7\t9\n9\t8\n", [7, 8, 9], ["taken as source, target"]),
    ("7,9\n9,8\n", [7, 8, 9], ["taken as source, target"]),
    ("# a graph\n# FromNodeId\tToNodeId\n7\t9\n9\t8\n", [7, 8, 9], ["taken as FromNodeId, ToNodeId", "FromNodeId is"]),
    ("% sym\n  7   9  \n\n9 \t 8", [7, 8, 9], ["taken as source, target"]),
    ("# source target year\n7 9 1999\n9 8 2001\n", [7, 8, 9], ["taken as source, target, year"]),
    ("a b\n", None, []), ("source target\na b\nb c\n", ["a", "b", "c"], []),
    ("\ufeff# x\n7 9\n9 8\n", [7, 8, 9], ["taken as source, target"]),
    ("source\ttarget\na b\tc\n", ["a b", "c"], []), ('source,target\n"a, b",c\n', ["a, b", "c"], []),
])
def test_lists_of_edges(tmp_path, text, names, notes):
    """.txt: what stands between the columns of the first line does; integers there name no columns."""
    written(tmp_path, "edges.txt", text)
    if names is None:
        with pytest.raises(DatasetError, match="edges.txt has no column 'source', only a, b: .* with spaces between"):
            read(tmp_path)
        return
    dataset, found = read(tmp_path)
    assert dataset.node_ids.tolist() == names and len(found.notes) == len(notes)
    assert all(part in note for part, note in zip(notes, found.notes))
    assert len(set(dataset.graph.edge_ids.tolist())) == len(names) - 1 and dataset.graph.edge_ids.min() == 0


def test_edges_without_names_of_columns_may_be_a_csv_file(tmp_path):
    dataset, found = read(write_tables(tmp_path, "3,5\n5,4\n", "id\n3\n4\n5\n"))
    assert dataset.node_ids.tolist() == [3, 4, 5] and dataset.graph.edge_ids.tolist() == [0, 1, 0, 1]
    assert found.notes == ["edges.csv names no columns in its first line: taken as source, target"]
    with pytest.raises(DatasetError, match=r"edges.csv line 2: target is 9, and nodes.csv has no such id"):
        read(write_tables(tmp_path, "3,5\n5,9\n", "id\n3\n4\n5\n"))
    with pytest.raises(DatasetError, match=r"nodes.csv has no column 'id', only 3, 4"):
        read(write_tables(tmp_path, "3,5\n", "3,4\n"))


def test_parts_of_a_spaced_file_are_joined(tmp_path, monkeypatch):
    """A line may lie across two reads."""
    monkeypatch.setattr(text_files, "CHUNK", 64)
    pairs = [(i % 97, i * 7 % 101) for i in range(5000)]
    dataset, found = read(written(tmp_path, "edges.txt", "source target\n" + "".join(f"{a}   {b}\n" for a, b in pairs)))
    assert found.edges["listed"] == 5000 and dataset.num_nodes == 101


@pytest.mark.parametrize("kind", ["csv.gz", "txt", "tsv.xz"])
def test_a_bad_line_is_named_in_any_of_them(tmp_path, kind):
    name, _, packed = kind.partition(".")
    mark = {"csv": ",", "txt": " ", "tsv": "\t"}[name]
    text = "source,target,weight\n0,1,1\n\n0,2,much\n".replace(",", mark)
    written(tmp_path, f"edges.{name}", text, f".{packed}" if packed else "")
    with pytest.raises(DatasetError, match=rf"edges.{kind} line 4: weight is 'much', and must be a number"):
        read(tmp_path)


@pytest.mark.parametrize("data, sentence", [
    (b"source,target\n", r"edges.csv.gz cannot be read: Not a gzipped file"),
    (gzip.compress(b"source,target\n" + b"1,2\n" * 999)[:-20], r"edges.csv.gz cannot be read: "),
    (gzip.compress(b""), r"edges.csv.gz is empty: its first line must name the columns"),
    (gzip.compress("source,target\n0,\u00e9\n".encode("latin-1")), r"edges.csv.gz line 2: the text is not UTF-8"),
    (gzip.compress(b"source,target\n0,1,2\n"), r"edges.csv.gz line 2: 3 columns, and the first line names 2"),
    (gzip.compress(b'source,target\n0,1\n0,"2\n3,4\n5,6'), r"edges.csv.gz line 3: a quote is opened and not closed again"),
], ids=["plain", "cut", "empty", "latin-1", "columns", "quote"])  # packed bytes tell the time
def test_a_damaged_packed_file_is_told(tmp_path, data, sentence):
    (tmp_path / "edges.csv.gz").write_bytes(data)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path)


def test_two_files_of_one_table_are_too_many(tmp_path):
    written(written(tmp_path, "edges.csv", PLAIN_EDGES), "edges.csv", PLAIN_EDGES, ".gz")
    with pytest.raises(DatasetError, match=r"holds edges.csv and edges.csv.gz: keep one of them"):
        read(tmp_path)
