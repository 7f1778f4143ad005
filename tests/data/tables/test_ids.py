"""One id, one node: whatever a table, an array or a command line writes for it; what may be another id is refused by line."""

import numpy as np
import pytest
from helpers.table_files import write_tables
from hypothesis import assume, given, strategies as st

from graphsage.base.id_rule import id_of, twins
from graphsage.base.progress import silent
from graphsage.data import DatasetError, load_dataset
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.ids import as_texts, ids_in
from graphsage.data.tables.table_files import table_at

pa = pytest.importorskip("pyarrow")


def read(folder, **options):
    return read_folder(folder, progress=silent, **options)


def neighbours(dataset):
    """{id: sorted ids of its neighbours}."""
    return {name: sorted(found) for name, found in dataset.graph.to_adjacency_dict().items()}


TRIANGLE = {1: [2, 3], 2: [1, 3], 3: [1, 2]}


@pytest.mark.parametrize("edges", [
    "source,target\n1,2\n2,3\n3,1\n",
    "source,target\n1,2.0\n2,3.0\n3,1.0\n",
    "source,target\n1.0,2\n2.00,3\n3.0,1\n",
    "source,target\n 1 ,2\t\n\t2,3\n3 , 1\n",
    'source,target\n"1",2\n"2","3"\n3,"1"\n',
    'source,target\n1, "2"\n2, "3"\n3, "1"\n', "source,target\n'1',2\n2,'3.0'\n3,\" '1' \"\n",
    "source,target\n\ufeff1,2\u200b\n2,\u200d3\n3, \u2060 1\n",
    "\ufeffsource,target\r\n1,2\r\n2,3.0\r\n3,1\r\n",
    "source,target\n1,2e+00\n2e+00,3\n3.0e+00,1\n",
    "source,target\n1\u00a0,2\n2,\u20033\n3,1\n",
])
@pytest.mark.parametrize("nodes", [None, "id\n1\n2\n3\n", "id\n1.0\n2.0\n3.0\n", 'id,x\n" 1",a\n"2 ",\n3.0,b\n'])
def test_the_same_ids_however_they_are_written(tmp_path, edges, nodes):
    dataset, _ = read(write_tables(tmp_path, edges, nodes))
    assert neighbours(dataset) == TRIANGLE and dataset.node_ids.dtype == np.int64


def test_what_was_taken_for_an_integer_is_told(tmp_path):
    _, found = read(write_tables(tmp_path, "source,target\n1,2.0\n2.0,1\n", "id\n1.0\n2.0\n"))
    assert found.notes == ["edges.csv: source has whole numbers written as 2.0: taken for the integer 2",
                           "edges.csv: target has whole numbers written as 2.0: taken for the integer 2",
                           "nodes.csv: id has whole numbers written as 1.0: taken for the integer 1"]


def test_among_texts_a_number_is_one_too(tmp_path):
    """Ids are texts where one is, and 7, 7.0 and "7" are still one of them; 007 and 7.50 are others."""
    text = "source,target\nann,7\n7.0,bob\nann,007\n7.50,ann\n07.0,ann\n"
    dataset, _ = read(write_tables(tmp_path, text, None))
    assert neighbours(dataset) == {"ann": ["007", "07.0", "7", "7.50"], "bob": ["7"], "007": ["ann"], "7": ["ann", "bob"],
                                   "7.50": ["ann"], "07.0": ["ann"]}


PARQUET = {
    "floats": (pa.array([1.0, 2.0, 3.0]), pa.array([2, 3, 1])),
    "float32": (pa.array([1.0, 2.0, 3.0], pa.float32()), pa.array([2, 3, 1], pa.int8())),
    "halffloat": (pa.array(np.array([1, 2, 3], np.float16)), pa.array([2, 3, 1], pa.uint64())),
    "texts of floats": (pa.array(["1.0", "2.0", "3.0"]), pa.array([2, 3, 1])),
    "decimals": (pa.array([1, 2, 3]).cast(pa.decimal128(21, 2)), pa.array(["2 ", " 3", "1"])),
    "categories": (pa.array(["1", "2", "3"]).dictionary_encode(), pa.array([2, 3, 1]).dictionary_encode()),
    "bytes": (pa.array([b"1", b"2", b"3"]), pa.array([2.0, 3.0, 1.0])),
}


@pytest.mark.parametrize("ends", PARQUET.values(), ids=PARQUET.keys())
@pytest.mark.parametrize("with_nodes", [False, True])
def test_columns_of_parquet_files_are_the_same_ids(tmp_path, ends, with_nodes):
    from pyarrow import parquet

    parquet.write_table(pa.table(dict(zip(("source", "target"), ends))), tmp_path / "edges.parquet")
    if with_nodes:
        parquet.write_table(pa.table({"id": ends[0]}), tmp_path / "nodes.parquet")
    assert neighbours(read(tmp_path)[0]) == TRIANGLE


LOST = r"ids must be integers or texts \(a float may have lost digits\)"


@pytest.mark.parametrize("edges, nodes, sentence", [
    ("source,target\n1,2\n1,9007199254740992.0\n", None, rf"edges.csv line 3: target is '9007199254740992.0': {LOST}"),
    ("source,target\n1,1e+16\n", None, rf"edges.csv line 2: target is '1e\+16': {LOST}"),
    ("source,target\n1,1.23E+11\n", None, rf"edges.csv line 2: target is '1.23E\+11': {LOST}"),
    ("source,target\n1,2\n", "id\n1\n2.5E+00\n2\n-1e+300\n", rf"nodes.csv line 5: id is '-1e\+300': {LOST}"),
    ("source,target\n1,2\n2,\u200b\n", None, r"edges.csv line 3: target is empty"),
    ("source,target\n1,2\n2,''\n", None, r"edges.csv line 3: target is empty"),
    ("source,target\n1,2\n2,nan\n", None, r"edges.csv line 3: target is 'nan', and all others are integers"),
    ("source,target\n1,2\n\\N,3\n", None, r"edges.csv line 3: source is .*N', and all others are integers"),
    ("source,target\n1,2\n3,?\n", None, r"edges.csv line 3: target is '\?', and all others are integers"),
    ("source,target\n1,2\n3,UNKNOWN\n", None, "edges.csv line 3: target is 'UNKNOWN', and all others are integers"),
    ("source,target\n<NA>,2.0\n2,1\n", None, r"edges.csv line 2: source is '<NA>', and all others are integers"),
    ("source,target\n1,2\n", "id\n1\nNone\n2\n", r"nodes.csv line 3: id is 'None', and all others are integers"),
    ("source,target\n1,2\n", "id\n1\n2\n1.0\n", r"nodes.csv line 4: id 1 is listed before, in line 2: each node once"),
    ("source,target\n1,2\n", 'id\n1\n2\n"2 "\n', r"nodes.csv line 4: id 2 is listed before, in line 3: each node once"),
])
def test_an_id_that_may_be_another_is_refused_by_line(tmp_path, edges, nodes, sentence):
    with pytest.raises(DatasetError, match=sentence):
        read(write_tables(tmp_path, edges, nodes))


@pytest.mark.parametrize("kind, value, shown", [
    (pa.float64(), 2.0**53, "9007199254740992.0"), (pa.float32(), 2.0**24, "16777216.0"), (pa.float16(), 2.0**11, "2048.0"),
    (pa.float64(), 1.5, "1.5"), (pa.float32(), np.inf, "inf"),
])
def test_a_float_that_may_have_been_another_integer_is_refused(tmp_path, kind, value, shown):
    from pyarrow import parquet

    target = pa.array(np.array([1, value], kind.to_pandas_dtype()))
    parquet.write_table(pa.table({"source": [0, 1], "target": target}), tmp_path / "edges.parquet")
    with pytest.raises(DatasetError, match=rf"edges.parquet row 2: target is {shown}: {LOST}"):
        read(tmp_path)


def test_a_text_that_stands_for_nothing_is_a_name_among_names(tmp_path):
    """NA is a country, and None a family's name."""
    dataset, _ = read(write_tables(tmp_path, "source,target\nNA,DE\nDE,None\n", None))
    assert dataset.node_ids.tolist() == ["DE", "NA", "None"]


# ---- one rule for tables and for Python

SPELLINGS = st.one_of(
    st.integers(-10, 10).map(str), st.integers(-10, 10).map(lambda n: f"{n}.0"), st.integers(0, 9).map(lambda n: f"{n}e+02"),
    st.text(alphabet="0123+-.eE a\u200b\ufeff'\"", max_size=6), st.integers(-(2**70), 2**70).map(str),
)


@given(st.lists(SPELLINGS.map(str.strip).filter(bool), min_size=1, max_size=8))
def test_a_column_follows_the_rule_of_single_ids(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("ids")
    table = table_at(write_tables(folder, "source,target\n0,1\n", None) / "edges.csv")
    try:
        wanted = [str(id_of(text)) for text in texts]
        assume(all(wanted))
    except ValueError:
        with pytest.raises(DatasetError, match="may have lost digits"):
            ids_in(table, 0, "source", pa.array(texts, pa.large_string()))
    else:
        assert as_texts(ids_in(table, 0, "source", pa.array(texts, pa.large_string()))).to_pylist() == wanted


@pytest.mark.parametrize("value, wanted", [
    (7, 7), (np.int32(7), 7), (np.uint64(2**63), 2**63), (7.0, 7), (np.float32(7), 7), (np.float16(7), 7), ("7", 7),
    (" 7\n", 7), ("7.00", 7), ("-7.0", -7), ("-0.0", 0), ("7e+02", 700), ("1.5e+01", 15), ("007", "007"), ("+7", "+7"),
    ("7.5", "7.5"), ("1.5e+00", "1.5e+00"), ("7e2", "7e2"), ("7.", "7."), ("", ""), (" a b ", "a b"), (7.5, 7.5), (True, True),
    ((7, "7"), (7, "7")), (None, None), ("'7'", 7), ('" a "', "a"), ("'a\nb'", "a\nb"), ("it's", "it's"), ("\u200b7\ufeff", 7),
])
def test_what_is_one_id(value, wanted):
    assert (id_of(value), type(id_of(value))) == (wanted, type(wanted))


def test_twins_are_two_spellings_and_not_two_equal_names():
    assert twins([1, 2, "a", (1,), ("1",), True, None, 0.5, "0.5"]) is None and twins([3, 3]) is None
    assert twins(["a", 2, "2.0"]) == (2, "2.0") and twins([" x", "x"]) == (" x", "x")


def test_a_grown_graph_names_its_old_nodes_in_another_way(tmp_path):
    """Tables that are read by a schema follow the same rule: the model knows nodes by the column, not by its spelling."""
    nodes = "id,label,x\n1,a,0.5\n2,b,1.5\n3,a,2.5\n"
    schema = load_dataset(write_tables(tmp_path / "one", "source,target\n1,2\n2,3\n", nodes), progress=False).schema
    grown = write_tables(tmp_path / "two", "source,target\n1.0,2.0\n2.0,3.0\n3.0,4.0\n", nodes + "4.0,,3.5\n")
    assert load_dataset(grown, schema=schema, progress=False).node_ids.tolist() == [1, 2, 3, 4]
