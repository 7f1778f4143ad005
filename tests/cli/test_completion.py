"""``graphsage completion``: bash itself is asked what it would complete."""

import shutil
import subprocess

import pytest

from graphsage.cli import completion as module

#: Prints what bash offers for the words that are given, a line each.
ASK = """source "$1"; shift
COMP_WORDS=(graphsage "$@"); COMP_CWORD=$#; COMPREPLY=()
_shtab_graphsage
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def bash(tmp_path_factory):
    """function(*words) -> what bash completes the last of them to, in a folder that has a folder comedy and a file core.csv."""
    pytest.importorskip("shtab")
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    folder = tmp_path_factory.mktemp("completion")
    (folder / "comedy").mkdir()
    (folder / "core.csv").touch()

    def asked(script, *words):
        (folder / "script").write_text(script, encoding="utf-8")
        command = ["bash", "-c", ASK, "bash", str(folder / "script"), *words]
        return set(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split())

    return asked


def test_bash_completes_commands_flags_choices_datasets_and_files(bash, command):
    script = command("completion", "bash")[1]
    assert bash(script, "tr") == {"train"}
    assert bash(script, "train", "--learning") == {"--learning-rate"}
    assert bash(script, "train", "--aggregator", "max") == {"max", "max_pool"}
    assert bash(script, "train", "co") == {"cora", "cora-linqs", "cornell", "comedy", "core.csv"}
    assert bash(script, "evaluate", "co") == {"comedy", "core.csv"}
    assert bash(script, "train", "--out", "com") == {"comedy"}


def test_zsh_gets_a_script_of_its_own(command):
    pytest.importorskip("shtab")
    out = command("completion", "zsh")[1]
    assert out.startswith("#compdef graphsage\n") and "datasets:dataset:(" in out


def test_without_shtab_and_for_other_shells(refused, monkeypatch):
    assert "invalid choice: 'fish' (choose from " in refused("completion", "fish")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    sentence = "completion needs shtab: pip install 'graphsage[completion]', or pip install shtab"
    assert refused("completion", "bash") == sentence
