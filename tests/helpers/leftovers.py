"""Names of files that another process, perhaps of another machine, is writing or has left."""

import os

from graphsage.base import files

GONE = 2**31 - 1  # no process has this number


def name_aside(name, pid=GONE, *, start=None, host=None):
    """What process ``pid`` calls ``name`` while it writes it. start, host: those of another process or machine."""
    start = files._start(pid) if start is None else start
    return f".{name}.{host or files._host()}-{pid}-{start}-{os.urandom(8).hex()}.part"
