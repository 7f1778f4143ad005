"""Standard output and standard error of a command: no character is too strange for them, and nobody has to listen."""

import errno
import os
import sys
from contextlib import contextmanager, suppress

from graphsage.base.files import readable


class OutputLost(Exception):
    """Standard output cannot be written, and it is all that there is of the command. error: the OSError."""

    def __init__(self, error):
        why = ", as the disk is full" if error.errno == errno.ENOSPC else f" ({error.strerror or error})"
        super().__init__(f"the output cannot be written{why}")
        self.error = error
        self.is_silent = error.errno in (errno.EPIPE, errno.ESHUTDOWN)  # its reader, say `head`, has all that it wanted


class Console:
    """A text stream for people. What its encoding lacks becomes an escape (``\\u65e5``); None goes nowhere.

    lost: the ``OutputLost`` of the first write that failed; what comes after it goes nowhere.
    meanwhile: what the command does all the same, which standard error is told then; None: ``lost`` is raised.
    """

    def __init__(self, stream, meanwhile=None):
        self.stream, self.meanwhile, self.lost = stream, meanwhile, None

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def isatty(self):
        return self.stream is not None and self.stream.isatty()

    def write(self, text):
        self._try("write", shown(text, getattr(self.stream, "encoding", None)))
        return len(text)

    def flush(self):
        self._try("flush")

    def _try(self, action, *what):
        if self.stream is None or self.lost:
            return
        try:
            getattr(self.stream, action)(*what)
        except OSError as error:
            self.lost = OutputLost(error)
            _into_nothing(self.stream)
            self._say_what_is_lost()

    def _say_what_is_lost(self):
        if self.meanwhile is None:
            raise self.lost
        if self.meanwhile:
            print(f"graphsage: {self.lost}: {self.meanwhile}", file=sys.stderr, flush=True)


def shown(text, encoding):
    """``text`` in the characters of ``encoding``, and the others as escapes."""
    encoding = encoding or "utf-8"
    return readable(text).encode(encoding, "backslashreplace").decode(encoding)


def on_one_line(name):
    """``name`` among others: in quotes, as in a table, where it holds a comma or the like; what cannot be seen is an escape."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    is_plain = text == name == name.strip() and name and not set(name) & set(',"')
    return text if is_plain else '"' + text.replace('"', '""') + '"'


def _into_nothing(stream):
    """What is still buffered goes nowhere, and the interpreter's end does not try again."""
    with suppress(OSError, ValueError):  # no file of the system's: nothing is left to do
        number, nowhere = stream.fileno(), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


@contextmanager
def consoles():
    """Inside, ``sys.stdout`` and ``sys.stderr`` are ``Console``; at the end all that was printed is written.

    A descriptor that the caller closed is one of nothing from here on: the next file that is opened would get its number, and
    what is meant for people.
    """
    for number in range(3):
        with suppress(OSError):
            _open_if_closed(number)
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Console(_living(sys.stdout)), Console(_living(sys.stderr), meanwhile="")
    try:
        yield sys.stdout
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


def _open_if_closed(number):
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


def _living(stream):
    return None if stream is None or getattr(stream, "closed", False) else stream
