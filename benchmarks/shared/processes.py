"""Threads, and a process of its own for what memory is asked of."""

import ctypes
import gc
import os
import sys
from multiprocessing import get_context
from pathlib import Path

import torch

from benchmarks.shared.measuring import reset_peak, resident


def one_thread():
    """This program computes on one CPU thread: what is compared must not depend on the cores that happen to be idle."""
    torch.set_num_threads(1)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU's threads in the parent would forbid autograd in a fork


def isolated(function):
    """``function()`` in a process of its own, forked from this one: its answer, or RuntimeError with what went wrong."""
    mine, theirs = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=_answer, args=(theirs, function))
    process.start()
    theirs.close()
    try:
        good, answer = mine.recv()
    except EOFError:
        process.join()
        good, answer = False, f"the process ended with code {process.exitcode}"
    process.join()
    if not good:
        raise RuntimeError(answer)
    return answer


def _answer(pipe, function):
    try:
        pipe.send((True, function()))
    except Exception as error:
        pipe.send((False, f"{type(error).__name__}: {error}"))
    except KeyboardInterrupt:  # the parent has it too, and says so
        os._exit(130)


def peak_memory(work):
    """MiB that ``work()`` takes at its peak, in a process of its own, over what stood before; None without Linux's /proc.

    It runs twice: the first time brings in the pages of the code, which belong to no setting.
    """
    return isolated(lambda: _growth(work)) if has_peaks() else None


def has_peaks():
    return sys.platform == "linux" and Path("/proc/self/clear_refs").exists()


def _growth(work):
    work()
    settle()
    before = resident("VmRSS")
    work()
    return max(0.0, resident("VmHWM") - before)


def settle():
    """Freed memory goes back to the system, and the high-water mark begins anew."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    reset_peak()
