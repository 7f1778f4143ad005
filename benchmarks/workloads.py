"""Graphs that the benchmarks of this project alone run on, and a process of its own for what memory is asked of."""

import ctypes
import gc
import os
import sys
from argparse import ArgumentTypeError
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from accuracy import SETTINGS
from common import reset_peak, resident, rmat_file, say
from publish import words

import graphsage as gs
from graphsage.data.dataset import DatasetError

# ---- graphs


def rmat_graph(scale, edges_per_node=8):
    """R-MAT graph of 2^scale nodes and nearly twice ``edges_per_node`` neighbours a node."""
    with np.load(rmat_file(scale, edges_per_node)) as arrays:
        return gs.Graph.from_csr(arrays["indptr"], arrays["indices"], copy=False)


def rmat_dataset(scale, edges_per_node=8, num_features=64, num_classes=16):
    """Random features and labels on it: for costs, not for accuracy. All nodes are training nodes."""
    graph, rng = rmat_graph(scale, edges_per_node), np.random.default_rng(0)
    return gs.NodeDataset(
        graph=graph,
        features=rng.standard_normal((graph.num_nodes, num_features), dtype=np.float32),
        labels=rng.integers(0, num_classes, graph.num_nodes),
        train=np.arange(graph.num_nodes),
        val=[],
        test=[],
        name=f"R-MAT {scale}",
    )


REAL = ("cora", "citeseer", "pubmed", "debian")  # those that accuracy.py trains


def graph_names(text, known=(*REAL, "rmat")):
    """Names from a list such as cora,debian; ArgumentTypeError for one that is not known."""
    names = words(text)
    if unknown := set(names) - set(known):
        raise ArgumentTypeError(f"knows {', '.join(known)}; got {', '.join(sorted(unknown))}")
    return names


def real_datasets(names, left_out):
    """{name: dataset, rows normalised}, but rmat; one whose files are not at hand is left out, and ``left_out`` says why."""
    found = {}
    for name in names:
        if name == "rmat":
            continue
        try:
            found[name] = gs.load_dataset(name, download=False).row_normalized()
        except DatasetError as error:
            left_out[name] = str(error)
            say(f"{name} is left out: {error}")
    return found


def setting(name):
    """{"model": {...}, "train": {...}}: what accuracy.py trains ``name`` with."""
    _, found = SETTINGS[name]
    return {
        "model": dict(found["model"]),
        "train": {**found["train"], "device": "cpu", "normalize_features": False, "num_threads": 0},
    }


# ---- processes


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
