"""Reads the pickles of the Planetoid files without running them.

A pickle is a program, and Python's own unpickler trusts it: it imports what the program names, lets a ten-byte program ask
for gigabytes, and overflows the stack on deeply nested tuples. So this module does not use it. It is a small machine of its
own for the instructions that these files (protocol 2, written by Python 2) consist of. The six names they ask for are mapped
to inert records of ours, nothing is ever imported or called by the file's word, and every other name is refused.

Memory and time stay proportional to the size of the file: each instruction makes at most one object, a string is a slice of
the file, and a container that was already used cannot be fetched again (no cycles, no copies of copies).
"""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np

from graphsage.data.dataset import DatasetError

MAX_BYTES = 1 << 28  # 256 MiB; the largest Planetoid file has 7.6 MB
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


def unpickle(path):
    """The one object of a pickle file: a list, a dict, an ``ArrayRecord``, a ``CSRRecord``, a number, bytes, ...

    Strings of Python 2 stay bytes. Raises DatasetError (one sentence that starts with the path) for whatever is not such a file.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DatasetError(f"a pickle may have {MAX_BYTES} bytes, this one has {path.stat().st_size}")
        return _Machine(path.read_bytes()).run()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from None
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from None


class _Machine:
    """Runs one pickle. ``stack`` holds values, ``marks`` the stack heights at MARK, ``memo`` what PUT has named."""

    def __init__(self, data):
        self.data, self.at = data, 0
        self.stack, self.marks, self.memo = [], [], {}

    def run(self):
        while (code := self.take(1)) != b".":
            action = _ACTIONS.get(code)
            if action is None:
                raise DatasetError(f"pickle instruction {code!r} at byte {self.at - 1} is none that these files use")
            action(self)
        if self.at != len(self.data):
            raise DatasetError(f"the pickle ends at byte {self.at}, the file has {len(self.data)}")
        if len(self.stack) != 1 or self.marks:
            raise DatasetError(f"a pickle must end with one value, this one ends with {len(self.stack)}")
        return self.pop()

    # ---- the file

    def take(self, count):
        """The next ``count`` bytes."""
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise DatasetError(f"the file ends at byte {len(self.data)} in the middle of the pickle: it is truncated")
        return self.data[start : self.at]

    def number(self, width, signed=False):
        """A little-endian integer."""
        return int.from_bytes(self.take(width), "little", signed=signed)

    def line(self):
        """Bytes up to the next line end."""
        end = self.data.find(b"\n", self.at, self.at + 256)
        if end < 0:
            raise DatasetError(f"a name at byte {self.at} does not end within 256 characters")
        return self.take(end + 1 - self.at)[:-1]

    # ---- the stack

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise DatasetError(f"the pickle takes a value that it never made (byte {self.at - 1})")
        return self.stack.pop()

    def pop_to_mark(self):
        if not self.marks:
            raise DatasetError(f"the pickle returns to a mark that it never set (byte {self.at - 1})")
        height = self.marks.pop()
        values = self.stack[height:]
        del self.stack[height:]
        return values

    def top(self):
        value = self.pop()
        self.stack.append(value)
        return value

    def pop_tuple(self, length):
        values = [self.pop() for _ in range(length)]
        self.push(tuple(reversed(values)))

    # ---- the memo

    def put(self, key):
        self.memo[key] = self.top()

    def get(self, key):
        if key not in self.memo:
            raise DatasetError(f"the pickle recalls value {key}, which it never stored")
        value = self.memo[key]
        if not isinstance(value, (Known, bytes, DTypeRecord)):
            raise DatasetError(f"the pickle uses one {_kind(value)} in two places; only names, text and dtypes may be shared")
        self.push(value)

    # ---- names

    def ask(self, module, name):
        """Push the record of a name; any name but the six is refused."""
        asked = f"{_text(module)}.{_text(name)}"
        if asked not in _KNOWN:
            allowed = ", ".join(_KNOWN)
            raise DatasetError(f"the pickle asks for {asked}: only {allowed} are allowed, and nothing was run")
        self.push(_KNOWN[asked])

    def ask_from_stack(self):
        name, module = self.pop(), self.pop()
        self.ask(module, name)

    def refuse(self, what):
        raise DatasetError(f"the pickle asks for {what}, which is not allowed")

    # ---- containers and objects

    def extend(self, values):
        target = self.top()
        if type(target) is not list:
            raise DatasetError(f"the pickle appends to a {_kind(target)}, which is no list")
        target.extend(values)

    def append(self):
        value = self.pop()
        self.extend([value])

    def set_items(self, values):
        target = self.top()
        if type(target) is not dict or len(values) % 2:
            raise DatasetError(f"the pickle sets {len(values)} keys and values on a {_kind(target)}")
        for key, value in zip(values[::2], values[1::2]):
            # a nested tuple as a key would be hashed by recursion without a limit
            if type(key) not in (int, bytes):
                raise DatasetError(f"the pickle uses a {_kind(key)} as a key: only integers and text are allowed")
            target[key] = value

    def set_item(self):
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def call(self):
        """REDUCE: the three calls of these files, none of which is made."""
        arguments, function = self.pop(), self.pop()
        if function is Known.DEFAULTDICT and _matches(arguments, Known.LIST):
            self.push({})
        elif function is Known.RECONSTRUCT and _matches(arguments, Known.NDARRAY, (0,), b"b"):
            self.push(ArrayRecord())
        elif function is Known.DTYPE and _is_dtype_call(arguments):
            self.push(DTypeRecord(arguments[0]))
        elif function is Known.DTYPE and type(arguments) is tuple and arguments and type(arguments[0]) is bytes:
            raise DatasetError(f"the pickle asks for dtype {_text(arguments[0])}: only plain numbers are allowed")
        else:
            raise DatasetError(f"the pickle calls {_label(function)} with arguments that no Planetoid file has")

    def new(self):
        """NEWOBJ: an empty CSR matrix."""
        arguments, cls = self.pop(), self.pop()
        if cls is not Known.CSR_MATRIX or arguments != ():
            raise DatasetError(f"the pickle makes a new {_label(cls)} with arguments that no Planetoid file has")
        self.push(CSRRecord())

    def build(self):
        """BUILD: give a record its state."""
        state, target = self.pop(), self.top()
        if isinstance(target, ArrayRecord) and type(state) is tuple and len(state) == 5:
            target.value = _array(*state)
        elif isinstance(target, DTypeRecord) and type(state) is tuple and len(state) == 8:
            target.order = _byte_order(state)
        elif isinstance(target, CSRRecord) and type(state) is dict:
            target.state = state
        else:
            raise DatasetError(f"the pickle gives a {_kind(target)} a {_kind(state)} as its state")


_KNOWN = {known.value: known for known in Known}

_ACTIONS = {
    b"\x80": lambda m: m.take(1),  # PROTO: the instructions themselves decide what is accepted
    b"\x95": lambda m: m.take(8),  # FRAME
    b"(": lambda m: m.marks.append(len(m.stack)),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"J": lambda m: m.push(m.number(4, signed=True)),
    b"K": lambda m: m.push(m.number(1)),
    b"M": lambda m: m.push(m.number(2)),
    b"U": lambda m: m.push(m.take(m.number(1))),
    b"T": lambda m: m.push(m.take(m.number(4))),
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"\x85": lambda m: m.pop_tuple(1),
    b"\x86": lambda m: m.pop_tuple(2),
    b"\x87": lambda m: m.pop_tuple(3),
    b"t": lambda m: m.push(tuple(m.pop_to_mark())),
    b"a": _Machine.append,
    b"e": lambda m: m.extend(m.pop_to_mark()),
    b"s": _Machine.set_item,
    b"u": lambda m: m.set_items(m.pop_to_mark()),
    b"q": lambda m: m.put(m.number(1)),
    b"r": lambda m: m.put(m.number(4)),
    b"h": lambda m: m.get(m.number(1)),
    b"j": lambda m: m.get(m.number(4)),
    b"c": lambda m: m.ask(m.line(), m.line()),
    b"R": _Machine.call,
    b"\x81": _Machine.new,
    b"b": _Machine.build,
    # what later protocols and other writers use to name something: read only to refuse it by that name
    b"i": lambda m: m.refuse(f"an instance of {_text(m.line())}.{_text(m.line())}"),
    b"\x93": _Machine.ask_from_stack,
    b"\x94": lambda m: m.put(len(m.memo)),
    b"\x8c": lambda m: m.push(m.take(m.number(1))),
    b"X": lambda m: m.push(m.take(m.number(4))),
    b"P": lambda m: m.refuse(f"the persistent object {_text(m.line())}"),
    b"Q": lambda m: m.refuse("a persistent object"),
    b"\x82": lambda m: m.refuse(f"entry {m.number(1)} of the extension registry"),
    b"\x83": lambda m: m.refuse(f"entry {m.number(2)} of the extension registry"),
    b"\x84": lambda m: m.refuse(f"entry {m.number(4)} of the extension registry"),
}


def _array(version, shape, dtype, column_major, data):
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


def _byte_order(state):
    if state[1] not in (b"<", b">", b"|") or type(state[0]) is not int or state[2:5] != (None, None, None):
        raise DatasetError("a dtype must be plain numbers in a stated byte order")
    return state[1].decode()


def _is_dtype_call(arguments):
    plain = type(arguments) is tuple and len(arguments) == 3 and type(arguments[0]) is bytes
    return plain and arguments[0] in _DTYPES and arguments[1] in (0, False) and arguments[2] in (1, True)


def _is_dimension(value):
    return type(value) is int and 0 <= value <= MAX_DIMENSION


def _matches(arguments, *expected):
    return type(arguments) is tuple and arguments == expected


def _text(value):
    """A name from the file, safe to print: no control characters, no megabytes."""
    if type(value) is not bytes:
        raise DatasetError(f"the pickle asks for a name that is a {_kind(value)}")
    return ascii(value[:200].decode("latin1"))[1:-1]


def _label(value):
    return value.value if isinstance(value, Known) else f"a {_kind(value)}"


def _kind(value):
    return "name" if isinstance(value, Known) else type(value).__name__
