"""Times as a graph keeps them: of edges, of nodes and of those who ask."""

from datetime import UTC, date

import numpy as np

from graphsage.base.checks import as_array, as_integers

FIRST, LAST = 1678, 2261  # years whose nanoseconds since 1970 are int64; of others numpy makes other times, without a word


def checked_times(name, times):
    """``times`` as int64 or float64, finite: points of one time axis. Dates become nanoseconds since 1970."""
    times = as_array(name, times)
    if times.dtype == object and times.size and all(isinstance(time, date) for time in times.flat):
        times = np.array([_in_utc(time) for time in times.flat], "datetime64[us]")
    if times.dtype.kind == "M":
        times = _nanoseconds(name, times)
    if times.dtype.kind not in "iuf" or times.ndim != 1:
        raise TypeError(f"{name} must be a one-dimensional array of numbers or dates, got {times.dtype} {times.shape}")
    if times.dtype.kind != "f":
        return as_integers(name, times)
    times = times.astype(np.float64, copy=False)
    if not np.isfinite(times).all():
        at = np.argmax(~np.isfinite(times))
        raise ValueError(f"{name} must be finite, got {name}[{at}] = {times[at]}")
    return times


def _in_utc(time):
    """A date of Python as numpy reads it, without a zone."""
    return time if getattr(time, "tzinfo", None) is None else time.astimezone(UTC).replace(tzinfo=None)


def _nanoseconds(name, dates):
    if np.isnat(dates).any():
        raise ValueError(f"{name} must be known, got {name}[{np.argmax(np.isnat(dates))}] = NaT")
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    bad = (years < FIRST) | (years > LAST)
    if bad.any():
        at = np.argmax(bad)
        raise ValueError(f"{name} must be of the years {FIRST} to {LAST}, got {name}[{at}] = {dates[at]}: give days as numbers")
    return dates.astype("datetime64[ns]").astype(np.int64)
