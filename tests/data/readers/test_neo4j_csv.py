"""Files of neo4j-admin's import."""

import pytest
from helpers.public_files import classes_of, pairs_of, read

import graphsage as gs
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


FILMS = "filmId:ID(Film),year:int,:LABEL\nf1,1995,Film\nf2,1999,Film\n"
ACTED = ":START_ID(Person),:END_ID(Film),since:int,:TYPE\np1,f1,3,ACTED_IN\np2,f1,4,DIRECTED\np3,f2,5,ACTED_IN\n"


def pairs(dataset, relation):
    """[(source, target)] of a relation, by names, in the order of their edge ids."""
    ends = [dataset.node_ids[of][ids].tolist() for of, ids in zip(relation[::2], dataset.graph.edges(relation))]
    ids = dataset.graph.edge_ids[dataset.graph.span(relation)]
    return [pair for _, pair in sorted(zip(ids.tolist(), zip(*ends)))]


def write_typed(folder):
    """People who know each other, and films that they made."""
    folder.mkdir(exist_ok=True)
    for name, text in {"person": PEOPLE, "knows": KNOWS, "film": FILMS, "acted": ACTED}.items():
        (folder / f"{name}.csv").write_text(text)


@pytest.fixture
def films(folder):
    write_typed(folder)
    return folder


def test_files_of_several_types_are_a_typed_graph(films):
    for path in (films, films / "acted.csv", films / "film.csv"):
        dataset = read(path)
        assert isinstance(dataset, gs.TypedDataset) and dataset.name == "people"
        assert dataset.num_nodes == {"Film": 2, "Person": 3} and dataset.target == "Person"
        assert pairs(dataset, ("Person", "ACTED_IN", "Film")) == [("p1", "f1"), ("p3", "f2")]
        assert pairs(dataset, ("Person", "DIRECTED", "Film")) == [("p2", "f1")]
        assert ("Film", "rev_DIRECTED", "Person") in dataset.graph.relations
        assert dataset.num_edges["Person", "KNOWS", "Person"] == 4  # both ways
        assert [spec["name"] for spec in dataset.schema["Film"]["columns"]] == ["year"]


def test_it_imports_and_a_second_start_reads_what_was_kept(films, command, monkeypatch):
    code, out, _ = command("import", films)
    assert code == 0 and "edges Person ACTED_IN Film" in out
    monkeypatch.setattr("graphsage.data.readers.neo4j_csv.whole_table", None)
    assert pairs(read(films), ("Person", "DIRECTED", "Film")) == [("p2", "f1")]


def test_without_spaces_of_ids_the_label_is_the_type_and_ids_are_looked_up(films):
    for path in films.iterdir():
        path.write_text(path.read_text().replace("(Person)", "").replace("(Film)", ""))
    (films / "more.csv").write_text("id:ID,age:int,:LABEL\np4,5,Person\nf3,1,Film\nd1,2,Dog\n")
    (films / "has.csv").write_text(":START_ID,:END_ID\np4,d1\nd1,f3\n")
    dataset = read(films)
    assert dataset.num_nodes == {"Dog": 1, "Film": 3, "Person": 4}
    assert pairs(dataset, ("Person", "has", "Dog")) == [("p4", "d1")]  # without :TYPE the file's name is the relation
    assert pairs(dataset, ("Dog", "has", "Film")) == [("d1", "f3")]
    assert pairs(dataset, ("Person", "ACTED_IN", "Film")) == [("p1", "f1"), ("p3", "f2")]


def test_several_files_of_one_type_are_one_table(folder):
    (folder / "person2.csv").write_text("personId:ID(Person),age:int,label\np9,1,b\n")
    dataset = read(folder)
    assert dataset.node_ids.tolist() == ["p1", "p2", "p3", "p9"] and classes_of(dataset) == ["a", "b", "a", "b"]


@pytest.mark.parametrize("name, text, sentence", [
    ("acted.csv", ACTED.replace("(Film)", "(Movie)"), r"acted\.csv: target is of 'Movie', and there are nodes of Film, Person"),
    ("acted.csv", ACTED.replace("(Film)", "").replace("p3,f2", "p3,f9"), r"acted\.csv: no table of nodes has the id 'f9'"),
    ("film.csv", FILMS.replace("(Film)", "").replace("f2", "p1"), "'p1' is the id of nodes of two types: write the type into"),
    ("acted.csv", ACTED.replace("ACTED_IN", "a.b"), "types and relations must have names, a text without . , = : /"),
    ("film.csv", FILMS.replace("(Film)", "(a.b)"), "acted.csv: target is of 'Film', and there are nodes of a.b, Person"),
    ("film.csv", FILMS + "f2,3,Film\n", "f2"),
])
def test_what_is_wrong_with_several_types_is_one_sentence(films, name, text, sentence):
    (films / name).write_text(text)
    if "two types" in sentence:
        (films / "acted.csv").write_text(ACTED.replace("(Person)", ""))
    with pytest.raises(DatasetError, match=sentence):
        read(films)


def test_no_edges_between_several_types(films):
    for name in ("acted.csv", "knows.csv"):
        (films / name).write_text(":START_ID(Person),:END_ID(Person),:TYPE\n")
    with pytest.raises(DatasetError, match="people has no relationship between its nodes: each file of them is empty"):
        read(films)


def test_properties_that_are_called_as_our_columns_are(tmp_path):
    (tmp_path / "n.csv").write_text(":ID,id,group\n0,2,a\n1,0,b\n2,1,a\n")
    (tmp_path / "r.csv").write_text(":START_ID,:END_ID,source\n0,1,2\n")
    dataset = read(tmp_path)
    assert pairs_of(dataset) == {frozenset((0, 1))}
    assert dataset.schema["columns"][0]["name"] == "id (attribute)"
