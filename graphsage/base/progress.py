"""How far something long is: a bar on a terminal, else a line now and then."""

import math
import os
import sys
import time
from contextlib import closing, contextmanager

BAR = "{desc}: {percentage:3.0f}%|{bar}| {elapsed} (left: {remaining})"
BAR_SECONDS, EVERY = 0.25, 5  # between two looks: of a bar, and of lines
PATIENCE = 2  # seconds before anything is shown of what may soon be done


def is_terminal(stream):
    """Can a line on ``stream`` be drawn anew? Not where the environment calls the terminal dumb; None is no stream."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def share(done, total):
    """How much of ``total`` is done, from 0 to 1; 0 of what is not known, or nothing."""
    return min(max(done / total, 0), 1) if total else 0


class Display:
    """Says when a look is due, and draws a bar where ``has_bar``: on a terminal, unless the environment sets TQDM_DISABLE.

    form: the bar, as tqdm takes it; it may change between two draws.
    seconds: between two looks; None: 0.25 for a bar, ``line_seconds`` else.
    """

    def __init__(self, form, screen, line_seconds, seconds=None):
        self.form, self.screen = form, screen
        self.has_bar = is_terminal(screen) and not os.environ.get("TQDM_DISABLE")
        self.seconds = (BAR_SECONDS if self.has_bar else line_seconds) if seconds is None else seconds
        self.bar, self._due = None, math.inf

    def begin(self, patience=0):
        """Looks are due from now on: the first after ``patience`` seconds, or those between two."""
        self._began, self.elapsed = time.monotonic(), 0
        self._due = self._began + (patience or self.seconds)

    def is_due(self):
        """Is it time for a look? Then the next one is due some seconds later. Never before ``begin`` and after ``close``."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due, self.elapsed = now + self.seconds, now - self._began
        return True

    def draw(self, done, total, what, rest=""):
        """Bring the bar up to date. The first call makes it: what came before may print, as the compiler of kernels does."""
        if self.bar is None:
            look = {"leave": False, "dynamic_ncols": True, "delay": 1e-9}  # seconds: not drawn empty
            self.bar = _bar_class()(total=1, file=self.screen, bar_format=self.form, **look)
            self.bar.start_t -= self.elapsed
        self.bar.bar_format, self.bar.n = self.form, share(done, total)
        self.bar.set_description_str(what, refresh=False)
        self.bar.set_postfix_str(rest)

    def width(self):
        """Columns of the screen; infinite where nobody knows."""
        try:
            return os.get_terminal_size(self.screen.fileno()).columns or math.inf
        except (AttributeError, OSError, ValueError):
            return math.inf

    def close(self):
        """The bar is gone."""
        if self.bar is not None:
            self.bar.close()
        self.bar, self._due = None, math.inf


def _bar_class():
    from tqdm import tqdm  # takes a tenth of a second

    class Bar(tqdm):
        monitor_interval = 0  # tqdm's thread that redraws stalled bars would stay for ever

    return Bar


# ---- on standard error


@contextmanager
def silent(name):
    """No progress: for callers who did not ask for any."""
    yield lambda share: None


def reading(name):
    """A context that yields report(share): how much of the file ``name`` is read, from 0 to 1."""
    return _shown(f"reading {name}", tells_rest=False)


def progress_of(what):
    """A context that yields report(done, total), to be called often; what is soon done shows nothing."""
    return _shown(what, patience=PATIENCE)


@contextmanager
def _shown(what, *, patience=0, tells_rest=True):
    """patience: seconds before anything is shown; 0: a bar at once. tells_rest: lines say how long it will take."""
    with closing(Display(BAR, sys.stderr, EVERY)) as display:
        display.begin(patience)
        if display.has_bar and not patience:
            display.draw(0, 1, what)

        def report(done, total=1):
            if not display.is_due():
                return
            part = share(done, total)
            if display.has_bar:
                display.draw(done, total, what)
            elif display.screen and (not tells_rest or 0 < part < 1):
                rest = f", about {display.elapsed * (1 - part) / part:.0f} s left" if tells_rest else ""
                print(f"{what}: {part:.0%} in {display.elapsed:.0f} s{rest}", file=display.screen, flush=True)

        yield report
