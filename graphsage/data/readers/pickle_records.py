"""What the unpickler makes of the six names: inert records, filled only with state that has been checked."""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from graphsage.data.errors import DatasetError

MAX_DIMENSION = 2**31 - 1

_DTYPES = {b"i1", b"i2", b"i4", b"i8", b"u1", b"u2", b"u4", b"u8", b"f4", b"f8"}


class Known(Enum):
    """The six names that a file may ask for. They stay names: none of them is looked up anywhere."""

    DEFAULTDICT = "collections.defaultdict"
    LIST = "__builtin__.list"
    CSR_MATRIX = "scipy.sparse.csr.csr_matrix"
    RECONSTRUCT = "numpy.core.multiarray._reconstruct"
    NDARRAY = "numpy.ndarray"
    DTYPE = "numpy.dtype"


@dataclass(eq=False)
class DTypeRecord:
    """A numeric dtype on its way: kind and width (b"i4"), then the byte order."""

    code: bytes
    order: str = "|"


@dataclass(eq=False)
class ArrayRecord:
    """An array on its way; ``value`` is a read-only view of the file's bytes once its state has been read."""

    value: np.ndarray | None = None


@dataclass(eq=False)
class CSRRecord:
    """A CSR matrix as the file states it: attribute name -> value. Nothing about it is checked here."""

    state: dict = field(default_factory=dict)

    def array(self, name):
        """The one-dimensional array called ``name``."""
        record = self.state.get(name.encode())
        if not isinstance(record, ArrayRecord) or record.value is None or record.value.ndim != 1:
            raise DatasetError(f"the sparse matrix has no one-dimensional array {name}")
        return record.value

    @property
    def shape(self):
        """(rows, columns), as stated."""
        shape = self.state.get(b"_shape")
        if type(shape) is not tuple or len(shape) != 2 or not all(map(_is_dimension, shape)):
            raise DatasetError("the sparse matrix states no shape of two numbers")
        return shape


def array_of(version, shape, dtype, column_major, data):
    """The array that numpy's own state tuple describes, as a view of ``data``."""
    if version != 1 or type(column_major) is not bool or not isinstance(dtype, DTypeRecord) or type(data) is not bytes:
        raise DatasetError("an array's state must be (1, shape, dtype, order, bytes)")
    if type(shape) is not tuple or len(shape) not in (1, 2) or not all(map(_is_dimension, shape)):
        raise DatasetError("an array's shape must be one or two numbers")
    kind = np.dtype(dtype.order + dtype.code.decode())
    size = kind.itemsize
    for length in shape:
        size *= length
    if size != len(data):
        raise DatasetError(f"an array of shape {shape} and type {kind} needs {size} bytes, the file has {len(data)}")
    return np.ndarray(shape, kind, buffer=data, order="F" if column_major else "C")


def byte_order_of(state):
    """ "<", ">" or "|" from a dtype's state; fields, strings and objects would show in what must be None."""
    if state[1] not in (b"<", b">", b"|") or type(state[0]) is not int or state[2:5] != (None, None, None):
        raise DatasetError("a dtype must be plain numbers in a stated byte order")
    return state[1].decode()


def is_dtype_call(arguments):
    """Whether ``arguments`` are those of a plain number's dtype: (code, align=False, copy=True)."""
    plain = type(arguments) is tuple and len(arguments) == 3 and type(arguments[0]) is bytes
    return plain and arguments[0] in _DTYPES and arguments[1] in (0, False) and arguments[2] in (1, True)


def _is_dimension(value):
    return type(value) is int and 0 <= value <= MAX_DIMENSION


def printable(value):
    """A name from the file, safe to print: no control characters, no megabytes."""
    if type(value) is not bytes:
        raise DatasetError(f"the pickle asks for a name that is {kind_of(value)}")
    return ascii(value[:200].decode("latin1"))[1:-1]


def label_of(value):
    """What a sentence calls the target of a call."""
    return value.value if isinstance(value, Known) else kind_of(value)


_KINDS = {
    type(None): "None",
    bool: "a truth value",
    int: "a number",
    bytes: "a text",
    tuple: "a tuple",
    list: "a list",
    dict: "a dict",
    Known: "a name",
    DTypeRecord: "a dtype",
    ArrayRecord: "an array",
    CSRRecord: "a sparse matrix",
}


def kind_of(value):
    """What a sentence calls a value; never its contents, which may be huge or nested without end."""
    return _KINDS[type(value)]
