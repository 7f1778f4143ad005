"""Settings by their names alone find the group that they belong to."""

from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.config.settings_by_name import with_settings
from graphsage.config.table_config import TableConfig


def test_settings_go_into_their_groups_and_the_rest_stays():
    base = RunConfig(runs=3, model=ModelConfig(hidden_features=7))
    config = with_settings(base, {"num_layers": 1, "fanouts": (4,), "epochs": 2, "split": 1, "words": 9, "out": "no setting"})
    assert config == RunConfig(
        runs=3, split=1, model=ModelConfig(hidden_features=7, num_layers=1), train=TrainConfig(fanouts=(4,), epochs=2),
        tables=TableConfig(words=9),
    )  # fmt: skip


def test_a_task_is_what_is_learned_or_what_the_label_is():
    assert with_settings(RunConfig(), {"task": "links"}) == RunConfig(task="links")
    assert with_settings(RunConfig(task="links"), {"task": "regression"}) == RunConfig(tables=TableConfig(task="regression"))
