"""ordered_map: results in order, exceptions at their place, and no thread left behind."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphsage.base import threads as pipeline
from graphsage.base.threads import ordered_map

THREADS = [0, 1, 2, 4]


def our_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("graphsage")]


@pytest.fixture(autouse=True)
def no_thread_is_left_behind():
    before = threading.active_count()
    yield
    assert our_threads() == [] and threading.active_count() == before


@pytest.mark.parametrize("cores, threads", [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 4)])
def test_default_threads(cores, threads, monkeypatch):
    monkeypatch.setattr(pipeline.os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    assert pipeline.default_threads() == threads
    monkeypatch.delattr(pipeline.os, "sched_getaffinity")
    monkeypatch.setattr(pipeline.os, "cpu_count", lambda: cores)
    assert pipeline.default_threads() == threads


class Gate:
    """A function whose calls wait until they are let through, item by item; for orders that no clock decides."""

    def __init__(self, items):
        self.events = {item: threading.Event() for item in items}
        self.started, self.finished = [], []

    def open(self, *items):
        for item in items:
            self.events[item].set()

    def __call__(self, item):
        self.started.append(item)
        assert self.events[item].wait(60)
        self.finished.append(item)
        return -item


@pytest.mark.parametrize("num_threads", THREADS)
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_order(num_threads, count):
    assert list(ordered_map(lambda item: item * item, range(count), num_threads)) == [i * i for i in range(count)]


def test_results_come_in_order_when_they_end_in_reverse():
    gate = Gate(range(4))

    def last_first(item):
        if item < 3:
            gate.events[item + 1].wait(60)
        gate.open(item)
        gate.finished.append(item)
        return item

    assert list(ordered_map(last_first, range(4), 4)) == [0, 1, 2, 3]
    assert gate.finished[0] == 3


def test_several_threads_are_at_work_at_once():
    meeting = threading.Barrier(3, timeout=60)  # breaks unless three calls are under way together
    assert list(ordered_map(lambda item: meeting.wait() >= 0, range(6), 3)) == [True] * 6


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("ahead", [0, 2])
def test_no_more_is_started_than_stated(num_threads, ahead):
    started = []
    results = ordered_map(lambda item: started.append(item) or item, range(100), num_threads, ahead=ahead)
    for taken in range(5):
        assert next(results) == taken
        assert len(started) <= taken + num_threads + ahead
    results.close()
    assert len(started) <= taken + num_threads + ahead


def test_without_threads_each_result_is_computed_when_asked_for_on_the_callers_thread():
    calls = []
    results = ordered_map(lambda item: calls.append(threading.get_ident()) or item, range(9), 0)
    assert calls == []
    next(results)
    assert calls == [threading.get_ident()]


def test_with_threads_the_work_is_elsewhere():
    names = set(ordered_map(lambda item: threading.current_thread().name, range(9), 2))
    assert all(name.startswith("graphsage") for name in names)


@pytest.mark.parametrize("num_threads", THREADS)
def test_an_exception_surfaces_at_its_place_with_its_cause(num_threads):
    def fail_at_three(item):
        if item == 3:
            try:
                return 1 // 0
            except ZeroDivisionError as cause:
                raise LookupError("item 3 is bad") from cause
        return item

    seen = []
    with pytest.raises(LookupError, match="item 3 is bad") as caught:
        for result in ordered_map(fail_at_three, range(9), num_threads):
            seen.append(result)
    assert seen == [0, 1, 2]
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert any(entry.name == "fail_at_three" for entry in caught.traceback)


@pytest.mark.parametrize("num_threads", THREADS)
def test_an_exception_of_the_items_surfaces_too(num_threads):
    def items():
        yield 1
        raise OSError("no more items")

    with pytest.raises(OSError, match="no more items"):
        list(ordered_map(abs, items(), num_threads))


@pytest.mark.parametrize("num_threads", THREADS)
def test_leaving_the_loop_leaves_no_thread(num_threads):
    for result in ordered_map(abs, range(1000), num_threads):
        assert bool(our_threads()) == (num_threads > 0)
        if result == 3:
            break
    assert our_threads() == []


def test_leaving_waits_for_what_was_started_and_drops_the_rest(monkeypatch):
    gate = Gate(range(10))

    class Executor(ThreadPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            gate.open(*range(10))  # only now: what was dropped by here can not start any more
            super().shutdown(wait=wait)

    monkeypatch.setattr(pipeline, "ThreadPoolExecutor", Executor)
    gate.open(0)
    results = ordered_map(gate, range(10), 1, ahead=3)
    assert next(results) == 0
    results.close()
    assert gate.started == gate.finished and gate.started in ([0], [0, 1])


def test_a_generator_never_started_has_no_threads():
    results = ordered_map(abs, range(9), 4)
    assert our_threads() == []
    results.close()
