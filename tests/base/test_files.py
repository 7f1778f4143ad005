"""Files written aside: whole or not at all, whoever else writes them, and nothing is left for long."""

import ast
import errno
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
from helpers.leftovers import GONE, name_aside

import graphsage
from graphsage.base.files import folder_written_aside, path_of, readable, remove_leftovers, written_aside

SIZE, TRIALS = 1 << 16, 20
ELSEWHERE = "0" * 8  # another machine


# ---- several writers


def write_often(path, letter, trials):
    """``trials`` times a file of one letter."""
    for _ in range(trials):
        with written_aside(path) as file:
            for _ in range(4):
                file.write(SIZE // 4 * letter)


WRITER = f"""
import sys
from graphsage.base.files import written_aside
path, letter, trials = sys.argv[1:]
print("ready", flush=True)
sys.stdin.read()
for _ in range(int(trials)):
    with written_aside(path) as file:
        for _ in range(4):
            file.write({SIZE // 4} * letter.encode())
"""


def is_whole_until(path, is_over):
    """Each look, while the writers write, finds the whole file of one of them; nothing else is left by them."""
    while not is_over():
        assert path.read_bytes() in (SIZE * b"a", SIZE * b"b")
        time.sleep(0.001)
    assert path.read_bytes() in (SIZE * b"a", SIZE * b"b") and os.listdir(path.parent) == [path.name]


def test_two_threads_that_write_one_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(SIZE * b"a")
    with ThreadPoolExecutor(2) as threads:
        writers = [threads.submit(write_often, path, letter, TRIALS) for letter in (b"a", b"b")]
        is_whole_until(path, lambda: all(writer.done() for writer in writers))
    assert [writer.result() for writer in writers] == [None, None]


def test_two_processes_that_write_one_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(SIZE * b"a")
    environment = {**os.environ, "PYTHONPATH": str(Path(graphsage.__file__).parents[1])}
    command = [sys.executable, "-c", WRITER, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment}
    with ExitStack() as stack:
        writers = [stack.enter_context(subprocess.Popen([*command, letter, str(TRIALS)], **pipes)) for letter in "ab"]
        assert [writer.stdout.readline().split() for writer in writers] == 2 * [[b"ready"]]
        for writer in writers:
            writer.stdin.close()
        is_whole_until(path, lambda: None not in [writer.poll() for writer in writers])
    assert [writer.wait() for writer in writers] == [0, 0]


def test_two_threads_that_make_one_folder(tmp_path):
    """The first has it, and the other is told."""

    def make(number):
        with folder_written_aside(tmp_path / "folder") as aside:
            (aside / "file").write_text(str(number))
            both.wait(10)

    both = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        errors = [made.exception() for made in [threads.submit(make, number) for number in range(2)]]
    assert errors.count(None) == 1
    assert next(error for error in errors if error).errno in (errno.ENOTEMPTY, errno.EEXIST)
    assert (tmp_path / "folder" / "file").read_text() == str(errors.index(None)) and os.listdir(tmp_path) == ["folder"]


def test_a_long_name(tmp_path):
    path = tmp_path / ("\N{PILE OF POO}" * 63)  # 252 bytes, of 255
    with written_aside(path) as file:
        file.write(b"there")
    assert path.read_bytes() == b"there" and len(os.listdir(tmp_path)) == 1


# ---- a power cut


@pytest.fixture
def calls(monkeypatch):
    """What is flushed and renamed, in order."""
    seen = []

    def noted(function, what):
        def noting(*arguments):
            seen.append(what(*arguments))
            function(*arguments)

        monkeypatch.setattr(os, function.__name__, noting)

    noted(os.fsync, lambda descriptor: "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
    noted(os.replace, lambda *paths: "name")
    noted(os.rename, lambda *paths: "name")
    return seen


@pytest.mark.skipif(os.name == "nt", reason="folders are not flushed there")
def test_content_then_name_then_folder(tmp_path, calls):
    with written_aside(tmp_path / "file") as file:
        file.write(b"there")
    assert calls == ["file", "name", "folder"]
    calls.clear()
    with folder_written_aside(tmp_path / "folder") as aside:
        (aside / "file").write_text("there")
    assert calls == ["file", "folder", "name", "folder"]


def test_a_file_system_that_cannot_flush_folders(tmp_path, monkeypatch):
    def refuses(path, flags, *rest, real=os.open):
        if os.path.isdir(path):
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuses)
    with written_aside(tmp_path / "file") as file:
        file.write(b"there")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("write", [written_aside, folder_written_aside])
def test_an_error_tells_the_name_that_was_asked_for(write, tmp_path, monkeypatch):
    def full(path, *rest, **options):
        raise OSError(errno.ENOSPC, "No space left on device", path)

    monkeypatch.setattr("graphsage.base.files.open", full, raising=False)
    monkeypatch.setattr(os, "mkdir", full)
    with pytest.raises(OSError) as error, write(tmp_path / "name"):
        pass
    assert str(error.value) == f"[Errno 28] No space left on device: '{tmp_path / 'name'}'"


# ---- what was never finished


A_DAY = 25 * 3600


@pytest.mark.skipif(os.name == "nt", reason="there only the age counts")
@pytest.mark.parametrize(
    ("of", "age", "stays"),
    [
        ({"pid": GONE}, 0, False),
        ({"pid": os.getpid()}, A_DAY, True),
        ({"pid": os.getpid(), "start": "1"}, 0, sys.platform != "linux"),  # another one had this number before
        ({"pid": GONE, "host": ELSEWHERE}, 0, True),
        ({"pid": os.getpid(), "host": ELSEWHERE}, A_DAY, False),
    ],
)
def test_what_is_left(of, age, stays, tmp_path):
    file, folder = tmp_path / name_aside("file", **of), tmp_path / name_aside("folder", **of)
    file.write_text("half")
    folder.mkdir()
    (folder / "file").write_text("half")
    for path in (file, folder):
        os.utime(path, (time.time() - age,) * 2)
    remove_leftovers(tmp_path)
    assert [file.exists(), folder.exists()] == [stays, stays]


OTHERS = {
    "visible": "x.part",
    "no process": ".x.part",
    "another form": f".x.{GONE}.part",
    "no numbers": ".x.y-1-2-z.part",
    "longer": name_aside("x") + "s",
}


@pytest.mark.parametrize("name", OTHERS.values(), ids=OTHERS)
def test_files_of_others_stay_however_old(name, tmp_path):
    (tmp_path / name).write_text("mine")
    os.utime(tmp_path / name, (0, 0))
    remove_leftovers(tmp_path)
    assert (tmp_path / name).exists()


# ---- texts and names, whatever the locale


def test_no_file_of_text_is_read_or_written_by_the_locale():
    """Every text has its encoding beside it; all else is bytes."""
    missing = []
    for path in Path(graphsage.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _opens_text(node) and "encoding" not in {word.arg for word in node.keywords}:
                missing.append(f"{path.name} {ast.unparse(node)}")
    assert missing == []


def _opens_text(call):
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in ("read_text", "write_text")
    modes = [word.value for word in call.args[1:] if isinstance(word, ast.Constant)]
    return getattr(call.func, "id", "") == "open" and not any("b" in mode for mode in modes)


@pytest.mark.parametrize(
    ("name", "text"),
    [("cora", "cora"), ("/données/日", "/données/日"), ("/x\udce9", "/x\\xe9"), (r"C:\a\x41", r"C:\a\x41")],
)
def test_a_name_as_text_and_back(name, text):
    assert (readable(name), path_of(text)) == (text, name)
    assert readable(text) == text


def test_a_name_in_a_locale_without_its_characters(monkeypatch, tmp_path):
    """There Python spells each byte of it as a surrogate; a text file has the characters."""
    monkeypatch.setattr(os, "fsdecode", lambda name: name.decode("ascii", "surrogateescape"))
    monkeypatch.setattr(os.path, "lexists", lambda name: False)
    assert readable("/\udce6\udc97\udca5") == "/日"
    assert path_of("/日") == "/\udce6\udc97\udca5"


def test_a_name_that_looks_like_bytes_and_is_there(tmp_path):
    (tmp_path / r"x\xe9").mkdir()
    assert path_of(str(tmp_path / r"x\xe9")) == str(tmp_path / r"x\xe9")
