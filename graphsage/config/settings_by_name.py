"""Settings by their names alone, as flags have them, into the groups of a RunConfig."""

from dataclasses import fields, replace

from graphsage.config.groups import ModelConfig
from graphsage.config.link_config import LinkConfig
from graphsage.config.options import options_of
from graphsage.config.settings import LEARNED, RunConfig, TrainConfig
from graphsage.config.table_config import TASKS, TableConfig
from graphsage.config.walk_config import WalkConfig

#: The records of settings in a ``RunConfig``.
PARTS = {"tables": TableConfig, "model": ModelConfig, "links": LinkConfig, "walks": WalkConfig, "train": TrainConfig}


def with_settings(base, given):
    """``base`` (``RunConfig``) with the settings that are in ``given``, by their fields' names; others there are not read.

    task: what is learned, or (then it is the labels of nodes) what the label of a table is.
    """
    of_tables = given.get("task") in TASKS
    changes = {name: {f.name: given[f.name] for f in fields(kind) if f.name in given} for name, kind in PARTS.items()}
    if not of_tables:
        changes["tables"].pop("task", None)
    changed = {name: replace(getattr(base, name), **change) for name, change in changes.items()}
    own = {f.name: given[f.name] for f in options_of(RunConfig) if f.name in given}
    return replace(base, **changed, **own | ({"task": LEARNED[0]} if of_tables else {}))


def by_name(config):
    """{name: value} of all settings of ``config`` (``RunConfig``), as ``with_settings`` takes them."""
    records = [*(getattr(config, part) for part in PARTS), config]
    return {f.name: getattr(record, f.name) for record in records for f in options_of(type(record))}
