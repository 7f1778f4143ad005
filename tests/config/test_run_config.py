"""RunConfig: what follows from what a run learns."""

from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig


def test_units_are_dropped_by_default_where_nodes_are_sampled():
    assert RunConfig().dropout == 0.5 and RunConfig(task="links").dropout == 0
    assert RunConfig(task="links", model=ModelConfig(dropout=0.25)).dropout == 0.25
