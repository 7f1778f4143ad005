"""Tables of pairs: ids become rows, and what is wrong is told with its line."""

import gzip
from types import SimpleNamespace

import numpy as np
import pytest

from graphsage.data import DatasetError
from graphsage.data.tables.pairs import read_pairs

pytest.importorskip("pyarrow")

NAMED = SimpleNamespace(name="mine", num_nodes=4, node_ids=np.array(["ann", "bob", "c, x", "007"], object))
NUMBERED = SimpleNamespace(name="mine", num_nodes=4, node_ids=np.array([10, 30, 20, 7]))
PLAIN = SimpleNamespace(name=None, num_nodes=4, node_ids=None)
FOUND = [[0, 1], [2, 0], [0, 1]]


def written(tmp_path, text, name="pairs.csv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name, text", [
    ("pairs.csv", 'source,target\nann,bob\n"c, x",ann\nann,bob\n'),
    ("pairs.csv", 'From,more,To\n ann,1,bob\n"c, x",2,ann\nann,,bob\n'),
    ("pairs.csv.gz", 'source,target\nann,bob\n"c, x",ann\nann,bob\n'),
    ("pairs.tsv", "src\tdst\nann\tbob\nc, x\tann\nann\tbob\n"),
])  # fmt: skip
def test_pairs_keep_their_order_and_repeats(name, text, tmp_path):
    found = read_pairs(written(tmp_path, text, name), NAMED)
    assert found.dtype == np.int64 and found.tolist() == FOUND


@pytest.mark.parametrize("text", ["user_id,item\nann,30\nbob,10\n", "item,user\n30,ann\n10,bob\n"])
def test_of_two_types_columns_are_called_as_these_are(text, tmp_path):
    names = {"user": NAMED.node_ids, "item": NUMBERED.node_ids}
    typed = SimpleNamespace(name="mine", num_nodes={"user": 4, "item": 4}, node_ids=names)
    assert read_pairs(written(tmp_path, text), typed, ends=("user", "item")).tolist() == [[0, 1], [1, 0]]


def test_ids_that_are_numbers(tmp_path):
    path = written(tmp_path, "10,30\n20,10\n10,30\n")
    assert read_pairs(path, NUMBERED).tolist() == FOUND
    assert read_pairs(written(tmp_path, "source,target\n10.0,30\n20,10\n10,30\n"), NUMBERED).tolist() == FOUND
    assert read_pairs(written(tmp_path, "0,1\n2,0\n0,1\n"), PLAIN).tolist() == FOUND


def test_parquet(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"u": [10, 20, 10], "v": [30, 10, 30]}), tmp_path / "pairs.parquet")
    assert read_pairs(tmp_path / "pairs.parquet", NUMBERED).tolist() == FOUND


@pytest.mark.parametrize("dataset, text, sentence", [
    (NAMED, "source,target\nann,bob\nann,eve\n", "line 3: target is 'eve', which is not a node of mine: leave the pair out"),
    (NAMED, "source,target\nann,7\nzoe,eve\n", r"line 2: target is '7', which is not .* \(2 of 2 pairs name such an id\): "),
    (NUMBERED, "source,target\n10,30\n10,31\n", "line 3: target is 31, which is not a node of mine"),
    (PLAIN, "0,1\n0,4\n", "line 2: target is 4, which is not a node of the dataset"),
    (PLAIN, "0,1\n-1,2\n", "line 2: source is -1, which is not a node of the dataset"),
    (NAMED, "source,target\nann,\n", "line 2: target is empty"),
    (NAMED, "source\nann\n", "has no column 'source', only source|has no column 'target', only source"),
    (NAMED, "ann\nbob\n", "has no column 'source', only ann"),
    (PLAIN, "0\n1\n", "has no column 'source', only 0"),
    (NAMED, "source,target\n", "lists no pair: there is a first line with the columns' names, and nothing below"),
    (NAMED, "", "is empty"),
    (NAMED, "source,target\nann,bob,eve\n", "line 2"),
])  # fmt: skip
def test_anything_else_is_refused(dataset, text, sentence, tmp_path):
    with pytest.raises(DatasetError, match=sentence) as error:
        read_pairs(written(tmp_path, text), dataset)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read: it is no file"):
        read_pairs(tmp_path / "none.csv", NAMED)
