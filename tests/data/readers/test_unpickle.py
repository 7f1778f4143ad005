"""The machine that reads Planetoid pickles: real files, every way to ask for more, and damage of all kinds."""

import io
import os
import pickle
import random
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
from helpers import data_helpers as made

from graphsage.data.dataset import DatasetError
from graphsage.data.readers.pickle_records import ArrayRecord, CSRRecord
from graphsage.data.readers.unpickle import unpickle, unpickle_bytes

SIX = (
    "collections.defaultdict, __builtin__.list, scipy.sparse.csr.csr_matrix, numpy.core.multiarray._reconstruct, "
    "numpy.ndarray, numpy.dtype"
)


class Twin(pickle.Unpickler):
    """Python's own unpickler with the six names: the independent reading of files whose checksum is known."""

    def find_class(self, module, name):
        import collections

        import scipy.sparse

        return {
            "defaultdict": collections.defaultdict,
            "list": list,
            "csr_matrix": scipy.sparse.csr_matrix,
            "_reconstruct": np._core.multiarray._reconstruct,
            "ndarray": np.ndarray,
            "dtype": np.dtype,
        }[name]


def read_twin(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy: align=0 should be a bool
        return Twin(io.BytesIO(data), encoding="latin1").load()


# ---- what it must read


@pytest.mark.parametrize("name", ["cora", "citeseer"])
@pytest.mark.parametrize("part", ["x", "tx", "allx"])
def test_real_matrices_are_read_as_scipy_reads_them(test_data, name, part):
    path = test_data / "planetoid" / name / f"ind.{name}.{part}"
    record, twin = unpickle(path), read_twin(path.read_bytes())
    assert isinstance(record, CSRRecord)
    assert record.shape == twin.shape
    for mine, theirs in (("indptr", twin.indptr), ("indices", twin.indices), ("data", twin.data)):
        assert record.array(mine).dtype == theirs.dtype
        assert np.array_equal(record.array(mine), theirs)


@pytest.mark.parametrize("name", ["cora", "citeseer", "pubmed"])
def test_real_labels_and_graphs_are_read_as_python_reads_them(test_data, name):
    folder = test_data / "planetoid" / name
    for part in ("y", "ty", "ally"):
        path = folder / f"ind.{name}.{part}"
        assert np.array_equal(unpickle(path).value, read_twin(path.read_bytes()))
    path = folder / f"ind.{name}.graph"
    assert unpickle(path) == dict(read_twin(path.read_bytes()))


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"])
@pytest.mark.parametrize("order", [b"<", b">"])
@pytest.mark.parametrize("column_major", [False, True])
def test_arrays_of_every_number_type(kind, order, column_major):
    values = np.array([[1, 2, 3], [4, 100, 6]], kind)
    data = made.program(made.array(values, order=order, column_major=column_major))
    record = unpickle_bytes(data)
    assert isinstance(record, ArrayRecord)
    assert np.array_equal(record.value, values)
    assert record.value.dtype == values.dtype.newbyteorder(order.decode())
    assert np.array_equal(record.value, read_twin(data))
    assert not record.value.flags.writeable


def test_a_recalled_dtype_serves_several_arrays():
    first = made.empty_array() + b"(" + made.number(1) + made.number(2) + b"\x85" + made.dtype(b"i4") + b"q\x05\x89"
    second = made.empty_array() + b"(" + made.number(1) + made.number(1) + b"\x85h\x05\x89"
    body = b"](" + first + made.text(struct.pack("<2i", 7, 8)) + b"tb" + second + made.text(b"\1\0\0\0") + b"tbe"
    assert [record.value.tolist() for record in unpickle_bytes(made.program(body))] == [[7, 8], [1]]


def test_an_adjacency_dict():
    assert unpickle_bytes(made.program(made.adjacency({0: [1, 2], 1: [], 2: [0]}))) == {0: [1, 2], 1: [], 2: [0]}


# ---- other names


class Evil:
    """Runs a command when Python's unpickler loads it."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"echo run > {self.marker}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_os_system_is_refused_by_name_and_not_run(tmp_path, protocol):
    marker, path = tmp_path / "marker", tmp_path / "evil.pickle"
    data = pickle.dumps(Evil(marker), protocol)
    path.write_bytes(data)
    sentence = rf"evil\.pickle: the pickle asks for {os.name}\.system: only {SIX} are allowed"
    with pytest.raises(DatasetError, match=sentence):
        unpickle(path)
    assert not marker.exists()
    pickle.loads(data)  # the same bytes do run in Python's own unpickler: the test could fail
    assert marker.exists()


@pytest.mark.parametrize(
    "module, name",
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "list"),
        ("__builtin__", "getattr"),
        ("__builtin__", "eval"),
        ("collections", "OrderedDict"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy", "load"),
        ("numpy", "ndarray.tofile"),
        ("numpy", "memmap"),
        ("scipy.sparse.csr", "csr_array"),
        ("scipy.sparse", "load_npz"),
        ("_codecs", "encode"),
        ("copyreg", "_reconstructor"),
        ("graphsage.data.readers.unpickle", "unpickle"),
        ("", ""),
    ],
)
def test_every_other_name_is_refused(module, name):
    by_line = f"c{module}\n{name}\n".encode()
    by_stack = made.text(module.encode()) + made.text(name.encode()) + b"\x93"
    for body in (by_line, by_stack):
        with pytest.raises(DatasetError, match=f"asks for {module}\\.{name}: only {SIX}"):
            unpickle_bytes(made.program(body + b")R"))


def test_nothing_is_imported_by_the_files_word(tmp_path, monkeypatch):
    (tmp_path / "trap_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DatasetError, match=r"asks for trap_module\.anything"):
        unpickle_bytes(made.program(b"ctrap_module\nanything\n"))


def test_a_name_is_printed_without_control_characters():
    with pytest.raises(DatasetError, match=r"asks for a\\x1b\[2J\.b\\n: only"):
        unpickle_bytes(made.program(made.text(b"a\x1b[2J") + made.text(b"b\n") + b"\x93"))


@pytest.mark.parametrize(
    "body, sentence",
    [
        (b"\x82\x07", "asks for entry 7 of the extension registry, which is not allowed"),
        (b"\x83\x07\x01", "asks for entry 263 of the extension registry"),
        (b"\x84\x07\0\0\0", "asks for entry 7 of the extension registry"),
        (b"Psome id\n", "asks for the persistent object some id, which is not allowed"),
        (b"NQ", "asks for a persistent object"),
        (b"(ios\nsystem\n", r"asks for an instance of os\.system"),
        (b"(cos\nsystem\no", r"asks for os\.system"),
        (b"c" + b"a" * 300 + b"\nb\n", "a name at byte 3 does not end within 256 characters"),
        (b"K\1K\2\x93", "asks for a name that is a number"),
    ],
)
def test_other_ways_to_name_something(body, sentence):
    with pytest.raises(DatasetError, match=sentence):
        unpickle_bytes(made.program(body))


# ---- attacks with the six names

I4 = made.DTYPE + made.text(b"i4") + b"K\0K\1\x87R"
NEW_ARRAY = made.empty_array()
RECONSTRUCT_REFUSED = r"calls numpy\.core\.multiarray\._reconstruct with arguments"


@pytest.mark.parametrize(
    "body, sentence",
    [
        # object arrays, strings, records: what could hold more than numbers
        (made.DTYPE + made.text(b"O8") + b"K\0K\1\x87R", "asks for dtype O8: only plain numbers are allowed"),
        (made.DTYPE + made.text(b"V16") + b"K\0K\1\x87R", "asks for dtype V16"),
        (made.DTYPE + made.text(b"M8[ns]") + b"K\0K\1\x87R", "asks for dtype M8"),
        (made.DTYPE + b"]K\0K\1\x87R", r"calls numpy\.dtype with arguments that no Planetoid file has"),
        (made.DTYPE + made.NDARRAY + b"\x85R", r"calls numpy\.dtype with arguments"),
        (
            I4 + b"(K\3" + made.text(b"|") + b"N" + b"](NNe" + b"NJ\0\0\0\0K\0K\0tb",
            "a dtype must be plain numbers in a stated byte order",
        ),
        (I4 + b"}b", "gives a dtype a dict as its state"),
        # calls
        (made.RECONSTRUCT + made.DTYPE + b"K\0\x85" + made.text(b"b") + b"\x87R", RECONSTRUCT_REFUSED),
        (made.RECONSTRUCT + made.CSR + b"K\0\x85" + made.text(b"b") + b"\x87R", RECONSTRUCT_REFUSED),
        (made.RECONSTRUCT + made.NDARRAY + b"J\0\0\0\x7f\x85" + made.text(b"b") + b"\x87R", RECONSTRUCT_REFUSED),
        (made.RECONSTRUCT + made.NDARRAY + b"K\0\x85" + made.text(b"O") + b"\x87R", RECONSTRUCT_REFUSED),
        (made.NDARRAY + b"J\0\0\0\x7f\x85\x85R", r"calls numpy\.ndarray with arguments"),
        (made.LIST + b"]\x85R", r"calls __builtin__\.list with arguments"),
        (made.DEFAULTDICT + made.RECONSTRUCT + b"\x85R", r"calls collections\.defaultdict with arguments"),
        (made.DEFAULTDICT + made.NDARRAY + b"\x85R", r"calls collections\.defaultdict with arguments"),
        (made.CSR + b")R", r"calls scipy\.sparse\.csr\.csr_matrix with arguments"),
        (made.CSR + b"K\7\x85\x81", r"makes a new scipy\.sparse\.csr\.csr_matrix with arguments"),
        (made.NDARRAY + b")\x81", r"makes a new numpy\.ndarray with arguments"),
        (b"K\1)R", "calls a number with arguments"),
        # states
        (NEW_ARRAY + b"}b", "gives an array a dict as its state"),
        (made.CSR + b")\x81)b", "gives a sparse matrix a tuple as its state"),
        (made.NDARRAY + b"}b", "gives a name a dict as its state"),
        (b"]}b", "gives a list a dict as its state"),
        (made.DEFAULTDICT + made.LIST + b"\x85R}b", "gives a dict a dict as its state"),
        # arrays whose size is not what their bytes say
        (NEW_ARRAY + made.array_state((2**31 - 1,), b"i4", b"1234") + b"b", "needs 8589934588 bytes, the file has 4"),
        (NEW_ARRAY + made.array_state((2**31 - 1, 2**31 - 1), b"f8", b"") + b"b", "bytes, the file has 0"),
        (NEW_ARRAY + made.array_state((2,), b"i4", b"123456789") + b"b", "needs 8 bytes, the file has 9"),
        (NEW_ARRAY + made.array_state((-1, -1), b"i1", b"1") + b"b", "shape must be one or two numbers"),
        (NEW_ARRAY + made.array_state((1, 1, 1), b"i1", b"1") + b"b", "shape must be one or two numbers"),
        (NEW_ARRAY + made.array_state((), b"i1", b"1") + b"b", "shape must be one or two numbers"),
        (NEW_ARRAY + made.array_state((1,), b"i4", b"1234", order=b"=") + b"b", "in a stated byte order"),
        (NEW_ARRAY + b"(K\1K\1\x85K\7\x89" + made.text(b"1") + b"tb", "array's state must be"),
        (NEW_ARRAY + b"(K\1K\1\x85" + made.dtype(b"i1") + b"\x89](NetbN", "array's state must be"),
        # containers used twice
        (b"]q\0h\0a", "uses a list in two places: only names, text and dtypes may be"),
        (b"}q\0K\1h\0s", "uses a dict in two places"),
        (b")\x85q\0h\0\x86", "uses a tuple in two places"),
        (NEW_ARRAY + b"q\0h\0\x86", "uses an array in two places"),
        (b"](" + b"]q\0" + b"h\0" * 50 + b"e", "uses a list in two places"),
        # keys that would be hashed without end, or not at all
        (b"}" + b")" + b"\x85" * 500_000 + b"Ns", "uses a tuple as a key: only integers and text are allowed"),
        (b"}]Ns", "uses a list as a key"),
        (b"}NNs", "uses None as a key"),
        (b"}\x88Ns", "uses a truth value as a key"),
        # wrong targets, empty stacks, marks
        (b"K\1K\2a", "appends to a number, which is no list"),
        (b"K\1K\2K\3s", "sets 2 keys and values on a number"),
        (b"}(K\1K\2K\3u", "sets 3 keys and values on a dict"),
        (b"", "must end with one value, this one ends with 0"),
        (b"K\1K\2", "must end with one value, this one ends with 2"),
        (b"K\1(", "must end with one value"),
        (b"a", "takes a value that it never made"),
        (b"K\1(\x85", "takes a value that it never made"),
        (b"t", "returns to a mark that it never set"),
        (b"h\7", "recalls value 7, which it never stored"),
        (b"q\0", "takes a value that it never made"),
        # instructions that no such file has
        (b"I1\n", "instruction b'I' at byte 2 is none that these files use"),
        (b"K\x012", "instruction b'2' at byte 4"),
        (b"\x8b\xff\xff\xff\x7f", r"instruction b'\\x8b'"),
        (b"\x8d" + b"\xff" * 8, r"instruction b'\\x8d'"),
        (b"\x96" + b"\xff" * 8, r"instruction b'\\x96'"),
        (b"\x92", r"instruction b'\\x92'"),
    ],
)
def test_attacks_within_the_six_names(body, sentence):
    with pytest.raises(DatasetError, match=sentence):
        unpickle_bytes(made.program(body))


def test_bytes_after_the_end():
    with pytest.raises(DatasetError, match="the pickle ends at byte 5, the file has 7"):
        unpickle_bytes(made.program(b"K\1") + b"K\2")


def test_deeply_nested_values_are_only_values():
    depth, value = 0, unpickle_bytes(made.program(b")" + b"\x85" * 300_000))
    while value:
        depth, value = depth + 1, value[0]
    assert depth == 300_000


@pytest.mark.parametrize(
    "body",
    [
        b"Nr\xff\xff\xff\x7f0",
        b"T\xff\xff\xff\x7f",
        b"X\xff\xff\xff\xff",
        b"Nr\xff\xff\xff\xff",
        b"\x95" + b"\xff" * 8,
        NEW_ARRAY + made.array_state((2**31 - 1, 2**31 - 1), b"i8", b"") + b"b",
        NEW_ARRAY + made.array_state((2**31 - 1, 0), b"i8", b"") + b"b",
    ],
)
def test_a_few_bytes_cannot_ask_for_gigabytes(body):
    tracemalloc.start()
    try:
        unpickle_bytes(made.program(body))
    except DatasetError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**20


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=r"nowhere cannot be read: No such file"):
        unpickle(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"cannot be read: it is no file"):
        unpickle(tmp_path)
    monkeypatch.setattr("graphsage.data.readers.unpickle.MAX_BYTES", 3)
    (tmp_path / "long").write_bytes(b"\x80\x02N.")
    with pytest.raises(DatasetError, match="long is too long: such a file may have 3 bytes"):
        unpickle(tmp_path / "long")


# ---- damage


def test_every_truncation_is_refused():
    files = made.planetoid_files()
    for part in ("x", "y", "graph"):
        data = files[f"ind.tiny.{part}"]
        for cut in sorted({*range(0, len(data), max(1, len(data) // 200)), len(data) - 1}):
            with pytest.raises(DatasetError, match="is truncated|does not end within"):
                unpickle_bytes(data[:cut])


def test_truncated_real_files(test_data):
    for part in ("x", "y", "graph"):
        data = (test_data / "planetoid" / "cora" / f"ind.cora.{part}").read_bytes()
        for cut in range(0, len(data), len(data) // 66):
            with pytest.raises(DatasetError, match="is truncated|does not end within"):
                unpickle_bytes(data[:cut])


def test_flipped_bytes_give_a_value_or_a_sentence(test_data):
    """300 files with one wrong byte each: whatever is not DatasetError fails the test."""
    rng, refused = random.Random(7), 0
    for part in ("x", "y", "graph"):
        data = (test_data / "planetoid" / "cora" / f"ind.cora.{part}").read_bytes()
        start = 300 if part != "graph" else len(data)  # the head of x and y holds the instructions, all of graph does
        for _ in range(100):
            damaged = bytearray(data)
            damaged[rng.randrange(start)] ^= rng.randrange(1, 256)
            try:
                unpickle_bytes(bytes(damaged))
            except DatasetError:
                refused += 1
    assert 100 < refused < 300


def test_random_programs_give_a_value_or_a_sentence():
    """3,000 programs of random instructions with plausible operands."""
    rng = random.Random(11)
    pieces = [b"N", b"\x88", b"\x89", b"K\1", b"M\1\1", b")", b"]", b"}", b"(", b"t", b"e", b"u", b"a", b"s"]
    pieces += [b"\x85", b"\x86", b"\x87", b"q\0", b"q\1", b"h\0", b"h\1", b"R", b"\x81", b"b", b"\x93", b"\x94"]
    pieces += [made.RECONSTRUCT, made.NDARRAY, made.DTYPE, made.CSR, made.DEFAULTDICT, made.LIST]
    pieces += [made.dtype(b"i4"), NEW_ARRAY, made.text(b"b"), made.text(b"i4"), made.array(np.arange(3))]
    refused = 0
    for _ in range(3000):
        try:
            unpickle_bytes(made.program(b"".join(rng.choices(pieces, k=rng.randrange(1, 25)))))
        except DatasetError:
            refused += 1
    assert 2000 < refused < 3000
