"""One process of a training that is measured: the program of benchmarks.shards starts it, with a task in JSON."""

import json
import sys
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

import graphsage as gs
from graphsage.runs.run import make_trainer

FIRST = 2  # updates that are not counted: threads and buffers come to be


def main():
    task = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    if task["ranks"] > 1:
        dist.init_process_group("gloo")
    dataset = gs.load_dataset(task["path"])
    found = {"check": checked, "train": trained}[task["what"]](dataset, task)
    if task["ranks"] > 1:
        dist.barrier()
        dist.destroy_process_group()
    Path(task["out"]).write_text(json.dumps(found))


def checked(dataset, task):
    """How many batches of the shards are those of the whole graph, bit for bit."""
    whole, same = gs.load_dataset(task["whole"]), 0
    settings = [{}, {"replace": True}, {"draw": "labor"}, {"isolated": "self", "edge_ids": True}]
    random = np.random.default_rng(dist.get_rank())
    for step in range(task["batches"]):
        how = settings[step % len(settings)]
        samplers = [gs.NeighborSampler(of.graph, task["fanouts"], **how) for of in (dataset, whole)]
        seeds = random.integers(0, whole.num_nodes, task["batch"])
        same += len({digest(vars(sampler.sample(seeds, 1, step))) for sampler in samplers}) == 1
    return {"batches": task["batches"], "same": same}


class Clock:
    """When each update was done. every_rank: told on all."""

    every_rank = True

    def __init__(self):
        self.seen = {}

    def on_step(self, trainer, step):
        self.seen[trainer.state.updates] = time.perf_counter()


def trained(dataset, task):
    """ms and bytes of an update, and the weights in the end, as a digest.

    draws: bytes of rows of the graph, without a cache: to count for one they are drawn before as well.
    """
    config = gs.TrainConfig(
        epochs=1, batch_size=task["batch"], batches_per_epoch=2 * task["updates"], accumulate=2, fanouts=tuple(task["fanouts"]),
        num_threads=1, device="cpu", feature_cache=task["cache"], log_every=0,
    )  # fmt: skip
    model = gs.ModelConfig(hidden_features=task["hidden"], num_layers=len(task["fanouts"]))
    owners = getattr(dataset.graph, "owners", None)
    clock, started = Clock(), time.perf_counter()
    trainer = make_trainer(gs.RunConfig(model=model, train=config), dataset, callbacks=[clock], log=None)
    trainer.task.outputs = lambda: None  # exact ones of all nodes at the end are not what is measured
    trainer.fit()
    times = np.array([clock.seen[update] for update in sorted(clock.seen)])
    reads = trainer.loader.store.reads
    return {
        "ms": float(np.median(np.diff(times)[FIRST - 1 :]) * 1e3),
        "features": reads.bytes_read / len(times) if owners else 0,
        "draws": (owners.exchange.received - reads.bytes_read) / len(times) if owners and not task["cache"] else 0,
        "before": float(times[0] - started),
        "kept": reads.hits / max(reads.asked, 1),
        "weights": digest(dict(trainer.model.state_dict())),
    }


def digest(arrays):
    found = sha256()
    for name in sorted(arrays):
        array = arrays[name]
        if array is not None and not isinstance(array, list):
            found.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    main()
