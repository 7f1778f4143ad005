"""The checks behind every public door: what passes unharmed, and the sentence that each refusal says."""

import copy
import pickle
import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from graphsage.base import checks
from graphsage.base.checks import (
    ReadOnlyRecord,
    as_array,
    as_count,
    as_fanouts,
    as_flag,
    as_ids,
    as_indices,
    as_integers,
    one_of,
    read_only,
)

ID_KINDS = [
    [0, 2, 1],
    (0, 2, 1),
    range(3),
    np.array([0, 2, 1], np.uint64),
    np.array([0, 2, 1], np.int8),
    np.array([0, 2, 1], ">i4"),
    np.array([0, 9, 2, 9, 1])[::2],
    torch.tensor([0, 2, 1]),
    torch.tensor([0, 2, 1], dtype=torch.int32),
]


@pytest.mark.parametrize("values", ID_KINDS, ids=lambda values: f"{type(values).__name__}")
def test_integers_of_any_kind_become_int64(values):
    ids = as_ids("seeds", values, 3)
    assert ids.dtype == np.int64 and ids.dtype.isnative
    assert ids.tolist() == [int(value) for value in values]


def test_an_empty_list_has_no_dtype_to_be_wrong_about():
    for empty in ([], np.empty(0), np.empty(0, np.uint8)):
        assert as_integers("seeds", empty).dtype == np.int64
        assert as_ids("seeds", empty, 0).shape == (0,)


def test_memory_is_shared_where_the_dtype_allows():
    wide, narrow = np.arange(5), np.arange(5, dtype=np.int32)
    assert np.shares_memory(as_integers("a", wide), wide)
    assert np.shares_memory(as_ids("a", narrow, 5, np.int32), narrow)
    assert not np.shares_memory(as_ids("a", narrow, 5), narrow)


NOT_INTEGERS = [
    (None, TypeError, "seeds must be a list or a one-dimensional array, got None"),
    (5, TypeError, "seeds must be a list or a one-dimensional array, got 5"),
    ("12", TypeError, "seeds must be a list or a one-dimensional array, got '12'"),
    ({1, 2}, TypeError, "seeds must be a list or a one-dimensional array, got {1, 2}"),
    ([[1, 2]], ValueError, r"seeds must be one-dimensional, got shape \(1, 2\)"),
    (np.zeros((0, 3), int), ValueError, r"seeds must be one-dimensional, got shape \(0, 3\)"),
    ([[1], [1, 2]], ValueError, r"seeds must be an array, got rows of several lengths: \[\[1\], \[1, 2\]\]"),
    ([1.0, 2.0], TypeError, r"seeds must be integers that fit 64 bits, got float64 \(first value 1\.0\)"),
    (np.array([1, 2], np.float32), TypeError, "integers that fit 64 bits, got float32"),
    ([True, False], TypeError, r"got bool \(first value True\); np\.flatnonzero turns a mask into ids"),
    (["1"], TypeError, r"integers that fit 64 bits, got <U1 \(first value '1'\)"),
    ([None], TypeError, r"integers that fit 64 bits, got object \(first value None\)"),
    ([2**70], TypeError, rf"integers that fit 64 bits, got object \(first value {2**70}\)"),
    (np.array([0], "M8[s]"), TypeError, r"integers that fit 64 bits, got datetime64\[s\]"),
    ([1j], TypeError, "integers that fit 64 bits, got complex128"),
]


@pytest.mark.parametrize("values, error, text", NOT_INTEGERS, ids=[f"{v[0]!r}"[:20] for v in NOT_INTEGERS])
def test_what_would_be_rounded_or_flattened_is_refused(values, error, text):
    for check in (lambda: as_integers("seeds", values), lambda: as_ids("seeds", values, 100)):
        with pytest.raises(error, match=text):
            check()


def test_masked_entries_are_refused_not_unmasked():
    hidden = np.ma.masked_array([0, 7, 1], mask=[False, True, False])
    for check in (as_array, as_integers, lambda name, values: as_ids(name, values, 9)):
        with pytest.raises(ValueError, match="^seeds has masked entries, 1 of 3: fill or drop them$"):
            check("seeds", hidden)
    assert as_integers("seeds", np.ma.masked_array([0, 7])).tolist() == [0, 7]  # nothing is masked


def test_unsigned_integers_beyond_int64_are_refused():
    with pytest.raises(ValueError, match=f"offsets must be integers that fit 64 bits, got {2**63}"):
        as_integers("offsets", np.array([1, 2**63], np.uint64))


@pytest.mark.parametrize("values, first, value", [
    ([0, -1, 5], 1, -1),
    ([0, 1, 2, 9000, -4], 3, 9000),
    (np.array([1, -128], np.int8), 1, -128),
    (np.array([200], np.uint8), 0, 200),
    (np.array([2**63], np.uint64), 0, 2**63),
    ([-(2**63)], 0, -(2**63)),
])
def test_the_first_id_that_is_no_node_is_named(values, first, value):
    with pytest.raises(ValueError, match=rf"^seeds\[{first}\] = {value} is not a node: the graph has 3$"):
        as_ids("seeds", values, 3)


def test_an_index_out_of_its_own_kind_of_range_says_which():
    with pytest.raises(ValueError, match=r"^columns\[0\] = 7 is not a column: there are 7$"):
        as_indices("columns", [7], 7, "is not a column: there are", np.int32)


@given(st.lists(st.integers(-3, 12)), st.integers(0, 10))
def test_ids_pass_exactly_if_all_are_nodes(values, num_nodes):
    if all(0 <= value < num_nodes for value in values):
        assert as_ids("seeds", values, num_nodes).tolist() == values
    else:
        with pytest.raises(ValueError, match="is not a node"):
            as_ids("seeds", values, num_nodes)


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3), torch.tensor(3)])
def test_a_count_of_any_integer_kind_becomes_an_int(value):
    number = as_count("epochs", value, least=1, most=3)
    assert number == 3 and type(number) is int


@pytest.mark.parametrize("value", [None, 1.0, "1", [1], np.float64(2), np.bool_(True)])
def test_a_count_of_another_kind_is_refused(value):
    with pytest.raises(TypeError, match=rf"^epochs must be an integer >= 0, got {re.escape(repr(value))}$"):
        as_count("epochs", value)


@pytest.mark.parametrize("value", [0, 6, -1, 2**70, True, False])
def test_a_count_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match=rf"^epochs must be an integer from 1 to 5, got {value}$"):
        as_count("epochs", value, least=1, most=5)


def test_fanouts_become_a_tuple_of_ints():
    for given_ in ([10, 5], (10, 5), np.array([10, 5], np.uint8), iter([10, 5])):
        fanouts = as_fanouts("fanouts", given_, allow_all=False)
        assert fanouts == (10, 5) and all(type(k) is int for k in fanouts)
    assert as_fanouts("fanouts", np.array([-1, 3]), allow_all=True) == (-1, 3)


@pytest.mark.parametrize("fanouts", ["10,5", b"10", 5, None, {5, 3}, frozenset({5}), {5: 3}])
def test_fanouts_that_are_no_list_are_refused(fanouts):
    with pytest.raises(TypeError, match=re.escape(f"fanouts must be a list of integers, one a hop, got {fanouts!r}")):
        as_fanouts("fanouts", fanouts, allow_all=True)


def test_no_fanouts_are_refused():
    with pytest.raises(ValueError, match="^fanouts is empty: give one number of neighbours a hop$"):
        as_fanouts("fanouts", [], allow_all=True)


@pytest.mark.parametrize("value, error", [
    (0, ValueError), (-2, ValueError), (2**31, ValueError), (2**70, ValueError), (True, ValueError),
    (1.5, TypeError), ("7", TypeError), (None, TypeError), ([7], TypeError),
])
def test_a_bad_fanout_is_named(value, error):
    text = rf"^fanouts\[1\] must be an integer >= 1 and < 2\^31, or -1 for all; got {re.escape(repr(value))}$"
    with pytest.raises(error, match=text):
        as_fanouts("fanouts", [3, value], allow_all=True)


def test_all_neighbours_in_a_tree_point_to_the_unique_form():
    text = r"^sample_nums\[0\] must be an integer >= 1 and < 2\^31 \(-1 for all needs .* NeighborSampler\); got -1$"
    with pytest.raises(ValueError, match=text):
        as_fanouts("sample_nums", [-1], allow_all=False)


def test_a_flag_is_a_bool():
    assert as_flag("replace", True) is True and as_flag("replace", np.bool_(False)) is False
    for value in ("no", 0, None):
        with pytest.raises(TypeError, match=f"^replace must be True or False, got {value!r}$"):
            as_flag("replace", value)


@pytest.mark.parametrize("value", ["Keep", None, 3, ["keep"], np.array(["keep", "drop"])])
def test_one_of_lists_the_options(value):
    with pytest.raises(ValueError, match=r"^duplicates must be one of 'keep', 'drop'; got "):
        one_of("duplicates", value, ("keep", "drop"))


@pytest.mark.parametrize("kind", ["memory", "free memory"])
def test_giants_are_refused_before_they_are_allocated(monkeypatch, kind):
    memory = 10 * checks.ALWAYS_FITS
    monkeypatch.setattr(checks, "_memory", lambda: (memory, kind))
    checks.refuse_giants("a thing", memory)
    with pytest.raises(ValueError, match=rf"^a thing would need {memory + 1:,} bytes, and there are {memory:,} of {kind}$"):
        checks.refuse_giants("a thing", memory + 1)


def test_what_always_fits_does_not_ask_the_system(monkeypatch):
    monkeypatch.delattr(checks, "_memory")
    checks.refuse_giants("a thing", checks.ALWAYS_FITS)
    with pytest.raises(NameError):
        checks.refuse_giants("a thing", checks.ALWAYS_FITS + 1)


@pytest.fixture
def system(monkeypatch, tmp_path):
    """``system(path=text, ...)`` writes files of a made-up /proc and /sys/fs/cgroup; the machine's own are out of sight."""
    monkeypatch.setattr(checks, "PROC", tmp_path / "proc")
    monkeypatch.setattr(checks, "CGROUPS", tmp_path / "cgroup")

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("memory_max", "memory.max")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


MEMINFO = "MemTotal:        8000 kB\nMemFree:          1000 kB\nMemAvailable:    5000 kB\n"


def test_free_memory_is_what_linux_says_is_available(system):
    system(proc__meminfo=MEMINFO)
    assert checks._memory() == (5000 * 1024, "free memory")


@pytest.mark.parametrize("own, top, memory", [
    ("max\n", "max\n", 5000 * 1024),
    ("4096\n", "max\n", 4096),
    ("max\n", "8192\n", 8192),
    ("9000000000\n", "damaged", 5000 * 1024),
])
def test_a_cgroup_and_those_above_it_may_allow_less(system, own, top, memory):
    system(proc__meminfo=MEMINFO, proc__self__cgroup="4:memory:/v1\n0::/a/b\n")
    system(cgroup__a__b__memory_max=own, cgroup__a__memory_max="max", cgroup__memory_max=top)
    assert checks._memory() == (memory, "free memory")


def test_a_container_sees_its_own_cgroup_as_the_root(system):
    system(proc__self__cgroup="0::/\n", cgroup__memory_max="4096\n")
    assert checks._memory() == (4096, "free memory")


def test_all_memory_counts_where_no_system_file_says_what_is_free(system, monkeypatch):
    memory, kind = checks._memory()
    assert memory > 2**27 and kind == "memory"
    monkeypatch.delattr(checks.os, "sysconf")
    assert checks._memory() == (2**40, "memory")


def test_read_only_is_a_view_that_cannot_be_written():
    own = np.arange(4)
    view = read_only(own)
    assert np.shares_memory(view, own) and own.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_read_only_is_contiguous_and_aligned():
    packed = np.zeros(3, [("a", np.int8), ("b", np.int64)])["b"]
    for awkward in (np.arange(8)[::2], np.arange(4)[::-1], packed):
        array = read_only(awkward)
        assert array.flags.c_contiguous and array.flags.aligned
        assert array.tolist() == awkward.tolist()


COPIES = [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record))]


@dataclass(frozen=True, eq=False)
class Record(ReadOnlyRecord):
    array: np.ndarray
    text: str
    nothing: None = None


@pytest.mark.parametrize("copied", COPIES)
def test_arrays_of_a_record_stay_read_only_in_copies(copied):
    record = copied(Record(read_only(np.arange(6).reshape(2, 3)), "text"))
    assert record.array.tolist() == [[0, 1, 2], [3, 4, 5]] and not record.array.flags.writeable
    assert (record.text, record.nothing) == ("text", None)
