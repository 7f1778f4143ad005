"""What every test shares: settings that make runs repeatable, and the folder of real graphs."""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

# Before anything imports numba or torch, which read these once. A fresh compilation cache: numba does not notice a
# change in a helper of another file, and a kernel cached without bounds checks stays so. Child processes inherit it.
if "PYTEST_XDIST_WORKER" not in os.environ:  # workers share that of the process that began them
    os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="graphsage-numba-")
    atexit.register(shutil.rmtree, os.environ["NUMBA_CACHE_DIR"], ignore_errors=True)
os.environ["OMP_NUM_THREADS"] = "1"  # torch: on a small machine its threads only get in each other's way
os.environ["TERM"] = "xterm"  # what takes itself for a terminal in a test can draw
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; here and in children Ctrl-C is tested
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")

NOTICE = "graphsage: compiling kernels, once (some seconds)\n"  # of the first command that needs them
CHECKOUT = Path(__file__).resolve().parent.parent


def find_test_data(environment, checkout):
    """The folder of real graphs, or None; a folder that was named and is not there is an error."""
    named = environment.get("GRAPHSAGE_TEST_DATA")
    if named and not Path(named).is_dir():
        raise NotADirectoryError(f"GRAPHSAGE_TEST_DATA = {named!r} is not a folder")
    folder = Path(named) if named else checkout.parent / "shared" / "datasets"
    return folder.resolve() if folder.is_dir() else None


@pytest.fixture(scope="session")
def checkout():
    """The root of the project's checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def test_data():
    """The folder of real graphs; without it the test is skipped, or fails where GRAPHSAGE_REQUIRE_TEST_DATA is set."""
    folder = find_test_data(os.environ, CHECKOUT)
    if folder is None:
        end = pytest.fail if os.environ.get("GRAPHSAGE_REQUIRE_TEST_DATA") else pytest.skip
        end("real test data not found: set GRAPHSAGE_TEST_DATA")
    return folder


@pytest.fixture
def command(capsys, monkeypatch, tmp_path_factory):
    """A function that runs one command line in this process: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))  # where runs/ is made
    from graphsage.cli import main as cli

    def run(*arguments):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err.replace(NOTICE, "")

    return run


@pytest.fixture
def refused(command):
    """A function that runs a command line which must fail: the one sentence on standard error."""

    def run(*arguments):
        code, out, err = command(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("graphsage: ") and err.endswith("\n") and err.count("\n") == 1
        return err.removeprefix("graphsage: ").rstrip("\n")

    return run
