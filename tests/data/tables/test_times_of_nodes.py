"""Times of edges and of nodes in tables: found by their names, told, and never features as well."""

import json

import numpy as np
import pytest
from helpers.table_files import as_parquet, write_tables

from graphsage import TableConfig, load_dataset
from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data import DatasetError
from graphsage.data.tables import imported
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.import_report import import_report

pytest.importorskip("pyarrow")

EDGES = "source,target,time\na,b,2024-01-01\nb,c,2024-02-01\nc,a,2024-03-01\n"
NODES = "id,label,size,time,born\na,x,1,2024-01-15,2024-01-01\nb,y,2,2024-02-15,2024-01-02\nc,x,3,2024-03-15,2024-01-03\n"
NAMES = ("time", "Time", "timestamp", "TIMESTAMP", "date", "Date", "datetime", "DateTime", "when", "timestamp:long")


def read(folder, **settings):
    return read_folder(folder, progress=silent, reading=TableConfig(**settings).or_else(TABLE_DEFAULTS))


def days(*texts):
    return np.array(texts, "datetime64[ns]").astype(np.int64).tolist()


ASKED = days("2024-01-15", "2024-02-15", "2024-03-15")


# ---- of edges


@pytest.mark.parametrize("name", NAMES)
def test_times_of_edges_by_their_usual_names(tmp_path, name):
    dataset, found = read(write_tables(tmp_path, f"source,target,{name}\na,b,5\nb,c,7\n", "id,x\na,1\nb,2\nc,3\n"))
    assert found.times == ("5", "7") and sorted(dataset.graph.times.tolist()) == [5, 5, 7, 7] and found.unused == ()
    assert found.notes == ([] if name == "time" else [f"edges.csv: {name} is taken for time"])


def test_of_two_that_could_be_times_none_is_read(tmp_path):
    folder = write_tables(tmp_path, "source,target,date,when\na,b,5,1\nb,c,7,2\n", None)
    dataset, found = read(folder)
    assert dataset.graph.times is None and found.unused == ("date", "when")
    assert found.notes == ["edges.csv: date and when could be times, and none of them is read: call one of them time"]
    dataset, found = read(write_tables(tmp_path, "source,target,date,Time\na,b,5,1\nb,c,7,2\n", None))
    assert found.times == ("1", "2") and found.unused == ("date",)


@pytest.mark.parametrize("cells, why", [
    (("31/12/2024", "5"), "time is '31/12/2024', and must be a number"), (("5", ""), "time is empty"),
    (("noon", "dusk"), "time is 'noon', and must be a number or a date"),
])  # fmt: skip
def test_a_column_that_was_but_taken_for_times(tmp_path, cells, why):
    """What is called time is times, and refused if it holds others; a guess gives way, and says so."""
    edges = f"source,target,{{}}\na,b,{cells[0]}\nb,c,{cells[1]}\n"
    dataset, found = read(write_tables(tmp_path, edges.format("when"), None))
    assert dataset.graph.times is None and found.times is None and found.unused == ("when",)
    assert found.notes[-1].startswith("when holds no times, and is not used: ") and why in found.notes[-1]
    with pytest.raises(DatasetError, match="time is"):
        read(write_tables(tmp_path, edges.format("time"), None))


def test_repeated_edges_keep_the_time_of_the_first_and_that_is_said(tmp_path):
    dataset, found = read(write_tables(tmp_path, "source,target,time\na,b,7\na,b,5\nb,a,3\n", None))
    assert dataset.graph.times.tolist() == [7, 7]
    assert "dropped, the first stays, with its time" in import_report(dataset, found)


# ---- of nodes


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_times_of_nodes_by_their_usual_names(tmp_path, name, form):
    folder = write_tables(tmp_path / "d", EDGES, NODES.replace("time", name, 1))
    folder = as_parquet(folder, tmp_path / "p") if form == "parquet" else folder
    dataset, found = read(folder)
    assert dataset.times.tolist() == ASKED and dataset.node_times is None
    assert [column.name for column in found.columns] == ["size", "born"] and dataset.num_features == 2
    way = f"(--time none: a column as others; --drop {name}: left out)"
    assert found.notes == [f"nodes.{form}: {name} is when the label of a node is asked {way}"]
    assert "nodes are asked from 2024-01-15 00:00:00 to 2024-03-15 00:00:00 (--split time)" in import_report(dataset, found)


@pytest.mark.parametrize("settings, times, node_times, features", [
    ({}, True, False, ["size", "born"]),
    ({"time": "none"}, False, False, ["size", "time", "born"]),
    ({"drop": "time"}, False, False, ["size", "born"]),
    ({"number": "size", "category": "time"}, False, False, ["size", "time", "born"]),
    ({"node_time": "born"}, True, True, ["size"]),
    ({"time": "time", "node_time": "time"}, True, True, ["size", "born"]),
    ({"time": "none", "node_time": "born"}, False, True, ["size", "time"]),
])  # fmt: skip
def test_settings_say_otherwise(tmp_path, settings, times, node_times, features):
    dataset, found = read(write_tables(tmp_path, EDGES, NODES), **settings)
    assert (dataset.times is not None, dataset.node_times is not None) == (times, node_times)
    assert [column.name for column in found.columns if column.spec is not None] == features


def test_without_times_of_edges_a_column_is_a_feature_as_before(tmp_path):
    dataset, found = read(write_tables(tmp_path, "source,target\na,b\nb,c\n", NODES))
    assert dataset.times is None and [column.name for column in found.columns] == ["size", "time", "born"]
    dataset, found = read(write_tables(tmp_path, "source,target\na,b\nb,c\n", NODES), time="time")
    assert dataset.times is None and "nodes.csv: time is not used, as edges have no times" in found.notes[-1]
    dataset, _ = read(write_tables(tmp_path, "source,target\na,b\nb,c\n", NODES), time="time", node_time="born")
    assert dataset.times.tolist() == ASKED


def test_a_column_of_nodes_that_was_but_taken_for_times(tmp_path):
    dataset, found = read(write_tables(tmp_path, EDGES, NODES.replace("2024-01-15", "noon")))
    assert dataset.times is None and "time" in [column.name for column in found.columns]
    assert found.notes[0].startswith("time holds no times, and is a column as others: ")
    with pytest.raises(DatasetError, match="time is 'noon', and must be a number or a date"):
        read(write_tables(tmp_path, EDGES, NODES.replace("2024-01-15", "noon")), time="time")


def test_a_node_without_a_label_is_asked_at_the_latest_time(tmp_path):
    nodes = NODES.replace("c,x,3,2024-03-15", "c,,3,NA")
    dataset, _ = read(write_tables(tmp_path, EDGES, nodes))
    assert dataset.times.tolist() == [*ASKED[:2], *days("2024-03-01")]


def test_nodes_that_only_edges_name_were_always_there_and_are_asked_now(tmp_path):
    folder = write_tables(tmp_path, EDGES + "d,a,2024-04-01\n", NODES)
    dataset, _ = read(folder, unlisted="keep", node_time="born")
    assert dataset.times.tolist() == [*ASKED, *days("2024-04-01")]
    assert dataset.node_times.tolist() == days("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-01")


@pytest.mark.parametrize("nodes, settings, sentence", [
    (NODES.replace("2024-02-15", ""), {}, "line 3: time, when the label of a node is asked, is empty at a node with a label "
                                          r"\(--time none: no such times\)"),
    (NODES.replace("2024-01-02", ""), {"node_time": "born"}, "line 3: born, when a node came to be, is empty at a node"),
    (NODES, {"time": "asked"}, "--time names the column 'asked', and .*nodes.csv has no such column"),
    (NODES, {"node_time": "asked"}, "--node-time names the column 'asked', and .*nodes.csv has no such column"),
    (None, {"time": "asked"}, "--time names the column 'asked', and there is no table of nodes"),
    (NODES, {"time": "size"}, "nodes.csv: size holds numbers, and the times of edges are dates: write both in the same way"),
    (NODES, {"time": "label"}, "label is 'x', and must be a number or a date"),
    (NODES.replace("2024-01-15", "2023-01-15"), {"node_time": "born"}, "times must not be before node_times, but node 0 is"),
])  # fmt: skip
def test_what_does_not_fit_is_told(tmp_path, nodes, settings, sentence):
    with pytest.raises((DatasetError, ValueError), match=sentence):
        read(write_tables(tmp_path, EDGES, nodes), **settings)


@pytest.mark.parametrize("settings, text", [
    ({"time": ""}, "a column of times must be named by a text, got ''"), ({"node_time": 5}, "a column of times must be named"),
    ({"time": "a", "drop": "a"}, "'a' stands in drop and in time: leave it in one of them"),
    ({"node_time": "a", "number": "a,b".split(",")}, "'a' stands in number and in node_time: leave it in one of them"),
])  # fmt: skip
def test_settings_that_do_not_fit(settings, text):
    with pytest.raises(ValueError, match=text):
        TableConfig(**settings)


@pytest.mark.parametrize("times, sentence", [
    (("5", "7.5", "9"), "nodes.csv: time must be integers or dates, as the graph's times are; got float64"),
    (("9", "8", str(2**60)), r"nodes.csv: time must be at most 2\^53 beside a graph's times that are floats"),
])  # fmt: skip
def test_numbers_that_do_not_stand_on_the_axis_of_the_edges(tmp_path, times, sentence):
    edges = "source,target,time\na,b,5\nb,c,7\n" if "7.5" in times else "source,target,time\na,b,5.5\nb,c,7\n"
    nodes = "id,label,time\n" + "".join(f"{name},x,{time}\n" for name, time in zip("abc", times))
    with pytest.raises(DatasetError, match=sentence):
        read(write_tables(tmp_path, edges, nodes))


# ---- kept, and grown


def test_a_second_start_and_a_grown_folder_have_them(tmp_path):
    folder = write_tables(tmp_path / "d", EDGES, NODES)
    first = load_dataset(folder, progress=False, node_time="born")
    again = load_dataset(folder, progress=False)
    assert again.times.tolist() == ASKED and again.node_times.tolist() == first.node_times.tolist()
    grown = write_tables(tmp_path / "grown", EDGES + "d,a,2024-04-01\n", NODES + "d,y,4,2024-05-01,2024-03-31\n")
    found = load_dataset(grown, schema=first.schema, progress=False)
    assert found.times.tolist() == [*ASKED, *days("2024-05-01")] and len(found.node_times) == 4
    bare = write_tables(tmp_path / "bare", EDGES, "id,label,size\na,x,1\nb,x,2\nc,y,3\n")
    assert load_dataset(bare, schema=first.schema, progress=False).times is None


def test_a_model_whose_feature_it_is_reads_it_as_one(tmp_path):
    first = load_dataset(write_tables(tmp_path / "d", "source,target\na,b\nb,c\n", NODES), progress=False)
    found = load_dataset(write_tables(tmp_path / "other", EDGES, NODES), schema=first.schema, progress=False)
    assert found.times is None and found.num_features == 3


def test_imports_of_before_are_opened_as_they_were_read(tmp_path, monkeypatch):
    """They say nothing of times of nodes: there were none."""
    folder = write_tables(tmp_path / "d", EDGES, NODES)
    first = load_dataset(folder, time="none", progress=False)
    [about] = (folder / imported.PLACE).glob("*/about.json")
    record = json.loads(about.read_text())
    for name in ("time", "node_time"):
        del record["dataset"]["schema"]["reading"][name]
    about.write_text(json.dumps(record))
    with monkeypatch.context() as patched:
        patched.setattr("graphsage.data.tables.import_tables.read_folder", None)
        again = load_dataset(folder, progress=False)
    assert again.num_features == first.num_features == 3 and again.times is None
    assert load_dataset(folder, progress=False, time="auto").times.tolist() == ASKED
