"""Times of edges and nodes: dates, their ends, and two arrays on one axis."""

import numpy as np
import pytest

import graphsage as gs
from graphsage.graph.time_axis import checked_times, on_axis, time_text

LAST = np.datetime64("2262-04-11T23:47:16.854775807", "ns")
DATES = np.array(["2024-01-01", "2024-01-02"], "datetime64[ns]").astype(np.int64)


def test_the_last_day_of_nanoseconds_ends_early():
    """A cast of a later minute to nanoseconds wraps round to 1677."""
    assert checked_times("times", np.array([LAST])).tolist() == [2**63 - 1]
    assert checked_times("times", np.array(["2262-04-11T23:47"], "datetime64[m]"))[0] > 0
    for late in ("2262-04-11T23:48", "2262-04-11T23:59:59", "2262-04-11T23:47:17"):
        with pytest.raises(ValueError, match=r"must lie between 1677-09-22 and 2262-04-11, got times\[1\] = 2262-04-11T23"):
            checked_times("times", np.array(["2024-01-01", late], "datetime64[s]"))


@pytest.mark.parametrize("times", [1_700_000_000, 1_700_000_000_000, 1_700_000_000_000_000, 19_700])
def test_seconds_beside_dates_are_told(times):
    """Days, seconds, milliseconds, microseconds: all would come before every edge."""
    graph = gs.Graph.from_edges([1, 2], [0, 0], 3, times=DATES)
    with pytest.raises(ValueError, match="times must be dates, or nanoseconds since 1970, as the graph's times are: before th"):
        gs.NeighborSampler(graph, [2]).sample([0], times=[times])


def test_nanoseconds_and_the_beginning_of_time_are_no_seconds():
    assert on_axis("times", [DATES[0] - 5], DATES).tolist() == [DATES[0] - 5]
    assert on_axis("times", [0, 0], DATES).tolist() == [0, 0]
    assert on_axis("times", [10, DATES[0]], DATES).tolist() == [10, DATES[0]]


@pytest.mark.parametrize("count", [1, 2000])
def test_edges_that_were_always_there_are_of_no_unit(count):
    always = np.full(count, np.iinfo(np.int64).min)
    assert on_axis("times", [3], np.append(always, 5)).tolist() == [3]
    with pytest.raises(ValueError, match="times must be dates, or nanoseconds since 1970"):
        on_axis("times", [3], np.append(always, DATES))


def test_integers_that_floats_round_are_told():
    """2^53 + 1 would become 2^53 + 2 or 2^53: perhaps later than it is."""
    floats = np.array([0.5, 2.0**54])
    assert on_axis("times", [2**53, -(2**53)], floats).tolist() == [2.0**53, -(2.0**53)]
    for large in (2**53 + 1, -(2**53) - 1):
        with pytest.raises(ValueError, match=rf"times must be at most 2\^53 beside a graph's times that.*: got {large}; give"):
            on_axis("times", [1, large], floats)


def test_times_for_people():
    assert [time_text(time) for time in (5, np.int64(1_700_000_000), 0.25, DATES[0])] == [
        "5", "1700000000", "0.25", "2024-01-01 00:00:00",
    ]  # fmt: skip
