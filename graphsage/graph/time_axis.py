"""Times of edges and nodes: points of one time axis, numbers or dates."""

from datetime import UTC, date

import numpy as np

from graphsage.base.checks import as_array, as_integers

FARTHEST = 106_751  # days from 1970-01-01 that nanoseconds in an int64 reach
BETWEEN = "between 1677-09-22 and 2262-04-11"


def checked_times(name, times):
    """``times`` as int64 or float64, finite: points of one time axis. Dates become nanoseconds since 1970, in UTC."""
    times = as_array(name, times)
    if times.dtype.kind == "O" and times.size and all(isinstance(value, date) for value in times.flat):
        times = np.array([_in_utc(value) for value in times.flat], "datetime64[us]").reshape(times.shape)
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


def _in_utc(value):
    """A ``date`` or ``datetime`` without a zone, as numpy takes it."""
    return value.astimezone(UTC).replace(tzinfo=None) if getattr(value, "tzinfo", None) else value


def _nanoseconds(name, dates):
    if np.isnat(dates).any():
        raise ValueError(f"{name} must be known, got {name}[{np.argmax(np.isnat(dates))}] = NaT")
    far = np.abs(dates.astype("datetime64[D]").astype(np.int64)) > FARTHEST
    if far.any():
        raise ValueError(f"{name} must lie {BETWEEN}, got {name}[{np.argmax(far)}] = {dates[far][0]}")
    return dates.astype("datetime64[ns]").astype(np.int64)
