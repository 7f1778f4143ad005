"""HeCo's files of typed graphs: the published ones, a small folder made here, and files that break a rule."""

import io

import numpy as np
import pytest
from scipy import sparse

import graphsage as gs
from graphsage.data.dataset import DatasetError
from graphsage.data.readers.heco import read_heco

HAS = "has"
#: nodes a type, edges a relation, columns a type; sizes of the splits: as the files' README states them
PUBLISHED = {
    "acm": (
        {"paper": 4019, "author": 7167, "subject": 60},
        {("paper", HAS, "author"): 13407, ("paper", HAS, "subject"): 4019},
        {"paper": 1902, "author": 1902, "subject": 60},
        ("paper", [1993, 965, 1061], 60),
    ),
    "dblp": (
        {"paper": 14328, "author": 4057, "conference": 20, "term": 7723},
        {("paper", HAS, "author"): 19645, ("paper", HAS, "conference"): 14328, ("paper", HAS, "term"): 85810},
        {"paper": 4231, "author": 334, "conference": 20, "term": 50},
        ("author", [1197, 745, 1109, 1006], 80),
    ),
}  # fmt: skip
X = np.array([[0, 1.5], [2, 0], [0, 0], [1, 1]])


def npz(matrix):
    stream = io.BytesIO()
    sparse.save_npz(stream, matrix)
    return stream.getvalue()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def files():
    """Four papers with features (coo), three authors with dense ones, two subjects without; two splits."""
    return {
        "pa.txt": b"0\t0\n0\t1\n1\t1\n3\t2\n",
        "ps.txt": b"0\t0\n1\t1\n2\t1\n3\t0\n",
        "p_feat.npz": npz(sparse.coo_matrix(X)),
        "a_feat.npz": npy(np.eye(3)),
        "labels.npy": npy(np.array([0.0, 1, 1, 0])),
        "pap.npz": b"not read",
        **{f"{part}_{size}.npy": npy(np.array(ids)) for size, parts in {20: (3, 1, 2), 100: (2, 3, 1)}.items()
           for part, ids in zip(("train", "val", "test"), ([0], [parts[0]], [parts[1]]))},
    }  # fmt: skip


def made(folder, **changes):
    """The folder of ``files``; ``pa__txt=b"..."`` is another content, None leaves the file out."""
    changes = {name.replace("__", "."): data for name, data in changes.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in {**files(), **changes}.items():
        if data is not None:
            (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_files(name, test_data):
    sizes, edges, columns, (target, classes, per_class) = PUBLISHED[name]
    for split, factor in ((None, 1), (1, 2), (2, 3)):
        dataset = gs.load_dataset(test_data / "heco" / name, split=split)
        assert isinstance(dataset, gs.TypedDataset) and (dataset.name, dataset.target) == (name, target)
        assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (factor * per_class, 1000, 1000)
        assert np.bincount(dataset.labels[dataset.train]).tolist() == [factor * 20] * len(classes)
    assert dataset.num_nodes == sizes and dataset.num_features == columns
    turned = {(b, "rev_has", a): count for (a, _, b), count in edges.items()}
    assert dataset.num_edges == edges | turned
    assert np.bincount(dataset.labels).tolist() == classes


def test_published_features_and_edges_are_those_of_the_files(test_data):
    folder = test_data / "heco" / "acm"
    dataset = gs.load_dataset(folder)
    for letter, name in (("p", "paper"), ("a", "author")):
        found, stored = dataset.features[name].to_scipy(), sparse.load_npz(folder / f"{letter}_feat.npz")
        assert abs(found - stored.astype(np.float32)).sum() == 0
    pairs = np.loadtxt(folder / "pa.txt", dtype=int)
    src, dst = dataset.graph.edges(("author", "rev_has", "paper"))
    ids = dataset.graph.edge_ids[dataset.graph.span(("author", "rev_has", "paper"))]
    assert np.array_equal(pairs[ids], np.stack([dst, src], axis=1))
    dense = gs.load_dataset(test_data / "heco" / "dblp").features["term"]
    assert np.array_equal(dense, np.load(test_data / "heco" / "dblp" / "t_feat.npz").astype(np.float32))


def test_a_small_folder(tmp_path):
    dataset = gs.load_dataset(made(tmp_path / "tiny"))
    assert dataset.num_nodes == {"paper": 4, "author": 3, "subject": 2}
    assert np.array_equal(dataset.features["paper"].to_scipy().toarray(), X)
    assert np.array_equal(dataset.features["author"], np.eye(3)) and dataset.features["subject"].is_identity
    assert (dataset.target, dataset.labels.tolist(), dataset.labels.dtype) == ("paper", [0, 1, 1, 0], np.int64)
    assert [dataset.train.tolist(), dataset.val.tolist(), dataset.test.tolist()] == [[0], [3], [1]]
    assert gs.load_dataset(tmp_path / "tiny" / "pa.txt", split=1).test.tolist() == [3]
    assert read_heco(tmp_path / "tiny", "x", class_names=["a", "b"]).class_names == ("a", "b")


def test_films_have_actors(tmp_path):
    films = {"ma__txt": files()["pa.txt"], "mz__txt": files()["ps.txt"], "m_feat__npz": files()["p_feat.npz"]}
    dataset = gs.load_dataset(made(tmp_path, **films, pa__txt=None, ps__txt=None, p_feat__npz=None))
    assert dataset.num_nodes == {"movie": 4, "actor": 3, "z": 2}


def test_a_split_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="split must be"):
        gs.load_dataset(made(tmp_path), split=2)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"ps__txt": b"0\t0\n1\t3\n"}, "type s has no s_feat.npz, so its edges must name all nodes: 1 is missing"),
        ({"ps__txt": b"0\t0\n1\t999999999999\n"}, "its edges must name all nodes: 1 is missing"),
        ({"pa__txt": b"0 0\n"}, "pa.txt: line 1, '0 0', must be 2 integers"),
        ({"pa__txt": b"0\t9\n"}, "edges[('paper', 'has', 'author')] dst[0] = 9"),
        ({"labels__npy": npy(np.arange(9))}, "9 labels, which must be those of one type; there are p: 4, a: 3"),
        ({"a_feat__npz": npy(np.eye(4))}, "has 4 labels, which must be those of one type; there are p: 4, a: 4, s: 2"),
        ({"labels__npy": npy(np.array([0.5, 1, 1, 0]))}, "must be one-dimensional, of whole numbers, got float64 (4,)"),
        ({"labels__npy": npy(np.array([np.nan, 1, 1, 0]))}, "labels.npy must be one-dimensional, of whole numbers"),
        ({"val_20__npy": None}, "val_20.npy: there is no such file"),
        ({"val_20__npy": npy(np.array([0]))}, "node 0 is in train and in val"),
        ({"train_20__npy": npy(np.array([7]))}, "train[0] = 7"),
        ({"p_feat__npz": b"else"}, "p_feat.npz"),
        ({"p_feat__npz": npz(sparse.csc_matrix(np.ones((4, 2))))}, "matrix must be in CSR form, with an indptr of 5, got 3"),
        ({"a_feat__npz": npy(np.array([[np.nan]] * 3))}, "author: features must be finite"),
    ],
)
def test_damaged_files(changes, sentence, tmp_path):
    with pytest.raises(DatasetError) as caught:
        gs.load_dataset(made(tmp_path, **changes))
    assert str(caught.value).startswith(str(tmp_path)) and sentence in str(caught.value)


@pytest.mark.parametrize(
    "arrays, sentence",
    [
        ({"shape": np.array([4])}, "shape must be two numbers, got int64 [4]"),
        ({"shape": np.array([2**40, 2])}, "shape must be two numbers"),
        ({"row": np.array([0, 1, 3, 4])}, "row must be from 0 to 3, got 0 to 4"),
        ({"row": np.array([0, 1])}, "row, col and data must be as long as each other"),
        ({"col": np.array([0, 1, 0, 2])}, "is not a column: the features have 2"),
    ],
)
def test_damaged_matrices(arrays, sentence, tmp_path):
    whole = {"row": np.array([0, 1, 3, 3]), "col": np.array([1, 0, 0, 1]), "data": np.ones(4), "shape": np.array([4, 2])}
    stream = io.BytesIO()
    np.savez(stream, **whole | arrays)
    with pytest.raises(DatasetError) as caught:
        gs.load_dataset(made(tmp_path, p_feat__npz=stream.getvalue()))
    assert sentence in str(caught.value) and "p_feat.npz" in str(caught.value)
