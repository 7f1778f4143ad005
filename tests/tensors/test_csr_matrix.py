"""CSRMatrix: its products and their gradients, on the compiled path and on the one that other devices take."""

import dataclasses
import re

import naive_nn
import numpy as np
import pytest
import torch
from helpers.nn_helpers import close

from graphsage.tensors import csr_matrix as sparse
from graphsage.tensors.csr_matrix import CSRMatrix


def random_rows(num_rows, num_cols, seed):
    """Up to 8 entries a row, repeats and empty rows among them."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, num_cols, rng.integers(0, 9)).tolist() for _ in range(num_rows)]


#: name -> (rows, number of columns)
MATRICES = {
    "repeats, empty rows, an unused column": ([[1, 1, 0], [], [3], [2, 2, 2, 0, 3], []], 5),
    "an empty row first": ([[], [1], [1, 0]], 2),
    "no entries": ([[], [], []], 3),
    "no rows": ([], 4),
    "no columns": ([[], []], 0),
    "one row of all": ([list(range(40))], 40),
    "random": (random_rows(30, 12, seed=1), 12),
}
PRODUCTS = ("matmul", "weighted matmul", "mean", "max")
TYPES = {"int32": np.int32, "int64": np.int64}
DEVICES = ["compiled", "anywhere"] + (["cuda"] if torch.cuda.is_available() else [])


@pytest.fixture(params=DEVICES)
def device(request, monkeypatch):
    """Where to run; "anywhere" is the code for devices without our kernels, run on the CPU."""
    if request.param == "anywhere":
        for name in ("_max", "_scatter", "_transposed"):
            monkeypatch.setattr(sparse, f"{name}_compiled", getattr(sparse, f"{name}_anywhere"))
    return "cuda" if request.param == "cuda" else "cpu"


def matrix_of(rows, num_cols, *, values=None, index="int32", device="cpu"):
    indptr, indices = (torch.from_numpy(array.astype(TYPES[index])) for array in naive_nn.csr_of(rows))
    return CSRMatrix(indptr, indices, values, num_cols).to(device)


def numbers(*shape, seed=0):
    """float64 in (-2, 2), no two alike."""
    size = int(np.prod(shape))
    places = np.random.default_rng(seed).permutation(size).reshape(shape)
    return torch.from_numpy((places + 0.5) * 4 / max(1, size) - 2)


def apply(product, matrix, h):
    return getattr(matrix, product.removeprefix("weighted "))(h)


def values_for(product, rows):
    return numbers(sum(map(len, rows)), seed=3) if product == "weighted matmul" else None


def twin(product, rows, values, h):
    if product.endswith("matmul"):
        return naive_nn.matmul(rows, None if values is None else values.numpy(), h.numpy())
    return naive_nn.reduce(product, rows, h.numpy(), own=np.zeros((len(rows), h.shape[1])))


# ---- products


@pytest.mark.parametrize("index", TYPES)
@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("name", MATRICES)
class TestProducts:
    def test_forward_is_the_twin(self, name, product, index, device):
        rows, num_cols = MATRICES[name]
        values, h = values_for(product, rows), numbers(num_cols, 3)
        out = apply(product, matrix_of(rows, num_cols, values=values, index=index, device=device), h.to(device))
        assert out.shape == (len(rows), 3) and out.dtype == torch.float64
        close(out.cpu(), twin(product, rows, values, h), 1e-12)

    @pytest.mark.parametrize("carried", [False, True])
    def test_backward_is_the_derivative(self, name, product, index, carried, device):
        rows, num_cols = MATRICES[name]
        matrix = matrix_of(rows, num_cols, values=values_for(product, rows), index=index, device=device)
        matrix = matrix.with_transpose() if carried else matrix
        h = numbers(num_cols, 2).to(device).requires_grad_()
        apply(product, matrix, h).sum().backward()
        assert h.grad.shape == h.shape
        if num_cols:
            assert torch.autograd.gradcheck(lambda h: apply(product, matrix, h), h)


@pytest.mark.parametrize("product", PRODUCTS)
def test_layouts_do_not_matter(product, device):
    """Every second feature of a wider matrix, transposed storage, and a gradient that is one number stretched."""
    rows, num_cols = MATRICES["random"]
    values = values_for(product, rows)
    matrix = matrix_of(rows, num_cols, values=values, device=device)
    plain = numbers(num_cols, 4)
    layouts = (torch.stack([plain, plain], 2).view(num_cols, 8)[:, ::2], plain.t().contiguous().t())
    expected = plain.clone().to(device).requires_grad_()
    apply(product, matrix, expected).backward(torch.full((len(rows), 4), 2.0, dtype=torch.float64, device=device))
    for layout in layouts:
        assert not layout.is_contiguous()
        h = layout.to(device).detach().requires_grad_()
        out = apply(product, matrix, h)
        (2 * out).sum().backward()
        close(out.cpu(), twin(product, rows, values, plain), 1e-12)
        close(h.grad.cpu(), expected.grad.cpu(), 1e-12)


@pytest.mark.parametrize("product", PRODUCTS)
def test_float32(product, device):
    rows, num_cols = MATRICES["random"]
    values, h = values_for(product, rows), numbers(num_cols, 3)
    matrix = matrix_of(rows, num_cols, values=None if values is None else values.float(), device=device)
    out = apply(product, matrix, h.float().to(device))
    assert out.dtype == torch.float32
    close(out.cpu(), twin(product, rows, values, h), 1e-6)


def test_a_second_derivative_is_refused(device):
    """Neither backward pass can be differentiated itself; a silent 0 would be worse."""
    for product in PRODUCTS:
        h = numbers(3, 2).to(device).requires_grad_()
        values = numbers(2).to(device) if product == "weighted matmul" else None
        out = apply(product, matrix_of([[0, 2]], 3, values=values, device=device), h)
        (grad,) = torch.autograd.grad((out**2).sum(), h, create_graph=True)
        with pytest.raises(RuntimeError, match="differentiate twice"):
            grad.sum().backward()


# ---- the maximum


def ties():
    """Whole numbers in a small range: most maxima are reached by several entries."""
    rows, num_cols = random_rows(50, 15, seed=5), 15
    return rows, num_cols, torch.from_numpy(np.random.default_rng(6).integers(0, 3, (num_cols, 7)) - 1.0)


def test_the_gradient_of_a_tie_goes_to_the_first_entry(device):
    rows, num_cols, h = ties()
    weight = numbers(len(rows), 7, seed=7)
    leaf = h.clone().to(device).requires_grad_()
    matrix_of(rows, num_cols, device=device).max(leaf).backward(weight.to(device))
    expected, source = np.zeros(h.shape), naive_nn.max_source(rows, h.numpy())
    for r, f in np.ndindex(*source.shape):
        if source[r, f] >= 0:
            expected[source[r, f], f] += weight[r, f]
    close(leaf.grad.cpu(), expected, 1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_ways_to_the_maximum_agree_bit_for_bit(dtype):
    rows, num_cols, h = ties()
    matrix = matrix_of(rows, num_cols)
    ours, other = sparse._max_compiled(h.to(dtype), matrix), sparse._max_anywhere(h.to(dtype), matrix)
    for a, b in zip(ours, other):
        assert a.dtype == b.dtype and torch.equal(a, b)
    assert ours[1].numpy().tolist() == naive_nn.max_source(rows, h.numpy()).tolist()


def test_nan_is_not_lost_in_a_maximum(device):
    """A diverged run must not look healthy: torch's own maximum passes NaN on, and so does the tree form."""
    h = torch.tensor([[1.0, 5.0], [float("nan"), 2.0], [3.0, 4.0]], device=device)
    out = matrix_of([[0, 1, 2], [1, 0], [0, 2]], 3, device=device).max(h).cpu()
    assert out.isnan().tolist() == [[True, False], [True, False], [False, False]]
    assert out[:, 1].tolist() == [5.0, 5.0, 5.0] and out[2, 0] == 3.0


# ---- half precision

HALVES = (torch.bfloat16, torch.float16)
HUB = 22_000  # entries of the largest row of a real graph; as a sum of ones it stops at 2,048 in float16


def rounding(dtype):
    """Largest relative error of one rounding, with room for float32's own sum."""
    return max(torch.finfo(dtype).eps, 1e-4)


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32])
class TestHubs:
    def test_forward(self, dtype, device):
        h = (1 + numbers(100, 3) / 4).to(dtype)  # in (0.5, 1.5): the sum fits float16, and no half sum would reach it
        rows = [[i % 100 for i in range(HUB)], [], [7, 7]]
        for product in ("matmul", "mean", "max"):
            out = apply(product, matrix_of(rows, 100, device=device), h.to(device))
            assert out.dtype == dtype
            close(out.cpu(), twin(product, rows, None, h.double()), rounding(dtype))

    def test_a_mean_whose_sum_is_beyond_float16(self, dtype, device):
        rows, h = [list(range(10)) * (HUB // 10)], torch.full((10, 2), 100.0, dtype=dtype)
        close(matrix_of(rows, 10, device=device).mean(h.to(device)).cpu(), np.full((1, 2), 100.0), 0)

    def test_backward_into_a_hub(self, dtype, device):
        """22,000 rows hand their gradients to one node."""
        for product in ("matmul", "mean", "max"):
            h = torch.ones(1, 2, dtype=dtype, device=device, requires_grad=True)
            apply(product, matrix_of([[0]] * HUB, 1, device=device), h).sum().backward()
            assert h.grad.dtype == dtype
            close(h.grad.cpu(), np.full((1, 2), HUB), rounding(dtype))

    def test_backward_out_of_a_mean(self, dtype, device):
        """70,000 entries, more than float16 can count, hand back 1 / 70,000 of the gradient each: 700 to each node."""
        h = torch.ones(100, 1, dtype=dtype, device=device, requires_grad=True)
        matrix_of([list(range(100)) * 700], 100, device=device).mean(h).sum().backward()
        close(h.grad.cpu(), np.full((100, 1), 0.01), rounding(dtype) * 0.01)


# ---- transposes


@pytest.mark.parametrize("index", TYPES)
@pytest.mark.parametrize("name", MATRICES)
def test_transpose(name, index, device):
    rows, num_cols = MATRICES[name]
    found = matrix_of(rows, num_cols, index=index, device=device).with_transpose().transposed
    columns = naive_nn.transpose(rows, num_cols)
    assert {t.dtype for t in vars(found).values()} == {getattr(torch, index)}
    assert found.indptr.tolist() == naive_nn.csr_of(columns)[0].tolist()
    entries = [entry for column in columns for entry in column]
    assert list(zip(found.indices.tolist(), found.order.tolist())) == entries


def test_a_carried_transpose_is_used(monkeypatch):
    carried = matrix_of([[0, 1]], 2).with_transpose()
    monkeypatch.setattr(sparse, "_transposed", None)
    h = numbers(2, 2).requires_grad_()
    carried.matmul(h).sum().backward()
    assert carried.with_transpose() is carried
    with pytest.raises(TypeError, match="not callable"):  # the canary: without it the backward pass makes one
        matrix_of([[0, 1]], 2).matmul(h).sum().backward()


def test_a_transpose_without_places_serves_ones_and_is_made_anew_for_values(device):
    rows, num_cols = MATRICES["repeats, empty rows, an unused column"]
    bare, full = (
        matrix_of(rows, num_cols, device=device).with_transpose(for_values=wanted) for wanted in (False, True)
    )
    assert bare.transposed.order is None and bare.with_transpose(for_values=False) is bare
    assert torch.equal(bare.transposed.indices, full.transposed.indices)
    assert bare.with_transpose().transposed.order.tolist() == full.transposed.order.tolist()
    assert bare.to("cpu").transposed.order is None
    values = torch.arange(1.0, 10.0).to(device)
    grads = []
    for matrix in (bare, full):
        h = numbers(num_cols, 3).to(device).requires_grad_()
        dataclasses.replace(matrix, values=values).matmul(h).square().sum().backward()
        grads.append(h.grad)
    assert torch.equal(*grads) and grads[0].any()


# ---- the record


def test_sizes_and_dense_form(device):
    rows, num_cols = MATRICES["repeats, empty rows, an unused column"]
    values = torch.arange(1.0, 10.0)
    matrix = matrix_of(rows, num_cols, values=values, device=device)
    assert matrix.shape == (5, 5) and matrix.num_rows == 5 and matrix.dtype == torch.float32
    assert matrix.row_counts().tolist() == [3, 0, 1, 5, 0]
    dense = matrix.to_dense().cpu()
    close(dense, naive_nn.matmul(rows, values.numpy(), np.eye(5)), 0)
    assert dense[3].tolist() == [8, 0, 18, 9, 0]  # 5 + 6 + 7 in one place
    close(matrix_of(rows, num_cols, device=device).to_dense().cpu(), naive_nn.matmul(rows, None, np.eye(5)), 0)


def test_head():
    rows, num_cols = MATRICES["repeats, empty rows, an unused column"]
    matrix = matrix_of(rows, num_cols, values=torch.arange(9.0)).with_transpose()
    for count in range(6):
        head = matrix.head(count)
        assert head.shape == (count, 5) and head.transposed is None
        assert torch.equal(head.to_dense(), matrix.to_dense()[:count])
    assert matrix_of(rows, num_cols).head(2).values is None


def test_map_reaches_every_tensor():
    matrix = matrix_of([[0, 1], [1]], 2, values=numbers(3)).with_transpose()
    seen = []
    moved = matrix.map(lambda tensor: seen.append(tensor) or tensor.clone())
    transposed = vars(matrix.transposed).values()
    assert [id(t) for t in seen] == [id(t) for t in (*transposed, matrix.values, matrix.indptr, matrix.indices)]
    assert torch.equal(moved.to_dense(), matrix.to_dense()) and moved.transposed is not None
    bare = matrix_of([[0]], 1).to("cpu")
    assert bare.values is None and bare.transposed is None


@pytest.mark.parametrize("target, waits", [("cpu", True), (torch.device("cpu"), True), ("meta", False)])
def test_copies_to_the_cpu_are_waited_for(target, waits):
    """A copy from a GPU that does not wait holds garbage until somebody synchronises, and nobody would."""

    class Asked:
        def to(self, device, *, non_blocking):
            return device, non_blocking

    assert sparse.to_device(Asked(), target) == (target, not waits)


def test_from_numpy_shares_what_it_can():
    indptr, indices, values = np.array([0, 2, 3]), np.array([1, 0, 1], np.int32), np.ones(3, np.float32)
    matrix = CSRMatrix.from_numpy(indptr, indices, values, 2)
    assert matrix.indptr.dtype == matrix.indices.dtype == torch.int32
    assert matrix.indices.data_ptr() == indices.ctypes.data and matrix.values.data_ptr() == values.ctypes.data
    assert matrix.indptr.tolist() == [0, 2, 3] and matrix.num_cols == 2
    huge = CSRMatrix.from_numpy(np.array([0, 2**31]), indices, None, 2)  # only the sizes claim so many entries
    assert huge.indptr.dtype == huge.indices.dtype == torch.int64


@pytest.mark.parametrize("product", ["matmul", "mean", "max"])
def test_rows_of_other_columns_are_told(product):
    """A kernel would read beyond them."""
    matrix = CSRMatrix.from_numpy(np.array([0, 2]), np.array([0, 4]), None, 5)
    for h in (torch.ones(3, 2), torch.ones(6, 2), torch.ones(5), np.ones((5, 2))):
        with pytest.raises((TypeError, ValueError), match=r"^h must be a tensor \[5, width\], a row for each column; got "):
            getattr(matrix, product)(h)


@pytest.mark.parametrize("name", ("mean", "matmul", "max"))
def test_the_callers_gradient_stays_as_it_was(name):
    """Kernels that overwrite a gradient do so with one of their own."""
    block = CSRMatrix.from_numpy(*naive_nn.csr_of([[0, 1], [2], [1, 2, 0]]), None, 3)
    h = torch.randn(3, 4, requires_grad=True)
    given = torch.randn(3, 4)
    kept = given.clone()
    getattr(block, name)(h).backward(given)
    own, made = block.own_and_bag(h, True)
    torch.autograd.backward([own, made], [given, given])
    assert torch.equal(given, kept)


@pytest.mark.parametrize("bad", (3, -1))
@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16))
@pytest.mark.parametrize("index", (np.int32, np.int64))
def test_rows_that_are_not_there_are_refused(index, dtype, bad):
    indptr, indices = (torch.from_numpy(np.array(of, index)) for of in ([0, 2, 3], [0, 2, bad]))
    block = CSRMatrix(indptr, indices, None, 3)
    with pytest.raises(IndexError, match=re.escape(f"rows of features must be in [0, 3), got {bad}")):
        sparse.summed_rows(block, torch.ones(3, 2, dtype=dtype), True)
