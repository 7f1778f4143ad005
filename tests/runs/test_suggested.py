"""Settings that fit a dataset, in Python and from the command, whose run is what its config says."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.blocks import blocks

import graphsage as gs
from graphsage.config.toml import read_config
from graphsage.runs.suggested import filled


def test_without_a_preset_the_plain_defaults_stay_with_what_is_given():
    config = gs.suggested(blocks(), preset="plain", learning_rate=0.5, num_layers=1, fanouts=(3,), seed=4)
    model, train = gs.ModelConfig(num_layers=1), gs.TrainConfig(learning_rate=0.5, fanouts=(3,), seed=4)
    assert config == gs.RunConfig(preset="plain", dataset=config.dataset, model=model, train=train)


def test_what_is_given_goes_before_the_preset():
    config = gs.suggested(blocks(), preset="small", batch_size=7)
    assert (config.preset, config.train.batch_size, config.train.epochs, config.train.patience) == ("small", 7, 100, 30)
    config = gs.suggested(blocks(), preset="heterophilous", num_layers=2)
    assert config.model.num_layers == 2 and config.train.fanouts == (10, 10) and config.model.norm == "batch"


def test_a_full_batch_gets_no_fanouts_and_no_batches():
    for preset in ("small", "heterophilous"):
        config = gs.suggested(blocks(), preset=preset, batch_size=None)
        assert config.train.batch_size is None and config.train.fanouts == (10, 10)
    assert gs.suggested(blocks(), preset="heterophilous", batch_size=None).model.num_layers == 4


def test_links_and_embeddings_keep_their_own_defaults():
    for task in ("links", "unsupervised"):
        assert gs.suggested(blocks(), task=task) == gs.RunConfig(task=task, preset="plain", dataset=blocks().name or "debian")
        with pytest.raises(ValueError, match=f"'small' is about the labels of nodes, and task = '{task}' has defaults"):
            gs.suggested(blocks(), preset="small", task=task)


def test_the_line_says_which_preset_it_is_and_why():
    few = replace(blocks(), train=blocks().train[:5])
    line = filled(gs.RunConfig(), few, "auto", ())[1]
    assert line == "Preset small: 5 training nodes (batch_size 32, epochs 100, patience 30); --preset plain for the defaults"
    assert filled(gs.RunConfig(), few, "plain", ())[1] == "Preset plain: as chosen"


def test_what_is_no_setting_no_preset_and_no_dataset_is_a_sentence():
    with pytest.raises(ValueError, match="^learning_rat is no setting, did you mean learning_rate"):
        gs.suggested(blocks(), learning_rat=1)
    with pytest.raises(ValueError, match="^preset must be one of auto, heterophilous, small, large, plain; got 'tiny'"):
        gs.suggested(blocks(), preset="tiny")
    with pytest.raises(TypeError, match="dataset must be"):
        gs.suggested("cora")
    with pytest.raises(ValueError, match="^epochs must be an integer >= 1, got 0"):
        gs.suggested(blocks(), epochs=0)


def test_a_run_of_the_command_is_what_its_config_says(command, tmp_path):
    data = "sbm:nodes=60,classes=2,homophily=0.8,seed=1"
    flags = ("--no-baseline", "--epochs", "2", "--hidden-features", "4", "--seed", "3")
    assert command("train", data, "--out", tmp_path / "a", *flags)[0] == 0
    config = read_config(tmp_path / "a" / "config.toml")
    assert config.preset == "small" and config.train.batch_size == 32 and config.train.epochs == 2
    code, out, _ = command("train", "--config", tmp_path / "a" / "config.toml", "--out", tmp_path / "b")
    assert code == 0 and "Preset small: as chosen\n" in out
    assert read_config(tmp_path / "b" / "config.toml") == config
    weights = [(tmp_path / run / "model.safetensors").read_bytes() for run in "ab"]
    assert weights[0] == weights[1] and '"preset": "small"' in (tmp_path / "a" / "result.json").read_text()
    assert "preset" in (tmp_path / "a" / "report.html").read_text()
    code, out, _ = command("train", "--resume", tmp_path / "a")
    assert code == 0 and "Preset" not in out


def test_a_file_of_ones_own_goes_before_the_preset_and_an_old_one_has_none(command, refused, tmp_path):
    file, out = tmp_path / "own.toml", tmp_path / "run"
    file.write_text('dataset = "sbm:nodes=60,classes=2,homophily=0.8"\nbaseline = false\n[optimise]\nepochs = 1\n')
    assert command("train", "--config", file, "--out", out)[0] == 0
    config = read_config(out / "config.toml")
    assert config.preset is None and config.train.batch_size == 512
    assert command("train", "--config", file, "--preset", "auto", "--out", tmp_path / "filled")[0] == 0
    config = read_config(tmp_path / "filled" / "config.toml")
    assert (config.preset, config.train.batch_size, config.train.epochs) == ("small", 32, 1)
    whole = tmp_path / "filled" / "config.toml"
    assert refused("train", "--config", whole, "--preset", "large") == (
        f"--preset large would change nothing, as {whole} names every setting: leave one out"
    )
    assert "goes on with the settings" in refused("train", "--resume", tmp_path / "filled", "--preset", "large")


def test_depth_and_fanouts_say_what_the_other_is():
    data = blocks()
    assert gs.suggested(data, num_layers=3).train.fanouts == (10, 10, 10)
    assert gs.suggested(data, fanouts=(4, 3, 2)).model.num_layers == 3


def test_degrees_stand_for_features_where_neighbours_are_unlike_and_nothing_hides_edges():
    data = blocks(train=np.arange(199), val=[], test=[], features=gs.SparseFeatures.identity(200))
    assert gs.suggested(data).train.featureless == "identity"  # alike
    labels = np.append(np.random.default_rng(7).integers(0, 2, 199), -1)
    unlike = replace(data, labels=labels, train=np.arange(199))
    config = gs.suggested(unlike)
    assert (config.preset, config.train.featureless) == ("large", "degrees")  # 199 train, for 23 columns
    bigger = gs.NodeDataset(graph=gs.Graph.from_edges(np.arange(399), np.arange(1, 400), 400, undirected=True),
                            features=gs.SparseFeatures.identity(400), labels=np.arange(400) // 2 % 2 ^ np.arange(400) % 2,
                            train=np.arange(300), val=[], test=[])  # fmt: skip
    config = gs.suggested(bigger)
    assert (config.preset, config.train.featureless) == ("heterophilous", "degrees")
    assert gs.suggested(bigger, featureless="degrees").preset == "heterophilous"
    assert gs.suggested(bigger, featureless="identity").preset == "large"
    for given in ({"featureless": "identity"}, {"inductive": True}, {"preset": "plain"}):
        assert gs.suggested(bigger, **given).train.featureless == "identity"
    timed = gs.suggested(replace(bigger, graph=_timed(bigger.graph), times=np.arange(400)))
    assert (timed.preset, timed.train.featureless) == ("large", "identity")


def _timed(graph):
    src, dst = graph.to_edges()
    return gs.Graph.from_edges(src, dst, 400, times=np.arange(len(src)))
