"""README's snippets and the example programs do what they say."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from data_helpers import planetoid_files, write_files

CHECKOUT = Path(__file__).parents[1]
SNIPPETS = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)


def test_readme_has_snippets():
    assert len(SNIPPETS) >= 2


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_readme_snippet_runs(snippet, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(snippet, "README.md", "exec"), {})
    for said in re.findall(r"^print\(.*\)  # (.*)$", snippet, re.MULTILINE):
        assert said in capsys.readouterr().out


def test_original_loop_learns(tmp_path):
    folder = write_files(tmp_path / "made", planetoid_files())
    command = [sys.executable, "-W", "error", str(CHECKOUT / "examples" / "original_loop.py"), str(folder), "3"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    losses = [float(loss) for loss in re.findall(r"^Epoch \d{3} Batch 0[12]0 Loss: (\d+\.\d{4})$", out, re.MULTILINE)]
    assert len(losses) == 6
    assert losses[-1] < losses[0]


def test_original_loop_reads_dense_features():
    import numpy as np

    spec = importlib.util.spec_from_file_location("original_loop", CHECKOUT / "examples" / "original_loop.py")
    loop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loop)
    features = np.arange(6.0).reshape(3, 2)
    assert loop.dense_rows(features, [2, 2]).tolist() == [[4, 5], [4, 5]]
