"""What the scaling benchmark measures: a graph's sampling cost, its memory, and threads."""

import os
from functools import cache, partial

import numpy as np
import torch

import graphsage as gs
from benchmarks.shared.measuring import each_round, interleave, median, resident, say, timed
from benchmarks.shared.processes import has_peaks, isolated, settle
from benchmarks.shared.workloads import rmat_dataset, rmat_file, rmat_graph

COUNT, WARM = 20, 2  # batches a round
EPOCHS_AHEAD = 12  # batches a thread, at least, in the part on threads: the first and the last ones are a small part then


@cache
def _features(num_nodes, width):
    """float32 [num_nodes, width]; graphs of all sizes share one array."""
    return np.random.default_rng(0).standard_normal((num_nodes, width), dtype=np.float32)


# ---- nodes and degrees


class Sampling:
    """One graph, its sampler compiled and warm: sampling alone, and batches with features."""

    def __init__(self, scale, edges, options):
        graph = rmat_graph(scale, edges)
        self.sampler = gs.NeighborSampler(graph, options.fanouts, num_threads=0)
        seeds = np.flatnonzero(graph.degrees > 0)
        self.batch = min(options.batch, len(seeds))
        self.plan = gs.SeedPlan(seeds, self.batch, COUNT + WARM)
        self.features = torch.from_numpy(
            _features(1 << max(*options.scales, options.scale), options.features)[: graph.num_nodes]
        )
        self.sizes = {
            "scale": scale,
            "nodes": graph.num_nodes,
            "edges": graph.num_edges,
            "degree": graph.num_edges / graph.num_nodes,
        }

    def round(self, number, row):
        found = {}
        for step in range(COUNT + WARM):
            self._batch(number, step, {} if step < WARM else found)
        for key, values in found.items():
            row["rounds"].setdefault(key, []).append(median(values))

    def _batch(self, number, step, found):
        seeds = self.plan.seeds(number, step)
        minibatch, *sampling = timed(lambda: self.sampler.sample(seeds, epoch=number, step=step))
        _, *reading = timed(lambda: self.features.index_select(0, torch.from_numpy(minibatch.nodes)))
        edges, nodes = minibatch.num_sampled_edges, len(minibatch.nodes)
        values = {"sampled_edges": edges, "sampled_nodes": nodes}
        for name, (wall, cpu), count in (("sampling", sampling, edges), ("features", reading, nodes)):
            values |= {f"{name}_wall": wall, f"{name}_cpu": cpu, f"{name}_ns": 1e9 * cpu / count}
        for key, value in values.items():
            found.setdefault(key, []).append(value)


# ---- memory


def memory(result, options):
    """A row a graph: MiB over imports, of a process of its own each."""
    for scale in options.scales if has_peaks() else ():
        row = isolated(partial(_peaks, scale, options.edges, options))
        result["rows"].append({"part": "memory", "scale": scale, **row})
        say(f"memory, scale {scale}: {row['peak_sampling']:.0f} MiB, {row['file']:.0f} on disk")


def _peaks(scale, edges, options):
    """MiB: the file; while the graph is loaded, and after; while batches are sampled."""
    _sample(rmat_graph(8, 2), options)  # brings in the pages of the code, which are no matter of the graph
    settle()
    before = resident("VmRSS")
    graph = rmat_graph(scale, edges)
    found = {"file": rmat_file(scale, edges).stat().st_size / 2**20, "peak_loading": resident("VmHWM") - before}
    settle()
    found["loaded"] = resident("VmRSS") - before
    _sample(graph, options)
    return found | {"peak_sampling": resident("VmHWM") - before}


def _sample(graph, options):
    sampler = gs.NeighborSampler(graph, options.fanouts, num_threads=0)
    for _ in sampler.batches(gs.SeedPlan(np.arange(graph.num_nodes), min(options.batch, graph.num_nodes), 10)):
        pass


# ---- threads


def threads(result, options):
    """A row a kind of work and number of threads; times are of a whole epoch of batches, from first request to last answer."""
    counts = thread_counts(options)
    result["config"]["threads"] = counts
    dataset = rmat_dataset(options.scale, options.edges, options.features)
    steps = EPOCHS_AHEAD * max(*counts, 4)
    competitors = {}
    for kind, work in KINDS.items():
        for number in counts:
            run, batches = work(dataset, number, steps, options)
            run(0)
            row = {"part": "threads", "kind": kind, "threads": number, "batches": batches, "rounds": {}}
            result["rows"].append(row)
            competitors[kind, number] = partial(_epoch, run, batches, row)
    say(f"threads: {', '.join(map(str, counts))}")
    interleave(competitors, options.rounds, each_round("threads", competitors))
    torch.set_num_threads(1)


def thread_counts(options):
    """As asked for, or 1, 2, 4, ... and all cores that this process may use."""
    if options.threads != (0,):
        return options.threads
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return tuple(sorted({cores, *(2**power for power in range(cores.bit_length()))}))


def _epoch(run, batches, row, number):
    _, wall, cpu = timed(lambda: run(number + 1))
    for key, value in (("wall", wall / batches), ("cpu", cpu / batches)):
        row["rounds"].setdefault(key, []).append(value)


def _sampling(dataset, number, steps, options):
    sampler = gs.NeighborSampler(dataset.graph, options.fanouts, num_threads=number)
    plan = gs.SeedPlan(dataset.train, min(options.batch, dataset.num_nodes), steps)
    return lambda epoch: exhaust(sampler.batches(plan, epoch=epoch)), steps


def _loading(dataset, number, steps, options):
    loader = _loader(dataset, number, steps, options)
    return lambda epoch: on_torch_threads(1, lambda: exhaust(loader.epoch(epoch))), steps


def _training(dataset, number, steps, options):
    """One thread prepares batches, ``number`` compute: torch's own."""
    config = gs.TrainConfig(
        fanouts=options.fanouts,
        batch_size=min(options.batch, dataset.num_nodes),
        batches_per_epoch=10,
        num_threads=1,
        device="cpu",
    )
    trainer = gs.Trainer(gs.GraphSAGE(dataset.num_features, 256, dataset.num_classes), dataset, config, log=None)
    return lambda epoch: on_torch_threads(number, lambda: exhaust(map(trainer.step, trainer.loader.epoch(epoch)))), 10


def _loader(dataset, number, steps, options):
    sampler = gs.NeighborSampler(dataset.graph, options.fanouts, num_threads=number)
    return gs.NeighborLoader(dataset, sampler, min(options.batch, dataset.num_nodes), steps, reduce="mean")


def on_torch_threads(number, function):
    torch.set_num_threads(number)
    return function()


def exhaust(batches):
    for _ in batches:
        pass


KINDS = {"sampling": _sampling, "sampling and features": _loading, "training step": _training}
