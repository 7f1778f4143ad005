"""Checks of one-dimensional arrays that files of the project's own data hold: texts, numbers, lists of numbers a row."""

from collections import Counter

import numpy as np

from graphsage.data.errors import DatasetError


def check_vectors(arrays):
    """DatasetError unless each of {name: array} is one-dimensional, of unsigned integers of 32 bits or fewer."""
    for name, array in arrays.items():
        if array.ndim != 1 or array.dtype.kind != "u" or array.itemsize > 4:
            raise DatasetError(f"{name} must be one-dimensional, of unsigned integers, got {array.dtype} {array.shape}")


def texts_of(name, array):
    """The texts of a blob, UTF-8 with a line feed between them: at least one, none empty, none twice."""
    if array.dtype != np.uint8:
        raise DatasetError(f"{name} must be bytes (uint8), got {array.dtype}")
    try:
        texts = array.tobytes().decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name} must be UTF-8: {error}") from None
    if "" in texts:
        raise DatasetError(f"{name}[{texts.index('')}] is empty: every one of {len(texts)} needs a text")
    if len(set(texts)) < len(texts):
        again, count = Counter(texts).most_common(1)[0]
        raise DatasetError(f"{name} lists {again[:80]!r} {count} times: texts must differ")
    return texts


def check_length(name, array, length, why):
    """DatasetError unless the array has ``length`` entries."""
    if len(array) != length:
        raise DatasetError(f"{name} must have {length} entries, {why}; got {len(array)}")


def check_counted(name, array, counts_name, counts):
    """DatasetError unless the array has as many entries as the counts of the rows add up to."""
    check_length(name, array, int(counts.sum(dtype=np.uint64)), f"as {counts_name} add up to")


def check_below(name, array, size, what):
    """DatasetError unless all numbers are below ``size``."""
    if array.max(initial=0) >= size:
        at = int(np.argmax(array >= size))
        raise DatasetError(f"{name}[{at}] = {array[at]} is out of range: there are {size} {what}")


def check_rising(name, row, counts, keys):
    """Within a row, of ``counts`` entries, the keys (int64) must rise: nothing is listed twice. row: what a row is of."""
    rows = np.repeat(np.arange(len(counts)), counts)
    wrong = np.flatnonzero((np.diff(keys) <= 0) & (np.diff(rows) == 0))
    if wrong.size:
        at = int(wrong[0]) + 1
        raise DatasetError(f"{name} of {row} {rows[at]} must rise: entry {at} repeats or precedes the one before")
