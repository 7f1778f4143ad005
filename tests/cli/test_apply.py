"""``graphsage evaluate``, ``predict`` and ``embed``: what they print, write and refuse."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.blocks import blocks, configured

import graphsage as gs
from graphsage.base import progress as cli_progress
from graphsage.base.files import locked
from graphsage.cli import apply as cli_apply, main as cli, tables_shown
from graphsage.nn.workspace import LastingSpace
from graphsage.runs.run import build_model
from graphsage.trained.save import save_trained
from graphsage.trained.trained import Trained

NAMES = ("north", "south", "east", "west")


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """No progress, however busy the machine is."""
    monkeypatch.setattr(cli_progress, "PATIENCE", 1e9)


@pytest.fixture
def dataset():
    """Named nodes and classes; the name of node v is "n" and 199 - v."""
    return blocks(name="mine", sparse=True, class_names=NAMES, node_ids=np.array([f"n{199 - v}" for v in range(200)], object))


@pytest.fixture
def run(tmp_path, dataset):
    """The folder of a run of an untrained model on ``mine.npz``."""
    folder, config = tmp_path / "runs" / "mine-1", configured()
    folder.mkdir(parents=True)
    dataset.save(tmp_path / "mine.npz")
    save_trained(folder, build_model(config, dataset), dataset, config.train)
    (folder / "config.toml").write_text(f"dataset = {json.dumps(str(tmp_path / 'mine.npz'))}\n\n[train]\nepochs = 8\n")
    return folder


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---- what they do


def test_evaluate_prints_a_table(command, run, dataset):
    code, out, err = command("evaluate", run, "--device", "cpu")
    assert (code, err) == (0, "")
    assert out.startswith("mine: 200 nodes (3 isolated)")
    *table, after = out.splitlines()[2:]
    assert after == f"Next: graphsage predict {run}"
    assert table[0].split() == ["nodes", "loss", "accuracy", "macro-F1"]
    assert [line.split("  ")[1].strip() for line in table[1:]] == ["train", "validation", "test", "all with a label"]
    scores = gs.load_trained(run).evaluate(dataset)
    for line, of in zip(table[1:], scores.values()):
        assert f" {of['nodes']} " in line and f" {of['loss']:.4f} " in line and f"{100 * of['accuracy']:.1f} %" in line
    again = command("evaluate", run / "model.safetensors", run.parents[1] / "mine.npz")[1].splitlines()
    assert again.pop(2).startswith("The split is that of this dataset: ") and again[:-1] == out.splitlines()[:-1]
    assert again[-1] == f"Next: graphsage predict {run / 'model.safetensors'} {run.parents[1] / 'mine.npz'}"


def test_the_score_that_chose_the_model_comes_first():
    scores = {"val": {"nodes": 1234, "loss": 0.5, "accuracy": 0.5, "macro_f1": 0.25, "roc_auc": None}}
    titles, row = cli_apply._scores(scores, "macro_f1")
    assert titles == ["", "nodes", "loss", "macro-F1", "accuracy", "ROC AUC"]
    assert [cell.strip() for cell in row] == ["validation", "1,234", "0.5000", "25.0 %", "50.0 %", "-"]


def test_predict_writes_a_row_a_node(command, run, dataset):
    code, out, err = command("predict", run)
    found, expected = rows_of(run / "predict.csv"), gs.load_trained(run).predict(dataset)
    assert (code, err) == (0, "")
    assert out.startswith(f"Saved in {run / 'predict.csv'}: 200 rows, of which the first\n  node  predicted  prob")
    assert out.count("\n") == 2 + tables_shown.FEW
    assert [row["node"] for row in found] == dataset.node_ids.tolist()
    assert [row["predicted"] for row in found] == [NAMES[c] for c in expected.labels]
    shares = np.array([row["probability"] for row in found], np.float32)
    np.testing.assert_array_equal(shares, expected.probabilities.max(1))


def test_predict_of_some_nodes(command, run, dataset, tmp_path):
    out = tmp_path / "some.csv"
    assert command("predict", run, "--nodes", "n3, n190,n3", "--probabilities", "--out", out)[0] == 0
    found = rows_of(out)
    assert [row["node"] for row in found] == ["n3", "n190", "n3"]
    assert list(found[0]) == ["node", "predicted", "probability", *(f"probability_{name}" for name in NAMES)]
    assert sum(float(found[1][f"probability_{name}"]) for name in NAMES) == pytest.approx(1, abs=1e-5)
    assert command("predict", run, "--part", "val", "--out", out)[0] == 0
    assert [row["node"] for row in rows_of(out)] == dataset.node_ids[np.sort(dataset.val)].tolist()


def test_predict_of_nodes_with_negative_ids(command, run, dataset, tmp_path):
    ids = np.arange(200) * -3
    numbered, out = replace(dataset, node_ids=ids), tmp_path / "some.csv"
    numbered.save(tmp_path / "numbered.npz")
    assert command("predict", run, tmp_path / "numbered.npz", "--nodes", "-3,-597", "--out", out)[0] == 0
    assert [row["node"] for row in rows_of(out)] == ["-3", "-597"]
    code, _, err = command("predict", run, tmp_path / "numbered.npz", "--nodes", "-3,1", "--out", out)
    assert (code, err) == (2, "graphsage: --nodes: '1' is not a node of mine: give one of its ids\n")


def test_embed_writes_rows_in_the_graphs_order(command, run, dataset, tmp_path):
    code, out, err = command("embed", run)
    rows = gs.load_trained(run).embed(dataset)
    assert (code, err) == (0, "")
    start = f"Saved in {run / 'embed.npy'}: float32 [200, 16], a row a node in the graph's order, of which the first begin\n"
    assert out.startswith(start) and out[len(start) :].startswith("  n199 ")
    np.testing.assert_array_equal(np.load(run / "embed.npy"), rows)
    parquet = pytest.importorskip("pyarrow.parquet")
    assert command("embed", run, "--out", tmp_path / "e.parquet")[0] == 0
    table = parquet.read_table(tmp_path / "e.parquet").to_pydict()
    assert table["node"] == dataset.node_ids.tolist()
    np.testing.assert_array_equal(np.array(table["embedding"], np.float32), rows)


def test_sampled_outputs_are_reproducible_and_as_in_training(command, run, dataset, tmp_path):
    def predicted(*flags):
        assert command("predict", run, "--probabilities", "--out", tmp_path / "p.csv", *flags)[0] == 0
        return (tmp_path / "p.csv").read_text()

    first = predicted("--sampled", "--seed", 3)
    assert first == predicted("--sampled", "--seed", 3, "--fanouts", "5,5") != predicted("--sampled", "--seed", 4)
    assert predicted("--sampled") == predicted("--sampled", "--seed", 0) != predicted()
    trained = gs.load_trained(run)
    assert trained.fanouts == (5, 5)
    np.testing.assert_array_equal(
        np.array([row["probability_east"] for row in csv.DictReader(first.splitlines())], np.float32),
        trained.predict(dataset, fanouts=(5, 5), seed=3).probabilities[:, 2],
    )


def test_the_dataset_is_that_of_the_run_with_its_split(run, monkeypatch, command):
    asked = []

    def noted(name_or_path, **how):
        asked.append((name_or_path, how))
        raise ValueError("enough")

    monkeypatch.setattr("graphsage.data.catalogue.load_dataset", noted)
    (run / "config.toml").write_text('dataset = "actor"\nsplit = 4\n')
    for arguments in ([], ["--split", 2], ["cora"], ["cora", "--split", 2]):
        command("evaluate", run, *arguments)
    expected = [("actor", {"split": 4}), ("actor", {"split": 2}), ("cora", {}), ("cora", {"split": 2})]
    assert asked == expected


def write_tables(folder, nodes, edges):
    """A folder of tables: nodes are (id, label, color, size)."""
    folder.mkdir()
    (folder / "nodes.csv").write_text("id,label,color,size\n" + "".join(f"{','.join(map(str, node))}\n" for node in nodes))
    (folder / "edges.csv").write_text("source,target\n" + "".join(f"{a},{b}\n" for a, b in edges))
    return folder


def test_a_grown_folder_of_tables(command, tmp_path):
    """The same nodes in another order, and new ones: columns and classes keep the meaning that they had in the training."""
    pytest.importorskip("pyarrow")
    rng = np.random.default_rng(0)
    nodes = [(f"u{v}", "ab"[v % 2], ["red", "green", "blue"][v % 3], round(v / 7, 3)) for v in range(60)]
    edges = [(f"u{a}", f"u{b}") for a, b in rng.integers(0, 40, (100, 2))]
    small = write_tables(tmp_path / "small", nodes[:40], edges)
    grown = write_tables(tmp_path / "grown", [(name, "", *rest) for name, _, *rest in nodes[::-1]], edges + [("u50", "u45")])
    dataset, config = gs.load_dataset(small, progress=False), configured()
    run = tmp_path / "run"
    run.mkdir()
    save_trained(run, build_model(config, dataset), dataset, config.train)
    tables = []
    for folder in (small, grown):
        assert command("predict", run, folder, "--probabilities", "--out", tmp_path / "p.csv")[0] == 0
        tables.append({row["node"]: row for row in rows_of(tmp_path / "p.csv")})
    before, after = tables
    assert list(after) == [name for name, *_ in nodes[::-1]] and len(before) == 40
    for name, row in before.items():
        assert after[name]["predicted"] == row["predicted"]
        assert float(after[name]["probability_a"]) == pytest.approx(float(row["probability_a"]), rel=1e-5)
    code, _, err = command("evaluate", run, grown)
    assert code == 2 and err.endswith("has no labelled node: there is nothing to compare predictions with\n")


# ---- what they refuse


@pytest.mark.parametrize("arguments, sentence", [
    ("evaluate NOWHERE", "there is no trained model at .*nowhere: give the folder of a run, or its model.safetensors"),
    ("predict RUN --out x.txt", "x.txt must end in .csv or .parquet, which says what is written"),
    ("embed RUN --out x.csv", "x.csv must end in .npy or .parquet, which says what is written"),
    ("predict RUN --out no/x.csv", "no/x.csv cannot be written: there is no folder no"),
    ("predict RUN --nodes n3,nobody", "--nodes: 'nobody' is not a node of mine: give a name, or a number below 200"),
    ("predict RUN --nodes n3 --part val", "argument --part: not allowed with argument --nodes .*"),
    ("predict RUN --fanouts 5,5", "--fanouts is for --sampled: exact outputs are from all neighbours"),
    ("predict RUN --seed 0", "--seed is for --sampled: exact outputs are from all neighbours"),
    ("predict RUN --sampled --fanouts 5", "fanouts 5 sample 1 hops, but the model has 2 layers: give one a layer"),
    ("predict RUN --sampled --seed -1", "seed must be an integer from 0 to .*, got -1"),
    ("embed RUN nope", "no dataset is called 'nope': .*"),
    ("evaluate RUN sbm:nodes=1000", "the model takes 24 features a node, but sbm.* has 16"),
    ("evaluate RUN sbm:nodes=1000,features=24", "the model does not know the class 'class [0-7]' of sbm.*: it knows north, .*"),
    ("embed RUN --nodes n3", "'--nodes' is not understood.*"),
    ("predict", "the following arguments are required: RUN .*"),
])  # fmt: skip
def test_one_sentence(arguments, sentence, refused, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    words = [{"RUN": run, "NOWHERE": tmp_path / "nowhere"}.get(word, word) for word in arguments.split()]
    assert re.fullmatch(sentence, refused(*words))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("verb, name", [("predict", "x.csv"), ("predict", "x.parquet"), ("embed", "x.npy")])
def test_a_folder_that_cannot_be_written_is_told_by_the_name_asked_for(verb, name, refused, run, tmp_path, monkeypatch):
    def is_read_only(path, mode="r", *rest, **options):
        if set(mode) & set("wx") and Path(path).parent == tmp_path:
            raise OSError(30, "Read-only file system", str(path))
        return open(path, mode, *rest, **options)

    def cannot_be_deleted(path, **options):  # there a file that is not there cannot be deleted either
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr("graphsage.base.files.open", is_read_only, raising=False)
    monkeypatch.setattr(Path, "unlink", cannot_be_deleted)
    assert refused(verb, run, "--out", tmp_path / name) == f"{tmp_path / name}: Read-only file system"


def test_a_run_that_does_not_tell_its_dataset(refused, command, run):
    (run / "config.toml").write_text("dataset =")
    assert re.fullmatch(r".*config\.toml is no TOML file: .*", refused("predict", run))
    (run / "config.toml").unlink()
    sentence = "name a dataset: .*mine-1 has no config.toml that tells which one was trained on"
    assert re.fullmatch(sentence, refused("predict", run))
    assert command("predict", run, run.parents[1] / "mine.npz")[0] == 0


@pytest.mark.parametrize("error", [ValueError, TypeError, RuntimeError])
@pytest.mark.parametrize("words", [("evaluate",), ("predict", "--nodes", "n3"), ("embed",), ("predict", "--sampled")])
def test_our_own_mistakes_are_not_told_as_the_users(words, error, run, monkeypatch):
    """What was typed is checked before; what is raised after that shows its traceback."""
    def broken(self, *given):
        raise error("forward() takes 2 positional arguments but 3 were given")

    for name in ("update", "forward"):
        monkeypatch.setattr("graphsage.nn.layer.SAGELayer." + name, broken)
    with pytest.raises(error, match="forward"):
        cli.main([words[0], str(run), *words[1:]])


@pytest.mark.parametrize("place, words", [
    ("graphsage.trained.save.load_trained", ("predict", "RUN")), ("graphsage.data.catalogue.load_dataset", ("embed", "RUN")),
    ("graphsage.runs.run.make_trainer", ("train", "sbm:nodes=1000", "--no-save")),
])  # fmt: skip
def test_a_type_error_is_a_fault_of_ours(place, words, run, monkeypatch):
    """Also while what was typed is looked at: what a user may get wrong is a ValueError everywhere."""
    def broken(*given, **options):
        raise TypeError("unsupported operand type(s)")

    monkeypatch.setattr(place, broken)
    with pytest.raises(TypeError, match="^unsupported operand"):
        cli.main([str(run) if word == "RUN" else word for word in words])


# ---- several labels


@pytest.fixture
def labelled(tmp_path):
    """The folder of a run, and its dataset, in which a node may have any of four labels."""
    data = blocks(name="several", labels=np.eye(4, dtype=bool)[blocks().labels % 4], class_names=NAMES)
    data.save(tmp_path / "several.npz")
    words = ["train", tmp_path / "several.npz", "--out", tmp_path / "run", "--epochs", 4, "--batch-size", 16, "--no-baseline"]
    assert cli.main([*map(str, words), "--device", "cpu"]) == 0
    return tmp_path / "run", data


def of_the_run(run):
    """The rows of the predictions that a training leaves, by pyarrow where it is there."""
    if (run / "predictions.csv").exists():
        return rows_of(run / "predictions.csv")
    return pytest.importorskip("pyarrow.parquet").read_table(run / "predictions.parquet").to_pylist()


def test_labels_are_those_above_their_thresholds(command, labelled):
    run, data = labelled
    record = json.loads((run / "result.json").read_text())
    assert json.loads((run / "model.json").read_text())["thresholds"] == record["thresholds"] != [0, 0, 0, 0]
    assert command("predict", run)[0] == 0
    table, cut = rows_of(run / "predict.csv"), 1 / (1 + np.exp(-np.array(record["thresholds"])))
    said = [[name for name, least in zip(NAMES, cut) if float(row[f"probability_{name}"]) > least] for row in table]
    assert [row["predicted"].split("; ") for row in table] == [names or [""] for names in said]
    assert [row["predicted"] for row in of_the_run(run)] == [row["predicted"] for row in table]
    test = [row for row in command("evaluate", run)[1].splitlines() if row.strip().startswith("test ")]
    assert f"{100 * record['test_score']:.1f} %" in test[0]


def test_a_sentence_where_nobody_gets_a_label(command, labelled):
    run, data = labelled
    model = gs.load_trained(run).model
    model.task_head = type(model.task_head)()
    with torch.no_grad():
        model.layers[-1].bias -= 100
    save_trained(run, model, data, configured().train)
    assert "None of the 200 nodes gets a label, as no label's logit" in command("predict", run)[1]
    assert "A micro-F1 of 0 %: no node gets a label that it has." in command("evaluate", run)[1]


# ---- progress and ends


def test_soon_done_is_silent_and_long_work_is_told(command, run, monkeypatch):
    monkeypatch.setattr(cli_progress, "PATIENCE", 0)
    monkeypatch.setattr(cli_progress, "EVERY", 0)
    monkeypatch.setattr("graphsage.trained.outputs.BATCH_SIZE", 20)
    _, out, err = command("evaluate", run, "--sampled")
    lines = err.splitlines()
    assert len(lines) == 9 and re.fullmatch(r"evaluating: 10% in \d+ s, about \d+ s left", lines[0])
    monkeypatch.setattr("graphsage.trained.tables_out.CHUNK", 50)
    writing = [line for line in command("predict", run)[2].splitlines() if line.startswith("writing: ")]
    assert [line.split()[1] for line in writing] == ["25%", "50%", "75%"]
    monkeypatch.setattr(cli_progress, "PATIENCE", 1e9)
    assert command("evaluate", run, "--sampled") == (0, out, "")


def test_a_terminal_gets_a_bar(command, run, monkeypatch):
    class Terminal:
        text = ""

        def write(self, text):
            self.text += text

        def flush(self):
            pass

        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(cli_progress, "PATIENCE", 0)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert command("embed", run)[0] == 0
    assert terminal.text.startswith("\rembedding: ") and terminal.text.endswith("\r")  # it is gone at the end


@pytest.mark.parametrize("name", ["embed", "predict"])
def test_ctrl_c_leaves_no_file(name, command, run, monkeypatch):
    layers, before = Trained._layers, sorted(run.iterdir())

    def cut_short(self, *arguments, progress, **how):
        def interrupted(done, total):
            raise KeyboardInterrupt

        return layers(self, *arguments, progress=interrupted, **how)

    monkeypatch.setattr(Trained, "_layers", cut_short)
    assert command(name, run) == (130, "", "graphsage: interrupted\n")
    assert sorted(run.iterdir()) == before


SLOW = """
import time
from graphsage.trained import tables_out
tables_out.CHUNK = 1
cells = tables_out._cells
def slow(values):
    print("writing", flush=True)
    time.sleep(1)
    return cells(values)
tables_out._cells = slow
from graphsage.cli.main import main
raise SystemExit(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_while_writing_leaves_no_file(run):
    before = sorted(run.iterdir())
    environment = {**os.environ, "PYTHONPATH": str(Path(gs.__file__).parents[1])}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SLOW, "predict", run], env=environment, **streams) as process:
        assert process.stdout.readline() == "writing\n"
        assert [path for path in run.iterdir() if path.name.endswith(".part")]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert sorted(run.iterdir()) == before


# ---- in little memory, and after a kill


@pytest.fixture
def noted(monkeypatch):
    """What is done is noted however little it is, and each row is a chunk."""
    monkeypatch.setattr("graphsage.trained.resumable.LARGE", 0)
    monkeypatch.setattr("graphsage.nn.workspace.SAVE_SECONDS", -1)
    monkeypatch.setattr("graphsage.nn.whole_graph.CHUNK_VALUES", 200)


@pytest.mark.parametrize("verb, name", [("embed", "embed.npy"), ("predict", "predict.csv")])
def test_what_was_killed_is_gone_on_with_by_the_same_command(verb, name, command, run, noted, monkeypatch):
    done, call = [], LastingSpace.done

    def noted(space, start, stop):
        call(space, start, stop)
        done.append(stop)
        if len(done) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(LastingSpace, "done", noted)
    assert command(verb, run, "--memory", "1")[0] != 0
    assert (run / f"{name}.unfinished" / "unfinished.json").exists() and not (run / name).exists()
    code, out, err = command(verb, run, "--memory", "1")
    assert (code, err) == (0, "") and out.startswith("exact evaluation takes ")
    assert not (run / f"{name}.unfinished").exists()
    made, first = len(done), (run / name).read_bytes()
    assert command(verb, run)[0] == 0
    assert (run / name).read_bytes() == first and len(done) == 2 * made  # each chunk was made once


@pytest.mark.parametrize("verb", ["evaluate", "predict", "embed"])
@pytest.mark.parametrize("flags, text", [
    (("--memory", "lots"), "memory must be bytes, or a size such as 4GiB or 500MB; got 'lots'"),
    (("--memory", "4GiB", "--sampled"), "--memory is of exact outputs: batches of drawn neighbours need little"),
])  # fmt: skip
def test_refuses_memory(verb, flags, text, command, run):
    code, _, err = command(verb, run, *flags)
    assert code == 2 and text in err


def test_evaluate_in_little_memory_says_so_and_gives_the_same_scores(command, run):
    code, out, _ = command("evaluate", run, "--memory", "1KiB")
    first, rest = out.split("\n", 1)
    assert code == 0 and first.startswith("exact evaluation takes ") and rest == command("evaluate", run)[1]


def test_another_process_at_work_on_the_same_file_is_one_sentence(command, run, noted):
    (run / "embed.npy.unfinished").mkdir()
    with locked(run / "embed.npy.unfinished"):
        code, _, err = command("embed", run)
    assert code == 2 and "embed.npy.unfinished is in use by another process: wait for its end, or end it" in err
