"""A slice of the fuzzing program, and whether it notices what it is there for."""

import sys
from collections import Counter

import networkx as nx
import pytest
from fuzz_readers import FAILED, OK, REFUSED, damaged, outcome_of, supervise, whole_folders
from helpers.mutations import generator

from graphsage.data.dataset import NodeDataset
from graphsage.data.layouts import LAYOUTS

PROGRAM = "tests/fuzz_readers.py"


def test_a_slice(checkout):
    """Five cases of each layout; a failure is named by its seed."""
    found = list(supervise([sys.executable, str(checkout / PROGRAM), "--worker"], 0, 150))
    assert [case for case in found if case[2] == FAILED] == []
    counts = Counter(outcome for _, _, outcome, _ in found)
    assert counts[OK] >= 5 and counts[REFUSED] >= 60 and counts.total() == 150


def test_every_layout_is_damaged(tmp_path):
    folders = whole_folders(tmp_path)
    assert {name for name in LAYOUTS if name in folders} == set(LAYOUTS)
    for layout, whole in folders.items():
        changed = [damaged(layout, folders, generator(seed)) != whole for seed in range(20)]
        assert sum(changed) >= 15
        assert damaged(layout, folders, generator(3)) == damaged(layout, folders, generator(3))


def raising(error):
    def load():
        raise error

    return load


@pytest.mark.parametrize(
    "error, outcome",
    [
        (ValueError("x must be y"), REFUSED),
        (ValueError(""), FAILED),
        (ValueError("two\nlines"), FAILED),
        (ValueError("long " * 1000), FAILED),
        (TypeError("x"), FAILED),
        (KeyError("x"), FAILED),
        (MemoryError(), FAILED),
        (RecursionError(), FAILED),
        (RuntimeWarning("invalid value"), FAILED),
    ],
)
def test_what_counts_as_a_failure(error, outcome):
    assert outcome_of(raising(error))[0] == outcome


WORKER = """
import sys, time, json
first, last = map(int, sys.argv[1:])
print(json.dumps([None, "x", "dataset", ""]), flush=True)
for seed in range(first, last):
    if seed == 1:
        time.sleep(600)
    if seed == 3:
        sys.exit(7)
    print(json.dumps([seed, "x", "sentence", ""]), flush=True)
"""


def test_a_slow_reader_is_a_failure(monkeypatch):
    times = iter([0, 11, 0, 11, 0, 9])
    monkeypatch.setattr("time.process_time", lambda: next(times))
    assert outcome_of(raising(ValueError("x must be y")))[0] == FAILED
    assert outcome_of(lambda: NodeDataset.from_networkx(nx.karate_club_graph(), label="club"))[0] == FAILED
    assert outcome_of(raising(ValueError("x must be y")))[0] == REFUSED


def test_a_hang_and_a_crash_are_failures_and_the_rest_goes_on():
    found = list(supervise([sys.executable, "-c", WORKER], 0, 6, seconds=2))
    assert [(seed, outcome) for seed, _, outcome, _ in found] == [
        (0, REFUSED), (1, FAILED), (2, REFUSED), (3, FAILED), (4, REFUSED), (5, REFUSED)
    ]
    assert [text for _, _, outcome, text in found if outcome == FAILED] == ["out of time: 2 s", "the worker died: 7"]


def test_a_worker_that_does_not_start_ends_it():
    with pytest.raises(SystemExit, match="the worker did not start: 5"):
        list(supervise([sys.executable, "-c", "import sys; sys.exit(5)"], 0, 3))
