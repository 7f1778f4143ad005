"""The command on a typed graph: nothing typed is typed, and everything that a run is good for works."""

import csv

import numpy as np
import pytest
from helpers.typed_data import papers

from graphsage.cli.main import main

SHORT = ["--epochs", "2", "--fanouts", "4,4", "--hidden-features", "8", "--device", "cpu", "--num-threads", "0"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(folder of a run, path of its dataset)."""
    place = tmp_path_factory.mktemp("command")
    names = np.array([f"paper {number}" for number in range(120)], object)
    papers(node_ids={"paper": names}).save(place / "papers.npz")
    folder = place / "run"
    assert main(["train", str(place / "papers.npz"), *SHORT, "--out", str(folder)]) == 0
    return folder, place / "papers.npz"


def told(capsys, *arguments):
    capsys.readouterr()
    code = main([*map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_train_tells_types_and_baselines(run, tmp_path, capsys):
    """Nothing on the line says that the graph has types."""
    _, path = run
    how = ["--relation-fanouts", "writes=6,2; cites=1,1", "--num-bases", "2", "--relation-sum", "mean", "--no-baseline"]
    code, out, _ = told(capsys, "train", path, *SHORT, "--out", tmp_path / "run", *how)
    assert code == 0 and "papers: 205 nodes of 3 types, " in out and "author writes paper: " in out
    assert "label propagation" in out and "GraphSAGE" in out and "Preset small: 40 training nodes" in out
    assert 'relation_fanouts = {"writes" = [6, 2], "cites" = [1, 1]}' in (tmp_path / "run" / "config.toml").read_text()
    code, again, _ = told(capsys, "train", "--config", tmp_path / "run" / "config.toml", "--out", tmp_path / "again")
    scores = [text[text.index("Test accuracy"):].splitlines()[:-1] for text in (out, again)]
    assert code == 0 and scores[0] == scores[1]


def test_evaluate(run, capsys):
    folder, _ = run
    code, out, _ = told(capsys, "evaluate", folder)
    assert code == 0 and "Not the data" not in out and "validation" in out and "Next: graphsage predict" in out
    code, out, _ = told(capsys, "evaluate", folder, "--sampled", "--fanouts", "2,2")
    assert code == 0 and "test" in out


def test_another_graph_is_named(run, tmp_path, capsys):
    folder, _ = run
    papers(seed=4).save(tmp_path / "other.npz")
    code, out, _ = told(capsys, "evaluate", folder, tmp_path / "other.npz")
    assert code == 0 and "Not the data of the training: edges {" in out


def test_predict(run, tmp_path, capsys):
    folder, _ = run
    code, out, _ = told(capsys, "predict", folder, "--nodes", "paper 7,paper 3", "--out", tmp_path / "p.csv")
    with open(tmp_path / "p.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert code == 0 and [row["node"] for row in rows] == ["paper 7", "paper 3"]
    code, out, _ = told(capsys, "predict", folder, "--part", "test", "--out", tmp_path / "t.csv")
    assert code == 0 and "49 rows" in out
    code, _, err = told(capsys, "predict", folder, "--nodes", "author 1", "--out", tmp_path / "n.csv")
    text = "graphsage: --nodes: 'author 1' is not a node of type paper of papers: give a name, or a number"
    assert code == 2 and err.startswith(text)
    code, _, err = told(capsys, "predict", folder, "--correct-and-smooth", "--out", tmp_path / "n.csv")
    assert code == 2 and "correct_and_smooth is of graphs with one type of nodes" in err


@pytest.mark.parametrize("suffix", ["npy", "parquet"])
def test_embed_writes_a_table_a_type(suffix, run, tmp_path, capsys):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    folder, _ = run
    code, out, _ = told(capsys, "embed", folder, "--out", tmp_path / f"e.{suffix}")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert code == 0 and names == [f"e.{kind}.{suffix}" for kind in ("author", "paper", "venue")]
    assert f"e.author.{suffix}: float32 [80, 8], a row for each author in the graph's order" in out and "paper 0" in out
    if suffix == "npy":
        assert np.load(tmp_path / "e.venue.npy").shape == (5, 8)


def test_what_is_of_one_type_gets_a_sentence(run, capsys):
    _, path = run
    for flags, text in {
        ("--task", "unsupervised"): "task = 'unsupervised' is of graphs with one type of nodes, and papers has 3",
        ("--inductive",): "inductive = True is not used in a graph of several types",
        ("--relation-fanouts", "writes=5"): "relation_fanouts: writes=5 must have 2 numbers, as fanouts has",
        ("--relation-fanouts", "writes=5,5,x"): "writes must have integers, one a hop: 0 draws none, -1 all",
        ("--relation-fanouts", "wrote=5,5"): "relation_fanouts: relation = 'wrote' names no relation of the graph",
    }.items():
        code, _, err = told(capsys, "train", path, *SHORT, "--no-save", *flags)
        assert code == 2 and text in err and "Traceback" not in err


def test_sample_gets_a_sentence(run, capsys):
    _, path = run
    code, _, err = told(capsys, "sample", path, "--seeds", "0")
    assert code == 2 and "sample shows graphs with one type of nodes, and papers has 3" in err
