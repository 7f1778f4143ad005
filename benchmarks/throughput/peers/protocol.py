"""What every worker shares: the workload, the variants it can run, and the conversation with the driver.

A worker is a program that the Python of one environment runs: only the standard library and numpy are certain to be there.
It reads one JSON object a line and answers each with one ({"error": text} where that fails):

    {"op": "list"}                                        -> {"versions": {...}, "variants": [[task, name, slow], ...]}
    {"op": "prepare", "task":, "name":, "fanouts":}       -> {}
    {"op": "run", the same, "round":, "warm":, "count":}  -> {"wall": [s, ...], "cpu": [s, ...], "edges": [...]}
    {"op": "memory", "start": bool}                       -> {"peak": MiB over what imports and features take}
    {"op": "forget"}                                      -> {}: drops everything prepared
"""

import ctypes
import gc
import json
import os
import sys
import traceback
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.shared.measuring import reset_peak, resident, timed, versions

VARIANTS = {}  # (task, name) -> (make, whole, slow)


def variant(task, name, *, whole=False, slow=False):
    """Register ``make(work, fanouts) -> (batches, edges)``: a generator of a round's batches, and what one holds.

    ``batches(round, count)`` yields ``count`` batches, on the seeds ``work.seeds[round][:count]`` where seeds are shared.
    whole=True times the generator from end to end, as threads that work ahead ask for; else every batch by itself.
    slow=True: takes seconds a batch, so the driver asks for one a round, and only at the task's first fanouts.
    """

    def register(make):
        VARIANTS[task, name] = (make, whole, slow)
        return make

    return register


class Workload:
    """The inputs that all workers share, from the folder that the driver wrote."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = json.loads((self.folder / "workload.json").read_text())
        self.batch, self.hidden, self.classes = (self.config[name] for name in ("batch", "hidden", "classes"))
        with np.load(self.folder / "seeds.npz") as arrays:
            self.train, self.seeds = arrays["train"], arrays["seeds"]  # int64 [n], [rounds, steps, batch]

    def csr(self):
        """(indptr int64[N + 1], indices int32[E]), read anew: the caller may drop them."""
        with np.load(self.config["graph"]) as arrays:
            return arrays["indptr"], arrays["indices"]

    @cached_property
    def features(self):
        """float32 [N, F]."""
        shape = self.config["num_nodes"], self.config["features"]
        return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)

    @cached_property
    def labels(self):
        """int64 [N]."""
        return np.random.default_rng(1).integers(0, self.classes, self.config["num_nodes"])

    @cached_property
    def citations(self):
        """Arrays of the small citation graph: indptr, indices, features (CSR parts), labels, train, test."""
        with np.load(self.folder / "citations.npz") as arrays:
            return {name: arrays[name] for name in arrays.files}


def serve(packages):
    """Answer the driver until it hangs up. ``packages``: whose versions are reported."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    worker = _Worker(Workload(sys.argv[1]), packages)
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # whatever a peer raises is a finding, and the driver's to report
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")


class _Worker:
    def __init__(self, work, packages):
        self.work, self.packages, self.ready, self.floor = work, packages, {}, 0

    def answer(self, message):
        return getattr(self, "_" + message.pop("op"))(**message)

    def _list(self):
        return {"versions": versions(self.packages), "variants": [[*key, slow] for key, (_, _, slow) in VARIANTS.items()]}

    def _prepare(self, task, name, fanouts):
        key = task, name, tuple(fanouts)
        if key not in self.ready:
            make, whole, _ = VARIANTS[task, name]
            self.ready[key] = *make(self.work, key[2]), whole
        return {}

    def _run(self, task, name, fanouts, round, warm, count):
        batches, edges, whole = self.ready[task, name, tuple(fanouts)]
        gc.collect()
        return (_whole if whole else _each)(batches, edges, round, warm, count)

    def _memory(self, start):
        if start:
            self.work.features, self.work.labels  # noqa: B018 - made now, so that they are not counted
            gc.collect()
            self.floor = resident("VmRSS")
        peak = resident("VmHWM") - self.floor
        reset_peak()
        return {"peak": peak}

    def _forget(self):
        self.ready.clear()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        return {}


def _each(batches, edges, round, warm, count):
    """Times of each batch after the first ``warm``."""
    result = {"wall": [], "cpu": [], "edges": []}
    iterator = iter(batches(round, warm + count))
    for step in range(warm + count):
        batch, wall, cpu = timed(lambda: next(iterator))
        if step >= warm:
            _note(result, wall, cpu, edges(batch))
        del batch
    return result


def _whole(batches, edges, round, warm, count):
    """Mean time of ``count`` batches, from the first request to the last answer; ``warm`` ones are drawn before."""
    for _ in batches(round, warm) if warm else ():
        pass
    result = {"wall": [], "cpu": [], "edges": []}
    total, wall, cpu = timed(lambda: sum(map(edges, batches(round, count))))
    _note(result, wall / count, cpu / count, total / count)
    return result


def _note(result, wall, cpu, edges):
    for name, value in (("wall", wall), ("cpu", cpu), ("edges", edges)):
        result[name].append(value)
