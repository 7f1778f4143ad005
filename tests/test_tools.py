"""The install script and the three test runs, with made-up pythons that only record what they were asked."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import CHECKOUT, find_test_data

pytestmark = pytest.mark.skipif(os.name == "nt", reason="make and sh are for Linux and macOS")

TOOLS = ("cat", "cksum", "cp", "dirname", "env", "grep", "mkdir", "rm", "sh", "touch")

#: Answers the questions of tools/install.sh; ANSWER is what it says of itself, PIP_STATUS how its pip ends.
PYTHON = """#!/bin/sh
case "$*" in
    *ensurepip*) echo "ANSWER" ;;
    "-m venv .venv") echo "venv" >>log; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    "-m pip install"*) [ "$4" = -qq ] || echo loud >>log; shift; echo "pip $5 $6 $7 $8 $9" >>log; exit "${PIP_STATUS:-0}" ;;
    *base_prefix*) echo "IDENTITY" ;;
esac
"""


class Machine:
    """A folder with the checkout's install files, and a PATH that holds a few tools and made-up pythons only."""

    def __init__(self, folder):
        self.bin, self.tree = folder / "bin", folder / "my checkout"
        self.bin.mkdir()
        (self.tree / "tools").mkdir(parents=True)
        for name in ("setup.cfg", "pyproject.toml", "constraints.txt", "tools/install.sh"):
            shutil.copy(CHECKOUT / name, self.tree / name)
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name))

    def add(self, name, answer="fit", identity="one", script=PYTHON):
        (self.bin / name).write_text(script.replace("ANSWER", answer).replace("IDENTITY", identity))
        (self.bin / name).chmod(0o755)

    def install(self, which="run", **environment):
        command = [self.bin / "sh", "tools/install.sh", which]
        environment = {"PATH": str(self.bin), **environment}
        done = subprocess.run(command, cwd=self.tree, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def log(self):
        """What the made-up pythons were asked to do since the last look."""
        path = self.tree / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


RUN = "pip --constraint constraints.txt --editable .[plots,tabular] "
DEV = "pip --constraint constraints.txt --editable .[dev] "


def test_no_python_is_one_sentence(machine):
    status, said = machine.install()
    assert status == 1
    assert said == ("graphsage: no Python 3.11 or newer was found: install one, or name it, as in: "
                    "make train PYTHON=/path/to/python3.12")


def test_an_old_python_is_named_with_its_version(machine):
    machine.add("python3", answer="3.9")
    status, said = machine.install()
    assert status == 1
    assert "no Python 3.11 or newer was found (python3 is 3.9): install one" in said
    assert len(said.splitlines()) == 1


def test_no_venv_module_is_one_sentence(machine):
    machine.add("python3", answer="bare")
    status, said = machine.install()
    assert status == 1
    assert said == ("graphsage: python3 has no working venv module: install it "
                    "(Debian, Ubuntu: sudo apt install python3-venv) and run make again.")


@pytest.mark.parametrize("named, why", [("nowhere", ""), ("python3", r" \(python3 is 3.9\)")])
def test_an_unfit_named_python_is_one_sentence(machine, named, why):
    machine.add("python3", answer="3.9")
    status, said = machine.install(PYTHON=named)
    assert status == 1
    assert said == f"graphsage: PYTHON={named} is not a Python 3.11 or newer{why}.".replace("\\", "")


def test_a_python_with_venv_is_preferred_and_broken_names_are_passed_over(machine):
    machine.add("python3.13", script="#!/bin/sh\necho 'not active' >&2\nexit 127\n")
    machine.add("python3.12", answer="bare")
    machine.add("python3", answer="fit")
    assert machine.install()[0] == 0
    assert machine.log() == ["venv", RUN]


def test_an_installation_is_repeated_only_where_something_changed(machine):
    machine.add("python3")
    machine.install()
    assert machine.log() == ["venv", RUN]
    assert machine.install() == (0, "")
    assert machine.log() == []
    machine.install("dev")
    assert machine.log() == [DEV]
    machine.install("run")
    machine.install("dev")
    assert machine.log() == []
    with (machine.tree / "constraints.txt").open("a") as file:
        file.write("# a change\n")
    machine.install("dev")
    assert machine.log() == [DEV]


def test_what_happens_is_said_before_and_after(machine):
    machine.add("python3")
    before, after = machine.install()[1].splitlines()
    assert before.startswith("graphsage: installing into .venv, once: 1 to 3 minutes, and the download (0.4 GB ")
    assert after == "graphsage: installed; .venv/bin/graphsage calls it"


def test_a_failed_installation_is_said_and_made_anew(machine):
    machine.add("python3")
    status, said = machine.install(PIP_STATUS="1")
    assert status == 1
    assert "the installation failed: the lines above say why." in said
    machine.log()
    status, said = machine.install()
    assert status == 0
    assert ".venv is made anew: the last installation did not finish." in said
    assert machine.log() == ["venv", RUN]


def test_a_half_made_venv_is_made_anew(machine):
    machine.add("python3")
    (machine.tree / ".venv" / "bin").mkdir(parents=True)
    status, said = machine.install()
    assert status == 0
    assert ".venv is made anew: its python is broken or older than 3.11." in said
    assert machine.install() == (0, "")


def test_a_venv_made_by_hand_is_kept(machine):
    machine.add("python3")
    (machine.tree / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(machine.bin / "python3", machine.tree / ".venv/bin/python")
    assert machine.install()[0] == 0
    assert machine.log() == [RUN]


def test_another_named_python_makes_the_venv_anew(machine):
    machine.add("python3")
    machine.add("other", identity="another")
    machine.install()
    assert machine.install(PYTHON="python3") == (0, "")
    machine.log()
    assert "PYTHON=other is another python" in machine.install(PYTHON="other")[1]
    assert machine.log() == ["venv", RUN]


def test_the_torch_index_serves_torch_alone_and_a_new_choice_is_not_ignored(machine):
    machine.add("python3")
    machine.install(TORCH_INDEX="https://user:word@a.example/cpu")
    torch = "pip --index-url https://user:word@a.example/cpu torch==2.13.0  "
    assert machine.log() == ["venv", torch, RUN]
    machine.install(TORCH_INDEX="https://user:word@a.example/cpu")
    machine.install()
    assert machine.log() == []
    kept = [path.read_text() for path in (machine.tree / ".venv").iterdir() if path.is_file()]
    assert not any("word" in text for text in kept)
    assert "TORCH_INDEX asks for another torch" in machine.install(TORCH_INDEX="https://b.example/cuda")[1]
    assert machine.log() == ["venv", "pip --index-url https://b.example/cuda torch==2.13.0  ", RUN]


def test_a_failing_torch_step_stops_the_installation(machine):
    machine.add("python3")
    assert machine.install(TORCH_INDEX="https://a.example", PIP_STATUS="1")[0] == 1
    assert machine.log() == ["venv", "pip --index-url https://a.example torch==2.13.0  "]


def run_tests_in(tree):
    shutil.copytree(CHECKOUT / "tools", tree / "tools")
    (tree / "setup.cfg").write_text("[tool:pytest]\nmarkers = kernels\n")
    command = [sys.executable, "tools/run_tests.py"]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}  # starts sooner
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout.rstrip().splitlines()


GOOD = "import pytest\n\n@pytest.mark.kernels\ndef test_one(): pass\n\ndef test_two(): pass\n"
FAILS_UNCOMPILED = """import os, pytest

@pytest.mark.kernels
def test_one(): assert "NUMBA_DISABLE_JIT" not in os.environ
"""


def test_three_runs_that_pass(tmp_path):
    (tmp_path / "test_made_up.py").write_text(GOOD)
    status, said = run_tests_in(tmp_path)
    assert status == 0
    titles, summaries = said[-6::2], said[-5::2]
    assert [title.rpartition(", ")[2] for title in titles] == [
        "kernels compiled:", "NUMBA_DISABLE_JIT=1:", "NUMBA_BOUNDSCHECK=1:"]
    assert ["2 passed" in summaries[0], "1 passed" in summaries[1], "1 passed" in summaries[2]] == [True] * 3


def test_a_failing_run_hides_no_other(tmp_path):
    (tmp_path / "test_made_up.py").write_text(FAILS_UNCOMPILED)
    status, said = run_tests_in(tmp_path)
    assert status == 1
    assert ["1 passed" in said[-5], "1 failed" in said[-3], "1 passed" in said[-1]] == [True] * 3


def test_a_run_without_tests_is_a_failure(tmp_path):
    (tmp_path / "test_made_up.py").write_text("def test_two(): pass\n")
    assert run_tests_in(tmp_path)[0] == 1


def test_real_graphs_are_looked_for_in_two_places(tmp_path):
    tree = tmp_path / "checkout"
    assert find_test_data({}, tree) is None
    (tmp_path / "shared" / "datasets").mkdir(parents=True)
    assert find_test_data({}, tree) == tmp_path / "shared" / "datasets"
    assert find_test_data({"GRAPHSAGE_TEST_DATA": str(tmp_path)}, tree) == tmp_path
    with pytest.raises(NotADirectoryError, match=r"GRAPHSAGE_TEST_DATA = '.*nowhere' is not a folder"):
        find_test_data({"GRAPHSAGE_TEST_DATA": str(tmp_path / "nowhere")}, tree)


@pytest.mark.parametrize("required, ends", [("", "1 skipped"), ("1", "1 error")])
def test_missing_real_graphs_skip_or_fail(tmp_path, required, ends):
    tests = tmp_path / "checkout" / "tests"
    tests.mkdir(parents=True)
    shutil.copy(CHECKOUT / "tests" / "conftest.py", tests)
    (tests / "test_made_up.py").write_text("def test_one(test_data): pass\n")
    environment = os.environ | {"GRAPHSAGE_TEST_DATA": "", "GRAPHSAGE_REQUIRE_TEST_DATA": required}
    command = [sys.executable, "-m", "pytest", "-rsE", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tests, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert "real test data not found: set GRAPHSAGE_TEST_DATA" in done.stdout
    assert ends in done.stdout.splitlines()[-1]
    assert (done.returncode == 0) == (required == "")
