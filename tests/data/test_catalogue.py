"""load_dataset: where it looks and in which order, what it checks, and what it says when there is nothing."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import data_helpers as made
from helpers.data_helpers import file_server

from graphsage.data import cards, catalogue
from graphsage.data.catalogue import built_in, fetch_dataset, list_datasets, load_dataset, recorded
from graphsage.data.dataset import DatasetError
from graphsage.data.download import is_intact
from graphsage.data.readers.planetoid import read_planetoid
from graphsage.runs.run_folder import lasting_name

STATISTICS = {
    "num_nodes": 513,
    "num_edges": 1124,
    "num_features": 11,
    "num_classes": 3,
    "num_isolated": 1,
    "max_degree": 52,
    "num_train": 3,
    "num_val": 500,
    "num_test": 5,
}


def card_text(name, files, statistics=STATISTICS, with_urls=True):
    """A card.toml for the made dataset."""
    lines = [f'name = "{name}"', 'title = "Tiny"', 'source = "made"', 'licence = "none"', 'layout = "planetoid"']
    lines += ['class_names = ["a", "b", "c"]', "[split]", 'rule = "made"', "[statistics]"]
    lines += [f"{key} = {value}" for key, value in statistics.items()]
    for file in files:
        lines += ["[[files]]", f'name = "{file.name}"', f"size = {file.size}", f'sha256 = "{file.sha256}"']
        lines += [f'url = "{file.url}"'] if with_urls else []
    return "\n".join(lines)


@pytest.fixture
def server(monkeypatch):
    with file_server(monkeypatch) as running:
        yield running


@pytest.fixture
def known(server, tmp_path, monkeypatch):
    """A catalogue of two: "tiny", which the server has, and "bundle", which lies beside its card."""
    folder = tmp_path / "datasets"
    files = [server.card_file(name, data) for name, data in made.planetoid_files().items()]
    made.write_files(folder / "tiny", {"card.toml": card_text("tiny", files).encode()})
    bundled = {name.replace("tiny", "bundle"): data for name, data in made.planetoid_files().items()}
    entries = [server.card_file(name, data) for name, data in bundled.items()]
    bundled["card.toml"] = card_text("bundle", entries, with_urls=False).encode()
    made.write_files(folder / "bundle", bundled)
    monkeypatch.setattr(cards, "datasets_folder", lambda: folder)
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GRAPHSAGE_DATA", raising=False)
    return folder


def load(name, **options):
    return load_dataset(name, progress=False, **options)


# ---- the real ones


@pytest.mark.parametrize("name", ["cora", "citeseer", "pubmed"])
def test_the_published_datasets_from_a_local_folder(test_data, monkeypatch, name):
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "planetoid"))
    dataset = load_dataset(name, download=False)
    assert dataset.statistics() == cards.dataset_card(name).statistics
    assert dataset.class_names == cards.dataset_card(name).class_names
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / "planetoid" / name))
    again = load_dataset(name, download=False)
    assert np.array_equal(again.graph.indices, dataset.graph.indices)
    by_path = load_dataset(test_data / "planetoid" / name)
    assert by_path.name == name
    assert by_path.class_names is None
    assert np.array_equal(by_path.labels, dataset.labels)


@pytest.mark.parametrize(
    "folder, name", [("linqs_cora", "cora-linqs"), ("heterophilous", "tolokers"), ("twitch/RU", "twitch-ru")]
)
def test_published_files_in_other_layouts(test_data, monkeypatch, folder, name):
    """A card whose files are called otherwise says so in ``stem``; the dataset has the card's name."""
    monkeypatch.setenv("GRAPHSAGE_DATA", str(test_data / folder))
    card = cards.dataset_card(name)
    dataset = load_dataset(name, download=False)
    assert (dataset.name, dataset.statistics(), dataset.class_names) == (name, card.statistics, card.class_names)
    for file in card.files:
        assert is_intact(test_data / folder / file.name, file)
        assert file.url.endswith(f"/{file.name}") and file.url.startswith("https://")


def test_bundled_datasets_load_by_name_without_a_network(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "no cache"))
    bundled = [name for name in list_datasets() if cards.dataset_card(name).is_bundled]
    assert bundled == ["debian", "debian-typed"]
    for name in bundled:
        dataset = load_dataset(name, download=False)
        assert (dataset.name, dataset.statistics()) == (name, cards.dataset_card(name).statistics)
        folder = load_dataset(cards.dataset_card(name).folder)
        graphs = [getattr(of.graph, "rows", of.graph) for of in (folder, dataset)]  # rows: of a typed one
        assert np.array_equal(*(graph.indices for graph in graphs))
    assert not (tmp_path / "no cache").exists()


def test_the_whole_way_with_the_real_files_of_cora(test_data, server, tmp_path, monkeypatch):
    """The project's own card with its addresses led to a local server."""
    card = cards.dataset_card("cora")
    files = [
        server.card_file(file.name, (test_data / "planetoid" / "cora" / file.name).read_bytes(), sha256=file.sha256)
        for file in card.files
    ]
    monkeypatch.delenv("GRAPHSAGE_DATA", raising=False)
    led = cards.DatasetCard(**{**vars(card), "files": tuple(files)})
    monkeypatch.setattr(catalogue, "dataset_card", lambda name: led)
    dataset = load("cora", cache=tmp_path)
    assert dataset.graph.num_edges == 10556
    assert sorted(path.name for path in (tmp_path / "cora").iterdir()) == sorted(file.name for file in card.files)
    assert len(server.requests) == 8
    load("cora", cache=tmp_path, download=False)
    assert len(server.requests) == 8


# ---- where it looks


def test_download_then_cache(known, server, tmp_path, capsys):
    dataset = load_dataset("tiny")
    assert (dataset.name, dataset.num_nodes, dataset.class_names) == ("tiny", 513, ("a", "b", "c"))
    assert "tiny" in capsys.readouterr().err
    assert len(server.requests) == 8
    server.files.clear()
    assert np.array_equal(load("tiny").labels, dataset.labels)
    assert np.array_equal(load("tiny", download=False, cache=tmp_path / "cache").labels, dataset.labels)
    assert len(server.requests) == 8


def test_the_local_folder_comes_before_the_cache(known, server, tmp_path, monkeypatch):
    load("tiny")
    changed = made.planetoid_files()
    changed["ind.tiny.test.index"] = b"507\n508\n509\n511\n512\n"
    for place in (tmp_path / "local" / "tiny", tmp_path / "flat"):
        made.write_files(place, changed)
    for root in (tmp_path / "local", tmp_path / "flat"):
        monkeypatch.setenv("GRAPHSAGE_DATA", str(root))
        assert load("tiny").test.tolist() == [507, 508, 509, 511, 512]
    monkeypatch.setenv("GRAPHSAGE_DATA", str(tmp_path / "empty"))
    assert load("tiny").test.tolist() == made.TEST_INDEX


def test_an_incomplete_local_folder_is_named(known, tmp_path, monkeypatch):
    made.write_files(tmp_path / "local", {"ind.tiny.x": b""})
    monkeypatch.setenv("GRAPHSAGE_DATA", str(tmp_path / "local"))
    with pytest.raises(DatasetError, match=r"local lacks ind\.tiny\.tx, "):
        load("tiny")


def test_a_bundled_dataset_needs_nothing(known, server):
    assert load("bundle", download=False).num_nodes == 513
    assert server.requests == []


def test_a_damaged_bundle(known):
    (known / "bundle" / "ind.bundle.y").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"ind\.bundle\.y is missing or damaged: install graphsage again"):
        load("bundle")


def test_a_damaged_cache_is_fetched_again(known, server, tmp_path):
    load("tiny")
    path = tmp_path / "cache" / "tiny" / "ind.tiny.graph"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    with pytest.raises(DatasetError, match="dataset 'tiny' is not here: .* downloading was switched off"):
        load("tiny", download=False)
    load("tiny")
    assert path.read_bytes() == whole
    assert server.requests[8:] == ["/ind.tiny.graph"]


def test_fetch_dataset(known, server, tmp_path):
    folder = fetch_dataset("tiny", progress=False)
    assert folder == tmp_path / "cache" / "tiny"
    assert read_planetoid(folder, "tiny").num_nodes == 513
    assert fetch_dataset("bundle") == known / "bundle"


# ---- what it says


def test_offline_and_not_cached(known, server, tmp_path, monkeypatch):
    server.files.clear()
    with pytest.raises(DatasetError) as caught:
        load("tiny")
    cache = tmp_path / "cache" / "tiny"
    text = str(caught.value)
    assert text.startswith(
        f"dataset 'tiny' is not here: looked in GRAPHSAGE_DATA (not set) and in the cache {cache}, "
        f"and ind.tiny.x could not be fetched from {server.url}/ind.tiny.x: 404"
    )
    files = ", ".join(made.planetoid_files())
    assert text.endswith(
        f"Put {files} into {cache} (or set GRAPHSAGE_CACHE), "
        "or set GRAPHSAGE_DATA to a folder that has them; bundle needs no download"
    )
    monkeypatch.setenv("GRAPHSAGE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=rf"looked in GRAPHSAGE_DATA \({tmp_path}/nowhere\) and in the cache"):
        load("tiny", download=False)


def test_statistics_are_checked(known, server, monkeypatch, tmp_path):
    files = [server.card_file(name, data) for name, data in made.planetoid_files().items()]
    for name, count in STATISTICS.items():
        folder = tmp_path / f"wrong_{name}"
        text = card_text("tiny", files, {**STATISTICS, name: count + 1})
        made.write_files(folder / "tiny", {"card.toml": text.encode()})
        monkeypatch.setattr(cards, "datasets_folder", lambda folder=folder: folder)
        sentence = f"'tiny': {name} is {count + 1} on its card, but {count} in the data"
        with pytest.raises(DatasetError, match=sentence):
            load("tiny")


def test_sizes_of_another_split_are_not_those_of_the_card(known, monkeypatch):
    """Of split 0 all is compared, of another one all but the sizes of its parts."""

    class Shrinking:
        """Split k has k training nodes fewer, and is said to have another graph where it is 3."""

        def read(self, folder, name, *, class_names=None, split=None):
            dataset = read_planetoid(folder, name, class_names=class_names)
            dataset = replace(dataset, train=dataset.train[split or 0 :])
            return dataset.without_edges() if split == 3 else dataset

    monkeypatch.setitem(catalogue.LAYOUTS, "planetoid", Shrinking())
    sizes = {split: len(load("tiny", split=split).train) for split in (None, 0, 1, 2)}
    assert sizes == {None: 3, 0: 3, 1: 2, 2: 1}
    with pytest.raises(DatasetError, match="num_edges is 1124 on its card, but 0 in the data"):
        load("tiny", split=3)


def test_statistics_of_a_local_folder_are_checked_too(known, tmp_path, monkeypatch):
    lists = made.neighbour_lists()
    lists[100].append(200)
    made.write_files(tmp_path / "local", made.planetoid_files())
    made.write_files(tmp_path / "local", {"ind.tiny.graph": made.program(made.adjacency(lists))})
    monkeypatch.setenv("GRAPHSAGE_DATA", str(tmp_path / "local"))
    with pytest.raises(DatasetError, match="num_edges is 1124 on its card, but 1126 in the data"):
        load("tiny")


def test_unknown_names(known):
    with pytest.raises(DatasetError, match="no dataset is called 'Tiny': did you mean 'tiny'. known are bundle, tiny"):
        load("Tiny")
    with pytest.raises(DatasetError, match="no dataset is called '': known are bundle, tiny"):
        load("")
    with pytest.raises(TypeError, match="a dataset is a name or a path, got 3"):
        load(3)


# ---- folders


def test_a_folder_by_its_path(known, tmp_path, monkeypatch):
    folder = made.write_files(tmp_path / "mine", made.planetoid_files("own"))
    for path in (folder, str(folder), os.fspath(folder) + "/"):
        dataset = load(path)
        assert (dataset.name, dataset.num_nodes, dataset.class_names) == ("own", 513, None)
    monkeypatch.chdir(tmp_path)
    assert load("mine").name == "own"
    assert load("./mine").name == "own"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/mine").name == "own"


def test_a_folder_is_a_folder(known, tmp_path, monkeypatch, capsys):
    """A folder that holds a dataset goes before a dataset of its name, and a line says so."""
    folder = made.write_files(tmp_path / "here" / "bundle", made.planetoid_files("own"))
    monkeypatch.chdir(tmp_path / "here")
    for place in ("bundle", "./bundle", Path("bundle")):
        assert load_dataset(place).name == "own"
    assert capsys.readouterr().err == f"bundle: the folder {folder}, not the dataset of that name (builtin:bundle)\n"
    assert load_dataset("builtin:bundle").name == "bundle" and recorded("bundle") == "builtin:bundle"
    assert lasting_name("bundle") == str(folder) and lasting_name("builtin:bundle") == "bundle"
    assert [built_in(name) for name in ("bundle", "builtin:bundle", folder, "nowhere")] == [None, "bundle", None, None]
    assert capsys.readouterr().err == ""
    with pytest.raises(DatasetError, match="no dataset is called 'nowhere'"):
        load("builtin:nowhere")


def test_a_folder_without_a_dataset_hides_none(known, tmp_path, monkeypatch, capsys):
    (tmp_path / "bundle").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_dataset("bundle").name == lasting_name("bundle") == "bundle"
    assert capsys.readouterr().err == f"bundle: the dataset of that name, as the folder {tmp_path / 'bundle'} holds none\n"
    (tmp_path / "bundle" / "edges.xlsx").write_text("")
    with pytest.raises(DatasetError, match=r"bundle holds no edges.csv, but edges.xlsx: name it edges.csv"):
        load("bundle")


def test_folders_without_a_dataset(known, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"empty holds no dataset: known are tables .*; debian\.npz; Planetoid files .*"):
        load(tmp_path / "empty")
    for path in (tmp_path / "nowhere", f"{tmp_path}/nowhere", "./nowhere"):
        with pytest.raises(DatasetError, match="nowhere is not a folder"):
            load(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="file is not a folder"):
        load(tmp_path / "file")


def test_the_list(known):
    assert list_datasets() == ["bundle", "tiny"]
