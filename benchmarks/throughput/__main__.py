"""Throughput: sampling, features, training steps and small epochs, against PyG, DGL, GraphBolt and a textbook's program.

    python -m benchmarks.throughput [--size small] [--scale 20] [--rounds 7] [--peers pyg,dgl,graphbolt,book] ...

Every competitor is a worker program (``peers/``) in its own process, run by the Python of its own environment: that in
GRAPHSAGE_BENCH_PYG (PyG) and GRAPHSAGE_BENCH_DGL (DGL and GraphBolt), else this one; ``make_envs.sh`` makes both. All get the
same graph, seeds, fanouts and widths, and one thread; their rounds are interleaved. A peer that cannot be imported is left
out, and the result says why. benchmarks/README.md tells what the numbers mean.
"""

import os
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks.shared.measuring import interleave, median, say
from benchmarks.shared.options import options_of, words
from benchmarks.shared.publish import publish
from benchmarks.shared.records import new_result
from benchmarks.throughput.claims import claims
from benchmarks.throughput.inputs import write_workload
from benchmarks.throughput.report import draw, markdown
from benchmarks.throughput.workers import PEERS, Worker, WorkerError, start_workers


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
    Task("training", ((15, 10), (15, 10, 5)), 1, 2),
    Task("trees", ((10, 10), (15, 10, 5)), 1, 2),
    Task("citations", ((10, 10),), 1, 1),
    Task("threads", ((10, 10), (15, 10, 5)), 4, 100),
)
MEMORY = {"ours": "ours", "pyg": "pyg trim_to_layer", "dgl_graphbolt": "dgl SAGEConv"}  # program: a variant of "training"


OPTIONS = {
    "scale": (int, "log2 of the R-MAT graph's nodes"),
    "batch": (int, "seeds a batch"),
    "rounds": (int, "interleaved rounds"),
    "peers": (partial(words, known=PEERS), "whom to measure beside ours"),
}
COMMON = {"batch": 1024, "peers": tuple(PEERS)}
SIZES = {
    "full": COMMON | {"scale": 20, "rounds": 7},
    "small": COMMON | {"scale": 16, "rounds": 2},
    "quick": COMMON | {"scale": 12, "rounds": 1, "batch": 64},
}


def main(argv=None):
    options = options_of("throughput", __doc__, SIZES, OPTIONS, argv)
    tasks = quick_tasks() if options.size == "quick" else TASKS
    result = new_result(options, argv)
    config = result["config"]
    config["tasks"] = [asdict(task) for task in tasks]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        folder = Path(folder)
        config |= write_workload(folder, options, steps=max(t.warm + t.count for t in tasks if t.name != "threads"))
        workers, result["left_out"] = start_workers(stack, folder, options.peers)
        result["workers"] = {program: worker.versions for program, worker in workers.items()}
        result["rows"] = [row for task in tasks for row in measure(task, workers.values(), options)]
        result["memory"] = memory(folder, workers)
    result["load_average_at_end"] = [round(load, 2) for load in os.getloadavg()]
    result["claims"] = claims(result)
    publish(result, options, markdown(result), draw)


def quick_tasks():
    return tuple(Task(task.name, task.fanouts[:1], 1, min(task.count, 4)) for task in TASKS)


def measure(task, workers, options):
    """One row for each competitor at each of the task's fanouts."""
    rows = []
    for fanouts in task.fanouts:
        say(f"{task.name} {','.join(map(str, fanouts))}")
        load = round(os.getloadavg()[0], 2)
        competitors, failed = ready(task, fanouts, workers, options.peers)
        rows += [{"task": task.name, "fanouts": fanouts, "name": name, "error": why} for name, why in failed.items()]
        for name, rounds in interleave(competitors, options.rounds).items():
            rows.append({"task": task.name, "fanouts": fanouts, "name": name, "load_average": load, **summary(rounds)})
        for worker in workers:
            worker.ask(op="forget")
    return rows


def ready(task, fanouts, workers, peers):
    """({name: function(round)}, {name: why not}) of the task's variants, each built and tried once: compiled, and warm."""
    competitors, failed = {}, {}
    for worker in workers:
        for name, slow in worker.names(task.name, peers).items():
            if slow and fanouts != task.fanouts[0]:
                continue
            what = {"task": task.name, "name": name, "fanouts": fanouts}
            try:
                worker.ask(op="prepare", **what)
                worker.ask(op="run", **what, round=0, warm=0, count=1)
            except WorkerError as error:
                failed[name] = str(error)
                say(f"  {name}: {error}")
                continue
            batches = {"warm": 0, "count": 1} if slow else {"warm": task.warm, "count": task.count}
            competitors[name] = partial(_run, worker, what | batches)
    return competitors, failed


def _run(worker, what, round):
    return worker.ask(op="run", round=round, **what)


def summary(rounds):
    """Medians over the batches of each round, and the median over the rounds; seconds a batch."""
    by_round = {key: [median(answer[key]) for answer in rounds] for key in ("wall", "cpu", "edges")}
    return {key: median(values) for key, values in by_round.items()} | {"rounds": by_round}


def memory(folder, workers):
    """{program: MiB} that a training at 15,10 takes over imports and features: while it is set up, and while it runs."""
    found = {}
    for program in workers.keys() & MEMORY.keys():
        worker = Worker(program, folder, workers[program].python)  # a fresh process: nothing of the tasks is left in it
        what = {"task": "training", "name": MEMORY[program], "fanouts": (15, 10)}
        try:
            worker.ask(op="memory", start=True)
            worker.ask(op="prepare", **what)
            worker.ask(op="run", **what, round=0, warm=0, count=2)
            setup = worker.ask(op="memory", start=False)["peak"]
            worker.ask(op="run", **what, round=0, warm=0, count=4)
            found[program] = {"set up": setup, "running": worker.ask(op="memory", start=False)["peak"]}
        except WorkerError as error:
            found[program] = {"error": str(error)}
        finally:
            worker.close()
    return found


if __name__ == "__main__":
    main()
