"""The reader of CSR arrays side by side: every spelling of the names, hand-made files, and files that break a rule."""

import pickle

import numpy as np
import pytest
from helpers.graphs import edges_by_id, rows
from helpers.mutations import generator, mutated_npz, npy, peak_of, save, write_zip
from scipy import sparse

from graphsage.data import load_dataset
from graphsage.data.dataset import DatasetError
from graphsage.data.readers.csr_npz import holds_csr_npz, read_csr_npz

#: Row 0 lists 1 twice (scipy keeps both), row 1 lists 0, row 2 lists itself and, with the value 0, 3; row 3 lists 1.
ADJACENCY = {
    "data": np.array([1, 1, 2.5, 1, 0, 1], np.float32),
    "indices": np.array([1, 1, 0, 2, 3, 1], np.int32),
    "indptr": np.array([0, 2, 3, 5, 6], np.int32),
    "shape": np.array([4, 4]),
}
ATTRIBUTES = sparse.csr_matrix(np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0], [1, 1, 1]], np.float32))
LABELS = np.array([1, 0, 1, 0])


def arrays(adjacency="adj_", attributes="attr_"):
    """The arrays of a small dataset; attributes=None: dense."""
    made = {f"{adjacency}{part}": array for part, array in ADJACENCY.items()}
    if attributes is None:
        made["attr_matrix"] = ATTRIBUTES.toarray()
    else:
        made |= {f"{attributes}{part}": np.asarray(getattr(ATTRIBUTES, part)) for part in ADJACENCY}
    return {**made, "labels": LABELS}


@pytest.mark.parametrize("attributes", ["attr_", "attr.", "attr_matrix.", "attr_matrix_", None])
@pytest.mark.parametrize("adjacency", ["adj_", "adj.", "adj_matrix.", "adj_matrix_"])
def test_every_spelling(tmp_path, adjacency, attributes):
    save(tmp_path / "tiny.npz", **arrays(adjacency, attributes))
    assert holds_csr_npz(tmp_path) == "tiny"
    dataset = load_dataset(tmp_path)
    assert rows(dataset.graph) == {0: [1], 1: [0, 3], 2: [], 3: [1]}
    assert dataset.graph.weights is None
    dense = dataset.features if attributes is None else dataset.features.to_scipy().toarray()
    assert np.array_equal(dense, ATTRIBUTES.toarray())
    assert (dataset.labels.tolist(), dataset.name) == ([1, 0, 1, 0], "tiny")
    assert [len(dataset.train), len(dataset.val), len(dataset.test)] == [2, 1, 1]


@pytest.mark.parametrize("others", [{}, {"attr_names": np.zeros(3)}])
def test_without_features_each_node_has_its_own(tmp_path, capsys, others):
    """As tables without any; it is told."""
    save(tmp_path / "tiny.npz", **{name: of for name, of in arrays().items() if not name.startswith("attr")}, **others)
    for place in (tmp_path, tmp_path / "tiny.npz"):
        dataset = load_dataset(place)
        assert np.array_equal(dataset.features.to_scipy().toarray(), np.eye(4))
        assert rows(dataset.graph) == {0: [1], 1: [0, 3], 2: [], 3: [1]}
        assert capsys.readouterr().err.startswith("tiny: no features, so each node has a column of its own; such a model knows")
    load_dataset(tmp_path, progress=False)
    assert capsys.readouterr().err == ""


def test_an_edge_id_is_a_place_in_the_indices(tmp_path):
    """Entry 1 repeats entry 0, entry 2 turns it round, entry 3 is a loop, entry 4 is 0."""
    save(tmp_path / "tiny.npz", **arrays())
    assert edges_by_id(load_dataset(tmp_path).graph) == {0: (1, 0), 5: (1, 3)}


def test_values_of_features_are_kept(tmp_path):
    save(tmp_path / "tiny.npz", **{**arrays(), "attr_data": np.array([1, 2, 3, 4, 5, 6.5])})
    assert read_csr_npz(tmp_path, "tiny").features.values.tolist() == [1, 2, 3, 4, 5, 6.5]
    save(tmp_path / "tiny.npz", **arrays())
    assert read_csr_npz(tmp_path, "tiny").features.values is None


def test_nodes_without_a_label_are_in_no_split(tmp_path):
    save(tmp_path / "tiny.npz", **{**arrays(), "labels": np.array([1, -1, 1, 0])})
    dataset = read_csr_npz(tmp_path, "tiny", split=4, class_names=("a", "b"))
    assert sorted(np.concatenate([dataset.train, dataset.val, dataset.test])) == [0, 2, 3]
    assert dataset.class_names == ("a", "b")


class Program:
    """What a hostile pickle looks like: to read it is to run it."""

    def __reduce__(self):
        return print, ("it was run",)


def test_pickled_members_beside_the_arrays_stay_unread(tmp_path, capsys):
    """Names and metadata in the published files are object arrays."""
    np.savez(tmp_path / "tiny.npz", **arrays(), class_names=np.array(["a", None], object), metadata=np.array(Program()))
    assert read_csr_npz(tmp_path, "tiny").num_nodes == 4
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["labels", "adj_indices", "attr_data"])
def test_pickled_members_among_the_arrays_are_refused(tmp_path, capsys, name):
    values = arrays()[name]
    np.savez(tmp_path / "tiny.npz", **{**arrays(), name: np.array([Program()] * len(values), object)})
    with pytest.raises(DatasetError, match=rf"tiny\.npz: {name}\.npy must hold plain numbers, not '\|O': object arrays"):
        read_csr_npz(tmp_path, "tiny")
    assert capsys.readouterr().out == ""
    pickle.loads(pickle.dumps(Program()))
    assert capsys.readouterr().out == "it was run\n"


@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        ("adj_shape", np.array([4, 5]), r"the adjacency matrix must have 4 rows and columns, one a label, got shape \[4, 5\]"),
        ("adj_shape", np.array(4), "the adjacency matrix must have 4 rows"),
        ("adj_indptr", np.array([0, 2, 3, 6]), r"the adjacency matrix must have 4 rows .* an indptr of shape \(4,\)"),
        ("adj_indptr", np.array([0, 2, 1, 5, 6]), r"indptr must not fall, got indptr\[1\] = 2, indptr\[2\] = 1"),
        ("adj_indptr", np.array([0, 2, 3, 5, 7]), r"indices must have shape \(7,\)"),
        ("adj_indptr", np.array([0, 2, 3, 5, 6.0]), "indptr must be integers"),
        ("adj_indices", np.array([1, 1, 0, 2, 4, 1]), r"indices\[4\] = 4 is not a node: the graph has 4"),
        ("adj_indices", np.array([1, 1, 0, 2, -1, 1]), r"indices\[4\] = -1 is not a node: the graph has 4"),
        ("adj_data", np.ones(5), r"the adjacency matrix must have one value a column number, \(6,\), got \(5,\)"),
        ("attr_indices", np.array([1, 2, 0, 0, 1, 3]), r"feature indices\[5\] = 3 is not a column: the features have 3"),
        ("attr_data", np.array([1, 1, 1, 1, 1, np.inf]), r"feature values must be finite"),
        ("attr_data", np.ones(7), r"the matrix of features must have one value a column number, \(6,\), got \(7,\)"),
        ("attr_shape", np.array([5, 3]), r"the features must have as many rows as their shape and their indptr say"),
        ("attr_shape", np.array([4, 0]), r"num_columns must be an integer from 1 to 2147483647, got 0"),
        ("attr_shape", np.array([4, -3]), r"num_columns must be an integer from 1 to"),
        ("attr_shape", np.array([4.0, 3.0]), r"the features must have as many rows"),
        ("attr_indptr", np.array(3), r"the features must have as many rows"),
        ("labels", np.zeros(4), r"labels must be one-dimensional, of integers, got float64 \(4,\)"),
        ("labels", np.zeros((4, 2), int), r"labels must be one-dimensional, of integers, got int64 \(4, 2\)"),
        ("labels", np.array(1), r"labels must be one-dimensional"),
        ("labels", np.zeros(5, int), r"the adjacency matrix must have 5 rows"),
        ("labels", np.array([0, 1, 2, -7]), r"labels must be class numbers .*; got labels\[3\] = -7"),
    ],
)
def test_files_that_break_a_rule(tmp_path, name, array, sentence):
    save(tmp_path / "tiny.npz", **{**arrays(), name: array})
    with pytest.raises(DatasetError, match=rf"tiny\.npz: {sentence}"):
        read_csr_npz(tmp_path, "tiny")


def test_a_dense_table_of_other_shape(tmp_path):
    for table in (np.zeros(4), np.zeros((5, 2)), np.zeros((4, 0)), np.full((4, 2), np.nan)):
        save(tmp_path / "tiny.npz", **{**arrays(attributes=None), "attr_matrix": table})
        with pytest.raises(DatasetError, match=r"tiny\.npz: features must "):
            read_csr_npz(tmp_path, "tiny")


def test_missing_arrays(tmp_path):
    for gone in ("attr_data", "adj_indptr"):
        save(tmp_path / "tiny.npz", **{name: array for name, array in arrays().items() if name != gone})
        with pytest.raises(DatasetError, match=r"tiny\.npz must hold adj_data, .* and the same of attr, or attr_matrix"):
            read_csr_npz(tmp_path, "tiny")
    assert holds_csr_npz(tmp_path) is None
    with pytest.raises(DatasetError, match=r"none\.npz: there is no such file"):
        read_csr_npz(tmp_path, "none")


def test_a_header_that_claims_a_million_million_rows(tmp_path):
    save(tmp_path / "tiny.npz", **arrays())
    with np.load(tmp_path / "tiny.npz") as file:
        members = {f"{name}.npy": npy(file[name].shape, file[name].dtype.str, file[name].tobytes()) for name in file}
    members["labels.npy"] = npy((10**12,), "<i8", LABELS.tobytes())
    write_zip(tmp_path / "tiny.npz", members)
    outcome, peak = peak_of(lambda: read_csr_npz(tmp_path, "tiny"))
    assert "labels.npy must have 8000000000000 bytes for int64 (1000000000000,), it has 32" in str(outcome)
    assert peak < 1 << 20


def test_a_changed_file_is_refused_or_a_dataset(tmp_path):
    path, rng, refused = save(tmp_path / "tiny.npz", **arrays()), generator(4), 0
    data = path.read_bytes()
    for _ in range(400):
        path.write_bytes(data)
        mutated_npz(path, rng)
        try:
            read_csr_npz(tmp_path, "tiny")
        except DatasetError:
            refused += 1
    assert 100 < refused < 400
