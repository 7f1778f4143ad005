"""On a cluster of Ray: the same training and the same embeddings, though workers, machines and tasks are lost.

    python -m benchmarks.ray_cluster [--scenes alone,undisturbed,killed,processes,namespace,tasks]

Two machines of one CPU each, and a worker on each; needs graphsage[ray]. All trainings have the batches of one update from two
workers, whose gradients are added in order. Compared are the weights, bit by bit.

alone        one process, without ray
undisturbed  ``graphsage.ray.train`` by two workers
killed       kill -9 of a worker in the middle
processes    kill -9 of all processes of the second machine, which comes back some seconds later
namespace    the second machine is a network namespace, its link is cut and mended (root only)
tasks        ``graphsage.ray.embed``, of which a task is killed, against ``write_embedding``: the bytes of the file
"""

import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import ray
import torch
from safetensors.torch import load_file

import graphsage.ray
from benchmarks.ray_cluster.clusters import Namespace, Processes, kill_one, until
from benchmarks.shared.measuring import say, timed
from benchmarks.shared.options import options_of, words
from benchmarks.shared.publish import heading, publish, pyplot, short, table
from benchmarks.shared.records import new_result, until_interrupted
from graphsage.config.groups import ModelConfig
from graphsage.config.settings import RunConfig, TrainConfig
from graphsage.data.catalogue import load_dataset
from graphsage.runs.run import run_all
from graphsage.trained.outputs import write_embedding
from graphsage.trained.save import load_trained
from graphsage.training.callbacks import Callback

SCENES = ("alone", "undisturbed", "killed", "processes", "namespace", "tasks")
OPTIONS = {
    "scenes": (partial(words, known=SCENES), "what is measured"),
    "graph": (str, "the dataset"),
    "epochs": (int, "epochs of a training"),
    "batch": (int, "seeds of a batch"),
    "away": (float, "seconds until a lost machine comes back"),
}
SMALL = "sbm:nodes=2000,classes=3,features=8,train=0.2"
SIZES = {
    "full": {"scenes": SCENES, "graph": "debian", "epochs": 15, "batch": 512, "away": 5.0},
    "quick": {"scenes": SCENES[:3], "graph": SMALL, "epochs": 3, "batch": 32, "away": 1.0},
}


def main(argv=None):
    options = options_of("ray_cluster", __doc__, SIZES, OPTIONS, argv)
    result = new_result(options, argv)
    result["ray"] = ray.__version__
    torch.set_num_threads(1)
    with until_interrupted(result), tempfile.TemporaryDirectory() as folder:
        measure_all(result, options, Path(folder))
    publish(result, options, markdown(result), draw)


def measure_all(result, options, folder):
    result["rows"].append(alone(options, folder))
    for kind, scenes in ((Processes, ("undisturbed", "killed", "tasks", "processes")), (Namespace, ("namespace",))):
        asked = [scene for scene in scenes if scene in options.scenes]
        if asked:
            with kind().running() as machines:
                for scene in asked:
                    _measure_or_leave_out(scene, result, options, folder, machines)


def _measure_or_leave_out(scene, result, options, folder, machines):
    try:
        tasks = scene == "tasks"
        result["rows"] += embedded(options, folder) if tasks else [measure(scene, options, folder, machines)]
    except Exception as error:  # a busy machine's: what was measured before is kept
        result["left_out"][scene] = str(error).strip().partition("\n")[0]
        say(f"{scene} left out: {error}")


# ---- trainings


class Moments(Callback):
    """Writes down when each step is done: steps that were done twice are there twice."""

    def __init__(self, path):
        self.path = Path(path)

    def on_step(self, trainer, step):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{time.time()}\n")


def moments_in(path):
    return [float(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []


def config_of(options):
    train = {"epochs": options.epochs, "batch_size": options.batch, "accumulate": 2, "gradients": "ordered"}
    train |= {"num_threads": 0, "device": "cpu", "checkpoint_seconds": 1.0}
    return RunConfig(dataset=options.graph, baseline=False, model=ModelConfig(), train=TrainConfig(**train))


def alone(options, folder):
    """A training in this process."""
    data, moments = load_dataset(options.graph), Moments(folder / "alone.txt")
    train = partial(run_all, config_of(options), data, folder=folder / "alone", callbacks=[moments], log=_drop)
    results, seconds, _ = timed(train)
    return row("alone", seconds, moments, results[0], folder)


def measure(scene, options, folder, machines):
    """A training by two workers, in the middle of which something is lost."""
    moments, middle = Moments(folder / f"{scene}.txt"), len(moments_in(folder / "alone.txt")) // 2
    thread = threading.Thread(target=LOSSES[scene], args=(machines, moments.path, middle, options.away))
    thread.start()
    train = partial(graphsage.ray.train, config_of(options), folder=folder / scene, callbacks=[moments])
    results, seconds, _ = timed(train)
    thread.join()
    say(f"{scene}: {seconds:.1f} s")
    return row(scene, seconds, moments, results[0], folder)


def _worker_killed(machines, path, middle, away):
    until(lambda: len(moments_in(path)) > middle, 600)
    until(lambda: kill_one("RayTrainWorker"))


def _machine_lost(machines, path, middle, away):
    until(lambda: len(moments_in(path)) > middle, 600)
    machines.lose()
    time.sleep(away)
    machines.back()


LOSSES = {
    "undisturbed": lambda *given: None,
    "killed": _worker_killed,
    "processes": _machine_lost,
    "namespace": _machine_lost,
}


def row(scene, seconds, moments, found, folder):
    """What a training came to. lost: the longest time without a step; again: steps that were done twice."""
    times, number = moments_in(moments.path), len(moments_in(folder / "alone.txt"))
    gaps = [after - before for before, after in zip(times, times[1:])]
    own, first = (load_file(folder / name / "model.safetensors") for name in (scene, "alone"))
    same = own.keys() == first.keys() and all(torch.equal(own[name], first[name]) for name in own)
    return {
        "scene": scene, "seconds": seconds, "training": times[-1] - times[0], "lost": max(gaps), "again": len(times) - number,
        "steps": number, "same": same, "test": found.result.test_score,
    }  # fmt: skip


def _drop(line):
    pass


# ---- embeddings


def embedded(options, folder):
    """Embeddings by one process, by tasks, and by tasks of which one is killed."""
    data = load_dataset(options.graph)
    write = partial(write_embedding, folder / "whole.npy", load_trained(folder / "alone"), data)
    rows = [{"scene": "embed alone", "seconds": timed(write)[1], "same": True}]
    for scene, kills in (("embed, a task killed", True), ("embed by tasks", False)):
        path, over = folder / "parts.npy", threading.Event()
        thread = threading.Thread(target=lambda over=over: until(lambda: kill_one("_part") or over.is_set(), 600))
        if kills:
            thread.start()
        seconds = timed(partial(graphsage.ray.embed, folder / "alone", path))[1]
        over.set()
        rows.append({"scene": scene, "seconds": seconds, "same": path.read_bytes() == (folder / "whole.npy").read_bytes()})
    return rows


# ---- what is published


def markdown(result):
    titles = ["", "seconds", "of them training", "longest wait, s", "steps", "done again", "same", "test, %"]
    cells = [
        [row["scene"], *(short(row.get(name)) for name in ("seconds", "training", "lost")), row.get("steps"), row.get("again"),
         "yes" if row["same"] else "**no**", short(100 * row["test"]) if row.get("test") is not None else ""]
        for row in result["rows"]
    ]  # fmt: skip
    return "\n".join([heading(result), "", f"ray {result['ray']}", "", table(titles, cells), ""])


def draw(result, file):
    plt = pyplot()
    rows = [row for row in result["rows"] if "lost" in row]
    figure, axis = plt.subplots(figsize=(6, 3))
    axis.barh([row["scene"] for row in rows], [row["lost"] for row in rows])
    axis.set(xlabel="longest time without a step, seconds")
    figure.savefig(file, dpi=120, bbox_inches="tight")
    plt.close(figure)


if __name__ == "__main__":
    main()
