"""The text files of Geom-GCN, and the splits that go with them."""

import numpy as np
import pytest
from helpers.public_files import club, of_networkx, pairs_of, read

from graphsage.data import DatasetError

pytest.importorskip("pyarrow")
EDGES, NODES = "out1_graph_edges.txt", "out1_node_feature_label.txt"
BITS = np.random.default_rng(0).integers(0, 2, (34, 6))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


def write(folder, features=lambda node: BITS[node]):
    folder.mkdir(exist_ok=True)
    lines = "".join(f"{source}\t{target}\n" for source, target in club().edges)
    (folder / EDGES).write_text("node_id\tnode_id\n" + lines)
    order = np.random.default_rng(1).permutation(34)
    rows = "".join(f"{node}\t{','.join(map(str, features(node)))}\t{node % 3}\n" for node in order)
    (folder / NODES).write_text("node_id\tfeature\tlabel\n" + rows)
    return folder


@pytest.mark.parametrize("features, value", [
    (lambda node: BITS[node], 1), (lambda node: np.flatnonzero(BITS[node]), 1), (lambda node: BITS[node] / 2, 0.5),
])  # fmt: skip
def test_a_folder(features, value, tmp_path):
    """As 0 and 1, as places of the ones, and as numbers."""
    write(tmp_path / "texas", features)
    for path in (tmp_path / "texas", tmp_path / "texas" / NODES):
        dataset = read(path)
        order, values = dataset.node_ids, dataset.features.to_scipy().toarray()
        assert (dataset.name, dataset.num_nodes, pairs_of(dataset)) == ("texas", 34, of_networkx(club()))
        assert np.array_equal(dataset.labels, order % 3)
        assert np.array_equal(values, BITS[order] * value)


def test_splits(tmp_path):
    write(tmp_path)
    parts = np.random.default_rng(2).integers(0, 3, (10, 34))
    for at, part in enumerate(parts):
        masks = {name: (part == code).astype(float) for code, name in enumerate(("train_mask", "val_mask", "test_mask"))}
        np.savez(tmp_path / f"texas_split_0.6_0.2_{at}.npz", **masks)
    for number in (0, 9):
        dataset = read(tmp_path, split=number)
        for code, name in enumerate(("train", "val", "test")):
            nodes = dataset.node_ids[getattr(dataset, name)]
            assert sorted(nodes) == np.flatnonzero(parts[number] == code).tolist()
    np.savez(tmp_path / "texas_split_0.6_0.2_3.npz", **dict.fromkeys(("train_mask", "val_mask", "test_mask"), np.ones(33)))
    with pytest.raises(DatasetError, match=r"2_3\.npz: train_mask must have 34 values, one a node; it has \[33\]"):
        read(tmp_path)


@pytest.mark.parametrize("name, text, sentence", [
    (EDGES, "node_id\tnode_id\n", r"edges\.txt has no line below the first"),
    (EDGES, "node_id\tnode_id\n0 1\n", r"edges\.txt line 2 must have 2 columns with tabs between, it has 1"),
    (EDGES, "node_id\tnode_id\n0\tx\n", r"edges\.txt line 2 must have integers, got 'x'"),
    (EDGES, "node_id\tnode_id\n0\t99\n", r"target is 99, and .*nodes has no such id"),
    (NODES, "a\tb\tc\n0\t1,x\t2\n", r"label\.txt line 2 must have numbers with commas between, got '1,x'"),
    (NODES, "a\tb\tc\n0\t1,2\t2\n1\t1e9\t2\n", r"label\.txt must have as many features at each node, or the places of ones"),
])
def test_what_is_wrong_is_one_sentence(name, text, sentence, tmp_path):
    write(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path)
