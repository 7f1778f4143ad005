"""Checks made at the public door: each failure is one sentence of name, rule and what was received."""

import math
import operator
import os
import re
import reprlib
from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np

from graphsage.base.foreign import is_sparse, is_tensor, plain
from graphsage.base.told import GRAPHS, names_of, shown, told

MAX_NODES = 2**31 - 1  # ids are int32 everywhere, and the range reduction of the random draws needs bounds below 2^31
ALWAYS_FITS = 2**24  # bytes; to ask the system what is free would take longer than many a batch of that size
PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def as_path(name, value):
    """``value`` as a ``Path``: text, or whatever is a path."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a path, got {told(value)}")
    return Path(value)


def as_list(name, values, what):
    """``values`` as a list of ``what``; TypeError for text, for a graph, whose items are its own business, and for no list."""
    if is_tensor(values) or is_sparse(values):
        values = as_array(name, values)
    if isinstance(values, (str, bytes, type)) or not set(GRAPHS).isdisjoint(names_of(values)) or not np.iterable(values):
        raise TypeError(f"{name} must be a list of {what}, got {shown(values)}")
    return list(values)


def as_array(name, values):
    """``values`` as an array of whatever shape and dtype it has. Shares memory with ``values`` where it can.

    Takes what ``plain`` knows of other libraries; an iterator is used up. Masked entries are refused: the plain array would
    show the numbers that the mask hides.
    """
    if type(values) is np.ndarray:
        return values
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries, {np.ma.count_masked(values)} of {values.size}: fill or drop them")
    if is_sparse(values):
        refuse_giants(f"{name}, made dense,", math.prod(values.shape) * 8)
    if not is_tensor(values) and not set(GRAPHS).isdisjoint(names_of(values)):
        raise TypeError(f"{name} must be an array, got {told(values)}")
    values = plain(name, values)
    try:
        array = np.asarray(values)
    except ValueError:  # numpy's own text speaks of inhomogeneous parts
        raise ValueError(f"{name} must be an array, got rows of several lengths: {reprlib.repr(values)}") from None
    except Exception:  # what it may be is up to the other library
        array = np.array(None)
    if array.dtype == object and array.ndim == 0 and (isinstance(values, type) or type(values).__module__ != "builtins"):
        raise TypeError(f"{name} must be an array, got {told(values)}")
    return array


def as_integers(name, values):
    """``values`` as a one-dimensional int64 array; anything that would have to be rounded or flattened is refused.

    An empty list is accepted (it has no dtype to be wrong about). Shares memory with ``values`` where it can.
    """
    array = integer_array(name, values)
    if array.dtype == np.uint64 and array.max(initial=0) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must be integers that fit 64 bits, got {array.max()}")
    return array.astype(np.int64, copy=False)


def as_ids(name, values, num_nodes, dtype=np.int64, kind=None):
    """``values`` as node ids of ``dtype``, each in [0, num_nodes), of the type ``kind`` where there are several. Shares memory
    with ``values`` where it can.

    A mask, which says of each node whether it is meant, stands for the ids where it is true.
    """
    rule = "is not a node: the graph has" if kind is None else f"is not a node: of type {kind!r} the graph has"
    return as_indices(name, of_mask(name, values, num_nodes), num_nodes, rule, dtype)


def of_mask(name, values, num_nodes):
    """The ids where a mask of ``num_nodes`` bools is true; anything else as array, or as it is where it is none."""
    array = as_array(name, values)
    if array.dtype == bool and array.shape == (num_nodes,):
        return np.flatnonzero(array)
    return array if array.ndim else values


def as_pairs(name, values, num_nodes):
    """``values`` as int64 [n, 2], two node ids a row; an empty list is no pair."""
    array = as_array(name, values)
    if array.size == 0 and array.ndim in (1, 2):
        return np.empty((0, 2), np.int64)
    if array.ndim == 0:
        raise TypeError(f"{name} must be pairs of nodes, integers [n, 2], got {shown(values)}")
    if array.ndim != 2 or array.shape[1] != 2:
        hint = f": {name}.T has a row a pair" if array.ndim == 2 and len(array) == 2 else ""
        raise ValueError(f"{name} must be pairs of nodes, integers [n, 2], got shape {array.shape}{hint}")
    pairs = as_integers(name, array.reshape(-1)).reshape(-1, 2)
    outside = ((pairs < 0) | (pairs >= num_nodes)).any(axis=1)
    if outside.any():
        at = int(np.argmax(outside))
        raise ValueError(f"{name}[{at}] = {tuple(pairs[at].tolist())} is no pair of nodes: the graph has {num_nodes}")
    return pairs


def as_indices(name, values, size, rule, dtype):
    """``values`` as ``dtype``, each in [0, size); ``rule`` says what one outside is not."""
    array = integer_array(name, values)
    if array.size and (array.min() < 0 or array.max() >= size):
        first = int(np.argmax((array < 0) | (array >= size)))
        raise ValueError(f"{name}[{first}] = {array[first]} {rule} {size}")
    return array.astype(dtype, copy=False)


def integer_array(name, values):
    """``values`` as a one-dimensional array of whatever integer dtype it has."""
    array = as_array(name, values)
    if array.ndim == 0:
        raise TypeError(f"{name} must be a list or a one-dimensional array, got {reprlib.repr(values)}")
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        hint = "; np.flatnonzero turns a mask into ids" if array.dtype.kind == "b" else ""
        first = array[:1].tolist()[0]
        raise TypeError(f"{name} must be integers that fit 64 bits, got {array.dtype} (first value {first!r}){hint}")
    return array


def as_count(name, value, *, least=0, most=None):
    """``value`` as a Python int in [least, most]; bools, floats and text are refused."""
    if type(value) is int and value >= least and (most is None or value <= most):
        return value  # each batch asks several times: no sentence is made in vain
    rule = f"an integer >= {least}" if most is None else f"an integer from {least} to {most}"
    try:
        number = operator.index(value)
    except (TypeError, ValueError, RuntimeError):  # torch and scipy have errors of their own for it
        raise TypeError(f"{name} must be {rule}, got {shown(value)}") from None
    if isinstance(value, (bool, np.bool_)) or number < least or (most is not None and number > most):
        raise ValueError(f"{name} must be {rule}, got {shown(value)}")
    return number


def as_share(name, value):
    """``value`` as a float in [0, 1)."""
    try:
        share = math.nan if isinstance(value, (str, bytes, bool, np.bool_)) else float(value)
    except (TypeError, ValueError):
        share = math.nan
    if not 0 <= share < 1:
        raise ValueError(f"{name} must be a number in [0, 1), got {shown(value)}")
    return share


def as_fanouts(name, fanouts, *, allow_all):
    """``fanouts`` as a tuple of ints, one a hop: >= 1, or -1 for all neighbours where ``allow_all``."""
    if isinstance(fanouts, (Set, Mapping)):  # a set has an order of its own
        raise TypeError(f"{name} must be a list of integers, one a hop, got {shown(fanouts)}")
    fanouts = as_list(name, fanouts, "integers, one a hop")
    hops = tuple(_as_fanout(f"{name}[{hop}]", value, allow_all) for hop, value in enumerate(fanouts))
    if not hops:
        raise ValueError(f"{name} is empty: give one number of neighbours a hop")
    return hops


def _as_fanout(name, value, allow_all):
    if allow_all and isinstance(value, (int, np.integer)) and value == -1:
        return -1
    try:
        return as_count(name, value, least=1, most=MAX_NODES)
    except (TypeError, ValueError) as error:
        hint = ", or -1 for all" if allow_all else " (-1 for all needs the unique form: NeighborSampler)"
        raise type(error)(f"{name} must be an integer >= 1 and < 2^31{hint}; got {shown(value)}") from None


def as_flag(name, value):
    """``value`` as a bool; text is refused, for "no" would count as True."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def one_of(name, value, options):
    """``value`` if it is one of the texts ``options``."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {shown(value)}")
    return value


class TooLarge(ValueError):
    """More than the memory there is. The text is one sentence."""


def refuse_giants(what, num_bytes):
    """Raise if ``what`` needs more than the memory there is: numpy might still promise that much and never deliver."""
    if num_bytes <= ALWAYS_FITS:
        return
    memory, kind = _memory()
    if num_bytes > memory:
        raise TooLarge(f"{what} would need {num_bytes:,} bytes, and there are {memory:,} of {kind}")


def _memory():
    """(bytes, "free memory"), or (bytes, "memory") in all where what is free is unknown; 2^40 where nothing is known."""
    limits = [_available(), *_cgroup_limits()]
    known = [limit for limit in limits if limit is not None]
    if known:
        return min(known), "free memory"
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), "memory"
    except (AttributeError, ValueError, OSError):
        return 2**40, "memory"


def _available():
    """Bytes that Linux can hand out without swapping (the page cache counts as free), or None."""
    found = re.search(r"^MemAvailable: *([0-9]+) kB$", _text(PROC / "meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _cgroup_limits():
    """Bytes that the process's cgroup (version 2) and those above it may use. What they use already is not taken off:
    most of it tends to be page cache, which gives way."""
    found = re.search("^0::/(.*)$", _text(PROC / "self/cgroup"), re.MULTILINE)
    own = Path(found[1] if found else "")
    limits = [_text(CGROUPS / folder / "memory.max").strip() for folder in (own, *own.parents)]
    return [int(limit) for limit in limits if limit.isdecimal()]  # else "max", or no such file


def _text(path):
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def read_only(array):
    """A read-only view of ``array`` (the owner of the memory keeps its own right to write).

    Contiguous and aligned, by a copy where need be: every other layout would be one more type to compile kernels for.
    """
    view = np.require(array, requirements="CA").view()
    view.flags.writeable = False
    return view


class ReadOnlyRecord:
    """Base of the frozen records: their arrays come read-only out of a pickle or a copy, as they went in.

    Numpy drops the flag on the way, and kernels would be compiled once more for arrays that can be written.
    """

    def __setstate__(self, state):
        for name, value in state.items():
            self.__dict__[name] = read_only(value) if isinstance(value, np.ndarray) else value

    def _set(self, **values):
        """Settle fields while the record is made."""
        for name, value in values.items():
            object.__setattr__(self, name, value)
