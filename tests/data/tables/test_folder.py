"""Tables of one's own: what is read, against a slow twin and by hand, and every sentence about what cannot be read."""

import csv
from dataclasses import replace

import naive_tables
import numpy as np
import pytest
from helpers.graphs import edges_by_id
from helpers.table_files import EDGES, NODES, as_parquet, write_tables
from hypothesis import HealthCheck, given, settings, strategies as st

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data import DatasetError
from graphsage.data.tables import columns as table_columns, table_files
from graphsage.data.tables.dates import date_of, dates_in
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.import_report import import_report
from graphsage.graph.features import SparseFeatures

pytest.importorskip("pyarrow")


def read(folder, **options):
    return read_folder(folder, progress=silent, **options)


def dense(dataset):
    return dataset.features.to_scipy().toarray() if isinstance(dataset.features, SparseFeatures) else dataset.features


def neighbours(graph, ids):
    """{id: {id: weight}}, the ids as Python has them."""
    weights = np.ones(graph.num_edges) if graph.weights is None else graph.weights
    rows = [zip(graph.neighbors(row).tolist(), weights[graph.indptr[row] : graph.indptr[row + 1]].tolist())
            for row in range(graph.num_nodes)]
    return {ids[row]: {ids[other]: weight for other, weight in found} for row, found in enumerate(rows)}


def ids_of(dataset):
    return list(range(dataset.num_nodes)) if dataset.node_ids is None else dataset.node_ids.tolist()


def check_against_twin(folder, **options):
    dataset, found = read(folder, **options)
    twin = naive_tables.read(folder, **options)
    ids = ids_of(dataset)
    assert ids == twin.ids
    assert neighbours(dataset.graph, ids) == twin.neighbours
    assert (found.edges["loops"], found.edges["repeats"]) == (twin.loops, twin.repeats)
    names = dataset.class_names
    labels = {ids[row]: names[label] for row, label in enumerate(dataset.labels) if label >= 0}
    assert labels == twin.labels
    if twin.splits:
        assert {ids[row]: part for part in ("train", "val", "test") for row in getattr(dataset, part)} == twin.splits
    blocks = [block for block in twin.columns.values() if block is not None]
    wanted = np.concatenate(blocks, axis=1) if blocks else np.eye(len(ids))
    np.testing.assert_allclose(dense(dataset), wanted, rtol=1e-5, atol=1e-6)
    assert found.columns == sorted(found.columns, key=lambda column: column.spec is None)
    return dataset, found


# ---- against the twin

TEXT = st.text(alphabet='ab "\',;\n\tÄß数-09', max_size=6)
NAMES = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=8, unique=True).map(lambda ids: [str(n) for n in ids]),
    st.lists(TEXT.map(lambda text: "x" + text.strip()), min_size=2, max_size=8, unique=True),
    st.lists(st.sampled_from([*"07a", "-3", "007", "+7", "0x10", "1e3", "-0", "00", str(2**63)]), min_size=2, unique=True),
)
CELL = st.one_of(st.just(""), st.sampled_from(["1", "2.5", "-3e2", ".5", "red", "blue", "a b", "A-b c", "b, a"]), TEXT)
COLUMN = st.one_of(
    st.lists(CELL, min_size=11, max_size=11),
    st.lists(st.sampled_from(["", "NA", "nan", "?", "-", "1", "-2.5", "+3", "4.", "1e2"]), min_size=11, max_size=11),
    st.lists(st.sampled_from(["", "red", "blue", "unknown", "NONE"]), min_size=11, max_size=11),
    st.lists(st.sampled_from(["", "NaT", "2024-01-31", "1969-12-31 23:00", "2024-02-29T10:00:30"]), min_size=11, max_size=11),
)


@st.composite
def tables(draw):
    """(rows of edges, rows of nodes or None, text options), each row a list of texts and the first the header."""
    ids = draw(NAMES)
    weighted = draw(st.booleans())
    ends = st.tuples(st.sampled_from(ids), st.sampled_from(ids), st.sampled_from(["0", "1", "0.25", "4e3"]))
    edges = [["source", "target", "weight"], *map(list, draw(st.lists(ends, min_size=1, max_size=20)))]
    edges = edges if weighted else [edge[:2] for edge in edges]
    if draw(st.booleans()):
        return edges, None
    columns = {"id": ids}
    kinds = [["", "1", "12", "-3"], ["", "b", "a", "007"], ["?", "-1", "2", "3"], ["NULL", "-1", "a", "-2"]]
    labels = draw(st.sampled_from(kinds))
    columns["label"] = draw(st.lists(st.sampled_from(labels), min_size=11, max_size=11))
    if draw(st.booleans()):
        parts = draw(st.lists(st.sampled_from(["", "train", "val", "test"]), min_size=11, max_size=11))
        none = naive_tables.labels_missing(columns["label"])
        columns["split"] = [part if label not in none else "" for part, label in zip(parts, columns["label"])]
    columns |= {f"c{number}": draw(COLUMN) for number in range(draw(st.integers(0, 3)))}
    names = draw(st.permutations(list(columns)))
    return edges, [names, *([columns[name][row] for name in names] for row in range(len(ids)))]


def written(rows, options, seed):
    """CSV text: quotes where needed (or everywhere), LF or CRLF, blank lines, a byte order mark."""
    quoting, end, blank, mark = options
    lines = []

    class File:
        write = staticmethod(lines.append)

    csv.writer(File, quoting=quoting, lineterminator=end).writerows(rows)
    if blank:
        lines.insert(1 + seed % len(lines), end)
    return ("\ufeff" if mark else "") + "".join(lines)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tables(),
    st.tuples(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from("\n \r\n".split(" ")), *2 * [st.booleans()]),
    st.integers(0, 99),
    st.booleans(),
)
def test_tables_are_read_as_by_the_twin(tmp_path_factory, made, options, seed, directed):
    edges, nodes = made
    nodes = nodes and [row for row in nodes if len(row) == 1 or any(row)]
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder, written(edges, options, seed), nodes and written(nodes, options, seed))
    try:
        check_against_twin(folder, directed=directed)
    except DatasetError as error:  # a few texts among many numbers, or numbers with a comma: the twin takes them for texts
        said = ("nearly all other lines have a", "a point in them, not a comma", "says that they mean a missing one", "too few")
        assert any(text in str(error) for text in said)


def test_parts_are_joined(tmp_path, monkeypatch):
    """Files of many parts: ids that turn out to be texts late, a line number far down."""
    monkeypatch.setattr(table_files, "BLOCK", 64)
    monkeypatch.setattr(table_files, "BLOCKS", 2)
    lines = [f"{i % 40},{(i * 7) % 40},{i % 5}" for i in range(200)]
    head = "source,target,weight\n"
    check_against_twin(write_tables(tmp_path / "a", head + "\n".join(lines), None))
    check_against_twin(write_tables(tmp_path / "b", head + "\n".join([*lines, "x,3,1", "007,y,2"]), None))
    with pytest.raises(DatasetError, match=r"edges.csv line 202: weight is -2: weights must be numbers >= 0$"):
        read(write_tables(tmp_path / "e", head + "\n".join([*lines, "3,4,-2"]), None))
    with pytest.raises(DatasetError, match=r"edges.csv line 203: weight is 1e\+300: weights must fit a float32$"):
        read(write_tables(tmp_path / "f", head + "\n".join([*lines, "3,4,2", "3,4,1e300"]), None))
    with pytest.raises(DatasetError, match=r"edges.csv line 202: weight is 'x', and must be a number$"):
        read(write_tables(tmp_path / "g", head + "\n".join([*lines, "3,4,x"]), None))
    with pytest.raises(DatasetError, match=r"edges.csv line 203: target is empty$"):
        read(write_tables(tmp_path / "c", head + "\n".join([*lines, "", "4,,1"]), None))
    nodes = "id,bio\n" + "\n".join(f"{i},{'word ' * (i % 3)}{i % 7}x" for i in range(40))
    monkeypatch.setattr(table_columns, "TEXTS_AT_ONCE", 7)
    check_against_twin(write_tables(tmp_path / "d", head + "\n".join(lines), nodes))


# ---- by hand


def test_everything_at_once(tmp_path):
    dataset, found = check_against_twin(write_tables(tmp_path / "mine"))
    assert dataset.name == "mine" and dataset.class_names == ("blue", "red")
    assert dataset.labels.tolist() == [1, 0, 1, -1, 0, 1]
    assert found.times == ("2024-01-01 00:00:00", "2024-02-01 00:00:00")
    assert found.edges == {"listed": 5, "loops": 1, "repeats": 1}
    assert [(column.name, column.spec["kind"], column.missing, column.unknown) for column in found.columns] == [
        ("age", "number", 2, 0), ("country", "category", 1, 0), ("bio", "words", 1, 1)
    ]
    assert dataset.graph.degrees.tolist() == [2, 1, 1, 1, 1, 0]
    assert dense(dataset).dtype == np.float32 and dataset.graph.weights.dtype == np.float32


def test_parquet_is_read_as_csv_is(tmp_path):
    csv_dataset, csv_found = read(write_tables(tmp_path / "one", features=np.arange(12.0).reshape(6, 2)))
    dataset, found = read(as_parquet(tmp_path / "one", tmp_path / "two"))
    assert dataset.schema == csv_dataset.schema and found.edges == csv_found.edges and found.times == csv_found.times
    assert np.array_equal(dense(dataset), dense(csv_dataset)) and np.array_equal(dataset.labels, csv_dataset.labels)
    assert neighbours(dataset.graph, ids_of(dataset)) == neighbours(csv_dataset.graph, ids_of(csv_dataset))
    assert dataset.features.shape == (6, 9)


def test_parquet_kinds(tmp_path):
    """Integers of all widths, flags, dates, dictionaries, NaN and null; rows are counted from 1."""
    import pyarrow as pa
    from pyarrow import parquet

    edges = pa.table({"source": pa.array([0, 2, 2], pa.int8()), "target": pa.array(["1", "0", "1"]).dictionary_encode()})
    columns = {
        "id": pa.array([2, 1, 0], pa.uint16()),
        "label": pa.array([1.5, None, float("nan")]),
        "flag": pa.array([True, True, None]),
        "size": pa.array([1.0, float("nan"), 3.0], pa.float32()),
    }
    parquet.write_table(edges, tmp_path / "edges.parquet")
    parquet.write_table(pa.table(columns), tmp_path / "nodes.parquet")
    dataset, found = read(tmp_path)
    assert dataset.node_ids.tolist() == [2, 1, 0] and dataset.graph.to_adjacency_dict() == {2: [1, 0], 1: [2, 0], 0: [2, 1]}
    assert dataset.task == "regression" and np.array_equal(dataset.labels, [[1.5], [np.nan], [np.nan]], equal_nan=True)
    assert [column.spec["kind"] for column in found.columns] == ["category", "number"]
    assert dense(dataset).tolist() == [[1, -1], [1, 0], [0, 1]]
    parquet.write_table(pa.table({"source": [0, 1], "target": [1, None]}), tmp_path / "edges.parquet")
    with pytest.raises(DatasetError, match=r"edges.parquet row 2: target is empty$"):
        read(tmp_path)
    large = pa.array([2**64 - 1, 1], pa.uint64())
    parquet.write_table(pa.table({"source": large, "target": [1, 1]}), tmp_path / "edges.parquet")
    with pytest.raises(DatasetError, match=r"edges.parquet row 1: source is '18446744073709551615', and nodes.parquet has"):
        read(tmp_path)
    parquet.write_table(pa.table({"source": [[0]], "target": [1]}), tmp_path / "edges.parquet")
    with pytest.raises(DatasetError, match=r"edges.parquet has a column of list<.*>: numbers, texts, dates and flags can be"):
        read(tmp_path)


def test_directed_edges_run_from_source_to_target(tmp_path):
    folder = write_tables(tmp_path, "source,target\n0,1\n1,0\n0,2\n0,2\n2,2\n", None)
    dataset, found = read(folder, directed=True)
    assert dataset.graph.to_adjacency_dict() == {0: [1], 1: [0], 2: [0]}
    assert found.edges == {"listed": 5, "loops": 1, "repeats": 1} and dataset.schema["directed"] is True
    assert read(folder)[0].graph.to_adjacency_dict() == {0: [1, 2], 1: [0], 2: [0]}


def test_edges_alone_make_a_graph_of_those_they_name(tmp_path):
    dataset, _ = read(write_tables(tmp_path, "source,target\nb,a\n9,9\n", None))
    assert dataset.node_ids.tolist() == ["9", "a", "b"] and dataset.graph.degrees.tolist() == [0, 1, 1]
    assert dataset.labels.tolist() == [-1] * 3 and dense(dataset).tolist() == np.eye(3).tolist()


def test_an_array_alone_names_the_nodes(tmp_path):
    rows = np.arange(8, dtype=np.float32).reshape(4, 2)
    dataset, _ = read(write_tables(tmp_path, "source,target\n3,1\n", None, rows))
    assert dataset.node_ids is None and dataset.num_nodes == 4 and np.array_equal(dataset.features, rows)
    assert not dataset.features.flags.owndata and isinstance(dataset.features.base, np.ndarray)


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", ">f4", "<i4", "|u1", "|b1"])
def test_arrays_of_any_numbers(tmp_path, kind):
    rows = np.array([[0, 1], [2, 3], [1, 0], [0, 0], [1, 1], [5, 5]]).astype(kind)
    dataset, _ = read(write_tables(tmp_path, "source,target\n3,1\n", None, np.asfortranarray(rows)))
    assert dataset.features.dtype == np.float32 and np.array_equal(dataset.features, rows.astype(np.float32))


def test_labels_that_are_numbers_are_targets(tmp_path):
    dataset, _ = read(write_tables(tmp_path, "source,target\na,b\n", "id,label\na,1.0\nb,\nc,-2e1\n"))
    assert dataset.task == "regression" and dataset.schema["label"] == {"column": "label", "task": "regression"}
    assert np.array_equal(dataset.labels, [[1], [np.nan], [-20]], equal_nan=True)


def test_several_labels_a_node(tmp_path):
    nodes = "id,labels,split\na,x; y,train\nb,,\nc,;,val\nd,y;y,test\n"
    dataset, _ = read(write_tables(tmp_path, "source,target\na,b\n", nodes))
    assert dataset.task == "multilabel" and dataset.class_names == ("x", "y")
    assert dataset.labels.tolist() == [[1, 1], [-1, -1], [0, 0], [0, 1]]
    assert [getattr(dataset, part).tolist() for part in ("train", "val", "test")] == [[0], [2], [3]]


@pytest.mark.parametrize("texts", [["2.7", "3.10", "beta"], [*map(str, range(30)), "other"]])
def test_classes_may_look_like_numbers(tmp_path, texts):
    """Where more than a few do not, or none has a point."""
    rows = "".join(f"{row},{text}\n" for row, text in enumerate(texts))
    dataset, _ = read(write_tables(tmp_path, "source,target\n0,1\n", f"id,label\n{rows}"))
    assert dataset.task == "multiclass" and dataset.num_classes == len(texts)


@pytest.mark.parametrize("texts", [["1,2,3", "4,5", "6,7,8"], ["a,1", "b,2", "1,5"], ["5", "6", "red"]])
def test_lists_and_texts_are_no_numbers_with_a_comma(tmp_path, texts):
    rows = "".join(f'{row},"{text}","{text}"\n' for row, text in enumerate(texts))
    dataset, _ = read(write_tables(tmp_path, "source,target\n0,1\n", f"id,label,x\n{rows}"))
    assert dataset.class_names == tuple(sorted(texts))


def test_integer_classes_are_ordered_as_numbers(tmp_path):
    dataset, _ = read(write_tables(tmp_path, "source,target\na,b\n", "id,label\na,10\nb,9\nc,-2\nd,\n"))
    assert dataset.class_names == ("-2", "9", "10") and dataset.labels.tolist() == [2, 1, 0, -1]


def test_columns_without_use_are_told(tmp_path):
    nodes = "id,empty,note,na\n" + "".join(f"{i},,only{i},NA\n" for i in range(4))
    dataset, found = read(write_tables(tmp_path, "source,target,colour\n0,1,red\n", nodes))
    notes = {column.name: column.note for column in found.columns}
    assert notes == {"empty": "no node has a value", "note": "no word occurs at two nodes", "na": "no node has a number"}
    assert found.unused == ("colour",) and dataset.num_features == 4


DAYS = {
    "2024-05-31": 0, "2024-06-01 12": 1.5, "2024-05-31T06:00": 0.25, "2024-05-31 00:00:21.6": 0.00025, "2024-05-31T12:00Z": 0.5,
    "2024-05-31T12:00+02:00": 10 / 24, "2024-05-31 12:00:00-0200": 14 / 24, "2024-05-31 00:00:00.864000123": 1e-5,
    "2024/06/01": 1, "2024/05/31 12:00": 0.5,
}


def test_dates_are_numbers_of_days():
    import pyarrow as pa

    texts = [*DAYS, None, "NaT", "31.05.2024", "2024-02-30", "2023-02-29", "2024-05-31 25:00", "2024-05-31+02:00", "7", "soon"]
    days, wrong = dates_in(pa.array(texts, pa.large_string()))
    assert days[: len(DAYS)].to_numpy() - 19874 == pytest.approx([*DAYS.values()], abs=1e-10)
    assert days.null_count == len(texts) - len(DAYS) and wrong.tolist() == [False] * (len(DAYS) + 2) + [True] * 7
    assert date_of(-1.5) == "1969-12-30 12:00:00"
    ends = pa.array(["0001-01-01", "9999-12-31"], pa.large_string())
    assert [date_of(day.as_py()) for day in dates_in(ends)[0]] == ["0001-01-01 00:00:00", "9999-12-31 00:00:00"]


def test_dates_in_parquet(tmp_path):
    """Days and times of any unit and zone are the same numbers, and among edges the same times."""
    import pyarrow as pa
    from pyarrow import parquet

    times = [pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")]
    kinds = [pa.date32(), pa.date64(), *times, pa.timestamp("ns", "Asia/Tokyo")]
    days = pa.array([0, 86_400 * 365, None, 86_400 * 730]).cast(pa.timestamp("s"))
    nodes = {"id": range(4), **{f"c{number}": days.cast(kind) for number, kind in enumerate(kinds)}}
    parquet.write_table(pa.table(nodes), tmp_path / "nodes.parquet")
    for kind in kinds:
        edges = pa.table({"source": [0, 1], "target": [1, 2], "time": days.cast(kind).take([0, 3])})
        parquet.write_table(edges, tmp_path / "edges.parquet")
        dataset, found = read(tmp_path)
        assert found.times == ("1970-01-01 00:00:00", "1972-01-01 00:00:00")
    assert [spec["kind"] for spec in dataset.schema["columns"]] == ["date"] * len(kinds)
    assert {tuple(row) for row in dense(dataset).T.tolist()} == {(-np.float32(1.5**0.5), 0, 0, np.float32(1.5**0.5))}
    assert "mean 1971-01-01 00:00:00, deviation 298 days; 1 missing (25.0%): the mean\n" in import_report(dataset, found)


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "Unnamed: 0.1", "__index_level_0__"])
def test_row_numbers_of_pandas_are_no_feature(tmp_path, name):
    """They tell the order in the file; what only looks alike is a feature."""
    nodes = f"{name},id,Unnamed: 0 m,size\n" + "".join(f"{i},{i},{i},{i * i}\n" for i in range(4))
    dataset, found = read(write_tables(tmp_path, f"{name},source,target\n0,0,1\n", nodes))
    assert [(column.name, column.spec is None) for column in found.columns] == [
        ("Unnamed: 0 m", False), ("size", False), (name, True)
    ]
    assert dataset.num_features == 2 and found.unused == (name,)
    report = import_report(dataset, found)
    assert f"  {name or '(without a name)':24} left out: it looks like row numbers that pandas wrote\n" in report
    assert f"  not used: {name or '(without a name)'}" in report
    grown, found = read(tmp_path, schema=dataset.schema)
    assert np.array_equal(dense(grown), dense(dataset)) and found.unused == (name, name)


def test_columns_of_numbers_and_dates_are_parsed_once(tmp_path, monkeypatch):
    """x is tried as numbers, y and the words in z as numbers and as dates; nothing is tried again to be encoded."""
    tried = []
    for kind, parse in table_columns.PARSED.items():
        counted = lambda column, kind=kind, parse=parse: (tried.append(kind), parse(column))[1]  # noqa: E731
        monkeypatch.setitem(table_columns.PARSED, kind, counted)
    nodes = "id,x,y,z\n0,1,2024-01-01,a b\n1,NA,2024-01-03,b c\n2,4,,c d\n"
    dataset, found = read(write_tables(tmp_path, "source,target\n0,1\n", nodes))
    assert tried == ["number", "number", "date", "number", "date"]
    assert dense(dataset)[:, :2].tolist() == [[-1, -1], [0, 1], [1, 0]]
    assert [(column.name, column.missing) for column in found.columns] == [("x", 1), ("y", 1), ("z", 0)]


def test_a_constant_is_no_division_by_zero(tmp_path):
    dataset, _ = read(write_tables(tmp_path, "source,target\n0,1\n", "id,x\n0,5\n1,5\n"))
    assert dense(dataset).tolist() == [[0], [0]]


def test_a_vocabulary_is_limited_to_the_most_frequent(tmp_path):
    nodes = 'id,bio\n0,"a b c"\n1,"B c"\n2,"c, d!"\n3,"c a b"\n'
    reading = replace(TABLE_DEFAULTS, words=2)
    dataset, found = read(write_tables(tmp_path, "source,target\n0,1\n", nodes), reading=reading)
    assert dataset.schema["columns"][0]["words"] == ["b", "c"] and found.columns[0].note == "of 4"
    assert dense(dataset).tolist() == [[0.5, 0.5], [0.5, 0.5], [0, 1], [0.5, 0.5]]


def test_weights_of_repeated_edges_are_the_first(tmp_path):
    text = "source,target,weight\n0,1,1\n1,0,2\n2,1,3\n1,2,4\n1,2,5\n"
    dataset, _ = read(write_tables(tmp_path, text, None))
    assert neighbours(dataset.graph, range(3)) == {0: {1: 1}, 1: {0: 1, 2: 3}, 2: {1: 3}}


def test_an_edge_id_is_a_row_of_the_table(tmp_path):
    """Line id + 2 of edges.csv: row 1 turns row 0 round, row 2 is a loop, row 4 repeats row 3; ids of nodes are sorted."""
    text = "source,target,weight\n9,4,1\n4,9,2\n9,9,3\n9,6,4\n9,6,5\n6,4,6\n"
    graph = read(write_tables(tmp_path, text, None))[0].graph
    assert edges_by_id(graph) == {0: (2, 0), 3: (2, 1), 5: (1, 0)} and graph.node_ids.tolist() == [4, 6, 9]
    assert graph.weights.tolist() == (graph.edge_ids + 1).tolist()
    directed = read(tmp_path, directed=True)[0].graph
    assert edges_by_id(directed) == {0: (2, 0), 1: (0, 2), 3: (2, 1), 5: (1, 0)} and directed.edge_reversed is None
    many = write_tables(tmp_path / "many", "source,target\n" + "".join(f"{i},{i + 1}\n" for i in range(50)), None)
    assert edges_by_id(read(many)[0].graph) == {i: (i, i + 1) for i in range(50)}


# ---- sentences

E, N = "source,target\n0,1\n1,2\n", "id,label\n0,x\n1,y\n2,x\n"
COMMA = "and numbers have a point in them, not a comma"
MANY = "".join(f"{i},{i}.5\n" for i in range(30))
SENTENCES = [
    ("source,target\n0,1\n\n1,\n", None, r"edges.csv line 4: target is empty"),
    ("source,target\n,1\n", None, r"edges.csv line 2: source is empty"),
    ('source,target,x\n0,1,"a\nb"\n" ",2,\n', None, r"edges.csv line 4: source is empty"),
    ("source,target\n0,1,2\n", None, r"edges.csv line 2: 3 columns, and the first line names 2"),
    ("source,target\n0,1\n5\n", None, r"edges.csv line 3: 1 columns, and the first line names 2"),
    ("one,two\n0,1\n", None, r"edges.csv has no column 'source', only one, two: the first line must name them, with commas"),
    ("source;target\n0;1\n", None, r"edges.csv has no column 'source', only source;target: .*commas between, not semicolons$"),
    ("source\ttarget\n0\t1\n", None, r"edges.csv has no column 'source', only source target: .*commas between, not tabs$"),
    ("source,target,target\n0,1,2\n", None, r"edges.csv has two columns 'target': each needs a name of its own"),
    ("", None, r"edges.csv is empty: its first line must name the columns"),
    ("\n\n", None, r"edges.csv is empty: its first line must name the columns"),
    ("source,target\n", None, r"edges.csv lists no edge: there is a first line with the columns' names, and nothing below"),
    (b"source,target\n0,1\n0,\xe9\n", None, r"edges.csv line 3: the text is not UTF-8 \(byte 3 of the line is 0xe9\): save"),
    ("source,target\n0,1\n".encode("utf-16"), None, r"edges.csv line 1: the text is not UTF-8 \(byte 1 of the line is 0xff\)"),
    ('source,target\n0,1\n0,"2\n3,4\n5,6', None, r"edges.csv line 3: a quote is opened and not closed again"),
    ('source,target\n0,"1\n' + "0,1\n" * 50_000, None, r"edges.csv line 2: field larger than field limit .* \(is a quote not"),
    ('source,target,x\n0,"1,\n0,2,\n', None, r"edges.csv line 2: 2 columns, and the first line names 3"),
    ("source,target,weight\n0,1,-2\n", None, r"edges.csv line 2: weight is -2: weights must be numbers >= 0"),
    ("source,target,weight\n0,1,nan\n", None, r"edges.csv line 2: weight is empty: weights must be numbers >= 0"),
    ("source,target,weight\n0,1,1\n0,2,\n", None, r"edges.csv line 3: weight is empty: weights must be numbers >= 0"),
    ("source,target,weight\n0,1,1\n0,2,much\n", None, r"edges.csv line 3: weight is 'much', and must be a number"),
    ("source,target,weight\n0,1,inf\n", None, r"edges.csv line 2: weight is infinite: numbers must be finite"),
    ("source,target,weight\n0,1,1e300\n", None, r"edges.csv line 2: weight is 1e\+300: weights must fit a float32"),
    ("source,target,time\n0,1,3\n0,2,then\n", None, r"edges.csv line 3: time is 'then', and must be a number"),
    ("source,target,time\n0,1,2024-01-01\n0,2,then\n", None, r"edges.csv line 3: time is 'then', and must be a number or a"),
    ("source,target,time\n0,1,3\n0,2,\n", None, r"edges.csv line 3: time is empty"),
    ("source,target\n0,7\n", N, r"edges.csv line 2: target is 7, and nodes.csv has no such id"),
    ("source,target\n0,1\nx,1\n", N, r"edges.csv line 3: source is 'x', and nodes.csv has no such id"),
    ("source,target\n0,1\n00,1\n", N, r"edges.csv line 3: source is '00', and nodes.csv has no such id"),
    (E, "id,label\n0,x\n1,y\n\n2,z\n1,x\n", r"nodes.csv line 6: id 1 is listed before, in line 3: each node once"),
    (E, "id\n0\na\na\n", r"nodes.csv line 4: id 'a' is listed before, in line 3: each node once"),
    (E, "id,label\n0,x\n,y\n", r"nodes.csv line 3: id is empty"),
    (E, "id,label\n", r"nodes.csv lists no node: there is a first line with the columns' names, and nothing below"),
    (E, "title,label\n0,x\n", r"nodes.csv has no column 'id', only title, label: the first line must name them"),
    (E, "", r"nodes.csv is empty: its first line must name the columns"),
    (E, "id,split,label\n0,night,x\n1,,\n2,,\n", r"nodes.csv line 2: split is 'night', and must be train, val, test or"),
    (E, "id,split,label\n0,,x\n1,val,\n2,,\n", r"nodes.csv line 3: split is val, and the node has no label: leave one of the"),
    (E, "id,label,labels\n0,x,y\n", r"nodes.csv has the columns label and labels: keep label where a node has one class"),
    (E, f"id,x\n{MANY}30,old\n", r"nodes.csv line 32: x is 'old', and nearly all other lines have a number there: write one"),
    (E, "id,x\n" + "".join(f"{i},2024-01-0{i + 1}\n" for i in range(9)) + "9,2024-02-30\n",
     r"nodes.csv line 11: x is '2024-02-30', and nearly all other lines have a date there: write one, or leave it empty"),
    ("source,target,time\n0,1,2024-01-01\n0,2,2024-13-01\n", None, r"line 3: time is '2024-13-01', and must be a number or a"),
    (E, f"id,label\n{MANY}30,unsure\n", r"nodes.csv line 32: label is 'unsure', and nearly all other lines have a number"),
    (E, f"id,x\n{MANY}30,inf\n", r"nodes.csv line 32: x is infinite: numbers must be finite"),
    (E, f"id,x\n{MANY}30,1e308\n31,-1e308\n", r"nodes.csv: x has numbers up to 1e\+308, which are too large to be averaged"),
    (E, 'id,label\n0,5\n1,"-1,34"\n2,n/a\n3,"7,25"\n', rf"nodes.csv line 3: label is '-1,34', {COMMA} \(and what is a list"),
    (E, 'id,x\n0,\n1,"1,5e3"\n2,4\n', rf"nodes.csv line 3: x is '1,5e3', {COMMA}"),
    (E, 'id,x\n0,"1.234,50"\n1,old\n2,"7,"\n3,",5"\n4,"0,5"\n', rf"nodes.csv line 2: x is '1.234,50', {COMMA}"),
    (E, "id,label\n0,1.5\n1,1e99\n2,\n", r"nodes.csv line 3: label is '1e99', and must fit a float32"),
]


@pytest.mark.parametrize("edges, nodes, sentence", SENTENCES)
def test_a_bad_file_is_named_with_its_line(tmp_path, edges, nodes, sentence):
    with pytest.raises(DatasetError, match=sentence) as caught:
        read(write_tables(tmp_path, edges, nodes))
    assert str(caught.value).startswith(str(tmp_path)) and "\n" not in str(caught.value)


ARRAYS = [
    (np.ones((2, 2)), N, r"features.npy must have a row for each of the 3 nodes of nodes.csv, it has 2"),
    (np.ones((2, 2)), None, r"edges.csv line 3: target is 2, and features.npy has rows for the nodes 0 to 1 "),
    (np.ones(3), N, r"features.npy: features must have shape \[nodes, features >= 1\], got \(3,\)"),
    (np.array([[1.0], [np.nan], [2]]), N, r"features.npy: features must be finite, got features\[1, 0\] = nan"),
    (np.array([["a"], ["b"], ["c"]]), N, r"features.npy: features.npy must hold plain numbers, not '<U1'"),
    (np.array([[None], [1], [2]], object), N, r"features.npy must hold plain numbers, not '\|O': object arrays are pickles"),
]


@pytest.mark.parametrize("array, nodes, sentence", ARRAYS)
def test_a_bad_array_is_named(tmp_path, array, nodes, sentence):
    with pytest.raises(DatasetError, match=sentence):
        read(write_tables(tmp_path, E, nodes, array))


def test_a_cut_array_is_named(tmp_path):
    write_tables(tmp_path, E, N, np.ones((3, 4)))
    data = (tmp_path / "features.npy").read_bytes()
    (tmp_path / "features.npy").write_bytes(data[:-8])
    with pytest.raises(DatasetError, match=r"features.npy must have 96 bytes for float64 \(3, 4\), it has 88"):
        read(tmp_path)


def test_two_files_of_one_table_are_too_many(tmp_path):
    as_parquet(write_tables(tmp_path), tmp_path)
    with pytest.raises(DatasetError, match=r"holds edges.csv and edges.parquet: keep one of them"):
        read(tmp_path)


def test_a_folder_without_edges(tmp_path):
    with pytest.raises(DatasetError, match=r"has neither edges.csv nor edges.parquet"):
        read(write_tables(tmp_path, None, NODES))


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(table_files, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"needs pyarrow, which is not installed: pip install 'graphsage\[tabular\]'"):
        read(write_tables(tmp_path, EDGES))
