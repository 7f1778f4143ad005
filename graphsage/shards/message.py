"""A message between processes: a few values and a few arrays, as one run of bytes."""

import json

import numpy as np

WORD = 8  # bytes: where an array may begin
HEAD = 3  # words


def packed(tag, values, arrays=()):
    """uint8: ``values`` (what JSON can hold) and ``arrays``, to be answered under ``tag``.

    [bytes in all, bytes of the JSON, tag, JSON, array, array, ...], each part from a multiple of 8 on.
    """
    arrays = [np.ascontiguousarray(array) for array in arrays]
    told = json.dumps([values, [(array.dtype.str, array.shape) for array in arrays]]).encode()
    parts = [np.frombuffer(told, np.uint8), *(array.reshape(-1).view(np.uint8) for array in arrays)]
    ends = np.cumsum([HEAD * WORD, *map(_room, map(len, parts))])
    message = np.empty(ends[-1], np.uint8)
    message[: HEAD * WORD].view(np.int64)[:] = ends[-1], len(told), tag
    for start, part in zip(ends, parts):
        message[start : start + len(part)] = part
    return message


def head_of(message):
    """(bytes in all, bytes of the JSON, tag) of the message that begins so."""
    return message[: HEAD * WORD].view(np.int64).tolist()


def unpacked(message):
    """(values, arrays) of ``packed``; the arrays are views."""
    start, length = HEAD * WORD, head_of(message)[1]
    values, forms = json.loads(message[start : start + length].tobytes())
    start, arrays = start + _room(length), []
    for dtype, shape in forms:
        size = np.dtype(dtype).itemsize * int(np.prod(shape))
        arrays.append(message[start : start + size].view(dtype).reshape(shape))
        start += _room(size)
    return values, arrays


def _room(size):
    return -(-size // WORD) * WORD
