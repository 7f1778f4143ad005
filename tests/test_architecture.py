"""Imports run only downwards from floor to floor and in no circle, and the lower floors live without torch."""

import ast
from pathlib import Path

import pytest

#: A module belongs to the longest name here that it starts with.
FLOORS = {
    "graphsage.__main__": 6,
    "graphsage.cli": 5,
    "graphsage.cli_train": 5,
    "graphsage.cli_apply": 5,
    "graphsage.cli_progress": 5,
    "graphsage.cli_import": 5,
    "graphsage.cli_sample": 5,
    "graphsage.cli_datasets": 5,
    "graphsage.arguments": 5,
    "graphsage.training": 4,
    "graphsage.nn": 3,
    "graphsage.loader": 3,
    "graphsage.interop": 3,
    "graphsage.sampling": 2,
    "graphsage.data": 2,
    "graphsage.graph": 1,
    "graphsage.convert": 1,
    "graphsage.csr": 1,
    "graphsage.features": 1,
    "graphsage.files": 1,
    "graphsage.config": 1,
    "graphsage.config_file": 1,
    "graphsage.checks": 1,
    "graphsage.jit": 1,
}
WITHOUT_TORCH = 2  # floors 1 and 2: the sampler serves people who bring another framework
TORCH = {"torch", "torch_geometric", "torchvision"}
MAX_LINES = 300


def floor_of(module):
    """The floor of a module; the package itself is above all, so that nothing inside imports it."""
    if module == "graphsage":
        return max(FLOORS.values()) + 1
    fitting = [name for name in FLOORS if module == name or module.startswith(name + ".")]
    if not fitting:
        raise KeyError(f"{module} has no floor: add it to FLOORS")
    return FLOORS[max(fitting, key=len)]


def imported_names(module, is_package, source):
    """Every dotted name that ``source`` imports, at any depth (an import inside a function is an import)."""
    parts = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            kept = len(parts) - node.level + is_package
            above = parts[:kept] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def project_imports(modules):
    """module -> the project's modules it imports; ``modules``: name -> (is_package, source).

    ``from graphsage.nn import model`` is an import of the module where there is one, else of the package.
    """
    edges = {}
    for module, (is_package, source) in modules.items():
        names = set(imported_names(module, is_package, source)) & modules.keys()
        packages = {name for name in names if any(other.startswith(name + ".") for other in names)}
        edges[module] = names - packages - {module}
    return edges


def upward_imports(edges):
    return [f"{a} (floor {floor_of(a)}) imports {b} (floor {floor_of(b)})"
            for a, found in sorted(edges.items()) for b in sorted(found)
            if a != "graphsage" and floor_of(b) > floor_of(a)]


def first_cycle(edges):
    """One circle of imports as a list of modules, or an empty list."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return [*path[path.index(module):], module]
        if module in done:
            return []
        path.append(module)
        found = next((cycle for other in sorted(edges[module]) if (cycle := visit(other))), [])
        path.pop()
        done.add(module)
        return found

    return next((cycle for module in sorted(edges) if (cycle := visit(module))), [])


def torch_imports(modules):
    return [module for module, (is_package, source) in sorted(modules.items())
            if module != "graphsage" and floor_of(module) <= WITHOUT_TORCH
            and any(name.split(".")[0] in TORCH for name in imported_names(module, is_package, source))]


def read_modules(package):
    """name -> (is_package, source) for every file of a package folder."""
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        modules[".".join(parts[:-1] if is_package else parts)] = (is_package, path.read_text(encoding="utf-8"))
    return modules


@pytest.fixture(scope="module")
def modules():
    return read_modules(Path(__file__).resolve().parent.parent / "graphsage")


def test_imports_run_downwards(modules):
    assert upward_imports(project_imports(modules)) == []


def test_no_import_cycle(modules):
    assert first_cycle(project_imports(modules)) == []


def test_lower_floors_live_without_torch(modules):
    assert torch_imports(modules) == []


def test_files_stay_short(modules):
    lengths = {module: source.count("\n") for module, (_, source) in modules.items()}
    assert {module: lines for module, lines in lengths.items() if lines > MAX_LINES} == {}


def made_up(**sources):
    """A tree of made-up modules: ``nn__model="import torch"`` is graphsage.nn.model."""
    tree = {"graphsage": (True, ""), "graphsage.nn": (True, ""), "graphsage.sampling": (True, "")}
    for name, source in sources.items():
        tree["graphsage." + name.replace("__", ".")] = (False, source)
    return tree


@pytest.mark.parametrize("line", [
    "import graphsage.loader",
    "from graphsage.loader import NeighborLoader",
    "from graphsage import loader",
    "from ..loader import NeighborLoader",
    "from .. import loader as renamed",
    "def later():\n    from graphsage import loader",
])
def test_an_upward_import_is_found(line):
    edges = project_imports(made_up(loader="", sampling__sampler=line))
    assert upward_imports(edges) == ["graphsage.sampling.sampler (floor 2) imports graphsage.loader (floor 3)"]


def test_the_package_itself_is_above_all():
    edges = project_imports(made_up(cli="import graphsage as gs"))
    assert upward_imports(edges) == ["graphsage.cli (floor 5) imports graphsage (floor 7)"]


def test_downward_and_outside_imports_are_legal():
    lower = {"graph": "import numpy", "sampling__rng": "from graphsage import graph"}
    tree = made_up(**lower, loader="from .sampling import rng")
    assert project_imports(tree)["graphsage.loader"] == {"graphsage.sampling.rng"}
    assert upward_imports(project_imports(tree)) == []
    assert first_cycle(project_imports(tree)) == []


def test_a_cycle_is_found():
    tree = made_up(csr="from .graph import Graph", graph="from graphsage import jit", jit="import graphsage.csr")
    assert first_cycle(project_imports(tree)) == [f"graphsage.{name}" for name in ("csr", "graph", "jit", "csr")]


@pytest.mark.parametrize("line", ["import torch", "from torch.nn import Linear", "def f():\n    import torchvision"])
def test_torch_on_a_lower_floor_is_found(line):
    assert torch_imports(made_up(sampling__sampler=line, nn__model=line)) == ["graphsage.sampling.sampler"]


def test_a_module_without_a_floor_is_named():
    with pytest.raises(KeyError, match=r"graphsage\.misc has no floor"):
        upward_imports(project_imports(made_up(misc="from graphsage import cli", cli="")))
