"""Downloads from a local server: whatever goes wrong, no file gets a name that a later start would trust."""

import os
import signal
import subprocess
import sys

import pytest
from helpers import data_helpers as made
from helpers.data_helpers import file_server

from graphsage.data import download
from graphsage.data.dataset import DatasetError
from graphsage.data.download import cache_folder, fetch, is_intact, sha256_of

DATA = bytes(range(256)) * 1000
OTHER = b"the second file\n" * 3000


@pytest.fixture
def server(monkeypatch):
    with file_server(monkeypatch) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "tiny"


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_download(server, folder, capsys):
    files = [server.card_file("a.bin", DATA), server.card_file("b.bin", OTHER)]
    fetch("tiny", files, folder)
    assert [(folder / file.name).read_bytes() for file in files] == [DATA, OTHER]
    assert names_in(folder) == ["a.bin", "b.bin"]
    shown = capsys.readouterr()
    assert "tiny:" in shown.err and "304k" in shown.err
    assert shown.out == ""


def test_what_is_there_is_not_fetched_again(server, folder, capsys):
    files = [server.card_file("a.bin", DATA), server.card_file("b.bin", OTHER)]
    fetch("tiny", files, folder, progress=False)
    (folder / "b.bin").unlink()
    fetch("tiny", files, folder, progress=False)
    fetch("tiny", files, folder, progress=False)
    assert server.requests == ["/a.bin", "/b.bin", "/b.bin"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("damaged", [DATA[:-1], DATA[:-1] + b"?", b""])
def test_a_damaged_file_is_replaced(server, folder, damaged):
    file = server.card_file("a.bin", DATA)
    made.write_files(folder, {"a.bin": damaged})
    assert not is_intact(folder / "a.bin", file)
    fetch("tiny", [file], folder, progress=False)
    assert (folder / "a.bin").read_bytes() == DATA


@pytest.mark.parametrize(
    "behaviour, reason",
    [
        ("wrong", "its sha256 is not the one on the dataset's card, so it was deleted"),
        ("short", "the server sent|IncompleteRead|Connection broken"),
        ("long", "the server sent more than the 256000 bytes that the file has"),
    ],
)
def test_a_wrong_body_leaves_nothing(server, folder, behaviour, reason):
    file = server.card_file("a.bin", DATA)
    server.behaviour["/a.bin"] = behaviour
    with pytest.raises(DatasetError, match=rf"a\.bin could not be fetched from {file.url}: .*({reason})"):
        fetch("tiny", [file], folder, progress=False)
    assert names_in(folder) == []
    server.behaviour.clear()
    fetch("tiny", [file], folder, progress=False)
    assert (folder / "a.bin").read_bytes() == DATA


def test_a_body_shorter_than_the_card_says(server, folder):
    file = server.card_file("a.bin", DATA, size=len(DATA) + 5)
    with pytest.raises(DatasetError, match="the server sent 256000 of 256005 bytes"):
        fetch("tiny", [file], folder, progress=False)
    assert names_in(folder) == []


def test_a_damaged_file_stays_where_it_cannot_be_replaced_but_is_not_trusted(server, folder):
    file = server.card_file("a.bin", DATA)
    made.write_files(folder, {"a.bin": b"half"})
    server.behaviour["/a.bin"] = "wrong"
    with pytest.raises(DatasetError, match="sha256"):
        fetch("tiny", [file], folder, progress=False)
    assert not is_intact(folder / "a.bin", file)


def test_a_404(server, folder):
    file = server.card_file("a.bin", DATA)
    del server.files["/a.bin"]
    with pytest.raises(DatasetError, match="404 Client Error: Not Found"):
        fetch("tiny", [file], folder, progress=False)
    assert names_in(folder) == []


def test_nobody_listens(server, folder):
    file = server.card_file("a.bin", DATA, url=f"http://127.0.0.1:{made.closed_port()}/a.bin")
    with pytest.raises(DatasetError, match=r"a\.bin could not be fetched .*: the connection was refused"):
        fetch("tiny", [file], folder, progress=False)


def test_no_network(folder, server, monkeypatch):
    def resolve(*arguments, **options):
        import socket

        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    file = server.card_file("a.bin", DATA, url="http://data.example/a.bin")
    with pytest.raises(DatasetError, match=r"the server's name cannot be resolved \(no network\?\)"):
        fetch("tiny", [file], folder, progress=False)


def test_a_silent_server(server, folder, monkeypatch):
    monkeypatch.setattr(download, "READ_TIMEOUT", 0.2)
    file = server.card_file("a.bin", DATA)
    server.behaviour["/a.bin"] = "stall"
    with pytest.raises(DatasetError, match="the server did not answer in time"):
        fetch("tiny", [file], folder, progress=False)
    assert names_in(folder) == []


def test_an_interrupt_leaves_nothing(server, folder, monkeypatch):
    class Interrupted(download._Counted):
        def write(self, chunk):
            super().write(chunk)
            raise KeyboardInterrupt

    file = server.card_file("a.bin", DATA)
    monkeypatch.setattr(download, "_Counted", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch("tiny", [file], folder, progress=False)
    assert names_in(folder) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_process_leaves_nothing_that_is_trusted(server, folder):
    file = server.card_file("a.bin", DATA)
    server.behaviour["/a.bin"] = "stall"
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from graphsage.data.cards import CardFile\nfrom graphsage.data.download import fetch\n"
        "name, size, sha256, url, folder = sys.argv[1:]\n"
        "fetch('tiny', [CardFile(name=name, size=int(size), sha256=sha256, url=url)], Path(folder))\n"
    )
    arguments = [file.name, str(file.size), file.sha256, file.url, str(folder)]
    child = subprocess.Popen([sys.executable, "-c", program, *arguments], env=os.environ, stderr=subprocess.DEVNULL)
    try:
        assert server.stalled.wait(60)
        assert made.wait_for(lambda: any(path.stat().st_size for path in folder.iterdir()))
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert "a.bin" not in names_in(folder)
    server.behaviour.clear()
    fetch("tiny", [file], folder, progress=False)
    assert (folder / "a.bin").read_bytes() == DATA


def test_a_cache_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match=r"a\.bin could not be fetched"):
        fetch("tiny", [server.card_file("a.bin", DATA)], tmp_path / "file" / "tiny", progress=False)


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "variable"))
    assert cache_folder(tmp_path / "argument") == tmp_path / "argument"
    assert cache_folder() == tmp_path / "variable"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("~/mine") == tmp_path / "mine"
    for empty in ("", None):
        monkeypatch.setenv("GRAPHSAGE_CACHE", "") if empty == "" else monkeypatch.delenv("GRAPHSAGE_CACHE")
        assert cache_folder().name == "graphsage"


def test_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    # the known answer of FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
