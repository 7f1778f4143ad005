"""Cards: those of the project, and what a card may not say."""

import shutil

import pytest

from graphsage.data import cards
from graphsage.data.cards import CardFile, dataset_card, datasets_folder, list_datasets
from graphsage.data.dataset import DatasetError
from graphsage.data.download import is_intact

PLANETOID = ["cora", "citeseer", "pubmed"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of cards with one copy of Cora's, to be changed."""
    made = tmp_path / "datasets"
    shutil.copytree(datasets_folder() / "cora", made / "cora")
    monkeypatch.setattr(cards, "datasets_folder", lambda: made)
    return made


def change(folder, old, new):
    path = folder / "cora" / "card.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_known_names():
    assert set(PLANETOID) <= set(list_datasets())
    assert list_datasets() == sorted(list_datasets())


@pytest.mark.parametrize("name", PLANETOID)
def test_cards_describe_the_published_files(test_data, name):
    card = dataset_card(name)
    parts = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")
    assert [file.name for file in card.files] == [f"ind.{name}.{part}" for part in parts]
    for file in card.files:
        assert is_intact(test_data / "planetoid" / name / file.name, file)
        assert file.url.endswith(f"/af6abf468a772cc055bec88c52e4d6f51b7c37e3/data/{file.name}")
    assert card.num_bytes == sum(file.size for file in card.files)
    assert (card.layout, card.is_bundled) == ("planetoid", False)


def test_class_names_of_cora_follow_the_class_sizes(test_data):
    """The Planetoid files number the classes, the LINQS files name them, and no two classes have the same size."""
    from collections import Counter

    from graphsage.data.readers.planetoid import read_planetoid

    lines = (test_data / "linqs_cora" / "cora.content").read_text().splitlines()
    by_name = Counter(line.split("\t")[-1] for line in lines)
    labels = read_planetoid(test_data / "planetoid" / "cora", "cora").labels.tolist()
    by_number = Counter(labels)
    assert len(set(by_name.values())) == 7
    assert {name: by_number[number] for number, name in enumerate(dataset_card("cora").class_names)} == dict(by_name)


def test_every_dataset_has_a_readme():
    assert [name for name in list_datasets() if not (datasets_folder() / name / "README.md").is_file()] == []
    assert (datasets_folder() / "README.md").is_file()


def test_no_cards_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "__file__", str(tmp_path / "a" / "graphsage" / "data" / "cards.py"))
    with pytest.raises(DatasetError, match=r"no dataset cards found in .*/graphsage/datasets or .*/a/datasets"):
        datasets_folder()


def test_the_installed_folder_comes_first(tmp_path, monkeypatch):
    for place in ("graphsage/datasets", "datasets"):
        (tmp_path / place / "cora").mkdir(parents=True)
        (tmp_path / place / "cora" / "card.toml").write_text("")
    monkeypatch.setattr(cards, "__file__", str(tmp_path / "graphsage" / "data" / "cards.py"))
    assert datasets_folder() == (tmp_path / "graphsage" / "datasets").resolve()
    shutil.rmtree(tmp_path / "graphsage" / "datasets" / "cora")
    assert datasets_folder() == (tmp_path / "datasets").resolve()


def test_a_folder_of_that_name_without_cards_is_not_taken(tmp_path, monkeypatch):
    """Beside an installed package lies whatever is installed; a package called ``datasets`` is a well-known one."""
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "__init__.py").write_text("")
    monkeypatch.setattr(cards, "__file__", str(tmp_path / "graphsage" / "data" / "cards.py"))
    with pytest.raises(DatasetError, match="the installation is incomplete"):
        list_datasets()


@pytest.mark.parametrize(
    "name, hint", [("Cora", "did you mean 'cora'? "), ("citseer", "did you mean 'citeseer'? "), ("zzz", "")]
)
def test_unknown_names(name, hint):
    known = ", ".join(list_datasets())
    with pytest.raises(DatasetError) as caught:
        dataset_card(name)
    wanted = f"no dataset is called {name!r}: {hint}known are {known}, and a folder can be given by its path"
    assert str(caught.value) == wanted


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("num_nodes = 2708\n", "", "statistics must be .*; missing or unknown: num_nodes"),
        ("num_nodes = 2708\n", "num_nodes = 2708\nnum_loops = 0\n", "missing or unknown: num_loops"),
        ('layout = "planetoid"', 'layout = "csv"', "layout must be one of tables, .*debian, planetoid, .*, got 'csv'"),
        ('name = "cora"', 'name = "coral"', "it names 'coral', its folder is 'cora'"),
        ("size = 22119\n", "", "size"),
        ("size = 22119\n", "size = 22119\nmd5 = 'x'\n", "md5"),
        ("licence = ", "license = ", "'licence'"),
        ("[statistics]", "[statistics", r"at line \d+"),
    ],
)
def test_broken_cards(folder, old, new, sentence):
    change(folder, old, new)
    with pytest.raises(DatasetError, match=rf"card\.toml is not a dataset card: .*{sentence}"):
        dataset_card("cora")


def test_a_card_without_addresses_is_bundled(folder):
    path = folder / "cora" / "card.toml"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("url")))
    card = dataset_card("cora")
    assert card.is_bundled
    assert card.files[0] == CardFile(name="ind.cora.x", size=22119, sha256=card.files[0].sha256)
