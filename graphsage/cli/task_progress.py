"""How far a long command is, on standard error: a bar on a terminal, else a line now and then; nothing if it is soon done."""

import sys
import time
from contextlib import contextmanager

PATIENCE = 2  # seconds before anything is shown
EVERY = 10  # seconds between two lines


@contextmanager
def progress_of(what):
    """Yields report(done, total), to be called often."""
    with (_bar if sys.stderr.isatty() else _lines)(what) as report:
        yield report


@contextmanager
def _bar(what):
    from tqdm import tqdm

    with tqdm(desc=what, delay=PATIENCE, leave=False, unit_scale=True, unit=" rows", file=sys.stderr) as bar:

        def report(done, total):
            bar.total = total
            bar.update(done - bar.n)

        yield report


@contextmanager
def _lines(what):
    began = time.monotonic()
    due = began + PATIENCE

    def report(done, total):
        nonlocal due
        now = time.monotonic()
        if now >= due and done < total:
            due = now + EVERY
            left = (now - began) * (total - done) / done
            print(f"{what}: {done / total:.0%} in {now - began:.0f} s, about {left:.0f} s left", file=sys.stderr, flush=True)

    yield report
