"""Consoles without Unicode, and output that nobody takes: nothing is lost, and no training is dropped in silence."""

import csv
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import NOTICE
from helpers.blocks import blocks

import graphsage
from graphsage.cli import main as cli
from graphsage.cli.console import Console, OutputLost, consoles, on_one_line, shown
from graphsage.config.toml import read_config

NAME, CLASS = "日本, café", "日"  # no encoding of one byte a character has both


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """A folder of tables: its name, its ids and its classes are strange."""
    folder = tmp_path_factory.mktemp("here") / "données-日"
    folder.mkdir()
    ids = [NAME, "x", "=1+1", "c", "d", "e", "f", "g"]
    edges = [f'"{a}","{b}"' for a, b in zip(ids, ids[1:] + ids[:1])]
    (folder / "edges.csv").write_text("\n".join(["source,target", *edges]), encoding="utf-8")
    nodes = [f'"{name}",{CLASS if row % 2 else "b"},{row % 2}' for row, name in enumerate(ids)]
    (folder / "nodes.csv").write_text("\n".join(["id,label,größe", *nodes]), encoding="utf-8")
    return folder


class Screen(io.TextIOWrapper):
    """A text file of an encoding, whose bytes can be looked at."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding, newline="\n")

    def text(self):
        return self.buffer.getvalue().decode(self.encoding)


def printed(encoding, *arguments):
    """(exit code, standard output, standard error) of a command on consoles of ``encoding``."""
    with pytest.MonkeyPatch.context() as patch:
        screens = Screen(encoding), Screen(encoding)
        patch.setattr(sys, "stdout", screens[0])
        patch.setattr(sys, "stderr", screens[1])
        code = cli.main([str(argument) for argument in arguments])
        for screen in screens:
            screen.flush()
    return code, screens[0].text(), screens[1].text().replace(NOTICE, "")


# ---- characters


@pytest.mark.parametrize(
    ("encoding", "wanted"),
    [
        ("ascii", "a\\u65e5\\xe9\\u65e5\\xff"),
        ("latin-1", "a\\u65e5é\\u65e5\\xff"),
        ("cp1252", "a\\u65e5é\\u65e5\\xff"),
        ("utf-8", "a日é日\\xff"),
        ("utf-16", "a日é日\\xff"),
    ],
)
def test_characters_become_escapes_where_the_encoding_lacks_them(encoding, wanted):
    """The later ones are bytes of file names: of UTF-8, and of no text."""
    screen = Screen(encoding)
    print("a日é\udce6\udc97\udca5\udcff", file=Console(screen), end="", flush=True)
    assert screen.text() == wanted


def test_half_a_character_is_an_escape():
    assert shown("日\ud800", "utf-8") == "日\\ud800"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_every_command_prints_names_that_the_console_lacks(encoding, strange, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run, table = tmp_path / "läuft-日", tmp_path / "tablé.csv"
    lines = [
        ["import", strange, "--out", tmp_path / "日.npz"],
        ["datasets", "info", strange],
        ["datasets", "list"],
        ["sample", strange, "--seeds", "x", "--fanouts", "2"],
        ["train", strange, "--epochs", 2, "--no-baseline", "--device", "cpu", "--out", run],
        ["train", "--resume", run],
        ["evaluate", run],
        ["predict", run, "--out", table, "--probabilities"],
        ["embed", run, "--out", tmp_path / "日.npy"],
    ]
    outputs = []
    for line in lines:
        code, out, err = printed(encoding, *line)
        assert code == 0, err
        outputs.append(out)
    assert shown(f"{CLASS} ", encoding) in outputs[0] and shown("größe", encoding) in outputs[0]
    assert f"x <- {shown('日本', encoding)}" in outputs[3].replace('"', "")
    assert f"in {shown(str(run), encoding)}\n" in outputs[4]
    heading = f"node,predicted,probability,probability_b,probability_{CLASS}"
    assert table.read_text(encoding="utf-8").startswith(f'{heading}\n"{NAME}",')
    code, out, err = printed(encoding, "predict", run, "--nodes", "語")
    assert (code, out) == (2, "") and shown("'語' is not a node of données-日", encoding) in err
    assert read_config(run / "config.toml").dataset == str(strange)
    for name in ("config.toml", "report.html", "result.json", "metrics.jsonl", "model.json"):
        assert (run / name).read_bytes().decode("utf-8")


def started(command, environment=(), **streams):
    """A finished ``python -m graphsage``, started by a shell."""
    variables = {**os.environ, "PYTHONPATH": str(Path(graphsage.__file__).parents[1]), **dict(environment)}
    variables.pop("PYTHONUNBUFFERED", None)
    line = command.replace("graphsage ", f"{sys.executable} -m graphsage ")
    found = subprocess.run(["bash", "-c", line], env=variables, capture_output=True, timeout=120, check=False, **streams)
    return found.returncode, found.stdout, found.stderr.replace(NOTICE.encode(), b"")


POSIX = pytest.mark.skipif(os.name == "nt", reason="shells and locales of POSIX")


@POSIX
def test_a_locale_of_ascii_alone(strange, tmp_path):
    """Names of files, and ids that were typed, reach Python as bytes there."""
    where, ascii_only = {"cwd": tmp_path}, {"LC_ALL": "C", "PYTHONUTF8": "0"}
    line = f"graphsage train {strange} --epochs 1 --no-baseline --device cpu --out 日"
    assert started(line, ascii_only, **where)[::2] == (0, b"")
    assert read_config(tmp_path / "日" / "config.toml").dataset == str(strange)
    code, out, err = started(f"graphsage sample {strange} --seeds 日本", ascii_only, **where)
    assert code == 2 and b"'\\u65e5\\u672c' is not a node of donn\\xe9es-\\u65e5" in err


# ---- output that nobody takes


class Lost(io.StringIO):
    """A text file that fails after so many writes."""

    def __init__(self, number, writes=0):
        super().__init__()
        self.number, self.left = number, writes

    def write(self, text):
        if self.left <= 0:
            raise OSError(self.number, os.strerror(self.number))
        self.left -= 1
        return super().write(text)


def test_a_console_of_nothing_takes_everything():
    console = Console(None)
    print("日", file=console, flush=True)
    assert not console.isatty() and console.lost is None


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO])
def test_a_command_that_only_prints_ends_where_its_output_does(number, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Lost(number, 1))
    code = cli.main(["datasets", "list"])
    err = capsys.readouterr().err
    if number == errno.EPIPE:
        assert (code, err) == (0, "")
    else:
        assert code == 2 and err.count("\n") == 1 and err.startswith("graphsage: the output cannot be written")


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_streams_that_are_not_there(name, monkeypatch, capsys):
    """As under pythonw, and after ``>&-``."""
    monkeypatch.setattr(sys, name, None)
    assert cli.main(["datasets", "list"]) == 0
    assert cli.main(["train", "nope"]) == 2
    assert cli.main(["train", "--zzz"]) == 2
    assert cli.main(["--help"]) == 0
    assert getattr(sys, name) is None
    out, err = capsys.readouterr()
    assert bool(out) == (name == "stderr") and bool(err) == (name == "stdout")


def test_a_stream_that_was_closed(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert cli.main(["datasets", "list"]) == 0


def test_standard_error_that_fails_ends_nothing(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", Lost(errno.EPIPE))
    assert cli.main(["train", "nope"]) == 2
    assert cli.main(["datasets", "list"]) == 0


TRAIN = ["train", "sbm:nodes=60,classes=3", "--epochs", "3", "--device", "cpu"]


@pytest.mark.parametrize(("number", "writes"), [(errno.EPIPE, 0), (errno.EPIPE, 6), (errno.ENOSPC, 6)])
def test_a_training_that_is_saved_goes_on_without_its_output(number, writes, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", Lost(number, writes))
    code = cli.main([*TRAIN, "--out", str(tmp_path / "run")])
    err = capsys.readouterr().err.replace(NOTICE, "")
    assert code == (0 if number == errno.EPIPE else 2)
    assert err.count("\n") == 1 and f"the training goes on without it, and is saved in {tmp_path / 'run'}" in err
    assert (tmp_path / "run" / "result.json").exists() and (tmp_path / "run" / "report.html").exists()


UNSAVED = "the output cannot be written (Broken pipe): the training ends, as --no-save keeps nothing of it"


def test_a_training_that_is_not_saved_ends_and_says_so(monkeypatch, capsys):
    for writes in (0, 6):
        monkeypatch.setattr(sys, "stdout", Lost(errno.EPIPE, writes))
        assert cli.main([*TRAIN, "--no-save"]) == 0
        err = capsys.readouterr().err.replace(NOTICE, "")
        assert err == f"graphsage: {UNSAVED}\n"


def test_an_import_keeps_its_file_though_nobody_reads(strange, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Lost(errno.EPIPE))
    assert cli.main(["import", str(strange), "--out", str(tmp_path / "it.npz")]) == 0
    assert (tmp_path / "it.npz").exists()


@POSIX
@pytest.mark.parametrize(("streams", "lines"), [("<&- >&- 2>&-", 0), ("2>&1 | head -2", 2)])
def test_closed_descriptors_and_readers_that_leave(streams, lines, tmp_path):
    """No file of the run gets the number of a closed stream, and with it what is printed."""
    line = f"graphsage train sbm:nodes=60,classes=3 --epochs 2 --no-baseline --device cpu --out run {streams}"
    code, out, err = started(f"set -o pipefail; {line}", cwd=tmp_path)
    assert (code, err) == (0, b"")
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"checkpoint.pt", "report.html", "result.json"}
    assert (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").count("\n") == 2 * 2
    assert out.count(b"\n") == lines


OPENS = """
import os
from graphsage.cli.console import consoles
with consoles(), open("file", "w", encoding="utf-8") as file:
    os.write(1, b"for people")
    os.write(2, b"for people")
    file.write(str(file.fileno() > 2))
"""


@POSIX
def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    (tmp_path / "opens.py").write_text(OPENS, encoding="utf-8")
    assert started(f"{sys.executable} opens.py <&- >&- 2>&-", cwd=tmp_path) == (0, b"", b"")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "True"


def test_streams_are_as_they_were_afterwards():
    before = sys.stdout, sys.stderr
    with pytest.raises(OutputLost), consoles() as out:
        out.stream = Lost(errno.EPIPE)
        print("text")
    assert (sys.stdout, sys.stderr) == before


# ---- names among others


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("libc6", "libc6"),
        ("two words", "two words"),
        ("=1+1", "=1+1"),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        (" a", '" a"'),
        ("", '""'),
        ("a\nb", '"a\\nb"'),
        ("\x1b[31m", '"\\x1b[31m"'),
    ],
)
def test_a_name_on_one_line(name, line):
    assert on_one_line(name) == line


def test_strange_ids_in_what_commands_print_and_write(command, tmp_path):
    """Commas stand in quotes, a line break is no second line, and the table has the ids themselves."""
    ids = np.array(["a,b", "line\nbreak", 'q"', " sp ", "=1+1", "cr\rhere", *(f"n{v}" for v in range(6, 200))], object)
    blocks(node_ids=ids, class_names=("x,y", "z\nz", "=2", "w")).save(tmp_path / "data.npz")
    flags = ["--epochs", 1, "--batch-size", 16, "--no-baseline", "--device", "cpu", "--out", tmp_path / "run"]
    assert command("train", tmp_path / "data.npz", *flags)[0] == 0
    assert command("predict", tmp_path / "run", "--probabilities")[0] == 0
    with open(tmp_path / "run" / "predict.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["node"] for row in rows] == ids.tolist()
    assert list(rows[0])[3:] == [f"probability_{name}" for name in ("x,y", "z\nz", "=2", "w")]
    code, out, _ = command("embed", tmp_path / "run")
    names = [line.split("  ")[1].strip() for line in out.splitlines()[1:]]
    assert names == ['"a,b"', '"line\\nbreak"', '"q"""', '" sp "', "=1+1"]
    code, out, _ = command("sample", tmp_path / "data.npz", "--seeds", "n6,n7", "--fanouts", "-1,-1")
    assert code == 0 and all(line.startswith(("MiniBatch", "hop", "  ")) for line in out.splitlines())
    for name in ("result.json", "model.json"):
        assert json.loads((tmp_path / "run" / name).read_text(encoding="utf-8"))
