"""A graph that stays on the disk: R-MAT written, opened and trained on under a cap of memory; and beside the same in memory.

    python -m benchmarks.mapped_graph [--quick] [--readme] [--folder FOLDER]

1. What ``graphsage import rmat:scale=SCALE,degree=DEGREE,features=FEATURES --out FOLDER`` does, in a control group of CAP GiB,
   page cache and all; then a process that opens the folder and one that trains STEPS steps on it, the page cache dropped before
   both. Where no control group can be had, the largest private memory is compared with CAP.
2. At scale SMALL the same arrays in memory, from the folder read into memory, and as a map, blocks of steps in turn in one
   process: rate and the same batches.

The check: the training stays below the cap, losses on map and in memory are equal to the bit, and opening reads less than a
tenth of the files. Writes results/mapped_graph/. 20 to 60 minutes, 20 GB of disk.
"""

import json
import os
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, say, timed
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import isolated
from benchmarks.shared.publish import heading, paste, short, table
from benchmarks.shared.records import cache_folder, new_result, until_interrupted, write_json, write_text
from graphsage.data.generators.by_name import generate_into
from graphsage.data.readers import npz

OPTIONS = {
    "scale": (int, "the R-MAT graph on the disk has 2^SCALE nodes"),
    "degree": (int, "edges drawn a node"),
    "features": (int, "columns of features, 4 bytes each"),
    "cap": (float, "GiB of memory, page cache and all"),
    "sort": (int, "MiB of memory for the sort of edges"),
    "steps": (int, "steps of training"),
    "small": (int, "scale of the graph that is trained on in memory as well"),
    "rounds": (int, "rounds of that"),
    "block": (int, "steps a round and kind"),
    "batch": (int, "seeds a batch"),
    "hidden": (int, "width of the hidden layer"),
    "fanouts": (numbers, "neighbours drawn at each hop"),
    "folder": (str, "where the dataset folder is made and kept, FOLDER.json beside it; one that is there is used as it is"),
}
SAME = {"batch": 1024, "hidden": 64, "fanouts": (10, 10), "folder": None}
SIZES = {
    "full": {"scale": 24, "degree": 16, "features": 16, "cap": 8.0, "sort": 1024, "steps": 300, "small": 20, "rounds": 6,
             "block": 20, **SAME},
    "quick": {"scale": 8, "degree": 4, "features": 4, "cap": 4.0, "sort": 8, "steps": 3, "small": 8, "rounds": 2, "block": 2,
              **SAME, "batch": 16, "hidden": 4},
}  # fmt: skip
GROUP = Path("/sys/fs/cgroup/memory")
GIB = 2**30


# ---- a process under a cap


@contextmanager
def group_of(cap):
    """A control group that may take ``cap`` GiB, page cache included, or None where none can be made."""
    place = GROUP / f"mapped-graph-{os.getpid()}"
    try:
        place.mkdir()
        (place / "memory.limit_in_bytes").write_text(str(int(cap * GIB)))
    except OSError:
        yield None
        return
    try:
        yield place
    finally:
        with suppress(OSError):  # a process may still be leaving it
            place.rmdir()


def capped(cap, work):
    """{"seconds", "cpu": seconds, "private": GiB, "group": GiB or None, "read": bytes of the disk, and what ``work`` gives}."""
    with group_of(cap) as group:
        return isolated(partial(_measured, group, work))


def _measured(group, work):
    if group is not None:
        (group / "cgroup.procs").write_text(str(os.getpid()))
    watch, before = Watch(), _bytes_read()
    with watch:
        found, seconds, cpu = timed(work)
    peak = None if group is None else int((group / "memory.max_usage_in_bytes").read_text()) / GIB
    measured = {"seconds": seconds, "cpu": cpu, "private": watch.most, "group": peak}
    return measured | {"read": _bytes_read() - before} | found


class Watch:
    """The most private memory of this process, GiB, looked at ten times a second: mapped files do not count."""

    def __enter__(self):
        self.most, self._end = 0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._end.wait(0.1):
            self._look()

    def _look(self):
        lines = Path("/proc/self/status").read_text().splitlines()
        self.most = max(self.most, int(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) / 2**20)

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        self._look()


def _bytes_read():
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("read_bytes")))


def forget(folder):
    """Nothing of these files is in the page cache."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


# ---- what is measured


def write(folder, options):
    spec = f"rmat:scale={options.scale},degree={options.degree},features={options.features}"
    generate_into(spec, folder, options.sort << 20)
    return {"bytes": sum(path.stat().st_size for path in folder.iterdir())}


def opened(folder, in_memory=None):
    """The dataset; in_memory: as is chosen, or whether to hold it there."""
    available = npz.available_memory
    if in_memory is not None:
        npz.available_memory = lambda: float("inf") if in_memory else 0
    try:
        return gs.load_dataset(folder)
    finally:
        npz.available_memory = available


def sizes(folder):
    dataset = opened(folder, in_memory=False)
    return {"nodes": dataset.num_nodes, "edges": dataset.graph.num_edges}


def training(dataset, options):
    """A function that makes a step and returns its loss."""
    torch.manual_seed(0)
    model = gs.GraphSAGE(dataset.num_features, options.hidden, dataset.num_outputs, num_layers=len(options.fanouts), dropout=0)
    sampler = gs.NeighborSampler(dataset.graph, options.fanouts, seed=0)
    loader = gs.NeighborLoader(dataset, sampler, options.batch, reduce=model.first_layer_reduction)
    optimizer, batches = torch.optim.Adam(model.parameters()), (batch for epoch in count() for batch in loader.epoch(epoch))

    def step():
        batch = next(batches)
        loss = torch.nn.functional.cross_entropy(model(batch), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def train(folder, options):
    """Seconds of each step and losses of the first and the last."""
    step, taken, losses = training(opened(folder, in_memory=False), options), [], []
    for _ in range(options.steps):
        begun = time.perf_counter()
        losses.append(step())
        taken.append(time.perf_counter() - begun)
    return {"steps": taken, "losses": [losses[0], losses[-1]]}


def in_memory(dataset):
    """The same of arrays that never saw a file."""
    indptr, indices = np.array(dataset.graph.indptr), np.array(dataset.graph.indices)
    return replace(dataset, graph=gs.Graph.from_csr(indptr, indices), features=np.array(dataset.features))


def compared(folder, options):
    """Rounds of blocks of steps, and whether both have the same losses to the bit: batches and features are the same then."""
    held, mapped = opened(folder, in_memory=True), opened(folder, in_memory=False)
    kinds = {"in memory": in_memory(held), "imported": held, "its graph mapped": replace(mapped, features=held.features)}
    kinds["all mapped"] = mapped
    steps = {kind: training(dataset, options) for kind, dataset in kinds.items()}
    losses = {kind: [step()] for kind, step in steps.items()}

    def block(kind, number):
        made, wall, cpu = timed(lambda: [steps[kind]() for _ in range(options.block)])
        losses[kind] += made
        return {"wall": wall / options.block, "cpu": cpu / options.block}

    rounds = interleave({kind: partial(block, kind) for kind in kinds}, options.rounds, each_round("compared", kinds))
    return {"rounds": rounds, "equal": all(found == losses["in memory"] for found in losses.values())}


# ---- the record


def broken(result, options):
    """Claims that do not hold, a text each."""
    of = {row["what"]: row for row in result["rows"]}
    for what in ("written", "opened", "trained"):
        if what in of and (of[what]["group"] or of[what]["private"]) > options.cap:
            yield f"{what} took more than {options.cap} GiB"
    if options.scale > 16 and of["opened"]["read"] > of["opened"]["bytes"] / 10:  # below, a page is a part of the files
        yield "opening read the files through"
    if not all(np.isfinite(of["trained"]["losses"])):
        yield "the loss is no number"
    if not of["compared"]["equal"]:
        yield "batches of a map are others"


def markdown(result):
    lines = []
    for row in result["rows"][:-1]:
        steps = row.get("steps", [])
        parts = (steps[: len(steps) // 10 + 1], steps[len(steps) // 2 :])
        rates = [f"{1 / median(part):.2f}" if part else "" for part in parts]
        group, read = (None if of is None else f"{of / unit:.2f}" for of, unit in ((row["group"], 1), (row["read"], 1e9)))
        lines.append([row["what"], short(row["seconds"]), short(row["cpu"]), f"{row['private']:.2f}", group, read, *rates])
    of = {row["what"]: row for row in result["rows"]}
    costs = {kind: [row["cpu"] for row in rounds] for kind, rounds in of["compared"]["rounds"].items()}
    head = ["stage", "seconds", "CPU seconds", "private GiB at most", "with cache", "GB read", "steps/s at first", "later"]
    facts = f"{of['opened']['nodes']:,} nodes, {of['opened']['edges']:,} edges, {of['opened']['bytes'] / 1e9:.1f} GB of files."
    told = f"At scale {result['config']['small']}, from the page cache, CPU time a step: "
    held = costs["in memory"]
    told += "; ".join(f"{kind} {1000 * median(of):.1f} ms (x{median_ratio(of, held):.2f})" for kind, of in costs.items())
    told += ". Medians over the rounds, of the times and of the ratios within one. "
    told += "Losses are equal to the bit."
    return f"{heading(result)}\n\n{facts}\n\n{table(head, lines)}\n\n{told}\n"


def main(argv=None):
    options = options_of("mapped_graph", __doc__, SIZES, OPTIONS, argv)
    result, folder = new_result(options), Path(options.folder or cache_folder() / f"mapped-graph-{os.getpid()}")
    small = folder.with_name(f"{folder.name}-small-{os.getpid()}")
    result["config"] |= {"folder": None, "command": f"python -m benchmarks.mapped_graph --size {options.size}"}
    try:
        with until_interrupted(result):
            measure(result, folder, small, options)
            result["broken"] = list(broken(result, options))
    finally:
        shutil.rmtree(small, ignore_errors=True)
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".json").unlink(missing_ok=True)
    write_json(Path(options.out) / "mapped_graph.json", result)
    write_text(Path(options.out) / "mapped_graph.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("mapped_graph", markdown(result))
    if result["broken"]:
        raise SystemExit("; ".join(result["broken"]))


def measure(result, folder, small, options):
    def stage(what, work, cap=options.cap):
        say(f"{what} ...")
        row = {"what": what} | capped(cap, work)
        result["rows"].append(row)
        say(f"{what}: {row['seconds']:.1f} s, {row['private']:.2f} GiB of its own, {row['group'] or 0:.2f} with the page cache")

    row = folder.with_suffix(".json")  # what the writing took
    if folder.exists():
        result["rows"].append(json.loads(row.read_text()))
    else:
        stage("written", partial(write, folder, options))
        write_json(row, result["rows"][-1])
    held = {"bytes": sum(path.stat().st_size for path in folder.iterdir())}
    forget(folder)
    stage("opened", lambda: held | sizes(folder))
    forget(folder)
    stage("trained", partial(train, folder, options))
    generate_into(f"rmat:scale={options.small},degree={options.degree},features={options.features}", small)
    stage("compared", partial(compared, small, options))


if __name__ == "__main__":
    main()
