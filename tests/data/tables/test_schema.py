"""Other tables, encoded as a first folder was: the grown graph, another graph, and what does not fit."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.table_files import EDGES, NODES, write_tables

from graphsage.config.table_config import TABLE_DEFAULTS
from graphsage.data import DatasetError, load_dataset
from graphsage.data.several import join_datasets
from graphsage.data.tables import import_tables
from graphsage.data.tables.schema import checked_schema, made_schema

pytest.importorskip("pyarrow")

GROWN_EDGES = EDGES + "fay,ann,1,2024-03-01\nfay,gus,1,2024-03-01\n"
GROWN_NODES = NODES + "fay,green,train,20,it,fine new words\ngus,,val,,fr,words alone\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mine(tmp_path):
    return load_dataset(write_tables(tmp_path / "mine"), progress=False)


def dense(dataset):
    return dataset.features.to_scipy().toarray()


def test_a_grown_graph_is_encoded_as_the_first(mine, tmp_path, capsys):
    folder = write_tables(tmp_path / "grown", GROWN_EDGES, GROWN_NODES)
    grown = load_dataset(folder, schema=json.loads(json.dumps(mine.schema)))
    assert grown.schema == mine.schema and grown.class_names == mine.class_names
    assert np.array_equal(dense(grown)[:6], dense(mine)) and grown.labels[:6].tolist() == mine.labels.tolist()
    age, german, french, *words = dense(grown)[6]
    assert age == pytest.approx((20 - 32.5) / mine.schema["columns"][0]["deviation"])
    assert (german, french, words) == (0, 0, [0, 1, 0, 0])
    assert dense(grown)[7].tolist() == [0, 0, 1, 0, 0, 0, 0]
    assert grown.labels[6:].tolist() == [-1, -1] and grown.train.tolist() == mine.train.tolist()
    assert capsys.readouterr().err == """grown: 8 nodes and 5 edges, encoded as in training
  nodes without a value: age 3, country 1, bio 1 (the mean of numbers and dates, else all zeros)
  nodes with values that training did not have: country 1, bio 2 (all zeros)
  nodes with a class that training did not have: 1 (counts as none)
  nodes left out of the split, as they have no label: 2
"""


def test_dates_are_encoded_by_the_days_of_the_training(tmp_path):
    edges = "source,target\n0,1\n"
    first = load_dataset(write_tables(tmp_path / "one", edges, "id,since\n0,2024-01-01\n1,2024-01-03\n"), progress=False)
    assert first.schema["columns"] == [{"name": "since", "kind": "date", "mean": 19724.0, "deviation": 1.0}]
    nodes = "id,since\n0,2024-01-05\n1,\n"
    other = load_dataset(write_tables(tmp_path / "two", edges, nodes), schema=first.schema, progress=False)
    assert other.features.tolist() == [[3], [0]]
    for wrong in ("soon", "19724", "2024-02-30"):
        write_tables(tmp_path / "two", edges, nodes.replace("2024-01-05", wrong))
        with pytest.raises(DatasetError, match=rf"nodes.csv line 2: since is '{wrong}', and must be a date, as it was in trai"):
            load_dataset(tmp_path / "two", schema=first.schema, progress=False)


def test_only_what_differs_is_told(tmp_path, capsys):
    edges, names = "source,target,kind\n0,1,x\n1,0,x\n", [f"c{number}" for number in range(7)]
    nodes = "\n".join([",".join(["id", *names]), *(",".join(map(str, range(row, row + 8))) for row in range(2))])
    first = load_dataset(write_tables(tmp_path / "one", edges, nodes), progress=False)
    load_dataset(write_tables(tmp_path / "two", edges.replace(",kind", "").replace(",x", ""), nodes), schema=first.schema)
    assert capsys.readouterr().err == "two: 2 nodes and 1 edges, encoded as in training\n"
    rows = "\n".join([",".join(["id", "more", *names]), "0" + 8 * ",", "1" + 8 * ","])
    load_dataset(write_tables(tmp_path / "two", edges, rows), schema=first.schema)
    assert capsys.readouterr().err == """two: 2 nodes and 1 edges, encoded as in training
  nodes without a value: c0 2, c1 2, c2 2, c3 2, c4 2, 2 more columns (the mean of numbers and dates, else all zeros)
  not used: kind, more
"""


def test_what_another_schema_made_is_kept_beside_the_own(mine, tmp_path, monkeypatch, capsys):
    """It opens again, silently, holds while the tables stay as they are, and neither takes the place of the other."""
    folder = write_tables(tmp_path / "grown", GROWN_EDGES, GROWN_NODES.replace("gus,,val", "gus,red,val"))
    own = load_dataset(folder, progress=False)
    kept = {path: path.read_bytes() for path in (folder / ".graphsage").rglob("*.*")}
    first = load_dataset(folder, schema=mine.schema, progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(import_tables, "read_folder", None)
        again = load_dataset(folder, schema=json.loads(json.dumps(mine.schema)))
        assert again.schema == mine.schema and np.array_equal(dense(again), dense(first)) and capsys.readouterr().err == ""
        assert np.array_equal(again.labels, first.labels) and np.array_equal(again.train, first.train)
        assert load_dataset(folder).schema == own.schema != mine.schema
    assert {path: data for path in kept if (data := path.read_bytes())} == kept
    other = {**mine.schema, "columns": mine.schema["columns"][:1]}
    assert load_dataset(folder, schema=other, progress=False).num_features == 1
    assert np.array_equal(dense(load_dataset(folder, schema=mine.schema, progress=False)), dense(first))
    assert sorted(str(path.relative_to(folder / ".graphsage")) for path in folder.glob(".graphsage/**/about.json")) == [
        "1/about.json", "other/3/about.json"
    ]
    write_tables(folder, GROWN_EDGES + "gus,ann,1,2024-03-01\n", GROWN_NODES)
    assert load_dataset(folder, schema=mine.schema, progress=False).graph.num_edges == first.graph.num_edges + 2


def test_a_damaged_import_by_another_schema_is_read_again(mine, tmp_path, capsys):
    folder = write_tables(tmp_path / "grown", GROWN_EDGES, GROWN_NODES)
    first = load_dataset(folder, schema=mine.schema, progress=False)
    labels = folder / ".graphsage" / "other" / "1" / "labels.npy"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\1")
    assert np.array_equal(load_dataset(folder, schema=mine.schema).labels, first.labels)
    told = capsys.readouterr().err
    assert "the file is damaged: the tables are read again\ngrown: 8 nodes" in told


def test_the_folder_itself_is_not_changed_by_what_another_schema_made(mine, tmp_path):
    """Its own import comes later, with its own classes."""
    folder = write_tables(tmp_path / "grown", GROWN_EDGES, GROWN_NODES.replace("gus,,val", "gus,red,val"))
    load_dataset(folder, schema=mine.schema, progress=False)
    assert load_dataset(folder, progress=False).class_names == ("blue", "green", "red")


def test_its_own_schema_opens_what_was_kept(mine, tmp_path, monkeypatch):
    monkeypatch.setattr(import_tables, "read_folder", None)
    assert np.array_equal(dense(load_dataset(tmp_path / "mine", schema=mine.schema, progress=False)), dense(mine))


def test_labels_may_be_missing(mine, tmp_path):
    nodes = "country,bio,id,age\nde,fine,1,20\n,,2,\n"
    dataset = load_dataset(write_tables(tmp_path / "other", "source,target\n1,2\n", nodes), schema=mine.schema, progress=False)
    assert dataset.labels.tolist() == [-1, -1] and dataset.class_names == mine.class_names
    assert [len(part) for part in (dataset.train, dataset.val, dataset.test)] == [0, 0, 0]
    assert dense(dataset)[1].tolist() == [0] * 7 and dataset.node_ids.tolist() == [1, 2]


@pytest.mark.parametrize(
    "task, name, label, missing", [("regression", "label", "1.5", np.nan), ("multilabel", "labels", "a;b", -1)]
)
def test_missing_labels_of_other_tasks(tmp_path, task, name, label, missing):
    nodes = f"id,x,{name}\n0,1,{label}\n1,2,\n"
    first = load_dataset(write_tables(tmp_path / "one", "source,target\n0,1\n", nodes), progress=False)
    folder = write_tables(tmp_path / "two", "source,target\n0,1\n", "id,x\n0,1\n1,5\n")
    second = load_dataset(folder, schema=first.schema, progress=False)
    assert second.task == task and np.array_equal(second.labels, np.full(first.labels.shape, missing), equal_nan=True)


def test_without_features_there_are_no_other_nodes(tmp_path):
    first = load_dataset(write_tables(tmp_path / "one", "source,target\na,b\n", None), progress=False)
    same = write_tables(tmp_path / "two", "source,target\nb,a\n", None)
    assert load_dataset(same, schema=first.schema, progress=False).schema == first.schema
    other = write_tables(tmp_path / "three", "source,target\na,c\n", None)
    with pytest.raises(DatasetError, match=r"the model was trained on a graph without features: it knows"):
        load_dataset(other, schema=first.schema, progress=False)


def test_a_new_random_split_is_called_one(mine, tmp_path, capsys):
    nodes = "id,label,age,country,bio\n" + "".join(f"{i},red,{i},de,fine\n" for i in range(8))
    load_dataset(write_tables(tmp_path / "other", "source,target\n1,2\n", nodes), schema=mine.schema)
    assert "\n  split: at random, a new one, which says nothing of who was trained on\n" in capsys.readouterr().err


def test_graphs_of_one_schema_can_be_joined(mine, tmp_path):
    folder = write_tables(tmp_path / "grown", GROWN_EDGES, GROWN_NODES.replace("gus,,val", "gus,red,val"))
    grown = load_dataset(folder, schema=mine.schema, progress=False)
    assert join_datasets([mine, grown], train=["mine"], test=["grown"]).schema == mine.schema
    with pytest.raises(ValueError, match=r"grown and mine must have the same number of features|same schema"):
        join_datasets([mine, load_dataset(folder, progress=False)], train=["mine"], test=["grown"])
    same = write_tables(tmp_path / "same", nodes=NODES.replace("train,10", "train,11"))
    with pytest.raises(ValueError, match=r"same and mine must have the same schema \(load_dataset takes one\), got \w{8} "):
        join_datasets([mine, load_dataset(same, progress=False)], train=["mine"], test=["same"])


def test_a_schema_is_a_dict(mine):
    with pytest.raises(TypeError, match="schema must be a dict or None, got list"):
        replace(mine, schema=[])


def test_directions_follow_the_schema(tmp_path):
    nodes = "id,x\n0,1\n1,2\n"
    first, _ = import_tables.import_tables(write_tables(tmp_path / "one", "source,target\n0,1\n", nodes), directed=True)
    other = write_tables(tmp_path / "two", "source,target\n0,1\n", nodes)
    assert load_dataset(other, schema=first.schema, progress=False).graph.num_edges == 1
    assert load_dataset(other, progress=False).graph.num_edges == 2


ROWS = np.ones((6, 2), np.float32)
UNFIT = [
    ({"nodes": NODES.replace("age", "years")}, r"the model was trained with the column 'age', and .*nodes.csv has only id"),
    ({"nodes": None}, r"the model was trained with the column 'age', and the folder has no table of nodes"),
    ({"nodes": NODES.replace("train,10", "train,ten")}, r"nodes.csv line 2: age is 'ten', and must be a number, as it w"),
    ({"features": ROWS}, r"the model was trained with 0 columns of features.npy, and the folder has 2"),
    ({"nodes": NODES.replace("train,10", "train,1e300")}, r"nodes.csv line 2: age is '1e300', and is too far from the mean"),
]


@pytest.mark.parametrize("changes, sentence", UNFIT)
def test_tables_that_do_not_fit(mine, tmp_path, changes, sentence):
    folder = write_tables(tmp_path / "other", **changes)
    with pytest.raises(DatasetError, match=sentence):
        load_dataset(folder, schema=mine.schema, progress=False)


def test_labels_that_do_not_fit(tmp_path):
    first = load_dataset(write_tables(tmp_path / "one", "source,target\n0,1\n", "id,x,label\n0,1,1.5\n1,2,\n"), progress=False)
    other = write_tables(tmp_path / "two", "source,target\n0,1\n", "id,x,label\n0,1,red\n1,2,\n")
    with pytest.raises(DatasetError, match=r"nodes.csv line 2: label is 'red', and must be a number, as it was in training"):
        load_dataset(other, schema=first.schema, progress=False)


def test_what_is_no_table_needs_no_schema(mine, tmp_path):
    for name in ("sbm:nodes=500", "debian"):
        with pytest.raises(DatasetError, match=f"{name} is no folder of tables .* and the model was trained on one"):
            load_dataset(name, schema=mine.schema)
    load_dataset("sbm:nodes=500").save(tmp_path / "a.npz")
    with pytest.raises(DatasetError, match=r"a.npz is no folder of tables"):
        load_dataset(tmp_path / "a.npz", schema=mine.schema)


COLUMN = {"name": "x", "kind": "number", "mean": 0, "deviation": 1}
WRONG = [
    ([], "schema must be a dict whose form is 'graphsage table schema', got"),
    ({"form": "x"}, "schema must be a dict whose form is"),
    ({"version": 2}, "schema has version 2, and this graphsage reads version 1"),
    ({"directed": 0}, "schema: directed must be true or false, got 0"),
    ({"array": -1}, "schema: array must be a number of columns, got -1"),
    ({"array": True}, "schema: array must be a number of columns, got True"),
    ({"columns": None}, "schema: columns must be a list"),
    ({"columns": [{}]}, "schema: columns must be a list"),
    ({"columns": [COLUMN | {"deviation": 0}]}, "schema: columns must be a list"),
    ({"columns": [COLUMN | {"mean": float("nan")}]}, "schema: columns must be a list"),
    ({"columns": [COLUMN | {"mean": "0"}]}, "schema: columns must be a list"),
    ({"columns": [COLUMN | {"kind": "dates"}]}, "schema: columns must be a list"),
    ({"columns": [COLUMN | {"kind": ["number"]}]}, "schema: columns must be a list"),
    ({"columns": [COLUMN, COLUMN]}, "schema: each column must have a name of its own"),
    ({"nodes": 3}, "schema: nodes must be a text or null, got 3"),
    ({"columns": [{"name": "x", "kind": "words", "words": ["a", "a"]}]}, "schema: columns must be a list"),
    ({"columns": [{"name": "x", "kind": "category", "values": []}]}, "schema: columns must be a list"),
    ({"label": 1}, "schema: label must be null or name column, task and classes, got 1"),
    ({"label": {"column": "label", "task": "multiclass"}}, "schema: label must be null"),
    ({"label": {"column": "label", "task": "multilabel", "classes": []}}, "schema: label must be null"),
    ({"label": {"column": "label", "task": "regression", "classes": []}}, "schema: label must be null"),
]


@pytest.mark.parametrize("change, sentence", WRONG)
def test_a_schema_of_a_stranger_is_checked(mine, tmp_path, change, sentence):
    schema = change if isinstance(change, list) else {**mine.schema, **change}
    with pytest.raises(DatasetError, match=sentence):
        load_dataset(write_tables(tmp_path / "other"), schema=schema, progress=False)
    assert checked_schema(mine.schema) is mine.schema


@pytest.mark.parametrize("changes", [
    {"reading": []}, {"reading": {"colour": 1}}, {"reading": {"words": "many"}}, {"reading": {"category": [""]}},
    {"columns": [{"name": "v", "kind": "vector", "means": [1.0], "deviations": [0.0]}]},
    {"columns": [{"name": "v", "kind": "vector", "means": [1.0, 2.0], "deviations": [1.0]}]},
    {"columns": [{"name": "v", "kind": "vector", "means": [], "deviations": []}]},
    {"columns": [{"name": "v", "kind": "vector", "means": [float("nan")], "deviations": [1.0]}]},
])
def test_a_strange_reading_or_vector_is_refused(changes):
    good = made_schema([], 0, None, False, TABLE_DEFAULTS)
    assert checked_schema(good) is good
    with pytest.raises(DatasetError, match="^schema: (reading|columns) must be "):
        checked_schema({**good, **changes})
