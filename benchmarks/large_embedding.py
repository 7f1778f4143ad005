"""An embedding of more nodes than memory holds: under a cap, killed and gone on with, and the same bytes as one undisturbed.

    python -m benchmarks.large_embedding [--quick] [--readme] [--folder FOLDER]

A graph of NODES nodes with DEGREE neighbours each on average, skewed as on the web (a neighbour is node N u^3, u uniform), and
FEATURES columns of features, all .npy files that are mapped. A GraphSAGE of three layers (mean, width HIDDEN) writes what goes
into its last layer: so the outputs of a layer lie in a file and are read in passes. Each process is in a control group of CAP
GiB, page cache and all, with --memory MEMORY GiB.

1. Undisturbed: seconds, bytes read and written, largest private memory, beside what was foretold.
2. Killed (SIGKILL) at KILLS shares of that time, one after the other, and gone on with until it ends.
3. PLAIN seconds of the same without passes, rows read from the map where they lie: how far it comes.

The check: the bytes of 2 are those of 1, and private memory grows by less than MEMORY. Writes results/large_embedding/. The
full size takes 20 to 60 minutes and 12 GB of disk, which is given back.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

import numpy as np

from benchmarks.shared.measuring import say
from benchmarks.shared.options import options_of, rates
from benchmarks.shared.processes import one_thread
from benchmarks.shared.publish import heading, paste, table
from benchmarks.shared.records import cache_folder, new_result, until_interrupted, write_json, write_text
from graphsage.data.dataset import NodeDataset
from graphsage.graph.graph import Graph
from graphsage.nn import workspace
from graphsage.nn.foretold import foretold
from graphsage.nn.model import GraphSAGE
from graphsage.tensors.store import FeatureStore
from graphsage.trained import resumable as resuming
from graphsage.trained.outputs import write_embedding
from graphsage.trained.trained import Trained

OPTIONS = {
    "nodes": (int, "nodes"),
    "degree": (int, "neighbours of a node on average"),
    "features": (int, "columns of features, 4 bytes each"),
    "hidden": (int, "width of the layers, and of the embedding"),
    "cap": (float, "GiB that a process may take, page cache and all"),
    "memory": (float, "GiB of --memory"),
    "kills": (rates, "when it is killed: shares of the seconds of an undisturbed run, each anew"),
    "plain": (float, "seconds without passes; 0: leave it out"),
    "folder": (Path, "where the files are made"),
}
SIZES = {
    "full": {"nodes": 10_000_000, "degree": 8, "features": 32, "hidden": 128, "cap": 4.0, "memory": 3.0,
             "kills": (0.2, 0.5), "plain": 20.0, "folder": None},
    "quick": {"nodes": 3000, "degree": 5, "features": 6, "hidden": 8, "cap": 4.0, "memory": 1e-6, "kills": (0.3, 0.5),
              "plain": 0.0, "folder": None},
}  # fmt: skip
GIB, GROUPS, PART = 1 << 30, Path("/sys/fs/cgroup/memory"), 1 << 18  # rows that are drawn at once
HEADER = ["", "seconds", "GiB read", "GiB written", "private GiB before", "at most", "group GiB at most"]


# ---- data


def make(folder, options):
    """indptr.npy, indices.npy and x.npy, part by part."""
    rng, n = np.random.default_rng(0), options.nodes
    degrees = np.minimum(rng.geometric(1 / options.degree, n), 100 * options.degree) - (rng.random(n) < 0.01)
    indptr = np.concatenate([[0], np.cumsum(degrees)])
    np.save(folder / "indptr.npy", indptr)
    indices = np.lib.format.open_memmap(folder / "indices.npy", "w+", np.int32, (int(indptr[-1]),))
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float32, (n, options.features))
    for start in range(0, n, PART):
        ends = indptr[start : start + PART + 1]
        rows = np.repeat(np.arange(len(ends) - 1, dtype=np.int64), np.diff(ends))
        drawn = (rng.random(len(rows)) ** 3 * n).astype(np.int64)
        indices[ends[0] : ends[-1]] = np.sort(rows * n + drawn) - rows * n  # each row rises
        x[start : start + PART] = rng.standard_normal((min(PART, n - start), options.features), np.float32)
    indices.flush()
    x.flush()


def opened(folder):
    indptr, indices, x = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("indptr", "indices", "x"))
    graph, none = Graph(indptr=indptr, indices=indices), np.empty(0, np.int64)
    return NodeDataset(graph=graph, features=x, labels=np.zeros(len(x), np.int64), train=none, val=none, test=none)


def trained_of(options):
    model = GraphSAGE(options.features, options.hidden, 10, num_layers=3).eval()
    how = {"normalized_features": False, "isolated": "empty", "fanouts": (10, 10, 10), "schema": None, "name": None}
    return Trained(model=model, task="multiclass", metric="accuracy", class_names=None, **how)


# ---- a process under a cap


@contextmanager
def group_of(cap):
    """A control group (version 1) of so many GiB, or None where none can be made."""
    place = GROUPS / f"large-embedding-{os.getpid()}"
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


def run(folder, options, seconds=None, passes=True):
    """What a process measured that embeds; None if it was killed after so many seconds."""
    said = folder / "said.json"
    said.unlink(missing_ok=True)
    with group_of(options.cap) as group:
        process = get_context("fork").Process(target=_embed, args=(folder, options, group, said, passes))
        process.start()
        process.join(seconds)
        was_killed = process.is_alive()
        process.kill()
        process.join()
        peak = None if group is None else int((group / "memory.max_usage_in_bytes").read_text()) / GIB
    found = json.loads(said.read_text()) if said.exists() else {}
    if not was_killed and "seconds" not in found:
        raise RuntimeError(f"the process ended with code {process.exitcode}")
    return found | {"was_killed": was_killed, "group": peak}


def _embed(folder, options, group, said, passes):
    if group is not None:
        (group / "cgroup.procs").write_text(str(os.getpid()))
    one_thread()
    if not passes:
        workspace.FileSpace.table = lambda self, h: None
    if options.size == "quick":
        resuming.LARGE, workspace.SAVE_SECONDS = 0, 0
    watched = {"private": 0.0, "before": _private()}
    Thread(target=_watch, args=(watched,), daemon=True).start()
    begun, done = time.perf_counter(), []

    def progress(count, total):
        done[:] = [count, total]
        if not passes:
            said.write_text(json.dumps({"rows": count, "of": total}))

    data, path = opened(folder), folder / "embed.npy"
    with resuming.resumable(path, memory=int(options.memory * GIB), log=say) as room:
        write_embedding(path, trained_of(options), data, room=room, progress=progress)
    numbers = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    io = {name: int(numbers[f"{name}_bytes"]) / GIB for name in ("read", "write")}
    said.write_text(json.dumps({"seconds": time.perf_counter() - begun, **io, **watched}))


def _watch(watched):
    """The largest private memory (GiB): mapped files do not count."""
    while True:
        watched["private"] = max(watched["private"], _private())
        time.sleep(0.02)


def _private():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) / 2**20


# ---- what is measured


def told(folder, options):
    """GiB that it would take in memory, as foretold."""
    data, trained = opened(folder), trained_of(options)
    need = foretold(trained.model, data.graph, FeatureStore(data.features), num_layers=2)
    return {name: getattr(need, name) / GIB for name in ("total", "outputs", "chunk", "features")}


def measure(folder, options, result):
    say(f"{options.nodes:,} nodes are drawn")
    make(folder, options)
    result["edges"] = int(np.load(folder / "indptr.npy", mmap_mode="r")[-1])
    result["told"] = told(folder, options)
    whole = run(folder, options)
    result["rows"].append({"run": "undisturbed", **whole, "sha256": digest(folder / "embed.npy")})
    say(f"undisturbed: {whole['seconds']:.0f} s")
    (folder / "embed.npy").unlink()
    if options.plain:
        result["rows"].append({"run": "without passes", **run(folder, options, options.plain, passes=False)})
        shutil.rmtree(folder / "embed.npy.unfinished", ignore_errors=True)
    for share in options.kills:
        seconds = share * whole["seconds"]
        result["rows"].append({"run": "killed", "after": seconds, **run(folder, options, seconds)})
        say(f"killed after {seconds:.1f} s")
    last = run(folder, options)
    result["rows"].append({"run": "gone on with", **last, "sha256": digest(folder / "embed.npy")})


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(result, options):
    """RuntimeError where the claim does not hold."""
    shas = {row["sha256"] for row in result["rows"] if "sha256" in row}
    if len(shas) != 1:
        raise RuntimeError("the embedding that was killed is another one")
    most = max(row["private"] - row["before"] for row in result["rows"] if "private" in row)
    if options.size == "full" and most > options.memory:
        raise RuntimeError(f"{most:.2f} GiB of private memory, and {options.memory} were allowed")


def markdown(result):
    lines, told = [], result["told"]
    for row in result["rows"]:
        name = row["run"] if "after" not in row else f"{row['run']} after {row['after']:.0f} s"
        if "rows" in row:
            name += f": {row['rows'] / row['of']:.1%} of the rows"
        found = (row.get(key) for key in ("seconds", "read", "write", "before", "private", "group"))
        cells = ["" if value is None else f"{value:,.2f}" for value in found]
        lines.append([name, *cells])
    config = result["config"]
    sizes = f"{config['nodes']:,} nodes, {result['edges']:,} edges, {config['features']} features, width {config['hidden']}"
    need = f"foretold in memory: {told['total']:.2f} GiB ({told['outputs']:.2f} of outputs, {told['features']:.2f} of features)"
    caps = f"cap {config['cap']:g} GiB, --memory {config['memory']:g} GiB"
    return f"{heading(result)}\n\n{sizes}; {need}; {caps}; the same bytes.\n\n{table(HEADER, lines)}\n"


def main(argv=None):
    one_thread()
    options = options_of("large_embedding", __doc__, SIZES, OPTIONS, argv)
    folder = Path(mkdtemp(prefix="large-embedding-", dir=options.folder or cache_folder()))
    given, options.folder = sys.argv[1:] if argv is None else argv, None  # a folder of one machine
    at = given.index("--folder") if "--folder" in given else len(given)
    result = new_result(options, [*given[:at], *given[at + 2 :]])
    try:
        with until_interrupted(result):
            measure(folder, options, result)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write_json(Path(options.out) / "large_embedding.json", result)
    write_text(Path(options.out) / "large_embedding.md", markdown(result))
    print(markdown(result))
    check(result, options)
    if options.readme:
        paste("large_embedding", markdown(result))


if __name__ == "__main__":
    main()
