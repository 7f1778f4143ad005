"""Features larger than memory: batches a second, bytes and waiting, for a plain map and for what the package makes of one.

    python -m benchmarks.beyond_memory [--scale 24] [--width 576] [--cap 4] [--rounds 2] [--readme]

An R-MAT graph in memory (nodes without edges left out), features in a file of a dataset folder, the process held in a control
group of --cap GiB, in which its page cache counts. Each kind is a process of its own, all of them in turn in each round:
plain    the file mapped as the system maps it; ended after --patience seconds
random   the same map with MADV_RANDOM, and nothing else; also with a second thread in the loader
asked    the package: a batch's rows asked for together
cache N  the package with feature_cache=N %, counted over --count steps

A pass is --steps batches of a training (two layers, mean): cold (the file's pages dropped before), the same again (as warm as
the cap leaves it), and of caches cold batches of a far epoch, which were not counted. Losses and batches of all kinds must be
the same. The files are made once, in GRAPHSAGE_BENCH_CACHE, and deleted at the end unless --keep is given.
Where there is no control group to be had, there is no cap, and the record says so.
"""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shutil import rmtree

import numpy as np

from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, say
from benchmarks.shared.options import options_of
from benchmarks.shared.processes import isolated
from benchmarks.shared.publish import heading, paste, short, table
from benchmarks.shared.records import cache_folder, new_result, until_interrupted, write_json, write_text
from graphsage.data.folders.writer import FolderWriter
from graphsage.data.generators.random_graphs import rmat

OPTIONS = {
    "scale": (int, "the R-MAT graph has 2^SCALE nodes, those without edges among them"),
    "degree": (int, "edges drawn a node"),
    "width": (int, "features a node, float32"),
    "cap": (float, "GiB that a process may use, page cache and all; 0: no cap"),
    "batch": (int, "seeds a batch"),
    "steps": (int, "batches a pass"),
    "count": (int, "steps that are counted ahead for a cache"),
    "hidden": (int, "width of the hidden layer"),
    "patience": (int, "seconds that the plain map is given"),
    "rounds": (int, "measured rounds"),
    "kinds": (partial(str.split, sep=";"), "kinds, with ; between"),
}
KINDS = ["random", "random, 2 threads", "asked", "cache 5%", "cache 10%", "cache 20%"]
SIZES = {
    "full": {"scale": 24, "degree": 4, "width": 576, "cap": 4.0, "batch": 512, "steps": 12, "count": 256, "hidden": 128,
             "patience": 60, "rounds": 2, "kinds": ["plain", *KINDS]},
    "quick": {"scale": 9, "degree": 6, "width": 16, "cap": 0.0, "batch": 16, "steps": 3, "count": 10, "hidden": 8,
              "patience": 60, "rounds": 1, "kinds": ["memory", "plain", *KINDS]},
}  # fmt: skip
FANOUTS, PART, GROUPS = (10, 10), 1 << 20, Path("/sys/fs/cgroup")
HEADER = ["kind", "batches a second, cold", "of MADV_RANDOM's", "MB from the disk a batch", "waiting", "hits",
          "batches a second, warm", "of MADV_RANDOM's", "hits in a far epoch", "peak GiB in the group"]  # fmt: skip
FILL = ["kind", "seconds to count", "seconds to read the rows", "MB from the disk"]


def main(argv=None):
    options = options_of("beyond_memory", __doc__, SIZES, OPTIONS, argv, {"keep": "keep the files"})
    result, folder = new_result(options, argv), cache_folder() / f"beyond-{options.scale}-{options.degree}-{options.width}"
    if not folder.exists():
        say("making graph and features")
        isolated(lambda: make(folder, options))
    result["features"] = (folder / "features.npy").stat().st_size
    result["nodes"] = len(np.load(folder / "labels.npy", mmap_mode="r"))
    try:
        with until_interrupted(result):
            runs = {kind: partial(measure, folder, kind, options, result) for kind in options.kinds}
            rounds = interleave(runs, options.rounds, each_round("features", runs))
            result["rows"] = [{"kind": kind, "rounds": of} for kind, of in rounds.items()]
    finally:
        if not options.keep:
            rmtree(folder)
    write_json(options.out / "beyond_memory.json", result)
    check_same(result)
    publish(result, options)


def make(folder, options):
    """The dataset folder: nodes that have edges, in order, features of a standard normal distribution."""
    graph = rmat(options.scale, options.degree, seed=1)
    has = graph.degrees > 0
    new, rng = (np.cumsum(has) - 1).astype(np.int32), np.random.default_rng(1)
    num_nodes = int(has.sum())
    with FolderWriter(folder) as writer:
        writer.put("indptr", np.append(graph.indptr[:-1][has], graph.indptr[-1]))
        writer.put("indices", new[graph.indices])
        writer.put("labels", rng.integers(0, 16, num_nodes))
        writer.put("train", np.sort(rng.choice(num_nodes, num_nodes // 10, replace=False)))
        features = writer.growing("features", np.float32, (options.width,))
        for start in range(0, num_nodes, PART):
            features.append(rng.standard_normal((min(PART, num_nodes - start), options.width), np.float32))
        writer.finish({})
    os.sync()


def measure(folder, kind, options, result, number):
    """The record of one process; where patience ended it, how long that was and what it had read."""
    if kind == "plain" and number:
        return None  # its time is spent: once is enough
    asked = {"folder": str(folder), "kind": kind, "fanouts": FANOUTS}
    asked |= {name: getattr(options, name) for name in ("batch", "steps", "hidden", "count")}
    with group(options.cap) as place:
        if options.cap and place is None:
            result["left_out"]["cap"] = "no control group could be made"
        join = f"echo $$ > {place}/cgroup.procs; " if place else ""
        words = f"{join}exec {sys.executable} -m benchmarks.beyond_memory.measured '{json.dumps(asked)}'"
        process = subprocess.Popen(["sh", "-c", words], stdout=subprocess.PIPE, text=True)
        try:
            found = process.communicate(timeout=options.patience if kind == "plain" else None)[0]
        except subprocess.TimeoutExpired:
            lines = Path(f"/proc/{process.pid}/io").read_text().splitlines()
            read = int(next(line.split()[1] for line in lines if line.startswith("read_bytes")))
            process.kill()
            process.wait()
            return {"ended": f"not {options.steps} batches in {options.patience} s", "disk": read}
        if place and process.returncode == -9:
            return {"ended": "killed: it does not fit", "disk": 0}
        if process.returncode:
            raise SystemExit(f"{kind}: the process ended with code {process.returncode}")
        return json.loads(found) | {"peak": peak_of(place)}


@contextmanager
def group(cap):
    """A control group that may use ``cap`` GiB, version 1 or 2; None where none can be made."""
    parent, limit, place = (GROUPS, "memory.max", None) if (GROUPS / "cgroup.controllers").exists() else \
        (GROUPS / "memory", "memory.limit_in_bytes", None)  # fmt: skip
    try:
        if cap:
            place = parent / f"graphsage-bench-{os.getpid()}"
            place.mkdir()
            (place / limit).write_text(str(int(cap * 2**30)))
    except OSError:
        place = None
    try:
        yield place
    finally:
        if place is not None:
            place.rmdir()


def peak_of(place):
    """Bytes that the group had at most; None without one."""
    names = ("memory.peak", "memory.max_usage_in_bytes")
    return next((int((place / name).read_text()) for name in names if (place / name).exists()), None) if place else None


def check_same(result):
    """SystemExit unless the batches of all kinds, features and all, were the same, and their losses."""
    whole = [record for row in result["rows"] for record in row["rounds"] if record and "cold" in record]
    for name in ("batches", "losses"):
        for part in ("cold", "warm"):
            if len({str(record[part][name]) for record in whole}) != 1:
                raise SystemExit(f"{name} of the {part} passes differ between kinds")


def publish(result, options):
    text = markdown(result, options)
    write_text(options.out / "beyond_memory.md", text)
    print(text)
    if options.readme:
        paste("beyond_memory", text)


# ---- tables


def markdown(result, options):
    rows = {row["kind"]: [found for found in row["rounds"] if found] for row in result["rows"]}
    size = f"{result['nodes']:,} nodes, features {result['features'] / 2**30:.1f} GiB, cap {options.cap:g} GiB."
    lines = [line(kind, found, rows.get("random"), options) for kind, found in rows.items()]
    fills = [[kind, *(short(median([one["fill"][name] for one in found]) / scale) for name, scale in COSTS)]
             for kind, found in rows.items() if found and all(one.get("fill") for one in found)]  # fmt: skip
    return f"{heading(result)}\n\n{size}\n\n{table(HEADER, lines)}\n\n{table(FILL, fills)}\n"


COSTS = (("counting", 1), ("reading", 1), ("disk", 1e6))


def line(kind, found, random, options):
    if ended := [one for one in found if "ended" in one]:
        return [kind, f"{ended[0]['ended']}, {ended[0]['disk'] / 1e9:.1f} GB read", *[None] * 8]
    cold, warm = ([one[part] for one in found] for part in ("cold", "warm"))
    speed = [[options.steps / one["seconds"] for one in passes] for passes in (cold, warm)]
    of_random = [None, None]
    if random:
        theirs = [[options.steps / one[part]["seconds"] for one in random] for part in ("cold", "warm")]
        of_random = [f"{median_ratio(own, other):.2f}" for own, other in zip(speed, theirs, strict=True)]
    disk = short(median([one["disk"] / options.steps / 1e6 for one in cold]))
    waiting = f"{median([one['waiting'] / one['seconds'] for one in cold]):.0%}"
    hits, later = (shares(passes) for passes in (cold, [one["later"] for one in found if "later" in one]))
    peak = [one["peak"] / 2**30 for one in found if one["peak"]]
    rates = [short(median(of)) for of in speed]
    return [kind, rates[0], of_random[0], disk, waiting, hits, rates[1], of_random[1], later,
            f"{max(peak):.2f}" if peak else None]  # fmt: skip


def shares(passes):
    """Of the rows asked for those that were kept in memory; None where nothing is."""
    return f"{median([one['hits'] / one['asked'] for one in passes]):.0%}" if passes and passes[0]["hits"] else None


if __name__ == "__main__":
    main()
