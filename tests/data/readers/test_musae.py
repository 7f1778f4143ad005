"""Edges, targets and features in files beside each other."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from helpers.public_files import classes_of, club, of_networkx, pairs_of, read

from graphsage.data import DatasetError, load_dataset

pytest.importorskip("pyarrow")
PLACES = {node: sorted({node % 7, node % 3, 9}) for node in range(34)}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


def write(folder, *, targets="id,page_type\n", features="json", name="musae_pages"):
    """The club as one of SNAP's folders."""
    graph = club()
    pd.DataFrame(list(graph.edges), columns=["id_1", "id_2"]).to_csv(folder / f"{name}_edges.csv", index=False)
    if targets:
        rows = "".join(f"{node},{graph.nodes[node]['label']}\n" for node in sorted(graph, reverse=True))
        (folder / f"{name}_target.csv").write_text(targets + rows)
    if features == "json":
        (folder / f"{name}_features.json").write_text(json.dumps({str(node): of * 2 for node, of in PLACES.items()}))
    if features == "csv":
        entries = [(node, place, 0.5) for node, of in PLACES.items() for place in of]
        pd.DataFrame(entries, columns=["node_id", "feature_id", "value"]).to_csv(folder / f"{name}_features.csv", index=False)
    return folder


@pytest.mark.parametrize("features, value", [("json", 1.0), ("csv", 0.5), (None, None)])
def test_a_folder_of_snap(features, value, tmp_path):
    write(tmp_path, features=features)
    for path in (tmp_path, tmp_path / "musae_pages_edges.csv", tmp_path / "musae_pages_target.csv"):
        dataset = read(path)
        assert (dataset.name, dataset.num_nodes, dataset.node_ids[:2].tolist()) == ("musae_pages", 34, [33, 32])
        assert pairs_of(dataset) == of_networkx(club())
        assert classes_of(dataset) == [club().nodes[node]["label"] for node in dataset.node_ids]
        if features:
            dense = dataset.features.to_scipy().toarray()
            assert [np.flatnonzero(row).tolist() for row in dense] == [PLACES[node] for node in dataset.node_ids]
            assert set(np.unique(dense)) == {0, value}


def test_without_targets_the_features_name_the_nodes(tmp_path):
    write(tmp_path, targets=None)
    dataset = read(tmp_path)
    assert (dataset.num_nodes, dataset.num_features, (dataset.labels == -1).all()) == (34, 10, True)


def test_targets_without_ids_are_in_the_order_of_nodes(tmp_path):
    write(tmp_path, targets=None)
    (tmp_path / "musae_pages_target.csv").write_text("target\n" + "".join(f"{node % 4}\n" for node in range(34)))
    assert read(tmp_path).labels.tolist() == [node % 4 for node in range(34)]


def test_a_label_of_another_name_is_named(tmp_path):
    write(tmp_path, targets="id,kind\n")
    assert (read(tmp_path).labels == -1).all()
    assert read(tmp_path, label="kind").class_names == ("Mr.", "Officer")


def test_what_is_not_read_is_told(tmp_path, command):
    write(tmp_path, targets=None)
    rows = "".join(f"{node + 5000},{node},x,{node}\n" for node in [*range(34), 3])
    (tmp_path / "musae_pages_target.csv").write_text("facebook_id,ml_target,page_name,new_id\n" + rows)
    code, out, _ = command("import", tmp_path)
    assert code == 0
    for told in ("ml_target is taken for label", "1 lines repeat a node: the first stays", "not used: facebook_id, page_name"):
        assert f"  musae_pages_target.csv: {told}" in out


@pytest.mark.parametrize("files, sentence", [
    ({"target.csv": "id,target\nx,2\n"}, r"must have integers in its column id"),
    ({"target.csv": "id,target\n0,2\n"}, r"has features of node 1, which has no target \(33 such nodes\)"),
    ({"features.json": "[1]"}, r"must hold an object whose keys are numbers of nodes"),
    ({"features.json": '{"0": [-1]}'}, r"node 0 must have a list of features, integers from 0"),
    ({"features.json": '{"0": '}, r"must be JSON"),
    ({"features.json": ""}, r"features\.json is empty"),
])
def test_what_is_wrong_is_one_sentence(files, sentence, tmp_path):
    write(tmp_path)
    for end, text in files.items():
        (tmp_path / f"musae_pages_{end}").write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path)


@pytest.mark.parametrize("text, sentence", [
    ("node_id,feature_id\n0,1\n", r"must have the columns node_id, feature_id, value: value is missing"),
    ("node_id,feature_id,value\n0,1,x\n", r"must have numbers in its column value"),
    ("node_id,feature_id,value\n0,99999999999,1\n", r"must have features from 0 to 4,194,303, got 99999999999"),
])
def test_what_is_wrong_with_entries(text, sentence, tmp_path):
    write(tmp_path, features=None)
    (tmp_path / "musae_pages_features.csv").write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path)


def test_two_of_them_in_a_folder_are_too_many(tmp_path):
    write(write(tmp_path), name="other")
    with pytest.raises(DatasetError, match=r"holds several datasets \(musae_pages_edges\.csv, other_edges\.csv\): give each"):
        read(tmp_path)
    assert read(tmp_path / "other_target.csv").name == "other"


def test_a_real_one_equals_what_its_own_layout_reads(tmp_path, test_data):
    """Brazil's streamers under the names that SNAP gives to the same files; packed tables as well."""
    source = test_data / "twitch" / "PTBR"
    for end in ("edges.csv", "target.csv"):
        (tmp_path / f"musae_PTBR_{end}.gz").write_bytes(gzip.compress((source / f"PTBR_{end}").read_bytes()))
    (tmp_path / "musae_PTBR_features.json").write_bytes((source / "PTBR.json").read_bytes())
    known, dataset = load_dataset(source, progress=False), read(tmp_path)
    order = np.arange(dataset.num_nodes) if dataset.node_ids is None else dataset.node_ids
    assert (dataset.num_nodes, dataset.graph.num_edges) == (known.num_nodes, known.graph.num_edges)
    assert np.array_equal(dataset.labels, known.labels[order])
    found, stated = dataset.features.to_scipy(), known.features.to_scipy()[order]
    assert abs(found - stated[:, : found.shape[1]]).nnz == 0 and stated[:, found.shape[1] :].nnz == 0
    assert pairs_of(dataset) == pairs_of(known)
