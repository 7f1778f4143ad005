"""A graph in two shards on two hosts: are its batches those of the whole graph, what travels, and what does an update take?

    python -m benchmarks.shards [--scale 20] [--width 128] [--fanouts 10,10] [--rates none,1gbit] [--rounds 2] [--readme]

An R-MAT graph in a dataset folder, and cut in two. Each training is two processes with one thread of torch each, on hosts
that are network namespaces with a cable of the rate between them (none: both on this machine); an update is two batches:
one        one process, the whole graph
whole      a copy of the whole graph each
shards     a shard each
kept N%    a shard each, and the N % of all rows that coming batches ask for most, counted ahead (feature_cache)

Fails where a batch of the shards is not that of the whole graph, bit for bit, or the weights of shards are not those of whole
copies. Namespaces take root; without it only none is measured. The files are made once, in GRAPHSAGE_BENCH_CACHE.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from shutil import rmtree

import numpy as np

from benchmarks.shards.hosts import can_be_made, two_hosts
from benchmarks.shared.measuring import each_round, interleave, median, median_ratio, say
from benchmarks.shared.options import numbers, options_of, words
from benchmarks.shared.publish import heading, paste, short, table
from benchmarks.shared.records import cache_folder, new_result, until_interrupted, write_json, write_text
from graphsage.data.catalogue import load_dataset
from graphsage.data.folders.writer import FolderWriter
from graphsage.data.generators.random_graphs import rmat
from graphsage.shards.cut import cut

OPTIONS = {
    "scale": (int, "the R-MAT graph has 2^SCALE nodes"),
    "degree": (int, "edges drawn a node"),
    "width": (int, "features a node, float32"),
    "batch": (int, "seeds a batch"),
    "fanouts": (numbers, "neighbours a hop"),
    "hidden": (int, "width of the hidden layer"),
    "updates": (int, "updates of a training, two batches each"),
    "batches": (int, "batches that are compared"),
    "kinds": (words, "kinds, with , between"),
    "rates": (words, "rates of the cable"),
    "rounds": (int, "measured rounds"),
}
SIZES = {
    "full": {"scale": 20, "degree": 8, "width": 128, "batch": 1024, "fanouts": (10, 10), "hidden": 256, "updates": 12,
             "batches": 40, "kinds": ("one", "whole", "shards", "kept 5%", "kept 20%"), "rates": ("none", "1gbit", "100mbit"),
             "rounds": 2},
    "quick": {"scale": 8, "degree": 4, "width": 8, "batch": 16, "fanouts": (3, 3), "hidden": 8, "updates": 4, "batches": 4,
              "kinds": ("one", "whole", "shards", "kept 20%"), "rates": ("none",), "rounds": 1},
}  # fmt: skip
HEADER = ["cable", "kind", "ms an update", "of one process", "of whole copies", "MB of features an update and process",
          "MB of rows of the graph", "rows kept of those asked for", "seconds to the first"]  # fmt: skip
TOLD = ("features", "draws", "kept", "before")


def main(argv=None):
    options = options_of("shards", __doc__, SIZES, OPTIONS, argv, {"keep": "keep the files"})
    result, folder = new_result(options, argv), cache_folder() / f"shards-{options.scale}-{options.degree}-{options.width}"
    make(folder, options)
    try:
        with until_interrupted(result):
            result["check"] = check(folder, options)
            result["rows"] = [{"rate": rate, "kind": kind, "rounds": []} for rate, kind in cases(options, result)]
            runs = {f"{row['rate']} {row['kind']}": partial(train, folder, row, options) for row in result["rows"]}
            interleave(runs, options.rounds, each_round("shards", runs))
    finally:
        if not options.keep:
            rmtree(folder)
    check_weights(result)
    text = markdown(result)
    write_json(options.out / "shards.json", result)
    write_text(options.out / "shards.md", text)
    print(text)
    if options.readme:
        paste("shards", text)


def make(folder, options):
    """The dataset folder and its shards."""
    if folder.exists():
        return
    say("making the graph")
    graph, random = rmat(options.scale, options.degree, seed=1), np.random.default_rng(1)
    with FolderWriter(folder / "whole") as writer:
        writer.put("indptr", graph.indptr)
        writer.put("indices", graph.indices)
        writer.put("labels", random.integers(0, 16, graph.num_nodes))
        writer.put("train", np.arange(graph.num_nodes))
        for split in ("val", "test"):
            writer.put(split, np.empty(0, np.int64))
        writer.put("features", random.standard_normal((graph.num_nodes, options.width), np.float32))
        about = {"name": "rmat", "class_names": None, "schema": None, "notes": [], "num_columns": None, "graph_has_ids": False}
        writer.finish(about)
    cut(load_dataset(folder / "whole"), folder / "shards", 2, say)


def cases(options, result):
    """(rate, kind) of all trainings that can be measured here; what one process takes no cable changes."""
    rates = options.rates
    if set(rates) - {"none"} and not can_be_made():
        result["left_out"]["cables"], rates = "network namespaces take root", ("none",)
    for rate in rates:
        yield from ((rate, kind) for kind in options.kinds if kind != "one" or rate == rates[0])


# ---- processes


def check(folder, options):
    """The batches that were compared; SystemExit unless all were the same."""
    task = {"what": "check", "path": str(folder / "shards"), "whole": str(folder / "whole"), "batches": options.batches}
    found = started(task | {"batch": options.batch, "fanouts": options.fanouts, "ranks": 2}, "none")
    if any(of["same"] != options.batches for of in found):
        raise SystemExit(f"batches of the shards are not those of the whole graph: {found}")
    return sum(of["same"] for of in found)


def train(folder, row, options, number):
    """Add to ``row`` what the processes of a training told."""
    rate, kind = row["rate"], row["kind"]
    cache = kind.removeprefix("kept ") if kind.startswith("kept") else None
    path = folder / ("whole" if kind in ("one", "whole") else "shards")
    task = {"what": "train", "path": str(path), "cache": cache, "ranks": 1 if kind == "one" else 2}
    task |= {name: getattr(options, name) for name in ("batch", "fanouts", "hidden", "updates")}
    row["rounds"].append(started(task, rate))
    say(f"{rate}, {kind}: {row['rounds'][-1]}")


def started(task, rate):
    """[what each process wrote]."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, two_hosts(None if rate == "none" else rate) as hosts:
        places = [Path(folder, f"{rank}.json") for rank in range(task["ranks"])]
        processes = []
        for rank, (before, own) in enumerate(hosts[: task["ranks"]]):
            ranks = {"RANK": str(rank), "WORLD_SIZE": str(task["ranks"]), "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
            ranks = {} if task["ranks"] == 1 else ranks
            given = json.dumps(task | {"out": str(places[rank])})
            words = [*before, sys.executable, "-m", "benchmarks.shards.worker", given]
            processes.append(subprocess.Popen(words, env=os.environ | own | ranks))
        codes = [process.wait() for process in processes]
        if any(codes):
            raise SystemExit(f"{task}: the processes ended with {codes}")
        return [json.loads(place.read_text()) for place in places]


def check_weights(result):
    """SystemExit unless all trainings on two processes end with the same weights."""
    found = {of["weights"] for row in result["rows"] if row["kind"] != "one" for processes in row["rounds"] for of in processes}
    if len(found) > 1:
        raise SystemExit(f"weights of shards and of whole copies differ: {found}")


# ---- tables


def markdown(result):
    rows = {(row["rate"], row["kind"]): row["rounds"] for row in result["rows"]}
    one = next((rounds for (_, kind), rounds in rows.items() if kind == "one"), None)
    lines = [line(rate, kind, rounds, one, rows.get((rate, "whole"))) for (rate, kind), rounds in rows.items()]
    told = f"{result['check']} batches of the shards were those of the whole graph, bit for bit, and all weights the same."
    return f"{heading(result)}\n\n{told}\n\n{table(HEADER, lines)}\n"


def line(rate, kind, rounds, one, whole):
    times = [max(of["ms"] for of in processes) for processes in rounds]
    ratios = [median_ratio(times, [max(of["ms"] for of in processes) for processes in other]) if other else None
              for other in (one, whole)]  # fmt: skip
    told = {name: median([of[name] for processes in rounds for of in processes]) for name in TOLD}
    shown = [ratio and f"{ratio:.2f}" for ratio in ratios]
    mega = [short(told[name] / 1e6) if told[name] else None for name in ("features", "draws")]
    kept = f"{told['kept']:.0%}" if told["kept"] else None
    return [rate, kind, short(median(times)), *shown, *mega, kept, short(told["before"])]


if __name__ == "__main__":
    main()
