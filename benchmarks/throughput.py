"""Throughput: sampling, features, training steps and small epochs, against PyG, DGL, GraphBolt and a textbook's program.

    python benchmarks/throughput.py [--scale 20] [--batch 1024] [--rounds 7] [--peers pyg,dgl,graphbolt,book] [--quick]

Every competitor is a worker program (``peers/``) in its own process, run by the Python of its own environment: that in
GRAPHSAGE_BENCH_PYG (PyG) and GRAPHSAGE_BENCH_DGL (DGL and GraphBolt), else this one. ``make_envs.sh`` makes the environments. All get
the same graph, seeds, fanouts and widths, and one thread; their rounds are interleaved. A peer that cannot be imported is
left out, and the result says why. README.md beside this file tells what the numbers mean.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import FOLDER, ONE_THREAD, RESULTS, interleave, median, record, rmat_file, say, write_aside, write_json, write_text
from throughput_report import claims, draw, paste, table

import graphsage as gs
from graphsage.data.dataset import DatasetError

PEERS = {  # name: (worker program, where its Python is found)
    "pyg": ("pyg", "GRAPHSAGE_BENCH_PYG"),
    "dgl": ("dgl_graphbolt", "GRAPHSAGE_BENCH_DGL"),
    "graphbolt": ("dgl_graphbolt", "GRAPHSAGE_BENCH_DGL"),
    "book": ("book", "GRAPHSAGE_BENCH_BOOK"),
}
FEATURES, HIDDEN, CLASSES = 128, 256, 47


@dataclass(frozen=True)
class Task:
    """name: as the workers register it. warm, count: batches a round, untimed and timed."""

    name: str
    fanouts: tuple
    warm: int
    count: int


TASKS = (
    Task("sampling", ((10, 10), (25, 10), (15, 10, 5)), 2, 12),
    Task("features", ((10, 10), (25, 10), (15, 10, 5)), 2, 8),
    Task("training", ((15, 10), (15, 10, 5)), 1, 3),
    Task("trees", ((10, 10), (15, 10, 5)), 1, 2),
    Task("citations", ((10, 10),), 1, 1),
    Task("threads", ((10, 10), (15, 10, 5)), 4, 100),
)
MEMORY = {"ours": "ours", "pyg": "pyg trim_to_layer", "dgl_graphbolt": "dgl SAGEConv"}  # worker: variant of "training"


def main():
    options = arguments()
    tasks = quick_tasks() if options.quick else TASKS
    config = {"scale": options.scale, "batch": options.batch, "rounds": options.rounds, "peers": options.peers}
    config |= {"features": FEATURES, "hidden": HIDDEN, "classes": CLASSES, "threads": 1}
    config |= {"tasks": {task.name: vars(task) for task in tasks}, "command": "python benchmarks/throughput.py " + " ".join(sys.argv[1:])}
    result = record("throughput", config)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        config |= write_workload(folder, options, max(task.warm + task.count for task in tasks if task.name != "threads"))
        workers, result["left_out"] = start_workers(stack, folder, options.peers)
        result["workers"] = {name: worker.versions for name, worker in workers.items()}
        result["rows"] = [row for task in tasks for row in measure(task, workers, options)]
        result["memory"] = memory(folder, workers)
    result["claims"] = claims(result)
    result["machine_at_end"] = {"load_average": [round(load, 2) for load in os.getloadavg()]}
    publish(result, options)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, help="nodes of the R-MAT graph, log2 (default: 20; quick: 12)")
    parser.add_argument("--batch", type=int, help="seeds a batch (default: 1024; quick: 64)")
    parser.add_argument("--rounds", type=int, help="rounds (default: 7; quick: 1)")
    parser.add_argument("--peers", default=",".join(PEERS), help="which, with commas (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a small run that shows that everything works; measures nothing")
    parser.add_argument("--out", type=Path, help="folder of the results (default: benchmarks/results/throughput)")
    parser.add_argument("--readme", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    for name, usual, quick in (("scale", 20, 12), ("batch", 1024, 64), ("rounds", 7, 1)):
        if getattr(options, name) is None:
            setattr(options, name, quick if options.quick else usual)
    options.peers = [peer for peer in options.peers.split(",") if peer]
    unknown = set(options.peers) - set(PEERS)
    if unknown:
        parser.error(f"--peers knows {', '.join(PEERS)}, got {', '.join(sorted(unknown))}")
    options.out = options.out or RESULTS / ("throughput-quick" if options.quick else "throughput")
    return options


def quick_tasks():
    return tuple(Task(task.name, task.fanouts[:1], 1, min(task.count, 4)) for task in TASKS)


# ---- what all workers read


def write_workload(folder, options, steps):
    """The files of ``protocol.Workload``; returns what they are, for the record."""
    path = rmat_file(options.scale)
    with np.load(path) as arrays:
        degrees, num_edges = np.diff(arrays["indptr"]), len(arrays["indices"])
    train = np.random.default_rng(0).permutation(np.flatnonzero(degrees > 0))
    plan = gs.SeedPlan(train, options.batch)
    if plan.num_steps < steps:
        raise SystemExit(f"the graph has {len(train)} nodes with neighbours, too few for {steps} batches of {options.batch}")
    seeds = [[plan.seeds(round, step) for step in range(steps)] for round in range(options.rounds)]
    np.savez(folder / "seeds.npz", train=train, seeds=np.array(seeds))
    named = write_citations(folder / "citations.npz")
    sizes = {"num_nodes": len(degrees), "num_edges": num_edges, "batch": options.batch}
    sizes |= {"features": FEATURES, "hidden": HIDDEN, "classes": CLASSES}
    (folder / "workload.json").write_text(json.dumps(sizes | {"graph": str(path)}))
    return sizes | {"citation_graph": named}


def write_citations(path):
    """Cora, or where its files are not at hand (GRAPHSAGE_DATA) a random graph of its sizes; returns which it is."""
    try:
        dataset, named = gs.load_dataset("cora", download=False), "cora"
    except DatasetError:
        dataset, named = stand_in(), "random stand-in of Cora's sizes"
    dataset = dataset.row_normalized()
    graph, x = dataset.graph, dataset.features
    arrays = {"x_indptr": x.indptr, "x_indices": x.indices, "x_values": x.values, "x_columns": x.num_columns}
    arrays |= {name: getattr(dataset, name) for name in ("labels", "train", "val", "test")}
    np.savez(path, indptr=graph.indptr, indices=graph.indices, **arrays)
    return named


def stand_in(num_nodes=2708, num_edges=5278, words=1433, words_a_node=18, classes=7):
    rng = np.random.default_rng(0)
    graph = gs.Graph.from_edges(*rng.integers(0, num_nodes, (2, num_edges)), num_nodes, undirected=True)
    columns = np.sort(rng.permuted(np.tile(np.arange(words, dtype=np.int32), (num_nodes, 1)), axis=1)[:, :words_a_node])
    indptr = np.arange(num_nodes + 1) * words_a_node
    features = gs.SparseFeatures(indptr, columns.reshape(-1), None, words)
    labels, order = rng.integers(0, classes, num_nodes), rng.permutation(num_nodes)
    return gs.NodeDataset(
        graph=graph, features=features, labels=labels, train=order[:140], val=order[140:640], test=order[640:1640]
    )


# ---- workers


class Worker:
    """A worker process; see ``peers/protocol.py``."""

    def __init__(self, program, folder, python):
        self.log = open(folder / f"{program}.log", "w+")  # noqa: SIM115 - open as long as the process
        self.process = subprocess.Popen(
            [python, FOLDER / "peers" / f"{program}.py", folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=os.environ | ONE_THREAD,
        )  # fmt: skip
        answer = self.ask(op="list")
        self.versions, self.variants = answer["versions"], answer["variants"]

    def ask(self, **message):
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer = json.loads(line) if line else {"error": f"exit code {self.process.wait()}: {self.last_words()}"}
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def last_words(self):
        self.log.seek(0)
        lines = self.log.read().strip().splitlines()
        return lines[-1] if lines else "no output"

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


class WorkerError(Exception):
    """What a worker could not do, in its own words."""


def start_workers(stack, folder, peers):
    """({program: Worker}, {peer: why it is left out})."""
    workers = {"ours": stack.enter_context(closing(Worker("ours", folder, sys.executable)))}
    left_out = {}
    for peer in peers:
        program, variable = PEERS[peer]
        try:
            if program not in workers:
                workers[program] = stack.enter_context(closing(Worker(program, folder, python_of(program))))
        except (OSError, WorkerError) as error:
            left_out[peer] = str(error)
            say(f"{peer} is left out ({variable} names its Python): {error}")
    return workers, left_out
