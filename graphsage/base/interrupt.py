"""Ctrl-C and SIGTERM (``kill PID``) that wait for a good moment."""

import os
import signal
import threading
from contextlib import contextmanager, suppress

UNTAKEN = {signal.SIGINT: (signal.default_int_handler,), signal.SIGTERM: (signal.SIG_DFL, signal.default_int_handler)}


class Interrupt:
    """came: Ctrl-C was pressed, or SIGTERM came, once."""

    came = False


@contextmanager
def noted_interrupt(notice=""):
    """Inside, the first Ctrl-C or SIGTERM is noted in the ``Interrupt`` that is handed out, and ``notice`` shown.

    The second raises KeyboardInterrupt. Only on the main thread, and for either only where nobody else handles it: elsewhere
    it does what it did. In the background of a script Ctrl-C is ignored, and SIGTERM is heard all the same.
    """
    interrupt = Interrupt()

    def note(number, frame):
        interrupt.came = True
        for heard in handled:
            signal.signal(heard, signal.default_int_handler)
        with suppress(OSError):  # straight to the file: the signal may have come in the middle of a print
            os.write(2, (_own_line(notice) if notice else "").encode())

    with _handler(note, UNTAKEN) as handled:
        yield interrupt


@contextmanager
def raised_sigterm():
    """Inside, SIGTERM raises KeyboardInterrupt as Ctrl-C does, so that nothing half-written is left; unless it is handled."""
    with _handler(signal.default_int_handler, [signal.SIGTERM]):
        yield


@contextmanager
def _handler(handler, numbers):
    """Inside, ``handler`` for those of the signals that are nobody else's; yields these."""
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in numbers if is_main}
    before = {number: usual for number, usual in before.items() if usual in UNTAKEN[number]}
    for number in before:
        signal.signal(number, handler)
    try:
        yield before.keys()
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


def _own_line(notice):
    """On a terminal in place of the line there, perhaps a progress bar with ^C in it; else below what may be half a line."""
    is_drawn = os.isatty(2) and os.environ.get("TERM") != "dumb"
    return ("\r\x1b[K" if is_drawn else "\n") + notice
