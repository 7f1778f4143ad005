"""Edges to ids that the nodes do not have, and the ids of edges in whatever file they lie."""

import csv
import gzip

import numpy as np
import pytest
from helpers.graphs import edges_by_id
from helpers.table_files import as_parquet, write_tables

from graphsage.base.progress import silent
from graphsage.data import DatasetError, load_dataset
from graphsage.data.several import join_datasets
from graphsage.data.tables import table_files
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.import_report import encoding_report, import_report
from graphsage.graph.features import SparseFeatures

pytest.importorskip("pyarrow")

EDGES = "source,target,weight\n0,1,1\n1,2,2\n2,99,3\n7,0,4\n0,2,5\n99,7,6\n1,0,7\n"
NODES = "id,label,x,kind,text\n2,a,1.5,u,red fox\n0,b,2.5,v,red hen\n1,a,0.5,u,\n"


def read(folder, **options):
    return read_folder(folder, progress=silent, **options)


def listed(path):
    """[(source, target)] of a CSV file."""
    with open(path, newline="") as file:
        return [(row["source"], row["target"]) for row in csv.DictReader(file)]


def check_edge_ids(dataset, lines):
    """Each edge of the graph has the id of the first line with its two ends."""
    names = [str(name) for name in (range(dataset.num_nodes) if dataset.node_ids is None else dataset.node_ids)]
    for at, ends in edges_by_id(dataset.graph).items():
        assert {names[ends[0]], names[ends[1]]} == set(lines[at])
        assert at == min(row for row, pair in enumerate(lines) if set(pair) == set(lines[at]))


# ---- unlisted ids


def test_edges_to_unlisted_ids_are_counted(tmp_path):
    """With the first few, by line, and both ways out."""
    with pytest.raises(DatasetError) as caught:
        read(write_tables(tmp_path, EDGES, NODES))
    assert str(caught.value) == (
        f"{tmp_path}/edges.csv line 4: target is 99, and nodes.csv has no such id: 3 of 7 edges name such an id (also line 5: "
        "source is 7; line 7: source is 99; line 7: target is 7): add the nodes, or say what becomes of them: "
        'unlisted="drop" leaves the edges out, "keep" makes nodes without label and features (graphsage import --unlisted drop)'
    )


def test_they_are_counted_over_all_parts(tmp_path, monkeypatch):
    for name, value in (("BLOCK", 64), ("BLOCKS", 1)):
        monkeypatch.setattr(table_files, name, value)
    text = "source,target\n" + "".join(f"{i % 5},{i}\n" for i in range(1000))
    with pytest.raises(DatasetError, match=r"line 7: target is 5, and .*: 995 of 1,000 edges .*line 10: target is 8; \.\.\.\)"):
        read(write_tables(tmp_path, text, "id\n0\n1\n2\n3\n4\n"))


def test_dropped_edges_leave_the_ids_of_the_others(tmp_path):
    dataset, found = read(write_tables(tmp_path, EDGES, NODES), unlisted="drop")
    assert dataset.node_ids.tolist() == [2, 0, 1] and dataset.labels.tolist() == [0, 1, 0]
    assert edges_by_id(dataset.graph) == {0: (1, 2), 1: (2, 0), 4: (1, 0)}
    weights = dict(zip(dataset.graph.edge_ids.tolist(), dataset.graph.weights.tolist()))
    assert weights == {0: 1, 1: 2, 4: 5}
    assert (found.edges, found.unlisted, found.added) == ({"listed": 7, "loops": 0, "repeats": 1}, 3, 0)
    assert "  to unlisted ids                    3    42.9 %   dropped\n" in import_report(dataset, found)


def test_kept_ids_are_nodes_without_label_and_features(tmp_path):
    """They come after the listed ones, in rising order; of the listed nothing changes."""
    folder = write_tables(tmp_path, EDGES, NODES, np.arange(6.0).reshape(3, 2))
    dataset, found = read(folder, unlisted="keep")
    dropped, _ = read(folder, unlisted="drop")
    assert dataset.node_ids.tolist() == [2, 0, 1, 7, 99] and dataset.labels.tolist() == [0, 1, 0, -1, -1]
    assert edges_by_id(dataset.graph) == {0: (1, 2), 1: (2, 0), 2: (0, 4), 3: (3, 1), 4: (1, 0), 5: (4, 3)}
    assert isinstance(dataset.features, SparseFeatures)  # words
    dense, other = dataset.features.to_scipy().toarray(), dropped.features.to_scipy().toarray()
    assert np.array_equal(dense[:3], other) and not dense[3:].any() and other.any(axis=0).all()
    assert sorted([*dataset.train, *dataset.val, *dataset.test]) == [0, 1, 2]
    assert (found.unlisted, found.added) == (3, 2)
    text = "3    42.9 %   kept; new nodes, without features and label: 2\n"
    assert text in import_report(dataset, found)
    assert "(kept; new nodes, without features and label: 2)" in encoding_report(dataset, found)
    assert {column.name: column.missing for column in found.columns} == {"x": 2, "kind": 2, "text": 3}


@pytest.mark.parametrize("nodes, features", [(None, np.ones((3, 2), np.float32)), ("id\n0\n1\n2\n", None),
                                             ("id\n0\n1\n2\n", np.ones((3, 2)))])
def test_kept_ids_where_there_are_few_other_things(tmp_path, nodes, features, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))
    dataset, _ = read(write_tables(tmp_path / "in", EDGES, nodes, features), unlisted="keep")
    assert (dataset.num_nodes, dataset.node_ids.tolist()) == (5, [0, 1, 2, 7, 99])
    wanted = np.eye(5) if features is None else np.vstack([np.ones((3, 2)), np.zeros((2, 2))])
    found = dataset.features.to_scipy().toarray() if features is None else dataset.features
    assert np.array_equal(found, wanted)


def test_texts_among_integers(tmp_path):
    """What is dropped does not change the names of the others; what is kept makes texts of all."""
    folder = write_tables(tmp_path, "source,target\n0,1\nx,1\n", "id\n0\n1\n")
    assert read(folder, unlisted="drop")[0].node_ids is None
    assert read(folder, unlisted="keep")[0].node_ids.tolist() == ["0", "1", "x"]


# ---- what was said holds


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))
    return write_tables(tmp_path / "mine", EDGES, NODES)


def test_the_import_remembers(folder):
    """Until something else is said: also where the tables change."""
    with pytest.raises(DatasetError, match="3 of 7 edges name such an id"):
        load_dataset(folder, progress=False)
    assert load_dataset(folder, unlisted="keep", progress=False).num_nodes == 5
    assert load_dataset(folder, progress=False).num_nodes == 5
    with open(folder / "edges.csv", "a") as out:
        out.write("55,0,1\n")
    assert load_dataset(folder, progress=False).num_nodes == 6
    assert load_dataset(folder, unlisted="drop", progress=False).num_nodes == 3
    assert load_dataset(folder, progress=False).graph.num_edges == 6
    with pytest.raises(DatasetError, match="4 of 8 edges name such an id"):
        load_dataset(folder, unlisted="refuse", progress=False)
    with pytest.raises(ValueError, match="unlisted must be one of refuse, drop, keep; got 'no'"):
        load_dataset(folder, unlisted="no", progress=False)


def test_features_npy_of_fewer_nodes_is_not_taken_for_theirs(folder):
    """A kept import leaves features out only where they are that file as it lies there."""
    write_tables(folder, EDGES, "id,label\n2,a\n0,b\n1,a\n", np.ones((3, 2), np.float32))
    first = load_dataset(folder, unlisted="keep", progress=False)
    again = load_dataset(folder, progress=False)
    assert first.features.tolist() == again.features.tolist() == [[1, 1]] * 3 + [[0, 0]] * 2
    assert (folder / ".graphsage" / "1").is_dir()  # the second start has opened it


def test_a_grown_graph_is_read_as_that_of_the_training_or_as_its_own_import(folder, tmp_path):
    schema = load_dataset(folder, unlisted="drop", progress=False).schema
    grown = write_tables(tmp_path / "grown", EDGES + "8,9,1\n", NODES)
    assert load_dataset(grown, schema=schema, progress=False).num_nodes == 3
    clean = write_tables(tmp_path / "clean", "source,target,weight\n0,1,1\n", NODES)
    schema = load_dataset(clean, progress=False).schema
    with pytest.raises(DatasetError, match="4 of 8 edges name such an id"):
        load_dataset(grown, schema=schema, progress=False)
    for unlisted, num_nodes in (("keep", 7), ("drop", 3)):
        load_dataset(grown, unlisted=unlisted, progress=False)
        for _ in range(2):
            assert load_dataset(grown, schema=schema, progress=False).num_nodes == num_nodes


def test_other_data_have_no_unlisted_ids(tmp_path):
    with pytest.raises(DatasetError, match="leave unlisted out"):
        load_dataset("debian", unlisted="drop")


# ---- the ids of edges

MANY = "".join(f"{a},{b},{a * b % 7 / 2}\n" for a, b in np.random.default_rng(5).integers(0, 30, (200, 2)).tolist())


@pytest.mark.parametrize("unlisted", ["drop", "keep"])
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "txt", "tsv"])
def test_an_edge_id_is_a_line_of_any_file(tmp_path, kind, unlisted):
    nodes = "id\n" + "".join(f"{node}\n" for node in range(20))
    folder = write_tables(tmp_path / "in", "source,target,weight\n" + MANY, nodes)
    lines = listed(folder / "edges.csv")
    text = (folder / "edges.csv").read_text()
    if kind == "parquet":
        folder = as_parquet(folder, tmp_path / "out")
    elif kind != "csv":
        (folder / "edges.csv").unlink()
        text = {"txt": text.replace(",", "  \t "), "tsv": text.replace(",", "\t"), "csv.gz": text}[kind]
        data = text.encode()
        (folder / f"edges.{kind}").write_bytes(gzip.compress(data) if kind == "csv.gz" else data)
    dataset, found = read(folder, unlisted=unlisted)
    assert found.edges["listed"] == 200 and found.unlisted > 50 and dataset.num_nodes == (20 if unlisted == "drop" else 30)
    check_edge_ids(dataset, lines)


def test_a_join_keeps_them(tmp_path):
    parts = []
    for name in ("one", "two"):
        nodes = "id,label,x\n" + "".join(f"{node},{node % 2},{node}\n" for node in range(30))
        edges = "".join(line.rpartition(",")[0] + "\n" for line in ["source,target,", *MANY.split()])
        folder = write_tables(tmp_path / name, edges, nodes)
        schema = parts[0].schema if parts else None
        parts.append(load_dataset(folder, schema=schema, progress=False))
    joined = join_datasets(parts, train=["one"], test=["two"])
    for number, part in enumerate(parts):
        own, start = edges_by_id(part.graph), joined.edge_offsets[number]
        shift = joined.graph_offsets[number]
        found = {at - start: (u - shift, v - shift) for at, (u, v) in edges_by_id(joined.graph).items()
                 if start <= at < joined.edge_offsets[number + 1]}
        assert found == own


@pytest.mark.parametrize("column, stored", [
    (["5", "7", "6.0"], np.array([5, 7, 6])),
    (["5", "7.5", "6"], np.array([5, 7.5, 6])),
    (["1700000000000000001", "1700000000000000002", "1700000000000000000"],
     np.array([1700000000000000001, 1700000000000000002, 1700000000000000000])),
    (["2024-01-01", "2024-03-01 12:00", "1969-12-31"],
     np.array(["2024-01-01", "2024-03-01T12", "1969-12-31"], "datetime64[ns]")),
], ids=["whole numbers", "numbers", "nanoseconds", "dates"])  # fmt: skip
def test_times_of_edges_are_kept(tmp_path, column, stored):
    """By edge, both ways; in a saved file and in a second start too."""
    lines = "".join(f"{u},{v},{time}\n" for (u, v), time in zip([(0, 1), (1, 2), (2, 0)], column))
    folder = write_tables(tmp_path / "d", "source,target,time\n" + lines, "id,label\n0,a\n1,b\n2,a\n")
    expected = np.array(stored, np.int64 if stored.dtype.kind == "M" else stored.dtype)
    dataset = load_dataset(str(folder))
    dataset.save(tmp_path / "saved.npz")
    for found in (dataset, load_dataset(str(folder)), load_dataset(str(tmp_path / "saved.npz"))):
        assert found.graph.times.dtype == expected.dtype
        assert found.graph.times.tolist() == expected[found.graph.edge_ids].tolist()


def test_times_of_dropped_edges_go_with_them(tmp_path):
    edges = "source,target,time\n0,1,10\n1,99,20\n1,2,30\n"
    dataset, _ = read(write_tables(tmp_path / "d", edges, "id,label\n0,a\n1,b\n2,a\n"), unlisted="drop")
    assert dict(zip(dataset.graph.edge_ids.tolist(), dataset.graph.times.tolist())) == {0: 10, 2: 30}


def test_nanoseconds_of_a_parquet_file_stay_apart(tmp_path):
    first = 1_700_000_000_000_000_000
    folder = write_tables(tmp_path / "d", f"source,target,time\n0,1,{first + 1}\n1,2,{first}\n", "id,label\n0,a\n1,b\n2,a\n")
    dataset, found = read(as_parquet(folder, tmp_path / "p"))
    assert dict(zip(dataset.graph.edge_ids.tolist(), dataset.graph.times.tolist())) == {0: first + 1, 1: first}
    assert found.times == (f"{first}", f"{first + 1}")


@pytest.mark.parametrize("times, sentence", [
    ("5,NA", "line 3: time is 'NA', and must be a number, as others are"),
    ("5,2024-01-01", "line 3: time is '2024-01-01', and must be a number, as others are"),
    ("2024-01-01,NaT", "line 3: time is 'NaT', and must be a number or a date such as"),
    ("31/12/2024,NA", "line 2: time is '31/12/2024', and must be a number or a date such as 2024-05-31"),
    ("2024-01-01,9999-12-31", "line 3: time is '9999-12-31', and must lie between 1677-09-22 and 2262-04-11"),
    ("1500-01-01,2024-01-01", "line 2: time is '1500-01-01', and must lie between 1677-09-22"),
    ("5,inf", "line 3: time is infinite"),
])
def test_what_is_no_time_is_told_with_its_line(tmp_path, times, sentence):
    one, two = times.split(",")
    with pytest.raises(DatasetError, match=sentence):
        read(write_tables(tmp_path / "d", f"source,target,time\n0,1,{one}\n1,2,{two}\n", None))
