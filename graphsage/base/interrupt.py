"""Ctrl-C that waits for a good moment."""

import os
import signal
import threading
from contextlib import contextmanager, suppress


class Interrupt:
    """came: Ctrl-C was pressed once."""

    came = False


@contextmanager
def noted_interrupt(notice=""):
    """Inside, the first Ctrl-C is noted in the ``Interrupt`` that is handed out, and ``notice`` shown; the second is raised.

    Only on the main thread, and where nobody else handles Ctrl-C: elsewhere it does what it did.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread() or (
        signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield interrupt
        return

    def note(number, frame):
        interrupt.came = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with suppress(OSError):  # straight to the file: the signal may have come in the middle of a print
            os.write(2, (_own_line(notice) if notice else "").encode())

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _own_line(notice):
    """On a terminal in place of the line there, perhaps a progress bar with ^C in it; else below what may be half a line."""
    return ("\r\x1b[K" if os.isatty(2) else "\n") + notice
