"""What ``keep_memory`` gains: training steps by a C library that keeps freed memory, and by one that gives it back.

    python -m benchmarks.kept_memory [--quick] [--readme]

Blocks of steps (batch, forward, backward, Adam) in turn within each round, in one process and on one thread; glibc alone can be
told anew. A page fault is a page that the system cleared and handed out. Writes results/kept_memory/. About 4 minutes.
"""

import ctypes
import resource
from functools import partial
from itertools import count
from pathlib import Path

import torch

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, reset_peak, resident, timed
from benchmarks.shared.options import numbers, options_of
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, paste, short, table
from benchmarks.shared.records import new_result, until_interrupted, write_json, write_text
from benchmarks.shared.workloads import rmat_dataset
from graphsage.base.memory import M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, keep_memory

OPTIONS = {
    "rounds": (int, "measured rounds"),
    "steps": (int, "timed steps of each kind a round, after an untimed one"),
    "scale": (int, "the R-MAT graph has 2^SCALE nodes"),
    "batch": (int, "seeds a batch"),
    "hidden": (int, "width of hidden layers"),
}
SIZES = {
    "full": {"rounds": 12, "steps": 4, "scale": 20, "batch": 1024, "hidden": 256},
    "quick": {"rounds": 1, "steps": 1, "scale": 8, "batch": 16, "hidden": 8},
}
FANOUTS, DTYPES = ("15,10", "15,10,5"), ("float32", "bfloat16")
DEFAULTS = ((M_MMAP_THRESHOLD, 32 << 20), (M_TRIM_THRESHOLD, 64 << 20))  # where glibc's own rule ends
HEADER = ["fanouts", "features", "CPU ms a step, given back", "kept", "ratio", "page faults a step", "kept", "peak GiB", "kept"]


def give_back():
    """Undo ``keep_memory``."""
    for name, size in DEFAULTS:
        ctypes.CDLL(None).mallopt(name, size)


def measure(dataset, fanouts, dtype, options):
    """Rounds of both kinds; the batches are the same."""
    model = gs.GraphSAGE(dataset.num_features, options.hidden, dataset.num_outputs, num_layers=len(fanouts))
    sampler = gs.NeighborSampler(dataset.graph, fanouts, num_threads=0)
    how = {"reduce": model.first_layer_reduction, "feature_dtype": dtype}
    loader, optimizer = gs.NeighborLoader(dataset, sampler, options.batch, **how), torch.optim.Adam(model.parameters())
    batches = (batch for epoch in count() for batch in loader.epoch(epoch))

    def step():
        batch = next(batches)
        loss = torch.nn.functional.cross_entropy(model(batch), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    kinds = {"given back": give_back, "kept": keep_memory}
    runs = {kind: partial(_block, tell, step, options.steps) for kind, tell in kinds.items()}
    rounds = interleave(runs, options.rounds, each_round(f"{fanouts}, {dtype}", runs))
    return {"fanouts": fanouts, "features": dtype, "rounds": rounds}


def _block(tell, step, steps, number):
    """{"cpu": seconds, "faults": pages} a step, and the peak."""
    tell()
    step()
    reset_peak()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    cpu = timed(lambda: [step() for _ in range(steps)])[2]
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return {"cpu": cpu / steps, "faults": faults / steps, "peak": resident("VmHWM") / 1024}


def markdown(result):
    lines = []
    for row in result["rows"]:
        of = {kind: {name: [found[name] for found in blocks] for name in blocks[0]} for kind, blocks in row["rounds"].items()}
        given, kept = of["given back"], of["kept"]
        cells = [row["fanouts"], row["features"], *(short(1000 * median(found["cpu"])) for found in (given, kept))]
        cells.append(f"{median_ratio(kept['cpu'], given['cpu']):.2f}")
        lines.append([*cells, *(f"{median(found['faults']):,.0f}" for found in (given, kept)),
                      *(f"{max(found['peak']):.2f}" for found in (given, kept))])  # fmt: skip
    return f"{heading(result)}\n\n{table(HEADER, lines)}\n"


def main(argv=None):
    one_thread()
    options = options_of("kept_memory", __doc__, SIZES, OPTIONS, argv)
    if not keep_memory():
        raise SystemExit("the C library of this system is not glibc: there is nothing to measure")
    result, dataset = new_result(options, argv), rmat_dataset(options.scale, edges_per_node=16, num_features=128)
    with until_interrupted(result):
        for fanouts in FANOUTS:
            for dtype in DTYPES:
                result["rows"].append(measure(dataset, numbers(fanouts), dtype, options) | {"fanouts": fanouts})
    write_json(Path(options.out) / "kept_memory.json", result)
    write_text(Path(options.out) / "kept_memory.md", markdown(result))
    print(markdown(result))
    if options.readme:
        paste("kept_memory", markdown(result))


if __name__ == "__main__":
    main()
