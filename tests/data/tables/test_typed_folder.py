"""Folders of tables of several types: what is read, against a slow twin and by hand; names of files that cannot be read."""

import csv
import gzip
from dataclasses import replace

import naive_typed_tables
import numpy as np
import pytest
from helpers.typed_tables import BUYS, KNOWS, SHOP, TAGGED, edges_of, write_files, write_shop
from hypothesis import HealthCheck, given, settings, strategies as st

from graphsage.base.progress import silent
from graphsage.config.table_config import TableConfig
from graphsage.data import DatasetError, NodeDataset, load_dataset
from graphsage.data.tables import import_tables, imported
from graphsage.data.tables.folder import read_folder
from graphsage.data.tables.typed_folder import read_typed_folder
from graphsage.data.typed_dataset import TypedDataset

pytest.importorskip("pyarrow")


def read(folder, **options):
    return read_typed_folder(folder, progress=silent, **options)


# ---- against the twin

POOLS = {
    "a": [str(number) for number in range(-2, 6)],
    "b": ["ann", "bob", "c, d", 'e"f', "007", "Ä", "7"],
    "c-d e": ["x", "3", "y"],
}
RELATIONS = [("a", "to", "b"), ("b", "of", "a"), ("b", "in", "b"), ("a", "in", "a"), ("c-d e", "to", "a"), ("a", "2", "b")]


@st.composite
def folders(draw):
    """{name: rows}; every edge of a type with a table is listed there."""
    relations, files, ends = draw(st.lists(st.sampled_from(RELATIONS), min_size=1, unique=True)), {}, {}
    for key in relations:
        pairs = st.tuples(*(st.sampled_from(POOLS[kind]) for kind in key[::2]))
        rows = draw(st.lists(pairs, min_size=1, max_size=12))
        files[f"edges.{'.'.join(key)}.csv"] = [["source", "target"], *map(list, rows)]
        for at, kind in enumerate(key[::2]):
            ends.setdefault(kind, set()).update(row[at] for row in rows)
    for kind, named in ends.items():
        if draw(st.booleans()):
            more = draw(st.lists(st.sampled_from(POOLS[kind]), unique=True))
            ids = draw(st.permutations(sorted({*named, *more})))
            files[f"nodes.{kind}.csv"] = [["id", "size"], *([name, str(at)] for at, name in enumerate(ids))]
    return files


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folders(), st.booleans())
def test_tables_are_read_as_by_the_twin(tmp_path_factory, made, directed):
    folder = tmp_path_factory.mktemp("typed")
    for name, rows in made.items():
        with open(folder / name, "w", newline="") as file:
            csv.writer(file).writerows(rows)
    dataset, found = read(folder, directed=directed)
    twin = naive_typed_tables.read(folder, directed=directed)
    ids = {kind: dataset.node_ids.get(kind, np.arange(count)).tolist() for kind, count in dataset.num_nodes.items()}
    assert ids == twin.ids and [*dataset.graph.types] == sorted(twin.ids)
    assert {key: edges_of(dataset, key) for key in dataset.graph.relations} == twin.edges
    assert dataset.target is None
    for key, of in found.relations.items():
        kept = {frozenset([pair, pair[::-1]]) if key[0] == key[2] and not directed else pair for pair in twin.edges[key]}
        assert of.listed == len(made[f"edges.{'.'.join(key)}.csv"]) - 1
        assert of.listed - of.loops - of.repeats == of.kept == len(kept)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folders(), st.sampled_from(["drop", "keep"]), st.integers(1, 5))
def test_unlisted_ids_as_by_the_twin(tmp_path_factory, made, unlisted, cut):
    folder = tmp_path_factory.mktemp("typed")
    for name, rows in made.items():
        kept = rows[:-cut] if name.startswith("nodes") and len(rows) > cut + 1 else rows
        with open(folder / name, "w", newline="") as file:
            csv.writer(file).writerows(kept)
    try:
        dataset, _ = read(folder, reading=TableConfig(unlisted=unlisted).or_else(import_tables.TABLE_DEFAULTS))
    except DatasetError as error:  # what a parser of texts finds among integers
        assert "and all others are integers" in str(error)
        return
    twin = naive_typed_tables.read(folder, unlisted=unlisted)
    found = {key: edges_of(dataset, key) for key in dataset.graph.relations}
    assert {key: {(str(u), str(v)): line for (u, v), line in of.items()} for key, of in found.items()} == {
        key: {(str(u), str(v)): line for (u, v), line in of.items()} for key, of in twin.edges.items()
    }


def test_one_type_and_one_relation_is_the_graph_of_nodes_and_edges(tmp_path):
    nodes, edges = SHOP["nodes.user.csv"], SHOP["edges.user.knows.user.csv"]
    one, _ = read_folder(write_files(tmp_path / "one", {"nodes.csv": nodes, "edges.csv": edges}), progress=silent)
    typed, _ = read(write_files(tmp_path / "typed", {"nodes.user.csv": nodes, "edges.user.knows.user.csv": edges}))
    rows = typed.graph.rows
    assert rows.indptr.tolist() == one.graph.indptr.tolist() and rows.indices.tolist() == one.graph.indices.tolist()
    assert typed.graph.edge_ids.tolist() == one.graph.edge_ids.tolist()
    for name in ("labels", "train", "val", "test", "class_names", "task", "notes"):
        assert np.array_equal(getattr(typed, name), getattr(one, name))
    assert np.array_equal(typed.features["user"], one.features)
    assert typed.node_ids["user"].tolist() == one.node_ids.tolist()


# ---- by hand


def test_a_shop(tmp_path):
    np.save(tmp_path / "features.npy", np.arange(6, dtype=np.float32).reshape(3, 2))
    folder = write_shop(tmp_path / "shop")
    (tmp_path / "features.npy").rename(folder / "features.item.npy")
    dataset, found = read(folder)
    assert dataset.name == "shop" and dataset.target == "user" and dataset.class_names == ("blue", "red")
    assert dataset.num_nodes == {"item": 3, "tag": 2, "user": 4}
    assert dataset.graph.relations == (TAGGED, BUYS, KNOWS, ("tag", "rev_tagged", "item"), ("item", "rev_buys", "user"))
    assert dataset.labels.tolist() == [1, 0, -1, 0]
    assert [of.tolist() for of in (dataset.train, dataset.val, dataset.test)] == [[0], [1], [3]]
    assert dataset.num_features == {"item": 3, "tag": 2, "user": 3}
    assert dataset.features["item"][:, 1:].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert edges_of(dataset, BUYS) == {("ann", 7): 0, ("bob", 7): 1, ("ann", 8): 2}
    assert edges_of(dataset, KNOWS) == {("ann", "bob"): 0, ("bob", "ann"): 0, ("dan", "cid"): 3, ("cid", "dan"): 3}
    assert edges_of(dataset, TAGGED) == {(7, "old"): 0, (8, "new"): 1, (7, "new"): 2}
    times = {pair: dataset.graph.rows.times[dataset.graph.span(BUYS)][at] for at, pair in enumerate(edges_of(dataset, BUYS))}
    assert times == {("ann", 7): 5, ("bob", 7): 6, ("ann", 8): 7}
    assert found.relations[BUYS].repeats == 1 and found.relations[KNOWS].loops == 1
    assert "edges.item.tagged.tag.csv: item_id is taken for source, tag is taken for target" in found.notes


def test_a_folder_or_one_of_its_files(tmp_path):
    folder = write_shop(tmp_path / "shop")
    for path in (folder, folder / "nodes.item.csv", folder / "edges.user.buys.item.csv"):
        dataset = load_dataset(path, progress=False)
        assert isinstance(dataset, TypedDataset) and dataset.name == "shop"


def test_files_of_any_kind(tmp_path):
    from pyarrow import csv as arrow, parquet

    folder, other = write_shop(tmp_path / "shop"), tmp_path / "other"
    other.mkdir()
    for path in folder.iterdir():
        parquet.write_table(arrow.read_csv(path), other / path.with_suffix(".parquet").name)
    (other / "nodes.item.parquet").unlink()
    (other / "nodes.item.tsv.gz").write_bytes(gzip.compress(SHOP["nodes.item.csv"].replace(",", "\t").encode()))
    assert same(replace(read(folder)[0], name="other"), read(other)[0])


def test_one_table_of_edges_goes_before_those_of_types(tmp_path, capsys):
    folder = write_shop(tmp_path / "shop", edges="source,target\nann,bob\n")
    assert isinstance(load_dataset(folder), NodeDataset)
    assert "edges.user.buys.item.csv is not read, as edges.csv has all edges" in capsys.readouterr().err


NODES, EDGES = "id\nx\n", "source,target\nx,y\n"
WRONG = {
    "too few": ({"edges.a.b.csv": EDGES, "nodes.a.csv": NODES}, "edges.a.b.csv .* must be edges.SOURCE.RELATION.TARGET.csv"),
    "too many": ({"edges.a.b.c.d.csv": EDGES, "edges.a.b.c.csv": EDGES}, r"edges.a.b.c.d.csv is no table .*no dot in it"),
    "of nodes": ({"nodes.a.old.csv": NODES, "edges.a.b.c.csv": EDGES}, r"nodes.a.old.csv .* must be nodes.TYPE.csv"),
    "no type": ({"nodes.csv": NODES, "edges.a.b.c.csv": EDGES}, r"nodes.csv is no table of a typed graph: .* nodes.TYPE.csv"),
    "an array": ({"features.npy": "", "edges.a.b.c.csv": EDGES}, r"features.npy .* must be features.TYPE.npy"),
    "case": ({"Nodes.a.csv": NODES, "edges.a.b.c.csv": EDGES}, r"Nodes.a.csv is no table of a typed graph"),
    "empty": ({"edges.a..c.csv": EDGES}, r"types and relations must have names, a text without .*; got ''"),
    "spaces": ({"edges.a. .c.csv": EDGES}, r"types and relations must have names, .*; got ' '"),
    "strange": ({"edges.a,b.x.c.csv": EDGES}, r"types and relations must have names, .*; got 'a,b'"),
    "two files": ({"edges.a.b.c.csv": EDGES, "edges.a.b.c.tsv": EDGES}, "edges.a.b.c.csv and edges.a.b.c.tsv: keep one"),
    "a typo": ({"edges.a.b.c.csv": EDGES, "nodes.cc.csv": NODES}, "no relation has the type cc, there are a, c: is it meant"),
    "no edge": ({"edges.a.b.c.csv": "source,target\n"}, r"edges.a.b.c.csv lists no edge"),
    "no node": ({"edges.a.b.c.csv": EDGES, "nodes.a.csv": "id\n"}, r"nodes.a.csv lists no node"),
    "repeats": ({"edges.a.b.c.csv": EDGES, "nodes.a.csv": "id\nx\nx\n"}, r"nodes.a.csv line 3: id 'x' is listed before, in"),
    "unlisted": (
        {"edges.a.b.c.csv": EDGES, "nodes.a.csv": NODES, "nodes.c.csv": NODES},
        r"edges.a.b.c.csv line 2: target is 'y', and nodes.c.csv has no such id: 1 of 1 edges names such an id: add the nodes",
    ),
    "ends": ({"edges.a.b.c.csv": "one,two\n1,2\n"}, "edges.a.b.c.csv has no column 'source', only one, two"),
    "times": (
        {"edges.a.b.c.csv": "source,target,time\nx,y,5\n", "edges.a.d.c.csv": "source,target,time\nx,y,2024-01-01\n"},
        r"times are numbers in .*edges.a.b.c.csv and dates in .*edges.a.d.c.csv: write all in the same way",
    ),
    "rows": ({"edges.a.b.c.csv": EDGES, "nodes.a.csv": NODES, "features.a.npy": 3}, "must have a row for each of the 1 nodes"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_read(tmp_path, case):
    files, text = WRONG[case]
    folder = write_files(tmp_path / "wrong", {name: of for name, of in files.items() if isinstance(of, str)})
    for name, rows in files.items():
        if isinstance(rows, int):
            np.save(folder / name, np.zeros((rows, 2)))
    with pytest.raises(DatasetError, match=text) as told:
        load_dataset(folder, progress=False)
    assert "\n" not in str(told.value)


def test_without_edges_it_is_no_dataset(tmp_path):
    with pytest.raises(DatasetError, match="holds no dataset: known are tables"):
        load_dataset(write_files(tmp_path / "half", {"nodes.a.csv": NODES}))


def test_a_type_that_no_relation_has(tmp_path):
    files = {"edges.a.b.a.csv": EDGES, "nodes.a.csv": "id\nx\ny\n", "nodes.z.csv": NODES}
    dataset, found = read(write_files(tmp_path / "alone", files))
    assert dataset.num_nodes == {"a": 2, "z": 1}
    assert found.notes == ["no relation has the type z, so its nodes have no neighbours"]


# ---- the second start


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))
    folder = write_shop(tmp_path / "shop")
    np.save(folder / "features.tag.npy", np.arange(6, dtype=np.float32).reshape(2, 3))
    (folder / "nodes.tag.csv").write_text("id\nold\nnew\n")
    return folder


def same(one, other):
    (about, arrays), (other_about, other_arrays) = imported.typed_packed(one), imported.typed_packed(other)
    equal = all(np.array_equal(of, other_arrays[name]) and of.dtype == other_arrays[name].dtype for name, of in arrays.items())
    return equal and about == other_about and arrays.keys() == other_arrays.keys()


def test_what_was_read_is_opened(shop, monkeypatch):
    first = load_dataset(shop, progress=False)
    kept = shop / ".graphsage" / "1"
    assert not (kept / "features_1.npy").exists() and (kept / "features_2.npy").exists()  # tag's lies there as it is
    with monkeypatch.context() as patched:
        patched.setattr(import_tables, "read_typed_folder", None)
        again = load_dataset(shop, progress=False)
    assert same(first, again) and again.features["tag"].tolist() == np.arange(6).reshape(2, 3).tolist()


def test_tables_that_changed_are_read_again(shop):
    load_dataset(shop, progress=False)
    (shop / "edges.item.tagged.tag.csv").write_text("item,tag\n7,old\n")
    assert load_dataset(shop, progress=False).num_edges[TAGGED] == 1
    (shop / "nodes.tag.csv").unlink()
    with pytest.raises(DatasetError, match="features.tag.npy has rows for the nodes 0 to 1"):
        load_dataset(shop, progress=False)


@pytest.mark.parametrize("changes", [{"directed": True}, {"tables": TableConfig(drop=["user.age"])}])
def test_the_last_import_says_how(shop, changes):
    import_tables.import_tables(shop, **changes)
    dataset = load_dataset(shop, progress=False)
    assert same(dataset, load_dataset(shop, progress=False))
    assert (len(dataset.graph.reverse_of) == 0) == ("directed" in changes)
    assert dataset.num_features["user"] == (2 if "tables" in changes else 3)


@pytest.mark.parametrize("name", ["indices.npy", "labels.npy", "about.json"])
def test_a_damaged_import_is_read_again(shop, name, capsys):
    first = load_dataset(shop, progress=False)
    path = shop / ".graphsage" / "1" / name
    path.write_bytes(path.read_bytes()[:-3])
    assert same(first, load_dataset(shop))


def test_another_split_is_drawn(shop):
    users = "id,label\n" + "".join(f"u{at},{'ab'[at % 2]}\n" for at in range(40))
    (shop / "nodes.user.csv").write_text(users)
    (shop / "edges.user.buys.item.csv").write_text("source,target\nu1,7\n")
    (shop / "edges.user.knows.user.csv").unlink()
    one, other = (load_dataset(shop, split=number, progress=False) for number in (1, 2))
    assert one.train.tolist() != other.train.tolist() and len(one.train) == len(other.train) == 20
    (shop / "nodes.user.csv").write_text(users.replace(",label", ",about"))
    with pytest.raises(DatasetError, match="has no labels, and so no split: leave split out, got 1"):
        load_dataset(shop, split=1, progress=False)
