"""A file where a folder is expected, a folder where a file is, long and strange names: one sentence, and nothing is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.blocks import blocks

import graphsage
from graphsage.cli import main as cli
from graphsage.trained.tables_out import check_path

LONG = "x" * 300  # longer than any file system's names
FAST = "--epochs 1 --batch-size 16 --no-baseline --device cpu"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a dataset, a finished run, a file, an empty folder, and folders named like files."""
    folder = tmp_path_factory.mktemp("place")
    blocks().save(folder / "data.npz")
    run = folder / "a run, 日"
    assert cli.main(["train", str(folder / "data.npz"), *FAST.split(), "--out", str(run)]) == 0
    (folder / "file").write_text("text", encoding="utf-8")
    (folder / "latin.toml").write_bytes(b"# caf\n# caf\xe9\n")
    (folder / "junk.npz").write_bytes(b"junk")
    for name in ("empty", "folder.csv", "folder.npy", "folder.npz", "folder.toml"):
        (folder / name).mkdir()
    if os.name == "posix":
        (folder / "loop").symlink_to("loop")
        (folder / "dangling").symlink_to("nowhere")
    return folder


@pytest.mark.parametrize(
    "line",
    [
        *(f"train {name}" for name in ("file", "empty", "junk.npz", "folder.npz", "loop", "dangling", LONG)),
        *(f"train data.npz {FAST} --out {name}" for name in ("file", "file/x", LONG, "loop", "dangling", "RUN")),
        *(f"train --config {name}" for name in ("file", "latin.toml", "folder.toml", "nope.toml", "loop", LONG)),
        *(f"train --resume {name}" for name in ("file", "empty", "nope", "loop", LONG, "RUN/x.html", "RUN/checkpoint-3.pt")),
        *(f"evaluate {name}" for name in ("file", "empty", "nope", "loop", LONG)),
        *(f"evaluate RUN {name}" for name in ("file", "empty", "junk.npz", "folder.npz", "loop", LONG)),
        *(f"predict RUN --out {name}" for name in ("folder.csv", "file/x.csv", "no/x.csv", ".csv", "-", f"{LONG}.csv", "")),
        *(f"embed RUN --out {name}" for name in ("folder.npy", "file/x.npy", "no/x.npy", "x.csv", f"{LONG}.npy", "")),
        *(f"import {name}" for name in ("file", "empty", "nope", "data.npz", "loop", LONG)),
        *(f"datasets info {name}" for name in ("file", "empty", "junk.npz", "folder.npz", "loop", LONG)),
        *(f"sample {name} --seeds 1" for name in ("file", "empty", "junk.npz", "folder.npz", "loop", LONG)),
    ],
)
def test_one_sentence_and_nothing_is_left(line, place, refused, monkeypatch):
    monkeypatch.chdir(place)
    if os.name != "posix" and ("loop" in line or "dangling" in line):
        pytest.skip("links of POSIX")
    before = sorted(place.rglob("*"))
    refused(*("a run, 日" + word.removeprefix("RUN") if word[:3] == "RUN" else word for word in line.split(" ")))
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("path", ["", ".", "/", "folder/.."])
def test_what_is_no_name_of_a_file(path):
    with pytest.raises(ValueError, match="must end in .csv, which says what is written"):
        check_path(path, (".csv",))


def test_a_latin_1_file_is_told_with_its_line(place, refused, tmp_path):
    found = refused("train", "--config", place / "latin.toml")
    assert found.startswith(f"{place / 'latin.toml'} is no TOML file: ") and found.endswith("in line 2: save it as UTF-8")
    (tmp_path / "edges.csv").write_bytes(b"source,target\n1,2\ncaf\xe9,2\n")
    assert refused("import", tmp_path).startswith(f"{tmp_path / 'edges.csv'} line 3: the text is not UTF-8")


def test_strange_names_are_names(command, place, tmp_path):
    """Spaces, commas, quotes and other letters in the name of a run, and of what is written."""
    run, table = place / "a run, 日", tmp_path / "a 'b' \"日\".csv"
    assert command("predict", run, "--out", table)[0] == 0 and table.exists()
    assert command("train", "--resume", run)[0] == 0
    assert command("train", "--config", run / "config.toml", "--no-save")[0] == 0


# ---- Ctrl-C


@pytest.mark.parametrize("where", ["graphsage.data.catalogue.load_dataset", "graphsage.cli.main._parser"])
@pytest.mark.parametrize(
    "line", ["train RUN", "evaluate RUN", "predict RUN", "embed RUN", "datasets info RUN", "sample RUN --seeds 1"]
)
def test_ctrl_c_anywhere_is_told_without_a_traceback(where, line, command, place, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    assert command(*(place / "a run, 日" if word == "RUN" else word for word in line.split())) == (
        130, "", "graphsage: interrupted\n"
    )  # fmt: skip


@pytest.mark.parametrize("is_ctrl_c", [True, False])
def test_ctrl_c_in_a_kernel(is_ctrl_c, command, monkeypatch):
    """There it comes as another error, which was caused by it; others are ours, and show their traceback."""

    def interrupted(*arguments, **options):
        raise SystemError("in a kernel") from (KeyboardInterrupt() if is_ctrl_c else None)

    monkeypatch.setattr("graphsage.data.catalogue.load_dataset", interrupted)
    if is_ctrl_c:
        assert command("sample", "cora", "--seeds", 1) == (130, "", "graphsage: interrupted\n")
    else:
        with pytest.raises(SystemError, match="in a kernel"):
            command("sample", "cora", "--seeds", 1)


SLOW_IMPORT = """
import sys, time
class Slow:
    def find_spec(self, name, *rest):
        if name == "graphsage.cli.arguments":
            print("importing", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
import runpy
runpy.run_module("graphsage", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_before_anything_has_begun():
    environment = {**os.environ, "PYTHONPATH": str(Path(graphsage.__file__).parents[1])}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SLOW_IMPORT], env=environment, **streams) as process:
        assert process.stdout.readline() == "importing\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 130
