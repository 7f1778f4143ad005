"""Tables of several types: whose labels, which columns a setting means, times, schemas, and tables in memory."""

import json
import re

import numpy as np
import pytest
from helpers.typed_tables import BUYS, KNOWS, SHOP, TAGGED, columns_of, edges_of, write_shop

import graphsage as gs
from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS, TableConfig
from graphsage.data import DatasetError
from graphsage.data.readers.typed_npz import typed_packed
from graphsage.data.tables.import_tables import import_tables
from graphsage.data.tables.typed_folder import read_typed_folder

pytest.importorskip("pyarrow")

ITEMS = "id,label,price\n7,tea,1\n8,tea,2\n3,pot,\n"
TABLES = {tuple(name.split(".")[1:-1]): columns_of(text) for name, text in SHOP.items()}
OF_EDGES = {key: of for key, of in TABLES.items() if len(key) == 3}
OF_NODES = {key[0]: of for key, of in TABLES.items() if len(key) == 1}


def read(folder, **settings):
    options = {name: settings.pop(name) for name in ("directed", "schema") if name in settings}
    return read_typed_folder(folder, progress=silent, reading=TableConfig(**settings).or_else(TABLE_DEFAULTS), **options)


def same(one, other):
    (about, arrays), (other_about, other_arrays) = typed_packed(one), typed_packed(other)
    equal = [name for name, array in arrays.items() if np.array_equal(array, other_arrays.get(name))]
    return equal == [*arrays] == [*other_arrays] and about | {"name": None} == other_about | {"name": None}


# ---- whose labels


def test_labels_in_two_tables_ask_which(tmp_path):
    folder = write_shop(tmp_path / "shop", nodes_item=ITEMS)
    rule = 'one type has labels: name its column, label="item.label" (--label item.label)'
    with pytest.raises(DatasetError, match=re.escape(rule)):
        read(folder)
    items, found = read(folder, label="item.label")
    assert (items.target, items.class_names) == ("item", ("pot", "tea"))
    assert "nodes.user.csv: label is not read, as the labels are those of item" in found.notes
    assert [kind for kind, schema in items.schema.items() if schema["label"]] == ["item"]
    assert same(items, read(folder, schema=items.schema)[0])
    users, _ = read(folder, label="user.label")
    assert (users.target, users.class_names) == ("user", ("blue", "red"))
    dropped, _ = read(folder, drop=["item.label"])
    assert same(users, dropped) is False and dropped.target == "user"  # the two schemas tell what was asked
    columns = {kind: [spec["name"] for spec in users.schema[kind]["columns"]] for kind in ("item", "user")}
    assert columns == {"item": ["price"], "user": ["age", "city"]}


def test_a_split_elsewhere_goes_with_no_label(tmp_path):
    folder = write_shop(tmp_path / "shop", nodes_item=ITEMS)
    text = r"nodes.user.csv: split is a split, and the labels are those of item: .*--drop user.split leaves it out"
    with pytest.raises(DatasetError, match=text):
        read(folder, label="item.label", drop=["user.label"])
    dataset, _ = read(folder, label="item.label", drop=["user.label", "user.split"])
    assert dataset.target == "item" and len(dataset.train) == 2


def test_without_labels_there_is_no_target(tmp_path):
    users = "id,age\nann,10\nbob,11\ncid,9\ndan,9\n"
    dataset, _ = read(write_shop(tmp_path / "shop", nodes_user=users))
    assert dataset.target is None and dataset.num_features["user"] == 1
    empty, _ = read(write_shop(tmp_path / "empty", nodes_user="id,label\nann,\nbob,\ncid,\ndan,\n"))
    assert empty.target is None
    split = "id,part\nann,train\nbob,test\ncid,test\ndan,\n"
    with pytest.raises(DatasetError, match="part is a split, and no table has a column label: a split goes with labels"):
        read(write_shop(tmp_path / "split", nodes_user=split))


# ---- which columns


def test_a_setting_is_of_all_tables_or_of_one(tmp_path):
    users, items = SHOP["nodes.user.csv"].replace("age", "size"), "id,size,a.b\n7,1,x\n8,2,x\n3,1,x\n"
    folder = write_shop(tmp_path / "shop", nodes_user=users, nodes_item=items)
    kinds = {}
    for given in ("size", "item.size", "user.size"):
        dataset, _ = read(folder, category=[given])
        specs = [dataset.schema[kind]["columns"] for kind in ("item", "user")]
        kinds[given] = [{spec["name"]: spec["kind"] for spec in of}["size"] for of in specs]
    assert kinds == {"size": ["category"] * 2, "item.size": ["category", "number"], "user.size": ["number", "category"]}
    dropped, _ = read(folder, drop=["a.b"])  # a name with a dot in it is that of a column first
    assert dropped.num_features["item"] == 1


UNKNOWN = {
    "drop": ({"drop": ["item.agee"]}, "--drop names the column 'item.agee', and no table of nodes has it: COLUMN means all"),
    "label": ({"label": "user.price"}, "--label names the column 'user.price', and no table of nodes has it"),
    "id": ({"id": "key"}, "--id names the column 'key', and no table of nodes has it"),
    "source": ({"source": "begin"}, "--source names the column 'begin', and no table of edges has it"),
    "split": ({"split_column": "item.price"}, "--split-column names the column 'item.price', and the labels are those of user"),
    "time": ({"time": "price"}, "--time names the column 'price', and the labels are those of user, whose table does not"),
    "two labels": ({"label": "label"}, None),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_columns_that_no_table_has(tmp_path, case):
    settings, text = UNKNOWN[case]
    folder = write_shop(tmp_path / "shop")
    if text is None:
        assert read(folder, **settings)[0].target == "user"
        return
    with pytest.raises(DatasetError, match=re.escape(text)):
        read(folder, **settings)


def test_ends_that_are_called_otherwise(tmp_path):
    edges = "Buyer,when,thing\nann,5,7\nbob,6,8\n"
    folder = write_shop(tmp_path / "shop", edges_user_buys_item=edges)
    dataset, _ = read(folder, source="Buyer", target="thing")
    assert edges_of(dataset, BUYS) == {("ann", 7): 0, ("bob", 8): 1}
    assert dataset.graph.rows.times[dataset.graph.span(BUYS)].tolist() == [5, 6]
    turned = "items_id,user_name,other\n7,ann,1\n8,bob,2\n"  # by the names of the types, whatever their order
    dataset, _ = read(write_shop(tmp_path / "turned", edges_user_buys_item=turned))
    assert edges_of(dataset, BUYS) == {("ann", 7): 0, ("bob", 8): 1}


def test_directed_edges_run_one_way(tmp_path):
    dataset, _ = read(write_shop(tmp_path / "shop"), directed=True)
    assert dataset.graph.relations == (TAGGED, BUYS, KNOWS) and not dataset.graph.reverse_of
    assert edges_of(dataset, KNOWS) == {("ann", "bob"): 0, ("bob", "ann"): 1, ("dan", "cid"): 3}


def test_dropped_edges_leave_ids_as_they_are(tmp_path):
    edges = SHOP["edges.user.buys.item.csv"].replace("bob,7", "eve,7")
    folder = write_shop(tmp_path / "shop", edges_user_buys_item=edges)
    dataset, found = read(folder, unlisted="drop")
    assert edges_of(dataset, BUYS) == {("ann", 7): 0, ("ann", 8): 2} and found.relations[BUYS].unlisted == 1
    kept, found = read(folder, unlisted="keep")
    assert kept.node_ids["user"].tolist() == ["ann", "bob", "cid", "dan", "eve"] and found.types["user"].added == 1
    assert kept.labels.tolist() == [1, 0, -1, 0, -1] and not kept.features["user"][4].any()


# ---- times


def test_times_of_targets_and_of_nodes(tmp_path):
    users = "id,label,time,born\nann,a,6,1\nbob,b,7,2\ncid,,,3\ndan,a,9,4\n"
    items = "id,time\n7,1\n8,2\n3,2\n"
    folder = write_shop(tmp_path / "shop", nodes_user=users, nodes_item=items)
    dataset, found = read(folder, node_time="user.born")
    assert dataset.times.tolist() == [6, 7, 9, 9]  # who has no label is asked at the latest time
    assert dataset.node_times["user"].tolist() == [1, 2, 3, 4] and list(dataset.node_times) == ["user"]
    assert [spec["name"] for spec in dataset.schema["item"]["columns"]] == ["time"]  # of what is not asked, a column as others
    of_items, _ = read(folder, node_time="item.time")
    assert of_items.node_times["item"].tolist() == [1, 2, 2] and of_items.num_features["item"] == 3


# ---- schemas


def test_tables_by_the_schema_of_another(tmp_path):
    folder = write_shop(tmp_path / "shop")
    first, _ = read(folder)
    schema = json.loads(json.dumps(dict(first.schema)))
    assert same(first, read(folder, schema=schema)[0])
    users = "id,city,age\neve,Rome,20\nann,Oslo,10\nbob,Bonn,\n"
    edges = "source,target\neve,7\nann,8\n"
    grown = write_shop(tmp_path / "grown", nodes_user=users, edges_user_buys_item=edges, edges_user_knows_user=None)
    (grown / "edges.user.knows.user.csv").write_text("source,target\neve,ann\n")
    dataset, found = read(grown, schema=schema)
    assert dataset.schema == first.schema and dataset.target == "user" and dataset.labels.tolist() == [-1] * 3
    assert dataset.features["user"][1].tolist() == first.features["user"][0].tolist()
    assert found.types["user"].columns[1].unknown == 1  # Bonn
    assert gs.load_dataset(grown, schema=schema, progress=False).schema == first.schema
    assert same(gs.load_dataset(grown, schema=schema, progress=False), dataset)


def test_a_schema_that_does_not_fit(tmp_path):
    folder = write_shop(tmp_path / "shop")
    schema = dict(read(folder)[0].schema)
    cases = {
        "the dict whose form|must be a dict {type: schema}": schema["user"],
        "trained with nodes of the types item, and here there are item, tag, user": {"item": schema["item"]},
        "schema of tag: schema must be a dict whose form": schema | {"tag": {"form": 1}},
        "one directed and one reading for all types": schema | {"item": schema["item"] | {"directed": True}},
    }
    for text, wrong in cases.items():
        with pytest.raises(DatasetError, match=text):
            read(folder, schema=wrong)
    (folder / "edges.item.tagged.tag.csv").write_text("item,tag\n7,rare\n")
    with pytest.raises(DatasetError, match="nodes of type tag have no features, so the model knows those of the training, and"):
        read(folder, schema=schema)
    folder = write_shop(tmp_path / "bare", nodes_item=None)
    with pytest.raises(DatasetError, match="trained with the column 'price', and there are no table of nodes"):
        read(folder, schema=schema)


# ---- in memory


def test_tables_in_memory_are_those_of_a_folder(tmp_path):
    folder = write_shop(tmp_path / "shop")
    for settings in ({}, {"directed": True}, {"drop": ["user.age"]}):
        made = gs.from_tables(OF_NODES, OF_EDGES, progress=False, **settings)
        assert same(made, read(folder, **settings)[0])
    again = gs.from_tables(OF_NODES, OF_EDGES, schema=made.schema, progress=False)
    assert same(made, again)


def test_any_table_and_any_order(capsys):
    pd = pytest.importorskip("pandas")
    edges = {key: pd.DataFrame(OF_EDGES[key]) for key in (KNOWS, TAGGED, BUYS)}
    nodes = {"user": pd.DataFrame(OF_NODES["user"]).set_index("id"), "item": None}
    features = {"item": np.arange(6).reshape(2, 3)}
    with pytest.raises(DatasetError, match="edges.item.tagged.tag row 0 .from 0.: source is 7, and features.item.npy has rows"):
        gs.from_tables(nodes, edges, features=features, progress=False)
    dataset = gs.from_tables(nodes, edges, name="shop")
    assert dataset.graph.relations[:3] == (TAGGED, BUYS, KNOWS) and dataset.node_ids["item"].tolist() == [7, 8]
    assert "shop: edges.user.knows.user (4 rows), " in capsys.readouterr().err


WRONG = {
    "nodes": ({"nodes": [1]}, "nodes must be a dict {type: table}, as edges has relations; got list"),
    "features": ({"features": np.eye(3)}, "features must be a dict {type: array}, as edges has relations"),
    "one table": ({"edges": OF_EDGES[KNOWS]}, r"nodes has tables by type, and edges none by relation: edges={\(source type"),
    "table": ({"nodes": {"user": 3}}, "nodes.user must be a data frame .*; got int"),
    "array": ({"features": {"user": ["x"]}}, "features.user: features"),
    "relation": ({"edges": {("user", "item"): {}}}, r"a relation must be \(source type, name, target type\), three texts"),
    "mixed": ({"edges": OF_EDGES | {"user": OF_EDGES[KNOWS]}}, "a relation must be .*; got 'user'"),
    "number": ({"edges": {("user", 1, "user"): OF_EDGES[KNOWS]}}, "types and relations must have names, .*; got 1"),
    "dot": ({"edges": {("user", "a.b", "user"): OF_EDGES[KNOWS]}}, "types and relations must have names, .*; got 'a.b'"),
    "directed": ({"directed": True, "schema": {"user": {}}}, "schema of user: schema must be a dict whose form"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_table(case):
    given, text = WRONG[case]
    with pytest.raises((DatasetError, TypeError), match=text):
        gs.from_tables(**{"nodes": OF_NODES, "edges": OF_EDGES, "progress": False} | given)


# ---- what is told

REPORT = """shop: edges.item.tagged.tag.csv (0.0 kB), edges.user.buys.item.csv (0.1 kB), edges.user.knows.user.csv (0.0 kB), \
nodes.item.csv (0.0 kB), nodes.user.csv (0.1 kB)
  edges.item.tagged.tag.csv: item_id is taken for source, tag is taken for target

nodes item
  nodes                              3
  isolated nodes                     1    33.3 %
features: 1 columns, dense
  price                    number    mean 2, deviation 0.5; 1 missing (33.3%): the mean

nodes tag
  nodes                              2
  isolated nodes                     0     0.0 %
features: none, so an embedding is learned of each node; such a model knows no other nodes of this type

nodes user
  nodes                              4
  isolated nodes                     0     0.0 %
features: 3 columns, dense
  age                      number    mean 12.33, deviation 2.055; 1 missing (25.0%): the mean
  city                     category  2 values: Oslo, Rome

edges item tagged tag
  edges listed                       3   and each turned round, as rev_tagged (--directed: one way)
  repeated                           0     0.0 %   dropped, the first stays

edges user buys item
  edges listed                       4   and each turned round, as rev_buys (--directed: one way)
  repeated                           1    25.0 %   dropped, the first stays, with its time
  weights                            2   on average, from 1 to 3: kept (--draw weighted)
  times                                  from 5 to 9: kept (--draw recent)

edges user knows user
  edges listed                       4   both ways (--directed: one way)
  repeated                           1    25.0 %   dropped, the first stays
  self loops                         1    25.0 %   dropped

user: classes: 2 (column label)
  blue                               2    66.7 %   ########################################
  red                                1    33.3 %   ####################
  nodes without a label              1    25.0 %

split: column split
  train                              1    25.0 %
  val                                1    25.0 %
  test                               1    25.0 %

Kept in"""


def test_a_report_tells_what_became_of_each_table(tmp_path):
    _, text = import_tables(write_shop(tmp_path / "shop"))
    assert text.startswith(REPORT), text
