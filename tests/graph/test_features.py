"""Features: dense and sparse agree, rows are normalised alike, and what is no feature matrix is refused."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from helpers.on_disk import mapped
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from graphsage.base import checks
from graphsage.graph.features import SparseFeatures, as_features, row_normalize

MATRICES = arrays(
    np.float32,
    st.tuples(st.integers(0, 6), st.integers(1, 6)),
    elements=st.sampled_from([0, 0, 0, 1, 1, -2, 0.25, 1e-30, 3e38]),
)
BAG = SparseFeatures(np.array([0, 2, 2, 3]), np.array([3, 0, 1]), None, 4)


def dense(features):
    return features.to_scipy().toarray() if isinstance(features, SparseFeatures) else features


@given(MATRICES)
def test_dense_and_sparse_hold_the_same(matrix):
    for kind in (sp.csr_array, sp.coo_array, sp.csc_array, sp.csr_matrix):
        features = as_features(kind(matrix))
        assert isinstance(features, SparseFeatures) and features.shape == matrix.shape
        np.testing.assert_array_equal(dense(features), matrix)
    np.testing.assert_array_equal(as_features(matrix), matrix)


@given(MATRICES)
def test_rows_are_normalized_alike(matrix):
    """x_ij / sum_k |x_ik| in float64, rounded once; a zero row stays zero."""
    wide = matrix.astype(np.float64)
    sums = np.abs(wide).sum(axis=1, keepdims=True)
    expected = np.divide(wide, sums, out=np.zeros_like(wide), where=sums > 0).astype(np.float32)
    sparse = sp.csr_array(matrix)
    for features in (row_normalize(matrix), row_normalize(sparse), as_features(sparse).row_normalized()):
        assert dense(features).dtype == np.float32
        np.testing.assert_array_equal(dense(features), expected)


@given(MATRICES, st.data())
def test_take_gathers_rows_with_repeats(matrix, data):
    rows = data.draw(st.lists(st.integers(0, len(matrix) - 1), max_size=8)) if len(matrix) else []
    rows = np.array(rows, np.int64)
    np.testing.assert_array_equal(dense(as_features(sp.csr_array(matrix)).take(rows)), matrix[rows])


def test_a_bag_of_words_has_no_values():
    ones = as_features(sp.csr_array([[1, 0, 1], [0, 0, 0]]))
    assert ones.values is None
    assert dense(BAG).tolist() == [[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert dense(BAG.take(np.array([2, 0]))).tolist() == [[0, 1, 0, 0], [1, 0, 0, 1]]
    assert dense(BAG.row_normalized()).tolist() == [[0.5, 0, 0, 0.5], [0, 0, 0, 0], [0, 1, 0, 0]]


def test_entries_listed_twice_are_summed_and_the_callers_matrix_is_left_alone():
    matrix = sp.csr_array((np.array([2.0, -1, 3]), np.array([1, 1, 0]), np.array([0, 2, 3])), (2, 2))
    assert dense(as_features(matrix)).tolist() == [[0, 1], [3, 0]]
    assert dense(row_normalize(matrix)).tolist() == [[0, 1], [1, 0]]
    assert matrix.nnz == 3


@pytest.mark.parametrize("given_", [
    [[1, 2], [3, 4]],
    np.array([[1, 2], [3, 4]], np.uint8),
    np.array([[1, 2], [3, 4]], np.float16),
    np.array([[1, 2], [3, 4]], ">f8"),
    np.array([[1, 2], [3, 4]], np.float32, order="F"),
    np.array([[1, 9, 2], [3, 9, 4]], np.float32)[:, ::2],
    torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
])
def test_dense_features_become_contiguous_float32(given_):
    features = as_features(given_)
    assert features.dtype == np.float32 and features.flags.c_contiguous and not features.flags.writeable
    assert features.tolist() == [[1, 2], [3, 4]]


def test_flags_are_features():
    assert as_features(np.array([[True, False]])).tolist() == [[1, 0]]
    assert dense(as_features(sp.csr_array([[True, False]]))).tolist() == [[1, 0]]


def test_float32_is_shared_not_copied(tmp_path):
    own = np.ones((3, 2), np.float32)
    assert np.shares_memory(as_features(own), own) and own.flags.writeable
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (3, 2))
    assert np.shares_memory(as_features(mapped), mapped)
    indices = np.array([0], np.int32)
    assert np.shares_memory(SparseFeatures([0, 1], indices, None, 2).indices, indices)


def test_sparse_arrays_are_read_only():
    weighted = as_features(sp.csr_array([[0.5, 2]]))
    for array in (weighted.indptr, weighted.indices, weighted.values, BAG.indptr, BAG.indices):
        assert not array.flags.writeable


@pytest.mark.parametrize("features", [BAG, as_features(sp.csr_array([[0.5, 2], [0, 1]]))])
@pytest.mark.parametrize("made", [
    copy.deepcopy,
    lambda features: pickle.loads(pickle.dumps(features)),
    lambda features: features.take(np.arange(features.num_rows, dtype=np.int32)),
    lambda features: features.row_normalized(),
])
def test_what_is_made_of_sparse_features_is_as_if_checked(features, made):
    found = made(features)
    checked = SparseFeatures(found.indptr.copy(), found.indices.copy(), found.values, found.num_columns)
    assert found.shape == features.shape and vars(found).keys() == vars(checked).keys()
    for name in ("indptr", "indices", "values"):
        array, wanted = getattr(found, name), getattr(checked, name)
        assert (array is None) == (wanted is None)
        if array is not None:
            assert array.dtype == wanted.dtype and not array.flags.writeable and array.flags.c_contiguous


def test_rows_are_taken_without_a_check_of_their_entries(monkeypatch):
    monkeypatch.delattr(SparseFeatures, "__post_init__")
    monkeypatch.setattr(SparseFeatures, "__init__", None)
    assert BAG.take(np.array([2])).indices.tolist() == [1]
    assert BAG.row_normalized().values.tolist() == [0.5, 0.5, 1]


DENSE = [
    (None, ValueError, r"features must have shape \[nodes, features >= 1\], got \(\)"),
    ([1.0, 2.0], ValueError, r"features must have shape .* got \(2,\)"),
    (np.ones((2, 2, 2)), ValueError, r"features must have shape .* got \(2, 2, 2\)"),
    (np.ones((2, 0)), ValueError, r"features must have shape .* got \(2, 0\)"),
    ([[1.0], [1.0, 2.0]], ValueError, "features must be an array, got rows of several lengths"),
    ([["a", "b"]], TypeError, "features must be real numbers, got <U1"),
    (np.array([[None]]), TypeError, "features must be real numbers, got object"),
    (np.array([[1]], object), TypeError, "features must be real numbers, got object"),
    ([[1j]], TypeError, "features must be real numbers, got complex128"),
    (np.ma.masked_equal([[1.0, 2.0]], 2), ValueError, "features has masked entries, 1 of 2: fill or drop them"),
    ([[0.0, 1.0], [2.0, np.nan]], ValueError, r"features must be finite, got features\[1, 1\] = nan"),
    ([[0.0, -np.inf]], ValueError, r"features must be finite, got features\[0, 1\] = -inf"),
    ([[1e39]], ValueError, r"features must fit float32, got 1e\+39"),
    ([[0.0, -1e300]], ValueError, r"features must fit float32, got 1e\+300"),
    (sp.csr_array([[0.0, np.nan]]), ValueError, r"feature values must be finite in float32, got values\[0\] = nan"),
    (sp.csr_array([[0.0, 1e39]]), ValueError, r"feature values must be finite in float32, got values\[0\] = inf"),
    (sp.csr_array([[1j]]), ValueError, r"feature values must be real numbers of shape \(1,\), got complex128 \(1,\)"),
    (sp.coo_array(np.ones(3)), ValueError, r"features must have shape .* got \(3,\)"),
    (sp.csr_array((3, 0)), ValueError, "num_columns must be an integer from 1 to .*, got 0"),
]


@pytest.mark.parametrize("features, error, text", DENSE)
def test_what_is_no_feature_matrix(features, error, text):
    for door in (as_features, row_normalize):
        with pytest.raises(error, match=text):
            door(features)


def test_the_place_of_a_nan_far_down_is_named(monkeypatch):
    monkeypatch.setattr("graphsage.graph.features.CHUNK", 10)  # many chunks
    features = np.zeros((50, 3))
    features[41, 2] = features[47, 0] = np.nan
    with pytest.raises(ValueError, match=r"got features\[41, 2\] = nan"):
        as_features(features)


SPARSE = [
    ({"indptr": [0, 2, 1]}, ValueError, "indptr must not fall"),
    ({"indptr": [1, 1, 1]}, ValueError, r"indptr must start with 0, got \[1\]"),
    ({"indptr": [0, 1, 2]}, ValueError, r"indices must have shape \(2,\), as indptr ends there; got shape \(1,\)"),
    ({"indices": [4]}, ValueError, r"feature indices\[0\] = 4 is not a column: the features have 4"),
    ({"indices": [-1]}, ValueError, r"feature indices\[0\] = -1 is not a column: the features have 4"),
    ({"indices": [0.0]}, TypeError, "feature indices must be integers"),
    ({"indices": [[0]]}, ValueError, r"feature indices must be one-dimensional, got shape \(1, 1\)"),
    ({"values": [np.inf]}, ValueError, r"feature values must be finite in float32, got values\[0\] = inf"),
    ({"values": [1.0, 2.0]}, ValueError, r"feature values must be real numbers of shape \(1,\), got float64 \(2,\)"),
    ({"values": ["1"]}, ValueError, r"feature values must be real numbers of shape \(1,\), got <U1 \(1,\)"),
    ({"num_columns": 0}, ValueError, "num_columns must be an integer from 1 to .*, got 0"),
    ({"num_columns": 4.0}, TypeError, r"num_columns must be an integer from 1 to .*, got 4\.0"),
    ({"num_columns": 2**31}, ValueError, "num_columns must be an integer from 1 to"),
]


@pytest.mark.parametrize("part, error, text", SPARSE)
def test_parts_that_are_no_sparse_features(part, error, text):
    parts = {"indptr": [0, 0, 1], "indices": [0], "values": None, "num_columns": 4}
    assert SparseFeatures(**parts).shape == (2, 4)
    with pytest.raises(error, match=text):
        SparseFeatures(**(parts | part))


# ---- features on a disk


def by_hand(matrix):
    sums = np.abs(matrix).sum(axis=1, keepdims=True, dtype=np.float64)
    return np.divide(matrix, np.where(sums == 0, 1, sums), out=np.empty_like(matrix), casting="same_kind")


@pytest.mark.parametrize("chunk", [1, 7, 24, 1 << 22])
def test_rows_are_normalized_in_parts_to_the_same_bits(tmp_path, monkeypatch, chunk):
    matrix = np.random.default_rng(0).standard_normal((50, 3), np.float32) * (np.random.default_rng(1).random((50, 1)) < 0.8)
    monkeypatch.setattr("graphsage.graph.features.CHUNK", chunk)
    for features in (matrix, mapped(tmp_path, "features", matrix)):
        assert np.array_equal(row_normalize(features), by_hand(matrix))
    sparse = as_features(sp.csr_array(matrix))
    whole = sparse.row_normalized().values
    rows = np.repeat(np.arange(50), np.diff(sparse.indptr))
    sums = np.bincount(rows, np.abs(sparse.values), 50)
    assert np.array_equal(whole, (sparse.values / sums[rows]).astype(np.float32))


def test_a_copy_that_would_not_fit_is_refused(tmp_path, monkeypatch):
    features = mapped(tmp_path, "features", np.ones((5, 2), np.float32))
    monkeypatch.setattr(checks, "ALWAYS_FITS", 0)
    monkeypatch.setattr(checks, "_memory", lambda: (39, "free memory"))
    text = "^features on a disk, of which a copy has each row divided by its sum, would need 40 bytes, and there are 39 of free"
    with pytest.raises(checks.TooLarge, match=text):
        row_normalize(features)
    assert row_normalize(np.array(features)).tolist() == [[0.5, 0.5]] * 5
