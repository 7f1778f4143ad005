"""What an import keeps: opened instead of read, noticed when it no longer holds, whole or not there."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from conftest import CHECKOUT
from helpers.leftovers import name_aside
from helpers.mutations import generator, mutated
from helpers.table_files import EDGES, NODES, write_tables

from graphsage.base.memory import is_mapped
from graphsage.config.table_config import TableConfig
from graphsage.data import DatasetError, NodeDataset, load_dataset
from graphsage.data.folders import folder_parts, writer
from graphsage.data.readers import npz
from graphsage.data.tables import folder as tables, import_tables, imported
from graphsage.graph import features as checks
from graphsage.graph.features import SparseFeatures

pytest.importorskip("pyarrow")

ROWS = np.arange(12, dtype=np.float32).reshape(6, 2)
PLAIN = "id,label\nann,x\nbob,y\ncid,x\n\"c, x\",y\ndan,\neve,x\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of tables; the cache is beside it."""
    monkeypatch.setenv("GRAPHSAGE_CACHE", str(tmp_path / "cache"))
    return write_tables(tmp_path / "mine")


@pytest.fixture
def no_tables_are_read(monkeypatch):
    """A function after which reading a table is an error."""

    def now():
        def read(*arguments, **options):
            raise AssertionError("the tables are read")

        monkeypatch.setattr(import_tables, "read_folder", read)

    return now


def equal(one, other):
    """Two datasets in every array, name and setting."""
    (about, arrays), (other_about, other_arrays) = imported.packed(one), imported.packed(other)
    same = arrays.keys() == other_arrays.keys() and all(np.array_equal(a, other_arrays[n], equal_nan=n == "labels") and
                                                        a.dtype == other_arrays[n].dtype for n, a in arrays.items())
    return same and about == other_about


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def entries(folder):
    return sorted(path.name for path in (folder / ".graphsage").iterdir())


def touched(path):
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1))


KINDS = {
    "sparse": (EDGES, NODES, None),
    "dense": ("source,target\n3,1\n5,4\n", "id,x,label\n3,1,0.5\n1,2,\n5,,2.5\n4,1,1.5\n", None),
    "array": (EDGES, PLAIN, ROWS),
    "array of doubles": (EDGES, PLAIN, ROWS.astype(float)),
    "array and columns": (EDGES, "id,size\nann,1\nbob,2\ncid,\n\"c, x\",4\ndan,5\neve,6\n", ROWS),
    "edges": ("source,target\nb,a\n", None, None),
    "several labels": ("source,target\n0,1\n", "id,labels\n0,a;b\n1,\n2,;\n", None),
}


@pytest.mark.parametrize("fits", [False, True], ids=["mapped", "in memory"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_second_start_gives_the_same(folder, kind, fits, no_tables_are_read, monkeypatch):
    monkeypatch.setattr(npz, "available_memory", lambda: 10**9 * fits)
    for path in folder.iterdir():
        path.unlink()
    edges, nodes, features = KINDS[kind]
    first = load_dataset(write_tables(folder, edges, nodes, features), progress=False)
    no_tables_are_read()
    second = load_dataset(folder, progress=False)
    assert equal(first, second) and second.schema == first.schema is not None
    copied = (folder / ".graphsage" / "1" / "features.npy").exists()
    assert copied == (kind in ("dense", "array of doubles", "array and columns"))
    if not isinstance(second.features, SparseFeatures):
        assert is_mapped(second.features) != fits and not second.features.flags.writeable
    assert is_mapped(second.graph.indices) != fits


def test_features_are_scanned_once_a_start(folder, monkeypatch):
    """At the import and at a start that opens it under another name and split: features may be larger than the memory."""
    scanned, real = [], checks._checked_dense

    def scan(array):
        scanned.append(array.shape)
        return real(array)

    monkeypatch.setattr(checks, "_checked_dense", scan)
    write_tables(folder, EDGES, PLAIN, ROWS)
    for split in (None, None, 1):
        scanned.clear()
        dataset = import_tables.read_tables(folder, "other", split=split, class_names=("a", "b"))
        assert (scanned, dataset.name) == ([(6, 2)], "other")
    other = replace(dataset, train=[], name="third").without_edges()
    assert scanned == [(6, 2)] and other.features is dataset.features
    with pytest.raises(ValueError, match=r"features must be finite, got features\[0, 0\] = nan"):
        replace(other, features=np.full((6, 2), np.nan))


@pytest.mark.parametrize("file", ["edges.csv", "nodes.csv", "features.npy"])
def test_changed_tables_are_read_anew(folder, file):
    write_tables(folder, EDGES, PLAIN, ROWS)
    load_dataset(folder, progress=False)
    if file == "features.npy":
        np.save(folder / file, ROWS + 1)
    else:
        with open(folder / file, "a") as out:
            out.write("bob,eve,1,2024-01-01\n" if file == "edges.csv" else "fay,z\n")
    if file == "nodes.csv":
        np.save(folder / "features.npy", np.ones((7, 2)))
    dataset = load_dataset(folder, progress=False)
    assert (dataset.num_nodes, dataset.graph.num_edges) == (6 + (file == "nodes.csv"), 6 + 2 * (file == "edges.csv"))
    assert dataset.features[0, 0] == (file != "edges.csv")
    assert entries(folder) == ["2"]


@pytest.mark.parametrize("file", ["edges.csv", "nodes.csv", "features.npy"])
def test_a_change_that_keeps_size_and_time_is_noticed(folder, file):
    """As cp -p, rsync -t and an unpacked archive leave it."""
    write_tables(folder, EDGES, PLAIN, ROWS)
    first, stamp = load_dataset(folder, progress=False), os.stat(folder / file).st_mtime_ns
    data = (folder / file).read_bytes()
    swapped = {"edges.csv": (b"cid,dan", b"cid,bob"), "nodes.csv": (b"ann,x\nbob,y", b"ann,y\nbob,x"),
               "features.npy": (np.float32([2, 3]).tobytes(), np.float32([3, 2]).tobytes())}[file]
    assert swapped[0] in data
    (folder / file).write_bytes(data.replace(*swapped))
    os.utime(folder / file, ns=(stamp, stamp))
    dataset = load_dataset(folder, progress=False)
    assert entries(folder) == ["2"]
    if file == "features.npy":  # which both datasets have open
        assert dataset.features[1].tolist() == [3, 2]
    else:
        assert not equal(dataset, first)


def test_of_a_large_table_parts_are_looked_at(tmp_path, monkeypatch):
    """Both ends and blocks between, and never more bytes than that."""
    monkeypatch.setattr(imported, "BLOCK", 8)
    monkeypatch.setattr(imported, "BLOCKS", 5)
    path = tmp_path / "edges.csv"
    for size in (0, 1, 8, 9, 39, 40, 41, 100, 1000):
        path.write_bytes(bytes(size))
        (before,) = imported.sources_of([path])
        seen = 0
        for at in range(size):
            path.write_bytes(bytes(at) + b"x" + bytes(size - at - 1))
            seen += imported.sources_of([path])[0][3] != before[3]
            if at in (0, size - 1) or size <= 40:
                assert imported.sources_of([path])[0][3] != before[3], (size, at)
        assert min(size, 32) <= seen <= 48


def test_an_import_without_sums_holds_while_size_and_time_do(folder, no_tables_are_read):
    """Those of earlier versions have none."""
    first = load_dataset(folder, progress=False)
    _, about = imported.latest(folder)
    damaged_about(folder, sources=[source[:3] for source in about["sources"]])
    no_tables_are_read()
    assert equal(load_dataset(folder, progress=False), first)


@pytest.mark.parametrize("size", [folder_parts.SMALL, -1], ids=["checked at opening", "checked when written"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_import_in_the_form_of_before_is_opened(folder, kind, size, no_tables_are_read, monkeypatch):
    """It says less of its arrays, and has no sums of features."""
    for path in folder.iterdir():
        path.unlink()
    first = load_dataset(write_tables(folder, *KINDS[kind]), progress=False)
    about = json.loads((folder / ".graphsage" / "1" / "about.json").read_text())
    sums = {name: None if name == "features" else of["sha256"] for name, of in about["arrays"].items()}
    damaged_about(folder, form="graphsage import", arrays=sums)
    no_tables_are_read()
    monkeypatch.setattr(folder_parts, "SMALL", size)
    assert equal(load_dataset(folder, progress=False), first)


def test_an_import_is_a_dataset_folder(folder):
    dataset = load_dataset(folder, progress=False)
    assert equal(load_dataset(folder / ".graphsage" / "1"), dataset)


def test_a_touched_or_new_file_counts_as_changed(folder):
    load_dataset(folder, progress=False)
    touched(folder / "edges.csv")
    load_dataset(folder, progress=False)
    assert entries(folder) == ["2"]
    np.save(folder / "features.npy", ROWS)
    assert load_dataset(folder, progress=False).num_features == 9 and entries(folder) == ["3"]
    (folder / "features.npy").unlink()
    assert load_dataset(folder, progress=False).num_features == 7 and entries(folder) == ["4"]


def test_directed_stays_directed(folder):
    dataset, _ = import_tables.import_tables(folder, directed=True)
    assert dataset.graph.num_edges == 4 and load_dataset(folder, progress=False).graph.num_edges == 4
    touched(folder / "edges.csv")
    assert load_dataset(folder, progress=False).graph.num_edges == 4
    import_tables.import_tables(folder)
    assert load_dataset(folder, progress=False).graph.num_edges == 6


def test_tables_that_change_while_they_are_read_are_refused(folder, monkeypatch):
    def read(*arguments, **options):
        found = tables.read_folder(*arguments, **options)
        touched(folder / "nodes.csv")
        return found

    monkeypatch.setattr(import_tables, "read_folder", read)
    with pytest.raises(DatasetError, match=r"the tables in .*mine changed while they were read: import them again"):
        load_dataset(folder, progress=False)
    assert not (folder / ".graphsage").exists()


def test_the_random_split_can_be_another_one(folder):
    write_tables(folder, EDGES, "id,label\n" + "".join(f"{name},x\n" for name in ["ann", "bob", "cid", '"c, x"', "dan", "eve"]))
    splits = {tuple(load_dataset(folder, split=split, progress=False).train) for split in range(8)}
    assert len(splits) > 3 and tuple(load_dataset(folder, progress=False).train) in splits
    write_tables(folder)
    with pytest.raises(DatasetError, match=r"nodes.csv has a column split, which is the one split: leave split out, got 1"):
        load_dataset(folder, split=1, progress=False)


# ---- where it is kept


def refuse_to_write(monkeypatch, *places):
    """Making anything in these folders is an error; permissions would not stop a root user."""
    real = writer.folder_written_aside

    def written(path):
        if any(place in path.parents for place in places):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(writer, "folder_written_aside", written)


def test_a_folder_that_cannot_be_written_to_uses_the_cache(folder, tmp_path, monkeypatch, no_tables_are_read, capsys):
    refuse_to_write(monkeypatch, folder)
    first = load_dataset(folder)
    told = capsys.readouterr().err
    assert f"Kept in {tmp_path / 'cache' / 'imported'}" in told and f"({folder / '.graphsage'}: Permission denied)" in told
    assert everything_in(folder) == ["edges.csv", "nodes.csv"]
    no_tables_are_read()
    assert equal(first, load_dataset(folder))
    assert capsys.readouterr().err == ""


def test_without_any_place_it_is_read_each_time(folder, tmp_path, monkeypatch, capsys):
    refuse_to_write(monkeypatch, tmp_path)
    assert equal(load_dataset(folder), load_dataset(folder, progress=False))
    assert "Not kept: each start reads the tables again (" in capsys.readouterr().err
    assert everything_in(folder) == ["edges.csv", "nodes.csv"] and not (tmp_path / "cache").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not stop this user")
def test_a_folder_without_permission(folder, no_tables_are_read):
    folder.chmod(0o500)
    try:
        load_dataset(folder, progress=False)
        no_tables_are_read()
        load_dataset(folder, progress=False)
    finally:
        folder.chmod(0o700)


# ---- whole or not there


@pytest.mark.parametrize("step", ["put", "fsync", "rename", "dumps"])
def test_an_import_that_fails_leaves_nothing(folder, tmp_path, monkeypatch, step):
    owner = {"put": writer.FolderWriter, "fsync": os, "rename": os, "dumps": json}[step]

    def fail(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, fail)
        with pytest.raises(KeyboardInterrupt):
            load_dataset(folder, progress=False)
    assert everything_in(folder) == [".graphsage", "edges.csv", "nodes.csv"] and not (tmp_path / "cache").exists()
    assert load_dataset(folder, progress=False).num_nodes == 6


def test_a_full_disk_goes_to_the_next_place(folder, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer.FolderWriter, "put", full)
    _, text = import_tables.import_tables(folder)
    assert "Not kept: " in text and text.count("No space left on device") == 2
    assert everything_in(folder) == [".graphsage", "edges.csv", "nodes.csv"]
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


KILLED = """
import os, sys, time
from graphsage.data import load_dataset
from graphsage.data.folders.writer import FolderWriter
real = FolderWriter.put
def put(writer, name, array):
    real(writer, name, array)
    if name == "labels":
        print("now", flush=True)
        time.sleep(600)
FolderWriter.put = put
load_dataset(sys.argv[1], progress=False)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_what_a_killed_import_leaves_is_no_import_and_goes_with_the_next(folder):
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", KILLED, str(folder)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
    assert len(entries(folder)) == 1 and entries(folder)[0].endswith(".part")
    assert imported.latest(folder) == (None, None)
    load_dataset(folder, progress=False)
    assert entries(folder) == ["1"]


def test_what_another_import_is_writing_is_left_alone(folder):
    theirs = folder / ".graphsage" / name_aside("1", os.getppid())
    theirs.mkdir(parents=True)
    load_dataset(folder, progress=False)
    assert theirs.is_dir()


# ---- damage


def damaged_about(folder, **changes):
    path = folder / ".graphsage" / "1" / "about.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("changes", [{"form": "x"}, {"version": 2}, {"arrays": []}, {"arrays": {"../x": ""}}, {"dataset": {}},
                                     {"dataset": {"schema": {}}}, {"sources": None}])
def test_an_about_that_is_another_is_not_trusted(folder, changes):
    first = load_dataset(folder, progress=False)
    damaged_about(folder, **changes)
    assert equal(load_dataset(folder, progress=False), first) and entries(folder) == ["2"]


@pytest.mark.parametrize("directed", [False, True])
def test_an_import_without_edge_ids_is_made_anew(folder, directed, capsys):
    """Those of earlier versions have none; the new one is directed as the old one was."""
    first, _ = import_tables.import_tables(folder, directed=directed)
    _, about = imported.latest(folder)
    damaged_about(folder, arrays={name: stated for name, stated in about["arrays"].items() if not name.startswith("edge_")})
    again = load_dataset(folder)
    assert "edge_ids missing: the tables are read again" in capsys.readouterr().err
    assert equal(again, first) and len(again.graph.edge_ids) == (4 if directed else 6) and entries(folder) == ["2"]


def test_damage_is_noticed_and_mended(folder, capsys):
    """Each file of an import cut, changed or gone: the tables are read again, and it is said."""
    first = load_dataset(folder, progress=False)
    kept = folder / ".graphsage" / "1"
    shutil.copytree(kept, folder / "copy")
    for seed, path in enumerate(sorted((folder / "copy").iterdir())):
        shutil.rmtree(folder / ".graphsage")
        shutil.copytree(folder / "copy", kept)
        damage = mutated(path.read_bytes(), generator(seed))
        assert damage != path.read_bytes()
        (kept / path.name).write_bytes(damage)
        assert equal(load_dataset(folder), first), path.name
        told = capsys.readouterr().err
        assert "Kept in" in told and (path.name == "about.json" or ": the tables are read again\n" in told), path.name


def test_a_missing_array_is_noticed(folder):
    first = load_dataset(folder, progress=False)
    (folder / ".graphsage" / "1" / "indices.npy").unlink()
    assert equal(load_dataset(folder, progress=False), first)


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_damage_under_a_right_checksum_is_still_a_sentence(folder, kind):
    """Sixty damages of arrays whose sums are mended: what opens has been checked like any other dataset."""
    edges, nodes, _ = KINDS[kind]
    load_dataset(write_tables(folder, edges, nodes), progress=False)
    entry, about = imported.latest(folder)
    outcomes = Counter()
    for seed in range(60):
        rng = generator(seed)
        name = rng.choice(sorted(about["arrays"]))
        path = entry / f"{name}.npy"
        whole = path.read_bytes()
        path.write_bytes(whole[:128] + mutated(whole[128:] or b"0", rng) if seed % 2 else mutated(whole, rng))
        sums = {**about["arrays"], name: about["arrays"][name] | {"sha256": sha256(path.read_bytes()).hexdigest()}}
        try:
            outcomes[imported.opened(entry, {**about, "arrays": sums}, folder).num_nodes] += 1
        except DatasetError as error:
            assert str(error).startswith(str(entry)) and "\n" not in str(error)
            outcomes["sentence"] += 1
        path.write_bytes(whole)
    assert outcomes["sentence"] > 30 and outcomes.total() == 60


def test_two_imports_at_once_keep_one(folder, monkeypatch):
    real, calls = os.rename, []

    def rename(source, target):
        calls.append(target)
        if len(calls) == 1:  # the other import is a moment faster
            shutil.copytree(source, target)
        return real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    _, text = import_tables.import_tables(folder)
    assert [path.name for path in calls] == ["1", "2"] and f"Kept in {folder / '.graphsage' / '2'}" in text
    assert entries(folder) == ["2"]


# ---- one file


def test_the_schema_survives_a_file_and_variants(folder, tmp_path):
    dataset = load_dataset(folder, progress=False)
    dataset.save(tmp_path / "one.npz")
    again = NodeDataset.load(tmp_path / "one.npz")
    assert equal(dataset, again) and again.schema == json.loads(json.dumps(dataset.schema)) == dataset.schema
    assert dataset.row_normalized().schema == dataset.without_edges().schema == dataset.schema
    assert load_dataset(Path(tmp_path / "one.npz"), schema=dataset.schema).schema == dataset.schema


# ---- how columns are read is kept

ROW = "{},{},{},unsure,{}\n"
CODES = "id,label,dept,note,size\n" + "".join(ROW.format(node, "xy"[node % 2], 100 + node % 5, node / 2) for node in range(20))


@pytest.fixture
def codes(folder):
    return write_tables(folder, "source,target\n0,1\n1,2\n", CODES)


def kinds(dataset):
    return {spec["name"]: spec["kind"] for spec in dataset.schema["columns"]}


def test_how_columns_are_read_is_kept_and_another_choice_imports_again(codes, no_tables_are_read):
    plain = load_dataset(codes, progress=False)
    assert kinds(plain)["dept"] == "number" and entries(codes) == ["1"]
    chosen = load_dataset(codes, category="dept", progress=False)
    assert kinds(chosen)["dept"] == "category" and entries(codes) == ["2"]
    more = load_dataset(codes, drop=["note"], progress=False)  # beside what the last import was told
    assert kinds(more) == {"dept": "category", "size": "number"} and entries(codes) == ["3"]
    no_tables_are_read()
    for same in ({}, {"category": ["dept"]}, {"drop": "note", "words": 1000}):
        assert equal(load_dataset(codes, **same, progress=False), more)
    assert load_dataset(codes, progress=False).notes == more.notes


def test_an_import_itself_begins_anew(codes):
    import_tables.import_tables(codes, tables=TableConfig(category=("dept",)))
    touched(codes / "nodes.csv")
    assert kinds(load_dataset(codes, progress=False))["dept"] == "category"  # remembered
    dataset, _ = import_tables.import_tables(codes)
    assert kinds(dataset)["dept"] == "number" and kinds(load_dataset(codes, progress=False))["dept"] == "number"


@pytest.mark.parametrize("given, sentence", [
    ({"category": "dept", "number": ["dept"]}, r"'dept' stands in category and in number: leave it in one of them"),
    ({"missing": ["x"], "not_missing": "x"}, r"'x' stands in missing and in not_missing: leave it in one of them"),
    ({"words": 0}, r"words must be an integer >= 1, got 0"), ({"category": [""]}, r"names must be texts with commas between"),
    ({"task": "classes"}, r"task must be one of auto, multiclass, multilabel, regression; got 'classes'"),
    ({"drop": "depth"}, r"--drop names the column 'depth', and .*nodes.csv has label, dept, note, size"),
])
def test_what_cannot_be_asked_for(codes, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_dataset(codes, **given, progress=False)


def test_other_data_refuse_settings_of_tables(codes, tmp_path):
    dataset = load_dataset(codes, category="dept", progress=False)
    dataset.save(tmp_path / "a.npz")
    assert equal(load_dataset(tmp_path / "a.npz", category="dept"), dataset)  # it was read so
    for name in ("debian", "sbm:nodes=500", tmp_path / "a.npz"):
        with pytest.raises(DatasetError, match="is no folder of tables .*: leave number out, which is about those$"):
            load_dataset(name, number=["size"])
    with pytest.raises(DatasetError, match="^schema says how columns are read: leave the settings of tables out beside it$"):
        load_dataset(codes, schema=dataset.schema, category="dept")


def test_words_for_missing_go_with_the_schema(codes, tmp_path):
    """A grown folder is read as the training's was."""
    nodes = CODES.replace("unsure", "n.d.").replace("\n3,y,103,n.d.", "\n3,y,n.d.,x")
    trained = load_dataset(write_tables(codes, nodes=nodes, edges="source,target\n0,1\n"), missing=["n.d."], progress=False)
    grown = load_dataset(write_tables(tmp_path / "grown", "source,target\n0,1\n", nodes), schema=trained.schema, progress=False)
    assert np.array_equal(grown.features, trained.features) and kinds(trained)["dept"] == "number"


def test_an_import_of_before_is_read_again(codes):
    """It says nothing of how columns were read, and took words for missing labels for classes."""
    first = load_dataset(codes, progress=False)
    _, about = imported.latest(codes)
    schema = {name: value for name, value in about["dataset"]["schema"].items() if name != "reading"}
    damaged_about(codes, dataset={**about["dataset"], "schema": schema})
    assert equal(load_dataset(codes, progress=False), first) and entries(codes) == ["2"]
