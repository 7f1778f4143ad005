"""The compiled loops of ``graphsage.nn`` against their slow twins, on numpy arrays alone."""

import naive
import naive_nn
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array

from graphsage.tensors import reduce_kernels as kernels

pytestmark = pytest.mark.kernels

EMPTY = np.empty(0, np.float32)


@st.composite
def matrices(draw, max_cols=6):
    """(rows, number of columns): empty rows and repeats, up to no row or no column at all."""
    num_cols = draw(st.integers(0, max_cols))
    entries = st.lists(st.integers(0, num_cols - 1), max_size=8) if num_cols else st.just([])
    return draw(st.lists(entries, max_size=8)), num_cols


def arrays_of(rows, index=np.int32):
    return tuple(array.astype(index) for array in naive_nn.csr_of(rows))


def whole_numbers(rows, columns, seed):
    """float64 in -2..2: sums are exact, and ties are frequent."""
    return np.random.default_rng(seed).integers(-2, 3, (rows, columns)).astype(float)


# ---- transpose


@settings(max_examples=60)
@given(matrices(), st.sampled_from([np.int32, np.int64]))
def test_transpose(matrix, index):
    rows, num_cols = matrix
    indptr, found_rows, order = kernels.transpose(*arrays_of(rows, index), num_cols, True)
    columns = naive_nn.transpose(rows, num_cols)
    assert indptr.tolist() == naive_nn.csr_of(columns)[0].tolist()
    assert list(zip(found_rows.tolist(), order.tolist())) == [entry for column in columns for entry in column]
    assert {array.dtype for array in (indptr, found_rows, order)} == {np.dtype(index)}
    without = kernels.transpose(*arrays_of(rows, index), num_cols, False)
    assert [array.tolist() for array in without] == [indptr.tolist(), found_rows.tolist(), []]


# ---- maximum


def maximum(rows, h, index=np.int32):
    out, source = np.full((len(rows), h.shape[1]), 99, h.dtype), np.full((len(rows), h.shape[1]), 99, np.int32)
    kernels.segment_max(*arrays_of(rows, index), h, out, source)
    return out, source


@settings(max_examples=60)
@given(matrices(), st.integers(0, 3), st.sampled_from([np.float32, np.float64]), st.sampled_from([np.int32, np.int64]))
def test_segment_max(matrix, num_features, dtype, index):
    rows, num_cols = matrix
    h = whole_numbers(num_cols, num_features, seed=len(rows)).astype(dtype)
    out, source = maximum(rows, h, index)
    assert source.tolist() == naive_nn.max_source(rows, h).tolist()
    assert out.tolist() == naive_nn.reduce("max", rows, h, own=np.zeros(out.shape)).tolist()


@pytest.mark.parametrize("count", [kernels.AHEAD - 1, kernels.AHEAD, kernels.AHEAD + 1, 3 * kernels.AHEAD])
def test_segment_max_reads_ahead_but_not_too_far(count):
    h = whole_numbers(count, 5, seed=count)
    rows = [list(range(count)), [0], list(reversed(range(count)))]
    out, source = maximum(rows, h)
    assert source.tolist() == naive_nn.max_source(rows, h).tolist()
    assert out[0].tolist() == out[2].tolist() == h.max(axis=0).tolist()


def test_segment_max_of_nan():
    h = np.array([[1.0], [np.nan], [3.0]])
    out, source = maximum([[0, 1, 2], [1, 2], [2, 1], [2, 0]], h)
    assert np.isnan(out[:, 0]).tolist() == [True, True, True, False]
    assert source[:, 0].tolist() == [1, 1, 1, 2]


@settings(max_examples=60)
@given(matrices(), st.integers(0, 3))
def test_segment_max_backward(matrix, num_features):
    """Adds to what is there, so that a caller can gather several gradients."""
    rows, num_cols = matrix
    source = naive_nn.max_source(rows, whole_numbers(num_cols, num_features, seed=1)).astype(np.int32)
    grad = whole_numbers(len(rows), num_features, seed=2)
    grad_h = np.ones((num_cols, num_features))
    kernels.segment_max_backward(grad, source, grad_h)
    expected = np.ones(grad_h.shape)
    for i, f in np.ndindex(*source.shape):
        if source[i, f] >= 0:
            expected[source[i, f], f] += grad[i, f]
    assert grad_h.tolist() == expected.tolist()


# ---- sparse rows

#: Features of five nodes over six columns: columns out of order, an empty row, a column of negative values, a stored 0.
COLUMNS = [[2, 0], [], [5, 2, 1], [1], [3, 0]]
VALUES = [[1.5, -2.0], [], [-0.5, 0.5, -1.0], [-3.0], [0.0, 4.0]]
NUM_COLUMNS = 6
#: Isolated, one neighbour, the same one twice, negative against missing, negative against negative, everybody.
NEIGHBORS = [[], [0], [2, 2], [2, 0], [2, 3], [3, 2, 3], [1], [1, 3], [0, 1, 2, 3, 4], []]


def merged(neighbors, columns, values, *, shares, is_maximum, num_columns=NUM_COLUMNS):
    """What the kernel returns, as one dict {column: value} a row."""
    row_indptr, flat = naive_nn.csr_of(columns)
    flat_values = EMPTY if values is None else np.array([v for row in values for v in row], np.float32)
    indptr, out_columns, out_values = kernels.reduce_sparse_rows(
        *(array.astype(np.int32) for array in naive_nn.csr_of(neighbors)),
        row_indptr.astype(np.int32),
        flat.astype(np.int32),
        flat_values,
        num_columns,
        is_maximum,
        np.array(shares, np.float32),
    )
    assert (indptr.dtype, out_columns.dtype, out_values.dtype) == (np.int64, np.int32, np.float32)
    assert indptr[-1] == len(out_columns) == len(out_values)
    found = [dict(zip(c, v)) for c, v in zip(naive_nn.rows_of(indptr, out_columns), naive_nn.rows_of(indptr, out_values))]
    assert sum(map(len, found)) == len(out_columns), "a column came twice in a row"
    return found


def dicts_of(columns, values):
    return [dict(zip(c, [1.0] * len(c) if values is None else v)) for c, v in zip(columns, values or columns)]


@pytest.mark.parametrize("is_maximum", [False, True])
@pytest.mark.parametrize("values", [VALUES, None])
def test_sparse_rows_of_hand_made_features(values, is_maximum):
    shares = [1, 1, 0.5, 1, 2, 0.25, 1, 1, 0.5, 1]
    found = merged(NEIGHBORS, COLUMNS, values, shares=shares, is_maximum=is_maximum)
    assert found == naive_nn.reduce_sparse_rows(NEIGHBORS, dicts_of(COLUMNS, values), shares, maximum=is_maximum)
    assert [list(row) for row in found[2:5]] == [[5, 2, 1], [5, 2, 1, 0], [5, 2, 1]]  # in order of first appearance


def test_the_maximum_knows_that_missing_is_zero():
    """Column 1 is -1 in row 2 and -3 in row 3: -1 where all neighbours have it, 0 where one does not."""
    found = merged([[2, 3], [2, 3, 1], [3], [3, 3], [3, 0]], COLUMNS, VALUES, shares=[1] * 5, is_maximum=True)
    assert [row[1] for row in found] == [-1, 0, -3, -3, 0]


@st.composite
def sparse_features(draw):
    """(columns, values) of up to 6 rows; no column twice in a row; values of both signs, exact in float32."""
    columns = draw(st.lists(st.lists(st.integers(0, NUM_COLUMNS - 1), unique=True, max_size=6), min_size=1, max_size=6))
    value = st.integers(-8, 8).map(lambda eighth: eighth / 8)
    return columns, [draw(st.lists(value, min_size=len(row), max_size=len(row))) for row in columns]


@settings(max_examples=150)
@given(st.data(), sparse_features(), st.booleans(), st.booleans())
def test_any_sparse_rows(data, features, is_maximum, has_values):
    columns, values = features if has_values else (features[0], None)
    neighbor = st.integers(0, len(columns) - 1)
    neighbors = data.draw(st.lists(st.lists(neighbor, max_size=5), max_size=6))
    shares = data.draw(st.lists(st.sampled_from([0.25, 0.5, 1, 2]), min_size=len(neighbors), max_size=len(neighbors)))
    found = merged(neighbors, columns, values, shares=shares, is_maximum=is_maximum)
    assert found == naive_nn.reduce_sparse_rows(neighbors, dicts_of(columns, values), shares, maximum=is_maximum)


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_scipys_product(seed):
    rng = np.random.default_rng(seed)
    dense = (rng.standard_normal((30, 12)) * rng.integers(0, 2, (30, 12))).astype(np.float32)
    matrix, neighbors = csr_array(dense), [rng.integers(0, 30, rng.integers(0, 9)).tolist() for _ in range(25)]
    shares = rng.random(25).astype(np.float32)
    found = merged(
        neighbors,
        naive_nn.rows_of(matrix.indptr, matrix.indices),
        naive_nn.rows_of(matrix.indptr, matrix.data),
        shares=shares,
        is_maximum=False,
        num_columns=12,
    )
    indptr, indices = naive_nn.csr_of(neighbors)
    adjacency = csr_array((np.ones(len(indices)), indices, indptr), shape=(25, 30))
    expected = (adjacency @ matrix.astype(float)).toarray() * shares[:, None]
    ours = np.array([[row.get(column, 0) for column in range(12)] for row in found])
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)


# ---- dropout


@settings(max_examples=60)
@given(
    st.lists(st.integers(-4, 4), max_size=9),
    st.integers(0, 2**62 - 1),
    st.sampled_from([1, 2**30, 2**31, 2**32 - 1]),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(["relu_dropout", "dropout"]),
)
def test_relu_dropout(values, key, dropped, dtype, kind):
    """And dropout alone, in which negative values stay."""
    scale = 2**32 / (2**32 - dropped) if dropped < 2**32 - 1 else 3.0
    found = np.array(values, dtype)
    getattr(kernels, kind)(found, key, dropped, scale)
    words = naive.splitmix64(key, len(values) // 2 + 1)
    expected = np.array(getattr(naive_nn, kind)(np.array(values, dtype), words, dropped, dtype(scale)))
    assert found.dtype == dtype and found.tolist() == expected.tolist()


# ---- sums of rows


def bfloat16_words(x):
    """(uint16, the upper halves of the numbers; float32, what they stand for)."""
    words = (x.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    return words, (words.astype(np.uint32) << np.uint32(16)).view(np.float32)


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("num_features", [1, 3, 40])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_sum_rows_is_the_twin(dtype, num_features, mean):
    """Against Python's sums of the numbers; float32 rounds each of at most 9 steps."""
    rows = [[1, 2, 1], [], [0], [5] * 9, [3, 29, 4, 4], [7] * 5 + [1, 2, 3]]
    indptr, indices = arrays_of(rows)
    x = np.random.default_rng(0).standard_normal((30, num_features)).astype(np.float32)
    table, values = (x, x) if dtype == "float32" else bfloat16_words(x)
    out = np.full((len(rows), num_features), np.nan, np.float32)
    kernels.sum_rows(indptr, indices, table, mean, out)
    expected = naive_nn.reduce("mean" if mean else "sum", rows, values.astype(float))
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_features", [1, 17, 128])
def test_sum_rows_adds_one_after_the_other(num_features):
    """The bits of a sum in the order of the row: what features on a disk, which are read in pieces, come to as well."""
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 30, count) for count in range(14)]
    indptr, indices = arrays_of(rows)
    x, out = rng.standard_normal((30, num_features)).astype(np.float32), np.empty((14, num_features), np.float32)
    kernels.sum_rows(indptr, indices, x, True, out)
    for row, made in zip(rows, out):
        total = np.zeros(num_features, np.float32)
        for u in row:
            total += x[u]
        np.testing.assert_array_equal(made, total / np.float32(max(len(row), 1)))


def test_sum_rows_of_a_hub_in_bfloat16():
    """In bfloat16, 256 + 1 = 256."""
    words = np.full((1, 2), 0x3F80, np.uint16)  # 1.0
    for mean, expected in ((False, 22_000), (True, 1)):
        out = np.empty((1, 2), np.float32)
        kernels.sum_rows(np.array([0, 22_000], np.int32), np.zeros(22_000, np.int32), words, mean, out)
        assert out.tolist() == [[expected] * 2]
