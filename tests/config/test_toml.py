"""config.toml: what was written is read again, all of it, and anything else is refused in a sentence."""

import re
from dataclasses import fields, is_dataclass, replace

import pytest

from graphsage.config.groups import ModelConfig
from graphsage.config.link_config import LinkConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.config.toml import END, read_config, write_config

#: Every setting by another value than its default.
MODEL = ModelConfig(
    hidden_features=7, num_layers=3, aggregator="max", combine="concat", dropout=0.25, input_dropout=0.125, normalize=True,
    bias=False, init="kaiming_normal", activation="elu", norm="batch", residual=True, input_layer="linear", jumping="cat",
    relation_sum="mean", num_bases=4,
)  # fmt: skip
TRAIN = TrainConfig(
    fanouts=(4, -1, 2), relation_fanouts={"writes": (3, 0, -1), "a,\"to\",b": (1, 1, 1)}, replace=True, draw="weighted",
    isolated="self", weights="ignore", strictly_before=True, num_threads=3, batch_size=9, batches_per_epoch=8,
    epochs=6, optimizer="sgd", warmup_epochs=2, average=0.75, learning_rate=0.1 + 0.2,
    weight_decay=1e-300, decay_biases=False, schedule="step", schedule_epochs=4,
    schedule_factor=0.25, clip_norm=1.5, accumulate=5, label_smoothing=0.125, class_weights="balanced", patience=12,
    label_reuse=0.5, evaluate="sampled", evaluate_every=3, evaluate_nodes=100, correct_and_smooth=True, inductive=True,
    featureless="degrees",
    normalize_features=False, metric="macro_f1", seed=2**64 - 9, device="cuda:1", features_on="cpu", feature_dtype="bfloat16",
    precision="float16", compile=True, log_every=13, checkpoint_every=14, checkpoint_seconds=0.5, keep_checkpoints=3,
    feature_cache="12.5%",
)  # fmt: skip
EVERY = RunConfig(
    dataset='fol"der\\ é\n', split=2, preset="small", runs=3, baseline=False, tensorboard=True, model=MODEL, train=TRAIN
)
#: And those of links, which share no run with labels and a split of nodes.
LINKS = RunConfig(task="links", links=LinkConfig(relation="user,buys,item",
    decoder="distmult", link_loss="ranking", negatives=3, negatives_by="degree", corrupt="both", candidates=7, split_by="time",
    val_share=0.25, test_share=0.125, disjoint_train=0.5,
))  # fmt: skip


def settings(config):
    """{(table, name): value} of every setting."""
    found = {}
    for part in (config, config.model, config.train, *([config.links] if config.task == "links" else [])):
        plain = [field for field in fields(part) if not is_dataclass(field.default_factory)]
        found.update({(type(part).__name__, field.name): getattr(part, field.name) for field in plain})
    return found


def test_there_is_a_value_for_every_setting():
    default, changed, of_links = (settings(config) for config in (RunConfig(task="links"), EVERY, LINKS))
    same = [name for name in default if default[name] == changed.get(name, default[name])]
    assert [name for name in same if default[name] == of_links[name]] == []


@pytest.mark.parametrize(
    "config",
    [
        RunConfig(),
        EVERY,
        LINKS,
        RunConfig(train=TrainConfig(batch_size=None, optimizer="rprop", weight_decay=0.0)),
        RunConfig(train=TrainConfig(normalize_features=True, schedule="cosine")),
        RunConfig(dataset="", model=ModelConfig(num_layers=1), train=TrainConfig(fanouts=[7])),
    ],
)
def test_what_was_written_is_read(config, tmp_path):
    path = tmp_path / "config.toml"
    write_config(config, path)
    assert read_config(path) == read_config(path, whole=True) == config
    assert settings(read_config(path)) == settings(config)
    write_config(read_config(path), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("config", [RunConfig(), RunConfig(task="links")])
def test_every_setting_stands_there_with_its_meaning(config, tmp_path):
    path = tmp_path / "config.toml"
    write_config(config, path)
    lines = path.read_text(encoding="utf-8").partition("[tables]")
    lines = [*lines[0].splitlines(), *lines[2].partition("[model]")[2].splitlines()]  # tables have a task of their own
    assert config.task != "nodes" or "[links]" not in lines
    for (_, name), value in settings(config).items():
        (line,) = [line for line in lines if re.match(rf"(# )?{name} =", line)]
        assert line.startswith("# ") == (value is None) and len(line.rpartition("  # ")[2]) > 5


def test_a_setting_that_is_not_there_has_its_default(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('dataset = "cora"\n[train]\nepochs = 3\nbatch_size = "full"\n')
    assert read_config(path) == RunConfig(dataset="cora", train=TrainConfig(epochs=3, batch_size=None))
    path.write_text("")
    assert read_config(path) == RunConfig()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epochs 3", "is no TOML file: Expected '='.*line 1, column 8"),
        ("a = 1\na = 2", "is no TOML file: Cannot overwrite a value"),
        ("\ud800", "is no TOML file: 'utf-8' codec can't decode"),
        ("# 1\n\ud800", "is no TOML file: 'utf-8' codec can't decode.*, in line 2: save it as UTF-8$"),
        ("[train]\nepoch = 3", r"\[train\] epoch is no setting, did you mean epochs\?$"),
        ("[model]\nxyz = 3", r"\[model\] xyz is no setting$"),
        ("epochs = 3", "epochs is no setting$"),
        ("[training]\nepochs = 3", r"training is no setting$"),
        ("train = 3", r"\[train\] must be a table of settings, got 3$"),
        ("[train]\nepochs = 0", "epochs must be an integer >= 1, got 0$"),
        ("[train]\nepochs = 1.5", "epochs must be an integer >= 1, got 1.5$"),
        ("[train]\nfanouts = 5", "fanouts must be a list of integers, one a hop, got 5$"),
        ("[train]\nfanouts = [5]", "fanouts 5 sample 1 hops, but the model has 2 layers"),
        ('[train]\nbatch_size = "all"', "batch_size must be an integer >= 1, got 'all'$"),
        ('[model]\naggregator = "mine (user-defined)"', "aggregator must be one of mean, .*; got 'mine"),
        ('[evaluate]\nmetric = "cost (user-defined)"', "metric is cost, which was made in Python: train it there, by the"),
        ('[optimise]\noptimizer = "mine (user-defined)"', "optimizer is mine, which was made in Python: train it there"),
        ('task = "link"', "task must be one of nodes, links.*; got 'link'$"),
        ('[links]\ndecoder = "distmult"', "decoder = 'distmult' is not used by task = 'nodes': set task = 'links'"),
        ('task = "links"\nsplit = 1', "split = 1 is not used by task = 'links': the seed splits the links, or "
         "split_by; leave it out$"),
        ("baseline = 1", "baseline must be True or False, got 1$"),
        ("dataset = 3", "dataset must be text, got 3$"),
    ],
)
def test_anything_else_is_refused(text, sentence, tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}:? {sentence}") as error:
        read_config(path)
    assert "\n" not in str(error.value)


def test_the_mark_that_windows_puts_before_a_text(tmp_path):
    write_config(EVERY, tmp_path / "config.toml")
    content = (tmp_path / "config.toml").read_bytes()
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf" + content)
    assert read_config(tmp_path / "config.toml") == EVERY


@pytest.mark.parametrize("name", ["données/日", "/x\udce9"])
def test_the_name_of_a_folder_comes_back_and_the_file_is_utf_8(name, tmp_path):
    write_config(replace(RunConfig(), dataset=name), tmp_path / "config.toml")
    assert (tmp_path / "config.toml").read_bytes().decode("utf-8")
    assert read_config(tmp_path / "config.toml").dataset == name


def test_a_file_that_was_cut_off_is_no_whole_one(tmp_path):
    """Many a shorter one is good TOML; what it lacks would silently have its default."""
    path = tmp_path / "config.toml"
    write_config(EVERY, path)
    content = path.read_text(encoding="utf-8")
    assert content.endswith(END)
    for length in (0, len(content) // 2, content.index("[optimise]"), len(content) - len(END), len(content) - 1):
        path.write_text(content[:length], encoding="utf-8")
        with pytest.raises(ValueError, match=r"is truncated: its last line is not '# The last line: a file without it was cut"):
            read_config(path, whole=True)


def test_an_aggregator_of_ones_own_is_told_by_its_name(tmp_path):
    class Mine:
        pass

    path = tmp_path / "config.toml"
    write_config(replace(RunConfig(), model=ModelConfig(aggregator=Mine)), path)
    with pytest.raises(ValueError, match=r"aggregator must be one of .*; got 'Mine \(user-defined\)'$"):
        read_config(path)


def test_a_file_of_before_had_one_table_for_all_groups(tmp_path):
    """The same settings in [train], as files had them before there were groups."""
    now, before = tmp_path / "now.toml", tmp_path / "before.toml"
    write_config(EVERY, now)
    text = now.read_text(encoding="utf-8")
    for name in ("optimise", "evaluate", "save", "compute"):
        text = text.replace(f"\n[{name}]\n", "")
    before.write_text(text.replace("[sample]", "[train]"), encoding="utf-8")
    assert read_config(before, whole=True) == read_config(now, whole=True)


def test_a_setting_is_in_its_own_group_only(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[save]\nepochs = 3\n")
    with pytest.raises(ValueError, match=r"\[save\] epochs is no setting"):
        read_config(path)


def test_a_setting_in_the_old_and_the_new_table_is_refused(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[train]\nepochs = 3\n[optimise]\nepochs = 5\n")
    with pytest.raises(ValueError, match=r"epochs stands in \[train\] and in \[optimise\]: leave it in \[optimise\] only"):
        read_config(path)
    path.write_text("[train]\nepochs = 3\n[optimise]\nseed = 5\n")
    assert read_config(path).train == TrainConfig(epochs=3, seed=5)
