"""What type checkers, editors and help() see of the package's face."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphsage as gs

ROOT = Path(gs.__file__).parents[1]
#: Only what is ours is looked at: torch alone would take half a minute.
SETTINGS = """
[mypy]
follow_imports = silent
ignore_missing_imports = True
[mypy-torch.*,scipy.*,numba.*,llvmlite.*,networkx.*,pyarrow.*,matplotlib.*,tensorboard.*]
follow_imports = skip
"""
USE = """
import graphsage as gs

data = gs.load_dataset("debian")
sampler = gs.NeighborSampler(data.graph, fanouts=[10, 10], seed=0)
loader = gs.NeighborLoader(data, sampler, batch_size=512)
model = gs.GraphSAGE(data.num_features, 128, data.num_classes)
for batch in loader:
    reveal_type(batch)
reveal_type(sampler.graph)
reveal_type(sampler.sample([0, 1]))
trainer = gs.Trainer(model, data, gs.TrainConfig(fanouts=(10, 10), batch_size=512, epochs=5), callbacks=[gs.Progress()])
reveal_type(trainer.fit())
reveal_type(gs.multihop_sampling([0], [2], {0: [0]}, seed=0))
reveal_type(gs.load_trained("runs/debian-1").predict(data))
reveal_type(gs.Graph.from_edges([0], [1], 2).degrees)
"""
REVEALED = ["Batch", "Graph", "MiniBatch", "TrainResult", "list[numpy.ndarray[", "Predictions", "numpy.ndarray["]
WRONG = {
    'gs.TrainConfig(epochs="five")': 'Argument "epochs" to "TrainConfig" has incompatible type "str"; expected "int"',
    "gs.NeighborSampler(fanouts=[10])": 'Missing positional argument "graph"',
    "gs.GraphSage": 'Module has no attribute "GraphSage"',
    'gs.Graph.from_edges([0], [1], "2")': 'Argument 3 to "from_edges" of "Graph" has incompatible type "str"',
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The lines that mypy says of USE and, below it, of each line of WRONG."""
    folder = tmp_path_factory.mktemp("mypy")
    (folder / "mypy.ini").write_text(SETTINGS)
    (folder / "use.py").write_text(USE + "\n".join(WRONG) + "\n")
    command = [sys.executable, "-m", "mypy", "--no-incremental", "use.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True).stdout.splitlines()


def test_mypy_knows_what_calls_return(told):
    found = [line.partition("Revealed type is ")[2].strip('"') for line in told if "Revealed type" in line]
    assert len(found) == len(REVEALED)
    assert [kind for kind, wanted in zip(found, REVEALED) if wanted not in kind] == []


def test_mypy_finds_wrong_calls_and_no_others(told):
    errors = [line for line in told if ": error: " in line]
    assert len(errors) == len(WRONG)
    assert [line for line, wanted in zip(errors, WRONG.values()) if wanted not in line] == []


COMPLETED = {
    "gs.Neigh": {"NeighborLoader", "NeighborSampler"},
    "gs.load_dataset('cora').row_": {"row_normalized"},
    "gs.load_trained('x').predict(data).": {"labels", "outputs", "probabilities"},
    "gs.TrainConfig(learning": {"learning_rate="},
}


@pytest.mark.parametrize("text", COMPLETED)
def test_jedi_completes(text):
    import jedi

    script = jedi.Script(f"import graphsage as gs\n{text}", project=jedi.Project(ROOT, sys_path=[str(ROOT), *sys.path]))
    assert {found.name for found in script.complete(2, len(text))} >= COMPLETED[text]


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "graphsage" / "py.typed").is_file()
    stub = ast.parse((ROOT / "graphsage" / "__init__.pyi").read_text())
    names = {alias.asname for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == {*gs.__all__, "interop"}


def signatures():
    """(name, signature) of each export and of what people call on it."""
    for name in gs.__all__:
        value = getattr(gs, name)
        if not inspect.isclass(value):
            yield name, inspect.signature(value)
            continue
        for key, member in vars(value).items():
            function = getattr(member, "__func__", None) or getattr(member, "fget", None) or getattr(member, "func", member)
            if inspect.isfunction(function) and (key == "__init__" or not key.startswith("_")):
                yield f"{name}.{key}", inspect.signature(function)


@pytest.mark.parametrize("name, signature", list(signatures()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_public_call_is_annotated(name, signature):
    plain = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")]
    assert plain == [], name
    assert signature.return_annotation is not signature.empty or name.endswith("__init__"), name
