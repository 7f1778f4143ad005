"""OGB's files of several types: a small folder made here comes out as its documentation says; damaged ones get a sentence."""

import gzip

import numpy as np
import pytest

import graphsage as gs
from graphsage.data.dataset import DatasetError
from graphsage.data.readers.ogb import read_ogb

WRITES, CITES = "raw/relations/author___writes___paper/", "raw/relations/paper___cites___paper/"
FILES = {
    "raw/num-node-dict.csv.gz": "author,field_of_study,paper\n3,2,4\n",
    "raw/nodetype-has-feat.csv.gz": "author,field_of_study,paper\nFalse,False,True\n",
    "raw/triplet-type-list.csv.gz": "author,writes,paper\npaper,cites,paper\n",
    WRITES + "edge.csv.gz": "0,0\n1,0\n1,2\n2,3\n1,2\n",
    WRITES + "num-edge-list.csv.gz": "5\n",
    WRITES + "edge_reltype.csv.gz": "0\n0\n0\n0\n0\n",
    CITES + "edge.csv.gz": "0,1\n3,2\n",
    CITES + "num-edge-list.csv.gz": "2\n",
    "raw/node-feat/paper/node-feat.csv.gz": "0.5,-1e-3\n1,2\n3.0,4\n0,0\n",
    "raw/node-feat/paper/node_year.csv.gz": "2010\n2011\n2012\n2013\n",
    "raw/node-label/paper/node-label.csv.gz": "2\n0\n1\n0\n",
    "split/time/nodetype-has-split.csv.gz": "author,field_of_study,paper\nFalse,False,True\n",
    "split/time/paper/train.csv.gz": "2\n0\n",
    "split/time/paper/valid.csv.gz": "1\n",
    "split/time/paper/test.csv.gz": "3\n",
}


def made(folder, changes=()):
    """The folder of FILES; changes: {path: another text, or None to leave the file out}."""
    for name, text in {**FILES, **dict(changes)}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return folder


def test_a_small_folder(tmp_path):
    dataset = gs.load_dataset(made(tmp_path / "ogbn_tiny"))
    assert isinstance(dataset, gs.TypedDataset) and (dataset.name, dataset.target) == ("ogbn_tiny", "paper")
    assert dataset.num_nodes == {"author": 3, "field_of_study": 2, "paper": 4}
    writes, cites = ("author", "writes", "paper"), ("paper", "cites", "paper")
    assert list(dataset.graph.relations) == [writes, cites, ("paper", "rev_writes", "author"), ("paper", "rev_cites", "paper")]
    src, dst = dataset.graph.edges(writes)
    assert list(zip(src.tolist(), dst.tolist())) == [(0, 0), (1, 0), (1, 2), (1, 2), (2, 3)]
    assert dataset.graph.edge_ids[dataset.graph.span(writes)].tolist() == [0, 1, 2, 4, 3]
    assert dataset.features["paper"].tolist() == np.array([[0.5, -1e-3], [1, 2], [3, 4], [0, 0]], np.float32).tolist()
    assert dataset.features["author"].is_identity
    assert dataset.labels.tolist() == [2, 0, 1, 0]
    assert [dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()] == [[2, 0], [1], [3]]


def test_directions_names_and_a_path_of_a_file(tmp_path):
    folder = made(tmp_path / "a")
    assert [name for _, name, _ in read_ogb(folder, "x", directed=True).graph.relations] == ["writes", "cites"]
    assert read_ogb(folder, "x", class_names=list("abc")).class_names == ("a", "b", "c")
    for name in ("raw/num-node-dict.csv.gz", WRITES + "edge.csv.gz", "raw/node-label/paper/node-label.csv.gz"):
        assert gs.load_dataset(folder / name).name == "a"


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"raw/num-node-dict.csv.gz": "author,paper\n3,4\n3,4\n"}, "must hold a line of types and, as there must be one graph"),
        ({"raw/num-node-dict.csv.gz": "author,author\n3,4\n"}, "must hold a line of types and, as there must be one graph"),
        ({"raw/num-node-dict.csv.gz": "author,paper\n3\n"}, "must hold a line of types and, as there must be one graph"),
        ({"raw/num-node-dict.csv.gz": "author,paper\n3,-4\n"}, "one of their numbers of nodes; got '-4'"),
        ({"raw/num-node-dict.csv.gz": "..,paper\n3,4\n"}, "must name types as folders can be called; got '..'"),
        ({"raw/num-node-dict.csv.gz": "author,paper\n3,9999999999\n"}, "a graph of so many nodes would need 6"),
        ({"raw/num-node-dict.csv.gz": "paper\n4\n"}, "'author' in the relation ('author', 'writes', 'paper') is no type"),
        ({WRITES + "edge.csv.gz": "0,0\n"}, "edge.csv.gz must have 5 lines, it has 1"),
        ({WRITES + "edge.csv.gz": "0,0\n1,0\n1,2\n2,4\n1,2\n"}, "edges[('author', 'writes', 'paper')] dst[3] = 4"),
        ({WRITES + "num-edge-list.csv.gz": "2\n3\n"}, "must hold one number below 2^31, for there must be one graph"),
        ({WRITES + "num-edge-list.csv.gz": None}, "num-edge-list.csv.gz is missing"),
        ({"raw/relations/wrong/edge.csv.gz": ""}, "must hold folders SOURCE___NAME___DESTINATION, one a relation; got wrong"),
        ({name: None for name in FILES if "relations" in name}, "one a relation; got none"),
        ({"raw/node-feat/paper/node-feat.csv.gz": "1\n"}, "node-feat.csv.gz must have 4 lines, it has 1"),
        ({"raw/node-label/paper/node-label.csv.gz": None}, "must have labels of one type, TYPE/node-label.csv.gz; got none"),
        ({"raw/node-label/author/node-label.csv.gz": "1\n0\n1\n"}, "of one type, TYPE/node-label.csv.gz; got author, paper"),
        ({"split/time/paper/valid.csv.gz": None}, "valid.csv.gz is missing"),
        ({"split/time/paper/valid.csv.gz": "9\n"}, "val[0] = 9"),
        ({"split/random/paper/train.csv.gz": "0\n"}, "one folder, named by the split's rule; there are: random, time"),
    ],
)
def test_damaged_folders(changes, sentence, tmp_path):
    with pytest.raises(DatasetError) as caught:
        gs.load_dataset(made(tmp_path, changes))
    assert str(caught.value).startswith(str(tmp_path)) and sentence in str(caught.value)
