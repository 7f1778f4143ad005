"""Files of neo4j-admin's import."""

import pytest
from helpers.public_files import classes_of, pairs_of, read

from graphsage.data import DatasetError

pytest.importorskip("pyarrow")
PEOPLE = "personId:ID(Person),name,age:int,label,:LABEL\np1,Ann,30,a,Person\np2,Bob,41,b,Person\np3,Cid,,a,Person\n"
KNOWS = ":START_ID(Person),:END_ID(Person),since:int,:TYPE\np1,p2,1999,KNOWS\np2,p3,2001,KNOWS\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "person.csv").write_text(PEOPLE)
    (tmp_path / "people" / "knows.csv").write_text(KNOWS)
    return tmp_path / "people"


def test_nodes_of_one_type(folder):
    for path in (folder, folder / "knows.csv", folder / "person.csv"):
        dataset = read(path)
        assert (dataset.name, dataset.node_ids.tolist()) == ("people", ["p1", "p2", "p3"])
        assert classes_of(dataset) == ["a", "b", "a"]
        assert pairs_of(dataset) == {frozenset(("p1", "p2")), frozenset(("p2", "p3"))}
        assert "age" in [spec["name"] for spec in dataset.schema["columns"]]


def test_several_relationships_are_edges_alike(folder, command):
    (folder / "likes.csv").write_text(":START_ID,:END_ID,:TYPE\np1,p3,LIKES\n")
    code, out, _ = command("import", folder)
    assert code == 0 and "relationships are of 2 types (KNOWS, LIKES): all are edges alike" in out
    assert len(pairs_of(read(folder))) == 3


def test_several_types_in_one_file_become_a_column(folder, command):
    more = "".join(f"p{node},Dan,{node},a,{'Person' if node % 2 else 'Robot'}\n" for node in range(4, 20))
    (folder / "person.csv").write_text(PEOPLE + more)
    code, out, _ = command("import", folder)
    assert code == 0 and ":LABEL has 2 types of nodes: all are taken as one, and their type is the column type" in out
    assert "type                     category  2 values: Person, Robot" in out
    (folder / "person.csv").write_text((PEOPLE + more).replace(",label,", ",group,"))
    assert read(folder).class_names == ("Person", "Robot")


def test_several_files_of_nodes_are_refused(folder):
    (folder / "film.csv").write_text("filmId:ID(Film),title,:LABEL\nf1,Heat,Film\n")
    with pytest.raises(DatasetError, match=r"has nodes of several types \(film\.csv, person\.csv\), and one type is read"):
        read(folder)


def test_properties_that_are_called_as_our_columns_are(tmp_path):
    (tmp_path / "n.csv").write_text(":ID,id,group\n0,2,a\n1,0,b\n2,1,a\n")
    (tmp_path / "r.csv").write_text(":START_ID,:END_ID,source\n0,1,2\n")
    dataset = read(tmp_path)
    assert pairs_of(dataset) == {frozenset((0, 1))}
    assert dataset.schema["columns"][0]["name"] == "id (attribute)"
