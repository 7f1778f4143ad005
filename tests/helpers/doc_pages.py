"""README.md and docs/*.md as blocks of code, and what it means to run each kind.

A page is run from top to bottom, in a folder of its own, its Python snippets in one namespace:

    python       is run; what stands behind a print, as in ``print(1 + 1)  # 2``, must be in what the snippet prints
    py           quotes an example program, which tests/test_examples.py runs: the lines must stand there, as they are
    sh           each line is run by the rule of its program (PROGRAMS)
    powershell   the same on Windows: only checked, as nothing here has a .venv\\Scripts
    text         what the commands just before it print; ... stands for more lines, and digits after a point may differ
    {...}        Sphinx's

A kind or a program without a rule is an error, so that nothing is left out unnoticed.
"""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from textwrap import dedent

from conftest import CHECKOUT

PAGES = ["README.md", "datasets/README.md", *sorted(f"docs/{path.name}" for path in (CHECKOUT / "docs").glob("*.md"))]
MAKEFILE_VARIABLES = {"ARGS", "BENCH", "PYTHON", "TORCH_INDEX"}


@dataclass(frozen=True)
class Code:
    """A fenced block. kind: what stands behind the fence; line: of its first line of text, from 1."""

    page: str
    kind: str
    text: str
    line: int


def blocks_of(page, text):
    """The fenced blocks of a page, in order."""
    found = re.finditer(r"^```(\S*).*\n((?:.*\n)*?)```$", text, re.MULTILINE)
    return [Code(page, m[1], m[2], text[: m.start(2)].count("\n") + 1) for m in found]


def read(page):
    return blocks_of(page, (CHECKOUT / page).read_text(encoding="utf-8"))


def lines_of(code):
    """The command lines of a block, continued lines joined, comments taken off."""
    lines = code.text.replace("\\\n", " ").splitlines() if code.kind == "sh" else code.text.splitlines()
    lines = [line.split("  #")[0].strip() for line in lines]
    return [line for line in lines if line and not line.startswith("#")]


def run_page(codes):
    """Run the blocks of a page, in order."""
    names, said = {"__name__": "__main__"}, ""
    for code in codes:
        if code.kind == "text":
            check_output(code, said)
        else:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                run(code, names)
            said = out.getvalue()


def run(code, names):
    """Run one block; ``names``: the namespace of the page's snippets."""
    if code.kind == "python":
        run_python(code, names)
    elif code.kind == "py":
        check_quote(code)
    elif code.kind == "sh":
        for line in lines_of(code):
            run_line(line)
    elif code.kind == "powershell":
        for line in lines_of(code):
            check_line(line)
    elif not code.kind.startswith("{"):
        raise ValueError(f"{code.page}, line {code.line}: a block of an unknown kind, {code.kind!r}")


def run_python(code, names):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile("\n" * (code.line - 1) + code.text, code.page, "exec"), names)
    print(out.getvalue(), end="")
    for said in re.findall(r"^ *print\(.*\)  # (.*)$", code.text, re.MULTILINE):
        for part in said.split(", then "):
            assert part in out.getvalue().splitlines(), f"{code.page}: {part!r} is not what is printed: {out.getvalue()}"


def check_output(code, said):
    """Every line that is shown was printed, in this order."""
    rest = iter(map(_comparable, said.splitlines()))
    for line in code.text.splitlines():
        assert line == "..." or _comparable(line) in rest, f"{code.page}, line {code.line}: {line!r} is not in {said}"


def _comparable(line):
    return " ".join(re.sub(r"\d+\.\d+", "0.0", line).split())


def check_quote(code):
    sources = [path.read_text(encoding="utf-8") for path in (CHECKOUT / "examples").glob("*.py")]
    assert any(code.text in dedent_all(source) for source in sources), f"{code.page}, line {code.line}: in no example"


def dedent_all(source):
    """The source, and once more each function's body moved to the left."""
    bodies = re.findall(r"^(?:def|class) .*\n((?:(?: {4}.*)?\n)+)", source, re.MULTILINE)
    return "\n".join([source, *(dedent(body) for body in bodies)])


# ---- command lines


def run_line(line):
    """Run a command line as the rule of its program says; KeyError where there is none."""
    program, *words = shlex.split(line)
    PROGRAMS[program.rpartition("/")[2]](words)


def check_line(line):
    """Raises where a command line could not run as it stands."""
    program, *words = shlex.split(line.replace("\\", "/"))
    (PROGRAMS | {"graphsage": check_graphsage})[program.rpartition("/")[2]](words)


def run_graphsage(words):
    """In this process; a training on a dataset with a name is cut short to one run of one epoch."""
    from graphsage.cli.main import main
    from graphsage.data.catalogue import list_datasets

    if words[0] == "train" and getattr(check_graphsage(words), "dataset", None) in list_datasets():
        words = [*words, "--epochs", "1", "--runs", "1"]
    assert main(words) == 0, words


def check_graphsage(words):
    from graphsage.cli.main import _parser

    try:
        return _parser().parse_args(words)
    except SystemExit as end:  # --help, or a fault
        if end.code:
            raise


def check_make(words):
    """Not run, as it installs: the target and the variables exist."""
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    settings = {word.partition("=")[0] for word in words if "=" in word}
    assert {word for word in words if "=" not in word} <= targets
    assert settings <= MAKEFILE_VARIABLES & set(re.findall(r"^(\w+) \?=", makefile, re.MULTILINE))


def check_python(words):
    """Not run, as programs of the checkout have tests of their own, and pip and venv install: the program has the flags."""
    if words[0] == "-m" and words[1] in ("pip", "venv"):
        return
    program = words[:2] if words[0] == "-m" else words[:1]
    path = CHECKOUT / program[-1].replace(".", "/") if len(program) == 2 else CHECKOUT / program[0]
    assert path.is_file() or path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), path
    flags = [word for word in words if word.startswith("--")]
    command = [sys.executable, *program, "--help"]
    text = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT).stdout if flags else ""
    assert [flag for flag in flags if flag not in text] == []


def check_git(words):
    """Not run: it would need the address of a repository."""
    assert words[0] == "clone"


def check_torchrun(words):
    """Not run, as processes have tests of their own: behind torchrun's flags stands a command of graphsage."""
    at = words.index("-m")
    assert words[at + 1] == "graphsage", words
    check_graphsage(words[at + 2 :])


PROGRAMS = {
    "graphsage": run_graphsage, "torchrun": check_torchrun, "make": check_make, "python": check_python, "git": check_git
}  # fmt: skip


def commands_in_text(page):
    """`graphsage ...` between single backticks or on an indented line, but for those that leave something to be filled in."""
    text = re.sub(r"^```.*?^```", "", (CHECKOUT / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"(?<=`)(?:graphsage|make) [a-z][^`]*(?=`)|(?<=^ {4})(?:graphsage|make) [a-z].*", text, re.MULTILINE)
    found = [" ".join(line.split()) for line in found]
    found = [re.sub(r"^graphsage \w+$", r"\g<0> --help", line) for line in found]  # a command that is only named
    return [line for line in found if not re.search(r"\[|\.\.\.|\b[A-Z]{4,}\b(?!=)", line)]
