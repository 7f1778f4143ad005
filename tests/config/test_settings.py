"""Configuration: every default once, every cross-check, and no field that could be ignored in silence."""

import inspect
import pydoc
import re
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from graphsage.config.groups import AGGREGATORS, INITS, METRICS, OPTIMIZERS, ModelConfig, SampleConfig
from graphsage.config.options import options_of
from graphsage.config.settings import GROUPS, RunConfig, TrainConfig
from graphsage.config.toml import read_config, write_config
from graphsage.nn.model import GraphSAGE
from graphsage.sampling.neighbor import NeighborSampler

CONFIGS = [ModelConfig, SampleConfig, TrainConfig, RunConfig]


@pytest.mark.parametrize("config", CONFIGS)
def test_configs_are_frozen_keyword_only_and_comparable(config):
    assert config() == config() and hash(config()) == hash(config())
    with pytest.raises(FrozenInstanceError):
        setattr(config(), fields(config)[0].name, 1)
    with pytest.raises(TypeError):
        config(1)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_plain_field_has_a_help_text(config):
    for field in fields(config):
        if field.name not in ("tables", "model", "train", "links", "walks"):
            assert len(field.metadata["help"]) > 5, field.name


def test_choices_of_the_flags_are_the_options_of_the_check():
    for config in (ModelConfig, SampleConfig, TrainConfig):
        for field in fields(config):
            for choice in field.metadata.get("choices", ()):
                extra = {"batch_size": None} if choice == "rprop" else {}
                assert getattr(config(**{field.name: choice}, **extra), field.name) == choice
    assert (len(AGGREGATORS), len(INITS), len(OPTIMIZERS)) == (10, 2, 4)


def test_defaults_of_the_samplers_signature_are_the_configs():
    parameters = inspect.signature(NeighborSampler).parameters
    shared = {field.name for field in fields(SampleConfig)} - {"relation_fanouts"}  # which a sampler takes as ``fanouts``
    assert shared <= parameters.keys()
    for name in shared:
        assert parameters[name].default == getattr(SampleConfig, name)
    assert parameters["seed"].default == TrainConfig.seed


def test_defaults_of_the_model_are_the_configs():
    parameters = inspect.signature(GraphSAGE).parameters
    for field in fields(ModelConfig):
        if field.name in parameters and field.name not in ("hidden_features", "dropout"):  # one required, one by mode
            assert parameters[field.name].default == field.default, field.name


def test_fanouts_become_a_tuple():
    assert SampleConfig(fanouts=[3, -1]).fanouts == (3, -1)
    assert TrainConfig(fanouts=[3, -1]) == TrainConfig(fanouts=(3, -1))


@pytest.mark.parametrize(
    ("given", "kept"),
    [(None, None), (4096, 4096), ("4096", 4096), ("2GB", 2_000_000_000), ("1.5 GiB", 3 * 2**29), ("10.0 %", "10%")],
)
def test_a_feature_cache_is_bytes_or_a_share(given, kept):
    assert TrainConfig(feature_cache=given).feature_cache == kept


def test_fanouts_of_relations_are_a_dict_or_a_text():
    named = {"writes": (10, -1), "paper,cites,paper": (5, 0)}
    assert SampleConfig(relation_fanouts="writes=10,-1; paper,cites,paper = 5,0").relation_fanouts == named
    assert SampleConfig(relation_fanouts={("a", "to", "b"): (3, 1)}).relation_fanouts == {"a,to,b": (3, 1)}
    assert TrainConfig(relation_fanouts={name: list(hops) for name, hops in named.items()}).relation_fanouts == named


def not_a_count(config, name, least, *values):
    return [(config, name, value, f"{name} must be an integer >= {least}, got {value!r}") for value in values]


REFUSED = [
    *not_a_count(ModelConfig, "hidden_features", 1, 0, -1, 1.5, "2", None, True),
    *not_a_count(ModelConfig, "num_layers", 1, 0, 2.0, "2", None, True),
    *not_a_count(TrainConfig, "epochs", 1, 0, 1.5, "2", None, True),
    *not_a_count(TrainConfig, "batch_size", 1, 0, -1, 512.0, "full", True),
    *not_a_count(TrainConfig, "batches_per_epoch", 1, 0, -1, 20.0, "20", True),
    *not_a_count(SampleConfig, "num_threads", 0, -1, 1.5, "2", True),
    *not_a_count(TrainConfig, "log_every", 0, -1, 1.5, "2", None, True),
    *not_a_count(TrainConfig, "seed", 0, -1, 1.5, "2", None, True),
    (TrainConfig, "seed", 2**64, "seed must be below 2^64, got 18446744073709551616"),
    (TrainConfig, "device", 3, "device must be text, got 3"),
    (TrainConfig, "features_on", "gpu", "features_on must be one of auto, cpu, device; got 'gpu'"),
    (TrainConfig, "feature_dtype", "float16", "feature_dtype must be one of float32, bfloat16; got 'float16'"),
    *[(TrainConfig, "feature_cache", value, "feature_cache must be a size such as 2GB, or a share of the features such as 10%; "
       f"got {value!r}") for value in (0, -1, 1.5, True, "", "%", "0%", "101%", "nan%", "2 elephants", b"2GB", ())],
    (TrainConfig, "precision", "float64", "precision must be one of float32, bfloat16, float16; got 'float64'"),
    *[(RunConfig, "split", value, f"split must be an integer >= 0, or 'time'; got {value!r}")
      for value in (-1, 1.5, "2", True)],
    *[(ModelConfig, name, value, f"{name} must be in [0, 1), got {value!r}") for name in ("dropout", "input_dropout")
      for value in (-0.1, 1, 1.0, float("nan"), "0.5", True)],
    (ModelConfig, "input_dropout", None, "input_dropout must be in [0, 1), got None"),
    *[(TrainConfig, "learning_rate", value, f"learning_rate must be > 0 and finite, got {value!r}")
      for value in (0, -1.0, float("nan"), float("inf"), "0.1", None, True)],
    *[(TrainConfig, "weight_decay", value, f"weight_decay must be >= 0 and finite, got {value!r}")
      for value in (-1e-9, float("nan"), float("inf"), "0.1")],
    *[(config, name, value, f"{name} must be True or False, got {value!r}")
      for config, name in ((ModelConfig, "normalize"), (ModelConfig, "bias"), (ModelConfig, "residual"),
                           (SampleConfig, "replace"), (TrainConfig, "normalize_features")) for value in ("no", 1)],
    (ModelConfig, "aggregator", "median",
     "aggregator must be one of mean, sum, max, gcn, mean_pool, max_pool, lstm, attention, std, pna; got 'median'"),
    (ModelConfig, "combine", "add", "combine must be one of sum, concat; got 'add'"),
    (ModelConfig, "activation", "tanh", "activation must be one of relu, gelu, elu; got 'tanh'"),
    (ModelConfig, "norm", "graph", "norm must be one of none, layer, batch; got 'graph'"),
    (ModelConfig, "norm", None, "norm must be one of none, layer, batch; got None"),
    (ModelConfig, "input_layer", True, "input_layer must be one of none, linear, active; got True"),
    (ModelConfig, "jumping", "lstm", "jumping must be one of last, cat, max; got 'lstm'"),
    (ModelConfig, "init", None, "init must be one of kaiming_uniform, kaiming_normal; got None"),
    *not_a_count(TrainConfig, "warmup_epochs", 0, -1, 1.5, "2", None, True),
    *[(TrainConfig, "average", value, f"average must be in [0, 1), got {value!r}") for value in (-0.1, 1, None, "0.9")],
    (SampleConfig, "isolated", "drop", "isolated must be one of empty, self; got 'drop'"),
    (TrainConfig, "metric", "f1", f"metric must be one of {', '.join(METRICS)}; got 'f1'"),
    (TrainConfig, "optimizer", "Adam", "optimizer must be one of adam, adamw, sgd, rprop; got 'Adam'"),
    (SampleConfig, "fanouts", "10,10", "fanouts must be a list of integers, one a hop, got '10,10'"),
    (SampleConfig, "fanouts", 10, "fanouts must be a list of integers, one a hop, got 10"),
    (SampleConfig, "fanouts", None, "fanouts must be a list of integers, one a hop, got None"),
    (SampleConfig, "fanouts", (), "fanouts is empty: give one number of neighbours a hop"),
    (SampleConfig, "fanouts", (10, 0), "fanouts[1] must be an integer >= 1 and < 2^31, or -1 for all; got 0"),
    (TrainConfig, "fanouts", (-2, 3), "fanouts[0] must be an integer >= 1 and < 2^31, or -1 for all; got -2"),
    *[(SampleConfig, "relation_fanouts", value,
       f"relation_fanouts must be {{relation: numbers, one a hop}}, or 'writes=10,5; cites=5,0'; got {told}")
      for value, told in ((5, "5"), ({}, "{}"), ("", "''"), ("a:5,5", "'a:5,5'"), ("a=5,5,b=1,1", "'a=5,5,b=1,1'"))],
    (SampleConfig, "relation_fanouts", {3: (5, 5)}, "relation_fanouts must be {relation: numbers, one a hop}, or "
     "'writes=10,5; cites=5,0'; got the name 3"),
    *[(SampleConfig, "relation_fanouts", value,
       f"relation_fanouts: writes must have integers, one a hop: 0 draws none, -1 all; got {told}")
      for value, told in (({"writes": (1.5, 2)}, "(1.5, 2)"), ({"writes": 5}, "5"), ("writes=5,x", "['5', 'x']"),
                          ({"writes": (-2, 1)}, "(-2, 1)"), ({"writes": ()}, "()"))],
    (SampleConfig, "relation_fanouts", "writes=5", "relation_fanouts: writes=5 must have 2 numbers, as fanouts has"),
    (SampleConfig, "fanouts", (1.0,), "fanouts[0] must be an integer >= 1 and < 2^31, or -1 for all; got 1.0"),
]


@pytest.mark.parametrize("config, name, value, text", REFUSED, ids=[f"{r[1]}={r[2]!r}" for r in REFUSED])
def test_bad_values(config, name, value, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        config(**{name: value})


def test_an_unknown_field_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'fan_outs'"):
        TrainConfig(fan_outs=(5, 5))


# ---- fields that would be ignored

FULL = {"batch_size": None}
IN_FULL = "is not used in a full batch: leave it out, or set batch_size"
IGNORED = [
    ({**FULL, "fanouts": (5, 5)}, f"fanouts = (5, 5) {IN_FULL}"),
    ({**FULL, "replace": True}, f"replace = True {IN_FULL}"),
    ({**FULL, "relation_fanouts": "to=3,3"}, f"relation_fanouts = {{'to': (3, 3)}} {IN_FULL}"),
    ({**FULL, "batches_per_epoch": 3}, f"batches_per_epoch = 3 {IN_FULL}"),
    ({"optimizer": "rprop"}, "optimizer='rprop' follows the signs of full gradients: use it with batch_size=None"),
    ({**FULL, "optimizer": "rprop", "weight_decay": 0.1},
     "weight_decay = 0.1 is not used by optimizer='rprop': leave it out"),
    ({**FULL, "optimizer": "rprop", "clip_norm": 1.0},
     "clip_norm = 1.0 is not used by optimizer='rprop', which looks at signs"),
    ({"fanouts": (-1, -1), "replace": True}, "replace = True is not used where every fanout is -1 (all neighbours)"),
]


@pytest.mark.parametrize("settings, text", IGNORED, ids=[" ".join(case[0]) for case in IGNORED])
def test_a_field_that_would_be_ignored_is_an_error(settings, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        TrainConfig(**settings)


def test_concat_is_refused_for_gcn():
    with pytest.raises(ValueError, match="combine='concat' is not used with aggregator='gcn', which has one matrix"):
        ModelConfig(aggregator="gcn", combine="concat")


def test_a_warm_up_must_end():
    with pytest.raises(ValueError, match="^warmup_epochs must be below epochs = 4, as the learning rate would not be reached"):
        TrainConfig(epochs=4, warmup_epochs=4)
    with pytest.raises(ValueError, match="^warmup_epochs = 2 is not used by optimizer='rprop', which finds its own step sizes"):
        TrainConfig(batch_size=None, optimizer="rprop", warmup_epochs=2)
    assert TrainConfig(epochs=4, warmup_epochs=3).warmup_epochs == 3


def test_neighbours_of_what_is_refused_pass():
    TrainConfig(batch_size=None, fanouts=TrainConfig.fanouts, batches_per_epoch=None)
    TrainConfig(batch_size=None, optimizer="rprop", weight_decay=0)
    TrainConfig(batch_size=None, optimizer="rprop", weight_decay=5e-4)  # as files of before have it, which say every setting
    TrainConfig(batch_size=1, batches_per_epoch=3, replace=True, fanouts=(-1, 5), seed=2**64 - 1, num_threads=0)
    ModelConfig(dropout=0, input_dropout=0.99, aggregator="gcn")
    TrainConfig(learning_rate=1, weight_decay=0, normalize_features=False)


# ---- the whole run

def test_depth_and_fanouts_must_fit():
    with pytest.raises(ValueError, match="^fanouts 10,10 sample 2 hops, but the model has 3 layers: give one a layer$"):
        RunConfig(model=ModelConfig(num_layers=3))
    with pytest.raises(ValueError, match="^fanouts 5,-1,5 sample 3 hops, but the model has 2 layers"):
        RunConfig(train=TrainConfig(fanouts=(5, -1, 5)))
    RunConfig(model=ModelConfig(num_layers=3), train=TrainConfig(fanouts=(5, 5, 5)))
    RunConfig(model=ModelConfig(num_layers=3), train=TrainConfig(batch_size=None))  # no fanouts in a full batch


def test_dropout_depends_on_the_mode_unless_set():
    full, sampled = TrainConfig(batch_size=None), TrainConfig()
    assert (RunConfig(train=full).dropout, RunConfig(train=sampled).dropout) == (0.0, 0.5)
    for train in (full, sampled):
        assert RunConfig(model=ModelConfig(dropout=0.2), train=train).dropout == 0.2
        assert RunConfig(model=ModelConfig(dropout=0), train=train).dropout == 0


def test_replace_checks_again():
    with pytest.raises(ValueError, match="is not used in a full batch"):
        replace(TrainConfig(fanouts=(3, 3)), batch_size=None)


def test_a_file_gives_back_every_setting(tmp_path):
    """A name in any script, too: what JSON escapes as two halves of a character is no TOML."""
    train = TrainConfig(fanouts=(5, -1), learning_rate=1e-5, patience=3, normalize_features=False, seed=2**63)
    config = RunConfig(dataset='/data/"граф" \U0001f578\t', split=2, model=ModelConfig(dropout=0.1), train=train)
    write_config(config, tmp_path / "config.toml")
    assert read_config(tmp_path / "config.toml") == config
    write_config(RunConfig(train=TrainConfig(batch_size=None)), tmp_path / "config.toml")
    assert read_config(tmp_path / "config.toml").train.batch_size is None


@pytest.mark.parametrize("kind", [ModelConfig, SampleConfig, TrainConfig, RunConfig])
def test_help_lists_every_setting(kind):
    """With its default, its meaning and what it may be."""
    text = pydoc.render_doc(kind, renderer=pydoc.plaintext)
    for f in options_of(kind):
        assert f"{f.name} (default: {f.default!r}): {f.metadata['help']}" in text
        assert ", ".join(f.metadata.get("choices", ())) in text
    assert "learning_rate (default: 0.01): step size of the optimizer [> 0 and finite]" in TrainConfig.__doc__


def test_the_groups_are_a_trainings_settings():
    """Each setting in one of them."""
    names = [f.name for kind in GROUPS.values() for f in options_of(kind)]
    assert sorted(names) == sorted(f.name for f in options_of(TrainConfig)) and len(set(names)) == len(names)
