"""``graphsage train --task links``: one flag with two meanings, and folders of edges alone."""

import re
from types import SimpleNamespace

import pytest
from helpers.blocks import blocks
from helpers.table_files import write_tables

from graphsage.cli.train import configured
from graphsage.config.link_config import LinkConfig
from graphsage.config.settings import RunConfig
from graphsage.config.toml import read_config

FEW = ("--epochs", 1, "--hidden-features", 8, "--fanouts", "3,3", "--device", "cpu", "--num-threads", 0, "--candidates", 10)


@pytest.fixture
def dataset(tmp_path):
    """A file of a dataset with labels."""
    blocks(name="mine").save(tmp_path / "mine.npz")
    return tmp_path / "mine.npz"


@pytest.mark.parametrize("base, task, learned, of_label", [
    ({}, None, "nodes", None), ({}, "auto", "nodes", "auto"), ({}, "regression", "nodes", "regression"),
    ({}, "links", "links", None), ({"task": "links"}, None, "links", None),
    ({"task": "links"}, "multiclass", "nodes", "multiclass"),
])  # fmt: skip
def test_one_flag_says_both(base, task, learned, of_label):
    found = configured(RunConfig(**base), {} if task is None else {"task": task})
    assert (found.task, found.tables.task) == (learned, of_label)


def test_the_help_teaches_it(command):
    text = " ".join(command("train", "--help-all")[1].split())
    assert "--task {auto,multiclass,multilabel,regression,links" in text and text.count("--task {") == 1
    assert "graphsage train cora --task links" in text and "links: How links are split, scored, learned and judged." in text
    assert "--task {auto,multiclass,multilabel,regression}" in " ".join(command("import", "--help")[1].split())


def test_a_run_from_the_command_line(command, dataset, tmp_path):
    out = tmp_path / "run"
    code, text, err = command("train", dataset, "--task", "links", *FEW, "--decoder", "distmult", "--seed", 3, "--out", out)
    assert (code, err) == (0, "")
    assert "undirected links to train / validate / test on" in text
    assert "each validation and test link is ranked among 10 pairs that are none" in text
    assert "Training on cpu, seed 3" in text and re.search(r"Epoch 001 Loss: \S+ Validation MRR: 0\.\d+", text)
    assert re.search(r"^  preferential attachment  .* %$", text, re.MULTILINE) and re.search(r"(best|better) by MRR", text)
    config = read_config(out / "config.toml", whole=True)
    assert config.task == "links" and config.links == LinkConfig(decoder="distmult", candidates=10)
    assert f"Done already, in {out}\n" in command("train", "--resume", out)[1]
    again = command("train", "--config", out / "config.toml", "--no-save", "--no-baseline")[1]
    assert re.search(r"  GraphSAGE .*", again)[0].split() == re.search(r"  GraphSAGE .*", text)[0].split()


def test_a_folder_of_edges_alone(command, tmp_path):
    pytest.importorskip("pyarrow")
    edges = "source,target\n" + "".join(f"n{v},n{(v + step) % 40}\n" for v in range(40) for step in (1, 2))
    folder = write_tables(tmp_path / "own", edges, nodes=None)
    code, text, _ = command("train", folder, "--task", "links", *FEW, "--no-baseline", "--out", tmp_path / "run")
    assert code == 0 and "40 nodes" in text
    assert command("predict", tmp_path / "run", "--nodes", "n3", "--top", 2)[0] == 0


@pytest.mark.parametrize("arguments, sentence", [
    (("--decoder", "distmult"), "decoder = 'distmult' is not used by task = 'nodes': set task = 'links', or leave it out"),
    (("--task", "links", "--split", "1"), "split = 1 is not used by task = 'links': the seed splits the links, or "
     "split_by; leave it out"),
    (("--task", "links", "--label-smoothing", "0.1"), "label_smoothing = 0.1 is not used for links, which have no classes"),
    (("--task", "links", "--class-weights", "balanced"), "class_weights = 'balanced' is not used for links"),
    (("--task", "links", "--inductive"), "inductive = True is not used for links"),
    (("--task", "links", "--metric", "macro_f1"), "metric='macro_f1' does not judge a links task"),
    (("--task", "links", "--split-by", "time"), 'by = "time" needs times of the edges, and the graph has none'),
    (("--task", "links", "--val-share", "0.6", "--test-share", "0.5"), r"val_share \+ test_share must be below 1"),
    (("--task", "link"), "argument --task: invalid choice: 'link'"),
    (("--task", "links", "--negatives", "0"), "negatives must be an integer >= 1, got 0"),
])  # fmt: skip
def test_what_has_no_meaning_is_refused(arguments, sentence, refused, dataset):
    assert re.match(sentence, refused("train", dataset, *arguments))


def test_a_run_keeps_its_task(refused, command, dataset, tmp_path):
    command("train", dataset, *FEW[:-2], "--no-baseline", "--out", tmp_path / "run")
    for task in ("links", "regression"):
        assert "--resume goes on with the settings" in refused("train", "--resume", tmp_path / "run", "--task", task)
    assert "[links]" not in (tmp_path / "run" / "config.toml").read_text()


def test_no_config_but_of_nodes_is_made_of_no_flags():
    assert configured(RunConfig(), vars(SimpleNamespace(debug=False))) == RunConfig()
