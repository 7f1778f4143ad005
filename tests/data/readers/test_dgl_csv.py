"""CSVDataset folders of DGL, written by pandas."""

import pandas as pd
import pytest
from helpers.public_files import classes_of, club, of_networkx, pairs_of, read

import graphsage as gs
from graphsage.data import DatasetError

pytest.importorskip("pyarrow")
pytest.importorskip("yaml")
META = "dataset_name: club\nedge_data:\n- file_name: edges_0.csv\nnode_data:\n- file_name: nodes_0.csv\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    graph, folder = club(), tmp_path / "club_csv"
    folder.mkdir()
    (folder / "meta.yaml").write_text(META)
    pd.DataFrame(list(graph.edges), columns=["src_id", "dst_id"]).to_csv(folder / "edges_0.csv", index=False)
    nodes = sorted(graph)
    pd.DataFrame({
        "node_id": nodes, "label": [graph.nodes[node]["label"] for node in nodes],
        "train_mask": [node % 2 == 0 for node in nodes],
        "val_mask": [False] * 34,
        "test_mask": [node % 2 == 1 for node in nodes],
        "feat": [f"{node / 3:.4f}, {node % 5}, 1.5" for node in nodes],
    }).to_csv(folder / "nodes_0.csv", index=False)  # fmt: skip
    return folder


def test_a_folder(folder):
    for path in (folder, folder / "meta.yaml", folder / "nodes_0.csv"):
        dataset = read(path)
        assert (dataset.name, pairs_of(dataset)) == ("club_csv", of_networkx(club()))
        assert classes_of(dataset) == [club().nodes[node]["label"] for node in range(34)]
        assert dataset.test.tolist() == list(range(1, 34, 2)) and dataset.num_features == 3


@pytest.mark.parametrize("old, new, sentence", [
    ("dataset_name", "separator: ;\ndataset_name", r"meta\.yaml: separator is ';', and only a comma is read"),
    ("dataset_name", "graph_data: {}\ndataset_name", r"meta\.yaml is about many graphs \(graph_data\), and one graph is read"),
    ("nodes_0.csv", "../nodes.csv", r"meta\.yaml names the file '\.\./nodes\.csv', which is not beside it"),
    ("nodes_0.csv\n", "nodes_0.csv\n- file_name: b.csv\n", r"node_data has two tables of '_V' \(nodes_0\.csv, b\.csv\): give"),
    ("nodes_0.csv", "nodes_0.csv\n  ntype: 3", r"meta\.yaml: ntype must be the name of a type, got 3"),
    ("edges_0.csv", "edges_0.csv\n  etype: [a, b]", r"etype must be \[source type, name, target type\], got \['a', 'b'\]"),
    ("edge_data:\n- file_name: edges_0.csv", "edge_data: []", r"edge_data must be a list of tables, each with its file_name"),
    ("- file_name: edges_0.csv", "- {}", r"meta\.yaml: edge_data must be a list of tables, each with its file_name"),
    ("edge_data", "edges", r"meta\.yaml must name edge_data, as the meta\.yaml of a CSVDataset of DGL does"),
    ("dataset_name: club", "dataset_name: [", r"meta\.yaml is no intact YAML: "),
    ("dataset_name: club", "a: !!python/object/apply:os.system ['true']", r"meta\.yaml is no intact YAML: could not determine"),
])
def test_what_is_wrong_is_one_sentence(folder, old, new, sentence):
    (folder / "meta.yaml").write_text(META.replace(old, new))
    with pytest.raises(DatasetError, match=sentence):
        read(folder)


TYPED = """\
dataset_name: shop
node_data:
- {file_name: users.csv, ntype: user}
- {file_name: items.csv, ntype: item}
edge_data:
- {file_name: buys.csv, etype: [user, buys, item]}
- {file_name: likes.csv, etype: [item, like, item]}
"""


def write_typed(folder):
    """A shop of three users, two items, and two relations."""
    files = {
        "meta.yaml": TYPED,
        "users.csv": 'node_id,feat,label\n0,"1, 2",a\n1,"3, 4",b\n2,"5, 6",a\n',
        "items.csv": "node_id,price\n0,5\n1,7\n",
        "buys.csv": "src_id,dst_id,weight\n0,1,2\n2,0,1\n2,1,1\n",
        "likes.csv": "src_id,dst_id\n0,1\n",
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)


def test_a_folder_of_several_types(tmp_path):
    write_typed(tmp_path / "shop")
    for path in (tmp_path / "shop", tmp_path / "shop" / "likes.csv"):
        dataset = read(path)
        assert isinstance(dataset, gs.TypedDataset) and dataset.num_nodes == {"item": 2, "user": 3}
        buys = ("user", "buys", "item")
        assert [ends.tolist() for ends in dataset.graph.edges(buys)] == [[2, 0, 2], [0, 1, 1]]
        assert dataset.graph.edge_ids[dataset.graph.span(buys)].tolist() == [1, 0, 2]
        assert dataset.num_edges["item", "like", "item"] == 2 and ("item", "rev_buys", "user") in dataset.graph.relations
        assert dataset.target == "user" and dataset.num_features == {"item": 1, "user": 2}


def test_without_a_reader_of_yaml(folder, monkeypatch):
    monkeypatch.setattr("graphsage.data.readers.dgl_csv.find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"meta\.yaml needs PyYAML, which is not installed: pip install pyyaml"):
        read(folder)
