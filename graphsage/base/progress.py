"""How far a long read is: a bar on a terminal, else a line now and then. On standard error."""

import sys
import time
from contextlib import contextmanager

EVERY = 5  # seconds between two lines


@contextmanager
def silent(name):
    """No progress: for callers who did not ask for any."""
    yield lambda share: None


@contextmanager
def reading(name):
    """Yields report(share): how much of the file ``name`` is read, from 0 to 1."""
    bar = _bar if sys.stderr.isatty() else _lines
    with bar(name) as report:
        yield report


@contextmanager
def _bar(name):
    from tqdm import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed} (left: {remaining})"
    with tqdm(total=1.0, desc=f"reading {name}", bar_format=form, leave=False, file=sys.stderr) as bar:
        yield lambda share: bar.update(min(share, 1) - bar.n)


@contextmanager
def _lines(name):
    began = said = time.monotonic()

    def report(share):
        nonlocal said
        now = time.monotonic()
        if now - said >= EVERY:
            said = now
            print(f"reading {name}: {share:.0%} in {now - began:.0f} s", file=sys.stderr, flush=True)

    yield report
