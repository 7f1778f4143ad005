"""Reads the pickles of the Planetoid files without running them.

A pickle is a program, and Python's own unpickler trusts it: it imports what the program names, lets a ten-byte program
ask for gigabytes, and overflows the stack on deeply nested tuples. So this module does not use it. It is a small
machine of its own for the instructions that these files (protocol 2, written by Python 2) consist of. The six names
they ask for are mapped to inert records of ours, nothing is ever imported or called by the file's word, and every other
name is refused.

Memory and time stay proportional to the size of the file: an instruction makes at most one object, a string is a slice
of the file, and a container that was already used cannot be fetched again (no cycles, no copies of copies).
"""

import os

from graphsage.data.errors import DatasetError
from graphsage.data.readers.pickle_records import (
    ArrayRecord,
    CSRRecord,
    DTypeRecord,
    Known,
    array_of,
    byte_order_of,
    is_dtype_call,
    kind_of,
    label_of,
    printable,
)

MAX_BYTES = 1 << 28  # 256 MiB; the largest Planetoid file has 7.6 MB


def unpickle(path):
    """The one object of a pickle file: a list, a dict, an ``ArrayRecord``, a ``CSRRecord``, a number, bytes, ...

    Strings of Python 2 stay bytes. Raises DatasetError, one sentence that starts with the path, for any other file.
    """
    data = read_bytes(path, MAX_BYTES)
    try:
        return unpickle_bytes(data)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from None


def unpickle_bytes(data):
    """``unpickle`` of a file's contents."""
    return _Machine(data).run()


def read_bytes(path, limit):
    """The whole of a file that may have at most ``limit`` bytes."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe would wait for ever, a device would never end
            raise DatasetError(f"{path} cannot be read: it is no file")
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read() if size <= limit else None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from None
    if data is None:
        raise DatasetError(f"{path} is too long: such a file may have {limit} bytes, it has {size}")
    return data


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
            raise DatasetError(f"the pickle uses {kind_of(value)} in two places: only names, text and dtypes may be")
        self.push(value)

    # ---- names

    def ask(self, module, name):
        """Push the record of a name; any name but the six is refused."""
        asked = f"{printable(module)}.{printable(name)}"
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
            raise DatasetError(f"the pickle appends to {kind_of(target)}, which is no list")
        target.extend(values)

    def append(self):
        value = self.pop()
        self.extend([value])

    def set_items(self, values):
        target = self.top()
        if type(target) is not dict or len(values) % 2:
            raise DatasetError(f"the pickle sets {len(values)} keys and values on {kind_of(target)}")
        for key, value in zip(values[::2], values[1::2]):
            # a nested tuple as a key would be hashed by recursion without a limit
            if type(key) not in (int, bytes):
                raise DatasetError(f"the pickle uses {kind_of(key)} as a key: only integers and text are allowed")
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
        elif function is Known.DTYPE and is_dtype_call(arguments):
            self.push(DTypeRecord(arguments[0]))
        elif function is Known.DTYPE and type(arguments) is tuple and arguments and type(arguments[0]) is bytes:
            raise DatasetError(f"the pickle asks for dtype {printable(arguments[0])}: only plain numbers are allowed")
        else:
            raise DatasetError(f"the pickle calls {label_of(function)} with arguments that no Planetoid file has")

    def new(self):
        """NEWOBJ: an empty CSR matrix."""
        arguments, cls = self.pop(), self.pop()
        if cls is not Known.CSR_MATRIX or arguments != ():
            raise DatasetError(f"the pickle makes a new {label_of(cls)} with arguments that no Planetoid file has")
        self.push(CSRRecord())

    def build(self):
        """BUILD: give a record its state."""
        state, target = self.pop(), self.top()
        if isinstance(target, ArrayRecord) and type(state) is tuple and len(state) == 5:
            target.value = array_of(*state)
        elif isinstance(target, DTypeRecord) and type(state) is tuple and len(state) == 8:
            target.order = byte_order_of(state)
        elif isinstance(target, CSRRecord) and type(state) is dict:
            target.state = state
        else:
            raise DatasetError(f"the pickle gives {kind_of(target)} {kind_of(state)} as its state")


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
    b"i": lambda m: m.refuse(f"an instance of {printable(m.line())}.{printable(m.line())}"),
    b"\x93": _Machine.ask_from_stack,
    b"\x94": lambda m: m.put(len(m.memo)),
    b"\x8c": lambda m: m.push(m.take(m.number(1))),
    b"X": lambda m: m.push(m.take(m.number(4))),
    b"P": lambda m: m.refuse(f"the persistent object {printable(m.line())}"),
    b"Q": lambda m: m.refuse("a persistent object"),
    b"\x82": lambda m: m.refuse(f"entry {m.number(1)} of the extension registry"),
    b"\x83": lambda m: m.refuse(f"entry {m.number(2)} of the extension registry"),
    b"\x84": lambda m: m.refuse(f"entry {m.number(4)} of the extension registry"),
}


def _matches(arguments, *expected):
    return type(arguments) is tuple and arguments == expected
