"""The reader of heterophilous-graphs files: the published ones, a small made one, and files that break a rule."""

import numpy as np
import pytest
from helpers.graphs import edges_by_id
from helpers.mutations import generator, mutated_npz, save

from graphsage.data import dataset_card, load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.readers.heterophilous import holds_heterophilous, read_heterophilous
from graphsage.graph.features import SparseFeatures

#: nodes, undirected edges without loops, features, classes, sizes of the first split, of which the repository's paper and
#: that of Pei et al. 2020 state all but the last
PUBLISHED = {
    "actor": (7600, 26659, 932, 5, (3648, 2432, 1520)),
    "chameleon": (2277, 31371, 2325, 5, (1092, 729, 456)),
    "chameleon_filtered": (890, 8854, 2325, 5, (409, 287, 194)),
    "cornell": (183, 277, 1703, 5, (87, 59, 37)),
    "minesweeper": (10000, 39402, 7, 2, (5000, 2500, 2500)),
    "squirrel": (5201, 198353, 2089, 5, (2496, 1664, 1041)),
    "squirrel_filtered": (2223, 46998, 2089, 5, (1053, 718, 452)),
    "texas": (183, 279, 1703, 5, (87, 59, 37)),
    "texas_4_classes": (183, 279, 1703, 5, (87, 58, 37)),
    "tolokers": (11758, 519000, 10, 2, (5879, 2939, 2940)),
    "wisconsin": (251, 450, 1703, 5, (120, 80, 51)),
}
#: listed edges, and how many of them are loops
DIRECTED = {
    "chameleon_directed": (36101, 50),
    "chameleon_filtered_directed": (13584, 50),
    "squirrel_directed": (217073, 140),
    "squirrel_filtered_directed": (65718, 140),
}


def arrays():
    """A path 0-1-2-3 with 1-2 listed both ways and a loop on 3; node 4 is alone and in no part; two splits."""
    masks = np.zeros((3, 2, 5), bool)
    masks[0, 0, [0, 1]] = masks[1, 0, 2] = masks[2, 0, 3] = True
    masks[0, 1, 3] = masks[1, 1, 2] = masks[2, 1, [0, 1]] = True
    return {
        "node_features": np.array([[0, 1.5], [0, 0], [2, 0], [1, 1], [0, 0]], np.float32),
        "node_labels": np.array([0, 1, 1, 2, 0]),
        "edges": np.array([[0, 1], [1, 2], [2, 1], [2, 3], [3, 3]]),
        **dict(zip(("train_masks", "val_masks", "test_masks"), masks)),
    }


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "tiny.npz", **arrays())
    return tmp_path


def rows(graph):
    return {row: graph.indices[graph.indptr[row] : graph.indptr[row + 1]].tolist() for row in range(graph.num_nodes)}


def test_the_small_file(folder):
    dataset = read_heterophilous(folder, "tiny")
    assert rows(dataset.graph) == {0: [1], 1: [0, 2], 2: [1, 3], 3: [2], 4: []}
    assert np.array_equal(dataset.features, arrays()["node_features"])
    assert (dataset.labels.tolist(), dataset.name) == ([0, 1, 1, 2, 0], "tiny")
    assert [dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()] == [[0, 1], [2], [3]]


def test_a_directed_file_keeps_directions_and_loops(tmp_path):
    save(tmp_path / "tiny_directed.npz", **arrays())
    graph = read_heterophilous(tmp_path, "tiny_directed").graph
    assert rows(graph) == {0: [], 1: [0, 2], 2: [1], 3: [2, 3], 4: []}


def test_an_edge_id_is_a_row_of_the_edges(folder):
    assert edges_by_id(read_heterophilous(folder, "tiny").graph) == {0: (0, 1), 1: (1, 2), 3: (2, 3)}
    save(folder / "tiny_directed.npz", **arrays())
    directed = read_heterophilous(folder, "tiny_directed").graph
    assert edges_by_id(directed) == dict(enumerate(map(tuple, arrays()["edges"].tolist())))


def test_the_splits(folder):
    second = load_dataset(folder, split=1)
    assert [second.train.tolist(), second.val.tolist(), second.test.tolist()] == [[3], [2], [0, 1]]
    assert load_dataset(folder).train.tolist() == load_dataset(folder, split=0).train.tolist() == [0, 1]
    for split in (2, -1, True):
        with pytest.raises(DatasetError, match=rf"tiny\.npz: split must be an integer from 0 to 1, got {split}"):
            load_dataset(folder, split=split)
    with pytest.raises(DatasetError, match=r"tiny\.npz: split must be an integer from 0 to 1, got '0'"):
        load_dataset(folder, split="0")


def test_a_bag_of_words_becomes_sparse_rows(tmp_path):
    words = np.zeros((5, 40), np.float32)
    words[0, 3] = words[4, 39] = words[4, 0] = 1
    save(tmp_path / "words.npz", **{**arrays(), "node_features": words})
    features = read_heterophilous(tmp_path, "words").features
    assert isinstance(features, SparseFeatures) and features.values is None
    assert np.array_equal(features.to_scipy().toarray(), words)
    for other in (words + np.float32(0.5), 2 * words, np.tile(np.float32([1, 0, 0]), (5, 2))):
        save(tmp_path / "words.npz", **{**arrays(), "node_features": other})
        assert np.array_equal(read_heterophilous(tmp_path, "words").features, other)


@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        ("edges", np.array([[0, 5]]), r"src\[0\] = 5|dst\[0\] = 5 is not a node: the graph has 5"),
        ("edges", np.array([[0, -1]]), r"dst\[0\] = -1 is not a node: the graph has 5"),
        ("edges", np.array([0, 1]), r"edges must have shape \(edges, 2\), got \(2,\)"),
        ("edges", np.zeros((4, 3), int), r"edges must have shape \(edges, 2\), got \(4, 3\)"),
        ("edges", np.array([[0, 0.5]]), r"src must be integers"),
        ("node_labels", np.zeros(5), r"node_labels must be integers, got float64"),
        ("node_labels", np.zeros(4, int), r"train_masks must be bool of shape \(splits >= 1, 4\) .*, got bool \(2, 5\)"),
        ("node_labels", np.array([0, 1, -2, 0, 0]), r"labels must be class numbers .*; got labels\[2\] = -2"),
        ("node_labels", np.array([0, 1, -1, 0, 0]), r"val\[0\] = 2 has no label"),
        ("node_features", np.full((5, 2), np.nan), r"features must be finite, got features\[0, 0\] = nan"),
        ("node_features", np.zeros((4, 2)), r"features must have one row per node, 5; got 4 rows"),
        ("node_features", np.zeros(5), r"node_features must have shape \(nodes, features\), got \(5,\)"),
        ("node_features", np.zeros((5, 0)), r"features must have shape \[nodes, features >= 1\], got \(5, 0\)"),
        ("val_masks", np.zeros((2, 5), int), r"val_masks must be bool of .*, got int64 \(2, 5\)"),
        ("val_masks", np.zeros((3, 5), bool), r"val_masks must be bool of .*, got bool \(3, 5\)"),
        ("train_masks", np.zeros((0, 5), bool), r"train_masks must be bool of shape \(splits >= 1, 5\)"),
        ("train_masks", np.zeros(5, bool), r"train_masks must be bool of shape"),
        ("train_masks", np.ones((2, 5), bool), r"node 2 is in train and in val: splits must not overlap"),
        ("edges", np.array([[0, 1]], object), r"edges\.npy must hold plain numbers, not '\|O'"),
    ],
)
def test_files_that_break_a_rule(folder, name, array, sentence):
    save(folder / "tiny.npz", **{**arrays(), name: array})
    with pytest.raises(DatasetError, match=rf"tiny\.npz: ({sentence})"):
        read_heterophilous(folder, "tiny")


def test_the_name_of_the_file_in_a_folder(folder, tmp_path):
    assert holds_heterophilous(folder) == "tiny"
    save(tmp_path / "tiny.npz", **{name: array for name, array in arrays().items() if name != "edges"})
    assert holds_heterophilous(folder) is None


def test_a_changed_file_is_refused_or_a_dataset(folder):
    rng, refused, data = generator(3), 0, (folder / "tiny.npz").read_bytes()
    for _ in range(300):
        (folder / "tiny.npz").write_bytes(data)
        mutated_npz(folder / "tiny.npz", rng)
        try:
            read_heterophilous(folder, "tiny")
        except DatasetError:
            refused += 1
    assert 100 < refused < 300


# ---- the published files


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_counts(test_data, name):
    nodes, edges, features, classes, sizes = PUBLISHED[name]
    dataset = read_heterophilous(test_data / "heterophilous", name)
    assert (dataset.num_nodes, dataset.graph.num_edges) == (nodes, 2 * edges)
    assert (dataset.num_features, dataset.num_classes) == (features, classes)
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == sizes
    assert isinstance(dataset.features, SparseFeatures) == (name not in ("minesweeper", "tolokers"))
    assert dataset.statistics() == dataset_card(name).statistics


@pytest.mark.parametrize("name", DIRECTED)
def test_the_published_directed_counts(test_data, name):
    edges, loops = DIRECTED[name]
    dataset = read_heterophilous(test_data / "heterophilous", name)
    src, dst = dataset.graph.to_edges()
    assert (dataset.graph.num_edges, int((src == dst).sum())) == (edges, loops)
    assert len(np.unique(np.sort([src, dst], axis=0)[:, src != dst], axis=1).T) == PUBLISHED[name[: -len("_directed")]][1]
    assert dataset.statistics() == dataset_card(name).statistics


def test_the_ten_splits_of_a_published_file(test_data, monkeypatch):
    """By name, card and all: another split has other sizes, which are not those of the card."""
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "heterophilous"))
    with np.load(test_data / "heterophilous" / "chameleon_filtered.npz") as file:
        masks = {part: file[f"{part}_masks"] for part in ("train", "val", "test")}
    for split in range(10):
        dataset = load_dataset("chameleon_filtered", split=split, download=False)
        for part, mask in masks.items():
            assert np.array_equal(getattr(dataset, part), np.flatnonzero(mask[split]))
    assert len({int(mask.sum()) for mask in masks["train"]}) > 1


def test_the_page_of_texas_that_no_split_has(test_data):
    dataset = read_heterophilous(test_data / "heterophilous", "texas_4_classes")
    (lone,) = np.flatnonzero(dataset.labels == 1)
    for split in range(10):
        dataset = read_heterophilous(test_data / "heterophilous", "texas_4_classes", split=split)
        assert lone not in np.concatenate([dataset.train, dataset.val, dataset.test])
