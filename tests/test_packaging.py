"""What people install: the wheel and the sdist, the console script, and the commands that README promises."""

import os
import re
import shlex
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
           "constraints.txt", "ruff.toml", "graphsage", "datasets", "tests", "tools", "examples")


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
    wanted = {"Makefile", "constraints.txt", "LICENSE", "tools/install.sh", "tools/run_tests.py", "tests/conftest.py"}
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
    extras = [declared("options.extras_require", name) for name in ("dev", "pyg", "plots", "tabular", "tensorboard", "docs")]
    required = "\n".join([declared("options", "install_requires"), *extras]).split("\n")
    names = {re.split(r"[ <>=]", line)[0].lower() for line in required if line}
    assert {"torch", "numpy", "pytest", "matplotlib"} <= names <= pinned()


HELP = """import sys
from graphsage.cli import main
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


def readme_commands():
    """Every line of README's fenced blocks, continued lines joined, prompts and comments taken off."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    commands = "".join(block for language, block in blocks if language in ("", "sh", "powershell"))
    lines = commands.replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ").split("  #")[0].strip() for line in lines]


MAKEFILE_VARIABLES = {"ARGS", "BENCH", "PYTHON", "TORCH_INDEX"}


def check_make(words):
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    settings = {word.partition("=")[0] for word in words if "=" in word}
    assert {word for word in words if "=" not in word} <= targets
    assert settings <= MAKEFILE_VARIABLES & set(re.findall(r"^(\w+) \?=", makefile, re.MULTILINE))


def check_command(line):
    """Raises where a command of README could not run as it stands; True where there was something to check."""
    program, *words = shlex.split(line.replace("\\", "/")) or [""]
    program = program.rpartition("/")[2]
    if program == "make":
        check_make(words)
    elif program == "graphsage":
        from graphsage.cli import _parser

        _parser().parse_args(words)
    elif program == "python" and words[0].endswith(".py"):
        assert (CHECKOUT / words[0]).is_file()
    else:
        return False
    return True


def test_every_command_of_readme_can_run():
    checked = [line for line in readme_commands() if check_command(line)]
    assert {"make train", "make test"} <= set(checked)


WRONG = ("make tset", "make train PYTHN=python3", "graphsage trian debian", "python examples/no.py")


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_is_found(line):
    with pytest.raises((AssertionError, SystemExit)):
        check_command(line)


def test_readme_names_every_make_variable():
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert [name for name in MAKEFILE_VARIABLES if f"{name}=" not in text] == []
