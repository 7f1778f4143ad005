"""How kernels are compiled: bounds checked where asked for, cached where possible, said once, hints without effect."""

import gc
import os
import shutil
import subprocess
import sys
import weakref
from pathlib import Path

import numba
import numpy as np
import pytest

import graphsage
from graphsage import Graph, NeighborSampler, multihop_sampling
from graphsage.base.jit import (
    JIT_DISABLED,
    UNCOUNTED,
    drop_frames_of_compiling,
    inline,
    kernel,
    lean_kernel,
    nth,
    opaque,
    prefetch,
)
from graphsage.base.rng import GAMMA
from graphsage.sampling.hops import sample_tree, sample_unique
from graphsage.tensors.pass_kernels import add_block

CHECKS_BOUNDS = JIT_DISABLED or bool(numba.config.BOUNDSCHECK)  # numpy itself checks where nothing is compiled


@kernel
def entry(values, at):
    return values[at]


@kernel
def wrapped_product(a, b):
    return a * b


@kernel
def sum_with_hints(values, ahead):
    total = 0
    for i in range(len(values)):
        if i + ahead < len(values):
            prefetch(values, i + ahead)
        total += values[i]
    return total


@inline
def handed_on(values):
    return values


@lean_kernel
def lean_sum(values):
    total, found = 0, handed_on(values)
    for i in range(len(found)):
        total += found[nth(i)]
    return total


@kernel
def the_same(values):
    return handed_on(values)


@lean_kernel
def makes_an_array(count):
    return np.zeros(count)


@lean_kernel
def larger(a, b):
    """By arithmetic on a sign."""
    return a + (opaque((a - b) >> 63) & (b - a))


# ---- the cache

SMALL = """
import numpy as np
from graphsage.base.jit import kernel
from graphsage.base.rng import draw_below

FIRST, BOUND = np.uint64(0), np.uint64(1 << 30)

@kernel
def draw(key):
    return draw_below(key, FIRST, BOUND)
"""


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled, so nothing is cached")
def test_a_change_of_a_helpers_file_is_seen_through_the_cache(tmp_path):
    """The kernel's own file stays as it is; numba alone would go on with the helper's old code. A small kernel: it is compiled
    three times."""
    package = tmp_path / "graphsage"
    shutil.copytree(Path(graphsage.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "sampling" / "small.py").write_text(SMALL)
    program = "import numpy as np; from graphsage.sampling.small import draw; print(draw(np.uint64(1)))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def drawn():
        command = [sys.executable, "-c", program]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    before, helpers = drawn(), package / "base" / "rng.py"
    assert drawn() == before
    helpers.write_text(helpers.read_text().replace("0xBF58476D1CE4E5B9", "0xBF58476D1CE4E5BB"))
    cached = drawn()
    environment["NUMBA_CACHE_DIR"] = str(tmp_path / "another")
    assert before != cached == drawn()


# ---- bounds


@pytest.mark.kernels
def test_canary_an_overrun_is_seen_exactly_where_bounds_are_checked():
    """If this does not raise in a run with bounds checks, that run checks nothing. Entry 3 is ours: no harm."""
    values = np.array([1, 2, 3, 99])[:3]
    if CHECKS_BOUNDS:
        with pytest.raises(IndexError):
            entry(values, 3)
    else:
        assert entry(values, 3) == 99


@pytest.mark.kernels
def test_canary_a_sampler_overruns_in_the_same_way():
    """The same for a kernel of the package, which may come out of a cache, and deep in an inlined helper."""
    memory = np.full(4, 99)
    graph = Graph.from_csr([0, 1], [0])
    arguments = ((graph.indptr, graph.indices), (True, True), np.zeros(1, np.int64), 3, np.uint64(0), np.empty(1, np.int64))
    if CHECKS_BOUNDS:
        with pytest.raises(IndexError):
            sample_tree(*arguments, memory[:2])
    else:
        sample_tree(*arguments, memory[:2])
        assert memory.tolist() == [0, 0, 0, 99]


# ---- kernels


@pytest.mark.kernels
def test_integers_wrap_silently():
    assert wrapped_product(np.uint64(2**64 - 1), GAMMA) == 2**64 - int(GAMMA)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32])
@pytest.mark.parametrize("ahead", [0, 1, 7])
def test_prefetch_changes_nothing(dtype, ahead):
    values = np.arange(50, dtype=dtype)
    assert sum_with_hints(values, ahead) == 1225
    values.flags.writeable = False
    assert sum_with_hints(values, ahead) == 1225
    assert values.tolist() == list(range(50))


@pytest.mark.kernels
@pytest.mark.parametrize("a, b", [(3, 5), (5, 3), (-7, -7), (-7, 2)])
def test_what_is_opaque_stays_what_it_is(a, b):
    assert larger(a, b) == max(a, b)


@pytest.mark.kernels
def test_lean_and_counting_kernels_share_helpers():
    """An array that a helper hands on keeps its references, whichever kind of kernel compiled the helper first."""
    values = np.arange(9)
    before = sys.getrefcount(values)
    for _ in range(3):
        assert lean_sum(values) == 36
        assert the_same(values).sum() == 36
    assert sys.getrefcount(values) == before


@pytest.mark.skipif(JIT_DISABLED or not UNCOUNTED, reason="nothing is compiled, or numba counts in any case")
def test_a_lean_kernel_that_makes_an_array_is_refused():
    with pytest.raises(numba.core.errors.NumbaError):
        makes_an_array(3)


@pytest.mark.skipif(JIT_DISABLED or not UNCOUNTED, reason="nothing is compiled, or numba counts in any case")
def test_the_samplers_count_no_references():
    for compiled in (sample_unique, sample_tree):
        assert compiled.targetoptions["_nrt"] is False


@pytest.mark.kernels
def test_a_kernel_that_cannot_be_cached_is_compiled_without():
    """numba refuses to cache a function that has no source file, with the error of a disk that cannot be written."""
    namespace = {"__name__": "made_up"}
    exec(compile("def twice(x):\n    return 2 * x", "<no such file>", "exec"), namespace)
    if not JIT_DISABLED:
        with pytest.raises(RuntimeError, match="cannot cache"):
            numba.njit(cache=True)(namespace["twice"])
    twice = kernel(namespace["twice"])
    assert twice(21) == 42
    if not JIT_DISABLED:
        assert twice.stats.cache_path is None


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_kernels_are_serial_release_the_gil_and_are_cached():
    for compiled in (entry, sample_tree):
        assert compiled.targetoptions["nogil"]
        assert not compiled.targetoptions.get("parallel", False)
        assert Path(compiled.stats.cache_path).is_relative_to(os.environ["NUMBA_CACHE_DIR"])


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_other_peoples_kernels_compile_beside_ours(capfd):
    """The notice listens to every compilation in the process, also of functions made by exec, which have no module."""
    namespace = {}
    exec("def twice(x):\n    return 2 * x", namespace)
    assert numba.njit(namespace["twice"])(21) == 42
    assert capfd.readouterr().err == ""


# ---- the notice


PROGRAM = """
from graphsage import Graph, NeighborSampler, multihop_sampling
graph = Graph.from_csr([0, 1], [0])
print(multihop_sampling([0], [2], graph, seed=0)[1], NeighborSampler(graph, [2]).sample([0]).indices)
"""


def run_program(cache):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(graphsage.__file__).parent.parent,
        env=environment | {"NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[0 0] [0]\n"
    return done.stderr


def test_compiling_is_said_once_and_only_when_it_happens(tmp_path):
    assert run_program(tmp_path) == "graphsage: compiling kernels, once (some seconds)\n"
    assert run_program(tmp_path) == ""


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_compiling_leaves_no_arrays_of_its_callers():
    def called():
        table, ends = np.ones((2, 1), np.float32), np.array([2])
        out, compiled = np.zeros((1, 1), np.float32), numba.njit(add_block.py_func)
        compiled(ends - 2, ends, np.arange(2, dtype=np.int32), ends - 2, 0, table, False, out)
        assert out == 2
        return weakref.ref(out)

    gc.disable()
    try:
        left = called()
        drop_frames_of_compiling()
        assert left() is None
    finally:
        gc.enable()


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_the_kind_of_seeds_does_not_matter_to_the_compiler():
    """Each further combination of array types would cost seconds, in the middle of somebody's run."""
    graph = Graph.from_csr([0, 1], [0])
    multihop_sampling([0], [2], graph, seed=0)
    NeighborSampler(graph, [2]).sample([0])
    before = len(sample_tree.signatures), len(sample_unique.signatures)
    for seeds in (np.zeros(3, np.int32), np.zeros(2, np.uint8), np.zeros(6, np.int64)[::2], graph.indptr[:1]):
        for replace in (True, False):
            multihop_sampling(seeds, [2, 1], graph, replace=replace, seed=1)
            NeighborSampler(graph, [2, -1], replace=replace, isolated="self", edge_ids=True).sample(seeds)
    assert (len(sample_tree.signatures), len(sample_unique.signatures)) == before
