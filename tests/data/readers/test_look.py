"""A look at files: bounded, and quiet about what is no text."""

import gzip

import pytest

from graphsage.data import DatasetError
from graphsage.data.readers import look


def test_first_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone\r\ntwo\n".encode() + b"x" * 2 * look.LOOK)
    assert look.first_lines(path)[:2] == ["one", "two"] and sum(map(len, look.first_lines(path))) <= 2 * look.LOOK
    path.write_bytes(b"PK\x03\x04\0\0")
    assert look.first_lines(path) == []
    assert look.first_lines(tmp_path / "none.txt") == []
    cut = tmp_path / "b.txt.gz"
    cut.write_bytes(gzip.compress(b"one\ntwo\n" * 10_000)[:-4])
    assert look.first_lines(cut)[:2] == ["one", "two"]


def test_a_file_that_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(look, "MAX_WHOLE", 1 << 20)
    path = tmp_path / "zeros.json.gz"
    path.write_bytes(gzip.compress(b" " * (1 << 20) + b"{}"))
    with pytest.raises(DatasetError, match=r"zeros\.json\.gz is too long: such a file may have 1,048,576 bytes"):
        look.whole(path)
