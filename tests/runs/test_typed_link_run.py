"""A run on links between types: its folder and report, exact resume, and the command from training to partners."""

import csv
import json
import re

import numpy as np
import pytest
import torch
from helpers.typed_links import BUYS, SIZES, encoder_of, pairs_of, shop, sold, trainer_of

import graphsage as gs
from graphsage.base import progress as cli_progress
from graphsage.config.settings import RunConfig
from graphsage.runs.checkpoint import CheckpointError
from graphsage.runs.run import make_trainer

FEW = ("--epochs", 1, "--hidden-features", 8, "--fanouts", "3,3", "--device", "cpu", "--num-threads", 0, "--candidates", 10)
NAMES = {kind: np.array([f"{kind[0]}{v}" for v in range(SIZES[kind])], object) for kind in ("user", "item")}


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """No progress, however busy the machine is."""
    monkeypatch.setattr(cli_progress, "PATIENCE", 1e9)


class Stop(Exception):
    """In place of a crash."""


class StopAfter:
    """A crash after so many updates."""

    def __init__(self, updates):
        self.left = updates

    def on_step(self, trainer, step):
        self.left -= 1
        if not self.left:
            raise Stop


def test_a_training_that_was_cut_ends_as_one_that_was_not(tmp_path):
    often, data = {"checkpoint_every": 2, "checkpoint_seconds": 0}, sold()
    whole = trainer_of(data, folder=tmp_path / "whole", **often)
    expected = whole.fit().test_scores
    with pytest.raises(Stop):
        trainer_of(data, folder=tmp_path / "cut", callbacks=[StopAfter(8)], **often).fit()
    again = trainer_of(data, folder=tmp_path / "cut", **often)
    again.resume()
    assert again.fit().test_scores == expected
    weights = again.model.state_dict()
    assert all(torch.equal(weight, weights[name]) for name, weight in whole.model.state_dict().items())
    with pytest.raises(CheckpointError, match="is of a training with another dataset: .*links checksum"):
        trainer_of(sold(seed=9), folder=tmp_path / "cut", **often).resume()


def test_a_folder_of_a_trainer(tmp_path):
    data = sold()
    trainer = trainer_of(data, folder=tmp_path, epochs=1)
    trainer.fit()
    trained = gs.load_trained(tmp_path)
    np.testing.assert_allclose(trained.evaluate(data)["test"]["mrr"], trainer.evaluate(data.test)[0], atol=1e-6)
    page = (tmp_path / "report.html").read_text()
    assert "Surest pairs" in page and "hits@10" in page and "rev_buys" in page
    assert json.loads((tmp_path / "result.json").read_text())
    assert "user,buys,item" in page


def test_an_encoder_of_the_settings():
    config = RunConfig(dataset="shop", task="links")
    with pytest.raises(ValueError, match="relation must say which links are asked about"):
        make_trainer(config, shop(), log=None)
    data = sold()
    trainer = make_trainer(config, data, log=None)
    assert trainer.model.encoder.targets == data.ends and trainer.model.decoder.directed


@pytest.fixture
def file(tmp_path):
    shop(node_ids=NAMES).save(tmp_path / "shop.npz")
    return tmp_path / "shop.npz"


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_from_the_command_line(command, file, tmp_path):
    out = tmp_path / "run"
    code, text, err = command("train", file, "--task", "links", "--relation", "buys", *FEW, "--out", out)
    assert (code, err) == (0, "")
    assert "links user buys item: " in text and "Comparing with popularity (item degree) and common neighbours" in text
    for name in ("popularity (item degree)", "common neighbours (paths of three)", "features only", "GraphSAGE"):
        assert re.search(rf"^  {re.escape(name)}  .* %$", text, re.MULTILINE)
    assert f"Done already, in {out}\n" in command("train", "--resume", out)[1]
    page = (out / "report.html").read_text()
    assert "popularity (item degree)" in page and re.search(r">u\d+</t[hd]>\s*<td[^>]*>i\d+</td>", page)

    code, text, _ = command("predict", out, "--nodes", "u3,u0", "--top", 3)
    found, bought = rows_of(out / "predict.csv"), {f"i{item}" for user, item in pairs_of(shop().graph) if user == 3}
    assert code == 0 and [row["node"] for row in found] == ["u3"] * 3 + ["u0"] * 3 and "left out" in text
    assert not bought & {row["partner"] for row in found[:3]} and all(row["partner"][0] == "i" for row in found)

    assert command("evaluate", out)[0] == 0
    code, text, _ = command("embed", out)
    assert code == 0 and np.load(out / "embed.user.npy").shape == (60, 8) and np.load(out / "embed.item.npy").shape == (40, 8)


def test_a_table_of_pairs(command, file, tmp_path):
    pytest.importorskip("pyarrow")
    out, flags = tmp_path / "run", ("--relation", "user,buys,item", "--no-baseline")
    assert command("train", file, "--task", "links", *flags, *FEW, "--out", out)[0] == 0
    (tmp_path / "pairs.csv").write_text("source,target\nu3,i0\nu59,i39\n")
    assert command("predict", out, "--pairs", tmp_path / "pairs.csv")[0] == 0
    trained, found = gs.load_trained(out), rows_of(out / "predict.csv")
    expected = trained.score(gs.load_dataset(file), [[3, 0], [59, 39]])
    assert [float(row["probability"]) for row in found] == pytest.approx(expected.tolist(), abs=1e-6)
    assert [(row["source"], row["target"]) for row in found] == [("u3", "i0"), ("u59", "i39")]
    (tmp_path / "pairs.csv").write_text("source,target\nu3,u4\n")
    code, _, err = command("predict", out, "--pairs", tmp_path / "pairs.csv")
    assert code == 2 and "target is 'u4', which is not a node of type item of shop" in err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ((), "relation must say which links are asked about, as 'source,name,target'; there are user,buys,item"),
        (("--relation", "sells"), "relation = 'sells' names no relation of the graph; there are user,buys,item"),
        (("--relation", "user,buys"), "must be 'source,name,target', or a name, got 'user,buys'"),
    ],
)
def test_refused(command, file, flags, sentence):
    code, _, err = command("train", file, "--task", "links", *flags, *FEW)
    assert code == 2 and sentence in err


def test_other_tasks_have_no_relation(command, file):
    code, _, err = command("train", file, "--relation", "buys", *FEW)
    assert code == 2 and "relation = 'buys' is not used by task = 'nodes'" in err
    assert encoder_of(sold()).targets == ("user", "item") and BUYS[1] == "buys"
