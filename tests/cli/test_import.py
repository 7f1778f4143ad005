"""``graphsage import``, and the other commands on a folder of tables."""

import json

import numpy as np
import pytest
from helpers.table_files import EDGES, NODES, write_tables
from helpers.typed_tables import write_shop

from graphsage.data import NodeDataset, load_dataset
from graphsage.data.folders import folder_parts
from graphsage.data.tables import edges_apart
from graphsage.trained.save import trained_on

pytest.importorskip("pyarrow")

REPORT = """mine: edges.csv (0.1 kB), nodes.csv (0.2 kB)

graph
  nodes                              6
  isolated nodes                     1    16.7 %
  edges listed                       5   both ways (--directed: one way)
  repeated                           1    20.0 %   dropped, the first stays, with its time
  self loops                         1    20.0 %   dropped
  neighbours of a node             1.0   on average, median 1, largest 2
  weights                        0.917   on average, from 0.25 to 1.5: kept (--draw weighted)
  times                                  from 2024-01-01 00:00:00 to 2024-02-01 00:00:00: kept (--draw recent)

classes: 2 (column label)
  red                                3    60.0 %   ########################################
  blue                               2    40.0 %   ###########################
  nodes without a label              1    16.7 %

split: column split
  train                              2    33.3 %
  val                                1    16.7 %
  test                               1    16.7 %

features: 7 columns, sparse
  age                      number    mean 32.5, deviation 14.79; 2 missing (33.3%, 1 NA): the mean
  country                  category  2 values: de, fr; 1 missing (16.7%): all zeros
  bio                      words     4 words of 7; 1 missing (16.7%): all zeros; 1 with other words only: all zeros

Kept in FOLDER/.graphsage/1: while the tables stay as they are, a start reads that
"""


@pytest.fixture
def folder(tmp_path):
    return write_tables(tmp_path / "mine")


def test_an_import_prints_what_it_found(command, folder):
    code, out, err = command("import", folder)
    assert (code, err) == (0, "") and out.replace(str(folder), "FOLDER") == REPORT + "Next: graphsage train FOLDER\n"


def test_a_training_imports_once_and_says_so(command, folder):
    arguments = ("train", folder, "--epochs", 1, "--hidden-features", 4, "--weights", "ignore", "--no-baseline")
    code, out, err = command(*arguments)
    assert code == 0 and err.replace(str(folder), "FOLDER").startswith(REPORT)
    assert "mine: 6 nodes (1 isolated), 6 edges" in out
    code, again, err = command(*arguments)
    assert code == 0 and "Kept in" not in err and again.splitlines()[0] == out.splitlines()[0]


def test_weights_of_tables_are_passed_over_and_that_is_said(command, folder):
    """Once a training; --weights refuse makes an error of it."""
    line = "Edges have weights, which this draw does not read (--draw weighted draws by them)"
    for flags, told in (([], 1), (["--draw", "weighted"], 0)):
        code, out, _ = command("train", folder, "--epochs", 1, "--hidden-features", 4, "--no-baseline", "--no-save", *flags)
        assert code == 0 and out.splitlines().count(line) == told
    code, _, err = command("train", folder, "--weights", "refuse")
    assert code == 2 and "this draw does not read them" in err and "--weights ignore" in err.splitlines()[-1]


def test_info_and_sample_work_on_tables(command, folder):
    code, out, _ = command("datasets", "info", folder)
    assert code == 0 and "mine: 6 nodes" in out and "connected components" in out
    code, out, _ = command("sample", folder, "--seeds", "ann,eve", "--fanouts", 2, "--weights", "ignore")
    assert code == 0 and "eve <- nobody  (0 of 0)" in out


def test_directed_and_one_file(command, folder, tmp_path):
    code, out, _ = command("import", folder, "--directed", "--out", tmp_path / "one.npz")
    assert code == 0 and "edges listed                       5   one way, from source to target" in out
    assert out.endswith(f"Saved in {tmp_path / 'one.npz'}\nNext: graphsage train {folder}\n")
    dataset = NodeDataset.load(tmp_path / "one.npz")
    assert dataset.graph.num_edges == 4 and dataset.schema["directed"] is True


@pytest.mark.parametrize("arguments, sentence", [
    (("FOLDER/none.csv",), "FOLDER/none.csv is no folder with edges.csv or edges.parquet"),
    (("FOLDER", "--out", "x.csv"), "--out must be a file NAME.npz or a folder, got 'x.csv'"),
])
def test_what_cannot_be_imported(command, folder, arguments, sentence):
    code, out, err = command("import", *(argument.replace("FOLDER", str(folder)) for argument in arguments))
    assert (code, out) == (2, "") and err == f"graphsage: {sentence.replace('FOLDER', str(folder))}\n"


@pytest.mark.parametrize("name", ["edges.xlsx", "Edges.txt", "edges.csv.zip", "edge_list.txt", "edge.parquet", "edges"])
def test_a_table_with_another_name_is_named(command, folder, name):
    (folder / "edges.csv").rename(folder / name)
    rule = "name it edges.csv, UTF-8 text with commas between the columns, or edges.parquet"
    for line in (("import", folder), ("train", folder)):
        assert command(*line) == (2, "", f"graphsage: {folder} holds no edges.csv, but {name}: {rule}\n")


@pytest.mark.parametrize("name, is_near", [("nodes.dat", True), ("node.csv", True),
                                           ("nodes.py", False), ("my_nodes.csv", False)])
def test_nodes_with_another_name_are_told(command, folder, name, is_near):
    (folder / "nodes.csv").rename(folder / name)
    code, out, _ = command("import", folder)
    assert code == 0 and (f"\n  {folder} holds no nodes.csv, but {name}: name it nodes.csv, UTF-8 text" in out) == is_near


def test_a_bad_line_is_one_sentence(command, folder):
    write_tables(folder, EDGES + "ann,nobody,1,2024-01-01\n", NODES)
    for line in (("import", folder), ("train", folder), ("datasets", "info", folder)):
        code, out, err = command(*line)
        assert (code, out) == (2, "")
        assert err.startswith(f"graphsage: {folder}/edges.csv line 7: target is 'nobody', and nodes.csv has no such id: 1 of")
        assert err.count("\n") == 1


def test_the_report_of_other_labels_and_features(command, folder):
    """Targets, many classes, several labels, nothing at all."""
    edges = "source,target,colour\n0,1,red\n2,1,red\n"
    reports = {}
    for kind, nodes, features in (
        ("targets", "id,label\n0,1.0\n1,3.0\n2,\n", np.ones((3, 2))),
        ("classes", "id,label\n" + "".join(f"{i},{i}\n" for i in range(30)), None),
        ("several", "id,labels,note\n0,a;b\n1,b,x\n2,,y\n".replace("a;b\n", "a;b,\n"), None),
        ("none", None, None),
    ):
        (folder / "features.npy").unlink(missing_ok=True)
        (folder / "nodes.csv").unlink(missing_ok=True)
        code, reports[kind], _ = command("import", write_tables(folder, edges, nodes, features))
        assert code == 0
    whole = "  mean 2, deviation 1, from 1 to 3 (all are whole: --task multiclass takes them for classes)"
    assert whole in reports["targets"] and "  features.npy             2 columns, as they are" in reports["targets"]
    assert "few nodes a class: if these are numbers" in reports["classes"] and "18 more classes" in reports["classes"]
    assert "classes: 2, any number a node (column labels)\n  b                                  2    66.7" in reports["several"]
    assert "  note                     left out: no word occurs at two nodes" in reports["several"]
    assert "labels: none" in reports["none"] and "features: none, so each node has a column of its own" in reports["none"]
    assert "  not used: colour" in reports["none"]


@pytest.mark.parametrize("name, labels, hint", [
    ("label", ["a|b", "b|c", "a"], "|"), ("label", ["a, b", "c, a"], ","), ("label", ["a; b", "b"] + ["b; c"], ";"),
    ("labels", ["a|b", "b|c;d"], "|"), ("label", ["a|b", "c,d", "a"], None), ("labels", ["a;b", "b;c"], None),
])
def test_several_labels_in_one_are_pointed_at(command, folder, name, labels, hint):
    rows = "".join(f'{row},"{label}"\n' for row, label in enumerate(labels))
    code, out, _ = command("import", write_tables(folder, "source,target\n0,1\n", f"id,{name}\n{rows}"))
    way = "several labels of a node go into a column labels, with ; between (or --task multilabel)"
    text = f"  most have a {hint} in them: {way}\n"
    assert code == 0 and (text in out if hint else "most have" not in out)


def test_features_of_tables_are_not_normalised_by_rows(folder):
    """They come scaled; sparse features without a schema are counts of words, and are."""
    from dataclasses import replace

    from graphsage.config.settings import TrainConfig
    from graphsage.data import load_dataset
    from graphsage.training.setup import normalizes

    dataset = load_dataset(folder, progress=False)
    assert not normalizes(TrainConfig(), dataset) and normalizes(TrainConfig(), replace(dataset, schema=None))
    assert normalizes(TrainConfig(normalize_features=True), dataset)


def test_edges_to_unlisted_ids_have_a_flag(command, folder):
    write_tables(folder, EDGES + "ann,nobody,1,2024-01-01\n", NODES)
    code, _, err = command("train", folder, "--epochs", 1)
    assert code == 2 and "1 of 6 edges names such an id: add the nodes, or say" in err
    assert err.endswith("(graphsage import --unlisted drop)\n")
    code, out, _ = command("import", folder, "--unlisted", "keep")
    assert code == 0 and "kept; new nodes, without features and label: 1" in out
    for flags, num_nodes in (((), 7), (("--unlisted", "drop"), 6)):
        code, out, _ = command("train", folder, "--weights", "ignore", "--epochs", 1, "--no-save", "--no-baseline", *flags)
        assert code == 0 and out.startswith(f"mine: {num_nodes} nodes ")


def test_a_folder_is_a_folder_in_every_command(command, tmp_path, monkeypatch):
    """A folder called as a dataset is: the folder, everywhere, and a line says so; a run's own name is what it was."""
    nodes = "id,label,x\n" + "".join(f"n{i},{'ab'[i % 2]},{i % 2}\n" for i in range(12))
    edges = "source,target\n" + "".join(f"n{i},n{(i + 2) % 12}\n" for i in range(12))
    here = write_tables(tmp_path / "here" / "texas", edges, nodes)
    monkeypatch.chdir(here.parent)
    line = f"texas: the folder {here}, not the dataset of that name (builtin:texas)\n"
    short = ("--epochs", 1, "--no-baseline", "--fanouts", "2,2")
    for typed in (("datasets", "info", "texas"), ("sample", "texas", "--seeds", "n0"), ("train", "texas", *short)):
        code, out, err = command(*typed)
        assert (code, err.count(line), "12 nodes" in out or "n0 <- " in out) == (0, 1, True), typed
    assert command("import", "texas")[0] == 0
    run = here.parent / "runs" / "texas-1"
    assert f"dataset = {json.dumps(str(here))}" in (run / "config.toml").read_text()
    assert command("evaluate", run)[0] == command("predict", run)[0] == 0 and command("predict", run, "texas")[0] == 0
    assert (run / "predict.csv").read_text().count("\n") == 13
    debian = write_tables(here.parent / "debian", "source,target\nn0,n1\n", nodes)
    (run / "config.toml").write_text((run / "config.toml").read_text().replace(json.dumps(str(here)), '"debian"'))
    assert trained_on(run)["name_or_path"] == "builtin:debian"  # the run was made where that is no folder
    assert load_dataset("debian", progress=False).num_nodes == 12 and debian.is_dir()


@pytest.mark.parametrize("file", ["edges.csv", "nodes.csv"])
def test_a_file_of_the_tables_is_their_folder(command, folder, file):
    for line in (("import", folder / file), ("datasets", "info", folder / file)):
        code, out, _ = command(*line)
        assert code == 0 and out.startswith("mine: ")


def test_what_needs_no_import_says_so(command, tmp_path):
    (tmp_path / "x").mkdir()
    for name in ("cora.content", "cora.cites"):
        (tmp_path / "x" / name).write_text("")
    for place in (tmp_path / "x", tmp_path / "x" / "cora.cites"):
        code, _, err = command("import", place)
        assert code == 2 and err.endswith("it holds LINQS files (NAME.content, NAME.cites), which need no import\n")


# ---- what is guessed, and said otherwise

ROW = "{},{},{},{}\n"
ROWS = (ROW.format(node, ["NA", "x", "y"][node % 3], 100 + node % 4, 900 + node) for node in range(30))
TOLD = "id,label,dept,user_id\n" + "".join(ROWS)
TRAIN = ("--epochs", 1, "--hidden-features", 4, "--no-baseline")


def test_what_was_guessed_is_told_at_the_import_and_at_each_training(command, folder, tmp_path):
    write_tables(folder, "source,target\n0,1\n1,2\n", TOLD)
    told = (
        "  10 of 30 labels are missing: 10 NA (--not-missing WORD: it is a class)\n"
        "  left out: user_id, which look like ids (--number or --category takes them)\n"
        "  few whole numbers that repeat: dept (--category: they are codes, not numbers)\n"
    )
    code, out, _ = command("import", folder)
    assert code == 0 and f"\nnotes\n{told}\nKept in " in out
    for _ in range(2):
        code, out, _ = command("train", folder, *TRAIN, "--no-save")
        assert code == 0 and told in out
    code, out, err = command("train", folder, *TRAIN, "--category", "dept", "--number", "user_id", "--not-missing", "na",
                             "--out", tmp_path / "run")
    assert code == 0 and "mine: 30 nodes (27 isolated), 4 edges (largest degree 2),\n  5 features, 3 classes" in out
    assert "dept                     category  4 values" in err
    config = (tmp_path / "run" / "config.toml").read_text()
    for setting in ("[tables]\n", 'category = ["dept"]  # ', 'not_missing = ["na"]  # ', "drop = []  # "):
        assert setting in config
    command("import", folder)
    code, again, err = command("train", "--config", tmp_path / "run" / "config.toml", "--no-save", *TRAIN)
    assert code == 0 and again.splitlines()[:2] == out.splitlines()[:2] and "Kept in" in err


def test_a_run_of_tables_goes_on_with_them_as_they_were_read(command, folder, tmp_path):
    write_tables(folder, "source,target\n0,1\n1,2\n", TOLD)
    code, _, _ = command("train", folder, *TRAIN, "--category", "dept", "--out", tmp_path / "run")
    assert code == 0 and command("import", folder)[0] == 0
    code, out, _ = command("train", "--resume", tmp_path / "run", "--epochs", 2)
    assert code == 0 and "Epoch 002" in out
    assert command("evaluate", tmp_path / "run")[0] == 0
    code, _, err = command("train", "--resume", tmp_path / "run", "--category", "dept")
    assert code == 2 and "--resume goes on with the settings and the folder of the run" in err


@pytest.mark.parametrize("nodes", [None, "id,label\n0,\n1,NA\n2,?\n", "id,x\n0,1\n1,2\n2,3\n"])
def test_without_labels_nothing_is_trained_and_that_is_said(command, folder, nodes):
    (folder / "nodes.csv").unlink()
    write_tables(folder, "source,target\n0,1\n1,2\n", nodes)
    code, out, _ = command("import", folder)
    sentence = "no node has a label: nothing can be learnt from mine before a column label in nodes.csv gives nodes a class"
    assert code == 0 and f"  {sentence}" in out and "labels: none, so no classifier can be trained" in out
    code, out, err = command("train", folder)
    links = "which nodes are linked needs no label: --task links; nor do embeddings: --task unsupervised"
    others = "; --label COLUMN names another (x)" if nodes and "x" in nodes else ""
    assert code == 2 and out == "" and f"graphsage: {sentence}, or a number to predict ({links}){others}\n" in err


@pytest.mark.parametrize("labels, said", [
    ([f"name {node}" for node in range(30)], "nearly every node is a class of its own, 30 for 30 labelled nodes"),
    (range(2000, 2030), "nearly every node is a class of its own, 30 for 30 labelled nodes"),
    (["x"] * 30, "all 30 labelled nodes are of one class, 'x': there is nothing to tell apart"),
])
def test_labels_that_teach_nothing_are_told_at_both(command, folder, labels, said):
    nodes = "id,label\n" + "".join(f"{node},{label}\n" for node, label in enumerate(labels))
    write_tables(folder, "source,target\n0,1\n1,2\n", nodes)
    assert said in command("import", folder)[1] and said in command("train", folder, *TRAIN, "--no-save")[1]


def test_settings_of_tables_for_other_data_are_refused(command):
    code, _, err = command("train", "debian", "--category", "section")
    assert code == 2 and "debian is no folder of tables (edges.csv, nodes.csv): leave category out" in err


def test_columns_that_flags_name_are_kept(command, folder):
    """By the import, and so by a training without flags; another split is one of that column."""
    nodes = "".join(f"{at},{'ab'[at % 2]},{at % 5},{'train' if at % 3 else 'test'}\n" for at in range(12))
    edges = "a,b\n" + "".join(f"{at},{(at + 2) % 12}\n" for at in range(12))
    write_tables(folder, edges, f"key,dept,age,part\n{nodes}")
    flags = ("--source", "a", "--target", "b", "--id", "key", "--label", "dept", "--split-column", "part")
    code, out, err = command("import", folder, *flags)
    assert code == 0 and err == "" and "classes: 2 (column label)" in out and "split: column split" in out
    assert "nodes.csv: dept is taken for label" in out
    code, out, err = command("train", folder, "--epochs", 1, "--hidden-features", 4, "--no-baseline", "--no-save")
    assert code == 0 and err == "" and "2 classes, 8 / 0 / 4 nodes" in out
    code, _, err = command("train", folder, "--label", "nobody")
    assert code == 2 and "--label names the column 'nobody', and " in err and "has only id, dept, age, part" in err
    code, _, err = command("train", folder, "--split", 1)
    assert code == 2 and "has a column split, which is the one split" in err


def test_a_folder_of_several_types(command, refused, tmp_path):
    folder = write_shop(tmp_path / "shop")
    code, out, err = command("import", folder, "--drop", "user.age", "--out", tmp_path / "shop.npz")
    assert (code, err) == (0, "") and out.startswith("shop: edges.item.tagged.tag.csv")
    assert "left out: dropped, as was asked for" in out
    dataset, saved = load_dataset(folder, progress=False), load_dataset(tmp_path / "shop.npz")
    assert dataset.num_features == saved.num_features == {"item": 1, "tag": 2, "user": 2}
    assert command("import", folder, "--directed")[0] == 0
    assert len(load_dataset(folder, progress=False).graph.relations) == 3
    assert "no table of nodes has it: COLUMN means all" in refused("import", folder, "--label", "user.nobody")


def test_any_dataset_becomes_a_folder(command, tmp_path, folder):
    code, out, err = command("import", "sbm:nodes=200", "--out", tmp_path / "made")
    assert (code, err) == (0, "") and out.startswith("sbm:nodes=200: 200 nodes ")
    assert out.endswith(f"Saved in {tmp_path / 'made'}\nNext: graphsage train {tmp_path / 'made'}\n")
    code, info, _ = command("datasets", "info", tmp_path / "made")
    assert code == 0 and info.startswith("sbm:nodes=200: 200 nodes ")
    code, _, _ = command("import", tmp_path / "made", "--out", tmp_path / "again.npz")
    assert code == 0 and np.array_equal(NodeDataset.load(tmp_path / "again.npz").labels, load_dataset("sbm:nodes=200").labels)
    code, out, _ = command("import", folder, "--out", tmp_path / "of_tables")
    assert code == 0 and out.endswith(f"Saved in {tmp_path / 'of_tables'}\nNext: graphsage train {folder}\n")
    assert load_dataset(tmp_path / "of_tables").schema == load_dataset(folder).schema
    code, out, _ = command("train", tmp_path / "made", "--epochs", 1, "--hidden-features", 4, "--no-baseline", "--no-save")
    assert code == 0


@pytest.mark.parametrize("line, sentence", [
    (("sbm:nodes=200", "--out", "DIR"), "--out DIR is there already, and a folder is written anew: delete it or name another"),
    (("sbm:nodes=200",), "sbm:nodes=200 is no folder with edges.csv or edges.parquet"),
    (("sbm:nodes=200", "--out", "DIR/x", "--directed"), "--directed is about tables: leave it out"),
    (("sbm:nodes=200", "--out", "DIR/x", "--category", "a"),
     "sbm:nodes=200 is no folder of tables (edges.csv, nodes.csv): leave category out, which is about those"),
    (("none", "--out", "DIR/x"), "no dataset is called 'none': known are "),
])  # fmt: skip
def test_what_cannot_become_a_folder(command, tmp_path, line, sentence):
    code, out, err = command("import", *(word.replace("DIR", str(tmp_path)) for word in line))
    assert (code, out) == (2, "") and err.startswith(f"graphsage: {sentence.replace('DIR', str(tmp_path))}")
    assert list(tmp_path.iterdir()) == []


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_a_check_reads_it_through(command, tmp_path, folder, monkeypatch):
    load_dataset("sbm:nodes=200").save(tmp_path / "made")
    code, out, _ = command("datasets", "check", tmp_path / "made")
    assert code == 0 and out.endswith(f"{tmp_path / 'made'} is whole: every file has its checksum\n")
    flip(tmp_path / "made" / "labels.npy")
    monkeypatch.setattr(folder_parts, "SMALL", -1)
    told = "labels.npy: its checksum is not the one in about.json: the file is damaged\n"
    assert command("datasets", "check", tmp_path / "made") == (2, "", f"graphsage: {tmp_path / 'made'}/{told}")
    code, _, err = command("datasets", "check", folder)
    assert code == 2 and err.endswith("mine is not imported yet, and tables have no checksums: graphsage import reads them\n")
    load_dataset(folder, progress=False)
    code, out, _ = command("datasets", "check", folder)
    assert code == 0 and out.endswith(f"every file of its import {folder / '.graphsage' / '1'} has its checksum\n")
    flip(folder / ".graphsage" / "1" / "labels.npy")
    code, _, err = command("datasets", "check", folder)
    assert code == 2 and err.endswith(told)
    load_dataset("sbm:nodes=200").save(tmp_path / "one.npz")
    code, out, _ = command("datasets", "check", tmp_path / "one.npz")
    assert code == 0 and out.endswith(f"{tmp_path / 'one.npz'} is whole: all of it was read and checked\n")


# ---- edges beyond memory


@pytest.mark.parametrize(("memory", "sentence"), [
    ("lots", "memory must be bytes, or a size such as 4GiB or 500MB; got 'lots'"),
    ("10MB", "--memory must be at least 512MB, got 10MB: the program itself takes a part of that"),
])  # fmt: skip
def test_the_memory_is_a_size_that_can_be_kept(command, folder, memory, sentence):
    code, out, err = command("import", folder, "--memory", memory)
    assert (code, out) == (2, "") and sentence in err
    assert not (folder / ".graphsage").exists()


def test_an_import_within_memory_prints_the_same(command, folder, monkeypatch):
    monkeypatch.setattr(edges_apart, "PER_EDGE", 10**12)
    code, out, err = command("import", folder, "--memory", "1GB")
    assert (code, err) == (0, "") and out.replace(str(folder), "FOLDER") == REPORT + "Next: graphsage train FOLDER\n"
