"""Text of strangers: tables of integers against Python's own parsing, and what is no table."""

import os

import numpy as np
import pytest
from helpers.mutations import generator, mutated, peak_of

from graphsage.data.dataset import DatasetError
from graphsage.data.readers import text as module
from graphsage.data.readers.npz import npz_of
from graphsage.data.readers.text import decoded, read_integers, read_lines


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.csv"


def naive(data, columns, separator):
    """The rows by int() and split(); None where a line is wrong."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    rows = [line.split(separator.encode()) for line in (lines[:-1] if lines[-1] == b"" else lines)]
    digits = set(b"0123456789")
    if all(len(row) == columns and all(0 < len(n) <= 18 and set(n) <= digits for n in row) for row in rows):
        return [[int(number) for number in row] for row in rows]
    return None


@pytest.mark.parametrize("columns, separator", [(1, ","), (2, ","), (2, "\t"), (3, " ")])
def test_tables_are_what_python_reads(path, columns, separator, monkeypatch):
    rng = np.random.default_rng(columns)
    for chunk in (64, 1 << 22):  # bytes a step: the result must not depend on it
        monkeypatch.setattr(module, "CHUNK", chunk)
        for end in ("\n", "\r\n"):
            table = rng.integers(0, 10 ** rng.integers(1, 19, (50, columns)))
            body = "".join(separator.join(map(str, row)) + end for row in table.tolist())
            for data in (body, body[: -len(end)]):
                path.write_bytes(data.encode())
                found = read_integers(path, columns, separator=separator)
                assert found.dtype == np.int64 and np.array_equal(found, table)


def test_no_rows(path):
    path.write_bytes(b"")
    assert read_integers(path, 2).shape == (0, 2)
    path.write_bytes(b"from,to\r\n")
    assert read_integers(path, 2, header="from,to").shape == (0, 2)


def test_leading_zeros_and_the_largest_number(path):
    path.write_bytes(b"007,999999999999999999\n")
    assert read_integers(path, 2).tolist() == [[7, 10**18 - 1]]


@pytest.mark.parametrize(
    ("data", "line", "shown"),
    [
        (b"1,2\n3,x\n", 2, "3,x"),
        (b"1,2\n3,4,5\n6,7\n", 2, "3,4,5"),
        (b"1,2\n3\n4,5\n", 2, "3"),
        (b"1,2\n\n3,4\n", 2, ""),
        (b"1,2\n-3,4\n", 2, "-3,4"),
        (b"1,2\n3.0,4\n", 2, "3.0,4"),
        (b"1,2\n3,nan\n", 2, "3,nan"),
        (b"1, 2\n", 1, "1, 2"),
        (b"1,2\n3,\n", 2, "3,"),
        (b"1,2\n3,1000000000000000000\n", 2, "3,1000000000000000000"),
        (b"1,2\n\xff\xfe,3\n", 2, r"\xff\xfe,3"),
        (b"\xef\xbb\xbf1,2\n", 1, r"\xef\xbb\xbf1,2"),
        (b"1,2\r3,4\r", 1, r"1,2\r3,4\r"),
        (b"1,2\n" + b"\0" * 100 + b"\n", 2, r"\x00" * 60),
    ],
)
def test_what_is_no_table(path, data, line, shown):
    path.write_bytes(data)
    with pytest.raises(DatasetError) as caught:
        read_integers(path, 2)
    rule = "2 integers of at most 18 digits with ',' between"
    assert str(caught.value) == f"{path}: line {line}, '{shown}', must be {rule}"


def test_the_line_of_a_mistake_is_counted_over_all_chunks(path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 10)
    path.write_bytes(b"from,to\n" + b"1,2\n" * 20 + b"1;2\n" + b"1,2\n" * 20)
    with pytest.raises(DatasetError, match=r"line 22, '1;2', must be"):
        read_integers(path, 2, header="from,to")


def test_another_header_is_refused(path):
    path.write_bytes(b"src,dst\n1,2\n")
    with pytest.raises(DatasetError, match=r"table\.csv: line 1 must be 'from,to', got \[b'src,dst'\]"):
        read_integers(path, 2, header="from,to")


def test_one_endless_line_takes_no_memory(path):
    """8 MB of digits: refused after one step, whose arrays the step's size bounds."""
    path.write_bytes(b"1" * 8_000_000)
    outcome, peak = peak_of(lambda: read_integers(path, 2))
    assert "line 1, '1111" in str(outcome)
    assert peak < 40 * module.CHUNK


def test_a_changed_table_is_refused_or_is_what_python_reads(path):
    data, rng, refused = b"".join(b"%d,%d\n" % (k, k * k) for k in range(40)), generator(1), 0
    for _ in range(400):
        damaged = mutated(data, rng)
        path.write_bytes(damaged)
        try:
            found = read_integers(path, 2).tolist()
        except DatasetError:
            refused += 1
            assert naive(damaged, 2, ",") is None
            continue
        assert found == naive(damaged, 2, ",")
    assert 100 < refused < 400


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipes_and_devices_are_not_waited_for(path):
    os.mkfifo(path.parent / "pipe.npz")
    for other in (path.parent / "pipe.npz", path.parent, "/dev/zero"):
        with pytest.raises(DatasetError, match=r"cannot be read: it is no file"):
            read_lines(other)
    assert npz_of(path.parent, lambda names: True) is None


def test_lines(path):
    path.write_bytes(b"a\r\nb\n\nc\n\n \n")
    assert read_lines(path) == [b"a", b"b", b"", b"c"]
    with pytest.raises(DatasetError, match=r"table\.csv is too long: such a file may have 5 bytes, it has 11"):
        read_lines(path, 5)
    with pytest.raises(DatasetError, match=r"none cannot be read: No such file"):
        read_lines(path.parent / "none")
    assert decoded(path, 3, "é".encode()) == "é"
    with pytest.raises(DatasetError, match=r"table\.csv: line 3 must be UTF-8: "):
        decoded(path, 3, b"\xe9t\xe9")
