"""What people install: the wheel and the sdist, the console script."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser

import pytest
from conftest import CHECKOUT

PYTHON = sys.executable
SOURCES = ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE", "Makefile",
           "constraints.txt", "ruff.toml", "graphsage", "datasets", "tests", "tools", "examples", "docs", "benchmarks")


def call(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(source, folder):
    """The wheel of a source tree or sdist, built without a network."""
    call(PYTHON, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source)
    [wheel] = folder.glob("*.whl")
    return wheel


def files_in(wheel):
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what is built from, so that nothing is written to the checkout and no old build folder is read."""
    folder = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (CHECKOUT / name).exists():
            shutil.copy(CHECKOUT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory):
    return build_wheel(tree, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tree, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    call(PYTHON, "-c", build, folder, cwd=tree)
    [path] = folder.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel's files and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    call(PYTHON, "-m", "pip", "install", "--no-deps", "--no-index", "--target", folder, wheel)
    return folder


@pytest.fixture(scope="module")
def python_away(installed, tmp_path_factory):
    """Runs a line of python that sees the installed wheel, in an empty folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = os.environ | {"PYTHONPATH": str(installed)}
    return lambda line: call(PYTHON, "-c", line, cwd=elsewhere, env=environment).strip()


def test_wheel_holds_every_file_of_the_package(tree, wheel):
    package = {path.relative_to(tree).as_posix() for path in (tree / "graphsage").rglob("*.py")}
    assert package <= files_in(wheel)


def test_wheel_holds_cards_and_bundled_data_inside_the_package(tree, wheel):
    members = files_in(wheel)
    names = [path.parent.name for path in (tree / "datasets").glob("*/card.toml")]
    assert {"debian", "cora", "citeseer", "pubmed"} <= set(names)
    assert {f"graphsage/datasets/{name}/{file}" for name in names for file in ("card.toml", "README.md")} <= members
    assert any(re.fullmatch(r"graphsage/datasets/debian/[^/]+\.npz", member) for member in members)


def test_wheel_holds_one_top_level_package_and_no_build_scripts(wheel):
    members = files_in(wheel)
    assert {member.split("/")[0] for member in members} == {"graphsage"}
    assert not [member for member in members if member.startswith("graphsage/datasets/") and member.endswith(".py")]


def test_wheel_is_licensed_and_versioned(wheel):
    archive = zipfile.ZipFile(wheel)
    info = f"graphsage-{declared('metadata', 'version')}.dist-info"
    assert b"the graphsage authors" in archive.read(f"{info}/licenses/LICENSE")
    metadata = archive.read(f"{info}/METADATA").decode()
    assert re.search(r"^License(-Expression)?: MIT$", metadata, re.MULTILINE)
    assert re.search(r"^Requires-Python: >=3.11$", metadata, re.MULTILINE)


def test_sdist_holds_what_the_tests_need_and_makes_the_same_wheel(tree, wheel, sdist, tmp_path):
    with tarfile.open(sdist) as archive:
        members = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"Makefile", "constraints.txt", "LICENSE", "tools/install.sh", "tools/run_tests.py", "tests/conftest.py",
              "docs/conf.py", "docs/notions.md", "benchmarks/results/scaling/scaling.png"}
    builders = {path.relative_to(tree).as_posix() for path in (tree / "datasets").glob("*/build.py")}
    assert wanted | builders <= members
    assert files_in(build_wheel(sdist, tmp_path)) == files_in(wheel)


def test_wheel_works_away_from_the_checkout(installed, python_away):
    assert python_away("import graphsage; print(graphsage.__file__)").startswith(str(installed))
    assert python_away("import graphsage; print(graphsage.__version__)") == declared("metadata", "version")
    assert "debian" in python_away("from graphsage.data.catalogue import list_datasets; print(*list_datasets())")
    size = python_away("import graphsage as gs; print(gs.load_dataset('debian').graph.num_nodes)")
    assert int(size) > 60_000


def declared(section, key):
    setup = ConfigParser()
    setup.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    return setup[section][key]


def pinned():
    lines = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0].lower() for line in lines if not line.startswith("#")}


def test_every_requirement_is_pinned():
    names = ("baselines", "completion", "dev", "docs", "plots", "pyg", "ray", "tabular", "tensorboard", "tune")
    extras = [declared("options.extras_require", name) for name in names]
    required = "\n".join([declared("options", "install_requires"), *extras]).split("\n")
    names = {re.split(r"[ <>=\[]", line)[0].lower() for line in required if line}
    assert {"torch", "numpy", "pytest", "matplotlib"} <= names <= pinned()


HELP = """import sys
from graphsage.cli.main import main
sys.argv = ["graphsage", "--help"]
try:
    main()
finally:
    print("loaded:", *sorted({"torch", "numba", "scipy", "networkx"} & sys.modules.keys()))
"""


def test_help_imports_nothing_heavy():
    assert call(PYTHON, "-c", HELP).splitlines()[-1] == "loaded:"


def test_help_is_quick():
    """Under 0.3 s of processor time, the best of five: the one test that times anything."""
    resource = pytest.importorskip("resource")

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "train" in call(PYTHON, "-c", HELP)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.3
