"""A graph of one's own from tables: how long an import takes and how much memory, the second start, an epoch of training.

    python -m benchmarks.import_tables [--size small] [--kinds array,columns,texts,parquet] [--nodes 1000000] [--edges 30000000]

Random edges (repeats and loops among them), 16 classes, the tables in four kinds:
array    edges.csv and nodes.csv with integer ids in random order; 64 features in features.npy, which stays memory-mapped
columns  the same with 16 columns of numbers in nodes.csv in place of features.npy
texts    as array, with ids that are texts (user1000000, ...)
parquet  as array, in parquet files

Each step is a command of its own, in a process of its own: import, five second starts (interpreter and imports included), and
for the first kind one epoch of training with its exact validation. Peak memory is that of the process, shared pages of memory
maps included. What was written last is still in the system's page cache when it is read; a cold disk comes on top.
The tables are made once (2 GB in all) and kept in GRAPHSAGE_BENCH_CACHE.
"""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path
from shutil import rmtree
from time import perf_counter

import numpy as np

from benchmarks.shared.measuring import ONE_THREAD, median, say, versions
from benchmarks.shared.options import options_of, words
from benchmarks.shared.publish import heading, publish, pyplot, short, table
from benchmarks.shared.records import cache_folder, new_result, until_interrupted

OPTIONS = {
    "kinds": (words, "kinds of tables"),
    "nodes": (int, "nodes"),
    "edges": (int, "lines of edges.csv"),
    "rounds": (int, "second starts of each kind"),
}
KINDS = ("array", "columns", "texts", "parquet")
SIZES = {
    "full": {"kinds": KINDS, "nodes": 1_000_000, "edges": 30_000_000, "rounds": 5},
    "small": {"kinds": KINDS, "nodes": 100_000, "edges": 3_000_000, "rounds": 3},
    "quick": {"kinds": KINDS, "nodes": 200, "edges": 1_000, "rounds": 1},
}
COLUMNS, WIDTH, CLASSES, PART = 16, 64, 16, 1 << 20
LOAD = """
import sys, time
began = time.perf_counter()
import graphsage as gs
dataset = gs.load_dataset(sys.argv[1], progress=False)
print(time.perf_counter() - began, dataset.num_nodes, dataset.graph.num_edges, dataset.num_features)
"""
TRAIN = "train {folder} --epochs 1 --no-baseline --no-save --fanouts 10,10 --batch-size 1024 --device cpu --num-threads 1"


def main(argv=None):
    options = options_of("import_tables", __doc__, SIZES, OPTIONS, argv)
    result = new_result(options, argv)
    result["versions"] |= versions(["pyarrow"])
    with until_interrupted(result):
        for kind in options.kinds:
            measure(kind, result, options)
    publish(result, options, markdown(result), draw)


# ---- measuring


def measure(kind, result, options):
    """One row: the steps in their order."""
    folder = made(kind, options)
    row = {"kind": kind, "bytes": {path.name: path.stat().st_size for path in sorted(folder.glob("*.*")) if path.is_file()}}
    rmtree(folder / ".graphsage", ignore_errors=True)
    say(f"{kind}: import")
    row["import"], _ = run("-m", "graphsage", "import", folder)
    say(f"{kind}: {row['import']['wall']:.1f} s; second starts")
    starts = [run("-c", LOAD, folder) for _ in range(options.rounds)]
    row["starts"] = [{**cost, "load": float(out.split()[0])} for cost, out in starts]
    row |= dict(zip(("nodes", "graph_edges", "features"), map(int, starts[0][1].split()[1:])))
    if kind == options.kinds[0]:
        say(f"{kind}: an epoch")
        row["epoch"], _ = run("-m", "graphsage", *TRAIN.format(folder=folder).split())
    result["rows"].append(row)


def run(*arguments):
    """({"wall", "cpu": seconds, "peak": MiB}, output) of a python that runs ``arguments``."""
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    began = perf_counter()
    with subprocess.Popen(
        [sys.executable, *map(str, arguments)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} ended with code {process.returncode}")
    cost = {"wall": perf_counter() - began, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024}
    return cost, out


# ---- the tables


def made(kind, options):
    """The folder of a kind; made once, in a process of its own, whose memory is no part of what is measured."""
    folder = cache_folder() / f"tables-{kind}-{options.nodes}-{options.edges}"
    if not folder.exists():
        say(f"{kind}: making the tables")
        aside = folder.with_name(f".{folder.name}.{os.getpid()}")
        with ProcessPoolExecutor(1) as pool:
            pool.submit(write, aside, kind, options.nodes, options.edges).result()
        os.rename(aside, folder)
    return folder


def write(folder, kind, num_nodes, num_edges):
    """The files of one kind, the same for every run."""
    import pyarrow as pa

    rng = np.random.default_rng(0)
    ids = pa.array(rng.permutation(num_nodes) + num_nodes)
    if kind == "texts":
        ids = pa.array([f"user{number}" for number in ids.to_pylist()])
    folder.mkdir(parents=True)
    parts = (edges(ids, rng, min(PART, num_edges - first)) for first in range(0, num_edges, PART))
    write_table(folder / "edges", kind, parts)
    columns = {"id": ids, "label": rng.integers(0, CLASSES, num_nodes)}
    if kind == "columns":
        columns |= {f"x{number}": rng.standard_normal(num_nodes).round(4) for number in range(COLUMNS)}
    else:
        np.save(folder / "features.npy", rng.standard_normal((num_nodes, WIDTH), dtype=np.float32))
    write_table(folder / "nodes", kind, [pa.table(columns)])


def edges(ids, rng, count):
    import pyarrow as pa

    return pa.table({end: ids.take(pa.array(rng.integers(0, len(ids), count))) for end in ("source", "target")})


def write_table(path, kind, parts):
    """The parts as one file, texts without quotes."""
    from pyarrow import csv, parquet

    parts = iter(parts)
    first = next(parts)
    if kind == "parquet":
        writer = parquet.ParquetWriter(path.with_suffix(".parquet"), first.schema)
    else:
        plain = csv.WriteOptions(quoting_style="none")
        writer = csv.CSVWriter(path.with_suffix(".csv"), first.schema, write_options=plain)
    with writer:
        for part in chain([first], parts):
            writer.write_table(part)


# ---- what is shown


def markdown(result):
    """The tables."""
    header = ["", "files, MB", "features", "import, s", "CPU, s", "peak, MiB", "second start, s", "CPU, s", "peak, MiB"]
    rows = []
    for row in result["rows"]:
        starts, cost = row["starts"], row["import"]
        cells = [sum(row["bytes"].values()) / 1e6, row["features"], *(cost[name] for name in ("wall", "cpu", "peak"))]
        cells += [median([start[name] for start in starts]) for name in ("wall", "cpu", "peak")]
        rows.append([row["kind"], *map(short, cells)])
    first = result["rows"][0]
    sizes = f"{first['nodes']:,} nodes, {result['config']['edges']:,} lines of edges, {first['graph_edges']:,} edges stored."
    epoch = first["epoch"]
    text = (
        f"One epoch of training on `{first['kind']}` with its exact validation (fanouts 10,10, batches of 1,024, one thread, "
        f"start included): {short(epoch['wall'])} s, {short(epoch['cpu'])} s of CPU, {short(epoch['peak'])} MiB at its peak."
    )
    return f"{heading(result)}\n\n{sizes}\n\n{table(header, rows)}\n\n{text}\n"


def draw(result, file):
    """Seconds of import and second start, a pair of bars a kind."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    kinds = [row["kind"] for row in result["rows"]]
    axes[0].barh(kinds, [row["import"]["wall"] for row in result["rows"]])
    axes[1].barh(kinds, [median([start["wall"] for start in row["starts"]]) for row in result["rows"]])
    for axis, title in zip(axes, ("import, seconds", "second start, seconds")):
        axis.set_title(title)
        axis.invert_yaxis()
    figure.savefig(file, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
