"""Matrix Market and MATLAB files, written by scipy."""

import networkx as nx
import numpy as np
import pytest
from helpers.public_files import club, of_networkx, pairs_of, read
from scipy.io import mmwrite, savemat
from scipy.sparse import coo_array, csr_array

from graphsage.data import DatasetError

pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


def adjacency():
    return nx.to_scipy_sparse_array(club(), nodelist=range(34), dtype=np.float64)


@pytest.mark.parametrize("options", [{"symmetry": "symmetric"}, {"symmetry": "general"}, {"field": "pattern"}])
def test_a_matrix_of_matrix_market(options, tmp_path, command):
    mmwrite(tmp_path / "club.mtx", adjacency(), **options)
    for path in (tmp_path, tmp_path / "club.mtx"):
        dataset = read(path)
        assert (dataset.name, dataset.num_nodes, dataset.graph.weights) == ("club", 34, None)
        assert pairs_of(dataset) == of_networkx(club())
    code, out, _ = command("import", tmp_path / "club.mtx")
    assert code == 0 and "edges listed                      78 " in out and "repeated                           0" in out


def test_weights_and_direction_of_a_matrix(tmp_path, command):
    mmwrite(tmp_path / "a.mtx", coo_array(([0.5, 2.0], ([0, 1], [1, 2])), shape=(4, 4)))
    code, out, _ = command("import", tmp_path / "a.mtx", "--directed")
    assert code == 0 and "the matrix is not symmetric: edges are taken both ways (--directed: one way, from" in out
    dataset = read(tmp_path / "a.mtx")
    assert [dataset.graph.neighbors(node).tolist() for node in range(4)] == [[], [0], [1], []]
    assert dataset.graph.weights.tolist() == [0.5, 2.0]


HEADER = "%%MatrixMarket matrix coordinate real general\n"
BAD_MARKET = {
    "3 4 1\n1 2 1\n": r"x\.mtx has a matrix of 3 rows and 4 columns: the edges of a graph need a square one",
    "9999999999 9999999999 1\n1 2 1\n": r"x\.mtx claims 9,999,999,999 rows and 1 entries in \d+ bytes: it is not read",
    "3 3 999999999999\n1 2 1\n": r"x\.mtx claims 3 rows and 999,999,999,999 entries in \d+ bytes: it is not read",
    "3 3 2\n1 2 1\n": r"x\.mtx is no intact Matrix Market file: ",
    "3 3 1\n1 9 1\n": r"x\.mtx is no intact Matrix Market file: ",
    "3 3 1\n1 2 0\n": r"x\.mtx has no entry other than 0: there is no edge",
    "3 3 2\n1 2 1\0\n1 3 1\n": r"x\.mtx is no intact Matrix Market file: it has a byte 0 and is no text",
    "no": r"x\.mtx is no intact Matrix Market file: ",
}


@pytest.mark.parametrize("text", BAD_MARKET)
def test_what_is_wrong_with_a_matrix(text, tmp_path):
    (tmp_path / "x.mtx").write_text(HEADER + text)
    with pytest.raises(DatasetError, match=BAD_MARKET[text]):
        read(tmp_path / "x.mtx")


@pytest.mark.parametrize("names", [("network", "group", "attributes"), ("A", "gnd", "X"), ("Network", "Label", "Attributes")])
def test_a_matlab_file(names, tmp_path):
    labels, features = np.arange(34)[:, None] % 3 + 1.0, csr_array(np.eye(34, 5))
    savemat(tmp_path / "club.mat", dict(zip(names, (adjacency(), labels, features))), do_compression=True)
    for path in (tmp_path, tmp_path / "club.mat"):
        dataset = read(path)
        assert pairs_of(dataset) == of_networkx(club())
        assert dataset.class_names == ("1", "2", "3") and np.array_equal(dataset.labels, np.arange(34) % 3)
        assert np.array_equal(dataset.features.to_scipy().toarray(), np.eye(34, 5))


def test_labels_side_by_side_and_tables_beside(tmp_path, command):
    """As BlogCatalog has its groups, and Facebook's networks what students say of themselves."""
    several = csr_array(np.array([[1, 1, 0], [0, 0, 1]] * 17))
    savemat(tmp_path / "blog.mat", {"network": adjacency(), "group": several, "local_info": np.arange(68).reshape(34, 2) % 5})
    dataset = read(tmp_path / "blog.mat")
    assert (dataset.task, dataset.labels[:2].tolist()) == ("multilabel", [[1, 1, 0], [0, 0, 1]])
    assert [spec["name"] for spec in dataset.schema["columns"]] == ["local_info_1", "local_info_2"]
    savemat(tmp_path / "hot.mat", {"network": adjacency(), "group": np.eye(34), "other": np.ones((3, 3))})
    assert read(tmp_path / "hot.mat").labels.tolist() == list(range(34))
    assert "not used: other" in command("import", tmp_path / "hot.mat")[1]


def test_a_matrix_in_a_structure(tmp_path):
    savemat(tmp_path / "suite.mat", {"Problem": {"A": adjacency(), "name": "x"}})
    assert pairs_of(read(tmp_path / "suite.mat")) == of_networkx(club())


@pytest.mark.parametrize("held, sentence", [
    ({"x": np.ones((3, 2))}, r"m\.mat must have one sparse square matrix, .*; it has x \[3, 2\]"),
    ({"p": csr_array(np.eye(3)), "q": csr_array(np.eye(3))}, r"m\.mat must have one sparse square matrix"),
    ({"A": csr_array(np.eye(3) * 1j)}, r"m\.mat has complex numbers"),
    ({"A": csr_array(np.eye(3)[::-1]), "group": np.full((3, 2), 7)}, r"m\.mat: group of shape \[3, 2\] must be 0 and 1"),
])
def test_what_is_wrong_with_a_matlab_file(held, sentence, tmp_path):
    savemat(tmp_path / "m.mat", held)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path / "m.mat")


@pytest.mark.parametrize("data, sentence", [
    (b"MATLAB 7.3 MAT-file, HDF5" + b"\x20" * 200, r"m\.mat is of MATLAB 7\.3, which is another format: save it again with"),
    (b"hello, this is a text", r"m\.mat is no intact MATLAB file: "),
])
def test_files_that_are_no_matlab_file(data, sentence, tmp_path):
    (tmp_path / "m.mat").write_bytes(data)
    with pytest.raises(DatasetError, match=sentence):
        read(tmp_path / "m.mat")


def test_what_is_not_used_is_told(tmp_path, command):
    savemat(tmp_path / "m.mat", {"A": csr_array(np.eye(3)[::-1]), "label": np.array([["a"], ["b"], ["a"]], object)})
    code, out, _ = command("import", tmp_path / "m.mat")
    assert code == 0 and "not used: label" in out
