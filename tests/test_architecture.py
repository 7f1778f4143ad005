"""Imports run only downwards from floor to floor and in no circle, and the lower floors live without torch."""

import ast
from pathlib import Path

import pytest

#: The rooms of the house: its floor, and where its arrows lead (docs/architecture.md); a room sees those, and what they see.
ROOMS = {
    "base": (1, ()),
    "config": (1, ("base",)),
    "graph": (1, ("base",)),
    "sampling": (2, ("graph", "config")),
    "data": (2, ("sampling",)),
    "tensors": (3, ("graph", "config")),
    "nn": (3, ("tensors",)),
    "interop": (3, ("loading",)),
    "loading": (3, ("nn", "sampling", "data")),
    "shards": (3, ("nn", "sampling", "data")),
    "training": (4, ("loading",)),
    "trained": (4, ("training",)),
    "report": (5, ("trained",)),
    "runs": (5, ("report", "interop")),
    "cli": (6, ("runs", "interop", "shards")),
    "ray": (6, ("runs",)),
    "__main__": (6, ("cli",)),
}
WITHOUT_TORCH = 2  # floors 1 and 2: the sampler serves people who bring another framework
TORCH = {"torch", "torch_geometric", "torchvision"}
MAX_LINES = 300


def room_of(module):
    """The room of a module; None for the package itself, which is above all, so that nothing inside imports it."""
    name = module.partition(".")[2].partition(".")[0]
    if name and name not in ROOMS:
        raise KeyError(f"{module} is in no room: add {name} to ROOMS")
    return name or None


def seen_from(room):
    """The rooms that ``room`` may import from: itself, those at its arrows, and what they see."""
    return {room}.union(*map(seen_from, ROOMS[room][1]))


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
    """"a imports b" for each import that no arrow allows."""
    return [f"{a} imports {b}" for a, found in sorted(edges.items()) for b in sorted(found)
            if a != "graphsage" and room_of(b) not in seen_from(room_of(a))]


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
            if module != "graphsage" and ROOMS[room_of(module)][0] <= WITHOUT_TORCH
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
    tree = {"graphsage": (True, ""), **{f"graphsage.{room}": (True, "") for room in ("nn", "sampling", "loading", "base")}}
    for name, source in sources.items():
        tree["graphsage." + name.replace("__", ".")] = (False, source)
    return tree


@pytest.mark.parametrize("line", [
    "import graphsage.loading.batch",
    "from graphsage.loading.batch import Batch",
    "from graphsage.loading import batch",
    "from ..loading.batch import Batch",
    "from ..loading import batch as renamed",
    "def later():\n    from graphsage.loading import batch",
])
def test_an_upward_import_is_found(line):
    edges = project_imports(made_up(loading__batch="", sampling__sampler=line))
    assert upward_imports(edges) == ["graphsage.sampling.sampler imports graphsage.loading.batch"]


def test_an_import_within_a_floor_needs_an_arrow():
    edges = project_imports(made_up(nn__model="", tensors__store="import graphsage.nn.model", base__jit=""))
    assert upward_imports(edges) == ["graphsage.tensors.store imports graphsage.nn.model"]


def test_the_package_itself_is_above_all():
    edges = project_imports(made_up(cli="import graphsage as gs"))
    assert upward_imports(edges) == ["graphsage.cli imports graphsage"]


def test_downward_and_outside_imports_are_legal():
    lower = {"base__jit": "import numpy", "sampling__tree": "from graphsage.base import jit"}
    tree = made_up(**lower, loading__batch="from ..sampling import tree")
    assert project_imports(tree)["graphsage.loading.batch"] == {"graphsage.sampling.tree"}
    assert upward_imports(project_imports(tree)) == []
    assert first_cycle(project_imports(tree)) == []


def test_a_cycle_is_found():
    tree = made_up(base__a="from .b import x", base__b="from graphsage.base import c", base__c="import graphsage.base.a")
    assert first_cycle(project_imports(tree)) == [f"graphsage.base.{name}" for name in "abca"]


@pytest.mark.parametrize("line", ["import torch", "from torch.nn import Linear", "def f():\n    import torchvision"])
def test_torch_on_a_lower_floor_is_found(line):
    assert torch_imports(made_up(sampling__sampler=line, nn__model=line)) == ["graphsage.sampling.sampler"]


def test_a_module_without_a_room_is_named():
    with pytest.raises(KeyError, match=r"graphsage\.misc is in no room"):
        upward_imports(project_imports(made_up(misc="from graphsage import cli", cli="")))


def test_no_two_files_of_one_name(modules):
    names = [module.rpartition(".")[2] for module, (is_package, _) in modules.items() if not is_package]
    assert [name for name in names if names.count(name) > 1] == []
