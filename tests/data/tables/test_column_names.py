"""Columns under the names that others give them."""

import pytest
from helpers.table_files import write_tables

from graphsage.base.progress import silent
from graphsage.config.table_config import TABLE_DEFAULTS, TableConfig
from graphsage.data import DatasetError
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.import_report import import_report

pytest.importorskip("pyarrow")

NODES = "id,x\na,1\nb,2\nc,3\n"


def read(folder, **options):
    return read_folder(folder, progress=silent, **options)


def rows(dataset):
    return dataset.graph.to_adjacency_dict()


@pytest.mark.parametrize("source, target", [
    ("Source", "Target"), ("SOURCE", "target"), ("from", "to"), ("FROM_NODE", "TO_NODE"), ("FromNodeId", "ToNodeId"),
    ("src", "dst"), ("Src", "Dest"), ("source_id", "target_id"), ("Source ID", "Target ID"), (":START_ID", ":END_ID"),
    ("node1", "node2"), ("id_1", "id_2"), ("Node 1", "Node 2"), ("u", "v"), ("i", "j"), ("source", "destination"),
    ("source_node", "target_node"), ("node_from", "node_to"), ("srcId", "dstId"), ("citing", "cited"), ("head_id", "tail_id"),
])
def test_the_ends_of_edges(tmp_path, source, target):
    """Directed, so that the two cannot be mixed up."""
    dataset, found = read(write_tables(tmp_path, f"kind,{target},{source}\nx,b,a\ny,c,b\n", NODES), directed=True)
    assert rows(dataset) == {"a": [], "b": ["a"], "c": ["b"]}
    assert found.unused == ("kind",)
    if (source, target) != ("source", "target"):
        [note] = found.notes
        assert f"{target} is taken for target" in note or target == "target"
        assert f"\n  {note}\n" in import_report(dataset, found)


@pytest.mark.parametrize("name", ["Id", "ID", "node", "Node", "node_id", "NodeID", "vertex", "Vertex Id", ":ID",
                                  ":ID(Person)", "personId:ID", "personId:ID(Person)", "name", "name:string", "paper_id",
                                  "userId", "Paper ID"])
def test_the_ids_of_nodes(tmp_path, name):
    dataset, found = read(write_tables(tmp_path, "source,target\na,b\nb,c\n", NODES.replace("id", name, 1)))
    assert dataset.node_ids.tolist() == ["a", "b", "c"] and dataset.num_features == 1
    assert found.notes == [f"nodes.csv: {name} is taken for id"]


def test_weight_and_time_in_any_case(tmp_path):
    dataset, found = read(write_tables(tmp_path, "Source,Target,Weight,TIME\na,b,2,5\nb,c,3,7\n", NODES))
    assert sorted(dataset.graph.weights.tolist()) == [2, 2, 3, 3] and found.times == ("5", "7")
    assert found.notes == ["edges.csv: Source is taken for source, Target is taken for target, Weight is taken for weight, "
                           "TIME is taken for time"]


def test_types_and_groups_of_neo4j_are_no_part_of_a_name(tmp_path):
    edges = ":START_ID(Person),role,:END_ID(Person),:TYPE,weight:float,time:long\na,x,b,KNOWS,2,5\nb,y,c,KNOWS,3,7\n"
    dataset, found = read(write_tables(tmp_path, edges, NODES.replace("id", "personId:ID(Person)", 1)))
    assert rows(dataset) == {"a": ["b"], "b": ["a", "c"], "c": ["b"]} and found.unused == ("role", ":TYPE")
    assert sorted(dataset.graph.weights.tolist()) == [2, 2, 3, 3] and found.times == ("5", "7")


def test_a_name_as_it_is_here_goes_first(tmp_path):
    """And nothing is told: the others are columns like any."""
    dataset, found = read(write_tables(tmp_path, "from,to,source,target\nx,y,a,b\n", "node,id,Id\n1,a,7\n2,b,8\n"))
    assert rows(dataset) == {"a": ["b"], "b": ["a"]} and found.notes == [] and found.unused == ("from", "to")
    assert {column.name for column in found.columns} == {"node", "Id"}


def test_the_first_two_columns_of_one_name_with_numbers(tmp_path):
    dataset, found = read(write_tables(tmp_path, "protein1,protein2,score1,score2\na,b,1,2\nb,c,3,4\n", NODES), directed=True)
    assert rows(dataset) == {"a": [], "b": ["a"], "c": ["b"]} and found.unused == ("score1", "score2")
    assert found.notes == ["edges.csv: protein1 is taken for source, protein2 is taken for target"]
    with pytest.raises(DatasetError, match="edges.csv has no column 'source', only score, protein1, protein2"):
        read(write_tables(tmp_path, "score,protein1,protein2\n1,a,b\n", NODES))


@pytest.mark.parametrize("names", ["city_id,team_id", "paid,valid"])
def test_what_is_no_id_by_its_name(tmp_path, names):
    with pytest.raises(DatasetError, match="nodes.csv has (no column 'id', only paid|the columns 'city_id' and 'team_id': )"):
        read(write_tables(tmp_path, "source,target\na,b\n", f"{names}\na,b\nb,c\n"))


@pytest.mark.parametrize("name", ["Label", "LABEL", ":LABEL", "label:string"])
def test_the_label_of_nodes(tmp_path, name):
    dataset, _ = read(write_tables(tmp_path, "source,target\na,b\nb,c\n", f"id,{name}\na,x\nb,y\nc,x\n"))
    assert dataset.class_names == ("x", "y") and dataset.labels.tolist() == [0, 1, 0]


def test_a_setting_goes_before_every_name(tmp_path):
    """What is called so is not read, which is told; by its schema a folder that has no such column is read as well."""
    nodes = "id,key,label,kind,split,part,x\n1,a,p,u,train,test,1\n2,b,q,v,val,train,3\n3,c,p,u,,,5\n"
    folder = write_tables(tmp_path / "one", "source,target,one,two\n1,2,a,b\n2,3,b,c\n", nodes)
    how = {"source": "one", "target": "two", "id": "key", "label": "kind", "split_column": "part", "drop": ("split",)}
    dataset, found = read(folder, directed=True, reading=TableConfig(**how).or_else(TABLE_DEFAULTS))
    assert rows(dataset) == {"a": [], "b": ["a"], "c": ["b"]} and dataset.class_names == ("u", "v")
    assert (dataset.train.tolist(), dataset.test.tolist()) == ([1], [0]) and dataset.num_features == 1
    assert found.notes == [
        "edges.csv: source is not read, as another column was asked for as that",
        "edges.csv: target is not read, as another column was asked for as that",
        "edges.csv: one is taken for source, two is taken for target",
        "nodes.csv: id is not read, as another column was asked for as that", "nodes.csv: key is taken for id",
        "nodes.csv: label is not read, as kind was asked for as label", "nodes.csv: kind is taken for label",
        "nodes.csv: part is taken for split",
    ]  # fmt: skip
    other = write_tables(tmp_path / "other", "source,target\na,b\n", "id,x\na,1\nb,3\n")
    again, _ = read(other, schema=dataset.schema)
    assert rows(again) == {"a": [], "b": ["a"]} and again.features.tolist() == dataset.features[:2].tolist()


def test_gephis_tables(tmp_path):
    """Its ids name the nodes; edges have ids of their own."""
    edges = "Source,Target,Type,id,weight\nanna-b,carl-d,Undirected,0,3\ncarl-d,emma-f,Undirected,1,14\n"
    dataset, found = read(write_tables(tmp_path, edges, "Id,x\nanna-b,1\ncarl-d,2\nemma-f,5\n"))
    assert rows(dataset) == {"anna-b": ["carl-d"], "carl-d": ["anna-b", "emma-f"], "emma-f": ["carl-d"]}
    assert found.unused == ("Type", "id")


@pytest.mark.parametrize("edges, nodes, sentence", [
    ("from,to,src,dst\na,b,a,b\n", None, r"edges.csv has columns that could be the ends of edges \(from, to or src, dst\)"),
    ("Source,SOURCE,target\na,b,c\n", None, r"edges.csv has columns that could be the ends of edges \(SOURCE, target or"),
    ("source,to\na,b\n", None, r"edges.csv has no column 'target', only source, to"),
    ("source,target\na,b\n", "Id,node\na,b\n", r"nodes.csv has the columns 'Id' and 'node': call the one with the ids id"),
    ("one,two\na,b\n", None, r"edges.csv has no column 'source', only one, two"),
    ("source,target\na,b\n", "title\na\nb\n", r"nodes.csv has no column 'id', only title: .*; --id COLUMN names it"),
])
def test_what_is_not_plain_is_refused(tmp_path, edges, nodes, sentence):
    with pytest.raises(DatasetError, match=sentence):
        read(write_tables(tmp_path, edges, nodes))
