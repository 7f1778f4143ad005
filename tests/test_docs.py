"""README and docs: every snippet runs, every command is one, and Sphinx builds the pages without a warning."""

import gzip
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import CHECKOUT
from helpers.blocks import blocks
from helpers.doc_pages import PAGES, blocks_of, check_line, commands_in_text, read, run_page

import graphsage
from graphsage.data import catalogue


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """To run a page in, with a graph "my_graph" and two files; a dataset to download is replaced by a small made-up one."""
    load = graphsage.load_dataset

    def stand_in(name_or_path, **options):
        return blocks(name=name_or_path) if name_or_path in missing else load(name_or_path, **options)

    missing = set(catalogue.list_datasets()) - {"debian", "debian-typed"}
    monkeypatch.setattr(catalogue, "load_dataset", stand_in)
    monkeypatch.setattr(graphsage, "load_dataset", stand_in)
    monkeypatch.chdir(tmp_path)
    nodes = [f"{node},{'ab'[node % 2]},{node}" for node in range(60)]
    edges = [f"{node},{(node + 2) % 60}" for node in range(60)]
    Path("my_graph").mkdir()
    Path("my_graph/nodes.csv").write_text("\n".join(["id,label,size", *nodes]) + "\n")
    Path("my_graph/edges.csv").write_text("\n".join(["source,target", *edges]) + "\n")
    gml = [f'node [ id {node} club "{"ab"[node % 2]}" ]' for node in range(60)]
    gml += [f"edge [ source {node} target {(node + 2) % 60} ]" for node in range(60)]
    Path("karate.gml").write_text("\n".join(["graph [", *gml, "]"]) + "\n")
    with gzip.open("facebook_combined.txt.gz", "wt") as file:
        file.writelines(f"{node} {(node + 2) % 60}\n" for node in range(60))


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_runs(page, folder):
    codes = read(page)
    for library in ("pandas", "polars", "pyarrow"):
        if any(f"import {library} as" in code.text for code in codes):
            pytest.importorskip(library)
    if any("torch_geometric" in code.text for code in codes):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its own, about torch.jit, at import
            pytest.importorskip("torch_geometric.loader")
    run_page(codes)


@pytest.mark.parametrize("page", [*PAGES, "benchmarks/README.md"])
def test_every_command_in_the_text_is_one(page):
    for line in commands_in_text(page):
        check_line(line)


@pytest.mark.parametrize("page", [*PAGES, "benchmarks/README.md", "CHANGELOG.md"])
def test_every_link_leads_somewhere(page):
    """To files; where in a page of docs a link leads to a heading, Sphinx looks for it."""
    path = CHECKOUT / page
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def test_pages_hold_what_is_looked_for():
    kinds = {code.kind for page in PAGES for code in read(page)}
    assert {"python", "py", "sh", "powershell"} <= kinds
    assert "graphsage train debian --preset plain --runs 10" in commands_in_text("README.md")


WRONG = {
    "python": ["print(1 + 1)  # 3", "import graphsage as gs\ngs.GraphSage", "def f(:"],
    "py": ["adjacency_dict = data.graph.to_dict()"],
    "sh": ["make tset", "make train PYTHN=python3", "graphsage trian debian", "graphsage train nowhere", "ls",
           "python examples/no.py", "python -m benchmarks.no", "python -m benchmarks.batch_size --qiuck"],
    "powershell": ["graphsage train debian --epoks 3"],
    "pyton": ["1 + 1"],
}


@pytest.mark.parametrize("kind, text", [(kind, text) for kind, texts in WRONG.items() for text in texts])
def test_a_wrong_block_is_found(kind, text, folder):
    with pytest.raises((AssertionError, AttributeError, KeyError, SyntaxError, SystemExit, ValueError)):
        run_page(blocks_of("made up", f"text\n\n```{kind}\n{text}\n```\n"))


def test_output_is_compared():
    codes = blocks_of("made up", "```python\nprint('a 1.5')\nprint('b')\nprint('c 2')\n```\n```text\na  1.7\n...\nc 2\n```\n")
    run_page(codes)
    for wrong in ("c 3\n", "c 2\nb\n"):
        with pytest.raises(AssertionError, match="is not in"):
            run_page([codes[0], replace(codes[1], text=wrong)])


def test_the_page_on_installing_names_every_make_variable():
    from helpers.doc_pages import MAKEFILE_VARIABLES

    text = (CHECKOUT / "docs" / "install.md").read_text(encoding="utf-8")
    assert [name for name in MAKEFILE_VARIABLES if f"{name}=" not in text] == []


# ---- figures

RESULTS = [path.read_text(encoding="utf-8") for path in (CHECKOUT / "benchmarks" / "results").glob("*/*.md")]


def rows_of(text):
    """The tables' rows as lists of cells."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def is_excerpt(row, of):
    """Do the cells stand in the other row, in this order?"""
    rest = iter(of)
    return all(cell in rest for cell in row)


def test_measured_rows_are_those_of_the_record():
    records = [row for text in RESULTS for row in rows_of(text)]
    rows = [row for row in rows_of((CHECKOUT / "docs" / "choosing.md").read_text(encoding="utf-8")) if row[0][0].isdigit()]
    assert len(rows) >= 15
    assert [row for row in rows if not any(is_excerpt(row, of) for of in records)] == []


# ---- Sphinx

DOCSTRING = """Rows B*k_1 of ``x_*``.

x, y: int64[N];
    ids.
seed=None: fresh
and more. width: 2
Raises |nothing|.

    a   b
"""
RST = """Rows B\\*k\\_1 of ``x_*``.
* ``x, y``: int64[N];
  ids.
* ``seed=None``: fresh
  and more. width: 2
  Raises \\|nothing\\|.

::
        a   b
"""


def test_docstrings_become_rst(monkeypatch):
    monkeypatch.syspath_prepend(CHECKOUT / "docs")
    from docstrings import as_rst

    assert list(filter(None, as_rst(DOCSTRING.splitlines()))) == list(filter(None, RST.splitlines()))
    assert as_rst(["a    b", "1    2"]) == ["::", "", "    a    b", "    1    2", ""]
    assert as_rst(["N."]) == ["\\N.", ""]
    assert as_rst(["int64[N]: ids"]) == ["int64[N]: ids", ""]
    assert as_rst(["a: one.", "Raises it."]) == ["", "* ``a``: one.", "", "Raises it.", ""]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the built pages. Sphinx runs in a process of its own: it changes much of the one it is in."""
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(CHECKOUT / "docs"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr
    return out


def test_reference_has_every_name(built):
    reference = (built / "reference.html").read_text(encoding="utf-8")
    assert [name for name in graphsage.__all__ if f'id="graphsage.{name}"' not in reference] == []


def test_every_page_is_built_and_asks_no_network(built):
    pages = {path.stem: path.read_text(encoding="utf-8") for path in built.glob("*.html")}
    assert {path.stem for path in (CHECKOUT / "docs").glob("*.md")} <= pages.keys()
    for name, text in pages.items():
        assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?:https?:)?//[^>]*>", text) == [], name
