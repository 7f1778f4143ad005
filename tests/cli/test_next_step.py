"""The last line of a command: what to type next, with names that a shell takes as one word."""

import pytest

from graphsage.cli.next_step import after_import, after_training


@pytest.mark.parametrize("task, several, dataset, line", [
    ("nodes", False, None, "predict 'my runs/a-1'"), ("nodes", True, None, "predict 'my runs/a-1'"),
    ("nodes", True, "an other", "predict 'my runs/a-1' 'an other'"),
    ("links", False, None, "predict 'my runs/a-1' --nodes A,B"),
    ("links", True, None, "predict 'my runs/a-1'/SEED --nodes A,B"),
    ("unsupervised", False, None, "embed 'my runs/a-1'"), ("unsupervised", True, None, "embed 'my runs/a-1'/SEED"),
])  # fmt: skip
def test_after_a_training(task, several, dataset, line):
    assert after_training("my runs/a-1", task, several=several, dataset=dataset) == f"Next: graphsage {line}"


def test_after_an_import():
    assert after_import("a graph", is_labelled=True) == "Next: graphsage train 'a graph'"
    assert after_import("graph", is_labelled=False) == "Next: graphsage train graph --task links"
