"""Arrays that are views of mapped files, read far apart: the system is told what will be read, and reads it all at once.

Left alone, a page that is missing is read when it is touched, one after the other, each with many pages around it.
"""

import mmap
import sys

import numpy as np

from graphsage.base.jit import kernel, madvise
from graphsage.base.memory import map_of

PAGE = mmap.PAGESIZE
PIECE = 1 << 17  # bytes asked for in one call: Linux drops what exceeds the device's read-ahead, at least 128 KiB
CAN_ASK = hasattr(mmap, "MADV_WILLNEED") and not sys.platform.startswith("win")


def read_at_random(array: np.ndarray) -> None:
    """Let pages of the mapped file behind ``array`` be read alone, not with what lies around them; a no-op in memory."""
    mapped = map_of(array)
    if mapped is not None and hasattr(mmap, "MADV_RANDOM"):
        mapped.madvise(mmap.MADV_RANDOM)


def will_need(array: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> int:
    """Let the system read the rows [begins[i], ends[i]) of a mapped array now, all at once; the bytes of their pages.

    begins, ends: int64 [n], ascending, within the array, which is contiguous. Pages in the page cache are not read again.
    Where the system takes no such advice nothing happens: rows are then read as they are touched. In memory: 0.
    """
    if map_of(array) is None:
        return 0
    width = array.strides[0] if array.ndim else array.itemsize
    starts, lengths = page_runs(array.ctypes.data, width, begins, ends)
    if CAN_ASK:
        _ask(starts, lengths, PIECE, mmap.MADV_WILLNEED)
    return int(lengths.sum())


def page_runs(address, width, begins, ends):
    """(addresses, lengths in bytes) of the runs of pages that hold rows [begins[i], ends[i]) of ``width`` bytes; int64 both.

    Each page is in one run, once; empty ranges need none.
    """
    some = ends > begins
    first = (address + begins[some] * width) // PAGE
    last = (address + ends[some] * width - 1) // PAGE
    is_new = np.ones(len(first), bool)
    is_new[1:] = first[1:] > last[:-1] + 1
    starts = first[is_new]
    stops = last[np.append(is_new[1:], True)] if len(last) else last
    return starts * PAGE, (stops + 1 - starts) * PAGE


@kernel
def _ask(starts, lengths, piece, advice):
    for k in range(len(starts)):
        for done in range(0, lengths[k], piece):
            madvise(starts[k] + done, min(piece, lengths[k] - done), advice)
