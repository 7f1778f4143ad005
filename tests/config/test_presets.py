"""The table of presets: every rule is a setting that holds, and none speaks where it would contradict what is given."""

import re
from dataclasses import replace

import pytest

from graphsage.config.presets import HETEROPHILOUS, PRESETS, Rule, Traits, chosen, settings_of
from graphsage.config.settings import RunConfig
from graphsage.config.settings_by_name import with_settings

MANY = Traits(task="multiclass", num_train=6_344, num_features=2_000, homophily=0.43)
FEW = Traits(task="multiclass", num_train=140, num_features=1_433)
UNLIKE = Traits(task="multiclass", num_train=5_000, num_features=7, homophily=0.01)
#: What a user might set, each alone; batch_size None is a full batch, of which the rules never see the fanouts.
GIVEN = [
    {"num_layers": 3, "fanouts": (5, 5, 5)}, {"fanouts": (3, 2)}, {"epochs": 3}, {"optimizer": "sgd"},
    {"batches_per_epoch": 2, "batch_size": 16}, {"schedule": "plateau"}, {"schedule": "cosine"}, {"warmup_epochs": 5},
    {"normalize": True}, {"weight_decay": 0.1}, {"patience": 2}, {"aggregator": "lstm"}, {"accumulate": 2},
]  # fmt: skip


@pytest.mark.parametrize(("traits", "name", "why"), [
    (MANY, "large", "6,344 training nodes"),
    (FEW, "small", "140 training nodes"),
    (UNLIKE, "heterophilous", "homophily of the training labels 0.01, 5,000 training nodes for 7 features"),
    (replace(UNLIKE, num_train=69), "large", "homophily of the training labels 0.01, 69 training nodes for 7 features"),
    (replace(UNLIKE, num_train=70, homophily=0.25), "small", "70 training nodes"),
    (replace(UNLIKE, num_train=70, homophily=-0.24), "heterophilous",
     "homophily of the training labels -0.24, 70 training nodes for 7 features"),
    (Traits(task="regression", num_train=1_000, num_features=3), "small", "1,000 training nodes"),
    (Traits(task="multilabel", num_train=1_001, num_features=3), "large", "1,001 training nodes"),
])  # fmt: skip
def test_which_preset_is_taken_and_why(traits, name, why):
    assert chosen(traits) == (name, why)


@pytest.mark.parametrize("given", [{}, *GIVEN], ids=str)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_gives_settings_that_hold_beside_what_is_given(preset, given):
    for traits in (MANY, FEW, UNLIKE, Traits(task="regression", num_train=0, num_features=1)):
        taken = settings_of(preset, traits, given)
        assert taken.keys().isdisjoint(given)
        with_settings(with_settings(RunConfig(), taken | given), {})  # refuses what does not fit together


def test_what_hangs_together_is_left_alone_together():
    assert settings_of("heterophilous", UNLIKE, {"fanouts"}).keys().isdisjoint({"num_layers", "fanouts"})
    assert settings_of("small", FEW, {"epochs"}).keys() == {"batch_size"}
    assert settings_of("small", FEW, {"batches_per_epoch"}) == {}
    assert settings_of("large", MANY, {"optimizer"}) == {}


def test_layer_norm_is_for_several_types_alone():
    typed = replace(FEW, typed=True)
    assert settings_of("small", typed)["norm"] == "layer" and "norm" not in settings_of("small", FEW)
    assert "norm" not in settings_of("small", typed, {"normalize"})
    assert settings_of("large", replace(MANY, typed=True))["norm"] == "layer"


def test_weight_decay_is_that_of_one_class_a_node():
    for task in ("multilabel", "regression"):
        traits = Traits(task=task, num_train=6_344, num_features=9)
        assert settings_of("large", traits) == {} and "weight_decay" not in settings_of("heterophilous", traits)


def test_batches_of_few_nodes_are_an_eighth_and_at_least_32():
    sizes = {n: settings_of("small", replace(FEW, num_train=n))["batch_size"] for n in (0, 140, 800)}
    assert sizes == {0: 32, 140: 32, 800: 100}


def test_the_page_on_choosing_has_the_table(checkout):
    page = (checkout / "docs" / "choosing.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `(\w+)` \| (.+?) \|$", page, re.M)
    assert found == [(name, preset.when) for name, preset in PRESETS.items()]
    lines = re.findall(r"^\| (\w+) \| `--([\w-]+)` \| (.+?) \| (.+?) \|$", page, re.M)
    table = [(name, rule) for name, preset in PRESETS.items() for rule in preset.rules]
    assert [line[:2] + line[3:] for line in lines] == [
        (name, rule.setting.replace("_", "-"), rule.reason) for name, rule in table
    ]
    assert [line[2] for line in lines] == [_value(rule) for _, rule in table]


def _value(rule: Rule):
    if callable(rule.value):
        return "an eighth of the training nodes, at least 32"
    return ",".join(map(str, rule.value)) if isinstance(rule.value, tuple) else str(rule.value)


def test_each_rule_has_a_reason_and_each_preset_sets_a_thing_once():
    for preset in PRESETS.values():
        names = [rule.setting for rule in preset.rules]
        assert len(names) == len(set(names)) and all(rule.reason for rule in preset.rules)
    assert HETEROPHILOUS.rules


def test_degrees_are_for_unlike_neighbours_without_features_alone():
    bare = replace(UNLIKE, featureless=True)
    for preset in ("heterophilous", "large"):
        assert settings_of(preset, bare)["featureless"] == "degrees"
        assert settings_of(preset, bare, {"featureless"}).keys().isdisjoint({"featureless"})
        for traits in (UNLIKE, replace(bare, homophily=None), replace(bare, homophily=0.25)):
            assert "featureless" not in settings_of(preset, traits)
    assert "featureless" not in settings_of("small", bare)
