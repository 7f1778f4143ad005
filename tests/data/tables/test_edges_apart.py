"""Tables of edges beyond memory: the same dataset, report and sentences as in memory, and nothing left beside the tables."""

import gzip
import os

import numpy as np
import pytest
from helpers.table_files import as_parquet, write_tables

from graphsage.base.memory import is_mapped
from graphsage.config.table_config import TableConfig
from graphsage.data import DatasetError, load_dataset
from graphsage.data.readers.npz_form import packed
from graphsage.data.tables import edges_apart
from graphsage.data.tables.import_tables import import_tables
from graphsage.data.tables.table_files import table_at

pytest.importorskip("pyarrow")

LITTLE = 1 << 10  # bytes of memory: no table fits
RNG = np.random.default_rng(4)
ENDS = RNG.integers(0, 40, (2, 300))


def edges_csv(*columns, ends=ENDS, names=str):
    """edges.csv with these (name, values) beside the ends."""
    values = zip(*(map(names, part) for part in ends), *(of for _, of in columns))
    head = ",".join(["source", "target", *(name for name, _ in columns)])
    return "\n".join([head, *(",".join(map(str, row)) for row in values)]) + "\n"


WEIGHTS = ("weight", RNG.random(300).round(3))
WHOLE, PARTLY = ("time", RNG.integers(-9, 9, 300)), ("time", [*range(299), 0.5])
DATES = ("time", [f"2024-01-{day:02}" for day in RNG.integers(1, 29, 300)])
NODES = "id,label,x\n" + "".join(f"{node},{node % 3},{node / 4}\n" for node in range(40))
FEWER = "id,x\n" + "".join(f"{node},{node / 4}\n" for node in range(30))
TABLES = {
    "ends alone": (edges_csv(), None),
    "texts": (edges_csv(WEIGHTS, names="n{}".format), None),
    "nodes and weights": (edges_csv(WEIGHTS), NODES),
    "whole times": (edges_csv(WHOLE), NODES),
    "times that end with a fraction": (edges_csv(WEIGHTS, PARTLY), NODES),
    "dates": (edges_csv(DATES), None),
    "integers far apart": (edges_csv(names=lambda end: str(end * 10**12)), None),
    "integers, then a text": (edges_csv(ends=np.append(ENDS, [[7], [8]], 1)) + "7,last\n", None),
    "no times after all": (edges_csv(("timestamp", [*range(299), "soon"])), NODES),
}


@pytest.fixture
def short_parts(monkeypatch):
    """Parts of a few lines."""
    from graphsage.data.tables import table_files

    monkeypatch.setattr(table_files, "BLOCK", 400)
    monkeypatch.setattr(table_files, "BLOCKS", 2)


def assert_same_dataset(found, wanted):
    (about, arrays), (other, others) = packed(found), packed(wanted)
    assert about == other and arrays.keys() == others.keys()
    for name, array in others.items():
        assert arrays[name].dtype == array.dtype and np.array_equal(arrays[name], array), name


def both_ways(folder, **options):
    """((dataset, report) in memory, the same beyond memory), each read from the tables; a start then opens the latter."""
    found = []
    for memory in (None, LITTLE):
        dataset, text = import_tables(folder, memory=memory, **options)
        assert is_mapped(dataset.graph.indices) == (memory is not None)
        found.append((dataset, text.replace("/2:", "/1:")))
    assert os.listdir(folder / ".graphsage") == ["2"]
    return found


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("tables", TABLES.values(), ids=TABLES.keys())
def test_beyond_memory_all_is_as_in_memory(tmp_path, short_parts, tables, directed):
    folder = write_tables(tmp_path / "in", *tables)
    (wanted, report), (found, text) = both_ways(folder, directed=directed)
    assert_same_dataset(found, wanted)
    assert text == report
    assert_same_dataset(load_dataset(folder, progress=False), wanted)


@pytest.mark.parametrize("unlisted", ["drop", "keep"])
def test_unlisted_ids(tmp_path, short_parts, unlisted):
    folder = write_tables(tmp_path / "in", edges_csv(WEIGHTS, PARTLY), FEWER)
    (wanted, report), (found, text) = both_ways(folder, tables=TableConfig(unlisted=unlisted))
    assert_same_dataset(found, wanted)
    assert text == report and wanted.num_nodes == (30 if unlisted == "drop" else 40)


@pytest.mark.parametrize("kind", ["parquet", "csv.gz", "txt"])
def test_any_file(tmp_path, kind):
    folder = write_tables(tmp_path / "in", edges_csv(WEIGHTS), NODES)
    if kind == "parquet":
        folder = as_parquet(folder, tmp_path / "other")
    else:
        text = (folder / "edges.csv").read_bytes()
        (folder / "edges.csv").unlink()
        (folder / f"edges.{kind}").write_bytes(gzip.compress(text) if kind == "csv.gz" else text.replace(b",", b" "))
    (wanted, report), (found, text) = both_ways(folder)
    assert_same_dataset(found, wanted)
    assert text == report


BAD = {
    "a stranger": (edges_csv(), FEWER, r"edges\.csv line \d+: \w+ is \d+, and nodes\.csv has no such id: \d+ of 300 edges"),
    "no end": (edges_csv() + "3,\n", None, r"edges\.csv line 302: target is empty"),
    "a weight below 0": (edges_csv(("weight", [*range(299), -1])), None, "line 301: weight is -1"),
    "no edges": ("source,target\n", NODES, "lists no edge"),
}


@pytest.mark.parametrize(("edges", "nodes", "sentence"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_told_alike_and_leaves_nothing(tmp_path, short_parts, edges, nodes, sentence):
    folder, told = write_tables(tmp_path / "in", edges, nodes), []
    for memory in (None, 1):
        with pytest.raises(DatasetError, match=sentence) as error:
            import_tables(folder, memory=memory)
        told.append(str(error.value))
    assert told[0] == told[1]
    assert [*folder.glob(".graphsage/*")] == [*folder.glob(".graphsage/.*")] == []


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    from graphsage.graph import external

    def interrupted(parts, num_nodes, growing, *rest, **options):
        growing("indptr", np.dtype(np.int64)).append(np.zeros(9, np.int64))
        next(parts)
        raise KeyboardInterrupt

    monkeypatch.setattr(external, "external_rows", interrupted)
    folder = write_tables(tmp_path / "in", edges_csv(), NODES)
    with pytest.raises(KeyboardInterrupt):
        import_tables(folder, memory=LITTLE)
    assert os.listdir(folder / ".graphsage") == []


def test_without_a_memory_given_what_is_free_decides(tmp_path, monkeypatch):
    folder = write_tables(tmp_path / "in", edges_csv(), NODES)
    for free, is_large in ((10**9, False), (1000, True), (0, False)):  # 0: nobody knows
        monkeypatch.setattr(edges_apart, "available_memory", lambda free=free: free)
        dataset, _ = import_tables(folder)
        assert is_mapped(dataset.graph.indices) == is_large


def test_rows_are_foretold(tmp_path):
    """The longer the lines, the fewer; a packed file has five times its bytes."""
    for columns, wanted in (((), 300), ((WEIGHTS,), 300)):
        folder = write_tables(tmp_path / str(len(columns)), edges_csv(*columns))
        assert edges_apart.about_rows(table_at(folder / "edges.csv")) == pytest.approx(wanted, rel=0.02)
    packed = folder / "edges.csv.gz"
    packed.write_bytes(gzip.compress((folder / "edges.csv").read_bytes()))
    assert 200 < edges_apart.about_rows(table_at(packed)) < 800
    assert edges_apart.about_rows(table_at(as_parquet(folder, tmp_path / "other") / "edges.parquet")) == 300


def test_several_types_are_read_in_memory(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "edges.user.buys.item.csv").write_text("user,item\n0,1\n1,0\n")
    (folder / "nodes.user.csv").write_text("id,label\n0,a\n1,b\n")
    (folder / "nodes.item.csv").write_text("id,x\n0,1\n1,2\n")
    with pytest.raises(DatasetError, match="^tables of several types are read in memory: leave --memory out$"):
        import_tables(folder, memory=10**9)
    import_tables(folder)
