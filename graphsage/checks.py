"""Checks made at the public door: each failure is one sentence of name, rule and what was received."""

import operator

import numpy as np

MAX_NODES = 2**31 - 1  # ids are int32 everywhere, and the range reduction of the random draws needs bounds below 2^31


def as_integers(name, values):
    """``values`` as a one-dimensional int64 array; anything that would have to be rounded or flattened is refused.

    An empty list is accepted (it has no dtype to be wrong about). Shares memory with ``values`` where it can.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers that fit 64 bits, got {array.dtype} (first value {array[0]!r})")
    if array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must be integers that fit 64 bits, got {array.max()}")
    return array.astype(np.int64, copy=False)


def as_ids(name, values, num_nodes):
    """``values`` as int64 node ids, each in [0, num_nodes)."""
    ids = as_integers(name, values)
    # one unsigned comparison finds negative ids as well: they wrap round to huge ones
    if ids.size and ids.view(np.uint64).max() >= num_nodes:
        first = int(np.flatnonzero(ids.view(np.uint64) >= num_nodes)[0])
        raise ValueError(f"{name}[{first}] = {ids[first]} is not a node: the graph has {num_nodes}")
    return ids


def as_count(name, value, *, least=0, most=None):
    """``value`` as a Python int in [least, most]; bools, floats and text are refused."""
    rule = f"an integer >= {least}" if most is None else f"an integer from {least} to {most}"
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be {rule}, got {value!r}") from None
    if isinstance(value, (bool, np.bool_)) or number < least or (most is not None and number > most):
        raise ValueError(f"{name} must be {rule}, got {value!r}")
    return number


def as_fanouts(name, fanouts, *, allow_all):
    """``fanouts`` as a tuple of ints, one a hop: >= 1, or -1 for all neighbours where ``allow_all``."""
    if isinstance(fanouts, (str, bytes)) or not np.iterable(fanouts):
        raise TypeError(f"{name} must be a list of integers, one a hop, got {fanouts!r}")
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
        hint = ", or -1 for all neighbours" if allow_all else " (-1, all neighbours, needs the unique form: NeighborSampler)"
        raise type(error)(f"{name} must be an integer >= 1{hint}; got {value!r}") from None


def one_of(name, value, options):
    """``value`` if it is one of ``options``."""
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}")
    return value


def read_only(array):
    """A read-only view of ``array`` (the owner of the memory keeps its own right to write)."""
    view = array.view()
    view.flags.writeable = False
    return view
