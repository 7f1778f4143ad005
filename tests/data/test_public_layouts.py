"""Files that other programs wrote: each imports and trains with one command, or says in one sentence what is missing."""

import pytest
from helpers.public_files import WRITERS, club, of_networkx, pairs_of, read

from graphsage.data.layouts import LAYOUTS, layout_at, layout_of

pytest.importorskip("pyarrow")
pytest.importorskip("pandas")
pytest.importorskip("yaml")
EDGES_ONLY = ("matrix-market", "edge-attributes", "edge-list")
NAMED = {"gml": ("--label", "value")}  # what the column of the classes is called there
QUICK = ("--epochs", 1, "--hidden-features", 4, "--no-save")


@pytest.fixture
def folder(request, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "club").mkdir()
    WRITERS[request.param](tmp_path / "club")
    return tmp_path / "club"


def test_every_layout_of_one_file_is_written_here():
    assert {name for name, layout in LAYOUTS.items() if layout.is_file} == WRITERS.keys()


@pytest.mark.parametrize("folder, layout", [(name, name) for name in WRITERS], indirect=["folder"])
def test_it_is_known_and_holds_the_edges_that_were_written(folder, layout):
    found, name = layout_of(folder)
    assert found.name == layout
    assert layout_at(folder / name)[0].name == ("tables" if layout == "edge-list" else layout)  # any .txt is asked as a table
    for path in (folder, *sorted(folder.iterdir())):
        dataset = read(path)
        ids = range(34) if dataset.node_ids is None else sorted(map(int, dataset.node_ids))
        assert (dataset.name, list(ids)) == ("club", list(range(34)))
        assert {frozenset(map(int, pair)) for pair in pairs_of(dataset)} == of_networkx(club())


@pytest.mark.parametrize("folder, layout", [(name, name) for name in WRITERS], indirect=["folder"])
def test_it_imports_and_trains_with_one_command(folder, layout, command, refused):
    code, out, _ = command("import", folder, *NAMED.get(layout, ()))
    assert code == 0 and "  nodes                             34\n" in out and "  edges listed" in out
    if layout in EDGES_ONLY:
        sentence = refused("train", folder, *QUICK)
        assert "no node has a label" in sentence and "--task links" in sentence and "--task unsupervised" in sentence
        if layout == "edge-list":
            assert command("train", folder, "--task", "links", *QUICK)[0] == 0
    else:
        assert command("train", folder, *QUICK)[0] == 0


@pytest.mark.parametrize("folder", ["graphml"], indirect=True)
def test_two_of_them_in_a_folder_are_too_many(folder, refused):
    WRITERS["gexf"](folder)
    assert refused("train", folder).startswith(f"{folder} holds several datasets (club.gexf, club.graphml): give each a folder")


@pytest.mark.parametrize("folder", ["node-link"], indirect=True)
def test_a_second_start_reads_what_the_first_has_kept(folder, monkeypatch):
    first = read(folder)
    monkeypatch.setattr("graphsage.data.readers.node_link.tables_node_link", None)
    assert read(folder).schema == first.schema
    (folder / "club.json").write_text((folder / "club.json").read_text() + " ")
    with pytest.raises(TypeError):
        read(folder)


@pytest.mark.parametrize("folder", ["graphml"], indirect=True)
def test_another_file_is_encoded_as_the_one_of_the_training(folder, tmp_path):
    """As ``predict`` and ``evaluate`` do: the same columns, whatever program wrote them."""
    schema = read(folder).schema
    (tmp_path / "other").mkdir()
    WRITERS["node-link"](tmp_path / "other")
    again = read(tmp_path / "other", schema=schema)
    assert again.schema == schema and pairs_of(again) == of_networkx(club())
