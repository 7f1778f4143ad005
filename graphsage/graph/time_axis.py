"""Times of edges and nodes: points of one time axis, numbers or dates."""

from datetime import UTC, date

import numpy as np

from graphsage.base.checks import as_array, as_integers

FARTHEST = 106_751  # days from 1970-01-01 that nanoseconds in an int64 reach
BETWEEN = "between 1677-09-22 and 2262-04-11"
NEAR_1970 = 10**13  # nanoseconds, some three hours: times that all lie there are days, seconds or milliseconds, and no dates
DATES = 10**17  # nanoseconds, 1973: times that all lie beyond are dates
NO_DATES = 10**16  # microseconds of this century, and all that is coarser, are less
FOREVER = 5 * 10**18  # nanoseconds, 2128: what is beyond may stand for the end of time
EXACT = 2**53  # up to here a float64 is every integer
FEW = 1000  # times of a graph that are looked at


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
    days, times = dates.astype("datetime64[D]").astype(np.int64), dates.astype("datetime64[ns]").astype(np.int64)
    far = (np.abs(days) > FARTHEST) | (days > 0) & (times < 0)  # the last day has some minutes that are too late
    if far.any():
        raise ValueError(f"{name} must lie {BETWEEN}, got {name}[{np.argmax(far)}] = {dates[far][0]}")
    return times


def earliest(dtype):
    """The time of what was always there, on an axis of ``dtype``: int64 or float64."""
    return np.iinfo(dtype).min if dtype.kind == "i" else np.finfo(dtype).min


# ---- two arrays on one axis


def on_axis(name, given, axis):
    """``given`` times with the dtype of the times ``axis`` (checked ones), which they are compared with.

    Whole numbers are floats too, as far as those tell them apart; floats are no integers. What would be later, or earlier, than
    all of the axis because it is in another unit is refused: dates beside numbers, and seconds beside dates.
    """
    given = as_array(name, given)
    times = checked_times(name, given)
    if times.dtype == np.float64 and axis.dtype == np.int64:
        raise TypeError(f"{name} must be integers or dates, as the graph's times are; got {times.dtype}")
    _check_unit(name, given, times, axis)
    if times.dtype == np.int64 and axis.dtype == np.float64:
        _check_exact(name, times)
    return times.astype(axis.dtype)  # a copy: contiguous and writable, the type that the kernels are compiled for


def _check_exact(name, times):
    large = (times > EXACT) | (times < -EXACT)
    if large.any():
        rule = f"must be at most 2^53 beside a graph's times that are floats, which round larger ones: got {times[large][0]}"
        raise ValueError(f"{name} {rule}; give the graph integers, too")


def _known(axis):
    """The first times of an axis, without those of edges that were always there, which are of no unit."""
    few = axis[:FEW]
    few = few[few != earliest(axis.dtype)]
    return few if len(few) else axis[axis != earliest(axis.dtype)][:FEW]


def _check_unit(name, given, times, axis):
    axis = _known(axis)
    if not (len(times) and len(axis)):
        return
    few = np.abs(axis.astype(np.float64))
    if given.dtype.kind in "MO":
        if few.max() < NEAR_1970:
            rule = "must be numbers, as the graph's times are (dates are nanoseconds since 1970)"
            raise TypeError(f"{name} {rule}; got {given[:1].tolist()[0]} beside {axis[0]}")
        return
    given = np.abs(times.astype(np.float64))
    if few.min() >= DATES and 0 < given.max() < NO_DATES:
        rule = "must be dates, or nanoseconds since 1970, as the graph's times are: before those there is no edge"
        raise ValueError(f"{name} {rule}; got {times[0]} beside {axis[0]}")
    if few.max() < NO_DATES and given.min() >= DATES and given.max() < FOREVER:
        rule = "must be in the unit of the graph's times, and look like nanoseconds since 1970, after which there is no edge"
        raise ValueError(f"{name} {rule}; got {times[0]} beside {axis[0]}")


def time_text(time):
    """A time of an axis for people: a number, or the date where it can be nothing else."""
    if isinstance(time, (int, np.integer)) and abs(int(time)) >= DATES:
        return str(np.datetime64(int(time), "ns").astype("datetime64[s]")).replace("T", " ")
    return f"{time:.15g}" if isinstance(time, (float, np.floating)) else str(time)
