"""Random numbers as functions of position: SplitMix64 at random access (Steele, Lea, Flood 2014).

Draw i of a key is ``mix(key + (i + 1) * GAMMA)``. A key folds in, one mix each, everything that names the use:

    key = fold(mix(seed), VERSION, stream, epoch, step, replica, hop, node or slot)

so that two uses share no numbers, and seed 1 step 2 is not seed 2 step 1. No state exists that threads or order could change.
The functions marked ``inline`` work on uint64 scalars in kernels and, all but ``exponential``, on uint64 arrays in numpy.
"""

import os
from functools import lru_cache

import numpy as np

from graphsage.base.checks import as_count
from graphsage.base.jit import inline

VERSION = 1  # of the draws: a change of any of them changes this, the golden draws and the changelog
#: Streams: what the numbers are for. New ones come last, so that the draws of the others stay.
PLAN, SAMPLE, ORDER, DROPOUT, INIT, NEGATIVE, WALK, TREE, SPLIT, GENERATE, EVALUATE, PREDICT, SUBSET, BASELINE = range(14)
TUNE, SHOWN, REPORT = 14, 15, 16
REPLICA = 0  # a distributed rank, one day

GAMMA = np.uint64(0x9E3779B97F4A7C15)
LOW32, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_S1, _S2, _S3 = np.uint64(30), np.uint64(27), np.uint64(31)
_WORD = 2**64 - 1
_LOG_2, _ROOT_HALF = 0.6931471805599453, 0.7071067811865476
_HALVINGS = tuple((float(step), 2.0**-step) for step in (32, 16, 8, 4, 2, 1))
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEP, _FACTORS = int(GAMMA), (int(_M1), int(_M2))


@inline
def mix(x):
    """SplitMix64's finaliser, a bijection of uint64."""
    x = (x ^ (x >> _S1)) * _M1
    x = (x ^ (x >> _S2)) * _M2
    return x ^ (x >> _S3)


@inline
def fold(key, value):
    """The key of ``value`` (uint64) under ``key`` (uint64)."""
    return mix(key + (value + np.uint64(1)) * GAMMA)


@inline
def scale(h, bound):
    """uint64 ``h`` to [0, bound): the high half of h * bound, for bound < 2^31; bias below 2^-33."""
    return ((h >> HALF) * bound + (((h & LOW32) * bound) >> HALF)) >> HALF


@inline
def draw_below(key, i, bound):
    """Draw i of ``key`` in [0, bound), as int64. All arguments uint64."""
    return np.int64(scale(mix(key + (i + np.uint64(1)) * GAMMA), bound))


@inline
def unit(h):
    """uint64 ``h`` to [0, 1): its upper 53 bits as a float64."""
    return (h >> np.uint64(11)) * 2.0**-53


@inline
def exponential(h):
    """uint64 ``h`` to an exponential variate of rate 1, -log(1 - unit(h)).

    The logarithm is the series of 2 atanh(s), s = (m - 1) / (m + 1), for a mantissa m in [1/sqrt(2), sqrt(2)): a machine's own
    one may differ in the last bit, and then draws would.
    """
    x, halvings = 1.0 - unit(h), 0.0
    for step, power in _HALVINGS:
        if x < power:
            x, halvings = x / power, halvings + step
    if x < _ROOT_HALF:
        x, halvings = 2.0 * x, halvings + 1.0
    s = (x - 1.0) / (x + 1.0)
    square, tail = s * s, 0.0
    for odd in range(23, 1, -2):
        tail = (tail + 1.0 / odd) * square
    return halvings * _LOG_2 - 2.0 * s * (1.0 + tail)


def stream_key(seed, stream, *elements):
    """uint64 key of ``stream`` under ``seed`` and further elements (epoch, step, replica, ...), all in [0, 2^64)."""
    seed = as_count("seed", seed, most=_WORD)
    elements = [as_count("key element", element, most=_WORD) for element in (stream, *elements)]
    own = max(len(elements) - 2, 0)  # from here on a batch's own: step and replica
    return np.uint64(_folded(_key_before(seed, *elements[:own]), *elements[own:]))


@lru_cache(maxsize=1024)
def _key_before(seed, *elements):
    return _folded(_mix(seed), VERSION, *elements)


def _folded(key, *elements):
    for element in elements:
        key = _mix(key + (element + 1) * _STEP)
    return key


def _mix(x):
    """``mix`` in Python's ints, which are ten times as fast as numpy's for a single number."""
    x &= _WORD
    x = (x ^ (x >> 30)) * _FACTORS[0] & _WORD
    x = (x ^ (x >> 27)) * _FACTORS[1] & _WORD
    return x ^ (x >> 31)


def draws(key, count, start=0):
    """Draws start..start + count - 1 of ``key``: uint64[count]."""
    return mix(key + np.arange(start + 1, start + count + 1, dtype=np.uint64) * GAMMA)


def draws_below(key, count, bound):
    """int64[count], each in [0, bound), independent: the first draws of ``key``, scaled."""
    return scale(draws(key, count), np.uint64(bound)).astype(np.int64)


def permutation(key, count):
    """A uniformly random order of 0..count-1: int64[count], by sorting the draws of ``key`` (equal ones keep their order)."""
    return np.argsort(draws(key, count), kind="stable")


def fresh_seed():
    """A seed from the operating system's entropy."""
    return int.from_bytes(os.urandom(8), "little")
