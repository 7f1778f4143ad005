"""One way to read features beyond memory, in a process of its own: python -m benchmarks.beyond_memory.measured JSON.

JSON: {"folder", "kind", "batch", "fanouts", "steps", "hidden", "count"}. Prints a line of JSON: a record a pass.
"""

import json
import mmap
import os
import sys
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

import graphsage as gs
from benchmarks.shared.measuring import resident
from graphsage.base.mapped import read_at_random
from graphsage.base.memory import map_of
from graphsage.base.trusted import trusted
from graphsage.loading import counted_ahead
from graphsage.tensors.store import FeatureStore

LATER = 1_000  # an epoch whose batches no cache was counted for


def main(asked):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    kind, file = asked["kind"], Path(asked["folder"]) / "features.npy"
    features = np.load(file, mmap_mode=None if kind == "memory" else "r")
    loader = loader_of(asked, kind, features)
    train = trainer_of(features.shape[1], asked["hidden"])
    passed(loader_of(asked | {"batch": 1, "fanouts": (1, 1), "steps": 1}, kind, features), train, 0)  # compiles
    record = {"fill": filled(loader, asked["count"]) if kind.startswith("cache") else None}
    if kind != "memory":
        drop(features, file)
    record["cold"] = passed(loader, train, 0)
    record["warm"] = passed(loader, train, 0)
    if kind.startswith("cache"):
        drop(features, file)
        record["later"] = passed(loader, train, LATER)
    print(json.dumps(record | {"resident": resident("VmHWM")}))


def loader_of(asked, kind, features):
    """The loader of a graph in memory, with features as ``kind`` has them."""
    arrays = {path.stem: np.load(path) for path in Path(asked["folder"]).glob("*.npy") if path.stem != "features"}
    graph = gs.Graph.from_csr(arrays["indptr"], arrays["indices"])
    num_threads = 2 if kind == "random, 2 threads" else 1
    sampler = gs.NeighborSampler(graph, asked["fanouts"], num_threads=num_threads, seed=1)
    parts = {"labels": arrays["labels"], "train": arrays["train"], "val": [], "test": []}
    dataset = gs.NodeDataset(graph=graph, features=np.zeros((graph.num_nodes, 1), np.float32), **parts)
    loader = gs.NeighborLoader(dataset, sampler, asked["batch"], asked["steps"], "mean")
    loader.store = store_of(kind, features)
    return loader


def store_of(kind, features):
    """plain: a map as the system has it; random: told to read no more than what is asked for; else what the package does."""
    if kind not in ("plain", "memory") and not kind.startswith("random"):
        return FeatureStore(_known(features), cache=kind.removeprefix("cache ") if kind.startswith("cache") else None)
    if kind.startswith("random"):
        read_at_random(features)
    return FeatureStore._in_memory(np.asarray(features))


def _known(features):
    """Features that are not read through once more: the folder's were checked when they were written."""
    return trusted("features", np.asarray(features))


def filled(loader, count):
    """What it takes to count so many steps, and to read the rows that are then kept."""
    counted_ahead.COUNTED, before, keep, record = count, disk_bytes(), loader.store.keep, {}

    def timed(ids):
        record["counting"], began = perf_counter() - start, perf_counter()
        keep(ids)
        record["reading"] = perf_counter() - began

    loader.store.keep, start = timed, perf_counter()
    counted_ahead.keep_most_asked(loader, {None: loader.store}, 0, 0, 1)
    return record | {"disk": disk_bytes() - before}


def trainer_of(num_features, hidden):
    """A function(batch) that takes a step and returns the loss."""
    model = gs.GraphSAGE(num_features, hidden, 16, num_layers=2)
    optimizer = torch.optim.Adam(model.parameters())

    def train(batch):
        loss = torch.nn.functional.cross_entropy(model(batch), batch.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return train


def passed(loader, train, epoch):
    """An epoch: seconds, those that the training waited, bytes from the disk, what the store counts, losses and batches."""
    reads, batches, record = loader.store.reads, sha256(), {"losses": [], "waiting": 0.0}
    before, began, asked = disk_bytes(), perf_counter(), (reads.asked, reads.hits, reads.bytes_read)
    batches_of, waited = loader.epoch(epoch), perf_counter()
    for batch in batches_of:
        record["waiting"] += perf_counter() - waited
        record["losses"].append(train(batch))
        batches.update(batch.minibatch.nodes.tobytes() + batch.x_neigh.numpy().tobytes())
        waited = perf_counter()
    counts = [now - then for now, then in zip((reads.asked, reads.hits, reads.bytes_read), asked, strict=True)]
    record |= dict(zip(("asked", "hits", "pages"), counts, strict=True))
    return record | {"seconds": perf_counter() - began, "disk": disk_bytes() - before, "batches": batches.hexdigest()}


def disk_bytes():
    """Bytes that this process had read from disks."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("read_bytes")))


def drop(features, file):
    """Let no page of the features be in memory."""
    map_of(features).madvise(mmap.MADV_DONTNEED)  # pages that are in a table of pages would stay
    descriptor = os.open(file, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
