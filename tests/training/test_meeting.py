"""A name for each start of several processes, over a store that outlives them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import torch.distributed as dist

from graphsage.training import meeting
from graphsage.training.meeting import name_of_start


def names(store, size, only=None):
    """What the processes of a start get; only: those that come."""
    ranks = range(size) if only is None else only
    with ThreadPoolExecutor(size) as pool:
        return [*pool.map(lambda rank: name_of_start(store, rank, size, seconds=20 if only is None else 0.3), ranks)]


@pytest.fixture(autouse=True)
def busy(monkeypatch):
    monkeypatch.setattr(meeting, "PAUSE", 0.001)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_all_of_a_start_have_a_name_and_each_start_another(size):
    store = dist.HashStore()
    starts = [names(store, size) for _ in range(4)]
    assert all(len(of) == size and len(set(of)) == 1 for of in starts)
    assert len({of[0] for of in starts}) == 4


@pytest.mark.parametrize("came", [[1], [2, 1], [0, 1]])
def test_what_a_start_left_that_did_not_become_whole_is_not_taken(came):
    store = dist.HashStore()
    store.set_timeout(timedelta(seconds=0.3))
    with pytest.raises((TimeoutError, RuntimeError)):
        names(store, 3, only=came)
    store.set_timeout(timedelta(seconds=20))
    found = names(store, 3)
    assert len(set(found)) == 1


def test_the_first_does_not_take_the_words_of_those_before_for_an_answer():
    store = dist.HashStore()
    names(store, 2)
    with pytest.raises(TimeoutError, match="^process 0 of 2 was left alone for 0.2 s$"):
        name_of_start(store, 0, 2, seconds=0.2)
    with pytest.raises(TimeoutError, match="^process 1 of 2 was left alone for 0.2 s$"):
        name_of_start(store, 1, 2, seconds=0.2)
