"""What a search tries: which settings fit, and the command line that trains by what was found."""

import shlex
from dataclasses import fields, replace

import pytest
from helpers.blocks import blocks, configured
from helpers.links import link_config, linked, split_of

from graphsage.cli.main import _parser
from graphsage.cli.train import configured as of_flags
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.config.table_config import TableConfig
from graphsage.graph.graph import Graph
from graphsage.runs.search_lines import command_of
from graphsage.runs.search_space import SPACE, space_for, start_of, with_values

DATA = blocks()
FULL = replace(RunConfig(), train=TrainConfig(batch_size=None))
RPROP = replace(FULL, train=TrainConfig(batch_size=None, optimizer="rprop"))
ODD = {"bias": False, "residual": True}
PLAIN = RunConfig()


def weighted():
    edges = DATA.graph.to_edges()
    return replace(DATA, graph=Graph.from_edges(*edges, DATA.num_nodes, weights=[1.0 + (u + v) % 3 for u, v in zip(*edges)]))


def test_each_row_of_the_table_is_a_setting_with_values_and_a_reason():
    known = {field.name for kind in (ModelConfig, TrainConfig) for field in fields(kind)}
    for name, searched in SPACE.items():
        assert name in known and len(set(searched.values)) == len(searched.values) > 1 and searched.reason


def test_the_space_holds_the_start_first():
    space = space_for(PLAIN, DATA)
    assert {name: values[0] for name, values in space.items()} == start_of(PLAIN, space, DATA.task)
    assert space["dropout"][0] == 0.5 and space["weight_decay"][0] == 5e-4 and space["fanouts"][0] == "10,10"
    assert space["hidden_features"] == [128, 32, 64, 256]
    assert with_values(PLAIN, start_of(PLAIN, space, DATA.task)).train.fanouts == PLAIN.train.fanouts


@pytest.mark.parametrize(
    ("config", "data", "absent"),
    [
        (PLAIN, DATA, {"draw"}),
        (FULL, DATA, {"draw", "fanouts", "batch_size"}),
        (RPROP, DATA, {"draw", "fanouts", "batch_size", "weight_decay"}),
        (replace(PLAIN, train=TrainConfig(weights="ignore")), weighted(), set()),
        (replace(PLAIN, train=TrainConfig(draw="labor", weights="ignore")), weighted(), {"draw"}),
        (link_config(), split_of(link_config(), linked()), {"draw"}),
    ],
)
def test_what_does_not_fit_is_left_out(config, data, absent):
    assert SPACE.keys() - space_for(config, data).keys() == absent


def test_values_that_cannot_be_are_left_out():
    assert space_for(PLAIN, DATA)["batch_size"] == [512, 32]  # 40 nodes to train on
    concat = replace(PLAIN, model=ModelConfig(combine="concat"))
    assert "gcn" not in space_for(concat, DATA)["aggregator"] and "gcn" in space_for(PLAIN, DATA)["aggregator"]


def test_a_trial_of_uniform_draws_ignores_the_weights():
    config = replace(PLAIN, train=TrainConfig(draw="weighted"))
    assert with_values(config, {"draw": "uniform"}).train.weights == "ignore"
    assert with_values(config, {"draw": "weighted"}).train.weights == "auto"


def test_the_default_of_weight_decay_is_that_of_the_task():
    assert start_of(link_config(), ["weight_decay", "dropout"], None) == {"weight_decay": 0.0, "dropout": 0.0}
    assert start_of(PLAIN, ["weight_decay"], "multilabel") == {"weight_decay": 0.0}


@pytest.mark.parametrize(
    ("space", "error", "text"),
    [
        ("dropout", TypeError, "space must be names of settings, or a dict of their values; got 'dropout'"),
        (3, TypeError, "space must be names of settings"),
        (["drop"], ValueError, "space: drop is no setting"),
        (["learning_rates"], ValueError, "did you mean learning_rate"),
        ([3], ValueError, "space: 3 is no setting"),
        (["epochs"], ValueError, r"space: epochs needs its values, as \{'epochs': \[...\]\}; without are learning_rate"),
        ({"dropout": 0.5}, TypeError, "space: the values of dropout must be a list, got 0.5"),
        ({"norm": "layer"}, TypeError, "space: the values of norm must be a list, got 'layer'"),
        ({"norm": [None]}, ValueError, "space: a value of norm must be a number, a text, or True or False; got None"),
        ({"norm": ["best"]}, ValueError, "norm must be one of none, layer, batch; got 'best'"),
        ({"fanouts": ["a,b"]}, ValueError, "space: fanouts must be integers with commas between, got 'a,b'"),
        ({"fanouts": [0.5]}, ValueError, "space: fanouts must be integers with commas between, got 0.5"),
        ({"seed": [1, 2]}, ValueError, "space: seed is not searched, which is the same in all trials"),
        ({"num_layers": [1, 2]}, ValueError, "space: num_layers is not searched, as fanouts say how many layers there are"),
        ({"dropout": [0.5]}, ValueError, "nothing is left to search"),
        ([], ValueError, "nothing is left to search"),
        (["draw"], ValueError, "nothing is left to search"),
    ],
)
def test_a_wrong_space_is_a_sentence(space, error, text):
    with pytest.raises(error, match=text):
        space_for(PLAIN, DATA, space)


@pytest.mark.parametrize(
    "config",
    [
        PLAIN,
        FULL,
        link_config(links={"decoder": "dot"}),
        replace(configured(ODD, weight_decay=0.0, draw="labor"), dataset="a folder", baseline=False),
    ],
)
def test_the_command_line_trains_by_the_same_settings(config):
    command = shlex.split(command_of(config))
    options = vars(_parser().parse_args(command[1:]))
    assert options.pop("preset", "plain") == "plain"
    assert of_flags(RunConfig(), options) == config


def test_an_optimizer_of_the_callers_own_has_its_own_rate_and_decay():
    space = space_for(replace(PLAIN, train=TrainConfig(optimizer=lambda parameters: None)), DATA)
    assert "dropout" in space and not {"learning_rate", "weight_decay"} & space.keys()


def test_class_weights_are_searched_as_numbers():
    space = space_for(replace(PLAIN, train=TrainConfig(class_weights=(1, 2))), DATA, {"class_weights": ["none", (3, 1)]})
    tried = [with_values(PLAIN, {"class_weights": value}).train.class_weights for value in space["class_weights"]]
    assert tried == [(1.0, 2.0), "none", (3.0, 1.0)]


def test_the_command_of_tables_says_nothing_of_empty_lists():
    config = replace(PLAIN, tables=TableConfig(category=(), missing=(), drop=("age",), words=1000))
    command = command_of(config)
    assert command == "graphsage train debian --preset plain --drop age --words 1000"
    _parser().parse_args(shlex.split(command)[1:])
