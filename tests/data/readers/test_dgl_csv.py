"""CSVDataset folders of DGL, written by pandas."""

import pandas as pd
import pytest
from helpers.public_files import classes_of, club, of_networkx, pairs_of, read

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
    ("nodes_0.csv\n", "a.csv\n- file_name: b.csv\n", r"meta\.yaml: node_data has 2 tables \(a\.csv, b\.csv\), of several"),
    ("- file_name: edges_0.csv", "- {}", r"meta\.yaml: edge_data must be a list of tables, each with its file_name"),
    ("edge_data", "edges", r"meta\.yaml must name edge_data, as the meta\.yaml of a CSVDataset of DGL does"),
    ("dataset_name: club", "dataset_name: [", r"meta\.yaml is no intact YAML: "),
    ("dataset_name: club", "a: !!python/object/apply:os.system ['true']", r"meta\.yaml is no intact YAML: could not determine"),
])
def test_what_is_wrong_is_one_sentence(folder, old, new, sentence):
    (folder / "meta.yaml").write_text(META.replace(old, new))
    with pytest.raises(DatasetError, match=sentence):
        read(folder)


def test_without_a_reader_of_yaml(folder, monkeypatch):
    monkeypatch.setattr("graphsage.data.readers.dgl_csv.find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"meta\.yaml needs PyYAML, which is not installed: pip install pyyaml"):
        read(folder)
