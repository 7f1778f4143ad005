"""Memory: what was given back stays the process's own (``keep_memory``), how much there is, and which arrays are not in it."""

import ctypes
import mmap
import os
import sys
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
NEVER, LARGEST = -1, (1 << 30, 32 << 20)  # a glibc before 2.35 takes the second at most
GROUP = Path("/sys/fs/cgroup")
LIMITS = (  # of version 2 and of version 1, whose "no limit" is a number above all memory
    ("memory.max", "memory.current", ("memory.stat", "file")),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", ("memory/memory.stat", "total_cache")),
)


def keep_memory() -> bool:
    """Let freed memory stay with the process, in place of the system; whether that could be arranged.

    A training step makes and frees tensors of many megabytes. The C library gives the largest of them back at once and asks for
    memory anew in the next step, and the system clears each page of it: 6 % of the CPU time of a step at fanouts 15,10,5
    (benchmarks/README.md); smaller steps gain nothing. After this call the process holds on to the most that it ever used, and
    pages are cleared once. ``graphsage`` does so at its start; a library must not, so a program of your own says it itself,
    once, before the training.

    glibc's ``mallopt`` does it, so False, and nothing has changed, on systems with another C library (macOS, Windows, Alpine).
    It is of the whole process, and cannot be taken back.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    if not sys.platform.startswith("linux"):
        return False
    is_set = any(mallopt(M_MMAP_THRESHOLD, size) for size in LARGEST)
    return bool(is_set and mallopt(M_TRIM_THRESHOLD, NEVER))


def available_memory() -> float:
    """Bytes that this process may still take without anything being swapped; 0 where the system does not say."""
    found = [_meminfo(), _left_in_group()]
    known = [number for number in found if number is not None]
    return min(known, default=0)


def processes_here() -> int:
    """How many processes on this machine work together, as torchrun says it to each; 1 of one alone."""
    count = os.environ.get("LOCAL_WORLD_SIZE", "")
    return max(1, int(count)) if count.isdecimal() else 1


def _meminfo():
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None


def _left_in_group():
    """Of a control group with a limit, as a container is; its page cache counts as free."""
    found = [_left_by(*names) for names in LIMITS]
    return min((left for left in found if left is not None), default=None)


def _left_by(limit, used, cached):
    try:
        limit, used = (int((GROUP / name).read_text(encoding="utf-8")) for name in (limit, used))
        name, word = cached
        lines = (GROUP / name).read_text(encoding="utf-8").splitlines()
        return limit - used + next(int(line.split()[1]) for line in lines if line.startswith(f"{word} "))
    except (OSError, StopIteration, ValueError):
        return None  # no limit reads "max"


def map_of(array: object) -> mmap.mmap | None:
    """The memory map of a file that an array is a view of; None for what lies in memory.

    A sparse matrix, or anything else that is no array of numpy's, lies in memory.
    """
    import numpy as np  # here: the command line reads this file, and shows its help without

    held = array
    while isinstance(held, np.ndarray | memoryview):
        held = held.obj if isinstance(held, memoryview) else held.base
    return held if isinstance(held, mmap.mmap) else None


def is_mapped(array: object) -> bool:
    """Whether an array is a view of a memory-mapped file: its rows may have to be read from a disk."""
    return map_of(array) is not None
