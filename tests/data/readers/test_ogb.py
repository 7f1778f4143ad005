"""OGB's csv.gz files: a small folder made here comes out as its documentation says; damaged ones get a sentence."""

import gzip
import io

import numpy as np
import pytest
from helpers.graphs import edges_by_id

from graphsage.data.catalogue import load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.readers import csv_gz
from graphsage.data.readers.csv_gz import read_table
from graphsage.data.readers.ogb import read_ogb
from graphsage.graph import build
from graphsage.graph.features import SparseFeatures

FILES = {
    "raw/num-node-list.csv.gz": "4\n",
    "raw/num-edge-list.csv.gz": "5\n",
    "raw/edge.csv.gz": "0,1\n2,0\n0,1\n1,0\n3,3\n",
    "raw/node-feat.csv.gz": "0.5,-1e-3\n1,2\n3.0,4\n0,0\n",
    "raw/node-label.csv.gz": "2\n0\n1\n0\n",
    "raw/node_year.csv.gz": "2010\n2011\n2012\n2013\n",
    "split/time/train.csv.gz": "2\n0\n",
    "split/time/valid.csv.gz": "1\n",
    "split/time/test.csv.gz": "3\n",
}


def made(folder, **changes):
    """The folder of FILES; ``raw__edge="..."`` is another text for raw/edge.csv.gz, None leaves the file out."""
    changes = {name.replace("__", "/").replace("_", "-") + ".csv.gz": text for name, text in changes.items()}
    for name, text in {**FILES, **changes}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(text if isinstance(text, bytes) else text.encode(), mtime=0))
    return folder


def rows(graph):
    return [graph.neighbors(row).tolist() for row in range(graph.num_nodes)]


def test_a_small_folder(tmp_path):
    dataset = load_dataset(made(tmp_path / "ogbn_small"))
    assert (dataset.name, dataset.task, dataset.num_classes) == ("ogbn_small", "multiclass", 3)
    assert rows(dataset.graph) == [[1, 2], [0], [0], []]
    assert dataset.features.tolist() == np.array([[0.5, -1e-3], [1, 2], [3, 4], [0, 0]], np.float32).tolist()
    assert dataset.labels.tolist() == [2, 0, 1, 0]
    assert [dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()] == [[2, 0], [1], [3]]
    assert rows(read_ogb(tmp_path / "ogbn_small", "x", directed=True).graph) == [[1, 2], [0], [], []]
    assert read_ogb(tmp_path / "ogbn_small", "x", class_names=list("abc")).class_names == ("a", "b", "c")


def test_an_edge_id_is_a_line_of_the_edges(tmp_path):
    """Line 2 repeats line 0, line 3 turns it round, line 4 is a loop."""
    assert edges_by_id(load_dataset(made(tmp_path)).graph) == {0: (0, 1), 1: (2, 0)}
    assert edges_by_id(read_ogb(tmp_path, "x", directed=True).graph) == {0: (0, 1), 1: (2, 0), 3: (1, 0)}


def test_line_ends_and_blank_lines(tmp_path):
    texts = {name.replace("/", "__").replace(".csv.gz", "").replace("-", "_"): text for name, text in FILES.items()}
    texts = {name: text.replace("\n", "\r\n") for name, text in texts.items() if "year" not in name}
    two = made(tmp_path / "b", **{**texts, "raw__node_label": "2\n0\n\n1\n0"})
    one, two = load_dataset(made(tmp_path / "a")), load_dataset(two)
    assert one.labels.tolist() == two.labels.tolist() and one.features.tolist() == two.features.tolist()


@pytest.mark.parametrize(
    "text, task, labels",
    [
        ("2\nnan\n1.0\n0\n", "multiclass", [2, -1, 1, 0]),
        ("0,1\n1,1\nnan,nan\n0,0\n", "multilabel", [[0, 1], [1, 1], [-1, -1], [0, 0]]),
        ("0.5\nnan\n1\n-2\n", "regression", [[0.5], [np.nan], [1], [-2]]),
        ("0,2\n1,1\nnan,nan\n0,0\n", "regression", [[0, 2], [1, 1], [np.nan, np.nan], [0, 0]]),
    ],
)
def test_kinds_of_labels(text, task, labels, tmp_path):
    node = text.splitlines().index(next(line for line in text.splitlines() if "nan" in line))
    parts = {"train": [0], "valid": [1, 2], "test": [3]}
    changes = {f"split__time__{part}": "".join(f"{n}\n" for n in ids if n != node) for part, ids in parts.items()}
    dataset = load_dataset(made(tmp_path, raw__node_label=text, **changes))
    assert dataset.task == task
    assert np.array_equal(dataset.labels, np.array(labels), equal_nan=task == "regression")


def test_features_from_edges_and_without_any(tmp_path):
    dataset = load_dataset(made(tmp_path, raw__node_feat=None, raw__edge_feat="1,0\n2,0\n3,0\n4,0\n5,6\n"))
    assert dataset.features.tolist() == [[2.5, 0], [np.float32(8 / 3), 0], [2, 0], [5, 6]]
    (tmp_path / "raw" / "edge-feat.csv.gz").unlink()
    features = load_dataset(tmp_path).features
    assert isinstance(features, SparseFeatures) and features.to_scipy().toarray().tolist() == np.eye(4).tolist()


def test_parts_of_any_size_read_the_same(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(500, 3)).astype(np.float32)
    stream = io.BytesIO()
    np.savetxt(stream, table, delimiter=",", fmt="%.9g")
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(stream.getvalue()))
    for size in (50, 333, 1 << 22):
        monkeypatch.setattr(csv_gz, "CHUNK", size)
        monkeypatch.setattr(build, "CHUNK", size)
        assert np.array_equal(read_table(path, np.float32, rows=500), table)
        assert np.array_equal(read_table(path, np.float32), table)


def test_a_last_line_that_is_cut_by_parts(tmp_path, monkeypatch):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n3,45"))
    monkeypatch.setattr(csv_gz, "CHUNK", 6)
    assert read_table(path, np.int64).tolist() == [[1, 2], [3, 45]]


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"raw__num_node_list": None}, r"raw.num-node-list\.csv\.gz is missing"),
        ({"raw__num_node_list": "4\n5\n"}, "must hold one number below 2.31, for there must be one graph; got 2 numbers"),
        ({"raw__num_node_list": "3000000000\n"}, "must hold one number below 2.31"),
        ({"raw__num_node_list": ""}, "must hold one number below 2.31.*; got 0 numbers"),
        ({"raw__num_node_list": "2000000000\n"}, r"node-label\.csv\.gz is too short for 2000000000 lines of 1 columns"),
        ({"raw__num_node_list": "5\n"}, r"node-label\.csv\.gz must have 5 lines, it has 4"),
        ({"raw__num_edge_list": "4\n"}, r"edge\.csv\.gz must have 4 lines, it has more"),
        ({"raw__edge": "0,1\n2,0\n0,x\n1,0\n3,3\n"}, "line 3 must be integers >= 0 with commas between, got b'x'"),
        ({"raw__edge": "0,1\n2,-1\n0,1\n1,0\n3,3\n"}, "line 2 must be integers >= 0"),
        ({"raw__edge": f"0,1\n2,{'9' * 19}\n"}, "line 2 must be integers >= 0"),
        ({"raw__edge": "0\n1\n2\n3\n4\n"}, r"edge\.csv\.gz must have 2 columns, it has 1 from line 1 on"),
        ({"raw__edge": "0,1\n2,0\n0,1,1\n1,0\n3,3\n"}, "in the part from line 1 on: the number of columns changed"),
        ({"raw__edge": "0,1\n2,0\n0,\n1,0\n3,3\n"}, r"edge\.csv\.gz, in the part from line 1 on: could not convert string ''"),
        ({"raw__edge": "0,1\n2,0\n0,4\n1,0\n3,3\n"}, r"\[2\] = 4 is not a node: the graph has 4"),
        ({"raw__node_feat": "1\n2\nnan\n4\n"}, r"features must be finite, got features\[2, 0\]"),
        ({"raw__node_feat": "1\n2\nz\n4\n"}, "could not convert string 'z' to float32 at row 2"),
        ({"raw__node_feat": "1\n2\né\n4\n"}, r"node-feat\.csv\.gz, in the part from line 1 on"),
        ({"raw__node_label": "1,0\n1,nan\n0,1\n1,1\n"}, "labels of several columns must be 0 or 1, or a whole row -1"),
        ({"raw__node_label": "0\nnan\n0\n1\n"}, r"val\[0\] = 1 has no label"),
        ({"split__time__test": "1\n"}, "node 1 is in val and in test"),
        ({"split__time__test": None}, r"split.time.test\.csv\.gz is missing"),
        ({"split__other__test": "1\n"}, "split must hold one folder, named by the split's rule; there are: other, time"),
    ],
)
def test_what_is_refused(changes, sentence, tmp_path):
    with pytest.raises(DatasetError, match=sentence) as caught:
        load_dataset(made(tmp_path / "small", **changes))
    assert str(caught.value).startswith(str(tmp_path))


def test_damaged_files(tmp_path):
    path = made(tmp_path) / "raw" / "edge.csv.gz"
    data = path.read_bytes()
    for damaged in (data[:-9], b"", b"0,1\n", data[:12] + b"\xff" + data[13:], data[:-6] + b"12" + data[-4:]):
        path.write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"edge\.csv\.gz (is not an intact \.gz file|must have 5 lines, it has 0)"):
            load_dataset(tmp_path)


def test_files_that_unpack_to_far_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_gz, "ALWAYS_READ", 1 << 12)
    monkeypatch.setattr(csv_gz, "CHUNK", 1 << 10)
    with pytest.raises(DatasetError, match=r"edge\.csv\.gz unpacks to far more than a table of its size would"):
        load_dataset(made(tmp_path / "a", raw__edge="\n" * 1_000_000))
    with pytest.raises(DatasetError, match=r"edge\.csv\.gz has a line of megabytes: it is not read"):
        load_dataset(made(tmp_path / "b", raw__edge="0," * 2000))
